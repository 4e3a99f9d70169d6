package summary

import (
	"fmt"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// document is a report in Markdown, still in the parts that a pull request and
// a page arrange differently. All of it is escaped; none of it is raw HTML.
type document struct {
	heading  string // one line, without its number signs
	sections []section
}

// section is one part of a document.
type section struct {
	title  string // empty for what belongs to the heading; our own words, never untrusted
	body   string
	folded bool   // shown on demand
	shown  bool   // but not on the page, which has room
	svg    string // what the page shows in the body's place; our own markup
}

// Limit is the most that a report may take in any format. Of a step summary
// over 1 MiB GitHub shows nothing at all.
const Limit = 900 << 10

// What a report over the limit loses, in this order. Its heading and the
// verdict always stay.
const (
	cutNothing = iota
	cutExamples
	cutChart
	cutFigures
	cutNotes
	cutFindings
)

func cutNames() []string {
	return []string{"unexpected answers", "the chart", "every figure", "notes", fmt.Sprintf("findings beyond the first %d", fewest)}
}

// fit renders the fullest document that is within the limit.
func fit(r trial.Report, limit int, render func(document) string) string {
	var out string
	for cut := cutNothing; cut <= cutFindings; cut++ {
		if out = render(compose(r, cut)); len(out) <= limit {
			break
		}
	}
	return out
}

// compose lays out a report, without what was cut from it.
func compose(r trial.Report, cut int) document {
	if cut >= cutFindings {
		r.Findings = worst(r.Findings)
	}
	v := newView(r)
	d := document{heading: v.heading()}
	d.add(section{body: v.lead()})
	d.add(section{body: v.findings()})
	d.add(section{title: "Each objective in a sentence", body: v.reasons(), folded: true, shown: true})
	if cut < cutExamples {
		d.add(section{title: "Unexpected answers", body: v.examples(), folded: true})
	}
	if cut < cutChart {
		d.add(v.chart())
	}
	d.add(section{title: "How it was measured: " + counted(v.Measured.Rounds, "round") + ", " + counted(v.Measured.Requests, "request"), body: v.method(), folded: true})
	if cut < cutFigures {
		d.add(section{title: "Every figure", body: v.figures(), folded: true})
	}
	if cut < cutNotes {
		d.add(section{title: "Notes", body: v.notes(), folded: true})
	}
	d.add(section{title: "Versions, seed, tool", body: v.particulars(), folded: true})
	d.add(section{title: "How to judge again, and how to reproduce", body: v.reproduce(), folded: true})
	if cut > cutNothing {
		d.add(section{body: "truncated: " + strings.Join(cutNames()[:cut], ", ") + " (report.json has all of it)"})
	}
	return d
}

func (d *document) add(s section) {
	if s.body != "" {
		d.sections = append(d.sections, s)
	}
}

// longestHeading is the most of a reason that a heading repeats, in characters.
const longestHeading = 180

// heading carries the verdict and its reason in one line.
func (v view) heading() string {
	o := outcomeOf(v.Report)
	text := o.emoji + " Seatrial"
	if v.Name != "" {
		text += " · " + escapeMarkdown(clip(v.Name, longestName))
	}
	text += ": "
	switch claim := v.claim(); {
	case claim == "":
		return text + o.word
	case strings.HasPrefix(claim, o.word):
		return text + escapeMarkdown(claim)
	default:
		return text + o.word + " — " + escapeMarkdown(claim)
	}
}

// claim is what the reason says first: what follows a semicolon is detail.
func (v view) claim() string {
	said := lines(v.Reason)
	if len(said) == 0 {
		return ""
	}
	claim, _, _ := strings.Cut(said[0], "; ")
	return clip(claim, longestHeading)
}

// lead is what a reader is to know before the table: what to do, what would
// settle an open verdict, how sure a pass is.
func (v view) lead() string {
	var out []string
	if said := lines(v.Reason); !v.Judged() && strings.Join(said, "") != v.claim() {
		out = append(out, list(said))
	}
	if v.Remedy != "" {
		out = append(out, "**What to do:** "+mark(v.Remedy))
	}
	if v.Judged() && v.Verdict == trial.Inconclusive {
		out = append(out, v.settling())
	}
	if v.Judged() && v.Verdict == trial.Pass {
		out = append(out, v.sureness())
	}
	for _, text := range v.remarks() {
		out = append(out, mark(text))
	}
	return strings.Join(nonEmpty(out), "\n\n")
}

// settling says first how long a trial would have to be, then what each open
// objective lacks.
func (v view) settling() string {
	const most = 5
	open := v.open()
	if len(open) == 0 {
		return ""
	}
	text := "**What would settle it:** "
	if length := v.longer(); length != "" {
		text += "a trial of about " + length + " (`for: " + length + "`)."
	}
	var items []string
	for _, r := range open[:min(len(open), most)] {
		items = append(items, escapeMarkdown(v.owned(r))+": "+r.settles())
	}
	if more := len(open) - most; more > 0 {
		items = append(items, fmt.Sprintf("and %d more", more))
	}
	if len(items) == 1 {
		return strings.TrimSuffix(text, " ") + " For " + items[0] + "."
	}
	return strings.TrimSuffix(text, " ") + "\n\n- " + strings.Join(items, "\n- ")
}

// sureness says how sure a pass is and what it could still hide.
func (v view) sureness() string {
	hidden := v.hidden()
	if len(hidden) == 0 {
		return ""
	}
	return "**How sure:** each of these holds with " + percent(v.Measured.Confidence) +
		" confidence, however often one looks. What could still hide: " + mark(strings.Join(hidden, "; ")) + "."
}

// list is a bulleted list of plain texts; one text alone is a paragraph.
func list(texts []string) string {
	if len(texts) == 1 {
		return escapeMarkdown(texts[0])
	}
	var b strings.Builder
	for _, text := range texts {
		b.WriteString("- " + escapeMarkdown(text) + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

func nonEmpty(texts []string) []string {
	var out []string
	for _, text := range texts {
		if text != "" {
			out = append(out, text)
		}
	}
	return out
}

// table is a GFM table. Its cells are escaped; ":" in an alignment is GFM's.
type table struct {
	heads, aligns []string
	rows          [][]string
}

func (t *table) column(head, align string) {
	t.heads, t.aligns = append(t.heads, head), append(t.aligns, align)
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t table) String() string {
	var b strings.Builder
	for _, cells := range append([][]string{t.heads, t.aligns}, t.rows...) {
		b.WriteString("|")
		for _, cell := range cells {
			if cell != "" {
				cell = " " + cell
			}
			b.WriteString(cell + " |")
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n")
}
