package slo

import (
	"math"

	"github.com/seatrial/seatrial/trial"
)

// contest is a trial in which one version wins.
type contest struct {
	pattern Pattern
	races   []*race // one for each reward
	belief  belief
	winner  int // −1 while there is none
}

// newContest shares the chance of a false winner among the versions (Bonferroni):
// whichever wins where all are alike was shown to be better than another, and
// where one is the best, whatever wins instead was shown to be better than it.
func newContest(p Policy, versions int) *contest {
	c := &contest{pattern: p.Pattern, belief: belief{rewards: p.Rewards}, winner: -1}
	for _, r := range p.Rewards {
		c.races = append(c.races, newRace(r, versions, p.duelAlpha(versions)))
	}
	return c
}

// duelAlpha is the chance that one duel may be decided wrongly.
func (p Policy) duelAlpha(versions int) float64 {
	return (1 - float64(p.Confidence)) / float64(versions)
}

// add takes a round of any series; rewards are of one.
func (c *contest) add(s *series, r judgedRound) {
	if c == nil {
		return
	}
	all := true
	for _, race := range c.races {
		if !race.reward.equal().isOf(s) {
			all = false
			continue
		}
		for _, d := range race.duels {
			d.add(r)
		}
	}
	if all {
		c.belief.add(r)
	}
}

// alike is how many rounds count as one, by the duel in which most do.
func (c *contest) alike() float64 {
	most := 1.0
	for _, race := range c.races {
		for _, d := range race.duels {
			if drifts, knows := d.statistic.(interface{ alike() float64 }); knows {
				most = math.Max(most, drifts.alike())
			}
		}
	}
	return most
}

// elect gives the trial its winner, as soon as one is shown and a pass may be
// given.
func (j *Judge) elect() {
	if j.contest == nil || j.contest.winner >= 0 || j.voided != "" || j.lost() != "" || !j.longEnough() || j.outage.rounds > 0 {
		return
	}
	var able []int
	for v := range j.versions {
		if v != j.baseline && j.passed(v) && j.beatsRivals(v) {
			able = append(able, v)
		}
	}
	j.contest.winner = j.likeliest(able)
}

// passed reports whether a candidate met every objective. Where rewards are all
// that is asked, as they may be of live traffic, there is none to be met.
func (j *Judge) passed(v int) bool {
	asked := j.counted()
	any := len(asked) == 0
	for _, q := range asked {
		if q.candidate != v {
			continue
		}
		if q.verdict != trial.Pass {
			return false
		}
		any = true
	}
	return any
}

// inTheRunning reports whether a version may still be chosen: a candidate that
// violates an objective may not.
func (j *Judge) inTheRunning(v int) bool {
	for _, q := range j.counted() {
		if q.candidate == v && (q.verdict == trial.Fail || q.rounds == 0 && j.ended && j.policy.noData(q.objective) == NoDataFail) {
			return false
		}
	}
	return true
}

func (j *Judge) running() []bool {
	out := make([]bool, len(j.versions))
	for v := range out {
		out[v] = j.inTheRunning(v)
	}
	return out
}

// beatsRivals reports whether a candidate is shown to be better, by every
// reward, than all whom it must beat: of several rewards the baseline, where
// there is one, since no version need be best by all; of one reward everyone in
// the running.
func (j *Judge) beatsRivals(v int) bool {
	for rival, running := range j.running() {
		if rival == v || !running || j.contest.pattern == Pareto && j.baseline >= 0 && rival != j.baseline {
			continue
		}
		for _, race := range j.contest.races {
			if !race.beats(v, rival) {
				return false
			}
		}
	}
	return true
}

// likeliest is the version of these that is most likely the best by the first
// reward; −1 for none.
func (j *Judge) likeliest(of []int) int {
	if len(of) < 2 {
		return append(of, -1)[0]
	}
	best, c := of[0], j.chances(draws)
	for _, v := range of {
		if c != nil && c.best[0][v] > c.best[0][best] {
			best = v
		}
	}
	return best
}

// chances draws from what is known of the rewards; nil where nothing is.
func (j *Judge) chances(draws int) *chances {
	return j.contest.belief.chances(j.contest.alike(), j.running(), j.policy.Seed, draws)
}

// isBeaten reports whether a version was shown to be worse than another in the
// running by every reward.
func (j *Judge) isBeaten(v int) bool {
	for rival, running := range j.running() {
		if rival != v && running && j.isBeatenBy(v, rival) {
			return true
		}
	}
	return false
}

func (j *Judge) isBeatenBy(v, rival int) bool {
	for _, race := range j.contest.races {
		if !race.beat(rival, v) {
			return false
		}
	}
	return len(j.contest.races) > 0 && j.voided == ""
}

// choiceSoFar is the verdict of a contest: a pass with its winner, a fail when
// no candidate can win any more.
func (j *Judge) choiceSoFar() trial.Verdict {
	if j.contest.winner >= 0 {
		return trial.Pass
	}
	for v := range j.versions {
		if v != j.baseline && j.inTheRunning(v) && (j.baseline < 0 || !j.isBeatenBy(v, j.baseline)) {
			return trial.Inconclusive
		}
	}
	return trial.Fail
}

// lead is the candidate that is best by the first reward so far, and the duel
// that it is furthest from winning; nil where no version competes.
func (j *Judge) lead() *trial.Lead {
	if j.contest == nil || j.seen() == 0 {
		return nil
	}
	running, leader := j.running(), j.foremost()
	var out *trial.Lead
	for _, race := range j.contest.races {
		o := race.reward.equal()
		for _, d := range race.duels {
			rival, evidence := d.versus(leader)
			if rival < 0 || !running[rival] || j.contest.pattern == Pareto && j.baseline >= 0 && rival != j.baseline {
				continue
			}
			if progress := evidence / d.needed(); out == nil || progress < out.Progress {
				_, _, change := j.compare(o, leader, rival)
				out = &trial.Lead{Version: j.versions[leader].Name, Rival: j.versions[rival].Name, Reward: race.reward.Text, Change: change, Progress: progress}
			}
		}
	}
	if out != nil {
		out.Progress = min(max(out.Progress, 0), 1)
	}
	return out
}

// foremost is the candidate in the running with the best figure of the first
// reward; −1 for none.
func (j *Judge) foremost() int {
	first := j.contest.races[0].reward
	o := first.equal()
	best := -1
	for v, running := range j.running() {
		if v == j.baseline || !running {
			continue
		}
		if best < 0 || first.better(j.value(v, o), j.value(best, o)) {
			best = v
		}
	}
	return best
}
