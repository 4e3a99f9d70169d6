package main

import (
	"math"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestForecastsFarOffAreInBold(t *testing.T) {
	for _, c := range []struct {
		forecast, played float64
		want             string
	}{
		{40, 40, "10.0 / 10.0, ×1.00"},
		{20, 40, "5.0 / 10.0, **×0.50**"},
		{60, 40, "15.0 / 10.0, **×1.50**"},
		{300, 300, "75.0 / 75.0, ×1.00"},
		{500, math.Inf(1), "> 120 / > 120"},
		{40, math.Inf(1), "**10.0 / > 120**"},
	} {
		if got := compared(c.forecast, c.played); got != c.want {
			t.Errorf("%g against %g: %s, want %s", c.forecast, c.played, got, c.want)
		}
	}
}

// A trial without the verdict took longer than any.
func TestMedianOfAllCountsTheUndecided(t *testing.T) {
	var all tally
	for i, v := range []trial.Verdict{trial.Pass, trial.Pass, trial.Inconclusive, trial.Pass, trial.Fail} {
		all.add(outcome{verdict: v, rounds: 10 * (i + 1)})
	}
	if got := medianOfAll(all, trial.Pass); got != 40 {
		t.Errorf("%g, want 40", got)
	}
	if got := medianOfAll(all, trial.Fail); !math.IsInf(got, 1) {
		t.Errorf("%g, want infinite", got)
	}
}
