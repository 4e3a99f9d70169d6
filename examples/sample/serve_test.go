package sample

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start serves on a free port and returns the address, a way to stop the
// service and what Serve returned.
func start(t *testing.T, change func(*Options)) (url string, stop func(), ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, result := make(chan string, 1), make(chan error, 1)
	go func() { result <- Serve(ctx, with(change), func(address string) { ready <- address }) }()
	t.Cleanup(cancel)
	select {
	case address := <-ready:
		return "http://" + address, cancel, result
	case err := <-result:
		t.Fatalf("Serve ended before it was ready: %v", err)
		return "", nil, nil
	}
}

// get asks once, on a connection of its own.
func get(url string, timeout time.Duration) (status int, body string, err error) {
	client := http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func endsWithin(t *testing.T, d time.Duration, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Serve: %v", err)
		}
	case <-time.After(d):
		t.Errorf("Serve has not ended within %v", d)
	}
}

func TestServesOverARealSocket(t *testing.T) {
	url, _, _ := start(t, func(o *Options) { o.Latency, o.Text, o.Body = 20*ms, "v2 ", 10_000 })
	sent := time.Now()
	status, body, err := get(url, 5*time.Second)
	took := time.Since(sent)
	if err != nil || status != 200 || len(body) != 10_000 || !strings.HasPrefix(body, "v2 ..") {
		t.Fatalf("status %d, %d bytes (%.8q…), error %v", status, len(body), body, err)
	}
	if took < 20*ms || took > time.Second {
		t.Errorf("answered after %v, want 20ms and not much more", took)
	}
}

func TestStatusWithoutABodyIsAnswered(t *testing.T) {
	url, _, _ := start(t, func(o *Options) { o.Status = 204 })
	if status, body, err := get(url, 5*time.Second); err != nil || status != 204 || body != "" {
		t.Errorf("status %d, body %q, error %v", status, body, err)
	}
}

func TestAllRequestsFailWhenErrorsIsOne(t *testing.T) {
	url, _, _ := start(t, func(o *Options) { o.Errors = 1 })
	if status, _, err := get(url, 5*time.Second); err != nil || status != 500 {
		t.Errorf("status %d, error %v", status, err)
	}
}

func TestStoppingLetsRequestsUnderWayFinish(t *testing.T) {
	url, stop, ended := start(t, func(o *Options) { o.Latency = 300 * ms })
	time.AfterFunc(100*ms, stop)
	if status, _, err := get(url, 5*time.Second); err != nil || status != 200 {
		t.Errorf("status %d, error %v", status, err)
	}
	endsWithin(t, time.Second, ended)
}

func TestHangingServiceNeverAnswersButStops(t *testing.T) {
	url, stop, ended := start(t, func(o *Options) { o.HangAfter = 1 })
	_, _, err := get(url, 200*ms)
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("error %v, want a time-out", err)
	}
	hung := make(chan error, 1)
	go func() {
		_, _, err := get(url, 20*time.Second)
		hung <- err
	}()
	time.Sleep(100 * ms)
	stop()
	endsWithin(t, grace+3*time.Second, ended)
	if err := <-hung; err == nil {
		t.Error("the hanging request was answered when the service stopped")
	}
}

func TestHangingRequestIsAbortedWhenItsClientLeaves(t *testing.T) {
	h := New(with(func(o *Options) { o.HangAfter = 1 }))
	outcome := make(chan any, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { outcome <- recover() }()
		h.ServeHTTP(w, r)
	}))
	ctx, leave := context.WithTimeout(t.Context(), 100*ms)
	defer leave()
	request, err := http.NewRequestWithContext(ctx, "POST", server.URL, strings.NewReader("cargo"))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := server.Client().Do(request); err == nil {
		t.Errorf("answered %s", response.Status)
	}
	select {
	case got := <-outcome:
		if got != http.ErrAbortHandler {
			t.Errorf("the handler ended with %v, want an abort", got)
		}
	case <-time.After(5 * time.Second):
		t.Error("the request still hangs without its client")
	}
}

func TestDyingServiceClosesListenerAndConnections(t *testing.T) {
	url, _, ended := start(t, func(o *Options) { o.Latency, o.DieAfter = 10*time.Second, 200*ms })
	if _, _, err := get(url, 5*time.Second); !errors.Is(err, io.EOF) {
		t.Errorf("request under way: error %v, want its connection closed", err)
	}
	endsWithin(t, time.Second, ended)
	if _, _, err := get(url, 5*time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("next request: error %v, want connection refused", err)
	}
}

func TestServeSaysWhyItCannotStart(t *testing.T) {
	url, _, _ := start(t, func(*Options) {})
	taken := strings.TrimPrefix(url, "http://")
	for name, o := range map[string]Options{
		"in use":  with(func(o *Options) { o.Listen = taken }),
		"latency": with(func(o *Options) { o.Latency = -1 }),
	} {
		err := Serve(t.Context(), o, func(string) { t.Error("said that it was ready") })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one about %q", err, name)
		}
	}
}
