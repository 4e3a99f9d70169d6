package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// continued are the keys that must say the same in a trial that goes on with a
// former one: they are what is compared, by what, and in what windows.
var continued = []string{
	"baseline", "candidate", "candidates", "providers", "metrics", "windows.interval",
	"pattern", "objectives", "rewards", "confidence", "at-least", "no-data",
}

// CheckResumed returns why this trial can't go on with a stored one: each key
// that says something else there. It is nil if it can.
func (f File) CheckResumed(stored File) error {
	l := newLedger()
	if !f.NoLoad() || !stored.NoLoad() {
		l.note(l.places[""], "", fmt.Sprintf("the trial in %s can't be gone on with: only windows of metrics can, and load was or would be sent; leave resume out, or the load", f.Resume))
		return l.err()
	}
	now, then := f.said(), stored.said()
	for _, key := range continued {
		if !now.under(key).same(then.under(key)) {
			l.note(l.places[""], "", fmt.Sprintf("%s is not what it was in %s, so it would be another trial: make it the same, or name another directory", key, f.Resume))
		}
	}
	return l.err()
}

// said is the resolved file as it is written.
func (f File) said() *node {
	n, err := encode(reflect.ValueOf(f.showable()), reflect.ValueOf(Default()))
	if err != nil {
		return nil // it is like no other
	}
	return n
}

// under is the value at a path of keys; nil where there is none.
func (n *node) under(path string) *node {
	for key := range strings.SplitSeq(path, ".") {
		if n == nil {
			return nil
		}
		n = n.find(key)
	}
	return n
}

// same compares what is said, wherever that is.
func (n *node) same(other *node) bool {
	if n == nil || other == nil {
		return n == other
	}
	return n.kind == other.kind && n.text == other.text &&
		slices.EqualFunc(n.items, other.items, (*node).same) &&
		slices.EqualFunc(n.entries, other.entries, func(a, b entry) bool { return a.key == b.key && a.value.same(b.value) })
}
