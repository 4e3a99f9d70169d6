package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// equal runs trials of two identical services: a fail is a false alarm.
func equal(l lab) error {
	const trials = 20
	b, c, stop, err := l.pair([]string{"--latency=5ms", "--spread=0.3"}, []string{"--latency=5ms", "--spread=0.3"})
	if err != nil {
		return err
	}
	defer stop()
	var p50, p95 []float64
	fails := 0
	for range trials {
		o, err := l.try("--candidate="+c.url, "--baseline="+b.url, "--rate=200/s", "--for=15s", "--at-least=15s", "--warmup=1s")
		if err != nil {
			return err
		}
		if _, verdict := decided(o.evidence, "latency-p95 <= 110% of baseline", 15*time.Second); verdict == trial.Fail {
			fails++
		}
		base, candidate := times(o.evidence, 0), times(o.evidence, 1)
		p50 = append(p50, quantile(candidate, 0.50)/quantile(base, 0.50))
		p95 = append(p95, quantile(candidate, 0.95)/quantile(base, 0.95))
	}
	row(fmt.Sprintf("%d trials of two equal services", trials), fmt.Sprintf("%d fail", fails), "at most 1")
	row("  ratio of p50s: least, median, most", spread(p50), "")
	row("  ratio of p95s: least, median, most", spread(p95), "")
	return nil
}

func spread(ratios []float64) string {
	m := median(ratios)
	return fmt.Sprintf("%.3f, %.3f, %.3f", slices.Min(ratios), m, slices.Max(ratios))
}

// slower is how long it takes until a verdict is shown.
func slower(l lab) error {
	const objective = "latency-p50 <= 110% of baseline"
	options := []string{"--latency=10ms", "--spread=0.5"}
	for _, side := range []struct {
		name, wanted string
		candidate    []string
		verdict      trial.Verdict
	}{
		{"30 % slower: seconds until fail is shown, median of 10", "at most 6 s", append(options, "--scale=1.3"), trial.Fail},
		{"equal: seconds until within the limit is shown, median of 10", "at most 12 s", options, trial.Pass},
	} {
		b, c, stop, err := l.pair(options, side.candidate)
		if err != nil {
			return err
		}
		var seconds []float64
		for range 10 {
			o, err := l.try("--candidate="+c.url, "--baseline="+b.url, "--rate=100/s", "--for=20s", "--at-least=2s", "--warmup=1s", "--objectives="+objective)
			if err != nil {
				stop()
				return err
			}
			if at, verdict := decided(o.evidence, objective, 2*time.Second); verdict == side.verdict {
				seconds = append(seconds, at)
			} else {
				seconds = append(seconds, 20)
			}
		}
		stop()
		row(side.name, fmt.Sprintf("%.1f s (%.1f to %.1f)", median(seconds), slices.Min(seconds), slices.Max(seconds)), side.wanted)
	}
	return nil
}

// decided replays a trial with one objective and says when and how it was decided.
func decided(e *evidence.Evidence, text string, atLeast time.Duration) (seconds float64, v trial.Verdict) {
	var o slo.Objective
	if err := o.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	p := slo.DefaultPolicy()
	p.Objectives, p.AtLeast = []slo.Objective{o}, atLeast
	j := slo.New(p, e.Versions)
	for _, r := range e.Rounds {
		l := j.Look(r)
		if s := l.Standings()[0]; s.Verdict != trial.Inconclusive {
			return l.Seconds, s.Verdict
		}
	}
	return 0, trial.Inconclusive
}

// edges is what a trial adds before its first request and after its last.
func edges(l lab) error {
	var mu sync.Mutex
	var first, last time.Time
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if last = time.Now(); first.IsZero() && r.Header.Get("User-Agent") == "seatrial" {
			first = last
		}
		_, _ = io.WriteString(w, "ok")
	}))
	defer target.Close()
	var before, after []float64
	for range 5 {
		mu.Lock()
		first = time.Time{}
		mu.Unlock()
		began := time.Now()
		o, err := l.try("--candidate="+target.URL, "--rate=100/s", "--for=3s", "--at-least=3s", "--warmup=0s", "--objectives=latency-p50 <= 1s")
		if err != nil {
			return err
		}
		before, after = append(before, first.Sub(began).Seconds()), append(after, o.ended.Sub(last).Seconds())
	}
	row("from start to first request, median of 5", milliseconds(median(before)), "under 300 ms")
	row("from last request to exit, median of 5", milliseconds(median(after)), "under 300 ms")
	return nil
}
