package loadgen

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

func closed(d time.Duration) Options {
	o := DefaultOptions()
	o.Closed, o.Warmup, o.For, o.Connections = true, 0, d, 4
	return o
}

func TestClosedLoopSendsAsAnswersCome(t *testing.T) {
	var under, most atomic.Int64
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n := under.Add(1); n > most.Load() {
			most.Store(n)
		}
		pause(r, 10*time.Millisecond)
		under.Add(-1)
	})
	rounds := measure(t, t.Context(), closed(time.Second), target)
	if len(rounds) != 4 {
		t.Errorf("%d rounds of a second, want 4 of 250 ms", len(rounds))
	}
	sent := requests(rounds, 0)
	if n := len(sent); n < 150 || n > 400 {
		t.Errorf("%d requests in 1 s by 4 connections at 10 ms each, want nearly 400", n)
	}
	if most.Load() != 4 {
		t.Errorf("%d requests under way at most, want as many as connections", most.Load())
	}
	for i, q := range sent {
		if int(q.Slot) != i {
			t.Fatalf("record %d is of turn %d", i, q.Slot)
		}
	}
}

// A stall is charged once to each connection, not to the requests that were never
// sent: that is what a closed loop hides.
func TestClosedLoopWaitsForAStall(t *testing.T) {
	var first atomic.Bool
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if first.CompareAndSwap(false, true) {
			pause(r, 600*time.Millisecond)
		}
		pause(r, time.Millisecond)
	})
	o := closed(time.Second)
	o.Connections = 1
	slow := 0
	for _, q := range requests(measure(t, t.Context(), o, target), 0) {
		if q.Seconds() > 0.5 {
			slow++
		}
	}
	if slow != 1 {
		t.Errorf("%d requests slower than 500 ms, want the one that met the stall", slow)
	}
}

func TestClosedLoopEndsWithItsContext(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) { pause(r, time.Minute) })
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	began := time.Now()
	rounds := measure(t, ctx, closed(time.Minute), target)
	if lasted := time.Since(began); lasted > time.Second {
		t.Errorf("ended %s after it began, want within a second", lasted)
	}
	for _, r := range rounds {
		if r.Complete || len(r.Requests) > 0 {
			t.Errorf("round %d has %d requests that nobody answered", r.Index, len(r.Requests))
		}
	}
}

func pause(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}
