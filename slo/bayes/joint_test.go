package bayes

import (
	"math"
	"math/rand/v2"
	"testing"
)

// rounds of three figures: the second shares the first's noise, the third is the
// first's double and so adds no rank.
func sharedNoise(n int) Joint {
	random := rand.New(rand.NewPCG(7, 7))
	var j Joint
	for range n {
		common := random.NormFloat64()
		first := 10 + common
		j.Add([]float64{first, 10.1 + common + 0.3*random.NormFloat64(), 2 * first})
	}
	return j
}

// difference is figure i less figure k as contrasts: its scatter is aᵀSa.
func (j Joint) difference(i, k int) Contrast {
	s := j.Scatter
	return Contrast{N: j.N, Mean: j.Mean[i] - j.Mean[k], Centered: s[i][i] + s[k][k] - 2*s[i][k]}
}

func TestDrawsOfDifferencesAreStudents(t *testing.T) {
	j := sharedNoise(12)
	want := StudentWithin(j.difference(0, 1))
	low, high := StudentInterval(j.difference(0, 1), 0.9)
	draw := j.Sampler(rand.New(rand.NewPCG(1, 2)))
	const draws = 200_000
	within, inside := 0, 0
	means := make([]float64, 3)
	for range draws {
		draw(means)
		d := means[0] - means[1]
		if d <= 0 {
			within++
		}
		if d >= low && d <= high {
			inside++
		}
		if off := means[2] - 2*means[0]; math.Abs(off) > 1e-5 {
			t.Fatalf("figures that are always double came out %v apart", off)
		}
	}
	// Five standard errors of a share of so many draws.
	if got := float64(within) / draws; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/draws) {
		t.Errorf("P(first <= second) by draws %v, exactly %v", got, want)
	}
	if got := float64(inside) / draws; math.Abs(got-0.9) > 5*math.Sqrt(0.09/draws) {
		t.Errorf("the 90 %% interval holds %v of the draws", got)
	}
}

func TestTheSameSourceGivesTheSameDraws(t *testing.T) {
	j := sharedNoise(9)
	a, b := make([]float64, 3), make([]float64, 3)
	one, two := j.Sampler(rand.New(rand.NewPCG(3, 4))), j.Sampler(rand.New(rand.NewPCG(3, 4)))
	for range 100 {
		one(a)
		two(b)
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("%v and %v", a, b)
			}
		}
	}
}

func TestNothingIsDrawnFromNothing(t *testing.T) {
	var none, single, broken Joint
	single.Add([]float64{1, 2})
	for range 3 {
		broken.Add([]float64{math.NaN(), 1})
	}
	for name, j := range map[string]Joint{"no rounds": none, "one round": single, "NaN": broken} {
		if j.Sampler(rand.New(rand.NewPCG(1, 1))) != nil {
			t.Errorf("%s: there is something to draw from", name)
		}
	}
}

func TestScatterIsThatOfTwoPasses(t *testing.T) {
	rows := [][]float64{{1, 5}, {2, 3}, {4, 4}, {9, -2}}
	var j Joint
	for _, r := range rows {
		j.Add(r)
	}
	// By hand: means 4 and 2.5, products −20+... = (−3)(2.5)+(−2)(.5)+0+5(−4.5) = −31.
	if j.Mean[0] != 4 || j.Mean[1] != 2.5 || math.Abs(j.Scatter[0][1]+31) > 1e-12 || j.Scatter[0][1] != j.Scatter[1][0] ||
		math.Abs(j.Scatter[0][0]-38) > 1e-12 || math.Abs(j.Scatter[1][1]-29) > 1e-12 {
		t.Errorf("means %v, scatter %v", j.Mean, j.Scatter)
	}
}

func TestGammaDrawsHaveTheirMeanAndVariance(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, shape := range []float64{0.5, 1, 3.5, 60} {
		const draws = 200_000
		var c Contrast
		for range draws {
			c.Add(gamma(random, shape))
		}
		// Mean and variance are the shape; its estimate varies with the fourth moment 3k²+6k.
		if math.Abs(c.Mean-shape) > 5*math.Sqrt(shape/draws) || math.Abs(c.Centered/draws-shape) > 5*math.Sqrt((2*shape*shape+6*shape)/draws) {
			t.Errorf("shape %v: mean %v, variance %v", shape, c.Mean, c.Centered/draws)
		}
	}
}

func FuzzDrawsAreNumbers(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 4.0, uint64(1))
	f.Add(0.0, 0.0, 0.0, 0.0, uint64(2))
	f.Add(1e-300, 1e300, -1e150, 1e-9, uint64(3))
	f.Fuzz(func(t *testing.T, a, b, c, d float64, seed uint64) {
		var j Joint
		for _, row := range [][]float64{{a, b}, {c, d}, {b, a}} {
			j.Add(row)
		}
		draw := j.Sampler(rand.New(rand.NewPCG(seed, 1)))
		if draw == nil {
			return
		}
		means := make([]float64, 2)
		draw(means)
		if allFinite([]float64{a, b, c, d}) && math.Max(math.Max(math.Abs(a), math.Abs(b)), math.Max(math.Abs(c), math.Abs(d))) < 1e150 && !allFinite(means) {
			t.Errorf("%v %v %v %v: drew %v", a, b, c, d, means)
		}
	})
}
