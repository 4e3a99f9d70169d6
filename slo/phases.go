package slo

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/seatrial/seatrial/trial"
)

// wire is what one version's requests spent before its answers began to come.
type wire struct {
	connect, tls phaseTimes // of every connection that was made, in the warm-up too
	firstByte    phaseTimes // of the judged rounds
}

func (c *course) time(r trial.Round, versions int) {
	if len(r.Phases) == 0 {
		return
	}
	if c.wires == nil {
		c.wires = make([]wire, versions)
	}
	for i, p := range r.Phases {
		version := r.Requests[i].Version
		if version == trial.Nobody {
			continue
		}
		w := &c.wires[version]
		w.connect.add(p.Connect)
		w.tls.add(p.TLS)
		if !r.Warmup {
			w.firstByte.add(p.FirstByte)
		}
	}
}

// totals are nil where nobody took phases of this version's requests.
func (w *wire) totals() *trial.PhaseTotals {
	if w.connect.n == 0 && w.firstByte.n == 0 {
		return nil
	}
	at := func(s *phaseTimes, p float64) trial.Quantity {
		return trial.Quantity{Value: s.quantile(p) * tick, Unit: trial.Seconds}
	}
	return &trial.PhaseTotals{
		Connections: w.connect.n, Connect: at(&w.connect, 0.5), TLS: at(&w.tls, 0.5),
		FirstByteP50: at(&w.firstByte, 0.5), FirstByteP95: at(&w.firstByte, 0.95),
	}
}

// phaseTimes keeps quantiles to 1 % in the memory of a histogram. Zero is no time:
// there was none.
type phaseTimes struct {
	counts *hdrhistogram.Histogram // nil before the first
	n      int
}

func (t *phaseTimes) add(ticks uint32) {
	if ticks == 0 {
		return
	}
	if t.counts == nil {
		t.counts = hdrhistogram.New(1, math.MaxUint32, 2)
	}
	_ = t.counts.RecordValue(int64(ticks)) // no time is beyond its range
	t.n++
}

// quantile is in ticks; NaN where there were none.
func (t *phaseTimes) quantile(p float64) float64 {
	if t.n == 0 {
		return math.NaN()
	}
	return float64(t.counts.ValueAtQuantile(100 * p))
}
