package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/seatrial/seatrial/trial"
)

// Mistake is one thing that is wrong with the inputs, where it is, and what
// to write instead.
type Mistake struct {
	Source trial.Source // zero where it is about the inputs as a whole
	Text   string       // one line; may quote what was written
}

// String is "seatrial.yaml:14:5: text", "--rate: text" or the text alone.
func (m Mistake) String() string {
	if place := placeName(m.Source); place != "" {
		return place + ": " + m.Text
	}
	return m.Text
}

// placeName is "seatrial.yaml:14:5", "seatrial.yaml" or "--rate".
func placeName(s trial.Source) string {
	switch {
	case s.Line > 0:
		return fmt.Sprintf("%s:%d:%d", s.File, s.Line, s.Column)
	case s.File != "":
		return s.File
	}
	return s.Input
}

var lineAndColumn = regexp.MustCompile(`^(.+):([0-9]+):([0-9]+)$`)

// placeNamed is the inverse of placeName, for what has a line or is an input.
func placeNamed(name string) trial.Source {
	m := lineAndColumn.FindStringSubmatch(name)
	if m == nil {
		return trial.Source{Input: name}
	}
	line, _ := strconv.Atoi(m[2])
	column, _ := strconv.Atoi(m[3])
	return trial.Source{File: m[1], Line: line, Column: column}
}

// Mistakes is the error of inputs that no trial can be made of: all that is
// wrong with them, those in the file first and in its order.
type Mistakes struct{ All []Mistake }

func (m *Mistakes) Error() string {
	var lines []string
	for _, one := range m.All {
		lines = append(lines, one.String())
	}
	count := fmt.Sprintf("%d mistakes", len(m.All))
	if len(m.All) == 1 {
		count = "1 mistake"
	}
	return strings.Join(append(lines, count+"; nothing was sent."), "\n")
}

// ledger gathers mistakes while the inputs are read and checked, and keeps
// where each value came from.
type ledger struct {
	mistakes []Mistake
	places   map[string]trial.Source // of each value, by its path: "load.rate"
	unread   []string                // paths of values that could not be read
	declared []string                // where each of File.Declared is written
	moved    map[string]string       // paths as they are written, by those that their values have now
}

func newLedger() *ledger {
	return &ledger{places: map[string]trial.Source{}, moved: map[string]string{}}
}

// move notes that what is written at a path is a value at another now.
func (l *ledger) move(written, path string) {
	l.moved[path] = written
	for at, place := range l.places {
		if isWithin(at, written) {
			l.places[path+strings.TrimPrefix(at, written)] = place
		}
	}
}

// written is a path as people know it from their file.
func (l *ledger) written(path string) string {
	for now, then := range l.moved {
		if isWithin(path, now) {
			return then + strings.TrimPrefix(path, now)
		}
	}
	return path
}

// add notes that the value at path could not be read.
func (l *ledger) add(at trial.Source, path, format string, args ...any) {
	l.unread = append(l.unread, path)
	l.note(at, path, fmt.Sprintf(format, args...))
}

// doubt notes a mistake in the meaning of the value at path, unless that
// value, a part of it, or what it is part of could not even be read.
func (l *ledger) doubt(path, format string, args ...any) {
	if l.isUnread(path) {
		return
	}
	l.note(l.place(path), path, fmt.Sprintf(format, args...))
}

// place is where the value at path came from, or what it would be part of.
func (l *ledger) place(path string) trial.Source {
	at, found := l.places[path]
	for !found && path != "" {
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
		at, found = l.places[path]
	}
	return at
}

// lack notes that something the trial needs at path was not given.
func (l *ledger) lack(path, text string) {
	if !l.isUnread(path) {
		l.note(l.places[""], "", text)
	}
}

// note names the key in a place of the file; an input has named itself, and
// a text about an objective quotes it.
func (l *ledger) note(at trial.Source, path, text string) {
	if at.Input == "" && path != "" && !strings.HasPrefix(text, "objective ") {
		text = l.written(path) + ": " + text
	}
	l.mistakes = append(l.mistakes, Mistake{at, oneLine(text)})
}

func (l *ledger) isUnread(path string) bool {
	return slices.ContainsFunc(l.unread, func(u string) bool { return isWithin(u, path) || isWithin(path, u) })
}

// isWithin reports whether a path is the other or leads into it.
func isWithin(path, other string) bool {
	rest, found := strings.CutPrefix(path, other)
	return found && (rest == "" || other == "" || rest[0] == '.' || rest[0] == '[')
}

// err is all that was noted, as an error; nil if nothing was.
func (l *ledger) err() error {
	if len(l.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(l.mistakes, func(a, b Mistake) int {
		x, y := a.Source, b.Source
		switch inX, inY := x.File != "", y.File != ""; {
		case inX && !inY:
			return -1
		case inY && !inX:
			return 1
		}
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return &Mistakes{l.mistakes}
}

// oneLine keeps what is quoted from breaking the line that quotes it.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
