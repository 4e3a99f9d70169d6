package sample

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// bounds of the buckets of latencies, in seconds.
var bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5}

// counters are what the service tells of itself: the answers that it gave.
type counters struct {
	mu        sync.Mutex // guards all
	answers   map[int]int
	converted int
	buckets   [len(bounds) + 1]int
	seconds   float64
}

// count takes an answer; converted says whether its user would go on to buy,
// which nobody does after an error.
func (c *counters) count(status int, converted bool, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answers == nil {
		c.answers = map[int]int{}
	}
	c.answers[status]++
	if converted && status < http.StatusBadRequest {
		c.converted++
	}
	i, _ := slices.BinarySearch(bounds[:], took.Seconds())
	c.buckets[i]++
	c.seconds += took.Seconds()
}

// expose answers in Prometheus' text format. As in many a service, a status has
// no series before it was first answered.
func (c *counters) expose(w http.ResponseWriter, version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out strings.Builder
	out.WriteString("# TYPE sample_requests_total counter\n")
	for _, status := range slices.Sorted(maps.Keys(c.answers)) {
		fmt.Fprintf(&out, "sample_requests_total{version=%q,code=\"%d\"} %d\n", version, status, c.answers[status])
	}
	fmt.Fprintf(&out, "# TYPE sample_conversions_total counter\nsample_conversions_total{version=%q} %d\n", version, c.converted)
	out.WriteString("# TYPE sample_request_duration_seconds histogram\n")
	total := 0
	for i, n := range c.buckets {
		total += n
		le := "+Inf"
		if i < len(bounds) {
			le = fmt.Sprint(bounds[i])
		}
		fmt.Fprintf(&out, "sample_request_duration_seconds_bucket{version=%q,le=%q} %d\n", version, le, total)
	}
	fmt.Fprintf(&out, "sample_request_duration_seconds_sum{version=%q} %v\n", version, c.seconds)
	fmt.Fprintf(&out, "sample_request_duration_seconds_count{version=%q} %d\n", version, total)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(out.String()))
}
