package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// Metrics from elsewhere come in windows of 15 s, for half an hour at most.
const (
	windowSeconds = 15
	mostWindows   = 120
)

// source starts one trial of a world whose metric comes from elsewhere. Version 0
// is the baseline.
type source func(*rand.Rand) func(window, version int) trial.Sample

// windowed is a world of windows with one question of known answer.
type windowed struct {
	name    string
	metric  slo.Metric
	asked   string
	truth   truth
	source  source
	weights func(window int) []int // of live traffic; nil: none
	alone   bool
}

var (
	errorsThere = slo.Metric{Name: "errors", Kind: trial.CountsKind, Traffic: true}
	conversions = slo.Metric{Name: "conversions", Kind: trial.CountsKind, Traffic: true}
	processor   = slo.Metric{Name: "cpu", Kind: trial.ValueKind}
	database    = slo.Metric{Name: "db-latency", Kind: trial.HistogramKind, Unit: slo.Unit(trial.Seconds)}
)

// shares are hits of each version by its own chance, among as many of 1000
// requests as the weights give it.
func shares(weights func(int) []int, level func(window int) float64, chances ...float64) source {
	return func(r *rand.Rand) func(int, int) trial.Sample {
		return func(window, version int) trial.Sample {
			c := trial.Counts{Trials: float64(10 * weights(window)[version])}
			for range int(c.Trials) {
				if r.Float64() < chances[version]*level(window) {
					c.Hits++
				}
			}
			return trial.Sample{Counts: &c}
		}
	}
}

func always(int) float64 { return 1 }

func tenth(int) []int { return []int{90, 10} }

// movingThere gives the candidate half of the traffic from window 40 on.
func movingThere(window int) []int {
	if window < 40 {
		return []int{90, 10}
	}
	return []int{50, 50}
}

// falling is the level of a share that falls to a third as the traffic moves.
func falling(window int) float64 {
	if window < 40 {
		return 1
	}
	return 1. / 3
}

// figures are normal with a tenth of the level as their spread, plus a drift that
// versions share; a part of them is missing.
func figures(rho, missing float64, levels ...float64) source {
	return func(r *rand.Rand) func(int, int) trial.Sample {
		drift, drawn := 0.0, -1
		return func(window, version int) trial.Sample {
			if drawn != window {
				drift, drawn = rho*drift+math.Sqrt(1-rho*rho)*r.NormFloat64(), window
			}
			x := levels[version]*(1+0.1*r.NormFloat64()) + 0.05*rho*drift
			if r.Float64() < missing {
				return trial.Sample{Missing: "HTTP 500"}
			}
			return trial.Sample{Value: &x}
		}
	}
}

// The bounds of client libraries of Prometheus, and of native histograms of its
// schema 3, 9 % apart.
var (
	coarseBounds = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	fineBounds   = func() (out []float64) {
		for i := -56; i <= 16; i++ {
			out = append(out, math.Exp2(float64(i)/8))
		}
		return out
	}()
)

// bucketed are lognormal times, 200 a window to each version, with these p95.
func bucketed(bounds []float64, p95s ...float64) source {
	const sigma, z95 = 0.5, 1.6448536269514722
	return func(r *rand.Rand) func(int, int) trial.Sample {
		return func(_, version int) trial.Sample {
			h := trial.Histogram{Bounds: bounds, Counts: make([]float64, len(bounds)+1)}
			for range 200 {
				x := p95s[version] * math.Exp(sigma*(r.NormFloat64()-z95))
				i := 0
				for i < len(bounds) && x > bounds[i] {
					i++
				}
				h.Counts[i]++
			}
			return trial.Sample{Histogram: &h}
		}
	}
}

// elsewhereCases are the worlds: of each kind within, at and beyond the limit.
func elsewhereCases() []windowed {
	const (
		points, part         = "errors <= baseline + 1%", "conversions >= 90% of baseline"
		cpu, cpuAlone        = "cpu <= 110% of baseline", "cpu <= 0.7"
		tail, inside, beside = "db-latency-p95 <= 250ms", "db-latency-p95 <= 300ms", "db-latency-p95 <= 120% of baseline"
	)
	counts := func(name, asked string, m slo.Metric, t truth, chances ...float64) windowed {
		return windowed{name: name, metric: m, asked: asked, truth: t, source: shares(tenth, always, chances...), weights: tenth}
	}
	values := func(name, asked string, t truth, s source, alone bool) windowed {
		return windowed{name: name, metric: processor, asked: asked, truth: t, source: s, alone: alone}
	}
	times := func(name, asked string, t truth, s source, alone bool) windowed {
		return windowed{name: name, metric: database, asked: asked, truth: t, source: s, alone: alone}
	}
	return []windowed{
		counts("counts, 900 : 100 requests, equal", points, errorsThere, within, 0.01, 0.01),
		counts("counts, 900 : 100, at the limit", points, errorsThere, atLimit, 0.01, 0.02),
		counts("counts, 900 : 100, 4 against 1 %", points, errorsThere, beyond, 0.01, 0.04),
		counts("counts, 900 : 100, equal", part, conversions, within, 0.2, 0.2),
		counts("counts, 900 : 100, at the limit", part, conversions, atLimit, 0.2, 0.18),
		counts("counts, 900 : 100, 15 against 20 %", part, conversions, beyond, 0.2, 0.15),
		{"counts, split moves as the level falls, at the limit", conversions, part, atLimit, shares(movingThere, falling, 0.3, 0.27), movingThere, false},
		values("values, a tenth missing, equal", cpu, within, figures(0, 0.1, 0.5, 0.5), false),
		values("values, a tenth missing, at the limit", cpu, atLimit, figures(0, 0.1, 0.5, 0.55), false),
		values("values, a tenth missing, shared drift 0.9, at the limit", cpu, atLimit, figures(0.9, 0.1, 0.5, 0.55), false),
		values("values, a tenth missing, × 1.3", cpu, beyond, figures(0, 0.1, 0.5, 0.65), false),
		values("values, all missing", cpu, atLimit, figures(0, 1.1, 0.5, 0.5), false),
		values("values alone, at the limit", cpuAlone, atLimit, figures(0, 0.1, 0.7), true),
		values("values alone, drift 0.5, at the limit", cpuAlone, atLimit, figures(0.5, 0.1, 0.7), true),
		times("coarse buckets, p95 182 ms", tail, within, bucketed(coarseBounds, 0.182), true),
		times("coarse buckets, at the limit, a bound", tail, atLimit, bucketed(coarseBounds, 0.25), true),
		times("coarse buckets, p95 400 ms", tail, beyond, bucketed(coarseBounds, 0.4), true),
		times("coarse buckets, at a limit inside one", inside, atLimit, bucketed(coarseBounds, 0.3), true),
		times("buckets 9 % apart, equal", beside, within, bucketed(fineBounds, 0.182, 0.182), false),
		times("buckets 9 % apart, at the limit", beside, atLimit, bucketed(fineBounds, 0.182, 0.182*1.2), false),
		times("buckets 9 % apart, × 1.6", beside, beyond, bucketed(fineBounds, 0.182, 0.182*1.6), false),
	}
}

// watch plays one trial.
func (w windowed) watch(number int) outcome {
	random := rand.New(rand.NewPCG(seed, uint64(number)))
	next, versions := w.source(random), w.versions()
	p := slo.DefaultPolicy()
	p.NoLoad, p.Metrics, p.Objectives = true, []slo.Metric{w.metric}, []slo.Objective{objective(w.asked)}
	j := slo.New(p, versions)
	for i := range mostWindows {
		r := trial.Round{
			Series: trial.MetricsSeries, Index: i, Complete: true,
			Start: time.Duration(i) * windowSeconds * time.Second, End: time.Duration(i+1) * windowSeconds * time.Second,
		}
		if w.weights != nil {
			r.Weights = w.weights(i)
		}
		for v := range versions {
			s := next(i, v)
			s.Version, s.Metric = v, w.metric.Name
			r.Samples = append(r.Samples, s)
		}
		if look := j.Look(r); look.Verdict != trial.Inconclusive {
			return outcome{look.Verdict, i + 1}
		}
	}
	return outcome{rounds: mostWindows}
}

func (w windowed) versions() []trial.Version {
	if w.alone {
		return []trial.Version{{Name: "candidate"}}
	}
	return []trial.Version{{Name: "baseline", Role: trial.Baseline}, {Name: "candidate"}}
}

// judged plays trials on two workers.
func (w windowed) judged(trials int) tally {
	results := make([]outcome, trials)
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for i := int(taken.Add(1)) - 1; i < trials; i = int(taken.Add(1)) - 1 {
				results[i] = w.watch(i)
			}
		})
	}
	workers.Wait()
	var out tally
	for _, o := range results {
		out.add(o)
	}
	return out
}

// fromElsewhere plays metrics that no load gave.
func fromElsewhere(scale int) []table {
	trials := played(300, scale)
	t := table{
		title: "Metrics from elsewhere",
		text: fmt.Sprintf("Windows of %d s, %d at most, and no pass before 30 with data: the defaults. %d trials a row; wrong verdicts are in bold. "+
			"Minutes are the median to a fail / to a pass, of those that reached it.", windowSeconds, mostWindows, trials),
		head: []string{"world", "objective", "truth", "fail", "pass", "inconclusive", "minutes"},
	}
	for _, w := range elsewhereCases() {
		t.rows = append(t.rows, w.row(w.judged(trials)))
	}
	return []table{t}
}

func (w windowed) row(got tally) []string {
	cell := func(v trial.Verdict) string {
		if w.truth.wrong(v) {
			return "**" + got.share(v) + "**"
		}
		return got.share(v)
	}
	minutes := func(v trial.Verdict) string {
		if got.count(v) == 0 {
			return "–"
		}
		rounds := slices.Sorted(slices.Values(got.decided[v]))
		return fmt.Sprintf("%.1f", float64(rounds[len(rounds)/2])*windowSeconds/60)
	}
	return []string{
		w.name, "`" + w.asked + "`", string(w.truth), cell(trial.Fail), cell(trial.Pass), cell(trial.Inconclusive), minutes(trial.Fail) + " / " + minutes(trial.Pass),
	}
}
