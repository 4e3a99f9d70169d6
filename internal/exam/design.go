package main

import (
	"fmt"

	"github.com/seatrial/seatrial/trial"
)

// planned is the design's own simulation: for p50, p95 and p99 an equal
// candidate that passes and one slower by 30 % that fails, then the wrong
// verdicts at the limit.
var planned = []struct {
	name string
	world
	sizes   []int
	figures [7]string
}{
	{"lognormal σ 0.5", usual, nil,
		[7]string{"100 % / 7.2", "100 % / 3.5", "98 % / 20", "100 % / 6.5", "42 % / 48", "99 % / 18", "1–3 %"}},
	{"Pareto 1.5", pareto, nil,
		[7]string{"100 % / 9.3", "100 % / 3.4", "21 % / 53", "76 % / 35", "5 % / 58", "18 % / 54", "2–4 %"}},
	{"5 % of requests ×e²", slowTail, nil,
		[7]string{"100 % / 2.0", "100 % / 1.8", "35 % / 46", "78 % / 20", "100 % / 15", "100 % / 5.4", "1–2 %"}},
	{"stalls in 10 % of rounds", stalls, nil,
		[7]string{"100 % / 5.4", "100 % / 2.7", "4 % / 59", "25 % / 51", "6 % / 58", "18 % / 56", "1–2 %"}},
	{"lognormal σ 0.5, 225 : 25 requests", usual, []int{225, 25},
		[7]string{"100 % / –", "100 % / 2.7", "100 % / –", "100 % / 4.7", "87 % / –", "100 % / 12", "0–3 %"}},
}

var quantiles = []string{"p50", "p95", "p99"}

// design reproduces the table of figures that the design promised.
func design(scale int) []table {
	trials := played(300, scale)
	t := table{
		title: "What the design promised",
		text: fmt.Sprintf("`latency-pX <= 110%% of baseline`, 25 requests a version each 250 ms, at most 60 s, at-least as short as can be "+
			"asked for (seven rounds). %d trials a cell. Share decided rightly (95 %% interval) / mean seconds, an undecided trial "+
			"counting 60; in brackets the design's figure. Where the design does not say how a world is made, "+
			"it is made here with σ 0.1 below the ×e², and σ 0.3 and a whole round ×5 for stalls. At the limit both verdicts are wrong, each with a bound of 5 %%.", trials),
		head: []string{"world", "objective", "equal: pass", "×1.3: fail", "×1.1: fail", "×1.1: pass", "design, both"},
	}
	for _, w := range planned {
		for q, name := range quantiles {
			s := setup{objectives: []string{"latency-" + name + " <= 110% of baseline"}, sizes: w.sizes, atLeast: fewest}
			at := func(factor float64) tally {
				s.world = times(w.world, factor)
				return s.judged(trials)
			}
			equal, slower, limit := at(1), at(1.3), at(1.1)
			t.rows = append(t.rows, []string{
				w.name, name,
				fmt.Sprintf("%s / %s [%s]", equal.share(trial.Pass), equal.seconds(), w.figures[2*q]),
				fmt.Sprintf("%s / %s [%s]", slower.share(trial.Fail), slower.seconds(), w.figures[2*q+1]),
				limit.share(trial.Fail), limit.share(trial.Pass), w.figures[6],
			})
		}
	}
	return []table{t}
}
