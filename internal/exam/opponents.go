package main

import (
	"math"
	"slices"

	"github.com/seatrial/seatrial/trial"
)

// opponent is fed the response times of the baseline and the candidate, round
// by round, and says what its rule says after each.
type opponent func(baseline, candidate []float64, round int, last bool) trial.Verdict

// opponents are other people's rules, restated with their recommended settings
// and a tolerance of 10 % where they know one. Most have two verdicts alone:
// what did not fail by the end has passed. limit is 110 % of the p95 that the
// baseline had before the trial, for rules with a fixed threshold.
var opponents = []struct {
	name, setting string
	begin         func(limit float64) opponent
}{
	{"Mann–Whitney, repeated", "p < 0.05, two-sided, on all requests after every round", mannWhitneyRepeated},
	{"Mann–Whitney, once", "the same, once at the end", mannWhitneyOnce},
	{"Kayenta's NetflixACAJudge", "60 points of 1 s (p95), once at the end; allowed increase 1.0", kayenta},
	{"p95 ratio, once", "candidate's p95 above 110 % of the baseline's, once at the end", ratioOnce},
	{"p95 ratio, ten measurements", "the same in each tenth of the trial, no failure allowed (Argo Rollouts' default)", ratioOften},
	{"Bayes 0.95, watched", "P(mean is higher) > 0.95, flat prior, no tolerance, after every round", bayesian},
	{"k6 threshold", "p95 of all so far within a fixed limit, every 2 s from 10 s on, abortOnFail", threshold},
	{"iter8-analytics v1", "the baseline wins: P(mean is higher) > 0.99 with variance range/(1+n), in ms, every 10 s", iter8},
	{"t test on pooled requests", "Welch, one-sided p < 0.05, no tolerance, once at the end", pooledT},
	{"paired t test, fixed horizon", "round means against 110 %, one-sided 5 % each way, once at the end", pairedT},
	{"asymptotic confidence sequence", "round means against 110 %, from 20 rounds on, tuned for 120", confidenceSequence},
}

// referee shows an opponent the rounds as it wants them.
func (o opponent) referee() referee {
	n := 0
	return func(r trial.Round, last bool) trial.Verdict {
		if r.Warmup || !r.Complete {
			return trial.Inconclusive
		}
		var times [2][]float64
		for _, q := range r.Requests {
			times[q.Version] = append(times[q.Version], q.Seconds())
		}
		n++
		return o(times[0], times[1], n, last)
	}
}

// failIf is the answer of a rule that knows no third verdict.
func failIf(fail, last bool) trial.Verdict {
	switch {
	case fail:
		return trial.Fail
	case last:
		return trial.Pass
	}
	return trial.Inconclusive
}

func mannWhitneyRepeated(float64) opponent {
	var u ranks
	return func(b, c []float64, _ int, last bool) trial.Verdict {
		u.add(b, c)
		return failIf(u.z() > z95, last)
	}
}

func mannWhitneyOnce(float64) opponent {
	var u ranks
	return func(b, c []float64, _ int, last bool) trial.Verdict {
		u.add(b, c)
		return failIf(last && u.z() > z95, last)
	}
}

func kayenta(float64) opponent {
	var points, now [2][]float64
	return func(b, c []float64, round int, last bool) trial.Verdict {
		now[0], now[1] = append(now[0], b...), append(now[1], c...)
		if round%4 == 0 {
			for v := range now {
				points[v], now[v] = append(points[v], quantile(now[v], 0.95)), nil
			}
		}
		return failIf(last && classify(points[0], points[1]) == high, last)
	}
}

func ratioOnce(float64) opponent {
	var all [2][]float64
	return func(b, c []float64, _ int, last bool) trial.Verdict {
		all[0], all[1] = append(all[0], b...), append(all[1], c...)
		return failIf(last && slowerP95(all[0], all[1]), last)
	}
}

func ratioOften(float64) opponent {
	var now [2][]float64
	return func(b, c []float64, round int, last bool) trial.Verdict {
		now[0], now[1] = append(now[0], b...), append(now[1], c...)
		if round%(budget/10) != 0 {
			return failIf(false, last)
		}
		fail := slowerP95(now[0], now[1])
		now = [2][]float64{}
		return failIf(fail, last)
	}
}

func slowerP95(b, c []float64) bool { return quantile(c, 0.95) > 1.1*quantile(b, 0.95) }

func bayesian(float64) opponent {
	var base, candidate moments
	return func(b, c []float64, _ int, last bool) trial.Verdict {
		base.add(b...)
		candidate.add(c...)
		return failIf(probablyHigher(base, candidate) > 0.95, last)
	}
}

// probablyHigher is P(candidate's mean > baseline's) under flat priors and the
// normal approximation.
func probablyHigher(base, candidate moments) float64 {
	return normalBelow(welch(base, candidate))
}

func threshold(limit float64) opponent {
	var all []float64
	return func(_, c []float64, round int, last bool) trial.Verdict {
		all = append(all, c...)
		due := round >= 40 && round%8 == 0
		return failIf((due || last) && quantile(all, 0.95) > limit, last)
	}
}

// iter8 gives a mean the posterior N(mean, range/(1+n)), where range is that of
// the means that it has seen: it depends on the unit, which is milliseconds here.
func iter8(float64) opponent {
	var base, candidate moments
	least, most := math.Inf(1), math.Inf(-1)
	return func(b, c []float64, round int, last bool) trial.Verdict {
		base.add(b...)
		candidate.add(c...)
		if round%40 != 0 {
			return failIf(false, last)
		}
		x, y := 1000*base.mean, 1000*candidate.mean
		least, most = min(least, x, y), max(most, x, y)
		deviation := math.Sqrt((most - least) * (1/(1+base.n) + 1/(1+candidate.n)))
		return failIf(normalBelow((y-x)/deviation) > 0.99, last)
	}
}

func pooledT(float64) opponent {
	var base, candidate moments
	return func(b, c []float64, _ int, last bool) trial.Verdict {
		base.add(b...)
		candidate.add(c...)
		return failIf(last && welch(base, candidate) > studentQuantile95(base.n+candidate.n-2), last)
	}
}

func pairedT(float64) opponent {
	var d moments
	return func(b, c []float64, _ int, last bool) trial.Verdict {
		d.add(excess(b, c))
		if !last {
			return trial.Inconclusive
		}
		return beside(d.mean, studentQuantile95(d.n-1)*math.Sqrt(d.variance()/d.n))
	}
}

func confidenceSequence(float64) opponent {
	var d moments
	return func(b, c []float64, round int, _ bool) trial.Verdict {
		d.add(excess(b, c))
		if round < 20 {
			return trial.Inconclusive
		}
		return beside(d.mean, math.Sqrt(d.variance())*asymptotic(d.n, 120, 0.05))
	}
}

// beside is fail above the margin, pass below it, and else neither.
func beside(mean, margin float64) trial.Verdict {
	switch {
	case mean > margin:
		return trial.Fail
	case mean < -margin:
		return trial.Pass
	}
	return trial.Inconclusive
}

// excess is how far the candidate's mean of a round is above 110 % of the baseline's.
func excess(b, c []float64) float64 { return meanOf(c) - 1.1*meanOf(b) }

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

func quantile(xs []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[int(math.Ceil(p*float64(len(sorted))))-1]
}
