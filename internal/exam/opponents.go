package main

import (
	"math"

	"github.com/seatrial/seatrial/trial"
)

// opponent is fed the response times of the baseline and the candidate, round
// by round, and says what its rule says after each.
type opponent func(baseline, candidate []float64, round int, last bool) trial.Verdict

// rule is somebody else's way to judge, with two settings.
type rule struct {
	name        string
	asks        string // the objective that asks Seatrial the nearest question
	pace        pace
	recommended setting // by its documentation, or its default
	tuned       setting // by a team that wants few false alarms and bears 10 %
}

// pace is whether a rule is watched: one that looks once or at
// four scheduled times has its error rates at those looks alone.
type pace bool

const (
	watched   pace = true
	scheduled pace = false
)

// setting begins a rule. limit is 110 % of the p95 that the baseline had
// before the trial, for rules with a fixed threshold.
type setting struct {
	text  string
	begin func(limit float64) opponent
}

const (
	tolerance = 1.1
	perSecond = 4 // rounds

	// one-sided limits. R: qnorm(c(.95, .99, .999))
	side95, side99, side999 = 1.644854, 2.326348, 3.090232
)

// never is a limit for a rule without an early pass.
var never = math.Inf(1)

// rules are restated from their published descriptions. Where the text names
// no other verdict, what did not fail by the end has passed.
var rules = []rule{
	{"Mann–Whitney, repeated", p50, watched,
		setting{"p < 0.05, two-sided, on all requests after every round", mannWhitney(1, z95, never)},
		setting{"the candidate's times over 1.1, one-sided p < 0.001 either way, else inconclusive", mannWhitney(tolerance, side999, side999)}},
	{"Mann–Whitney, once", p50, scheduled,
		setting{"p < 0.05, two-sided, on all requests, once at the end", mannWhitneyOnce(1, z95)},
		setting{"the candidate's times over 1.1, one-sided p < 0.01, once at the end", mannWhitneyOnce(tolerance, side99)}},
	{"Kayenta's NetflixACAJudge", p95, scheduled,
		setting{"60 points of 1 s (p95), once at the end; allowed increase 1.0", kayenta(1)},
		setting{"the same with an allowed increase of 1.1", kayenta(tolerance)}},
	{"p95 ratio, once", p95, scheduled,
		setting{"candidate's p95 above 110 % of the baseline's, once at the end", ratioOnce(1.1)},
		setting{"above 120 %, once at the end", ratioOnce(1.2)}},
	{"p95 ratio, ten measurements", p95, watched,
		setting{"above 110 % in any tenth of the trial (Argo Rollouts' default: no failure allowed)", ratioOften(1)},
		setting{"above 110 % in three tenths in a row", ratioOften(3)}},
	{"Bayes, watched", mean, watched,
		setting{"P(mean is higher) > 0.95, flat prior, no tolerance, after every round", bayesian(1, 1, side95, never)},
		setting{"P(mean is above 110 %) > 0.999 or < 0.001, from 20 rounds on, else inconclusive", bayesian(tolerance, 20, side999, side999)}},
	{"k6 threshold", p95, watched,
		setting{"p95 of all so far within a fixed limit, every 2 s from 10 s on, abortOnFail", threshold(10 * perSecond)},
		setting{"the same from 30 s on", threshold(30 * perSecond)}},
	{"iter8-analytics v1", mean, watched,
		setting{"the baseline wins: P(mean is higher) > 0.99 with variance range/(1+n), in ms, every 10 s", iter8(1)},
		setting{"the same of P(mean is above 110 %)", iter8(tolerance)}},
	{"t test on pooled requests", mean, scheduled,
		setting{"Welch, one-sided p < 0.05, no tolerance, once at the end", pooledT(1, side95)},
		setting{"Welch against 110 %, one-sided p < 0.01, once at the end", pooledT(tolerance, side99)}},
	{"paired t test", mean, scheduled,
		setting{"round means against 110 %, one-sided 5 % each way, once at the end, else inconclusive", pairedT},
		setting{"the same at 15, 30, 45 and 60 s, with Pocock's limit", pocock}},
	{"asymptotic confidence sequence", mean, watched,
		setting{"round means against 110 %, from 20 rounds on, tuned for 120, else inconclusive", confidenceSequence(excess, 120)},
		setting{"logarithms of round means against ln 1.1, from 20 rounds on, tuned for 40, else inconclusive", confidenceSequence(logExcess, 40)}},
	{"our first draft", p95, watched,
		setting{"logarithms of each round's p95 against ln 1.1, Student's Bayes factor, else inconclusive", firstDraft(1)},
		setting{"the same of each second's p95", firstDraft(perSecond)}},
}

// referee shows an opponent the rounds as it wants them.
func (o opponent) referee() referee {
	n := 0
	return func(r trial.Round, last bool) trial.Verdict {
		if r.Warmup || !r.Complete {
			return trial.Inconclusive
		}
		var times [2][]float64
		for _, q := range r.Requests {
			times[q.Version] = append(times[q.Version], q.Seconds())
		}
		n++
		return o(times[0], times[1], n, last)
	}
}

// failIf is the answer of a rule that knows no third verdict.
func failIf(fail, last bool) trial.Verdict {
	switch {
	case fail:
		return trial.Fail
	case last:
		return trial.Pass
	}
	return trial.Inconclusive
}

// beside is fail above one margin, pass below the other, and else neither. A
// rule that never passes early passes at the end.
func beside(x, above, below float64, last bool) trial.Verdict {
	switch {
	case x > above:
		return trial.Fail
	case x < -below, last && below == never:
		return trial.Pass
	}
	return trial.Inconclusive
}
