package loadgen

import (
	"context"
	"math"
	"slices"
	"sync"
)

// crew keeps the workers of one gateway, or of one version where calls share
// connections. A version that stalls behind a gateway holds every worker that
// got its answer from there, and the others' requests would wait for them; calls
// of gRPC need none of their own to wait in. So that some are always ready, more
// are taken on, one for each answer that is outstanding. Who was busy last is woken first, so that no more
// connections are used than are needed.
type crew struct {
	ready int // workers that wait for their slots' times
	most  int // workers in all

	mu      sync.Mutex
	waiting int
	size    int
	resting []chan struct{}
	closed  bool
	hire    func() bool // starts one more worker, which is among those that wait
}

// mostWorkers is as many as there may be connections to a version.
const mostWorkers = 1000

// mostCalls is as many as may be under way to a version where nothing but gRPC
// is sent: a call that waits costs some 20 KB, and no connection.
const mostCalls = 5_000

// mostUnderWay is how many workers a version may have. Each brings a connection
// with it where it also sends HTTP.
func mostUnderWay(messages []message) int {
	if slices.ContainsFunc(messages, func(m message) bool { return !m.isCall() }) {
		return mostWorkers
	}
	return mostCalls
}

// crewFor is how many workers a load needs behind one address: as many as may be
// under way if no answer comes in time (Little 1961), a tenth more because what
// times out ends a little later, and those that are ready.
func crewFor(o Options, versions, limit int) (ready, most int) {
	ready = o.Connections * versions
	under := math.Ceil(1.1 * o.Most().PerSecond * float64(versions) * o.Timeout.Seconds())
	return ready, max(ready, min(limit, ready+int(math.Min(under, float64(limit)))))
}

// busy tells that a worker that waited for its slot begins to send.
func (c *crew) busy() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting--
	if c.closed || c.waiting >= c.ready {
		return
	}
	if last := len(c.resting) - 1; last >= 0 {
		c.waiting++
		close(c.resting[last])
		c.resting = c.resting[:last]
	} else if c.size < c.most && c.hire() {
		c.waiting++
		c.size++
	}
}

// free tells that a worker has sent, and returns when it is needed again; false
// if it never will be.
func (c *crew) free(ctx context.Context) bool {
	if c == nil {
		return true
	}
	c.mu.Lock()
	if c.closed || c.waiting < c.ready {
		defer c.mu.Unlock()
		c.waiting++
		return !c.closed
	}
	called := make(chan struct{})
	c.resting = append(c.resting, called)
	c.mu.Unlock()
	select {
	case <-called:
		return true
	case <-ctx.Done():
		return false
	}
}

// close sends all that rest away: no slot is left.
func (c *crew) close() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, called := range c.resting {
		close(called)
	}
	c.resting = nil
}
