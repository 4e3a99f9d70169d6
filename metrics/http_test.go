package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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
