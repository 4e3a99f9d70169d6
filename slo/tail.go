package slo

import (
	"math"
	"math/rand/v2"
	"slices"
)

// tail is how the slowest requests are distributed beyond a time: generalised
// Pareto, which the tails of most distributions come near to (Pickands 1975).
//
//	P(T > t | T > from) = (1 + ξ (t − from)/σ)^(−1/ξ)
//
// A record holds none of the requests that come once in many records, and with
// a heavy tail most of a mean's noise is theirs.
type tail struct {
	from         uint32  // ticks
	scale, shape float64 // σ, ticks, and ξ
}

// A tail is looked for in the slowest fifth, as Vehtari et al. (2024) do, and then
// in ever fewer, as far as they say something of a shape. More than a thousand
// take long, and say no more.
const (
	largestTail = 0.2
	nextTail    = 0.75
	fewestSlow  = 10
	mostSlow    = 1000
)

// newTail fits the longest tail that the slowest of ascending times do not
// contradict; nil where there is none.
func newTail(times []uint32) *tail {
	for slow := min(largestTail*float64(len(times)), mostSlow); slow >= fewestSlow; slow *= nextTail {
		first := len(times) - int(slow)
		t := fitTail(times[first-1], times[first:])
		if t != nil && t.fits(times[first:]) {
			return t
		}
	}
	return nil
}

// fitTail estimates a tail from ascending times beyond its beginning: the mean of
// θ = ξ/σ by the profile likelihood, on a grid that the prior spaces (Zhang &
// Stephens 2009). Nil where times are too much alike.
func fitTail(from uint32, times []uint32) *tail {
	n := len(times)
	over := make([]float64, n)
	for i, t := range times {
		over[i] = float64(t) - float64(from)
	}
	quarter, most := over[int(float64(n)/4+0.5)-1], over[n-1]
	if !(over[0] > 0 && most > over[0]) {
		return nil
	}
	points := 30 + int(math.Sqrt(float64(n)))
	sum, weights := 0.0, 0.0
	best := math.Inf(-1)
	for i := range points {
		theta := (math.Sqrt(float64(points)/(float64(i)+0.5))-1)/(3*quarter) - 1/most
		shape := shapeAt(theta, over)
		likelihood := float64(n) * (math.Log(theta/shape) - shape - 1)
		// Relative to the best so far, since exp overflows.
		if likelihood > best {
			less := math.Exp(best - likelihood)
			sum, weights, best = sum*less, weights*less, likelihood
		}
		w := math.Exp(likelihood - best)
		sum, weights = sum+w*theta, weights+w
	}
	theta := sum / weights
	shape := shapeAt(theta, over)
	return &tail{from: from, scale: shape / theta, shape: shape}
}

// shapeAt is the likeliest ξ where θ is given.
func shapeAt(theta float64, over []float64) float64 {
	sum := 0.0
	for _, x := range over {
		sum += math.Log1p(theta * x)
	}
	return sum / float64(len(over))
}

// fits reports whether ascending times are as near to the tail as 19 of 20
// samples of one are to theirs, by the distance of Kolmogorov & Smirnov. It is
// simulated, as the parameters come from the same times.
func (t *tail) fits(times []uint32) bool {
	const most = 0.9
	n, far := float64(len(times)), 0.0
	for i, x := range times {
		below := 1 - math.Pow(1+t.shape*(float64(x)-float64(t.from))/t.scale, -1/t.shape)
		far = math.Max(far, math.Max(float64(i+1)/n-below, below-float64(i)/n))
	}
	return far*math.Sqrt(n) <= most
}

// redraw is a round with other slow requests in the place of those that it had.
func (t *tail) redraw(s sample, random *rand.Rand) sample {
	if t == nil {
		return s
	}
	first, _ := slices.BinarySearch(s.sorted, t.from+1)
	s.sorted = slices.Clone(s.sorted)
	for i := first; i < len(s.sorted); i++ {
		over := t.scale * math.Expm1(t.shape*random.ExpFloat64()) / t.shape
		s.sorted[i] = uint32(math.Min(float64(t.from)+over, math.MaxUint32))
	}
	slices.Sort(s.sorted[first:])
	return s
}
