package main

import (
	"fmt"
	"math"
)

const z95 = 1.959964 // R: qnorm(.975)

// wilson is the 95 % interval of a share of k in n (Wilson 1927).
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	p, m, zz := float64(k)/float64(n), float64(n), z95*z95
	centre := (p + zz/(2*m)) / (1 + zz/m)
	half := z95 / (1 + zz/m) * math.Sqrt(p*(1-p)/m+zz/(4*m*m))
	return max(0, centre-half), min(1, centre+half)
}

// share writes k of n with its interval: "2 % (1–4)".
func share(k, n int) string {
	low, high := wilson(k, n)
	return fmt.Sprintf("%s %% (%s–%s)", percent(float64(k)/float64(n)), percent(low), percent(high))
}

// percent has one decimal where a whole number would hide the figure.
func percent(p float64) string {
	p = math.Round(p*1000) / 1000
	if p > 0 && p < 0.0995 || p > 0.9 && p < 1 {
		return fmt.Sprintf("%.1f", 100*p)
	}
	return fmt.Sprintf("%.0f", 100*p)
}
