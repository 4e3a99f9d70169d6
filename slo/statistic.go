package slo

import (
	"fmt"
	"math"
	"slices"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// statistic gathers the evidence that one objective has about one candidate,
// round by round. Evidence is a natural logarithm: above is for "the truth is
// above the limit", below for "below it".
type statistic interface {
	// add takes one round and reports whether it had data.
	add(r judgedRound) bool
	// repeated is the evidence if the rounds so far were seen times over; once
	// over is the evidence there is.
	repeated(times float64) (above, below float64)
	figures(l outlook) figures
}

// judgedRound is a round and what was known before it.
type judgedRound struct {
	view
	start  float64 // seconds
	before []view  // the rounds just before it, warm-up included
}

// recentRounds is how far back a threshold looks: far enough to know a tail,
// near enough to follow a drift that both versions share. 20 rounds are 5 s.
const recentRounds = 20

// recent is the quantile of a version's requests in the rounds just before:
// +Inf where that is a failed one, NaN where there were none.
func (r judgedRound) recent(version int, p float64) float64 {
	var times []uint32
	requests := 0
	for _, v := range r.before {
		times = append(times, v[version].sorted...)
		requests += v[version].requests
	}
	rank := int(math.Ceil(p * float64(requests)))
	switch {
	case requests == 0:
		return math.NaN()
	case rank > len(times):
		return math.Inf(1)
	}
	slices.Sort(times)
	return float64(times[max(rank, 1)-1]) * trial.Tick.Seconds()
}

// outlook is what figures are drawn from beside the statistic's own evidence.
type outlook struct {
	needed float64    // ln 1/α: how sure the anytime interval is to be
	pooled []*history // of each version, judged rounds only
}

// credible is the mass of the posterior intervals that people are shown.
const credible = 0.90

// figures is what people are shown beside the verdict. None of it decides.
type figures struct {
	unit     trial.Unit // of the intervals
	anytime  [2]float64
	credible [2]float64
	within   float64 // posterior probability of being below the limit
	method   string
	alike    float64 // how many rounds count as one; 0 or 1: each by itself
	clumped  float64 // design effect of hits that come in bursts; 0 or 1: none
}

// tellAlike is from how many rounds on that count as one people are told: with
// less, noise of rounds that are not alike would be told as well.
const tellAlike = 2.0

// caution says where the figures rest on an estimate of what rounds share:
// then error rates are simulated, not exact.
func (f figures) caution() string {
	switch {
	case f.alike >= tellAlike:
		return fmt.Sprintf("; neighbouring rounds are alike, so %.1f of them count as one", f.alike)
	case f.clumped > 1:
		return fmt.Sprintf("; hits come in bursts, so %.1f requests count as one", f.clumped)
	}
	return ""
}

// pair is the place of the candidate and its baseline in a view.
type pair struct{ candidate, baseline int }

// newStatistic chooses what an objective is judged by: JUDGE's table of forms.
func newStatistic(o Objective, who pair) statistic {
	isShare := o.metric == errorRate
	isQuantile := o.metric == latency && o.stat.kind == quantile
	switch {
	case o.limit.kind == absolute && (isShare || isQuantile):
		return &shareStatistic{objective: o, who: who}
	case isQuantile:
		return &exceedance{objective: o, who: who, ladder: newLadder()}
	case isShare && o.limit.kind == ratio:
		return &shareRatio{factor: o.limit.value, near: shareDifference{who: who, limit: nearEnough}}
	case isShare:
		return &shareDifference{who: who, limit: o.limit.value}
	case o.limit.kind == absolute:
		return &valueStatistic{objective: o, who: who}
	default:
		return &valueRatio{objective: o, who: who, ladder: newLadder()}
	}
}

// allowed is the candidate's limit where the baseline's value is b.
func (o Objective) allowed(b float64) float64 {
	if o.limit.kind == difference {
		return b + o.limit.value
	}
	if !o.hasFloor() {
		return o.limit.value * b
	}
	return math.Max(o.limit.value*b, b+o.floor())
}

// defaultFloor is how much slower any relative latency objective lets a
// candidate be: 110 % of 0.2 ms is less than a client's own noise, which was
// measured at 0.1 to 0.4 ms on loopback.
const defaultFloor = 0.001

// hasFloor reports whether the floor counts: a limit at or below the baseline
// itself asks for an improvement, and gets no allowance.
func (o Objective) hasFloor() bool {
	return o.metric == latency && o.limit.kind == ratio && !o.lower && o.limit.value > 1
}

func (o Objective) floor() float64 {
	if o.Floor != nil {
		return o.Floor.Seconds()
	}
	return defaultFloor
}

// ladder holds the same contrast against many factors of the baseline at once,
// so that what is shown as an interval was tested as the verdict is.
type ladder struct {
	n       float64
	factors []float64
	filters [len(drifts)]filter
	steps   [][len(drifts)]path // of each factor
}

// The ladder reaches from a fifth to five times the baseline in steps of 1 %:
// what lies beyond is shown as "more than +400 %".
func newLadder() ladder {
	var l ladder
	for x := math.Log(0.2); x <= math.Log(5); x += 0.01 {
		l.factors = append(l.factors, math.Exp(x))
	}
	l.steps = make([][len(drifts)]path, len(l.factors))
	return l
}

// add takes one round's contrast against each factor.
func (l *ladder) add(contrast func(factor float64) float64) {
	l.n++
	var next [len(drifts)]step
	for k, d := range drifts {
		next[k] = l.filters[k].next(d)
	}
	for i, f := range l.factors {
		x := contrast(f)
		for k := range next {
			l.steps[i][k].add(x, next[k])
		}
	}
}

func (l *ladder) seen(i int) []bayes.Whitened { return seen(l.n, &l.filters, &l.steps[i]) }

// anytime returns the relative changes that neither test rejects.
func (l *ladder) anytime(needed float64) [2]float64 {
	return l.between(
		func(i int) bool { above, _ := evidence(l.seen(i), 0, 1); return above >= needed },
		func(i int) bool { _, below := evidence(l.seen(i), 0, 1); return below >= needed })
}

// credible returns the relative changes between the posterior's outer tails.
func (l *ladder) credible(mass float64) [2]float64 {
	tail := (1 - mass) / 2
	return l.between(
		func(i int) bool { return within(l.seen(i), 0) < tail },
		func(i int) bool { return within(l.seen(i), 0) > 1-tail })
}

// between is the range of factors that are neither too low nor too high, as
// relative changes; without an end where the ladder has none.
func (l *ladder) between(tooLow, tooHigh func(i int) bool) [2]float64 {
	out := [2]float64{math.Inf(-1), math.Inf(1)}
	for i := 0; i < len(l.factors) && tooLow(i); i++ {
		out[0] = l.factors[i] - 1
	}
	for i := len(l.factors) - 1; i >= 0 && tooHigh(i); i-- {
		out[1] = l.factors[i] - 1
	}
	return out
}

// rejected returns the limits that neither test rejects, by bisection between
// each end of the range and an estimate inside it.
func rejected(needed, low, estimate, high float64, evidence func(limit float64) (above, below float64)) [2]float64 {
	return [2]float64{
		edge(low, estimate, func(limit float64) bool { above, _ := evidence(limit); return above >= needed }),
		edge(high, estimate, func(limit float64) bool { _, below := evidence(limit); return below >= needed }),
	}
}

// edge is the innermost limit, coming from outside, that is still rejected;
// outside itself where even that is not.
func edge(outside, inside float64, isRejected func(float64) bool) float64 {
	if !isRejected(outside) {
		return outside
	}
	for range 60 {
		middle := (outside + inside) / 2
		if isRejected(middle) {
			outside = middle
		} else {
			inside = middle
		}
	}
	return outside
}
