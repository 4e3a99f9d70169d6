package runner

import (
	"context"
	"iter"
	"sync"

	"github.com/seatrial/seatrial/trial"
)

// Together measures by several meters at the same time, which begin together;
// their rounds come as they end. Of one meter that is the meter itself.
func Together(meters ...Meter) Meter {
	if len(meters) == 1 {
		return meters[0]
	}
	return together(meters)
}

type together []Meter

// Rounds ends when all meters have ended. The first error ends all.
func (t together) Rounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		all := t.begin(ctx)
		defer all.drain(stop)
		for one := range all.rounds {
			if !yield(one.round, one.err) || one.err != nil {
				return
			}
		}
	}
}

// given is what a meter gives.
type given struct {
	round trial.Round
	err   error
}

type merged struct{ rounds chan given }

func (t together) begin(ctx context.Context) merged {
	m := merged{make(chan given)}
	var measuring sync.WaitGroup
	for _, meter := range t {
		measuring.Go(func() {
			for round, err := range meter.Rounds(ctx) {
				m.rounds <- given{round, err}
			}
		})
	}
	go func() { measuring.Wait(); close(m.rounds) }()
	return m
}

// drain ends the meters and waits until all have ended: none measures beyond
// the trial.
func (m merged) drain(stop context.CancelFunc) {
	stop()
	for range m.rounds {
	}
}
