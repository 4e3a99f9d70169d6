package main

import (
	"math"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// The rules of this file take a figure of every round, paired.

func pairedT(float64) opponent {
	var d moments
	return func(b, c []float64, _ int, last bool) trial.Verdict {
		d.add(excess(b, c))
		if !last {
			return trial.Inconclusive
		}
		return d.beside(studentQuantile(side95, d.n-1))
	}
}

// pocock is the same at four looks, with the limit that holds 5 % each way for
// all of them (Pocock 1977; Jennison & Turnbull 2000, table 2.1: K = 4 at a
// two-sided 10 %).
func pocock(float64) opponent {
	const looks, limit = 4, 2.067
	var d moments
	return func(b, c []float64, round int, _ bool) trial.Verdict {
		d.add(excess(b, c))
		if round%(budget/looks) != 0 {
			return trial.Inconclusive
		}
		return d.beside(limit)
	}
}

// beside is fail where the mean is above 0 by so many standard errors, pass
// where it is below, and else neither.
func (m moments) beside(errors float64) trial.Verdict {
	return beside(m.mean/math.Sqrt(m.variance()/m.n), errors, errors, false)
}

func confidenceSequence(contrast func(b, c []float64) float64, tuned float64) func(float64) opponent {
	return func(float64) opponent {
		var d moments
		return func(b, c []float64, round int, _ bool) trial.Verdict {
			d.add(contrast(b, c))
			if round < 20 {
				return trial.Inconclusive
			}
			return d.beside(asymptotic(d.n, tuned, 0.05) * math.Sqrt(d.n))
		}
	}
}

// excess is how far the candidate's mean of a round is above 110 % of the baseline's.
func excess(b, c []float64) float64 { return meanOf(c) - tolerance*meanOf(b) }

func logExcess(b, c []float64) float64 { return math.Log(meanOf(c) / meanOf(b) / tolerance) }

// asymptotic is the half width of the one-sided asymptotic confidence sequence
// in standard deviations (Waudby-Smith et al. 2021, Proposition 2.6):
//
//	√( 2(nρ² + 1)/(n²ρ²) · ln(1 + √(nρ² + 1)/(2α)) )
//
// with ρ² = (−2 ln α + ln(−2 ln α) + 1)/n* narrowest near n* observations.
func asymptotic(n, tuned, alpha float64) float64 {
	l := -2 * math.Log(alpha)
	rho2 := (l + math.Log(l) + 1) / tuned
	return math.Sqrt(2 * (n*rho2 + 1) / (n * n * rho2) * math.Log1p(math.Sqrt(n*rho2+1)/(2*alpha)))
}

// firstDraft is what Seatrial did before it counted exceedances: the contrast
// ln p95(candidate) − ln p95(baseline) of so many rounds together, held against
// ln 1.1 by the Bayes factor that the judge still uses.
func firstDraft(merged int) func(float64) opponent {
	return func(float64) opponent {
		var d bayes.Contrast
		var now [2][]float64
		return func(b, c []float64, round int, _ bool) trial.Verdict {
			now[0], now[1] = append(now[0], b...), append(now[1], c...)
			if round%merged != 0 {
				return trial.Inconclusive
			}
			d.Add(math.Log(quantile(now[1], 0.95) / quantile(now[0], 0.95) / tolerance))
			now = [2][]float64{}
			above, below := d.Evidence()
			switch enough := -math.Log(0.05); {
			case above >= enough:
				return trial.Fail
			case below >= enough:
				return trial.Pass
			}
			return trial.Inconclusive
		}
	}
}
