package main

import (
	"fmt"
	"io"
	"strings"
)

// table is one section of the report.
type table struct {
	title string
	text  string // what was asked, and of how many trials
	head  []string
	rows  [][]string
	plot  *chart // nil: none
}

// write gives the report as Markdown. Every word of it is the exam's own.
func write(w io.Writer, opening string, tables []table) error {
	var b strings.Builder
	b.WriteString(opening)
	for _, t := range tables {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", t.title, t.text)
		if t.plot != nil {
			fmt.Fprintf(&b, "![%s](%s)\n\n", t.plot.alt, t.plot.file)
		}
		b.WriteString(line(t.head))
		b.WriteString("|" + strings.Repeat("---|", len(t.head)) + "\n")
		for _, row := range t.rows {
			b.WriteString(line(row))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func line(cells []string) string { return "| " + strings.Join(cells, " | ") + " |\n" }
