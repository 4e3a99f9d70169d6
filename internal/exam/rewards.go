package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

const (
	fast     = "minimize latency-mean"
	quick95  = "minimize latency-p95"
	reliable = "minimize error-rate"
	plenty   = "maximize throughput"
)

// nobody is the truth where no version should win.
const nobody = ""

// contests are trials that pick a winner. Version 0 is the baseline.
var pickings = []struct {
	name       string
	rewards    []string
	objectives []string
	candidates int
	world
	winner string // by truth
}{
	{"equal", []string{fast}, nil, 1, usual, nobody},
	{"equal, Pareto 1.5", []string{fast}, nil, 1, pareto, nobody},
	{"equal, shared drift AR(1) 0.9", []string{fast}, nil, 1, drifting(usual, 0.9, 0.1, true), nobody},
	{"equal, own drift AR(1) 0.5", []string{fast}, nil, 1, drifting(usual, 0.5, 0.1, false), nobody},
	{"equal", []string{quick95}, nil, 1, usual, nobody},
	{"equal, errors 1 % each", []string{reliable}, nil, 1, failing(usual, 0.01, 0.01), nobody},
	{"equal, errors 0.1 % each", []string{reliable}, nil, 1, failing(usual, 0.001, 0.001), nobody},
	{"candidate −5 %", []string{fast}, nil, 1, each(usual, 1, 0.95), "candidate-1"},
	{"candidate −10 %", []string{fast}, nil, 1, each(usual, 1, 0.9), "candidate-1"},
	{"candidate −20 %", []string{quick95}, nil, 1, each(usual, 1, 0.8), "candidate-1"},
	{"candidate +10 %", []string{fast}, nil, 1, each(usual, 1, 1.1), "baseline"},
	{"errors 3 %, then 1 %", []string{reliable}, nil, 1, failing(usual, 0.03, 0.01), "candidate-1"},

	{"all equal", []string{fast}, nil, 3, usual, nobody},
	{"all equal", []string{fast}, nil, 8, usual, nobody},
	{"one at −10 %", []string{fast}, nil, 3, each(usual, 1, 1, 0.9, 1), "candidate-2"},
	{"one at −10 %", []string{fast}, nil, 8, each(usual, 1, 1, 0.9, 1, 1, 1, 1, 1, 1), "candidate-2"},
	{"two at −10 %", []string{fast}, nil, 3, each(usual, 1, 0.9, 0.9, 1), nobody},
	{"−10 % and −5 %", []string{fast}, nil, 2, each(usual, 1, 0.9, 0.95), "candidate-1"},

	{"−20 % with 5 % errors, −10 % without", []string{fast}, []string{absolute}, 2, failing(each(usual, 1, 0.8, 0.9), 0, 0.05, 0), "candidate-2"},
	{"−20 % at 1 % errors: at the limit", []string{fast}, []string{absolute}, 1, failing(each(usual, 1, 0.8), 0, 0.01), nobody},

	{"equal", []string{fast, plenty}, nil, 1, failing(usual, 0.01, 0.01), nobody},
	{"−10 %, and 4 % fewer errors", []string{fast, plenty}, nil, 1, failing(each(usual, 1, 0.9), 0.05, 0.01), "candidate-1"},
	{"−10 %, but 1.5 % more errors", []string{fast, plenty}, nil, 1, failing(each(usual, 1, 0.9), 0, 0.015), nobody},
	{"+10 %, and 1.5 % more errors", []string{fast, plenty}, nil, 1, failing(each(usual, 1, 1.1), 0, 0.015), "baseline"},
}

// each changes every version's times by a factor of its own.
func each(w world, factors ...float64) world {
	return func(r *rand.Rand) draw {
		base := w(r)
		return func(round, version int) float64 { return factors[version] * base(round, version) }
	}
}

// picker is the judge of a contest as a referee: its verdict is Pass where the
// right version won, Fail where another one did.
func (s setup) picker(rewards []string, winner string) func() referee {
	return func() referee {
		p := slo.DefaultPolicy()
		for _, text := range s.objectives {
			p.Objectives = append(p.Objectives, objective(text))
		}
		for _, text := range rewards {
			var r slo.Reward
			if err := r.UnmarshalText([]byte(text)); err != nil {
				panic(fmt.Sprintf("exam: reward %q: %v", text, err))
			}
			p.Rewards = append(p.Rewards, r)
		}
		j := slo.New(p, s.versions())
		return func(r trial.Round, _ bool) trial.Verdict {
			got := j.Look(r).Verdict
			if got == trial.Inconclusive {
				return got
			}
			won := j.Conclude(true).Choice.Winner
			if got == trial.Fail {
				won = "baseline" // shown to be better than every candidate
			}
			if won == winner {
				return trial.Pass
			}
			return trial.Fail
		}
	}
}

// picked plays trials with rewards.
func picked(scale int) []table {
	trials := played(200, scale)
	t := table{
		title: "Winners",
		text: fmt.Sprintf("A/B, A/B/n, hybrid and Pareto trials at the defaults, %d trials a row, 25 requests a round to each version. A verdict is wrong "+
			"that names a winner where there is none, or another; the bound is 5 %%. Without a winner the baseline stays. Seconds are the median to the "+
			"right verdict.", trials),
		head: []string{"pattern", "candidates", "world", "rewards", "best", "right", "wrong", "no winner", "seconds"},
	}
	for _, c := range pickings {
		s := setup{world: c.world, objectives: c.objectives, sizes: []int{25}}
		for range c.candidates {
			s.sizes = append(s.sizes, 25)
		}
		got := s.run(trials, s.picker(c.rewards, c.winner))[0]
		best, right := "**"+c.winner+"**", got.share(trial.Pass)
		if c.winner == nobody {
			best, right = "–", "–"
		}
		t.rows = append(t.rows, []string{
			patternOf(c.rewards, c.objectives, c.candidates), fmt.Sprint(c.candidates), c.name, words(c.rewards), best,
			right, got.share(trial.Fail), got.share(trial.Inconclusive), got.until(trial.Pass),
		})
	}
	return []table{t}
}

func patternOf(rewards, objectives []string, candidates int) string {
	switch {
	case len(rewards) > 1:
		return "pareto"
	case len(objectives) > 0:
		return "hybrid"
	case candidates > 1:
		return "abn"
	}
	return "ab"
}

func words(rewards []string) string {
	text := "`" + rewards[0] + "`"
	for _, r := range rewards[1:] {
		text += ", `" + r + "`"
	}
	return text
}

// mismatched plays live traffic that does not go where it was sent.
func mismatched(scale int) []table {
	trials := played(400, scale)
	t := table{
		title: "Sample ratio mismatch",
		text: fmt.Sprintf("Each of 50 requests a round goes to the candidate with its true chance, whatever was assigned; %d trials a row. Up to 2 points "+
			"are taken for no matter, and the bound for a false mismatch is 0.1 %%. Seconds are the median until it is noticed.", trials),
		head: []string{"assigned", "true share", "mismatch", "seconds"},
	}
	for _, c := range []struct {
		assigned int
		true     float64
	}{{50, 0.50}, {50, 0.48}, {50, 0.45}, {50, 0.40}, {10, 0.10}, {10, 0.12}, {10, 0.15}, {10, 0}} {
		got := tally{}
		for i := range trials {
			got.add(misled(rand.New(rand.NewPCG(seed, uint64(i))), c.assigned, c.true))
		}
		t.rows = append(t.rows, []string{
			fmt.Sprintf("%d %%", c.assigned), fmt.Sprintf("%g %%", 100*c.true), got.share(trial.Fail), got.until(trial.Fail),
		})
	}
	return []table{t}
}

// misled is one such trial; a fail stands for a mismatch that was noticed.
func misled(random *rand.Rand, assigned int, chance float64) outcome {
	s := setup{objectives: []string{p95}, sizes: []int{25, 25}}
	p := slo.DefaultPolicy()
	p.Objectives = []slo.Objective{objective(p95)}
	judge := slo.New(p, s.versions())
	for i := range budget {
		requests := make([]trial.Request, 50)
		for k := range requests {
			requests[k] = trial.Request{Status: trial.Answered(200, true), Latency: trial.Ticks(50 * time.Millisecond)}
			if random.Float64() < chance {
				requests[k].Version = 1
			}
		}
		r := s.round(i, requests)
		r.Complete, r.Weights = true, []int{100 - assigned, assigned}
		if judge.Look(r).Voided != "" {
			return outcome{trial.Fail, i + 1}
		}
	}
	return outcome{trial.Inconclusive, budget}
}
