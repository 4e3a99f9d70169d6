package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

// drifting gives each round a level of its own, AR(1) 0.9 with a tenth: one that
// both versions share, or one each.
func drifting(shared bool) world {
	const rho, deviation = 0.9, 0.1
	var level [2]float64
	drawn := [2]int{-1, -1}
	return func(random *rand.Rand, version, round int) float64 {
		own := version
		if shared {
			own = 0
		}
		for ; drawn[own] < round; drawn[own]++ {
			level[own] = rho*level[own] + math.Sqrt(1-rho*rho)*deviation*random.NormFloat64()
		}
		return lognormal(random, 0.05, 0.3) * math.Exp(level[own])
	}
}

// What versions share in a round cancels, and what each has to itself does not,
// in a forecast as in a trial.
func TestForecastsKnowWhatVersionsShare(t *testing.T) {
	p := asked(t, "latency-p50 <= 110% of baseline")
	until := func(w func() world) int {
		var said []int
		for seed := range uint64(7) {
			said = append(said, Prospects(p, both, rounds(w(), seed, 2, 200), 240, roundLength)[0].Until(trial.Pass, 0))
		}
		slices.Sort(said)
		return said[3]
	}
	none := until(func() world { return same })
	shared := until(func() world { return drifting(true) })
	own := until(func() world { return drifting(false) })
	if shared > none*5/4 || own < 3*none {
		t.Errorf("a pass in %d rounds without drift, %d with a drift that is shared, %d with one each", none, shared, own)
	}
}

// The budget is enough as often as it is longer than what so many trials need.
func TestChancesAgreeWithRounds(t *testing.T) {
	of := Prospects(asked(t, "latency-p95 <= 110% of baseline"), both, rounds(same, 1, 2, warm), 240, roundLength)[0]
	f := of.foresee(0)
	for _, chance := range []float64{0.2, trial.AsLikelyAsNot, trial.FairlySure} {
		n := f.until(trial.Pass, chance)
		if n == 0 || f.chance(trial.Pass, n) < chance || f.chance(trial.Pass, n-1) >= chance {
			t.Errorf("%g of trials until round %d, where %g have, after %g", chance, n, f.chance(trial.Pass, n), f.chance(trial.Pass, n-1))
		}
	}
}

// No hit in any request is as much evidence beyond what is played as within.
func TestRoundsBeyondThosePlayedCountAsSeenAgain(t *testing.T) {
	p := asked(t, "error-rate <= 0.02%")
	f := Prospects(p, alone, rounds(noErrors, 1, 1, warm), 10_000, roundLength)[0].foresee(0)
	j := judgeOf(t, alone, func(p *Policy) { p.AtLeast = 7 * roundLength }, "error-rate <= 0.02%")
	want := play(j, rounds(noErrors, 1, 1, 2000)).Rounds
	if n := f.until(trial.Pass, 1); want <= played || n < want || float64(n) > 1.1*float64(want) {
		t.Errorf("%d rounds, want %d or a tenth more", n, want)
	}
}

func TestLooksGrowToTheEnd(t *testing.T) {
	looks := lookSchedule(7, 240)
	for i, n := range looks[1:] {
		if before := looks[i]; n <= before || n > before+1 && float64(n) > 1.1*float64(before) {
			t.Errorf("a look at %d after %d", n, before)
		}
	}
	if looks[0] != 7 || looks[len(looks)-1] != 240 {
		t.Errorf("looks from %d to %d", looks[0], looks[len(looks)-1])
	}
}

// A search asks of a trial only what it does not know of it.
func TestSearchKeepsWhatItKnows(t *testing.T) {
	of := Prospects(asked(t, "latency-p50 <= 110% of baseline"), both, rounds(same, 1, 2, warm), 240, roundLength)[0]
	s := newSearch(of)
	if s.shown(0.01) || !s.shown(0.5) {
		t.Fatal("1 % is shown, or 50 % is not")
	}
	of.stages = [plays]*stage{} // nothing can be played any more
	if s.shown(0.005) || !s.shown(0.9) {
		t.Error("less than 1 % is shown, or more than 50 % is not")
	}
}

// Rounds vary less about their own mean than about the truth; shares of requests
// without bursts vary as they do.
func TestRoundsOfAShortRecordCountForLess(t *testing.T) {
	for objective, want := range map[string]float64{
		"latency-p95 <= 110% of baseline": 0.95, "latency-mean <= 60ms": 0.95, "throughput >= 90% of baseline": 0.95,
		"latency-p95 <= 60ms": 1, "error-rate <= 2%": 1, "error-rate <= baseline + 2%": 1,
	} {
		of := Prospects(asked(t, objective), both, rounds(same, 1, 2, warm), 240, roundLength)[0]
		if got := of.scarce(); got != want {
			t.Errorf("%s: %g, want %g", objective, got, want)
		}
	}
}
