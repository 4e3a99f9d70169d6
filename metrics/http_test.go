package metrics

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// around is a process with nothing in it.
func around() Surroundings {
	return Surroundings{Now: time.Now, Hide: func(text string) string { return text }}
}

// asked sends one GET to a handler.
func asked(t *testing.T, handler http.HandlerFunc, change func(*Provider)) (reply, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	p := Provider{URL: server.URL}
	if change != nil {
		change(&p)
	}
	c, err := newClient(p, around())
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), 20*time.Second)
	defer done()
	return c.send(ctx, request{method: "GET", path: "/api"})
}

func TestTroubleThatPassesIsAskedAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 500, 502, 503} {
		n := 0
		got, err := asked(t, func(w http.ResponseWriter, _ *http.Request) {
			if n++; n < 3 {
				w.WriteHeader(status)
				return
			}
			fmt.Fprint(w, `{"a":1}`)
		}, nil)
		var into map[string]int
		if err == nil {
			err = json.Unmarshal(got.body, &into)
		}
		if err != nil || n != 3 || into["a"] != 1 {
			t.Errorf("%d: %v after %d attempts: %v", status, into, n, err)
		}
	}
}

func TestWhoAsksIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		auth Auth
		want string
	}{
		"basic":  {Auth{Basic: &Basic{User: "u", Password: trial.NewSecret("", "p")}}, "Basic dTpw"},
		"bearer": {Auth{Bearer: trial.NewSecret("", "t")}, "Bearer t"},
		"nobody": {Auth{}, ""},
	} {
		var got string
		_, err := asked(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Authorization") },
			func(p *Provider) { p.Auth = c.auth })
		if err != nil || got != c.want {
			t.Errorf("%s: sent %q, want %q; %v", name, got, c.want, err)
		}
	}
}

func TestOtherTroubleIsAskedOnce(t *testing.T) {
	for _, status := range []int{301, 400, 401, 403, 404, 422, 501} {
		n := 0
		_, err := asked(t, func(w http.ResponseWriter, _ *http.Request) { n++; w.WriteHeader(status) }, nil)
		var got statusError
		if !errors.As(err, &got) || got.status != status || n != 1 {
			t.Errorf("%d: %v after %d attempts", status, err, n)
		}
	}
}

func TestTroubleThatStaysIsTold(t *testing.T) {
	t.Parallel()
	n := 0
	_, err := asked(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		w.WriteHeader(503)
		fmt.Fprint(w, "all stores are down")
	}, nil)
	if err == nil || err.Error() != "HTTP 503 Service Unavailable: all stores are down (asked 5 times)" || n != 5 {
		t.Errorf("%v after %d attempts", err, n)
	}
}

func TestConnectionsThatBreakAreTriedAgain(t *testing.T) {
	t.Parallel()
	n := 0
	got, err := asked(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n++; n {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "broken")
		default:
			fmt.Fprint(w, "whole")
		}
	}, nil)
	if err != nil || string(got.body) != "whole" || n != 3 {
		t.Errorf("%q, %v after %d attempts", got.body, err, n)
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	var first, second time.Time
	_, err := asked(t, func(w http.ResponseWriter, _ *http.Request) {
		if first.IsZero() {
			first = time.Now()
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(429)
			return
		}
		second = time.Now()
	}, nil)
	if err != nil || second.Sub(first) < time.Second {
		t.Errorf("asked again after %v; %v", second.Sub(first), err)
	}
}

func TestRetryAfterBeyondTheDeadlineEndsAtOnce(t *testing.T) {
	for _, after := range []string{"3600", "99999999999", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)} {
		n := 0
		_, err := asked(t, func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.Header().Set("Retry-After", after)
			w.WriteHeader(429)
		}, nil)
		if err == nil || err.Error() != "HTTP 429 Too Many Requests" || n != 1 {
			t.Errorf("%s: %v after %d attempts", after, err, n)
		}
	}
}

func TestTheDeadlineEndsAllAttempts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
	t.Cleanup(server.Close)
	c, err := newClient(Provider{URL: server.URL}, around())
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), 60*time.Millisecond)
	defer done()
	_, err = c.send(ctx, request{method: "GET"})
	if err == nil || !strings.Contains(err.Error(), "no reply in time, after HTTP 503") {
		t.Error(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err = c.send(ended, request{method: "GET"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestASilentProviderIsATimeOut(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	defer close(stop)
	_, err := asked(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-stop:
		}
	}, func(p *Provider) { p.Timeout = 20 * time.Millisecond })
	if err == nil || err.Error() != "no reply within 20ms (asked 5 times)" {
		t.Error(err)
	}
}

func TestHostileReplies(t *testing.T) {
	for name, c := range map[string]struct {
		reply http.HandlerFunc
		want  string
	}{
		"a log-in page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<html><title>Sign in</title>")
		}, "a web page, not JSON (is there a log-in or a proxy before it?): <html><title>Sign in</title>"},
		"a page that says it is JSON": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, "\n<!doctype html>")
		}, "a web page"},
		"nothing":   {func(http.ResponseWriter, *http.Request) {}, "empty"},
		"no UTF-8":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{\"a\":\"\xff\"}") }, "no UTF-8"},
		"two":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{} {}") }, "not the JSON that was expected"},
		"cut short": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"a":`) }, "not the JSON that was expected"},
		"deep":      {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("[", 1<<20)) }, "exceeded max depth"},
		"escapes of a terminal": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, "\x1b[31mred\x1b[0m\r\n::error::x\u202e")
		}, "HTTP 400 Bad Request: [31mred[0m ::error::x"},
		"a long error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, strings.Repeat("é", 1e6))
		}, "HTTP 400 Bad Request: " + strings.Repeat("é", mostExcerpt-1) + "…"},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			for range 9 << 10 {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}, "longer than 8 MiB"},
		"a gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			out := gzip.NewWriter(w)
			_, _ = io.CopyN(out, zeros{}, 1<<30)
		}, "longer than 8 MiB"},
		"the secret": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			fmt.Fprint(w, "you sent ", r.Header.Get("X-Token"))
		}, "HTTP 403 Forbidden: you sent ***"},
	} {
		server := httptest.NewServer(c.reply)
		s := around()
		s.Hide = func(text string) string { return strings.ReplaceAll(text, "geheim", "***") }
		client, err := newClient(Provider{URL: server.URL, Headers: map[string]trial.Secret{"X-Token": trial.NewSecret("", "geheim")}}, s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.send(t.Context(), request{method: "GET"})
		if err == nil {
			var into any
			err = got.json(&into)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 700 {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		server.CloseClientConnections()
		server.Close()
	}
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) { clear(into); return len(into), nil }

func TestRedirectsStayAtOneOrigin(t *testing.T) {
	var stolen atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	t.Cleanup(elsewhere.Close)
	withToken := func(p *Provider) { p.Auth.Bearer = trial.NewSecret("", "t") }
	_, err := asked(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL+"/x?y", 307) }, withToken)
	if err == nil || !strings.Contains(err.Error(), "redirects to "+elsewhere.URL+", which is not asked") || stolen.Load() != 0 {
		t.Errorf("%v; asked %d times", err, stolen.Load())
	}
	got, err := asked(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api" {
			http.Redirect(w, r, "/there", 302)
			return
		}
		fmt.Fprint(w, r.URL.Path, r.Header.Get("Authorization"))
	}, withToken)
	if err != nil || string(got.body) != "/thereBearer t" {
		t.Errorf("within its origin: %s, %v", got.body, err)
	}
	n := 0
	if _, err = asked(t, func(w http.ResponseWriter, r *http.Request) { n++; http.Redirect(w, r, "/again", 302) }, nil); err == nil || n > mostRedirects+1 {
		t.Errorf("in a circle: %v after %d", err, n)
	}
}

func TestAQuestionIsNotLostInARedirect(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/302":
			http.Redirect(w, r, "/end", 302)
		case "/307":
			http.Redirect(w, r, "/end", 307)
		default:
			fmt.Fprint(w, r.Method, string(body))
		}
	}))
	t.Cleanup(server.Close)
	c, err := newClient(Provider{URL: server.URL}, around())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.send(t.Context(), request{method: "POST", path: "302", body: []byte("q")}); err == nil || !strings.Contains(err.Error(), "loses it") {
		t.Error(err)
	}
	if got, err := c.send(t.Context(), request{method: "POST", path: "307", body: []byte("q")}); err != nil || string(got.body) != "POSTq" {
		t.Errorf("%s, %v", got.body, err)
	}
}

func TestErrorsDoNotTellTheQuery(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	c, err := newClient(Provider{URL: "http://user:geheim@" + address + "/?key=geheim"}, around())
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), 5*time.Second)
	defer done()
	_, err = c.send(ctx, request{method: "GET", path: "api"})
	if err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "geheim") {
		t.Error(err)
	}
}

func TestParamsComeBesideThoseOfTheURL(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Host + r.RequestURI + r.Header.Get("X-Scope-OrgID")
	}))
	t.Cleanup(server.Close)
	secret := func(text string) trial.Secret { return trial.NewSecret("", text) }
	c, err := newClient(Provider{URL: server.URL + "/base/?site=eu", Headers: map[string]trial.Secret{"host": secret("prom.example"), "x-scope-orgid": secret("shop")}}, around())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.send(t.Context(), request{method: "GET", path: "api/v1", params: map[string][]string{"q": {"a b"}}})
	if err != nil || got != "prom.example/base/api/v1?q=a+b&site=eushop" {
		t.Errorf("asked %s; %v", got, err)
	}
}

func TestOnlyQuestionsAreAsked(t *testing.T) {
	c, err := newClient(Provider{URL: "http://127.0.0.1:1"}, around())
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"DELETE", "PUT", "get", ""} {
		if _, err := c.send(t.Context(), request{method: method}); err == nil || !strings.Contains(err.Error(), "known: GET, POST") {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestOAuthTokensAreFetchedOnceAndKept(t *testing.T) {
	var fetched, refused atomic.Int32
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetched.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if user, password, _ := r.BasicAuth(); user != "me" || password != "geheim" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "read" {
			w.WriteHeader(401)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"who?"}`)
			return
		}
		fmt.Fprint(w, `{"access_token":"abc","token_type":"bearer","expires_in":3600}`)
	}))
	t.Cleanup(tokens.Close)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer abc" {
			refused.Add(1)
		}
	}))
	t.Cleanup(server.Close)
	auth := OAuth{TokenURL: tokens.URL, Client: "me", Secret: trial.NewSecret("", "geheim"), Scopes: []string{"read"}}
	c, err := newClient(Provider{URL: server.URL, Auth: Auth{OAuth: &auth}}, around())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := c.send(t.Context(), request{method: "GET"}); err != nil {
			t.Fatal(err)
		}
	}
	if fetched.Load() != 1 || refused.Load() != 0 {
		t.Errorf("%d tokens fetched, %d requests without it", fetched.Load(), refused.Load())
	}
	auth.Secret = trial.NewSecret("", "wrong")
	c, _ = newClient(Provider{URL: server.URL, Auth: Auth{OAuth: &auth}}, around())
	fetched.Store(0)
	_, err = c.send(t.Context(), request{method: "GET"})
	if err == nil || err.Error() != "no token: HTTP 401: invalid_client who?" {
		t.Errorf("refused after %d: %v", fetched.Load(), err)
	}
}

func TestWhoAnswersIsProved(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	s := around()
	s.ReadFile = func(name string) ([]byte, error) {
		return map[string][]byte{"ca.pem": ca, "text": []byte("no PEM")}[name], nil
	}
	n := func(p Provider) error {
		p.URL = server.URL
		c, err := newClient(p, s)
		if err == nil {
			_, err = c.send(t.Context(), request{method: "GET"})
		}
		return err
	}
	if err := n(Provider{}); err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "asked") {
		t.Errorf("an unknown one: %v", err)
	}
	if err := n(Provider{CA: "ca.pem"}); err != nil {
		t.Errorf("known by its CA: %v", err)
	}
	if err := n(Provider{Insecure: true}); err != nil {
		t.Errorf("insecure: %v", err)
	}
	for _, p := range []Provider{{CA: "text"}, {Cert: "ca.pem"}, {Cert: "ca.pem", Key: "text"}} {
		if err := n(p); err == nil || !strings.Contains(err.Error(), "cert") {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestProvidersThatCannotBeAskedAreRefused(t *testing.T) {
	for _, c := range []struct {
		provider Provider
		want     string
	}{
		{Provider{URL: "prometheus:9090"}, "no address of a web service"},
		{Provider{URL: "ftp://x"}, "no address of a web service"},
		{Provider{URL: "http://x", Auth: Auth{Bearer: trial.NewSecret("", "t"), Basic: &Basic{}}}, "its auth is given as basic and bearer: leave one"},
		{Provider{URL: "http://x", Auth: Auth{OAuth: &OAuth{}}}, "token-url"},
	} {
		if _, err := newClient(c.provider, around()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
