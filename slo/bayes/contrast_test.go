package bayes

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// alpha is the error rate of the simulations: 1/α = 20.
const alpha = 0.05

func TestSevenRoundsAreTheFewest(t *testing.T) {
	want := map[float64]int{2: 1, 1: 1, 0.5: 3, 0.1: 6, 0.05: 7, 0.01: 9, 0.001: 12, 0: math.MaxInt, -1: math.MaxInt}
	got := map[float64]int{}
	for alpha := range want {
		got[alpha] = FewestRounds(alpha)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := FewestRounds(math.NaN()); n != math.MaxInt {
		t.Errorf("FewestRounds(NaN) = %d", n)
	}
}

func TestRoundsThatSayNothingAreNoEvidence(t *testing.T) {
	for name, c := range map[string]Contrast{
		"no rounds":           {},
		"half a round":        {N: 0.5, Mean: 3},
		"all at the limit":    {N: 100},
		"NaN rounds":          {N: math.NaN(), Mean: 1},
		"NaN mean":            {N: 10, Mean: math.NaN(), Centered: 1},
		"infinite mean":       {N: 10, Mean: math.Inf(1), Centered: 1},
		"infinite squares":    {N: 10, Mean: 1, Centered: math.Inf(1)},
		"negative squares":    {N: 10, Mean: 1, Centered: -1},
		"rounds past reality": {N: 1e300, Mean: 1, Centered: 1},
	} {
		if above, below := c.Evidence(); above != 0 || below != 0 {
			t.Errorf("%s: ln E = %v, %v, want 0, 0", name, above, below)
		}
	}
}

// At the limit both e-values are worth 1 in the mean, which is what makes them
// martingales there: integrated over Student's density of the t ratio.
func TestContrastIsFairAtTheLimit(t *testing.T) {
	for _, n := range []float64{2, 3, 7, 30, 240} {
		nu := n - 1
		g1, _ := math.Lgamma(n / 2)
		g0, _ := math.Lgamma(nu / 2)
		mean := func(side func(above, below float64) float64) float64 {
			return integral(func(v float64) float64 {
				ratio := math.Sinh(v)
				c := Contrast{N: n, Mean: ratio / math.Sqrt(n), Centered: nu}
				density := g1 - g0 - math.Log(nu*math.Pi)/2 - n/2*math.Log1p(ratio*ratio/nu)
				return math.Exp(density+side(c.Evidence())) * math.Cosh(v)
			}, -30, 30)
		}
		above := mean(func(above, _ float64) float64 { return above })
		below := mean(func(_, below float64) float64 { return below })
		if !near(1, above, 1e-7) || !near(1, below, 1e-7) {
			t.Errorf("%v rounds: mean E = %v, %v, want 1, 1", n, above, below)
		}
	}
}

func TestWatchingContrastsErrsNoMoreThanAlpha(t *testing.T) {
	const paths, rounds = 2000, 400
	random := rand.New(rand.NewPCG(1, 2))
	wrong := [2]int{}
	for range paths {
		var c Contrast
		crossed := [2]bool{}
		for range rounds {
			c.Add(7 * random.NormFloat64())
			above, below := c.Evidence()
			crossed[0] = crossed[0] || above >= -math.Log(alpha)
			crossed[1] = crossed[1] || below >= -math.Log(alpha)
		}
		count(&wrong, crossed)
	}
	judgeErrors(t, wrong, paths)
}

// count adds a path's crossings to those of all.
func count(wrong *[2]int, crossed [2]bool) {
	for side, yes := range crossed {
		if yes {
			wrong[side]++
		}
	}
}

// judgeErrors fails when either side was wrong too often, and also when it almost never
// was: then the simulation looks past the boundary.
func judgeErrors(t *testing.T, wrong [2]int, paths int) {
	t.Helper()
	for side, n := range wrong {
		if share := float64(n) / float64(paths); share > alpha || share < alpha/20 {
			t.Errorf("side %d: %d of %d paths crossed 1/α, %.2f %%", side, n, paths, 100*share)
		}
	}
}

func TestContrastSidesAreMirrored(t *testing.T) {
	for _, c := range []Contrast{{7, 1, 3}, {30, 0.1, 40}, {240, -2, 1}, {12, 0, 5}} {
		above, below := c.Evidence()
		c.Mean = -c.Mean
		mirroredBelow, mirroredAbove := c.Evidence()
		if above != mirroredAbove || below != mirroredBelow {
			t.Errorf("%v: %v, %v mirrored is %v, %v", c, above, below, mirroredAbove, mirroredBelow)
		}
	}
}

func TestContrastKnowsNoUnit(t *testing.T) {
	want, _ := Contrast{30, 0.2, 28}.Evidence()
	for _, unit := range []float64{1e-150, 1e-9, 1e9, 1e150} {
		if got, _ := (Contrast{30, 0.2 * unit, 28 * unit * unit}).Evidence(); !near(want, got, 1e-12) {
			t.Errorf("in units of %g: ln E₊ = %v, want %v", unit, got, want)
		}
	}
}

func TestHigherMeansAreMoreEvidence(t *testing.T) {
	for _, n := range []float64{1, 2, 7, 120, 1e5} {
		lastAbove, lastBelow := math.Inf(-1), math.Inf(1)
		for mean := -3.0; mean <= 3; mean += 1.0 / 64 {
			above, below := Contrast{n, mean, n - 1}.Evidence()
			if above < lastAbove || below > lastBelow {
				t.Fatalf("%v rounds, mean %v: ln E went from %v, %v to %v, %v", n, mean, lastAbove, lastBelow, above, below)
			}
			lastAbove, lastBelow = above, below
		}
	}
}

func TestShiftedRoundsAreThoseOfAnotherLimit(t *testing.T) {
	var plain, shifted Contrast
	for i := range 50 {
		x := math.Sin(float64(i)) + 0.3
		plain.Add(x)
		shifted.Add(x - 0.25)
	}
	want, _ := shifted.Evidence()
	if got, _ := plain.Shift(0.25).Evidence(); !near(want, got, 1e-12) {
		t.Errorf("ln E₊ = %v, want %v", got, want)
	}
}

func TestScaledRoundsAreTheSameRoundsRepeated(t *testing.T) {
	var once, thrice Contrast
	for _, x := range []float64{3, 1, 4, 1, 5, -9, 2, 6} {
		once.Add(x)
		for range 3 {
			thrice.Add(x)
		}
	}
	want, _ := thrice.Evidence()
	if got, _ := once.Scale(3).Evidence(); !near(want, got, 1e-12) {
		t.Errorf("ln E₊ = %v, want %v", got, want)
	}
}

func TestSmallNoiseOnLargeFiguresKeepsItsDigits(t *testing.T) {
	var small, large Contrast
	for i := range 200 {
		x := float64(i%5-2) / 1024 // exact beside 2²⁰
		small.Add(x)
		large.Add(x + 1<<20)
	}
	if !(math.Abs(small.Centered-large.Centered) <= 1e-6*small.Centered) {
		t.Errorf("Centered = %v, want %v", large.Centered, small.Centered)
	}
}

func FuzzContrast(f *testing.F) {
	f.Add(7.0, 1.0, 0.0)
	f.Add(1e6, -1e-300, 1e300)
	f.Add(2.5, 1e308, 5e-324)
	f.Fuzz(func(t *testing.T, n, mean, centered float64) {
		c := Contrast{n, mean, centered}
		above, below := c.Evidence()
		if !finite(above) || !finite(below) {
			t.Errorf("%v.Evidence() = %v, %v", c, above, below)
		}
		if !c.usable(2) {
			return
		}
		if within := StudentWithin(c); !(within >= 0 && within <= 1) {
			t.Errorf("StudentWithin(%v) = %v", c, within)
		}
		if lo, hi := StudentInterval(c, 0.9); !(lo <= mean && mean <= hi) {
			t.Errorf("StudentInterval(%v) = %v, %v", c, lo, hi)
		}
	})
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
