package main

import (
	"math/rand/v2"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// matter is one world of a contest.
type matter struct {
	name string
	world
	baseline world // for what was known before the trial
	right    right
	sizes    []int // as of a setup
}

// right is the verdict that a world deserves, by the objective that is asked.
type right func(asked string) trial.Verdict

func fit(string) trial.Verdict    { return trial.Pass }
func unfit(string) trial.Verdict  { return trial.Fail }
func either(string) trial.Verdict { return trial.Inconclusive } // at the limit no verdict is right

// unfitTail is beyond 110 % at p95 and in its mean, but not at p50.
func unfitTail(asked string) trial.Verdict {
	if asked == p50 {
		return trial.Pass
	}
	return trial.Fail
}

// equals are worlds in which any fail is false.
var equals = []matter{
	{"lognormal σ 0.5", usual, usual, fit, nil},
	{"Pareto 1.5", pareto, pareto, fit, nil},
	{"5 % of requests ×e²", slowTail, slowTail, fit, nil},
	{"stalls in 10 % of rounds", stalls, stalls, fit, nil},
	{"ties at 1 ms", coarse(usual), coarse(usual), fit, nil},
	{"shared drift, AR(1) 0.9", drifting(usual, 0.9, 0.1, true), usual, fit, nil},
	{"own drift, AR(1) 0.5", drifting(usual, 0.5, 0.1, false), usual, fit, nil},
	{"own drift, AR(1) 0.9", drifting(usual, 0.9, 0.1, false), usual, fit, nil},
	{"own drift of 5 %, AR(1) 0.9", drifting(usual, 0.9, 0.05, false), usual, fit, nil},
	{"225 : 25 requests", usual, usual, fit, []int{225, 25}},
	{"25 : 225 requests", usual, usual, fit, []int{25, 225}},
}

// slower are candidates with a known change in the first of the worlds above.
var slower = []matter{
	{"+2 %", times(usual, 1.02), usual, fit, nil},
	{"+5 %", times(usual, 1.05), usual, fit, nil},
	{"+10 % (limit)", times(usual, 1.10), usual, either, nil},
	{"+20 %", times(usual, 1.20), usual, unfit, nil},
	{"+30 %", times(usual, 1.30), usual, unfit, nil},
	{"+50 %", times(usual, 1.50), usual, unfit, nil},
	{"5 % of requests ×5", slowFew(usual, 0.05, 5), usual, unfitTail, nil},
	{"spread alone, σ 0.75", stretched(usual, 1.5), usual, unfitTail, nil},
	{"+10 % (limit), 225 : 25", times(usual, 1.10), usual, either, []int{225, 25}},
	{"+10 % (limit), 25 : 225", times(usual, 1.10), usual, either, []int{25, 225}},
}

// heavy are candidates that are slower by 30 % in the other worlds.
var heavy = []matter{
	{"Pareto 1.5, ×1.3", times(pareto, 1.3), pareto, unfit, nil},
	{"5 % of requests ×e², ×1.3", times(slowTail, 1.3), slowTail, unfit, nil},
	{"stalls in 10 % of rounds, ×1.3", times(stalls, 1.3), stalls, unfit, nil},
	{"ties at 1 ms, ×1.3", times(coarse(usual), 1.3), coarse(usual), unfit, nil},
	{"shared drift, AR(1) 0.9, ×1.3", times(drifting(usual, 0.9, 0.1, true), 1.3), usual, unfit, nil},
	{"own drift, AR(1) 0.5, ×1.3", times(drifting(usual, 0.5, 0.1, false), 1.3), usual, unfit, nil},
}

// entrant takes part in a contest: Seatrial, or a rule with one of its settings.
type entrant struct {
	name  string
	asks  string // an objective, or the nearest to what it asks
	text  string // the setting
	own   bool   // Seatrial's
	tuned bool
	pace  pace
	begin func(limit float64) referee
}

// entrants are all that meet in a contest. Seatrial is asked each question
// twice: at its defaults, and free to pass as soon as the evidence is there.
func entrants() []entrant {
	var all []entrant
	for _, asked := range []struct{ name, objective string }{{"p50", p50}, {"p95", p95}, {"mean", mean}} {
		all = append(all, entrant{
			"**Seatrial**, " + asked.name, asked.objective, "`" + asked.objective + "`, at the defaults", true, false, watched,
			setup{objectives: []string{asked.objective}}.referee,
		}, entrant{
			"**Seatrial**, " + asked.name + ", tuned", asked.objective, "the same with at-least as short as can be asked for", true, true, watched,
			setup{objectives: []string{asked.objective}, atLeast: fewest}.referee,
		})
	}
	for _, r := range rules {
		all = append(all,
			entrant{r.name, r.asks, r.recommended.text, false, false, r.pace, r.recommended.referee},
			entrant{r.name + ", tuned", r.asks, r.tuned.text, false, true, r.pace, r.tuned.referee})
	}
	return all
}

func (s setup) referee(float64) referee { return s.judge() }

func (s setting) referee(limit float64) referee { return s.begin(limit).referee() }

// results are what every entrant made of a world.
type results struct {
	matter
	tallies []tally // as the entrants are
}

// contest plays each world before all entrants.
func contest(entrants []entrant, worlds []matter, trials int) []results {
	var all []results
	for _, m := range worlds {
		all = append(all, results{m, m.before(entrants, 0, trials)})
	}
	return all
}

// before plays so many trials of a world, from a number on, before entrants.
func (m matter) before(entrants []entrant, first, trials int) []tally {
	limit := tolerance * p95Of(m.baseline)
	var kinds []func() referee
	for _, e := range entrants {
		kinds = append(kinds, func() referee { return e.begin(limit) })
	}
	return m.setup().runFrom(first, trials, kinds...)
}

func (m matter) setup() setup { return setup{world: m.world, sizes: m.sizes} }

// drifts reports whether versions drift by themselves: then rounds are not
// exchangeable, and no rule bounds its errors.
func (m matter) drifts() bool { return strings.HasPrefix(m.name, "own drift") }

// p95Of is the baseline's p95 as a team would know it, from 5,000 rounds of 20.
func p95Of(w world) float64 {
	next := w(rand.New(rand.NewPCG(seed, 1<<32)))
	var all []float64
	for i := range 100_000 {
		all = append(all, next(i/20, 0))
	}
	return quantile(all, 0.95)
}
