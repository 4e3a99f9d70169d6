package summary

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// document is a report in Markdown, still in the parts that a pull request and
// a page arrange differently. All of it is escaped; none of it is raw HTML.
type document struct {
	heading   string // one line, without its number signs
	sections  []section
	truncated string // what was cut from it; empty for a whole one
}

// section is one part of a document.
type section struct {
	title  string // empty for what belongs to the heading; our own words, never untrusted
	body   string
	folded bool   // shown on demand
	shown  bool   // but not on the page, which has room
	svg    string // what the page shows in the body's place; our own markup
	cut    int    // when it goes, should the document be too long
}

// Limit is the most that a report may take in any format. Of a step summary
// over 1 MiB GitHub shows nothing at all.
const Limit = 900 << 10

// What a document over the limit loses, in this order. Its heading stays
// always, and its verdict and table unless what was tried has names without
// end: then whole sections go, the last first.
const (
	never = iota
	examplesFirst
	thenChart
	thenFigures
	thenNotes
	thenFindings
)

func cutNames() []string {
	return []string{"unexpected answers and logs", "the chart", "every figure", "notes and what was done", fmt.Sprintf("findings beyond the first %d", fewest)}
}

// fit renders the fullest document that is within the limit.
func fit(r trial.Report, limit int, render func(document) string) string {
	d := compose(r)
	for cut := never; cut < thenFindings; cut++ {
		d.cut(cut)
		if d.size() > limit {
			continue // rendering only adds to it
		}
		if out := render(d); len(out) <= limit {
			return out
		}
	}
	r.Findings = worst(r.Findings)
	d = compose(r)
	d.cut(thenFindings)
	out := render(d)
	for len(out) > limit && len(d.sections) > 0 {
		d.sections = d.sections[:len(d.sections)-1]
		d.truncated = "truncated: all but what is here (report.json has all of it)"
		out = render(d)
	}
	return out
}

// cut takes away all that is lost at this point.
func (d *document) cut(until int) {
	if until == never {
		return
	}
	d.sections = slices.DeleteFunc(d.sections, func(s section) bool { return never < s.cut && s.cut <= until })
	d.truncated = "truncated: " + strings.Join(cutNames()[:until], ", ") + " (report.json has all of it)"
}

func (d document) size() int {
	total := 0
	for _, s := range d.sections {
		total += len(s.body)
	}
	return total
}

// compose lays out a report.
func compose(r trial.Report) document {
	v := newView(r)
	d := document{heading: v.heading()}
	d.add(section{body: v.advised()})
	d.add(section{body: v.ranking()})
	d.add(section{body: v.lead()})
	d.add(section{title: "What the cluster says", body: v.unready(), folded: true, shown: true, cut: examplesFirst})
	d.add(section{body: v.trafficLine()})
	d.add(section{body: v.findings()})
	d.add(section{title: "Each objective in a sentence", body: v.reasons(), folded: true, shown: true})
	d.add(section{title: v.duelsTitle(), body: v.duels(), folded: true, cut: thenFigures})
	d.add(section{title: "Unexpected answers", body: v.examples(), folded: true, cut: examplesFirst})
	d.add(section{title: "How traffic was shared", body: v.trafficTable(), folded: true, shown: true, cut: thenFigures})
	d.add(section{title: "What was sent of each request", body: v.requests(), folded: true, shown: true, cut: thenFigures})
	d.add(v.charts())
	d.add(v.courses())
	d.add(section{title: v.measuredTitle(), body: v.method(), folded: true})
	d.add(section{title: "How likely each version is the best", body: v.places(), folded: true, cut: thenFigures})
	d.add(section{title: "Every figure", body: v.figures(), folded: true, cut: thenFigures})
	d.add(section{title: v.doneTitle(), body: v.hooks(), folded: true, shown: true, cut: thenNotes})
	d.add(section{title: "Notes", body: v.notes(), folded: true, cut: thenNotes})
	d.add(section{title: "Versions, seed, tool", body: v.particulars(), folded: true})
	d.add(section{title: "How to judge again, and how to reproduce", body: v.reproduce(), folded: true})
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
// objective and duel lacks.
func (v view) settling() string {
	const most = 5
	open := v.lacks()
	if len(open) == 0 {
		return ""
	}
	text := "**What would settle it:** "
	if length := v.longer(); length != "" {
		text += "a trial of about " + length + " (`for: " + length + "`)."
	}
	var items []string
	for _, l := range open[:min(len(open), most)] {
		items = append(items, escapeMarkdown(l.who)+": "+l.what)
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
