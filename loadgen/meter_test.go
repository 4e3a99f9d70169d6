package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// quick is a load that is over soon: rounds of 25 requests to each version.
func quick(rounds int) Options {
	o := DefaultOptions()
	o.Rate, o.Warmup, o.Seed = Rate{200}, 0, 1
	o.For = time.Duration(rounds) * o.RoundLength()
	return o
}

func serve(t *testing.T, h http.HandlerFunc) Target {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return Target{Name: "candidate", URL: s.URL}
}

func measure(t *testing.T, ctx context.Context, o Options, targets ...Target) []trial.Round {
	t.Helper()
	m, err := NewMeter(o, nil, targets)
	if err != nil {
		t.Fatal(err)
	}
	var rounds []trial.Round
	for r, err := range m.Rounds(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		rounds = append(rounds, r)
	}
	return rounds
}

func requests(rounds []trial.Round, version int) []trial.Request {
	var out []trial.Request
	for _, r := range rounds {
		for _, q := range r.Requests {
			if int(q.Version) == version {
				out = append(out, q)
			}
		}
	}
	return out
}

func statuses(rounds []trial.Round, version int) map[string]int {
	count := map[string]int{}
	for _, q := range requests(rounds, version) {
		count[q.Status.String()]++
	}
	return count
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

func TestEachVersionGetsItsRate(t *testing.T) {
	t.Parallel()
	var hits [2]atomic.Int64
	a := serve(t, func(w http.ResponseWriter, r *http.Request) { hits[0].Add(1); ok(w, r) })
	b := serve(t, func(w http.ResponseWriter, r *http.Request) { hits[1].Add(1); ok(w, r) })
	rounds := measure(t, t.Context(), quick(6), a, b)
	if len(rounds) != 6 {
		t.Fatalf("%d rounds, want 6", len(rounds))
	}
	for i, r := range rounds {
		if r.Index != i || !r.Complete || r.Generator.Planned != 100 || len(r.Requests) != 100 {
			t.Errorf("round %d: index %d, complete %v, planned %d, %d records", i, r.Index, r.Complete, r.Generator.Planned, len(r.Requests))
		}
		for k, q := range r.Requests {
			if int(q.Slot) != i*100+k {
				t.Fatalf("round %d, record %d is of slot %d", i, k, q.Slot)
			}
		}
	}
	if hits[0].Load() != 300 || hits[1].Load() != 300 {
		t.Errorf("the servers saw %d and %d requests, want 300 each", hits[0].Load(), hits[1].Load())
	}
}

func TestWarmupIsFlagged(t *testing.T) {
	t.Parallel()
	o := quick(2)
	o.Warmup = 3 * o.RoundLength()
	rounds := measure(t, t.Context(), o, serve(t, ok))
	if len(rounds) != 5 || !rounds[2].Warmup || rounds[3].Warmup {
		t.Errorf("%d rounds; want 3 of warm-up and 2 judged", len(rounds))
	}
}

// A candidate that never answers must show as failed requests of its own, and
// must not delay one request of the baseline.
func TestHangingVersionDelaysOnlyItself(t *testing.T) {
	release := make(chan struct{})
	hang := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	o := quick(6)
	o.Timeout, o.Connections = 200*time.Millisecond, 2
	rounds := measure(t, t.Context(), o, serve(t, ok), hang)
	if got := statuses(rounds, 0); got["200"] != 300 {
		t.Errorf("the baseline's answers: %v, want 300 of 200", got)
	}
	got := statuses(rounds, 1)
	if got["timed out"]+got[trial.Unsent.String()] != 300 {
		t.Errorf("the hanging version's answers: %v, want 300 timed out or unsent", got)
	}
	late := 0
	for _, q := range requests(rounds, 0) {
		if q.Seconds() > 0.1 {
			late++
		}
	}
	if late > 15 {
		t.Errorf("%d of the baseline's 300 requests took over 100 ms beside a hanging version", late)
	}
}

// While a service stands still, requests that were due must count the time
// they waited for a worker: response time is from the slot.
func TestWaitingForAWorkerCounts(t *testing.T) {
	began := time.Now()
	stall := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if since := time.Since(began); since < 600*time.Millisecond {
			time.Sleep(600*time.Millisecond - since)
		}
		ok(w, r)
	})
	o := quick(4)
	o.Connections = 2
	slow := 0
	for _, q := range requests(measure(t, t.Context(), o, stall), 0) {
		if q.Seconds() > 0.1 {
			slow++
		}
	}
	// 200 a second for the first 600 ms: the first 100 waited more than 100 ms.
	if slow < 80 || slow > 125 {
		t.Errorf("%d requests took over 100 ms, want about 100", slow)
	}
}

func TestCancelInterruptsRequestsUnderWay(t *testing.T) {
	hang := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	o := quick(40)
	o.Timeout = time.Minute
	time.AfterFunc(400*time.Millisecond, cancel)
	began := time.Now()
	rounds := measure(t, ctx, o, serve(t, ok), hang)
	if took := time.Since(began); took > 1400*time.Millisecond {
		t.Errorf("stopped after %s, want within 1 s of the cancel", took)
	}
	if len(rounds) == 0 || rounds[0].Complete || len(requests(rounds, 0)) == 0 || len(requests(rounds, 1)) != 0 {
		t.Errorf("%d rounds; want what the first version answered, in incomplete rounds", len(rounds))
	}
}

// Rounds behind one that was cut off would be picked for having no slow request.
func TestNoRoundIsWholeBehindOneThatWasCutOff(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	some := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) > 100 && n.Load()%60 == 0 {
			<-r.Context().Done()
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(2500*time.Millisecond, cancel)
	o := quick(40)
	o.Timeout, o.Connections = time.Minute, 100
	cut := false
	for _, r := range measure(t, ctx, o, some) {
		if cut && r.Complete {
			t.Errorf("round %d is said to be whole", r.Index)
		}
		cut = cut || !r.Complete
	}
	if !cut {
		t.Error("no round was cut off")
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	closed := httptest.NewServer(http.HandlerFunc(ok))
	refused := Target{Name: "candidate", URL: closed.URL}
	closed.Close()
	hijack := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, out, _ := w.(http.Hijacker).Hijack()
			_, _ = out.WriteString(answer)
			_ = out.Flush()
			_ = conn.Close()
		}
	}
	for _, c := range []struct {
		name   string
		target Target
		want   string
	}{
		{"refused", refused, "connection refused"},
		{"closed without an answer", serve(t, hijack("")), "connection closed"},
		{"body broken off", serve(t, hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")), "connection closed"},
		{"server error", serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }), "503"},
		{"slow body", serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "begin")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}), "timed out"},
		{"plain server asked for TLS", Target{Name: "candidate", URL: strings.Replace(serve(t, ok).URL, "http:", "https:", 1)}, "TLS failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := quick(1)
			o.Timeout = 100 * time.Millisecond
			rounds := measure(t, t.Context(), o, c.target)
			got := statuses(rounds, 0)
			if got[c.want]+got[trial.Unsent.String()] != 50 || got[c.want] == 0 {
				t.Errorf("statuses %v, want %q", got, c.want)
			}
			for _, q := range requests(rounds, 0) {
				if q.Status.OK() {
					t.Fatalf("a failed request is recorded as expected: %+v", q)
				}
			}
			if len(rounds[0].Examples) == 0 {
				t.Error("no example of the failure was kept")
			}
		})
	}
}

func TestLargeBodiesAreReadWhole(t *testing.T) {
	body := strings.Repeat("x", 3<<20)
	target := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
	o := quick(1)
	o.Rate, o.For = Rate{50}, 500*time.Millisecond
	if got := statuses(measure(t, t.Context(), o, target), 0); got["200"] != 25 {
		t.Errorf("answers %v, want 25 of 200", got)
	}
}

func TestRequestIsSentAsAsked(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s host=%s auth=%s canary=%s type=%s body=%s",
			r.Method, r.URL, r.Host, r.Header.Get("Authorization"), r.Header.Get("X-Canary"), r.Header.Get("Content-Type"), body))
	})
	target.URL += "/a?b=c"
	target.Headers = map[string]trial.Secret{"x-canary": trial.NewSecret("yes", "yes")}
	o := quick(1)
	o.Method, o.Body, o.Host = "PUT", trial.NewSecret(`{"a":1}`, `{"a":1}`), "shop.example"
	o.Headers = map[string]trial.Secret{
		"Authorization": trial.NewSecret("Bearer ${T}", "Bearer a:b"),
		"Content-Type":  trial.NewSecret("", "application/json"),
	}
	measure(t, t.Context(), o, target)
	want := `PUT /a?b=c host=shop.example auth=Bearer a:b canary=yes type=application/json body={"a":1}`
	slices.Sort(seen)
	if got := slices.Compact(seen); len(got) != 1 || got[0] != want {
		t.Errorf("the server saw\n%q\nwant\n%q", got, want)
	}
}

func TestRedirectsAreFollowedWhenAsked(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/there", http.StatusFound)
		}
	})
	o := quick(1)
	if got := statuses(measure(t, t.Context(), o, target), 0); got["302"] != 50 {
		t.Errorf("not following: %v, want 50 of 302", got)
	}
	o.FollowRedirects = true
	if got := statuses(measure(t, t.Context(), o, target), 0); got["200"] != 50 {
		t.Errorf("following: %v, want 50 of 200", got)
	}
}

func TestKeepAlive(t *testing.T) {
	for _, keep := range []bool{true, false} {
		var opened atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				opened.Add(1)
			}
		}
		s.Start()
		o := quick(1)
		o.KeepAlive = keep
		measure(t, t.Context(), o, Target{Name: "candidate", URL: s.URL})
		s.Close()
		if n := opened.Load(); keep && n > 8 || !keep && n != 50 {
			t.Errorf("keep-alive %v: %d connections for 50 requests over 8 workers", keep, n)
		}
	}
}

func TestTLSAndHTTP2(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(200 + r.ProtoMajor)
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	target := Target{Name: "candidate", URL: s.URL}
	ca, cert, key := certificateFiles(t, s)
	for _, c := range []struct {
		name string
		set  func(*Options)
		want string
	}{
		{"unknown authority", func(o *Options) { o.Cert, o.Key = cert, key }, "TLS failed"},
		{"insecure", func(o *Options) { o.Insecure = true }, "401"},
		{"own CA, no client certificate", func(o *Options) { o.CA = ca }, "401"},
		{"own CA and client certificate", func(o *Options) { o.CA, o.Cert, o.Key = ca, cert, key }, "201"},
		{"HTTP/2", func(o *Options) { o.CA, o.Cert, o.Key, o.HTTP2 = ca, cert, key, true }, "202"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := quick(1)
			c.set(&o)
			if got := statuses(measure(t, t.Context(), o, target), 0); got[c.want] != 50 {
				t.Errorf("statuses %v, want 50 of %s", got, c.want)
			}
		})
	}
}

func TestHTTP2WithoutTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200 + r.ProtoMajor) }))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	defer s.Close()
	o := quick(1)
	o.HTTP2 = true
	target := Target{Name: "candidate", URL: s.URL}
	w, err := NewWaiter(Ready{Within: time.Second, Every: 50 * time.Millisecond}, o, nil, []Target{target})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if got := statuses(measure(t, t.Context(), o, target), 0); got["202"] != 50 {
		t.Errorf("statuses %v, want 50 of 202", got)
	}
}

// certificateFiles writes the test server's own certificate as authority and
// as client certificate.
func certificateFiles(t *testing.T, s *httptest.Server) (ca, cert, key string) {
	t.Helper()
	dir := t.TempDir()
	ca, cert, key = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	private, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	for path, data := range map[string][]byte{ca: public, cert: public, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ca, cert, key
}

// A proxy in the environment must not become part of what is measured.
func TestProxyOnlyWhenAsked(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	if got := statuses(measure(t, t.Context(), quick(1), serve(t, ok)), 0); got["200"] != 50 {
		t.Errorf("with HTTP_PROXY set: %v, want 50 of 200", got)
	}
	var through atomic.Int64
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) { through.Add(1); ok(w, r) })
	o := quick(1)
	o.Proxy = proxy.URL
	measure(t, t.Context(), o, serve(t, ok))
	if through.Load() != 50 {
		t.Errorf("%d of 50 requests went through the proxy that was asked for", through.Load())
	}
}

func TestGeneratorThatCantKeepTheRateSaysSo(t *testing.T) {
	o := quick(1)
	o.Rate, o.For, o.Connections = Rate{200_000}, 500*time.Millisecond, 4
	late, planned := 0, 0
	for _, r := range measure(t, t.Context(), o, serve(t, ok)) {
		late += r.Generator.Late
		planned += r.Generator.Planned
	}
	if late < planned/20 {
		t.Errorf("%d of %d requests are said to be late at 200,000 a second", late, planned)
	}
}
