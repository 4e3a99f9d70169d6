package slo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Pattern is what is compared in a trial, and so what a pass means.
type Pattern int

const (
	// Auto is the pattern that fits what was asked for: the zero value.
	Auto Pattern = iota
	// Conformance holds each version to limits of its own: every one must pass.
	Conformance
	// Canary holds candidates to limits and to the baseline: every one must pass.
	Canary
	// AB lets a candidate and the baseline compete for one reward.
	AB
	// ABN lets any number of versions compete for one reward.
	ABN
	// Hybrid is AB or ABN among the versions that meet the objectives.
	Hybrid
	// Pareto lets versions compete for several rewards.
	Pareto
)

var patternNames = []string{"auto", "conformance", "canary", "ab", "abn", "hybrid", "pareto"}

func (p Pattern) String() string { return patternNames[p] }

// MarshalText writes the pattern as a word.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Pattern) UnmarshalText(text []byte) error {
	i := slices.Index(patternNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a pattern (known: %s)%s", text, strings.Join(patternNames, ", "), trial.DidYouMean(string(text), patternNames))
	}
	*p = Pattern(i)
	return nil
}

// PatternNames are the words for all patterns.
func PatternNames() []string { return slices.Clone(patternNames) }

// picks reports whether one version wins, instead of every candidate passing.
func (p Pattern) picks() bool { return p >= AB }

// pattern is what the policy comes to for these versions.
func (p Policy) pattern(candidates int, hasBaseline bool) Pattern {
	switch {
	case p.Pattern != Auto:
		return p.Pattern
	case len(p.Rewards) > 1:
		return Pareto
	case len(p.Rewards) == 1 && len(p.Objectives) > 0:
		return Hybrid
	case len(p.Rewards) == 1 && hasBaseline && candidates == 1:
		return AB
	case len(p.Rewards) == 1:
		return ABN
	case hasBaseline:
		return Canary
	}
	return Conformance
}

// CheckPattern returns why these versions can't be judged by the pattern, each
// with its remedy; nothing if they can.
func (p Policy) CheckPattern(candidates int, hasBaseline bool) []string {
	pattern := p.pattern(candidates, hasBaseline)
	versions := candidates
	if hasBaseline {
		versions++
	}
	var out []string
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			out = append(out, pattern.String()+" "+fmt.Sprintf(format, args...))
		}
	}
	refuse(!pattern.picks() && len(p.Rewards) > 0, "knows no rewards: leave them out, or use ab, abn, hybrid or pareto")
	refuse(pattern == Canary && !hasBaseline, "compares with a baseline: give one, or use conformance")
	relative := slices.IndexFunc(p.Objectives, Objective.Relative)
	refuse(pattern == Conformance && hasBaseline && relative >= 0, "compares with no baseline: give a limit of its own instead of %q, or use canary", textAt(p.Objectives, relative))
	refuse(pattern == AB && (!hasBaseline || candidates != 1), "compares one candidate with a baseline: give both, or use abn")
	refuse(pattern.picks() && versions < 2, "picks among versions: give a baseline or another candidate")
	refuse(pattern == Pareto && len(p.Rewards) < 2, "weighs rewards against each other: give two or more, as in minimize latency-mean, maximize throughput")
	refuse(pattern.picks() && pattern != Pareto && len(p.Rewards) != 1, "picks by one reward, not %d: give one, as in minimize latency-mean, or use pareto", len(p.Rewards))
	byLoad := slices.IndexFunc(p.Objectives, func(o Objective) bool { return o.series() == trial.LoadSeries })
	refuse(p.NoLoad && byLoad >= 0, "sends nothing, and %q is measured by load: leave it out, or give load", textAt(p.Objectives, byLoad))
	ofLoad := func(r Reward) bool { return r.series() == trial.LoadSeries }
	refuse(p.NoLoad && slices.ContainsFunc(p.Rewards, ofLoad), "sends nothing, and a reward is measured by load: choose another, or give load")
	refuse(p.NoLoad && len(p.Objectives)+len(p.Rewards) == 0, "sends nothing and asks nothing: without load no objective is implied, so give one")
	refuse(len(seriesOf(p.Rewards)) > 1, "weighs rewards against each other, and these are measured in rounds of different series (%s): choose rewards of one", strings.Join(seriesOf(p.Rewards), ", "))
	refuse(pattern == Hybrid && len(p.Objectives) == 0, "is objectives and a reward: give an objective, or use abn")
	return out
}

// seriesOf are the series of some rewards, each once.
func seriesOf(rewards []Reward) []string {
	var out []string
	for _, r := range rewards {
		name := r.series()
		if r.request != "" {
			name += " of " + r.request
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func textAt(objectives []Objective, i int) string {
	if i < 0 {
		return ""
	}
	return objectives[i].Text
}
