package metrics

import (
	"errors"
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

var errNoSample = errors.New("no sample in the window")

// noSample says how old the newest sample is, if there is any.
func noSample(newest time.Time, w Window) error {
	if newest.IsZero() {
		return errNoSample
	}
	return fmt.Errorf("%w: its newest is %s old", errNoSample, w.To.Sub(newest).Round(time.Second))
}

// stale is why the newest sample no longer tells of the window.
func stale(newest time.Time, w Window) error {
	if age := w.To.Sub(newest); age > tooOld*w.length() {
		return fmt.Errorf("stale: its newest sample is %s old at the end of a window of %s", age.Round(time.Second), w.length())
	}
	return nil
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
		return series{}, errNoSample
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
		return 0, errNoSample
	}
	return newest.value, stale(newest.at, w)
}

// amounts are what a provider says of the window itself: the points of each
// series in it, added up.
func amounts(got []series, w Window) ([]float64, error) {
	each, n := make([]float64, len(got)), 0
	for i, s := range got {
		if err := check(s); err != nil {
			return nil, err
		}
		for _, p := range s.points {
			if w.holds(p.at) {
				each[i], n = each[i]+p.value, n+1
			}
		}
	}
	if n == 0 {
		return nil, errNoSample
	}
	return each, nil
}

// observations are the moments of points that are single observations: those
// within the window.
func observations(got []series, w Window) (trial.Moments, error) {
	var m trial.Moments
	for _, s := range got {
		if err := check(s); err != nil {
			return m, err
		}
		for _, p := range s.points {
			if w.holds(p.at) {
				m.N, m.Sum, m.SumSquares = m.N+1, m.Sum+p.value, m.SumSquares+p.value*p.value
			}
		}
	}
	if m.N == 0 {
		return m, errNoSample
	}
	return m, nil
}

// buckets are the bounds that all histograms of an answer have, and for each of
// its series which bound it is of; -1 for a bound that others lack.
func buckets(got []series) (bounds []float64, of []int, err error) {
	histograms, having := map[string]bool{}, map[float64]int{}
	for _, s := range got {
		if s.bound == nil {
			return nil, nil, fmt.Errorf("the series %s is of no bucket: a histogram's series have the label le", s.name)
		}
		histograms[s.bucket] = true
		having[*s.bound]++
	}
	for bound, n := range having {
		if n == len(histograms) {
			bounds = append(bounds, bound)
		}
	}
	switch slices.Sort(bounds); {
	case len(got) == 0:
		return nil, nil, errNoSample
	case len(bounds) == 0 || !math.IsInf(bounds[len(bounds)-1], 1):
		return nil, nil, errors.New("the bucket of all (le=\"+Inf\") is missing")
	}
	for _, s := range got {
		i, common := slices.BinarySearch(bounds, *s.bound)
		if !common {
			i = -1
		}
		of = append(of, i)
	}
	return bounds, of, nil
}
