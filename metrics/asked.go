package metrics

import (
	"strconv"

	"github.com/seatrial/seatrial/trial"
)

// What is kept of a question and of its answer.
const (
	mostQuery  = 4 << 10 // bytes
	mostSeries = 20
	mostPoints = 10 // of each series
)

// asked is a question and its answer as they are kept.
func (m *Meter) asked(q inquiry, got said) trial.Asked {
	text := m.around.hide(got.text)
	out := trial.Asked{
		Metric: m.metrics[q.metric].Name, Version: q.version, Part: string(q.part),
		Query: text[:min(len(text), mostQuery)], Took: got.took,
	}
	if got.err != nil {
		out.Error = m.around.hide(got.err.Error())
	}
	for i, s := range append(got.answer.series, got.answer.sums...) {
		for _, p := range s.points {
			out.Newest = later(out.Newest, p.at)
		}
		if i < mostSeries {
			out.Series = append(out.Series, m.kept(s))
		} else {
			out.LeftOut++
		}
	}
	return out
}

func (m *Meter) kept(s series) trial.AskedSeries {
	out := trial.AskedSeries{Name: excerpt([]byte(s.name), m.around.hide), LeftOut: max(0, len(s.points)-mostPoints)}
	for _, p := range s.points[out.LeftOut:] {
		out.Points = append(out.Points, trial.AskedPoint{At: p.at.UTC(), Value: strconv.FormatFloat(p.value, 'g', -1, 64)})
	}
	return out
}
