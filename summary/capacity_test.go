package summary

import (
	"math"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func searched() trial.Capacity {
	level := func(rate float64, v trial.Verdict, s float64, p50, p99 float64, failed int) trial.Level {
		return trial.Level{Rate: rate, Verdict: v, Status: trial.Judged, Seconds: s, Reason: "p95 latency is 214 ms, 100 ms allowed",
			Totals: trial.Totals{Version: "candidate", Requests: 1000, Failed: failed, P50: of(trial.Seconds, p50), P99: of(trial.Seconds, p99)}}
	}
	return trial.Capacity{
		Confidence: 0.95, Holds: of(trial.PerSecond, 180), Violated: of(trial.PerSecond, 216), Want: of(trial.PerSecond, 200),
		Levels: []trial.Level{
			level(50, trial.Pass, 10, 0.006, 0.012, 0), level(800, trial.Fail, 1.75, 0.9, 2, 640),
			level(180, trial.Pass, 10, 0.021, 0.08, 0), level(216, trial.Fail, 4.25, 0.19, 0.31, 0),
			{Rate: 200, Status: trial.Broken, Reason: "could not measure\x1b[31m"},
		},
	}
}

func TestCapacityLooksLikeItsGolden(t *testing.T) {
	golden(t, "capacity.txt", Capacity(searched(), Style{Width: 100}))
}

func TestCapacityInAFewWords(t *testing.T) {
	for want, c := range map[string]trial.Capacity{
		"between 180/s and 216/s": searched(),
		"below 50/s":              {Violated: of(trial.PerSecond, 50)},
		"800/s or more":           {Holds: of(trial.PerSecond, 800), Violated: of(trial.PerSecond, math.Inf(1))},
		"not known: nothing was shown at any rate": {Violated: of(trial.PerSecond, math.Inf(1))},
	} {
		if got := between(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
