package summary

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// view is a report with what every format derives from it. Its texts are
// plain, not yet escaped for any format.
type view struct {
	trial.Report
	rows    []row             // none where nothing was measured
	titles  map[string]string // of the versions by name
	bouts   []bout            // none where no version competes
	several bool              // candidates, so that a row must say whose it is
}

// row is one finding as it is shown.
type row struct {
	trial.Finding
	about    string // the objective, by the team's name where it has one
	version  string // by title
	value    string // of the version on trial
	within   string // interval of the value, for an absolute limit
	change   string // against the baseline, for a relative limit
	interval string // of the change
}

// longestName is the most of a name that is shown, in characters: names stand
// beside other things.
const longestName = 80

func newView(r trial.Report) view {
	v := view{Report: r, titles: titles(r.Versions), several: several(r.Versions)}
	v.bouts = v.newBouts()
	if !slices.ContainsFunc(r.Findings, func(f trial.Finding) bool { return f.Rounds > 0 }) {
		return v
	}
	for _, f := range r.Findings {
		if !r.Judged() {
			f.Needs = nil // more of the same would not help
		}
		v.rows = append(v.rows, v.row(f))
	}
	return v
}

func (v view) row(f trial.Finding) row {
	out := row{Finding: f, about: pretty(f.Objective), version: v.title(f.Version), value: f.Candidate.String()}
	if f.Name != "" {
		out.about = clip(f.Name, longestName) + " (" + out.about + ")"
	}
	if out.relative() {
		out.change, out.interval = f.Change.String(), span(f.Change, f.Anytime)
	} else {
		out.within = span(f.Candidate, f.Anytime)
	}
	return out
}

// relative reports whether the finding is about a change: its intervals are
// then in the unit of one.
func (r row) relative() bool {
	unit := r.Anytime.High.Unit
	return unit == trial.Ratio || unit == trial.Points
}

// lower reports whether the objective is a least, not a most.
func (r row) lower() bool { return strings.Contains(r.Objective, ">") }

// name is the metric alone: "latency-p95".
func (r row) name() string {
	name, _, _ := strings.Cut(clip(r.Objective, longestName), " ")
	return name
}

// title is what people call a version.
func (v view) title(name string) string {
	if title, ok := v.titles[name]; ok {
		return title
	}
	return clip(name, longestName)
}

// titles are the versions' labels by name. Of several candidates the names are
// what the team chose to tell them apart by, and what reasons call them.
func titles(versions []trial.Version) map[string]string {
	out := map[string]string{}
	for _, version := range versions {
		out[version.Name] = clip(version.Title(), longestName)
		if version.Role == trial.Candidate && several(versions) {
			out[version.Name] = clip(version.Name, longestName)
		}
	}
	return out
}

func several(versions []trial.Version) bool { return len(onTrial(versions)) > 1 }

func onTrial(versions []trial.Version) []trial.Version {
	return slices.DeleteFunc(slices.Clone(versions), func(v trial.Version) bool { return v.Role != trial.Candidate })
}

// compared reports whether any row has a figure of the baseline.
func (v view) compared() bool {
	return slices.ContainsFunc(v.rows, func(r row) bool { return !math.IsNaN(r.Baseline.Value) })
}

// owned is the row's objective, with its version where there are several.
func (v view) owned(r row) string {
	if v.several {
		return r.version + ": " + r.about
	}
	return r.about
}

// how is in a few words how a row came to its verdict.
func (r row) how() string {
	text := "shown in " + r.rounds(r.Decided)
	switch {
	case r.Rounds == 0:
		text = "no data"
	case r.Verdict == trial.Inconclusive && r.Needs == nil:
		text = "undecided"
	case r.Verdict == trial.Inconclusive && r.Needs.Rounds == 0:
		text = "undecided: too close to the limit"
	case r.Verdict == trial.Inconclusive && r.fromElsewhere():
		text = "undecided: about " + r.rounds(r.Needs.Rounds) + " more"
	case r.Verdict == trial.Inconclusive:
		text = "undecided: about " + counted(r.Needs.Requests, "request") + " more"
	}
	if r.Missing > 0 && r.Rounds > 0 {
		text += ", " + grouped(r.Missing) + " without data"
	}
	if r.Inform {
		text += ", for information"
	}
	return text
}

// open are the judged rows without a verdict; in a contest only those of
// versions that may still be chosen.
func (v view) open() []row {
	return slices.DeleteFunc(slices.Clone(v.rows), func(r row) bool {
		return r.Inform || r.Verdict != trial.Inconclusive || v.contested() && !slices.Contains(v.Choice.Unbeaten, r.Finding.Version)
	})
}

// settles says what would settle an open row.
func (r row) settles() string {
	switch n := r.Needs; {
	case r.Rounds == 0:
		return "there is no data for it yet"
	case n == nil:
		return "see its reason"
	case n.Rounds == 0:
		return "at this noise it is too close to its limit; a wider limit or a higher rate would help, a longer trial would not"
	default:
		return r.more()
	}
}

// longer is the length of trial that would settle every open row and duel:
// "1m40s"; empty where there is none, or where the planned length would do.
func (v view) longer() string {
	var most float64
	var missing []*trial.Needs
	for _, r := range v.open() {
		missing = append(missing, r.Needs)
	}
	for _, b := range v.undecided() {
		missing = append(missing, b.Needs)
	}
	for _, n := range missing {
		if n == nil || n.Rounds == 0 {
			return ""
		}
		most = max(most, n.Seconds)
	}
	needed := v.Measured.Lasted + time.Duration(most*float64(time.Second))
	if v.Traffic != nil && v.Measured.Rounds > 0 {
		needed += needed * time.Duration(v.Traffic.Settling) / time.Duration(v.Measured.Rounds) // it will settle as often
	}
	if most == 0 || needed <= v.Measured.Planned {
		return ""
	}
	return typed(rounded(needed))
}

// forKey is how the trial file says how long a trial is to last: without load it is
// its windows that go on.
func (v view) forKey(length string) string {
	if v.Measured.Requests == 0 && len(v.Measured.Windows) > 0 {
		return "windows: {for: " + length + "}"
	}
	return "for: " + length
}

// rounded is a duration rounded up to what a forecast can mean.
func rounded(d time.Duration) time.Duration {
	step := 10 * time.Minute
	switch {
	case d <= 5*time.Minute:
		step = 5 * time.Second
	case d <= time.Hour:
		step = time.Minute
	}
	return (d + step - 1).Truncate(step)
}

// hidden says of each passed row how large a regression it could still hide.
func (v view) hidden() []string {
	const most = 12
	var out []string
	for _, r := range v.rows {
		edge, words := r.Anytime.High, "up to"
		if r.lower() {
			edge, words = r.Anytime.Low, "down to"
		}
		if winner := v.winner(); winner != "" && r.Finding.Version != winner {
			continue
		}
		if r.Verdict != trial.Pass || r.Inform || !edge.Known() || len(out) == most {
			continue
		}
		name := r.name()
		if v.several {
			name = r.version + " " + name
		}
		out = append(out, fmt.Sprintf("%s %s %s", name, words, edge))
	}
	return out
}

// measured says in one sentence how it was measured.
func (v view) measured() string {
	m := v.Measured
	if !v.hasLoad() {
		return fmt.Sprintf("%s Nothing was sent; each verdict holds with %s confidence, however often one looks.", v.elsewhere(), percent(m.Confidence))
	}
	who, order := "Every version", "in an order drawn anew each time"
	switch len(v.Versions) {
	case 1:
		who, order = "The version", "on a fixed schedule"
	case 2:
		order = "in pairs whose order a seeded coin drew"
	}
	warm := ""
	if m.Warmup > 0 {
		warm = "after " + duration(m.Warmup) + " of warm-up "
	}
	rate := trial.Quantity{Value: m.Rate}.String() + " requests a second"
	if m.Shape != "" {
		rate = "requests (" + m.Shape + ")"
	}
	return fmt.Sprintf("%s was sent %s over %s, %s; %s%s of %s were judged: "+
		"%s planned in %s, %s, %s late by the load generator's own fault; each verdict holds with %s confidence, however often one looks.",
		who, rate, counted(m.Connections, "connection"), order, warm,
		counted(m.Rounds, "round"), duration(m.RoundLength), counted(m.Requests, "request"), duration(m.Lasted), v.unsent(), grouped(m.Late), percent(m.Confidence)) + v.sent() +
		strings.TrimRight(" "+v.elsewhere(), " ")
}

// remarks are plain sentences that every format shows beside the findings.
func (v view) remarks() []string {
	var out []string
	if text := v.tries(); text != "" {
		out = append(out, text)
	}
	if split := v.split(); split != "" {
		out = append(out, split+".")
	}
	switch {
	case v.Verdict != trial.Fail || v.Status == trial.Judged:
	case v.Traffic != nil && v.Traffic.Remedy != "":
		out = append(out, "The fail stands, though the route was not left as it should be.")
	default:
		out = append(out, "The fail was shown before the trial ended early ("+v.Status.String()+"); it stands.")
	}
	if v.Mode == "report" && v.Judged() && v.Verdict != trial.Pass {
		out = append(out, fmt.Sprintf("mode: report, so the pipeline goes on: exit code %d.", v.ExitCode))
	}
	return out
}

// unsent says how many of the planned requests were never sent.
func (v view) unsent() string {
	if v.Measured.Unsent == 0 {
		return "all sent"
	}
	return grouped(v.Measured.Unsent) + " not sent (they count as failed)"
}

// tries is what running a step again does to its error rates; empty for a first
// try, and where nothing was judged.
func (v view) tries() string {
	if v.Try < 2 || !v.Judged() {
		return ""
	}
	once := 1 - v.Measured.Confidence
	return fmt.Sprintf("Try %d of this step: of %d trials of a candidate at its limit one passes with a chance of up to %s, not %s.",
		v.Try, v.Try, percent(1-math.Pow(1-once, float64(v.Try))), percent(once))
}

// again is the command that judges the stored evidence again, with the rewards
// there were and the objective that matters most to try other limits on.
func (v view) again(dir string) string {
	command := "seatrial judge " + quote(dir) + v.rewardsFlag()
	if v.winner() != "" {
		return command
	}
	for _, wanted := range []trial.Verdict{trial.Fail, trial.Inconclusive} {
		for _, r := range v.rows {
			if r.Verdict == wanted && !r.Inform {
				return command + " --objectives " + quote(r.Objective)
			}
		}
	}
	return command
}

// fewest is how many findings a report keeps when it must be short.
const fewest = 50

// worst keeps the findings that matter most, in the order they had.
func worst(findings []trial.Finding) []trial.Finding {
	if len(findings) <= fewest {
		return findings
	}
	var out []trial.Finding
	for _, wanted := range []trial.Verdict{trial.Fail, trial.Inconclusive, trial.Pass} {
		for _, f := range findings {
			if f.Verdict == wanted && len(out) < fewest {
				out = append(out, f)
			}
		}
	}
	return out
}
