package trial

import "time"

// Hook is a command or a message that the trial file asked for at a turn of
// the trial, and what came of it. What was asked for each round stands once.
type Hook struct {
	Event   string        `json:"event"`             // start, round, pass, fail, inconclusive or finish
	Name    string        `json:"name"`              // untrusted
	Runs    int           `json:"runs"`              // 0: left out, because one before it failed
	Failed  int           `json:"failed,omitempty"`  // of the runs
	Ignored bool          `json:"ignored,omitempty"` // its failure means nothing to the trial
	Exit    int           `json:"exit"`              // of the last run that failed, else 0; -1 where it has no exit code
	Took    time.Duration `json:"took"`              // all runs
	Trouble string        `json:"trouble,omitempty"` // why it failed, or was left out: "exit code 3"
	Output  []string      `json:"output,omitempty"`  // the last lines of the run that failed: untrusted
}

// Failing returns the first hook of an event whose failure counts.
func (r Report) Failing(event string) (Hook, bool) {
	for _, h := range r.Hooks {
		if h.Event == event && h.Failed > 0 && !h.Ignored {
			return h, true
		}
	}
	return Hook{}, false
}
