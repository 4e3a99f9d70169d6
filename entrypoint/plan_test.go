package main

import (
	"encoding/json"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/seatrial/seatrial/trial"
)

func stored(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("testdata", "evidence", name))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func plannedFrom(t *testing.T, dir string, args ...string) trial.Plan {
	t.Helper()
	r := finish(t, command(t, append([]string{"plan", "--from", dir, "--json"}, args...)...))
	var p trial.Plan
	if err := json.Unmarshal([]byte(r.stdout), &p); err != nil {
		t.Fatalf("%v in %s%s", err, r.stdout, r.stderr)
	}
	return p
}

func TestPlanFromStoredEvidence(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"slower", "same"} {
		r := finish(t, command(t, "plan", "--from", stored(t, name)))
		r.wants(t, exitPass, "PLAN at most 20 s at 100/s")
		r.wants(t, exitPass, "latency-p95 ≤ 110 % of baseline   pass in 1")
		p := plannedFrom(t, stored(t, name))
		if len(p.Forecasts) != 3 || p.Recorded.Rounds < 20 || p.Budget != 20 {
			t.Errorf("%s: %+v", name, p)
		}
		for _, f := range p.Forecasts {
			if f.Verdict != trial.Pass || f.Seconds < 10 || f.Requests < 1000 {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if s := p.Forecasts[0].Smallest.Value; !(s > 0.1 && s < 0.5) {
			t.Errorf("%s: shows a p95 regression of %g", name, s)
		}
	}
}

// Whether the candidate was slower does not matter to what an equal one would do.
func TestPlanWithOtherObjectivesAndLength(t *testing.T) {
	t.Parallel()
	long := plannedFrom(t, stored(t, "same"), "--for", "10m")
	short := plannedFrom(t, stored(t, "same"))
	if a, b := long.Forecasts[0].Smallest.Value, short.Forecasts[0].Smallest.Value; !(a < b) || long.Budget != 600 {
		t.Errorf("10 min show %g, 20 s show %g", a, b)
	}
	p := plannedFrom(t, stored(t, "same"), "--objectives", "latency-p50 <= 105% of baseline")
	if p.Forecasts[0].Objective != "latency-p50 <= 105% of baseline" || !p.Forecasts[1].Implied {
		t.Errorf("%+v", p.Forecasts)
	}
}

func TestPlanTakesObjectivesAfterTheDash(t *testing.T) {
	t.Parallel()
	var got []string
	for _, f := range plannedFrom(t, stored(t, "same"), "--objectives", "error-rate <= 5%", "--", "latency-p50 <= 105% of baseline").Forecasts {
		got = append(got, f.Objective)
	}
	if want := []string{"error-rate <= 5%", "latency-p50 <= 105% of baseline"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	finish(t, command(t, "plan", "--candidate=http://127.0.0.1:1", "--", "latncy <= 1s")).wants(t, exitBadInput, "latncy")
	finish(t, command(t, "plan", "latency-p50 <= 1s")).wants(t, exitBadInput, "latency-p50 <= 1s")
}

func TestStrictPlanRefusesWhatCantBeDecided(t *testing.T) {
	t.Parallel()
	never := []string{"plan", "--from", stored(t, "same"), "--objectives", "latency-p95 <= 100% of baseline"}
	finish(t, command(t, never...)).wants(t, exitPass, "warning: latency-p95 <= 100% of baseline: no verdict in reach")
	finish(t, command(t, append(never, "--strict")...)).wants(t, exitBadInput, "none in reach")
	slow := []string{"plan", "--from", stored(t, "same"), "--strict", "--objectives", "latency-p95 <= baseline + 500us"}
	finish(t, command(t, slow...)).wants(t, exitBadInput, "no verdict to be expected in 20 s; use for: ")
	finish(t, command(t, append(slow, "--for=1h")...)).wants(t, exitPass, "decided")
	finish(t, command(t, "plan", "--from", stored(t, "same"), "--strict", "--objectives", "latency-p99.99 <= 110% of baseline")).
		wants(t, exitBadInput, "say too little of a p99.99 latency")
	finish(t, command(t, "plan", "--from", stored(t, "same"), "--strict")).wants(t, exitPass, "")
}

func TestPlanSendsTheWarmupAndKeepsNothing(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	count := func(w http.ResponseWriter, r *http.Request) { asked.Add(1); ok(w, r) }
	c := command(t, append(append([]string{"plan"}, short()...), "--warmup=2500ms", "--for=20s", "--candidate", serve(t, count), "--baseline", serve(t, ok),
		"--objectives", "latency-p50 <= 300% of baseline\nlatency-p50 <= 500ms")...)
	r := finish(t, c)
	r.wants(t, exitPass, "PLAN at most 20 s at 100/s · drawn from 10 rounds, 2.5 s, 500 requests")
	r.wants(t, exitPass, "latency-p50 ≤ 500 ms              as it is: pass in 2 s")
	if n := asked.Load(); n < 250 || n > 260 {
		t.Errorf("%d requests to the candidate, want the 250 of the warm-up and those of readiness", n)
	}
	if left, err := os.ReadDir(c.Dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestPlanOfConformance(t *testing.T) {
	t.Parallel()
	r := finish(t, command(t, append(append([]string{"plan", "--json"}, short()...), "--warmup=2500ms", "--candidate", serve(t, ok),
		"--objectives", "latency-p50 <= 500ms\nlatency-p50 <= 100us")...))
	var p trial.Plan
	if err := json.Unmarshal([]byte(r.stdout), &p); err != nil || r.code != exitPass {
		t.Fatalf("exit code %d, %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	if len(p.Forecasts) != 3 || p.Forecasts[0].Verdict != trial.Pass || p.Forecasts[1].Verdict != trial.Fail || p.Forecasts[0].Relative {
		t.Errorf("%+v", p.Forecasts)
	}
	if !math.IsNaN(p.Forecasts[2].Smallest.Value) && p.Forecasts[2].Objective != "error-rate <= 1%" {
		t.Errorf("%+v", p.Forecasts[2])
	}
}

func TestPlansThatCantBeMade(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no warm-up", []string{"--candidate", serve(t, ok), "--warmup=0s", "--objectives=latency-p50 <= 1s"}, exitBadInput, "leaves nothing to plan from"},
		{"warm-up too short", append(short(), "--candidate", serve(t, ok), "--objectives=latency-p50 <= 1s"), exitPass, "2 whole rounds on record; a forecast needs 8"},
		{"warm-up too short, strict", append(short(), "--strict", "--candidate", serve(t, ok), "--objectives=latency-p50 <= 1s"), exitBadInput, "use warmup: 2s or longer"},
		{"bad input", []string{"--candidate", "nowhere"}, exitBadInput, "http://"},
		{"not ready", append(short(), "--candidate", refusing(t), "--objectives=latency-p50 <= 1s"), exitNotReady, "connection refused"},
		{"generator behind", append(short(), "--candidate", serve(t, ok), "--warmup=2s", "--rate=100000/s", "--objectives=latency-p50 <= 1s"), exitBroken, "the load generator fell behind"},
		{"no evidence", []string{"--from", "nowhere"}, exitBadInput, "no such file"},
		{"inputs beside evidence", []string{"--from", stored(t, "same"), "--rate=5/s"}, exitBadInput, "--rate: with --from, the rounds are there already"},
		{"bad length", []string{"--from", stored(t, "same"), "--for=soon"}, exitBadInput, `"soon" is not a length of load`},
		{"bad objective", []string{"--from", stored(t, "same"), "--objectives=latncy-p50 <= 1s"}, exitBadInput, "did you mean"},
	} {
		t.Run(c.name, func(t *testing.T) {
			finish(t, command(t, append([]string{"plan"}, c.args...)...)).wants(t, c.code, c.want)
		})
	}
}

func TestTrialPromisesWhatItsWarmupAllows(t *testing.T) {
	t.Parallel()
	for objectives, want := range map[string]string{
		"latency-p50 <= 300% of baseline": "; a p50 regression above +",
		"error-rate <= 90%":               "\n",
	} {
		r := try(t, "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--objectives", objectives, "--warmup=3s", "--for=60s")
		if text := "✓ warm-up    3s, 600 requests" + want; !strings.Contains(r.stderr, text) {
			t.Errorf("%s: no %q in\n%s", objectives, text, r.stderr)
		}
	}
}

func TestDocumentedPlanIsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/plan.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```text\n")
	block, _, _ = strings.Cut(block, "```")
	r := finish(t, command(t, "plan", "--from", stored(t, "same"), "--objectives",
		"latency-p95 <= 110% of baseline\nlatency-p95 <= baseline + 500us\nlatency-p99 <= 105% of baseline\nlatency-p99 <= 300ms"))
	if block == "" || !strings.HasPrefix(r.stdout, block) {
		t.Errorf("docs/plan.md shows\n%s\nbut it is\n%s", block, r.stdout)
	}
}

func TestPlanHelpIsReadableOn80Columns(t *testing.T) {
	t.Parallel()
	r := finish(t, command(t, "plan", "--help"))
	r.wants(t, exitPass, "--strict")
	for line := range strings.Lines(r.stdout) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
