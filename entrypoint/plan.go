package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// planOptions is what only a plan is asked.
type planOptions struct {
	from   string // evidence directory; empty: measure a warm-up
	strict bool
	asJSON bool
}

func (p process) planCommand(code *int) *cobra.Command {
	var o planOptions
	c := &cobra.Command{
		Use: "plan", Args: objectivesAfterDash, SilenceErrors: true, SilenceUsage: true,
		Short: "say what a trial could decide, before it is run",
		Long: "Send the warm-up alone and forecast from it, for each objective, when it would\n" +
			"be decided and how small a regression would fail. Inputs are those of a trial.\n" +
			"With --from nothing is sent: the forecast is drawn from the evidence in DIR,\n" +
			"and of the inputs only --for and the policy change what is asked.",
	}
	addInputs(c)
	c.Run = func(c *cobra.Command, objectives []string) {
		*code = p.plan(c.Context(), withObjectives(changed(c), objectives), o)
	}
	c.Flags().StringVar(&o.from, "from", "", "draw the forecast from this evidence directory")
	c.Flags().BoolVar(&o.strict, "strict", false, "exit 64 where an objective can't be expected to be decided")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print the plan as JSON")
	c.SetUsageFunc(func(c *cobra.Command) error {
		_, err := fmt.Fprintf(c.OutOrStdout(), "Usage:\n  seatrial plan [inputs] [flags] [-- OBJECTIVE...]\n\nFlags:\n"+
			"      --from DIR   %s\n      --json       %s\n      --strict     %s\n\nseatrial --help lists the inputs.\n",
			c.Flag("from").Usage, c.Flag("json").Usage, c.Flag("strict").Usage)
		return err
	})
	return c
}

// plan forecasts a trial from a warm-up or from what is stored.
func (p process) plan(ctx context.Context, flags map[string]string, o planOptions) int {
	if o.from != "" {
		return p.planStored(flags, o)
	}
	file, warnings, err := config.Load(config.Sources{Flags: flags, Environ: p.environ, ReadFile: p.readFile})
	commands := p.stdout
	if o.asJSON {
		commands = p.stderr // stdout is the plan's alone
	}
	where := platform.Detect(platform.Environment{Getenv: p.getenv, Stdout: commands, Random: p.random})
	where.Mask(file.Secrets())
	for _, w := range warnings {
		p.tell("warning:", w)
	}
	if err != nil {
		p.tell(err)
		return exitBadInput
	}
	if text := unplanned(file); text != "" {
		fmt.Fprintln(p.stderr, text)
		return exitBadInput
	}
	file.Traffic = config.Traffic{} // a warm-up moves none, and needs no cluster for it
	cluster, err := p.connect(file, where)
	if err != nil {
		p.tell(err)
		return exitBadInput
	}
	if err := p.fillSecrets(ctx, &file, cluster, where); err != nil {
		p.tell("seatrial:", err)
		return exitBroken
	}
	if file.Load.Warmup == 0 {
		fmt.Fprintln(p.stderr, "warmup: 0s leaves nothing to plan from: use warmup: 5s, or --from an evidence directory; nothing was sent.")
		return exitBadInput
	}
	if file.Load.Seed == 0 {
		file.Load.Seed = p.seed()
	}
	watcher := newProgress(p, file, &parts{process: p})
	rounds, err := p.measureWarmup(ctx, file, cluster, watcher)
	if err != nil {
		p.tell("seatrial:", err)
		return planExit(ctx, err)
	}
	return p.tellPlan(planOf(file, file.Versions(), rounds), o)
}

// planExit is the exit code of a plan that came to nothing.
func planExit(ctx context.Context, err error) int {
	var missing *trial.NotReadyError
	var s signalled
	switch {
	case errors.As(context.Cause(ctx), &s):
		return exitSignal + int(s.Signal)
	case errors.As(err, &missing):
		return exitNotReady
	}
	return exitBroken
}

// measureWarmup sends the warm-up of a trial and nothing else.
func (p process) measureWarmup(ctx context.Context, file config.File, cluster *k8s.Cluster, watcher runner.Watcher) ([]trial.Round, error) {
	waiter, err := p.waiter(file, cluster)
	if err != nil {
		return nil, err
	}
	load := file.Load
	load.For = 0
	meter, err := loadgen.NewMeter(load, file.Sent(), file.Targets())
	if err != nil {
		return nil, err
	}
	if err := waiter.Wait(ctx); err != nil {
		return nil, err
	}
	watcher.Ready()
	var rounds []trial.Round
	for round, err := range meter.Rounds(ctx) {
		if err != nil {
			return nil, fmt.Errorf("could not send the load: %w", err)
		}
		rounds = append(rounds, round)
		watcher.Looked(round, trial.Look{})
	}
	if ctx.Err() != nil {
		return nil, errors.New("cancelled during the warm-up")
	}
	return rounds, nil
}

// planStored forecasts a trial from the rounds of an earlier one.
func (p process) planStored(flags map[string]string, o planOptions) int {
	stored, err := evidence.Open(o.from)
	if err != nil {
		p.tell("seatrial:", err)
		if errors.Is(err, fs.ErrNotExist) {
			return exitBadInput
		}
		return exitBroken
	}
	file, err := config.LoadStored(stored.TrialFile, flags)
	if err == nil {
		err = lengthen(&file, flags)
	}
	if err != nil {
		p.tell(err)
		return exitBadInput
	}
	if text := unplanned(file); text != "" {
		fmt.Fprintln(p.stderr, text)
		return exitBadInput
	}
	return p.tellPlan(planOf(file, stored.Versions, stored.Rounds), o)
}

// unplanned is why nothing can be forecast of a trial; empty where it can.
func unplanned(file config.File) string {
	switch {
	case file.Load.Identify != nil:
		return onlyOwnAddresses
	case file.Load.Closed:
		return "load.closed: a plan is made of a rate, and a closed loop has none; nothing was sent."
	case file.NoLoad():
		return "metrics: a plan is made of load, and this trial sends none: seatrial metrics shows what others tell of the versions now; nothing was sent."
	}
	return ""
}

// onlyOwnAddresses is why nothing is forecast where a gateway splits the load:
// how many requests a version will get is not the trial's to say.
const onlyOwnAddresses = "load.identify: a plan is made of versions that have an address each; leave load.url and load.identify out, " +
	"and give each version its url; nothing was sent."

// lengthen plans a trial of another length than the stored one. What is asked
// of it may be another policy; how it was measured can't be changed any more.
func lengthen(file *config.File, flags map[string]string) error {
	for name, value := range flags {
		switch {
		case name == "for":
			length, err := time.ParseDuration(value)
			if err != nil || length <= 0 || length > 24*time.Hour {
				return fmt.Errorf("--for: %q is not a length of load, such as 90s or 5m", value)
			}
			file.Load.For = length
		case !slices.Contains(config.Policies, name):
			return fmt.Errorf("--%s: with --from, the rounds are there already; only --for and the policy (%s) can be changed", name, strings.Join(config.Policies, ", "))
		}
	}
	return nil
}

func planOf(file config.File, versions []trial.Version, rounds []trial.Round) trial.Plan {
	length := file.Load.RoundLength()
	p := trial.Plan{
		Schema: trial.PlanSchema, Tool: version, Name: file.Name, Versions: versions,
		Budget: file.Load.For.Seconds(), Rate: file.Load.Rate.PerSecond,
		Forecasts: slo.Plan(file.Policy(), versions, rounds, file.Load.Rounds(), length),
	}
	for _, r := range rounds {
		if r.Complete {
			p.Recorded.Rounds++
			p.Recorded.Seconds += (r.End - r.Start).Seconds()
			p.Recorded.Requests += r.Generator.Planned
			p.Recorded.Late += r.Generator.Late
		}
	}
	return p
}

// tellPlan prints a plan, warns of what can't be decided, and with strict
// refuses it.
func (p process) tellPlan(plan trial.Plan, o planOptions) int {
	if o.asJSON {
		text, err := json.MarshalIndent(plan, "", "  ")
		if err != nil {
			fmt.Fprintln(p.stderr, "seatrial:", err)
			return exitInternal
		}
		fmt.Fprintln(p.stdout, string(text))
	} else {
		fmt.Fprint(p.stdout, summary.Plan(plan, summary.Style{Color: p.color, Width: p.width}))
	}
	code := exitPass
	for _, f := range plan.Forecasts {
		if f.Inform || f.Decidable() {
			continue
		}
		p.tell("warning:", undecided(f, plan))
		if o.strict {
			code = exitBadInput
		}
	}
	if slo.TooLate(plan.Recorded.Late, plan.Recorded.Requests) || plan.Recorded.Rounds == 0 {
		return exitBroken
	}
	return code
}

// undecided says what is wrong with a forecast, and the remedy.
func undecided(f trial.Forecast, plan trial.Plan) string {
	about := f.Objective
	if len(plan.Versions) > 2 {
		about = f.Version + ": " + about
	}
	budget := trial.Quantity{Value: plan.Budget, Unit: trial.Seconds}
	switch {
	case f.Problem != "":
		return fmt.Sprintf("%s: %s", about, f.Problem)
	case f.Rounds == 0:
		return fmt.Sprintf("%s: no verdict in reach of a forecast at this noise; move the limit, raise the rate, or mark it inform", about)
	case f.Enough == 0:
		return fmt.Sprintf("%s: no verdict to be expected in %s, and no length in reach is sure; raise the rate, or move the limit", about, budget)
	}
	return fmt.Sprintf("%s: no verdict to be expected in %s; use for: %s, or a higher rate", about, budget, summary.Length(f.Enough))
}
