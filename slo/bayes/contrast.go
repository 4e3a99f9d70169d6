package bayes

import "math"

// phi is the precision of the prior on the effect, in units of the noise: effects of
// about σ/√5 are looked for first. A larger phi finds smaller effects sooner and needs
// more rounds at the least. 5 was chosen by simulation and decides from 7 rounds on at
// α = 0.05.
const phi = 5

// Contrast sums up contrasts x₁…x_N, one a round: what was measured less the
// limit, so that 0 lies on the limit. The zero value holds none.
type Contrast struct {
	N        float64 // how many; not a whole number where it was scaled
	Mean     float64 // x̄, in the unit of the metric
	Centered float64 // Σ(xᵢ − x̄)²
}

// Add takes one more contrast in (Welford 1962).
func (c *Contrast) Add(x float64) {
	c.N++
	d := x - c.Mean
	c.Mean += d / c.N
	c.Centered += d * (x - c.Mean)
}

// Shift returns the same rounds held against a limit that is higher by limit.
func (c Contrast) Shift(limit float64) Contrast {
	c.Mean -= limit
	return c
}

// Scale returns the rounds as if they had come s times: a forecast for s > 1, a
// design effect for s < 1.
func (c Contrast) Scale(s float64) Contrast {
	c.N *= s
	c.Centered *= s
	return c
}

// Evidence weighs "the mean of the contrasts is above 0" and "is below 0", each
// against "is at 0". It returns ln E₊ and ln E₋.
//
//	x ~ N(ση, σ²),  η ~ N(0, 1/φ),  p(σ) ∝ 1/σ,  φ = 5
//	z²/n  = n x̄² / ((n+φ)/n · Σ(x−x̄)² + φ x̄²)
//	ln E± = ln 2 + ½ ln(φ/(n+φ)) + n/2 · ln(1 + z²/n) + ln T_n(±z)
//
// T_n is Student's distribution function on n degrees of freedom and z has the
// sign of x̄. For independent normal contrasts P(sup E₊ ≥ 1/α) ≤ α for every mean
// ≤ 0 and every σ, and likewise E₋: with the right Haar prior on σ the Bayes
// factor is a likelihood ratio of the scale-invariant statistic (Jeffreys 1961,
// §5.2; Lai 1976; Pérez-Ortiz et al. 2022; Wang & Ramdas 2024), each half of the
// prior makes one of its own, and Ville (1939) bounds it. For other shapes the
// guarantee is simulated, not proven. Fewer than one round, or rounds all exactly
// at the limit, are no evidence: 0, 0.
//
// Accurate to 1e-10, absolute or relative to the larger of the two, for n ≤ 1e6
// (TestContrastReference); a few microseconds at most.
func (c Contrast) Evidence() (lnAbove, lnBelow float64) {
	if !c.usable(1) || (c.Mean == 0 && c.Centered == 0) {
		return 0, 0
	}
	n := c.N
	noise := math.Sqrt(c.Centered) / c.Mean
	w := n * n / ((n+phi)*noise*noise + n*phi) // z²/n; free of overflow and of SS − RSS
	lnBF := 0.5*math.Log(phi/(n+phi)) + n/2*math.Log1p(w)
	lnTail := lnStudentTail(n, w)
	toward := math.Ln2 + lnBF + math.Log1p(-math.Exp(lnTail))
	away := math.Ln2 + lnBF + lnTail
	if c.Mean > 0 {
		return toward, away
	}
	return away, toward
}

// usable says whether c holds at least n rounds of finite numbers.
func (c Contrast) usable(n float64) bool {
	return c.N >= n && c.N <= mostCounts && !math.IsNaN(c.Mean) && !math.IsInf(c.Mean, 0) &&
		c.Centered >= 0 && !math.IsInf(c.Centered, 0)
}

// FewestRounds returns the smallest number of rounds after which
// [Contrast.Evidence] can reach 1/α: when all contrasts are the same, as no others
// give more. 7 at α = 0.05. It is [math.MaxInt] for an α that is not positive.
func FewestRounds(alpha float64) int {
	if !(alpha > 0) {
		return math.MaxInt
	}
	for n := 1; ; n++ {
		if above, _ := (Contrast{N: float64(n), Mean: 1}).Evidence(); above >= -math.Log(alpha) {
			return n
		}
	}
}
