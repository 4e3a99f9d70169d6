package runner

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

type waiter struct{ err error }

func (w waiter) Wait(context.Context) error { return w.err }

// meter gives rounds until its context ends, and then one incomplete one.
type meter struct {
	rounds int
	err    error
}

func (m meter) Rounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		if m.err != nil {
			yield(trial.Round{}, m.err)
			return
		}
		for i := range m.rounds {
			if ctx.Err() != nil {
				yield(trial.Round{Index: i}, nil)
				return
			}
			if !yield(trial.Round{Index: i, Complete: true}, nil) {
				return
			}
		}
	}
}

type store struct {
	kept []trial.Round
	err  error
}

func (s *store) Append(r trial.Round) error {
	s.kept = append(s.kept, r)
	return s.err
}

type judge func(trial.Round) trial.Look

func (j judge) Look(r trial.Round) trial.Look { return j(r) }

type watcher struct{ ready, looked int }

func (w *watcher) Ready()                         { w.ready++ }
func (w *watcher) Looked(trial.Round, trial.Look) { w.looked++ }

func undecided(r trial.Round) trial.Look { return trial.Look{Rounds: r.Index + 1} }

func decidedAt(n int) judge {
	return func(r trial.Round) trial.Look { return trial.Look{Rounds: r.Index + 1, Done: r.Index >= n} }
}

func TestHowTrialsEnd(t *testing.T) {
	missing := &trial.NotReadyError{Within: "2m0s", Reasons: []string{"candidate: refused"}}
	for _, c := range []struct {
		name   string
		wait   error
		meter  meter
		store  error
		judge  judge
		cancel bool
		want   trial.Status
		reason string
		stored int
	}{
		{name: "to the end", meter: meter{rounds: 5}, judge: undecided, want: trial.Judged, stored: 5},
		{name: "decided early, the round under way kept", meter: meter{rounds: 50}, judge: decidedAt(2), want: trial.Judged, stored: 4},
		{name: "not ready", wait: missing, want: trial.NotReady, reason: "candidate: refused"},
		{name: "waiting fails", wait: errors.New("no route"), want: trial.Broken, reason: "no route"},
		{name: "load can't be sent", meter: meter{err: errors.New("no such host")}, want: trial.Broken, reason: "no such host"},
		{name: "disk full", meter: meter{rounds: 5}, store: errors.New("no space"), judge: undecided, want: trial.Broken, reason: "no space", stored: 1},
		{
			name: "can't be measured", meter: meter{rounds: 50}, want: trial.Broken, reason: "baseline is gone", stored: 2,
			judge: func(r trial.Round) trial.Look { return trial.Look{Done: true, Broken: "baseline is gone"} },
		},
		{name: "cancelled", meter: meter{rounds: 5}, judge: undecided, cancel: true, want: trial.Cancelled, reason: "cancelled", stored: 1},
		{name: "cancelled while waiting", wait: context.Canceled, cancel: true, want: trial.Cancelled, reason: "waiting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancel {
				cancel()
			}
			s := &store{err: c.store}
			w := &watcher{}
			out := Run(ctx, Stages{Waiter: waiter{c.wait}, Meter: c.meter, Store: s, Judge: c.judge, Watcher: w})
			if out.Status != c.want || !strings.Contains(out.Reason, c.reason) || len(s.kept) != c.stored {
				t.Errorf("%s, %q, %d rounds stored; want %s, %q, %d", out.Status, out.Reason, len(s.kept), c.want, c.reason, c.stored)
			}
			if c.wait != nil && w.ready != 0 {
				t.Error("told to be ready though it was not")
			}
		})
	}
}
