package metrics

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// reader turns the answers to one metric of one version into samples, window
// after window.
type reader struct {
	*ledger
	metric   Metric
	version  int
	running  bool
	window   Window
	restarts moments // of the metric's processes
}

// sample joins the answers to all parts of the metric. What can't be one is
// missing, with the reason.
func (r reader) sample(got map[part]answer) trial.Sample {
	if r.running {
		got = aligned(got, r.window)
		r.restarts = r.restartsOf(r.metric.Name, r.version, got, r.window)
	}
	s, err := r.read(got)
	if err == nil {
		scale(&s, r.metric.Scale)
		err = s.Check()
	}
	if err == nil && s.Kind() != r.metric.Kind {
		err = fmt.Errorf("the reply is of the kind %s, not %s", s.Kind(), r.metric.Kind)
	}
	if err != nil {
		return trial.Missed(r.version, r.metric.Name, err.Error())
	}
	return s
}

func (r reader) read(got map[part]answer) (trial.Sample, error) {
	if a, there := got[whole]; there && a.sample != nil {
		s := *a.sample
		s.Version, s.Metric = r.version, r.metric.Name
		return s, nil
	}
	s := trial.Sample{Version: r.version, Metric: r.metric.Name}
	var err error
	switch r.metric.Kind {
	case trial.TotalKind:
		s.Total = new(float64)
		*s.Total, err = r.number(&s, whole, got[whole].series)
	case trial.ValueKind:
		s.Value = new(float64)
		*s.Value, err = level(got[whole].series, r.window)
	case trial.CountsKind:
		s.Counts, err = r.counts(&s, got)
	case trial.HistogramKind:
		s.Histogram, err = r.histogram(&s, got)
	case trial.MomentsKind:
		s.Moments, err = r.moments(&s, got)
	default:
		err = errors.New("it has no kind")
	}
	return s, err
}

// number is what one part came to in the window.
func (r reader) number(s *trial.Sample, of part, got []series) (float64, error) {
	each, err := r.numbers(s, of, got)
	total := 0.0
	for _, x := range each {
		total += x
	}
	return total, err
}

// numbers are what each series of a part came to.
func (r reader) numbers(s *trial.Sample, of part, got []series) ([]float64, error) {
	if !r.running {
		return amounts(got, r.window)
	}
	all, err := r.growth(r.key(of), got, r.restarts, r.window)
	var each []float64
	for _, g := range all {
		each = append(each, g.total)
		s.Reset = s.Reset || g.reset
	}
	return each, err
}

func (r reader) key(of part) question { return question{r.metric.Name, r.version, of} }

// counts asks for every part before it complains, so that all of them are
// remembered for the next window.
func (r reader) counts(s *trial.Sample, got map[part]answer) (*trial.Counts, error) {
	if a, there := got[whole]; there {
		if len(a.series) == 0 {
			return nil, errNoSample
		}
		return nil, errors.New("the reply has no hits and trials: give a query for each, or an answer: with both")
	}
	if r.running && noneOf(got[hits], got[trials].series, r.window) {
		r.pass(r.key(hits), r.restarts, r.window)
		n, err := r.number(s, trials, got[trials].series)
		return &trial.Counts{Trials: n}, named(trials, err)
	}
	h, errHits := r.number(s, hits, got[hits].series)
	n, errTrials := r.number(s, trials, got[trials].series)
	return &trial.Counts{Hits: h, Trials: n}, joined(named(hits, errHits), named(trials, errTrials))
}

// noneOf reports that there are no series of hits because nothing was one yet:
// many a counter has no series of errors before the first.
func noneOf(hit answer, all []series, w Window) bool {
	within := func(s series) bool { return slices.ContainsFunc(s.points, func(p point) bool { return w.holds(p.at) }) }
	if hit.partOf == nil || slices.ContainsFunc(hit.series, within) || !slices.ContainsFunc(all, within) {
		return false
	}
	for _, label := range hit.partOf {
		if !slices.ContainsFunc(all, func(s series) bool { _, there := s.labels[label]; return there }) {
			return false
		}
	}
	return true
}

// joined is all reasons in one line, each once.
func joined(errs ...error) error {
	var why []string
	for _, err := range errs {
		if err != nil && !slices.Contains(why, err.Error()) {
			why = append(why, err.Error())
		}
	}
	if len(why) == 0 {
		return nil
	}
	return errors.New(strings.Join(why, "; "))
}

func named(p part, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", p, err)
}

func (r reader) histogram(s *trial.Sample, got map[part]answer) (*trial.Histogram, error) {
	if c, there := got[count]; there {
		n, errCount := r.number(s, count, c.series)
		total, errSum := r.number(s, sum, got[sum].series)
		return &trial.Histogram{Counts: []float64{n}, Sum: &total}, joined(named(count, errCount), named(sum, errSum))
	}
	each, err := r.numbers(s, whole, got[whole].series)
	bounds, of, wrong := buckets(got[whole].series)
	errs := []error{cmp.Or(wrong, err)}
	cumulative := make([]float64, len(bounds))
	for i, x := range each {
		if wrong == nil && of[i] >= 0 {
			cumulative[of[i]] += x
		}
	}
	var total *float64
	if sums := append(got[whole].sums, got[sum].series...); len(sums) > 0 || r.metric.Sum != "" {
		total = new(float64)
		var wrong error
		*total, wrong = r.number(s, sum, sums)
		errs = append(errs, named(sum, wrong))
	}
	if err := joined(errs...); err != nil {
		return nil, err
	}
	h, err := trial.CumulativeHistogram(bounds, cumulative, total)
	return &h, err
}

func (r reader) moments(s *trial.Sample, got map[part]answer) (*trial.Moments, error) {
	if a, there := got[whole]; there {
		m, err := observations(a.series, r.window)
		return &m, err
	}
	var m trial.Moments
	var errs []error
	for _, p := range []struct {
		part part
		into *float64
	}{{count, &m.N}, {sum, &m.Sum}, {sumSquares, &m.SumSquares}} {
		var wrong error
		*p.into, wrong = r.number(s, p.part, got[p.part].series)
		errs = append(errs, named(p.part, wrong))
	}
	if err := joined(errs...); err != nil {
		return nil, err
	}
	if m.N > 0 && m.SumSquares < m.Sum*m.Sum/m.N*(1-1e-9) || math.Signbit(m.N) {
		return nil, fmt.Errorf("a sum of squares of %v can't be of %v observations that add up to %v", m.SumSquares, m.N, m.Sum)
	}
	return &m, nil
}

// scale brings a sample from the provider's unit to the metric's. Counts have none.
func scale(s *trial.Sample, factor *float64) {
	if factor == nil {
		return
	}
	by := func(numbers ...*float64) {
		for _, x := range numbers {
			if x != nil {
				*x *= *factor
			}
		}
	}
	by(s.Value, s.Total)
	if s.Histogram != nil {
		by(s.Histogram.Sum)
		for i := range s.Histogram.Bounds {
			by(&s.Histogram.Bounds[i])
		}
	}
	if s.Moments != nil {
		by(&s.Moments.Sum, &s.Moments.SumSquares, &s.Moments.SumSquares)
	}
}
