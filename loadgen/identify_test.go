package loadgen

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// shop is a service whose two versions tell their names in a header, behind a
// gateway that sends four of five requests to the first.
type shop struct {
	gateway string
	seen    [2]atomic.Int64 // requests that came to each version
	asked   atomic.Int64    // and to the gateway
}

// newShop has versions v1 and v2, which answer as these handlers do.
func newShop(t *testing.T, versions ...http.HandlerFunc) *shop {
	t.Helper()
	s := &shop{}
	var addresses []*url.URL
	for v, h := range versions {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.seen[v].Add(1)
			w.Header().Set("X-Version", []string{"v1", "v2"}[v])
			h(w, r)
		}))
		t.Cleanup(server.Close)
		address, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, address)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(addresses[map[bool]int{true: 1}[s.asked.Add(1)%5 == 0]])
		},
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	s.gateway = httptestServer(t, proxy)
	return s
}

func httptestServer(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

var pairOfVersions = []Target{{Name: "baseline", Version: "v1"}, {Name: "candidate", Version: "v2"}}

func throughGateway(address string, rounds int) Options {
	o := quick(rounds)
	o.URL, o.Identify = address, &Identify{Header: "x-version"}
	return o
}

func TestAnswersTellWhoGaveThem(t *testing.T) {
	t.Parallel()
	s := newShop(t, ok, ok)
	rounds := measure(t, t.Context(), throughGateway(s.gateway, 6), pairOfVersions...)
	for i, r := range rounds {
		if r.Index != i || !r.Complete || r.Generator.Planned != 100 || len(r.Requests) != 100 || r.End-r.Start != 250*time.Millisecond {
			t.Errorf("round %d: index %d, complete %v, %d planned, %d records, %s long", i, r.Index, r.Complete, r.Generator.Planned, len(r.Requests), r.End-r.Start)
		}
		for k, q := range r.Requests {
			if int(q.Slot) != i*100+k {
				t.Fatalf("round %d, record %d is of slot %d", i, k, q.Slot)
			}
		}
	}
	for v := range pairOfVersions {
		if got, want := len(requests(rounds, v)), int(s.seen[v].Load()); got != want || got == 0 {
			t.Errorf("%d requests are %s's, and it saw %d", got, pairOfVersions[v].Name, want)
		}
	}
	if s.asked.Load() != 600 || s.seen[1].Load() != 120 {
		t.Errorf("the gateway was asked %d times, %d of them for the candidate; want 600 and 120", s.asked.Load(), s.seen[1].Load())
	}
}

func TestAnswersThatNameNobodyAreKept(t *testing.T) {
	t.Parallel()
	crash := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
	}
	s := newShop(t, ok, crash)
	rounds := measure(t, t.Context(), throughGateway(s.gateway, 4), pairOfVersions...)
	if got := statuses(rounds, int(trial.Nobody)); got["502"] != 80 || len(got) != 1 {
		t.Errorf("nobody's answers: %v, want 80 of 502", got)
	}
	if got := statuses(rounds, 0); got["200"] != 320 || len(requests(rounds, 1)) != 0 {
		t.Errorf("the baseline's answers: %v, want 320 of 200, and none of the candidate", got)
	}
	if e := rounds[0].Examples; len(e) != 1 || e[0].Version != "" || e[0].Status != "502" {
		t.Errorf("examples %v, want one of nobody's 502", e)
	}
}

func TestAnswersOfStrangersAreTold(t *testing.T) {
	t.Parallel()
	s := httptestServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/third":
			w.Header().Set("X-Version", "v3 hunter2")
		case "/two":
			w.Header().Add("X-Version", "v1")
			w.Header().Add("X-Version", "v2")
		}
	}))
	for path, want := range map[string]string{"/third": "X-Version: v3 ***", "/two": "X-Version: v1, v2", "/none": "no header X-Version"} {
		o := throughGateway(s+path, 1)
		o.Secrets = []string{"hunter2"}
		rounds := measure(t, t.Context(), o, pairOfVersions...)
		if got := statuses(rounds, int(trial.Nobody)); got["200"] != 100 {
			t.Errorf("%s: nobody's answers %v, want 100 of 200", path, got)
		}
		if e := rounds[0].Examples; len(e) != 1 || e[0].Text != want || e[0].Version != "" {
			t.Errorf("%s: examples %v, want one that says %q", path, e, want)
		}
	}
}

// An answer that began has told who gives it, though it may not end in time.
func TestAnswersThatBreakOffAreTheirVersions(t *testing.T) {
	t.Parallel()
	s := newShop(t, ok, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	o := throughGateway(s.gateway, 2)
	o.Timeout, o.Connections = 500*time.Millisecond, 32
	if got := statuses(measure(t, t.Context(), o, pairOfVersions...), 1); got["timed out"] != 40 {
		t.Errorf("the candidate's answers: %v, want 40 timed out", got)
	}
}

func TestAfterRedirectsTheLastAnswerTells(t *testing.T) {
	s := httptestServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("X-Version", "v1")
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		w.Header().Set("X-Version", "v2")
	}))
	o := throughGateway(s, 1)
	o.FollowRedirects = true
	if got := statuses(measure(t, t.Context(), o, pairOfVersions...), 1); got["200"] != 100 {
		t.Errorf("the candidate's answers: %v, want 100 of 200", got)
	}
}

func TestRedirectThatLeadsNowhereIsNobodys(t *testing.T) {
	s := httptestServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("X-Version", "v1")
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
	}))
	o := throughGateway(s, 1)
	o.FollowRedirects = true
	if got := statuses(measure(t, t.Context(), o, pairOfVersions...), int(trial.Nobody)); got["connection closed"] != 100 {
		t.Errorf("nobody's answers: %v, want 100 closed", got)
	}
}

func TestVersionsAreToldApartOverHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("x-version", "v2") }))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	defer s.Close()
	o := throughGateway(s.URL, 1)
	o.HTTP2 = true
	if got := statuses(measure(t, t.Context(), o, pairOfVersions...), 1); got["200"] != 100 {
		t.Errorf("the candidate's answers: %v, want 100 of 200", got)
	}
}

// Whom a request waited for is not known behind a gateway, so that a round of
// such waits must be no evidence of anybody.
func TestWaitsBehindAGatewayAreTheGeneratorsOwn(t *testing.T) {
	t.Parallel()
	s := newShop(t, ok, func(w http.ResponseWriter, r *http.Request) { time.Sleep(300 * time.Millisecond); ok(w, r) })
	m, err := NewMeter(throughGateway(s.gateway, 4), nil, pairOfVersions)
	if err != nil {
		t.Fatal(err)
	}
	m.workers, m.most = 1, 2
	late := 0
	for r, err := range m.Rounds(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		late += r.Generator.Late
	}
	if late < 100 {
		t.Errorf("%d requests count as late, want most of 400", late)
	}
}

// A candidate that never answers must not delay one request of the baseline,
// though they share the way.
func TestVersionThatHangsBehindAGatewayDelaysOnlyItself(t *testing.T) {
	s := newShop(t, ok, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	o := throughGateway(s.gateway, 0)
	o.Rate, o.For, o.Timeout, o.Connections = Rate{50}, 3*time.Second, time.Second, 2
	rounds := measure(t, t.Context(), o, pairOfVersions...)
	if got := statuses(rounds, int(trial.Nobody)); got["timed out"] < 60 || len(got) != 1 {
		t.Errorf("nobody's answers: %v, want 60 timed out", got)
	}
	late := 0
	for _, q := range requests(rounds, 0) {
		if !q.Status.OK() || q.Seconds() > 0.1 {
			late++
		}
	}
	if late > 60 {
		t.Errorf("%d of the baseline's 240 requests failed or took over 100 ms beside a hanging version", late)
	}
}

// While answers come at once, no more connections are used than are ready.
func TestCrewRestsWhileAnswersCome(t *testing.T) {
	var opened atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	o := throughGateway(s.URL, 4)
	o.Connections = 2
	measure(t, t.Context(), o, pairOfVersions...)
	if n := opened.Load(); n > 100 {
		t.Errorf("%d connections for 400 requests that take no time, want about 5, and some more on a busy machine", n)
	}
}

func TestTheGatewayMustAnswer(t *testing.T) {
	closed := httptest.NewServer(http.HandlerFunc(ok))
	closed.Close()
	o := throughGateway(closed.URL, 1)
	o.Timeout = 100 * time.Millisecond
	w, err := NewWaiter(Ready{Within: 200 * time.Millisecond, Every: 20 * time.Millisecond}, o, nil, pairOfVersions)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "the gateway") || strings.Contains(err.Error(), "baseline") {
		t.Errorf("got %v, want that the gateway is not ready", err)
	}
}

// Telling versions apart must cost nothing where it is not asked for, and
// next to nothing where it is.
func TestTellingApartAllocatesNothing(t *testing.T) {
	who := newIdentity(throughGateway("", 1), pairOfVersions)
	known := []string{"v2"}
	if n := testing.AllocsPerRun(100, func() {
		if v, _ := who.of(known); v != 1 {
			t.Fatal("not told apart")
		}
	}); n != 0 {
		t.Errorf("%v allocations to tell who answered", n)
	}
}
