package main

import (
	"fmt"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// truth is where a candidate stands towards its limit.
type truth string

const (
	within  truth = "within"
	beyond  truth = "beyond"
	atLimit truth = "at the limit"
)

// wrong reports whether a verdict contradicts the truth.
func (t truth) wrong(v trial.Verdict) bool {
	return v == trial.Fail && t != beyond || v == trial.Pass && t != within
}

const (
	p50        = "latency-p50 <= 110% of baseline"
	p95        = "latency-p95 <= 110% of baseline"
	p99        = "latency-p99 <= 110% of baseline"
	mean       = "latency-mean <= 110% of baseline"
	difference = "error-rate <= baseline + 2%"
	ratio      = "error-rate <= 150% of baseline"
	absolute   = "error-rate <= 1%" // of a candidate alone
)

// exercise is one world with one question of known answer.
type exercise struct {
	name  string
	asked string
	truth truth
	setup
}

// cases are worlds of every other kind, judged at the policy's defaults.
var cases = []exercise{
	{"at the limit", p50, atLimit, setup{world: times(usual, 1.1)}},
	{"at the limit", p95, atLimit, setup{world: times(usual, 1.1)}},
	{"at the limit", p99, atLimit, setup{world: times(usual, 1.1)}},
	{"at the limit, 225 : 25 requests", p99, atLimit, setup{world: times(usual, 1.1), sizes: []int{225, 25}}},
	{"at the limit, at-least 10 s, 225 : 25", p99, atLimit, setup{world: times(usual, 1.1), sizes: []int{225, 25}, atLeast: 10 * time.Second}},
	{"at the limit, own drift AR(1) 0.5", p95, atLimit, setup{world: times(drifting(usual, 0.5, 0.1, false), 1.1)}},
	{"at the limit, own drift AR(1) 0.9", p95, atLimit, setup{world: times(drifting(usual, 0.9, 0.1, false), 1.1)}},
	{"at the limit, shared drift AR(1) 0.9", p95, atLimit, setup{world: times(drifting(usual, 0.9, 0.1, true), 1.1)}},

	{"variance alone (σ 0.3, then 0.6)", p50, within, setup{world: stretched(lognormal(0.3), 2)}},
	{"variance alone", p95, beyond, setup{world: stretched(lognormal(0.3), 2)}},
	{"5 % of requests ×5", p50, within, setup{world: slowFew(usual, 0.05, 5)}},
	{"5 % of requests ×5", p99, beyond, setup{world: slowFew(usual, 0.05, 5)}},
	{"2 % of requests ×5, in streaks of 8, both versions", p99, within, setup{world: streaks(usual, fiveTimes, 0.02, 0.02)}},
	{"2, then 6 % of requests ×5, in streaks of 8", p95, beyond, setup{world: streaks(usual, fiveTimes, 0.02, 0.06)}},
	{"equal, 225 : 25 requests", p95, within, setup{world: usual, sizes: []int{225, 25}}},
	{"×1.3, 225 : 25 requests", p95, beyond, setup{world: times(usual, 1.3), sizes: []int{225, 25}}},
	{"at the limit, 225 : 25 requests", p95, atLimit, setup{world: times(usual, 1.1), sizes: []int{225, 25}}},
	{"equal, 25 : 225 requests", p95, within, setup{world: usual, sizes: []int{25, 225}}},
	{"×1.3, 25 : 225 requests", p95, beyond, setup{world: times(usual, 1.3), sizes: []int{25, 225}}},
	{"at the limit, 25 : 225 requests", p95, atLimit, setup{world: times(usual, 1.1), sizes: []int{25, 225}}},
	{"cold for 4 s of 5 s warm-up", p95, within, setup{world: cold(usual, 16), warmup: 20}},
	{"cold for 15 s, no warm-up", p95, beyond, setup{world: cold(usual, 60)}},
	{"ties at 1 ms, equal", p50, within, setup{world: coarse(usual)}},
	{"ties at 1 ms, ×1.3", p50, beyond, setup{world: coarse(times(usual, 1.3))}},
	{"20 % of rounds missing, equal", p95, within, setup{world: usual, missing: 0.2}},
	{"20 % of rounds missing, ×1.3", p95, beyond, setup{world: times(usual, 1.3), missing: 0.2}},

	{"rare errors, 0.1 % each", difference, within, setup{world: failing(usual, 0.001, 0.001)}},
	{"no errors at all", difference, within, setup{world: usual}},
	{"errors 0.1 %, then 2.1 %", difference, atLimit, setup{world: failing(usual, 0.001, 0.021)}},
	{"errors 0.1 %, then 5 %", difference, beyond, setup{world: failing(usual, 0.001, 0.05)}},
	{"bursts of errors in 2 % of rounds each", difference, within, setup{world: bursting(usual, 0.02, 0.02)}},
	{"bursts of errors in 2, then 6 % of rounds", difference, atLimit, setup{world: bursting(usual, 0.02, 0.06)}},
	{"bursts of errors in 2, then 20 % of rounds", difference, beyond, setup{world: bursting(usual, 0.02, 0.2)}},

	{"zero-inflated errors, 1 % each", difference, within, setup{world: inflated(usual, 0.05, 0.05)}},
	{"zero-inflated errors, 1, then 3 %", difference, atLimit, setup{world: inflated(usual, 0.05, 0.15)}},
	{"zero-inflated errors, 1, then 8 %", difference, beyond, setup{world: inflated(usual, 0.05, 0.4)}},
	{"errors 1 % each, in streaks of 8", difference, within, setup{world: streaks(usual, fails, 0.01, 0.01)}},
	{"errors 1, then 3 %, in streaks of 8", difference, atLimit, setup{world: streaks(usual, fails, 0.01, 0.03)}},

	{"errors 0.2 %", absolute, within, setup{world: failing(usual, 0.002), sizes: []int{25}}},
	{"errors 1 %", absolute, atLimit, setup{world: failing(usual, 0.01), sizes: []int{25}}},
	{"errors 1 %, in bursts", absolute, atLimit, setup{world: bursting(usual, 0.02), sizes: []int{25}}},
	{"errors 0.2 %, in bursts", absolute, within, setup{world: bursting(usual, 0.004), sizes: []int{25}}},
	{"errors 2 %", absolute, beyond, setup{world: failing(usual, 0.02), sizes: []int{25}}},
	{"zero-inflated errors, 0.2 %", absolute, within, setup{world: inflated(usual, 0.01), sizes: []int{25}}},
	{"zero-inflated errors, 1 %", absolute, atLimit, setup{world: inflated(usual, 0.05), sizes: []int{25}}},
	{"errors 1 %, in streaks of 8", absolute, atLimit, setup{world: streaks(usual, fails, 0.01), sizes: []int{25}}},
	{"errors 0.5 %, ×3", ratio, beyond, setup{world: failing(usual, 0.005, 0.015)}},
	{"errors 0.5 %, ×6", ratio, beyond, setup{world: failing(usual, 0.005, 0.03)}},
	{"errors 0.5 %, ×1.5", ratio, atLimit, setup{world: failing(usual, 0.005, 0.0075)}},
	{"weight 10, then 50 %; errors 2, then 0.1 %, equal", ratio, within, setup{world: calming(usual, 120, []float64{0.02, 0.02}, []float64{0.001, 0.001}), sizesAt: shifting}},
	{"weight 10, then 50 %; errors 2, then 0.1 %, ×1.5", ratio, atLimit, setup{world: calming(usual, 120, []float64{0.02, 0.03}, []float64{0.001, 0.0015}), sizesAt: shifting}},
	{"zero-inflated errors, 1 % each", ratio, within, setup{world: inflated(usual, 0.05, 0.05)}},
	{"zero-inflated errors, 1, then 1.5 %", ratio, atLimit, setup{world: inflated(usual, 0.05, 0.075)}},
}

// shifting gives the candidate 10 % of 200 requests, and from 30 s on half.
func shifting(round int) []int {
	if round < 120 {
		return []int{180, 20}
	}
	return []int{100, 100}
}

// rare are candidates that stand still now and then, and long: at 100 requests a
// second, one that has to wait for the end of it is slow by up to its length.
var rare = []exercise{
	{"2 s of every 20 s", p95, beyond, setup{world: standstills(usual, 2, 20)}},
	{"3 s of every 30 s", p95, beyond, setup{world: standstills(usual, 3, 30)}},
	{"3 s of every 30 s", p99, beyond, setup{world: standstills(usual, 3, 30)}},
	{"3 s of every 30 s", mean, beyond, setup{world: standstills(usual, 3, 30)}},
	{"3 s of every 30 s, at-least 10 s", p95, beyond, setup{world: standstills(usual, 3, 30), atLeast: 10 * time.Second}},
}

// others plays all these worlds.
func others(scale int) []table {
	few, many := played(400, scale), played(600, scale)
	return []table{
		{
			title: "Worlds of other kinds",
			text: fmt.Sprintf("The judge at its defaults (no pass before 30 s), %d trials a row. Wrong verdicts are in bold. Seconds are the "+
				"median to a fail / to a pass, of those that reached it. In streaks, requests of one round are struck one after another. "+
				"Zero-inflated: most rounds have no errors, the struck ones 0 to 40 %%.", few),
			head: exerciseHead, rows: exerciseRows(cases, few),
		},
		{
			title: "Rare standstills",
			text: fmt.Sprintf("The candidate answers nothing for some seconds, then all that waited; the first time at random. Any pass is wrong, "+
				"and the target is 5 %% at most. At the defaults unless said otherwise, 100 requests a second to each version, %d trials a row.", many),
			head: exerciseHead, rows: exerciseRows(rare, many),
		},
	}
}

var exerciseHead = []string{"world", "objective", "truth", "fail", "pass", "inconclusive", "seconds"}

func exerciseRows(exercises []exercise, trials int) [][]string {
	var rows [][]string
	for _, c := range exercises {
		c.objectives = []string{c.asked}
		got := c.judged(trials)
		cell := func(v trial.Verdict) string {
			if c.truth.wrong(v) {
				return "**" + got.share(v) + "**"
			}
			return got.share(v)
		}
		rows = append(rows, []string{
			c.name, "`" + c.asked + "`", string(c.truth), cell(trial.Fail), cell(trial.Pass), cell(trial.Inconclusive),
			got.until(trial.Fail) + " / " + got.until(trial.Pass),
		})
	}
	return rows
}
