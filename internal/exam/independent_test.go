package main

import (
	"slices"
	"testing"
	"time"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// The design's test draws its first threshold after 2 s, and then decides as soon as
// the Bayes factor can: here each round says the same.
func TestTheDesignsTestNeedsAThresholdAndSevenRounds(t *testing.T) {
	for _, c := range []struct {
		slower time.Duration
		want   trial.Verdict
	}{{20 * time.Millisecond, trial.Fail}, {0, trial.Pass}} {
		look := independentAt(0.5)()
		for round := 1; ; round++ {
			var r trial.Round
			for v := range 2 {
				for i := range 5 {
					took := time.Duration(100+i)*time.Millisecond + time.Duration(v)*c.slower
					r.Requests = append(r.Requests, trial.Request{Version: uint8(v), Status: trial.Answered(200, true), Latency: trial.Ticks(took)})
				}
			}
			got := look(r, false)
			if round < renewed+bayes.FewestRounds(alpha) {
				if got != trial.Inconclusive {
					t.Fatalf("%s in round %d", got, round)
				}
				continue
			}
			if got != c.want {
				t.Errorf("slower by %s: %s, want %s", c.slower, got, c.want)
			}
			break
		}
	}
}

func TestMergedListsAscend(t *testing.T) {
	if got := merged([]float64{1, 3, 5}, []float64{0, 3, 4, 9, 10}); !slices.Equal(got, []float64{0, 1, 3, 3, 4, 5, 9, 10}) {
		t.Errorf("got %v", got)
	}
}
