package k8s

import (
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
