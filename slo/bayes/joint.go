package bayes

import (
	"math"
	"math/rand/v2"
)

// Joint sums up rounds in which several figures were measured together, so that
// what the rounds share stays in their covariances. The zero value holds none.
type Joint struct {
	N       float64
	Mean    []float64   // of each figure
	Scatter [][]float64 // Σ (x−x̄)(x−x̄)ᵀ, symmetric
}

// Add takes one more round in (Welford 1962); every round has as many figures as
// the first. It costs the square of their number.
func (j *Joint) Add(x []float64) {
	if j.N == 0 {
		j.Mean = make([]float64, len(x))
		j.Scatter = make([][]float64, len(x))
		for i := range j.Scatter {
			j.Scatter[i] = make([]float64, len(x))
		}
	}
	j.N++
	off := make([]float64, len(x))
	for i := range x {
		off[i] = x[i] - j.Mean[i]
		j.Mean[i] += off[i] / j.N
	}
	for i := range x {
		for k := range x {
			j.Scatter[i][k] += off[i] * off[k] * (j.N - 1) / j.N
		}
	}
}

// Scale returns the rounds as if they had come s times, as [Contrast.Scale] does.
func (j Joint) Scale(s float64) Joint {
	scaled := Joint{N: j.N * s, Mean: j.Mean, Scatter: make([][]float64, len(j.Scatter))}
	for i, row := range j.Scatter {
		for _, x := range row {
			scaled.Scatter[i] = append(scaled.Scatter[i], x*s)
		}
	}
	return scaled
}

// Sampler returns a function that writes one draw of the figures' true means into
// its argument.
//
//	μ = x̄ + L z · √(1 / (n·χ²)),   L Lᵀ = Scatter,  z ~ N(0, 1),  χ² ~ χ²_{n−1}
//
// That is the posterior under p(μ, Σ) ∝ |Σ|^{−V} for V figures (Geisser & Cornfield
// 1963, ν = 2V): every difference of two figures then has the posterior of
// [StudentWithin], Student's with n − 1 degrees of freedom, and a scatter of any rank
// will do. The same source gives the same draws. Nil for fewer than two rounds or
// figures that are no numbers. A draw costs half the square of the figures.
func (j Joint) Sampler(random *rand.Rand) func(means []float64) {
	if !(j.N >= 2 && j.N <= mostCounts) || !allFinite(j.Mean) {
		return nil
	}
	root := cholesky(j.Scatter)
	z := make([]float64, len(j.Mean))
	return func(means []float64) {
		for i := range z {
			z[i] = random.NormFloat64()
		}
		scale := 1 / math.Sqrt(j.N*2*gamma(random, (j.N-1)/2))
		for i, row := range root {
			off := 0.0
			for k, l := range row[:i+1] {
				off += l * z[k]
			}
			means[i] = j.Mean[i] + off*scale
		}
	}
}

// cholesky returns the lower root of a matrix that is positive semidefinite but for
// rounding: a pivot that is not positive leaves its column empty.
func cholesky(m [][]float64) [][]float64 {
	root := make([][]float64, len(m))
	for i := range m {
		root[i] = make([]float64, len(m))
		for k := range i + 1 {
			rest := m[i][k]
			for p := range k {
				rest -= root[i][p] * root[k][p]
			}
			switch {
			case i == k && rest > 1e-12*m[i][i]:
				root[i][i] = math.Sqrt(rest)
			case i != k && root[k][k] > 0:
				root[i][k] = rest / root[k][k]
			}
		}
	}
	return root
}

// gamma draws from the Gamma distribution with this shape and scale 1 (Marsaglia &
// Tsang 2000); below 1, by a draw of shape + 1 and a power of a uniform number.
func gamma(random *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(random, shape+1) * math.Pow(1-random.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := random.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func allFinite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
