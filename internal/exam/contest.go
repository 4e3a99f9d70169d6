package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/seatrial/seatrial/trial"
)

// matter is one world of a contest.
type matter struct {
	name string
	world
	baseline world // for what was known before the trial
}

// equals are worlds in which any fail is false.
var equals = []matter{
	{"lognormal σ 0.5", usual, usual},
	{"Pareto 1.5", pareto, pareto},
	{"stalls in 10 % of rounds", stalls, stalls},
	{"ties at 1 ms", coarse(usual), coarse(usual)},
	{"shared drift, AR(1) 0.9", drifting(usual, 0.9, 0.1, true), usual},
	{"own drift, AR(1) 0.5", drifting(usual, 0.5, 0.1, false), usual},
	{"own drift, AR(1) 0.9", drifting(usual, 0.9, 0.1, false), usual},
}

// slower are candidates with a known change, all in one world. The last is
// beyond 110 % at p95 and in its mean, but not at p50.
var slower = []matter{
	{"equal", usual, usual},
	{"+2 %", times(usual, 1.02), usual},
	{"+5 %", times(usual, 1.05), usual},
	{"+10 % (limit)", times(usual, 1.10), usual},
	{"+20 %", times(usual, 1.20), usual},
	{"+30 %", times(usual, 1.30), usual},
	{"+50 %", times(usual, 1.50), usual},
	{"5 % of requests ×5", slowFew(usual, 0.05, 5), usual},
}

// ours are what the judge is asked in a contest: once what the rules about
// quantiles are, once what those about means are.
var ours = []struct{ name, objective string }{
	{"**Seatrial**, p95", p95},
	{"**Seatrial**, mean", mean},
}

// contest plays one world before the judge and all opponents.
func (m matter) contest(trials int) []tally {
	s := setup{world: m.world}
	limit := 1.1 * p95Of(m.baseline)
	var kinds []func() referee
	for _, o := range ours {
		kinds = append(kinds, setup{objectives: []string{o.objective}}.judge)
	}
	for _, o := range opponents {
		kinds = append(kinds, func() referee { return o.begin(limit).referee() })
	}
	return s.run(trials, kinds...)
}

// p95Of is the baseline's p95 as a team would know it, from 5,000 rounds of 20.
func p95Of(w world) float64 {
	next := w(rand.New(rand.NewPCG(seed, 1<<32)))
	var all []float64
	for i := range 100_000 {
		all = append(all, next(i/20, 0))
	}
	return quantile(all, 0.95)
}

// contestTable has a row for each judge and a column for each world.
func contestTable(worlds []matter, tallies [][]tally, cell func(tally) string) table {
	t := table{head: []string{"judge"}}
	var names []string
	for _, o := range ours {
		names = append(names, o.name)
	}
	for _, o := range opponents {
		names = append(names, o.name)
	}
	for k, name := range names {
		row := []string{name}
		for w := range worlds {
			row = append(row, cell(tallies[w][k]))
		}
		t.rows = append(t.rows, row)
	}
	for _, m := range worlds {
		t.head = append(t.head, m.name)
	}
	return t
}

// contests plays many worlds.
func contests(worlds []matter, trials int) [][]tally {
	var tallies [][]tally
	for _, m := range worlds {
		tallies = append(tallies, m.contest(trials))
	}
	return tallies
}

func falseFails(scale int) []table {
	trials := 400 * scale
	t := contestTable(equals, contests(equals, trials), func(t tally) string { return t.share(trial.Fail) })
	t.title = "False fail: equal versions, watched for 60 s"
	t.text = fmt.Sprintf("Seatrial is asked for 110 %% of the baseline, at its defaults; the rules as in the list below. Any fail is "+
		"false. %d trials a cell. Drift is AR(1) over rounds with a standard deviation of 10 %%.", trials)
	return []table{t}
}

func power(scale int) []table {
	trials := 400 * scale
	tallies := contests(slower, trials)
	fails := contestTable(slower, tallies, func(t tally) string { return t.share(trial.Fail) })
	fails.title = "Fail: power, and false fail"
	fails.text = fmt.Sprintf("Lognormal σ 0.5, the limit at +10 %%, %d trials a cell. Up to the limit a fail is wrong for a judge "+
		"that was told of the tolerance; beyond it a fail is right.", trials)
	passes := contestTable(slower, tallies, func(t tally) string { return t.share(trial.Pass) })
	passes.title = "Pass: the costliest error"
	passes.text = "The same trials: from the limit on, each pass is a release that should not have been made. What is neither " +
		"fail nor pass is inconclusive."
	times := contestTable(slower, tallies, func(t tally) string { return t.until(trial.Fail) + " / " + t.until(trial.Pass) })
	times.title = "Seconds to a verdict"
	times.text = "The same trials: median seconds to a fail / to a pass, of those that reached it."
	return []table{fails, passes, times, rules()}
}

// rules lists what the opponents are.
func rules() table {
	t := table{
		title: "The rules",
		text:  "Restated, not run: each from its published description, with its recommended setting.",
		head:  []string{"judge", "setting"},
	}
	for _, o := range opponents {
		t.rows = append(t.rows, []string{o.name, o.setting})
	}
	return t
}
