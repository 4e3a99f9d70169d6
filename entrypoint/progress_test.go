package main

import (
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestProgressShowsThePresentSplit(t *testing.T) {
	look := trial.Look{Rounds: 23, Seconds: 5.75, Requests: 1150}
	for want, r := range map[string]trial.Round{
		"● round 23  5.8 s  1150 requests  0 late":                          {},
		"● round 23  5.8 s  1150 requests  0 late  traffic 80/20":           {Weights: []int{80, 20}},
		"● round 23  5.8 s  1150 requests  0 late  traffic 80/20, settling": {Weights: []int{80, 20}, Settling: true},
	} {
		if got := (&progress{}).headOf(r, look); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestProgressShowsTheLeadingFew(t *testing.T) {
	look := func(n int) trial.Look {
		var all []trial.Standing
		for i := range n {
			s := trial.Standing{Objective: string(rune('a'+i)) + "/latency-p95 <= 300ms", Verdict: trial.Pass, Decided: 7}
			switch i {
			case 5:
				s.Verdict = trial.Fail
			case 7:
				s.Verdict, s.Leaning, s.Progress = trial.Inconclusive, trial.Fail, 0.9
			case 8:
				s.Verdict, s.Leaning, s.Progress = trial.Inconclusive, trial.Pass, 0.1
			case 9:
				s.Verdict, s.Leaning, s.Progress = trial.Inconclusive, trial.Pass, 0.7
			case 10:
				s.Verdict, s.Leaning, s.Progress = trial.Inconclusive, trial.Pass, 0.9
			}
			all = append(all, s)
		}
		return trial.Look{Standings: func() []trial.Standing { return all }, Lead: func() *trial.Lead { return nil }}
	}
	lines := (&progress{}).standings(look(12), fewStandings, "%s %s: %s")
	var names []string
	for _, line := range lines {
		name, _, _ := strings.Cut(line, "/")
		names = append(names, name)
	}
	if got := strings.Join(names, ","); got != "f,h,i,and 9 more: 2 open, 7 pass" {
		t.Error(got)
	}
	if got := (&progress{}).standings(look(3), fewStandings, "%s %s: %s"); len(got) != 3 || strings.Contains(got[2], "more") {
		t.Error(got)
	}
	long := trial.Standing{Objective: strings.Repeat("long-", 12) + "name/latency-p95 <= 110% of baseline", Verdict: trial.Pass}
	look1 := trial.Look{Standings: func() []trial.Standing { return []trial.Standing{long} }, Lead: func() *trial.Lead { return nil }}
	if got := (&progress{}).standings(look1, 4, "%s %s: %s")[0]; !strings.HasPrefix(got, "long-") || !strings.Contains(got, "…/latency-p95 <= 110% of baseline") {
		t.Error(got)
	}
}
