package summary

import (
	"math"
	"strconv"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// OpenMetrics is the report as a text of the OpenMetrics 1.0 exposition: what
// GitLab compares between branches, and what a Pushgateway takes. Labels are
// versions' names and objectives, never figures or builds, so that series go on
// from run to run. What is not known is left out.
func OpenMetrics(r trial.Report) string {
	families := append(trialFamilies(r), versionFamilies(r)...)
	families = append(families, requestFamilies(r)...)
	families = append(families, findingFamilies(r)...)
	var b strings.Builder
	for _, f := range families {
		f.write(&b)
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// family is one metric with all its samples. Its name ends in its unit.
type family struct {
	name, help, unit string
	states           []string // of a state set; nil for a gauge
	samples          []string
	seen             map[string]bool
}

func (f *family) write(b *strings.Builder) {
	if len(f.samples) == 0 {
		return
	}
	kind := "gauge"
	if f.states != nil {
		kind = "stateset"
	}
	b.WriteString("# TYPE " + f.name + " " + kind + "\n")
	if f.unit != "" {
		b.WriteString("# UNIT " + f.name + " " + f.unit + "\n")
	}
	b.WriteString("# HELP " + f.name + " " + f.help + "\n")
	for _, s := range f.samples {
		b.WriteString(s)
	}
}

// add writes one sample. A series may be there once only.
func (f *family) add(value float64, labels ...string) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	series := f.name + labelled(labels)
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	if !f.seen[series] {
		f.seen[series] = true
		f.samples = append(f.samples, series+" "+strconv.FormatFloat(value, 'g', -1, 64)+"\n")
	}
}

// set writes a state set: 1 for the state that holds, if any does.
func (f *family) set(state string, labels ...string) {
	for _, known := range f.states {
		value := 0.0
		if known == state {
			value = 1
		}
		f.add(value, append(labels[:len(labels):len(labels)], f.name, known)...)
	}
}

// labelled is a set of labels, given as names and values.
func labelled(pairs []string) string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, pairs[i]+`="`+labelValue.Replace(clip(pairs[i+1], longestLabel))+`"`)
	}
	if out == nil {
		return ""
	}
	return "{" + strings.Join(out, ",") + "}"
}

// longestLabel holds the longest objective that is shown elsewhere.
const longestLabel = 160

// labelValue escapes a label's value. GitLab takes "#" for the begin of a comment
// even within quotes, and would find the quote open; a wide one reads the same.
var labelValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "#", "＃")

var (
	verdicts = []string{trial.Inconclusive.String(), trial.Pass.String(), trial.Fail.String()}
	statuses = []string{trial.Broken.String(), trial.Judged.String(), trial.NotReady.String(), trial.BadInput.String(), trial.Cancelled.String()}
)

func trialFamilies(r trial.Report) []*family {
	verdict := &family{name: "seatrial_trial_verdict", help: "The verdict; none where none was reached.", states: verdicts}
	status := &family{name: "seatrial_trial_status", help: "How far the trial came.", states: statuses}
	code := &family{name: "seatrial_trial_exit_code", help: "Exit code of the step."}
	lasted := &family{name: "seatrial_trial_judged_seconds", unit: "seconds", help: "How long was measured, without the warm-up."}
	rounds := &family{name: "seatrial_trial_rounds", help: "Judged rounds."}
	requests := &family{name: "seatrial_trial_requests", help: "Requests of the judged rounds, all versions."}
	if r.Judged() {
		verdict.set(r.Verdict.String())
	} else {
		verdict.set("")
	}
	status.set(r.Status.String())
	code.add(float64(r.ExitCode))
	lasted.add(r.Measured.Lasted.Seconds())
	rounds.add(float64(r.Measured.Rounds))
	requests.add(float64(r.Measured.Requests))
	return []*family{verdict, status, code, lasted, rounds, requests}
}

func versionFamilies(r trial.Report) []*family {
	requests := &family{name: "seatrial_version_requests", help: "Requests to the version in the judged rounds."}
	failed := &family{name: "seatrial_version_failed_requests", help: "Requests of these without an expected answer."}
	rate := &family{name: "seatrial_version_throughput_per_second", unit: "per_second", help: "Expected answers a second."}
	latency := &family{name: "seatrial_version_latency_seconds", unit: "seconds",
		help: "Response time: the mean of expected answers; quantiles of all requests, failed ones being slower than any."}
	for _, t := range r.Totals {
		if t.Request == "" {
			addTotals(t, requests, failed, rate, latency, "version", t.Version)
		}
	}
	return []*family{requests, failed, rate, latency, trafficFamily(r)}
}

// requestFamilies are the same of each request, under names of their own: summed
// up, those of all would else be counted twice.
func requestFamilies(r trial.Report) []*family {
	requests := &family{name: "seatrial_request_requests", help: "Requests of the name to the version in the judged rounds."}
	failed := &family{name: "seatrial_request_failed_requests", help: "Requests of these without an expected answer."}
	rate := &family{name: "seatrial_request_throughput_per_second", unit: "per_second", help: "Expected answers a second to the request."}
	latency := &family{name: "seatrial_request_latency_seconds", unit: "seconds",
		help: "Response time of the request: the mean of expected answers; quantiles of all, failed ones being slower than any."}
	for _, t := range r.Totals {
		if t.Request != "" {
			addTotals(t, requests, failed, rate, latency, "version", t.Version, "request", t.Request)
		}
	}
	return []*family{requests, failed, rate, latency}
}

func addTotals(t trial.Totals, requests, failed, rate, latency *family, labels ...string) {
	requests.add(float64(t.Requests), labels...)
	failed.add(float64(t.Failed), labels...)
	rate.add(t.Rate.Value, labels...)
	for _, s := range []struct {
		stat string
		is   trial.Quantity
	}{{"mean", t.Mean}, {"p50", t.P50}, {"p90", t.P90}, {"p95", t.P95}, {"p99", t.P99}} {
		latency.add(s.is.Value, append(labels[:len(labels):len(labels)], "stat", s.stat)...)
	}
}

// trafficFamily is there of routes that were left as they should be.
func trafficFamily(r trial.Report) *family {
	out := &family{name: "seatrial_version_traffic_ratio", unit: "ratio", help: "Part of live traffic that the trial left to the version."}
	for version, weight := range r.Traffic.LeftWith(r.Versions) {
		out.add(float64(weight)/100, "version", r.Versions[version].Name)
	}
	return out
}

func findingFamilies(r trial.Report) []*family {
	verdict := &family{name: "seatrial_objective_verdict", help: "What the objective concludes for the version.", states: verdicts}
	for _, f := range r.Findings {
		verdict.set(f.Verdict.String(), seriesOf(f)...)
	}
	out := []*family{verdict}
	for _, q := range findingQuantities {
		for _, u := range units {
			out = append(out, perFinding(r, q.name+u.suffix, u.unit, q.help, func(f trial.Finding) float64 {
				// What load gives is never a plain number: that is a quantity nobody set.
				if of := q.of(f); of.Unit == u.of && (u.of != trial.Plain || f.Series != "") {
					return of.Value
				}
				return math.NaN()
			}))
		}
	}
	for _, n := range findingNumbers {
		out = append(out, perFinding(r, n.name, n.unit, n.help, n.of))
	}
	return out
}

func seriesOf(f trial.Finding) []string {
	return []string{"version", f.Version, "objective", f.Objective}
}

// perFinding is a gauge with a sample for each finding that it is known of.
func perFinding(r trial.Report, name, unit, help string, of func(trial.Finding) float64) *family {
	out := &family{name: name, unit: unit, help: help}
	for _, f := range r.Findings {
		out.add(of(f), seriesOf(f)...)
	}
	return out
}

// units are what names end in. Points are a difference of shares: a ratio too,
// under a name of their own.
var units = []struct {
	of           trial.Unit
	suffix, unit string
}{
	{trial.Seconds, "_seconds", "seconds"}, {trial.Share, "_ratio", "ratio"}, {trial.Ratio, "_relative_ratio", "ratio"},
	{trial.Points, "_points_ratio", "ratio"}, {trial.PerSecond, "_per_second", "per_second"},
	{trial.Plain, "", ""}, {trial.Bytes, "_bytes", "bytes"}, {trial.BytesPerSecond, "_bytes_per_second", "bytes_per_second"},
}

// findingQuantities have the unit of the objective's metric, or of a change.
var findingQuantities = []struct {
	name, help string
	of         func(trial.Finding) trial.Quantity
}{
	{"seatrial_objective_value", "What was measured of the version, over all judged rounds.",
		func(f trial.Finding) trial.Quantity { return f.Candidate }},
	{"seatrial_objective_baseline", "What was measured of the baseline.",
		func(f trial.Finding) trial.Quantity { return f.Baseline }},
	{"seatrial_objective_limit", "What the value may come to: at most, or at least where the objective says so.",
		func(f trial.Finding) trial.Quantity { return f.Limit }},
	{"seatrial_objective_change", "The version against the baseline.",
		func(f trial.Finding) trial.Quantity { return f.Change }},
}

var findingNumbers = []struct {
	name, unit, help string
	of               func(trial.Finding) float64
}{
	{"seatrial_objective_within_ratio", "ratio", "Posterior probability that the objective holds. It decides nothing.",
		measuredOnly(func(f trial.Finding) float64 { return f.Within.Value })},
	{"seatrial_objective_evidence_beyond_ln", "", "Most evidence at any look for a truth beyond the limit, natural logarithm.",
		measuredOnly(func(f trial.Finding) float64 { return f.Against.Most })},
	{"seatrial_objective_evidence_within_ln", "", "Most evidence at any look for a truth within the limit, natural logarithm.",
		measuredOnly(func(f trial.Finding) float64 { return f.For.Most })},
	{"seatrial_objective_evidence_needed_ln", "", "Evidence that shows a verdict, natural logarithm.",
		measuredOnly(func(f trial.Finding) float64 { return math.Log(f.Needed) })},
	{"seatrial_objective_judged", "", "1 if the objective is judged, 0 if it is for information.",
		func(f trial.Finding) float64 { return map[bool]float64{false: 1}[f.Inform] }},
	{"seatrial_objective_rounds", "", "Judged rounds with data for the objective.",
		func(f trial.Finding) float64 { return float64(f.Rounds) }},
	{"seatrial_objective_missing_rounds", "", "Judged rounds without data for the objective, of metrics from elsewhere.", missing},
	{"seatrial_objective_requests", "", "Requests of the version, and of the baseline where it plays a part.",
		func(f trial.Finding) float64 { return float64(f.Requests) }},
}

// missing is not known of objectives on the load, whose rounds all have data.
func missing(f trial.Finding) float64 {
	if f.Series == "" {
		return math.NaN()
	}
	return float64(f.Missing)
}

// measuredOnly is not known of an objective without data.
func measuredOnly(of func(trial.Finding) float64) func(trial.Finding) float64 {
	return func(f trial.Finding) float64 {
		if f.Rounds == 0 {
			return math.NaN()
		}
		return of(f)
	}
}
