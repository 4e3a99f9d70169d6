package slo

import (
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// uneven gives the baseline nine of ten requests: 450 a round, the slowest of
// which are the given number in a hundred and twice as slow as all others.
func uneven(slowest, count int) []trial.Round {
	var out []trial.Round
	for i := range count {
		r := trial.Round{Index: i, Complete: true, Start: time.Duration(i) * roundLength, End: time.Duration(i+1) * roundLength}
		for k := range 500 {
			q := trial.Request{Status: trial.Answered(200, true), Latency: trial.Ticks(50 * time.Millisecond)}
			switch {
			case k >= 450:
				q.Version = 1
			case k%100 < slowest+i%2:
				q.Latency *= 2
			}
			r.Requests = append(r.Requests, q)
		}
		r.Generator = trial.Generator{Planned: len(r.Requests)}
		out = append(out, r)
	}
	return out
}

// A candidate with 50 requests a round has no request beyond the baseline's p99 in
// most of them, however it is: ten were to be expected after 20.
func TestNoPassBeforeTheTailWasAskedFor(t *testing.T) {
	for objective, want := range map[string]int{"latency-p99 <= 110% of baseline": 21, "latency-p95 <= 110% of baseline": 8} {
		slowest := 1
		if want == 8 {
			slowest = 5
		}
		j := judgeOf(t, both, func(p *Policy) { p.AtLeast, p.OnlyAsked = 2*time.Second, true }, objective)
		got := play(j, uneven(slowest, 40))
		if got.Verdict != trial.Pass || j.load.rounds != want {
			t.Errorf("%s: %v after %d rounds, want a pass after %d", objective, got.Verdict, j.load.rounds, want)
		}
	}
}
