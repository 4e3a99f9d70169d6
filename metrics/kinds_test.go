package metrics

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// readOf is the sample of window 1 where the answers to window 0 are known.
func readOf(kind trial.Kind, running bool, before, now map[part][]series) trial.Sample {
	l := newLedger()
	r := reader{ledger: l, metric: Metric{Name: "m", Kind: kind}, running: running}
	var s trial.Sample
	for i, given := range []map[part][]series{before, now} {
		got := map[part]answer{}
		for p, all := range given {
			got[p] = answer{series: all}
		}
		l.enter(window(i))
		r.window = window(i)
		s = r.sample(got)
	}
	return s
}

func TestMoments(t *testing.T) {
	before := map[part][]series{count: {counter("a", "n", 9, 100)}, sum: {counter("a", "s", 9, 500)}, sumSquares: {counter("a", "q", 9, 3000)}}
	now := map[part][]series{count: {counter("a", "n", 19, 102)}, sum: {counter("a", "s", 19, 510)}, sumSquares: {counter("a", "q", 19, 3052)}}
	s := readOf(trial.MomentsKind, true, before, now)
	if diff := cmp.Diff(&trial.Moments{N: 2, Sum: 10, SumSquares: 52}, s.Moments); diff != "" || s.Missing != "" {
		t.Errorf("%s\n%s", s.Missing, diff)
	}
	now[sumSquares] = []series{counter("a", "q", 19, 3049)}
	if s := readOf(trial.MomentsKind, true, before, now); s.Missing != "a sum of squares of 49 can't be of 2 observations that add up to 10" {
		t.Errorf("4+6 have squares of 52, so 49 is impossible: %+v", s)
	}
}

func TestObservationsAreThoseOfTheWindow(t *testing.T) {
	s := readOf(trial.MomentsKind, true, nil, map[part][]series{whole: {counter("a", "x", 9, 1000, 14, 4, 19, 6, 20.5, 1000)}})
	if diff := cmp.Diff(&trial.Moments{N: 2, Sum: 10, SumSquares: 52}, s.Moments); diff != "" || s.Missing != "" {
		t.Errorf("%s\n%s", s.Missing, diff)
	}
	s = readOf(trial.MomentsKind, true, nil, map[part][]series{whole: {counter("a", "x", 9, 1000)}})
	if s.Missing != errNoSample.Error() {
		t.Errorf("none in the window: %+v", s)
	}
}

func TestAmountsOfTheWindowAreNoDifferences(t *testing.T) {
	for name, c := range map[string]struct {
		got  []series
		want string
	}{
		"one":           {[]series{counter("", "x", 20, 7)}, "7"},
		"of two series": {[]series{counter("", "x", 20, 7), counter("", "y", 20, 1.5)}, "8.5"},
		"not its own":   {[]series{counter("", "x", 9, 7, 10, 7, 21, 7)}, "no sample in the window"},
		"less than 0":   {[]series{counter("", "x", 20, -7)}, "its total is -7: less than 0"},
		"no number":     {[]series{counter("", "x", 20, math.NaN())}, "a sample is NaN, which is no number"},
		"none":          {nil, "no sample in the window"},
	} {
		s := readOf(trial.TotalKind, false, nil, map[part][]series{whole: c.got})
		text := s.Missing
		if s.Total != nil && text == "" {
			text = fmt.Sprint(*s.Total)
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
}

func TestMoreHitsThanTrialsIsNoShare(t *testing.T) {
	s := readOf(trial.CountsKind, false, nil, map[part][]series{hits: {counter("", "h", 20, 3)}, trials: {counter("", "n", 20, 2)}})
	if s.Missing != "3 hits in 2 trials" || s.Counts != nil {
		t.Errorf("%+v", s)
	}
}

func TestASumWithoutBucketsGivesAMean(t *testing.T) {
	before := map[part][]series{count: {counter("a", "n", 9, 100)}, sum: {counter("a", "s", 9, 500)}}
	now := map[part][]series{count: {counter("a", "n", 19, 104)}, sum: {counter("a", "s", 19, 510)}}
	s := readOf(trial.HistogramKind, true, before, now)
	if diff := cmp.Diff(&trial.Histogram{Counts: []float64{4}, Sum: ptr(10)}, s.Histogram); diff != "" || s.Missing != "" {
		t.Errorf("%s\n%s", s.Missing, diff)
	}
}

func TestASampleIsInTheMetricsUnit(t *testing.T) {
	milli := 0.001
	r := reader{ledger: newLedger(), metric: Metric{Name: "m", Kind: trial.ValueKind, Query: Query{Scale: &milli}}, running: true, window: window(1)}
	s := r.sample(map[part]answer{whole: {series: []series{counter("a", "x", 19, 250)}}})
	if s.Value == nil || *s.Value != 0.25 {
		t.Errorf("250 ms are %+v", s)
	}
}

func TestFinishedStatisticsHaveToBeOfTheKind(t *testing.T) {
	r := reader{ledger: newLedger(), metric: Metric{Name: "m", Kind: trial.CountsKind}, version: 2, window: window(1)}
	s := r.sample(map[part]answer{whole: {sample: &trial.Sample{Counts: &trial.Counts{Hits: 1, Trials: 2}}}})
	if diff := cmp.Diff(trial.Sample{Version: 2, Metric: "m", Counts: &trial.Counts{Hits: 1, Trials: 2}}, s); diff != "" {
		t.Error(diff)
	}
	s = r.sample(map[part]answer{whole: {sample: &trial.Sample{Value: ptr(1)}}})
	if s.Missing != "the reply is of the kind value, not counts" {
		t.Errorf("%+v", s)
	}
}
