package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// shopCounters is a Prometheus that knows two versions of a shop: each answers
// 100 requests a second, and fails a share of them.
type shopCounters struct {
	lock   sync.Mutex
	began  time.Time
	errors map[string]float64 // share, by version
	down   func(window int) bool
	first  time.Time // end of what was asked about first
	seen   []*http.Request
}

func newShopCounters(baseline, candidate float64) *shopCounters {
	return &shopCounters{began: time.Now().Add(-time.Hour), errors: map[string]float64{"v1": baseline, "v2": candidate}}
}

// ServeHTTP answers range selectors with a point every 20 ms.
func (s *shopCounters) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	at, err := time.Parse(time.RFC3339Nano, r.Form.Get("time"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.down != nil && s.down(s.window(r, at)) {
		http.Error(w, "storage is away: "+r.Header.Get("Authorization"), http.StatusBadRequest)
		return
	}
	answerSelector(w, r.Form.Get("query"), at, func(version, query string, t time.Time) float64 { return s.value(version, query, t) })
}

// ofVersion is the matcher of the label that tells versions apart.
var ofVersion = regexp.MustCompile(`\b(v|version)=~?"([^"]*)"`)

// answerSelector answers with a series for each version that is asked about, of
// points every 20 ms.
func answerSelector(w http.ResponseWriter, query string, at time.Time, value func(version, query string, t time.Time) float64) {
	m := ofVersion.FindStringSubmatch(query)
	var found []any
	for version := range strings.SplitSeq(m[2], "|") {
		var points [][2]any
		for i := 30; i >= 0; i-- {
			t := at.Add(-time.Duration(i) * 20 * time.Millisecond)
			points = append(points, [2]any{float64(t.UnixMilli()) / 1000, fmt.Sprint(value(version, query, t))})
		}
		found = append(found, map[string]any{"metric": map[string]string{"instance": "shop:80", m[1]: version}, "values": points})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": found}})
}

// window is the number of the one that is asked about; −1 is before the first.
func (s *shopCounters) window(r *http.Request, at time.Time) int {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.seen = append(s.seen, r); len(s.seen) == 1 {
		s.first = at
	}
	return int((at.Sub(s.first)+50*time.Millisecond)/(100*time.Millisecond)) - 1
}

// value is a counter: of all requests, or of those that failed.
func (s *shopCounters) value(version, query string, t time.Time) float64 {
	all := 100 * t.Sub(s.began).Seconds()
	if strings.Contains(query, "5..") {
		all *= s.errors[version]
	}
	return float64(int(all))
}

const liveFile = `
name: shop
baseline:  {version: v1}
candidate: {version: v2}
providers:
  prometheus:
    url: %s
    auth: {bearer: "${TOKEN}"}
metrics:
  - name: checkout-errors
    kind: counts
    hits: requests_total{version="{{version}}",code=~"5.."}
    trials: requests_total{version="{{version}}"}
    traffic: true
windows: {interval: 100ms, for: 5s, delay: 0s}
objectives:
  - checkout-errors <= baseline + 5%%
`

// live runs a trial of a file with this provider.
func live(t *testing.T, file string, s http.Handler, args ...string) result {
	t.Helper()
	c := command(t, append([]string{"--config", write(t, fmt.Sprintf(file, serve(t, s.ServeHTTP)))}, args...)...)
	c.Env = append(c.Env, "TOKEN=s3cret-of-prometheus")
	return finish(t, c)
}

func TestATrialOnLiveTrafficPassesWithoutARequest(t *testing.T) {
	t.Parallel()
	r := live(t, liveFile, newShopCounters(0.01, 0.01))
	r.wants(t, exitPass, "PASS")
	report := r.report(t)
	if report.Measured.Requests != 0 || report.Measured.Rate != 0 || len(report.Measured.Windows) != 1 || report.Measured.Windows[0].Rounds < 30 {
		t.Errorf("measured %+v", report.Measured)
	}
}

func TestACandidateThatFailsMoreLiveRequestsFails(t *testing.T) {
	t.Parallel()
	live(t, liveFile, newShopCounters(0.01, 0.3)).wants(t, exitFail, "FAIL")
}

func TestAProviderThatIsDownCostsItsWindowsAndIsTold(t *testing.T) {
	t.Parallel()
	s := newShopCounters(0.01, 0.01)
	s.down = func(window int) bool { return window >= 10 && window < 13 }
	r := live(t, liveFile, s)
	r.wants(t, exitPass, "checkout-errors <= baseline + 5% had no data in 3 windows: candidate: hits: HTTP 400 Bad Request: storage")
	if shown := r.stdout + r.stderr + all(t, r.dir); strings.Contains(shown, "s3cret") {
		t.Error("the token is shown")
	}
}

func TestAMetricThatMustBeThereAndIsNotKeepsATrialFromPassing(t *testing.T) {
	t.Parallel()
	s := newShopCounters(0.01, 0.01)
	s.down = func(window int) bool { return window%4 == 2 }
	file := strings.Replace(strings.Replace(liveFile, "traffic: true", "must-have: true", 1), "for: 5s", "for: 7s", 1)
	live(t, file, s).wants(t, exitInconclusive, "checkout-errors was missing in")
}

// all is the text of all files in a directory.
func all(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// rounds of a trial are the same whether it ran at once or twice.
func TestATrialThatWasGoneOnWithFindsWhatAnUninterruptedOneFinds(t *testing.T) {
	t.Parallel()
	s := newShopCounters(0.01, 0.01)
	address := serve(t, s.ServeHTTP)
	config := write(t, fmt.Sprintf(strings.Replace(liveFile, "for: 5s", "for: 2s", 1), address))
	run := func(args ...string) result {
		c := command(t, append([]string{"--config", config, "--seed=7"}, args...)...)
		c.Env = append(c.Env, "TOKEN=s3cret-of-prometheus")
		return finish(t, c)
	}
	dir := t.TempDir() + "/shop"
	run("--resume", dir).wants(t, exitInconclusive, "20 windows")
	second := run("--resume", dir)
	second.wants(t, exitPass, "the first 20 windows were there already")
	run("--resume", dir).wants(t, exitPass, "the first 30 windows were there already") // nothing is left to be asked
	run("--resume", dir, "--objectives=checkout-errors <= 1%").wants(t, exitBadInput, "objectives is not what it was in")
}

func TestEveryMetricIsAskedForOnceAndShown(t *testing.T) {
	s := newShopCounters(0.01, 0.02)
	address := serve(t, s.ServeHTTP)
	run := func(file string) result {
		c := command(t, "metrics", "--config", write(t, fmt.Sprintf(file, address)))
		c.Env = append(c.Env, "TOKEN=s3cret-of-prometheus")
		return finish(t, c)
	}
	file := strings.Replace(liveFile, "interval: 100ms, for: 5s, delay: 0s", "interval: 200ms, for: 10s, delay: 0s", 1)
	good := run(file)
	good.wants(t, exitPass, "checkout-errors   candidate   counts")
	good.wants(t, exitPass, "metrics: asked about 200 ms that ended 0 ms before (its delay)")
	run(strings.Replace(file, ", delay: 0s", "", 1)).wants(t, exitPass, "ended 10 s before (its delay)")
	s.down = func(int) bool { return true }
	r := run(file)
	r.wants(t, exitBroken, "checkout-errors of candidate: hits: HTTP 400 Bad Request: storage is away: Bearer ***")
}

func TestAnyAPIMayBeAskedFromTheFile(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret-of-stats" || r.URL.Path != "/v1/requests" {
			http.Error(w, "no: "+r.Header.Get("Authorization"), http.StatusForbidden)
			return
		}
		failed := map[string]int{"v1": 10, "v2": 200}[r.URL.Query().Get("version")]
		_, _ = fmt.Fprintf(w, `{"failed": %d, "all": 1000}`, failed)
	})
	file := write(t, fmt.Sprintf(`
baseline: {version: v1}
candidate: {version: v2}
providers:
  stats: {type: rest, url: %q, auth: {bearer: "${TOKEN}"}}
metrics:
  errors-of-checkout:
    kind: counts
    path: v1/requests
    params: {version: "{{version}}", from: "{{from}}", to: "{{to}}"}
    answer: "{hits: .failed, trials: .all}"
windows: {interval: 100ms, for: 5s, delay: 0s}
objectives: [errors-of-checkout <= baseline + 5%%]
`, address))
	c := command(t, "--config", file)
	c.Env = append(c.Env, "TOKEN=s3cret-of-stats")
	finish(t, c).wants(t, exitFail, "errors-of-checkout is 19 points above baseline")
	c = command(t, "metrics", "--config", file)
	c.Env = append(c.Env, "TOKEN=s3cret-of-nobody")
	r := finish(t, c)
	r.wants(t, exitBroken, "HTTP 403 Forbidden: no: Bearer ***")
	if strings.Contains(r.stdout+r.stderr, "s3cret") {
		t.Error("the token is shown")
	}
}

// A token that was fetched is as secret as what it was fetched for, and a provider
// may echo it.
func TestATokenThatWasFetchedIsShownNowhere(t *testing.T) {
	t.Parallel()
	tokens := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"access_token": "t0ken-that-was-fetched", "token_type": "bearer", "expires_in": 3600}`)
	})
	s := newShopCounters(0.01, 0.01)
	s.down = func(window int) bool { return window%3 == 0 } // and echoes the token
	auth := "auth: {oauth: {token-url: " + tokens + ", client: me, secret: \"${TOKEN}\"}}"
	r := live(t, strings.Replace(liveFile, `auth: {bearer: "${TOKEN}"}`, auth, 1), s)
	if s.seen[0].Header.Get("Authorization") != "Bearer t0ken-that-was-fetched" {
		t.Errorf("asked with %v", s.seen[0].Header)
	}
	shown := r.stdout + r.stderr + all(t, r.dir)
	if !strings.Contains(shown, "storage is away: Bearer ***") || strings.Contains(shown, "t0ken") {
		t.Error("the token is shown, or nothing that it was in")
	}
}
