package slo

import (
	"time"

	"github.com/seatrial/seatrial/trial"
)

// course gathers what a chart of the trial shows: for each version and round
// the median, the 95th percentile and the share of failed requests.
type course struct {
	rounds   thinned[[]point] // a point of each version
	decided  float64
	answers  map[Answer]int
	expected []kinds // of each version
	wires    []wire  // of each version; nil where nobody took phases
}

// Answer is one kind of answer of one version.
type Answer struct {
	Version int // index, or trial.Nobody
	Status  trial.Status16
}

type point struct{ p50, p95, failed float64 }

func (c *course) answer(r trial.Round, versions int) {
	if c.answers == nil {
		c.answers, c.expected = map[Answer]int{}, make([]kinds, versions)
	}
	for _, q := range r.Requests {
		if !q.Status.OK() || q.Version == trial.Nobody {
			c.answers[Answer{int(q.Version), q.Status}]++
		} else {
			c.expected[q.Version].add(q.Status)
		}
	}
	c.time(r, versions)
}

func (c *course) add(start time.Duration, warmup bool, v view) {
	c.rounds.mean = averages
	var all []point
	for _, s := range v {
		p := point{p50: s.quantile(0.50), p95: s.quantile(0.95)}
		if s.requests > 0 {
			p.failed = share(s.failed, s.requests)
		}
		all = append(all, p)
	}
	c.rounds.add(start.Seconds(), warmup, all)
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

// mostOfRequest is the same where there is a chart for each request.
const mostOfRequest = 60

// tracks are those of all requests, and of each where there are several.
func (j *Judge) tracks() []trial.Tracks {
	out := j.load.course.tracks(j.versions, "", mostPoints)
	for _, s := range j.requests {
		if j.policy.several() {
			s.course.decided = j.load.course.decided
			out = append(out, s.course.tracks(j.versions, s.request, mostOfRequest)...)
		}
	}
	return out
}

// tracks are so many points at most.
func (c *course) tracks(versions []trial.Version, request string, most int) []trial.Tracks {
	at, points, warmup := c.rounds.shown(most)
	if len(at) == 0 {
		return nil
	}
	var out []trial.Tracks
	for i, v := range versions {
		t := trial.Tracks{Version: v.Name, Request: request, At: at, Warmup: warmup, Decided: c.decided}
		for _, all := range points {
			t.P50, t.P95, t.Failed = append(t.P50, all[i].p50), append(t.P95, all[i].p95), append(t.Failed, all[i].failed)
		}
		out = append(out, t)
	}
	return out
}

// averages are those of each version.
func averages(near [][]point) []point {
	out := make([]point, len(near[0]))
	for i := range out {
		var own []point
		for _, all := range near {
			own = append(own, all[i])
		}
		out[i] = average(own)
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
