package slo

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatrial/seatrial/trial"
)

func TestSampleRatioMismatchVoidsWhatComparesVersions(t *testing.T) {
	j := judgeOf(t, both, nil, "latency-p95 <= 110% of baseline", "latency-p99 <= 1s")
	got := play(j, split([]int{50, 50}, []float64{0.6, 0.4}, 1, 200))
	c := j.Conclude(true)
	if got.Verdict != trial.Inconclusive || !strings.Contains(c.Reason, "baseline got 6") || !strings.Contains(c.Reason, "sample ratio mismatch") {
		t.Errorf("%s: %q", got.Verdict, c.Reason)
	}
	for _, f := range c.Findings {
		relative := strings.Contains(f.Objective, "baseline")
		if relative != (f.Verdict == trial.Inconclusive) {
			t.Errorf("%s: %s", f.Objective, f.Verdict)
		}
	}
}

func TestMismatchVoidsAContest(t *testing.T) {
	j := contestOf(t, both, nil, "minimize latency-mean")
	play(j, split([]int{50, 50}, []float64{0.6, 0.4}, 1, 200))
	if c := j.Conclude(true); c.Verdict != trial.Inconclusive || !strings.Contains(c.Reason, "sample ratio mismatch") {
		t.Errorf("%s: %q", c.Verdict, c.Reason)
	}
}

func TestTrafficAsAssignedIsNoMismatch(t *testing.T) {
	for name, c := range map[string]struct {
		weights []int
		actual  []float64
	}{
		"as assigned":         {[]int{90, 10}, []float64{0.9, 0.1}},
		"off by what matters": {[]int{50, 50}, []float64{0.52, 0.48}},
		"none assigned":       {nil, []float64{0.9, 0.1}},
	} {
		for seed := range uint64(20) {
			j := judgeOf(t, both, nil, "latency-p99 <= 1s")
			play(j, split(c.weights, c.actual, seed, 200))
			if j.voided != "" {
				t.Errorf("%s, seed %d: %s", name, seed, j.voided)
			}
		}
	}
}

// Requests that still go the old way after weights moved are no mismatch.
func TestMovingWeightsHaveTimeToSettle(t *testing.T) {
	j := judgeOf(t, both, nil, "latency-p99 <= 1s")
	before, after := split([]int{90, 10}, []float64{0.9, 0.1}, 1, 40), split([]int{50, 50}, []float64{0.5, 0.5}, 2, 60)
	for i := range after {
		if i < 8 {
			after[i].Requests = before[i].Requests
		}
		after[i].Start, after[i].End = after[i].Start+10*time.Second, after[i].End+10*time.Second
	}
	play(j, append(before, after...))
	if j.voided != "" {
		t.Error(j.voided)
	}
}

// While errors become fewer, requests move to the candidate: pooled, it looks
// three times better than a baseline that it equals.
func moving(random *rand.Rand, ratio float64, count int) []trial.Round {
	var out []trial.Round
	for i := range count {
		early := i < count/2
		weights, level := []int{90, 10}, 0.02
		if !early {
			weights, level = []int{50, 50}, 0.001
		}
		r := trial.Round{Index: i, Complete: true, Start: roundLength * time.Duration(i), End: roundLength * time.Duration(i+1), Weights: weights}
		for k := range 200 {
			q := trial.Request{Status: trial.Answered(200, true), Latency: 500_000}
			chance := level
			if k%100 >= weights[0] {
				q.Version, chance = 1, level*ratio
			}
			if random.Float64() < chance {
				q.Status = trial.Answered(500, false)
			}
			r.Requests = append(r.Requests, q)
		}
		r.Generator.Planned = len(r.Requests)
		out = append(out, r)
	}
	return out
}

func TestErrorsThatBecomeFewerWhileTrafficMovesArePaired(t *testing.T) {
	const trials, most = 60, 8 // P(more than 8 of 60 | 5 %) < 0.2 %
	wrong := 0
	var ratios float64
	for seed := range uint64(trials) {
		o := implied("error-rate <= 150% of baseline")
		s := newStatistic(o, pair{candidate: 1, baseline: 0}).(*shareRatio)
		epoch := 0
		for i, r := range moving(rand.New(rand.NewPCG(seed, 3)), 2, 240) {
			if i == 120 {
				epoch++
			}
			s.add(judgedRound{view: newViews(r, 2, 0, nil).all, start: r.Start.Seconds(), epoch: epoch})
			if _, below := s.against(1.5, 1); below >= math.Log(20) {
				wrong++
				break
			}
		}
		ratios += s.estimate() / trials
	}
	if wrong > most {
		t.Errorf("%d of %d trials passed a candidate with twice the errors", wrong, trials)
	}
	if math.Abs(ratios-2) > 0.2 {
		t.Errorf("the ratio is estimated at %v, and is 2", ratios)
	}
}

// What the load generator asks is not shared by the split of live traffic.
func TestLoadIsNotSharedByLiveTraffic(t *testing.T) {
	asked := func(weights []int) []trial.Round {
		out := rounds(same, 7, 2, 200)
		for i := range out {
			out[i].Series, out[i].Weights = trial.LoadSeries, weights
			if weights != nil && i > 100 {
				out[i].Weights = []int{80, 20}
			}
		}
		return out
	}
	with, without := judgeOf(t, both, nil, "error-rate <= 150% of baseline", "throughput >= 50% of baseline"), judgeOf(t, both, nil, "error-rate <= 150% of baseline", "throughput >= 50% of baseline")
	play(with, asked([]int{90, 10}))
	play(without, asked(nil))
	if diff := cmp.Diff(without.Conclude(true), with.Conclude(true), cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestPartsOfSharedRequests(t *testing.T) {
	j := judgeOf(t, both, nil, "latency-p99 <= 1s")
	play(j, split([]int{80, 20}, []float64{0.75, 0.25}, 1, 60))
	parts := j.Conclude(true).Parts
	if len(parts) != 2 || parts[1].Version != "candidate" || math.Abs(parts[1].Assigned.Value-0.2) > 1e-9 || math.Abs(parts[1].Got.Value-0.25) > 0.02 {
		t.Errorf("%+v", parts)
	}
}
