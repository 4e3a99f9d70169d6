package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// capacityOptions is what only a search for the highest rate is asked.
type capacityOptions struct {
	from, to, want string
	step           string
	asJSON         bool
}

func (p process) capacityCommand(code *int) *cobra.Command {
	var o capacityOptions
	c := &cobra.Command{
		Use: "capacity", Args: objectivesAfterDash, SilenceErrors: true, SilenceUsage: true,
		Short: "find the highest rate at which the objectives hold",
		Long: "Run a trial at one rate after another until the highest is found at which the\n" +
			"objectives hold. The answer is an interval: they were shown to hold at its lower\n" +
			"end, and one was shown to be violated at its upper. Inputs are those of a trial;\n" +
			"rate is searched for, for and at-least are of each rate.",
	}
	addInputs(c)
	c.Run = func(c *cobra.Command, objectives []string) {
		*code = p.capacity(c.Context(), withObjectives(changed(c), objectives), o)
	}
	flags := []struct {
		into                       *string
		name, kind, standard, help string
	}{
		{&o.from, "from", "RATE", "10/s", "the lowest rate that is tried"},
		{&o.to, "to", "RATE", "1000/s", "the highest"},
		{&o.step, "step", "PERCENT", "10%", "how far apart two rates are at most"},
		{&o.want, "want", "RATE", "", "the rate that is needed: exit 0 if it was shown to hold, 1 if it is violated, 3 if neither"},
	}
	usage := "Usage:\n  seatrial capacity [inputs] [flags] [-- OBJECTIVE...]\n\nFlags:\n"
	for _, f := range flags {
		c.Flags().StringVar(f.into, f.name, f.standard, f.help)
		usage += fmt.Sprintf("      --%-13s %s%s\n", f.name+" "+f.kind, f.help, defaultIn(f.standard))
	}
	c.Flags().BoolVar(&o.asJSON, "json", false, "print the answer as JSON")
	usage += fmt.Sprintf("      --%-13s print the answer as JSON\n\nseatrial --help lists the inputs.\n", "json")
	c.SetUsageFunc(func(c *cobra.Command) error {
		_, err := io.WriteString(c.OutOrStdout(), usage)
		return err
	})
	return c
}

func defaultIn(text string) string {
	if text == "" {
		return ""
	}
	return " (default " + text + ")"
}

// bounds are the rates of a search, as they were typed.
type bounds struct{ from, to, want, factor float64 }

func (o capacityOptions) bounds() (bounds, error) {
	var b bounds
	for _, f := range []struct {
		name, text string
		into       *float64
	}{{"from", o.from, &b.from}, {"to", o.to, &b.to}, {"want", o.want, &b.want}} {
		if f.text == "" {
			continue
		}
		var r loadgen.Rate
		if err := r.UnmarshalText([]byte(f.text)); err != nil {
			return b, fmt.Errorf("--%s: %w", f.name, err)
		}
		*f.into = r.PerSecond
	}
	var step loadgen.Share
	if err := step.UnmarshalText([]byte(o.step)); err != nil || step < 0.01 {
		return b, fmt.Errorf("--step: %q is not a percentage from 1%% to 100%%: write 10%%", o.step)
	}
	b.factor = 1 + float64(step)
	switch {
	case b.to <= b.from:
		return b, fmt.Errorf("--to: %s is not above --from, which is %s", o.to, o.from)
	case b.want > b.to || b.want > 0 && b.want < b.from:
		return b, fmt.Errorf("--want: %s is not between --from and --to (%s and %s)", o.want, o.from, o.to)
	}
	return b, nil
}

// capacity searches for the highest rate.
func (p process) capacity(ctx context.Context, flags map[string]string, o capacityOptions) int {
	commands := p.stdout
	if o.asJSON {
		commands = p.stderr // stdout is the answer's alone
	}
	where := platform.Detect(platform.Environment{Getenv: p.getenv, Stdout: commands, Random: p.random})
	file, warnings, err := config.Load(config.Sources{Flags: flags, Environ: p.environ, ReadFile: p.readFile})
	where.Mask(file.Secrets())
	for _, w := range warnings {
		p.tell("warning:", w)
	}
	b, wrong := o.bounds()
	if err == nil {
		err = wrong
	}
	if err == nil {
		err = p.climbable(file, b)
	}
	if err != nil {
		p.tell(err)
		return exitBadInput
	}
	search := &climbing{process: p, Climb: slo.NewClimb(b.from, b.to, b.factor), file: file, where: where}
	if search.file.Load.Seed == 0 {
		search.file.Load.Seed = p.seed()
	}
	search.process.stdout = io.Discard // of each rate, the answer has a line
	code := search.run(ctx)
	answer := search.answer(b.want)
	if err := p.tellCapacity(answer, o.asJSON); err != nil {
		p.tell("seatrial:", err)
		return exitInternal
	}
	if code != exitPass {
		return code
	}
	return capacityExit(answer)
}

// climbable refuses a trial of which no rate can be found.
func (p process) climbable(file config.File, b bounds) error {
	switch {
	case file.NoLoad():
		return fmt.Errorf("metrics: a rate is found by load, and this trial sends none; nothing was sent")
	case file.Load.Closed || len(file.Load.Stages) > 0:
		return fmt.Errorf("load: the rate is what is searched for: leave stages and closed out; nothing was sent")
	case file.Traffic.Wanted():
		return fmt.Errorf("traffic: no live traffic is moved while a rate is searched for: leave traffic out; nothing was sent")
	}
	load := file.Load
	load.Rate = loadgen.Rate{PerSecond: b.from}
	policy := file.Policy()
	policy.Confidence = confidenceOf(file, slo.NewClimb(b.from, b.to, b.factor))
	for _, text := range policy.Check(load.Rounds(), load.RoundLength(), len(file.Targets())) {
		return fmt.Errorf("at %s: %s; nothing was sent", load.Shape(), text)
	}
	return nil
}

// confidenceOf is that of each rate's trial, so that all together have the file's.
func confidenceOf(file config.File, c *slo.Climb) slo.Percent {
	return 1 - (1-file.Confidence)/slo.Percent(c.Looks())
}

// climbing is a search under way.
type climbing struct {
	process
	*slo.Climb
	file   config.File
	where  platform.Platform
	levels []trial.Level
}

// run tries one rate after another. It returns why the search had to end.
func (s *climbing) run(ctx context.Context) int {
	for rate, more := s.Next(); more; rate, more = s.Next() {
		level := s.try(ctx, rate)
		s.levels = append(s.levels, level)
		s.Tell(level.Verdict)
		switch level.Status {
		case trial.Judged:
		case trial.Broken: // too much for what serves it, perhaps: nothing is known of this rate
		default:
			return exitCode(trial.Report{Status: level.Status}, s.file.Mode, context.Cause(ctx))
		}
	}
	return exitPass
}

// try runs the trial of one rate.
func (s *climbing) try(ctx context.Context, rate float64) trial.Level {
	file := s.file
	file.Load.Rate = loadgen.Rate{PerSecond: rate}
	file.Load.Seed += uint64(len(s.levels)) // or each would send the identities of the one before
	file.Confidence = confidenceOf(s.file, s.Climb)
	file.ReportDir = filepath.Join(s.file.ReportDir, fmt.Sprintf("at-%g", rate))
	file.On, file.Publish = config.Hooks{}, config.Publish{}
	fmt.Fprintf(s.stderr, "\n")
	cluster, err := s.connect(file, s.where)
	if err != nil {
		return trial.Level{Rate: rate, Status: trial.Broken, Reason: err.Error()}
	}
	a := s.begin(file, nil)
	a.cluster = cluster
	a.unfilled = s.fillSecrets(ctx, &a.file, cluster, s.where)
	log := newParts(a.process, s.where)
	watcher := newProgress(a.process, file, log)
	out := a.run(ctx, newHooks(a.process, file, cluster, log), watcher)
	watcher.end()
	r := a.report(out)
	r.ExitCode = exitCode(r, file.Mode, context.Cause(ctx))
	a.keep(r)
	level := trial.Level{Rate: rate, Verdict: r.Verdict, Status: r.Status, Reason: r.Reason, Seconds: r.Measured.Lasted.Seconds(), Evidence: file.ReportDir}
	for _, t := range r.Totals {
		if t.Version == firstCandidate(r) {
			level.Totals = t
		}
	}
	fmt.Fprintf(s.stderr, "  %s: %s after %s\n", trial.Quantity{Value: rate, Unit: trial.PerSecond}, r.Verdict, r.Measured.Lasted.Round(100*time.Millisecond))
	return level
}

// answer is what was found, with the verdict on the rate that is wanted.
func (s *climbing) answer(want float64) trial.Capacity {
	holds, violated := s.Between()
	perSecond := func(x float64) trial.Quantity { return trial.Quantity{Value: x, Unit: trial.PerSecond} }
	c := trial.Capacity{
		Schema: trial.CapacitySchema, Tool: version, Name: s.file.Name, Versions: s.file.Versions(), Confidence: float64(s.file.Confidence),
		Holds: perSecond(holds), Violated: perSecond(violated), Want: perSecond(want), Levels: s.levels,
	}
	least := want
	if want == 0 {
		least = math.SmallestNonzeroFloat64 // any rate will do
	}
	switch {
	case holds >= least:
		c.Verdict = trial.Pass
	case violated <= want || want == 0 && holds == 0 && !math.IsInf(violated, 1):
		c.Verdict = trial.Fail
	}
	return c
}

func capacityExit(c trial.Capacity) int {
	switch c.Verdict {
	case trial.Pass:
		return exitPass
	case trial.Fail:
		return exitFail
	}
	return exitInconclusive
}

func (p process) tellCapacity(c trial.Capacity, asJSON bool) error {
	if !asJSON {
		fmt.Fprint(p.stdout, "\n"+summary.Capacity(c, summary.Style{Color: p.color, Width: p.width}))
		return nil
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		fmt.Fprintln(p.stdout, string(text))
	}
	return err
}
