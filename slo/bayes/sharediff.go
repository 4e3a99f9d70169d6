package bayes

import "math"

// ShareDifference weighs "p_C − p_B is above delta" and "is below delta", from kC
// hits in nC trials of the candidate and kB in nB of the baseline, from the first
// hit on and without any. It returns ln E₊ and ln E₋.
//
//	E_v(p) = B(½+k, ½+n−k) / B(½, ½) / (pᵏ (1−p)ⁿ⁻ᵏ)         v = C, B
//	E₊     = inf { ½ E_C(p_C) + ½ E_B(p_B) : p_C − p_B ≤ delta }
//	E₋     = inf { ½ E_C(p_C) + ½ E_B(p_B) : p_C − p_B ≥ delta }
//
// E_v is Jeffreys' mixture of likelihood ratios (Robbins 1970), a martingale at the
// true p. So is the mean of two, and the infimum lies below it wherever in the null
// set the truth is: P(sup E₊ ≥ 1/α) ≤ α (Ville 1939).
//
// It is never weaker than subtracting the two confidence sequences {p : E_v(p) <
// 2/α}, each at α/2: where those reject delta, every pair of the null set has one
// version at E_v ≥ 2/α, and half of that is 1/α already. It is stronger where the
// two together speak against delta and neither does alone.
//
// Both E_v are convex, so the infimum is at the two observed shares if these are in
// the null set, else on the line p_C = p_B + delta, by bisection of the slope.
//
// No trials of either, 0 ≤ k ≤ n violated, n > 1e12, or |delta| > 1 − 1e-9 are no
// evidence: 0, 0. Trials of one version alone count for what they are.
//
// Accurate to 1e-10, absolute or relative, for n ≤ 1e9 (TestShareDifferenceReference);
// some ten microseconds.
func ShareDifference(kC, nC, kB, nB, delta float64) (lnAbove, lnBelow float64) {
	if !counts(kC, nC) || !counts(kB, nB) || nC+nB == 0 || !(math.Abs(delta) <= 1-leastLimit) {
		return 0, 0
	}
	c, b := newMixture(kC, nC), newMixture(kB, nB)
	free := lnMean(c.lnE(c.share), b.lnE(b.share))
	line := lnMean(leastOnLine(c, b, delta))
	lnAbove, lnBelow = line, line
	if c.share-b.share <= delta {
		lnAbove = free
	}
	if c.share-b.share >= delta {
		lnBelow = free
	}
	return lnAbove, lnBelow
}

// mixture is E_v of one version, as a function of the share p that it denies.
type mixture struct {
	hits, misses float64
	share        float64 // where E_v is least: the observed one; anywhere without trials
	least        float64 // ln E_v there
}

func newMixture(k, n float64) mixture {
	m := mixture{hits: k, misses: n - k}
	if n > 0 {
		m.share = k / n
	}
	// Stirling's form of ln B(½+k, ½+n−k), taken at that Beta's own mean, where its
	// deviance is 0, and brought back to k/n.
	a, b, s := k+0.5, m.misses+0.5, n+1
	m.least = betaCorrection(a, b) - 0.5*math.Log(s*math.Pi/2) - deviance(a/s, b/s, k, m.misses)
	return m
}

// lnE returns ln E_v(p).
func (m mixture) lnE(p float64) float64 {
	return m.least + deviance(p, 1-p, m.hits, m.misses)
}

// slope returns d/dp ln E_v(p).
func (m mixture) slope(p float64) float64 {
	return ratio(m.misses, 1-p) - ratio(m.hits, p)
}

// leastOnLine returns ln E_C and ln E_B where their sum is least on the line
// p_C = p_B + delta. Between the two observed shares one falls while the other
// rises, and outside both do the same, so the minimum is between.
func leastOnLine(c, b mixture, delta float64) (lnC, lnB float64) {
	first, last := math.Max(0, -delta), math.Min(1, 1-delta)
	lo, hi := clamp(b.share, first, last), clamp(c.share-delta, first, last)
	if lo > hi {
		lo, hi = hi, lo
	}
	at := func(p float64) (lnC, lnB float64) {
		return c.lnE(clamp(p+delta, 0, 1)), b.lnE(p)
	}
	for range 64 {
		p := lo + (hi-lo)/2
		if p <= lo || p >= hi {
			break
		}
		lnC, lnB := at(p)
		top := math.Max(lnC, lnB)
		rise := math.Exp(lnC-top)*c.slope(clamp(p+delta, 0, 1)) + math.Exp(lnB-top)*b.slope(p)
		if rise > 0 {
			hi = p
		} else {
			lo = p
		}
	}
	// The ends of the bracket differ by rounding alone, but at the edge of the unit
	// square one of them may be infinite: the lower value is the infimum.
	loC, loB := at(lo)
	hiC, hiB := at(hi)
	if lnMean(loC, loB) < lnMean(hiC, hiB) {
		return loC, loB
	}
	return hiC, hiB
}

// lnMean returns ln( ½eˣ + ½eʸ ).
func lnMean(x, y float64) float64 {
	if x < y {
		x, y = y, x
	}
	return x + math.Log1p(math.Exp(y-x)) - math.Ln2
}

// ratio returns x/y, and 0 where nothing is divided.
func ratio(x, y float64) float64 {
	if x == 0 {
		return 0
	}
	return x / y
}
