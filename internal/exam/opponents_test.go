package main

import (
	"math"
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

// Each figure is R's, or follows by hand from the formula in the comment.
func TestReferenceValues(t *testing.T) {
	var a, b moments
	a.add(1, 2, 3)
	b.add(2, 4, 6)
	var u ranks
	u.add([]float64{1, 2}, []float64{3, 2})
	u.add([]float64{3}, []float64{4})
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"qt(.95, 20)", studentQuantile95(20), 1.724718},
		{"qt(.95, 239)", studentQuantile95(239), 1.651254},
		{"pnorm(1.644854)", normalBelow(1.644854), 0.95},
		{"var(c(2, 4, 6))", b.variance(), 4},
		{"Welch's t: 2 / sqrt(1/3 + 4/3)", welch(a, b), 1.549193},
		{"U of 1 2 3 and 2 3 4: 1.5 + 2.5 + 3", u.u, 7},
		{"its z: 2.5 / sqrt(9·7/12)", u.z(), 1.091089},
		{"wilcox.test(c(2.5, 3, 5, 8), c(1, 2, 4), exact = FALSE)'s z, uncorrected: (10 − 6) / sqrt(8)", shifted([]float64{1, 2, 4}, []float64{2.5, 3, 5, 8}, 0, 0), 1.414214},
		{"its z of ties, U = 7: 2.5 / sqrt(9/12·(7 − 12/30))", shifted([]float64{1, 2, 3}, []float64{2, 3, 4}, 0, 0), 1.123666},
		{"its z with continuity: 2 / sqrt(9/12·(7 − 12/30))", shifted([]float64{1, 2, 3}, []float64{2, 3, 4}, 0, 1), 0.898933},
		{"the median of the differences of 1 2 4 and 11 12 14", shiftAt([]float64{1, 2, 4}, []float64{11, 12, 14}, 0), 10},
		{"asymptotic sequence: ρ² = 0.087818, √(0.0222774 · 3.474320)", asymptotic(100, 100, 0.05), 0.278207},
		{"p95 of 1 to 20", quantile([]float64{20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 0.95), 19},
	} {
		if !(math.Abs(c.got-c.want) < 2e-4) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// The vectors of spinnaker#6278: with 7 of 10 points 100 times as high Kayenta
// passes, with 8 it fails.
func TestKayentaSeesAChangeAtTheEighthPoint(t *testing.T) {
	for slow, want := range map[int]class{0: same, 7: same, 8: high, 10: high} {
		var baseline, candidate []float64
		for i := range 10 {
			x := 1.0
			baseline = append(baseline, x)
			if i < slow {
				x *= 100
			}
			candidate = append(candidate, x)
		}
		if got := classify(baseline, candidate); got != want {
			t.Errorf("%d of 10 points ×100: class %d, want %d", slow, got, want)
		}
		if got := classify(candidate, baseline); got != -want {
			t.Errorf("%d of 10 points ×100, swapped: class %d, want %d", slow, got, -want)
		}
	}
}

// Every rule must see a doubled latency; none may fail a much quicker candidate.
func TestEveryOpponentSeesADoubledLatency(t *testing.T) {
	for _, o := range opponents {
		for factor, want := range map[float64]trial.Verdict{2: trial.Fail, 0.5: trial.Pass} {
			s := setup{world: times(lognormal(0.2), factor)}
			kind := func() referee { return o.begin(1.1 * p95Of(lognormal(0.2))).referee() }
			got := s.run(3, kind)[0]
			if got.count(want) != 3 {
				t.Errorf("%s at ×%v: %v, want 3 times %s", o.name, factor, got.decided, want)
			}
			once := strings.Contains(o.setting, "once at the end")
			if early := got.rounds < 3*budget; want == trial.Fail && early == once {
				t.Errorf("%s (%s) took %d rounds for 3 trials", o.name, o.setting, got.rounds)
			}
		}
	}
}

func TestThresholdWaitsForItsDelay(t *testing.T) {
	look := threshold(0.05)
	slow := []float64{0.1, 0.1, 0.1}
	for round := 1; round <= 40; round++ {
		want := trial.Inconclusive
		if round == 40 {
			want = trial.Fail
		}
		if got := look(nil, slow, round, false); got != want {
			t.Fatalf("round %d: %s, want %s", round, got, want)
		}
	}
}

// Two means of 1,000 requests with a range of 0.05 ms have the posterior
// N(0.05, 2 · 0.05/1001): z = 5.0, however noisy the requests are.
func TestIter8TakesTheRangeOfMeansForTheVariance(t *testing.T) {
	for shift, want := range map[float64]trial.Verdict{0.05e-3: trial.Fail, 0.005e-3: trial.Inconclusive} {
		look := iter8(0)
		var got trial.Verdict
		for round := 1; round <= 40; round++ {
			var b, c []float64
			for i := range 25 {
				x := 0.1 + 0.05*float64(i%2)
				b, c = append(b, x), append(c, x+shift)
			}
			got = look(b, c, round, false)
		}
		if got != want {
			t.Errorf("shift of %v ms: %s, want %s", 1000*shift, got, want)
		}
	}
}
