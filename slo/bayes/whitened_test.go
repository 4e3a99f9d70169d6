package bayes

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// independent is what rounds are to the model in which they do not hang together.
func independent(c Contrast) Whitened {
	return Whitened{N: c.N, Weight: c.N, Mean: c.Mean, Residual: c.Centered}
}

// As TestContrastIsFairAtTheLimit: whatever the sizes that are looked for, both
// e-values are worth 1 in the mean at the limit.
func TestMixtureIsFairAtTheLimit(t *testing.T) {
	for _, n := range []float64{2, 7, 30, 240} {
		nu := n - 1
		g1, _ := math.Lgamma(n / 2)
		g0, _ := math.Lgamma(nu / 2)
		mean := func(side func(above, below float64) float64) float64 {
			return integral(func(v float64) float64 {
				ratio := math.Sinh(v)
				c := Contrast{N: n, Mean: ratio / math.Sqrt(n), Centered: nu}
				density := g1 - g0 - math.Log(nu*math.Pi)/2 - n/2*math.Log1p(ratio*ratio/nu)
				return math.Exp(density+side(Mixture([]float64{1}, []Whitened{independent(c)}))) * math.Cosh(v)
			}, -60, 60)
		}
		above := mean(func(above, _ float64) float64 { return above })
		below := mean(func(_, below float64) float64 { return below })
		if !near(1, above, 1e-6) || !near(1, below, 1e-6) {
			t.Errorf("%v rounds: mean E = %v, %v, want 1, 1", n, above, below)
		}
	}
}

// Small effects are judged as a contrast does, but for the twentieth of the
// prior that looks for large ones.
func TestMixtureOfOneModelIsNearlyAContrast(t *testing.T) {
	c := Contrast{N: 100, Mean: 0.3, Centered: 100}
	want, _ := c.Evidence()
	got, _ := Mixture([]float64{1}, []Whitened{independent(c)})
	if !(got > want+math.Log(0.95) && got < want) {
		t.Errorf("ln E = %v, a contrast's is %v", got, want)
	}
}

// A model that says of a mean that it is chance takes its evidence away, in so
// far as it is believed.
func TestSuspicionTakesEvidence(t *testing.T) {
	plain := independent(Contrast{N: 40, Mean: 0.8, Centered: 40})
	wander := Whitened{N: 40, Weight: 4, Mean: 0.8, Residual: 30, LogDet: -10}
	last := math.Inf(1)
	for _, doubt := range []float64{1e-9, 0.05, 0.2, 0.9} {
		above, below := Mixture([]float64{1 - doubt, doubt}, []Whitened{plain, wander})
		if !(above < last && above > below) {
			t.Errorf("doubt %v: ln E = %v and %v, before %v", doubt, above, below, last)
		}
		last = above
	}
}

func TestMixtureSidesAreMirroredAndKnowNoUnit(t *testing.T) {
	prior := []float64{0.7, 0.3}
	seen := func(sign, unit float64) []Whitened {
		return []Whitened{
			{N: 30, Weight: 30, Mean: sign * unit * 0.4, Residual: unit * unit * 25},
			{N: 30, Weight: 5, Mean: sign * unit * 0.3, Residual: unit * unit * 28, LogDet: -7},
		}
	}
	above, below := Mixture(prior, seen(1, 1))
	mirroredAbove, mirroredBelow := Mixture(prior, seen(-1, 1000))
	if diff := cmp.Diff([]float64{above, below}, []float64{mirroredBelow, mirroredAbove}, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Error(diff)
	}
}

func TestModelsWithoutRoundsAreNoEvidence(t *testing.T) {
	good := Whitened{N: 9, Weight: 9, Mean: 1, Residual: 9}
	for name, bad := range map[string]Whitened{
		"no rounds":        {},
		"all at the limit": {N: 9, Weight: 9},
		"NaN mean":         {N: 9, Weight: 9, Mean: math.NaN(), Residual: 1},
		"infinite squares": {N: 9, Weight: 9, Mean: 1e200, Residual: 1},
	} {
		if above, below := Mixture([]float64{0.5, 0.5}, []Whitened{good, bad}); above != 0 || below != 0 {
			t.Errorf("%s: ln E = %v, %v, want 0, 0", name, above, below)
		}
	}
}

func TestBeliefsFollowTheResiduals(t *testing.T) {
	fits := Whitened{N: 50, Weight: 5, Residual: 20, LogDet: -10}
	poor := Whitened{N: 50, Weight: 50, Residual: 50}
	got := Beliefs([]float64{0.9, 0.1}, []Whitened{poor, fits})
	if !(got[1] > 0.99 && math.Abs(got[0]+got[1]-1) < 1e-12) {
		t.Errorf("beliefs %v, want nearly all in the second", got)
	}
	same := Beliefs([]float64{0.9, 0.1}, []Whitened{{N: 5, Weight: 5}, {N: 5, Weight: 5}})
	if diff := cmp.Diff([]float64{0.9, 0.1}, same, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Errorf("rounds that are all the same change no belief: %s", diff)
	}
}
