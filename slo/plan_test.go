package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

const warm = 20 // rounds of a warm-up of 5 s

func asked(t *testing.T, objectives ...string) Policy {
	t.Helper()
	p := DefaultPolicy()
	p.AtLeast = 7 * roundLength
	for _, text := range objectives {
		var o Objective
		if err := o.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		p.Objectives = append(p.Objectives, o)
	}
	return p
}

// planned is the forecast of the first objective.
func planned(t *testing.T, versions []trial.Version, recorded []trial.Round, budget int, objectives ...string) trial.Forecast {
	t.Helper()
	return Plan(asked(t, objectives...), versions, recorded, budget, roundLength)[0]
}

func noErrors(*rand.Rand, int, int) float64 { return 0.05 }

// Without errors nothing is left to chance: evidence is that of no hit in n
// requests, which anyone can add up.
func TestForecastWithoutChanceIsExact(t *testing.T) {
	want := 7
	for ; ; want++ {
		if _, within := bayes.Share(0, float64(want*perRound), 0.005); within >= math.Log(20) {
			break
		}
	}
	f := planned(t, alone, rounds(noErrors, 1, 1, warm), 240, "error-rate <= 0.5%")
	j := judgeOf(t, alone, func(p *Policy) { p.AtLeast = 7 * roundLength }, "error-rate <= 0.5%")
	played := play(j, rounds(noErrors, 1, 1, 240)).Rounds
	if f.Verdict != trial.Pass || f.Rounds != want || played != want || f.Requests != want*perRound || f.Chance != 1 {
		t.Errorf("%s in %d rounds, %d requests, chance %g; played in %d; want %d", f.Verdict, f.Rounds, f.Requests, f.Chance, played, want)
	}
}

// The forecasts of long records, of which a single one may be off by a third,
// against the median of trials played.
func TestForecastsMeetTrials(t *testing.T) {
	for _, c := range []struct {
		objective string
		verdict   trial.Verdict
		worse     float64
		world     world
	}{
		{"latency-p50 <= 110% of baseline", trial.Pass, 0, same},
		{"latency-p95 <= 110% of baseline", trial.Pass, 0, same},
		{"latency-p95 <= 110% of baseline", trial.Fail, 0.2, times(1.2)},
		{"latency-mean <= 105% of baseline", trial.Fail, 0.12, times(1.12)},
		{"error-rate <= baseline + 2%", trial.Fail, 0.05, failing(0.05)},
	} {
		p := asked(t, c.objective)
		var said, played []int
		for seed := range uint64(7) {
			said = append(said, Prospects(p, both, rounds(same, 99+seed, 2, 200), 240, roundLength)[0].Until(c.verdict, c.worse))
		}
		for seed := range uint64(31) {
			j := New(p, both)
			recorded := rounds(c.world, seed, 2, warm+400)
			for i, r := range recorded {
				r.Warmup = i < warm
				if l := j.Look(r); l.Standings()[0].Verdict == c.verdict || i == len(recorded)-1 {
					played = append(played, l.Rounds)
					break
				}
			}
		}
		slices.Sort(said)
		slices.Sort(played)
		if ratio := float64(said[3]) / float64(played[15]); ratio < 1/1.35 || ratio > 1.35 {
			t.Errorf("%s: %s in %d rounds, played in %d", c.objective, c.verdict, said[3], played[15])
		}
	}
}

func TestEqualCandidatesAreImaginedFromTheBaseline(t *testing.T) {
	const objective = "latency-p95 <= 110% of baseline"
	want := planned(t, both, rounds(same, 3, 2, warm), 240, objective)
	slow := rounds(same, 3, 2, warm)
	for _, r := range slow {
		for i := range r.Requests {
			if r.Requests[i].Version == 1 {
				r.Requests[i].Latency *= 3
			}
		}
	}
	if diff := cmp.Diff(want, planned(t, both, slow, 240, objective)); diff != "" || want.Verdict != trial.Pass {
		t.Errorf("%s: %s", want.Verdict, diff)
	}
}

func TestPassWaitsForAtLeast(t *testing.T) {
	p := asked(t, "latency-p50 <= 200% of baseline")
	p.AtLeast = 0
	f := Plan(p, both, rounds(same, 1, 2, warm), 240, roundLength)[0]
	if f.Rounds != 120 || f.Seconds != 30 || !f.Sure() {
		t.Errorf("%d rounds, %g s, chance %g; want 120 and 30 s", f.Rounds, f.Seconds, f.Chance)
	}
	if f := Plan(p, both, rounds(same, 1, 2, warm), 100, roundLength)[0]; f.Decidable() {
		t.Error("a pass before at-least")
	}
}

func TestBudgetThatIsTooShortIsTold(t *testing.T) {
	recorded := rounds(same, 1, 2, 40)
	long := planned(t, both, recorded, 100_000, "latency-p95 <= 105% of baseline")
	short := planned(t, both, recorded, long.Rounds/2, "latency-p95 <= 105% of baseline")
	if !long.Sure() || short.Decidable() || short.Rounds != long.Rounds || !(short.Enough > short.Seconds) {
		t.Errorf("long: %+v\nshort: %+v", long, short)
	}
}

func TestWhatNoLengthDecides(t *testing.T) {
	f := planned(t, both, rounds(same, 1, 2, warm), 240, "latency-p95 <= 100% of baseline")
	if f.Decidable() || f.Verdict != trial.Inconclusive || f.Rounds != 0 || f.Enough != 0 || f.Problem != "" {
		t.Errorf("%+v", f)
	}
	// Equal versions are as good as equal, so that no length in reach makes chance a difference.
	for seed := range uint64(5) {
		f = planned(t, both, rounds(same, seed, 2, warm), 10_000, "latency-p95 <= 100% of baseline")
		if f.Decidable() || f.Rounds != 0 {
			t.Errorf("ten thousand rounds of equal versions: %s after %d", f.Verdict, f.Rounds)
		}
	}
	f = planned(t, both, rounds(same, 1, 2, warm), 240, "latency-p50 <= 80% of baseline")
	if f.Verdict != trial.Fail || !f.Sure() || f.Smallest.Value != 0 {
		t.Errorf("an improvement that an equal candidate is not: %+v", f)
	}
}

func TestSmallestRegressions(t *testing.T) {
	recorded := rounds(same, 1, 2, 40)
	for _, c := range []struct {
		objective string
		low, high float64 // of what is shown in 60 s
		unit      trial.Unit
	}{
		{"latency-p50 <= 110% of baseline", 0.11, 0.16, trial.Ratio},
		{"latency-p50 <= 400ms", 7, 8, trial.Ratio},
		{"latency-p50 <= 50s", math.Inf(1), math.Inf(1), trial.Ratio},
		{"error-rate <= baseline + 2%", 0.021, 0.04, trial.Points},
		{"error-rate <= 2%", 0.021, 0.04, trial.Points},
		{"throughput >= 90% of baseline", -0.13, -0.1, trial.Ratio},
	} {
		f := planned(t, both, recorded, 240, c.objective)
		if s := f.Smallest; !(s.Value >= c.low && s.Value <= c.high) || s.Unit != c.unit {
			t.Errorf("%s: %s, want between %g and %g", c.objective, s, c.low, c.high)
		}
		if more := planned(t, both, recorded, 2400, c.objective).Smallest.Value; math.Abs(more) > math.Abs(f.Smallest.Value) {
			t.Errorf("%s: a longer trial shows only %g", c.objective, more)
		}
	}
}

// With many questions a fail needs more evidence.
func TestForecastFailsAreCorrectedForThePairs(t *testing.T) {
	recorded := rounds(same, 1, 2, warm)
	single := Prospects(asked(t, "latency-p95 <= 110% of baseline", "error-rate <= baseline + 2%"), both, recorded, 240, roundLength)[0]
	several := Prospects(asked(t, "latency-p95 <= 110% of baseline", "error-rate <= baseline + 2%",
		"latency-p50 <= 1s", "latency-p90 <= 1s", "latency-p80 <= 1s", "latency-p70 <= 1s"), both, recorded, 240, roundLength)[0]
	if a, b := single.Until(trial.Fail, 0.2), several.Until(trial.Fail, 0.2); a == 0 || b <= a {
		t.Errorf("%d rounds among 2 questions, %d among 6", a, b)
	}
}

func TestRecordsThatSayTooLittle(t *testing.T) {
	late := rounds(same, 1, 2, warm)
	for i := range late {
		late[i].Generator.Late = late[i].Generator.Planned / 5
	}
	torn := rounds(same, 1, 2, warm)
	for i := range torn {
		torn[i].Complete = false
	}
	down := func(*rand.Rand, int, int) float64 { return -1 }
	unasked := rounds(same, 1, 1, warm)
	for _, c := range []struct {
		name      string
		recorded  []trial.Round
		objective string
		want      string
	}{
		{"nothing", nil, "latency-p95 <= 110% of baseline", "0 whole rounds"},
		{"too short", rounds(same, 1, 2, 3), "latency-p95 <= 110% of baseline", "3 whole rounds on record; a forecast needs 8: use warmup: 2s or longer"},
		{"no round ended", torn, "latency-p95 <= 300ms", "0 whole rounds"},
		{"late generator", late, "latency-p95 <= 300ms", "the load generator fell behind: 20 %"},
		{"tail", rounds(same, 1, 2, warm), "latency-p99.9 <= 110% of baseline", "500 requests to baseline on record say too little of a p99.9 latency: use warmup: 50s or longer"},
		{"all failed", rounds(down, 1, 2, warm), "latency-p95 <= 110% of baseline", "most requests to baseline failed"},
		{"all failed, mean", rounds(down, 1, 2, warm), "latency-mean <= 50ms", "no data for mean latency"},
		{"never asked", unasked, "latency-p95 <= 50ms", "no request to candidate"},
	} {
		for _, f := range Plan(asked(t, c.objective), both, c.recorded, 240, roundLength) {
			if f.Objective == c.objective && !strings.Contains(f.Problem, c.want) {
				t.Errorf("%s: %q, want %q", c.name, f.Problem, c.want)
			}
			if f.Problem != "" && (f.Decidable() || f.Rounds != 0 || !math.IsNaN(f.Smallest.Value)) {
				t.Errorf("%s: figures beside a problem: %+v", c.name, f)
			}
		}
	}
}

func TestNoFigureOfAForecastIsNaN(t *testing.T) {
	down := func(random *rand.Rand, version, round int) float64 {
		if version == 1 {
			return -1
		}
		return same(random, version, round)
	}
	constant := func(*rand.Rand, int, int) float64 { return 0.05 }
	for name, w := range map[string]world{"candidate down": down, "all alike": constant, "usual": same, "errors": failing(0.02)} {
		for _, versions := range [][]trial.Version{alone, both} {
			objectives := []string{"latency-p95 <= 100ms", "latency-mean <= 100ms", "latency-stddev <= 1ms", "error-rate <= 1%", "throughput >= 50/s", "latency-p50 >= 1ms"}
			if len(versions) > 1 {
				objectives = append(objectives, "latency-p99 <= 110% of baseline", "latency-max <= 110% of baseline", "error-rate <= 150% of baseline",
					"error-rate <= baseline + 0.5%", "throughput >= baseline - 5/s", "latency-p50 <= baseline + 1ms")
			}
			for _, f := range Plan(asked(t, objectives...), versions, rounds(w, 1, len(versions), warm), 240, roundLength) {
				if math.IsNaN(f.Chance) || f.Chance < 0 || f.Chance > 1 || math.IsNaN(f.Seconds) || f.Seconds < 0 || math.IsNaN(f.Enough) {
					t.Errorf("%s: %+v", name, f)
				}
			}
		}
	}
}

func TestPlanningIsDeterministic(t *testing.T) {
	p := asked(t, "latency-p95 <= 110% of baseline", "error-rate <= baseline + 1%")
	first := Plan(p, three, rounds(same, 1, 3, warm), 240, roundLength)
	again := Plan(p, three, rounds(same, 1, 3, warm), 240, roundLength)
	if diff := cmp.Diff(first, again, cmpopts.EquateNaNs()); diff != "" || len(first) != 4 {
		t.Errorf("%d forecasts: %s", len(first), diff)
	}
}

func TestForecastFromAThinTailIsCalledRough(t *testing.T) {
	for count, want := range map[int]bool{warm: true, 120: false} {
		f := planned(t, both, rounds(same, 1, 2, count), 240, "latency-p99 <= 110% of baseline")
		if rough := strings.Contains(f.Caution, "5 requests on record were above the p99"); rough != want {
			t.Errorf("%d rounds: %q", count, f.Caution)
		}
	}
}

// What is judged otherwise with few errors is so for as long as a trial has few.
func TestForecastsFromFewErrorsMeetThoseFromMany(t *testing.T) {
	errors := func(random *rand.Rand, _, _ int) float64 {
		if random.Float64() < 0.006 {
			return -1
		}
		return 0.05
	}
	p := asked(t, "error-rate <= baseline + 0.7%")
	var few []int
	for seed := range uint64(7) {
		of := Prospects(p, both, rounds(errors, seed, 2, warm), 240, roundLength)[0]
		if hits := of.record.failed(0); 2*hits < fewHits && hits > 0 {
			few = append(few, of.Until(trial.Pass, 0))
		}
	}
	if len(few) < 4 {
		t.Fatalf("only %d records have few errors", len(few))
	}
	slices.Sort(few)
	many := Prospects(p, both, rounds(errors, 1, 2, 800), 240, roundLength)[0]
	a, b := few[len(few)/2], many.Until(trial.Pass, 0)
	if ratio := float64(a) / float64(b); ratio < 0.5 || ratio > 2 {
		t.Errorf("%d rounds from few errors, %d from many", a, b)
	}
}
