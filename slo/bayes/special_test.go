package bayes

import (
	"math"
	"testing"
)

func TestStirlingMeetsItsSeries(t *testing.T) {
	for _, a := range []float64{10, 10.5, 12, 20, 50} {
		lgamma, _ := math.Lgamma(a)
		want := lgamma - (a-0.5)*math.Log(a) + a - 0.5*math.Log(2*math.Pi)
		if got := stirling(a); math.Abs(got-want) > 1e-13 {
			t.Errorf("stirling(%v) = %v, want %v", a, got, want)
		}
	}
	if below, above := stirling(math.Nextafter(10, 0)), stirling(10); math.Abs(below-above) > 1e-14 {
		t.Errorf("stirling jumps by %v at 10", above-below)
	}
}

// Mills' ratio M(a, b) is 1/a + x(a+b)/a · M(a+1, b), which no fraction that ended too
// early obeys: at the largest counts, about the mean, and at the closest limits.
func TestFractionEnds(t *testing.T) {
	type point struct{ x, a, b float64 }
	points := []point{
		{leastLimit, concentration * leastLimit, concentration}, {1 - leastLimit, concentration, concentration * leastLimit},
		{1 - leastLimit, 1e6, 1e-8}, {0.5, 0.5, 0.5}, {0.1, 3, 40},
	}
	for _, n := range []float64{1e3, 1e6, 1e9, mostCounts} {
		for _, p := range []float64{1e-6, 0.01, 0.5, 0.99} {
			for _, z := range []float64{-5, -1, 0, 1, 3} {
				points = append(points, point{p, n*p + z*math.Sqrt(n*p*(1-p)) + 6, n * (1 - p)})
			}
		}
	}
	for _, at := range points {
		y := 1 - at.x
		got := lnMills(at.x, y, at.a, at.b)
		want := math.Log((1 + at.x*(at.a+at.b)*math.Exp(lnMills(at.x, y, at.a+1, at.b))) / at.a)
		if !near(want, got, 1e-9) {
			t.Errorf("lnMills%v = %v, its recurrence gives %v", at, got, want)
		}
	}
}

func TestTailsAddUpToOne(t *testing.T) {
	for _, r := range [][3]float64{{0.5, 1, 1}, {0.001, 0.5, 200}, {0.25, 7, 20}, {0.75, 1e6, 1e6 / 3}, {0.01, 1e4, 99e4}} {
		x, y, a, b := r[0], 1-r[0], r[1], r[2]
		if sum := math.Exp(lnRegIncBeta(x, y, a, b)) + math.Exp(lnRegIncBeta(y, x, b, a)); !near(1, sum, 1e-13) {
			t.Errorf("I_%v(%v, %v) and its complement add up to %v", x, a, b, sum)
		}
	}
}

func TestDevianceKeepsItsDigits(t *testing.T) {
	for _, r := range []struct{ x, a, b, want float64 }{
		{0.5, 3, 3, 0},
		{0.5, 0, 4, 4 * math.Ln2},
		{0.5, 4, 0, 4 * math.Ln2},
		{0.25, 1, 1, math.Log(2) + math.Log(2.0/3)},
		{0.5, 5e11 + 1, 5e11 - 1, 2e-12}, // d²/2s·4, with d = 1
		{1e-300, 1, 1, 300*math.Ln10 - 2*math.Ln2},
	} {
		if got := deviance(r.x, 1-r.x, r.a, r.b); !(math.Abs(got-r.want) <= 1e-13*r.want) {
			t.Errorf("deviance(%v, %v, %v) = %v, want %v", r.x, r.a, r.b, got, r.want)
		}
	}
}
