package slo

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// reason is the trial in one sentence: what failed, else what is open, else
// how sure the pass is.
func (j *Judge) reason(c Conclusion) string {
	if j.contest != nil && c.Broken == "" && !j.behind() && j.seen() > 0 {
		return c.Choice.Reason
	}
	for i, q := range j.questions {
		if f := c.Findings[i]; f.Verdict == trial.Fail && !f.Inform {
			return j.named(q) + f.Reason
		}
	}
	switch {
	case c.Broken != "":
		return c.Broken
	case j.behind():
		return j.lateness()
	case j.seen() == 0:
		return "no " + j.main().noun() + " was measured whole"
	case len(j.counted()) == 0:
		return "no objective is judged"
	}
	for i, q := range j.questions {
		if f := c.Findings[i]; f.Verdict == trial.Inconclusive && !f.Inform {
			return j.named(q) + f.Reason
		}
	}
	return fmt.Sprintf("%s shown in %s", objectivesHold(len(j.counted())), j.measured())
}

// measured is how much was judged: "240 rounds and 30 windows".
func (j *Judge) measured() string {
	var out []string
	for _, s := range j.asked() {
		out = append(out, counted(s.rounds, s.noun()))
	}
	return strings.Join(out, " and ")
}

func objectivesHold(n int) string {
	switch n {
	case 1:
		return "the objective holds,"
	case 2:
		return "both objectives hold,"
	}
	return fmt.Sprintf("all %d objectives hold,", n)
}

// named says whose finding it is where that is not plain.
func (j *Judge) named(q *question) string {
	if len(j.versions)-j.baselines() < 2 {
		return ""
	}
	return j.versions[q.candidate].Name + ": "
}

func (j *Judge) baselines() int {
	if j.baseline >= 0 {
		return 1
	}
	return 0
}

// sentence is a finding's reason, with its numbers.
func (j *Judge) sentence(q *question, f trial.Finding) string {
	if f.Rounds == 0 {
		return fmt.Sprintf("no data for %s in %s", q.objective.subject(), counted(q.series.rounds, q.series.noun())) + q.gaps.commonest(" (%s)")
	}
	lost, noun := j.lost(), q.series.noun()
	switch {
	case f.Verdict == trial.Inconclusive && j.behind():
		return j.lateness()
	case q.void:
		return j.voided
	case f.Verdict == trial.Inconclusive && lost != "":
		return lost
	case f.Verdict == trial.Inconclusive && j.isElse(q):
		u, _ := j.unlikeOf(q.candidate)
		return fmt.Sprintf("%s answers %s to %s of its requests, the baseline to %s: say which statuses are good (expect: [200]), or both of them (expect: [2xx, 3xx])",
			u.Version, u.Status, u.Candidate, u.Baseline)
	case f.Verdict == trial.Inconclusive && j.isDown(q.candidate):
		return fmt.Sprintf("%s; %s failed most of its requests in the last round, after which nothing passes", j.claim(q, f), f.Version)
	}
	switch f.Verdict {
	case trial.Fail:
		return fmt.Sprintf("%s; shown with %s evidence after %s", j.claim(q, f), odds(f.Against.Most), counted(f.Decided, noun))
	case trial.Pass:
		return fmt.Sprintf("%s; shown after %s%s", j.claim(q, f), counted(f.Decided, noun), j.hidden(q, f))
	default:
		return fmt.Sprintf("%s; undecided after %s%s", j.claim(q, f), counted(q.lasted(f), noun)+q.missing(), advice(f.Needs, noun))
	}
}

// claim is what was measured, against what is allowed.
func (j *Judge) claim(q *question, f trial.Finding) string {
	o := q.objective
	if o.metric == latency && math.IsInf(f.Candidate.Value, 1) {
		failed := trial.Quantity{Value: q.series.judged[q.candidate].failures(), Unit: trial.Share}
		return fmt.Sprintf("%s of the requests failed, which counts as slower than any limit on %s", failed, o.subject())
	}
	if o.metric == declared && o.isQuantile() && math.IsInf(f.Candidate.Value, 1) {
		return fmt.Sprintf("%s is above the last bound of its buckets, %s", o.subject(), o.allowance())
	}
	if !f.Candidate.Known() {
		return "there is no figure for " + o.subject()
	}
	if !o.Relative() || !f.Change.Known() {
		return fmt.Sprintf("%s is %s, %s", o.subject(), f.Candidate, o.allowance())
	}
	return fmt.Sprintf("%s is %s (%s against %s), %s", o.subject(), comparison(f.Change, "baseline"), f.Candidate, f.Baseline, o.allowanceAt(f.Baseline.Value))
}

// comparison is a change in words: "27 % above baseline".
func comparison(change trial.Quantity, rival string) string {
	text := strings.TrimLeft(change.String(), "+−")
	switch {
	case !change.Known():
		return "not to be put as a ratio to " + rival
	case strings.HasPrefix(text, "0 "):
		return "the same as " + rival
	case change.Value > 0:
		return text + " above " + rival
	default:
		return text + " below " + rival
	}
}

// allowanceAt also names the floor where that is what decides, and the difference
// of shares that is never asked for.
func (o Objective) allowanceAt(baseline float64) string {
	if o.hasFloor() && baseline+o.floor() > o.limit.value*baseline {
		return o.allowance() + " or " + trial.Quantity{Value: o.floor(), Unit: trial.Seconds}.String() + ", whichever is more"
	}
	if o.isShare() && o.limit.kind == ratio && !o.lower {
		return o.allowance() + " or 0.1 points, whichever is more"
	}
	return o.allowance()
}

// allowance is the limit in words: "10 % allowed", "at least 500/s asked for".
func (o Objective) allowance() string {
	var bound trial.Quantity
	switch o.limit.kind {
	case absolute:
		bound = trial.Quantity{Value: o.limit.value, Unit: o.unit()}
	case ratio:
		bound = trial.Quantity{Value: o.limit.value - 1, Unit: trial.Ratio}
	case difference:
		bound = trial.Quantity{Value: o.limit.value, Unit: o.unit()}
		if bound.Unit == trial.Share {
			bound.Unit = trial.Points
		}
	}
	text := strings.TrimPrefix(bound.String(), "+")
	below, negative := strings.CutPrefix(text, "−")
	switch {
	case negative && o.lower:
		return "at most " + below + " below baseline allowed"
	case negative:
		return "at least " + below + " below baseline asked for"
	}
	if o.lower {
		return "at least " + text + " asked for"
	}
	return text + " allowed"
}

// subject is the metric in words: "p95 latency", "error rate of checkout",
// "p95 of db-latency".
func (o Objective) subject() string { return o.figureOf() + o.whose() }

// whose says of which requests the metric is, where it was said.
func (o Objective) whose() string {
	switch o.request {
	case "":
		return ""
	case trial.Overall:
		return " of all requests"
	}
	return " of " + o.request
}

func (o Objective) figureOf() string {
	switch o.metric {
	case unbound:
		name, _, _ := strings.Cut(o.Text, " ")
		return name + ", a metric that is not known,"
	case declared:
		return o.declaredSubject()
	case errorRate:
		return "error rate"
	case throughput:
		return "throughput"
	}
	words := map[statKind]string{mean: "mean", least: "a round's lowest", most: "a round's highest", deviation: "a round's standard deviation of"}
	if o.stat.kind == quantile {
		return o.stat.String() + " latency"
	}
	return words[o.stat.kind] + " latency"
}

// String is the figure as objectives name it: "p95", "mean"; empty for none.
func (s stat) String() string {
	if s.kind == quantile {
		return "p" + strconv.FormatFloat(math.Round(s.p*1e8)/1e6, 'f', -1, 64)
	}
	for _, named := range namedStats {
		if named.kind == s.kind {
			return named.name
		}
	}
	return ""
}

func (o Objective) declaredSubject() string {
	if figure := o.stat.String(); figure != "" {
		return figure + " of " + o.of.Name
	}
	return o.of.Name
}

// figureName is what is asked of a declared metric: "db-latency-p95".
func (o Objective) figureName() string {
	return strings.TrimSuffix(o.of.Name+"-"+o.stat.String(), "-")
}

// hitNoun is what a share counts.
func (o Objective) hitNoun() string {
	if o.metric == declared {
		return "hits"
	}
	return "errors"
}

// hitWords is the same, of what.
func (o Objective) hitWords() string {
	if o.metric == declared {
		return "hits among trials"
	}
	return "failed requests"
}

// figureWords says whose figure of a round is judged: one that came as a bare
// number rests on whoever made it.
func (o Objective) figureWords() string {
	if o.metric != declared {
		return "each round's own figure"
	}
	switch o.of.Kind {
	case trial.ValueKind:
		return "a figure per window from elsewhere"
	case trial.TotalKind:
		return "each window's total per " + perNames[o.of.Per]
	}
	return "each window's own figure"
}

// hidden says how large a regression a pass could still hide.
func (j *Judge) hidden(q *question, f trial.Finding) string {
	edge := f.Anytime.High
	word := "above"
	if q.objective.lower {
		edge, word = f.Anytime.Low, "below"
	}
	if !edge.Known() {
		return ""
	}
	if !q.objective.Relative() {
		return fmt.Sprintf("; anything %s %s would have been seen", word, edge)
	}
	return fmt.Sprintf("; a change %s %s would have been seen", word, edge)
}

// advice says what would settle an open question.
func advice(n *trial.Needs, noun string) string {
	if n == nil || n.Rounds == 0 {
		return "; at this noise it is too close to the limit to be settled by a longer trial"
	}
	more := trial.Quantity{Value: n.Seconds, Unit: trial.Seconds}.String()
	if n.Requests > 0 {
		more += ", " + counted(n.Requests, "request") + " to each version"
	}
	return fmt.Sprintf("; about %s (%s) more would settle it", counted(n.Rounds, noun), more)
}

// lasted is how many rounds were judged for a finding: of a request those of the
// load, of which several may count as one.
func (q *question) lasted(f trial.Finding) int {
	if q.series.request != "" {
		return q.series.rounds
	}
	return f.Rounds
}

// missing says in how many rounds there was no data, and most often why.
func (q *question) missing() string {
	return q.gaps.commonest(fmt.Sprintf("; %d more had no data", q.gaps.rounds()) + " (%s)")
}

// commonest puts the commonest reason into a format; empty where there is none.
func (g gaps) commonest(format string) string {
	told := g.told()
	if len(told) == 0 {
		return ""
	}
	return fmt.Sprintf(format, told[0].Reason)
}

func (j *Judge) lateness() string {
	late := trial.Quantity{Value: float64(j.late) / float64(j.planned), Unit: trial.Share}
	return fmt.Sprintf("the load generator fell behind: %s of %s left more than %s late, so nothing is concluded; ask for a lower rate or a larger machine",
		late, counted(j.planned, "request"), trial.LateAfter)
}

// odds is evidence as people say it: "24:1".
func odds(ln float64) string {
	if ln > math.Log(1e6) {
		return "more than 1,000,000:1"
	}
	return grouped(int(math.Round(math.Exp(ln)))) + ":1"
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// grouped writes 1350 as 1,350.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
