package slo

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

func TestChainMergesNeighbours(t *testing.T) {
	var c chain
	for i := range 11 {
		c.add(float64(i))
	}
	for width, want := range []struct{ n, mean float64 }{{11, 5}, {5, 4.5}, {2, 3.5}, {1, 3.5}} {
		if got := c.at(width); got.N != want.n || math.Abs(got.Mean-want.mean) > 1e-12 {
			t.Errorf("width %d: %v contrasts of mean %v, want %v of %v", width, got.N, got.Mean, want.n, want.mean)
		}
	}
	if c.at(9).N != 0 {
		t.Error("a width that was never reached has contrasts")
	}
}

// autoregressive is a chain of n values, each rho of its neighbour.
func autoregressive(seed uint64, rho float64, n int) *chain {
	random := rand.New(rand.NewPCG(seed, 2))
	c, x := &chain{}, random.NormFloat64()
	for range n {
		c.add(x)
		x = rho*x + math.Sqrt(1-rho*rho)*random.NormFloat64()
	}
	return c
}

func TestOnlyAlikeNeighboursAreMerged(t *testing.T) {
	merged := func(rho float64) (share float64) {
		for seed := range uint64(400) {
			if autoregressive(seed, rho, 240).width() > 0 {
				share += 1.0 / 400
			}
		}
		return share
	}
	if got := merged(0); got > 0.03 {
		t.Errorf("independent rounds: %.3f of chains are merged, want about 0.01", got)
	}
	if got := merged(0.3); got < 0.95 {
		t.Errorf("autocorrelation 0.3: %.3f of chains are merged, want nearly all", got)
	}
}

func TestOnlyBurstsHaveADesignEffect(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	var even, bursts, none tally
	for round := range 200 {
		hits := 0
		for range 25 {
			if random.Float64() < 0.02 {
				hits++
			}
		}
		even.add(hits, 25)
		burst := 0
		if round%20 == 0 {
			burst = 10
		}
		bursts.add(burst, 25)
		none.add(0, 25)
	}
	if got := even.designEffect(); got != 1 {
		t.Errorf("independent hits: design effect %v", got)
	}
	// Ten hits at a time count as about ten times less: Σ nᵣ(sᵣ−s)²/((R−1)s(1−s)).
	if got := bursts.designEffect(); math.Abs(got-9.74) > 0.01 {
		t.Errorf("hits ten at a time: design effect %v, want 9.74", got)
	}
	if got := none.designEffect(); got != 1 {
		t.Errorf("no hits: design effect %v", got)
	}
}

// Errors in bursts of a quarter of a round's requests, at a share just above
// the limit: judged as independent they would be passed or failed too soon.
func TestBurstsTakeLongerToJudge(t *testing.T) {
	play := func(w world) int {
		j := judgeOf(t, alone, func(p *Policy) { p.AtLeast = 2 * time.Second }, "error-rate <= 2%")
		for _, r := range rounds(only(w), 4, 1, 2400) {
			if l := j.Look(r); l.Done {
				return l.Rounds
			}
		}
		return 2400
	}
	even := play(failing(0.04))
	burst := play(func(random *rand.Rand, version, round int) float64 {
		if round%10 == 3 && random.Float64() < 0.4 {
			return -1
		}
		return same(random, version, round)
	})
	if burst <= even {
		t.Errorf("4 %% errors: decided after %d rounds in bursts, after %d evenly", burst, even)
	}
}

// One round in which everything fails, and then none: no reason to fail, and
// none to have failed after the first round.
func TestOneBurstIsNoVerdict(t *testing.T) {
	burst := func(random *rand.Rand, version, round int) float64 {
		if round == 0 {
			return -1
		}
		return same(random, version, round)
	}
	j := judgeOf(t, alone, nil, "error-rate <= 2%", "latency-p95 <= 300ms")
	if l := play(j, rounds(only(burst), 1, 1, 240)); l.Verdict == trial.Fail {
		t.Errorf("failed after %d rounds: %s", l.Rounds, j.Conclude(true).Reason)
	}
}

func TestCautionIsTold(t *testing.T) {
	// A candidate that drifts up and down by itself, within the limit on average.
	w := func(random *rand.Rand, version, round int) float64 {
		x := lognormal(random, 0.05, 0.3)
		if version == 1 {
			x *= math.Exp(0.1 * math.Sin(float64(round)/5))
		}
		return x
	}
	j := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline", "error-rate <= 50%")
	play(j, rounds(w, 1, 2, 100))
	if f := j.Conclude(true).Findings[0]; !strings.Contains(f.Statistic, "neighbouring rounds are alike") {
		t.Errorf("judged by %q: want it said that neighbours are alike", f.Statistic)
	}
}
