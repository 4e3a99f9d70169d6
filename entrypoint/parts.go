package main

import (
	"fmt"
	"io"

	"github.com/seatrial/seatrial/platform"
)

// parts lays out the log: where the platform can fold it, its parts are marked.
type parts struct {
	process
	marks platform.Parted // nil where a log is flat
	open  string
	out   io.Writer // where the open part began
}

func newParts(p process, where platform.Platform) *parts {
	marks, _ := where.(platform.Parted)
	return &parts{process: p, marks: marks}
}

// begin ends the part before.
func (l *parts) begin(out io.Writer, name, title string) {
	l.end()
	if l.marks != nil {
		fmt.Fprint(out, l.marks.BeginPart(name, title, l.now()))
	}
	l.open, l.out = name, out
}

func (l *parts) end() {
	if l.open != "" && l.marks != nil {
		fmt.Fprint(l.out, l.marks.EndPart(l.open, l.now()))
	}
	l.open = ""
}
