package loadgen

import (
	"math"
	"sort"
	"strconv"
	"time"
)

// Stage is a part of the load. Rate holds for its length; To is reached at its
// end, in a straight line from the rate before.
type Stage struct {
	Rate *Rate         `yaml:"rate"`
	To   *Rate         `yaml:"to"`
	For  time.Duration `yaml:"for"`
}

// Lasting is how long the stages take together.
func Lasting(stages []Stage) time.Duration {
	var all time.Duration
	for _, s := range stages {
		all += s.For
	}
	return all
}

// pace is when turns are due: legs one after another, of which the last goes on
// for ever at the rate that it ends with.
type pace []leg

// leg is a stretch of the load whose rate changes in a straight line.
type leg struct {
	start, length float64 // seconds
	turns         float64 // due before it
	from, to      float64 // turns a second
}

// newPace has the warm-up first, at the rate that the load begins with.
func newPace(o Options, warmup float64) pace {
	rate := o.Rate.PerSecond
	p := pace{{length: warmup, from: rate, to: rate}}
	for _, s := range o.Stages {
		next := rate
		switch {
		case s.To != nil:
			next = s.To.PerSecond
		case s.Rate != nil:
			rate, next = s.Rate.PerSecond, s.Rate.PerSecond
		}
		p = append(p, p[len(p)-1].followed(s.For.Seconds(), rate, next))
		rate = next
	}
	return append(p, p[len(p)-1].followed(math.Inf(1), rate, rate))
}

func (l leg) followed(length, from, to float64) leg {
	return leg{start: l.start + l.length, length: length, turns: l.turns + l.due(l.length), from: from, to: to}
}

// due is how many turns are due in the leg's first seconds.
func (l leg) due(seconds float64) float64 {
	if l.from == l.to {
		return l.from * seconds
	}
	return seconds * (l.from + (l.to-l.from)/(2*l.length)*seconds)
}

// when is how many seconds into the leg so many turns are due: the root of
// due(x) = n that does not cancel (Press et al., Numerical Recipes, 5.6).
func (l leg) when(n float64) float64 {
	if l.from == l.to {
		return n / l.from
	}
	slope := (l.to - l.from) / l.length
	return 2 * n / (l.from + math.Sqrt(math.Max(0, l.from*l.from+2*slope*n)))
}

// due is how many turns are due in the trial's first seconds.
func (p pace) due(seconds float64) float64 {
	l := p[sort.Search(len(p)-1, func(i int) bool { return p[i+1].start > seconds })]
	return l.turns + l.due(seconds-l.start)
}

// when is the second at which a turn is due, which may be a part of one.
func (p pace) when(turn float64) float64 {
	l := p[sort.Search(len(p)-1, func(i int) bool { return p[i+1].turns > turn })]
	return l.start + l.when(turn-l.turns)
}

// rate is how many turns a second are due then.
func (p pace) rate(seconds float64) float64 {
	l := p[sort.Search(len(p)-1, func(i int) bool { return p[i+1].start > seconds })]
	if l.from == l.to {
		return l.from
	}
	return l.from + (l.to-l.from)*(seconds-l.start)/l.length
}

// Most is the highest rate that the load asks for.
func (o Options) Most() Rate {
	most := o.Rate
	for _, s := range o.Stages {
		for _, r := range []*Rate{s.Rate, s.To} {
			if r != nil && r.PerSecond > most.PerSecond {
				most = *r
			}
		}
	}
	return most
}

// Turns is how many requests each version is to be sent, warm-up included.
func (o Options) Turns() float64 {
	return newPace(o, o.Warmup.Seconds()).due((o.Warmup + o.For).Seconds())
}

// Shape is the load in words: "100/s", "50/s, to 200/s in 30s".
func (o Options) Shape() string {
	if o.Closed {
		return "closed loop, as fast as the answers come"
	}
	if len(o.Stages) == 0 {
		return rateText(o.Rate)
	}
	text := ""
	for i, s := range o.Stages {
		if i > 0 {
			text += ", "
		}
		if s.To != nil {
			text += "to " + rateText(*s.To) + " in " + s.For.String()
		} else if s.Rate != nil {
			text += rateText(*s.Rate) + " for " + s.For.String()
		}
	}
	if o.Stages[0].To != nil {
		text = rateText(o.Rate) + ", " + text
	}
	return text
}

func rateText(r Rate) string { return strconv.FormatFloat(r.PerSecond, 'g', 6, 64) + "/s" }
