package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// longTrial is a live trial of five metrics that is never decided.
func longTrial(tb testing.TB) config.File {
	tb.Helper()
	file, _, err := config.Load(config.Sources{
		Flags: map[string]string{"config": "trial.yaml"},
		ReadFile: func(string) ([]byte, error) {
			return []byte(`
baseline:  {version: v1}
candidate: {version: v2}
providers: {prometheus: "http://prometheus.svc"}
metrics:
  - {name: errors-of-checkout, kind: counts, hits: 'e{v="{{version}}"}', trials: 'n{v="{{version}}"}'}
  - {name: search, kind: histogram, unit: seconds, query: 's{v="{{version}}"}'}
  - {name: basket, kind: moments, count: 'c{version="{{version}}"}', sum: 's{version="{{version}}"}', sum-squares: 'q{version="{{version}}"}'}
  - {name: memory, kind: value, query: 'm{version="{{version}}"}'}
  - {name: calls, kind: total, query: 't{version="{{version}}"}'}
windows: {interval: 15s, for: 72h}
objectives:
  - errors-of-checkout <= 100% of baseline
  - search-p95 <= 100% of baseline
  - basket >= 100% of baseline
  - memory <= 100% of baseline
  - calls <= 100% of baseline
`), nil
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return file
}

// window is drawn; the versions are the same.
func window(random *rand.Rand, index int) trial.Round {
	r := trial.Round{
		Series: trial.MetricsSeries, Index: index, Complete: true,
		Start: time.Duration(index) * 15 * time.Second, End: time.Duration(index+1) * 15 * time.Second,
	}
	for v := range 2 {
		value, total := 100+random.NormFloat64(), float64(1000+random.IntN(50))
		h := trial.Histogram{Counts: make([]float64, 13)}
		for i := range 12 {
			h.Bounds = append(h.Bounds, 0.01*float64(i+1))
			h.Counts[i] = float64(random.IntN(100))
		}
		r.Samples = append(r.Samples,
			trial.Sample{Version: v, Metric: "errors-of-checkout", Counts: &trial.Counts{Hits: float64(random.IntN(30)), Trials: 1000}},
			trial.Sample{Version: v, Metric: "search", Histogram: &h},
			trial.Sample{Version: v, Metric: "basket", Moments: &trial.Moments{N: 100, Sum: 100 * value, SumSquares: 100*value*value + 500}},
			trial.Sample{Version: v, Metric: "memory", Value: &value},
			trial.Sample{Version: v, Metric: "calls", Total: &total},
		)
		for _, s := range r.Samples[len(r.Samples)-5:] {
			r.Asked = append(r.Asked, trial.Asked{Metric: s.Metric, Version: v, Part: "query", Query: "sum(x)"})
		}
	}
	return r
}

// shown is one window of a trial: judged and kept.
func shown(tb testing.TB, judge *slo.Judge, store *evidence.Writer, r trial.Round) {
	if look := judge.Look(r); look.Done {
		tb.Fatalf("decided in window %d", r.Index)
	}
	if store == nil {
		return
	}
	if err := store.Append(r); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkWindowOfALiveTrial(b *testing.B) {
	for _, rounds := range []int{100, 1000} {
		b.Run(fmt.Sprintf("%d", rounds), func(b *testing.B) {
			file := longTrial(b)
			random := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				judge := slo.New(file.Policy(), file.Versions())
				for i := range rounds {
					shown(b, judge, nil, window(random, i))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*rounds), "ms/window")
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools keep what they have over one
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Ten thousand windows are two days of trial. What is kept of each is pooled, or
// kept of so many at most (mostRungs, mostKept of slo).
func TestTenThousandWindowsTakeNoMoreMemoryThanAThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	file := longTrial(t)
	versions := file.Versions()
	store, err := evidence.Create(filepath.Join(t.TempDir(), "report"), evidence.Header{Versions: versions}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	judge, random := slo.New(file.Policy(), versions), rand.New(rand.NewPCG(1, 2))
	grown := func(from, to int) int64 {
		before := heap()
		for i := from; i < to; i++ {
			shown(t, judge, map[bool]*evidence.Writer{true: store}[i%20 == 0], window(random, i)) // each is synced to disk
		}
		return int64(heap()) - int64(before)
	}
	for _, span := range []struct {
		from, to int
		most     int64
	}{
		{0, 1000, 4 << 20},
		{1000, 2000, 256 << 10},
		{2000, 10_000, 256 << 10}, // 32 bytes of a window; kept whole, each has 1,700
	} {
		bytes := grown(span.from, span.to)
		t.Logf("windows %d to %d: %d bytes", span.from, span.to, bytes)
		if bytes > span.most {
			t.Errorf("%d bytes more after the windows %d to %d, which may be %d", bytes, span.from, span.to, span.most)
		}
	}
	runtime.KeepAlive(judge)
}
