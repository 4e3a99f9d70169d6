package main

import (
	"fmt"
	"slices"
	"time"
)

// fullLoad is as many requests as a tool can send over these connections.
var fullLoad = job{connections: 16, length: 3 * time.Second}

const saturatedRounds = 5

// saturation compares the CPU time of a request with every peer's, each sending
// as fast as it can. Ours keeps a record of each request and judges them.
func saturation(l lab) error {
	c, err := l.serve("--latency=0s", "--spread=0")
	if err != nil {
		return err
	}
	defer c.stop()
	j := fullLoad
	j.url = c.url
	wanted := map[string]string{"fortio": "at most 1.15×", "vegeta": "at most 0.50×"}
	return interleaved(l, "HTTP", j, tools, wanted)
}

// interleaved measures ours and each peer in turn, round after round.
func interleaved(l lab, protocol string, j job, peers []tool, wanted map[string]string) error {
	ratios := map[string][]float64{}
	var own []float64
	for range saturatedRounds {
		mine, err := l.saturate(j)
		if err != nil {
			return err
		}
		own = append(own, 1e6*mine)
		for _, t := range peers {
			said, cpu, err := t.measure(l, j)
			if err != nil {
				return err
			}
			ratios[t.name] = append(ratios[t.name], mine/(cpu.Seconds()/float64(said.requests)))
		}
	}
	row(protocol+" at saturation: CPU time a request", fmt.Sprintf("%.1f µs (%.1f to %.1f)", median(own), slices.Min(own), slices.Max(own)), "")
	for _, t := range peers {
		all := ratios[t.name]
		row(fmt.Sprintf("  / %s's", t.name), fmt.Sprintf("%.2f× (%.2f to %.2f)", median(all), slices.Min(all), slices.Max(all)), wanted[t.name])
	}
	return nil
}

// saturate is our CPU time of a request, in seconds. The rate is beyond any that
// two CPUs can send and the time-out beyond the backlog, so that every worker
// sends one request after another until all are sent.
func (l lab) saturate(j job) (float64, error) {
	const rate = 30_000
	o, err := l.try("--candidate="+j.url, fmt.Sprintf("--rate=%d/s", rate), "--for="+j.length.String(), "--at-least="+j.length.String(),
		"--warmup=0s", "--timeout=60s", fmt.Sprintf("--connections=%d", j.connections), "--objectives=latency-p50 <= 60s")
	if err != nil {
		return 0, err
	}
	if n := sent(o.evidence); n != rate*int(j.length.Seconds()) {
		return 0, fmt.Errorf("%d requests were sent, not %v of them", n, float64(rate)*j.length.Seconds())
	}
	return o.cpu.Seconds() / float64(sent(o.evidence)), nil
}
