package slo

import (
	"math"

	"github.com/seatrial/seatrial/slo/bayes"
)

// shareStatistic judges one version's share of hits against a limit: of a share
// those that are counted, as failed requests for error-rate; for a quantile
// pX ≤ L what is above L, of which there may be 1 − X.
type shareStatistic struct {
	objective Objective
	who       pair
	bad       tally  // at least
	most      *tally // at most, where buckets hide how many; nil while that is the same
}

func (s *shareStatistic) add(r judgedRound) bool {
	bad, trials := s.bads(r.view[s.who.candidate])
	if trials == 0 {
		return false
	}
	if s.most == nil && !bad.isExact() {
		sofar := s.bad
		s.most = &sofar
	}
	s.bad.add(bad.least, trials)
	if s.most != nil {
		s.most.add(bad.most, trials)
	}
	return true
}

func (s *shareStatistic) bads(c sample) (bad number, trials float64) {
	if s.objective.isQuantile() {
		return s.objective.slower(c, s.objective.limit.value), s.objective.observations(c)
	}
	hits, trials := s.objective.hits(c)
	return number{hits, hits}, trials
}

// limit is the share of hits at the limit.
func (s *shareStatistic) limit() float64 {
	if s.objective.isQuantile() {
		return 1 - s.objective.stat.p
	}
	return s.objective.limit.value
}

// repeated takes for evidence of more hits those that are sure, and for evidence
// of fewer all that may be.
func (s *shareStatistic) repeated(times float64) (above, below float64) {
	hits, trials := s.bad.effective()
	above, below = bayes.Share(times*hits, times*trials, s.limit())
	if s.most != nil {
		hits, trials = s.most.effective()
		_, below = bayes.Share(times*hits, times*trials, s.limit())
	}
	return above, below
}

func (s *shareStatistic) figures(l outlook) figures {
	f := figures{unit: s.objective.unit(), within: math.NaN(), anytime: unknown, credible: unknown}
	if s.bad.trials == 0 {
		return f
	}
	hits, trials := s.bad.effective()
	f.clumped = s.bad.designEffect()
	f.within = bayes.BetaWithin(hits, trials, s.limit())
	if s.objective.isQuantile() {
		f.method = s.quantileMethod()
		seen := l.pooled[s.who.candidate]
		f.anytime = s.quantileRange(l.needed, seen)
		low, high := bayes.OrderInterval(trials, s.objective.stat.p, credible)
		f.credible[0], _ = seen.ends(s.objective, low)
		_, f.credible[1] = seen.ends(s.objective, high)
		return f
	}
	f.method = "share of " + s.objective.hitWords()
	f.anytime = rejected(l.needed, 1e-9, s.bad.share(), 1-1e-9, func(p float64) (float64, float64) {
		return bayes.Share(hits, trials, p)
	})
	f.credible[0], f.credible[1] = bayes.BetaInterval(hits, trials, credible)
	return f
}

func (s *shareStatistic) quantileMethod() string {
	switch {
	case s.objective.metric != declared:
		return "share of requests slower than the limit"
	case s.most == nil:
		return "share of observations above the limit, which is a bound of their buckets"
	}
	return "share of observations above the limit, which divides a bucket: all of it counts as above for a pass, none of it for a fail"
}

// quantileRange returns the limits that the share test rejects neither way. A
// limit is too low when it has so many slower requests that more than 1 − p
// are shown, too high when it has so few that fewer are.
func (s *shareStatistic) quantileRange(needed float64, seen *history) [2]float64 {
	n, most, effect := int(s.bad.trials), s.limit(), s.bad.designEffect()
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
		out[0], _ = seen.ends(s.objective, 1-float64(tooMany)/float64(n))
	}
	if fewEnough >= 0 {
		_, out[1] = seen.ends(s.objective, 1-float64(fewEnough)/float64(n))
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
	c := v.objective.figure(r.view[v.who.candidate])
	if math.IsNaN(c) {
		return false
	}
	if limit := v.objective.limit.value; math.Abs(c-limit) < sameValue*math.Abs(limit) {
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
		method: v.objective.figureWords() + " against the limit; unpaired, so shared drift stays in it",
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
