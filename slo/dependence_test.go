package slo

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// What a filter sums up round by round is weighted least squares with the
// covariance that its drift has: here by Cholesky's decomposition of all of it.
func TestChainIsLeastSquares(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	var c chain
	var xs []float64
	for range 12 {
		xs = append(xs, 3+random.NormFloat64())
		c.add(xs[len(xs)-1])
	}
	for k, got := range c.seen() {
		want := leastSquares(xs, drifts[k])
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-10, 0)); diff != "" {
			t.Errorf("%+v: %s", drifts[k], diff)
		}
	}
}

func leastSquares(xs []float64, d drift) bayes.Whitened {
	n := len(xs)
	root := make([][]float64, n) // of the covariance, lower
	w := bayes.Whitened{N: float64(n)}
	ones, whitened := make([]float64, n), make([]float64, n)
	sum := 0.0
	for i := range n {
		root[i] = make([]float64, n)
		ones[i], whitened[i] = 1, xs[i]
		for j := range i + 1 {
			root[i][j] = d.part * math.Pow(d.rho, float64(i-j))
			if i == j {
				root[i][j] = 1
			}
			for k := range j {
				root[i][j] -= root[i][k] * root[j][k]
			}
			if i == j {
				root[i][i] = math.Sqrt(root[i][i])
				continue
			}
			root[i][j] /= root[j][j]
			ones[i] -= root[i][j] * ones[j]
			whitened[i] -= root[i][j] * whitened[j]
		}
		ones[i], whitened[i] = ones[i]/root[i][i], whitened[i]/root[i][i]
		w.LogDet += 2 * math.Log(root[i][i])
		w.Weight += ones[i] * ones[i]
		sum += ones[i] * whitened[i]
	}
	w.Mean = sum / w.Weight
	for i := range n {
		w.Residual += math.Pow(whitened[i]-ones[i]*w.Mean, 2)
	}
	return w
}

// autoregressive is a chain of n values about a mean, each rho of its neighbour.
func autoregressive(seed uint64, mean, rho float64, n int) *chain {
	random := rand.New(rand.NewPCG(seed, 2))
	c, x := &chain{}, random.NormFloat64()
	for range n {
		c.add(mean + x)
		x = rho*x + math.Sqrt(1-rho*rho)*random.NormFloat64()
	}
	return c
}

func TestOnlyAlikeNeighboursCountForLess(t *testing.T) {
	for _, c := range []struct{ rho, least, most float64 }{{0, 1, 1.3}, {0.5, 1.8, 4}, {0.9, 6, 20}} {
		sum := 0.0
		for seed := range uint64(200) {
			sum += autoregressive(seed, 0, c.rho, 240).alike() / 200
		}
		if !(sum >= c.least && sum <= c.most) {
			t.Errorf("autocorrelation %v: %.2f rounds count as one, want %v to %v", c.rho, sum, c.least, c.most)
		}
	}
}

// wrongly plays chains of 240 rounds at the limit, each a level that wanders
// under noise of its own, and returns the share in which something was ever shown.
func wrongly(rho, part float64) (share float64) {
	const trials = 500
	for seed := range uint64(trials) {
		random := rand.New(rand.NewPCG(seed, 3))
		c, level := chain{}, random.NormFloat64()
		for range 240 {
			c.add(math.Sqrt(part)*level + math.Sqrt(1-part)*random.NormFloat64())
			level = rho*level + math.Sqrt(1-rho*rho)*random.NormFloat64()
			if above, below := c.evidence(0, 1); c.n >= 7 && math.Max(above, below) >= math.Log(20) {
				share += 1.0 / trials
				break
			}
		}
	}
	return share
}

// Both sides have a bound of 5 % where the drift is drawn as suspected, so each
// drift by itself has more. Judged as independent, 2 of 3 would show something.
func TestDriftShowsLittle(t *testing.T) {
	for _, c := range []struct{ rho, part, most float64 }{{0, 0, 0.08}, {0.5, 0.5, 0.15}, {0.9, 0.25, 0.30}, {0.9, 0.5, 0.30}} {
		if got := wrongly(c.rho, c.part); got > c.most {
			t.Errorf("AR(1) %v with %v of the variance: %.3f show something at the limit, want at most %v", c.rho, c.part, got, c.most)
		}
	}
}

// A change that no drift explains is shown in seconds all the same.
func TestLargeChangesAreShownSoon(t *testing.T) {
	for _, c := range []struct {
		noise float64
		most  int
	}{{0, 7}, {0.05, 7}, {0.25, 10}, {1, 40}} {
		random, ch, n := rand.New(rand.NewPCG(1, 1)), chain{}, 0
		for above := 0.0; above < math.Log(20); n++ {
			ch.add(1 + c.noise*random.NormFloat64())
			above, _ = ch.evidence(0, 1)
		}
		if n > c.most {
			t.Errorf("noise %v: shown after %d rounds, want at most %d", c.noise, n, c.most)
		}
	}
}

// Figures that are all the same are at their limit, not a hair beside it.
func TestEqualFiguresAreAtTheirLimit(t *testing.T) {
	for _, figure := range []float64{60.1, 1.0 / 3, 0.1, 7e-5, 123456.789} {
		var c chain
		for range 100 {
			c.add(figure)
		}
		if above, below := c.evidence(figure, 1); above != 0 || below != 0 {
			t.Errorf("%v: evidence %v and %v, want none", figure, above, below)
		}
		// What is left by the computer's rounding is no drift.
		if got := c.alike(); got >= tellAlike {
			t.Errorf("%v: %.1f rounds count as one", figure, got)
		}
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
		even.add(float64(hits), 25)
		burst := 0
		if round%20 == 0 {
			burst = 10
		}
		bursts.add(float64(burst), 25)
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

// A stall of eight rounds in which every fifth request fails: within a round hits
// fall as by chance, but the rounds fail together.
func TestHitsOfNeighbouringRoundsCountTogether(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	var lasting tally
	for round := range 320 {
		hits := 0
		for range 5 {
			if round%40 < 8 && random.Float64() < 0.2 {
				hits++
			}
		}
		lasting.add(float64(hits), 5)
	}
	if one, all := lasting.widths[0].designEffect(), lasting.designEffect(); !(all > 2*one && all > 3) {
		t.Errorf("design effect %.2f of rounds, %.2f of spans", one, all)
	}
	hits, trials := lasting.effective()
	if effect := lasting.designEffect(); math.Abs(hits*effect-lasting.hits) > 1e-9 || math.Abs(trials*effect-1600) > 1e-9 {
		t.Errorf("%v hits of %v count, want both divided by %v", hits, trials, effect)
	}
}

// Errors that began half way may be the end of the version: two spans of eight
// rounds, one without and one with, are no burst yet.
func TestErrorsThatBeganAreNoBurst(t *testing.T) {
	var began tally
	for round := range 16 {
		began.add(float64(round/8*2), 25)
	}
	if got := began.designEffect(); got != 1 {
		t.Errorf("design effect %v, want 1", got)
	}
}

// A candidate that hangs after ten seconds is a change, not a drift.
func TestHangingHalfWayIsShown(t *testing.T) {
	random, c := rand.New(rand.NewPCG(6, 6)), chain{}
	for round := range 70 {
		x := 0.06*random.NormFloat64() - 0.02
		if round >= 40 {
			x += 0.95
		}
		c.add(x)
	}
	if above, _ := c.evidence(0, 1); above < math.Log(60) {
		t.Errorf("ln E = %v after 30 rounds of it, want at least ln 60", above)
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
