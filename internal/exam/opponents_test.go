package main

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// Each figure is R's, or follows by hand from the formula in the comment.
func TestReferenceValues(t *testing.T) {
	var a, b moments
	a.add(1, 2, 3)
	b.add(2, 4, 6)
	var u ranks
	u.add([]float64{1, 2}, []float64{3, 2})
	u.add([]float64{3}, []float64{4})
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"qt(.95, 20)", studentQuantile(side95, 20), 1.724718},
		{"qt(.95, 239)", studentQuantile(side95, 239), 1.651254},
		{"var(c(2, 4, 6))", b.variance(), 4},
		{"Welch's t: 2 / sqrt(1/3 + 4/3)", welch(a, b, 1), 1.549193},
		{"Welch's t against 110 %: 1.8 / sqrt(1.21/3 + 4/3)", welch(a, b, 1.1), 1.365886},
		{"qt(.99, 60)", studentQuantile(side99, 60), 2.390119},
		{"U of 1 2 3 and 2 3 4: 1.5 + 2.5 + 3", u.u, 7},
		{"its z: 2.5 / sqrt(9·7/12)", u.z(), 1.091089},
		{"wilcox.test(c(2.5, 3, 5, 8), c(1, 2, 4), exact = FALSE)'s z, uncorrected: (10 − 6) / sqrt(8)", shifted([]float64{1, 2, 4}, []float64{2.5, 3, 5, 8}, 0, 0), 1.414214},
		{"its z of ties, U = 7: 2.5 / sqrt(9/12·(7 − 12/30))", shifted([]float64{1, 2, 3}, []float64{2, 3, 4}, 0, 0), 1.123666},
		{"its z with continuity: 2 / sqrt(9/12·(7 − 12/30))", shifted([]float64{1, 2, 3}, []float64{2, 3, 4}, 0, 1), 0.898933},
		{"the median of the differences of 1 2 4 and 11 12 14", shiftAt([]float64{1, 2, 4}, []float64{11, 12, 14}, 0), 10},
		{"asymptotic sequence: ρ² = 0.087818, √(0.0222774 · 3.474320)", asymptotic(100, 100, 0.05), 0.278207},
		{"the same of 20, tuned for 40: ρ² = 0.219545, √(0.122774 · 3.187108)", asymptotic(20, 40, 0.05), 0.625536},
		{"U of whole samples", ranked([]float64{3, 1, 2}, []float64{4, 2, 3}).u, 7},
		{"p95 of 1 to 20", quantile([]float64{20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 0.95), 19},
	} {
		if !(math.Abs(c.got-c.want) < 2e-4) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// A sample may come in any pieces.
func TestRanksOfPiecesAreThoseOfTheWhole(t *testing.T) {
	if diff := cmp.Diff([]float64{0, 1, 3, 3, 4, 5, 9}, merge([]float64{1, 3, 5}, []float64{0, 3, 4, 9})); diff != "" {
		t.Error(diff)
	}
	var pieces ranks
	var all [2][]float64
	for i := range 30 {
		b, c := []float64{float64(i * 7 % 11), float64(i)}, []float64{float64(i * 5 % 13), float64(30 - i), 3}
		pieces.add(b, c)
		all[0], all[1] = append(all[0], b...), append(all[1], c...)
	}
	if whole := ranked(all[0], all[1]); pieces.u != whole.u || pieces.z() != whole.z() {
		t.Errorf("U is %v in pieces and %v as a whole", pieces.u, whole.u)
	}
}

// The vectors of spinnaker#6278: with 7 of 10 points 100 times as high Kayenta
// passes, with 8 it fails.
func TestKayentaSeesAChangeAtTheEighthPoint(t *testing.T) {
	for slow, want := range map[int]class{0: same, 7: same, 8: high, 10: high} {
		var baseline, candidate []float64
		for i := range 10 {
			x := 1.0
			baseline = append(baseline, x)
			if i < slow {
				x *= 100
			}
			candidate = append(candidate, x)
		}
		if got := classify(baseline, candidate, 1); got != want {
			t.Errorf("%d of 10 points ×100: class %d, want %d", slow, got, want)
		}
		if got := classify(candidate, baseline, 1); got != -want {
			t.Errorf("%d of 10 points ×100, swapped: class %d, want %d", slow, got, -want)
		}
	}
}

// Kayenta's allowed increase is of the ratio of means, here 1.05.
func TestKayentaBearsAnAllowedIncrease(t *testing.T) {
	var baseline, candidate []float64
	for i := range 60 {
		x := 1 + float64(i%5)/1000
		baseline, candidate = append(baseline, x), append(candidate, 1.05*x)
	}
	for allowed, want := range map[float64]class{1: high, 1.1: same} {
		if got := classify(baseline, candidate, allowed); got != want {
			t.Errorf("allowed increase %v: class %d, want %d", allowed, got, want)
		}
	}
}

// Every rule must see a doubled latency; none may fail a much quicker candidate.
func TestEveryOpponentSeesADoubledLatency(t *testing.T) {
	for _, e := range entrants() {
		for factor, want := range map[float64]trial.Verdict{2: trial.Fail, 0.5: trial.Pass} {
			s := setup{world: times(lognormal(0.2), factor)}
			kind := func() referee { return e.begin(1.1 * p95Of(lognormal(0.2))) }
			got := s.run(3, kind)[0]
			if got.count(want) != 3 {
				t.Errorf("%s at ×%v: %v, want 3 times %s", e.name, factor, got.decided, want)
			}
		}
	}
}

// steady is a round of one request each, always the same.
func steady(baseline, candidate float64) func(int) (b, c []float64) {
	return func(int) (b, c []float64) { return []float64{baseline}, []float64{candidate} }
}

// swinging makes the candidate's excess over 110 % swing by 1 % about a shift,
// so that after an even n rounds its mean is shift·√(n−1) standard errors from 0.
func swinging(shift float64) func(int) (b, c []float64) {
	return func(round int) (b, c []float64) {
		swing := 0.01 * float64(2*(round%2)-1)
		return []float64{1}, []float64{1.1 + 0.01*shift + swing}
	}
}

// swingingLogs is the same of the logarithm.
func swingingLogs(shift float64) func(int) (b, c []float64) {
	return func(round int) (b, c []float64) {
		swing := 0.01 * float64(2*(round%2)-1)
		return []float64{1}, []float64{1.1 * math.Exp(0.01*shift+swing)}
	}
}

// Each rule decides in the round that its formula says, worked out by hand.
func TestRulesDecideWhereTheirFormulaSays(t *testing.T) {
	limit := 1.1
	for _, c := range []struct {
		name   string
		rule   opponent
		rounds func(int) (b, c []float64)
		want   trial.Verdict
		at     int
	}{
		// z of n above n is n²/2 / √(n²(2n+1)/12): 1.549, 1.964 at n = 2, 3; 2.882, 3.130 at n = 6, 7.
		{"Mann–Whitney, p < 0.05", mannWhitney(1, z95, never)(0), steady(1, 1.01), trial.Fail, 3},
		{"Mann–Whitney, p < 0.001", mannWhitney(1.1, side999, side999)(0), steady(1, 1.11), trial.Fail, 7},
		{"Mann–Whitney, p < 0.001, within 1.1", mannWhitney(1.1, side999, side999)(0), steady(1, 1.09), trial.Pass, 7},
		{"Mann–Whitney, once", mannWhitneyOnce(1, z95)(0), steady(1, 1.01), trial.Fail, budget},
		{"Mann–Whitney, once, within 1.1", mannWhitneyOnce(1.1, side99)(0), steady(1, 1.09), trial.Pass, budget},
		{"Kayenta at 105 %", kayenta(1)(0), steady(1, 1.05), trial.Fail, budget},
		{"Kayenta at 105 %, allowed 110 %", kayenta(1.1)(0), steady(1, 1.05), trial.Pass, budget},
		{"p95 at 115 %, limit 110 %", ratioOnce(1.1)(0), steady(1, 1.15), trial.Fail, budget},
		{"p95 at 115 %, limit 120 %", ratioOnce(1.2)(0), steady(1, 1.15), trial.Pass, budget},
		{"p95 at 115 %, first tenth", ratioOften(1)(0), steady(1, 1.15), trial.Fail, 24},
		{"p95 at 115 %, three tenths", ratioOften(3)(0), steady(1, 1.15), trial.Fail, 72},
		{"k6 from 10 s on", threshold(40)(limit), steady(1, 1.2), trial.Fail, 40},
		{"k6 from 30 s on", threshold(120)(limit), steady(1, 1.2), trial.Fail, 120},
		{"k6 within", threshold(40)(limit), steady(1, 1.1), trial.Pass, budget},
		// t(.95, 239) = 1.651254 = 0.106811·√239
		{"paired t, shift 0.1075", pairedT(0), swinging(0.1075), trial.Fail, budget},
		{"paired t, shift −0.1075", pairedT(0), swinging(-0.1075), trial.Pass, budget},
		{"paired t, shift 0.1060", pairedT(0), swinging(0.1060), trial.Inconclusive, budget},
		// 2.067 = 0.26910·√59 = 0.18948·√119
		{"Pocock, shift 0.27", pocock(0), swinging(0.27), trial.Fail, 60},
		{"Pocock, shift −0.20", pocock(0), swinging(-0.20), trial.Pass, 120},
		// 0.688373·√(20/19) = 0.7063; tuned for 40: 0.625536·√(20/19) = 0.6418
		{"sequence, shift 0.71", confidenceSequence(excess, 120)(0), swinging(0.71), trial.Fail, 20},
		{"sequence of logarithms, shift 0.65", confidenceSequence(logExcess, 40)(0), swingingLogs(0.65), trial.Fail, 20},
		{"sequence of logarithms, shift −0.65", confidenceSequence(logExcess, 40)(0), swingingLogs(-0.65), trial.Pass, 20},
		// seven equal contrasts are the fewest that reach 20 : 1
		{"first draft", firstDraft(1)(0), steady(1, 1.2), trial.Fail, 7},
		{"first draft, within", firstDraft(1)(0), steady(1, 1.05), trial.Pass, 7},
		{"first draft, seconds", firstDraft(4)(0), steady(1, 1.2), trial.Fail, 28},
	} {
		if got, at := decide(c.rule, c.rounds); got != c.want || at != c.at {
			t.Errorf("%s: %s in round %d, want %s in %d", c.name, got, at, c.want, c.at)
		}
	}
}

func decide(rule opponent, rounds func(int) (b, c []float64)) (trial.Verdict, int) {
	for round := 1; round <= budget; round++ {
		b, c := rounds(round)
		if v := rule(b, c, round, round == budget); v != trial.Inconclusive {
			return v, round
		}
	}
	return trial.Inconclusive, budget
}

// At one request a round, 20 of each, all at 0.9 or 1.1 by turns: the variance
// is 0.01·20/19, so z = (1 + shift − 1.1) / √(0.010526·(1.21 + 1)/20).
func TestBayesWithToleranceDecidesAtItsLimit(t *testing.T) {
	for shift, want := range map[float64]trial.Verdict{
		0.1 + 3.05*0.034105: trial.Inconclusive, 0.1 + 3.13*0.034105: trial.Fail, 0.1 - 3.13*0.034105: trial.Pass,
	} {
		rule := bayesian(1.1, 20, side999, side999)(0)
		var got trial.Verdict
		for round := 1; round <= 20; round++ {
			x := 1 + 0.1*float64(2*(round%2)-1)
			if got = rule([]float64{x}, []float64{x + shift}, round, false); got != trial.Inconclusive && round < 20 {
				t.Fatalf("decided in round %d", round)
			}
		}
		if got != want {
			t.Errorf("shift %v: %s, want %s", shift, got, want)
		}
	}
}

// The same at the end of a trial of 240: z is (shift − 0.1) / √(0.0100418·2.21/240).
func TestPooledTWithTolerance(t *testing.T) {
	const error = 0.0096161
	for shift, want := range map[float64]trial.Verdict{0.1 + 2.30*error: trial.Pass, 0.1 + 2.36*error: trial.Fail} {
		got, at := decide(pooledT(1.1, side99)(0), func(round int) (b, c []float64) {
			x := 1 + 0.1*float64(2*(round%2)-1)
			return []float64{x}, []float64{x + shift}
		})
		if got != want || at != budget {
			t.Errorf("shift %v: %s in round %d, want %s at the end", shift, got, at, want)
		}
	}
}

func TestThresholdWaitsForItsDelay(t *testing.T) {
	look := threshold(10 * perSecond)(0.05)
	slow := []float64{0.1, 0.1, 0.1}
	for round := 1; round <= 40; round++ {
		want := trial.Inconclusive
		if round == 40 {
			want = trial.Fail
		}
		if got := look(nil, slow, round, false); got != want {
			t.Fatalf("round %d: %s, want %s", round, got, want)
		}
	}
}

// Two means of 1,000 requests with a range of 0.05 ms have the posterior
// N(0.05, 2 · 0.05/1001): z = 5.0, however noisy the requests are.
func TestIter8TakesTheRangeOfMeansForTheVariance(t *testing.T) {
	for shift, want := range map[float64]trial.Verdict{0.05e-3: trial.Fail, 0.005e-3: trial.Inconclusive} {
		look := iter8(1)(0)
		var got trial.Verdict
		for round := 1; round <= 40; round++ {
			var b, c []float64
			for i := range 25 {
				x := 0.1 + 0.05*float64(i%2)
				b, c = append(b, x), append(c, x+shift)
			}
			got = look(b, c, round, false)
		}
		if got != want {
			t.Errorf("shift of %v ms: %s, want %s", 1000*shift, got, want)
		}
	}
}

// With a tolerance, means of 1000 requests at 100 and 111 ms have a range of 11
// and z = (111 − 110)/√(11·(1.21 + 1)/1001) = 6.4; at 110.34 ms z = 2.25.
func TestIter8WithTolerance(t *testing.T) {
	for candidate, want := range map[float64]trial.Verdict{0.111: trial.Fail, 0.11034: trial.Inconclusive} {
		look := iter8(tolerance)(0)
		var got trial.Verdict
		for round := 1; round <= 40; round++ {
			got = look(slices.Repeat([]float64{0.1}, 25), slices.Repeat([]float64{candidate}, 25), round, false)
		}
		if got != want {
			t.Errorf("mean of %v s: %s, want %s", candidate, got, want)
		}
	}
}
