package main

import (
	"fmt"

	"github.com/seatrial/seatrial/trial"
)

// mixed asks of one request among several, of which few or none are in a round.
func mixed(scale int) []table {
	const lasts = 480 // rounds
	trials := played(100, scale)
	t := table{
		title: "One request of several",
		text: fmt.Sprintf("A request that is a part of the 25 to each version in 250 ms, in trials of %.0f s at most. Where a round has fewer than "+
			"five of it, several count as one; pass is not given before 30 s and 120 rounds of load. %d trials a cell; share / mean seconds, "+
			"an undecided trial counting in full. At the limit both verdicts are wrong, each with a bound of 5 %%.", lasts*roundSeconds, trials),
		head: []string{"part of the load", "objective", "equal: pass", "beyond: fail", "at the limit: fail", "at the limit: pass"},
	}
	for _, c := range []struct {
		objective            string
		equal, beyond, limit world
	}{
		{"latency-p95 <= 110% of baseline", usual, times(usual, 1.5), times(usual, 1.1)},
		{"latency-mean <= 110% of baseline", usual, times(usual, 1.5), times(usual, 1.1)},
		{"error-rate <= baseline + 2%", failing(usual, 0.005, 0.005), failing(usual, 0.005, 0.1), failing(usual, 0.01, 0.03)},
	} {
		for _, part := range []float64{0.2, 0.1, 0.04, 0.01} {
			s := setup{objectives: []string{"judged/" + c.objective}, part: part, lasts: lasts}
			at := func(w world) tally {
				s.world = w
				return s.judged(trials)
			}
			equal, beyond, limit := at(c.equal), at(c.beyond), at(c.limit)
			t.rows = append(t.rows, []string{
				fmt.Sprintf("%g %%", 100*part), "`" + c.objective + "`",
				equal.share(trial.Pass) + " / " + equal.seconds(), beyond.share(trial.Fail) + " / " + beyond.seconds(),
				limit.share(trial.Fail), limit.share(trial.Pass),
			})
		}
	}
	return []table{t}
}
