package main

import (
	"context"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/trial"
)

// roundHooks does what is asked for each round beside the load: never two rounds'
// at a time, and nothing waits for it while the trial measures.
type roundHooks struct {
	*hooks
	runner.Watcher // that is told as well

	ctx     context.Context
	stop    context.CancelFunc
	rounds  int
	weights []int         // of the last round
	idle    chan struct{} // closed when what was begun has ended
	totals  []trial.Hook  // of each action; for whoever has seen idle closed
}

// roundLeave is how long what the last round began may take after the trial.
const roundLeave = 3 * time.Second

func newRoundHooks(h *hooks) *roundHooks {
	b := &roundHooks{hooks: h, idle: make(chan struct{}), stop: func() {}}
	close(b.idle)
	for _, a := range h.file.On.Round {
		b.totals = append(b.totals, h.hook(a, situation{Event: config.OnRound}))
	}
	return b
}

// watching is the watcher of a trial that ends with a context.
func (b *roundHooks) watching(ctx context.Context, w runner.Watcher) runner.Watcher {
	b.Watcher = w
	b.ctx, b.stop = context.WithCancel(ctx)
	return b
}

// Looked begins the actions of a judged round unless those of one before
// still run.
func (b *roundHooks) Looked(r trial.Round, l trial.Look) {
	b.Watcher.Looked(r, l)
	if r.Weights != nil {
		b.weights = r.Weights
	}
	if len(b.totals) == 0 || l.Rounds == b.rounds {
		return
	}
	b.rounds = l.Rounds
	select {
	case <-b.idle:
	default:
		return
	}
	s := situation{
		Event: config.OnRound, Status: "running", Verdict: l.Verdict.String(), Round: l.Rounds,
		Elapsed: time.Duration(l.Seconds * float64(time.Second)), Weights: r.Weights,
	}
	b.idle = make(chan struct{})
	go func(ended chan struct{}) {
		defer close(ended)
		b.take(s)
	}(b.idle)
}

func (b *roundHooks) take(s situation) {
	for i, a := range b.file.On.Round {
		if !a.If.Holds(s.facts()) || b.ctx.Err() != nil {
			continue
		}
		done := b.act(b.ctx, a, s, nil)
		total := &b.totals[i]
		total.Runs++
		total.Took += done.Took
		if done.Failed > 0 && b.ctx.Err() == nil { // not for the end of the trial
			total.Failed++
			total.Exit, total.Trouble, total.Output = done.Exit, done.Trouble, done.Output
		}
	}
}

// end lets what still runs end, and is what came of all.
func (b *roundHooks) end() []trial.Hook {
	leave := time.AfterFunc(roundLeave, b.stop)
	<-b.idle
	leave.Stop()
	b.stop()
	var ran []trial.Hook
	for _, total := range b.totals {
		if total.Runs > 0 {
			ran = append(ran, total)
		}
	}
	return ran
}
