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
	planned, late int                 // requests, those of late rounds too
	each          float64             // of the load's rounds in one of these
	request       *series             // gathers them; nil for all requests
	known         map[[2]int][]sample // twins, by both versions
}

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
	}
	return records
}

// gather adds a round of the load to a request's own.
func (r *record) gather(v view) {
	if whole, ok := r.request.gather(judgedRound{view: v}, false); ok {
		r.rounds = append(r.rounds, whole.view)
	}
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

// twins are a version's rounds, had it been as another: each of its requests took
// as long as the other's of the same rank among all, or failed as that did. What
// both versions share in a round, and what each has to itself, stays in them; how
// fast the version was does not.
func (r *record) twins(version, other int) []sample {
	if r.known == nil {
		r.known = map[[2]int][]sample{}
	}
	who := [2]int{version, other}
	if r.known[who] == nil {
		r.known[who] = r.newTwins(version, other)
	}
	return r.known[who]
}

func (r *record) newTwins(version, other int) []sample {
	ranks, of := r.ranks(version), r.ordered(other)
	own, others := r.requests(version), r.requests(other)
	var out []sample
	for i, places := range ranks {
		s := sample{requests: len(places), length: r.rounds[i][version].length}
		for _, place := range places {
			if at := place * others / own; at < len(of) {
				s.sorted = append(s.sorted, of[at])
			} else {
				s.failed++
			}
		}
		slices.Sort(s.sorted)
		out = append(out, s)
	}
	return out
}

// ordered is all times of a version that did not fail, ascending.
func (r *record) ordered(version int) []uint32 {
	var times []uint32
	for _, v := range r.rounds {
		times = append(times, v[version].sorted...)
	}
	slices.Sort(times)
	return times
}

// ranks are the places of each round's requests in the order of all. Among those
// that are alike, as failed ones are, chance decides: by time, it would look as if
// they drifted.
func (r *record) ranks(version int) [][]int {
	type request struct {
		time  uint64
		tie   uint32
		round int
	}
	random := rand.New(rand.NewPCG(recordSeed, 0))
	var all []request
	for i, v := range r.rounds {
		for _, t := range v[version].sorted {
			all = append(all, request{uint64(t), random.Uint32(), i})
		}
		for range v[version].failed {
			all = append(all, request{math.MaxUint64, random.Uint32(), i})
		}
	}
	slices.SortFunc(all, func(a, b request) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.tie, b.tie))
	})
	ranks := make([][]int, len(r.rounds))
	for rank, q := range all {
		ranks[q.round] = append(ranks[q.round], rank)
	}
	return ranks
}
