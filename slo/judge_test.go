package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

var (
	alone = []trial.Version{{Name: "candidate"}}
	both  = []trial.Version{{Name: "baseline", Role: trial.Baseline}, {Name: "candidate"}}
	three = []trial.Version{{Name: "baseline", Role: trial.Baseline}, {Name: "a"}, {Name: "b"}}
)

const (
	perRound    = 25
	roundLength = 250 * time.Millisecond
)

// world draws one request of a version in a round: its response time in
// seconds, negative for a failed one.
type world func(random *rand.Rand, version, round int) float64

// rounds plays a world: 25 requests to each version every 250 ms.
func rounds(w world, seed uint64, versions, count int) []trial.Round {
	random := rand.New(rand.NewPCG(seed, 1))
	var out []trial.Round
	for i := range count {
		r := trial.Round{
			Index: i, Complete: true, Start: time.Duration(i) * roundLength, End: time.Duration(i+1) * roundLength,
			Generator: trial.Generator{Planned: perRound * versions},
		}
		for range perRound {
			for v := range versions {
				q := trial.Request{Version: uint8(v), Status: trial.Answered(200, true)}
				if x := w(random, v, i); x < 0 {
					q.Status = trial.Answered(500, false)
				} else {
					q.Latency = trial.Ticks(time.Duration(x * float64(time.Second)))
				}
				r.Requests = append(r.Requests, q)
			}
		}
		out = append(out, r)
	}
	return out
}

func judgeOf(t *testing.T, versions []trial.Version, set func(*Policy), objectives ...string) *Judge {
	t.Helper()
	p := DefaultPolicy()
	for _, text := range objectives {
		var o Objective
		if err := o.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		p.Objectives = append(p.Objectives, o)
	}
	if set != nil {
		set(&p)
	}
	return New(p, versions)
}

// play looks at the rounds until the judge is done, and returns its last look.
func play(j *Judge, rounds []trial.Round) trial.Look {
	var l trial.Look
	for _, r := range rounds {
		if l = j.Look(r); l.Done {
			break
		}
	}
	return l
}

func lognormal(random *rand.Rand, median, sigma float64) float64 {
	return median * math.Exp(sigma*random.NormFloat64())
}

func same(random *rand.Rand, _, _ int) float64 { return lognormal(random, 0.05, 0.3) }

// times makes version 1 and on slower by a factor.
func times(factor float64) world {
	return func(random *rand.Rand, version, _ int) float64 {
		x := lognormal(random, 0.05, 0.3)
		if version > 0 {
			x *= factor
		}
		return x
	}
}

// failing makes version 1 and on fail with this chance, the baseline with 0.2 %.
func failing(chance float64) world {
	return func(random *rand.Rand, version, round int) float64 {
		limit := 0.002
		if version > 0 {
			limit = chance
		}
		if random.Float64() < limit {
			return -1
		}
		return same(random, version, round)
	}
}

// Every form of objective, once with a truth well within and once well beyond
// its limit: the verdict must be the right one within a minute of rounds.
func TestEveryFormIsDecidedRightly(t *testing.T) {
	for _, c := range []struct {
		objective    string
		good, bad    world
		conformation bool
	}{
		{"latency-p50 <= 110% of baseline", same, times(1.3), false},
		{"latency-p95 <= 110% of baseline", same, times(1.5), false},
		{"latency-p95 <= baseline + 20ms", same, times(2), false},
		{"latency-p95 >= 90% of baseline", same, times(0.5), false},
		{"latency-mean <= 110% of baseline", same, times(1.3), false},
		{"latency-mean <= baseline + 10ms", same, times(1.5), false},
		{"latency-min <= 150% of baseline", same, times(2), false},
		{"latency-max <= 200% of baseline", same, times(3), false},
		{"latency-stddev <= 150% of baseline", same, times(2), false},
		{"error-rate <= baseline + 2%", failing(0.002), failing(0.08), false},
		{"error-rate <= 150% of baseline", failing(0), failing(0.05), false},
		{"throughput >= 98% of baseline", same, failing(0.2), false},
		{"latency-p95 <= 100ms", same, times(1.5), true},
		{"latency-p50 >= 40ms", same, times(0.5), true},
		{"latency-mean <= 60ms", same, times(1.5), true},
		{"error-rate <= 2%", failing(0.002), failing(0.08), true},
		{"throughput >= 95/s", same, failing(0.2), true},
	} {
		t.Run(c.objective, func(t *testing.T) {
			for name, w := range map[string]world{"pass": c.good, "fail": c.bad} {
				versions := both
				if c.conformation {
					versions, w = alone, only(w)
				}
				j := judgeOf(t, versions, nil, c.objective, "error-rate <= 99%")
				play(j, rounds(w, 3, len(versions), 240))
				f := j.Conclude(true).Findings[0]
				if f.Verdict.String() != name {
					t.Errorf("%s, want %s: %s", f.Verdict, name, f.Reason)
				}
				if !(f.Anytime.Low.Value <= f.Credible.High.Value) || math.IsNaN(f.Within.Value) && f.Rounds > 0 {
					t.Errorf("anytime %v, credible %v, within %v", f.Anytime, f.Credible, f.Within)
				}
			}
		})
	}
}

// only plays a world's candidate alone.
func only(w world) world {
	return func(random *rand.Rand, _, round int) float64 { return w(random, 1, round) }
}

func TestFailMayComeEarlyPassMayNot(t *testing.T) {
	slow := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline")
	if l := play(slow, rounds(times(1.6), 1, 2, 240)); l.Verdict != trial.Fail || l.Rounds > 40 {
		t.Errorf("60 %% slower: %s after %d rounds", l.Verdict, l.Rounds)
	}
	equal := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline")
	if l := play(equal, rounds(same, 1, 2, 240)); l.Verdict != trial.Pass || l.Rounds < leastRounds {
		t.Errorf("equal: %s after %d rounds, want a pass not before %d", l.Verdict, l.Rounds, leastRounds)
	}
}

// A stall of 2 s every 20 s, wherever it begins, is 10 % of all requests: a p95
// objective must not pass, at the default at-least or within 10 s.
func TestRareStallIsNotPassed(t *testing.T) {
	for phase := range 20 {
		stalls := func(random *rand.Rand, version, round int) float64 {
			since := math.Mod(float64(round)*0.25+float64(phase), 20)
			if version == 1 && since < 2 {
				return 2 - since
			}
			return same(random, version, round)
		}
		j := judgeOf(t, both, nil, "latency-p95 <= 110% of baseline")
		if l := play(j, rounds(stalls, uint64(phase), 2, 240)); l.Verdict == trial.Pass {
			t.Errorf("phase %d s: passed after %.1f s", phase, l.Seconds)
		}
	}
}

func TestFastErrorsFailALatencyObjective(t *testing.T) {
	// Errors alone would end the trial first.
	j := judgeOf(t, both, nil, "latency-p95 <= 110% of baseline", "error-rate <= 99%")
	play(j, rounds(failing(0.5), 1, 2, 240))
	if f := j.Conclude(true).Findings[0]; f.Verdict != trial.Fail {
		t.Errorf("half of the requests fail: latency-p95 is %s: %s", f.Verdict, f.Reason)
	}
}

func TestNoDataNeverPasses(t *testing.T) {
	// Rounds in which the candidate was never asked.
	baselineOnly := rounds(same, 1, 1, 150)
	for _, c := range []struct {
		noData NoData
		rounds []trial.Round
		ended  bool
		want   trial.Verdict
		broken bool
	}{
		{NoDataInconclusive, baselineOnly, true, trial.Inconclusive, false},
		{NoDataFail, baselineOnly, true, trial.Fail, false},
		{NoDataFail, baselineOnly, false, trial.Inconclusive, false}, // it might have come
		{NoDataFail, nil, true, trial.Inconclusive, false},           // nothing was measured at all
		{NoDataBroken, baselineOnly, true, trial.Inconclusive, true},
	} {
		j := judgeOf(t, both, func(p *Policy) { p.NoData = c.noData }, "latency-p95 <= 110% of baseline")
		play(j, c.rounds)
		if got := j.Conclude(c.ended); got.Verdict != c.want || (got.Broken != "") != c.broken {
			t.Errorf("no-data: %s after %d rounds, ended %v: %s, broken %q; want %s",
				noDataNames[c.noData], len(c.rounds), c.ended, got.Verdict, got.Broken, c.want)
		}
	}
}

func TestNothingJudgedNeverPasses(t *testing.T) {
	j := judgeOf(t, both[:1], nil, "latency-p50 <= 300ms")
	if l := play(j, rounds(same, 1, 1, 240)); l.Verdict != trial.Inconclusive || j.Conclude(true).Reason != "no objective is judged" {
		t.Errorf("without a candidate: %s, %s", l.Verdict, j.Conclude(true).Reason)
	}
}

// Each of these once passed.
func TestWhatMustNotPass(t *testing.T) {
	inform := func(p *Policy) { p.Objectives[1].Inform = true }
	for _, c := range []struct {
		name       string
		world      world
		set        func(*Policy)
		objectives []string
	}{
		{"a worse tail while both slow down", func(random *rand.Rand, version, round int) float64 {
			x := lognormal(random, 0.05, 0.1) * (1 + 0.5*float64(round)/240)
			if version == 1 && random.Float64() < 0.08 {
				x *= 1.5
			}
			return x
		}, nil, []string{"latency-p95 <= 110% of baseline"}},
		{"equal, where an improvement is asked for", times(1), nil, []string{"latency-mean <= 50% of baseline"}},
		{"three times slower under a limit below zero", func(random *rand.Rand, version, _ int) float64 {
			return lognormal(random, 0.002*float64(1+2*version), 0.1)
		}, nil, []string{"latency-p95 <= baseline - 5ms"}},
		{"half of the requests failing, errors only informed of", failing(0.5), inform, []string{"latency-mean <= 110% of baseline", "error-rate <= 1%"}},
		{"ten times slower than a baseline without a p95", func(random *rand.Rand, version, _ int) float64 {
			if version == 0 && random.Float64() < 0.1 {
				return -1
			}
			return lognormal(random, 0.05*float64(1+9*version), 0.2)
		}, nil, []string{"latency-p95 <= 110% of baseline"}},
		{"ten rounds of answers and then none", func(random *rand.Rand, version, round int) float64 {
			if version == 1 && round >= 10 {
				return -1
			}
			return same(random, version, round)
		}, nil, []string{"latency-mean <= 110% of baseline", "error-rate <= 99.9%"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := judgeOf(t, both, c.set, c.objectives...)
			if l := play(j, rounds(c.world, 7, 2, 240)); l.Verdict == trial.Pass {
				t.Errorf("passed after %d rounds: %s", l.Rounds, j.Conclude(true).Findings[0].Reason)
			}
		})
	}
}

// And these once failed.
func TestWhatMustNotFail(t *testing.T) {
	late := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline")
	all := append(rounds(times(3), 1, 2, 12), rounds(same, 2, 2, 260)...)
	for i := range all {
		if i < 12 {
			all[i].Generator.Late = all[i].Generator.Planned
		}
	}
	if l := play(late, all); l.Verdict == trial.Fail {
		t.Errorf("for rounds of a late generator: %s", late.Conclude(true).Reason)
	}
	even := judgeOf(t, alone, nil, "throughput >= 60/s", "error-rate <= 5%")
	cut := rounds(only(same), 1, 1, 240)
	for i := range cut {
		cut[i].End = cut[i].Start + 416_666_667*time.Nanosecond // 25 requests at 60/s
	}
	if l := play(even, cut); l.Verdict == trial.Fail {
		t.Errorf("for a nanosecond: %s", even.Conclude(true).Reason)
	}
}

// Dead or three quarters dead, just before a pass would be given.
func TestDyingBaselineIsNoReasonToPass(t *testing.T) {
	for _, chance := range []float64{1, 0.75} {
		dying(t, chance)
	}
}

func dying(t *testing.T, chance float64) {
	t.Helper()
	dead := func(random *rand.Rand, version, round int) float64 {
		if version == 0 && round >= 119 && random.Float64() < chance {
			return -1
		}
		return same(random, version, round)
	}
	j := judgeOf(t, both, nil, "latency-p95 <= 110% of baseline")
	l := play(j, rounds(dead, 1, 2, 240))
	if l.Verdict == trial.Pass || !strings.Contains(l.Broken, "the baseline has failed most of its requests") || l.Rounds > 128 {
		t.Errorf("%s after %d rounds, broken %q", l.Verdict, l.Rounds, l.Broken)
	}
}

func TestLateGeneratorConcludesNothing(t *testing.T) {
	nothing := func(*rand.Rand, int, int) float64 { return -1 }
	for _, w := range []world{same, times(3), nothing} {
		j := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline")
		all := rounds(w, 1, 2, 240)
		for i := range all {
			all[i].Generator.Late = 6
		}
		if l := play(j, all); l.Verdict != trial.Inconclusive || l.Broken != "" || !strings.Contains(j.Conclude(true).Reason, "fell behind") {
			t.Errorf("%s: %s", l.Verdict, j.Conclude(true).Reason)
		}
	}
}

func TestWarmupAndIncompleteRoundsAreNotJudged(t *testing.T) {
	j := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline")
	for i, r := range rounds(times(5), 1, 2, 20) {
		r.Warmup, r.Complete = i < 10, i < 10
		if l := j.Look(r); l.Rounds != 0 || l.Verdict != trial.Inconclusive {
			t.Fatalf("round %d was judged", i)
		}
	}
	if c := j.Conclude(true); c.Dropped != 10 || c.Rounds != 0 {
		t.Errorf("%d dropped, %d judged; want 10 and 0", c.Dropped, c.Rounds)
	}
}

// Holm: with m pairs the first fail needs m times the evidence.
// A round in which traffic settled leaves no trace in what is judged.
func TestSettlingRoundsAreNotJudged(t *testing.T) {
	calm := rounds(same, 3, 2, 160)
	var settling []trial.Round
	for i, r := range rounds(failing(0.5), 4, 2, 160) {
		r.Settling = true
		settling = append(settling, r, calm[i])
	}
	with, without := judgeOf(t, both, nil, "latency-p95 <= 110% of baseline"), judgeOf(t, both, nil, "latency-p95 <= 110% of baseline")
	play(with, settling)
	play(without, calm)
	if diff := cmp.Diff(without.Conclude(true).Findings, with.Conclude(true).Findings, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestFailIsCorrectedForThePairs(t *testing.T) {
	one := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline", "error-rate <= 50%")
	many := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline", "error-rate <= 50%",
		"latency-p90 <= 900% of baseline", "latency-p95 <= 900% of baseline", "latency-p99 <= 900% of baseline",
		"latency-mean <= 900% of baseline", "latency-max <= 900% of baseline", "throughput >= 10% of baseline")
	all := rounds(times(1.3), 5, 2, 240)
	first, second := play(one, all), play(many, all)
	if first.Verdict != trial.Fail || second.Verdict != trial.Fail || second.Rounds <= first.Rounds {
		t.Errorf("2 pairs: %s after %d rounds; 8 pairs: %s after %d", first.Verdict, first.Rounds, second.Verdict, second.Rounds)
	}
	f := many.Conclude(true).Findings[0]
	if f.Against.Most < math.Log(8*20) {
		t.Errorf("failed among 8 pairs with evidence %.1f, want at least %.1f", f.Against.Most, math.Log(8*20))
	}
}

func TestEveryCandidateMustPass(t *testing.T) {
	oneSlow := func(random *rand.Rand, version, round int) float64 {
		x := same(random, version, round)
		if version == 2 {
			x *= 1.6
		}
		return x
	}
	j := judgeOf(t, three, nil, "latency-p50 <= 110% of baseline")
	if l := play(j, rounds(oneSlow, 1, 3, 240)); l.Verdict != trial.Fail {
		t.Errorf("one of two candidates is slow: %s", l.Verdict)
	}
	if reason := j.Conclude(true).Reason; !strings.HasPrefix(reason, "b: p50 latency is") {
		t.Errorf("reason %q does not name the slow one", reason)
	}
}

func TestFloorForgivesWhatAClientCantMeasure(t *testing.T) {
	micro := func(random *rand.Rand, version, _ int) float64 {
		x := lognormal(random, 0.0003, 0.2)
		if version == 1 {
			x *= 1.5
		}
		return x
	}
	forgiving := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline")
	if l := play(forgiving, rounds(micro, 1, 2, 240)); l.Verdict != trial.Pass {
		t.Errorf("0.15 ms more under a floor of 1 ms: %s", l.Verdict)
	}
	none := time.Duration(0)
	strict := judgeOf(t, both, func(p *Policy) { p.Objectives[0].Floor = &none }, "latency-p50 <= 110% of baseline")
	if l := play(strict, rounds(micro, 1, 2, 240)); l.Verdict != trial.Fail {
		t.Errorf("50 %% more without a floor: %s", l.Verdict)
	}
}

func TestErrorObjectiveIsImplied(t *testing.T) {
	for _, c := range []struct {
		versions   []trial.Version
		objectives []string
		want       []string
	}{
		{both, nil, []string{"latency-p95 <= 110% of baseline", "error-rate <= baseline + 2%"}},
		{both, []string{"latency-p50 <= 1s"}, []string{"latency-p50 <= 1s", "error-rate <= baseline + 2%"}},
		{alone, []string{"latency-p50 <= 1s"}, []string{"latency-p50 <= 1s", "error-rate <= 1%"}},
		{both, []string{"error-rate <= 5%"}, []string{"error-rate <= 5%"}},
	} {
		var got []string
		for _, f := range judgeOf(t, c.versions, nil, c.objectives...).Conclude(true).Findings {
			got = append(got, f.Objective)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// A forecast from the first 20 rounds is rough for one trial; over many its
// median must be of the right size.
func TestOpenFindingSaysWhatWouldSettleIt(t *testing.T) {
	var ratios []float64
	for seed := range uint64(21) {
		j := judgeOf(t, both, nil, "latency-p95 <= 110% of baseline", "error-rate <= 50%")
		all := rounds(times(1.2), seed, 2, 600)
		first := play(j, all[:20])
		if first.Done {
			continue
		}
		needs := first.Standings()[0].Needs
		if needs == nil {
			t.Fatal("an open objective says nothing of what it needs")
		}
		play(j, all[20:])
		ratios = append(ratios, float64(20+needs.Rounds)/float64(j.Conclude(true).Findings[0].Decided))
	}
	slices.Sort(ratios)
	if median := ratios[len(ratios)/2]; len(ratios) < 10 || median < 0.4 || median > 2.5 {
		t.Errorf("the median of forecast to fact is %.2f of %d trials", median, len(ratios))
	}
}

// The same rounds give the same findings, whatever the map order of the day.
func TestJudgingIsDeterministic(t *testing.T) {
	all := rounds(times(1.1), 9, 3, 100)
	conclude := func() Conclusion {
		j := judgeOf(t, three, nil, "latency-p95 <= 110% of baseline", "error-rate <= 150% of baseline", "latency-mean <= 60ms")
		play(j, all)
		return j.Conclude(true)
	}
	if diff := cmp.Diff(conclude(), conclude(), cmp.Comparer(sameBits)); diff != "" {
		t.Error(diff)
	}
}

func sameBits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// At the boundary a wrong decision may come in 5 of 100 trials; among equal
// versions a fail must be rarer than 1 in 100. 200 short trials bound the
// figures loosely but fail when a formula breaks.
func TestErrorRatesHoldRoughly(t *testing.T) {
	const trials = 200
	count := func(w world, v trial.Verdict, objective string) int {
		n := 0
		for seed := range uint64(trials) {
			j := judgeOf(t, both, func(p *Policy) { p.AtLeast = 2 * time.Second }, objective, "error-rate <= 50%")
			play(j, rounds(w, seed, 2, 80))
			if j.Conclude(true).Findings[0].Verdict == v {
				n++
			}
		}
		return n
	}
	const objective = "latency-p95 <= 110% of baseline"
	if n := count(times(1.1), trial.Pass, objective); n > 20 {
		t.Errorf("at the limit: %d of %d pass", n, trials)
	}
	if n := count(times(1.1), trial.Fail, objective); n > 20 {
		t.Errorf("at the limit: %d of %d fail", n, trials)
	}
	if n := count(same, trial.Fail, objective); n > 4 {
		t.Errorf("equal versions: %d of %d fail", n, trials)
	}
}

func TestBudgetsThatCantDecideAreRefused(t *testing.T) {
	p := DefaultPolicy()
	for _, c := range []struct {
		rounds  int
		length  time.Duration
		atLeast time.Duration
		want    string
	}{
		{240, roundLength, 0, ""},
		{120, roundLength, 0, ""},
		{6, roundLength, time.Second, "the judge needs at least 7: use for: 2s or longer, or a higher rate"},
		{40, roundLength, 0, "use for: 30s or longer"},
		{24, 2500 * time.Millisecond, 0, "use for: 5m0s or longer"},
		{40, roundLength, 10 * time.Second, ""},
	} {
		p.AtLeast = c.atLeast
		got := strings.Join(p.Check(c.rounds, c.length, 2), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%d rounds of %s: %q, want %q", c.rounds, c.length, got, c.want)
		}
	}
}

// A service whose times come in few sizes: the quantile is one of them.
func TestTimesOfFewSizesAreJudged(t *testing.T) {
	steps := func(factor float64) world {
		return func(random *rand.Rand, version, _ int) float64 {
			x := 0.05 + 0.01*float64(random.IntN(3))
			if version > 0 {
				x *= factor
			}
			return x
		}
	}
	for factor, want := range map[float64]trial.Verdict{1: trial.Pass, 1.3: trial.Fail, 1.1: trial.Inconclusive} {
		j := judgeOf(t, both, nil, "latency-p95 <= 110% of baseline")
		if got := play(j, rounds(steps(factor), 1, 2, 240)); got.Verdict != want {
			t.Errorf("times %v: %s, want %s: %q", factor, got.Verdict, want, j.Conclude(true).Reason)
		}
	}
}

// What passed while something else was open must still hold when the trial passes.
func TestPassesHoldTogether(t *testing.T) {
	late := func(random *rand.Rand, version, round int) float64 {
		x := same(random, version, round)
		if version > 0 && round >= 125 {
			x *= 1.14
		}
		return x
	}
	j := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline", "latency-p50 <= 49ms")
	play(j, rounds(late, 1, 2, 600))
	for _, f := range j.Conclude(true).Findings {
		if f.Verdict == trial.Pass && f.Anytime.High.Value > 0.1 && strings.Contains(f.Objective, "110%") {
			t.Errorf("%s passes, and its interval reaches %s", f.Objective, f.Anytime.High)
		}
	}
}

func TestConformanceDoesNotMindADeadBaseline(t *testing.T) {
	dead := func(random *rand.Rand, version, round int) float64 {
		if version == 0 {
			return -1
		}
		return same(random, version, round)
	}
	j := judgeOf(t, both, func(p *Policy) { p.Pattern = Conformance }, "latency-p95 <= 300ms")
	if got := play(j, rounds(dead, 1, 2, 240)); got.Verdict != trial.Pass || got.Broken != "" {
		t.Errorf("%s, %q", got.Verdict, got.Broken)
	}
}

func TestNoPassBeforeTheRoundsOfItsOwnConfidence(t *testing.T) {
	j := judgeOf(t, alone, func(p *Policy) {
		sure := Percent(0.99999)
		p.Confidence, p.AtLeast, p.Objectives[0].Confidence = 0.5, time.Second, &sure
	}, "latency-p50 <= 1s")
	quick := func(*rand.Rand, int, int) float64 { return 0.001 }
	for i, r := range rounds(quick, 1, 1, 60) {
		if l := j.Look(r); l.Standings()[0].Verdict == trial.Pass {
			if least := bayes.FewestRounds(0.00001); i+1 < least {
				t.Errorf("passed in round %d, before %d", i+1, least)
			}
			return
		}
	}
	t.Error("never passed")
}

// Planned, sent and late are told apart: what never left is no answer of a version.
func TestRequestsThatNeverLeftAreCounted(t *testing.T) {
	all := rounds(same, 1, 2, 8)
	for i, f := range []trial.Failure{trial.Unsent, trial.Skipped, trial.Unfilled, trial.Refused, trial.TimedOut} {
		all[i].Requests[0].Status = trial.Failed(f)
	}
	warmup := all[0]
	warmup.Warmup = true
	j := judgeOf(t, both, nil, "latency-p50 <= 110% of baseline")
	for _, r := range append([]trial.Round{warmup}, all...) {
		j.Look(r)
	}
	if c := j.Conclude(true); c.Unsent != 3 || c.Requests != 8*2*perRound {
		t.Errorf("%d of %d never left, want 3 of %d", c.Unsent, c.Requests, 8*2*perRound)
	}
}

// A candidate that crashes just before a long trial would pass must not: what
// failed by then is a small part of all requests.
func TestNoPassWhileTheCandidateIsDown(t *testing.T) {
	const all = 600
	for name, c := range map[string]struct {
		at, back int
		want     trial.Verdict
	}{
		"it never is":       {all, all, trial.Pass},
		"in the last round": {all - 1, all, trial.Inconclusive},
		"and is back":       {all - 2, all - 1, trial.Pass},
	} {
		crashing := func(random *rand.Rand, version, round int) float64 {
			if version > 0 && round >= c.at && round < c.back {
				return -1
			}
			return same(random, version, round)
		}
		j := judgeOf(t, both, func(p *Policy) { p.AtLeast = all * roundLength }, "latency-p95 <= 200ms", "error-rate <= 5%")
		got := play(j, rounds(crashing, 1, 2, all))
		reason := j.Conclude(true).Reason
		if got.Verdict != c.want || strings.Contains(reason, "in the last round") != (c.want == trial.Inconclusive) {
			t.Errorf("%s: %s, want %s: %s", name, got.Verdict, c.want, reason)
		}
	}
}
