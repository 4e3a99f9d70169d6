package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// publish shows the result where the pipeline's people look. Trouble with it
// is told and changes nothing.
func (p process) publish(ctx context.Context, where platform.Platform, r trial.Report, how config.Publish, files published) {
	shown := beside(where, r, how)
	shown.Outputs, shown.Summary, shown.Annotations = outputs(r, files.dir), files.markdown, files.annotations
	shown.Log = outputLines(shown.Outputs)
	if files.dir != "" {
		files.warnings = append(files.warnings, platform.WriteDotenv(files.dir, shown.Outputs))
	}
	for _, trouble := range append(files.warnings, show(ctx, where, shown)) {
		if trouble == nil {
			continue
		}
		for one := range strings.Lines(trouble.Error()) { // joined errors have one each
			fmt.Fprintf(p.stderr, "warning: publishing: %s (the verdict stands)\n", summary.Plain(strings.TrimSpace(one)))
		}
	}
}

// What other people's servers may cost. A cancelled trial is published all the
// same, and a pipeline that cancels waits a few seconds only.
const (
	publishWithin   = 20 * time.Second
	cancelledWithin = 3 * time.Second
)

// show publishes, also of a step that was cancelled already or is meanwhile.
func show(ctx context.Context, where platform.Platform, shown platform.Publication) error {
	lasting, stop := context.WithTimeout(context.WithoutCancel(ctx), publishWithin)
	defer stop()
	defer context.AfterFunc(ctx, func() {
		hurry, done := context.WithTimeout(lasting, cancelledWithin)
		defer done()
		<-hurry.Done()
		stop()
	})()
	return where.Publish(lasting, shown)
}

// beside is what is shown of a trial beside the log. A trial that was stopped
// is nothing to begin a comment for that is there only on failure.
func beside(where platform.Platform, r trial.Report, how config.Publish) platform.Publication {
	token := how.GitHubToken
	if where.Name() == "gitlab" {
		token = how.GitLabToken
	}
	passed := r.Status == trial.Judged && r.Verdict == trial.Pass
	return platform.Publication{
		Comment: platform.Comment{
			Mode: platform.CommentMode(how.Comment.String()), Key: how.CommentKey, Body: summary.Comment(r),
			Passed: passed || r.Status == trial.Cancelled, Number: how.PRNumber, Token: token.Reveal(),
		},
		Status: platform.Status{Wanted: how.CommitStatus, Passed: r.ExitCode == exitPass, Description: marked(r)},
	}
}

// unusedToken warns of a token that stands in the step's environment for
// nothing; empty where there is no such token.
func unusedToken(where platform.Platform, how config.Publish) string {
	if slices.Contains([]string{"github", "gitlab"}, where.Name()) || how.GitHubToken.Reveal()+how.GitLabToken.Reveal() == "" {
		return ""
	}
	return "a token was given, and comments are written in pipelines of GitHub and GitLab only: leave out github-token and gitlab-token here"
}

// marked is what the commit's mark says.
func marked(r trial.Report) string {
	word := r.Status.String()
	if r.Judged() {
		word = r.Verdict.String()
	}
	if r.ExitCode == exitPass && r.Verdict != trial.Pass {
		word += " (only reported)"
	}
	return word + ": " + summary.Plain(r.Reason)
}

// outputs are what later steps of the pipeline can use. Paths are relative to
// the workspace: a container's own paths mean nothing outside it.
func outputs(r trial.Report, dir string) []platform.Output {
	verdict := ""
	if r.Judged() {
		verdict = r.Verdict.String()
	}
	out := []platform.Output{
		{Name: "verdict", Value: verdict},
		{Name: "status", Value: r.Status.String()},
		{Name: "passed", Value: strconv.FormatBool(r.Status == trial.Judged && r.Verdict == trial.Pass)},
		{Name: "exit-code", Value: strconv.Itoa(r.ExitCode)},
		{Name: "reason", Value: summary.Plain(r.Reason)},
		{Name: "winner", Value: r.Choice.Winner},
		{Name: "failed-objectives", Value: strings.Join(failed(r), "\n")},
		{Name: "weights", Value: weights(r)},
	}
	if dir == "" {
		return out
	}
	out = append(out,
		platform.Output{Name: "report-dir", Value: dir},
		platform.Output{Name: "report-json", Value: filepath.Join(dir, evidence.ReportFile)})
	for _, f := range summary.Formats {
		if f.Output != "" {
			out = append(out, platform.Output{Name: f.Output, Value: filepath.Join(dir, f.File)})
		}
	}
	return out
}

// weights is how the route was left; empty where no route was moved, or nobody
// knows.
func weights(r trial.Report) string { return weightsText(r.Versions, r.Traffic.LeftWith(r.Versions)) }

// weightsText is percent of each version by name, as JSON: {"baseline":90,"candidate":10}.
// It is empty where no traffic is shared.
func weightsText(versions []trial.Version, weights []int) string {
	if len(weights) != len(versions) {
		return ""
	}
	byName := map[string]int{}
	for i, v := range versions {
		byName[v.Name] = weights[i]
	}
	text, _ := json.Marshal(byName) // of a map of numbers: it can't fail
	return string(text)
}

// outputLines are the outputs as a log may show them. Files of outputs keep
// every value as it is.
func outputLines(outs []platform.Output) string {
	var text strings.Builder
	text.WriteString("\noutputs:\n")
	for _, o := range outs {
		fmt.Fprintf(&text, "  %s=%s\n", o.Name, summary.Plain(o.Value))
	}
	return text.String()
}

func failed(r trial.Report) []string {
	var names []string
	for _, f := range r.Findings {
		if f.Verdict == trial.Fail && !f.Inform {
			names = append(names, f.Objective)
		}
	}
	return names
}

// findingAnnotations points at the objectives that did not pass, the verdict
// first, and at commands that failed.
func findingAnnotations(r trial.Report) []platform.Annotation {
	return append(verdictAnnotations(r), hookAnnotations(r)...)
}

// hookAnnotations tell of commands that failed, of which the verdict says
// nothing: that one was not rolled back is worse than the verdict.
func hookAnnotations(r trial.Report) []platform.Annotation {
	var out []platform.Annotation
	for _, h := range r.Hooks {
		if h.Failed == 0 || h.Ignored {
			continue
		}
		a := platform.Annotation{Level: platform.Warning, Title: "Seatrial: on " + h.Event, Message: summary.Plain(told(h))}
		if h.Event != config.OnRound && h.Event != config.OnFinish {
			a.Level = platform.Error
		}
		out = append(out, a)
	}
	return out
}

// verdictAnnotations are those about what was measured.
func verdictAnnotations(r trial.Report) []platform.Annotation {
	if r.Status == trial.Judged && r.Verdict == trial.Pass {
		return nil
	}
	first := platform.Annotation{Level: platform.Error, Title: "Seatrial: " + r.Status.String(), Message: summary.Plain(r.Reason)}
	if r.Judged() {
		first.Title = "Seatrial: " + r.Verdict.String()
	}
	if r.Judged() && r.Verdict == trial.Inconclusive {
		first.Level = platform.Warning
	}
	out := []platform.Annotation{first}
	if r.Traffic != nil && r.Traffic.Remedy != "" {
		out = append(out, platform.Annotation{Level: platform.Error, Title: "Seatrial: route not left", Message: summary.Plain(r.Traffic.Remedy)})
	}
	for _, f := range r.Findings {
		if f.Verdict == trial.Pass || f.Inform || f.Source == nil || f.Source.File == "" {
			continue
		}
		a := platform.Annotation{Level: platform.Warning, Title: "Seatrial: " + f.Objective, Message: summary.Plain(f.Reason)}
		a.File, a.Line, a.Column = f.Source.File, f.Source.Line, f.Source.Column
		out = append(out, a)
	}
	return out
}

// mistakeAnnotations points at each mistake of the inputs.
func mistakeAnnotations(err error) []platform.Annotation {
	var mistakes *config.Mistakes
	if !errors.As(err, &mistakes) {
		return []platform.Annotation{{Level: platform.Error, Title: "Seatrial: bad input", Message: summary.Plain(err.Error())}}
	}
	var out []platform.Annotation
	for _, m := range mistakes.All {
		out = append(out, platform.Annotation{
			Level: platform.Error, Title: "Seatrial: bad input", Message: summary.Plain(m.String()),
			File: m.Source.File, Line: m.Source.Line, Column: m.Source.Column,
		})
	}
	return out
}
