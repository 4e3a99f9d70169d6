package summary

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// step is one change of the split as it is shown; the zero one stands for those
// left out.
type step struct {
	trial.Split
	skipped int
}

// What is shown of a course that has more steps.
const (
	firstSteps = 4
	lastSteps  = 8
)

func (v view) steps() []step {
	var out []step
	for _, s := range v.Traffic.Course {
		out = append(out, step{Split: s})
	}
	if left := len(out) - firstSteps - lastSteps; left > 1 {
		return slices.Concat(out[:firstSteps], []step{{skipped: left}}, out[len(out)-lastSteps:])
	}
	return out
}

// mostShares is how many versions have a column of their own.
const mostShares = 4

// shareHeads are the columns of a split.
func (v view) shareHeads() []string {
	var titles []string
	for _, version := range v.Versions {
		titles = append(titles, v.title(version.Name))
	}
	if len(titles) > mostShares {
		return []string{clip(strings.Join(titles, " / "), longestName)}
	}
	return titles
}

// shares is a split in those columns.
func (v view) shares(weights []int) []string {
	var parts []string
	for _, w := range weights {
		parts = append(parts, fmt.Sprint(w))
	}
	if len(v.Versions) > mostShares {
		return []string{clip(strings.Join(parts, "/"), longestName)}
	}
	for i := range parts {
		parts[i] += " %"
	}
	return parts
}

func (s step) from() string {
	if s.At <= 0 {
		return "0 s"
	}
	return duration(s.At)
}

// reason says of the last split also how the route was left.
func (v view) reason(s step) string {
	if s.Why == trial.AtTheEnd && v.Traffic.Left != "" {
		return s.Why + ": " + v.Traffic.Left
	}
	return s.Why
}

func (s step) more() string { return "… " + counted(s.skipped, "step") + " more, in report.json" }

// routed is the course of each candidate and how the route was left, in a line.
func (v view) routed() string {
	t := v.Traffic
	text := clip(t.Route, longestName) + ", " + Plain(t.Strategy)
	if t.Matching {
		text += " of requests that match"
	}
	if courses := v.allPercents(); courses != "" {
		text += ": " + courses
	}
	switch {
	case t.Remedy != "":
		return text + "; NOT left as it should be"
	case t.Dry:
		return text + "; " + Plain(t.Left)
	}
	return text + "; left: " + Plain(t.Left)
}

func (v view) allPercents() string {
	var out []string
	for i, version := range v.Versions {
		if version.Role == trial.Candidate && len(out) < mostShares {
			if course := v.percents(i); course != "" {
				out = append(out, v.title(version.Name)+" "+course+" %")
			}
		}
	}
	return strings.Join(out, ", ")
}

// percents are one version's percents: "10 → 20 → 0".
func (v view) percents(version int) string {
	var out []string
	for _, s := range v.steps() {
		text := "…"
		if s.skipped == 0 {
			if version >= len(s.Weights) {
				return ""
			}
			text = fmt.Sprint(s.Weights[version])
		}
		if len(out) == 0 || out[len(out)-1] != text {
			out = append(out, text)
		}
	}
	return strings.Join(out, " → ")
}

// aboutRoute is the label of what a person must do about a route.
const aboutRoute = "To do about the route"

// trafficLine is what everybody is to see of live traffic.
func (v view) trafficLine() string {
	if v.Traffic == nil {
		return ""
	}
	text := "**Traffic:** " + escapeMarkdown(v.routed())
	if v.Traffic.Remedy != "" {
		return "**" + aboutRoute + ": " + mark(v.Traffic.Remedy) + "**\n\n" + text
	}
	return text
}

// trafficTable is the course with time and reason of each step.
func (v view) trafficTable() string {
	if v.Traffic == nil || len(v.Traffic.Course) == 0 {
		return ""
	}
	var t table
	t.column("from", "--:")
	heads := v.shareHeads()
	for _, head := range heads {
		t.column(code(head), "--:")
	}
	t.column("why", "---")
	for _, s := range v.steps() {
		if s.skipped > 0 {
			t.row(slices.Concat([]string{""}, make([]string, len(heads)), []string{s.more()})...)
			continue
		}
		cells := []string{firm(s.from())}
		for _, share := range filled(v.shares(s.Weights), len(heads)) {
			cells = append(cells, firm(share))
		}
		t.row(append(cells, mark(v.reason(s)))...)
	}
	return t.String() + "\n\n" + mark(strings.Join(v.splitKept(), " "))
}

// filled gives a row as many cells as there are columns.
func filled(cells []string, columns int) []string {
	return append(cells, make([]string, max(0, columns-len(cells)))...)[:columns]
}

// splitKept is what is known of whether requests went where the split said, and
// what the moves cost.
func (v view) splitKept() []string {
	t := v.Traffic
	var out []string
	if t.Matching {
		out = append(out, "These are the requests that match; all others went to the baseline.")
	}
	for _, p := range t.Parts[:min(len(t.Parts), fewest)] {
		out = append(out, fmt.Sprintf("%s was assigned %s of the requests and got %s (%s).",
			v.title(p.Version), p.Assigned, p.Got, counted(p.Requests, "request")))
	}
	if len(t.Parts) == 0 {
		out = append(out, "The trial asked every version at its own address; whether users' requests went where the split said was not counted.")
	}
	if t.Settling > 0 {
		out = append(out, counted(t.Settling, "round")+" in which the split moved or settled "+wasWere(t.Settling)+" recorded and not judged.")
	}
	return out
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// trafficText is the course as a table of text.
func (v view) trafficText(style Style) string {
	if v.Traffic == nil || len(v.Traffic.Course) == 0 {
		return ""
	}
	heads := v.shareHeads()
	at := column{right: true, cells: []string{"traffic from"}}
	why := column{cells: []string{"why"}}
	shares := make([]column, len(heads))
	for i, head := range heads {
		shares[i] = column{right: true, cells: []string{head}}
	}
	for _, s := range v.steps() {
		if s.skipped > 0 {
			at.add("")
			why.add(s.more())
		} else {
			at.add(s.from())
			why.add(Plain(v.reason(s)))
		}
		for i, cell := range filled(v.shares(s.Weights), len(heads)) {
			shares[i].add(cell)
		}
	}
	g := append(append(grid{at}, shares...), why)
	for i := len(g) - 1; i > 0; i-- {
		if over := g.width() - style.Width; style.Width > 0 && over > 0 {
			g[i].narrow(g[i].width() - over)
		}
	}
	return "\n" + g.text(style)
}

// trafficSaid are the sentences about it.
func (v view) trafficSaid() []saying {
	if v.Traffic == nil {
		return nil
	}
	out := []saying{{"Traffic", v.routed()}}
	if v.Traffic.Remedy != "" {
		out = append([]saying{{aboutRoute, Plain(v.Traffic.Remedy)}}, out...)
	}
	return out
}
