package slo

import (
	"fmt"
	"math"
	"slices"

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
	start  float64                  // seconds
	epoch  int                      // grows when traffic moves from one version to another
	split  bool                     // live traffic was split by weights, not asked evenly
	before []view                   // the rounds just before it, warm-up included
	worst  func(candidate int) view // the round, had a candidate given all answers that named nobody
}

// A threshold looks back as far as it takes to know its quantile by 25 requests
// beyond it, and no farther, to follow a drift that both versions share: 8 rounds
// at least, so that one odd round does not make it, and 20 at most: 5 s.
const (
	knownTail    = 25.0
	fewestRecent = 8
	recentRounds = 20
)

// recent is the quantile of some versions' requests in the rounds just before:
// +Inf where that is a failed one, NaN where there were none.
func (r judgedRound) recent(versions []int, p float64) float64 {
	var times []uint32
	requests := 0
	for i, v := range slices.Backward(r.before) {
		if len(r.before)-1-i >= fewestRecent && math.Min(p, 1-p)*float64(requests) >= knownTail {
			break
		}
		for _, version := range versions {
			times = append(times, v[version].sorted...)
			requests += v[version].requests
		}
	}
	rank := int(math.Ceil(p * float64(requests)))
	switch {
	case requests == 0:
		return math.NaN()
	case rank > len(times):
		return math.Inf(1)
	}
	slices.Sort(times)
	return float64(times[max(rank, 1)-1]) * tick
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
	within   float64  // posterior probability of being below the limit
	change   *float64 // against the baseline, over times in which traffic was split differently; nil: as pooled
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

// effective is how many independent rounds so many count for.
func (f figures) effective(rounds int) float64 {
	return float64(rounds) / math.Max(1, math.Max(f.alike, f.clumped))
}

// pair is the place of the candidate and its baseline in a view.
type pair struct{ candidate, baseline int }

// newStatistic chooses what an objective is judged by; docs/objectives.md has the
// table of forms.
func newStatistic(o Objective, who pair) statistic {
	isShare, isQuantile := o.isShare(), o.isQuantile()
	switch {
	case o.metric == unbound:
		return nothing{"its metric is not known"}
	case o.limit.kind == absolute && (isShare || isQuantile):
		return &shareStatistic{objective: o, who: who}
	case isQuantile:
		return &exceedance{objective: o, who: who, drawn: []int{who.baseline}}
	case isShare && o.limit.kind == ratio:
		return &shareRatio{factor: o.limit.value, near: shareDifference{objective: o, who: who, limit: nearEnough}}
	case isShare:
		return &shareDifference{objective: o, who: who, limit: o.limit.value}
	case o.limit.kind == absolute:
		return &valueStatistic{objective: o, who: who}
	default:
		return &valueRatio{objective: o, who: who}
	}
}

// nothing is the statistic of an objective that can't be judged: it never has
// data, so it never passes.
type nothing struct{ why string }

func (nothing) add(judgedRound) bool { return false }

func (nothing) repeated(float64) (above, below float64) { return 0, 0 }

func (n nothing) figures(outlook) figures {
	return figures{within: math.NaN(), anytime: unknown, credible: unknown, unit: trial.Ratio, method: "nothing: " + n.why}
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

// limitBeside is what the objective's metric may come to where the baseline's
// value is b: the limit itself where it is absolute.
func (o Objective) limitBeside(b float64) float64 {
	if o.limit.kind == absolute {
		return o.limit.value
	}
	return o.allowed(b)
}

// defaultFloor is how much slower any relative latency objective lets a
// candidate be: 110 % of 0.2 ms is less than a client's own noise, which was
// measured at 0.1 to 0.4 ms on loopback.
const defaultFloor = 0.001

// hasFloor reports whether the floor counts: a limit at or below the baseline
// itself asks for an improvement, and gets no allowance.
func (o Objective) hasFloor() bool {
	isTime := o.metric == latency || o.metric == declared && o.unit() == trial.Seconds && o.Floor != nil
	return isTime && o.limit.kind == ratio && !o.lower && o.limit.value > 1
}

func (o Objective) floor() float64 {
	if o.Floor != nil {
		return o.Floor.Seconds()
	}
	return defaultFloor
}

// ladder keeps the contrast of each round as a function of the factor of the
// baseline that is allowed, so that what is shown as an interval can be tested as
// the verdict is. It costs nothing until it is asked.
type ladder []func(factor float64) float64

// A ladder reaches from a fifth to five times the baseline: what lies beyond is
// shown as "more than +400 %".
var leastFactor, mostFactor = math.Log(0.2), math.Log(5)

// halvings find the end of an interval between them to 0.2 %.
const halvings = 11

// chain is the contrasts against a factor.
func (l ladder) chain(factor float64) *chain {
	var c chain
	for _, round := range l {
		c.add(round(factor))
	}
	return &c
}

// anytime returns the relative changes that neither test rejects.
func (l ladder) anytime(needed float64) [2]float64 {
	return l.between(
		func(c *chain) bool { above, _ := c.evidence(0, 1); return above >= needed },
		func(c *chain) bool { _, below := c.evidence(0, 1); return below >= needed })
}

// credible returns the relative changes between the posterior's outer tails.
func (l ladder) credible(mass float64) [2]float64 {
	tail := (1 - mass) / 2
	return l.between(
		func(c *chain) bool { return c.within(0) < tail },
		func(c *chain) bool { return c.within(0) > 1-tail })
}

// between is the range of factors that are neither too low nor too high, as
// relative changes; without an end where the ladder has none.
func (l ladder) between(tooLow, tooHigh func(*chain) bool) [2]float64 {
	at := func(lnFactor float64) *chain { return l.chain(math.Exp(lnFactor)) }
	estimate := l.estimate()
	low := outermost(leastFactor, estimate, func(x float64) bool { return tooLow(at(x)) })
	high := outermost(mostFactor, estimate, func(x float64) bool { return tooHigh(at(x)) })
	out := [2]float64{math.Exp(low) - 1, math.Exp(high) - 1}
	if low == leastFactor {
		out[0] = math.Inf(-1)
	}
	if high == mostFactor {
		out[1] = math.Inf(1)
	}
	return out
}

// estimate is the logarithm of the factor that the rounds are on the mean at.
func (l ladder) estimate() float64 {
	return edge(leastFactor, mostFactor, halvings, func(x float64) bool { return l.chain(math.Exp(x)).mean() > 0 })
}

// change is the estimate as a relative change; NaN without rounds.
func (l ladder) change() float64 {
	if len(l) == 0 {
		return math.NaN()
	}
	return math.Exp(l.estimate()) - 1
}

// outermost is the edge between an end and an estimate. Shares of few requests
// move in steps, and so may evidence: what is not rejected within a tenth beyond
// the edge moves it.
func outermost(end, estimate float64, isRejected func(float64) bool) float64 {
	const step, steps = 0.01, 10
	found := edge(end, estimate, halvings, isRejected)
	outward := math.Copysign(step, end-estimate)
	for i := 1; i <= steps; i++ {
		x := found + float64(i)*outward
		if (end-x)*outward <= 0 {
			return found
		}
		if !isRejected(x) {
			found, i = x, 0
		}
	}
	return found
}

// rejected returns the limits that neither test rejects, by bisection between
// each end of the range and an estimate inside it.
func rejected(needed, low, estimate, high float64, evidence func(limit float64) (above, below float64)) [2]float64 {
	return [2]float64{
		edge(low, estimate, exactly, func(limit float64) bool { above, _ := evidence(limit); return above >= needed }),
		edge(high, estimate, exactly, func(limit float64) bool { _, below := evidence(limit); return below >= needed }),
	}
}

// exactly is as many halvings as a number has digits.
const exactly = 60

// edge is the innermost limit, coming from outside, that is still rejected;
// outside itself where even that is not.
func edge(outside, inside float64, steps int, isRejected func(float64) bool) float64 {
	if !isRejected(outside) {
		return outside
	}
	for range steps {
		middle := (outside + inside) / 2
		if isRejected(middle) {
			outside = middle
		} else {
			inside = middle
		}
	}
	return outside
}
