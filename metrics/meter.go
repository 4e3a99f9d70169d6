package metrics

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// mostAtOnce is how many questions one provider is asked at the same time:
// enough for 60 in half a second at 100 ms each, and kinder than a flood.
const mostAtOnce = 16

// Meter asks one provider about all its metrics of all versions, window after
// window. Each window is a round of the provider's series.
type Meter struct {
	series   string
	source   source
	language language
	metrics  []Metric
	versions []Version
	windows  Windows
	count    int // windows of the trial
	around   Surroundings
	ledger   *ledger
}

// Rounds asks once at the beginning, so that counters have something to be
// compared with, and then about each window, its delay after it ended. It stops
// at once when ctx ends; a window that was not asked about by then is no round.
// Nothing that a provider says or does not say is an error here.
func (m *Meter) Rounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		began := m.around.Now()
		at := func(i int) Window {
			return Window{From: began.Add(time.Duration(i) * m.windows.Interval), To: began.Add(time.Duration(i+1) * m.windows.Interval)}
		}
		for i := -1; i < m.count; i++ {
			w := at(i)
			if !m.until(ctx, w.To.Add(m.windows.Delay)) {
				return
			}
			round := m.ask(ctx, i, w)
			if ctx.Err() != nil {
				return
			}
			if i >= 0 && !yield(round, nil) {
				return
			}
		}
	}
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
	type place struct{ metric, version int }
	answers := map[place]map[part]answer{}
	failed := map[place]error{}
	var lock sync.Mutex
	var all sync.WaitGroup
	turn := make(chan struct{}, mostAtOnce)
	for i, metric := range m.metrics {
		queries, _ := metric.queries() // checked before
		for v, version := range m.versions {
			here := place{i, v}
			answers[here] = map[part]answer{}
			for _, p := range queries {
				all.Go(func() {
					turn <- struct{}{}
					defer func() { <-turn }()
					got, err := m.put(ctx, metric, p, version, w)
					lock.Lock()
					defer lock.Unlock()
					if answers[here][p] = got; err != nil {
						failed[here] = err
					}
				})
			}
		}
	}
	all.Wait()
	m.ledger.enter(w)
	round := trial.Round{
		Series: m.series, Index: index, Complete: true,
		Start: time.Duration(index) * m.windows.Interval, End: time.Duration(index+1) * m.windows.Interval,
	}
	for i, metric := range m.metrics {
		for v := range m.versions {
			here := place{i, v}
			if err := failed[here]; err != nil {
				round.Samples = append(round.Samples, trial.Missed(v, metric.Name, m.around.Hide(err.Error())))
				continue
			}
			r := reader{ledger: m.ledger, metric: metric, version: v, running: m.runs(metric), window: w}
			round.Samples = append(round.Samples, r.sample(answers[here]))
		}
	}
	return round
}

func (m *Meter) runs(metric Metric) bool {
	if metric.Running != nil {
		return *metric.Running
	}
	return m.language.running
}

func (m *Meter) put(ctx context.Context, metric Metric, p part, version Version, w Window) (answer, error) {
	places := placesOf(version, w)
	text, err := fill(metric.given()[p], places, m.language.quote)
	if err != nil {
		return answer{}, err
	}
	got, err := m.source.ask(ctx, ask{metric: metric, part: p, text: text, places: places, window: w})
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", p, err)
	}
	return got, nil
}
