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
	epoch  int     // grows when traffic moves from one version to another
	before []view  // the rounds just before it, warm-up included
}

// recentRounds is how far back a threshold looks: far enough to know a tail,
// near enough to follow a drift that both versions share. 20 rounds are 5 s.
const recentRounds = 20

// recent is the quantile of some versions' requests in the rounds just before:
// +Inf where that is a failed one, NaN where there were none.
func (r judgedRound) recent(versions []int, p float64) float64 {
	var times []uint32
	requests := 0
	for _, v := range r.before {
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
	merged   int     // how many rounds count as one; 0 or 1: each by itself
	clumped  float64 // design effect of hits that come in bursts; 0 or 1: none
}

// caution says where the figures rest on an estimate of what rounds share:
// then error rates are simulated, not exact.
func (f figures) caution() string {
	switch {
	case f.merged > 1:
		return fmt.Sprintf("; neighbouring rounds are alike, so %d of them count as one", f.merged)
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
		return &exceedance{objective: o, who: who, drawn: []int{who.baseline}, ladder: newLadder()}
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
// so that what is shown as an interval was tested as the verdict is. Like a
// chain it keeps every width of merging.
type ladder struct {
	factors []float64
	widths  []rungs
}

// rungs is the ladder at one width of merging.
type rungs struct {
	steps   []bayes.Contrast
	waiting []float64 // half of the next merged round; nil where none waits
}

// The ladder reaches from a fifth to five times the baseline in steps of 1 %:
// what lies beyond is shown as "more than +400 %".
func newLadder() ladder {
	var l ladder
	for x := math.Log(0.2); x <= math.Log(5); x += 0.01 {
		l.factors = append(l.factors, math.Exp(x))
	}
	return l
}

// add takes one round's contrast against each factor.
func (l *ladder) add(contrast func(factor float64) float64) {
	round := make([]float64, len(l.factors))
	for i, f := range l.factors {
		round[i] = contrast(f)
	}
	for width := 0; width < mostWidths; width++ {
		if width == len(l.widths) {
			l.widths = append(l.widths, rungs{steps: make([]bayes.Contrast, len(l.factors))})
		}
		w := &l.widths[width]
		for i, x := range round {
			w.steps[i].Add(x)
		}
		if w.waiting == nil {
			w.waiting = round
			return
		}
		merged := make([]float64, len(round))
		for i, x := range round {
			merged[i] = (w.waiting[i] + x) / 2
		}
		round, w.waiting = merged, nil
	}
}

// at is the ladder merged to a width.
func (l *ladder) at(width int) scale {
	if width >= len(l.widths) {
		return scale{}
	}
	return scale{l.factors, l.widths[width].steps}
}

// scale is a ladder's contrasts at one width.
type scale struct {
	factors []float64
	steps   []bayes.Contrast
}

// anytime returns the relative changes that neither test rejects.
func (l scale) anytime(needed float64) [2]float64 {
	out := [2]float64{math.Inf(-1), math.Inf(1)}
	for i := range l.steps {
		if above, _ := l.steps[i].Evidence(); above < needed {
			break
		}
		out[0] = l.factors[i] - 1
	}
	for i := len(l.steps) - 1; i >= 0; i-- {
		if _, below := l.steps[i].Evidence(); below < needed {
			break
		}
		out[1] = l.factors[i] - 1
	}
	return out
}

// credible returns the relative changes between the posterior's outer tails.
func (l scale) credible(mass float64) [2]float64 {
	out := [2]float64{math.Inf(-1), math.Inf(1)}
	tail := (1 - mass) / 2
	for i := range l.steps {
		if !(bayes.StudentWithin(l.steps[i]) < tail) {
			break
		}
		out[0] = l.factors[i] - 1
	}
	for i := len(l.steps) - 1; i >= 0; i-- {
		if !(bayes.StudentWithin(l.steps[i]) > 1-tail) {
			break
		}
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
