package main

import (
	"math"
	"slices"
)

// moments are those of a growing sample (Welford 1962).
type moments struct{ n, mean, squares float64 }

func (m *moments) add(xs ...float64) {
	for _, x := range xs {
		m.n++
		d := x - m.mean
		m.mean += d / m.n
		m.squares += d * (x - m.mean)
	}
}

func (m moments) variance() float64 { return m.squares / (m.n - 1) }

func meanOf(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// welch is the t of b's mean against a multiple of a's, with variances of their own.
func welch(a, b moments, multiple float64) float64 {
	return (b.mean - multiple*a.mean) / math.Sqrt(multiple*multiple*a.variance()/a.n+b.variance()/b.n)
}

// studentQuantile is Student's quantile where the normal one is z, by an
// expansion (Abramowitz & Stegun 26.7.5); at 95 % within 1e-4 from 20 degrees on.
func studentQuantile(z, degrees float64) float64 {
	return z + (z*z*z+z)/(4*degrees) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*degrees*degrees)
}

// ranks is Mann and Whitney's U of a growing pair of samples: how often a
// candidate's value is above a baseline's, ties counting half.
type ranks struct {
	baseline, candidate []float64 // ascending
	u                   float64
}

func (r *ranks) add(baseline, candidate []float64) {
	baseline, candidate = ascending(baseline), ascending(candidate)
	for _, x := range baseline {
		below, equal := place(r.candidate, x)
		r.u += float64(len(r.candidate)-below-equal) + float64(equal)/2
	}
	r.baseline = merge(r.baseline, baseline)
	for _, x := range candidate {
		below, equal := place(r.baseline, x)
		r.u += float64(below) + float64(equal)/2
	}
	r.candidate = merge(r.candidate, candidate)
}

func ascending(xs []float64) []float64 { return slices.Sorted(slices.Values(xs)) }

// merge puts ascending values into an ascending slice.
func merge(into, values []float64) []float64 {
	end := len(into)
	into = append(into, values...)
	for i, x := range slices.Backward(values) {
		at, _ := slices.BinarySearch(into[:end], x)
		copy(into[at+i+1:], into[at:end])
		into[at+i] = x
		end = at
	}
	return into
}

// ranked is the same of two whole samples.
func ranked(baseline, candidate []float64) *ranks {
	r := &ranks{baseline: ascending(baseline), candidate: candidate}
	for _, x := range candidate {
		below, equal := place(r.baseline, x)
		r.u += float64(below) + float64(equal)/2
	}
	return r
}

// place counts the sorted values below x and equal to it.
func place(sorted []float64, x float64) (below, equal int) {
	below, _ = slices.BinarySearch(sorted, x)
	after, _ := slices.BinarySearch(sorted[below:], math.Nextafter(x, math.Inf(1)))
	return below, after
}

// z is U in standard deviations, without correction for ties or continuity.
func (r *ranks) z() float64 {
	m, n := float64(len(r.baseline)), float64(len(r.candidate))
	if m == 0 || n == 0 {
		return 0
	}
	return (r.u - m*n/2) / math.Sqrt(m*n*(m+n+1)/12)
}

// class is what Kayenta says of one metric.
type class int

const (
	low  class = -1
	same class = 0
	high class = 1
)

// classify is Kayenta's rule (MannWhitneyClassifier.scala): with the 98 %
// Hodges–Lehmann interval for the shift, High if its lower end is above a
// quarter of the estimate and the ratio of means is at least the allowed increase;
// Low likewise, with no allowance.
func classify(baseline, candidate []float64, allowedIncrease float64) class {
	const z = side99
	estimate := shiftAt(baseline, candidate, 0)
	ratio := meanOf(candidate) / meanOf(baseline)
	switch tolerance := math.Abs(estimate) / 4; {
	case ratio >= allowedIncrease && shiftAt(baseline, candidate, z) > tolerance:
		return high
	case ratio <= 1 && shiftAt(baseline, candidate, -z) < -tolerance:
		return low
	}
	return same
}

// shiftAt is the shift which, taken off the candidate, leaves U at z standard
// deviations: R's wilcox.test(conf.int = TRUE, exact = FALSE).
func shiftAt(baseline, candidate []float64, z float64) float64 {
	low := slices.Min(candidate) - slices.Max(baseline)
	high := slices.Max(candidate) - slices.Min(baseline)
	for range 50 {
		if middle := (low + high) / 2; shifted(baseline, candidate, middle, z) > z {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// shifted is U in standard deviations with the shift taken off, corrected for
// ties and, on the side that is asked about, for continuity.
func shifted(baseline, candidate []float64, shift, side float64) float64 {
	all := slices.Clone(baseline)
	for _, c := range candidate {
		all = append(all, c-shift)
	}
	slices.Sort(all)
	m, n := float64(len(baseline)), float64(len(candidate))
	u, ties := -n*(n+1)/2, 0.0
	for i := 0; i < len(all); {
		_, equal := place(all[i:], all[i])
		t := float64(equal)
		ties += t*t*t - t
		i += equal
	}
	for _, c := range candidate {
		below, equal := place(all, c-shift)
		u += float64(below) + float64(equal+1)/2
	}
	correction := 0.0
	if side != 0 {
		correction = math.Copysign(0.5, side)
	}
	return (u - m*n/2 - correction) / math.Sqrt(m*n/12*(m+n+1-ties/((m+n)*(m+n-1))))
}
