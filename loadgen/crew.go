package loadgen

import (
	"context"
	"math"
	"sync"
)

// crew keeps the workers of one gateway. A version that stalls behind it holds
// every worker that got its answer from there, and the others' requests would
// wait for them: so that some are always ready, more are taken on, one for each
// answer that is outstanding. Who was busy last is woken first, so that no more
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

// crewFor is how many workers a load needs behind one address: as many as may be
// under way if no answer comes in time (Little 1961), and those that are ready.
func crewFor(o Options, versions int) (ready, most int) {
	ready = o.Connections * versions
	under := math.Ceil(o.Most().PerSecond * float64(versions) * o.Timeout.Seconds())
	return ready, max(ready, min(mostWorkers, ready+int(math.Min(under, mostWorkers))))
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
