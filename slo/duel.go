package slo

import (
	"math"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// race is one reward and every two versions that compete for it.
type race struct {
	reward Reward
	duels  []*duel
}

// duel weighs whether one version's figure is better than another's, or worse.
type duel struct {
	reward    Reward
	a, b      int // versions, a < b
	alpha     float64
	statistic statistic // above: a's figure is above b's

	rounds int        // that had data for it
	most   [2]float64 // most evidence so far for a and for b, ln
}

func newRace(r Reward, versions int, alpha float64) *race {
	out := &race{reward: r}
	for a := range versions {
		for b := a + 1; b < versions; b++ {
			out.duels = append(out.duels, &duel{reward: r, a: a, b: b, alpha: alpha, statistic: newDuelStatistic(r, a, b)})
		}
	}
	return out
}

// newDuelStatistic asks as the objective "100 % of baseline" would, but of two
// versions that are on a par: a threshold is drawn from both, as their common
// quantile lies between their own.
func newDuelStatistic(r Reward, a, b int) statistic {
	o := r.equal()
	if o.isQuantile() {
		return &exceedance{objective: o, who: pair{candidate: a, baseline: b}, drawn: []int{a, b}, ladder: o.ladder()}
	}
	return newStatistic(o, pair{candidate: a, baseline: b})
}

func (d *duel) add(r judgedRound) {
	if !d.statistic.add(r) {
		return
	}
	if d.rounds++; d.rounds < bayes.FewestRounds(d.alpha) {
		return
	}
	forA, forB := d.evidence(1)
	d.most[0], d.most[1] = math.Max(d.most[0], forA), math.Max(d.most[1], forB)
}

// evidence is for "a is better" and for "b is better", were the rounds so far
// seen times over.
func (d *duel) evidence(times float64) (forA, forB float64) {
	above, below := d.statistic.repeated(times)
	if d.reward.large {
		return above, below
	}
	return below, above
}

// versus is the rival of a version in its duel, −1 if it is not its own, and the
// evidence that it is better than that rival.
func (d *duel) versus(version int) (rival int, evidence float64) {
	forA, forB := d.evidence(1)
	switch version {
	case d.a:
		return d.b, forA
	case d.b:
		return d.a, forB
	}
	return -1, 0
}

func (d *duel) needed() float64 { return -math.Log(d.alpha) }

// between is the duel of two versions, and whether it was asked the other way
// round.
func (r *race) between(a, b int) (d *duel, reversed bool) {
	for _, d := range r.duels {
		if d.a == min(a, b) && d.b == max(a, b) {
			return d, a > b
		}
	}
	return nil, false
}

// beat reports whether a was ever shown to be better than b.
func (r *race) beat(a, b int) bool {
	d, reversed := r.between(a, b)
	if reversed {
		return d.most[1] >= d.needed()
	}
	return d.most[0] >= d.needed()
}

// beats reports whether a is shown to be better than b by the evidence as it
// stands: what a pass asks for.
func (r *race) beats(a, b int) bool {
	d, reversed := r.between(a, b)
	if d.rounds < bayes.FewestRounds(d.alpha) {
		return false
	}
	forA, forB := d.evidence(1)
	if reversed {
		forA = forB
	}
	return forA >= d.needed()
}

// finding is the duel for people.
func (d *duel) finding(j *Judge) trial.Duel {
	o := d.reward.equal()
	_, _, change := j.compare(o, d.a, d.b)
	shown := d.statistic.figures(outlook{needed: d.needed(), pooled: j.seriesOf(o).judged})
	if j.seriesOf(o).epoch > 0 && shown.change != nil {
		change.Value = *shown.change
	}
	forA, forB := d.evidence(1)
	out := trial.Duel{
		Version: j.versions[d.a].Name, Rival: j.versions[d.b].Name, Change: change, Anytime: between(shown.anytime, shown.unit),
		For: trial.Evidence{Log: forA, Most: d.most[0]}, Against: trial.Evidence{Log: forB, Most: d.most[1]}, Rounds: d.rounds,
		Better: d.most[0] >= d.needed(), Worse: d.most[1] >= d.needed(),
	}
	if !out.Better && !out.Worse && d.rounds > 0 {
		out.Needs = j.moreFor(j.seriesOf(o), func(times float64) bool { x, y := d.evidence(times); return math.Max(x, y) >= d.needed() })
	}
	return out
}
