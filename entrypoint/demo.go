package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/platform"
)

// story is one way in which the demo's candidate differs from its baseline.
type story struct {
	name    string
	is      string
	options []string // of the sample service
}

var stories = []story{
	{"same", "the same build again", nil},
	{"slower", "30 % slower, with a few more errors", []string{"--scale=1.3", "--errors=0.4%"}},
	{"errors", "as fast, but 6 % of its answers are errors", []string{"--errors=6%"}},
	{"stalls", "stands still for 1 s of every 5", []string{"--stall-every=5s", "--stall-for=1s"}},
}

func (p process) demoCommand(code *int) *cobra.Command {
	var candidate, dir string
	c := &cobra.Command{
		Use: "demo", Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		Short: "try a trial against a sample service, started twice",
		Long: "Start a sample service twice on this machine, as baseline and candidate, and\n" +
			"run a whole trial of about 20 s against them. Exits 0 whatever the verdict,\n" +
			"and says which exit code a pipeline would have seen.",
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := storyOf(candidate)
			if err == nil {
				*code = p.demo(c.Context(), s, dir)
			}
			return err
		},
	}
	c.Flags().StringVar(&candidate, "candidate", "slower", "same, slower, errors or stalls")
	c.Flags().StringVar(&dir, "report-dir", "seatrial-report", "where evidence goes")
	return c
}

func storyOf(name string) (story, error) {
	var known []string
	for _, s := range stories {
		if s.name == name {
			return s, nil
		}
		known = append(known, s.name)
	}
	return story{}, fmt.Errorf("no story is called %q (known: %s)", name, strings.Join(known, ", "))
}

// demoTrial is the trial that the demo runs. Its service answers within about
// 10 ms; at-least is shorter than the default so that it ends soon.
const demoTrial = `
name: demo
baseline: {url: %s, version: v41}
candidate: {url: %s, version: v42}
load: {rate: 100/s, for: 20s, warmup: 2s}
at-least: 10s
report-dir: %q
objectives:
  - latency-p95 <= 110%% of baseline
  - latency-p99 <= 300ms
  - error-rate <= baseline + 2%%
`

func (p process) demo(ctx context.Context, s story, dir string) int {
	fmt.Fprintf(p.stderr, "The demo's candidate is %s. It gives no pass before 10 s; the default is 30 s.\n\n", s.is)
	baseline, stopBaseline, err := p.startSample(ctx, nil)
	if err != nil {
		return p.demoFailed(err)
	}
	defer stopBaseline()
	// With one seed both would draw the same latencies.
	candidate, stopCandidate, err := p.startSample(ctx, append([]string{"--seed=2"}, s.options...))
	if err != nil {
		return p.demoFailed(err)
	}
	defer stopCandidate()
	text := fmt.Sprintf(demoTrial, baseline, candidate, dir)
	file, _, err := config.Load(config.Sources{
		Flags:    map[string]string{"config": "demo.yaml"},
		ReadFile: func(string) ([]byte, error) { return []byte(text), nil },
	})
	if err != nil {
		return p.demoFailed(err)
	}
	file.Load.Seed = p.seed()
	code := p.begin(file, nil).try(ctx, platform.Detect(platform.Environment{Getenv: func(string) string { return "" }, Stdout: p.stdout, Random: p.random}))
	if code != exitPass && code != exitFail && code != exitInconclusive {
		return code
	}
	fmt.Fprintf(p.stdout, "\nA pipeline would have seen exit code %d (%s). Open %s/report.html for the report.\n", code, meaning(code), dir)
	return exitPass
}

func (p process) demoFailed(err error) int {
	fmt.Fprintln(p.stderr, "seatrial: demo:", err)
	return exitBroken
}

// startSample starts the sample service as a process of its own, so that it
// does not share a scheduler with what measures it.
func (p process) startSample(ctx context.Context, options []string) (url string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	args := append([]string{"sample", "--listen=127.0.0.1:0", "--latency=10ms", "--spread=0.25", "--errors=0.1%"}, options...)
	service := exec.CommandContext(ctx, self, args...)
	service.Cancel = func() error { return service.Process.Signal(syscall.SIGTERM) }
	service.WaitDelay = 2 * time.Second
	service.Stderr = p.stderr
	// In a group of its own: a Ctrl-C is for the trial, which then stops it.
	service.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := service.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := service.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = service.Process.Signal(syscall.SIGTERM)
		_ = service.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("the sample service did not start: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}
