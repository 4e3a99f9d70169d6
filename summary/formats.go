package summary

import "github.com/seatrial/seatrial/trial"

// Format is one form in which a report is written beside its evidence.
type Format struct {
	Output string // the step output that holds the file's path; empty for none
	File   string
	Render func(trial.Report) string
}

// Formats are all forms of a report. To add one, write its file and its line
// here.
var Formats = [...]Format{
	{"summary", "summary.md", Markdown},
	{"report-html", "report.html", HTML},
	{"", "junit.xml", JUnit},
	{"", "metrics.txt", OpenMetrics},
	{"", "load-performance.json", LoadPerformance},
}
