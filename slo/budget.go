package slo

import (
	"fmt"
	"time"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// Check returns why a load of this many judged rounds of this length can't be
// judged as the policy asks for so many versions, each with its remedy; nothing
// if it can.
func (p Policy) Check(rounds int, length time.Duration, versions int) []string {
	return p.checkSeries(trial.LoadSeries, rounds, length, versions)
}

// CheckWindows is the same of a series of metrics from elsewhere.
func (p Policy) CheckWindows(series string, windows int, length time.Duration, versions int) []string {
	return p.checkSeries(series, windows, length, versions)
}

func (p Policy) checkSeries(name string, rounds int, length time.Duration, versions int) []string {
	var mistakes []string
	s := &series{name: name}
	what, remedy := "load", "a higher rate"
	if !s.isLoad() {
		what, remedy = name, "a shorter interval"
	}
	budget := time.Duration(rounds) * length
	if fewest := p.fewest(name, versions); rounds < fewest {
		return append(mistakes, fmt.Sprintf("%s of %s is %s of %s; the judge needs at least %d: use for: %s or longer, or %s",
			budget, what, counted(rounds, s.noun()), length, fewest, up(time.Duration(fewest)*length), remedy))
	}
	least := p.atLeast(name)
	lasting := time.Duration(least.seconds * float64(time.Second))
	if needed := max(lasting, time.Duration(least.rounds)*length); needed > budget {
		of := counted(least.rounds, s.noun())
		if lasting > 0 {
			of = lasting.String() + " and " + of
		}
		mistakes = append(mistakes, fmt.Sprintf(
			"%s of %s can never pass: a pass needs %s of %s; use for: %s or longer, %s, or at-least: %s",
			budget, what, of, length, up(needed), remedy, budget))
	}
	return mistakes
}

// fewest is the number of rounds of a series below which nothing is shown.
func (p Policy) fewest(series string, versions int) int {
	fewest := bayes.FewestRounds(1 - float64(p.Confidence))
	for _, o := range p.Objectives {
		if o.series() == series {
			fewest = max(fewest, bayes.FewestRounds(1-float64(p.confidence(o))))
		}
	}
	for _, r := range p.Rewards {
		if r.series() == series {
			fewest = max(fewest, bayes.FewestRounds(p.duelAlpha(versions)))
		}
	}
	return fewest
}

// CheckRequest returns why a load that sends a request so often to each version
// can't be judged of it; empty if it can, or if nothing is asked of it apart.
func (p Policy) CheckRequest(name string, sent float64, hasBaseline bool) string {
	objectives, _ := p.bound(hasBaseline)
	for _, o := range objectives {
		needed := fewestOfRequest * bayes.FewestRounds(1-float64(p.confidence(o)))
		if o.request == name && !o.Inform && sent < float64(needed) {
			return fmt.Sprintf("it is sent about %d times to each version, and %q needs at least %d, mostly many more: "+
				"give it a larger share, raise load.rate or load.for, or ask only of all requests together, as in overall/error-rate <= 1%%", int(sent), o.Text, needed)
		}
	}
	return ""
}

// up rounds a remedy to whole seconds, upwards.
func up(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
