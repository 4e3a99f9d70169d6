package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

func (p process) judgeCommand(code *int) *cobra.Command {
	var objectives string
	var asJSON bool
	c := &cobra.Command{
		Use: "judge DIR", Args: cobra.ExactArgs(1), SilenceErrors: true, SilenceUsage: true,
		Short: "judge stored evidence again, or by other objectives",
		Long: "Judge the evidence in DIR again. Nothing is sent and nothing is written.\n" +
			"With the same objectives the findings are the same to the byte.",
		Run: func(c *cobra.Command, args []string) { *code = p.judge(args[0], objectives, asJSON) },
	}
	c.Flags().StringVar(&objectives, "objectives", "", "other objectives, one a line")
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return c
}

// judge replays stored rounds through the judge.
func (p process) judge(dir, objectives string, asJSON bool) int {
	stored, err := evidence.Open(dir)
	if err != nil {
		fmt.Fprintln(p.stderr, "seatrial:", err)
		if errors.Is(err, fs.ErrNotExist) {
			return exitBadInput
		}
		return exitBroken
	}
	file, err := config.LoadStored(stored.TrialFile)
	if err == nil && objectives != "" {
		file.Objectives, err = config.Objectives(objectives, "--objectives", hasBaseline(stored))
	}
	if err != nil {
		fmt.Fprintln(p.stderr, err)
		return exitBadInput
	}
	r := replay(stored, file)
	if asJSON {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			fmt.Fprintln(p.stderr, "seatrial:", err)
			return exitInternal
		}
		fmt.Fprintln(p.stdout, string(text))
		return r.ExitCode
	}
	fmt.Fprint(p.stdout, p.text(r, dir))
	return r.ExitCode
}

func hasBaseline(e *evidence.Evidence) bool { return trial.BaselineOf(e.Versions) >= 0 }

// cameToItsEnd reports whether the trial was neither cut short, cancelled nor broken.
func cameToItsEnd(e *evidence.Evidence) bool {
	var r trial.Report
	return e.Cut == "" && json.Unmarshal(e.Report, &r) == nil && r.Status == trial.Judged
}

// replay is the report of stored evidence: what a trial of the same rounds
// would have said, and where the evidence ends early, that it does.
func replay(e *evidence.Evidence, file config.File) trial.Report {
	judge := slo.New(file.Policy(), e.Versions)
	var examples []trial.Example
	for _, round := range e.Rounds {
		judge.Look(round)
		examples = append(examples, round.Examples...)
	}
	c := judge.Conclude(cameToItsEnd(e))
	r := reportOf(c, file, e.Header)
	r.Examples = counted(examples, c.Answers, e.Versions)
	if c.Broken != "" {
		r.Status = trial.Broken
		if r.Verdict != trial.Fail {
			r.Verdict, r.Reason = trial.Inconclusive, c.Broken
		}
	}
	if e.Cut != "" {
		r.Notes = append([]string{strings.ToUpper(e.Cut[:1]) + e.Cut[1:] + "."}, r.Notes...)
	}
	r.ExitCode = exitCode(r, file.Mode, nil)
	return r
}
