package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"math"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// paper is a route on paper: it does what it is told and keeps what was done.
type paper struct {
	mu    sync.Mutex
	done  []string
	moved func() // after the first shift; nil for nothing
	leave error
}

func (p *paper) note(format string, args ...any) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = append(p.done, fmt.Sprintf(format, args...))
	return len(p.done)
}

func (p *paper) Take(context.Context) ([]int, error) { p.note("take"); return []int{100, 0}, nil }

func (p *paper) Shift(_ context.Context, weights []int) error {
	if p.note("%v", weights) == 2 && p.moved != nil {
		time.AfterFunc(time.Second, p.moved)
	}
	return nil
}

func (p *paper) Leave(ctx context.Context, weights []int) error {
	p.note("leave %v", weights)
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.leave
}

func (p *paper) Order() trial.Order { return trial.Order{} }

// nowhere is a cluster that is never asked.
const nowhere = `
apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: x, user: x}}]
clusters: [{name: x, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: x, user: {token: x-token}}]
`

// steered is a trial that moves the traffic of a route on paper.
func steered(t *testing.T, ctx context.Context, route runner.Route, candidate, more string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	dir := filepath.Join(t.TempDir(), "seatrial-report")
	text := fmt.Sprintf(`
baseline: %s
candidate: %s
report-dir: %s
load: {rate: 100/s, for: 4s, warmup: 500ms, timeout: 1s}
at-least: 2s
objectives: [error-rate <= baseline + 50%%, latency-p50 <= 10s]
traffic:
  route: httproute/shop
  backends: {baseline: shop, candidate: shop-canary}
  every: 1m
  settle: 250ms
%s`, serve(t, ok), candidate, dir, more)
	p := process{
		stdout: &stdout, stderr: &stderr, now: time.Now, random: rand.Reader, width: 100,
		environ: []string{"KUBECONFIG=kubeconfig"},
		readFile: func(path string) ([]byte, error) {
			return []byte(map[string]string{"trial.yaml": text, "kubeconfig": nowhere}[path]), nil
		},
		openRoute: func(process, config.File, *k8s.Cluster) (runner.Route, error) { return route, nil },
	}
	code := p.run(ctx, map[string]string{"config": "trial.yaml"})
	return result{code, stdout.String(), stderr.String(), dir}
}

func whys(t *trial.Traffic) string {
	var out []string
	for _, s := range t.Course {
		out = append(out, fmt.Sprint(s.Weights, " ", s.Why))
	}
	return strings.Join(out, "\n")
}

func TestAViolationTakesTheTrafficAndTheRouteIsPutBack(t *testing.T) {
	t.Parallel()
	route := &paper{}
	r := steered(t, t.Context(), route, serve(t, always500), "")
	r.wants(t, exitFail, "FAIL")
	if diff := cmp.Diff([]string{"take", "[90 10]", "[100 0]", "leave []"}, route.done); diff != "" {
		t.Errorf("what was done to the route:\n%s", diff)
	}
	report := r.report(t)
	want := "[90 10] start\n[100 0] candidate violated error-rate <= baseline + 50%; candidate violated latency-p50 <= 10s\n[100 0] end"
	if got := whys(report.Traffic); got != want {
		t.Errorf("the course is\n%s\nwant\n%s", got, want)
	}
	stored, err := evidence.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, round := range stored.Rounds {
		if round.Index > report.Measured.Rounds {
			break // what was under way when traffic moved
		}
		if !slices.Equal(round.Weights, []int{90, 10}) {
			t.Errorf("round %d began with %v", round.Index, round.Weights)
		}
		if settles := round.Start < 250*time.Millisecond; round.Settling != settles {
			t.Errorf("round %d from %s on settles: %v", round.Index, round.Start, round.Settling)
		}
	}
	written, err := os.ReadFile(filepath.Join(r.dir, evidence.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	again := finish(t, command(t, "judge", "--json", r.dir))
	if diff := cmp.Diff(string(written), again.stdout); diff != "" {
		t.Errorf("judged again:\n%s%s", diff, again.stderr)
	}
}

// judged is a trial of drawn rounds that came to its end. Of its candidate's
// answers a share fails.
func judged(t *testing.T, atEnd string, failing float64) *attempt {
	t.Helper()
	text := `
baseline: http://shop.prod.svc
candidate: http://shop-canary.prod.svc
objectives: [latency-p95 <= 150% of baseline, error-rate <= baseline + 10%]
traffic: {route: httproute/shop, at-end: ` + atEnd + `}
`
	file, _, err := config.Load(config.Sources{
		Flags: map[string]string{"config": "trial.yaml"}, ReadFile: func(string) ([]byte, error) { return []byte(text), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	a := process{now: time.Now}.begin(file, nil)
	s := simulated{file: file, rounds: 160, seed: 1, draw: func(random *mathrand.Rand, version int) (float64, bool) {
		return 0.05 * math.Exp(0.3*random.NormFloat64()), version == 1 && random.Float64() < failing
	}}
	for round := range s.Rounds(t.Context()) {
		a.judge.Look(round)
	}
	return a
}

func TestAPassAloneMovesTrafficForGood(t *testing.T) {
	ended, stopped := runner.Outcome{Status: trial.Judged}, runner.Outcome{Status: trial.Cancelled}
	for _, c := range []struct {
		atEnd   string
		failing float64
		out     runner.Outcome
		want    []int
	}{
		{"auto", 0, ended, []int{0, 100}},
		{"to-winner", 0, ended, []int{0, 100}},
		{"to-baseline", 0, ended, nil},
		{"keep", 0, ended, []int{40, 60}},
		{"to-winner", 0.5, ended, nil},
		{"keep", 0.5, ended, nil},
		{"to-winner", 0, stopped, nil},
		{"keep", 0, stopped, nil},
	} {
		if got, left := judged(t, c.atEnd, c.failing).Ending(c.out, []int{40, 60}); !slices.Equal(got, c.want) || left == "" {
			t.Errorf("at-end: %s, %.0f %% failing, %s: %v, %s, want %v", c.atEnd, 100*c.failing, c.out.Status, got, left, c.want)
		}
	}
}

func TestAPassWhoseRouteCouldNotBeLeftIsNone(t *testing.T) {
	a := judged(t, "to-winner", 0)
	out := runner.Outcome{
		Status: trial.Broken, Reason: "the route could not be left as it should be: away", Unleft: errors.New("away"),
		Traffic: &trial.Traffic{Before: []int{100, 0}, Course: []trial.Split{{Weights: []int{90, 10}, Why: "start"}}},
	}
	r := a.report(out)
	if code := exitCode(r, config.Enforce, nil); code != exitBroken || r.Verdict == trial.Pass || !strings.Contains(strings.Join(r.Notes, "\n"), "came to pass") {
		t.Errorf("exit code %d, verdict %s, notes %q", code, r.Verdict, r.Notes)
	}
	want := "See that httproute/shop is as you want it: away. The trial gave it baseline 90 %, candidate 10 % last. Before the trial it had baseline 100 %, candidate 0 %."
	if r.Traffic.Remedy != want {
		t.Errorf("%q, want %q", r.Traffic.Remedy, want)
	}
}

func TestAFailWhoseRouteCouldNotBeLeftStands(t *testing.T) {
	t.Parallel()
	r := steered(t, t.Context(), &paper{leave: errors.New("the API server is away")}, serve(t, always500), "")
	r.wants(t, exitFail, "the API server is away")
}

func TestAPlanNeedsNoClusterForARoute(t *testing.T) {
	t.Parallel()
	c := command(t, append([]string{"plan", "--candidate", serve(t, ok), "--baseline", serve(t, ok)}, short()...)...)
	text := "traffic: {route: httproute/shop, backends: {baseline: shop, candidate: shop-canary}, every: 2s, settle: 0s}\n"
	if err := os.WriteFile(filepath.Join(c.Dir, "seatrial.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r := finish(t, c)
	busy := strings.Contains(r.stderr, "the load generator fell behind") // half a second of load tells nothing else of this machine
	if strings.Contains(r.stderr, "kubeconfig") || r.code != exitPass && !busy {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestASignalPutsTheRouteBack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	route := &paper{moved: func() { cancel(signalled{syscall.SIGTERM}) }}
	r := steered(t, ctx, route, serve(t, ok), "")
	if r.code != exitSignal+int(syscall.SIGTERM) {
		t.Errorf("exit code %d", r.code)
	}
	if len(route.done) == 0 || route.done[len(route.done)-1] != "leave []" {
		t.Errorf("%v", route.done)
	}
	if report := r.report(t); report.Status != trial.Cancelled || report.Traffic.Left != "as it was before the trial" || report.Traffic.Remedy != "" {
		t.Errorf("%s: %+v", report.Status, report.Traffic)
	}
}

func TestAPassThatIsTakenBackSaysWhereTheTrafficIs(t *testing.T) {
	r := trial.Report{Versions: []trial.Version{{Name: "baseline"}, {Name: "candidate"}}, Traffic: &trial.Traffic{
		Route: "httproute/shop", Before: []int{100, 0}, Course: []trial.Split{{Weights: []int{0, 100}, Why: trial.AtTheEnd}},
	}}
	failed := trial.Hook{Name: "promote", Trouble: "exit code 1"}
	if got := takenBack(r, failed, false).Remedy; !strings.HasSuffix(got, "httproute/shop stays as the pass left it: baseline 0 %, candidate 100 %. Before the trial it had baseline 100 %, candidate 0 %.") {
		t.Error(got)
	}
	r.Traffic.Course[0].Weights = []int{100, 0}
	if got := takenBack(r, failed, false).Remedy; strings.Contains(got, "httproute") {
		t.Errorf("of a route that is as it was: %s", got)
	}
	r.Traffic = nil
	if got := takenBack(r, failed, false).Remedy; strings.Contains(got, "stays") {
		t.Errorf("without a route: %s", got)
	}
}

func TestTheOutputsTellHowTheRouteWasLeft(t *testing.T) {
	r := trial.Report{Versions: []trial.Version{{Name: "baseline"}, {Name: "a \"b\""}}}
	if got := weights(r); got != "" {
		t.Errorf("without a route: %s", got)
	}
	r.Traffic = &trial.Traffic{Course: []trial.Split{{Weights: []int{90, 10}, Why: "start"}}}
	if got := weights(r); got != "" {
		t.Errorf("of a route that was not left: %s", got)
	}
	r.Traffic.Course = append(r.Traffic.Course, trial.Split{Weights: []int{0, 100}, Why: trial.AtTheEnd})
	if got := weights(r); got != `{"a \"b\"":100,"baseline":0}` {
		t.Error(got)
	}
}

// simulated is a trial without a clock, a network or a disk: the judge, its
// weights and the runner, over drawn rounds of 250 ms.
type simulated struct {
	file   config.File
	judge  *slo.Judge
	rounds int
	draw   func(random *mathrand.Rand, version int) (seconds float64, fails bool)
	seed   uint64
	shown  map[string]time.Duration // when a version was shown to violate
	kept   []trial.Round
}

const simulatedRound = 250 * time.Millisecond

func (s *simulated) Wait(context.Context) error                   { return nil }
func (s *simulated) Ready()                                       {}
func (s *simulated) Append(r trial.Round) error                   { s.kept = append(s.kept, r); return nil }
func (s *simulated) Looked(trial.Round, trial.Look)               {}
func (s *simulated) Ending(runner.Outcome, []int) ([]int, string) { return nil, "as it was" }

func (s *simulated) Look(r trial.Round) trial.Look {
	l := s.judge.Look(r)
	for _, standing := range l.Standings() {
		if _, known := s.shown[standing.Version]; standing.Verdict == trial.Fail && !known {
			s.shown[standing.Version] = r.Closed
		}
	}
	return l
}

func (s *simulated) Rounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	random := mathrand.New(mathrand.NewPCG(s.seed, 1))
	return func(yield func(trial.Round, error) bool) {
		for i := range s.rounds {
			if ctx.Err() != nil {
				return
			}
			from := time.Duration(i) * simulatedRound
			r := trial.Round{Series: trial.LoadSeries, Index: i, Complete: true, Start: from, End: from + simulatedRound, Closed: from + simulatedRound}
			for v := range s.file.Targets() {
				for range 25 {
					q := trial.Request{Version: uint8(v), Status: trial.Answered(200, true)}
					seconds, fails := s.draw(random, v)
					if q.Latency = uint32(seconds * 1e7); fails {
						q.Status = trial.Answered(500, false)
					}
					r.Requests = append(r.Requests, q)
				}
			}
			r.Generator.Planned = len(r.Requests)
			if !yield(r, nil) {
				return
			}
		}
	}
}

// simulate runs a progressive trial and returns the course of its traffic.
func simulate(t *testing.T, s *simulated, text string) *trial.Traffic {
	t.Helper()
	file, _, err := config.Load(config.Sources{
		Flags: map[string]string{"config": "trial.yaml"}, ReadFile: func(string) ([]byte, error) { return []byte(text), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.file, s.judge, s.shown = file, slo.New(file.Policy(), file.Versions()), map[string]time.Duration{}
	start := time.Unix(0, 0)
	out := runner.Run(t.Context(), runner.Stages{Waiter: s, Meter: s, Store: s, Judge: s, Watcher: s, Traffic: &runner.Traffic{
		Route: &paper{}, Opening: file.Opening(), Steerer: steerer{s.judge, file.Traffic.Steering()}, Reliever: s.judge, Ender: s,
		Every: file.Traffic.Every, Settle: file.Traffic.Settle, Clock: func() time.Time { return start },
	}})
	return out.Traffic
}

func TestAnEqualCandidateReachesItsMostInAsManyStepsAsItTakes(t *testing.T) {
	for seed := range uint64(5) {
		s := &simulated{rounds: 120, seed: seed, draw: func(random *mathrand.Rand, _ int) (float64, bool) {
			return 0.05 * math.Exp(0.3*random.NormFloat64()), false
		}}
		course := simulate(t, s, `
baseline: http://shop.prod.svc
candidate: http://shop-canary.prod.svc
objectives: [latency-p95 <= 150% of baseline]
load: {for: 2m}
at-least: 60s
traffic: {route: httproute/shop, start: 10, max: 45, step: 10, every: 2s, settle: 500ms}
`).Course
		var parts []int
		for _, split := range course {
			parts = append(parts, split.Weights[1])
		}
		steps := int(math.Ceil((45 - 10) / 10.0))
		want := []int{10, 20, 30, 40, 45, 0}
		if !slices.Equal(parts, want) || len(want)-2 != steps {
			t.Errorf("seed %d: %v, want %v: %d steps, and back", seed, parts, want, steps)
		}
	}
}

// Two of three versions may still win when the third is shown to be bad, so that
// the trial goes on.
func TestABadCandidateLosesItsTrafficInTheRoundThatShowsIt(t *testing.T) {
	for seed := range uint64(10) {
		s := &simulated{rounds: 160, seed: seed, draw: func(random *mathrand.Rand, version int) (float64, bool) {
			return 0.05 * math.Exp(0.3*random.NormFloat64()), version == 1 && random.Float64() < 0.2
		}}
		told := simulate(t, s, `
baseline: http://shop.prod.svc
candidates: [{name: bad, url: http://shop-bad.prod.svc}, {name: good, url: http://shop-good.prod.svc}]
objectives: [error-rate <= baseline + 2%]
rewards: [minimize latency-mean]
load: {for: 2m}
at-least: 60s
traffic: {route: httproute/shop, start: 20, every: 2s, settle: 500ms}
`)
		shown, found := s.shown["bad"]
		if !found {
			t.Fatalf("seed %d: nothing was shown", seed)
		}
		lost := slices.IndexFunc(told.Course, func(split trial.Split) bool { return split.Weights[1] == 0 })
		if lost < 0 || told.Course[lost].At != shown || !strings.Contains(told.Course[lost].Why, "bad violated error-rate") {
			t.Errorf("seed %d: shown at %s: %v", seed, shown, told.Course)
		}
		for _, r := range s.kept {
			if r.Start >= shown && r.Weights[1] != 0 || r.Start < shown && r.Weights[1] == 0 {
				t.Errorf("seed %d: the round from %s on has %v; shown at %s", seed, r.Start, r.Weights, shown)
			}
		}
	}
}
