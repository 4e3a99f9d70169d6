package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/trial"
)

// paper is a route on paper: it does what it is told and keeps what was done.
type paper struct {
	mu      sync.Mutex
	done    []string
	moved   chan struct{} // told of each shift
	order   trial.Order
	shift   error // of every shift but the first
	leave   error
	waiting bool // leaving takes until the context ends
}

func (p *paper) note(format string, args ...any) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = append(p.done, fmt.Sprintf(format, args...))
	return len(p.done)
}

func (p *paper) Take(context.Context) ([]int, error) { p.note("take"); return []int{100, 0}, nil }

func (p *paper) Shift(_ context.Context, weights []int) error {
	if p.note("%v", weights) > 2 {
		return p.shift
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

func (p *paper) Order() trial.Order { return p.order }

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
  every: 3s
  settle: 250ms
%s`, serve(t, ok), candidate, dir, more)
	p := process{
		stdout: &stdout, stderr: &stderr, now: time.Now, random: rand.Reader, width: 100,
		readFile:  func(string) ([]byte, error) { return []byte(text), nil },
		openRoute: func(config.File) (runner.Route, error) { return route, nil },
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

func TestAPassLeavesAllTrafficToTheWinner(t *testing.T) {
	t.Parallel()
	for atEnd, want := range map[string]string{"to-winner": "leave [0 100]", "to-baseline": "leave []"} {
		route := &paper{}
		r := steered(t, t.Context(), route, serve(t, ok), "  at-end: "+atEnd)
		r.wants(t, exitPass, "PASS")
		if got := route.done[len(route.done)-1]; got != want {
			t.Errorf("at-end: %s: %s, want %s", atEnd, got, want)
		}
	}
}

func TestAPassWhoseRouteCouldNotBeLeftIsNone(t *testing.T) {
	t.Parallel()
	r := steered(t, t.Context(), &paper{leave: errors.New("the API server is away")}, serve(t, ok), "")
	r.wants(t, exitBroken, "the API server is away")
	report := r.report(t)
	if report.Verdict == trial.Pass || report.Traffic.Remedy == "" || !strings.Contains(strings.Join(report.Notes, "\n"), "came to pass") {
		t.Errorf("verdict %s, remedy %q, notes %q", report.Verdict, report.Traffic.Remedy, report.Notes)
	}
}

func TestAFailWhoseRouteCouldNotBeLeftStands(t *testing.T) {
	t.Parallel()
	r := steered(t, t.Context(), &paper{leave: errors.New("the API server is away")}, serve(t, always500), "")
	r.wants(t, exitFail, "the API server is away")
}
