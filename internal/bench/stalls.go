package main

import (
	"fmt"
	"time"
)

// stalledLoad is 200 requests a second, for three stalls.
var stalledLoad = job{connections: 4, rate: 200, length: 15 * time.Second}

// stalls asks every peer about a service that stands still for 1 s of every 5,
// and prints the p99 that it reports. Theory has 950 ms: see stall.
func stalls(l lab) error {
	for _, t := range tools {
		c, err := l.serve("--latency=0s", "--spread=0", "--stall-every=5s", "--stall-for=1s")
		if err != nil {
			return err
		}
		j := stalledLoad
		j.url = c.url
		said, _, err := t.measure(l, j)
		c.stop()
		if err != nil {
			return err
		}
		row("server stalls 1 s of 5: p99 as "+t.name+" reports it", fmt.Sprintf("%s of %d requests", milliseconds(said.p99), said.requests), "")
	}
	return nil
}
