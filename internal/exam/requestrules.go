package main

import (
	"math"

	"github.com/seatrial/seatrial/trial"
)

// The rules of this file take all requests for independent.

// mannWhitney looks after every round. Margins are in standard deviations of U.
func mannWhitney(tolerated, above, below float64) func(float64) opponent {
	return func(float64) opponent {
		var u ranks
		return func(b, c []float64, _ int, last bool) trial.Verdict {
			u.add(b, over(c, tolerated))
			return beside(u.z(), above, below, last)
		}
	}
}

func mannWhitneyOnce(tolerated, above float64) func(float64) opponent {
	return func(float64) opponent {
		var all [2][]float64
		return func(b, c []float64, _ int, last bool) trial.Verdict {
			all[0], all[1] = append(all[0], b...), append(all[1], c...)
			return failIf(last && ranked(all[0], over(all[1], tolerated)).z() > above, last)
		}
	}
}

// over divides all times.
func over(times []float64, by float64) []float64 {
	if by == 1 {
		return times
	}
	divided := make([]float64, len(times))
	for i, x := range times {
		divided[i] = x / by
	}
	return divided
}

func kayenta(allowedIncrease float64) func(float64) opponent {
	return func(float64) opponent {
		var points, now [2][]float64
		return func(b, c []float64, round int, last bool) trial.Verdict {
			now[0], now[1] = append(now[0], b...), append(now[1], c...)
			if round%perSecond == 0 {
				for v := range now {
					points[v], now[v] = append(points[v], quantile(now[v], 0.95)), nil
				}
			}
			return failIf(last && classify(points[0], points[1], allowedIncrease) == high, last)
		}
	}
}

func ratioOnce(limit float64) func(float64) opponent {
	return func(float64) opponent {
		var all [2][]float64
		return func(b, c []float64, _ int, last bool) trial.Verdict {
			all[0], all[1] = append(all[0], b...), append(all[1], c...)
			return failIf(last && slowerP95(all[0], all[1], limit), last)
		}
	}
}

// ratioOften fails at so many measurements in a row.
func ratioOften(inRow int) func(float64) opponent {
	return func(float64) opponent {
		var now [2][]float64
		failed := 0
		return func(b, c []float64, round int, last bool) trial.Verdict {
			now[0], now[1] = append(now[0], b...), append(now[1], c...)
			if round%(budget/10) != 0 {
				return failIf(false, last)
			}
			if failed++; !slowerP95(now[0], now[1], tolerance) {
				failed = 0
			}
			now = [2][]float64{}
			return failIf(failed == inRow, last)
		}
	}
}

func slowerP95(b, c []float64, limit float64) bool {
	return quantile(c, 0.95) > limit*quantile(b, 0.95)
}

// bayesian has flat priors and the normal approximation, so that
// P(candidate's mean > tolerated · baseline's) = Φ(z): margins are z.
func bayesian(tolerated float64, from int, above, below float64) func(float64) opponent {
	return func(float64) opponent {
		var base, candidate moments
		return func(b, c []float64, round int, last bool) trial.Verdict {
			base.add(b...)
			candidate.add(c...)
			if round < from {
				return trial.Inconclusive
			}
			return beside(welch(base, candidate, tolerated), above, below, last)
		}
	}
}

// threshold looks at the candidate's p95 of all so far, as k6 does, every 2 s
// (its metrics/engine/engine.go).
func threshold(from int) func(float64) opponent {
	return func(limit float64) opponent {
		var all []float64
		return func(_, c []float64, round int, last bool) trial.Verdict {
			all = merge(all, ascending(c))
			due := round >= from && round%(2*perSecond) == 0
			return failIf((due || last) && quantileOf(all, 0.95) > limit, last)
		}
	}
}

// iter8 gives a mean the posterior N(mean, range/(1+n)), where range is that of
// the means that it has seen: it depends on the unit, which is milliseconds here.
func iter8(tolerated float64) func(float64) opponent {
	return func(float64) opponent {
		var base, candidate moments
		least, most := math.Inf(1), math.Inf(-1)
		return func(b, c []float64, round int, last bool) trial.Verdict {
			base.add(b...)
			candidate.add(c...)
			if round%(10*perSecond) != 0 {
				return failIf(false, last)
			}
			x, y := 1000*base.mean, 1000*candidate.mean
			least, most = min(least, x, y), max(most, x, y)
			deviation := math.Sqrt((most - least) * (tolerated*tolerated/(1+base.n) + 1/(1+candidate.n)))
			return failIf((y-tolerated*x)/deviation > side99, last)
		}
	}
}

func pooledT(tolerated, z float64) func(float64) opponent {
	return func(float64) opponent {
		var base, candidate moments
		return func(b, c []float64, _ int, last bool) trial.Verdict {
			base.add(b...)
			candidate.add(c...)
			limit := studentQuantile(z, base.n+candidate.n-2)
			return failIf(last && welch(base, candidate, tolerated) > limit, last)
		}
	}
}

func quantile(xs []float64, p float64) float64 { return quantileOf(ascending(xs), p) }

func quantileOf(ascending []float64, p float64) float64 {
	return ascending[int(math.Ceil(p*float64(len(ascending))))-1]
}
