package slo

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/seatrial/seatrial/trial"
)

// plays is how many trials are imagined: a chance of one half is off by a
// tenth at most in three of four records, which themselves are off by more.
const plays = 33

// played is how many rounds of an imagined trial are played one by one. Beyond,
// these count as seen times over.
const played = 400

// ending is the first verdict of an imagined trial; none where it has none
// within reach.
type ending struct {
	verdict trial.Verdict
	rounds  int
	before  int // the last look that showed none
}

// foresight is how all imagined trials end.
type foresight []ending

// foresee plays trials of a candidate that is worse by an amount, on every stage.
// The round of a verdict is found by looking at each since the look before.
func (p *Prospect) foresee(worse float64) foresight {
	var out foresight
	looks := lookSchedule(p.question.fewest, max(p.budget, reach*len(p.record.rounds)))
	for _, s := range p.stages {
		end := p.play(s, worse, looks)
		if end.verdict != trial.Inconclusive && end.rounds <= played {
			end = p.play(s, worse, everyRound(end.before+1, end.rounds))
		}
		out = append(out, end)
	}
	return out
}

// lookSchedule is when imagined trials are looked at: after each round at first,
// then each time that they have grown by a tenth.
func lookSchedule(from, to int) []int {
	const growth = 1.1
	var looks []int
	for n := from; n < to; n = max(n+1, int(float64(n)*growth)) {
		looks = append(looks, n)
	}
	return append(looks, to)
}

func everyRound(from, to int) []int {
	var looks []int
	for n := from; n <= to; n++ {
		looks = append(looks, n)
	}
	return looks
}

// chance is that of having come to a verdict by a round.
func (f foresight) chance(v trial.Verdict, rounds int) float64 {
	n := 0
	for _, end := range f {
		if end.verdict == v && end.rounds <= rounds {
			n++
		}
	}
	return share(n, len(f))
}

// until is the fewest rounds at which a verdict has a chance; 0 if no length in
// reach would do.
func (f foresight) until(v trial.Verdict, chance float64) int {
	var rounds []int
	for _, end := range f {
		if end.verdict == v {
			rounds = append(rounds, end.rounds)
		}
	}
	slices.Sort(rounds)
	needed := int(math.Ceil(chance * float64(len(f))))
	if needed > len(rounds) {
		return 0
	}
	return rounds[needed-1]
}

// playing is an imagined trial in the midst of its play, by the judge's own
// statistic.
type playing struct {
	*Prospect
	stage     *stage
	worse     float64
	asked     question
	view      view
	fed, seen int     // rounds, and those with data
	against   float64 // most evidence so far for beyond the limit, ln
}

// play looks at an imagined trial until there is a verdict.
func (p *Prospect) play(s *stage, worse float64, looks []int) ending {
	t := playing{
		Prospect: p, stage: s, worse: worse, view: make(view, len(p.judge.versions)),
		asked: question{objective: p.question.objective, statistic: p.newStatistic()},
	}
	end := ending{}
	for _, look := range looks {
		for t.fed < min(look, played) {
			t.feed()
		}
		if end.verdict = t.look(look); end.verdict != trial.Inconclusive {
			end.rounds = look
			return end
		}
		end.before = look
	}
	return end
}

func (p *Prospect) newStatistic() statistic {
	return newStatistic(p.question.objective, pair{candidate: p.question.candidate, baseline: p.judge.baseline})
}

// feed adds the next round. What is drawn for it is the same for every candidate.
func (t *playing) feed() {
	now, o := t.scene(t.stage, t.fed), t.question.objective
	random := rand.New(rand.NewPCG(uint64(t.stage.number), uint64(t.fed)))
	if o.Relative() {
		t.view[t.judge.baseline] = t.tail.redraw(t.record.rounds[now.round][t.judge.baseline], random)
	}
	candidate := t.tail.redraw(t.equals[now.round], random)
	t.view[t.question.candidate] = t.worsened(candidate, t.worse, random)
	if t.asked.statistic.add(judgedRound{view: t.view, before: now.before}) {
		t.seen++
	}
	t.fed++
}

// look is the verdict that a trial of so many rounds shows.
func (t *playing) look(rounds int) trial.Verdict {
	withoutLadder(t.asked.statistic)
	if t.seen < t.question.fewest {
		return trial.Inconclusive
	}
	against, within := t.asked.evidence(float64(rounds) / float64(t.fed) * t.scarce())
	t.against = math.Max(t.against, against)
	switch {
	case t.against >= t.neededToFail():
		return trial.Fail
	case rounds >= t.fewest(trial.Pass) && within >= t.judge.neededToPass(t.question):
		return trial.Pass
	}
	return trial.Inconclusive
}

// scarce is as how many rounds each counts: those of a record vary less about
// their own mean than about the truth, n − 1 for n. Shares of requests have no
// such spread of their own.
func (p *Prospect) scarce() float64 {
	if o := p.question.objective; o.isShare() || o.isQuantile() && !o.Relative() {
		return 1
	}
	n := float64(len(p.record.rounds))
	return (n - 1) / n
}

// withoutLadder leaves out what only the figures for people need.
func withoutLadder(s statistic) {
	switch s := s.(type) {
	case *exceedance:
		s.ladder = ladder{}
	case *valueRatio:
		s.ladder = ladder{}
	}
}

// search is for the least regression that four of five trials show.
type search struct {
	*Prospect
	looks []int
	known [plays]bracket // of each stage
}

// bracket is what is known of one trial: it fails where the candidate is worse
// by more, and does not where by less.
type bracket struct{ fails, not float64 }

func newSearch(p *Prospect) *search {
	s := &search{Prospect: p, looks: lookSchedule(p.question.fewest, p.budget)}
	for i := range s.known {
		s.known[i] = bracket{fails: math.Inf(1), not: -1}
	}
	return s
}

// shown reports whether four of five trials fail. Only those are played of which
// it is not known from other candidates.
func (s *search) shown(worse float64) bool {
	fails := 0
	for i, stage := range s.stages {
		known := &s.known[i]
		if worse > known.not && worse < known.fails {
			if s.play(stage, worse, s.looks).verdict == trial.Fail {
				known.fails = worse
			} else {
				known.not = worse
			}
		}
		if worse >= known.fails {
			fails++
		}
	}
	return share(fails, plays) >= trial.FairlySure
}
