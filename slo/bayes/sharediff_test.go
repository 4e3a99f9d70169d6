package bayes

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDifferencesWithoutCountsAreNoEvidence(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, r := range [][5]float64{
		{0, 0, 0, 0, 0.005}, {0, 0, 0, 0, -0.9}, {-1, 10, 0, 10, 0}, {0, 10, 11, 10, 0}, {nan, 10, 0, 10, 0}, {0, 10, 0, nan, 0},
		{0, 10, 0, 10, nan}, {0, 10, 0, 10, 1}, {0, 10, 0, 10, -1}, {0, inf, 0, 10, 0}, {0, 10, 0, 1e300, 0},
	} {
		if above, below := ShareDifference(r[0], r[1], r[2], r[3], r[4]); above != 0 || below != 0 {
			t.Errorf("ShareDifference%v = %v, %v, want 0, 0", r, above, below)
		}
	}
}

func TestOneVersionAloneCanSpeakAgainstADifference(t *testing.T) {
	// With the baseline at 100 % no candidate can be 20 points above it.
	_, below := ShareDifference(0, 0, 500, 500, 0.2)
	if below < -math.Log(alpha) {
		t.Errorf("ln E₋ = %v", below)
	}
	if above, below := ShareDifference(0, 0, 250, 500, 0.2); above > 0 || below > 0 {
		t.Errorf("half and half: ln E = %v, %v", above, below)
	}
}

func TestErrorFreeVersionsPassInTime(t *testing.T) {
	trials := 0
	for n := 1; n < 10000 && trials == 0; n++ {
		if _, below := ShareDifference(0, float64(n), 0, float64(n), 0.02); below >= -math.Log(alpha) {
			trials = n
		}
	}
	if want := 357; trials != want {
		t.Errorf("two error-free versions are shown within 2 points after %d trials each, want %d", trials, want)
	}
}

// meanDifference returns the means of E₊ and E₋ over all outcomes.
func meanDifference(nC, nB, pC, pB, delta float64) (above, below float64) {
	for kC := 0.0; kC <= nC; kC++ {
		for kB := 0.0; kB <= nB; kB++ {
			chance := lnBinomial(kC, nC, pC) + lnBinomial(kB, nB, pB)
			lnAbove, lnBelow := ShareDifference(kC, nC, kB, nB, delta)
			above += math.Exp(chance + lnAbove)
			below += math.Exp(chance + lnBelow)
		}
	}
	return above, below
}

func TestDifferenceIsAtMostFairInTheNullSet(t *testing.T) {
	for _, n := range [][2]float64{{1, 1}, {7, 7}, {30, 12}} {
		for _, p := range [][2]float64{{0.02, 0.01}, {0.3, 0.3}, {0.9, 0.5}, {0.1, 0.6}} {
			above, below := meanDifference(n[0], n[1], p[0], p[1], p[0]-p[1])
			within, _ := meanDifference(n[0], n[1], p[0], p[1], p[0]-p[1]+0.05)
			_, beyond := meanDifference(n[0], n[1], p[0], p[1], p[0]-p[1]-0.05)
			if above > 1 || below > 1 || within > 1 || beyond > 1 {
				t.Errorf("%v trials at %v: mean E = %v, %v at the limit, %v, %v away from it, want at most 1", n, p, above, below, within, beyond)
			}
		}
	}
}

func TestWatchingADifferenceErrsNoMoreThanAlpha(t *testing.T) {
	const paths, looks, each, pC, pB = 1000, 60, 20, 0.06, 0.04
	random := rand.New(rand.NewPCG(5, 6))
	wrong := [2]int{}
	for range paths {
		kC, kB, crossed := 0.0, 0.0, [2]bool{}
		for look := 1.0; look <= looks; look++ {
			for range each {
				if random.Float64() < pC {
					kC++
				}
				if random.Float64() < pB {
					kB++
				}
			}
			above, below := ShareDifference(kC, look*each, kB, look*each, pC-pB)
			crossed[0] = crossed[0] || above >= -math.Log(alpha)
			crossed[1] = crossed[1] || below >= -math.Log(alpha)
		}
		count(&wrong, crossed)
	}
	for side, n := range wrong {
		if n > alpha*paths {
			t.Errorf("side %d: %d of %d paths crossed 1/α", side, n, paths)
		}
	}
}

func TestDifferenceIsTheInfimumOverTheNullSet(t *testing.T) {
	for _, r := range [][4]float64{{0, 50, 0, 50}, {3, 50, 0, 40}, {0, 30, 9, 60}, {20, 20, 1, 30}, {15, 30, 14, 30}, {0, 0, 3, 9}} {
		c, b := newMixture(r[0], r[1]), newMixture(r[2], r[3])
		for _, delta := range []float64{-0.5, -0.01, 0, 0.01, 0.3} {
			above, below := ShareDifference(r[0], r[1], r[2], r[3], delta)
			leastAbove, leastBelow := math.Inf(1), math.Inf(1)
			const steps = 200
			for i := 0.0; i <= steps; i++ {
				for j := 0.0; j <= steps; j++ {
					e := lnMean(c.lnE(i/steps), b.lnE(j/steps))
					if (i-j)/steps <= delta {
						leastAbove = math.Min(leastAbove, e)
					}
					if (i-j)/steps >= delta {
						leastBelow = math.Min(leastBelow, e)
					}
				}
			}
			const grid = 0.05 // what the best point may lie off the grid
			if above > leastAbove+1e-12 || below > leastBelow+1e-12 || above < leastAbove-grid || below < leastBelow-grid {
				t.Errorf("ShareDifference(%v, %v) = %v, %v, the grid has %v, %v", r, delta, above, below, leastAbove, leastBelow)
			}
		}
	}
}

// confidence returns the ends of {p : E(p) < bound}.
func confidence(k, n, bound float64) (lo, hi float64) {
	m := newMixture(k, n)
	outside := func(p float64) float64 { return m.lnE(p) - math.Log(bound) }
	lo = rootOf(func(p float64) float64 { return -outside(p) }, 0, k/n, 1e-12)
	hi = rootOf(outside, k/n, 1, 1e-12)
	return lo, hi
}

func TestDifferenceContainsTheSubtractionOfIntervals(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	sharper := 0
	for range 3000 {
		nC, nB := 1+math.Floor(math.Exp(8*random.Float64())), 1+math.Floor(math.Exp(8*random.Float64()))
		kC, kB := math.Floor(nC*math.Pow(random.Float64(), 4)), math.Floor(nB*math.Pow(random.Float64(), 4))
		loC, hiC := confidence(kC, nC, 2/alpha)
		loB, hiB := confidence(kB, nB, 2/alpha)
		for _, end := range []struct {
			delta float64
			above bool
		}{{loC - hiB - 1e-9, true}, {hiC - loB + 1e-9, false}} {
			if !(math.Abs(end.delta) < 1) {
				continue
			}
			above, below := ShareDifference(kC, nC, kB, nB, end.delta)
			got := below
			if end.above {
				got = above
			}
			if got < -math.Log(alpha) {
				t.Errorf("%v of %v and %v of %v: the intervals reject %v, ln E = %v does not", kC, nC, kB, nB, end.delta, got)
			}
			if got > -math.Log(alpha)+0.01 {
				sharper++
			}
		}
	}
	if sharper < 1000 {
		t.Errorf("only %d ends were rejected with evidence to spare", sharper)
	}
}

func TestVersionsAndSidesAreMirrored(t *testing.T) {
	for _, r := range [][5]float64{{0, 100, 3, 90, 0.01}, {7, 20, 3, 50, -0.2}, {5, 5, 0, 9, 0.5}, {0, 0, 3, 9, 0.1}} {
		above, below := ShareDifference(r[0], r[1], r[2], r[3], r[4])
		swappedBelow, swappedAbove := ShareDifference(r[2], r[3], r[0], r[1], -r[4])
		missBelow, missAbove := ShareDifference(r[1]-r[0], r[1], r[3]-r[2], r[3], -r[4])
		if !near(above, swappedAbove, 1e-12) || !near(below, swappedBelow, 1e-12) ||
			!near(above, missAbove, 1e-12) || !near(below, missBelow, 1e-12) {
			t.Errorf("ShareDifference%v = %v, %v; versions swapped %v, %v; misses for hits %v, %v",
				r, above, below, swappedAbove, swappedBelow, missAbove, missBelow)
		}
	}
}

func FuzzShareDifference(f *testing.F) {
	f.Add(0.0, 100.0, 0.0, 100.0, 0.005)
	f.Add(0.0, 0.0, 0.0, 3.0, -0.9999999999)
	f.Add(1e12, 1e12, 0.0, 1e12, 0.9999999999999999)
	f.Add(5e-324, 1.0, 1.0, 1.0, -5e-324)
	f.Add(13.0, 66.0, 0.0, 1.0/3, -0.999999999)
	f.Fuzz(func(t *testing.T, kC, nC, kB, nB, delta float64) {
		above, below := ShareDifference(kC, nC, kB, nB, delta)
		if !finite(above) || !finite(below) {
			t.Errorf("ShareDifference(%v, %v, %v, %v, %v) = %v, %v", kC, nC, kB, nB, delta, above, below)
		}
		if !counts(kC, nC) || !counts(kB, nB) || math.IsNaN(delta) {
			return
		}
		if within := DifferenceWithin(kC, nC, kB, nB, delta); !(within >= 0 && within <= 1) {
			t.Errorf("DifferenceWithin(%v, %v, %v, %v, %v) = %v", kC, nC, kB, nB, delta, within)
		}
		if lo, hi := DifferenceInterval(kC, nC, kB, nB, 0.9); !(-1 <= lo && lo <= hi && hi <= 1) {
			t.Errorf("DifferenceInterval(%v, %v, %v, %v) = %v, %v", kC, nC, kB, nB, lo, hi)
		}
	})
}
