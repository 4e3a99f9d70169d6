package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// Bounds of a calibration.
const (
	mostCalibrated = 1_000_000 // requests to each version
	mostServices   = 4
)

type calibrateOptions struct {
	takes  []time.Duration
	asJSON bool
}

func (p process) calibrateCommand(code *int) *cobra.Command {
	var o calibrateOptions
	c := &cobra.Command{
		Use: "calibrate", Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		Short: "measure how small a difference this machine can tell",
		Long: "Send a trial's load to a service of its own on this machine, started twice, whose\n" +
			"times are known: how far off are the measured ones, and below which size does a\n" +
			"difference drown in the noise? Inputs are those of a trial, of which only rate,\n" +
			"for, warmup, connections, timeout and keep-alive matter: no version is asked.",
	}
	addInputs(c)
	c.Flags().DurationSliceVar(&o.takes, "takes", []time.Duration{0, 5 * time.Millisecond}, "how long the service takes for an answer; several are measured one after another")
	c.Flags().BoolVar(&o.asJSON, "json", false, "print the calibration as JSON")
	c.Run = func(c *cobra.Command, _ []string) { *code = p.calibrate(c.Context(), changed(c), o) }
	c.SetUsageFunc(func(c *cobra.Command) error {
		_, err := fmt.Fprintf(c.OutOrStdout(), "Usage:\n  seatrial calibrate [inputs] [flags]\n\nFlags:\n      --json                %s\n      --takes DURATION,…    %s (default 0s,5ms)\n\nseatrial --help lists the inputs.\n",
			c.Flag("json").Usage, c.Flag("takes").Usage)
		return err
	})
	return c
}

func (p process) calibrate(ctx context.Context, flags map[string]string, o calibrateOptions) int {
	load, err := p.calibratedLoad(flags)
	if err == nil {
		err = boundCalibration(load, o.takes)
	}
	if err != nil {
		p.tell(err)
		return exitBadInput
	}
	out := trial.Calibration{
		Schema: trial.CalibrationSchema, Tool: version, CPUs: runtime.GOMAXPROCS(0),
		Rate: load.Rate.PerSecond, Seconds: load.For.Seconds(), Connections: load.Connections,
	}
	for _, takes := range o.takes {
		fmt.Fprintf(p.stderr, "calibrating with a service that takes %s, for %s\n", takes, load.Warmup+load.For)
		s, err := p.calibrateWith(ctx, load, takes)
		if err != nil {
			p.tell("seatrial: calibrate:", err)
			return planExit(ctx, err)
		}
		out.Services = append(out.Services, s)
	}
	return p.tellCalibration(out, o)
}

// calibratedLoad is what of a trial's load can be calibrated: how much of it there is
// and over how many connections, not what is asked.
func (p process) calibratedLoad(flags map[string]string) (loadgen.Options, error) {
	if _, err := p.readFile("seatrial.yaml"); errors.Is(err, fs.ErrNotExist) && flags["candidate"]+flags["candidates"]+flags["config"] == "" {
		// Never asked: without a trial file there need be none.
		flags["candidate"], flags["baseline"] = "http://127.0.0.1:1", "http://127.0.0.1:2"
	}
	flags["at-least"] = "1s" // nothing is judged: a calibration may be shorter than a trial
	file, warnings, err := config.Load(config.Sources{Flags: flags, Environ: p.environ, ReadFile: p.readFile})
	for _, w := range warnings {
		p.tell("warning:", w)
	}
	if err != nil {
		return loadgen.Options{}, err
	}
	load, asked := loadgen.DefaultOptions(), file.Load
	if asked.Closed || len(asked.Stages) > 0 {
		return loadgen.Options{}, errors.New("load: a calibration is of one rate; name a trial file without closed and stages with --config; nothing was sent")
	}
	load.Rate, load.For, load.Warmup = asked.Rate, asked.For, asked.Warmup
	load.Connections, load.Timeout, load.KeepAlive = asked.Connections, asked.Timeout, asked.KeepAlive
	if load.Seed = asked.Seed; load.Seed == 0 {
		load.Seed = p.seed()
	}
	return load, nil
}

func boundCalibration(load loadgen.Options, takes []time.Duration) error {
	each := load.Rate.PerSecond * load.For.Seconds()
	text, _ := load.Rate.MarshalText()
	switch {
	case each > mostCalibrated:
		return fmt.Errorf("%s for %s is %.0f requests to each version: a calibration takes at most %d; nothing was sent", text, load.For, each, mostCalibrated)
	case len(takes) < 1 || len(takes) > mostServices:
		return fmt.Errorf("--takes: %d times: give 1 to %d; nothing was sent", len(takes), mostServices)
	}
	for _, t := range takes {
		if t < 0 || t > load.Timeout/2 {
			return fmt.Errorf("--takes: %s is out of range: 0s to %s, half of the time-out; nothing was sent", t, load.Timeout/2)
		}
	}
	return nil
}

// calibrateWith starts two services that take so long, loads them and ends them.
func (p process) calibrateWith(ctx context.Context, load loadgen.Options, takes time.Duration) (trial.Calibrated, error) {
	const times = "/own-times"
	var versions [2]loadgen.Target
	for i, name := range []string{"baseline", "candidate"} {
		url, stop, err := p.startSample(ctx, []string{"--latency=" + takes.String(), "--spread=0", "--errors=0", "--times=" + times})
		if err != nil {
			return trial.Calibrated{}, err
		}
		defer stop()
		versions[i] = loadgen.Target{Name: name, URL: url}
	}
	out, err := loadgen.Calibrate(ctx, load, versions, func(v int) ([]float64, error) { return ownTimes(ctx, versions[v].URL+times) })
	out.Takes = trial.Quantity{Value: takes.Seconds(), Unit: trial.Seconds}
	return out, err
}

// ownTimes asks a sample service how long its answers took.
func ownTimes(ctx context.Context, url string) ([]float64, error) {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the service for its own times: %w", err)
	}
	defer response.Body.Close()
	var out []float64
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		nanoseconds, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the service's own times: %w", err)
		}
		out = append(out, time.Duration(nanoseconds).Seconds())
	}
	return out, lines.Err()
}

// tellCalibration prints it. A load that could not be kept is no calibration of it.
func (p process) tellCalibration(c trial.Calibration, o calibrateOptions) int {
	if o.asJSON {
		if !p.printJSON(c) {
			return exitInternal
		}
	} else {
		fmt.Fprint(p.stdout, summary.Calibration(c, summary.Style{Color: p.color, Width: p.width}))
	}
	for _, s := range c.Services {
		if slo.TooLate(s.Late+s.Unsent+s.Failed, s.Planned) {
			p.tell(fmt.Sprintf("seatrial: calibrate: this machine can't keep %s with a service that takes %s: of %d requests, %d were late, %d not sent and %d failed; ask for a lower rate, or more connections",
				trial.Quantity{Value: c.Rate, Unit: trial.PerSecond}, s.Takes, s.Planned, s.Late, s.Unsent, s.Failed))
			return exitBroken
		}
	}
	return exitPass
}
