package main

import (
	"fmt"

	"github.com/seatrial/seatrial/trial"
)

type plannedWorld struct {
	name string
	world
	sizes   []int
	figures [7]string
}

// planned is the design's own simulation: for p50, p95 and p99 an equal
// candidate that passes and one slower by 30 % that fails, then the wrong
// verdicts at the limit.
var planned = []plannedWorld{
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

var quantiles = []struct {
	name string
	p    float64
}{{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}}

// design reproduces the table of figures that the design promised, and shows
// what the design's own test is worth where its assumption fails.
func design(scale int) []table {
	trials := played(300, scale)
	judge := table{
		title: "What the design promised",
		text: fmt.Sprintf("`latency-pX <= 110%% of baseline`, 25 requests a version each 250 ms, a warm-up of 5 s and at most 60 s after it, at-least as "+
			"short as can be asked for (seven rounds). %d trials a cell. Share decided rightly (95 %% interval) / mean seconds, an undecided trial "+
			"counting 60; in brackets the design's figure. Where the design does not say how a world is made, "+
			"it is made here with σ 0.1 below the ×e², and σ 0.3 and a whole round ×5 for stalls. At the limit both verdicts are wrong, each with a bound of 5 %%.", trials),
		head: []string{"world", "objective", "equal: pass", "×1.3: fail", "×1.1: fail", "×1.1: pass", "design, both"},
	}
	test := judge
	test.title = "The design's test"
	test.text = "The same trials before the test that the design's figures are of: it takes rounds to be independent, draws thresholds from all earlier " +
		"requests, and knows no drift. Its seconds are what the judge's could be in a world that is known to be without drift."
	for _, w := range planned {
		for q := range quantiles {
			rows := w.rows(q, trials)
			judge.rows, test.rows = append(judge.rows, rows[0]), append(test.rows, rows[1])
		}
	}
	return []table{judge, test, besideDrift(scale)}
}

// rows are those of the judge and of the design's test for a quantile.
func (w plannedWorld) rows(q, trials int) (rows [2][]string) {
	quantile := quantiles[q]
	s := setup{
		objectives: []string{"latency-" + quantile.name + " <= 110% of baseline"}, sizes: w.sizes, warmup: warmupRounds, atLeast: fewest,
	}
	at := func(factor float64) []tally {
		s.world = times(w.world, factor)
		return s.run(trials, s.judge, independentAt(quantile.p))
	}
	equal, slower, limit := at(1), at(1.3), at(1.1)
	for i := range rows {
		rows[i] = []string{
			w.name, quantile.name,
			fmt.Sprintf("%s / %s [%s]", equal[i].share(trial.Pass), equal[i].seconds(), w.figures[2*q]),
			fmt.Sprintf("%s / %s [%s]", slower[i].share(trial.Fail), slower[i].seconds(), w.figures[2*q+1]),
			limit[i].share(trial.Fail), limit[i].share(trial.Pass), w.figures[6],
		}
	}
	return rows
}

// besideDrift has the judge and the design's test meet versions that drift by
// themselves, which no rule bounds its errors in.
func besideDrift(scale int) table {
	trials := played(400, scale)
	t := table{
		title: "Both where versions drift by themselves",
		text: fmt.Sprintf("The same again in lognormal σ 0.5 with a level of each version's own, AR(1) over rounds: fails of equal versions, and wrong "+
			"verdicts of either kind at the limit, %d trials a cell. The design says of its test: 12–37 %% at the limit, at most 0.2 %% of equal versions.", trials),
		head: []string{"drift", "objective", "equal: fail", "equal: fail, the design's test", "at the limit: fail or pass", "at the limit: fail or pass, the design's test"},
	}
	for _, rho := range []float64{0.5, 0.9} {
		for _, deviation := range []float64{0.05, 0.1} {
			for _, q := range quantiles[:2] {
				s := setup{objectives: []string{"latency-" + q.name + " <= 110% of baseline"}, warmup: warmupRounds, atLeast: fewest}
				at := func(factor float64) []tally {
					s.world = times(drifting(usual, rho, deviation, false), factor)
					return s.run(trials, s.judge, independentAt(q.p))
				}
				equal, limit := at(1), at(tolerance)
				wrong := func(t tally) string { return share(t.count(trial.Fail)+t.count(trial.Pass), t.trials) }
				t.rows = append(t.rows, []string{
					fmt.Sprintf("AR(1) %g, %g %%", rho, 100*deviation), q.name,
					equal[0].share(trial.Fail), equal[1].share(trial.Fail), wrong(limit[0]), wrong(limit[1]),
				})
			}
		}
	}
	return t
}
