package slo

import (
	"github.com/seatrial/seatrial/trial"
)

// course gathers what a chart of the trial shows: for each version and round
// the median, the 95th percentile and the share of failed requests.
type course struct {
	at      []float64 // seconds
	points  [][]point // of each version
	warmup  int
	decided float64
	answers map[Answer]int
}

// Answer is one kind of answer of one version.
type Answer struct {
	Version int // index, or trial.Nobody
	Status  trial.Status16
}

type point struct{ p50, p95, failed float64 }

func (c *course) add(r trial.Round, v view) {
	if c.points == nil {
		c.points, c.answers = make([][]point, len(v)), map[Answer]int{}
	}
	for _, q := range r.Requests {
		if !q.Status.OK() || q.Version == trial.Nobody {
			c.answers[Answer{int(q.Version), q.Status}]++
		}
	}
	c.at = append(c.at, r.Start.Seconds())
	if r.Warmup {
		c.warmup++
	}
	for i, s := range v {
		p := point{p50: s.quantile(0.50), p95: s.quantile(0.95)}
		if s.requests > 0 {
			p.failed = share(s.failed, s.requests)
		}
		c.points[i] = append(c.points[i], p)
	}
}

// quantile is that of the requests that did not fail, 0 where all did.
func (s sample) quantile(p float64) float64 {
	if len(s.sorted) == 0 {
		return 0
	}
	rank := min(int(p*float64(len(s.sorted))), len(s.sorted)-1)
	return float64(s.sorted[rank]) * tick
}

// mostPoints is as many as a chart can show apart.
const mostPoints = 240

// tracks averages neighbouring rounds until a chart can show them.
func (c *course) tracks(versions []trial.Version) []trial.Tracks {
	if len(c.at) == 0 {
		return nil
	}
	every := (len(c.at) + mostPoints - 1) / mostPoints
	var out []trial.Tracks
	for i, v := range versions {
		t := trial.Tracks{Version: v.Name, Warmup: c.warmup / every, Decided: c.decided}
		for from := 0; from < len(c.at); from += every {
			mean := average(c.points[i][from:min(from+every, len(c.at))])
			t.At = append(t.At, c.at[from])
			t.P50, t.P95, t.Failed = append(t.P50, mean.p50), append(t.P95, mean.p95), append(t.Failed, mean.failed)
		}
		out = append(out, t)
	}
	return out
}

func average(points []point) point {
	var sum point
	n := float64(len(points))
	for _, p := range points {
		sum.p50 += p.p50 / n
		sum.p95 += p.p95 / n
		sum.failed += p.failed / n
	}
	return sum
}
