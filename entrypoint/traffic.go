package main

import (
	"fmt"
	"strings"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// traffic is the live traffic that the trial moves; nil where it moves none.
func (a *attempt) traffic() (*runner.Traffic, error) {
	t := a.file.Traffic
	if !t.Wanted() {
		return nil, nil
	}
	out := &runner.Traffic{
		Opening: a.file.Opening(), Reliever: a.judge, Ender: a,
		Every: t.Every, Settle: t.Settle, Dry: t.DryRun, Clock: a.now,
		Since: a.since(),
	}
	if t.Strategy == config.Progressive {
		out.Steerer = steerer{a.judge, t.Steering()}
	}
	route, err := a.openRoute(a.process, a.file, a.cluster)
	out.Route = route
	return out, err
}

// steerer is the judge with the policy that it makes weights by.
type steerer struct {
	judge  *slo.Judge
	policy slo.Traffic
}

func (s steerer) Weights(now []int) []int { return s.judge.Weights(s.policy, now) }

// Ending says how the route is left: a pass may move traffic for good, and
// nothing else does.
func (a *attempt) Ending(out runner.Outcome, now []int) (weights []int, left string) {
	r := a.report(out)
	if r.Status != trial.Judged || r.Verdict != trial.Pass {
		return nil, "as it was before the trial"
	}
	switch a.file.Traffic.LeftTo() {
	case config.ToWinner:
		if weights := a.allTo(r.Choice.Recommended); weights != nil {
			return weights, "all traffic goes to " + r.Choice.Recommended
		}
	case config.Keep:
		return now, "the last split stays"
	}
	return nil, "as it was before the trial"
}

// allTo is the split that gives everything to one version; nil where there is
// no version of that name.
func (a *attempt) allTo(name string) []int {
	for i, v := range a.versions {
		if v.Name == name {
			weights := make([]int, len(a.versions))
			weights[i] = 100
			return weights
		}
	}
	return nil
}

// told is what the report says of live traffic.
func (a *attempt) told(out runner.Outcome, parts []trial.Part) *trial.Traffic {
	if out.Traffic == nil {
		return nil
	}
	t := *out.Traffic
	t.Route, t.Strategy, t.Parts = a.file.Traffic.Name(), a.file.Traffic.Strategy.String(), parts
	t.Matching = len(a.file.Traffic.Match) > 0
	switch {
	case t.Dry:
		t.Left = "nothing was changed (dry-run)"
	case out.Unleft != nil:
		t.Left = "not as it should be"
		t.Remedy = remedyOf(t, out.Unleft, a.versions)
	}
	return &t
}

// remedyOf says what a person must do about a route that was not left.
func remedyOf(t trial.Traffic, err error, versions []trial.Version) string {
	text := "See that " + t.Route + " is as you want it: " + strings.TrimRight(err.Error(), ".") + "."
	if len(t.Course) > 0 {
		text += " The trial gave it " + split(t.Course[len(t.Course)-1].Weights, versions) + " last."
	}
	if t.Before != nil {
		text += " Before the trial it had " + split(t.Before, versions) + "."
	}
	return text
}

// split is weights in words: "baseline 90 %, candidate 10 %".
func split(weights []int, versions []trial.Version) string {
	var parts []string
	for i, w := range weights {
		parts = append(parts, fmt.Sprintf("%s %d %%", versions[i].Name, w))
	}
	return strings.Join(parts, ", ")
}
