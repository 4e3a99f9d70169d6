package metrics

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// start is the time 0 of these tests; windows are of 10 s.
var start = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)

func at(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

func window(i int) Window { return Window{From: at(float64(10 * i)), To: at(float64(10*i + 10))} }

// counter is a series of a process, of pairs of seconds and values.
func counter(origin, name string, pairs ...float64) series {
	s := series{name: name, origin: origin, labels: map[string]string{"code": name}}
	for i := 0; i < len(pairs); i += 2 {
		s.points = append(s.points, point{at(pairs[i]), pairs[i+1]})
	}
	return s
}

// after is a sum over a window: a number, "reset" behind it or why there is none.
func after(l *ledger, i int, got ...series) string {
	l.enter(window(i))
	r := reader{ledger: l, metric: Metric{Name: "m", Kind: trial.TotalKind}, running: true, window: window(i)}
	s := r.sample(map[part]answer{whole: {series: got}})
	if s.Missing != "" {
		return s.Missing
	}
	text := strconv.FormatFloat(*s.Total, 'g', -1, 64)
	if s.Reset {
		text += " reset"
	}
	return text
}

func TestGrowthsOfWindowsAddUpToTheWhole(t *testing.T) {
	l := newLedger()
	// One scrape every 4 s; the counter grows by the number of seconds.
	all := counter("a", "x")
	for s := 0.0; s <= 100; s += 4 {
		all.points = append(all.points, point{at(s), 1000 + s})
	}
	seen := func(i int) series {
		s := all
		s.points = nil
		for _, p := range all.points {
			if p.at.After(at(float64(10*i-20))) && !p.at.After(window(i).To) {
				s.points = append(s.points, p)
			}
		}
		return s
	}
	var got []string
	for i := range 9 {
		got = append(got, after(l, i, seen(i)))
	}
	// To the scrapes at 8, 20, 28, 40, 48, 60, … from those before: 88 in all.
	if diff := cmp.Diff([]string{"8", "12", "8", "12", "8", "12", "8", "12", "8"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestGrowthOfAWindow(t *testing.T) {
	// The window before has told of series x of the process a: 100 at 9 s.
	for name, c := range map[string]struct {
		got  []series
		want string
	}{
		"grows":                       {[]series{counter("a", "x", 9, 100, 14, 103, 19, 107)}, "7"},
		"stands still":                {[]series{counter("a", "x", 9, 100, 19, 100)}, "0"},
		"later than the window":       {[]series{counter("a", "x", 9, 100, 19, 107, 20.5, 300)}, "7"},
		"later, of who knows whom":    {[]series{counter("", "x", 9, 100, 19, 107, 20.5, 300)}, "7"},
		"just at its end":             {[]series{counter("a", "x", 9, 100, 20, 107)}, "7"},
		"begins anew":                 {[]series{counter("a", "x", 9, 100, 14, 103, 19, 5)}, "8 reset"},
		"begins anew twice":           {[]series{counter("a", "x", 12, 2, 15, 1, 18, 4)}, "6 reset"},
		"came late to the provider":   {[]series{counter("a", "x", 9, 100, 9.9, 104, 19, 107)}, "7"},
		"a new series of the process": {[]series{counter("a", "x", 19, 107), counter("a", "y", 14, 2, 19, 3)}, "10"},
		"a process unknown so far":    {[]series{counter("a", "x", 19, 107), counter("b", "y", 14, 1e6, 19, 1e6+3)}, "10 reset"},
		"one known from its own past": {[]series{counter("a", "x", 19, 107), counter("b", "y", 8, 1e6, 19, 1e6+3)}, "10"},
		"all of a process restarts":   {[]series{counter("a", "x", 9, 100, 19, 6), counter("a", "y", 9, 2, 19, 3)}, "9 reset"},
		"only one of two processes":   {[]series{counter("a", "x", 9, 100, 19, 6), counter("b", "y", 9, 2, 19, 3)}, "7 reset"},
		"silent":                      {[]series{counter("a", "x", 9, 100)}, "no sample in the window: its newest is 11s old"},
		"gone":                        {nil, "no sample in the window"},
		"no number":                   {[]series{counter("a", "x", 19, math.NaN())}, "a sample is NaN, which is no number"},
		"infinite":                    {[]series{counter("a", "x", 19, math.Inf(1))}, "a sample is +Inf, which is no number"},
		"out of order":                {[]series{counter("a", "x", 19, 107, 14, 103)}, "its samples are not in the order of their times"},
	} {
		l := newLedger()
		after(l, 0, counter("a", "x", 1, 90, 9, 100))
		if got := after(l, 1, c.got...); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestWhatNobodyKnowsTheProcessOf(t *testing.T) {
	for name, c := range map[string]struct {
		summed bool
		now    []series
		want   string
	}{
		"a counter restarts": {false, []series{counter("", "x", 19, 5)}, "5 reset"},
		"alone":              {false, []series{counter("", "x", 19, 5), counter("", "y", 19, 1e6+1)}, "6 reset"},
		"a sum loses a part": {true, []series{counter("", "x", 14, 90, 19, 94), counter("", "y", 19, 1e6+1)}, "5 reset"},
		"a sum grows":        {true, []series{counter("", "x", 19, 104), counter("", "y", 19, 1e6)}, "4"},
		"called alike":       {false, []series{counter("", "x", 19, 104), counter("", "x", 19, 104)}, "two series are called x"},
	} {
		l := newLedger()
		before := []series{counter("", "x", 9, 100), counter("", "y", 9, 1e6)}
		for _, all := range [][]series{before, c.now} {
			for i := range all {
				all[i].summed = c.summed
			}
		}
		after(l, 0, before...)
		if got := after(l, 1, c.now...); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestTheFirstWindowNeedsWhatWentBefore(t *testing.T) {
	l := newLedger()
	if got := after(l, 0, counter("a", "x", 1, 90, 9, 100)); got != errFirst.Error() {
		t.Error(got)
	}
	if got := after(l, 1, counter("a", "x", 9, 100, 19, 101)); got != "1" {
		t.Error(got)
	}
	if got := after(newLedger(), 1, counter("a", "x", 9, 100, 19, 101)); got != "1" {
		t.Errorf("a first answer that reaches back: %s", got)
	}
}

func TestWhatGrewInWindowsWithoutAnAnswerIsCountedNowhere(t *testing.T) {
	l := newLedger()
	after(l, 0, counter("a", "x", 9, 100))
	after(l, 1, counter("a", "x", 9, 100, 19, 110))
	for i := 2; i < 5; i++ {
		if got := after(l, i); got != errNoSample.Error() {
			t.Error(got)
		}
	}
	if got := after(l, 5, counter("a", "x", 49, 900, 59, 903)); got != "3" {
		t.Errorf("window 5: %s, want the 3 since its begin", got)
	}
	if got := after(l, 7, counter("a", "x", 75, 990, 79, 999)); got != errFirst.Error() {
		t.Errorf("window 7, the one before not asked, nothing from before: %s", got)
	}
}

func TestSamplesFurtherApartThanAWindowAreRefused(t *testing.T) {
	l := newLedger()
	after(l, 0, counter("a", "x", 5, 100))
	after(l, 1, counter("a", "x", 5, 100))
	got := after(l, 2, counter("a", "x", 5, 100, 25, 120))
	if !strings.Contains(got, "15s without a sample") {
		t.Error(got)
	}
}

func TestASeriesThatMissesAScrapeIsNotForgotten(t *testing.T) {
	l := newLedger()
	after(l, 0, counter("a", "x", 9, 100), counter("b", "x of b", 9, 50))
	if got := after(l, 1, counter("a", "x", 19, 101)); got != "1" {
		t.Error(got)
	}
	if got := after(l, 2, counter("a", "x", 29, 103), counter("b", "x of b", 29, 57)); got != "9" {
		t.Errorf("%s, want 2 of a and 7 of b", got)
	}
}

func TestASeriesForgottenInARestartBeginsAtZero(t *testing.T) {
	l := newLedger()
	after(l, 0, counter("a", "x", 9, 100), counter("a", "errors", 9, 3))
	if got := after(l, 1, counter("a", "x", 9, 100, 19, 20)); got != "20 reset" {
		t.Error(got)
	}
	if got := after(l, 2, counter("a", "x", 19, 20, 29, 30), counter("a", "errors", 29, 4)); got != "14" {
		t.Errorf("%s, want 10, and 4 errors since the restart", got)
	}
}

func TestARestartBetweenAnswersIsOfAllSeries(t *testing.T) {
	l := newLedger()
	after(l, 0, counter("a", "x", 9, 100), counter("a", "y", 9, 2))
	if got := after(l, 1, counter("a", "x", 19, 6), counter("a", "y", 19, 3)); got != "9 reset" {
		t.Errorf("%s, want 6 and 3 since the restart", got)
	}
}

func TestASeriesThatComesBackLowerIsNoRestartOfOthers(t *testing.T) {
	l := newLedger()
	after(l, 0, counter("a", "x", 9, 100), counter("a", "y", 9, 50))
	got := after(l, 1, counter("a", "x", 9, 100, 14, 105, 19, 110), counter("a", "y", 9, 50, 19, 3))
	if got != "13 reset" {
		t.Errorf("%s, want 10 of x, and 3 of y, which missed the scrape at 14 s", got)
	}
}

// share reads one window of errors among requests.
func share(l *ledger, i int, h, n []series, partOf []string) trial.Sample {
	l.enter(window(i))
	r := reader{ledger: l, metric: Metric{Name: "m", Kind: trial.CountsKind}, running: true, window: window(i)}
	return r.sample(map[part]answer{hits: {series: h, partOf: partOf}, trials: {series: n}})
}

func TestNoSeriesOfErrorsIsNoErrorWhereTheirLabelIsKnown(t *testing.T) {
	l := newLedger()
	all := []series{counter("a", "200", 9, 100)}
	share(l, 0, nil, all, []string{"code"})
	all = []series{counter("a", "200", 9, 100, 19, 110)}
	if s := share(l, 1, nil, all, []string{"code"}); s.Counts == nil || *s.Counts != (trial.Counts{Trials: 10}) {
		t.Errorf("%+v", s)
	}
	all = []series{counter("a", "200", 19, 110, 29, 120), counter("a", "500", 25, 2, 29, 3)}
	if s := share(l, 2, all[1:], all, []string{"code"}); s.Counts == nil || *s.Counts != (trial.Counts{Hits: 3, Trials: 13}) {
		t.Errorf("the first errors: %+v", s)
	}
	for name, partOf := range map[string][]string{"a label that no series has": {"status"}, "another metric": nil} {
		l := newLedger()
		share(l, 0, nil, all[:1], partOf)
		if s := share(l, 2, nil, all[:1], partOf); s.Missing != "hits: no sample in the window" {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestARestartIsOfAllPartsOfAMetric(t *testing.T) {
	l := newLedger()
	share(l, 0, []series{counter("a", "500", 9, 3)}, []series{counter("a", "all", 9, 100)}, nil)
	s := share(l, 1, []series{counter("a", "500", 9, 3, 19, 4)}, []series{counter("a", "all", 9, 100, 19, 20)}, nil)
	if s.Counts == nil || *s.Counts != (trial.Counts{Hits: 4, Trials: 20}) || !s.Reset {
		t.Errorf("%+v, want the 4 errors and 20 requests since the restart", s)
	}
}

func TestPartsAreCutAtTheLastScrapeThatAllHave(t *testing.T) {
	l := newLedger()
	share(l, 0, []series{counter("a", "500", 9, 0)}, []series{counter("a", "all", 9, 100)}, nil)
	// The scrape at 18 s came in between the two questions.
	s := share(l, 1, []series{counter("a", "500", 9, 0, 14, 1, 18, 9)}, []series{counter("a", "all", 9, 100, 14, 105)}, nil)
	if s.Counts == nil || *s.Counts != (trial.Counts{Hits: 1, Trials: 5}) {
		t.Errorf("%+v", s)
	}
	s = share(l, 2, []series{counter("a", "500", 14, 1, 18, 9, 28, 9)}, []series{counter("a", "all", 14, 105, 18, 120, 28, 121)}, nil)
	if s.Counts == nil || *s.Counts != (trial.Counts{Hits: 8, Trials: 16}) {
		t.Errorf("the next window has the rest: %+v", s)
	}
}
