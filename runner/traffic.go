package runner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Taker takes hold of a route and says how it shares traffic now, in percent of
// each version; nil where it has no such split.
type Taker interface {
	Take(ctx context.Context) ([]int, error)
}

// Shifter moves traffic. It returns when the new split is in effect, as far as
// that can be told.
type Shifter interface {
	Shift(ctx context.Context, weights []int) error
}

// Leaver lets go of a route: with these weights, or with nil as it was before it
// was taken. Of a route that was never taken it lets go without a change.
type Leaver interface {
	Leave(ctx context.Context, weights []int) error
}

// Orderer says what a person told the trial last.
type Orderer interface {
	Order() trial.Order
}

// Changer tells of another hand on a route as soon as it is seen. Routes may be
// one.
type Changer interface {
	Changed() <-chan error
}

// Route is where live traffic is shared.
type Route interface {
	Taker
	Shifter
	Leaver
	Orderer
}

// Steerer says what the evidence makes of a split.
type Steerer interface {
	Weights(now []int) []int
}

// Reliever takes a split from the versions that are shown to violate an
// objective, and says why; nothing where there is nothing to take.
type Reliever interface {
	Relieve(now []int) (weights []int, why string)
}

// Ender says how a route is to be left after an outcome: with which weights,
// nil for as it was before, and that in a sentence.
type Ender interface {
	Ending(o Outcome, now []int) (weights []int, left string)
}

// Traffic is the live traffic that a trial moves.
type Traffic struct {
	Route    Route
	Opening  []int   // percent of each version when the trial begins
	Steerer  Steerer // nil where evidence moves nothing but violators
	Reliever Reliever
	Ender    Ender
	Every    time.Duration // least time between two moves by the evidence
	Settle   time.Duration // for how long after a move no round is judged
	Dry      bool          // the route moves nothing, so that every round is judged
	Since    time.Duration // when the trial goes on, in the time of its rounds; 0 where it begins
	Clock    func() time.Time
}

// LeaveWithin is how long leaving a route may take, also after a signal:
// Kubernetes kills a pod 30 s after it.
const LeaveWithin = 25 * time.Second

// steering is the traffic of one trial; nil where none is moved.
type steering struct {
	Traffic
	told   trial.Traffic
	now    []int
	moves  []move
	asked  time.Duration // when the evidence was asked last
	last   time.Duration // when the last round was given
	paused bool
	end    *trial.Order // nil until a person ended the trial
}

// move is one change of the split: under way from begun on, in effect at done.
type move struct {
	begun, done time.Duration
	weights     []int
}

// never is when a move that failed is in effect: nobody knows who gets the users
// from then on.
const never = time.Duration(math.MaxInt64)

// open takes the route and gives it the opening weights.
func (s *steering) open(ctx context.Context) error {
	before, err := s.Route.Take(ctx)
	if err != nil {
		return refused("could not take the route", err)
	}
	s.told.Before, s.told.Dry = before, s.Dry
	if err := s.Route.Shift(ctx, s.Opening); err != nil {
		return refused("could not move traffic", err)
	}
	s.last, s.asked = s.Since, s.Since
	s.moved(move{begun: s.Since, done: s.Since, weights: s.Opening}, "start")
	return nil
}

// refused says what was being done, but where another hand was in it: that
// says enough.
func refused(doing string, err error) error {
	var other *trial.TakenOverError
	if errors.As(err, &other) {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func (s *steering) moved(m move, why string) {
	s.moves, s.now = append(s.moves, m), m.weights
	s.told.Course = append(s.told.Course, trial.Split{At: m.done, Weights: slices.Clone(m.weights), Why: why})
}

// mark says in a round how traffic was shared when it began.
func (s *steering) mark(r *trial.Round) {
	if s == nil || s.Dry {
		return
	}
	for _, m := range s.moves {
		if m.done <= r.Start {
			r.Weights = m.weights
		}
		if m.begun < r.End && (m.done == never || r.Start < m.done+s.Settle) {
			r.Settling = true
		}
	}
	if r.Settling && !r.Warmup {
		s.told.Settling++
	}
}

// follow does what follows from a round: what violates an objective loses its
// traffic, in this round and even while paused; a person's order is obeyed; and
// else the evidence moves the split, when it is time.
func (s *steering) follow(ctx context.Context, r trial.Round, l trial.Look) error {
	if s == nil {
		return nil
	}
	s.last = r.Closed
	if s.end != nil || ctx.Err() != nil {
		return nil
	}
	if err := s.changed(); err != nil {
		return err
	}
	if weights, why := s.Reliever.Relieve(s.now); why != "" {
		return s.shift(ctx, weights, why)
	}
	if l.Done {
		return nil
	}
	s.obey(s.Route.Order())
	if s.end != nil || s.paused || s.Steerer == nil || r.Warmup || r.Closed < s.asked+s.Every {
		return nil
	}
	s.asked = r.Closed
	if weights := s.Steerer.Weights(s.now); !slices.Equal(weights, s.now) {
		return s.shift(ctx, weights, "evidence")
	}
	return nil
}

// changed says whether another hand was seen on the route.
func (s *steering) changed() error {
	route, tells := s.Route.(Changer)
	if !tells {
		return nil
	}
	select {
	case err := <-route.Changed():
		return err
	default:
		return nil
	}
}

func (s *steering) shift(ctx context.Context, weights []int, why string) error {
	began := s.Clock()
	if err := s.Route.Shift(ctx, weights); err != nil {
		s.moves = append(s.moves, move{begun: s.last, done: never, weights: s.now})
		return refused("could not move traffic", err)
	}
	s.moved(move{begun: s.last, done: s.last + s.Clock().Sub(began), weights: weights}, why)
	return nil
}

// obey does what a person ordered. An order that stands is one order.
func (s *steering) obey(o trial.Order) {
	note := func(what string) {
		s.told.Course = append(s.told.Course, trial.Split{At: s.last, Weights: slices.Clone(s.now), Why: what + byOrder(o)})
	}
	switch {
	case o.Kind == trial.Pause && !s.paused:
		s.paused = true
		note("paused")
	case o.Kind == trial.Resume && s.paused:
		s.paused = false
		note("resumed")
	case o.Kind == trial.End:
		s.end = &o
		note("ended")
	}
}

func byOrder(o trial.Order) string {
	if o.By == "" {
		return " by order"
	}
	return " by order of " + o.By
}

// ended reports whether a person ended the trial.
func (s *steering) ended() bool { return s != nil && s.end != nil }

// leave lets go of the route, whatever became of the trial. A route that was not
// left as it should be makes the trial a broken one, unless it came to less.
func (s *steering) leave(ctx context.Context, out Outcome) Outcome {
	lasting, stop := context.WithTimeout(context.WithoutCancel(ctx), LeaveWithin)
	defer stop()
	weights, left := s.Ender.Ending(out, s.now)
	if s.end != nil {
		weights, left = s.end.Weights, "as ended"+byOrder(*s.end)
	}
	began := s.Clock()
	err := s.Route.Leave(lasting, weights)
	s.last += s.Clock().Sub(began)
	out.Traffic = &s.told
	if err != nil {
		if out.Unleft = err; out.Status == trial.Judged {
			return out.broken("the route could not be left as it should be: " + err.Error())
		}
		return out
	}
	s.told.Left = left
	if weights == nil {
		weights = s.told.Before
	}
	if weights != nil && len(s.told.Course) > 0 {
		s.told.Course = append(s.told.Course, trial.Split{At: s.last, Weights: weights, Why: trial.AtTheEnd})
	}
	return out
}
