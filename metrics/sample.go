package metrics

import (
	"errors"
	"fmt"
	"math"

	"github.com/seatrial/seatrial/trial"
)

// reader turns the answers to one metric of one version into samples, window
// after window.
type reader struct {
	*ledger
	metric  Metric
	version int
	running bool
	window  Window
}

// sample joins the answers to all parts of the metric. What can't be one is
// missing, with the reason.
func (r reader) sample(got map[part]answer) trial.Sample {
	s, err := r.read(got)
	if err == nil {
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
		*s.Total, err = r.number(&s, "", got[whole].series)
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
func (r reader) number(s *trial.Sample, of string, got []series) (float64, error) {
	if !r.running {
		return amount(got, r.window)
	}
	total, reset, err := r.growth(fmt.Sprintf("%s/%d/%s", r.metric.Name, r.version, of), got, r.window)
	s.Reset = s.Reset || reset
	return total, err
}

// counts asks for every part before it complains, so that all of them are
// remembered for the next window.
func (r reader) counts(s *trial.Sample, got map[part]answer) (*trial.Counts, error) {
	if _, there := got[whole]; there {
		return nil, errors.New("the reply has no hits and trials: give a query for each, or an answer: with both")
	}
	h, errHits := r.number(s, string(hits), got[hits].series)
	n, errTrials := r.number(s, string(trials), got[trials].series)
	return &trial.Counts{Hits: h, Trials: n}, errors.Join(named(hits, errHits), named(trials, errTrials))
}

func named(p part, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", p, err)
}

func (r reader) histogram(s *trial.Sample, got map[part]answer) (*trial.Histogram, error) {
	if c, there := got[count]; there {
		n, errCount := r.number(s, string(count), c.series)
		total, errSum := r.number(s, string(sum), got[sum].series)
		return &trial.Histogram{Counts: []float64{n}, Sum: &total}, errors.Join(named(count, errCount), named(sum, errSum))
	}
	bounds, of, err := buckets(got[whole].series)
	if err != nil {
		return nil, err
	}
	var errs []error
	cumulative := make([]float64, len(bounds))
	for i, b := range bounds {
		var wrong error
		cumulative[i], wrong = r.number(s, fmt.Sprint("le=", b), of[b])
		errs = append(errs, wrong)
	}
	var total *float64
	if a, there := got[sum]; there {
		total = new(float64)
		var wrong error
		*total, wrong = r.number(s, string(sum), a.series)
		errs = append(errs, named(sum, wrong))
	}
	for _, wrong := range errs {
		if wrong != nil {
			return nil, wrong // one stands for all: buckets fail alike
		}
	}
	h, err := trial.CumulativeHistogram(bounds, cumulative, total)
	return &h, err
}

func (r reader) moments(s *trial.Sample, got map[part]answer) (*trial.Moments, error) {
	if a, there := got[whole]; there {
		m, err := observations(a.series)
		return &m, err
	}
	var m trial.Moments
	var errs []error
	for _, p := range []struct {
		part part
		into *float64
	}{{count, &m.N}, {sum, &m.Sum}, {sumSquares, &m.SumSquares}} {
		var wrong error
		*p.into, wrong = r.number(s, string(p.part), got[p.part].series)
		errs = append(errs, named(p.part, wrong))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if m.N > 0 && m.SumSquares < m.Sum*m.Sum/m.N*(1-1e-9) || math.Signbit(m.N) {
		return nil, fmt.Errorf("a sum of squares of %v can't be of %v observations that add up to %v", m.SumSquares, m.N, m.Sum)
	}
	return &m, nil
}
