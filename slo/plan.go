package slo

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// reach is how many times the record a forecast goes beyond it: what such a
// length could decide is far finer than what the record has seen.
const reach = 64

// Plan forecasts a trial of so many rounds from rounds that were recorded
// before: a warm-up, or a trial. It says for every objective when it would be
// decided and how small a regression would be shown.
func Plan(p Policy, versions []trial.Version, recorded []trial.Round, budget int, length time.Duration) []trial.Forecast {
	var out []trial.Forecast
	for _, f := range Prospects(p, versions, recorded, budget, length) {
		out = append(out, f.forecast())
	}
	return out
}

// Prospects are the questions that a trial of so many rounds asks, each with
// what was recorded of it, in the order of the trial's findings.
func Prospects(p Policy, versions []trial.Version, recorded []trial.Round, budget int, length time.Duration) []*Prospect {
	j := New(p, versions)
	records := newRecords(recorded, len(versions), j.policy.Requests)
	var out []*Prospect
	for _, q := range j.questions {
		r := records[1+slices.Index(j.policy.Requests, q.objective.request)]
		out = append(out, newProspect(q, j, r, budget, length))
	}
	return out
}

// Prospect is one question and the record that its course is forecast from.
type Prospect struct {
	question *question
	judge    *Judge
	record   *record
	budget   int     // rounds, of the record's kind
	length   float64 // of such a round, seconds
	stages   [plays]*stage
	equals   []sample // the record's rounds of a candidate that is as the imagined one
	tail     *tail    // that times are drawn from anew; nil: they are as recorded
}

func newProspect(q *question, j *Judge, r *record, budget int, length time.Duration) *Prospect {
	p := &Prospect{question: q, judge: j, record: r, budget: int(float64(budget) / r.each), length: r.each * length.Seconds()}
	for number := range plays {
		p.stages[number] = newStage(number)
	}
	p.equals = p.equal()
	if o := q.objective; o.metric == latency && !o.needsTail() && p.imagined() >= 0 {
		p.tail = newTail(r.ordered(p.imagined()))
	}
	return p
}

func (p *Prospect) forecast() trial.Forecast {
	o := p.question.objective
	f := trial.Forecast{
		Objective: o.Text, Name: o.Name, Version: p.judge.versions[p.question.candidate].Name,
		Inform: o.Inform, Implied: o.Implied, Relative: o.Relative(),
		Smallest: trial.Quantity{Value: math.NaN(), Unit: o.regressionUnit()},
	}
	if f.Problem = p.problem(); f.Problem != "" {
		return f
	}
	here := p.foresee(0)
	for _, v := range []trial.Verdict{trial.Pass, trial.Fail} {
		rounds := here.until(v, trial.AsLikelyAsNot)
		if rounds == 0 || f.Rounds > 0 && float64(rounds)*p.length >= f.Seconds {
			continue
		}
		f.Verdict, f.Rounds, f.Seconds = v, int(math.Ceil(float64(rounds)*p.record.each)), float64(rounds)*p.length
		f.Requests = int(math.Ceil(float64(rounds) * p.record.perRound(p.imagined())))
		f.Chance = here.chance(v, p.budget)
		f.Enough = math.Ceil(float64(here.until(v, trial.FairlySure)) * p.length)
	}
	f.Smallest.Value = p.smallest()
	f.Caution = p.caution()
	return f
}

// Until is the rounds after which half of all trials have shown a verdict on a
// candidate that is worse by an amount: slower by a share of its times, or
// failing a share of its requests. 0 if no length in reach would do.
func (p *Prospect) Until(v trial.Verdict, worse float64) int {
	if p.problem() != "" {
		return 0
	}
	return p.foresee(worse).until(v, trial.AsLikelyAsNot)
}

// Smallest is the least regression that four of five trials fail within the
// budget: 0 where the candidate fails as it is, +Inf where none does, NaN where
// the record does not say.
func (p *Prospect) Smallest() float64 {
	if p.problem() != "" {
		return math.NaN()
	}
	return p.smallest()
}

// Latency is what latency a judged question is about: "p95", and of what
// requests where that is said: " of checkout"; false where it is about none, or
// not judged.
func (p *Prospect) Latency() (subject, whose string, ok bool) {
	o := p.question.objective
	return strings.TrimSuffix(o.figureOf(), " latency"), o.whose(), o.metric == latency && !o.Inform
}

// fewest is the rounds before which a verdict is never given.
func (p *Prospect) fewest(v trial.Verdict) int {
	fewest := p.question.fewest
	if v == trial.Pass {
		least := p.judge.load.least
		fewest = max(fewest, int(math.Ceil(float64(least.rounds)/p.record.each-1e-9)), int(math.Ceil(least.seconds/p.length-1e-9)))
	}
	return fewest
}

// neededToFail is corrected for the number of questions.
func (p *Prospect) neededToFail() float64 {
	needed := p.question.needed()
	if !p.question.objective.Inform {
		needed += math.Log(float64(len(p.judge.counted())))
	}
	return needed
}

// worst is the largest regression that is looked for: ten times as slow.
const worst = 9

// smallest is Smallest where there is no problem, by bisection.
func (p *Prospect) smallest() float64 {
	o := p.question.objective
	if o.needsTail() && !p.record.knowsTail(p.imagined(), o.stat.p, fewestInTail) {
		return math.NaN()
	}
	low, high := 0.0, float64(worst)
	if o.metric != latency {
		high = 1
	}
	t := newSearch(p)
	if !t.shown(high) {
		return math.Inf(1)
	}
	for range 12 {
		if middle := math.Expm1((math.Log1p(low) + math.Log1p(high)) / 2); t.shown(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	if low == 0 && t.shown(0) {
		return 0
	}
	if o.metric == throughput {
		return -high
	}
	return high
}

// regressionUnit is what a smallest regression is told in.
func (o Objective) regressionUnit() trial.Unit {
	if o.metric == errorRate {
		return trial.Points
	}
	return trial.Ratio
}

func (o Objective) needsTail() bool { return o.metric == latency && o.stat.kind == quantile }

// imagined is the version whose rounds stand for the candidate's: the baseline
// where the question is how an equal candidate would fare.
func (p *Prospect) imagined() int {
	if p.question.objective.Relative() {
		return p.judge.baseline
	}
	return p.question.candidate
}

// How many requests must have been above a quantile before a forecast speaks
// of it, and before it does so without caution: a count of 25 is off by a fifth.
const (
	fewestInTail = 5
	sureOfTail   = 25
)

// TooLate reports whether so many late requests of all that were planned make
// a load that says nothing.
func TooLate(late, planned int) bool { return float64(late) > mostLate*float64(planned) }

// problem says why nothing can be forecast; empty if it can.
func (p *Prospect) problem() string {
	o, r := p.question.objective, p.record
	name := p.judge.versions[p.imagined()].Name
	fewest := bayes.FewestRounds(p.question.alpha) + 1
	switch {
	case o.metric == declared:
		return "a forecast is drawn from recorded load, and " + o.of.Name + " comes from elsewhere"
	case o.metric == unbound:
		return o.subject() + " has no forecast"
	case TooLate(r.late, r.planned):
		return fmt.Sprintf("the load generator fell behind: %s of the requests left more than %s late; ask for a lower rate or a larger machine",
			trial.Quantity{Value: share(r.late, r.planned), Unit: trial.Share}, trial.LateAfter)
	case len(r.rounds) < fewest:
		return fmt.Sprintf("%s%s on record; a forecast needs %d: use warmup: %s or longer",
			counted(len(r.rounds), "whole round"), o.whose(), fewest, up(time.Duration(float64(fewest)*p.length*float64(time.Second))))
	case r.requests(p.imagined()) == 0:
		return "no request" + o.whose() + " to " + name + " is on record"
	case o.Relative() && 2*r.failed(p.imagined()) > r.requests(p.imagined()):
		return "most requests to " + name + " failed, so nothing can be compared with it"
	case o.Relative() && o.needsTail() && !r.knowsTail(p.imagined(), o.stat.p, fewestInTail):
		return fmt.Sprintf("%s to %s on record say too little of a %s: use warmup: %s or longer, or a higher rate",
			counted(r.requests(p.imagined()), "request"), name, o.subject(), p.untilTail(fewestInTail))
	case !p.hasData():
		return fmt.Sprintf("no data for %s in %s", o.subject(), counted(len(r.rounds), "round"))
	}
	return ""
}

// caution says where a forecast is rough; empty where it is not.
func (p *Prospect) caution() string {
	o, stands := p.question.objective, p.imagined()
	if !o.Relative() || !o.needsTail() || p.record.knowsTail(stands, o.stat.p, sureOfTail) {
		return ""
	}
	above := int(math.Round(float64(p.record.requests(stands)) * (1 - o.stat.p)))
	return fmt.Sprintf("about %s on record were above the %s of %s; %s of load would say more",
		counted(above, "request"), o.subject(), p.judge.versions[stands].Name, p.untilTail(sureOfTail))
}

// untilTail is how much load has so many requests above the quantile.
func (p *Prospect) untilTail(requests float64) time.Duration {
	rounds := requests / (1 - p.question.objective.stat.p) / p.record.perRound(p.imagined())
	return up(time.Duration(math.Round(rounds * p.length * float64(time.Second))))
}

// hasData reports whether the record says anything of the question.
func (p *Prospect) hasData() bool {
	s := p.newStatistic()
	for i, r := range p.record.rounds {
		v := slices.Clone(r)
		v[p.question.candidate] = p.equals[i]
		if s.add(judgedRound{view: v, before: p.record.rounds[:i]}) {
			return true
		}
	}
	return false
}
