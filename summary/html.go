package summary

import (
	"html"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/seatrial/seatrial/trial"
)

// HTML is the report as a page of its own: no script, nothing loaded from
// elsewhere, light or dark as its reader prefers. It says what Markdown says,
// from the same document; its Markdown is rendered without raw HTML, so that
// an escape forgotten there shows as text here. It is never longer than Limit.
func HTML(r trial.Report) string {
	return fit(r, Limit, func(d document) string { return d.page(r) })
}

func (d document) page(r trial.Report) string {
	o := outcomeOf(r)
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n" +
		"<title>" + html.EscapeString("Seatrial: "+o.word+" "+clip(r.Name, longestName)) + "</title>\n" +
		"<style>\n" + style + "</style>\n</head>\n<body>\n<main>\n")
	b.WriteString("<header class=\"" + o.class + "\">\n" + rendered("# "+d.heading) + "</header>\n")
	for _, s := range d.sections {
		b.WriteString(s.html())
	}
	if d.truncated != "" {
		b.WriteString("<p>" + d.truncated + "</p>\n")
	}
	b.WriteString("</main>\n</body>\n</html>\n")
	return b.String()
}

// html is the section on the page.
func (s section) html() string {
	body := s.svg + "\n"
	if s.svg == "" {
		body = "<div class=\"scroll\">\n" + rendered(s.body) + "</div>\n"
	}
	title := html.EscapeString(s.title)
	switch {
	case s.folded && !s.shown:
		return "<details>\n<summary>" + title + "</summary>\n" + body + "</details>\n"
	case s.title != "":
		return "<section>\n<h2>" + title + "</h2>\n" + body + "</section>\n"
	default:
		return "<section>\n" + body + "</section>\n"
	}
}

// rendered is Markdown as HTML; raw HTML in it is dropped, and so are the
// zero-width spaces that keep other renderers from making mentions and links.
func rendered(markdown string) string {
	var b strings.Builder
	if err := goldmark.New(goldmark.WithExtensions(extension.Table)).Convert([]byte(markdown), &b); err != nil {
		// Only a writer that fails makes it fail, and a Builder does not.
		return "<pre>" + html.EscapeString(markdown) + "</pre>\n"
	}
	return strings.ReplaceAll(b.String(), "\u200b", "")
}

// style is the page's own: colours are those of GitHub's themes, so that a
// report looks at home beside the pull request it came from.
const style = `:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f6f8fa; --text: #1f2328; --faint: #59636e; --edge: #d1d9e0;
  --pass: #1a7f37; --fail: #d1242f; --open: #9a6700; --broken: #bc4c00;
  --v0: #6e7781; --v1: #0969da; --v2: #d4620f; --v3: #8250df; --v4: #1a7f37; --v5: #8a5a2b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --raised: #151b23; --text: #f0f6fc; --faint: #9198a1; --edge: #3d444d;
    --pass: #3fb950; --fail: #f85149; --open: #d29922; --broken: #db6d28;
    --v0: #9198a1; --v1: #4493f8; --v2: #f0883e; --v3: #ab7df8; --v4: #3fb950; --v5: #c08a55;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
header { border-left: .4rem solid var(--tone); background: var(--raised); border-radius: .4rem; padding: 1rem 1.25rem; margin-bottom: 1.5rem; }
header.pass { --tone: var(--pass); } header.fail { --tone: var(--fail); }
header.open { --tone: var(--open); } header.broken { --tone: var(--broken); }
h1 { font-size: 1.3rem; line-height: 1.35; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
p, li { overflow-wrap: anywhere; max-width: 60rem; }
ul { padding-left: 1.25rem; } li { margin: .3rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; font-variant-numeric: tabular-nums; font-size: .925rem; }
th, td { padding: .4rem .7rem; border-bottom: 1px solid var(--edge); text-align: left; vertical-align: top; max-width: 30rem; }
th { font-weight: 600; color: var(--faint); }
th, td[style*=right] { white-space: nowrap; }
th code { display: inline-block; min-width: 3.2em; text-align: center; white-space: normal; overflow-wrap: anywhere; }
details td:first-child { min-width: 11rem; }
code, pre { font: .875em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
code { background: var(--raised); border-radius: .3rem; padding: .1rem .35rem; overflow-wrap: break-word; }
pre { background: var(--raised); border-radius: .4rem; padding: .8rem 1rem; overflow-x: auto; }
pre code { padding: 0; background: none; }
details { border: 1px solid var(--edge); border-radius: .4rem; margin: .6rem 0; padding: 0 1rem; }
details[open] { padding-bottom: .6rem; }
summary { cursor: pointer; margin: 0 -1rem; padding: .55rem 1rem; font-weight: 600; }
.chart { display: block; width: 100%; height: auto; }
.chart text { fill: var(--faint); font-size: 13px; }
.chart .legend, .chart .note { fill: var(--text); }
.chart .grid { stroke: var(--edge); stroke-width: 1; }
.chart .warmup { fill: var(--edge); opacity: .35; }
.chart .moment { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 5 4; }
.chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.v0 { stroke: var(--v0); } .v1 { stroke: var(--v1); } .v2 { stroke: var(--v2); }
.v3 { stroke: var(--v3); } .v4 { stroke: var(--v4); } .v5 { stroke: var(--v5); }
`
