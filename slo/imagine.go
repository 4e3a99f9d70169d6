package slo

import (
	"math"
	"slices"

	"github.com/seatrial/seatrial/trial"
)

// foresight is the evidence of imagined trials after so many rounds, without chance.
type foresight []imagined

// imagined is one such trial, played as far as the record goes.
type imagined struct {
	question
	recorded float64 // rounds that it counts for
}

// plays is how many trials are imagined and averaged over.
const plays = 4

// foresee imagines trials of a candidate that is worse by an amount. Compared
// with the baseline, it is the baseline's own rounds, each held against one
// that came a few rounds after it: drift that both versions would share still
// cancels, and what outlasts a round stays in it.
func (p *Prospect) foresee(worse float64) foresight {
	rounds := float64(len(p.record.rounds))
	recorded := rounds * float64(p.ways())
	var out foresight
	for number := range plays {
		s := p.play(number, worse)
		out = append(out, imagined{question{objective: p.question.objective, statistic: s}, recorded * scarce(s, rounds)})
	}
	return out
}

// scarce is by how much rounds seem to say more than they do: they vary less
// about their own mean than about the truth, n − 1 for n. Shares have no such
// spread of their own.
func scarce(s statistic, rounds float64) float64 {
	if _, isShare := s.(*shareStatistic); isShare {
		return 1
	}
	return rounds / (rounds - 1)
}

// evidence is the mean of the imagined trials'.
func (p foresight) evidence(v trial.Verdict, rounds float64) float64 {
	sum := 0.0
	for _, t := range p {
		against, within := t.question.evidence(rounds / t.recorded)
		if v == trial.Fail {
			within = against
		}
		sum += within
	}
	return sum / float64(len(p))
}

// chance is that of having reached a verdict by a round.
func (p foresight) chance(v trial.Verdict, rounds int, needed float64) float64 {
	mean := func(n float64) float64 { return p.evidence(v, n) }
	return crossing(mean, float64(rounds), needed, func(perRound float64) float64 {
		return noise(p[0].statistic, float64(rounds)/p[0].recorded, perRound)
	})
}

// play feeds the judge's own statistic with the record. Two rounds that are
// compared are so both ways round, so that equal versions are exactly equal.
func (p *Prospect) play(number int, worse float64) statistic {
	who := pair{candidate: p.question.candidate, baseline: p.judge.baseline}
	s := newStatistic(p.question.objective, who)
	rounds := p.record.rounds
	for i := range p.ways() * len(rounds) {
		first := i % len(rounds)
		second := (first + number + 1) % len(rounds)
		before := p.before(number, first, second)
		if i >= len(rounds) {
			first, second = second, first
		}
		v := slices.Clone(rounds[first])
		v[who.candidate] = p.worsened(second, worse, (float64(number)+0.5)/plays)
		s.add(judgedRound{view: v, before: before})
	}
	return s
}

// ways is how often the record is gone through.
func (p *Prospect) ways() int {
	if p.question.objective.Relative() {
		return 2
	}
	return 1
}

// before is what a threshold for round i is drawn from: the rounds near it but
// not itself, as a threshold is always older than what it is held against. One
// request at the quantile stands for all of them, since the same threshold
// serves a candidate however bad.
func (p *Prospect) before(number, i, other int) []view {
	o := p.question.objective
	if !o.Relative() || !o.needsTail() {
		return nil
	}
	if i < len(p.near[number]) {
		return p.near[number][i]
	}
	around := judgedRound{before: p.record.around(i, other)}
	one := make(view, len(p.judge.versions))
	switch t := around.recent([]int{p.judge.baseline}, o.stat.p); {
	case math.IsInf(t, 1):
		one[p.judge.baseline] = sample{requests: 1, failed: 1}
	case !math.IsNaN(t):
		one[p.judge.baseline] = sample{requests: 1, sorted: []uint32{uint32(math.Round(t / tick))}}
	}
	p.near[number] = append(p.near[number], []view{one})
	return p.near[number][i]
}

// worsened is a round of the imagined candidate, worse by an amount in what
// the objective is about.
func (p *Prospect) worsened(round int, worse, dither float64) sample {
	o, version := p.question.objective, p.imagined()
	switch {
	case o.metric != latency:
		return p.record.failing(version, round, worse, dither)
	case o.lower:
		return p.record.slowed(version, round, 1/(1+worse))
	}
	return p.record.slowed(version, round, 1+worse)
}
