package slo

import (
	"math"

	"github.com/seatrial/seatrial/slo/bayes"
)

// shareStatistic judges one version's share of bad requests against a limit:
// failed ones for error-rate; for a quantile pX ≤ L those slower than L, of
// which there may be 1 − X.
type shareStatistic struct {
	objective Objective
	who       pair
	bad       tally
}

func (s *shareStatistic) add(r judgedRound) bool {
	c := r.view[s.who.candidate]
	if c.requests == 0 {
		return false
	}
	bad := c.failed
	if s.objective.metric == latency {
		bad = c.slower(s.objective.limit.value)
	}
	s.bad.add(bad, c.requests)
	return true
}

// most is the share of bad requests at the limit.
func (s *shareStatistic) most() float64 {
	if s.objective.metric == latency {
		return 1 - s.objective.stat.p
	}
	return s.objective.limit.value
}

func (s *shareStatistic) repeated(times float64) (above, below float64) {
	hits, trials := s.bad.effective()
	return bayes.Share(times*hits, times*trials, s.most())
}

func (s *shareStatistic) figures(l outlook) figures {
	f := figures{unit: s.objective.unit(), within: math.NaN(), anytime: unknown, credible: unknown}
	if s.bad.trials == 0 {
		return f
	}
	hits, trials := s.bad.effective()
	f.clumped = s.bad.designEffect()
	f.within = bayes.BetaWithin(hits, trials, s.most())
	if s.objective.metric == latency {
		f.method = "share of requests slower than the limit"
		seen := l.pooled[s.who.candidate]
		f.anytime = s.quantileRange(l.needed, seen)
		low, high := bayes.OrderInterval(trials, s.objective.stat.p, credible)
		f.credible = [2]float64{seen.quantile(low), seen.quantile(high)}
		return f
	}
	f.method = "share of failed requests"
	f.anytime = rejected(l.needed, 1e-9, s.bad.share(), 1-1e-9, func(p float64) (float64, float64) {
		return bayes.Share(hits, trials, p)
	})
	f.credible[0], f.credible[1] = bayes.BetaInterval(hits, trials, credible)
	return f
}

// quantileRange returns the limits that the share test rejects neither way. A
// limit is too low when it has so many slower requests that more than 1 − p
// are shown, too high when it has so few that fewer are.
func (s *shareStatistic) quantileRange(needed float64, seen *history) [2]float64 {
	n, most, effect := int(s.bad.trials), s.most(), s.bad.designEffect()
	expected := most * float64(n)
	tooMany := firstCount(n, func(k int) bool {
		above, _ := bayes.Share(float64(k)/effect, float64(n)/effect, most)
		return float64(k) > expected && above >= needed
	})
	fewEnough := firstCount(n, func(k int) bool {
		_, below := bayes.Share(float64(k)/effect, float64(n)/effect, most)
		return float64(k) > expected || below < needed
	}) - 1
	out := [2]float64{0, math.Inf(1)}
	if tooMany <= n {
		out[0] = seen.quantile(1 - float64(tooMany)/float64(n))
	}
	if fewEnough >= 0 {
		out[1] = seen.quantile(1 - float64(fewEnough)/float64(n))
	}
	return out
}

// firstCount is the smallest k in 0…n at which holds is true, n+1 if there is
// none; holds changes once.
func firstCount(n int, holds func(k int) bool) int {
	low, high := 0, n+1
	for low < high {
		middle := (low + high) / 2
		if middle > n || holds(middle) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// sameValue is how near to its limit a figure counts as at it: rounds are cut
// to whole nanoseconds, and 60/s must not miss 60/s by one of them.
const sameValue = 1e-6

// valueStatistic judges a round's own figure against a quantity: d = c − limit.
// It is unpaired: drift that a baseline would share stays in it.
type valueStatistic struct {
	objective Objective
	who       pair
	rounds    chain // of the figures, limit not taken off
}

func (v *valueStatistic) add(r judgedRound) bool {
	c := r.view[v.who.candidate].value(v.objective.metric, v.objective.stat.kind)
	if math.IsNaN(c) {
		return false
	}
	if limit := v.objective.limit.value; math.Abs(c-limit) < sameValue*limit {
		c = limit
	}
	v.rounds.add(c)
	return true
}

func (v *valueStatistic) repeated(times float64) (above, below float64) {
	return v.rounds.evidence(v.objective.limit.value, times)
}

func (v *valueStatistic) figures(l outlook) figures {
	f := figures{
		unit: v.objective.unit(), anytime: unknown, credible: unknown, alike: v.rounds.alike(),
		within: v.rounds.within(v.objective.limit.value),
		method: "each round's own figure against the limit; unpaired, so shared drift stays in it",
	}
	if v.rounds.n < 2 {
		return f
	}
	f.credible = v.rounds.credible(credible)
	plain := v.rounds.seen()[0]
	spread := math.Sqrt(plain.Residual/plain.N) + math.Abs(plain.Mean)
	low, high := plain.Mean-10*spread, plain.Mean+10*spread
	f.anytime = rejected(l.needed, low, plain.Mean, high, func(limit float64) (float64, float64) {
		return v.rounds.evidence(limit, 1)
	})
	if f.anytime[0] == low {
		f.anytime[0] = math.Inf(-1)
	}
	if f.anytime[1] == high {
		f.anytime[1] = math.Inf(1)
	}
	return f
}
