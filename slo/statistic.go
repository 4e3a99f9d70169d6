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
	var times [][]uint32
	requests, timed := 0, 0
	for i, v := range slices.Backward(r.before) {
		if len(r.before)-1-i >= fewestRecent && math.Min(p, 1-p)*float64(requests) >= knownTail {
			break
		}
		for _, version := range versions {
			times = append(times, v[version].sorted)
			requests, timed = requests+v[version].requests, timed+len(v[version].sorted)
		}
	}
	rank := int(math.Ceil(p * float64(requests)))
	switch {
	case requests == 0:
		return math.NaN()
	case rank > timed:
		return math.Inf(1)
	}
	return float64(ranked(times, max(rank, 1))) * tick
}

// ranked is the rank-th smallest, from 1, of several ascending lists together: the
// least value that so many do not exceed.
func ranked(lists [][]uint32, rank int) uint32 {
	low, high := uint32(math.MaxUint32), uint32(0)
	for _, list := range lists {
		if len(list) > 0 {
			low, high = min(low, list[0]), max(high, list[len(list)-1])
		}
	}
	for low < high {
		middle := low + (high-low)/2
		within := 0
		for _, list := range lists {
			n, _ := slices.BinarySearch(list, middle+1)
			within += n
		}
		if within >= rank {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
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
		return &exceedance{objective: o, who: who, drawn: []int{who.baseline}, ladder: o.ladder(), fewest: fewHits}
	case isShare && o.limit.kind == ratio:
		return &shareRatio{factor: o.limit.value, near: shareDifference{objective: o, who: who, limit: nearEnough}}
	case isShare:
		return &shareDifference{objective: o, who: who, limit: o.limit.value}
	case o.limit.kind == absolute:
		return &valueStatistic{objective: o, who: who}
	default:
		return &valueRatio{objective: o, who: who, ladder: o.ladder()}
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
