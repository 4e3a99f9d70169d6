package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestTimesKeepQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var s phaseTimes
	var all []uint32
	for range 10_000 {
		ticks := uint32(math.Exp(random.Float64() * 22.18)) // over all sizes
		all = append(all, ticks)
		s.add(ticks)
	}
	s.add(math.MaxUint32)
	s.add(0)
	all = append(all, math.MaxUint32)
	slices.Sort(all)
	for _, p := range []float64{0.0001, 0.1, 0.5, 0.95, 0.999, 1} {
		want := float64(all[max(int(math.Ceil(p*float64(len(all)))), 1)-1])
		if got := s.quantile(p); math.Abs(got-want) > 0.01*want+0.5 {
			t.Errorf("quantile %v: %v, want %v", p, got, want)
		}
	}
	if s.n != len(all) {
		t.Errorf("%d times, want %d without the zero", s.n, len(all))
	}
	if got := (&phaseTimes{}).quantile(0.5); !math.IsNaN(got) {
		t.Errorf("the median of none is %v", got)
	}
}

func TestPhasesAreToldOfEachVersion(t *testing.T) {
	c := course{}
	round := func(warmup bool) trial.Round {
		return trial.Round{
			Warmup:   warmup,
			Requests: []trial.Request{{Version: 0}, {Version: 1}, {Version: trial.Nobody}},
			Phases:   []trial.Phases{{Connect: 100, FirstByte: 50}, {FirstByte: 70}, {Connect: 9, FirstByte: 9}},
		}
	}
	c.time(round(true), 2)
	c.time(round(false), 2)
	a, b := c.wires[0].totals(), c.wires[1].totals()
	if none := new(wire).totals(); none != nil {
		t.Errorf("of no phases %+v is told", none)
	}
	if a.Connections != 2 || b.Connections != 0 || c.wires[0].firstByte.n != 1 {
		t.Errorf("%d and %d connections, %d first bytes; want 2 (warm-up too), 0, and 1", a.Connections, b.Connections, c.wires[0].firstByte.n)
	}
	if math.Abs(a.Connect.Value-100*tick) > tick || !math.IsNaN(a.TLS.Value) || math.Abs(b.FirstByteP95.Value-70*tick) > 1e-12 {
		t.Errorf("told %+v and %+v", a, b)
	}
}
