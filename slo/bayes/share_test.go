package bayes

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestCountsThatAreNoneAreNoEvidence(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, r := range [][3]float64{
		{0, 0, 0.01}, {1, 0, 0.01}, {-1, 10, 0.01}, {11, 10, 0.01}, {1, 10, 0}, {1, 10, 1}, {1, 10, -1}, {1, 10, 2},
		{nan, 10, 0.01}, {1, nan, 0.01}, {1, 10, nan}, {1, inf, 0.01}, {inf, inf, 0.01}, {1, 1e300, 0.01}, {0, 1000, 1e-300},
	} {
		if above, below := Share(r[0], r[1], r[2]); above != 0 || below != 0 {
			t.Errorf("Share%v = %v, %v, want 0, 0", r, above, below)
		}
	}
}

// lnBinomial is the logarithm of the chance of k hits in n trials.
func lnBinomial(k, n, p float64) float64 {
	all, _ := math.Lgamma(n + 1)
	hits, _ := math.Lgamma(k + 1)
	misses, _ := math.Lgamma(n - k + 1)
	return all - hits - misses + k*math.Log(p) + (n-k)*math.Log1p(-p)
}

// meanShare returns the means of E₊ and E₋ over all k when the share is p.
func meanShare(n, p, p0 float64) (above, below float64) {
	for k := 0.0; k <= n; k++ {
		lnAbove, lnBelow := Share(k, n, p0)
		above += math.Exp(lnBinomial(k, n, p) + lnAbove)
		below += math.Exp(lnBinomial(k, n, p) + lnBelow)
	}
	return above, below
}

func TestShareIsFairAtTheLimitAndLessBeyond(t *testing.T) {
	for _, p0 := range []float64{1e-6, 0.001, 0.01, 0.3, 0.5, 0.97} {
		for _, n := range []float64{1, 2, 5, 40, 300} {
			if above, below := meanShare(n, p0, p0); !near(1, above, 1e-9) || !near(1, below, 1e-9) {
				t.Errorf("%v trials at %v: mean E = %v, %v, want 1, 1", n, p0, above, below)
			}
			above, _ := meanShare(n, p0/2, p0)
			_, below := meanShare(n, (1+p0)/2, p0)
			if above > 1 || below > 1 {
				t.Errorf("%v trials within %v: mean E = %v, %v, want less than 1", n, p0, above, below)
			}
		}
	}
}

func TestWatchingAShareErrsNoMoreThanAlpha(t *testing.T) {
	const paths, looks, each, p0 = 2000, 200, 20, 0.05
	random := rand.New(rand.NewPCG(3, 4))
	wrong := [2]int{}
	for range paths {
		k, crossed := 0.0, [2]bool{}
		for look := 1.0; look <= looks; look++ {
			for range each {
				if random.Float64() < p0 {
					k++
				}
			}
			above, below := Share(k, look*each, p0)
			crossed[0] = crossed[0] || above >= -math.Log(alpha)
			crossed[1] = crossed[1] || below >= -math.Log(alpha)
		}
		count(&wrong, crossed)
	}
	judgeErrors(t, wrong, paths)
}

func TestMoreHitsAreMoreEvidence(t *testing.T) {
	for _, p0 := range []float64{1e-5, 0.01, 0.5, 0.99} {
		for _, n := range []float64{1, 33.3, 1000, 1e6} {
			lastAbove, lastBelow := math.Inf(-1), math.Inf(1)
			for step := 0.0; step <= 100; step++ {
				above, below := Share(n*step/100, n, p0)
				if above < lastAbove || below > lastBelow {
					t.Fatalf("%v %% of %v at %v: ln E went from %v, %v to %v, %v", step, n, p0, lastAbove, lastBelow, above, below)
				}
				lastAbove, lastBelow = above, below
			}
		}
	}
}

func TestHitsAndMissesAreMirrored(t *testing.T) {
	for _, r := range [][3]float64{{0, 100, 0.25}, {7, 100, 0.125}, {64, 100, 0.5}, {900, 1000, 0.75}} {
		above, below := Share(r[0], r[1], r[2])
		mirroredBelow, mirroredAbove := Share(r[1]-r[0], r[1], 1-r[2])
		if !near(above, mirroredAbove, 1e-12) || !near(below, mirroredBelow, 1e-12) {
			t.Errorf("Share%v = %v, %v, mirrored %v, %v", r, above, below, mirroredAbove, mirroredBelow)
		}
	}
}

func FuzzShare(f *testing.F) {
	f.Add(0.0, 100.0, 0.01)
	f.Add(1e12, 1e12, 1e-9)
	f.Add(5e11, 1e12, 0.5)
	f.Add(5e-324, 1e-300, 0.999999999)
	f.Fuzz(func(t *testing.T, k, n, p0 float64) {
		above, below := Share(k, n, p0)
		if !finite(above) || !finite(below) {
			t.Errorf("Share(%v, %v, %v) = %v, %v", k, n, p0, above, below)
		}
		if !counts(k, n) {
			return
		}
		if within := BetaWithin(k, n, p0); finite(p0) && !(within >= 0 && within <= 1) {
			t.Errorf("BetaWithin(%v, %v, %v) = %v", k, n, p0, within)
		}
		if lo, hi := BetaInterval(k, n, 0.9); !(0 <= lo && lo <= hi && hi <= 1) {
			t.Errorf("BetaInterval(%v, %v) = %v, %v", k, n, lo, hi)
		}
	})
}
