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
	if j.contest != nil && c.Broken == "" && !j.behind() && j.rounds > 0 {
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
	case j.rounds == 0:
		return "no round was measured whole"
	case len(j.counted()) == 0:
		return "no objective is judged"
	}
	for i, q := range j.questions {
		if f := c.Findings[i]; f.Verdict == trial.Inconclusive && !f.Inform {
			return j.named(q) + f.Reason
		}
	}
	return fmt.Sprintf("%s shown in %s", objectivesHold(len(j.counted())), counted(j.rounds, "round"))
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
		return fmt.Sprintf("no data for %s in %s", q.objective.subject(), counted(j.rounds, "round"))
	}
	switch {
	case f.Verdict == trial.Inconclusive && j.behind():
		return j.lateness()
	case q.void:
		return j.voided
	}
	switch f.Verdict {
	case trial.Fail:
		return fmt.Sprintf("%s; shown with %s evidence after %s", j.claim(q, f), odds(f.Against.Most), counted(f.Decided, "round"))
	case trial.Pass:
		return fmt.Sprintf("%s; shown after %s%s", j.claim(q, f), counted(f.Decided, "round"), j.hidden(q, f))
	default:
		return fmt.Sprintf("%s; undecided after %s%s", j.claim(q, f), counted(f.Rounds, "round"), advice(f.Needs))
	}
}

// claim is what was measured, against what is allowed.
func (j *Judge) claim(q *question, f trial.Finding) string {
	o := q.objective
	if o.metric == latency && math.IsInf(f.Candidate.Value, 1) {
		failed := trial.Quantity{Value: j.judged[q.candidate].failures(), Unit: trial.Share}
		return fmt.Sprintf("%s of the requests failed, which counts as slower than any limit on %s", failed, o.subject())
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
	if o.metric == errorRate && o.limit.kind == ratio {
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
		if o.metric == errorRate {
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

// subject is the metric in words: "p95 latency", "error rate".
func (o Objective) subject() string {
	switch o.metric {
	case errorRate:
		return "error rate"
	case throughput:
		return "throughput"
	}
	words := map[statKind]string{mean: "mean", least: "a round's lowest", most: "a round's highest", deviation: "a round's standard deviation of"}
	if o.stat.kind == quantile {
		return "p" + strconv.FormatFloat(math.Round(o.stat.p*1e8)/1e6, 'f', -1, 64) + " latency"
	}
	return words[o.stat.kind] + " latency"
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
func advice(n *trial.Needs) string {
	if n == nil || n.Rounds == 0 {
		return "; at this noise it is too close to the limit to be settled by a longer trial"
	}
	return fmt.Sprintf("; about %s (%s, %s to each version) more would settle it",
		counted(n.Rounds, "round"), trial.Quantity{Value: n.Seconds, Unit: trial.Seconds}, counted(n.Requests, "request"))
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
