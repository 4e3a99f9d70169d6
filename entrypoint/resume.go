package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/trial"
)

// former is the trial that this one goes on with: nil where it begins anew,
// which the first of several runs does.
func (p process) former(file *config.File) (*evidence.Evidence, error) {
	if file.Resume == "" {
		return nil, nil
	}
	if _, err := p.readFile(filepath.Join(file.Resume, evidence.RoundsFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	former, err := evidence.Open(file.Resume)
	if err != nil {
		return nil, fmt.Errorf("the trial in %s can't be gone on with: %w", file.Resume, err)
	}
	stored, err := config.LoadStored(former.TrialFile, nil)
	if err != nil {
		return nil, fmt.Errorf("the trial in %s can't be gone on with: its trial file: %w", file.Resume, err)
	}
	if err := file.CheckResumed(stored); err != nil {
		return nil, err
	}
	file.Load.Seed = former.Seed
	return former, nil
}

// open makes the evidence directory, or opens that of the former trial.
func (a *attempt) open(resolved []byte) (*evidence.Writer, error) {
	if a.former != nil {
		return evidence.Resume(a.file.ReportDir, a.former, reportFiles()...)
	}
	return evidence.Create(a.file.ReportDir, a.header, resolved, reportFiles()...)
}

// replayFormer shows the judge what the former trial measured.
func (a *attempt) replayFormer() trial.Look {
	var last trial.Look
	if a.former == nil {
		return last
	}
	for _, round := range a.former.Rounds {
		last = a.judge.Look(round)
	}
	return last
}

// firstWindow is the number of the first window that is asked about.
func (a *attempt) firstWindow() int {
	first := 0
	if a.former != nil {
		for _, round := range a.former.Rounds {
			first = max(first, round.Index+1)
		}
	}
	return first
}

// since is when the trial goes on, in the time of its rounds.
func (a *attempt) since() time.Duration {
	return time.Duration(a.firstWindow()) * a.file.Windows.Interval
}

// goneOn tells a reader that a part of the evidence is of an earlier run.
func (a *attempt) goneOn() string {
	if a.former == nil {
		return ""
	}
	return fmt.Sprintf("This run went on with a former one: the first %d windows were there already.", a.firstWindow())
}
