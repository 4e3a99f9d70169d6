// Package runner is the trial as one readable function.
package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/seatrial/seatrial/trial"
)

// Waiter waits until everything that the trial needs is ready.
type Waiter interface {
	Wait(ctx context.Context) error
}

// Meter measures all versions, round by round.
type Meter interface {
	Rounds(ctx context.Context) iter.Seq2[trial.Round, error]
}

// Store makes a round durable.
type Store interface {
	Append(r trial.Round) error
}

// Judge says where the trial stands after one more round.
type Judge interface {
	Look(r trial.Round) trial.Look
}

// Watcher is told of progress; it never changes the course of a trial.
type Watcher interface {
	Ready()
	Looked(r trial.Round, l trial.Look)
}

// Stages are the parts of a trial in the order of their turns.
type Stages struct {
	Waiter  Waiter
	Meter   Meter
	Store   Store
	Judge   Judge
	Watcher Watcher
}

// Outcome is how a trial ended. What it found is the judge's to tell.
type Outcome struct {
	Status   trial.Status
	Reason   string // one sentence, untrusted; empty when judged
	Remedy   string // what to do about it, where that is known
	Hopeless bool   // it can't become ready
	Unready  []trial.Unready
	Examples []trial.Example
}

// Run waits until the versions are ready, measures and judges round after
// round, and stops as soon as the verdict is settled. Rounds that end after
// that, or after a signal, are stored all the same.
func Run(ctx context.Context, s Stages) Outcome {
	if err := s.Waiter.Wait(ctx); err != nil {
		return neverBegan(ctx, err)
	}
	s.Watcher.Ready()
	measuring, stop := context.WithCancel(ctx)
	defer stop()
	out := Outcome{Status: trial.Judged}
	var last trial.Look
	for round, err := range s.Meter.Rounds(measuring) {
		if err != nil {
			return out.broken("could not send the load: " + err.Error())
		}
		out.Examples = append(out.Examples, round.Examples...)
		if err := s.Store.Append(round); err != nil {
			return out.broken("could not keep the evidence: " + err.Error())
		}
		last = s.Judge.Look(round)
		s.Watcher.Looked(round, last)
		if last.Done {
			stop()
		}
	}
	switch {
	case last.Broken != "":
		return out.broken(last.Broken)
	case !last.Done && ctx.Err() != nil:
		out.Status, out.Reason = trial.Cancelled, "cancelled after "+rounds(last.Rounds)
	}
	return out
}

func neverBegan(ctx context.Context, err error) Outcome {
	var missing *trial.NotReadyError
	switch {
	case ctx.Err() != nil:
		return Outcome{Status: trial.Cancelled, Reason: "cancelled while waiting until everything is ready"}
	case errors.As(err, &missing):
		return Outcome{Status: trial.NotReady, Reason: err.Error(), Hopeless: missing.Hopeless, Unready: missing.Unready}
	}
	var known interface {
		error
		Reason() string
		Remedy() string
	}
	if errors.As(err, &known) {
		return Outcome{Status: trial.Broken, Reason: "could not wait for readiness: " + known.Reason(), Remedy: known.Remedy()}
	}
	return Outcome{Status: trial.Broken, Reason: "could not wait for readiness: " + err.Error()}
}

func (o Outcome) broken(reason string) Outcome {
	o.Status, o.Reason = trial.Broken, reason
	return o
}

func rounds(n int) string {
	if n == 1 {
		return "1 judged round"
	}
	return fmt.Sprintf("%d judged rounds", n)
}
