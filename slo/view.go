package slo

import (
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// tick is the unit of recorded times, in seconds.
const tick = float64(trial.Tick) / float64(time.Second)

// sample is what one version did in one round.
type sample struct {
	requests int
	failed   int
	charged  int      // of the requests: nobody is known to have answered them
	length   float64  // of the round, seconds
	sorted   []uint32 // response times that did not fail, ascending, ticks

	given map[string]trial.Sample // of metrics from elsewhere, by their name
}

// view is one round, a sample for each version.
type view []sample

// newViews gives each request to who answered it, and those that nobody is
// known to have answered, in their order, to whom they are charged: of all
// requests, and of each of so many that differ.
func newViews(r trial.Round, versions, requests int, charges []uint8) views {
	out := views{all: make(view, versions), each: make([]view, requests)}
	for i := range out.all {
		out.all[i].sorted = make([]uint32, 0, len(r.Requests)/versions)
	}
	for i := range out.each {
		out.each[i] = make(view, versions)
	}
	for _, q := range r.Requests {
		who, charged := q.Version, 0
		if who == trial.Nobody {
			who, charges, charged = charges[0], charges[1:], 1
		}
		out.all[who].add(q, charged)
		if int(q.Name) < requests {
			out.each[q.Name][who].add(q, charged)
		}
	}
	out.all.give(r.Samples)
	for _, v := range append(out.each, out.all) {
		for i := range v {
			v[i].length = (r.End - r.Start).Seconds()
			slices.Sort(v[i].sorted)
		}
	}
	return out
}

// add leaves the times unsorted.
func (s *sample) add(q trial.Request, charged int) {
	s.requests++
	s.charged += charged
	if q.Status.OK() {
		s.sorted = append(s.sorted, q.Latency)
	} else {
		s.failed++
	}
}

// give sorts in what came from elsewhere. What can't have been measured is
// missing, and so is what was handed over twice.
func (v view) give(samples []trial.Sample) {
	for _, g := range samples {
		if g.Version < 0 || g.Version >= len(v) {
			continue
		}
		s := &v[g.Version]
		if s.given == nil {
			s.given = map[string]trial.Sample{}
		}
		if err := g.Check(); err != nil {
			g = trial.Missed(g.Version, g.Metric, err.Error())
		}
		if _, twice := s.given[g.Metric]; twice {
			g = trial.Missed(g.Version, g.Metric, "two samples for one round")
		}
		s.given[g.Metric] = g
	}
}

// down reports that more than half of the version's requests failed, or that it
// got none.
func (s sample) down() bool { return 2*s.failed > s.requests || s.requests == 0 }

// fewAtOnce is so many requests of a round that most of them may fail by chance.
const fewAtOnce = 10

// down reports of each version whether it was down; of few requests nobody knows.
func (v view) down() []bool {
	var out []bool
	for _, s := range v {
		out = append(out, s.requests >= fewAtOnce && s.down())
	}
	return out
}

// slower counts the requests above a limit in seconds. A failed request is
// slower than every limit.
func (s sample) slower(limit float64) int {
	// To a thousandth of a tick, so that 300 ms written is 300 ms recorded.
	ticks := math.Round(limit*1e10) / 1e3
	switch {
	case ticks < 0:
		return s.failed + len(s.sorted)
	case ticks >= math.MaxUint32:
		return s.failed
	}
	within, _ := slices.BinarySearch(s.sorted, uint32(ticks)+1)
	return s.failed + len(s.sorted) - within
}

// reaching counts the requests at or above a limit in seconds, failed ones
// included. Where times come in few sizes, those at the limit must count.
func (s sample) reaching(limit float64) int {
	ticks := math.Ceil(math.Round(limit*1e10) / 1e3)
	switch {
	case ticks <= 0:
		return s.failed + len(s.sorted)
	case ticks > math.MaxUint32:
		return s.failed
	}
	below, _ := slices.BinarySearch(s.sorted, uint32(ticks))
	return s.failed + len(s.sorted) - below
}

// value is the round's own figure of a metric, NaN where it has none: a version
// that was asked nothing has no throughput, not one of 0.
func (s sample) value(m metric, which statKind) float64 {
	if m == throughput && s.requests > 0 {
		return float64(len(s.sorted)) / s.length
	}
	if len(s.sorted) == 0 {
		return math.NaN()
	}
	switch which {
	case least:
		return float64(s.sorted[0]) * tick
	case most:
		return float64(s.sorted[len(s.sorted)-1]) * tick
	}
	average := 0.0
	for _, t := range s.sorted {
		average += float64(t) / float64(len(s.sorted))
	}
	if which == mean {
		return average * tick
	}
	squares := 0.0
	for _, t := range s.sorted {
		squares += (float64(t) - average) * (float64(t) - average)
	}
	return math.Sqrt(squares/float64(len(s.sorted)-1)) * tick
}

// history is all that one version did in many rounds.
type history struct {
	requests int
	failed   int
	charged  int
	seconds  float64
	times    *hdrhistogram.Histogram      // of the requests that did not fail, ticks
	own      map[statKind]*bayes.Contrast // rounds' own figures
	pools    []*pool                      // of figures of declared metrics
}

// ownFigures are judged by round, so the mean of the rounds' is what is shown.
var ownFigures = [...]statKind{least, most, deviation}

// newHistory keeps times to 0.1 %, from one tick to the most that a record holds.
// The figures are those of declared metrics that it is to keep.
func newHistory(figures []Objective) *history {
	h := &history{times: hdrhistogram.New(1, math.MaxUint32, 3), own: map[statKind]*bayes.Contrast{}}
	for _, kind := range ownFigures {
		h.own[kind] = &bayes.Contrast{}
	}
	for _, o := range figures {
		h.pools = append(h.pools, &pool{of: o})
	}
	return h
}

func (h *history) add(s sample) {
	h.count(s)
	h.keep(s)
}

// count pools what is of single requests.
func (h *history) count(s sample) {
	h.requests += s.requests
	h.failed += s.failed
	h.charged += s.charged
	h.seconds += s.length
	for _, p := range h.pools {
		p.add(s)
	}
	for _, t := range s.sorted {
		// A time beyond the histogram's range can't be: a record holds no more.
		_ = h.times.RecordValue(max(1, int64(t)))
	}
}

// keep pools a round's own figures.
func (h *history) keep(s sample) {
	for _, kind := range ownFigures {
		if x := s.value(latency, kind); !math.IsNaN(x) {
			h.own[kind].Add(x)
		}
	}
}

// quantile is the time that a share p of all requests, failed ones included,
// did not exceed: +Inf where that is a failed one, NaN without requests.
func (h *history) quantile(p float64) float64 {
	answered := h.requests - h.failed
	rank := p * float64(h.requests)
	switch {
	case h.requests == 0 || math.IsNaN(p):
		return math.NaN()
	case rank > float64(answered) || answered == 0:
		return math.Inf(1)
	}
	return float64(h.times.ValueAtQuantile(100*rank/float64(answered))) * tick
}

// failures is the share of failed requests, NaN without requests.
func (h *history) failures() float64 { return float64(h.failed) / float64(h.requests) }

// figure is the pooled one that an objective is about, NaN where there is none.
func (h *history) figure(o Objective) float64 {
	switch p := h.pool(o); {
	case o.metric == unbound:
		return math.NaN()
	case o.metric != declared:
		return h.value(o.metric, o.stat)
	case p != nil:
		return p.figure()
	}
	return math.NaN()
}

func (h *history) pool(o Objective) *pool {
	for _, p := range h.pools {
		if p.of.of == o.of && p.of.stat == o.stat {
			return p
		}
	}
	return nil
}

// ends are the values between which a quantile lies, which is one but for buckets.
func (h *history) ends(o Objective, p float64) (low, high float64) {
	if o.metric != declared {
		q := h.quantile(p)
		return q, q
	}
	low, high, _ = h.pool(o).buckets.ends(p)
	return low, high
}

// value is the pooled figure of a metric of the load.
func (h *history) value(m metric, s stat) float64 {
	answered := h.requests - h.failed
	switch {
	case m == errorRate:
		return h.failures()
	case m == throughput && h.requests > 0:
		return float64(answered) / h.seconds
	case s.kind == quantile:
		return h.quantile(s.p)
	case answered == 0:
		return math.NaN()
	case s.kind == mean:
		return h.times.Mean() * tick
	case h.own[s.kind].N == 0:
		return math.NaN()
	default:
		return h.own[s.kind].Mean
	}
}
