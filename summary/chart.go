package summary

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// plot is a report's course as both charts show it: one line a version.
type plot struct {
	lines    []line
	unit     string  // of the lines' values
	top      float64 // greatest value, in the unit
	from, to float64 // seconds
	warmup   float64 // second at which it ended; from where there was none
	decided  float64 // second at which the verdict was shown; 0 if it was not
	verdict  string
	left     int // versions without a line
}

type line struct {
	title  string
	hue    int       // of the palette
	values []float64 // NaN where nothing was answered
}

// mostLines is how many lines the eye and the palettes can tell apart.
const mostLines = 6

// course is each version's p95 of a request by round, or of all, averaged to at
// most points.
func (v view) course(request string, points int) plot {
	p := plot{unit: "s", verdict: outcomeOf(v.Report).word}
	if _, takenBack := v.Failing("pass"); takenBack {
		p.verdict = verdictOf(trial.Pass).word
	}
	hues := v.hues()
	factor := 1.0
	if longest := v.slowest(request); longest < 0.001 {
		p.unit, factor = "µs", 1e6
	} else if longest < 1 {
		p.unit, factor = "ms", 1e3
	}
	for _, t := range v.Series {
		if t.Request != request || len(t.At) < 2 || len(t.P95) != len(t.At) {
			continue
		}
		if len(p.lines) == mostLines {
			p.left++
			continue
		}
		values := make([]float64, len(t.P95))
		for i, s := range t.P95 {
			if values[i] = s * factor; s <= 0 {
				values[i] = math.NaN()
			}
		}
		values = downsample(values, points)
		p.lines = append(p.lines, line{v.title(t.Version), hues[t.Version] % mostLines, values})
		if _, high := extent(values); high > p.top {
			p.top = high
		}
		p.times(t)
	}
	return p
}

// times takes a track's times: tracks of one trial share them.
func (p *plot) times(t trial.Tracks) {
	p.from, p.to, p.decided = t.At[0], t.At[len(t.At)-1], t.Decided
	p.warmup = p.from
	if t.Warmup > 0 {
		p.warmup = t.At[min(t.Warmup, len(t.At)-1)]
	}
}

// hues gives the baseline the palette's first colour and each candidate one of
// the others.
func (v view) hues() map[string]int {
	out := map[string]int{}
	for i, version := range onTrial(v.Versions) {
		out[version.Name] = i + 1
	}
	return out
}

func (v view) slowest(request string) float64 {
	most := 0.0
	for _, t := range v.Series {
		if _, high := extent(t.P95); t.Request == request && high > most {
			most = high
		}
	}
	return most
}

func (p plot) empty() bool { return p.top == 0 || p.to <= p.from }

// chart is the section with the course of the trial.
func (v view) chart() section {
	p := v.course("", chartPoints)
	if p.empty() {
		return section{}
	}
	s := section{folded: true, shown: true, cut: thenChart, title: v.chartTitle()}
	s.body = p.mermaid() + "\n\n" + p.sparklines() + "\n\n" + mark(p.moments())
	s.svg = v.course("", pagePoints).svg()
	return s
}

func (v view) chartTitle() string {
	lines := 0
	for _, t := range v.Series {
		if t.Request == "" {
			lines++
		}
	}
	switch lines {
	case 1:
		return "p95 by round"
	case 2:
		return "Both versions' p95 by round"
	}
	return "Every version's p95 by round"
}

// chartPoints is how many points a line of a Markdown chart has at most.
const chartPoints = 60

// pagePoints is how many points a line of the page's chart has at most.
const pagePoints = 240

// moments says what the time axis can't.
func (p plot) moments() string {
	var out []string
	if p.warmup > p.from {
		out = append(out, "Warm-up until "+seconds(p.warmup)+", not judged.")
	}
	if p.decided > 0 {
		out = append(out, "The verdict, "+p.verdict+", was shown at "+seconds(p.decided)+".")
	}
	if p.left > 0 {
		out = append(out, fmt.Sprintf("%d more versions are not drawn.", p.left))
	}
	return strings.Join(out, " ")
}

// mermaid draws the lines in GitHub's and GitLab's own chart language. It
// knows no gaps and no names of lines: where nothing was answered it shows
// zero, and the table under it has the names.
func (p plot) mermaid() string {
	// GitLab refuses diagrams of more than 2,000 characters: 300 for the frame,
	// and "99.9, " is the longest point.
	points := (2000 - 300) / (len("99.9, ") * len(p.lines))
	var colors []string
	for _, l := range p.lines {
		colors = append(colors, palette[l.hue].color)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "```mermaid\n%%%%{init: {\"xyChart\": {\"width\": 860, \"height\": 300}, "+
		"\"themeVariables\": {\"xyChart\": {\"plotColorPalette\": \"%s\"}}}}%%%%\n", strings.Join(colors, ", "))
	fmt.Fprintf(&b, "xychart-beta\n  x-axis \"seconds\" %s --> %s\n  y-axis \"p95, %s\" 0 --> %s\n", short(p.from), short(p.to), p.unit, short(p.top*1.1))
	for _, l := range p.lines {
		values := downsample(l.values, points)
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = short(value)
		}
		b.WriteString("  line [" + strings.Join(texts, ", ") + "]\n")
	}
	return b.String() + "```"
}

// short is a number in few characters; 0 where there is none.
func short(v float64) string {
	if !finite(v) {
		return "0"
	}
	scale := 1.0
	if math.Abs(v) < 100 {
		scale = 10
	}
	return strconv.FormatFloat(math.Round(scale*v)/scale, 'f', -1, 64)
}

// palette is told apart by people of all kinds of colour vision, on light and
// dark ground. The first is the baseline's, grey: it is the ground that the
// candidates are seen against.
var palette = [mostLines]struct{ emoji, color string }{
	{"⚪", "#8b949e"}, {"🔵", "#2f81f7"}, {"🟠", "#e3731c"}, {"🟣", "#a65ee6"}, {"🟢", "#2da44e"}, {"🟤", "#9a6a3a"},
}

// sparklines is the course in block characters, for readers whose Markdown
// draws no charts, with the names of the lines. All share one scale.
func (p plot) sparklines() string {
	var all []float64
	for _, l := range p.lines {
		all = append(all, l.values...)
	}
	low, high := extent(all)
	var t table
	t.column("", "---")
	t.column("version", "---")
	t.column("p95 by round", "---")
	t.column("lowest … highest", "--:")
	for _, l := range p.lines {
		least, most := extent(l.values)
		t.row(palette[l.hue].emoji, code(l.title), "`"+spark(l.values, low, high)+"`", short(least)+" … "+short(most)+" "+p.unit)
	}
	return t.String()
}

// The page's chart, in units of its own that a browser scales.
const (
	chartWidth, chartHeight   = 900.0, 320.0
	chartLeft, chartRight     = 64.0, 16.0
	chartTop, chartBottom     = 44.0, 48.0
	plotWidth                 = chartWidth - chartLeft - chartRight
	plotHeight                = chartHeight - chartTop - chartBottom
	chartFoot, chartRightEdge = chartHeight - chartBottom, chartWidth - chartRight
)

// svg draws the lines with warm-up shaded and the moment of the verdict.
func (p plot) svg() string {
	step := tick(p.top*1.05, 5)
	ceiling := step * math.Ceil(p.top*1.05/step)
	x := func(second float64) float64 { return chartLeft + (second-p.from)/(p.to-p.from)*plotWidth }
	y := func(value float64) float64 { return chartFoot - value/ceiling*plotHeight }

	var b strings.Builder
	fmt.Fprintf(&b, "<svg class=\"chart\" viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"p95 latency by round\">\n", chartWidth, chartHeight)
	if p.warmup > p.from {
		fmt.Fprintf(&b, "<rect class=\"warmup\" x=\"%.1f\" y=\"%g\" width=\"%.1f\" height=\"%g\"/>\n", x(p.from), chartTop, x(p.warmup)-x(p.from), plotHeight)
		label(&b, "note", "start", x(p.from)+6, chartTop+16, "warm-up")
	}
	for value := 0.0; value <= ceiling*1.001; value += step {
		fmt.Fprintf(&b, "<line class=\"grid\" x1=\"%g\" x2=\"%g\" y1=\"%.1f\" y2=\"%.1f\"/>\n", chartLeft, chartRightEdge, y(value), y(value))
		label(&b, "tick", "end", chartLeft-8, y(value)+4, trial.Quantity{Value: value}.String())
	}
	every := tick(p.to-p.from, 8)
	for second := every * math.Ceil(p.from/every); second <= p.to; second += every {
		label(&b, "tick", "middle", x(second), chartFoot+18, trial.Quantity{Value: second}.String())
	}
	label(&b, "axis", "middle", chartLeft+plotWidth/2, chartHeight-8, "seconds since the first request")
	label(&b, "axis", "start", 8, 16, "p95 latency, "+p.unit)
	p.legend(&b)
	for _, l := range p.lines {
		fmt.Fprintf(&b, "<path class=\"line v%d\" d=\"%s\"/>\n", l.hue, l.path(x, y, p.from, p.to))
	}
	if p.decided > 0 {
		p.moment(&b, x(min(p.decided, p.to)))
	}
	b.WriteString("</svg>")
	return b.String()
}

// legend names the lines, from the right of the chart's first row to the left.
func (p plot) legend(b *strings.Builder) {
	const swatch, space, letter = 22.0, 18.0, 7.2
	at := chartRightEdge
	for _, l := range slices.Backward(p.lines) {
		title := clip(l.title, 16)
		at -= float64(len([]rune(title))) * letter
		label(b, "legend", "start", at, 16, title)
		at -= swatch
		fmt.Fprintf(b, "<line class=\"line v%d\" x1=\"%.1f\" x2=\"%.1f\" y1=\"12\" y2=\"12\"/>\n", l.hue, at, at+swatch-6)
		at -= space
	}
}

// moment is the vertical line at which the verdict was shown.
func (p plot) moment(b *strings.Builder, at float64) {
	fmt.Fprintf(b, "<line class=\"moment\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%g\" y2=\"%g\"/>\n", at, at, chartTop, chartFoot)
	anchor, shift := "end", -6.0
	if at < chartLeft+plotWidth/3 {
		anchor, shift = "start", 6
	}
	label(b, "note", anchor, at+shift, chartFoot-8, p.verdict+" shown at "+seconds(p.decided))
}

// path is the line's SVG path, begun anew after each gap.
func (l line) path(x, y func(float64) float64, from, to float64) string {
	var b strings.Builder
	pen := "M"
	for i, value := range l.values {
		if !finite(value) {
			pen = "M"
			continue
		}
		second := from + (to-from)*float64(i)/float64(max(len(l.values)-1, 1))
		fmt.Fprintf(&b, "%s%.1f %.1f", pen, x(second), y(value))
		pen = "L"
	}
	return b.String()
}

func label(b *strings.Builder, class, anchor string, x, y float64, text string) {
	fmt.Fprintf(b, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", class, anchor, x, y, html.EscapeString(text))
}

// tick is the step of an axis with at most n of them: 1, 2 or 5 times a power
// of ten.
func tick(length float64, n int) float64 {
	step := math.Pow(10, math.Floor(math.Log10(length/float64(n))))
	for _, factor := range []float64{1, 2, 5} {
		if length/(factor*step) <= float64(n) {
			return factor * step
		}
	}
	return 10 * step
}
