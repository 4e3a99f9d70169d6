package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/trial"
)

// lab has what every measurement needs: the built command and a place to work.
type lab struct {
	dir      string
	seatrial string
}

// service is a sample service in a process of its own.
type service struct {
	url  string
	stop func()
}

func (l lab) serve(options ...string) (service, error) {
	c := exec.Command(l.seatrial, append([]string{"sample", "--listen=127.0.0.1:0"}, options...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		return service{}, err
	}
	if err := c.Start(); err != nil {
		return service{}, err
	}
	stop := func() { _ = c.Process.Signal(syscall.SIGTERM); _ = c.Wait() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return service{}, err
	}
	return service{strings.TrimSpace(line), stop}, nil
}

// pair serves a baseline and a candidate, with seeds of their own: with one
// seed both would draw the same latencies and look artificially alike.
func (l lab) pair(baseline, candidate []string) (b, c service, stop func(), err error) {
	if b, err = l.serve(baseline...); err != nil {
		return b, c, nil, err
	}
	if c, err = l.serve(append(slices.Clone(candidate), "--seed=2")...); err != nil {
		b.stop()
		return b, c, nil, err
	}
	return b, c, func() { b.stop(); c.stop() }, nil
}

// outcome is one finished process.
type outcome struct {
	cpu      time.Duration
	peak     int64 // bytes of memory
	evidence *evidence.Evidence
	ended    time.Time
}

// try runs one trial and reads its evidence. Whatever the verdict, it must
// have been measured.
func (l lab) try(options ...string) (outcome, error) {
	dir := filepath.Join(l.dir, "report")
	c := exec.Command(l.seatrial, append(options, "--report-dir="+dir)...)
	out, err := c.CombinedOutput()
	ended := time.Now()
	var exit *exec.ExitError
	if errors.As(err, &exit) && !slices.Contains([]int{1, 3}, exit.ExitCode()) {
		return outcome{}, fmt.Errorf("exit code %d:\n%s", exit.ExitCode(), out)
	}
	o := finished(c)
	o.ended = ended
	o.evidence, err = evidence.Open(dir)
	return o, err
}

func finished(c *exec.Cmd) outcome {
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	return outcome{
		cpu:  c.ProcessState.UserTime() + c.ProcessState.SystemTime(),
		peak: usage.Maxrss * 1024,
	}
}

// times are the response times of one version in the judged rounds, ascending.
func times(e *evidence.Evidence, version uint8) []float64 {
	var out []float64
	for _, r := range e.Rounds {
		if r.Warmup || !r.Complete {
			continue
		}
		for _, q := range r.Requests {
			if q.Version == version {
				out = append(out, q.Seconds())
			}
		}
	}
	slices.Sort(out)
	return out
}

func sent(e *evidence.Evidence) int {
	n := 0
	for _, r := range e.Rounds {
		n += len(r.Requests)
	}
	return n
}

func quantile(sorted []float64, p float64) float64 {
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

func median(values []float64) float64 {
	slices.Sort(values)
	return quantile(values, 0.5)
}

func milliseconds(seconds float64) string {
	return trial.Quantity{Value: seconds, Unit: trial.Seconds}.String()
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}
