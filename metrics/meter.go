package metrics

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// mostAtOnce is how many questions one provider is asked at the same time:
// enough for 20 metrics of 3 versions in half a second at 100 ms each, if all
// are asked for in two parts, and kinder than a flood.
const mostAtOnce = 32

// Meter asks one provider about all its metrics of all versions, window after
// window. Each window is a round of the provider's series.
type Meter struct {
	series   string
	source   source
	language language
	metrics  []Metric
	versions []Version
	windows  Windows
	delay    time.Duration // from a window's end until the provider knows all of it
	first    int           // number of the first window: rounds before it were another run's
	count    int           // windows of the trial
	warmup   time.Duration // of the load that windows begin with
	seed     uint64        // of made-up numbers
	split    []int         // of the users' requests, as it was stated
	around   Surroundings
	ledger   *ledger
}

// Rounds asks once at the beginning, so that counters have something to be
// compared with, and then about each window, its delay after it ended. It stops
// at once when ctx ends; a window that was not asked about by then is no round.
// Nothing that a provider says or does not say is an error here.
func (m *Meter) Rounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		began := m.around.Now().Add(-m.start(m.first))
		for i := m.first - 1; i < m.first+m.count; i++ {
			w := Window{From: began.Add(m.start(i)), To: began.Add(m.start(i + 1))}
			if !m.until(ctx, w.To.Add(m.delay)) {
				return
			}
			round := m.ask(ctx, i, w)
			if ctx.Err() != nil {
				return
			}
			round.Closed = m.around.Now().Sub(began)
			if i >= m.first && !yield(round, nil) {
				return
			}
		}
	}
}

// start is when a window begins, since the first slot of the trial.
func (m *Meter) start(index int) time.Duration { return time.Duration(index) * m.windows.Interval }

// Once asks about the last window that a provider can know all of, and about the
// one before it for differences.
func (m *Meter) Once(ctx context.Context) trial.Round {
	to := m.around.Now().Add(-m.delay)
	from := to.Add(-m.windows.Interval)
	m.ask(ctx, -1, Window{From: from.Add(-m.windows.Interval), To: from})
	return m.ask(ctx, 0, Window{From: from, To: to})
}

// Delay is how long after its end a window is asked about.
func (m *Meter) Delay() time.Duration { return m.delay }

// Close lets go of what the provider is asked through.
func (m *Meter) Close() error {
	if m.source == nil {
		return nil
	}
	return m.source.close()
}

// until waits for a time, and reports false when ctx ended first.
func (m *Meter) until(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(max(0, at.Sub(m.around.Now())))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// ask puts every question about one window. It ends within the length of a
// window, so that the next one is asked in time.
func (m *Meter) ask(ctx context.Context, index int, w Window) trial.Round {
	ctx, done := context.WithTimeout(ctx, m.windows.Interval)
	defer done()
	all := m.inquiries()
	got := m.putAll(ctx, all, w)
	m.ledger.enter(w)
	round := trial.Round{
		Series: m.series, Index: index, Complete: true, Start: m.start(index), End: m.start(index + 1),
		Warmup: m.start(index) < m.warmup, Weights: m.split,
	}
	for _, q := range all {
		round.Asked = append(round.Asked, m.asked(q, got[q]))
	}
	for i, metric := range m.metrics {
		for v := range m.versions {
			if metric.Mock != nil {
				round.Samples = append(round.Samples, m.mocked(metric, v, index))
				continue
			}
			round.Samples = append(round.Samples, m.sample(i, v, got, w))
		}
	}
	return round
}

// inquiry is one part of a metric of a version, by their places in the meter.
type inquiry struct {
	metric, version int
	part            part
}

type said struct {
	text   string // that was asked, places filled in
	took   time.Duration
	answer answer
	err    error
}

func (m *Meter) inquiries() []inquiry {
	var all []inquiry
	for i, metric := range m.metrics {
		if metric.Mock != nil {
			continue
		}
		queries, _ := metric.queries() // checked before
		for v := range m.versions {
			for _, p := range queries {
				all = append(all, inquiry{i, v, p})
			}
		}
	}
	return all
}

// putAll asks, some at a time: first about one version, as that may answer for the
// others.
func (m *Meter) putAll(ctx context.Context, all []inquiry, w Window) map[inquiry]said {
	replies := make([]said, len(all))
	var asked sync.WaitGroup
	turn, about := make(chan struct{}, mostAtOnce), &memo{}
	for v := range m.versions {
		for i, q := range all {
			if q.version != v {
				continue
			}
			turn <- struct{}{}
			asked.Go(func() {
				defer func() { <-turn }()
				replies[i] = m.inquire(ctx, q, w, about)
			})
		}
	}
	asked.Wait()
	got := map[inquiry]said{}
	for i, q := range all {
		got[q] = replies[i]
	}
	return got
}

func (m *Meter) sample(metric, version int, got map[inquiry]said, w Window) trial.Sample {
	of := m.metrics[metric]
	queries, _ := of.queries()
	answers := map[part]answer{}
	var errs []error
	for _, p := range queries {
		reply := got[inquiry{metric, version, p}]
		answers[p], errs = reply.answer, append(errs, reply.err)
	}
	if err := joined(errs...); err != nil {
		return trial.Missed(version, of.Name, m.around.hide(err.Error()))
	}
	r := reader{ledger: m.ledger, metric: of, version: version, running: m.runs(of), window: w}
	s := r.sample(answers)
	s.Missing = m.around.hide(s.Missing) // it may name what came
	return s
}

func (m *Meter) runs(metric Metric) bool {
	if metric.Running != nil {
		return *metric.Running
	}
	return m.language.running
}

// inquire puts one question, and keeps how it was put.
func (m *Meter) inquire(ctx context.Context, q inquiry, w Window, asked *memo) said {
	began := m.around.Now()
	a, err := m.question(q, w)
	out := said{text: a.text}
	if a.asked = asked; err == nil {
		out.answer, err = m.source.ask(ctx, a)
		out.text = cmp.Or(out.answer.text, a.text)
	}
	if out.took = m.around.Now().Sub(began); err != nil {
		out.err = fmt.Errorf("%s: %w", q.part, err)
	}
	return out
}

// question fills the places of a query, for its version and for the others.
func (m *Meter) question(q inquiry, w Window) (ask, error) {
	metric := m.metrics[q.metric]
	given := metric.given()[q.part]
	a := ask{metric: metric, part: q.part, text: given, places: placesOf(m.versions[q.version], w), window: w}
	text, err := fill(given, a.places, m.language.quote)
	if err != nil {
		return a, err
	}
	a.text = text
	for _, v := range m.versions {
		other, err := fill(given, placesOf(v, w), m.language.quote)
		if err != nil {
			a.versions = nil
			break
		}
		a.versions = append(a.versions, other)
	}
	return a, nil
}
