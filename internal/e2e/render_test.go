//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	rawhtml "github.com/yuin/goldmark/renderer/html"

	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// gitHubWidth is the width of GitHub's pages, in CSS pixels; phone is a narrow one.
const (
	gitHubWidth = 1012
	phone       = 390
)

// measured is what testdata/measure.js found on a page.
type measured struct {
	Alarms         []string
	Width, Content int
	Articles       []article
}

type article struct {
	Name           string
	Width, Content int
	Headings       int
	Lines          int // drawn in diagrams
	Foreign        int // elements that no report has
	Prose          string
	Tables         []struct {
		Width, Content int
		Cells          []int // in each row
	}
}

// findings is a report with n of them; every text in it is name.
func findings(n int, name string) trial.Report {
	r := trial.Report{
		Schema: trial.ReportSchema, Tool: version, Started: time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC), Name: name,
		Status: trial.Judged, Verdict: trial.Fail, Mode: "enforce", ExitCode: 1, Reason: name, Pairs: n, Notes: []string{name},
		Versions: []trial.Version{
			{Name: "baseline", Role: trial.Baseline, Label: "v41", URL: "http://shop"}, {Name: "candidate", Label: name, URL: name}},
		Measured: trial.Measured{Rate: 100, Planned: time.Minute, Lasted: 7 * time.Second, RoundLength: 250 * time.Millisecond,
			Rounds: 27, Requests: 1350, Confidence: 0.95, Connections: 8},
		Examples: []trial.Example{{Version: "candidate", Status: name, Count: 2, Text: name}},
	}
	for i := range n {
		of := func(unit trial.Unit, value float64) trial.Quantity { return trial.Quantity{Value: value, Unit: unit} }
		r.Findings = append(r.Findings, trial.Finding{
			Objective: fmt.Sprintf("latency-p%d <= 110%% of baseline", 50+i), Name: name, Version: "candidate",
			Verdict: trial.Verdict(i % 3), Decided: 27, Reason: name, Statistic: name,
			Baseline: of(trial.Seconds, 0.0612), Candidate: of(trial.Seconds, 0.078), Change: of(trial.Ratio, 0.2745),
			Anytime:  trial.Interval{Low: of(trial.Ratio, 0.19), High: of(trial.Ratio, 0.36)},
			Credible: trial.Interval{Low: of(trial.Ratio, 0.22), High: of(trial.Ratio, 0.33)}, Within: of(trial.Share, 0.0004),
			Against: trial.Evidence{Log: 3.1, Most: 3.18}, Needed: 20, Confidence: 0.95, Rounds: 27, Requests: 1350})
	}
	for _, v := range r.Versions {
		track := trial.Tracks{Version: v.Name, Warmup: 20, Decided: 11.75}
		for i := range 47 {
			p95 := 0.06 * (1 + 0.1*math.Sin(float64(i)*1.7+float64(len(r.Series))))
			track.At, track.P95 = append(track.At, float64(i)/4), append(track.P95, p95)
			track.P50, track.Failed = append(track.P50, p95/2), append(track.Failed, 0)
		}
		r.Series = append(r.Series, track)
	}
	return r
}

// hostile are names that somebody else chose.
var hostile = map[string]string{
	"script":   "<script>alert(1)</script><img src=x onerror=alert(1)>",
	"pipes":    "a | b || \\| c",
	"fence":    "```\n</details></article>\n# heading",
	"links":    "[x](javascript:alert(1)) ![y](http://evil.example/z.png) @everyone",
	"override": "abc\u202egnp.exe\u202c",
	"long":     strings.Repeat("long", 400),
	"mermaid":  "\"]\nclick A call alert(1)\n%%{init: {}}%%",
}

// summaries are Markdown by name: the goldens, and reports that are too large or too evil for one.
func summaries(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"findings-3": summary.Markdown(findings(3, "a name")), "findings-40": summary.Markdown(findings(40, "a name"))}
	for name, text := range hostile {
		all["hostile-"+name] = summary.Markdown(findings(3, text))
	}
	for path, text := range files(t, "summary/testdata/*.md") {
		all[strings.TrimSuffix(filepath.Base(path), ".md")] = text
	}
	return all
}

// gitHubPage shows summaries as GitHub does: its Markdown, its style sheet, its diagrams.
func gitHubPage(t *testing.T, theme string, texts map[string]string) string {
	t.Helper()
	modules := filepath.Join(tools(t), "node_modules")
	style := filepath.Join(modules, "github-markdown-css", "github-markdown-"+theme+".css")
	mermaid := filepath.Join(modules, "mermaid", "dist", "mermaid.min.js")
	for _, file := range []string{style, mermaid} {
		if _, err := os.Stat(file); err != nil {
			t.Fatalf("%v; internal/e2e/tools.sh installs it", err)
		}
	}
	var b strings.Builder
	ground := map[string]string{"light": "#ffffff", "dark": "#0d1117"}[theme]
	fmt.Fprintf(&b, "<!DOCTYPE html><meta charset=\"utf-8\"><link rel=\"stylesheet\" href=\"%s\"><script src=\"%s\"></script>\n"+
		"<style>body { margin: 0; background: %s } article { box-sizing: border-box; width: %dpx; padding: 16px }</style>\n",
		style, mermaid, ground, gitHubWidth)
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(rawhtml.WithUnsafe()))
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&b, "<article class=\"markdown-body\" data-name=\"%s\">\n", name)
		if err := markdown.Convert([]byte(texts[name]), &b); err != nil {
			t.Fatal(err)
		}
		b.WriteString("</article>\n")
	}
	return b.String()
}

// scripted is a page that, once loaded, calls a function of testdata/measure.js.
func scripted(t *testing.T, page, function, theme string) string {
	t.Helper()
	const script, head = "internal/e2e/testdata/measure.js", `<meta charset="utf-8">`
	mermaid := map[string]string{"light": "default", "dark": "dark"}[theme]
	page = strings.Replace(page, head, head+"<script>"+files(t, script)[script]+"</script>", 1)
	return fmt.Sprintf("%s<script>%s('%s')</script>", page, function, mermaid)
}

// chromium shows a page. It loads nothing but files.
func chromium(t *testing.T, theme string, width, height int, page string, options ...string) string {
	t.Helper()
	need(t, "chromium", "timeout")
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	scheme := map[string]string{"light": "1", "dark": "0"}[theme]
	args := []string{"120", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--log-level=3",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--blink-settings=preferredColorScheme=" + scheme, "--user-data-dir=" + filepath.Join(dir, "profile"),
		"--allow-file-access-from-files", fmt.Sprintf("--window-size=%d,%d", width, height), "--virtual-time-budget=20000"}
	r := run(t, os.Environ(), "", "timeout", append(append(args, options...), "file://"+path)...)
	r.expect(t, 0)
	return r.output
}

func measure(t *testing.T, theme string, width int, page string) measured {
	t.Helper()
	dom := chromium(t, theme, width, 1000, scripted(t, page, "measure", theme), "--dump-dom")
	_, text, found := strings.Cut(dom, "<pre id=\"measured\">")
	text, _, closed := strings.Cut(text, "</pre>")
	if !found || !closed {
		t.Fatalf("nothing was measured:\n%.2000s", dom)
	}
	var m measured
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// picture writes a picture of the page into $PICTURES, if that is set: for
// people who want to look at it.
func picture(t *testing.T, name, theme string, width, height int, page string) {
	t.Helper()
	if dir := os.Getenv("PICTURES"); dir != "" {
		to := filepath.Join(dir, name+"-"+theme+".png")
		chromium(t, theme, width, height, scripted(t, page, "draw", theme), "--screenshot="+to)
		t.Logf("wrote %s", to)
	}
}

var themes = []string{"light", "dark"}

func TestSummariesAreLaidOutOnGitHub(t *testing.T) {
	texts := summaries(t)
	for _, theme := range themes {
		t.Run(theme, func(t *testing.T) {
			m := measure(t, theme, gitHubWidth, gitHubPage(t, theme, texts))
			checkPage(t, m)
			if len(m.Articles) != len(texts) {
				t.Fatalf("%d summaries on the page, want %d", len(m.Articles), len(texts))
			}
			for _, a := range m.Articles {
				t.Run(a.Name, func(t *testing.T) { checkSummary(t, a, texts[a.Name]) })
			}
			for name, text := range texts {
				picture(t, name, theme, gitHubWidth, 3000, gitHubPage(t, theme, map[string]string{name: text}))
			}
		})
	}
}

func checkPage(t *testing.T, m measured) {
	t.Helper()
	if len(m.Alarms) > 0 {
		t.Errorf("a report's text ran as a script: %q", m.Alarms)
	}
	if m.Content > m.Width {
		t.Errorf("the page is %d px wide in a window of %d px", m.Content, m.Width)
	}
	for _, a := range m.Articles {
		if a.Content > a.Width {
			t.Errorf("%s is %d px wide where %d px are", a.Name, a.Content, a.Width)
		}
		if a.Headings != 1 || a.Foreign > 0 {
			t.Errorf("%s has %d headings and %d foreign elements", a.Name, a.Headings, a.Foreign)
		}
	}
}

// leftover is Markdown that was meant to be rendered.
var leftover = regexp.MustCompile("\\*\\*|\\|\\s*:?-{3}|```|~~~|</?[a-z]+>|^#+ ")

func checkSummary(t *testing.T, a article, markdown string) {
	t.Helper()
	if want := strings.Count(markdown, "\n  line ["); a.Lines != want {
		t.Errorf("the diagrams have %d lines, want %d", a.Lines, want)
	}
	// A hostile name is shown as it is written, so its own marks are to be seen.
	if found := leftover.FindString(a.Prose); found != "" && !strings.HasPrefix(a.Name, "hostile-") {
		t.Errorf("%q is left in the text", found)
	}
	columns := tableColumns(markdown)
	if len(columns) != len(a.Tables) {
		t.Fatalf("%d tables, want %d", len(a.Tables), len(columns))
	}
	for i, table := range a.Tables {
		for row, cells := range table.Cells {
			if cells != columns[i] {
				t.Errorf("row %d of table %d has %d cells, want %d", row, i, cells, columns[i])
			}
		}
	}
	// The table of the verdict is read without scrolling it sideways, unless a
	// name in it has no place to break.
	if len(a.Tables) > 0 && a.Tables[0].Content > a.Tables[0].Width && a.Name != "hostile-long" {
		t.Errorf("the first table is %d px wide where %d px are", a.Tables[0].Content, a.Tables[0].Width)
	}
}

// tableColumns are the columns of each table, by the line under its head.
func tableColumns(markdown string) []int {
	var columns []int
	for _, line := range regexp.MustCompile(`(?m)^\|( -+:? \|| --: \|)+$`).FindAllString(markdown, -1) {
		columns = append(columns, strings.Count(line, "|")-1)
	}
	return columns
}

// The report's own page has a policy that lets no script run; the script that
// measures takes its place.
func TestReportPagesAreLaidOut(t *testing.T) {
	pages := files(t, "summary/testdata/*.html")
	pages["summary/testdata/findings-40.html"] = summary.HTML(findings(40, "a name"))
	pages["summary/testdata/hostile.html"] = summary.HTML(findings(3, strings.Join(slices.Sorted(maps.Values(hostile)), " ")))
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)
	for path, page := range pages {
		name := strings.TrimSuffix(filepath.Base(path), ".html")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !policy.MatchString(page) {
				t.Error("the page has no policy")
			}
			open := policy.ReplaceAllString(page, "")
			checkPage(t, measure(t, "light", gitHubWidth, open))
			checkPage(t, measure(t, "light", phone, open))
			for _, theme := range themes {
				picture(t, "page-"+name, theme, gitHubWidth, 2400, open)
			}
		})
	}
}
