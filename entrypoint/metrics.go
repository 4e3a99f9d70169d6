package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/metrics"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

func (p process) metricsCommand(code *int) *cobra.Command {
	c := &cobra.Command{
		Use: "metrics", Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		Short: "ask for every metric once, and print what came",
		Long: "Ask the providers of the trial file once about every metric of every version,\n" +
			"over the last window, and print what came, how old it is and how long it took,\n" +
			"or why it is missing. Inputs are those of a trial; no load is sent.\n" +
			"Exit code 0: all came; 5: something is missing.",
	}
	addInputs(c)
	c.Run = func(c *cobra.Command, _ []string) { *code = p.readings(c.Context(), changed(c)) }
	c.SetUsageFunc(func(c *cobra.Command) error {
		_, err := fmt.Fprintf(c.OutOrStdout(), "Usage:\n  seatrial metrics [inputs]\n\nseatrial --help lists the inputs.\n")
		return err
	})
	return c
}

// readings asks for every metric once.
func (p process) readings(ctx context.Context, flags map[string]string) int {
	file, _, err := config.Load(config.Sources{Flags: flags, Environ: p.environ, ReadFile: p.readFile})
	where := platform.Detect(platform.Environment{Getenv: p.getenv, Stdout: p.stderr, Random: p.random})
	where.Mask(file.Secrets())
	if err != nil {
		p.tell(err)
		return exitBadInput
	}
	if len(file.Metrics) == 0 {
		p.tell("seatrial: the trial file declares no metrics, so there is nobody to ask: list them as metrics; nothing was asked.")
		return exitBadInput
	}
	if err := p.reachSecrets(ctx, &file, where); err != nil {
		p.tell("seatrial:", err)
		return exitBroken
	}
	meters, release, err := p.askers(file, 0)
	if err != nil {
		p.tell("seatrial:", err)
		return exitBroken
	}
	defer release()
	all, came := p.ask(ctx, file, meters)
	fmt.Fprint(p.stdout, summary.Readings(all, summary.Style{Color: p.color, Width: p.width}))
	if !came {
		return exitBroken
	}
	return exitPass
}

// ask puts all questions, and reports whether all were answered.
func (p process) ask(ctx context.Context, file config.File, meters []*metrics.Meter) (all []trial.Reading, came bool) {
	came = true
	for _, m := range meters {
		round := m.Once(ctx)
		for _, s := range round.Samples {
			r := p.reading(file, s, round)
			r.Delay = m.Delay()
			came = came && s.Missing == ""
			all = append(all, r)
		}
	}
	return all, came
}

func (p process) reading(file config.File, s trial.Sample, round trial.Round) trial.Reading {
	r := trial.Reading{Provider: round.Series, Sample: s, Version: file.Versions()[s.Version].Name, Window: round.End - round.Start}
	for _, m := range file.Metrics {
		if m.Name == s.Metric {
			r.Declared, r.Unit = m.Kind.String(), trial.Unit(m.Unit)
		}
	}
	var newest time.Time
	for _, asked := range round.Asked {
		if asked.Metric != s.Metric || asked.Version != s.Version {
			continue
		}
		if r.Took = max(r.Took, asked.Took); asked.Newest.After(newest) {
			newest = asked.Newest
		}
	}
	if r.Aged = !newest.IsZero(); r.Aged {
		r.Age = p.now().Sub(newest)
	}
	return r
}
