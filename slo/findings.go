package slo

import (
	"fmt"
	"math"

	"github.com/seatrial/seatrial/trial"
)

// Conclusion is all that the judge has to say at the end.
type Conclusion struct {
	Verdict  trial.Verdict
	Broken   string // why the trial could not be measured; empty if it could
	Reason   string // one sentence
	Findings []trial.Finding
	Pairs    int // that Holm's correction counts
	Choice   trial.Choice
	Rounds   int
	Seconds  float64
	Requests int
	Late     int
	Unsent   int
	Waited   int
	Dropped  int
	Totals   []trial.Totals
	Tracks   []trial.Tracks
	Windows  []trial.Windows // of metrics from elsewhere
	Courses  []trial.Course  // likewise
	Answers  map[Answer]int  // unexpected ones, in all rounds that ended
	Parts    []trial.Part    // of the requests that live traffic's split shared; none where it shared none
	Unlike   []Unlike        // expected answers that only some versions give
	Unnamed  int             // requests that nobody is known to have answered
}

// Conclude sums up what the rounds have shown. Whether the trial came to its
// end decides if an objective without data means anything.
func (j *Judge) Conclude(ended bool) Conclusion {
	j.ended = ended && j.seen() > 0 && !j.behind()
	main := j.main()
	c := Conclusion{
		Verdict: j.verdict(), Broken: j.broken(), Pairs: len(j.counted()),
		Rounds: main.rounds, Seconds: main.seconds, Requests: j.planned, Late: j.late, Unsent: j.unsent, Waited: j.waited, Dropped: main.dropped,
		Totals: j.totals(), Tracks: j.tracks(), Windows: j.windows(), Courses: j.courses(), Answers: j.load.course.answers,
		Parts: j.parts(), Unlike: j.unlike(), Unnamed: j.unnamed.all,
	}
	if lost := j.lost(); lost != "" && j.ended && j.policy.NoData == NoDataBroken && c.Broken == "" {
		c.Broken = lost
	}
	for _, q := range j.questions {
		c.Findings = append(c.Findings, j.finding(q))
		if q.rounds == 0 && !q.objective.Inform && j.ended && j.policy.noData(q.objective) == NoDataBroken && c.Broken == "" {
			c.Broken = fmt.Sprintf("there is no data for %s of %s", q.objective.Text, j.versions[q.candidate].Name)
		}
	}
	c.Choice = j.choice(c)
	c.Reason = j.reason(c)
	return c
}

func (j *Judge) look() trial.Look {
	main := j.main()
	return trial.Look{
		Rounds: main.rounds, Seconds: main.seconds, Done: j.done, Verdict: j.verdictSoFar(),
		Broken: j.broken(), Voided: j.voided, Late: j.late, Requests: j.planned,
		Answered: j.answered(), Unnamed: j.unnamed.all, Standings: j.standings, Lead: j.lead,
	}
}

// standings is where each question stands.
func (j *Judge) standings() []trial.Standing {
	var out []trial.Standing
	for _, q := range j.questions {
		against, within := q.evidence(1)
		s := trial.Standing{
			Objective: q.objective.Text, Version: j.versions[q.candidate].Name,
			Verdict: q.verdict, Decided: q.decided, Figure: j.figure(q), Leaning: trial.Pass,
			Progress: math.Max(against, within) / q.needed(),
		}
		if against > within {
			s.Leaning = trial.Fail
		}
		s.Progress = math.Min(math.Max(s.Progress, 0), 1)
		if !q.series.isLoad() {
			s.Series = q.series.name
		}
		if q.verdict == trial.Inconclusive {
			s.Needs = j.needs(q)
		}
		out = append(out, s)
	}
	return out
}

// figure is the one number to show while a trial runs.
func (j *Judge) figure(q *question) trial.Quantity {
	b, c, change := j.estimates(q)
	if q.objective.Relative() && !math.IsNaN(b.Value) {
		return change
	}
	return c
}

// estimates are pooled over the judged rounds.
func (j *Judge) estimates(q *question) (baseline, candidate, change trial.Quantity) {
	return j.compare(q.objective, q.candidate, j.baseline)
}

// compare is of two versions; −1 for a rival that there is none of.
func (j *Judge) compare(o Objective, version, rival int) (baseline, candidate, change trial.Quantity) {
	unit := o.unit()
	candidate = trial.Quantity{Value: j.value(version, o), Unit: unit}
	baseline = trial.Quantity{Value: math.NaN(), Unit: unit}
	change = trial.Quantity{Value: math.NaN(), Unit: trial.Ratio}
	if rival < 0 {
		return baseline, candidate, change
	}
	baseline.Value = j.value(rival, o)
	if o.isShare() && o.limit.kind != ratio {
		change.Unit, change.Value = trial.Points, candidate.Value-baseline.Value
	} else if baseline.Value > 0 && baseline.Known() && candidate.Known() {
		change.Value = candidate.Value/baseline.Value - 1
	}
	return baseline, candidate, change
}

func (j *Judge) finding(q *question) trial.Finding {
	o := q.objective
	f := trial.Finding{
		Objective: o.Text, Name: o.Name, Request: o.request, Version: j.versions[q.candidate].Name,
		Verdict: q.verdict, Inform: o.Inform, Implied: o.Implied, Decided: q.decided,
		Needed: math.Round(math.Exp(j.neededToPass(q))), Confidence: 1 - q.alpha,
	}
	if o.Source != (trial.Source{}) {
		f.Source = &o.Source
	}
	f.Baseline, f.Candidate, f.Change = j.estimates(q)
	f.Limit = trial.Quantity{Value: o.limitBeside(f.Baseline.Value), Unit: o.unit()}
	shown := q.statistic.figures(outlook{needed: q.needed(), pooled: q.series.judged})
	if q.series.epoch > 0 && shown.change != nil {
		f.Change.Value = *shown.change
	}
	f.Anytime, f.Credible = between(shown.anytime, shown.unit), between(shown.credible, shown.unit)
	f.Within = trial.Quantity{Value: q.probability(shown), Unit: trial.Share}
	against, within := q.evidence(1)
	f.Against, f.For = trial.Evidence{Log: against, Most: q.against}, trial.Evidence{Log: within, Most: q.within}
	f.Statistic, f.Rounds = shown.method+shown.caution(), q.rounds
	f.Effective = math.Round(10*shown.effective(q.rounds)) / 10
	f.Requests = q.series.judged[q.candidate].requests
	if o.Relative() && j.baseline >= 0 {
		f.Requests += q.series.judged[j.baseline].requests
	}
	if !q.series.isLoad() {
		f.Series, f.Missing, f.Gaps = q.series.name, q.gaps.rounds(), q.gaps.told()
		f.Window = q.series.seconds / math.Max(float64(q.series.rounds), 1)
	}
	if f.Verdict == trial.Inconclusive && f.Rounds > 0 && !j.isElse(q) {
		f.Needs = j.needs(q)
	}
	if f.Rounds == 0 && j.ended && j.policy.noData(o) == NoDataFail {
		f.Verdict = trial.Fail
	}
	if j.behind() || q.void {
		f.Verdict = trial.Inconclusive
	}
	f.Reason = j.sentence(q, f)
	return f
}

// probability is the posterior one that the objective holds.
func (q *question) probability(shown figures) float64 {
	if q.objective.lower {
		return 1 - shown.within
	}
	return shown.within
}

func between(ends [2]float64, unit trial.Unit) trial.Interval {
	return trial.Interval{Low: trial.Quantity{Value: ends[0], Unit: unit}, High: trial.Quantity{Value: ends[1], Unit: unit}}
}

// mostRepeats is how many times the data so far may be needed again before
// "more of the same" is no useful advice.
const mostRepeats = 256

// needs forecasts what would settle a question if the data went on as they
// are: the fewest repetitions of the rounds so far that carry enough evidence
// for a fail, or for a pass that at-least allows.
func (j *Judge) needs(q *question) *trial.Needs {
	if q.series.rounds == 0 {
		return &trial.Needs{}
	}
	forFail := q.needed() + math.Log(float64(len(j.counted())))
	fail := repeats(func(times float64) bool { against, _ := q.evidence(times); return against >= forFail })
	pass := repeats(func(times float64) bool { _, within := q.evidence(times); return within >= j.neededToPass(q) })
	return j.more(q.series, math.Min(fail, math.Max(pass, q.series.untilAtLeast())))
}

// moreFor forecasts what would be enough for something that may be shown at any
// time.
func (j *Judge) moreFor(s *series, enough func(times float64) bool) *trial.Needs {
	return j.more(s, repeats(enough))
}

// repeats is the least number of repetitions that is enough, to about a
// thousandth; +Inf if mostRepeats are not.
func repeats(enough func(times float64) bool) float64 {
	high := 1.0
	for !enough(high) {
		if high *= 2; high > mostRepeats {
			return math.Inf(1)
		}
	}
	low := high / 2
	for range 10 {
		if middle := (low + high) / 2; enough(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// untilAtLeast is how many times the rounds so far make a pass possible.
func (s *series) untilAtLeast() float64 {
	return math.Max(s.least.seconds/s.seconds, float64(s.least.rounds)/float64(s.rounds))
}

// more is what is missing until the rounds so far were seen times over.
func (j *Judge) more(s *series, times float64) *trial.Needs {
	if math.IsInf(times, 1) {
		return &trial.Needs{}
	}
	more := math.Max(times-1, 0)
	needs := &trial.Needs{Rounds: max(1, int(math.Ceil(more*float64(s.rounds)))), Seconds: more * s.seconds}
	if s.isLoad() {
		perVersion := float64(j.planned) / float64(len(j.versions))
		if s.request != "" {
			perVersion = s.perVersion()
		}
		needs.Requests = max(1, int(math.Ceil(more*perVersion)))
	}
	return needs
}

// perVersion is how many requests of a series each version had, on the mean.
func (s *series) perVersion() float64 {
	n := 0
	for _, h := range s.judged {
		n += h.requests
	}
	return float64(n) / float64(len(s.judged))
}
