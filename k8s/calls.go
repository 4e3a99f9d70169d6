package k8s

import (
	"context"
	"net/http"
	"sync/atomic"
)

// Calls is how many requests the API server was sent.
func (c *Cluster) Calls() int { return int(c.calls.Load()) }

// countedCalls counts the requests that go through it.
type countedCalls struct {
	http.RoundTripper
	calls *atomic.Int64
}

func (c countedCalls) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// punctual ends a request with its context. What client-go does before it sends
// one knows of no context: a program for credentials may wait for ever.
type punctual struct{ next http.RoundTripper }

func (p punctual) RoundTrip(r *http.Request) (*http.Response, error) {
	type answer struct {
		response *http.Response
		err      error
	}
	answers := make(chan answer, 1)
	go func() {
		response, err := p.next.RoundTrip(r)
		answers <- answer{response, err}
	}()
	select {
	case a := <-answers:
		return a.response, a.err
	case <-r.Context().Done():
		go func() {
			if late := <-answers; late.err == nil {
				late.response.Body.Close()
			}
		}()
		return nil, context.Cause(r.Context())
	}
}
