package slo

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// choice is what the trial makes of its versions, once its findings are known.
func (j *Judge) choice(c Conclusion) trial.Choice {
	out := trial.Choice{Pattern: j.policy.Pattern.String()}
	if j.contest == nil {
		out.Winner, out.Reason = j.allOrNothing(c)
	} else {
		j.rank(&out)
		out.Reason = j.outcome(c, out)
		if j.contest.winner >= 0 && c.Verdict == trial.Pass && c.Broken == "" {
			out.Winner = j.versions[j.contest.winner].Name
		}
	}
	out.Recommended = out.Winner
	if out.Winner == "" && j.baseline >= 0 && (c.Verdict != trial.Pass || c.Broken != "") {
		out.Recommended = j.versions[j.baseline].Name
	}
	return out
}

// allOrNothing is the choice where every candidate must pass.
func (j *Judge) allOrNothing(c Conclusion) (winner, reason string) {
	switch {
	case c.Verdict != trial.Pass || c.Broken != "":
		return "", j.stay("not every objective is shown to hold")
	case j.candidates() > 1:
		return "", "every candidate meets every objective; a reward would tell which is the best"
	}
	name := j.versions[j.only()].Name
	return name, name + " meets every objective"
}

// stay says what follows where nothing better was shown.
func (j *Judge) stay(why string) string {
	if j.baseline < 0 {
		return why
	}
	return why + ", so " + j.versions[j.baseline].Name + " stays"
}

// only is the one candidate.
func (j *Judge) only() int {
	return slices.IndexFunc(j.versions, func(v trial.Version) bool { return v.Role == trial.Candidate })
}

// rank fills in how the versions compare by each reward.
func (j *Judge) rank(out *trial.Choice) {
	running := j.running()
	for v := range j.versions {
		if running[v] && !j.isBeaten(v) {
			out.Unbeaten = append(out.Unbeaten, j.versions[v].Name)
		}
	}
	chances := j.chances(draws)
	if chances != nil {
		out.Draws, out.Seed = draws, j.policy.Seed
	}
	for k, race := range j.contest.races {
		out.Rankings = append(out.Rankings, j.ranking(k, race, chances, running))
	}
	if chances != nil && len(j.contest.races) > 1 {
		for _, p := range chances.dominated {
			out.Dominated = append(out.Dominated, trial.Quantity{Value: p, Unit: trial.Share})
		}
	}
}

func (j *Judge) ranking(k int, race *race, chances *chances, running []bool) trial.Ranking {
	r := race.reward
	o := r.equal()
	out := trial.Ranking{Reward: r.Text, Name: r.Name, Needed: math.Round(math.Exp(race.duels[0].needed()))}
	if r.Source != (trial.Source{}) {
		out.Source = &r.Source
	}
	if s := j.seriesOf(o); !s.isLoad() {
		out.Series = s.name
	}
	for v, version := range j.versions {
		p := trial.Place{
			Version: version.Name, Out: !running[v],
			Value: trial.Quantity{Value: j.value(v, o), Unit: o.unit()},
			Best:  trial.Quantity{Value: math.NaN(), Unit: trial.Share}, Loss: trial.Quantity{Value: math.NaN(), Unit: lossUnit(o)},
		}
		p.Credible = between(j.contest.belief.interval(k*len(j.versions)+v, j.contest.alike()), o.unit())
		if chances != nil {
			p.Best.Value, p.Loss.Value = chances.best[k][v], chances.loss[k][v]
		}
		out.Places = append(out.Places, p)
	}
	for _, d := range race.duels {
		out.Duels = append(out.Duels, d.finding(j))
	}
	out.Statistic = race.duels[0].statistic.figures(outlook{needed: race.duels[0].needed(), pooled: j.seriesOf(o).judged}).method
	return out
}

func lossUnit(o Objective) trial.Unit {
	if o.isShare() {
		return trial.Points
	}
	return o.unit()
}

// outcome says in a sentence why a version wins, or why none does.
func (j *Judge) outcome(c Conclusion, out trial.Choice) string {
	switch w := j.contest.winner; {
	case w >= 0:
		return j.why(w)
	case j.voided != "":
		return j.voided
	case j.lost() != "":
		return j.stay(j.lost())
	case c.Verdict == trial.Fail:
		return j.stay("no candidate can win: " + strings.Join(j.losses(), "; "))
	}
	return j.stay("no winner yet: " + j.undecided(out))
}

// why says what the winner is better at.
func (j *Judge) why(w int) string {
	var parts []string
	for _, race := range j.contest.races {
		rival := j.runnerUp(race, w)
		if rival < 0 {
			return j.versions[w].Name + " wins: it is the only version that meets every objective"
		}
		_, _, change := j.compare(race.reward.equal(), w, rival)
		parts = append(parts, fmt.Sprintf("its %s is %s", race.reward.equal().subject(), comparison(change, j.versions[rival].Name)))
	}
	text := fmt.Sprintf("%s wins: %s", j.versions[w].Name, strings.Join(parts, ", "))
	if len(j.counted()) > 0 {
		text += ", and it meets every objective"
	}
	if j.contest.pattern == Pareto && len(j.versions) > 2 {
		text += "; of the candidates shown to be better by every reward it is the likeliest best by the first"
	}
	return text
}

// runnerUp is the rival in the running that comes closest by a reward: the
// baseline where that alone must be beaten, −1 where there is none.
func (j *Judge) runnerUp(race *race, w int) int {
	if j.contest.pattern == Pareto && j.baseline >= 0 {
		return j.baseline
	}
	var rivals []int
	for v, running := range j.running() {
		if v != w && running {
			rivals = append(rivals, v)
		}
	}
	if len(rivals) == 0 {
		return -1
	}
	o := race.reward.equal()
	return slices.MinFunc(rivals, func(a, b int) int {
		x, y := j.value(a, o), j.value(b, o)
		if race.reward.large {
			x, y = y, x
		}
		return cmp.Compare(x, y)
	})
}

// losses says of each candidate why it can't win.
func (j *Judge) losses() []string {
	var out []string
	for v, version := range j.versions {
		switch {
		case v == j.baseline:
		case !j.inTheRunning(v):
			out = append(out, version.Name+" violates "+j.violated(v))
		default:
			out = append(out, version.Name+" is worse than "+j.versions[j.baseline].Name+" by "+j.rewardWords())
		}
	}
	return out
}

// violated is the first objective that a version does not meet.
func (j *Judge) violated(v int) string {
	for _, q := range j.counted() {
		if q.candidate == v && q.verdict == trial.Fail {
			return q.objective.Text
		}
	}
	return "an objective without data"
}

func (j *Judge) rewardWords() string {
	var words []string
	for _, race := range j.contest.races {
		words = append(words, race.reward.equal().subject())
	}
	return strings.Join(words, " and ")
}

// undecided says what a winner lacks.
func (j *Judge) undecided(out trial.Choice) string {
	for v, version := range j.versions {
		if v != j.baseline && j.inTheRunning(v) && j.beatsRivals(v) {
			if j.passed(v) {
				return version.Name + " leads, and a pass is not given before at-least"
			}
			return version.Name + " leads, but not all its objectives are shown to hold"
		}
	}
	for v := range j.versions {
		if trade := j.tradeOff(v); trade != "" {
			return trade
		}
	}
	return strings.Join(out.Unbeaten, " and ") + " are not told apart by " + j.rewardWords()
}

// tradeOff says of a candidate in the running that it is shown to be better than
// the baseline by one reward and worse by another; empty where it is not.
func (j *Judge) tradeOff(v int) string {
	if j.baseline < 0 || v == j.baseline || !j.inTheRunning(v) {
		return ""
	}
	var better, worse []string
	for _, race := range j.contest.races {
		switch subject := race.reward.equal().subject(); {
		case race.beat(v, j.baseline):
			better = append(better, subject)
		case race.beat(j.baseline, v):
			worse = append(worse, subject)
		}
	}
	if len(better) == 0 || len(worse) == 0 {
		return ""
	}
	return fmt.Sprintf("%s is better than %s by %s and worse by %s", j.versions[v].Name, j.versions[j.baseline].Name,
		strings.Join(better, " and "), strings.Join(worse, " and "))
}
