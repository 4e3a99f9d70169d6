package platform

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answers are a server's, one after the other.
type answers struct {
	given  []*http.Response // nil: the connection broke
	bodies []string
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	a.bodies = append(a.bodies, string(body))
	next := a.given[0]
	a.given = a.given[1:]
	if next == nil {
		return nil, errors.New("connection reset")
	}
	return next, nil
}

func answer(code int, header ...string) *http.Response {
	r := &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func TestARequestIsSentAgainAsTheServerAsks(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for name, c := range map[string]struct {
		method string
		given  []*http.Response
		waits  []time.Duration
		code   int
	}{
		"fine at once":                   {"GET", []*http.Response{answer(200)}, nil, 200},
		"5xx, then fine":                 {"POST", []*http.Response{answer(502), answer(503), answer(201)}, []time.Duration{500 * time.Millisecond, time.Second}, 201},
		"5xx without end":                {"GET", []*http.Response{answer(500), answer(500), answer(500), answer(500), answer(500)}, []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}, 500},
		"never implemented":              {"GET", []*http.Response{answer(501)}, nil, 501},
		"429 with Retry-After":           {"POST", []*http.Response{answer(429, "Retry-After", "7"), answer(201)}, []time.Duration{7 * time.Second}, 201},
		"429 with a date":                {"GET", []*http.Response{answer(429, "Retry-After", now.Add(3*time.Second).UTC().Format(http.TimeFormat)), answer(200)}, []time.Duration{3 * time.Second}, 200},
		"403 of a secondary limit":       {"POST", []*http.Response{answer(403, "Retry-After", "2"), answer(201)}, []time.Duration{2 * time.Second}, 201},
		"403 of the limit":               {"GET", []*http.Response{answer(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1000004"), answer(200)}, []time.Duration{4 * time.Second}, 200},
		"403 for want of permission":     {"POST", []*http.Response{answer(403, "X-RateLimit-Remaining", "4000", "X-RateLimit-Reset", "1000004")}, nil, 403},
		"longer than there is time":      {"GET", []*http.Response{answer(429, "Retry-After", "60")}, nil, 429},
		"a broken connection":            {"GET", []*http.Response{nil, answer(200)}, []time.Duration{500 * time.Millisecond}, 200},
		"a POST that may have got there": {"POST", []*http.Response{nil}, nil, 0},
	} {
		server := &answers{given: c.given}
		ctx, stop := context.WithDeadline(t.Context(), now.Add(20*time.Second))
		var waits []time.Duration
		p := patient{
			next: server, now: func() time.Time { return now }, chance: func() float64 { return 0.5 },
			wait: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
		}
		// The deadline is of another time than the machine's: keep the request alive.
		r, err := http.NewRequestWithContext(deadlineOnly{t.Context(), ctx}, c.method, "http://a.svc", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		reply, err := p.RoundTrip(r)
		stop()
		code := 0
		if err == nil {
			code = reply.StatusCode
		}
		if code != c.code || len(server.given) > 0 {
			t.Errorf("%s: %d, %v, want %d; %d answers left", name, code, err, c.code, len(server.given))
		}
		if diff := cmp.Diff(c.waits, waits); diff != "" {
			t.Errorf("%s: waits\n%s", name, diff)
		}
		for _, body := range server.bodies {
			if body != "body" {
				t.Errorf("%s: sent again with the body %q", name, body)
			}
		}
	}
}

// deadlineOnly has the deadline of another context, and does not end with it.
type deadlineOnly struct {
	context.Context
	of context.Context
}

func (d deadlineOnly) Deadline() (time.Time, bool) { return d.of.Deadline() }

func TestAWaitEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := waitFor(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
