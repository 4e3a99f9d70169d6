package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// foretold is a question whose course is forecast from a warm-up and then
// played. Worse is what fails: slower by a share, or failing a share.
type foretold struct {
	name      string
	objective string
	world
	worsened func(worse float64) world
	worse    float64
}

const warmupRounds = 20

// usualWarmups is how many of them are forecast from, and usualSearches from how
// many of these the smallest regression is sought, which takes longer;
// both odd for the sake of the median. Their draws are none that a trial
// has.
const (
	usualWarmups  = 61
	usualSearches = 31
	warmupsFrom   = 1 << 40
)

// moreOfAlone is how many times as many it is of limits that compare nothing:
// their forecasts are quick, and lie far apart.
const moreOfAlone = 5

// longest is how long trials are played for their median: twice the budget, so
// that a forecast near it is told from one that is far off.
const longest = 2 * budget

// told are the medians of the forecasts that many warm-ups lead to, in rounds;
// +Inf where it takes longer than any forecast speaks of.
type told struct {
	pass, fail float64
	quarters   [2]float64 // of the rounds to a pass
	smallest   float64
}

func forecasts(scale int) []table {
	trials, warmups, searches := played(200, scale), usualWarmups, usualSearches
	if scale == 0 {
		warmups, searches = 3, 1
	}
	t := table{
		title: "Forecasts from a warm-up",
		text: fmt.Sprintf("`seatrial plan` on a warm-up of 5 s, %d of them (%d for limits that compare nothing), against trials played, %d a cell, at-least as short as can be asked for. "+
			"An equal candidate (or, for a limit that is no comparison, the candidate as it is) until it passes, a worse one until it fails: "+
			"median seconds forecast / played, and their ratio, in bold where it is more than 35 %% off. In brackets the middle half of the forecasts to a pass: "+
			"how far a single warm-up may be off. Power is the share of trials that fail at the smallest regression that the median forecast says is "+
			"shown in 60 s in 80 %% of trials, of half of the warm-ups. “> %d” is a median beyond the longest trial that was played.",
			warmups, moreOfAlone*warmups, trials, longest/4),
		head: []string{"world", "objective", "to a pass", "worse by", "to a fail", "smallest shown", "its power"},
	}
	for _, f := range foretellings() {
		t.rows = append(t.rows, f.row(trials, warmups, searches))
	}
	return []table{t}
}

func foretellings() []foretold {
	var all []foretold
	for _, w := range planned[:4] {
		slower := func(worse float64) world { return times(w.world, 1+worse) }
		for _, q := range []string{"p50", "p95", "p99", "mean"} {
			all = append(all, foretold{w.name, "latency-" + q + " <= 110% of baseline", w.world, slower, 0.3})
		}
		limit := fmt.Sprintf("latency-p95 <= %.0fms", 1200*p95Of(w.world))
		all = append(all, foretold{w.name, limit, w.world, slower, 0.5})
	}
	for _, objective := range []string{"error-rate <= baseline + 2%", "error-rate <= 2%"} {
		for _, errors := range []float64{0, 0.005} {
			all = append(all, foretold{
				fmt.Sprintf("errors %g %%", 100*errors), objective, failing(usual, errors, errors),
				func(worse float64) world { return failing(usual, errors, errors+worse) }, 0.05,
			})
		}
	}
	return all
}

func (f foretold) row(trials, warmups, searches int) []string {
	if !strings.Contains(f.objective, "baseline") {
		warmups, searches = moreOfAlone*warmups, moreOfAlone*searches
	}
	said := f.foretell(warmups, searches)
	equal := f.play(f.world, trials)
	worse := f.play(f.worsened(f.worse), trials)
	row := []string{
		f.name, "`" + f.objective + "`",
		fmt.Sprintf("%s (%s–%s)", compared(said.pass, medianOfAll(equal, trial.Pass)), upToLongest(said.quarters[0]), upToLongest(said.quarters[1])),
		f.amount(f.worse), compared(said.fail, medianOfAll(worse, trial.Fail)),
	}
	if math.IsNaN(said.smallest) || math.IsInf(said.smallest, 0) {
		return append(row, "–", "–")
	}
	shown := f.play(f.worsened(said.smallest), trials).by(trial.Fail, budget)
	return append(row, f.amount(said.smallest), share(shown, trials))
}

func (f foretold) amount(worse float64) string {
	unit := trial.Ratio
	if f.objective[0] == 'e' {
		unit = trial.Points
	}
	return trial.Quantity{Value: worse, Unit: unit}.String()
}

func (f foretold) setup(w world) setup {
	return setup{world: w, warmup: warmupRounds, lasts: longest}
}

// policy asks one objective.
func (f foretold) policy() slo.Policy {
	p := slo.DefaultPolicy()
	p.AtLeast, p.OnlyAsked, p.Objectives = fewest, true, []slo.Objective{objective(f.objective)}
	return p
}

// play is trials in a world, by the verdict on the objective alone.
func (f foretold) play(w world, trials int) tally {
	s := f.setup(w)
	return s.run(trials, func() referee {
		j := slo.New(f.policy(), s.versions())
		return func(r trial.Round, _ bool) trial.Verdict { return j.Look(r).Verdict }
	})[0]
}

// foretell forecasts from each warm-up, on two workers.
func (f foretold) foretell(warmups, searches int) told {
	pass, fail, smallest := make([]float64, warmups), make([]float64, warmups), make([]float64, searches)
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for i := int(taken.Add(1)) - 1; i < warmups; i = int(taken.Add(1)) - 1 {
				of := f.prospect(i)
				pass[i], fail[i] = orNever(of.Until(trial.Pass, 0)), orNever(of.Until(trial.Fail, f.worse))
				if i < searches {
					smallest[i] = of.Smallest()
				}
			}
		})
	}
	workers.Wait()
	return told{
		pass: part(pass, 2), fail: part(fail, 2), smallest: part(smallest, 2), quarters: [2]float64{part(pass, 4), part(pass, 4.0/3)},
	}
}

// prospect is drawn from one warm-up.
func (f foretold) prospect(number int) *slo.Prospect {
	s := f.setup(f.world)
	next := f.world(rand.New(rand.NewPCG(seed, uint64(warmupsFrom+number))))
	var recorded []trial.Round
	for i := range warmupRounds {
		r := s.round(i, s.requests(nil, next, i))
		r.Complete = true
		recorded = append(recorded, r)
	}
	return slo.Prospects(f.policy(), s.versions(), recorded, budget, 250*time.Millisecond)[0]
}

func orNever(rounds int) float64 {
	if rounds == 0 {
		return math.Inf(1)
	}
	return float64(rounds)
}

// part is the value that one of n is not above.
func part(values []float64, n float64) float64 {
	slices.Sort(values)
	return values[int(float64(len(values))/n)]
}

// medianOfAll is the median of all trials, in rounds: +Inf where fewer than half
// came to the verdict.
func medianOfAll(t tally, v trial.Verdict) float64 {
	rounds := slices.Sorted(slices.Values(t.decided[v]))
	if len(rounds) <= t.trials/2 {
		return math.Inf(1)
	}
	return float64(rounds[t.trials/2])
}

// nearly is how far off a forecast may be.
const nearly = 1.35

func compared(forecast, played float64) string {
	text := upToLongest(forecast) + " / " + upToLongest(played)
	if forecast > longest || played > longest {
		if (forecast > longest) != (played > longest) {
			text = "**" + text + "**"
		}
		return text
	}
	ratio := fmt.Sprintf("×%.2f", forecast/played)
	if math.Max(forecast/played, played/forecast) > nearly {
		ratio = "**" + ratio + "**"
	}
	return text + ", " + ratio
}

func upToLongest(rounds float64) string {
	if rounds > longest {
		return "> " + fmt.Sprint(longest/4)
	}
	return duration(rounds)
}
