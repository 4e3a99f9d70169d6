package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

func (p process) judgeCommand(code *int) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "judge DIR...", Args: cobra.MinimumNArgs(1), SilenceErrors: true, SilenceUsage: true,
		Short: "judge stored evidence again, or by another policy",
		Long: "Judge the evidence in each DIR again. Nothing is sent and nothing is written.\n" +
			"With the same policy the findings are the same to the byte; another one is\n" +
			"replayed over what was measured then. Several directories give a table, and\n" +
			"the exit code of the worst of them.\n\nThe policy, where it is to be another than the trial's\n" + config.HelpOf(config.Policies),
	}
	for _, input := range config.Inputs {
		if slices.Contains(config.Policies, input.Name) {
			c.Flags().String(input.Name, "", input.Help)
			c.Flags().Lookup(input.Name).Hidden = true
		}
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: the report, or a list of them")
	c.Run = func(c *cobra.Command, dirs []string) {
		if len(dirs) == 1 {
			*code = p.judge(dirs[0], changed(c), asJSON)
			return
		}
		*code = p.judgeAll(dirs, changed(c), asJSON)
	}
	return c
}

// judge replays one trial's rounds through the judge.
func (p process) judge(dir string, policy map[string]string, asJSON bool) int {
	r, code := p.again(dir, policy)
	if code != exitPass {
		return code
	}
	if asJSON {
		if !p.printJSON(r.Report) {
			return exitInternal
		}
		return r.ExitCode
	}
	fmt.Fprint(p.stdout, p.text(r.Report, dir))
	return r.ExitCode
}

// rejudged is a trial's report by another policy, and what was said then.
type rejudged struct {
	trial.Report
	then trial.Report
}

// judgeAll replays many trials; those that can't be read are told and left out.
func (p process) judgeAll(dirs []string, policy map[string]string, asJSON bool) int {
	var reports []trial.Report
	var lines []summary.Replay
	worst := exitPass
	for _, dir := range dirs {
		r, code := p.again(dir, policy)
		if code != exitPass {
			worst = worse(worst, code)
			continue
		}
		worst = worse(worst, r.ExitCode)
		reports = append(reports, r.Report)
		lines = append(lines, summary.Replay{Dir: dir, Then: r.then, Now: r.Report})
	}
	if asJSON {
		if !p.printJSON(reports) {
			return exitInternal
		}
		return worst
	}
	fmt.Fprint(p.stdout, summary.Replays(lines, summary.Style{Color: p.color, Width: p.width}))
	return worst
}

// severity is the order of exit codes from the worst: what is shown to be wrong
// comes before what could not be told.
var severity = []int{exitInternal, exitBadInput, exitFail, exitBroken, exitNotReady, exitInconclusive, exitPass}

// worse is the one of two exit codes that a pipeline must see.
func worse(a, b int) int {
	for _, code := range severity {
		if a == code || b == code {
			return code
		}
	}
	return max(a, b) // cancelled
}

// again judges stored evidence. Its code is not 0 where that was not possible,
// and the user was told why.
func (p process) again(dir string, policy map[string]string) (rejudged, int) {
	stored, err := evidence.Begin(dir)
	if err != nil {
		return rejudged{}, p.unreadable(err)
	}
	file, err := config.LoadStored(stored.TrialFile, policy)
	if err != nil {
		p.tell(err)
		return rejudged{}, exitBadInput
	}
	now, err := replay(stored, file)
	if err != nil {
		return rejudged{}, p.unreadable(err)
	}
	return rejudged{Report: now, then: written(stored)}, exitPass
}

// unreadable tells why evidence can't be read; a wrong name is bad input.
func (p process) unreadable(err error) int {
	p.tell("seatrial:", err)
	if errors.Is(err, fs.ErrNotExist) {
		return exitBadInput
	}
	return exitBroken
}

func (p process) printJSON(v any) bool {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		fmt.Fprintln(p.stderr, "seatrial:", err)
		return false
	}
	fmt.Fprintln(p.stdout, string(text))
	return true
}

// written is the report that the trial left; the zero one, which is of a broken
// trial, where it left none.
func written(e *evidence.Evidence) trial.Report {
	var r trial.Report
	if e.Cut != "" || json.Unmarshal(e.Report, &r) != nil {
		return trial.Report{}
	}
	return r
}

// replay is the report of stored evidence: what a trial of the same rounds
// would have said, and where the evidence ends early, that it does.
func replay(e *evidence.Evidence, file config.File) (trial.Report, error) {
	judge := slo.New(file.Policy(), e.Versions)
	var examples []trial.Example
	for round, err := range e.Each() {
		if err != nil {
			return trial.Report{}, err
		}
		judge.Look(round)
		examples = append(examples, round.Examples...)
	}
	c := judge.Conclude(written(e).Status == trial.Judged)
	r := reportOf(c, file, e.Header)
	r.Hooks = written(e).Hooks // they ran then
	r.Examples = counted(examples, c.Answers, e.Versions)
	r.Traffic = written(e).Traffic // was moved then, and is not now
	if c.Broken != "" {
		r.Status = trial.Broken
		if r.Verdict != trial.Fail {
			r.Verdict, r.Reason = trial.Inconclusive, c.Broken
			r.Choice.Winner, r.Choice.Recommended = "", running(e.Versions)
		}
	}
	if e.Cut != "" {
		r.Notes = append([]string{strings.ToUpper(e.Cut[:1]) + e.Cut[1:] + "."}, r.Notes...)
	}
	r.ExitCode = exitCode(r, file.Mode, nil)
	return r, nil
}
