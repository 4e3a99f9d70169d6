package trial

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// MetricsSeries is the series of rounds that metrics from elsewhere have where
// they name no other: each round is one window that was asked about.
const MetricsSeries = "metrics"

// Kind is what is known of a metric in one round.
type Kind int

const (
	UnknownKind   Kind = iota
	CountsKind         // hits among trials: a share
	HistogramKind      // observations by bucket
	MomentsKind        // number, sum and sum of squares of observations
	ValueKind          // a bare number
	TotalKind          // by how much a counter grew
)

var kindNames = [...]string{"unknown", "counts", "histogram", "moments", "value", "total"}

func (k Kind) String() string { return kindNames[k] }

// KindNames are the words for all kinds.
func KindNames() []string { return slices.Clone(kindNames[1:]) }

// MarshalText writes the kind as a word.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames[1:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a kind of metric (known: %s)%s", text, strings.Join(kindNames[1:], ", "), DidYouMean(string(text), kindNames[1:]))
	}
	*k = Kind(i + 1)
	return nil
}

// Sample is what one metric of one version came to in one round, as sufficient
// statistics of one kind, or why there is nothing: exactly one of them is set.
// What is missing is never 0.
type Sample struct {
	Version int    `json:"version"` // index into the trial's versions
	Metric  string `json:"metric"`  // as declared
	Missing string `json:"missing,omitempty"`

	// Reset tells of a counter that began anew within the round: what it had
	// before is lost, so counts are of a part of the round and a total is only a
	// lower bound. Shares and means of that part are judged, a total is not.
	Reset bool `json:"reset,omitempty"`

	Counts    *Counts    `json:"counts,omitempty"`
	Histogram *Histogram `json:"histogram,omitempty"`
	Moments   *Moments   `json:"moments,omitempty"`
	Value     *float64   `json:"value,omitempty"`
	Total     *float64   `json:"total,omitempty"` // by how much the counter grew over the round
}

// Counts are hits among trials. They may be fractions: a provider may
// extrapolate to the edges of a window.
type Counts struct {
	Hits   float64 `json:"hits"`
	Trials float64 `json:"trials"`
}

// Histogram counts observations by bucket. Counts[i] is those above Bounds[i−1]
// and at most Bounds[i]; the last, of one more than there are bounds, is those
// above all bounds.
type Histogram struct {
	Bounds []float64 `json:"bounds"` // ascending, finite
	Counts []float64 `json:"counts"`
	Sum    *float64  `json:"sum,omitempty"` // of all observations; nil where it is not known
}

// Moments are of all observations of a round.
type Moments struct {
	N          float64 `json:"n"`
	Sum        float64 `json:"sum"`
	SumSquares float64 `json:"sum_squares"`
}

// Missed is the sample of a metric that could not be had, and why.
func Missed(version int, metric, why string) Sample {
	return Sample{Version: version, Metric: metric, Missing: why}
}

// CumulativeHistogram is made of buckets as Prometheus has them: cumulative[i] is
// how many observations were at most bounds[i], and the last bound is +Inf.
func CumulativeHistogram(bounds, cumulative []float64, sum *float64) (Histogram, error) {
	if len(bounds) == 0 || len(bounds) != len(cumulative) || !math.IsInf(bounds[len(bounds)-1], 1) {
		return Histogram{}, fmt.Errorf("%d bounds for %d counts: want as many, the last bound +Inf", len(bounds), len(cumulative))
	}
	h := Histogram{Bounds: slices.Clone(bounds[:len(bounds)-1]), Counts: slices.Clone(cumulative), Sum: sum}
	for i := len(h.Counts) - 1; i > 0; i-- {
		h.Counts[i] -= cumulative[i-1]
		// Counts that were extrapolated are off by the computer's rounding.
		if h.Counts[i] < 0 && h.Counts[i] > -1e-9*math.Abs(cumulative[i]) {
			h.Counts[i] = 0
		}
	}
	return h, h.check()
}

// N is the number of observations.
func (h Histogram) N() float64 {
	n := 0.0
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Kind is what the sample holds; unknown where it is missing.
func (s Sample) Kind() Kind {
	held := s.kinds()
	if len(held) != 1 {
		return UnknownKind
	}
	return held[0]
}

func (s Sample) kinds() []Kind {
	var out []Kind
	for i, there := range []bool{s.Counts != nil, s.Histogram != nil, s.Moments != nil, s.Value != nil, s.Total != nil} {
		if there {
			out = append(out, CountsKind+Kind(i))
		}
	}
	return out
}

// Check refuses what can't have been measured. It is the border that NaN and
// infinities do not cross.
func (s Sample) Check() error {
	switch held := len(s.kinds()); {
	case s.Metric == "":
		return errors.New("a sample of no metric")
	case s.Missing != "" && held > 0:
		return errors.New("both missing and there")
	case s.Missing == "" && held != 1:
		return fmt.Errorf("%d kinds of statistics, where 1 is meant", held)
	}
	switch {
	case s.Counts != nil:
		return s.Counts.check()
	case s.Histogram != nil:
		return s.Histogram.check()
	case s.Moments != nil:
		return s.Moments.check()
	case s.Value != nil:
		return finite("its value", *s.Value)
	case s.Total != nil:
		return atLeastZero("its total", *s.Total)
	}
	return nil
}

func (c Counts) check() error {
	if err := errors.Join(atLeastZero("its hits", c.Hits), atLeastZero("its trials", c.Trials)); err != nil {
		return err
	}
	if c.Hits > c.Trials {
		return fmt.Errorf("%v hits in %v trials", c.Hits, c.Trials)
	}
	return nil
}

func (h Histogram) check() error {
	if len(h.Counts) != len(h.Bounds)+1 {
		return fmt.Errorf("%d buckets for %d bounds", len(h.Counts), len(h.Bounds))
	}
	for i, b := range h.Bounds {
		if err := finite("a bound", b); err != nil {
			return err
		}
		if i > 0 && b <= h.Bounds[i-1] {
			return fmt.Errorf("the bound %v follows %v", b, h.Bounds[i-1])
		}
	}
	for _, c := range h.Counts {
		if err := atLeastZero("a bucket", c); err != nil {
			return err
		}
	}
	if h.Sum != nil {
		return finite("its sum", *h.Sum)
	}
	return nil
}

func (m Moments) check() error {
	return errors.Join(atLeastZero("its number", m.N), finite("its sum", m.Sum), atLeastZero("its sum of squares", m.SumSquares))
}

func finite(what string, x float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Errorf("%s is %v, which is no number", what, x)
	}
	return nil
}

func atLeastZero(what string, x float64) error {
	if err := finite(what, x); err != nil {
		return err
	}
	if x < 0 {
		return fmt.Errorf("%s is %v: less than 0", what, x)
	}
	return nil
}
