package bayes

import "math"

// Whitened sums up contrasts x₁…x_N, one a round, as they are seen by a model in
// which rounds hang together: with σ²Σ their covariance and 1 a vector of ones.
// Where Σ is the unit matrix it is a [Contrast]. The zero value holds none.
type Whitened struct {
	N        float64 // how many; not a whole number where it was scaled
	Weight   float64 // 1ᵀΣ⁻¹1: as how many independent rounds they count for their mean
	Mean     float64 // 1ᵀΣ⁻¹x / Weight, in the unit of the metric
	Residual float64 // (x − Mean)ᵀ Σ⁻¹ (x − Mean)
	LogDet   float64 // ln |Σ|
}

// Shift returns the same rounds held against a limit that is higher by limit.
func (w Whitened) Shift(limit float64) Whitened {
	w.Mean -= limit
	return w
}

// Scale returns the rounds as if they had come s times.
func (w Whitened) Scale(s float64) Whitened {
	w.N *= s
	w.Weight *= s
	w.Residual *= s
	w.LogDet *= s
	return w
}

// size is a prior on the effect: its precision φ in units of the noise, as in
// [Contrast.Evidence], and its share of the whole prior.
type size struct{ phi, share float64 }

// sizes are the effects that [Mixture] looks for: small ones as [Contrast] does,
// and once in twenty ones of about three times the noise. Without these a drift
// would explain a change of four times the noise for 17 rounds; with them for 7.
var sizes = [...]size{{phi, 0.95}, {0.1, 0.05}}

// Mixture weighs "the mean of the contrasts is above 0" and "is below 0", each
// against "is at 0", when it is not known which of several models is true. It
// returns ln E₊ and ln E₋.
//
//	x ~ N(σ η 1, σ²Σₖ),  η ~ Σⱼ qⱼ N(0, 1/φⱼ),  p(σ) ∝ 1/σ,  model k with probability πₖ
//	E± = 2 Σₖ πₖ Σⱼ qⱼ Mₖⱼ T_n(±zₖⱼ) / Σₖ πₖ M⁰ₖ
//	M⁰ = |Σ|^−½ (R + A x̄²)^(−n/2),  M = |Σ|^−½ (1 + A/φ)^−½ (R + Aφ x̄²/(A+φ))^(−n/2)
//	z²/n = A² x̄² / ((A+φ) (R + Aφ x̄²/(A+φ)))
//
// with A the weight, R the residual and T_n as in [Contrast.Evidence]. For normal
// contrasts at the limit E± is a martingale when the model is drawn from the
// prior, so P(sup E ≥ 1/α) ≤ α on the average over it, and ≤ α/πₖ in model k by
// itself (Ville 1939; one right Haar prior on σ serves all models: Berger,
// Pericchi & Varshavsky 1998). No rounds, or all exactly at the limit, are no
// evidence: 0, 0.
func Mixture(prior []float64, seen []Whitened) (lnAbove, lnBelow float64) {
	null, above, below := math.Inf(-1), math.Inf(-1), math.Inf(-1)
	for k, w := range seen {
		if !w.usable() {
			return 0, 0
		}
		p := math.Log(prior[k])
		null = lnSum(null, p-w.LogDet/2-w.N/2*math.Log(w.Residual+w.square()))
		for _, s := range sizes {
			up, down := w.marginals(s.phi)
			q := p + math.Log(s.share)
			above, below = lnSum(above, q+up), lnSum(below, q+down)
		}
	}
	if math.IsInf(null, -1) {
		return 0, 0
	}
	return above - null, below - null
}

// usable says whether w holds finite rounds that are not all at the limit.
func (w Whitened) usable() bool {
	return w.Weight > 0 && w.Contrast().usable(1) && !math.IsInf(w.square(), 1) && w.Residual+w.square() > 0
}

// square is A x̄².
func (w Whitened) square() float64 { return w.Weight * w.Mean * w.Mean }

// marginals are the logarithms of the two halves of M.
func (w Whitened) marginals(phi float64) (above, below float64) {
	a := w.Weight
	rest := w.Residual + w.square()*phi/(a+phi)
	lnM := math.Ln2 - w.LogDet/2 - math.Log1p(a/phi)/2 - w.N/2*math.Log(rest)
	lnTail := lnStudentTail(w.N, w.square()*a/(a+phi)/rest)
	toward, away := lnM+math.Log1p(-math.Exp(lnTail)), lnM+lnTail
	if w.Mean > 0 {
		return toward, away
	}
	return away, toward
}

// Contrast is as many rounds without dependence that have the same mean with
// the same standard error, for posteriors.
func (w Whitened) Contrast() Contrast {
	if w.Weight == 0 {
		return Contrast{}
	}
	return Contrast{N: w.N, Mean: w.Mean, Centered: w.Residual * w.N / w.Weight}
}

// Beliefs are the posterior probabilities of the models, whatever the mean is.
func Beliefs(prior []float64, seen []Whitened) []float64 {
	beliefs := make([]float64, len(seen))
	all := math.Inf(-1)
	for k, w := range seen {
		beliefs[k] = math.Log(prior[k])
		if w.Residual > 0 {
			beliefs[k] -= w.LogDet/2 + math.Log(w.Weight)/2 + (w.N-1)/2*math.Log(w.Residual)
		}
		all = lnSum(all, beliefs[k])
	}
	for k := range beliefs {
		beliefs[k] = math.Exp(beliefs[k] - all)
	}
	return beliefs
}

// lnSum is ln(eˣ + eʸ).
func lnSum(x, y float64) float64 {
	most, least := math.Max(x, y), math.Min(x, y)
	if math.IsInf(least, -1) {
		return most
	}
	return most + math.Log1p(math.Exp(least-most))
}
