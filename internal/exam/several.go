package main

import (
	"fmt"

	"github.com/seatrial/seatrial/trial"
)

// several asks many things at once: objectives of one candidate, and one
// objective of many candidates.
func several(scale int) []table {
	trials := played(150, scale)
	t := table{
		title: "Several objectives, several candidates",
		text: fmt.Sprintf("Lognormal σ 0.5, defaults, %d trials a cell. Objectives are `latency-pX <= 110%% of baseline` at quantiles spread "+
			"evenly from p50 to p95. At the limit each single one may fail falsely; the bound of 5 %% is for any of them together.", trials),
		head: []string{"objectives", "candidates", "equal: any fail", "at the limit: any fail", "equal: pass", "at the limit: pass", "×1.3: fail"},
	}
	for _, c := range []struct{ objectives, candidates int }{{1, 1}, {5, 1}, {20, 1}, {40, 1}, {1, 3}, {1, 8}} {
		s := setup{sizes: []int{25}}
		for range c.candidates {
			s.sizes = append(s.sizes, 25)
		}
		for i := range c.objectives {
			s.objectives = append(s.objectives, fmt.Sprintf("latency-p%g <= 110%% of baseline", spread(i, c.objectives)))
		}
		at := func(factor float64) tally {
			s.world = times(usual, factor)
			return s.judged(trials)
		}
		equal, limit, slower := at(1), at(1.1), at(1.3)
		t.rows = append(t.rows, []string{
			fmt.Sprint(c.objectives), fmt.Sprint(c.candidates), equal.share(trial.Fail), limit.share(trial.Fail),
			equal.share(trial.Pass), limit.share(trial.Pass), slower.share(trial.Fail),
		})
	}
	return []table{t}
}

// spread is the i-th of n quantiles from p50 to p95; a single one is p95.
func spread(i, n int) float64 {
	if n == 1 {
		return 95
	}
	return float64(500+450*i/(n-1)) / 10
}
