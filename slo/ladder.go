package slo

import (
	"math"
	"slices"
)

// ladder keeps the contrasts of rounds as a function of the factor of the
// baseline that is allowed, so that what is shown as an interval can be tested as
// the verdict is. It costs nothing until it is asked, and when rounds become many
// it is kept at fixed factors alone: a trial of days takes no more memory than
// one of an hour.
type ladder struct {
	own   float64 // the objective's factor
	rungs []rung  // the rounds, while they are few, and then the last that fixed has not
	fixed *rails  // nil while they are
}

// ladder is empty, for one statistic of a relative objective.
func (o Objective) ladder() ladder {
	if o.limit.kind == ratio {
		return ladder{own: o.limit.value}
	}
	return ladder{own: 1}
}

// rung is the contrast of one round.
type rung func(factor float64) float64

// mostRungs is how many rounds are kept whole: four minutes of load.
const mostRungs = 1000

// moved is how many rounds a look moves to the rails: all of them at once would
// make it a look of half a second.
const moved = 4

func (l *ladder) add(r rung) {
	if l.rungs = append(l.rungs, r); l.fixed == nil && len(l.rungs) < mostRungs {
		return
	}
	if l.fixed == nil {
		l.fixed = newRails(l.own)
	}
	now := min(moved, len(l.rungs))
	for _, r := range l.rungs[:now] {
		l.fixed.add(r)
	}
	if l.rungs = l.rungs[now:]; len(l.rungs) == 0 {
		l.rungs = nil
	}
}

func (l *ladder) clone() ladder {
	out := ladder{own: l.own, rungs: slices.Clone(l.rungs)}
	if l.fixed != nil {
		fixed := *l.fixed
		fixed.paths = slices.Clone(fixed.paths)
		out.fixed = &fixed
	}
	return out
}

// A ladder reaches from a fifth to five times the baseline: what lies beyond is
// shown as "more than +400 %".
var leastFactor, mostFactor = math.Log(0.2), math.Log(5)

// halvings find the end of an interval between them to 0.2 %.
const halvings = 11

// chain is the contrasts against a factor.
func (l *ladder) chain(lnFactor float64) *chain {
	c := new(chain)
	if l.fixed != nil {
		c, lnFactor = l.fixed.chain(lnFactor)
	}
	for _, round := range l.rungs {
		c.add(round(math.Exp(lnFactor)))
	}
	return c
}

// anytime returns the relative changes that neither test rejects.
func (l *ladder) anytime(needed float64) [2]float64 {
	return l.between(
		func(c *chain) bool { above, _ := c.evidence(0, 1); return above >= needed },
		func(c *chain) bool { _, below := c.evidence(0, 1); return below >= needed })
}

// credible returns the relative changes between the posterior's outer tails.
func (l *ladder) credible(mass float64) [2]float64 {
	tail := (1 - mass) / 2
	return l.between(
		func(c *chain) bool { return c.within(0) < tail },
		func(c *chain) bool { return c.within(0) > 1-tail })
}

// between is the range of factors that are neither too low nor too high, as
// relative changes; without an end where the ladder has none.
func (l *ladder) between(tooLow, tooHigh func(*chain) bool) [2]float64 {
	estimate := l.estimate()
	low := outermost(leastFactor, estimate, func(x float64) bool { return tooLow(l.chain(x)) })
	high := outermost(mostFactor, estimate, func(x float64) bool { return tooHigh(l.chain(x)) })
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
func (l *ladder) estimate() float64 {
	return edge(leastFactor, mostFactor, halvings, func(x float64) bool { return l.chain(x).mean() > 0 })
}

// change is the estimate as a relative change; NaN without rounds.
func (l *ladder) change() float64 {
	if len(l.rungs) == 0 && l.fixed == nil {
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

// rails are chains of the same rounds at fixed factors.
type rails struct {
	factors []float64 // logarithms, ascending
	rounds  chain     // its paths are none of a factor
	paths   [][len(drifts)]path
}

// Factors are a quarter of a percent apart where limits are and intervals end, and
// two percent beyond.
const (
	nearFactor = 0.3
	nearStep   = 0.0025
	farStep    = 0.02
)

// newRails has the objective's own factor among the others, so that what the
// interval says of the limit is what the verdict does.
func newRails(own float64) *rails {
	at := []float64{0, leastFactor, mostFactor}
	if own > 0 {
		at = append(at, math.Log(own))
	}
	for x := nearStep; x < mostFactor; {
		at = append(at, x, -x)
		if x < nearFactor {
			x += nearStep
		} else {
			x += farStep
		}
	}
	slices.Sort(at)
	at = slices.Compact(at)
	return &rails{factors: at, paths: make([][len(drifts)]path, len(at))}
}

func (f *rails) add(r rung) {
	steps := f.rounds.next()
	for i, x := range f.factors {
		f.paths[i] = taken(f.paths[i], r(math.Exp(x)), steps)
	}
}

// chain is that of the nearest factor, and which that is.
func (f *rails) chain(lnFactor float64) (*chain, float64) {
	above, _ := slices.BinarySearch(f.factors, lnFactor)
	i := min(above, len(f.factors)-1)
	if i > 0 && lnFactor-f.factors[i-1] < f.factors[i]-lnFactor {
		i--
	}
	c := f.rounds
	c.paths = f.paths[i]
	return &c, f.factors[i]
}
