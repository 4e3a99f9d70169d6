package slo

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seatrial/seatrial/trial"
)

// record is what a forecast is drawn from: the whole rounds that the load
// generator was in time for, of all requests or of one.
type record struct {
	rounds        []view
	planned, late int      // requests, those of late rounds too
	turns         [][]turn // of each version, one a round
	each          float64  // of the load's rounds in one of these
	request       *series  // gathers them; nil for all requests
}

// turn is the place of each request of a round in a random order of all
// requests to its version: which of them would fail first.
type turn []int

// newRecords are that of all requests, and of each.
func newRecords(recorded []trial.Round, versions int, requests []string) []*record {
	records := []*record{{}}
	for range requests {
		records = append(records, &record{request: &series{}})
	}
	charger, rounds := newCharger(versions), 0.0
	for _, one := range recorded {
		if !one.Complete || cmp.Or(one.Series, trial.LoadSeries) != trial.LoadSeries {
			continue
		}
		inTime := !TooLate(one.Generator.Late, one.Generator.Planned)
		var v views
		if inTime {
			v, rounds = newViews(one, versions, len(requests), charger.charge(one)), rounds+1
		}
		for i, r := range records {
			r.planned += one.Generator.Planned
			r.late += one.Generator.Late
			switch {
			case inTime && i == 0:
				r.rounds = append(r.rounds, v.all)
			case inTime:
				r.gather(v.each[i-1])
			}
		}
	}
	for _, r := range records {
		r.each = math.Max(rounds/math.Max(float64(len(r.rounds)), 1), 1)
		for version := range versions {
			r.turns = append(r.turns, r.draw(version))
		}
	}
	return records
}

// gather adds a round of the load to a request's own.
func (r *record) gather(v view) {
	if whole, ok := r.request.gather(judgedRound{view: v}, false); ok {
		r.rounds = append(r.rounds, whole.view)
	}
}

// draw puts the requests to a version in an order that is the same each time.
func (r *record) draw(version int) []turn {
	const seed = 1
	order := rand.New(rand.NewPCG(seed, uint64(version))).Perm(r.requests(version))
	var turns []turn
	for _, v := range r.rounds {
		n := v[version].requests
		turns, order = append(turns, order[:n]), order[n:]
	}
	return turns
}

// around is the rounds that a threshold is drawn from: the nearest to two
// rounds, but neither of them.
func (r *record) around(i, other int) []view {
	var near []view
	from := max(0, min(min(i, other)-recentRounds/2, len(r.rounds)-recentRounds-2))
	for k := from; k < len(r.rounds) && len(near) < recentRounds; k++ {
		if k != i && k != other {
			near = append(near, r.rounds[k])
		}
	}
	return near
}

// slowed is what a version did in round i, had all of it taken times as long.
func (r *record) slowed(version, i int, times float64) sample {
	s := r.rounds[i][version]
	if times == 1 {
		return s
	}
	s.sorted = slices.Clone(s.sorted)
	for k, t := range s.sorted {
		s.sorted[k] = uint32(math.Min(math.Round(float64(t)*times), math.MaxUint32))
	}
	return s
}

// failing is what a version did in round i, had a share of all its requests
// failed. Requests are whole: over dithers from 0 to 1 their mean is the share.
func (r *record) failing(version, i int, share, dither float64) sample {
	s := r.rounds[i][version]
	turns := r.turns[version][i]
	fails := func(k int) bool { return float64(turns[k])+dither < share*float64(r.requests(version)) }
	var answered []uint32
	for k, t := range s.sorted {
		if !fails(s.failed + k) {
			answered = append(answered, t)
		}
	}
	s.failed, s.sorted = s.failed+len(s.sorted)-len(answered), answered
	return s
}

func (r *record) requests(version int) int {
	n := 0
	for _, v := range r.rounds {
		n += v[version].requests
	}
	return n
}

func (r *record) failed(version int) int {
	n := 0
	for _, v := range r.rounds {
		n += v[version].failed
	}
	return n
}

func (r *record) perRound(version int) float64 {
	return float64(r.requests(version)) / float64(len(r.rounds))
}

// knowsTail reports whether so many requests to a version were above a quantile.
func (r *record) knowsTail(version int, p, requests float64) bool {
	return float64(r.requests(version))*(1-p) >= requests-1e-9
}
