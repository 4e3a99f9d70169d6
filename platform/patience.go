package platform

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// patient sends a request again when the server was in trouble or asks for
// patience, and as long as the request's deadline leaves time for it. A POST
// that was answered by a 5xx may have been obeyed all the same: what is sent
// through it must bear to be there twice.
type patient struct {
	next   http.RoundTripper
	wait   func(context.Context, time.Duration) error
	now    func() time.Time
	chance func() float64 // 0 to 1, to keep many jobs from coming back at once
}

const (
	mostTries  = 5
	firstPause = 500 * time.Millisecond
)

func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	for try := 1; ; try++ {
		reply, err := p.next.RoundTrip(r)
		pause, again := p.pause(r, reply, err, try)
		if !again || !p.allows(r.Context(), pause) {
			return reply, err
		}
		if reply != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(reply.Body, 1<<16))
			_ = reply.Body.Close()
		}
		if err := p.wait(r.Context(), pause); err != nil {
			return nil, err
		}
		if r, err = rewound(r); err != nil {
			return nil, err
		}
	}
}

// rewound is the request with its body from the start.
func rewound(r *http.Request) (*http.Request, error) {
	again := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return again, nil
	}
	if r.GetBody == nil {
		return nil, errors.New("the request can't be sent again")
	}
	var err error
	again.Body, err = r.GetBody()
	return again, err
}

// pause is how long to wait before the next try, if there is to be one.
func (p patient) pause(r *http.Request, reply *http.Response, err error, try int) (pause time.Duration, again bool) {
	backoff := time.Duration(float64(firstPause) * float64(int(1)<<min(try-1, 6)) * (0.5 + p.chance()))
	switch {
	case try >= mostTries:
		return 0, false
	case err != nil:
		// It may have arrived; a second comment would be worse than none.
		return backoff, r.Method != http.MethodPost && r.Context().Err() == nil
	case reply.StatusCode >= http.StatusInternalServerError && reply.StatusCode != http.StatusNotImplemented:
		return max(backoff, p.asked(reply)), true
	case reply.StatusCode == http.StatusTooManyRequests:
		return max(backoff, p.asked(reply)), true
	case reply.StatusCode == http.StatusForbidden:
		asked := p.asked(reply)
		return asked, asked > 0
	}
	return 0, false
}

// asked is how long the server asks to wait: Retry-After (RFC 9110, 10.2.3),
// and GitHub's moment at which a limit that was used up is renewed.
func (p patient) asked(reply *http.Response) time.Duration {
	header := reply.Header
	if after := header.Get("Retry-After"); after != "" {
		if seconds, err := strconv.Atoi(after); err == nil {
			return time.Duration(max(0, min(seconds, 1<<20))) * time.Second
		}
		if at, err := http.ParseTime(after); err == nil {
			return at.Sub(p.now())
		}
	}
	if header.Get("X-RateLimit-Remaining") == "0" {
		if at, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return max(time.Second, time.Unix(at, 0).Sub(p.now()))
		}
	}
	return 0
}

// allows reports whether there is time for a pause: where there is not, the
// refusal is worth more than a deadline that passed.
func (p patient) allows(ctx context.Context, pause time.Duration) bool {
	deadline, bounded := ctx.Deadline()
	return !bounded || p.now().Add(pause).Before(deadline)
}

// waitFor waits, or until the context ends.
func waitFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// credentialed sends a header to one host alone: a redirect elsewhere goes
// without it.
type credentialed struct {
	next          http.RoundTripper
	host          string
	header, value string
}

func (c credentialed) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == c.host {
		r = r.Clone(r.Context())
		r.Header.Set(c.header, c.value)
	}
	return c.next.RoundTrip(r)
}
