package loadgen

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// hops is the last request of a chain of redirects.
func hops(t *testing.T, addresses ...string) *http.Request {
	t.Helper()
	var last *http.Request
	for _, address := range addresses {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Api-Key", "secret")
		r.Header.Set("Referer", "http://a.svc/?key=secret")
		if last != nil {
			r.Response = &http.Response{Request: last}
		}
		last = r
	}
	return last
}

func TestOnlyTheFirstOriginIsSentSecrets(t *testing.T) {
	for chain, kept := range map[string]bool{
		"http://a.svc":                              true,
		"http://a.svc/1 http://A.svc:80/2":          true,
		"http://a.svc https://a.svc":                true,
		"http://a.svc https://a.svc https://a.svc/": true,
		"http://a.svc http://b.svc":                 false,
		"http://a.svc http://sub.a.svc":             false,
		"http://a.svc http://a.svc:8080":            false,
		"http://a.svc:8080 https://a.svc:8443":      false,
		"https://a.svc http://a.svc":                false,
		"https://a.svc http://a.svc:443":            false,
		"http://a.svc http://b.svc http://a.svc":    false,
		"http://a.svc http://b.svc http://b.svc/2":  false,
	} {
		got, err := withoutSecrets(hops(t, strings.Fields(chain)...))
		if err != nil {
			t.Fatal(err)
		}
		if sent := got.Header.Get("X-Api-Key") != "" || got.Header.Get("Referer") != ""; sent != kept {
			t.Errorf("%s: secrets are sent: %v, want %v", chain, sent, kept)
		}
	}
}

func TestABodyIsNotRedirectedElsewhere(t *testing.T) {
	received := make(chan string, 1000)
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { received <- r.Method })
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	o := quick(1)
	o.For, o.FollowRedirects, o.Body = 500*time.Millisecond, true, trial.NewSecret("", "body-secret")
	rounds := measure(t, t.Context(), o, first)
	if got := statuses(rounds, 0); got["200"] > 0 || len(received) > 0 {
		t.Errorf("answers %v; the other host got %d requests", got, len(received))
	}
	shown := rounds[0].Examples
	if len(shown) != 1 || shown[0].Text != errBodyElsewhere.Error() {
		t.Errorf("examples %v, want why it was not followed", shown)
	}
}

// A candidate that sends everybody to the baseline would be judged by the
// baseline's own answers.
func TestARedirectToAnotherVersionIsAnError(t *testing.T) {
	baseline := serve(t, func(http.ResponseWriter, *http.Request) {})
	baseline.Name = "baseline"
	moved := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/here" {
			http.Redirect(w, r, "/here", http.StatusFound)
		}
	})
	candidate := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, baseline.URL, http.StatusFound) })
	o := quick(1)
	o.For, o.FollowRedirects = 500*time.Millisecond, true
	rounds := measure(t, t.Context(), o, baseline, moved, candidate)
	for version, want := range []bool{true, true, false} {
		if got := statuses(rounds, version); (got["200"] > 0) != want || len(got) != 1 {
			t.Errorf("version %d: answers %v", version, got)
		}
	}
	if shown := rounds[0].Examples; len(shown) != 1 || shown[0].Text != "redirected to baseline, whose answers are not its own" {
		t.Errorf("examples %v, want why it was not followed", shown)
	}
}
