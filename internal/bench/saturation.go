package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// fullLoad is as many requests as a tool can send over these connections.
var fullLoad = job{connections: 16, length: 3 * time.Second}

const saturatedRounds = 5

// saturation compares the CPU time of a request with every peer's, each sending
// as fast as it can. Ours keeps a record of each request and judges them.
func saturation(l lab) error {
	wanted := map[string]string{"fortio": "at most 1.15×", "vegeta": "at most 0.50×"}
	return l.saturated("HTTP", []string{"--latency=0s", "--spread=0"}, "", tools, wanted)
}

// calls does the same with calls of gRPC.
func calls(l lab) error {
	return l.saturated("gRPC", []string{"--latency=0s", "--spread=0", "--grpc"}, grpcCall, []tool{ghz}, map[string]string{"ghz": "at most 0.60×"})
}

func (l lab) saturated(protocol string, service []string, requests string, peers []tool, wanted map[string]string) error {
	c, err := l.serve(service...)
	if err != nil {
		return err
	}
	defer c.stop()
	j := fullLoad
	j.url = c.url
	return l.interleaved(protocol, requests, j, peers, wanted)
}

// interleaved measures ours and each peer in turn, round after round.
func (l lab) interleaved(protocol, requests string, j job, peers []tool, wanted map[string]string) error {
	ratios := map[string][]float64{}
	var own []float64
	for range saturatedRounds {
		mine, err := l.saturate(j, requests)
		if err != nil {
			return err
		}
		own = append(own, 1e6*mine)
		for _, t := range peers {
			theirs, err := t.cost(l, j)
			if err != nil {
				return err
			}
			ratios[t.name] = append(ratios[t.name], mine/theirs)
		}
	}
	row(protocol+" at saturation: CPU time a request", fmt.Sprintf("%.1f µs (%.1f to %.1f)", median(own), slices.Min(own), slices.Max(own)), "")
	for _, t := range peers {
		all := ratios[t.name]
		row(fmt.Sprintf("  / %s's", t.name), fmt.Sprintf("%.2f× (%.2f to %.2f)", median(all), slices.Min(all), slices.Max(all)), wanted[t.name])
	}
	return nil
}

// saturate is our CPU time of a request, in seconds, with all that a trial does.
func (l lab) saturate(j job, requests string) (float64, error) {
	o, err := l.tryFile(fmt.Sprintf("candidate: %s\nload: {closed: true, connections: %d, for: %s, warmup: 0s}\nat-least: %s\nobjectives: [latency-p99 <= 60s]\n%s",
		j.url, j.connections, j.length, j.length, requests))
	if err != nil {
		return 0, err
	}
	return o.cpu.Seconds() / float64(sent(o.evidence)), nil
}

// tryFile runs the trial that a file describes.
func (l lab) tryFile(text string) (outcome, error) {
	file := filepath.Join(l.dir, "seatrial.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return outcome{}, err
	}
	return l.try("--config=" + file)
}
