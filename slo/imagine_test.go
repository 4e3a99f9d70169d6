package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// recorded is a record of so many rounds of a world.
func recorded(w world, versions, count int) *record {
	return newRecords(rounds(w, 1, versions, count), versions, nil)[0]
}

func TestRoundsAreDrawnInBlocks(t *testing.T) {
	const rounds, draws = 20, 20_000
	s := newStage(0)
	var drawn [rounds]int
	for i := range draws {
		next := s.draw(rounds)
		if i%fewestInBlock > 0 && next.round != (s.scenes[i-1].round+1)%rounds {
			t.Fatalf("round %d after %d within a block", next.round, s.scenes[i-1].round)
		}
		drawn[next.round]++
		s.scenes = append(s.scenes, next)
	}
	if most, least := slices.Max(drawn[:]), slices.Min(drawn[:]); float64(most) > 1.2*float64(least) {
		t.Errorf("some rounds are drawn %d times, some %d", most, least)
	}
}

func TestBlocksGrowWithTheRecord(t *testing.T) {
	s, begun := newStage(0), 0
	for i := range 1600 {
		next := s.draw(400)
		if i == 0 || next.round != (s.scenes[i-1].round+1)%400 {
			begun++
		}
		s.scenes = append(s.scenes, next)
	}
	if begun > 80 {
		t.Errorf("%d blocks in 1600 rounds, want 80", begun)
	}
}

// Rounds that are all different show which of them a threshold is from.
func TestThresholdsComeFromRoundsBefore(t *testing.T) {
	of := Prospects(asked(t, "latency-p95 <= 110% of baseline"), both,
		rounds(func(_ *rand.Rand, _, round int) float64 { return float64(round+1) / 1000 }, 1, 2, 30), 240, roundLength)[0]
	s := of.stages[0]
	of.scene(s, 100)
	sides := map[uint32]bool{}
	for i, one := range s.scenes[1:] {
		at := one.before[0][0].sorted[0]
		earlier := slices.ContainsFunc(s.scenes[max(0, i+1-recentRounds):i+1], func(e scene) bool {
			own := of.record.rounds[e.round][0].sorted[0]
			return at == own || at == own+1
		})
		if !earlier {
			t.Errorf("round %d has a threshold of none of the %d before", i+1, recentRounds)
		}
		sides[at%10] = true
	}
	if !sides[0] || !sides[1] {
		t.Errorf("thresholds are to one side of the times: %v", sides)
	}
}

// A twin has the times of the other, each as often, in the rounds in which the
// version itself was as slow.
func TestTwinsHaveTheOthersTimesInTheirOwnRounds(t *testing.T) {
	w := func(random *rand.Rand, version, round int) float64 {
		x := lognormal(random, 0.05, 0.3)
		switch {
		case version == 0 && random.Float64() < 0.1:
			return -1
		case version == 1 && round == 7:
			return 9 * x // slow in a round of its own, and three times as slow in all
		case version == 1:
			return 3 * x
		}
		return x
	}
	r := recorded(w, 2, warm)
	twins := r.twins(1, 0)
	var times []uint32
	failed := 0
	for i, s := range twins {
		if s.requests != perRound || s.length != roundLength.Seconds() || !slices.IsSorted(s.sorted) || len(s.sorted)+s.failed != perRound {
			t.Fatalf("round %d: %+v", i, s)
		}
		times, failed = append(times, s.sorted...), failed+s.failed
	}
	slices.Sort(times)
	if !slices.Equal(times, r.ordered(0)) || failed != r.failed(0) {
		t.Errorf("%d times and %d failed are not the other's %d and %d", len(times), failed, len(r.ordered(0)), r.failed(0))
	}
	if slowest := twins[7]; slowest.failed < perRound/2 {
		t.Errorf("the slowest round has %d of the failed requests", slowest.failed)
	}
}

// Requests that all failed say nothing of when: no round is worse than others.
func TestTwinsOfWhatFailedDoNotDrift(t *testing.T) {
	r := recorded(func(random *rand.Rand, version, _ int) float64 {
		if version == 1 {
			return -1
		}
		return lognormal(random, 0.05, 0.3)
	}, 2, 40)
	var halves [2]float64
	for i, s := range r.twins(1, 0) {
		halves[i/20] += s.quantile(0.5) / 20
	}
	if ratio := halves[0] / halves[1]; math.Abs(ratio-1) > 0.1 {
		t.Errorf("the first half is %g times as slow as the second", ratio)
	}
}

func TestACandidateThatWasNotAskedIsTheBaselineElsewhere(t *testing.T) {
	of := Prospects(asked(t, "latency-p95 <= 110% of baseline"), both, rounds(same, 1, 1, warm), 240, roundLength)[0]
	for i, s := range of.equals {
		if !slices.Equal(s.sorted, of.record.rounds[(i+warm/2)%warm][0].sorted) {
			t.Errorf("round %d is not the baseline's half a record away", i)
		}
	}
}

func TestImaginedFailuresAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	s := sample{requests: 1000, failed: 100, sorted: make([]uint32, 900)}
	failed := 0
	for range 100 {
		one := s.failing(0.1, random)
		if one.failed+len(one.sorted) != 1000 {
			t.Fatalf("%d failed and %d answered of 1000", one.failed, len(one.sorted))
		}
		failed += one.failed
	}
	if math.Abs(float64(failed)-19_000) > 400 {
		t.Errorf("%d of 100,000 failed, want about 19,000", failed)
	}
	if s.failed != 100 || len(s.sorted) != 900 {
		t.Error("the record itself changed")
	}
}
