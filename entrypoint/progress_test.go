package main

import (
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
