package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// pacer gives a round at the end of each interval.
type pacer struct {
	series string
	every  time.Duration
	rounds int
	err    error // instead of the last round
	ended  *atomic.Int32
}

func (p pacer) Rounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		defer func() { p.ended.Add(1) }()
		for i := range p.rounds {
			select {
			case <-time.After(p.every):
			case <-ctx.Done():
				return
			}
			if p.err != nil && i == p.rounds-1 {
				yield(trial.Round{}, p.err)
				return
			}
			if !yield(trial.Round{Series: p.series, Index: i, Complete: true}, nil) {
				return
			}
		}
	}
}

func TestRoundsOfSeveralMetersComeAsTheyEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int32
		both := Together(pacer{"load", 20 * time.Second, 2, nil, &ended}, pacer{"metrics", 15 * time.Second, 3, nil, &ended})
		var got []string
		for round, err := range both.Rounds(t.Context()) {
			got = append(got, fmt.Sprint(round.Series, round.Index, err))
		}
		want := []string{"metrics0 <nil>", "load0 <nil>", "metrics1 <nil>", "load1 <nil>", "metrics2 <nil>"}
		if diff := cmp.Diff(want, got); diff != "" || ended.Load() != 2 {
			t.Errorf("%d ended: %s", ended.Load(), diff)
		}
	})
}

func TestNoMeterMeasuresBeyondTheTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int32
		both := Together(pacer{"load", 20 * time.Second, 99, nil, &ended}, pacer{"metrics", 15 * time.Second, 99, nil, &ended})
		s := &store{}
		out := Run(t.Context(), Stages{Waiter: waiter{}, Meter: both, Store: s, Judge: decidedAt(2), Watcher: &watcher{}})
		if out.Status != trial.Judged || ended.Load() != 2 || len(s.kept) > 7 {
			t.Errorf("%s after %d rounds, %d meters ended", out.Status, len(s.kept), ended.Load())
		}
		began := time.Now()
		for range both.Rounds(t.Context()) {
			break // the caller stops
		}
		if took := time.Since(began); ended.Load() != 4 || took > 15*time.Second {
			t.Errorf("%d meters ended, want 4, after %s", ended.Load(), took)
		}
	})
}

func TestTheFirstErrorEndsAllMeters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var ended atomic.Int32
		both := Together(pacer{"load", time.Second, 3, errors.New("no such host"), &ended}, pacer{"metrics", time.Minute, 99, nil, &ended})
		out := Run(t.Context(), Stages{Waiter: waiter{}, Meter: both, Store: &store{}, Judge: judge(undecided), Watcher: &watcher{}})
		if took := time.Since(began); out.Status != trial.Broken || ended.Load() != 2 || took > 3*time.Second {
			t.Errorf("%s, %q, %d meters ended after %s", out.Status, out.Reason, ended.Load(), took)
		}
	})
}
