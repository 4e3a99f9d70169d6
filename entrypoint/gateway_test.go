package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/trial"
)

// route is a gateway that sends four of five requests to the baseline, and
// counts what came to the versions.
type route struct {
	url  string
	seen [2]atomic.Int64
}

// newRoute has version v1 and the one that next names, which answer as these
// handlers do; of the gateway's requests, failing says which it answers itself,
// with 503.
func newRoute(t *testing.T, next string, failing func(n int64, candidate bool) bool, baseline, candidate http.HandlerFunc) *route {
	t.Helper()
	r := &route{}
	var addresses []*url.URL
	for v, h := range []http.HandlerFunc{baseline, candidate} {
		address, err := url.Parse(serve(t, func(w http.ResponseWriter, q *http.Request) {
			r.seen[v].Add(1)
			if name := []string{"v1", next}[v]; name != "" {
				w.Header().Set("X-Version", name)
			}
			h(w, q)
		}))
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, address)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(q *httputil.ProxyRequest) {
			which := 0
			if q.In.Header.Get("N") == "candidate" {
				which = 1
			}
			q.SetURL(addresses[which])
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	var asked atomic.Int64
	r.url = serve(t, func(w http.ResponseWriter, q *http.Request) {
		n := asked.Add(1)
		isCandidate := n%5 == 0
		if failing != nil && failing(n, isCandidate) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if isCandidate {
			q.Header.Set("N", "candidate")
		}
		proxy.ServeHTTP(w, q)
	})
	return r
}

func throughRoute(t *testing.T, r *route, args ...string) result {
	t.Helper()
	file := write(t, fmt.Sprintf("baseline: {version: v1}\ncandidate: {version: v2}\nload: {url: %q, identify: X-Version}\n", r.url))
	return try(t, append([]string{"--config", file}, args...)...)
}

// records are how many requests the evidence has of each version, and of nobody.
func records(t *testing.T, r result) (baseline, candidate, nobody int) {
	t.Helper()
	e, err := evidence.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, round := range e.Rounds {
		for _, q := range round.Requests {
			switch q.Version {
			case 0:
				baseline++
			case 1:
				candidate++
			case trial.Nobody:
				nobody++
			}
		}
	}
	return baseline, candidate, nobody
}

// judgedAgain fails the test unless the stored evidence gives the same bytes.
func judgedAgain(t *testing.T, r result) {
	t.Helper()
	written, err := os.ReadFile(filepath.Join(r.dir, evidence.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	again := finish(t, command(t, "judge", r.dir, "--json"))
	if diff := cmp.Diff(findings(t, written), findings(t, []byte(again.stdout))); diff != "" || again.code != r.code {
		t.Errorf("exit codes %d and %d; %s", r.code, again.code, diff)
	}
}

func TestEqualVersionsBehindAGatewayPass(t *testing.T) {
	t.Parallel()
	gateway := newRoute(t, "v2", nil, ok, ok)
	r := throughRoute(t, gateway, "--objectives", "latency-p50 <= 300% of baseline\nlatency-p50 <= 500ms", "--for=30s")
	r.wants(t, exitPass, "PASS")
	r.wants(t, exitPass, "The gateway picked who answered")
	baseline, candidate, nobody := records(t, r)
	// One request was for readiness; those under way at the end are no round's.
	least, most := int(gateway.seen[1].Load())-10, int(gateway.seen[1].Load())
	if candidate < least || candidate > most || nobody != 0 || baseline < 3*candidate {
		t.Errorf("%d, %d and %d of nobody; the candidate saw %d", baseline, candidate, nobody, most)
	}
	judgedAgain(t, r)
}

func TestCandidateThatCrashesBehindAGatewayFails(t *testing.T) {
	t.Parallel()
	crash := func(n int64, candidate bool) bool { return n > 600 && candidate }
	r := throughRoute(t, newRoute(t, "v2", crash, ok, ok), "--for=30s", "--at-least=20s")
	r.wants(t, exitFail, "error-rate")
	if notes := strings.Join(r.report(t).Notes, " "); !strings.Contains(notes, "could not be told apart and are charged") {
		t.Errorf("the notes do not tell of charges: %s", notes)
	}
	var charged [2]int
	for v, totals := range r.report(t).Totals {
		charged[v] = totals.Charged
	}
	if charged[1] < 9*charged[0] || charged[1] == 0 {
		t.Errorf("charged are %d to the baseline and %d to the candidate, want all to the candidate", charged[0], charged[1])
	}
	judgedAgain(t, r)
}

// Requests that time out name nobody, and all of them share the way to it.
func TestCandidateThatHangsBehindAGatewayFails(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	later := func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) > 120 {
			hang(w, r)
			return
		}
		ok(w, r)
	}
	gateway := newRoute(t, "v2", nil, ok, later)
	r := throughRoute(t, gateway, "--for=30s", "--at-least=20s")
	r.wants(t, exitFail, "FAIL")
	totals := r.report(t).Totals
	if totals[1].Charged < 9*totals[0].Charged || totals[1].Charged == 0 {
		t.Errorf("charged are %d to the baseline and %d to the candidate, want all to the candidate", totals[0].Charged, totals[1].Charged)
	}
	judgedAgain(t, r)
}

func TestCandidateThatIsSlowBehindAGatewayFails(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, r *http.Request) { time.Sleep(20 * time.Millisecond); ok(w, r) }
	r := throughRoute(t, newRoute(t, "v2", nil, ok, slow), "--objectives", "latency-p50 <= 200% of baseline", "--for=20s")
	r.wants(t, exitFail, "latency-p50")
	judgedAgain(t, r)
}

func TestVersionsBehindAGatewayCanBeGivenAsInputs(t *testing.T) {
	t.Parallel()
	third := newRoute(t, "v2", nil, ok, always500)
	r := try(t, "--gateway", third.url, "--identify", "X-Version", "--baseline-version", "v1", "--candidate-version", "v2", "--for=15s")
	r.wants(t, exitFail, "error-rate")
	if n := r.report(t).Totals[1].Charged; n != 0 {
		t.Errorf("%d requests are charged, and all were told apart", n)
	}
}

func TestCandidateThatLeaksErrorsBehindAGatewayNeverPasses(t *testing.T) {
	t.Parallel()
	leak := func(n int64, _ bool) bool { return n%60 == 0 } // a twelfth of the candidate's
	r := throughRoute(t, newRoute(t, "v2", leak, ok, ok), "--objectives", "error-rate <= baseline + 2%", "--for=20s", "--at-least=2s")
	if r.code != exitFail && r.code != exitInconclusive {
		t.Errorf("exit code %d\n%s", r.code, r.stdout)
	}
	judgedAgain(t, r)
}

func TestGatewayThatFailsEvenlyBlamesNobody(t *testing.T) {
	t.Parallel()
	r := throughRoute(t, newRoute(t, "v2", func(n int64, _ bool) bool { return n%9 == 0 }, ok, ok),
		"--objectives", "error-rate <= baseline + 2%", "--for=8s", "--at-least=2s")
	r.wants(t, exitInconclusive, "INCONCLUSIVE")
	totals := r.report(t).Totals
	for _, v := range totals {
		if share := float64(v.Charged) / float64(v.Requests); share < 0.08 || share > 0.15 {
			t.Errorf("%s: %d of %d requests are charged, want about a ninth", v.Version, v.Charged, v.Requests)
		}
	}
	judgedAgain(t, r)
}

func TestThirdVersionBehindTheGatewayIsBroken(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{"v3": "X-Version: v3", "": "no header X-Version"} {
		third := newRoute(t, name, nil, ok, ok)
		r := throughRoute(t, third)
		r.wants(t, exitBroken, "were answered as expected, but by no version of this trial")
		if report := r.report(t); !strings.Contains(report.Reason, said) {
			t.Errorf("the reason does not quote %q: %s", said, report.Reason)
		}
		judgedAgain(t, r)
	}
}

func TestHeaderThatNoAnswerHasIsBroken(t *testing.T) {
	t.Parallel()
	file := write(t, fmt.Sprintf("baseline: {version: v1}\ncandidate: {version: v2}\nload: {url: %q, identify: X-Version}\n", serve(t, ok)))
	try(t, "--config", file).wants(t, exitBroken, "no header X-Version")
}

func TestVersionThatNeverAnswersIsBroken(t *testing.T) {
	t.Parallel()
	only := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Version", "v1"); ok(w, r) })
	file := write(t, fmt.Sprintf("baseline: {version: v1}\ncandidate: {version: v2}\nload: {url: %q, identify: X-Version}\n", only))
	try(t, "--config", file, "--for=15s").wants(t, exitBroken, "named candidate")
}

func TestGatewayThatDiesIsBroken(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	gateway := newRoute(t, "v2", func(int64, bool) bool { return asked.Add(1) > 300 }, ok, ok)
	throughRoute(t, gateway, "--for=12s", "--at-least=8s").wants(t, exitBroken, "the baseline has failed most of its requests")
}

func TestPlanRefusesVersionsBehindOneAddress(t *testing.T) {
	t.Parallel()
	file := write(t, "baseline: {version: v1}\ncandidate: {version: v2}\nload: {url: http://gateway.svc, identify: X-Version}\n")
	finish(t, command(t, "plan", "--config", file)).wants(t, exitBadInput, "load.identify")
}
