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

// welch is the t of two means with variances of their own.
func welch(a, b moments) float64 {
	return (b.mean - a.mean) / math.Sqrt(a.variance()/a.n+b.variance()/b.n)
}

func normalBelow(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// studentQuantile95 is Student's 95 % quantile, by the expansion about the
// normal one (Abramowitz & Stegun 26.7.5); within 1e-4 from 20 degrees on.
func studentQuantile95(degrees float64) float64 {
	const z = 1.644854 // R: qnorm(.95)
	return z + (z*z*z+z)/(4*degrees) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*degrees*degrees)
}

// ranks is Mann and Whitney's U of a growing pair of samples: how often a
// candidate's value is above a baseline's, ties counting half.
type ranks struct {
	baseline, candidate []float64 // ascending
	u                   float64
}

func (r *ranks) add(baseline, candidate []float64) {
	for _, x := range baseline {
		below, equal := place(r.candidate, x)
		r.u += float64(len(r.candidate)-below-equal) + float64(equal)/2
		at, _ := slices.BinarySearch(r.baseline, x)
		r.baseline = slices.Insert(r.baseline, at, x)
	}
	for _, x := range candidate {
		below, equal := place(r.baseline, x)
		r.u += float64(below) + float64(equal)/2
		at, _ := slices.BinarySearch(r.candidate, x)
		r.candidate = slices.Insert(r.candidate, at, x)
	}
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
// quarter of the estimate and the ratio of means is at least 1; Low likewise.
func classify(baseline, candidate []float64) class {
	const z = 2.326348 // R: qnorm(.99)
	estimate := shiftAt(baseline, candidate, 0)
	ratio := meanOf(candidate) / meanOf(baseline)
	switch tolerance := math.Abs(estimate) / 4; {
	case ratio >= 1 && shiftAt(baseline, candidate, z) > tolerance:
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
