package main

import (
	"math"
	"slices"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// Beside alpha, a gate is to fail hardly any of equal versions.
const wished = 0.01

// A cell in doubt is played on to at most so many trials of 25 : 25 requests, or
// as many fewer as they are larger; for the wish alone to fewer.
const (
	mostTrials = 8000
	mostToWish = 2000
	usualSize  = 50 // requests a round
)

// held is whether a share of wrong verdicts is shown to be within a bound.
type held int

const (
	open   held = iota // not shown
	kept               // at most the bound
	broken             // above it
)

func (h held) String() string { return []string{"open", "yes", "no"}[h] }

// holds asks as Seatrial asks of a share: so it may be asked after every batch of
// trials, and each answer is wrong with a chance of at most 5 %.
func (t tally) holds(bound float64, wrong ...trial.Verdict) held {
	answers := make([]held, len(wrong))
	for i, v := range wrong {
		above, below := bayes.Share(float64(t.count(v)), float64(t.trials), bound)
		switch enough := -math.Log(alpha); {
		case above >= enough:
			answers[i] = broken
		case below >= enough:
			answers[i] = kept
		}
	}
	return overall(answers)
}

// overall is what several answers come to.
func overall(answers []held) held {
	switch {
	case slices.Contains(answers, broken):
		return broken
	case slices.Contains(answers, open):
		return open
	}
	return kept
}

// settle plays on where it is in doubt whether a watched entrant keeps its bounds,
// but for those that are known to break one where rounds are exchangeable.
func settle(entrants []entrant, equal, limit []results, scale int) (settledEqual, settledLimit []results) {
	lost := make([]bool, len(entrants))
	for k, e := range entrants {
		lost[k] = !e.own && (e.pace == scheduled || fair(equal, limit, k) == broken)
	}
	most := played(mostTrials, scale)
	on := func(worlds []results, wrong ...trial.Verdict) (out []results) {
		for _, w := range worlds {
			out = append(out, w.playOn(entrants, most, func(k int, t tally) bool { return !lost[k] && t.holds(alpha, wrong...) == open }))
		}
		return out
	}
	settledEqual, settledLimit = on(equal, trial.Fail), on(limit, trial.Fail, trial.Pass)
	for i, w := range settledEqual {
		settledEqual[i] = w.playOn(entrants, played(mostToWish, scale), func(k int, t tally) bool {
			isWorst := worst(equal, k, trial.Fail).name == w.name
			return !lost[k] && isWorst && !(entrants[k].own && entrants[k].tuned) && t.holds(wished, trial.Fail) == open
		})
	}
	return settledEqual, settledLimit
}

// fair is whether an entrant keeps its false fails where rounds are exchangeable.
func fair(equal, limit []results, entrant int) held {
	var answers []held
	for _, w := range slices.Concat(equal, limit) {
		if !w.drifts() {
			answers = append(answers, w.tallies[entrant].holds(alpha, trial.Fail))
		}
	}
	return overall(answers)
}

// playOn doubles the trials of the entrants in doubt until none is, or until
// there are as many as there may be.
func (w results) playOn(entrants []entrant, most int, doubt func(entrant int, t tally) bool) results {
	w.tallies = slices.Clone(w.tallies)
	for most = most * usualSize / w.size(); ; {
		first, who := math.MaxInt, []int(nil)
		for k, t := range w.tallies {
			if t.trials >= most || !doubt(k, t) {
				continue
			}
			if t.trials < first {
				first, who = t.trials, nil
			}
			if t.trials == first {
				who = append(who, k)
			}
		}
		if len(who) == 0 {
			return w
		}
		var those []entrant
		for _, k := range who {
			those = append(those, entrants[k])
		}
		for i, t := range w.before(those, first, min(first, most-first)) {
			w.tallies[who[i]] = w.tallies[who[i]].and(t)
		}
	}
}

// size is the requests of a round.
func (m matter) size() int {
	all := 0
	for _, n := range m.setup().perRound(0) {
		all += n
	}
	return all
}
