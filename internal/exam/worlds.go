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

// standstills holds a candidate up for 2 s of every 20 s: 10 % of its requests.
func standstills(w world) world {
	return func(r *rand.Rand) draw {
		base, phase := w(r), r.Float64()*20
		return func(round, version int) float64 {
			since := math.Mod(float64(round)*roundSeconds+phase, 20)
			if version > 0 && since < 2 {
				return 2 - since
			}
			return base(round, version)
		}
	}
}

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
