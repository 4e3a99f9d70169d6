package main

import (
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"

	"fortio.org/fortio/fhttp"
	"fortio.org/fortio/periodic"
	"fortio.org/log"
)

const (
	peerRate    = 1000 // requests a second, all versions
	peerTime    = 10 * time.Second
	peerThreads = 16
)

// peer is a run of plain fortio, in a process of its own.
type peer struct {
	url      string
	rate     float64
	threads  int
	duration time.Duration
	even     bool
}

func (p peer) options() []string {
	return []string{"-peer=" + p.url, fmt.Sprintf("-peer-rate=%v", p.rate), fmt.Sprintf("-peer-threads=%d", p.threads),
		"-peer-time=" + p.duration.String(), fmt.Sprintf("-peer-even=%v", p.even)}
}

// run is fortio's own run with the same standard-library client. Spread evenly
// it wakes as often as we do; by default it sends as many requests at once as
// it has connections. It prints how many it sent and their p99 in seconds.
func (p peer) run() {
	log.SetLogLevelQuiet(log.Critical)
	o := fhttp.HTTPRunnerOptions{RunnerOptions: periodic.RunnerOptions{
		QPS: p.rate, Duration: p.duration, NumThreads: p.threads, Out: io.Discard, Uniform: p.even, Resolution: 1e-5,
	}}
	o.HTTPOptions = *fhttp.NewHTTPOptions(p.url)
	o.DisableFastClient = true
	result, err := fhttp.RunHTTPTest(&o)
	if err != nil {
		log.Fatalf("%v", err)
	}
	fmt.Println(result.DurationHistogram.Count, result.DurationHistogram.CalcPercentile(99))
}

// measure runs the peer and returns the CPU time of a request and the p99 that
// it reports, both in seconds.
func (p peer) measure() (cost, p99 float64, err error) {
	command := exec.Command(self(), p.options()...)
	out, err := command.Output()
	if err != nil {
		return 0, 0, err
	}
	var count int
	if _, err := fmt.Sscan(string(out), &count, &p99); err != nil {
		return 0, 0, err
	}
	return finished(command).cpu.Seconds() / float64(count), p99, nil
}

// cpu compares the CPU time of a request with plain fortio's.
func cpu(l lab) error {
	b, c, stop, err := l.pair([]string{"--latency=1ms", "--spread=0"}, []string{"--latency=1ms", "--spread=0"})
	if err != nil {
		return err
	}
	defer stop()
	var even, bursts, own []float64
	for range 5 {
		o, err := l.try("--candidate="+c.url, "--baseline="+b.url, fmt.Sprintf("--rate=%d/s", peerRate/2),
			"--for="+peerTime.String(), "--at-least="+peerTime.String(), "--warmup=0s", "--objectives=latency-p50 <= 500% of baseline")
		if err != nil {
			return err
		}
		mine := o.cpu.Seconds() / float64(sent(o.evidence))
		spread, _, err := peer{b.url, peerRate, peerThreads, peerTime, true}.measure()
		if err != nil {
			return err
		}
		burst, _, err := peer{b.url, peerRate, peerThreads, peerTime, false}.measure()
		if err != nil {
			return err
		}
		own, even, bursts = append(own, mine), append(even, mine/spread), append(bursts, mine/burst)
	}
	row("CPU time a request / fortio's, both evenly paced", fmt.Sprintf("%.2f× (%.0f µs)", median(even), 1e6*median(own)), "at most 1.10×")
	row("CPU time a request / fortio's, sending 16 at once", fmt.Sprintf("%.2f×", median(bursts)), "")
	return nil
}

// memory is what a trial keeps of each request while it runs.
func memory(l lab) error {
	b, c, stop, err := l.pair([]string{"--latency=1ms", "--spread=0"}, []string{"--latency=1ms", "--spread=0"})
	if err != nil {
		return err
	}
	defer stop()
	run := func(d time.Duration) (peak float64, requests int, err error) {
		o, err := l.try("--candidate="+c.url, "--baseline="+b.url, "--rate=2000/s", "--for="+d.String(), "--at-least="+d.String(),
			"--warmup=0s", "--connections=16", "--objectives=latency-p50 <= 500% of baseline")
		if err != nil {
			return 0, 0, err
		}
		return float64(o.peak), sent(o.evidence), nil
	}
	short, few, err := run(3 * time.Second)
	if err != nil {
		return err
	}
	long, many, err := run(33 * time.Second)
	if err != nil {
		return err
	}
	row("memory kept of a request", fmt.Sprintf("%.1f bytes (%.0f MB in all)", (long-short)/float64(many-few), long/1e6), "at most 24 bytes")
	return nil
}

// stall asks for the truth about a service that stands still for 1 s of
// every 5: at 200 a second theory has p90 at 500 ms and p99 at 950 ms.
func stall(l lab) error {
	// At no latency of its own, so that the backlog of a stall is gone at once.
	options := []string{"--latency=0s", "--spread=0", "--stall-every=5s", "--stall-for=1s"}
	c, err := l.serve(options...)
	if err != nil {
		return err
	}
	defer c.stop()
	o, err := l.try("--candidate="+c.url, "--rate=200/s", "--connections=4", "--for=15s", "--at-least=15s", "--warmup=0s",
		"--objectives=latency-p50 <= 400ms", "--confidence=99.99%")
	if err != nil {
		return err
	}
	all := times(o.evidence, 0)
	row("server stalls 1 s of 5: p90", milliseconds(quantile(all, 0.90)), "450 to 550 ms (theory 500)")
	row("server stalls 1 s of 5: p99", milliseconds(quantile(all, 0.99)), "900 to 1,000 ms (theory 950)")
	_, p99, err := peer{c.url, 200, 4, 15 * time.Second, false}.measure()
	if err != nil {
		return err
	}
	row("server stalls 1 s of 5: p99 as fortio reports it", milliseconds(p99), "")
	return beside(l)
}

// beside compares the baseline's own times with and without a candidate that
// stalls beside it.
func beside(l lab) error {
	// A narrow spread, so that 3,000 requests tell 5 % apart at p99.
	calm := []string{"--latency=10ms", "--spread=0.1"}
	stalling := append(slices.Clone(calm), "--stall-every=5s", "--stall-for=1s")
	measure := func(candidate []string) (p95, p99 float64, err error) {
		b, c, stop, err := l.pair(calm, candidate)
		if err != nil {
			return 0, 0, err
		}
		defer stop()
		o, err := l.try("--candidate="+c.url, "--baseline="+b.url, "--rate=200/s", "--connections=4", "--for=15s", "--at-least=15s",
			"--warmup=1s", "--objectives=latency-p50 <= 9000% of baseline\nerror-rate <= 99%", "--confidence=99.99%")
		if err != nil {
			return 0, 0, err
		}
		all := times(o.evidence, 0)
		return quantile(all, 0.95), quantile(all, 0.99), nil
	}
	var p95s, p99s []float64
	for range 3 {
		with95, with99, err := measure(stalling)
		if err != nil {
			return err
		}
		alone95, alone99, err := measure(calm)
		if err != nil {
			return err
		}
		p95s, p99s = append(p95s, with95/alone95), append(p99s, with99/alone99)
	}
	row("baseline's p95 beside a stalling candidate / beside itself", fmt.Sprintf("%.3f×", median(p95s)), "within 5 %")
	row("baseline's p99 beside a stalling candidate / beside itself", fmt.Sprintf("%.3f×", median(p99s)), "within 5 %")
	return nil
}
