package summary

import (
	"strings"
	"unicode/utf8"

	"github.com/seatrial/seatrial/trial"
)

// Style is how a terminal wants its text.
type Style struct {
	Color     bool
	Width     int    // in columns; 0 when nothing is to be wrapped
	ReportDir string // where the evidence is; empty where none is kept
}

// Text is the report as it stands at the end of a terminal's or a log's output.
func Text(r trial.Report, style Style) string {
	left := len(r.Findings)
	r.Findings = worst(r.Findings)
	left -= len(r.Findings)
	v := newView(r)
	var b strings.Builder
	b.WriteString(v.headline(style) + "\n")
	b.WriteString(v.contestText(style))
	if len(v.rows) > 0 {
		b.WriteString("\n" + v.grid(style).text(style))
	}
	if left > 0 {
		b.WriteString("  … and " + counted(left, "finding") + " more, in report.json\n")
	}
	b.WriteString(v.trafficText(style))
	b.WriteString("\n")
	for _, s := range v.said() {
		b.WriteString(s.show(style))
	}
	b.WriteString(v.unreadyText(style.Width))
	if r.Measured.Rounds > 0 && style.ReportDir != "" {
		b.WriteString("  Look again: " + v.again(style.ReportDir) + "\n")
	}
	return b.String()
}

func (v view) headline(style Style) string {
	o := outcomeOf(v.Report)
	line := style.paint(o.color+";1", o.sign+" "+strings.ToUpper(o.word))
	var parts []string
	if happened := happened(v.Measured); happened != "" {
		parts = append(parts, happened)
	}
	if style.ReportDir != "" {
		parts = append(parts, "evidence in "+strings.TrimRight(Plain(style.ReportDir), "/")+"/")
	}
	if len(parts) == 0 {
		return line
	}
	return line + "  " + strings.Join(parts, " · ")
}

func (s Style) paint(sgr, text string) string {
	if !s.Color {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// saying is one labelled sentence under the table.
type saying struct{ label, text string }

func (s saying) show(style Style) string {
	text := wrap(s.label+": ", s.text, style.Width)
	if s.label != aboutRoute {
		return text
	}
	return "  " + style.paint("1", strings.TrimSuffix(strings.TrimPrefix(text, "  "), "\n")) + "\n"
}

func (v view) said() []saying {
	var out []saying
	todo := "To do"
	if length := v.longer(); length != "" && v.Verdict == trial.Inconclusive {
		out = append(out, saying{"To settle it", "let the trial run for about " + length + " (" + v.forKey(length) + ")"})
		todo = "Until then"
	}
	if verb, version := v.advice(); verb != "" {
		out = append(out, saying{todo, verb + " " + version})
	}
	label := "Why"
	for _, line := range lines(v.Reason) {
		out = append(out, saying{label, line})
		label = "And"
	}
	if v.Remedy != "" {
		out = append(out, saying{"What to do", Plain(v.Remedy)})
	}
	out = append(out, v.trafficSaid()...)
	if why := v.because(); why != "" {
		out = append(out, saying{"Choice", why})
	}
	if v.Judged() {
		lacks := v.lacks()
		for _, l := range lacks[:min(len(lacks), fewest)] {
			out = append(out, saying{"Open", l.who + ": " + l.what})
		}
	}
	if hidden := v.hidden(); v.Judged() && v.Verdict == trial.Pass && len(hidden) > 0 {
		out = append(out, saying{"Could still hide", strings.Join(hidden, "; ")})
	}
	out = append(out, v.hookSayings()...)
	if text := v.wireLine(); text != "" {
		out = append(out, saying{"Connections", text})
	}
	const most = 20
	for _, text := range append(v.remarks(), v.Notes[:min(len(v.Notes), most)]...) {
		out = append(out, saying{"Note", Plain(text)})
	}
	return out
}

// contestText is the table of versions and rewards.
func (v view) contestText(style Style) string {
	entrants, left := v.entrants()
	if len(entrants) == 0 {
		return ""
	}
	g, rewards := v.contestGrid(entrants, style.Width)
	text := "\n" + g.text(style)
	if left > 0 {
		text += "  … and " + counted(left, "version") + " more, in report.json\n"
	}
	if left := len(v.Choice.Rankings) - rewards; left > 0 {
		text += "  … and " + counted(left, "reward") + " more, in report.json\n"
	}
	return text
}

// contestGrid is narrowed until it fits: first losses and intervals go, then
// P(best) and details, then the last rewards, then the ends of versions' names.
func (v view) contestGrid(entrants []entrant, width int) (g grid, rewards int) {
	for rewards = min(len(v.Choice.Rankings), mostRewards); rewards > 0; rewards-- {
		for detail := 2; detail >= 0; detail-- {
			if g = v.contestColumns(entrants, rewards, detail); width <= 0 || g.width() <= width {
				return g, rewards
			}
		}
	}
	g[0].narrow(g[0].width() - (g.width() - width))
	return g, 1
}

func (v view) contestColumns(entrants []entrant, rewards, detail int) grid {
	version := column{cells: []string{"version"}}
	outcome := column{cells: []string{""}, color: []string{""}}
	for _, e := range entrants {
		word := e.standing.word
		if detail == 0 && e.standing.rank == lastRank {
			word = "out"
		}
		title, alias := v.competitor(e.name)
		version.add(title + alias)
		outcome.add(strings.TrimSpace(e.standing.sign + " " + word))
		outcome.color = append(outcome.color, e.standing.color)
	}
	g := grid{version}
	for k, ranking := range v.Choice.Rankings[:rewards] {
		value := column{right: true, cells: []string{rewardHead(ranking, detail == 0)}}
		change := column{cells: []string{"change"}}
		best := column{right: true, cells: []string{"P(best)"}}
		loss := column{right: true, cells: []string{"expected loss"}}
		for _, e := range entrants {
			f := e.figures[k]
			value.add(f.Value.String())
			change.add(f.moved(detail > 1 && rewards == 1))
			best.add(f.best())
			loss.add(f.loss())
		}
		g = append(g, value, change)
		if detail > 0 {
			g = append(g, best)
		}
		if detail > 1 && rewards == 1 {
			g = append(g, loss)
		}
	}
	return append(g, outcome)
}

// moved is a change, with its interval where there is room.
func (f figure) moved(room bool) string {
	if !room || f.interval == "" {
		return f.change
	}
	return f.change + " (" + strings.ReplaceAll(f.interval, " … ", "…") + ")"
}

// grid is a table of text, one column after the other.
type grid []column

type column struct {
	right bool
	cells []string // the heading first
	color []string // SGR of each cell; nil for none
}

// gap parts two columns.
const gap = "   "

// grid is the table of findings, narrowed until it fits: first the intervals
// and the verdicts' details go, then the ends of the objectives
// and of the versions' names.
func (v view) grid(style Style) grid {
	g := v.columns(false)
	if style.Width > 0 && g.width() > style.Width {
		g = v.columns(true)
	}
	for _, i := range []int{0, 1} { // the objectives, then the versions
		if over := g.width() - style.Width; style.Width > 0 && over > 0 && (i == 0 || v.several) {
			g[i].narrowBy(g[i].width()-over, shorten)
		}
	}
	return g
}

func (v view) columns(narrow bool) grid {
	objective := column{cells: []string{"objective"}}
	version := column{cells: []string{"version"}}
	baseline := column{right: true, cells: []string{"baseline"}}
	candidate := column{right: true, cells: []string{"candidate"}}
	change := column{cells: []string{"change"}}
	verdict := column{cells: []string{"verdict"}, color: []string{""}}
	for _, r := range v.rows {
		objective.add(r.about)
		version.add(r.version)
		baseline.add(r.Baseline.String())
		candidate.add(r.value)
		moved := r.change
		if !narrow && r.interval != "" {
			moved += " (" + strings.ReplaceAll(r.interval, " … ", "…") + ")"
		}
		change.add(moved)
		word, color := r.verdictText(narrow)
		verdict.add(word)
		verdict.color = append(verdict.color, color)
	}
	g := grid{objective}
	if v.several {
		g = append(g, version)
	}
	if v.compared() {
		return append(g, baseline, candidate, change, verdict)
	}
	return append(g, candidate, verdict)
}

func (r row) verdictText(narrow bool) (text, color string) {
	o := verdictOf(r.Verdict)
	switch {
	case narrow && r.Verdict == trial.Inconclusive:
		return "· open", o.color
	case narrow:
		return o.sign + " " + o.word, o.color
	case r.Inform:
		return "i " + o.word + ", for information", ""
	case r.Rounds == 0:
		return o.sign + " " + o.word + ": no data", o.color
	case r.Verdict == trial.Inconclusive:
		return "· undecided when stopped", o.color
	}
	return o.sign + " " + o.word, o.color
}

func (c *column) add(cell string) { c.cells = append(c.cells, cell) }

func (c column) width() int {
	most := 0
	for _, cell := range c.cells {
		most = max(most, utf8.RuneCountInString(cell))
	}
	return most
}

func (g grid) width() int {
	total := 2 + (len(g)-1)*len(gap)
	for _, c := range g {
		total += c.width()
	}
	return total
}

func (g grid) text(style Style) string {
	var b strings.Builder
	for i := range g[0].cells {
		var line strings.Builder
		for n, c := range g {
			if n > 0 {
				line.WriteString(gap)
			}
			cell := pad(c.cells[i], c.width(), c.right)
			if c.color != nil && c.color[i] != "" {
				cell = strings.Replace(cell, c.cells[i], style.paint(c.color[i], c.cells[i]), 1)
			}
			line.WriteString(cell)
		}
		b.WriteString("  " + strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// pad fills a cell up to a width in characters, on its left or right.
func pad(cell string, width int, right bool) string {
	space := strings.Repeat(" ", max(width-utf8.RuneCountInString(cell), 0))
	if right {
		return space + cell
	}
	return cell + space
}

// wrap breaks a sentence into lines of a width, indented under its label.
func wrap(label, text string, width int) string {
	const indent, least = "  ", 40
	if width <= 0 {
		return indent + label + text + "\n"
	}
	var b strings.Builder
	line := indent + label
	bare := true
	for word := range strings.FieldsSeq(text) {
		if !bare && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > max(width, least) {
			b.WriteString(line + "\n")
			line, bare = strings.Repeat(" ", len(indent)+utf8.RuneCountInString(label)), true
		}
		if !bare {
			line += " "
		}
		line, bare = line+word, false
	}
	return b.String() + line + "\n"
}
