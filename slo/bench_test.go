package slo

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkHour judges an hour of one-second rounds: ten objectives of two
// candidates beside a baseline, 25 requests a round to each. No look may take
// longer than 50 ms; it reports the mean and the worst.
func BenchmarkHour(b *testing.B) {
	objectives := []string{
		"latency-p50 <= 110% of baseline", "latency-p90 <= 110% of baseline", "latency-p95 <= 110% of baseline", "latency-p99 <= 110% of baseline",
		"latency-mean <= 110% of baseline", "latency-p99 <= 200ms", "error-rate <= baseline + 0.1%", "error-rate <= 150% of baseline",
		"error-rate <= 0.2%", "throughput >= 24/s",
	}
	hour := rounds(failing(0.0005), 1, 3, 3600)
	for i := range hour {
		hour[i].Start, hour[i].End = time.Duration(i)*time.Second, time.Duration(i+1)*time.Second
	}
	for b.Loop() {
		p := DefaultPolicy()
		p.AtLeast = time.Hour
		for _, text := range objectives {
			p.Objectives = append(p.Objectives, implied(text))
		}
		j := New(p, three)
		var looks []time.Duration
		for _, r := range hour {
			began := time.Now()
			j.Look(r)
			looks = append(looks, time.Since(began))
		}
		if j.load.rounds < len(hour) {
			b.Fatalf("decided after %d rounds", j.load.rounds)
		}
		began := time.Now()
		j.Conclude(true)
		b.ReportMetric(float64(time.Since(began).Milliseconds()), "ms/conclusion")
		slices.Sort(looks)
		b.ReportMetric(float64(looks[len(looks)/2].Microseconds()), "µs/look")
		b.ReportMetric(float64(looks[len(looks)-1].Microseconds())/1000, "ms/worst-look")
	}
}
