package loadgen

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

func wait(t *testing.T, ready Ready, targets ...Target) error {
	t.Helper()
	ready.Every = 20 * time.Millisecond
	if ready.Within == 0 {
		ready.Within = 300 * time.Millisecond
	}
	o := DefaultOptions()
	o.Timeout = 100 * time.Millisecond
	w, err := NewWaiter(ready, o, nil, targets)
	if err != nil {
		t.Fatal(err)
	}
	return w.Wait(t.Context())
}

func TestAnyAnswerOfAVersionIsReady(t *testing.T) {
	if err := wait(t, Ready{}, serve(t, ok), serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })); err != nil {
		t.Error(err)
	}
}

func TestReadyOnceItAnswers(t *testing.T) {
	var asked atomic.Int64
	slow := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 4 {
			w.WriteHeader(503)
		}
	})
	if err := wait(t, Ready{Within: 2 * time.Second, URLs: []Probe{{URL: slow.URL}}}); err != nil {
		t.Error(err)
	}
	if asked.Load() < 4 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestNotReadySaysWhy(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.HandlerFunc(ok))
	refused := Target{Name: "candidate", URL: strings.Replace(closed.URL, "//", "//user:secret@", 1)}
	closed.Close()
	hang := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	status := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(503)
		_, _ = io.WriteString(w, "database is away")
	})
	for _, c := range []struct {
		name    string
		ready   Ready
		targets []Target
		want    string
	}{
		{"refused", Ready{}, []Target{refused}, "connection refused"},
		{"hangs", Ready{}, []Target{hang}, "timed out"},
		{"wrong status", Ready{URLs: []Probe{{URL: status.URL}}}, nil, "answered 503: database is away"},
		{"stated status", Ready{URLs: []Probe{{URL: serve(t, ok).URL, Status: []StatusRange{{204, 204}}}}}, nil, "answered 200: ok"},
		{"wrong body", Ready{URLs: []Probe{{URL: serve(t, ok).URL, Body: "^ready$"}}}, nil, `answered 200, but the body does not match "^ready$": ok`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := wait(t, c.ready, c.targets...)
			var missing *trial.NotReadyError
			if !errors.As(err, &missing) || len(missing.Reasons) != 1 || !strings.Contains(missing.Reasons[0], c.want) {
				t.Errorf("error %v, want one reason with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("a password is told: %v", err)
			}
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	hang := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w, err := NewWaiter(DefaultReady(), DefaultOptions(), nil, []Target{hang})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}
