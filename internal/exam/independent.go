package main

import (
	"math"
	"slices"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// renewed is how often the design draws its threshold anew, in rounds: 2 s.
const renewed = 8

// independent is the design's test, which takes rounds to be independent: the
// contrast of exceedances with thresholds from all earlier requests of the
// baseline, and Student's Bayes factor without any drift.
type independent struct {
	quantile  float64
	earlier   []float64 // of the baseline, ascending
	fresh     []float64 // not in earlier yet
	rounds    int
	contrasts bayes.Contrast
}

func independentAt(quantile float64) func() referee {
	return func() referee { return (&independent{quantile: quantile}).look }
}

func (x *independent) look(r trial.Round, _ bool) trial.Verdict {
	var times [2][]float64
	for _, q := range r.Requests {
		times[q.Version] = append(times[q.Version], q.Seconds())
	}
	v := trial.Inconclusive
	if !r.Warmup && len(x.earlier) > 0 {
		t := quantileOf(x.earlier, x.quantile)
		x.contrasts.Add(reaching(times[1], tolerance*t) - reaching(times[0], t))
		v = x.verdict()
	}
	x.fresh = append(x.fresh, times[0]...)
	if x.rounds++; x.rounds%renewed == 0 {
		x.earlier, x.fresh = merged(x.earlier, ascending(x.fresh)), nil
	}
	return v
}

func (x *independent) verdict() trial.Verdict {
	needed := -math.Log(alpha)
	switch above, below := x.contrasts.Evidence(); {
	case above >= needed:
		return trial.Fail
	case below >= needed:
		return trial.Pass
	}
	return trial.Inconclusive
}

// reaching is the share of times at or above a limit.
func reaching(times []float64, limit float64) float64 {
	n := 0
	for _, t := range times {
		if t >= limit {
			n++
		}
	}
	return float64(n) / float64(len(times))
}

// merged is both ascending lists as one.
func merged(a, b []float64) []float64 {
	out := make([]float64, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] <= b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return slices.Concat(out, a, b)
}
