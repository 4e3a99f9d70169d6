package slo

import (
	"math"
	"slices"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// exceedance judges a quantile against the baseline's. In each round it takes
//
//	d = share of the candidate's requests at or above allowed(t) − share of the baseline's at or above t
//
// with t the baseline's quantile over the rounds just before. At any t that was
// fixed before the round, d has mean 0 where the candidate sits at the limit;
// merging quantiles of rounds instead is biased in small rounds and slower. A t
// from all earlier rounds would sink into the body of the distribution when
// both versions slow down, and a regression of the tail would pass. Where the
// baseline fails so much that its quantile is no time, nothing is compared.
//
// Buckets that the limit divides count as below it for "beyond", and as above it
// for "within". Where one version has few requests, most of its rounds have none
// beyond t, which looks like a better tail until enough were to be expected.
type exceedance struct {
	objective Objective
	who       pair
	drawn     []int   // the versions whose quantile t is
	fewest    float64 // observations expected beyond t before "within" counts
	tail      float64 // those expected, of the version that has fewer
	rounds    chain
	ladder    ladder
	most      *loose // nil while no bucket was divided
}

// loose is the contrasts with all of what divided buckets may hide.
type loose struct {
	rounds chain
	ladder ladder
}

func (e *exceedance) add(r judgedRound) bool {
	c, b := r.view[e.who.candidate], r.view[e.who.baseline]
	all, allOfBase := e.objective.observations(c), e.objective.observations(b)
	if all == 0 || allOfBase == 0 {
		return false
	}
	threshold := e.objective.threshold(r, e.drawn)
	if math.IsNaN(threshold) || math.IsInf(threshold, 1) {
		return false
	}
	base := e.objective.reaching(b, threshold).over(allOfBase)
	at := func(limit float64) number {
		own := e.objective.reaching(c, limit).over(all)
		return number{own.least - base.most, own.most - base.least}
	}
	now := at(e.objective.allowed(threshold))
	if e.most == nil && !now.isExact() {
		e.most = &loose{e.rounds, e.ladder.clone()}
	}
	e.tail += math.Min(e.objective.stat.p, 1-e.objective.stat.p) * math.Min(all, allOfBase)
	e.rounds.add(now.least)
	e.ladder.add(func(factor float64) float64 { return at(factor * threshold).least })
	if e.most != nil {
		e.most.rounds.add(now.most)
		e.most.ladder.add(func(factor float64) float64 { return at(factor * threshold).most })
	}
	return true
}

func share(k, n int) float64 { return float64(k) / float64(n) }

func (e *exceedance) alike() float64 { return e.rounds.alike() }

func (e *exceedance) repeated(times float64) (above, below float64) {
	above, below = e.rounds.evidence(0, times)
	if e.most != nil {
		_, below = e.most.rounds.evidence(0, times)
	}
	if times*e.tail < e.fewest {
		below = math.Min(below, 0)
	}
	return above, below
}

func (e *exceedance) figures(l outlook) figures {
	if e.objective.metric != declared {
		return ratioFigures(l, &e.rounds, &e.ladder,
			"contrast of exceedances: requests above the limit drawn from the baseline's earlier quantile, paired by round")
	}
	f := ratioFigures(l, &e.rounds, &e.ladder,
		"contrast of exceedances: observations above the limit drawn from the bucket bound nearest to the baseline's earlier quantile, paired by round")
	if e.most != nil {
		wide := ratioFigures(l, &e.most.rounds, &e.most.ladder, "")
		f.anytime[1], f.credible[1] = wide.anytime[1], wide.credible[1]
		f.within, f.change = math.Min(f.within, wide.within), nil
		f.method += "; the limit divides a bucket: all of it counts as above for a pass, none of it for a fail"
	}
	return f
}

// ratioFigures are those of a contrast that is also kept as a ladder.
func ratioFigures(l outlook, rounds *chain, ladder *ladder, method string) figures {
	change := ladder.change()
	return figures{
		change: &change,
		unit:   trial.Ratio, anytime: ladder.anytime(l.needed), credible: ladder.credible(credible),
		within: rounds.within(0), alike: rounds.alike(), method: method,
	}
}

// valueRatio judges a round's own figure, such as its mean, against the
// baseline's in the same round: d = c − allowed(b).
type valueRatio struct {
	objective Objective
	who       pair
	rounds    chain
	ladder    ladder
}

func (v *valueRatio) add(r judgedRound) bool {
	if v.objective.comparesWeights() && r.split {
		return false
	}
	c, b := v.objective.figure(r.view[v.who.candidate]), v.objective.figure(r.view[v.who.baseline])
	if math.IsNaN(c) || math.IsNaN(b) {
		return false
	}
	v.rounds.add(c - v.objective.allowed(b))
	v.ladder.add(func(factor float64) float64 { return c - factor*b })
	return true
}

func (v *valueRatio) alike() float64 { return v.rounds.alike() }

func (v *valueRatio) repeated(times float64) (above, below float64) {
	return v.rounds.evidence(0, times)
}

func (v *valueRatio) figures(l outlook) figures {
	return ratioFigures(l, &v.rounds, &v.ladder, "contrast of "+v.objective.figureWords()+", paired by round")
}

// shareDifference judges the difference of two shares. With few hits the
// contrasts of rounds are far from normal, and the Beta mixture decides.
type shareDifference struct {
	objective Objective
	who       pair
	limit     float64
	c, b      tally
	rounds    chain // of the differences, limit not taken off
}

// fewHits is where the contrast of rounds takes over from the Beta mixture.
const fewHits = 10

func (s *shareDifference) add(r judgedRound) bool {
	ownHits, own := s.objective.hits(r.view[s.who.candidate])
	baseHits, base := s.objective.hits(r.view[s.who.baseline])
	if own == 0 || base == 0 {
		return false
	}
	s.c.add(ownHits, own)
	s.b.add(baseHits, base)
	s.rounds.add(ownHits/own - baseHits/base)
	return true
}

func (s *shareDifference) alike() float64 { return s.rounds.alike() }

func (s *shareDifference) repeated(times float64) (above, below float64) {
	return s.against(s.limit, times)
}

func (s *shareDifference) against(limit, times float64) (above, below float64) {
	if s.c.trials == 0 {
		return 0, 0
	}
	if s.few(times) {
		return bayes.ShareDifference(times*s.c.hits, times*s.c.trials, times*s.b.hits, times*s.b.trials, limit)
	}
	return s.rounds.evidence(limit, times)
}

func (s *shareDifference) few(times float64) bool { return times*(s.c.hits+s.b.hits) < fewHits }

// within is the posterior probability that the difference is below the limit.
func (s *shareDifference) within() float64 {
	if s.few(1) {
		return bayes.DifferenceWithin(s.c.hits, s.c.trials, s.b.hits, s.b.trials, s.limit)
	}
	return s.rounds.within(s.limit)
}

func (s *shareDifference) figures(l outlook) figures {
	f := figures{unit: trial.Points, within: math.NaN(), anytime: unknown, credible: unknown}
	if s.c.trials == 0 {
		return f
	}
	estimate := s.rounds.mean()
	if s.few(1) {
		estimate = s.c.share() - s.b.share()
	}
	f.change = &estimate
	f.anytime = rejected(l.needed, -0.999999, estimate, 0.999999, func(limit float64) (float64, float64) { return s.against(limit, 1) })
	f.within = s.within()
	if s.few(1) {
		f.method = "Beta mixtures of both shares (fewer than 10 " + s.objective.hitNoun() + " in all)"
		f.credible[0], f.credible[1] = bayes.DifferenceInterval(s.c.hits, s.c.trials, s.b.hits, s.b.trials, credible)
		return f
	}
	f.method = "contrast of both shares, paired by round"
	f.alike = s.rounds.alike()
	f.credible = s.rounds.credible(credible)
	return f
}

var unknown = [2]float64{math.NaN(), math.NaN()}

// nearEnough is the difference of shares within which a ratio of shares is not
// asked for: two versions without errors have no ratio, and should pass.
const nearEnough = 0.001

// shareRatio judges a share against a multiple of the baseline's: of all
// errors, how many are the candidate's? Being within nearEnough also serves, but
// not where more is asked for: a version without any hit is none to pass.
type shareRatio struct {
	factor float64
	near   shareDifference
	epoch  epoch
	closed []closedEpoch
	past   evidenceOf // of the closed ones, at the limit
}

// evidenceOf is the evidence of so many requests.
type evidenceOf struct{ above, below, requests float64 }

// epoch is a time in which the split of the requests stayed the same.
type epoch struct {
	number int
	c, b   float64 // requests
	errors tally   // the candidate's among those of both
}

func (s *shareRatio) add(r judgedRound) bool {
	if !s.near.add(r) {
		return false
	}
	if r.epoch != s.epoch.number {
		if s.epoch.c > 0 {
			s.close()
		}
		s.epoch = epoch{number: r.epoch}
	}
	ownHits, own := s.near.objective.hits(r.view[s.near.who.candidate])
	baseHits, base := s.near.objective.hits(r.view[s.near.who.baseline])
	s.epoch.c, s.epoch.b = s.epoch.c+own, s.epoch.b+base
	s.epoch.errors.add(ownHits, ownHits+baseHits)
	return true
}

func (s *shareRatio) repeated(times float64) (above, below float64) {
	above, below = s.against(s.factor, times)
	if s.near.objective.lower {
		return above, below
	}
	far, close := s.near.repeated(times)
	// Beyond the limit means beyond both. Within it means within either, and
	// the mean of two e-values is one.
	return math.Min(above, far), meanOfLogs(below, close)
}

// against weighs the candidate's part of all errors against the part it would
// have at this ratio. The split is fixed within an epoch, and the e-values of
// epochs multiply (Lindon & Malek 2022): pooled over them, errors that become
// fewer while requests move to the candidate would look like a better candidate.
// What is yet to come is of the present epoch's kind.
func (s *shareRatio) against(ratio, times float64) (above, below float64) {
	past := s.past
	if ratio != s.factor {
		past = evidenceOf{}
		for _, e := range s.closed {
			past = past.and(e, ratio)
		}
	}
	all := s.epoch.requests() + past.requests
	up, down := s.epoch.closed().against(ratio, 1+(times-1)*all/math.Max(s.epoch.requests(), 1))
	return past.above + up, past.below + down
}

func (s *shareRatio) close() {
	e := s.epoch.closed()
	s.closed, s.past = append(s.closed, e), s.past.and(e, s.factor)
}

func (p evidenceOf) and(e closedEpoch, ratio float64) evidenceOf {
	up, down := e.against(ratio, 1)
	return evidenceOf{p.above + up, p.below + down, p.requests + e.requests()}
}

func (e epoch) requests() float64 { return e.c + e.b }

// closedEpoch is what is left of one that ended: traffic may move for days.
type closedEpoch struct {
	c, b                   float64 // requests
	hits, trials           float64
	effective, ofEffective float64 // hits and trials
}

func (e epoch) closed() closedEpoch {
	out := closedEpoch{c: e.c, b: e.b, hits: e.errors.hits, trials: e.errors.trials}
	out.effective, out.ofEffective = e.errors.effective()
	return out
}

func (e closedEpoch) requests() float64 { return e.c + e.b }

// against takes p0 = ρw / (1 − w + ρw), with w the candidate's part of the
// requests.
func (e closedEpoch) against(ratio, times float64) (above, below float64) {
	w := e.c / e.requests()
	return bayes.Share(times*e.effective, times*e.ofEffective, ratio*w/(1-w+ratio*w))
}

func meanOfLogs(a, b float64) float64 {
	most := math.Max(a, b)
	return most + math.Log((math.Exp(a-most)+math.Exp(b-most))/2)
}

func (s *shareRatio) figures(l outlook) figures {
	f := figures{
		unit: trial.Ratio, within: math.NaN(), anytime: unknown, credible: unknown,
		method: "the candidate's part of all " + s.near.objective.hitNoun(),
	}
	if !s.near.objective.lower {
		f.method += ", or a difference within 0.1 points"
	}
	c, b := s.near.c, s.near.b
	if c.hits+b.hits == 0 {
		f.anytime = [2]float64{-1, math.Inf(1)}
		return f
	}
	// Far enough apart to stand for "no ratio excluded".
	const least, most = 1e-4, 1e4
	estimate := math.Min(math.Max(s.estimate(), least), most)
	f.change = &estimate
	f.anytime = rejected(l.needed, least, estimate, most, func(ratio float64) (float64, float64) { return s.against(ratio, 1) })
	f.anytime[0], f.anytime[1], estimate = f.anytime[0]-1, f.anytime[1]-1, estimate-1
	if f.anytime[1] >= most-1 {
		f.anytime[1] = math.Inf(1)
	}
	if len(s.closed) > 0 {
		f.method += "; traffic moved, so each split counts by itself"
		return f
	}
	return s.posterior(f)
}

// estimate is the ratio of both shares, over all epochs (Mantel & Haenszel 1959).
func (s *shareRatio) estimate() float64 {
	var c, b float64
	for _, e := range append(slices.Clone(s.closed), s.epoch.closed()) {
		c += e.hits * e.b / e.requests()
		b += (e.trials - e.hits) * e.c / e.requests()
	}
	return c / b
}

// posterior is of one epoch: several have no common Beta posterior.
func (s *shareRatio) posterior(f figures) figures {
	w := s.epoch.c / s.epoch.requests()
	hits, trials := s.epoch.errors.effective()
	f.clumped = s.epoch.errors.designEffect()
	f.within = bayes.BetaWithin(hits, trials, s.factor*w/(1-w+s.factor*w))
	if !s.near.objective.lower {
		f.within = math.Max(f.within, s.near.within())
	}
	low, high := bayes.BetaInterval(hits, trials, credible)
	f.credible = [2]float64{low/(1-low)*(1-w)/w - 1, high/(1-high)*(1-w)/w - 1}
	return f
}
