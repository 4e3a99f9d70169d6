package main

import (
	"fmt"
	"slices"
	"time"
)

// stalledLoad is 200 requests a second, for three stalls.
var stalledLoad = job{connections: 4, rate: 200, length: 15 * time.Second}

// stalling is a service that stands still for 1 s of every 5. It has no latency of
// its own, so that the backlog of a stall is gone at once.
var stalling = []string{"--latency=0s", "--spread=0", "--stall-every=5s", "--stall-for=1s"}

// stalls asks every peer about such a service, and prints the p99 that it reports.
// Theory has 950 ms: see stall.
func stalls(l lab) error {
	for _, t := range tools {
		if err := l.stalled(t, stalling...); err != nil {
			return err
		}
	}
	return nil
}

func (l lab) stalled(t tool, service ...string) error {
	c, err := l.serve(service...)
	if err != nil {
		return err
	}
	defer c.stop()
	j := stalledLoad
	j.url = c.url
	said, _, err := t.measure(l, j)
	if err != nil {
		return err
	}
	row("server stalls 1 s of 5: p99 as "+t.name+" reports it", fmt.Sprintf("%s of %d requests", milliseconds(said.p99), said.requests), "")
	return nil
}

// stalledCalls does it over gRPC: ours, and ghz's.
func stalledCalls(l lab) error {
	service := append(slices.Clone(stalling), "--grpc")
	c, err := l.serve(service...)
	if err != nil {
		return err
	}
	j := stalledLoad
	o, err := l.tryFile(fmt.Sprintf("candidate: %s\nload: {rate: %v/s, connections: %d, for: %s, warmup: 0s}\nat-least: %s\nconfidence: 99.99%%\nobjectives: [latency-p50 <= 400ms]\n%s",
		c.url, j.rate, j.connections, j.length, j.length, grpcCall))
	c.stop()
	if err != nil {
		return err
	}
	row("gRPC server stalls 1 s of 5: p99", milliseconds(quantile(times(o.evidence, 0), 0.99)), "922 to 978 ms (theory 950)")
	return l.stalled(ghz, service...)
}
