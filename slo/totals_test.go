package slo

import (
	"math"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestTotalsAreOfTheJudgedRoundsAlone(t *testing.T) {
	j := judgeOf(t, both, nil, "latency-p99 <= 1s")
	all := rounds(failing(0.3), 1, 2, 20)
	all[0].Warmup = true
	play(j, all)
	c := j.Conclude(true)
	if len(c.Totals) != 2 {
		t.Fatalf("%d totals, want one for each version", len(c.Totals))
	}
	requests, failed, seconds := 0, 0, 0.0
	for _, r := range all[1 : 1+c.Rounds] {
		seconds += (r.End - r.Start).Seconds()
		for _, q := range r.Requests {
			if q.Version == 1 {
				requests++
				if !q.Status.OK() {
					failed++
				}
			}
		}
	}
	got := c.Totals[1]
	if got.Version != "candidate" || got.Requests != requests || got.Failed != failed || failed == 0 {
		t.Errorf("%d requests, %d failed of %s; want %d, %d", got.Requests, got.Failed, got.Version, requests, failed)
	}
	if want := float64(requests-failed) / seconds; math.Abs(got.Rate.Value-want) > 1e-9 || got.Rate.Unit != trial.PerSecond {
		t.Errorf("%s, want %g/s", got.Rate, want)
	}
	if got.P95.Known() {
		t.Errorf("30 %% of the requests failed, and the p95 is %s", got.P95)
	}
	if b := c.Totals[0]; !(b.P50.Value < b.P90.Value && b.P90.Value < b.P95.Value && b.P95.Value < b.P99.Value) {
		t.Errorf("p50 %s, p90 %s, p95 %s, p99 %s", b.P50, b.P90, b.P95, b.P99)
	}
	if !got.P50.Known() || got.P50.Value < 0.03 || got.P50.Value > 0.08 {
		t.Errorf("p50 %s", got.P50)
	}
}

func TestNothingJudgedHasNoTotals(t *testing.T) {
	if totals := judgeOf(t, both, nil, "latency-p99 <= 1s").Conclude(false).Totals; totals != nil {
		t.Errorf("%v", totals)
	}
}

func TestFindingsKnowTheirLimit(t *testing.T) {
	for objective, want := range map[string]func(baseline float64) float64{
		"latency-p99 <= 300ms":             func(float64) float64 { return 0.3 },
		"throughput >= 12/s":               func(float64) float64 { return 12 },
		"latency-p95 <= 150% of baseline":  func(b float64) float64 { return 1.5 * b },
		"latency-mean <= baseline + 5ms":   func(b float64) float64 { return b + 0.005 },
		"error-rate <= baseline + 2%":      func(b float64) float64 { return b + 0.02 },
		"latency-p95 <= 101% of baseline":  func(b float64) float64 { return b + 0.001 }, // the floor
		"throughput >= 80% of baseline":    func(b float64) float64 { return 0.8 * b },
		"latency-min <= 90% of baseline":   func(b float64) float64 { return 0.9 * b },
		"error-rate <= 150% of baseline":   func(b float64) float64 { return 1.5 * b },
		"latency-stddev <= baseline + 1ms": func(b float64) float64 { return b + 0.001 },
	} {
		j := judgeOf(t, both, nil, objective)
		play(j, rounds(same, 1, 2, 20))
		f := j.Conclude(true).Findings[0]
		if w := want(f.Baseline.Value); math.Abs(f.Limit.Value-w) > 1e-12 && !(math.IsNaN(w) && math.IsNaN(f.Limit.Value)) {
			t.Errorf("%s: limit %v, want %v", f.Objective, f.Limit.Value, w)
		}
		if f.Limit.Unit != f.Candidate.Unit {
			t.Errorf("%s: the limit's unit is %d, the value's %d", objective, f.Limit.Unit, f.Candidate.Unit)
		}
	}
}
