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
	Traffic *Traffic // nil where none is moved
}

// Outcome is how a trial ended. What it found is the judge's to tell.
type Outcome struct {
	Status   trial.Status
	Reason   string // one sentence, untrusted; empty when judged
	Remedy   string // what to do about it, where that is known
	Hopeless bool   // it can't become ready
	Unready  []trial.Unready
	Examples []trial.Example
	Traffic  *trial.Traffic // how live traffic was shared; nil where none was
	Unleft   error          // why the route was not left as it should be; nil if it was
}

// Run waits until the versions are ready, measures and judges round after
// round, moves traffic where it is to, and stops as soon as the verdict is
// settled. Rounds that end after that, after a signal, or while a route could
// not be moved, are stored all the same. A route is left whatever happens.
func Run(ctx context.Context, s Stages) Outcome {
	if err := s.Waiter.Wait(ctx); err != nil {
		return neverBegan(ctx, err)
	}
	s.Watcher.Ready()
	if s.Traffic == nil {
		return s.measure(ctx, nil)
	}
	steering := &steering{Traffic: *s.Traffic}
	if err := steering.open(ctx); err != nil {
		return steering.leave(ctx, neverOpened(ctx, err))
	}
	return steering.leave(ctx, s.measure(ctx, steering))
}

// measure is the trial from the first slot on.
func (s Stages) measure(ctx context.Context, traffic *steering) Outcome {
	measuring, stop := context.WithCancel(ctx)
	defer stop()
	out := Outcome{Status: trial.Judged}
	var last trial.Look
	var unmoved error
	for round, err := range s.Meter.Rounds(measuring) {
		if err != nil {
			return out.broken("could not send the load: " + err.Error())
		}
		out.Examples = append(out.Examples, round.Examples...)
		traffic.mark(&round)
		if err := s.Store.Append(round); err != nil {
			return out.broken("could not keep the evidence: " + err.Error())
		}
		last = s.Judge.Look(round)
		s.Watcher.Looked(round, last)
		if unmoved == nil {
			unmoved = traffic.follow(ctx, round, last)
		}
		if last.Done || traffic.ended() || unmoved != nil {
			stop()
		}
	}
	switch {
	case unmoved != nil:
		return out.interrupted(ctx, unmoved, last)
	case last.Broken != "":
		return out.broken(last.Broken)
	case !last.Done && ctx.Err() != nil:
		return out.cancelled(last)
	}
	return out
}

// interrupted is the outcome of a route that could not be moved: nothing but the
// signal where there was one, and nothing where all was decided.
func (o Outcome) interrupted(ctx context.Context, err error, last trial.Look) Outcome {
	switch {
	case ctx.Err() == nil:
		return o.broken(err.Error())
	case !last.Done:
		return o.cancelled(last)
	}
	return o
}

func (o Outcome) cancelled(last trial.Look) Outcome {
	o.Status, o.Reason = trial.Cancelled, "cancelled after "+rounds(last.Rounds)
	return o
}

func neverBegan(ctx context.Context, err error) Outcome {
	var missing *trial.NotReadyError
	switch {
	case ctx.Err() != nil:
		return Outcome{Status: trial.Cancelled, Reason: "cancelled while waiting until everything is ready"}
	case errors.As(err, &missing):
		return Outcome{Status: trial.NotReady, Reason: err.Error(), Hopeless: missing.Hopeless, Unready: missing.Unready}
	}
	return failed("could not wait for readiness: ", err)
}

// failed is the outcome of an error, with what to do where that is known.
func failed(doing string, err error) Outcome {
	var known interface {
		error
		Reason() string
		Remedy() string
	}
	if errors.As(err, &known) {
		return Outcome{Status: trial.Broken, Reason: doing + known.Reason(), Remedy: known.Remedy()}
	}
	return Outcome{Status: trial.Broken, Reason: doing + err.Error()}
}

// neverOpened is the outcome of a route that could not be taken. One that is
// another trial's is not ready.
func neverOpened(ctx context.Context, err error) Outcome {
	var missing *trial.NotReadyError
	switch {
	case ctx.Err() != nil:
		return Outcome{Status: trial.Cancelled, Reason: "cancelled while taking the route"}
	case errors.As(err, &missing):
		return Outcome{Status: trial.NotReady, Reason: missing.Error()}
	}
	return failed("", err)
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
