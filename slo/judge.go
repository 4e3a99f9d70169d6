// Package slo judges: it turns objectives and evidence into findings.
package slo

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// Judge looks at one round after another and may be asked at any time what
// they show. The same rounds in the same order give the same findings.
type Judge struct {
	policy    Policy
	versions  []trial.Version
	baseline  int // index, or -1
	questions []*question

	load     *series   // of the load generator's rounds
	requests []*series // of each of its requests; none where there is one without a name
	others   []*series // of metrics from elsewhere
	planned  int       // requests in judged rounds
	late     int       // of these, late by the generator's own fault
	waited   int       // of these, waited for a connection of their version
	unsent   int       // of these, never sent
	outage   outage    // of the baseline
	down     []bool    // versions that failed in the last round of load
	contest  *contest  // nil where every candidate must pass
	voided   string    // why nothing that compares versions counts; empty while it does
	done     bool
	ended    bool // the trial came to its end
	charger  *charger
	unnamed  unnamedAnswers
}

// question is one objective asked of one candidate.
type question struct {
	objective Objective
	candidate int
	statistic statistic
	worst     statistic // as if the candidate had given all unnamed answers; nil where there can be none
	alpha     float64
	fewest    int     // rounds before which nothing is shown at alpha
	series    *series // that it is judged on

	rounds  int  // that had data for it
	gaps    gaps // that had none
	void    bool // it compares versions, which can't be trusted any more
	verdict trial.Verdict
	decided int     // judged rounds when the verdict was shown
	against float64 // most evidence so far for beyond the limit, ln
	within  float64 // most evidence so far for within it, ln
}

// outage is for how long a version has been down without a break.
type outage struct {
	rounds   int
	requests int
	since    time.Duration
	seconds  float64
	status   string // of its last failed request
}

// New prepares the judging of these versions. Objectives that every trial has
// are added here, so that stored evidence is judged as a running trial is.
func New(p Policy, versions []trial.Version) *Judge {
	j := &Judge{policy: p, versions: versions, baseline: trial.BaselineOf(versions), charger: newCharger(len(versions))}
	j.policy.Pattern = p.pattern(len(versions)-j.baselines(), j.baseline >= 0)
	j.policy.Objectives, j.policy.Rewards = j.policy.bound(j.baseline >= 0)
	j.load, j.others = j.policy.series(len(versions))
	j.requests = j.policy.ofRequests(len(versions))
	if j.policy.Pattern.picks() {
		j.contest = newContest(j.policy, len(versions))
	}
	for i := range versions {
		if i == j.baseline {
			continue
		}
		for _, o := range j.policy.Objectives {
			j.questions = append(j.questions, j.newQuestion(o, pair{candidate: i, baseline: j.baseline}))
		}
	}
	return j
}

func (j *Judge) newQuestion(o Objective, who pair) *question {
	alpha := 1 - float64(j.policy.confidence(o))
	q := &question{
		objective: o, candidate: who.candidate, alpha: alpha, fewest: bayes.FewestRounds(alpha),
		statistic: newStatistic(o, who), series: j.seriesOf(o),
	}
	if q.series.oneAddress {
		q.worst = newStatistic(o, who)
	}
	return q
}

// Look judges one more round and says where the trial stands. Rounds of the
// warm-up, those in which live traffic was settling and incomplete ones only
// count as seen, those of a series that nobody asks about not at all; after the
// decision nothing changes any more.
func (j *Judge) Look(r trial.Round) trial.Look {
	s := j.seriesNamed(r.Series)
	if s == nil {
		return j.look()
	}
	if s == j.load {
		j.unnamed.heard(r)
	}
	if !r.Complete && !j.done {
		s.dropped++
	}
	if j.done || !r.Complete {
		return j.look()
	}
	var charges []uint8
	if s == j.load {
		charges = j.charger.charge(r)
	}
	v := newViews(r, len(j.versions), len(j.requests), charges)
	if s == j.load {
		j.load.course.answer(r, len(j.versions))
		j.load.course.add(r.Start, r.Warmup, v.all)
	}
	s.follow(r, v.all)
	if r.Settling {
		return j.look() // no threshold is drawn from it either
	}
	worst := j.worst(r, v)
	var whole []drawn
	if s == j.load {
		whole = j.draw(r, v, worst)
	}
	if !r.Warmup {
		j.judge(s, r, v, worst, whole)
	}
	s.remember(v.all)
	for _, d := range whole {
		d.series.remember(d.round.view)
		d.series.course.add(time.Duration(d.round.start*float64(time.Second)), d.warmup, d.round.view)
	}
	return j.look()
}

func (j *Judge) judge(s *series, r trial.Round, v views, worst func(int) views, whole []drawn) {
	now := s.next(r, v.all)
	now.worst = func(candidate int) view { return worst(candidate).all }
	if s.oneAddress {
		j.unnamed.add(r, len(j.versions))
	}
	// A round that the generator was late for is no evidence of anything.
	if float64(r.Generator.Late) <= mostLate*float64(r.Generator.Planned) {
		j.learn(s, now)
		for _, d := range whole {
			j.learn(d.series, d.round)
			for version, one := range d.round.view {
				d.series.judged[version].keep(one)
			}
		}
	}
	s.add(r, v.all)
	if s == j.load {
		for i, request := range j.requests {
			request.add(r, v.each[i])
		}
	}
	j.planned += r.Generator.Planned
	j.late += r.Generator.Late
	j.waited += r.Generator.Waited
	j.unsent += unsent(r.Requests)
	if s == j.load {
		j.listen(r, v.all)
		j.down = v.all.down()
	}
	if !j.behind() {
		j.fail()
		j.pass()
		j.elect()
	}
	if j.done = j.settled(); j.done {
		j.load.course.decided = r.End.Seconds()
	}
}

func unsent(requests []trial.Request) int {
	n := 0
	for _, q := range requests {
		if !q.Status.Sent() {
			n++
		}
	}
	return n
}

// worst is how a round would look had a candidate given all unnamed answers.
func (j *Judge) worst(r trial.Round, v views) func(candidate int) views {
	all, _ := unnamed(r)
	known := map[int]views{}
	return func(candidate int) views {
		if all == 0 {
			return v
		}
		if _, made := known[candidate]; !made {
			known[candidate] = newViews(r, len(v.all), len(v.each), slices.Repeat([]uint8{uint8(candidate)}, all))
		}
		return known[candidate]
	}
}

// learn takes a round in as evidence.
func (j *Judge) learn(s *series, r judgedRound) {
	for _, q := range j.questions {
		if q.series == s {
			q.add(r, j.baseline, j.versions)
		}
	}
	j.contest.add(s, r)
	if s.request != "" {
		return // who got how many requests is told by all of them
	}
	s.ratio.add(r, s.weights, s.requests(r.view))
	if j.voided == "" {
		if j.voided = s.ratio.mismatch(j.versions); j.voided != "" {
			j.void()
		}
	}
}

// void takes back what compares versions and is not shown for good.
func (j *Judge) void() {
	for _, q := range j.questions {
		if q.objective.Relative() {
			q.void, q.verdict, q.decided = true, trial.Inconclusive, 0
		}
	}
}

func (q *question) add(r judgedRound, baseline int, versions []trial.Version) {
	gap := q.gap(r, baseline, versions)
	if gap == "" && q.meansNothing(r, baseline) {
		gap = versions[baseline].Name + ": a figure below 0, of which a percentage means nothing; write baseline + or baseline - instead"
		q.forget(gap)
	}
	if gap != "" {
		q.gaps.note(gap)
		return
	}
	if q.worst != nil {
		worst := r
		worst.view = r.worst(q.candidate)
		q.worst.add(worst)
	}
	if !q.statistic.add(r) {
		return
	}
	// One burst in the first round is no evidence: what rounds share can only
	// be seen in several.
	if q.rounds++; q.rounds < q.fewest {
		return
	}
	against, within := q.evidence(1)
	q.against, q.within = math.Max(q.against, against), math.Max(q.within, within)
}

// meansNothing reports whether a limit is a percentage of a figure below 0: 110 %
// of −1 is less than −1. Figures of the load never are.
func (q *question) meansNothing(r judgedRound, baseline int) bool {
	o := q.objective
	return o.metric == declared && o.limit.kind == ratio && o.limit.value != 1 && o.figure(r.view[baseline]) < 0
}

// forget ends a question for good. The rounds that it still could be asked of are
// no fair choice of all.
func (q *question) forget(why string) {
	q.statistic, q.rounds, q.against, q.within = nothing{why}, 0, 0, 0
	q.decide(trial.Inconclusive)
}

// evidence is the evidence for beyond and for within the limit, were the
// rounds so far seen times over. It is within only if it were so in the worst
// case too.
func (q *question) evidence(times float64) (against, within float64) {
	against, within = q.sides(q.statistic.repeated(times))
	if q.worst != nil {
		_, least := q.sides(q.worst.repeated(times))
		within = math.Min(within, least)
	}
	return against, within
}

func (q *question) sides(above, below float64) (against, within float64) {
	if q.objective.lower {
		return below, above
	}
	return above, below
}

func (q *question) needed() float64 { return -math.Log(q.alpha) }

// fail applies Holm's correction to the anytime p-values 1/max E of all judged
// pairs (Holm 1979; Ramdas et al. 2023, §5): the k-th strongest of m fails if
// its evidence reaches (m − k + 1)/α. A fail may be shown in any round, and
// overrules a pass: both error bounds hold all the same.
func (j *Judge) fail() {
	pairs := len(j.counted())
	judged := slices.DeleteFunc(j.counted(), func(q *question) bool { return q.void })
	slices.SortStableFunc(judged, func(a, b *question) int {
		return cmp.Compare(b.against-b.needed(), a.against-a.needed())
	})
	for k, q := range judged {
		if !(q.against >= q.needed()+math.Log(float64(pairs-k))) {
			break
		}
		q.decide(trial.Fail)
	}
	for _, q := range j.questions {
		if q.objective.Inform && !q.void && q.against >= q.needed() {
			q.decide(trial.Fail)
		}
	}
}

func (q *question) decide(v trial.Verdict) {
	if q.verdict == v {
		return
	}
	if q.verdict, q.decided = v, q.series.rounds; v == trial.Inconclusive {
		q.decided = 0
	}
}

// pass gives passes by the evidence as it stands, so that all of a trial's hold at
// the same time, but not before at-least, and not in a round in which the baseline
// was down: beside a dying baseline everything looks fast. Nor in one in which the
// candidate was: of a long trial, its last second is a small part. Nor where the
// candidate's answers are of another kind, as those of a login page are.
func (j *Judge) pass() {
	if j.outage.rounds > 0 {
		return
	}
	lost := j.lost() != ""
	for _, q := range j.questions {
		if !q.series.longEnough() || !q.enoughRounds() || q.rounds < q.fewest || q.void || q.verdict == trial.Fail {
			continue
		}
		if lost || j.isDown(q.candidate) || j.isElse(q) {
			q.decide(trial.Inconclusive)
			continue
		}
		if _, within := q.evidence(1); within >= j.neededToPass(q) {
			q.decide(trial.Pass)
		} else {
			q.decide(trial.Inconclusive)
		}
	}
}

// isDown reports whether a version failed in the last round of load.
func (j *Judge) isDown(version int) bool { return j.down != nil && j.down[version] }

// neededToPass is the evidence for a pass. Where any of several candidates may
// win, each has only its part of the chance to do so wrongly (Bonferroni).
func (j *Judge) neededToPass(q *question) float64 {
	if j.contest == nil {
		return q.needed()
	}
	return q.needed() + math.Log(float64(j.candidates()))
}

func (j *Judge) candidates() int { return len(j.versions) - j.baselines() }

// counted are the questions that count for the verdict.
func (j *Judge) counted() []*question {
	var judged []*question
	for _, q := range j.questions {
		if !q.objective.Inform {
			judged = append(judged, q)
		}
	}
	return judged
}

// longEnough reports whether every series that is judged has lasted so long that
// a pass may be given.
func (j *Judge) longEnough() bool {
	return !slices.ContainsFunc(j.asked(), func(s *series) bool { return !s.longEnough() })
}

// mostLate is the share of late requests up to which a load still stands for
// the one that was planned.
const mostLate = 0.05

func (j *Judge) behind() bool { return float64(j.late) > mostLate*float64(j.planned) }

// The baseline is taken for gone when it was down for two seconds and four
// rounds: shorter outages are a restart or a stall. Where a gateway picks who
// answers, as many requests must have come to it as one round has else.
const (
	goneSeconds  = 2.0
	goneRounds   = 4
	goneRequests = 25
)

// listen notes for how long the baseline has been down.
func (j *Judge) listen(r trial.Round, v view) {
	if j.policy.OneAddress && j.baseline >= 0 && v[j.baseline].requests == 0 {
		return // a gateway that sends it little may pass it over
	}
	if j.baseline < 0 || j.policy.Pattern == Conformance || !v[j.baseline].down() {
		j.outage = outage{}
		return
	}
	if j.outage.rounds == 0 {
		j.outage.since = r.Start
	}
	j.outage.rounds++
	j.outage.requests += v[j.baseline].requests
	j.outage.seconds += v[j.baseline].length
	for _, q := range r.Requests {
		if (int(q.Version) == j.baseline || q.Version == trial.Nobody) && !q.Status.OK() {
			j.outage.status = q.Status.String()
		}
	}
}

// broken says why the trial can't be measured; empty while it can. A generator
// that fell behind says nothing of the baseline.
func (j *Judge) broken() string {
	if text := j.unnamed.broken(j.versions); text != "" && j.policy.OneAddress {
		return text
	}
	brief := j.outage.rounds < goneRounds || j.outage.seconds < goneSeconds
	if j.behind() || brief || j.policy.OneAddress && j.outage.requests < goneRequests {
		return ""
	}
	return fmt.Sprintf("the baseline has failed most of its requests since %s of the trial (%s), so nothing can be compared with it",
		trial.Quantity{Value: j.outage.since.Seconds(), Unit: trial.Seconds}, j.outage.status)
}

// settled reports that nothing that could still be learnt would change the verdict.
func (j *Judge) settled() bool {
	return j.verdictSoFar() != trial.Inconclusive || j.broken() != ""
}

// verdictSoFar is what all counted questions come to. There is no pass without one.
func (j *Judge) verdictSoFar() trial.Verdict {
	if j.contest != nil {
		return j.choiceSoFar()
	}
	judged := j.counted()
	all := len(judged) > 0
	for _, q := range judged {
		if q.verdict == trial.Fail {
			return trial.Fail
		}
		all = all && q.verdict == trial.Pass
	}
	if all {
		return trial.Pass
	}
	return trial.Inconclusive
}

// verdict is the last word: now an objective without data may fail the trial.
func (j *Judge) verdict() trial.Verdict {
	for _, q := range j.counted() {
		if q.rounds == 0 && j.ended && j.policy.noData(q.objective) == NoDataFail && j.contest == nil {
			return trial.Fail
		}
	}
	return j.verdictSoFar()
}

// confidence of one objective: its own, else the trial's.
func (p Policy) confidence(o Objective) Percent {
	if o.Confidence != nil {
		return *o.Confidence
	}
	return p.Confidence
}

func (p Policy) noData(o Objective) NoData {
	if o.NoData != nil {
		return *o.NoData
	}
	return p.NoData
}

// ruleOfError is what every trial holds a candidate to, whatever else it asks:
// fast errors are no release.
var ruleOfError = map[bool]string{true: "error-rate <= baseline + 2%", false: "error-rate <= 1%"}

// withImplied adds the objectives that were not asked for. Without load there is
// nothing to ask them of. What limits the errors of one request says nothing of
// the others; what limits those of all together does.
func (p Policy) withImplied(hasBaseline bool) []Objective {
	if p.OnlyAsked || p.NoLoad {
		return p.Objectives
	}
	hasBaseline = hasBaseline && p.Pattern != Conformance
	objectives := slices.Clone(p.Objectives)
	if len(p.Objectives) == 0 && hasBaseline && !p.Pattern.picks() {
		objectives = append(objectives, implied("latency-p95 <= 110% of baseline"))
	}
	limited := func(request string) bool {
		return slices.ContainsFunc(p.Objectives, func(o Objective) bool {
			return o.metric == errorRate && !o.Inform && !o.lower && (o.request == request || o.request == "" || o.request == trial.Overall)
		})
	}
	rule := implied(ruleOfError[hasBaseline])
	if len(p.Requests) == 0 && !limited("") {
		return append(objectives, rule)
	}
	for _, request := range p.Requests {
		if !limited(request) {
			objectives = append(objectives, rule.asked(request))
		}
	}
	return objectives
}

func implied(text string) Objective {
	o, err := parse(text)
	if err != nil {
		panic("implied objective: " + err.Error())
	}
	o.Implied = true
	return o
}
