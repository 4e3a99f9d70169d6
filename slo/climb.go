package slo

import (
	"math"

	"github.com/seatrial/seatrial/trial"
)

// Climb searches rates for the highest at which a trial passes. Each rate that it
// asks for gets a trial of its own; what holds at one rate is taken to hold below
// it, and what is violated at one, above. All trials together say something
// wrong with a chance of at most α each way, as each has α / Looks (Bonferroni).
type Climb struct {
	rates    []float64 // ascending
	verdicts []trial.Verdict
	tried    []bool
	looks    int
}

// NewClimb has the rates from one to another, each by a factor above the one
// before: 1.1 is steps of 10 %.
func NewClimb(from, to, factor float64) *Climb {
	c := &Climb{}
	steps := int(math.Ceil(math.Log(to/from)/math.Log(factor) - 1e-9))
	for i := range steps + 1 {
		c.rates = append(c.rates, math.Min(to, rounded(from*math.Pow(factor, float64(i)))))
	}
	c.verdicts, c.tried = make([]trial.Verdict, len(c.rates)), make([]bool, len(c.rates))
	return c
}

// rounded is a rate as people write it, to three digits.
func rounded(rate float64) float64 {
	digit := math.Pow(10, math.Floor(math.Log10(rate))-2)
	return math.Round(rate/digit) * digit
}

// spare are the looks beyond those of a search that is never in doubt.
const spare = 2

// Looks is the most rates that are tried: the lowest, the highest, and those of a
// search by halves between them.
func (c *Climb) Looks() int {
	return min(len(c.rates), 2+int(math.Ceil(math.Log2(float64(max(1, len(c.rates)-1)))))+spare)
}

// Next is the rate to be tried; false if there is nothing more to learn. The
// lowest comes first, then the highest, then the middle of what is most unknown.
func (c *Climb) Next() (rate float64, more bool) {
	i := c.next()
	if i < 0 || c.looks >= c.Looks() {
		return 0, false
	}
	return c.rates[i], true
}

func (c *Climb) next() int {
	holds, violated := c.ends()
	switch {
	case violated == 0:
		return -1
	case !c.tried[0]:
		return 0
	case c.verdicts[0] != trial.Pass:
		return -1 // nothing above can hold that does not hold here
	case !c.tried[len(c.rates)-1]:
		return len(c.rates) - 1
	}
	best, longest := -1, 0
	for from := holds + 1; from < violated; from++ {
		to := from
		for to < violated && !c.tried[to] {
			to++
		}
		if to-from > longest {
			best, longest = (from+to-1)/2, to-from
		}
		from = to
	}
	return best
}

// Tell takes the verdict at the rate that Next gave.
func (c *Climb) Tell(v trial.Verdict) {
	i := c.next()
	c.verdicts[i], c.tried[i] = v, true
	c.looks++
}

// ends are the highest rate that holds, −1 if none does, and the lowest that is
// violated, one above the highest if none is.
func (c *Climb) ends() (holds, violated int) {
	holds, violated = -1, len(c.rates)
	for i, v := range c.verdicts {
		if v == trial.Pass {
			holds = i
		}
	}
	for i := len(c.verdicts) - 1; i >= 0; i-- {
		if c.verdicts[i] == trial.Fail {
			violated = i
		}
	}
	return holds, violated
}

// Between is the answer: the highest rate at which it was shown that all holds, 0
// if at none, and the lowest at which it was shown that something does not, +Inf if
// at none.
func (c *Climb) Between() (holds, violated float64) {
	low, high := c.ends()
	holds, violated = 0, math.Inf(1)
	if low >= 0 {
		holds = c.rates[low]
	}
	if high < len(c.rates) {
		violated = c.rates[high]
	}
	return holds, violated
}
