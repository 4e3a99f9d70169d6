package main

import (
	"fmt"
	"slices"
	"time"
)

// paced is a load of one request after another at equal distances.
var paced = job{connections: 16, rate: 1000, length: 10 * time.Second}

// cpu compares the CPU time of a request at a rate with fortio's. Spread evenly
// it wakes as often as we do; by default it sends as many requests at once as
// it has connections.
func cpu(l lab) error {
	b, c, stop, err := l.pair([]string{"--latency=1ms", "--spread=0"}, []string{"--latency=1ms", "--spread=0"})
	if err != nil {
		return err
	}
	defer stop()
	bursts := paced
	bursts.url = b.url
	even := bursts
	even.even = true
	var evenly, atOnce, own []float64
	for range 5 {
		o, err := l.try("--candidate="+c.url, "--baseline="+b.url, fmt.Sprintf("--rate=%v/s", paced.rate/2),
			"--for="+paced.length.String(), "--at-least="+paced.length.String(), "--warmup=0s", "--objectives=latency-p50 <= 500% of baseline")
		if err != nil {
			return err
		}
		mine := o.cpu.Seconds() / float64(sent(o.evidence))
		evenPeer, err := fortio.cost(l, even)
		if err != nil {
			return err
		}
		burstPeer, err := fortio.cost(l, bursts)
		if err != nil {
			return err
		}
		own, evenly, atOnce = append(own, mine), append(evenly, mine/evenPeer), append(atOnce, mine/burstPeer)
	}
	row("CPU time a request / fortio's, both evenly paced", fmt.Sprintf("%.2f× (%.0f µs)", median(evenly), 1e6*median(own)), "at most 1.10×")
	row("CPU time a request / fortio's, sending 16 at once", fmt.Sprintf("%.2f×", median(atOnce)), "")
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
	c, err := l.serve(stalling...)
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
	row("server stalls 1 s of 5: p99", milliseconds(quantile(all, 0.99)), "922 to 978 ms (theory 950)")
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
