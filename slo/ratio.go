package slo

import (
	"fmt"
	"math"
	"slices"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// sampleRatio watches whether the versions get the requests that they were
// assigned. Where they don't, who asks which version is no longer left to
// chance, and nothing that compares them can be trusted (Fabijan et al. 2019).
type sampleRatio struct {
	weights []int // assigned in this epoch
	epoch   int
	since   float64   // when the epoch began, seconds
	seen    []tally   // of each version, in this epoch
	due     []float64 // requests that each version was to get, in all epochs
	got     []float64 // and those that it got
	ended   []sides   // ln E of the epochs before
	most    []sides   // the most there was
}

// sides is evidence for more and for less than was assigned.
type sides struct{ more, less float64 }

const (
	// ratioAlpha is the chance of a false mismatch, over all versions and both
	// sides: a mismatch voids a trial, so it is asked for more than a verdict is.
	ratioAlpha = 0.001
	// ratioMatters is the least mismatch of interest, as a share of requests.
	ratioMatters = 0.02
	// settling is how long after weights moved requests may go the old way.
	settling = 2.0
)

// add takes the requests that each version got in a round; nil where they are
// not known.
func (s *sampleRatio) add(r judgedRound, weights []int, requests []float64) {
	if weights == nil || requests == nil {
		return
	}
	if s.seen == nil || r.epoch != s.epoch {
		s.begin(r, weights)
	}
	if r.start-s.since < settling {
		return
	}
	all := sum(requests)
	for v := range s.seen {
		s.due[v] += all * s.assigned(v)
		s.got[v] += requests[v]
		s.seen[v].add(requests[v], all)
		now := s.evidence(v)
		s.most[v].more, s.most[v].less = math.Max(s.most[v].more, now.more), math.Max(s.most[v].less, now.less)
	}
}

func (s *sampleRatio) begin(r judgedRound, weights []int) {
	if s.seen == nil {
		s.ended, s.most = make([]sides, len(weights)), make([]sides, len(weights))
		s.due, s.got = make([]float64, len(weights)), make([]float64, len(weights))
	} else {
		for v := range s.seen {
			s.ended[v] = s.evidence(v)
		}
	}
	s.weights, s.epoch, s.since = slices.Clone(weights), r.epoch, r.start
	s.seen = make([]tally, len(weights))
}

// assigned is a version's part of the requests, as weighted.
func (s *sampleRatio) assigned(v int) float64 {
	all := 0
	for _, w := range s.weights {
		all += w
	}
	return share(s.weights[v], all)
}

// evidence weighs a part more than ratioMatters above what was assigned, and
// one as much below; epochs multiply.
func (s *sampleRatio) evidence(v int) sides {
	hits, trials := s.seen[v].effective()
	more, _ := bayes.Share(hits, trials, s.assigned(v)+ratioMatters)
	_, less := bayes.Share(hits, trials, s.assigned(v)-ratioMatters)
	return sides{s.ended[v].more + more, s.ended[v].less + less}
}

// parts is what each version was to get of the requests, and what it got.
func (s *sampleRatio) parts(versions []trial.Version) []trial.Part {
	all := sum(s.got)
	var out []trial.Part
	for v, got := range s.got {
		out = append(out, trial.Part{
			Version: versions[v].Name, Requests: int(math.Round(got)),
			Assigned: trial.Quantity{Value: s.due[v] / all, Unit: trial.Share},
			Got:      trial.Quantity{Value: got / all, Unit: trial.Share},
		})
	}
	return out
}

// mismatch says which version got other traffic than assigned; empty where
// none was shown to. It names the present epoch's figures.
func (s *sampleRatio) mismatch(versions []trial.Version) string {
	needed := math.Log(2 * float64(len(s.seen)) / ratioAlpha)
	for v, most := range s.most {
		if math.Max(most.more, most.less) >= needed {
			got := trial.Quantity{Value: s.seen[v].share(), Unit: trial.Share}
			asked := trial.Quantity{Value: s.assigned(v), Unit: trial.Share}
			return fmt.Sprintf("%s got %s of the requests where %s were assigned (sample ratio mismatch), so what compares versions can't be trusted; "+
				"look at the router, at caches and at clients that stay with one version", versions[v].Name, got, asked)
		}
	}
	return ""
}
