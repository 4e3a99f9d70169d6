package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/trial"
)

// splitting is a route and a Prometheus in one: requests go as the route was told
// last, 2000 a second in all, and each version sells for a share of them.
type splitting struct {
	paper
	lock  sync.Mutex
	sells [2]float64
	skew  float64 // share that goes to the candidate in place of the baseline, whatever was told
	moves []turn
}

// turn is a split from a time on.
type turn struct {
	at     time.Time
	shares [2]float64
}

func (s *splitting) Shift(_ context.Context, weights []int) error {
	s.note("%v", weights)
	s.lock.Lock()
	defer s.lock.Unlock()
	s.moves = append(s.moves, turn{time.Now(), [2]float64{float64(weights[0])/100 - s.skew, float64(weights[1])/100 + s.skew}})
	return nil
}

// got is how many requests a version got until a time.
func (s *splitting) got(version int, until time.Time) float64 {
	n := 0.0
	for i, m := range s.moves {
		end := until
		if i+1 < len(s.moves) && s.moves[i+1].at.Before(until) {
			end = s.moves[i+1].at
		}
		n += 2000 * max(0, end.Sub(m.at).Seconds()) * m.shares[version]
	}
	return n
}

// ServeHTTP answers with whole numbers.
func (s *splitting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.lock.Lock()
	defer s.lock.Unlock()
	at, err := time.Parse(time.RFC3339Nano, r.Form.Get("time"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answerSelector(w, r.Form.Get("query"), at, func(version, query string, t time.Time) float64 {
		v := map[string]int{"v1": 0, "v2": 1}[version]
		n := s.got(v, t)
		if strings.Contains(query, "sales") {
			n *= s.sells[v]
		}
		return float64(1000 + int(n))
	})
}

// on runs a trial on this route, with these keys beside.
func (s *splitting) on(t *testing.T, more string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	dir := filepath.Join(t.TempDir(), "seatrial-report")
	text := fmt.Sprintf(`
baseline: {version: v1}
candidate: {version: v2}
report-dir: %s
providers: {prometheus: %s}
metrics:
  - {name: sales, kind: counts, hits: 'sales{v="{{version}}"}', trials: 'requests{v="{{version}}"}', traffic: true}
windows: {interval: 100ms, for: 9s, delay: 20ms}
rewards: [maximize sales]
traffic:
  route: httproute/shop
  backends: {baseline: shop, candidate: shop-canary}
  settle: 50ms
%s`, dir, serve(t, s.ServeHTTP), more)
	p := process{
		stdout: &stdout, stderr: &stderr, now: time.Now, random: rand.Reader, width: 100,
		environ: []string{"KUBECONFIG=kubeconfig"},
		readFile: func(path string) ([]byte, error) {
			return []byte(map[string]string{"trial.yaml": text, "kubeconfig": nowhere}[path]), nil
		},
		openRoute: func(process, config.File, *k8s.Cluster) (runner.Route, error) { return s, nil },
	}
	return result{p.run(t.Context(), map[string]string{"config": "trial.yaml", "seed": "3"}), stdout.String(), stderr.String(), dir}
}

func TestTheBanditSteersByLiveWindowsAlone(t *testing.T) {
	t.Parallel()
	s := &splitting{sells: [2]float64{0.05, 0.25}}
	r := s.on(t, "  policy: thompson\n  every: 1s\n")
	r.wants(t, exitPass, "candidate wins: its sales is")
	report := r.report(t)
	if report.Choice.Winner != "candidate" || !slices.Contains(s.done, "[80 20]") || s.done[len(s.done)-1] != "leave [0 100]" {
		t.Errorf("winner %q, the route was given %v", report.Choice.Winner, s.done)
	}
	e, err := evidence.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	settling := 0
	for _, round := range e.Rounds {
		if round.Weights == nil {
			t.Errorf("window %d has no weights", round.Index)
		}
		if round.Settling {
			settling++
		}
	}
	if settling == 0 || settling > 3*len(report.Traffic.Course) {
		t.Errorf("%d of %d windows settled, with %d moves", settling, len(e.Rounds), len(report.Traffic.Course))
	}
}

func TestWhatEachVersionReallyGotIsHeldAgainstItsPart(t *testing.T) {
	t.Parallel()
	split := "  strategy: fixed-split\n  split: [90, 10]\n"
	r := (&splitting{sells: [2]float64{0.05, 0.25}}).on(t, split)
	r.wants(t, exitPass, "candidate wins")
	got := r.report(t).Traffic.Parts
	if len(got) != 2 || got[1].Requests == 0 || math.Abs(got[1].Got.Value-0.1) > 0.02 || math.Abs(got[1].Assigned.Value-0.1) > 1e-9 {
		t.Errorf("versions got %+v", got)
	}
	r = (&splitting{sells: [2]float64{0.05, 0.25}, skew: 0.2}).on(t, split)
	r.wants(t, exitInconclusive, "sample ratio mismatch")
}

func TestOurLoadAndTheirMetricsAreJudgedInOneTrial(t *testing.T) {
	t.Parallel()
	s := newShopCounters(0.01, 0.3)
	file := fmt.Sprintf(`
baseline:  {version: v1, url: %s}
candidate: {version: v2, url: %s}
providers: {prometheus: %%s}
metrics:
  - {name: checkout-errors, kind: counts, hits: 'n{v="{{version}}",c=~"5.."}', trials: 'n{v="{{version}}"}'}
windows: {interval: 100ms, delay: 0s}
load: {rate: 50/s, for: 4s, warmup: 500ms}
at-least: 2s
objectives: [error-rate <= 5%%%%, checkout-errors <= baseline + 5%%%%]
`, serve(t, ok), serve(t, ok))
	r := live(t, file, s)
	r.wants(t, exitFail, "checkout-errors")
	e, err := evidence.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	rounds := map[string]int{}
	for _, round := range e.Rounds {
		if rounds[round.Series]++; round.Series == trial.MetricsSeries && round.Warmup != (round.Start < 500*time.Millisecond) {
			t.Errorf("window %d from %s is of the warm-up: %v", round.Index, round.Start, round.Warmup)
		}
	}
	if rounds[trial.LoadSeries] == 0 || rounds[trial.MetricsSeries] == 0 {
		t.Errorf("rounds %v", rounds)
	}
}

func TestADryRunMayHaveMadeUpNumbersAndAsksNobody(t *testing.T) {
	t.Parallel()
	file := write(t, `
baseline:  {version: v1}
candidate: {version: v2}
metrics:
  - {name: checkout-errors, kind: counts, mock: {baseline: 0.02, candidate: 0.2}}
windows: {interval: 100ms, for: 4s, delay: 0s}
objectives: [checkout-errors <= baseline + 5%]
`)
	r := finish(t, command(t, "--config", file, "--dry-run", "--seed=3"))
	r.wants(t, exitFail, "made up")
	finish(t, command(t, "--config", file, "--seed=3")).wants(t, exitBadInput, "nobody is there to ask")
	again := finish(t, command(t, "--config", file, "--dry-run", "--seed=3"))
	if diff := cmp.Diff(r.report(t).Findings, again.report(t).Findings); diff != "" {
		t.Errorf("the same seed makes other numbers:\n%s", diff)
	}
}

// apiServer has one Secret.
func apiServer(t *testing.T) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces/monitoring/secrets/prometheus" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"kind": "Secret", "apiVersion": "v1", "metadata": map[string]string{"name": "prometheus"},
			"data": map[string]string{"token": base64.StdEncoding.EncodeToString([]byte("t0ken-of-the-cluster\n"))},
		})
	})
}

func TestATokenMayBeInTheCluster(t *testing.T) {
	t.Parallel()
	s := newShopCounters(0.01, 0.01)
	s.down = func(int) bool { return true } // and echoes the token
	kubeconfig := strings.Replace(nowhere, "https://127.0.0.1:1", apiServer(t), 1)
	run := func(key string, args ...string) result {
		file := strings.Replace(liveFile, `"${TOKEN}"`, "{secret: monitoring/prometheus, key: "+key+"}", 1)
		c := command(t, append(args, "--config", write(t, fmt.Sprintf(file, serve(t, s.ServeHTTP))), "--kubeconfig", kubeconfig)...)
		return finish(t, c)
	}
	r := run("token", "metrics")
	r.wants(t, exitBroken, "storage is away: Bearer ***")
	if s.seen[0].Header.Get("Authorization") != "Bearer t0ken-of-the-cluster" {
		t.Errorf("asked with %v", s.seen[0].Header)
	}
	r = run("token")
	if shown := r.stdout + r.stderr + all(t, r.dir); strings.Contains(shown, "t0ken") {
		t.Error("the token is shown")
	}
	run("tokn").wants(t, exitBroken, `the Secret monitoring/prometheus has no key "tokn" (known: token)`)
	run("token", "rbac").wants(t, exitPass, `resourceNames: ["prometheus"]`)
}

const mockFile = `
baseline:  {version: v1}
candidate: {version: v2}
metrics:
  - {name: errors-of-checkout, kind: counts, mock: {baseline: 0.02, candidate: 0.07}}
  - {name: basket, kind: moments, mock: {baseline: 40, candidate: 40}}
windows: {interval: 100ms, for: %s, delay: 0s}
objectives: [errors-of-checkout <= baseline + 5%%, basket >= 90%% of baseline]
`

// Numbers that are made up are the same in the same window, so that only how the
// trial was run differs.
func TestTwoRunsOfATrialFindWhatOneFinds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "report")
	run := func(length string, args ...string) result {
		file := write(t, fmt.Sprintf(mockFile, length))
		return finish(t, command(t, append([]string{"--config", file, "--dry-run"}, args...)...))
	}
	once := run("4s", "--seed=5")
	once.wants(t, exitInconclusive, "40 windows")
	run("2s", "--seed=5", "--resume", dir).wants(t, exitInconclusive, "20 windows")
	tear(t, filepath.Join(dir, evidence.RoundsFile))
	twice := run("2s", "--resume", dir)
	twice.wants(t, exitInconclusive, "40 windows")
	twice.dir = dir
	elsewhere := cmpopts.IgnoreFields(trial.Finding{}, "Source") // in another file
	if diff := cmp.Diff(once.report(t).Findings, twice.report(t).Findings, elsewhere); diff != "" {
		t.Errorf("at once (-) and in two runs (+):\n%s", diff)
	}
	again := finish(t, command(t, "judge", "--json", dir))
	var report trial.Report
	if err := json.Unmarshal([]byte(again.stdout), &report); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(once.report(t).Findings, report.Findings, elsewhere); diff != "" {
		t.Errorf("judged again:\n%s", diff)
	}
}

// tear leaves a line that a killed process did not write to its end.
func tear(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"series":"metrics","rou`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatCantBeGoneOnWithSaysWhy(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "report")
	file := fmt.Sprintf(mockFile, "1s")
	run := func(file string, args ...string) result {
		return finish(t, command(t, append([]string{"--config", write(t, file), "--dry-run", "--resume", dir}, args...)...))
	}
	run(file).wants(t, exitInconclusive, "10 windows")
	for wrong, want := range map[string]string{
		strings.Replace(file, "version: v2", "version: v3", 1):                                                                                 "candidate is not what it was in",
		strings.Replace(file, "interval: 100ms", "interval: 200ms", 1):                                                                         "windows.interval is not what it was in",
		strings.Replace(file, "kind: moments", "kind: value", 1):                                                                               "metrics is not what it was in",
		strings.NewReplacer("version: v1", "url: http://127.0.0.1:1", "version: v2", "url: http://127.0.0.1:2", ", for: 1s", "").Replace(file): "only windows of metrics can",
		file + "report-dir: elsewhere\n":                                                                                                       "leave report-dir out",
	} {
		run(wrong).wants(t, exitBadInput, want)
	}
	run(file, "--confidence=90%").wants(t, exitBadInput, "confidence is not what it was in")
	run(file).wants(t, exitInconclusive, "20 windows")
}
