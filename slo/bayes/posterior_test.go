package bayes

import (
	"math"
	"testing"
)

func TestPosteriorsOfNothingAreNaN(t *testing.T) {
	nan := math.NaN()
	values := map[string]float64{
		"one round":            StudentWithin(Contrast{N: 1, Mean: 1}),
		"NaN mean":             StudentWithin(Contrast{N: 9, Mean: nan, Centered: 1}),
		"more hits than one":   BetaWithin(2, 1, 0.5),
		"NaN trials":           BetaWithin(1, nan, 0.5),
		"NaN limit":            BetaWithin(1, 3, nan),
		"NaN difference":       DifferenceWithin(1, 3, 1, 3, nan),
		"negative baseline":    DifferenceWithin(1, 3, -1, 3, 0),
		"no observations":      first(OrderInterval(0, 0.5, 0.9)),
		"the 100th percentile": first(OrderInterval(10, 1, 0.9)),
		"certainty of rounds":  first(StudentInterval(Contrast{N: 9, Mean: 1, Centered: 1}, 1)),
		"certainty of hits":    first(BetaInterval(1, 3, 1)),
		"NaN level":            first(DifferenceInterval(1, 3, 1, 3, nan)),
	}
	for name, value := range values {
		if !math.IsNaN(value) {
			t.Errorf("%s: %v, want NaN", name, value)
		}
	}
}

func first(lo, _ float64) float64 { return lo }

func TestRoundsAllTheSameLeaveNoDoubt(t *testing.T) {
	for mean, want := range map[float64]float64{-1e-9: 1, 0: 1, 1e-9: 0} {
		c := Contrast{N: 5, Mean: mean}
		if got := StudentWithin(c); got != want {
			t.Errorf("all at %v: P(within) = %v, want %v", mean, got, want)
		}
		if lo, hi := StudentInterval(c, 0.9); lo != mean || hi != mean {
			t.Errorf("all at %v: interval %v, %v", mean, lo, hi)
		}
	}
}

func TestImpossibleLimitsAreCertain(t *testing.T) {
	got := [4]float64{BetaWithin(3, 9, 0), BetaWithin(3, 9, 1), DifferenceWithin(3, 9, 3, 9, -1), DifferenceWithin(3, 9, 3, 9, 1)}
	if want := [4]float64{0, 1, 0, 1}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A central interval leaves (1 − level)/2 below each lower end and above each upper one.
func TestIntervalsLeaveEqualTails(t *testing.T) {
	for _, level := range []float64{0.1, 0.5, 0.9, 0.999} {
		tail := (1 - level) / 2
		for _, r := range [][2]float64{{0, 0}, {0, 50}, {50, 50}, {3, 4000}, {2e8, 1e9}} {
			lo, hi := BetaInterval(r[0], r[1], level)
			below, above := BetaWithin(r[0], r[1], lo), 1-BetaWithin(r[0], r[1], hi)
			if !(math.Abs(below-tail) < 1e-9) || !(math.Abs(above-tail) < 1e-9) {
				t.Errorf("%v at %v: tails %v, %v", r, level, below, above)
			}
		}
		c := Contrast{17, 0.3, 9}
		lo, hi := StudentInterval(c, level)
		below, above := StudentWithin(c.Shift(lo)), 1-StudentWithin(c.Shift(hi))
		if !(math.Abs(below-tail) < 1e-9) && !(math.Abs(above-tail) < 1e-9) {
			t.Errorf("contrast at %v: tails %v, %v", level, below, above)
		}
		for _, r := range [][4]float64{{0, 0, 0, 0}, {0, 3000, 0, 3000}, {3, 50, 900, 1000}, {0, 9, 5e5, 1e6}} {
			lo, hi := DifferenceInterval(r[0], r[1], r[2], r[3], level)
			below, above := DifferenceWithin(r[0], r[1], r[2], r[3], lo), 1-DifferenceWithin(r[0], r[1], r[2], r[3], hi)
			if !(math.Abs(below-tail) < 1e-5) || !(math.Abs(above-tail) < 1e-5) {
				t.Errorf("%v at %v: tails %v, %v", r, level, below, above)
			}
		}
	}
}

func TestAMillionRequestsMakeADifferenceNormal(t *testing.T) {
	// R 4.2: pnorm(1)
	const n, k = 1e9, 3e8
	sd := math.Sqrt(2 * 0.3 * 0.7 / n)
	if got, want := DifferenceWithin(k, n, k, n, sd), 0.8413447460685429; math.Abs(got-want) > 1e-6 {
		t.Errorf("one standard deviation up: %v, want %v", got, want)
	}
}

func TestAVersionKnownExactlyIsALimit(t *testing.T) {
	const n = 1e12
	for _, k := range []float64{0, 1, 5} {
		want := 1 - BetaWithin(k, 10, 0.25)
		if got := DifferenceWithin(0.3*n, n, k, 10, 0.05); math.Abs(got-want) > 1e-6 {
			t.Errorf("exact candidate, baseline %v of 10: %v, want %v", k, got, want)
		}
		want = BetaWithin(k, 10, 0.35)
		if got := DifferenceWithin(k, 10, 0.3*n, n, 0.05); math.Abs(got-want) > 1e-6 {
			t.Errorf("candidate %v of 10, exact baseline: %v, want %v", k, got, want)
		}
	}
}

func TestOrderIntervalCoversItsQuantile(t *testing.T) {
	for _, r := range []struct{ n, p, level float64 }{{1000, 0.5, 0.9}, {6000, 0.95, 0.9}, {6000, 0.99, 0.9}, {100, 0.99, 0.5}} {
		lo, hi := OrderInterval(r.n, r.p, r.level)
		covered := 0.0
		for below := 0.0; below <= r.n; below++ { // observations under the quantile
			if below >= lo*r.n-0.5 && below <= hi*r.n-0.5 {
				covered += math.Exp(lnBinomial(below, r.n, r.p))
			}
		}
		step := math.Exp(lnBinomial(math.Floor(r.n*r.p), r.n, r.p)) // one rank more or less
		if math.Abs(covered-r.level) > step {
			t.Errorf("%v: ranks %v to %v cover it with probability %v", r, lo, hi, covered)
		}
	}
}

func TestTooFewObservationsBoundNoHighQuantile(t *testing.T) {
	if lo, hi := OrderInterval(100, 0.999, 0.9); hi != 1 || !(lo > 0.9 && lo < 1) {
		t.Errorf("the 99.9th percentile of 100: ranks %v, %v, want the upper at 1", lo, hi)
	}
}
