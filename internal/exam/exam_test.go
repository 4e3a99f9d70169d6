package main

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// R: binom::binom.confint(k, n, methods = "wilson")
func TestWilsonReference(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 100, 0, 0.036995}, {5, 100, 0.021543, 0.111750}, {100, 100, 0.963005, 1}, {0, 0, 0, 1},
	} {
		low, high := wilson(c.k, c.n)
		if !(math.Abs(low-c.low) < 1e-5 && math.Abs(high-c.high) < 1e-5) {
			t.Errorf("%d of %d: %v to %v, want %v to %v", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

func TestSharesKeepTheDigitsThatMatter(t *testing.T) {
	for want, got := range map[string]string{
		"2.0 % (1.0–3.9)": share(8, 400), "0 % (0–1.0)": share(0, 400), "50 % (45–55)": share(200, 400), "100 % (99.0–100)": share(400, 400), "100 % (98.1–100)": share(200, 200),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What a world's name says of its candidate is true of its draws.
func TestWorldsAreWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		name      string
		world     world
		measure   func([]float64) float64
		base, new float64
	}{
		{"lognormal, p50", times(lognormal(0.5), 1.3), atQuantile(0.5), 0.05, 0.065},
		{"lognormal, p95", times(lognormal(0.5), 1.3), atQuantile(0.95), 0.1138, 0.1480},
		{"Pareto, p50", times(pareto, 1.1), atQuantile(0.5), 0.02 * math.Pow(2, 1/1.5), 0.022 * math.Pow(2, 1/1.5)},
		{"variance alone, p50", stretched(lognormal(0.3), 2), atQuantile(0.5), 0.05, 0.05},
		{"variance alone, p95", stretched(lognormal(0.3), 2), atQuantile(0.95), 0.05 * math.Exp(0.3*1.6449), 0.05 * math.Exp(0.6*1.6449)},
		{"errors", failing(usual, 0.01, 0.05), above(failed, failed), 0.01, 0.05},
		{"bursts of errors", bursting(usual, 0.02, 0.2), above(failed, failed), 0.01, 0.1},
		{"standstills", standstills(lognormal(0.1), 2, 20), above(0.1, 3), 0, 0.1},
		{"long standstills", standstills(lognormal(0.02), 3, 30), func(xs []float64) float64 { return 1 - above(0.045, 0.055)(xs) }, 0, 0.1},
		{"streaks", streaks(lognormal(0.1), fiveTimes, 0.02, 0.06), above(0.15, 9), 0.02, 0.06},
		{"zero-inflated errors", inflated(usual, 0.05, 0.4), above(failed, failed), 0.01, 0.08},
		{"calming errors", calming(usual, 4000, []float64{0.02, 0.03}, []float64{0.001, 0.002}), above(failed, failed), 0.0105, 0.016},
		{"spread alone, p50", stretched(usual, 1.5), atQuantile(0.5), 0.05, 0.05},
		{"spread alone, p95", stretched(usual, 1.5), atQuantile(0.95), 0.05 * math.Exp(0.5*1.6449), 0.05 * math.Exp(0.75*1.6449)},
		{"stalls", stalls, above(0.125, 9), 0.1, 0.1},
		{"slow tail", slowTail, above(0.15, 9), 0.05, 0.05},
		{"slow few", slowFew(lognormal(0.1), 0.05, 5), above(0.15, 9), 0, 0.05},
		{"own drift, p50", times(drifting(usual, 0.5, 0.1, false), 1.1), atQuantile(0.5), 0.05, 0.055},
		{"shared drift, p50", drifting(usual, 0.5, 0.1, true), atQuantile(0.5), 0.05, 0.05},
	} {
		next := c.world(rand.New(rand.NewPCG(seed, 0)))
		var drawn [2][]float64
		for round := range 8000 {
			for range 10 {
				for v := range drawn {
					drawn[v] = append(drawn[v], next(round, v))
				}
			}
		}
		for v, want := range []float64{c.base, c.new} {
			if got := c.measure(drawn[v]); !(math.Abs(got-want) < 0.03*want+0.002) {
				t.Errorf("%s, version %d: %v, want %v", c.name, v, got, want)
			}
		}
	}
}

func atQuantile(q float64) func([]float64) float64 {
	return func(xs []float64) float64 { return quantile(xs, q) }
}

func above(low, high float64) func([]float64) float64 {
	return func(xs []float64) float64 {
		k := 0
		for _, x := range xs {
			if x >= low && x <= high {
				k++
			}
		}
		return float64(k) / float64(len(xs))
	}
}

func TestDriftIsSharedOrOwn(t *testing.T) {
	for _, shared := range []bool{true, false} {
		flat := func(*rand.Rand) draw { return func(int, int) float64 { return 1 } }
		next := drifting(flat, 0.9, 0.1, shared)(rand.New(rand.NewPCG(seed, 0)))
		if alike := next(3, 0) == next(3, 1); alike != shared {
			t.Errorf("shared %v, but alike %v", shared, alike)
		}
		if now := next(3, 0); now != next(3, 0) || now == next(4, 0) {
			t.Error("the level must move with the round, and with it alone")
		}
	}
}

func TestSameSeedSameTally(t *testing.T) {
	s := setup{world: times(usual, 1.3), objectives: []string{p95}, missing: 0.2}
	if diff := cmp.Diff(s.judged(12), s.judged(12), cmp.AllowUnexported(tally{})); diff != "" {
		t.Error(diff)
	}
}

func TestVerdictsAgainstTheTruthAreWrong(t *testing.T) {
	for _, c := range []struct {
		truth      truth
		pass, fail bool
	}{{within, false, true}, {beyond, true, false}, {atLimit, true, true}} {
		if c.truth.wrong(trial.Pass) != c.pass || c.truth.wrong(trial.Fail) != c.fail || c.truth.wrong(trial.Inconclusive) {
			t.Errorf("%s: pass wrong %v, fail wrong %v", c.truth, c.truth.wrong(trial.Pass), c.truth.wrong(trial.Fail))
		}
	}
}

func TestUndecidedTrialsCountInFull(t *testing.T) {
	var got tally
	got.add(outcome{trial.Fail, 40})
	got.add(outcome{trial.Fail, 80})
	got.add(outcome{trial.Inconclusive, 240})
	want := []string{"30.0", "20.0", "–", "67 % (21–93.9)"}
	if diff := cmp.Diff(want, []string{got.seconds(), got.until(trial.Fail), got.until(trial.Pass), got.share(trial.Fail)}); diff != "" {
		t.Error(diff)
	}
}

// The median counts trials that never get there; what was typical does not ask
// for the verdict.
func TestMedianIsOfAllTrials(t *testing.T) {
	var got tally
	for _, o := range []outcome{{trial.Fail, 10}, {trial.Fail, 20}, {trial.Fail, 30}, {trial.Inconclusive, 240}, {trial.Pass, 120}} {
		got.add(o)
	}
	rounds, most := got.typical()
	want := []any{30., math.Inf(1), 30., trial.Fail, 2}
	if diff := cmp.Diff(want, []any{got.median(trial.Fail), got.median(trial.Pass), rounds, most, got.by(trial.Fail, 20)}); diff != "" {
		t.Error(diff)
	}
}

func TestSizesMayChangeByRound(t *testing.T) {
	s := setup{world: usual, sizesAt: shifting}
	next := s.world(rand.New(rand.NewPCG(seed, 0)))
	for round, want := range map[int][2]int{0: {180, 20}, 119: {180, 20}, 120: {100, 100}} {
		var got [2]int
		for _, q := range s.requests(nil, next, round) {
			got[q.Version]++
		}
		if got != want {
			t.Errorf("round %d: %v requests, want %v", round, got, want)
		}
	}
}

// 8 requests on average, one after another, and no streak outlives its round.
func TestStreaksAreOfEightAtTheMean(t *testing.T) {
	flat := func(*rand.Rand) draw { return func(int, int) float64 { return 1 } }
	next := streaks(flat, fails, 0.05)(rand.New(rand.NewPCG(seed, 0)))
	hits, starts, before := 0, 0, false
	for range 200_000 {
		hit := next(0, 0) == failed
		if hit {
			hits++
		}
		if hit && !before {
			starts++
		}
		before = hit
	}
	if got := float64(hits) / float64(starts); !(math.Abs(got-8) < 0.3) {
		t.Errorf("streaks of %.2f, want 8", got)
	}
}

func TestReportIsMarkdown(t *testing.T) {
	var b strings.Builder
	err := write(&b, "# T\n", []table{{title: "A", text: "Asked.", head: []string{"x", "y"}, rows: [][]string{{"1", "2"}}, plot: &chart{file: "c.svg", alt: "lines"}}})
	want := "# T\n\n## A\n\nAsked.\n\n![lines](c.svg)\n\n| x | y |\n|---|---|\n| 1 | 2 |\n"
	if diff := cmp.Diff(want, b.String()); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// Every objective of the exam parses, every setup plays, every chart is drawn,
// and all of it comes out the same again.
func TestSameExamSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("plays two trials of everything, twice")
	}
	var runs [2]map[string]string
	for i := range runs {
		dir := t.TempDir()
		if err := exam(filepath.Join(dir, "exam.md"), 0); err != nil {
			t.Fatal(err)
		}
		runs[i] = map[string]string{}
		for _, name := range []string{"exam.md", "exam-false-alarms.svg", "exam-seconds.svg"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			runs[i][name] = string(text)
		}
	}
	if diff := cmp.Diff(runs[0], runs[1]); diff != "" {
		t.Error(diff)
	}
}

// The report on file is of the cases and rules that stand here.
func TestReportOnFileIsOfThisExam(t *testing.T) {
	text, err := os.ReadFile("../../docs/exam.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, c := range slices.Concat(cases, rare) {
		rows = append(rows, "| "+c.name+" | `"+c.asked+"` | "+string(c.truth)+" |")
	}
	for _, w := range elsewhereCases() {
		rows = append(rows, "| "+w.name+" | `"+w.asked+"` | "+string(w.truth)+" |")
	}
	for _, e := range entrants() {
		rows = append(rows, "| "+e.name+" | "+e.text+" |")
	}
	for _, k := range known {
		rows = append(rows, "| "+k.rule+" | "+k.world+" | "+k.figure+" |")
	}
	for _, row := range rows {
		if !strings.Contains(string(text), "\n"+row) {
			t.Errorf("docs/exam.md has no row %q: run make exam", row)
		}
	}
	for _, found := range regexp.MustCompile(`\]\(([a-z-]+\.svg)\)`).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat("../../docs/" + found[1]); err != nil {
			t.Error(err)
		}
	}
}
