package summary

import (
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Bounds of what is shown of commands.
const (
	mostHooks       = 30
	mostOutputs     = 5 // of those that failed
	longestOutput   = 200
	mostOutputLines = 10
)

// doneTitle tells a failure without being unfolded.
func (v view) doneTitle() string {
	failed := 0
	for _, h := range v.Hooks {
		if h.Failed > 0 {
			failed++
		}
	}
	title := "What was done: " + counted(len(v.Hooks), "command")
	if failed > 0 {
		title += ", " + grouped(failed) + " failed"
	}
	return title
}

// hooks is what the commands of the trial file came to.
func (v view) hooks() string {
	if len(v.Hooks) == 0 {
		return ""
	}
	var t table
	for _, head := range []string{"", "on", "command"} {
		t.column(head, "---")
	}
	t.column("took", "--:")
	t.column("outcome", "---")
	for _, h := range v.Hooks[:min(len(v.Hooks), mostHooks)] {
		t.row(signOf(h).emoji, escapeMarkdown(clip(h.Event, longestName)), code(clip(h.Name, longestName)), firm(duration(h.Took)), escapeMarkdown(cameOf(h)))
	}
	parts := []string{t.String()}
	if left := len(v.Hooks) - mostHooks; left > 0 {
		parts = append(parts, "and "+grouped(left)+" more, in report.json")
	}
	return strings.Join(append(parts, v.hookOutputs()...), "\n\n")
}

// hookOutputs are the last lines of what failed.
func (v view) hookOutputs() []string {
	var out []string
	for _, h := range v.Hooks {
		if h.Failed == 0 || len(h.Output) == 0 || len(out) == mostOutputs {
			continue
		}
		text := "Before it failed, " + code(clip(h.Name, longestName)) + " said:\n"
		for _, line := range h.Output[max(0, len(h.Output)-mostOutputLines):] {
			text += "\n- " + code(clip(line, longestOutput))
		}
		out = append(out, text)
	}
	return out
}

// signOf is how a hook is marked: what was left out is open.
func signOf(h trial.Hook) outcome {
	switch {
	case h.Failed > 0:
		return verdictOf(trial.Fail)
	case h.Runs == 0:
		return verdictOf(trial.Inconclusive)
	}
	return verdictOf(trial.Pass)
}

// cameOf says in a few words what came of a hook.
func cameOf(h trial.Hook) string {
	text := "done"
	if h.Trouble != "" {
		text = clip(h.Trouble, longestOutput)
	}
	if h.Runs > 1 {
		text += " (" + grouped(h.Failed) + " of " + counted(h.Runs, "run") + " failed)"
	}
	if h.Failed > 0 && h.Ignored {
		text += ", ignored"
	}
	return text
}

// hookSayings are the same for a terminal.
func (v view) hookSayings() []saying {
	var out []saying
	for _, h := range v.Hooks[:min(len(v.Hooks), mostHooks)] {
		text := signOf(h).sign + " " + clip(h.Name, longestName) + ": " + cameOf(h)
		if n := len(h.Output); n > 0 {
			text += ": " + clip(h.Output[n-1], longestOutput)
		}
		out = append(out, saying{"On " + clip(h.Event, longestName), text})
	}
	if left := len(v.Hooks) - mostHooks; left > 0 {
		out = append(out, saying{"And", grouped(left) + " more commands, in report.json"})
	}
	return out
}
