package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

func reward(t *testing.T, text string) Reward {
	t.Helper()
	var r Reward
	if err := r.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return r
}

func contestOf(t *testing.T, versions []trial.Version, objectives []string, rewards ...string) *Judge {
	t.Helper()
	return judgeOf(t, versions, func(p *Policy) {
		p.Seed = 7
		for _, text := range rewards {
			p.Rewards = append(p.Rewards, reward(t, text))
		}
	}, objectives...)
}

// speeds gives each version times its own factor and its own chance to fail.
func speeds(factors, failing []float64) world {
	return func(random *rand.Rand, version, _ int) float64 {
		x := lognormal(random, 0.05, 0.3) * factors[version]
		if failing != nil && random.Float64() < failing[version] {
			return -1
		}
		return x
	}
}

func TestContestsAreDecidedRightly(t *testing.T) {
	const fast, reliable = "minimize latency-mean", "minimize error-rate"
	for _, c := range []struct {
		name        string
		versions    []trial.Version
		objectives  []string
		rewards     []string
		world       world
		verdict     trial.Verdict
		pattern     string
		winner      string
		recommended string
		unbeaten    []string
		reason      string
	}{
		{"a better candidate", both, nil, []string{fast}, speeds([]float64{1, 0.9}, nil),
			trial.Pass, "ab", "candidate", "candidate", []string{"candidate"}, "candidate wins: its mean latency is"},
		{"a worse one", both, nil, []string{fast}, speeds([]float64{1, 1.1}, nil),
			trial.Fail, "ab", "", "baseline", []string{"baseline"}, "candidate is worse than baseline by mean latency, so baseline stays"},
		{"an equal one", both, nil, []string{fast}, speeds([]float64{1, 1}, nil),
			trial.Inconclusive, "ab", "", "baseline", []string{"baseline", "candidate"}, "baseline and candidate are not told apart by mean latency"},
		{"a quantile", both, nil, []string{"minimize latency-p90"}, speeds([]float64{1, 0.85}, nil),
			trial.Pass, "ab", "candidate", "candidate", []string{"candidate"}, "its p90 latency is"},
		{"errors", both, []string{"latency-p90 <= 1s"}, []string{reliable}, speeds([]float64{1, 1}, []float64{0.08, 0.01}),
			trial.Pass, "hybrid", "candidate", "candidate", []string{"candidate"}, "its error rate is"},
		{"more is better", both, nil, []string{"maximize throughput"}, speeds([]float64{1, 1}, []float64{0.2, 0.0001}),
			trial.Pass, "ab", "candidate", "candidate", []string{"candidate"}, "its throughput is"},
		{"the best of three", three, nil, []string{fast}, speeds([]float64{1, 0.9, 0.8}, nil),
			trial.Pass, "abn", "b", "b", []string{"b"}, "below a, and it meets every objective"},
		{"two that are better and alike", three, nil, []string{fast}, speeds([]float64{1, 0.8, 0.8}, nil),
			trial.Inconclusive, "abn", "", "baseline", []string{"a", "b"}, "a and b are not told apart"},
		{"the best violates an objective", three, []string{"error-rate <= 1%"}, []string{fast}, speeds([]float64{1, 0.9, 0.8}, []float64{0.0001, 0.0001, 0.1}),
			trial.Pass, "hybrid", "a", "a", []string{"a"}, "a wins"},
		{"all violate an objective", both, []string{"error-rate <= 1%"}, []string{fast}, speeds([]float64{1, 0.8}, []float64{0.0001, 0.1}),
			trial.Fail, "hybrid", "", "baseline", []string{"baseline"}, "candidate violates error-rate <= 1%, so baseline stays"},
		{"better by every reward", both, nil, []string{fast, reliable}, speeds([]float64{1, 0.85}, []float64{0.08, 0.01}),
			trial.Pass, "pareto", "candidate", "candidate", []string{"candidate"}, "its mean latency is"},
		{"better by one, worse by the other", both, nil, []string{fast, "maximize throughput"}, speeds([]float64{1, 0.8}, []float64{0.0001, 0.015}),
			trial.Inconclusive, "pareto", "", "baseline", []string{"baseline", "candidate"}, "candidate is better than baseline by mean latency and worse by throughput"},
		{"worse by every reward", both, nil, []string{fast, "maximize throughput"}, speeds([]float64{1, 1.2}, []float64{0.0001, 0.015}),
			trial.Fail, "pareto", "", "baseline", []string{"baseline"}, "candidate is worse than baseline by mean latency and throughput"},
		{"no baseline at all", []trial.Version{{Name: "x"}, {Name: "y"}}, nil, []string{fast}, speeds([]float64{1, 0.9}, []float64{0.0001, 0.0001}),
			trial.Pass, "abn", "y", "y", []string{"y"}, "y wins"},
	} {
		j := contestOf(t, c.versions, c.objectives, c.rewards...)
		play(j, rounds(c.world, 3, len(c.versions), 240))
		got := j.Conclude(true)
		if got.Verdict != c.verdict || !strings.Contains(got.Reason, c.reason) {
			t.Errorf("%s: %s, %q", c.name, got.Verdict, got.Reason)
		}
		choice := got.Choice
		if choice.Pattern != c.pattern || choice.Winner != c.winner || choice.Recommended != c.recommended || !slices.Equal(choice.Unbeaten, c.unbeaten) {
			t.Errorf("%s: %s, winner %q, recommended %q, not beaten %v", c.name, choice.Pattern, choice.Winner, choice.Recommended, choice.Unbeaten)
		}
	}
}

func TestWinnersAreNotDeclaredBeforeAtLeast(t *testing.T) {
	for seed := range uint64(5) {
		j := contestOf(t, both, nil, "minimize latency-mean")
		if got := play(j, rounds(speeds([]float64{1, 0.5}, nil), seed, 2, 119)); got.Verdict != trial.Inconclusive {
			t.Errorf("seed %d: %s after %d rounds", seed, got.Verdict, got.Rounds)
		}
	}
}

// The chance of any false winner is shared by the versions.
func TestDuelsOfManyVersionsNeedMoreEvidence(t *testing.T) {
	for versions, want := range map[int]float64{2: 40, 3: 60, 9: 180} {
		all := append([]trial.Version{{Name: "baseline", Role: trial.Baseline}}, make([]trial.Version, versions-1)...)
		j := contestOf(t, all, nil, "minimize latency-mean")
		play(j, rounds(same, 1, versions, 8))
		if got := j.Conclude(false).Choice.Rankings[0]; math.Abs(got.Needed-want) > 1e-6 || len(got.Duels) != versions*(versions-1)/2 {
			t.Errorf("%d versions: %v evidence needed, %d duels", versions, got.Needed, len(got.Duels))
		}
	}
}

func TestObjectivesOfManyCandidatesNeedMoreEvidenceToPass(t *testing.T) {
	picks := contestOf(t, three, []string{"latency-p99 <= 1s"}, "minimize latency-mean")
	every := judgeOf(t, three, nil, "latency-p99 <= 1s")
	if got, want := picks.neededToPass(picks.questions[0])-every.neededToPass(every.questions[0]), math.Ln2; math.Abs(got-want) > 1e-12 {
		t.Errorf("two candidates of which one may win need %v more, want ln 2", got)
	}
}

func TestEqualVersionsSeldomHaveAWinner(t *testing.T) {
	const trials, most = 60, 8 // P(more than 8 of 60 | 5 %) < 0.2 %
	false2 := 0
	for seed := range uint64(trials) {
		j := contestOf(t, three, nil, "minimize latency-mean")
		if play(j, rounds(same, seed, 3, 160)).Verdict != trial.Inconclusive {
			false2++
		}
	}
	if false2 > most {
		t.Errorf("%d of %d trials of equal versions had a verdict", false2, trials)
	}
}

// By hand, from three draws of three versions: version 1 is best in two draws,
// version 2 in one, and out of the running there is no place on the podium.
func TestChancesOfKnownDraws(t *testing.T) {
	rewards := []Reward{reward(t, "minimize latency-mean"), reward(t, "maximize throughput")}
	all := []bool{true, true, true}
	c := newChances(2, 3)
	for _, means := range [][]float64{
		{5, 2, 4 /**/, 10, 30, 20},
		{5, 3, 4 /**/, 10, 30, 20},
		{4, 5, 1 /**/, 10, 30, 20},
	} {
		c.count(rewards, means, all, 1.0/3)
	}
	third := func(x float64) float64 { return x / 3 }
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
	want := &chances{
		best:      [][]float64{{0, third(2), third(1)}, {0, 1, 0}},
		loss:      [][]float64{{third(3 + 2 + 3), third(0 + 0 + 4), third(2 + 1 + 0)}, {20, 0, 10}},
		amongTwo:  []float64{third(1), third(2), 1},
		dominated: []float64{1, 0, third(2)},
	}
	if diff := cmp.Diff(want, c, near, cmp.AllowUnexported(chances{})); diff != "" {
		t.Error(diff)
	}

	tied := newChances(2, 3)
	tied.count(rewards, []float64{2, 2, 4, 10, 10, 10}, all, 1)
	if diff := cmp.Diff([][]float64{{0.5, 0.5, 0}, {third(1), third(1), third(1)}}, tied.best, near); diff != "" {
		t.Error("ties:", diff)
	}
	if diff := cmp.Diff([]float64{1, 1, 0}, tied.amongTwo, near); diff != "" {
		t.Error("ties:", diff)
	}

	out := newChances(2, 3)
	out.count(rewards, []float64{5, 2, 4, 10, 30, 20}, []bool{true, false, true}, 1)
	if out.best[0][1] != 0 || out.best[0][2] != 1 || out.loss[0][1] != 0 || out.loss[0][0] != 1 || out.dominated[0] != 1 {
		t.Errorf("with version 1 out of the running: %+v", out)
	}
}

// Of two versions P(best) is Student's posterior of their difference.
func TestChanceOfBeingBestIsTheOneOfTheDifference(t *testing.T) {
	j := contestOf(t, both, nil, "minimize latency-mean")
	var difference bayes.Contrast
	for _, r := range rounds(speeds([]float64{1, 0.99}, nil), 5, 2, 30) {
		j.Look(r)
		v := newViews(r, 2, 0, nil).all
		difference.Add(v[1].value(latency, mean) - v[0].value(latency, mean))
	}
	want := bayes.StudentWithin(difference.Scale(1 / j.contest.alike()))
	if got := j.Conclude(false).Choice.Rankings[0].Places[1].Best.Value; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/draws) {
		t.Errorf("P(best) %v, exactly %v", got, want)
	}
}

func TestChoicesAreDeterministic(t *testing.T) {
	conclude := func(seed uint64) trial.Choice {
		j := contestOf(t, three, nil, "minimize latency-mean", "maximize throughput")
		j.policy.Seed = seed
		play(j, rounds(same, 2, 3, 60))
		return j.Conclude(true).Choice
	}
	bits := cmp.Comparer(sameBits)
	if diff := cmp.Diff(conclude(1), conclude(1), bits); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(conclude(1).Rankings, conclude(2).Rankings, bits) {
		t.Error("another seed drew the same")
	}
}

func TestVersionWithoutDataNeverWins(t *testing.T) {
	for name, versionOut := range map[string]int{"candidate": 1, "baseline": 0} {
		j := contestOf(t, both, nil, "minimize latency-mean")
		for _, r := range rounds(speeds([]float64{1, 0.5}, nil), 1, 2, 240) {
			r.Requests = slices.DeleteFunc(r.Requests, func(q trial.Request) bool { return int(q.Version) == versionOut })
			j.Look(r)
		}
		c := j.Conclude(true)
		if c.Verdict == trial.Pass || c.Choice.Winner != "" {
			t.Errorf("without requests of the %s: %s, winner %q", name, c.Verdict, c.Choice.Winner)
		}
	}
}

func TestPatternsFitWhatIsAsked(t *testing.T) {
	o := []Objective{implied("latency-p99 <= 1s")}
	one, two := []Reward{{}}, []Reward{{}, {}}
	for _, c := range []struct {
		policy      Policy
		candidates  int
		hasBaseline bool
		want        Pattern
	}{
		{Policy{Objectives: o}, 1, false, Conformance}, {Policy{Objectives: o}, 1, true, Canary}, {Policy{}, 3, true, Canary},
		{Policy{Rewards: one}, 1, true, AB}, {Policy{Rewards: one}, 2, true, ABN}, {Policy{Rewards: one}, 2, false, ABN},
		{Policy{Rewards: one, Objectives: o}, 2, true, Hybrid}, {Policy{Rewards: two, Objectives: o}, 1, true, Pareto},
		{Policy{Pattern: Conformance}, 1, true, Conformance},
	} {
		if got := c.policy.pattern(c.candidates, c.hasBaseline); got != c.want {
			t.Errorf("%+v with %d candidates, baseline %v: %s, want %s", c.policy, c.candidates, c.hasBaseline, got, c.want)
		}
	}
}

func TestConformanceOfAComparedTrialLooksAtTheCandidateAlone(t *testing.T) {
	j := judgeOf(t, both, func(p *Policy) { p.Pattern = Conformance }, "latency-p99 <= 1s")
	got := play(j, rounds(speeds([]float64{1, 3}, nil), 1, 2, 240))
	if got.Verdict != trial.Pass {
		t.Errorf("%s: %q", got.Verdict, j.Conclude(true).Reason)
	}
	if text := j.Conclude(true).Findings[1].Objective; text != "error-rate <= 1%" {
		t.Errorf("the implied objective is %q", text)
	}
}

func TestLeadIsTheBestCandidateInItsHardestDuel(t *testing.T) {
	j := contestOf(t, three, nil, "minimize latency-mean")
	got := play(j, rounds(speeds([]float64{1, 0.8, 0.78}, nil), 3, 3, 16)).Lead()
	if got == nil || got.Version != "b" || got.Rival != "a" || got.Reward != "minimize latency-mean" || got.Change.Value >= 0 || got.Progress >= 1 {
		t.Errorf("%+v", got)
	}
	if got := play(judgeOf(t, both, nil, "latency-p99 <= 1s"), rounds(same, 1, 2, 8)).Lead(); got != nil {
		t.Errorf("of a trial without rewards: %+v", got)
	}
}

// A version that is asked nothing has no throughput; one of 0 would lose to any.
func TestVersionWithoutRequestsHasNoThroughput(t *testing.T) {
	for _, out := range []int{0, 1} {
		for _, j := range []*Judge{
			contestOf(t, both, nil, "maximize throughput"),
			judgeOf(t, both, nil, "throughput >= 98% of baseline", "error-rate <= 1%"),
		} {
			for _, r := range rounds(same, 1, 2, 240) {
				r.Requests = slices.DeleteFunc(r.Requests, func(q trial.Request) bool { return int(q.Version) == out })
				j.Look(r)
			}
			if c := j.Conclude(true); c.Verdict != trial.Inconclusive {
				t.Errorf("%s without requests, %s: %s, %q", both[out].Name, c.Choice.Pattern, c.Verdict, c.Reason)
			}
		}
	}
}

func TestWinnerWithoutARivalSaysSo(t *testing.T) {
	two := []trial.Version{{Name: "x"}, {Name: "y"}}
	j := contestOf(t, two, []string{"error-rate <= 1%"}, "minimize latency-mean")
	play(j, rounds(speeds([]float64{1, 1}, []float64{0.2, 0.0001}), 1, 2, 240))
	if c := j.Conclude(true); c.Choice.Winner != "y" || !strings.Contains(c.Reason, "only version that meets every objective") {
		t.Errorf("winner %q: %q", c.Choice.Winner, c.Reason)
	}
}
