package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

func all(n int) []bool { return slices.Repeat([]bool{true}, n) }

// wide lets a policy go where it wants at once.
func wide(p TrafficPolicy) Traffic {
	t := DefaultTraffic()
	t.Policy, t.Floor, t.Step = p, 0, 100
	return t
}

func TestPoliciesLeadTrafficAsByHand(t *testing.T) {
	unknown3 := []float64{math.NaN(), math.NaN(), math.NaN()}
	best := []float64{0.2, 0.7, 0.1}
	known := outlooks{baseline: 0, running: all(3), best: best, amongTwo: []float64{0.6, 0.9, 0.5}}
	out := outlooks{baseline: 0, running: []bool{true, false, true}, best: []float64{0.8, 0, 0.2}, amongTwo: []float64{1, 0, 1}}
	nothing := outlooks{baseline: 0, running: all(3), best: unknown3, amongTwo: unknown3}
	fixed := wide(Fixed)
	fixed.Split = []int{80, 15, 5}
	capped := wide(Progressive)
	capped.Cap = 40
	floored := wide(Progressive)
	floored.Floor = 5
	for _, c := range []struct {
		name    string
		traffic Traffic
		now     []int
		outlooks
		want []int
	}{
		{"progressive: all to the best", wide(Progressive), []int{100, 0, 0}, known, []int{0, 100, 0}},
		{"in steps of 10", DefaultTraffic(), []int{80, 10, 10}, known, []int{71, 20, 9}},
		{"up to its cap", capped, []int{100, 0, 0}, known, []int{60, 40, 0}},
		{"but for the floors", floored, []int{100, 0, 0}, known, []int{5, 90, 5}},
		{"nothing known: stays", wide(Progressive), []int{70, 20, 10}, nothing, []int{70, 20, 10}},
		{"a violator gets nothing, at once", DefaultTraffic(), []int{10, 80, 10}, out, []int{95, 0, 5}},
		{"top-2: 0.6 : 0.9 : 0.5", wide(TopTwo), []int{100, 0, 0}, known, []int{30, 45, 25}},
		{"uniform: thirds, the first gets what is over", wide(Uniform), []int{100, 0, 0}, known, []int{34, 33, 33}},
		{"uniform among those in the running", wide(Uniform), []int{100, 0, 0}, out, []int{50, 0, 50}},
		{"a tenth evenly, the rest to the best", wide(EpsilonGreedy), []int{100, 0, 0}, known, []int{4, 93, 3}},
		{"fixed, whatever is known", fixed, []int{100, 0, 0}, known, []int{80, 15, 5}},
		{"fixed, but for a violator", fixed, []int{80, 15, 5}, out, []int{94, 0, 6}},
		{"Thompson: the chances themselves", wide(Thompson), []int{100, 0, 0}, known, []int{20, 70, 10}},
		{"all candidates violate", wide(Thompson), []int{20, 70, 10}, outlooks{baseline: 0, running: []bool{true, false, false}, best: []float64{1, 0, 0}, amongTwo: []float64{1, 0, 0}}, []int{100, 0, 0}},
		{"no baseline to fall back on", wide(Thompson), []int{50, 50}, outlooks{baseline: -1, running: []bool{false, false}}, []int{50, 50}},
		{"no baseline, one violates", wide(Progressive), []int{50, 50}, outlooks{baseline: -1, running: []bool{true, false}, best: []float64{1, 0}}, []int{100, 0}},
	} {
		if got := c.traffic.next(c.now, c.outlooks); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWeightsKeepTheirBounds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		n := 2 + random.IntN(5)
		o := outlooks{baseline: random.IntN(2) - 1, running: make([]bool, n), best: make([]float64, n), amongTwo: make([]float64, n)}
		for v := range n {
			o.running[v] = v == o.baseline || random.Float64() < 0.8
			o.best[v], o.amongTwo[v] = random.Float64(), random.Float64()
		}
		tr := Traffic{
			Policy: TrafficPolicy(random.IntN(6)), Explore: Percent(random.Float64()),
			Floor: random.IntN(12), Cap: 20 + random.IntN(80), Step: 1 + random.IntN(40),
		}
		now := wholePercents(shared(all(n), func(int) float64 { return random.Float64() }))
		tr.Split = now
		got := tr.next(now, o)
		if total := sum(floats(got)); total != 100 {
			t.Fatalf("%v sums to %v", got, total)
		}
		for v, w := range got {
			switch {
			case w < 0 || w > 100:
				t.Fatalf("%v", got)
			case !o.running[v] && w != 0 && slices.Contains(o.running, true):
				t.Fatalf("%+v: a violator keeps %d %%: %v from %v", tr, w, got, now)
			case v != o.baseline && tr.Policy != Fixed && w-now[v] > tr.Step && (o.baseline >= 0 || !slices.Contains(o.running, false)):
				t.Fatalf("%+v: a step of %d: %v from %v", tr, w-now[v], got, now)
			}
		}
		if again := tr.next(now, o); !slices.Equal(again, got) {
			t.Fatalf("%v, and again %v", got, again)
		}
	}
}

func floats(of []int) []float64 {
	var out []float64
	for _, w := range of {
		out = append(out, float64(w))
	}
	return out
}

func TestFloorAndCapAreReachedAndKept(t *testing.T) {
	tr := DefaultTraffic()
	tr.Cap = 60
	o := outlooks{baseline: 0, running: all(3), best: []float64{0, 1, 0}, amongTwo: []float64{1, 1, 0}}
	now := []int{100, 0, 0}
	for range 12 {
		now = tr.next(now, o)
	}
	if want := []int{35, 60, 5}; !slices.Equal(now, want) {
		t.Errorf("%v, want %v", now, want)
	}
}

func TestLargestRemainders(t *testing.T) {
	for _, c := range []struct {
		shares []float64
		want   []int
	}{
		{[]float64{33.4, 33.3, 33.3}, []int{34, 33, 33}},
		{[]float64{100. / 3, 100. / 3, 100. / 3}, []int{34, 33, 33}},
		{[]float64{0.5, 99.5}, []int{1, 99}},
		{[]float64{14.2, 14.9, 70.9}, []int{14, 15, 71}},
		{[]float64{34.9999999999, 65.0000000001}, []int{35, 65}},
	} {
		if got := wholePercents(c.shares); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.shares, got, c.want)
		}
	}
}

func TestTrafficLeavesAViolatorAndReachesABetterVersion(t *testing.T) {
	good := contestOf(t, both, nil, "minimize latency-mean")
	bad := judgeOf(t, both, nil, "error-rate <= 1%")
	now, then := []int{95, 5}, []int{50, 50}
	play(good, rounds(speeds([]float64{1, 0.8}, nil), 1, 2, 60))
	play(bad, rounds(speeds([]float64{1, 1}, []float64{0, 0.2}), 1, 2, 60))
	for range 10 {
		now = good.Weights(DefaultTraffic(), now)
	}
	if want := []int{5, 95}; !slices.Equal(now, want) {
		t.Errorf("a better version came to %v, want %v", now, want)
	}
	if got, want := bad.Weights(DefaultTraffic(), then), []int{100, 0}; !slices.Equal(got, want) {
		t.Errorf("a version that fails one request in five came to %v, want %v", got, want)
	}
}

func TestTrafficStaysWhileNothingIsKnown(t *testing.T) {
	j := judgeOf(t, both, nil, "latency-p95 <= 110% of baseline")
	if got, want := j.Weights(wide(Progressive), []int{100, 0}), []int{100, 0}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// split gives each version its percentage of 50 requests a round, drawn at random.
func split(weights []int, actual []float64, seed uint64, count int) []trial.Round {
	random := rand.New(rand.NewPCG(seed, 9))
	var out []trial.Round
	for i := range count {
		r := trial.Round{Index: i, Complete: true, Weights: weights}
		r.Start, r.End = roundLength*time.Duration(i), roundLength*time.Duration(i+1)
		for range 50 {
			q := trial.Request{Status: trial.Answered(200, true), Latency: uint32(500_000 + random.IntN(50_000))}
			if random.Float64() >= actual[0] {
				q.Version = 1
			}
			r.Requests = append(r.Requests, q)
		}
		r.Generator.Planned = len(r.Requests)
		out = append(out, r)
	}
	return out
}

func TestRelieveTakesAllFromViolatorsAlone(t *testing.T) {
	j := judgeOf(t, both, nil, "error-rate <= 1%")
	if weights, why := j.Relieve([]int{60, 40}); why != "" {
		t.Errorf("before the first round: %v, %s", weights, why)
	}
	play(j, rounds(only(failing(0.5)), 1, 2, 60))
	weights, why := j.Relieve([]int{60, 40})
	if !slices.Equal(weights, []int{100, 0}) || why != "candidate violated error-rate <= 1%" {
		t.Errorf("%v, %q", weights, why)
	}
	if weights, why := j.Relieve([]int{100, 0}); why != "" {
		t.Errorf("there is nothing more to take: %v, %s", weights, why)
	}
}
