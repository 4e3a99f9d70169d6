package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// report joins what happened and what was found.
func (a *attempt) report(out runner.Outcome) trial.Report {
	c := a.judge.Conclude(out.Status == trial.Judged)
	r := reportOf(c, a.file, a.header)
	r.Status, r.Examples = out.Status, counted(out.Examples, c.Answers, a.versions)
	r.Try = platform.Try(a.getenv)
	if c.Broken != "" && out.Status == trial.Judged {
		r.Status = trial.Broken
	}
	if r.Status != trial.Judged && r.Verdict != trial.Fail {
		r = unconcluded(r, cmp.Or(out.Reason, c.Broken))
	}
	r.Unready, r.Remedy = out.Unready, remedy(r, a.file)
	switch {
	case out.Remedy != "":
		r.Remedy = out.Remedy
	case a.store == nil:
		r.Remedy = "Nothing was sent. Name a directory for evidence and reports that can be written to (report-dir)."
	case out.Hopeless:
		r.Remedy = "Waiting longer would not help: mend what is named here; exit 4."
	}
	if out.Traffic == nil && a.file.Traffic.Wanted() && r.Remedy != "" {
		r.Remedy += " No live traffic was moved."
	}
	if text := a.goneOn(); text != "" {
		r.Notes = append([]string{text}, r.Notes...)
	}
	if r.Traffic = a.told(out, c.Parts); out.Unleft != nil && c.Verdict != trial.Fail {
		r.Notes = append([]string{fmt.Sprintf("Before the route could not be left, the trial came to %s: %s.", c.Verdict, c.Reason)}, r.Notes...)
	}
	return r
}

// unconcluded is the report of a trial that can't conclude anything.
func unconcluded(r trial.Report, reason string) trial.Report {
	r.Verdict, r.Choice.Winner, r.Choice.Recommended = trial.Inconclusive, "", running(r.Versions)
	r.Reason = reason
	return r
}

// running is the version that runs now, and stays where nothing was concluded.
func running(versions []trial.Version) string {
	if i := trial.BaselineOf(versions); i >= 0 {
		return versions[i].Name
	}
	return ""
}

// reportOf is a report of what the judge concluded.
func reportOf(c slo.Conclusion, file config.File, h evidence.Header) trial.Report {
	load, length := file.Load, file.RoundLength()
	lasted := time.Duration(c.Seconds * float64(time.Second))
	if file.NoLoad() {
		load = loadgen.Options{For: max(file.Windows.For, lasted)} // it may have been gone on with
	}
	r := trial.Report{
		Schema: trial.ReportSchema, Tool: h.Tool, Name: file.Name, Started: h.Started,
		Status: trial.Judged, Verdict: c.Verdict, Mode: file.Mode.String(), Reason: c.Reason,
		Findings: c.Findings, Pairs: c.Pairs, Choice: c.Choice, Versions: h.Versions, Requests: h.Requests, Totals: c.Totals, Series: c.Tracks, Courses: c.Courses,
		Measured: trial.Measured{
			Seed: h.Seed, Rate: load.Rate.PerSecond, Planned: load.For, Warmup: load.Warmup, AtLeast: file.AtLeast,
			Lasted: lasted, RoundLength: length, Rounds: c.Rounds, Requests: c.Requests, Late: c.Late, Unsent: c.Unsent,
			Shape: shapeOf(load), Dropped: c.Dropped, Confidence: float64(file.Confidence), Connections: load.Connections, Windows: c.Windows,
		},
	}
	r.Notes = notes(r, file, c)
	return r
}

// shapeOf is how the rate goes, in words; empty where it stays as it is.
func shapeOf(load loadgen.Options) string {
	if len(load.Stages) == 0 && !load.Closed {
		return ""
	}
	return load.Shape()
}

// counted says how often each example's kind of answer was given.
func counted(examples []trial.Example, answers map[slo.Answer]int, versions []trial.Version) []trial.Example {
	out := slices.Clone(examples)
	for answer, n := range answers {
		for i, e := range out {
			if e.Version == answererOf(answer, versions) && e.Status == answer.Status.String() {
				out[i].Count = n
			}
		}
	}
	return out
}

// answererOf is the name of who gave an answer; empty where nobody is known to.
func answererOf(a slo.Answer, versions []trial.Version) string {
	if a.Version == int(trial.Nobody) {
		return ""
	}
	return versions[a.Version].Name
}

// muchWaiting is the share of requests that may wait for a connection before
// a reader must know of it.
const muchWaiting = 0.05

// notes are what a reader must know to read the findings rightly.
func notes(r trial.Report, file config.File, c slo.Conclusion) []string {
	var out []string
	if c.Rounds == 0 {
		return nil
	}
	out = append(out, otherAnswers(c)...)
	out = append(out, unasked(r)...)
	if file.Load.Closed {
		out = append(out, "Closed loop, as asked for: each connection sent when it had its answer, so a version that stood still was asked less, and times do not hold what users would have waited.")
	}
	if file.Load.Identify != nil {
		out = append(out, oneAddress(r, c.Unnamed))
	}
	out = append(out, madeUp(file)...)
	out = append(out, withoutData(r)...)
	if r.Pairs > 1 {
		out = append(out, fmt.Sprintf("A fail is corrected for %d objective × candidate pairs (Holm 1979); a pass needs all of them and no correction.", r.Pairs))
	}
	if file.AtLeast > 0 {
		out = append(out, fmt.Sprintf("No pass before %s: stalls rarer than that could still hide.", file.AtLeast))
	}
	if float64(c.Waited) > muchWaiting*float64(c.Requests) {
		out = append(out, fmt.Sprintf("%d of %d requests waited over %s for one of the %d connections to their version. A version that stalls does that; so do too few connections.",
			c.Waited, c.Requests, trial.LateAfter, r.Measured.Connections))
	}
	if r.Measured.Dropped > 0 {
		out = append(out, fmt.Sprintf("%d rounds did not end before the trial did and were not judged.", r.Measured.Dropped))
	}
	return out
}

// unasked are the objectives that every trial has, each once for all requests.
func unasked(r trial.Report) []string {
	var rules []string
	requests := map[string][]string{}
	for _, f := range r.Findings {
		if !f.Implied || f.Version != firstCandidate(r) {
			continue
		}
		rule := strings.TrimPrefix(f.Objective, f.Request+"/")
		if !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
		if f.Request != "" {
			requests[rule] = append(requests[rule], f.Request)
		}
	}
	var out []string
	for _, rule := range rules {
		of := ""
		if requests[rule] != nil {
			of = " of " + strings.Join(requests[rule], ", ")
		}
		out = append(out, fmt.Sprintf("%s%s was not asked for; a trial without an objective of its kind gets it.", rule, of))
	}
	return out
}

// otherAnswers are those that one version gives and another does not, though
// both are no errors: a redirect to a login page is quick, and proves nothing.
func otherAnswers(c slo.Conclusion) []string {
	var out []string
	for _, u := range c.Unlike {
		out = append(out, fmt.Sprintf("%s answered %s to %s of its requests, the baseline to %s of its own. Both count as good answers: "+
			"if that is not meant, say which are (expect: [200]) or what an answer must hold (check).", u.Version, u.Status, u.Candidate, u.Baseline))
	}
	return out
}

// madeUp are the metrics that nobody measured.
func madeUp(file config.File) []string {
	var names []string
	for _, m := range file.Asked().Metrics {
		if m.Mock != nil {
			names = append(names, m.Name)
		}
	}
	if names == nil {
		return nil
	}
	return []string{fmt.Sprintf("The numbers of %s are made up (mock): this verdict is about nothing.", strings.Join(names, ", "))}
}

// withoutData are the objectives that some windows told nothing about, and why.
func withoutData(r trial.Report) []string {
	var out []string
	for _, f := range r.Findings {
		if f.Missing == 0 || f.Rounds == 0 || len(f.Gaps) == 0 {
			continue // said elsewhere
		}
		text := fmt.Sprintf("%s had no data in %s: %s", f.Objective, windows(f.Missing), f.Gaps[0].Reason)
		if more := len(f.Gaps) - 1; more > 0 {
			text += fmt.Sprintf(", and %d other reasons", more)
		}
		out = append(out, text+".")
	}
	return out
}

func windows(n int) string {
	if n == 1 {
		return "1 window"
	}
	return fmt.Sprintf("%d windows", n)
}

func firstCandidate(r trial.Report) string {
	for _, v := range r.Versions {
		if v.Role == trial.Candidate {
			return v.Name
		}
	}
	return ""
}

// remedy says what to do about a trial that gave no verdict.
func remedy(r trial.Report, file config.File) string {
	switch r.Status {
	case trial.NotReady:
		return fmt.Sprintf("The wait ends at ready: within: %s; exit 4. Give it longer, or mend what did not answer.", file.Ready.Within)
	case trial.Broken:
		if r.Verdict == trial.Fail {
			return ""
		}
		return "Nothing was concluded about the candidate. What was measured until then is in the evidence directory."
	case trial.Cancelled:
		return "Nothing was concluded. What was measured until then is in the evidence directory: seatrial judge " + file.ReportDir
	}
	return ""
}

// published is what was written and is to be pointed at.
type published struct {
	dir         string
	markdown    string
	annotations []platform.Annotation
	warnings    []error
}

// keep writes the report in every format beside the evidence. What can't be
// written is a warning: the verdict stands.
func (a *attempt) keep(r trial.Report) published {
	out := published{dir: a.file.ReportDir, markdown: summary.Markdown(r), annotations: findingAnnotations(r)}
	if a.store == nil {
		out.dir = ""
		return out
	}
	files := map[string][]byte{}
	if text, err := json.MarshalIndent(r, "", "  "); err != nil {
		out.warnings = append(out.warnings, err)
	} else {
		files[evidence.ReportFile] = append(text, '\n')
	}
	for _, f := range summary.Formats {
		files[f.File] = []byte(f.Render(r))
	}
	for name, data := range files {
		if err := a.store.WriteFile(name, data); err != nil {
			out.warnings = append(out.warnings, fmt.Errorf("writing %s: %w", name, err))
		}
	}
	if err := a.store.Close(); err != nil {
		out.warnings = append(out.warnings, err)
	}
	return out
}
