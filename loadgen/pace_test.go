package loadgen

import (
	"math"
	"testing"
	"time"
)

func rate(perSecond float64) *Rate { return &Rate{perSecond} }

// Every shape: held, in steps, a ramp up and down, and a spike.
var shapes = map[string][]Stage{
	"steps": {{Rate: rate(50), For: 10 * time.Second}, {Rate: rate(100), For: 10 * time.Second}},
	"ramp":  {{To: rate(300), For: 20 * time.Second}, {To: rate(50), For: 5 * time.Second}},
	"spike": {{Rate: rate(100), For: 5 * time.Second}, {Rate: rate(1000), For: 2 * time.Second}, {Rate: rate(100), For: 5 * time.Second}},
}

func shaped(stages []Stage) Options {
	o := DefaultOptions()
	o.Rate, o.Warmup, o.Stages, o.For = Rate{100}, 2*time.Second, stages, Lasting(stages)
	return o
}

func TestTurnsAreDueWhenTheShapeSays(t *testing.T) {
	for name, c := range map[string]struct {
		at   float64 // seconds since the first slot; 2 of them are warm-up
		want float64 // turns due by then
	}{
		"steps": {2 + 15, 200 + 500 + 500},
		"ramp":  {2 + 20, 200 + 4000}, // 100/s to 300/s in 20 s: 200/s on average
		"spike": {2 + 6, 200 + 500 + 1000},
	} {
		p := newPace(shaped(shapes[name]), 2)
		if got := p.due(c.at); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: %v turns are due by second %v, want %v", name, got, c.at, c.want)
		}
		if got := p.when(c.want); math.Abs(got-c.at) > 1e-9 {
			t.Errorf("%s: turn %v is due at second %v, want %v", name, c.want, got, c.at)
		}
	}
}

func TestSlotsOfAShapeNeverGoBack(t *testing.T) {
	for name, stages := range shapes {
		s := newSchedule(shaped(stages), 2)
		last := time.Duration(-1)
		for slot := range 2 * s.turns() {
			if s.at(slot) < last {
				t.Fatalf("%s: slot %d is due at %s, after one at %s", name, slot, s.at(slot), last)
			}
			last = s.at(slot)
		}
		if end := 2*time.Second + Lasting(stages); last > end+shortestRound || last < end-2*shortestRound {
			t.Errorf("%s: the last slot is due at %s, want about %s", name, last, end)
		}
	}
}

func TestRoundsOfAShapeAreFineButNotThin(t *testing.T) {
	for name, stages := range shapes {
		s := newSchedule(shaped(stages), 2)
		for round := range s.rounds() {
			length := s.start(round+1) - s.start(round)
			if turns := s.starts[round+1] - s.starts[round]; turns < fewestPerRound || length < shortestRound-time.Microsecond {
				t.Errorf("%s: round %d has %d turns in %s", name, round, turns, length)
			}
			if got := s.round(s.starts[round]); got != round {
				t.Errorf("%s: the first turn of round %d is said to be in round %d", name, round, got)
			}
		}
	}
}

func TestMergedSlotsAreDueAtTheSameTimes(t *testing.T) {
	s := newSchedule(shaped(shapes["ramp"]), 3)
	m := s.merged()
	for slot := range 3 * s.turns() {
		if d := s.at(slot) - m.at(slot); d > time.Microsecond || d < -time.Microsecond {
			t.Fatalf("slot %d is due at %s, and merged at %s", slot, s.at(slot), m.at(slot))
		}
	}
	if m.rounds() != s.rounds() || m.turnsOf(3)*m.versions != s.turnsOf(3)*s.versions {
		t.Errorf("%d rounds, the fourth of %d slots, and merged %d and %d", s.rounds(), s.turnsOf(3)*s.versions, m.rounds(), m.turnsOf(3)*m.versions)
	}
}

func TestRequestsKeepTheirShares(t *testing.T) {
	s := newSchedule(shaped(shapes["spike"]), 2)
	s.shares = []float64{0.7, 0.25, 0.05}
	var count [3]float64
	all := 0.0
	for round := range s.rounds() {
		for _, request := range s.requests(round) {
			count[request]++
			all++
		}
		for i, share := range s.shares {
			if math.Abs(count[i]-share*all) > 3 {
				t.Fatalf("after round %d request %d came %v times of %v, want %v of them", round, i, count[i], all, share)
			}
		}
	}
}

func TestShapeInWords(t *testing.T) {
	for want, o := range map[string]Options{
		"100/s":                                 shaped(nil),
		"100/s, to 300/s in 20s, to 50/s in 5s": shaped(shapes["ramp"]),
		"100/s for 5s, 1000/s for 2s, 100/s for 5s": shaped(shapes["spike"]),
		"closed loop, as fast as the answers come":  {Closed: true},
	} {
		if got := o.Shape(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
