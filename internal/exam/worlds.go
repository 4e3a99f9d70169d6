package main

import (
	"math"
	"math/rand/v2"
)

// world starts one trial of a world: its state lives in what it returns.
type world func(*rand.Rand) draw

// draw gives one response time of a version in a round, in seconds, negative
// for a failed request. Version 0 is the baseline.
type draw func(round, version int) float64

// A candidate slower by a factor is slower by it at every quantile, so its
// truth is known in every world.

const median = 0.05 // seconds

// usual is the world that most setups are made of.
var usual = lognormal(0.5)

func lognormal(sigma float64) world {
	return func(r *rand.Rand) draw {
		return func(int, int) float64 { return median * math.Exp(sigma*r.NormFloat64()) }
	}
}

// pareto has an infinite variance.
func pareto(r *rand.Rand) draw {
	return func(int, int) float64 { return 0.02 * math.Pow(1-r.Float64(), -1/1.5) }
}

func slowTail(r *rand.Rand) draw {
	quick := lognormal(0.1)(r)
	return func(round, version int) float64 {
		x := quick(round, version)
		if r.Float64() < 0.05 {
			x *= math.E * math.E
		}
		return x
	}
}

// stalls strike each version by itself: all requests of such a round take 5
// times as long.
func stalls(r *rand.Rand) draw {
	quick, stalled := lognormal(0.3)(r), strikes(r, 0.1, 0.1)
	return func(round, version int) float64 {
		x := quick(round, version)
		if stalled(round, version) {
			x *= 5
		}
		return x
	}
}

// strikes picks rounds, for each version by itself and with its own chance.
func strikes(r *rand.Rand, chances ...float64) func(round, version int) bool {
	struck, drawn := make([]bool, len(chances)), make([]int, len(chances))
	return func(round, version int) bool {
		if drawn[version] != round+1 {
			drawn[version], struck[version] = round+1, r.Float64() < chances[version]
		}
		return struck[version]
	}
}

// drifting multiplies by a level that is AR(1) over rounds with the given
// standard deviation of its logarithm; shared, or each version's own.
func drifting(w world, rho, deviation float64, shared bool) world {
	return func(r *rand.Rand) draw {
		base := w(r)
		var level [2]float64
		drawn := [2]int{-1, -1}
		return func(round, version int) float64 {
			own := version
			if shared {
				own = 0
			}
			if drawn[own] < 0 {
				level[own], drawn[own] = deviation*r.NormFloat64(), round
			}
			for ; drawn[own] < round; drawn[own]++ {
				level[own] = rho*level[own] + math.Sqrt(1-rho*rho)*deviation*r.NormFloat64()
			}
			return base(round, version) * math.Exp(level[own])
		}
	}
}

// but changes the candidates of a world.
func but(w world, change func(r *rand.Rand, round int, x float64) float64) world {
	return func(r *rand.Rand) draw {
		base := w(r)
		return func(round, version int) float64 {
			x := base(round, version)
			if version > 0 {
				x = change(r, round, x)
			}
			return x
		}
	}
}

func times(w world, factor float64) world {
	return but(w, func(_ *rand.Rand, _ int, x float64) float64 { return x * factor })
}

// slowFew makes a share of the candidate's requests slower by a factor.
func slowFew(w world, share, factor float64) world {
	return but(w, func(r *rand.Rand, _ int, x float64) float64 {
		if r.Float64() < share {
			x *= factor
		}
		return x
	})
}

// stretched takes the candidate's times away from the median, without moving it.
func stretched(w world, power float64) world {
	return but(w, func(_ *rand.Rand, _ int, x float64) float64 { return median * math.Pow(x/median, power) })
}

// standstills hold a candidate up for so many seconds of every so many, from a
// random time on.
func standstills(w world, length, every float64) world {
	return func(r *rand.Rand) draw {
		base, phase := w(r), r.Float64()*every
		return func(round, version int) float64 {
			since := math.Mod(float64(round)*roundSeconds+phase, every)
			if version > 0 && since < length {
				return length - since
			}
			return base(round, version)
		}
	}
}

// streaks are runs of requests within a round, 8 at the mean, that a version
// changes one after another; each has its own share of requests in streaks.
func streaks(w world, change func(x float64) float64, shares ...float64) world {
	const length = 8
	return func(r *rand.Rand) draw {
		base := w(r)
		within, at := make([]bool, len(shares)), make([]int, len(shares))
		return func(round, version int) float64 {
			x, p := base(round, version), shares[version]
			switch fresh := at[version] != round; {
			case fresh:
				at[version], within[version] = round, r.Float64() < p
			case within[version]:
				within[version] = r.Float64() >= 1./length
			default:
				within[version] = r.Float64() < p/(1-p)/length
			}
			if within[version] {
				return change(x)
			}
			return x
		}
	}
}

func fails(float64) float64 { return failed }

func fiveTimes(x float64) float64 { return 5 * x }

// cold makes the candidate three times as slow in its first rounds.
func cold(w world, rounds int) world {
	return but(w, func(_ *rand.Rand, round int, x float64) float64 {
		if round < rounds {
			x *= 3
		}
		return x
	})
}

// coarse is a clock of whole milliseconds.
func coarse(w world) world {
	return func(r *rand.Rand) draw {
		base := w(r)
		return func(round, version int) float64 { return math.Ceil(base(round, version)*1000) / 1000 }
	}
}

const failed = -1

// failing lets each version fail by its own chance.
func failing(w world, chances ...float64) world {
	return func(r *rand.Rand) draw {
		base := w(r)
		return func(round, version int) float64 {
			if r.Float64() < chances[version] {
				return failed
			}
			return base(round, version)
		}
	}
}

// calming fails by chances of each version until a round, then by others.
func calming(w world, until int, before, after []float64) world {
	return func(r *rand.Rand) draw {
		base := w(r)
		return func(round, version int) float64 {
			chances := after
			if round < until {
				chances = before
			}
			if r.Float64() < chances[version] {
				return failed
			}
			return base(round, version)
		}
	}
}

// inflated is a zero-inflated error rate: most rounds of a version have no
// errors, and the struck ones have rates spread evenly from 0 to 40 %.
func inflated(w world, chances ...float64) world {
	return func(r *rand.Rand) draw {
		base, struck := w(r), strikes(r, chances...)
		rate, drawn := make([]float64, len(chances)), make([]int, len(chances))
		return func(round, version int) float64 {
			if drawn[version] != round+1 {
				drawn[version], rate[version] = round+1, 0.4*r.Float64()
			}
			if struck(round, version) && r.Float64() < rate[version] {
				return failed
			}
			return base(round, version)
		}
	}
}

// bursting lets half of a version's requests fail in a share of its rounds.
func bursting(w world, chances ...float64) world {
	return func(r *rand.Rand) draw {
		base, struck := w(r), strikes(r, chances...)
		return func(round, version int) float64 {
			if struck(round, version) && r.Float64() < 0.5 {
				return failed
			}
			return base(round, version)
		}
	}
}
