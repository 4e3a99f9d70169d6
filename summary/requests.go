package summary

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seatrial/seatrial/trial"
)

// Where a load sends several requests, nothing is shown of all of them together
// that does not say so.

// mostRequests is how many requests a table or a row of charts shows.
const (
	mostRequests = 40
	mostCharts   = 8
)

// manyRequests reports whether there are several to tell apart.
func (v view) manyRequests() bool { return len(v.Requests) > 1 }

// requests is the table of what was sent of each request.
func (v view) requests() string {
	if !v.manyRequests() {
		return ""
	}
	var t table
	t.column("request", "---")
	t.column("version", "---")
	for _, head := range []string{"sent", "answered", "failed", "p50", "p95", "p99"} {
		t.column(head, "--:")
	}
	left := 0
	for _, total := range v.Totals {
		switch {
		case total.Request == "":
		case len(t.rows) >= mostRequests:
			left++
		default:
			t.row(code(total.Request), code(v.title(total.Version)), grouped(total.Requests), grouped(total.Requests-total.Failed), grouped(total.Failed),
				firm(total.P50.String()), firm(total.P95.String()), firm(total.P99.String()))
		}
	}
	if len(t.rows) == 0 {
		return ""
	}
	if left > 0 {
		return t.String() + "\n\nand " + counted(left, "row") + " more, in report.json"
	}
	return t.String()
}

// charted are the requests that there are charts of, and how many are left out: "" is
// all of them together, which is only drawn where something is asked of that.
func (v view) charted() (requests []string, left int) {
	if !v.manyRequests() {
		return []string{""}, 0
	}
	if slices.ContainsFunc(v.Findings, func(f trial.Finding) bool { return f.Request == trial.Overall }) {
		requests = []string{""}
	}
	shown := min(len(v.Requests), mostCharts)
	return append(requests, v.Requests[:shown]...), len(v.Requests) - shown
}

// charts is the section with the course of each request.
func (v view) charts() section {
	if !v.manyRequests() {
		return v.chart()
	}
	s := section{folded: true, shown: true, cut: thenChart, title: v.chartTitle() + ", of each request"}
	var drawn plot
	requests, left := v.charted()
	for _, request := range requests {
		p := v.course(request, chartPoints)
		if p.empty() {
			continue
		}
		name := "all requests"
		if request != "" {
			name = clip(request, longestName)
		}
		s.body += "**" + escapeMarkdown(name) + "**\n\n" + p.mermaid() + "\n\n" + p.sparklines() + "\n\n"
		s.svg += "<p><strong>" + html.EscapeString(name) + "</strong></p>\n" + v.course(request, pagePoints).svg() + "\n"
		drawn = p
	}
	if s.body == "" {
		return section{}
	}
	s.body += mark(drawn.moments())
	if left > 0 {
		more := counted(left, "more request") + " not drawn."
		s.body, s.svg = s.body+" "+more, s.svg+"<p>"+more+"</p>\n"
	}
	return s
}

// shorten clips an objective to a width. Of a request with a long name the end of
// that goes first: the metric and its limit tell the rows apart.
func shorten(about string, width int) string {
	request, rest, found := strings.Cut(about, "/")
	if found && trial.IsRequestName(request) {
		room := width - 1 - utf8.RuneCountInString(rest)
		request = clip(request, max(room, shortestRequest))
	}
	if found {
		about = request + "/" + rest
	}
	return clip(about, width)
}

// shortestRequest is what still tells a request from others, in characters.
const shortestRequest = 8

// Objective is an objective in a line of a log, in so many characters at most.
func Objective(text string, width int) string { return shorten(Plain(text), width) }

// sent says in a sentence what the load was of.
func (v view) sent() string {
	if !v.manyRequests() || len(v.Versions) == 0 {
		return ""
	}
	var parts []string
	for _, total := range v.Totals {
		if total.Request != "" && total.Version == v.Versions[0].Name && len(parts) < mostRequests {
			parts = append(parts, fmt.Sprintf("%s %s", grouped(total.Requests), clip(total.Request, longestName)))
		}
	}
	if parts == nil {
		return ""
	}
	return " Of the requests to each version were " + strings.Join(parts, ", ") + "."
}
