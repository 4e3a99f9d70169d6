package summary

import (
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Bounds of what is shown of objects that did not become ready.
const (
	mostUnready  = 10
	mostLogs     = 6
	mostLogLines = 40
	mostWarnings = 10
)

// unready is what the cluster tells of each object that did not become ready.
// Logs stand in indented code, which nothing in them can end.
func (v view) unready() string {
	var parts []string
	for _, u := range v.Unready[:min(len(v.Unready), mostUnready)] {
		parts = append(parts, "- "+code(u.Object)+": "+mark(u.Sentence))
		for _, log := range u.Logs[:min(len(u.Logs), mostLogs)] {
			parts = append(parts, escapeMarkdown(logTitle(log))+":", "    "+strings.Join(logLines(log), "\n    "))
		}
		if warnings := warningsOf(u); len(warnings) > 0 {
			parts = append(parts, "Recent warnings of the cluster:", "- "+strings.Join(marked(warnings), "\n- "))
		}
	}
	return strings.Join(parts, "\n\n")
}

func marked(texts []string) []string {
	var out []string
	for _, text := range texts {
		out = append(out, escapeMarkdown(text))
	}
	return out
}

func logTitle(l trial.PodLog) string {
	title := "Last lines of the log of pod " + clip(l.Pod, longestName) + ", container " + clip(l.Container, longestName)
	if l.Previous {
		title += ", before its restart"
	}
	return title
}

// logLines are never none: a title without lines would make what follows a part of it.
func logLines(l trial.PodLog) []string {
	var out []string
	for _, line := range l.Lines[max(0, len(l.Lines)-mostLogLines):] {
		if line = Plain(line); line != "" {
			out = append(out, line)
		}
	}
	if len(out) == 0 {
		return []string{"(empty)"}
	}
	return out
}

func warningsOf(u trial.Unready) []string {
	var out []string
	for _, e := range u.Events[max(0, len(u.Events)-mostWarnings):] {
		if e = Plain(e); e != "" {
			out = append(out, e)
		}
	}
	return out
}

// unreadyText is the same for a terminal or a log.
func (v view) unreadyText(width int) string {
	var b strings.Builder
	for _, u := range v.Unready[:min(len(v.Unready), mostUnready)] {
		for _, log := range u.Logs[:min(len(u.Logs), mostLogs)] {
			b.WriteString("\n" + wrap("", logTitle(log)+":", width))
			for _, line := range logLines(log) {
				b.WriteString(wrap("  | ", line, width))
			}
		}
		if warnings := warningsOf(u); len(warnings) > 0 {
			b.WriteString("\n" + wrap("", "Recent warnings about "+clip(u.Object, longestName)+":", width))
			for _, line := range warnings {
				b.WriteString(wrap("  - ", line, width))
			}
		}
	}
	return b.String()
}
