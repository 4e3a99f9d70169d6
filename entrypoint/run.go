package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// run is the step itself: inputs, trial, report, exit code.
func (p process) run(ctx context.Context, flags map[string]string) int {
	where := platform.Detect(platform.Environment{Getenv: p.getenv, Stdout: p.stdout, Random: p.random})
	file, warnings, err := config.Load(config.Sources{Flags: flags, Environ: p.environ, ReadFile: p.readFile})
	where.Mask(file.Secrets())
	if text := unusedToken(where, file.Publish); text != "" {
		warnings = append(warnings, config.Warning(text))
	}
	for _, w := range warnings {
		p.tell("warning:", w)
	}
	if err != nil {
		return p.refuse(ctx, where, file, err)
	}
	if err := p.network.unreachable(p.getenv, file); err != nil {
		return p.refuse(ctx, where, file, err)
	}
	cluster, err := p.connect(file, where)
	if err != nil {
		return p.refuse(ctx, where, file, err)
	}
	former, err := p.former(&file)
	if err != nil {
		return p.refuse(ctx, where, file, err)
	}
	if file.Load.Seed == 0 {
		file.Load.Seed = p.seed()
	}
	unfilled := p.fillSecrets(ctx, &file, cluster, where)
	a := p.begin(file, former)
	a.cluster, a.unfilled = cluster, unfilled
	return a.try(ctx, where)
}

// seed draws a seed that is short enough to be typed again.
func (p process) seed() uint64 {
	var random [4]byte
	if _, err := io.ReadFull(p.random, random[:]); err != nil {
		return uint64(p.now().UnixNano())
	}
	return 1 + uint64(binary.LittleEndian.Uint32(random[:]))
}

// refuse tells every mistake at once; nothing was sent.
func (p process) refuse(ctx context.Context, where platform.Platform, file config.File, mistakes error) int {
	p.tell(mistakes)
	r := trial.Report{Schema: trial.ReportSchema, Tool: version, Status: trial.BadInput, Reason: firstOf(mistakes)}
	var known remediable
	if errors.As(mistakes, &known) {
		r.Reason, r.Remedy = known.Reason(), known.Remedy()
	}
	r.ExitCode = exitCode(r, file.Mode, nil)
	p.publish(ctx, where, r, file.Publish, published{markdown: summary.Markdown(r), annotations: mistakeAnnotations(mistakes)})
	return r.ExitCode
}

// remediable is an error that knows what to do about it.
type remediable interface {
	error
	Reason() string
	Remedy() string
}

// firstOf is the first mistake, and how many there are beside it.
func firstOf(err error) string {
	var mistakes *config.Mistakes
	if !errors.As(err, &mistakes) {
		return err.Error()
	}
	text := mistakes.All[0].String()
	if more := len(mistakes.All) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// try runs a trial whose inputs are sound and reports it, whatever happens.
func (a *attempt) try(ctx context.Context, where platform.Platform) int {
	p, file, log := a.process, a.file, newParts(a.process, where)
	log.begin(p.stderr, "inputs", "Inputs")
	watcher, hooks := newProgress(p, file, log), newHooks(p, file, a.cluster, log)
	out := a.run(ctx, hooks, watcher)
	watcher.end()
	if a.cluster != nil {
		fmt.Fprintf(p.stderr, "✓ cluster    %d requests to its API server\n", a.cluster.Calls())
	}
	r := a.report(out)
	r.ExitCode = exitCode(r, file.Mode, context.Cause(ctx))
	r = hooks.conclude(ctx, r)
	r.ExitCode = exitCode(r, file.Mode, context.Cause(ctx))
	r = hooks.finish(ctx, r)
	files := a.keep(r)
	log.begin(p.stdout, "report", "Report")
	fmt.Fprint(p.stdout, p.text(r, files.dir))
	log.end()
	p.publish(ctx, where, r, file.Publish, files)
	return r.ExitCode
}

// attempt is a trial laid out, with what its report will need.
type attempt struct {
	process
	file     config.File
	cluster  *k8s.Cluster // nil where nothing needs one
	versions []trial.Version
	judge    *slo.Judge
	header   evidence.Header
	store    *evidence.Writer   // nil where it could not be made
	unfilled error              // why secrets of the cluster are not known
	former   *evidence.Evidence // that the trial goes on with; nil where it begins anew
}

func (p process) begin(file config.File, former *evidence.Evidence) *attempt {
	versions := file.Versions()
	a := &attempt{
		process: p, file: file, versions: versions, judge: slo.New(file.Policy(), versions), former: former,
		header: evidence.Header{Tool: version, Started: p.now().UTC(), Seed: file.Load.Seed, Versions: versions, Requests: file.RequestNames()},
	}
	if former != nil {
		a.header = former.Header
	}
	return a
}

// reportFiles are the names of the files that a report is written to.
func reportFiles() []string {
	names := []string{platform.DotenvFile}
	for _, f := range summary.Formats {
		names = append(names, f.File)
	}
	return names
}

// run plugs the rooms together and runs the trial.
func (a *attempt) run(ctx context.Context, hooks *hooks, watcher runner.Watcher) runner.Outcome {
	broken := func(err error) runner.Outcome {
		return runner.Outcome{Status: trial.Broken, Reason: err.Error()}
	}
	resolved, err := a.file.YAML()
	if err != nil {
		return broken(err)
	}
	if a.store, err = a.open(resolved); err != nil {
		return broken(err)
	}
	if a.unfilled != nil {
		return broken(a.unfilled)
	}
	if last := a.replayFormer(); last.Done {
		return runner.Outcome{Status: trial.Judged}
	}
	if err := hooks.start(ctx); err != nil && ctx.Err() != nil {
		return runner.Outcome{Status: trial.Cancelled, Reason: "cancelled " + err.Error()}
	} else if err != nil {
		return broken(err)
	}
	waiter, err := a.waiter(a.file, a.cluster)
	if err != nil {
		return broken(err)
	}
	meter, release, err := a.meter(a.file, a.firstWindow())
	if err != nil {
		return broken(err)
	}
	defer release()
	traffic, err := a.traffic()
	if err != nil {
		return broken(err)
	}
	return runner.Run(ctx, runner.Stages{Waiter: waiter, Meter: meter, Store: a.store, Judge: a.judge, Watcher: hooks.round.watching(ctx, watcher), Traffic: traffic})
}
