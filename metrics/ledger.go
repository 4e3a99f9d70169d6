package metrics

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ledger remembers what is needed to take the difference to the window before:
// the newest point of every series of every question, so that the growths of
// windows that follow each other add up to the whole, whenever a provider came
// to know a sample.
type ledger struct {
	last map[question]memory

	window Window           // that is being read
	before map[process]bool // processes that were seen in the window before it
	now    map[process]bool // and in it
}

// question is one part of a metric of a version; all parts of a metric restart
// together.
type question struct {
	metric  string
	version int
	part    part
}

// process is whose counters a version's series are.
type process struct {
	version int
	origin  string
}

// memory is of the last good answer.
type memory struct {
	until  time.Time // the end of its window
	points map[string]known
}

// known is the newest point of a series, and the process that it was of.
type known struct {
	point
	origin string
}

func newLedger() *ledger {
	return &ledger{last: map[question]memory{}, before: map[process]bool{}, now: map[process]bool{}}
}

// enter begins a window.
func (l *ledger) enter(w Window) {
	l.before, l.now = l.now, map[process]bool{}
	if !l.window.To.Equal(w.From) {
		l.before = map[process]bool{}
	}
	l.window = w
}

// pass remembers that nothing grew in a window.
func (l *ledger) pass(q question, began moments, w Window) {
	before, _ := l.recall(q, w)
	kept := memory{until: w.To, points: map[string]known{}}
	kept.add(before, began, w)
	l.keep(q, kept)
}

func (l *ledger) keep(q question, m memory) { l.last[q] = m }

// recall is what is known from the window before, and nothing if that is not
// known: a growth since long ago is none of this window.
func (l *ledger) recall(q question, w Window) (points map[string]known, there bool) {
	m, there := l.last[q]
	if !there || !m.until.Equal(w.From) {
		return nil, false
	}
	return m.points, true
}

// grown is by how much counters grew in a window. Reset says that some of it is
// lost: a counter began anew, or was not known from its beginning.
type grown struct {
	total float64
	reset bool
}

// errFirst is said of the first window that was asked: there is nothing to
// take a difference to.
var errFirst = errors.New("nothing is known from before the window")

// growth is by how much each series of an answer grew within a window. It grows
// from its last point at or before the window's begin. A fall is a counter that
// began anew at 0; of a sum it is one of its counters, so what grew is not known
// and left out. A series that was not there before began at 0 if its process
// was; else nobody knows since when it counts, and what it counted before its
// first point is left out.
func (l *ledger) growth(q question, got []series, began moments, w Window) ([]grown, error) {
	before, asked := l.recall(q, w)
	all := make([]grown, len(got))
	kept := memory{until: w.To, points: map[string]known{}}
	based := false
	var newest, newestBase time.Time
	for i, s := range got {
		if err := check(s); err != nil {
			return nil, err
		}
		if _, twice := kept.points[s.name]; twice {
			return nil, fmt.Errorf("two series are called %s", s.name)
		}
		from, has := s.base(before, w)
		if !has && asked && l.before[process{q.version, s.origin}] {
			from, has = point{}, true
		}
		var last point
		if all[i], last = s.rise(from, has, began, w); last.at.IsZero() {
			continue
		}
		based, newestBase = based || has, later(newestBase, from.at)
		kept.points[s.name] = known{last, s.origin}
		newest = later(newest, last.at)
		if stale(last.at, w) == nil {
			l.now[process{q.version, s.origin}] = true
		}
	}
	if !newest.After(w.From) {
		return nil, noSample(newest, w)
	}
	kept.add(before, began, w)
	l.keep(q, kept)
	switch apart := w.From.Sub(newestBase); {
	case !based:
		return nil, errFirst
	case !newestBase.IsZero() && apart > w.length():
		return nil, fmt.Errorf("the window follows %s without a sample: ask for windows at least as long as its samples are apart", apart.Round(time.Second))
	}
	return all, nil
}

// base is the point that the window's growth counts from: the one that was
// counted last, or else the answer's own.
func (s series) base(before map[string]known, w Window) (from point, has bool) {
	if counted, there := before[s.name]; there {
		return counted.point, true
	}
	for _, p := range s.points {
		if !p.at.After(w.From) {
			from, has = p, true
		}
	}
	return from, has
}

// since are the points after a base, to the window's end.
func (s series) since(from point, has bool, w Window) []point {
	var out []point
	for _, p := range s.points {
		if !p.at.After(w.To) && (!has || p.at.After(from.at)) {
			out = append(out, p)
		}
	}
	return out
}

// rise is the growth since a base, and the last point of all.
func (s series) rise(from point, has bool, began moments, w Window) (g grown, last point) {
	for _, p := range s.since(from, has, w) {
		fell := p.value < from.value
		switch {
		case !has, fell && s.summed:
			g.reset = true
		case fell, !from.at.IsZero() && began.within(s.origin, from.at, p.at):
			g.total, g.reset = g.total+p.value, true
		default:
			g.total += p.value - from.value
		}
		from, has = p, true
	}
	return g, from
}

// add remembers series that are silent, but not for long: they may only have
// missed a scrape. A process that began anew has forgotten them.
func (m memory) add(before map[string]known, began moments, w Window) {
	for name, k := range before {
		_, there := m.points[name]
		if !there && stale(k.at, w) == nil && !began.within(k.origin, k.at, w.To) {
			m.points[name] = k
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// moments are times of processes, by origin: when each began anew, or was scraped.
type moments map[string][]time.Time

// within reports whether there is one after one time, until another.
func (m moments) within(origin string, after, until time.Time) bool {
	return slices.ContainsFunc(m[origin], func(t time.Time) bool { return t.After(after) && !t.After(until) })
}

// restartsOf finds the points of known processes at which a series is less than at the scrape of
// its process before. All series of the process began anew then, those too that
// have grown past what they were.
func (l *ledger) restartsOf(metric string, version int, got map[part]answer, w Window) moments {
	scrapes := scrapesOf(got)
	found := moments{}
	for p, a := range got {
		before, _ := l.recall(question{metric, version, p}, w)
		for _, s := range a.series {
			from, has := s.base(before, w)
			for _, p := range s.since(from, has, w) {
				if s.origin != "" && has && p.value < from.value && !scrapes.within(s.origin, from.at, p.at.Add(-1)) {
					found[s.origin] = append(found[s.origin], p.at)
				}
				from, has = p, true
			}
		}
	}
	return found
}

// scrapesOf are the times of all points, by origin.
func scrapesOf(got map[part]answer) moments {
	scrapes := moments{}
	for _, a := range got {
		for _, s := range a.series {
			for _, p := range s.points {
				scrapes[s.origin] = append(scrapes[s.origin], p.at)
			}
		}
	}
	return scrapes
}

// aligned cuts the answers to the parts of a metric at the last scrape of each
// process that all of them have: a provider may have come to know of one between
// two questions.
func aligned(got map[part]answer, w Window) map[part]answer {
	until := map[string]time.Time{}
	for _, a := range got {
		newest := map[string]time.Time{}
		for _, s := range a.series {
			for _, p := range s.points {
				if w.holds(p.at) && s.origin != "" {
					newest[s.origin] = later(newest[s.origin], p.at)
				}
			}
		}
		for origin, t := range newest {
			if u, there := until[origin]; !there || t.Before(u) {
				until[origin] = t
			}
		}
	}
	out := map[part]answer{}
	for part, a := range got {
		a.series, a.sums = cut(a.series, until), cut(a.sums, until)
		out[part] = a
	}
	return out
}

func cut(all []series, until map[string]time.Time) []series {
	var out []series
	for _, s := range all {
		if t, there := until[s.origin]; there {
			s.points = slices.DeleteFunc(slices.Clone(s.points), func(p point) bool { return p.at.After(t) })
		}
		out = append(out, s)
	}
	return out
}
