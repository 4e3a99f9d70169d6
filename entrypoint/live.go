package main

import (
	"slices"
	"sync"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/metrics"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/trial"
)

// meter is all that measures in a trial: the load, where any is sent, and who is
// asked for metrics. The returned function lets go of these.
func (p process) meter(file config.File, first int) (runner.Meter, func(), error) {
	asked, release, err := p.askers(file, first)
	if err != nil {
		return nil, nil, err
	}
	var all []runner.Meter
	if !file.NoLoad() {
		load, err := loadgen.NewMeter(file.Load, file.Sent(), file.Targets())
		if err != nil {
			release()
			return nil, nil, err
		}
		all = append(all, load)
	}
	for _, m := range asked {
		all = append(all, m)
	}
	return runner.Together(all...), release, nil
}

// askers ask each provider. Their windows are counted from first.
func (p process) askers(file config.File, first int) ([]*metrics.Meter, func(), error) {
	plan := file.Asked()
	plan.First = first
	meters, err := plan.Meters(p.around(file))
	if err != nil {
		return nil, nil, err
	}
	return meters, func() {
		for _, m := range meters {
			_ = m.Close() // nothing was written to it
		}
	}, nil
}

// around is what providers need of the process.
func (p process) around(file config.File) metrics.Surroundings {
	secrets := &learning{known: append(file.Secrets(), file.Load.Secrets...)}
	return metrics.Surroundings{ReadFile: p.readFile, Getenv: p.getenv, Now: p.now, Hide: secrets.hide, Learn: secrets.learn}
}

// learning hides secrets, those too that are fetched while a trial runs: tokens
// that a provider gives for others.
type learning struct {
	lock  sync.Mutex
	known []string
	hider *trial.Hider // of all known; nil until it is needed
}

func (l *learning) learn(secret string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if !slices.Contains(l.known, secret) {
		l.known, l.hider = append(l.known, secret), nil
	}
}

func (l *learning) hide(text string) string {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.hider == nil {
		hider := trial.NewHider(l.known)
		l.hider = &hider
	}
	return l.hider.Hide(text, false)
}
