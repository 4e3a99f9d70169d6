package summary

import (
	"fmt"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Of metrics from elsewhere a round is a window, and nobody knows how many
// requests were in it.

// fromElsewhere reports whether the row's rounds are windows.
func (r row) fromElsewhere() bool { return r.Series != "" }

// rounds is so many of the row's own rounds.
func (r row) rounds(n int) string {
	if r.fromElsewhere() {
		return counted(n, "window")
	}
	return counted(n, "round")
}

// seen is what the row rests on: "27 rounds, 1,350 requests", "40 windows of 15 s, 3 more without data".
func (r row) seen() string {
	if !r.fromElsewhere() {
		return counted(r.Rounds, "round") + ", " + counted(r.Requests, "request")
	}
	text := r.rounds(r.Rounds)
	if r.Window > 0 {
		text += " of " + seconds(r.Window)
	}
	if r.Missing > 0 && r.Rounds == 0 {
		return r.rounds(r.Missing) + " without data"
	}
	if r.Missing > 0 {
		text += ", " + grouped(r.Missing) + " more without data"
	}
	return text
}

// requests are those the row rests on, where they are known.
func (r row) requests() string {
	if r.fromElsewhere() {
		return "–"
	}
	return grouped(r.Requests)
}

// more is what would settle the row: "about 80 rounds more (20 s, 2,000 requests to each version)".
func (r row) more() string {
	n := *r.Needs
	if r.fromElsewhere() {
		return fmt.Sprintf("about %s more (%s)", r.rounds(n.Rounds), seconds(n.Seconds))
	}
	return fmt.Sprintf("about %s more (%s, %s to each version)", r.rounds(n.Rounds), seconds(n.Seconds), counted(n.Requests, "request"))
}

// mostGaps is how many reasons for missing data are told of a row.
const mostGaps = 3

// why says for what reasons the row has windows without data, as their sources
// told them: untrusted. Empty where none is missing.
func (r row) why() string {
	var parts []string
	for i, g := range r.Gaps {
		if i == mostGaps {
			parts = append(parts, "and others")
			break
		}
		parts = append(parts, clip(Plain(g.Reason), longestName)+" ("+grouped(g.Rounds)+")")
	}
	return strings.Join(parts, ", ")
}

// elsewhere says in a sentence what was judged beside the load, or without it.
func (v view) elsewhere() string {
	var parts []string
	for _, w := range v.Measured.Windows {
		text := counted(w.Rounds, "window")
		if w.Rounds > 0 {
			text += " of " + seconds(w.Seconds/float64(w.Rounds))
		}
		parts = append(parts, text+" of "+clip(w.Series, longestName))
	}
	if parts == nil {
		return ""
	}
	return "From elsewhere: " + strings.Join(parts, ", ") + "."
}

// hasLoad reports whether anything was sent.
func (v view) hasLoad() bool { return v.Measured.Requests > 0 || len(v.Measured.Windows) == 0 }

// mostCourses is how many lines a reader looks through.
const mostCourses = 24

// courses is the section with each metric's course in block characters. The
// versions of one metric share a scale.
func (v view) courses() section {
	const points = 60
	var t table
	for _, head := range []string{"metric", "version", "by window"} {
		t.column(head, "---")
	}
	t.column("lowest … highest", "--:")
	for i, c := range v.Courses {
		low, high := extent(c.Values)
		if i == mostCourses {
			break
		}
		if len(c.Values) == 0 {
			continue
		}
		least, most := v.scale(c.Metric)
		t.row(escapeMarkdown(clip(c.Metric, longestName)), code(v.title(c.Version)), "`"+spark(downsample(c.Values, points), least, most)+"`",
			firm(trial.Quantity{Value: low, Unit: c.Unit}.String())+" … "+firm(trial.Quantity{Value: high, Unit: c.Unit}.String()))
	}
	if len(v.Courses) == 0 {
		return section{}
	}
	return section{title: "Metrics by window", body: t.String(), folded: true, shown: true, cut: thenChart}
}

// scale is the extent of a metric over all versions.
func (v view) scale(metric string) (low, high float64) {
	var all []float64
	for _, c := range v.Courses {
		if c.Metric == metric {
			all = append(all, c.Values...)
		}
	}
	return extent(all)
}
