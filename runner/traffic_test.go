package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// road is a route on paper. Moving its traffic takes half a second.
type road struct {
	now      time.Time
	done     []string
	orders   map[int]trial.Order // by how often it was asked
	asked    int
	take     error
	fails    map[string]error // shifts by their weights
	leave    error
	seen     chan error // another hand
	deadline time.Time
	cut      error // of the context in which it was left
}

func (r *road) Take(context.Context) ([]int, error) {
	r.done = append(r.done, "take")
	return []int{100, 0}, r.take
}

func (r *road) Shift(_ context.Context, weights []int) error {
	r.now = r.now.Add(500 * time.Millisecond)
	r.done = append(r.done, fmt.Sprint(weights))
	return r.fails[fmt.Sprint(weights)]
}

func (r *road) Leave(ctx context.Context, weights []int) error {
	r.deadline, _ = ctx.Deadline()
	r.cut = ctx.Err()
	r.done = append(r.done, fmt.Sprint("leave ", weights))
	return r.leave
}

func (r *road) Order() trial.Order {
	r.asked++
	return r.orders[r.asked]
}

func (r *road) Changed() <-chan error { return r.seen }

// policy gives the candidate 10 points more whenever it is asked, and takes all
// from it after a round.
type policy struct {
	bad  int // judged rounds after which the candidate is shown to be bad; 0: never
	seen *int
}

func (policy) Weights(now []int) []int { return []int{now[0] - 10, now[1] + 10} }

func (p policy) Relieve(now []int) ([]int, string) {
	if p.bad == 0 || *p.seen < p.bad || now[1] == 0 {
		return nil, ""
	}
	return []int{100, 0}, "candidate violated"
}

func (policy) Ending(o Outcome, now []int) ([]int, string) {
	if o.Status == trial.Judged {
		return []int{0, 100}, "all traffic goes to candidate"
	}
	return nil, "as it was"
}

// clockwork is a meter of rounds of a second, each given as soon as it ends.
type clockwork int

func (m clockwork) Rounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		for i := range int(m) {
			if ctx.Err() != nil {
				return
			}
			from := time.Duration(i) * time.Second
			if !yield(trial.Round{Index: i, Complete: true, Start: from, End: from + time.Second, Closed: from + time.Second}, nil) {
				return
			}
		}
	}
}

// drive runs a trial of so many seconds over a road.
func drive(ctx context.Context, r *road, seconds, bad int) (Outcome, *store) {
	seen, kept := 0, &store{}
	p := policy{bad, &seen}
	out := Run(ctx, Stages{
		Waiter: waiter{}, Meter: clockwork(seconds), Store: kept, Watcher: &watcher{},
		Judge: judge(func(x trial.Round) trial.Look { seen = x.Index + 1; return trial.Look{Rounds: x.Index + 1} }),
		Traffic: &Traffic{
			Route: r, Opening: []int{90, 10}, Steerer: p, Reliever: p, Ender: p,
			Every: 3 * time.Second, Settle: 750 * time.Millisecond, Clock: func() time.Time { return r.now },
		},
	})
	return out, kept
}

func whys(t *trial.Traffic) (out []string) {
	for _, s := range t.Course {
		out = append(out, fmt.Sprintf("%s %v %s", s.At, s.Weights, s.Why))
	}
	return out
}

func TestWeightsMoveAtMostEverySoOften(t *testing.T) {
	r := &road{}
	out, kept := drive(t.Context(), r, 8, 0)
	if diff := cmp.Diff([]string{"take", "[90 10]", "[80 20]", "[70 30]", "leave [0 100]"}, r.done); diff != "" {
		t.Error(diff)
	}
	want := []string{"0s [90 10] start", "3.5s [80 20] evidence", "6.5s [70 30] evidence", "8s [0 100] end"}
	if diff := cmp.Diff(want, whys(out.Traffic)); diff != "" {
		t.Error(diff)
	}
	var rounds []string
	for _, x := range kept.kept {
		rounds = append(rounds, fmt.Sprintf("%v %v", x.Weights, x.Settling))
	}
	// The shift at 3 s is done at 3.5 s and settles until 4.25 s.
	want = []string{
		"[90 10] true", "[90 10] false", "[90 10] false", "[90 10] true", "[80 20] true", "[80 20] false", "[80 20] true", "[70 30] true",
	}
	if diff := cmp.Diff(want, rounds); diff != "" {
		t.Error(diff)
	}
	if out.Traffic.Settling != 5 || !slices.Equal(out.Traffic.Before, []int{100, 0}) {
		t.Errorf("%d rounds settling, before %v", out.Traffic.Settling, out.Traffic.Before)
	}
}

func TestAViolationMovesInItsRound(t *testing.T) {
	for name, orders := range map[string]map[int]trial.Order{"as usual": nil, "while paused": {1: {Kind: trial.Pause, By: "ann"}}} {
		r := &road{orders: orders}
		out, _ := drive(t.Context(), r, 8, 2)
		if i := slices.Index(r.done, "[100 0]"); i != 2 {
			t.Errorf("%s: %v", name, r.done)
		}
		if course := whys(out.Traffic); !slices.Contains(course, "2.5s [100 0] candidate violated") {
			t.Errorf("%s: %v", name, course)
		}
	}
}

func TestOrdersAreObeyedWithinARoundAndRecorded(t *testing.T) {
	r := &road{orders: map[int]trial.Order{
		2: {Kind: trial.Pause, By: "ann"}, 3: {Kind: trial.Pause, By: "ann"}, 7: {Kind: trial.Resume, By: "ben"},
		8: {Kind: trial.End, Weights: []int{70, 30}, By: "ben"},
	}}
	out, kept := drive(t.Context(), r, 20, 0)
	want := []string{
		"0s [90 10] start", "2s [90 10] paused by order of ann", "7s [90 10] resumed by order of ben", "7.5s [80 20] evidence",
		"8s [80 20] ended by order of ben", "8s [70 30] end",
	}
	if diff := cmp.Diff(want, whys(out.Traffic)); diff != "" {
		t.Error(diff)
	}
	if r.done[len(r.done)-1] != "leave [70 30]" || out.Status != trial.Judged || len(kept.kept) != 8 {
		t.Errorf("%v, %s, %d rounds", r.done, out.Status, len(kept.kept))
	}
}

func TestARouteIsLeftWhateverHappens(t *testing.T) {
	other := &trial.TakenOverError{Route: "httproute/shop", Detail: "weight 50 in the place of 20"}
	busy := &trial.NotReadyError{Within: "10s", Reasons: []string{"another trial has it"}}
	full := errors.New("no space")
	for _, c := range []struct {
		name   string
		road   road
		store  error
		meter  Meter
		cancel bool
		want   trial.Status
		reason string
	}{
		{name: "to the end", want: trial.Judged},
		{name: "cancelled", cancel: true, want: trial.Cancelled, reason: "cancelled"},
		{name: "no load", meter: meter{err: errors.New("no such host")}, want: trial.Broken, reason: "no such host"},
		{name: "disk full", store: full, want: trial.Broken, reason: "no space"},
		{name: "taking fails", road: road{take: errors.New("forbidden")}, want: trial.Broken, reason: "could not take the route: forbidden"},
		{name: "busy", road: road{take: busy}, want: trial.NotReady, reason: "another trial has it"},
		{name: "no right to take it", road: road{take: forbidden{}}, want: trial.Broken, reason: "the API server forbids it"},
		{name: "opening fails", road: road{fails: map[string]error{"[90 10]": errors.New("away")}}, want: trial.Broken, reason: "could not move traffic: away"},
		{name: "moving fails", road: road{fails: map[string]error{"[80 20]": errors.New("away")}}, want: trial.Broken, reason: "could not move traffic: away"},
		{name: "taken over", road: road{fails: map[string]error{"[80 20]": other}}, want: trial.Broken, reason: other.Error()},
		{name: "another hand", road: road{seen: heard(other)}, want: trial.Broken, reason: other.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.cancel {
				cancel()
			}
			r, kept, p := &c.road, &store{err: c.store}, policy{}
			s := Stages{Waiter: waiter{}, Meter: clockwork(5), Store: kept, Judge: judge(undecided), Watcher: &watcher{}, Traffic: &Traffic{
				Route: r, Opening: []int{90, 10}, Steerer: p, Reliever: p, Ender: p, Every: 3 * time.Second, Clock: time.Now,
			}}
			if c.meter != nil {
				s.Meter = c.meter
			}
			out := Run(ctx, s)
			if out.Status != c.want || !strings.Contains(out.Reason, c.reason) {
				t.Errorf("%s, %q; want %s, %q", out.Status, out.Reason, c.want, c.reason)
			}
			want := "leave []"
			if c.want == trial.Judged {
				want = "leave [0 100]"
			}
			if got := r.done[len(r.done)-1]; got != want || r.cut != nil {
				t.Errorf("%v, in a context that ended with %v; want %s", r.done, r.cut, want)
			}
			if left := time.Until(r.deadline); left <= 0 || left > LeaveWithin {
				t.Errorf("leaving has %s", left)
			}
		})
	}
}

// forbidden is an error that knows what to do about it.
type forbidden struct{}

func (forbidden) Error() string  { return "the API server forbids it. Ask for the right." }
func (forbidden) Reason() string { return "the API server forbids it" }
func (forbidden) Remedy() string { return "Ask for the right." }

func TestWhatToDoAboutARouteIsToldWhereItIsKnown(t *testing.T) {
	if out, _ := drive(t.Context(), &road{take: forbidden{}}, 4, 0); out.Remedy != "Ask for the right." {
		t.Errorf("%q: %q", out.Reason, out.Remedy)
	}
}

func heard(err error) chan error {
	c := make(chan error, 1)
	c <- err
	return c
}

func TestARouteThatIsNotLeftBreaksTheTrial(t *testing.T) {
	away := errors.New("away")
	out, _ := drive(t.Context(), &road{leave: away}, 4, 0)
	if out.Status != trial.Broken || out.Unleft != away || !strings.Contains(out.Reason, "away") {
		t.Errorf("%s, %q, %v", out.Status, out.Reason, out.Unleft)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if out, _ := drive(cancelled, &road{leave: away}, 4, 0); out.Status != trial.Cancelled || out.Unleft != away {
		t.Errorf("after a signal: %s, %v", out.Status, out.Unleft)
	}
}

func TestADryRunMarksNoRound(t *testing.T) {
	r, kept, p := &road{}, &store{}, policy{}
	out := Run(t.Context(), Stages{Waiter: waiter{}, Meter: clockwork(5), Store: kept, Judge: judge(undecided), Watcher: &watcher{}, Traffic: &Traffic{
		Route: r, Opening: []int{90, 10}, Steerer: p, Reliever: p, Ender: p, Every: time.Second, Settle: time.Second, Dry: true, Clock: time.Now,
	}})
	for _, x := range kept.kept {
		if x.Weights != nil || x.Settling {
			t.Errorf("round %d: %v, %v", x.Index, x.Weights, x.Settling)
		}
	}
	if !out.Traffic.Dry || len(out.Traffic.Course) < 3 {
		t.Errorf("%+v", out.Traffic)
	}
}

// queued is a meter that goes on while its rounds are not taken: all of them
// have ended when the first is given.
type queued int

func (m queued) Rounds(context.Context) iter.Seq2[trial.Round, error] {
	return clockwork(m).Rounds(context.Background())
}

func TestRoundsBesideAMoveThatFailedAreKeptAndNotJudged(t *testing.T) {
	r, kept, p := &road{fails: map[string]error{"[80 20]": errors.New("away")}}, &store{}, policy{}
	out := Run(t.Context(), Stages{Waiter: waiter{}, Meter: queued(9), Store: kept, Judge: judge(undecided), Watcher: &watcher{}, Traffic: &Traffic{
		Route: r, Opening: []int{90, 10}, Steerer: p, Reliever: p, Ender: p, Every: 3 * time.Second, Settle: time.Second, Clock: func() time.Time { return r.now },
	}})
	if out.Status != trial.Broken || out.Reason != "could not move traffic: away" {
		t.Errorf("%s, %q", out.Status, out.Reason)
	}
	if diff := cmp.Diff([]string{"take", "[90 10]", "[80 20]", "leave []"}, r.done); diff != "" {
		t.Error(diff)
	}
	var settling []bool
	for _, x := range kept.kept {
		settling = append(settling, x.Settling)
	}
	if diff := cmp.Diff([]bool{true, false, false, true, true, true, true, true, true}, settling); diff != "" {
		t.Error(diff)
	}
}

func TestTrafficOfATrialThatGoesOnIsInItsTime(t *testing.T) {
	r := &road{}
	s := &steering{Traffic: Traffic{Route: r, Opening: []int{90, 10}, Since: 5 * time.Minute, Settle: 2 * time.Second, Clock: func() time.Time { return r.now }}}
	if err := s.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	window := func(i int) trial.Round {
		out := trial.Round{Start: time.Duration(i) * 15 * time.Second, End: time.Duration(i+1) * 15 * time.Second}
		s.mark(&out)
		return out
	}
	first, second := window(20), window(21)
	if !first.Settling || second.Settling || !slices.Equal(first.Weights, []int{90, 10}) || s.told.Course[0].At != 5*time.Minute {
		t.Errorf("%+v, %+v, %+v", first, second, s.told.Course)
	}
}
