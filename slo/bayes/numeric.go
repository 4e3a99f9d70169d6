package bayes

import "math"

// rootOf returns where the rising f passes 0 between lo and hi, within twice the
// tolerance, or the end beyond which it does: Chandrupatla's (1997) choice between
// halving and inverse quadratic interpolation, after Scherer (2010, §6.1.7.3).
func rootOf(f func(float64) float64, lo, hi, tolerance float64) float64 {
	a, fa, b, fb := hi, f(hi), lo, f(lo)
	if fb >= 0 {
		return lo
	}
	if fa <= 0 {
		return hi
	}
	t := 0.5
	for range 200 { // 60 halvings suffice; a tolerance below rounding must end too
		x := a + t*(b-a)
		fx := f(x)
		c, fc := a, fa
		if (fx > 0) != (fa > 0) {
			c, fc, b, fb = b, fb, a, fa
		}
		a, fa = x, fx
		least := tolerance / math.Abs(b-a)
		if fa == 0 || !(least < 0.5) {
			break
		}
		t = 0.5
		xi, phi := (a-b)/(c-b), (fa-fb)/(fc-fb)
		if phi*phi < xi && (1-phi)*(1-phi) < 1-xi {
			t = fa/(fb-fa)*fc/(fb-fc) + (c-a)/(b-a)*fa/(fc-fa)*fb/(fc-fb)
		}
		t = clamp(t, least, 1-least)
	}
	return a
}

// integral returns ∫ f from lo to hi to about 1e-7 by Simpson's rule, halving where
// two halves disagree with their whole (Lyness 1969). What is asked of a piece does not
// shrink with it, so that rounding noise in f cannot keep it halving.
func integral(f func(float64) float64, lo, hi float64) float64 {
	const panels = 8 // enough that no bell hides between the first nodes
	if !(hi > lo) {
		return 0
	}
	sum, width := 0.0, (hi-lo)/panels
	for i := range panels {
		p := panel{lo: lo + float64(i)*width, hi: lo + float64(i+1)*width}
		p.atLo, p.atMid, p.atHi = f(p.lo), f((p.lo+p.hi)/2), f(p.hi)
		sum += p.simpson(f, 20)
	}
	return sum
}

// panel is a piece of an integral with what is known of it.
type panel struct{ lo, hi, atLo, atMid, atHi float64 }

func (p panel) rule() float64 { return (p.hi - p.lo) / 6 * (p.atLo + 4*p.atMid + p.atHi) }

func (p panel) simpson(f func(float64) float64, depth int) float64 {
	const tolerance = 15 * 1e-9 // 15: what halving gains, after Richardson
	mid := (p.lo + p.hi) / 2
	left := panel{p.lo, mid, p.atLo, f((p.lo + mid) / 2), p.atMid}
	right := panel{mid, p.hi, p.atMid, f((mid + p.hi) / 2), p.atHi}
	halves := left.rule() + right.rule()
	off := halves - p.rule()
	if depth == 0 || math.Abs(off) <= tolerance {
		return halves + off/15
	}
	return left.simpson(f, depth-1) + right.simpson(f, depth-1)
}

func clamp(x, lo, hi float64) float64 { return math.Min(math.Max(x, lo), hi) }
