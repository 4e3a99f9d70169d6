package migrate

import (
	"fmt"
	"strings"
)

// Mistakes is the error of a source that no trial file can be drawn up from:
// all that is wrong with it, one line each.
type Mistakes struct{ All []string }

func (m *Mistakes) Error() string {
	count := fmt.Sprintf("%d mistakes", len(m.All))
	if len(m.All) == 1 {
		count = "1 mistake"
	}
	return strings.Join(append(m.All[:len(m.All):len(m.All)], count+"; nothing was written."), "\n")
}

// place is where something stands in a source.
type place struct {
	name         string // of the file, or "argument 3"
	line, column int    // 0: the whole of it
}

func (p place) String() string {
	if p.line > 0 {
		return fmt.Sprintf("%s:%d:%d", p.name, p.line, p.column)
	}
	return p.name
}

// ledger gathers what is wrong while a source is read.
type ledger struct{ mistakes []string }

func (l *ledger) add(at place, format string, args ...any) {
	text := shown(fmt.Sprintf(format, args...))
	if name := shown(at.String()); name != "" {
		text = name + ": " + text
	}
	l.mistakes = append(l.mistakes, text)
}

func (l *ledger) err() error {
	if len(l.mistakes) == 0 {
		return nil
	}
	return &Mistakes{l.mistakes}
}
