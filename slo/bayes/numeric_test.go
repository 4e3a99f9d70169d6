package bayes

import (
	"math"
	"testing"
)

func TestRootStaysInItsBracket(t *testing.T) {
	for want, f := range map[float64]func(float64) float64{
		math.Ln2: func(x float64) float64 { return math.Exp(x) - 2 },
		0.3:      func(x float64) float64 { return math.Cbrt(x - 0.3) },
		0.75:     func(x float64) float64 { return math.Copysign(1, x-0.75) },
		0:        func(float64) float64 { return 1 },
		1:        func(float64) float64 { return -1 },
	} {
		if got := rootOf(f, 0, 1, 1e-12); !(math.Abs(got-want) <= 2e-12) {
			t.Errorf("root at %v, want %v", got, want)
		}
	}
}

func TestIntegralMeetsBellsAndCorners(t *testing.T) {
	for name, c := range map[string]struct {
		f            func(float64) float64
		lo, hi, want float64
	}{
		"bell":   {func(x float64) float64 { return math.Exp(-x * x) }, -8, 8, math.Sqrt(math.Pi)},
		"root":   {math.Sqrt, 0, 1, 2.0 / 3},
		"step":   {func(x float64) float64 { return 0.5 * (1 + math.Tanh(1e4*(x-0.3))) }, 0, 1, 0.7},
		"turned": {math.Exp, 1, 0, 0},
	} {
		if got := integral(c.f, c.lo, c.hi); math.Abs(got-c.want) > 1e-7 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
