package slo

import (
	"fmt"
	"time"

	"github.com/seatrial/seatrial/slo/bayes"
)

// Check returns why a load of this many judged rounds of this length can't be
// judged as the policy asks for so many versions, each with its remedy; nothing
// if it can.
func (p Policy) Check(rounds int, length time.Duration, versions int) []string {
	var mistakes []string
	budget := time.Duration(rounds) * length
	fewest := bayes.FewestRounds(1 - float64(p.Confidence))
	for _, o := range p.Objectives {
		fewest = max(fewest, bayes.FewestRounds(1-float64(p.confidence(o))))
	}
	if len(p.Rewards) > 0 {
		fewest = max(fewest, bayes.FewestRounds(p.duelAlpha(versions)))
	}
	if rounds < fewest {
		return append(mistakes, fmt.Sprintf("%s of load is %s of %s; the judge needs at least %d: use for: %s or longer",
			budget, counted(rounds, "round"), length, fewest, up(time.Duration(fewest)*length)))
	}
	seconds, least := p.atLeast()
	needed := max(time.Duration(seconds*float64(time.Second)), time.Duration(least)*length)
	if needed > budget {
		mistakes = append(mistakes, fmt.Sprintf(
			"%s of load can never pass: a pass needs %s and %s of %s; use for: %s or longer, a higher rate, or at-least: %s",
			budget, time.Duration(seconds*float64(time.Second)), counted(least, "round"), length, up(needed), budget))
	}
	return mistakes
}

// up rounds a remedy to whole seconds, upwards.
func up(d time.Duration) time.Duration {
	return (d + time.Second - 1).Truncate(time.Second)
}
