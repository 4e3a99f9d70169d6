package bayes

// concentration is the weight of the prior about the limit, in trials: ten spread
// it over shares of the limit's own size, whatever that is.
const concentration = 10

// leastLimit is how close a limit may come to 0 or to 1. Closer, the prior's half
// beyond the limit holds less than doubles can weigh.
const leastLimit = 1e-9

// Share weighs "the share is above p0" and "is below p0", each against "is at p0",
// from k hits in n trials. It returns ln E₊ and ln E₋.
//
//	a = c·p0,  b = c·(1−p0),  c = 10,  I = regularised incomplete beta
//	L     = ln B(a+k, b+n−k) − ln B(a, b) − k ln p0 − (n−k) ln(1−p0)
//	ln E₊ = L + ln I_{1−p0}(b+n−k, a+k) − ln I_{1−p0}(b, a)
//	ln E₋ = L + ln I_{p0}(a+k, b+n−k)   − ln I_{p0}(a, b)
//
// Each is the Bayes factor of a Beta(a, b) prior cut off at the limit, a mixture
// of likelihood ratios and so a martingale at the limit (Robbins 1970): it may be
// read after every trial, P(sup E₊ ≥ 1/α | p ≤ p0) ≤ α (Ville 1939; Lindon &
// Malek 2022, for shares of counts whose rates move together). k and n need not
// be whole: hits that cluster are divided by their design effect.
//
// No trials, 0 ≤ k ≤ n violated, n > 1e12, or p0 not within 1e-9 … 1 − 1e-9 are no
// evidence: 0, 0.
//
// Accurate to 1e-10, absolute or relative, for n ≤ 1e9 (TestShareReference); five
// microseconds, thirty at n = 1e9.
func Share(k, n, p0 float64) (lnAbove, lnBelow float64) {
	if !counts(k, n) || !(p0 >= leastLimit && p0 <= 1-leastLimit) {
		return 0, 0
	}
	q0 := 1 - p0
	a, b := concentration*p0, concentration*q0
	// The kernel of lnMills at p0 is L's own: all of L is in the two differences.
	lnAbove = lnMills(q0, p0, b+(n-k), a+k) - lnMills(q0, p0, b, a)
	lnBelow = lnMills(p0, q0, a+k, b+(n-k)) - lnMills(p0, q0, a, b)
	return lnAbove, lnBelow
}

// counts says whether k can be hits of n trials.
func counts(k, n float64) bool {
	return 0 <= k && k <= n && n <= mostCounts
}
