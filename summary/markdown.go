package summary

import (
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Markdown is the report for a pull request or a step summary: the verdict in
// its heading, one table, and the rest to be unfolded. It is never longer than
// Limit.
func Markdown(r trial.Report) string { return fit(r, Limit, document.markdown) }

// CommentLimit is the most of a report that goes into a comment. GitHub refuses
// more than 65,536 characters, its marker and the run's address included.
const CommentLimit = 60_000

// Comment is Markdown within CommentLimit.
func Comment(r trial.Report) string { return fit(r, CommentLimit, document.markdown) }

func (d document) markdown() string {
	var b strings.Builder
	b.WriteString("### " + d.heading + "\n")
	for _, s := range d.sections {
		switch {
		case s.folded:
			b.WriteString("\n<details><summary>" + s.title + "</summary>\n\n" + s.body + "\n\n</details>\n")
		default:
			b.WriteString("\n" + s.body + "\n")
		}
	}
	if d.truncated != "" {
		b.WriteString("\n" + d.truncated + "\n")
	}
	return b.String()
}
