package summary

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	gfm "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"github.com/seatrial/seatrial/trial"
)

// hostile are texts that somebody else chose.
var hostile = map[string]string{
	"pipes":          "a | b || \\| c \\\\| d |",
	"backticks":      "`a ``b ``` c` ~~~ ``",
	"script":         "<script>alert(1)</script><img src=x onerror=alert(1)>",
	"mention":        "@everyone thanks @octo/team, see #1 and me@example.org",
	"command":        "::set-output name=x::y",
	"late command":   "x\n::error::y\n  ::warning::z ##[error]w ##vso[task.complete]v",
	"comment":        "<!-- seatrial:v1 --> --> ]]> </details></summary>",
	"fence":          "\n```\n~~~\n</details>\n# heading\n",
	"escapes":        "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;https://evil.example\x1b\\here \u009b2J \x1bc \a\b",
	"newlines":       "one\ntwo\r\nthree\u2028four\u2029five\vsix\fseven\u0085eight",
	"override":       "abc\u202egnp.exe\u202c \u2066isolated\u2069 zero\u200bwidth \ufeff",
	"links":          "[x](javascript:alert(1)) ![y](http://evil.example/z.png) <http://evil.example> http://evil.example www.evil.example",
	"markup":         "*a* **b** _c_ __d__ ~~e~~ $f$ &lt;g&gt; &amp; \\",
	"blocks":         "- a",
	"numbered":       "1. a",
	"underline":      "===",
	"delimiter":      "--- | ---",
	"invalid":        "a\xff\xfe\xc3",
	"shell":          "'; rm -rf / #`$(x)",
	"long":           strings.Repeat("long ", 5000) + strings.Repeat("x", 5000),
	"nothing":        "",
	"code and pipes": "a`|`b",
}

// poisoned puts one text wherever a report has one.
func poisoned(s string) trial.Report {
	r := besideLoad()
	r.Name, r.Reason, r.Remedy, r.Tool, r.Mode = s, s, s, s, s
	r.Notes = []string{s, s}
	r.Versions = []trial.Version{
		{Name: "baseline", Role: trial.Baseline, Label: s, URL: s}, {Name: s, Label: s, URL: s}, {Name: "c", Label: s, URL: s},
	}
	for i := range r.Totals {
		r.Totals[i].Version = s
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Version, f.Objective, f.Name, f.Reason, f.Statistic = s, s, s, s, s
		for k := range f.Gaps {
			f.Gaps[k].Reason = s
		}
	}
	for i := range r.Courses {
		r.Courses[i].Metric, r.Courses[i].Version = s, s
	}
	r.Measured.Windows[0].Series = s
	r.Findings[1].Name = ""
	for i := range r.Series {
		r.Series[i].Version = s
	}
	for i := range r.Examples {
		r.Examples[i] = trial.Example{Version: s, Status: s, Count: 1, Text: s}
	}
	r.Traffic = &trial.Traffic{
		Route: s, Strategy: s, Left: s, Remedy: s,
		Course: []trial.Split{{Weights: []int{80, 10, 10}, Why: s}}, Parts: []trial.Part{{Version: s}},
	}
	for range 3 {
		r.Hooks = append(r.Hooks, trial.Hook{Event: s, Name: s, Runs: 2, Failed: 1, Trouble: s, Output: []string{s, s}})
	}
	return r
}

// poisonedContest puts it wherever a choice has one.
func poisonedContest(r trial.Report, s string) trial.Report {
	for i := range r.Versions {
		if r.Versions[i].Role == trial.Candidate {
			renamed(&r, r.Versions[i].Name, s)
			break
		}
	}
	for k := range r.Choice.Rankings {
		ranking := &r.Choice.Rankings[k]
		ranking.Reward, ranking.Statistic = s, s
		if k == 0 {
			ranking.Name = s
		}
	}
	r.Reason, r.Choice.Reason, r.Choice.Pattern = "none is shown to win", s, s
	return r
}

// poisonedRequests puts it wherever a request is named.
func poisonedRequests(s string) trial.Report {
	r := threeRequests()
	r.Requests[2] = s
	for i, t := range r.Totals {
		if t.Request == "checkout" {
			r.Totals[i].Request = s
		}
	}
	for i, t := range r.Series {
		if t.Request == "checkout" {
			r.Series[i].Request = s
		}
	}
	r.Findings[0].Request, r.Findings[0].Objective = s, s+"/latency-p95 <= 300ms"
	return r
}

// statuses are the ends of a trial, each of which shows other texts.
func poisonedReports(s string) []trial.Report {
	failed, open, missing := poisoned(s), poisoned(s), poisoned(s)
	open.Verdict = trial.Inconclusive
	reports := []trial.Report{poisonedContest(won(), s), poisonedContest(undecidedContest(), s), poisonedContest(tradeOff(), s), poisonedContest(lost(), s)}
	missing.Verdict, missing.Status, missing.Findings = trial.Inconclusive, trial.NotReady, nil
	missing.Unready = []trial.Unready{
		{Object: s, Sentence: s, Logs: []trial.PodLog{{Pod: s, Container: s, Lines: []string{s, s}}, {Lines: nil}}, Events: []string{s, s}},
		{Object: s, Sentence: s, Logs: []trial.PodLog{{Pod: s, Container: s, Previous: true, Lines: []string{s}}}},
	}
	return append(reports, failed, open, missing, poisonedRequests(s))
}

func TestHostileTextCommandsNoTerminalAndNoRunner(t *testing.T) {
	for name, s := range hostile {
		for _, r := range poisonedReports(s) {
			for _, width := range []int{0, 40, 100} {
				checkLines(t, name, Text(r, Style{Width: width, ReportDir: s}))
			}
			checkLines(t, name, Markdown(r))
			checkLines(t, name, HTML(r))
		}
		checkLines(t, name, Plain(s))
	}
}

func checkLines(t *testing.T, name, got string) {
	t.Helper()
	for line := range strings.SplitSeq(got, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
			t.Errorf("%s: a runner would obey %q", name, line)
		}
		if i := strings.IndexFunc(line, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }); i >= 0 {
			t.Errorf("%s: invisible character %q", name, line[i:min(i+8, len(line))])
		}
	}
}

func TestHostileTextMakesNoMarkup(t *testing.T) {
	for name, s := range hostile {
		for _, r := range poisonedReports(s) {
			source := []byte(Markdown(r))
			// As GitHub reads it: with raw HTML, and links made of bare addresses.
			parser := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
			checkNodes(t, name, source, parser.Parser().Parse(text.NewReader(source)))
			var page bytes.Buffer
			if err := parser.Convert(source, &page); err != nil {
				t.Fatal(err)
			}
			checkTags(t, name, page.String())
			outside := regexp.MustCompile(`(?s)<code.*?</code>`).ReplaceAllString(page.String(), "")
			if found := regexp.MustCompile(`[@#]\w+`).FindString(outside); found != "" {
				t.Errorf("%s: %q would be a mention or a reference", name, found)
			}
		}
	}
}

func checkNodes(t *testing.T, name string, source []byte, root ast.Node) {
	t.Helper()
	headings := 0
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			headings++
		case *ast.Link, *ast.AutoLink, *ast.Image, *ast.RawHTML, *ast.Blockquote, *ast.ThematicBreak, *gfm.Strikethrough:
			t.Errorf("%s: %v from %q", name, n.Kind(), n.Parent().Text(source))
		}
		return ast.WalkContinue, nil
	})
	if err != nil || headings != 1 {
		t.Errorf("%s: %d headings, want 1 (%v)", name, headings, err)
	}
}

// A parser drops cells that are too many and fills in those that are missing,
// so the pipes are counted: no escaped text has one.
func TestHostileTextMakesNoCells(t *testing.T) {
	for name, s := range hostile {
		for _, r := range poisonedReports(s) {
			pipes := 0
			for line := range strings.SplitSeq(Markdown(r), "\n") {
				n := strings.Count(line, "|")
				if pipes > 0 && n > 0 && n != pipes {
					t.Errorf("%s: %d pipes where the table has %d: %s", name, n, pipes, line)
				}
				pipes = n
			}
		}
	}
}

// outline is the kinds of all blocks of a document, in their order.
func outline(r trial.Report) []string {
	source := []byte(Markdown(r))
	var out []string
	_ = ast.Walk(goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source)),
		func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if entering && n.Type() == ast.TypeBlock {
				out = append(out, n.Kind().String())
			}
			return ast.WalkContinue, nil
		})
	return out
}

func TestHostileTextMakesNoBlocks(t *testing.T) {
	harmless := poisonedReports("harmless")
	for name, s := range hostile {
		if s == "" || len(s) > longestHeading || strings.Contains(s, "; ") || len(lines(s)) > 1 {
			continue // these are laid out in another way, and rightly so
		}
		for i, r := range poisonedReports(s) {
			if diff := cmp.Diff(outline(harmless[i]), outline(r)); diff != "" {
				t.Errorf("%s: blocks (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestHostileTextIsTextOnThePage(t *testing.T) {
	for name, s := range hostile {
		for _, r := range poisonedReports(s) {
			checkTags(t, name, HTML(r))
		}
	}
}

// checkTags holds a page to the elements that reports are made of.
func checkTags(t *testing.T, name, page string) {
	t.Helper()
	known := strings.Fields("html head meta title style body main header section h1 h2 h3 p ul li strong code pre div details summary " +
		"table thead tbody tr th td svg rect line path text")
	for _, tag := range regexp.MustCompile(`<[/!]?([a-zA-Z0-9-]+)[^>]*>?`).FindAllStringSubmatch(page, -1) {
		if tag[0] != "<!DOCTYPE html>" && !slices.Contains(known, strings.ToLower(tag[1])) {
			t.Errorf("%s: unexpected element %q", name, tag[0])
		}
	}
	opened, closed := strings.Count(page, "<details>"), strings.Count(page, "</details>")
	if diff := cmp.Diff(opened, closed); diff != "" {
		t.Errorf("%s: details opened and closed (-opened +closed):\n%s", name, diff)
	}
}

func TestPlainKeepsWhatIsHarmless(t *testing.T) {
	tests := []struct{ give, want string }{
		{"Größe 27 % über std::vector", "Größe 27 % über std::vector"},
		{"two\nlines\tand  a tab", "two lines and a tab"},
		{"\x1b[1;31mred\x1b[0m", "red"},
		{"\x1b]0;title\x07text", "text"},
		{"::error::x", ": : error::x"},
		{":::x", ": : : x"},
		{"see ##[debug]", "see # #[debug]"},
		{"###[x", "# # #[x"},
		{"a\xffb", "a\uFFFDb"},
		{strings.Repeat("x", longest+1), strings.Repeat("x", longest-1) + "…"},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Plain(test.give)); diff != "" {
			t.Errorf("Plain(%q) (-want +got):\n%s", test.give, diff)
		}
	}
}

// shown is what a reader sees of rendered Markdown.
func shown(t *testing.T, markdown string) string {
	t.Helper()
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte("x "+markdown), &b); err != nil {
		t.Fatal(err)
	}
	seen := strings.NewReplacer("<p>", "", "</p>", "", "<code>", "", "</code>", "", "\u200b", "",
		"&lt;", "<", "&gt;", ">", "&quot;", `"`, "&amp;", "&").Replace(b.String())
	return strings.TrimPrefix(strings.TrimSpace(seen), "x ")
}

func TestEscapedMarkdownShowsAsWritten(t *testing.T) {
	for name, s := range hostile {
		if diff := cmp.Diff(Plain(s), shown(t, mark(s))); diff != "" && s != "" {
			t.Errorf("mark(%s) (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(Plain(s), shown(t, code(s))); diff != "" && s != "" {
			t.Errorf("code(%s) (-want +got):\n%s", name, diff)
		}
	}
}

func TestAQuotedTextIsOneWordOfTheShell(t *testing.T) {
	tests := []struct{ give, want string }{
		{"seatrial-report", "seatrial-report"},
		{"-rf", "'-rf'"},
		{"a b", "'a b'"},
		{"it's $(x)", `'it'\''s $(x)'`},
		{"", "''"},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, quote(test.give)); diff != "" {
			t.Errorf("quote(%q) (-want +got):\n%s", test.give, diff)
		}
	}
}
