package main

import (
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// windowsOf are windows of metrics of every kind, some of them missing.
func windowsOf(count int) []trial.Round {
	random := rand.New(rand.NewPCG(7, 7))
	var out []trial.Round
	for i := range count {
		r := trial.Round{
			Series: trial.MetricsSeries, Index: i, Complete: true, Weights: []int{90, 10},
			Start: time.Duration(i) * 15 * time.Second, End: time.Duration(i+1) * 15 * time.Second,
		}
		for v := range 2 {
			requests, total, value, sum := float64(900-800*v), 10*random.Float64(), 0.5+random.Float64()/10, random.Float64()
			r.Samples = append(r.Samples,
				trial.Sample{Version: v, Metric: "errors", Counts: &trial.Counts{Hits: float64(random.IntN(10)), Trials: requests}, Reset: i == 3},
				trial.Sample{Version: v, Metric: "times", Histogram: &trial.Histogram{Bounds: []float64{0.1, 1. / 3}, Counts: []float64{90 * random.Float64(), 9, 1}, Sum: &sum}},
				trial.Sample{Version: v, Metric: "queue", Moments: &trial.Moments{N: 3, Sum: 9 * value, SumSquares: 40}},
				trial.Sample{Version: v, Metric: "sales", Total: &total},
			)
			if i%7 == v {
				r.Samples = append(r.Samples, trial.Missed(v, "cpu", "HTTP 500"))
			} else {
				r.Samples = append(r.Samples, trial.Sample{Version: v, Metric: "cpu", Value: &value})
			}
		}
		out = append(out, r)
	}
	return out
}

// Samples of others' numbers give the same findings, to the byte, once they were
// stored and read back.
func TestStoredWindowsAreJudgedToTheSameBytes(t *testing.T) {
	versions := []trial.Version{{Name: "baseline", Role: trial.Baseline}, {Name: "candidate"}}
	policy := slo.DefaultPolicy()
	policy.NoLoad = true
	policy.Metrics = []slo.Metric{
		{Name: "errors", Kind: trial.CountsKind, Traffic: true}, {Name: "times", Kind: trial.HistogramKind, Unit: slo.Unit(trial.Seconds)},
		{Name: "queue", Kind: trial.MomentsKind}, {Name: "sales", Kind: trial.TotalKind, Per: slo.PerRequest}, {Name: "cpu", Kind: trial.ValueKind},
	}
	for _, text := range []string{
		"errors <= 300% of baseline", "errors <= baseline + 5%", "times-p95 <= 300ms", "times-p50 <= 200% of baseline", "times-mean <= 1s",
		"queue <= 3", "sales >= 1% of baseline", "cpu <= 110% of baseline", "cpu <= 0.7",
	} {
		var o slo.Objective
		if err := o.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		policy.Objectives = append(policy.Objectives, o)
	}
	concluded := func(rounds []trial.Round) string {
		judge := slo.New(policy, versions)
		for _, r := range rounds {
			judge.Look(r)
		}
		c := judge.Conclude(true)
		text, err := json.Marshal([]any{c.Reason, c.Verdict, c.Findings, c.Windows, c.Courses, c.Choice})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	rounds := windowsOf(60)
	dir := filepath.Join(t.TempDir(), "report")
	store, err := evidence.Create(dir, evidence.Header{Versions: versions}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rounds {
		if err := store.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	stored, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(concluded(rounds), concluded(stored.Rounds)); diff != "" {
		t.Error(diff)
	}
}
