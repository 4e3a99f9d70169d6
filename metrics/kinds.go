package metrics

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// tooOld is the age at a window's end from which the newest point of a series
// no longer tells of the window, in lengths of the window: a scrape may be as
// seldom as the window is long.
const tooOld = 2

// growth is by how much the series of an answer grew within a window: the sum
// over all, each from its last point at or before the window's begin, so that
// the growths of windows that follow each other add up to the whole. A fall is a
// counter that began anew at 0 (reset: what it had gathered before is lost). A
// series that is not known from before began within the window, at 0, if the
// answer before was good; its first point may then be a lower bound.
func (l *ledger) growth(key string, got []series, w Window) (total float64, reset bool, err error) {
	before, known := l.last[key]
	now := map[string]point{}
	for _, s := range got {
		if err := check(s); err != nil {
			return 0, false, err
		}
		grown, anew, last, there := s.grown(before, known, w)
		if !there {
			continue
		}
		total, reset = total+grown, reset || anew
		now[s.name] = last
	}
	if len(now) == 0 {
		return 0, false, fmt.Errorf("no sample in the window")
	}
	l.keep(key, before, now, w)
	if !known {
		return 0, false, errFirst
	}
	return total, reset, nil
}

// errFirst is said of the first window that was asked: there is nothing to
// take a difference to.
var errFirst = fmt.Errorf("nothing is known from before the window")

// ledger remembers the last point of every series of every question.
type ledger struct {
	last map[string]map[string]point
}

func newLedger() *ledger { return &ledger{last: map[string]map[string]point{}} }

// keep remembers the newest points; a series that fell silent is remembered for
// a while, in case that it only missed a scrape.
func (l *ledger) keep(key string, before, now map[string]point, w Window) {
	for name, p := range before {
		if _, there := now[name]; !there && w.To.Sub(p.at) < silence(w) {
			now[name] = p
		}
	}
	l.last[key] = now
}

func silence(w Window) time.Duration { return max(5*time.Minute, tooOld*w.length()) }

// grown is the growth of one series, and its newest point at or before the
// window's end.
func (s series) grown(before map[string]point, known bool, w Window) (total float64, anew bool, last point, there bool) {
	base, hasBase := before[s.name]
	for _, p := range s.points {
		switch {
		case p.at.After(w.To):
			return total, anew, last, there
		case hasBase && !p.at.After(base.at):
			last, there = base, true
			continue
		case hasBase && p.value >= base.value:
			total += p.value - base.value
		case hasBase:
			total, anew = total+p.value, true
		case known && p.at.After(w.From):
			total, anew = total+p.value, true
		}
		base, hasBase = p, true
		last, there = p, true
	}
	return total, anew, last, there
}

func check(s series) error {
	for i, p := range s.points {
		if math.IsNaN(p.value) || math.IsInf(p.value, 0) {
			return fmt.Errorf("a sample is %v, which is no number", p.value)
		}
		if i > 0 && p.at.Before(s.points[i-1].at) {
			return fmt.Errorf("its samples are not in the order of their times")
		}
	}
	return nil
}

// only is the one series that was meant.
func only(got []series) (series, error) {
	switch {
	case len(got) == 0:
		return series{}, fmt.Errorf("no series")
	case len(got) > 1:
		return series{}, fmt.Errorf("%d series, where one is meant (%s and %s): sum them, or name more labels", len(got), got[0].name, got[1].name)
	}
	return got[0], check(got[0])
}

// level is a gauge over a window: the mean of its points in it, or its newest
// point if that is not too old.
func level(got []series, w Window) (float64, error) {
	s, err := only(got)
	if err != nil {
		return 0, err
	}
	n, total := 0.0, 0.0
	var newest point
	for _, p := range s.points {
		if p.at.After(w.To) {
			break
		}
		newest = p
		if p.at.After(w.From) {
			n, total = n+1, total+p.value
		}
	}
	switch {
	case n > 0:
		return total / n, nil
	case newest.at.IsZero():
		return 0, fmt.Errorf("no sample in the window")
	case w.To.Sub(newest.at) > tooOld*w.length():
		return 0, fmt.Errorf("stale: its newest sample is %s old", w.To.Sub(newest.at).Round(time.Second))
	}
	return newest.value, nil
}

// amount is what a provider says of the window itself: all its points, added up.
func amount(got []series, w Window) (float64, error) {
	if len(got) == 0 {
		return 0, fmt.Errorf("no series")
	}
	total, n := 0.0, 0
	for _, s := range got {
		if err := check(s); err != nil {
			return 0, err
		}
		for _, p := range s.points {
			if p.at.After(w.From) && !p.at.After(w.To) {
				total, n = total+p.value, n+1
			}
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("no sample in the window")
	}
	return total, nil
}

// observations are the moments of points that are single observations.
func observations(got []series) (trial.Moments, error) {
	var m trial.Moments
	for _, s := range got {
		if err := check(s); err != nil {
			return m, err
		}
		for _, p := range s.points {
			m.N, m.Sum, m.SumSquares = m.N+1, m.Sum+p.value, m.SumSquares+p.value*p.value
		}
	}
	return m, nil
}

// buckets are the bounds of a histogram's series, and the series of each.
func buckets(got []series) (bounds []float64, of map[float64][]series, err error) {
	of = map[float64][]series{}
	for _, s := range got {
		if s.bound == nil {
			return nil, nil, fmt.Errorf("the series %s is of no bucket: a histogram's series have the label le", s.name)
		}
		if of[*s.bound] == nil {
			bounds = append(bounds, *s.bound)
		}
		of[*s.bound] = append(of[*s.bound], s)
	}
	if len(bounds) == 0 {
		return nil, nil, fmt.Errorf("no series")
	}
	slices.Sort(bounds)
	return bounds, of, nil
}
