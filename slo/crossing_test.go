package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seatrial/seatrial/slo/bayes"
)

// Watched trials of normal contrasts, from effects that are plain to those
// that take minutes.
func TestCrossingForetellsWatchedContrasts(t *testing.T) {
	const walks = 1001
	needed := math.Log(20)
	for _, effect := range []float64{1, 0.6, 0.4, 0.2} {
		random := rand.New(rand.NewPCG(1, 2))
		var ends []int
		for range walks {
			ends = append(ends, watched(effect, needed, random))
		}
		slices.Sort(ends)
		mean := func(n float64) float64 {
			above, _ := (bayes.Contrast{N: n, Mean: effect, Centered: n}).Evidence()
			return above
		}
		for _, chance := range []float64{0.5, 0.8} {
			said := 1
			for crossing(mean, float64(said), needed, contrastNoise) < chance {
				said++
			}
			was := ends[int(chance*walks)]
			if ratio := float64(said) / float64(was); ratio < 0.85 || ratio > 1.2 {
				t.Errorf("effect %g: %g of walks end by round %d, foretold %d", effect, chance, was, said)
			}
		}
	}
}

// watched is the round in which one walk has enough evidence.
func watched(effect, needed float64, random *rand.Rand) int {
	var c bayes.Contrast
	for n := 1; ; n++ {
		c.Add(effect + random.NormFloat64())
		if above, _ := c.Evidence(); n >= 7 && above >= needed {
			return n
		}
	}
}

func TestEvidenceThatShrinksNeverCrosses(t *testing.T) {
	falling := func(n float64) float64 { return -math.Log(n) }
	if chance := crossing(falling, 1e6, 3, contrastNoise); chance != 0 {
		t.Errorf("chance %g, want 0", chance)
	}
}

// Without noise the course itself decides.
func TestCourseWithoutNoiseCrossesWhereItDoes(t *testing.T) {
	still := func(float64) float64 { return 0 }
	rising := func(n float64) float64 { return n/10 - math.Log(n)/2 }
	for rounds, want := range map[float64]float64{45: 0, 53: 1} { // 45/10 − ln(45)/2 = 2.60; 53/10 − ln(53)/2 = 3.31
		if got := crossing(rising, rounds, 3, still); got != want {
			t.Errorf("round %g: chance %g, want %g", rounds, got, want)
		}
	}
}

func TestNoiseOfSmallEffectsIsOne(t *testing.T) {
	for name, noise := range map[string]float64{"contrast": contrastNoise(1e-6), "share": shareNoise(0.0101, 0.01)} {
		if math.Abs(noise-1) > 0.01 {
			t.Errorf("%s: noise %g, want 1", name, noise)
		}
	}
	if noise := shareNoise(0, 0.01); noise != 0 {
		t.Errorf("a share without hits has noise %g", noise)
	}
}
