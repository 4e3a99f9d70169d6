package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

func (p process) publishCommand(code *int) *cobra.Command {
	var from string
	c := &cobra.Command{
		Use: "publish", Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		Short: "comment on a pull request from a stored report",
		Long: "Show the report in DIR where the pipeline's people look, as its trial would\n" +
			"have: in the summary, the comment and the commit's status. It is for trials of\n" +
			"forks, whose runs may not comment: DIR may come from anybody. Only report.json\n" +
			"is read from it, checked, and written anew. The pull request is the event's, or\n" +
			"that of an input.\n\n" +
			"Exits 0 when it was published, whatever the verdict; 64 when the report is not\n" +
			"one; 5 when publishing failed.\n\n" + config.HelpOf(config.Publishing()),
	}
	c.Flags().StringVar(&from, "from", "", "directory with the stored report")
	for _, input := range config.Inputs {
		if slices.Contains(config.Publishing(), input.Name) {
			c.Flags().String(input.Name, "", input.Help)
			c.Flags().Lookup(input.Name).Hidden = true
			if input.Bool {
				c.Flags().Lookup(input.Name).NoOptDefVal = "true"
			}
		}
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		if from == "" {
			return errors.New("publish needs --from DIR, the directory with report.json")
		}
		*code = p.publishStored(c.Context(), from, changed(c))
		return nil
	}
	return c
}

// publishStored shows a report that anybody may have written.
func (p process) publishStored(ctx context.Context, dir string, flags map[string]string) int {
	where := platform.Detect(platform.Environment{Getenv: p.getenv, Stdout: p.stdout, Random: p.random})
	file, err := config.LoadPublish(config.Sources{Flags: flags, Environ: p.environ})
	where.Mask(file.Secrets())
	if err != nil {
		p.tell(err)
		return exitBadInput
	}
	if where.Name() == "local" {
		fmt.Fprintln(p.stderr, "seatrial: publish: this is no pipeline that can show a report: run it on GitHub, or look at report.html")
		return exitBadInput
	}
	r, err := storedReport(dir)
	if err != nil {
		p.tell("seatrial: publish:", err)
		return exitBadInput
	}
	shown := beside(where, r, file.Publish)
	shown.Summary = summary.Markdown(r)
	if err := show(ctx, where, shown); err != nil {
		p.tell("seatrial: publish:", err)
		return exitBroken
	}
	return exitPass
}

// largestReport is far more than a trial of a day writes.
const largestReport = 8 << 20

// storedReport reads the report of a directory that others could write to.
func storedReport(dir string) (trial.Report, error) {
	path := filepath.Join(dir, evidence.ReportFile)
	// A link could lead anywhere, and a pipe would never end.
	if about, err := os.Lstat(path); err != nil {
		return trial.Report{}, err
	} else if !about.Mode().IsRegular() {
		return trial.Report{}, fmt.Errorf("%s is no file", path)
	}
	opened, err := os.Open(path)
	if err != nil {
		return trial.Report{}, err
	}
	defer opened.Close()
	data, err := io.ReadAll(io.LimitReader(opened, largestReport+1))
	if err != nil {
		return trial.Report{}, err
	}
	if len(data) > largestReport {
		return trial.Report{}, fmt.Errorf("%s has more than %d bytes", path, largestReport)
	}
	r, err := trial.ReadReport(data)
	if err != nil {
		return trial.Report{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, consistent(r)
}

// consistent refuses a report whose exit code is not that of its verdict.
func consistent(r trial.Report) error {
	var mode config.Mode
	if err := mode.UnmarshalText([]byte(r.Mode)); err != nil && r.Status != trial.BadInput {
		return err
	}
	stopped := r.Status == trial.Cancelled && r.ExitCode > exitSignal
	if want := exitCode(r, mode, nil); r.ExitCode != want && !stopped {
		return fmt.Errorf("the report says exit code %d, and its verdict is worth %d", r.ExitCode, want)
	}
	return nil
}
