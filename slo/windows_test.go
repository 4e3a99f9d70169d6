package slo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// The metrics that tests declare, one of each kind.
var declaredMetrics = []Metric{
	{Name: "conversions", Kind: trial.CountsKind, Traffic: true},
	{Name: "checkout-errors", Kind: trial.CountsKind},
	{Name: "db-latency", Kind: trial.HistogramKind, Unit: Unit(trial.Seconds)},
	{Name: "queue", Kind: trial.MomentsKind},
	{Name: "cpu", Kind: trial.ValueKind},
	{Name: "memory", Kind: trial.ValueKind, Unit: Unit(trial.Bytes)},
	{Name: "orders", Kind: trial.TotalKind, Per: PerRequest},
	{Name: "sales", Kind: trial.TotalKind},
}

const windowLength = 15 * time.Second

// window draws the samples of one version in one window.
type window func(random *rand.Rand, version, round int) []trial.Sample

// windows plays a window for each version, of the series "metrics".
func windows(w window, seed uint64, versions, count int) []trial.Round {
	random := rand.New(rand.NewPCG(seed, 5))
	var out []trial.Round
	for i := range count {
		r := trial.Round{
			Series: trial.MetricsSeries, Index: i, Complete: true,
			Start: time.Duration(i) * windowLength, End: time.Duration(i+1) * windowLength, Samples: []trial.Sample{},
		}
		for v := range versions {
			for _, s := range w(random, v, i) {
				s.Version = v
				r.Samples = append(r.Samples, s)
			}
		}
		out = append(out, r)
	}
	return out
}

func ofCounts(metric string, hits, trials float64) trial.Sample {
	return trial.Sample{Metric: metric, Counts: &trial.Counts{Hits: hits, Trials: trials}}
}

func ofValue(metric string, x float64) trial.Sample { return trial.Sample{Metric: metric, Value: &x} }

func ofTotal(metric string, x float64) trial.Sample { return trial.Sample{Metric: metric, Total: &x} }

func ofMoments(metric string, xs ...float64) trial.Sample {
	var m trial.Moments
	for _, x := range xs {
		m.N, m.Sum, m.SumSquares = m.N+1, m.Sum+x, m.SumSquares+x*x
	}
	return trial.Sample{Metric: metric, Moments: &m}
}

func ofHistogram(metric string, bounds []float64, xs ...float64) trial.Sample {
	h := trial.Histogram{Bounds: bounds, Counts: make([]float64, len(bounds)+1)}
	sum := 0.0
	for _, x := range xs {
		at, _ := slices.BinarySearch(bounds, x)
		h.Counts[at]++
		sum += x
	}
	h.Sum = &sum
	return trial.Sample{Metric: metric, Histogram: &h}
}

// metricsOnly is a judge of a trial without load.
func metricsOnly(t *testing.T, versions []trial.Version, set func(*Policy), objectives ...string) *Judge {
	t.Helper()
	return judgeOf(t, versions, func(p *Policy) {
		p.Metrics, p.NoLoad = declaredMetrics, true
		for i := range p.Objectives {
			if err := p.Objectives[i].Bind(p.Metrics); err != nil {
				t.Fatal(err)
			}
		}
		if set != nil {
			set(p)
		}
	}, objectives...)
}

// binomial draws hits among trials.
func binomial(random *rand.Rand, n int, p float64) float64 {
	hits := 0.0
	for range n {
		if random.Float64() < p {
			hits++
		}
	}
	return hits
}

// fine are bounds 4 % apart, from 10 ms to 1 s.
var fine = func() (bounds []float64) {
	for b := 0.01; b < 1; b *= 1.04 {
		bounds = append(bounds, b)
	}
	return bounds
}()

var coarse = []float64{0.05, 0.1, 0.25, 0.5, 1}

// level makes a window of all metrics; version 1 and on are at a factor of the
// baseline's.
func level(factor float64) window {
	return func(random *rand.Rand, version, _ int) []trial.Sample {
		f := 1.0
		if version > 0 {
			f = factor
		}
		var times, lengths []float64
		for range 100 {
			times = append(times, f*lognormal(random, 0.08, 0.4))
			lengths = append(lengths, f*(8+4*random.Float64()))
		}
		requests := 900.0
		if version > 0 {
			requests = 100
		}
		return []trial.Sample{
			ofCounts("conversions", binomial(random, int(requests), 0.2*f), requests),
			ofCounts("checkout-errors", binomial(random, int(requests), 0.01*f), requests),
			ofHistogram("db-latency", fine, times...), ofMoments("queue", lengths...),
			ofValue("cpu", f*(0.5+0.05*random.NormFloat64())), ofValue("memory", f*(3e8+1e7*random.NormFloat64())),
			ofTotal("orders", f*requests*(0.1+0.01*random.NormFloat64())), ofTotal("sales", f*(100+10*random.NormFloat64())),
		}
	}
}

// Every kind and direction, once with a truth well within and once well beyond
// its limit.
func TestEveryKindIsDecidedRightly(t *testing.T) {
	for _, c := range []struct {
		objective string
		good, bad float64
		alone     bool
	}{
		{"conversions >= 80% of baseline", 1, 0.5, false},
		{"conversions >= baseline - 5%", 1, 0.5, false},
		{"conversions >= 15%", 1, 0.5, true},
		{"conversions <= 50%", 1, 3, true},
		{"checkout-errors <= 200% of baseline", 1, 6, false},
		{"checkout-errors <= baseline + 1%", 1, 6, false},
		{"checkout-errors <= 2%", 1, 6, true},
		{"db-latency-p95 <= 110% of baseline", 0.9, 1.5, false},
		{"db-latency-p50 >= 80% of baseline", 1, 0.5, false},
		{"db-latency-p95 <= baseline + 50ms", 1, 2, false},
		{"db-latency-p95 <= 250ms", 1, 2, true},
		{"db-latency-p50 >= 50ms", 1, 0.4, true},
		{"db-latency-mean <= 120% of baseline", 1, 1.5, false},
		{"db-latency-mean <= 100ms", 1, 1.5, true},
		{"queue-mean <= 12", 1, 1.5, true},
		{"queue >= 90% of baseline", 1, 0.6, false},
		{"queue-stddev <= 150% of baseline", 1, 2, false},
		{"cpu <= 0.7", 1, 1.8, true},
		{"cpu >= 0.3", 1, 0.4, true},
		{"cpu <= 120% of baseline", 1, 1.5, false},
		{"cpu <= baseline + 0.1", 1, 1.5, false},
		{"memory <= 400MiB", 1, 2, true},
		{"orders >= 90% of baseline", 1, 0.7, false},
		{"sales >= 5/s", 1, 0.5, true},
		{"sales >= 90% of baseline", 1, 0.7, false},
	} {
		versions := both
		if c.alone {
			versions = alone
		}
		for factor, want := range map[float64]trial.Verdict{c.good: trial.Pass, c.bad: trial.Fail} {
			w := level(factor)
			if c.alone {
				w = func(r *rand.Rand, _, i int) []trial.Sample { return level(factor)(r, 1, i) }
			}
			j := metricsOnly(t, versions, nil, c.objective)
			look := play(j, windows(w, 1, len(versions), 120))
			got := j.Conclude(true)
			if got.Verdict != want || !look.Done {
				t.Errorf("%s at %v: %s, want %s: %s", c.objective, factor, got.Verdict, want, got.Reason)
			}
			if want == trial.Pass && look.Rounds < leastWindows {
				t.Errorf("%s: passed after %d windows", c.objective, look.Rounds)
			}
			if f := got.Findings[0]; f.Series != trial.MetricsSeries || f.Window != 15 || f.Statistic == "" || f.Candidate.Unit != j.questions[0].objective.unit() {
				t.Errorf("%s: %+v", c.objective, f)
			}
			if got.Totals != nil || got.Tracks != nil || len(got.Courses) != len(versions) || got.Windows[0].Rounds != look.Rounds {
				t.Errorf("%s: totals %v, tracks %v, %d courses, %+v", c.objective, got.Totals, got.Tracks, len(got.Courses), got.Windows)
			}
		}
	}
}

// Nothing that is missing or no number ever passes, whatever is asked.
func TestMissingNeverPasses(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	for name, spoil := range map[string]func(s trial.Sample) []trial.Sample{
		"missing":      func(s trial.Sample) []trial.Sample { return []trial.Sample{trial.Missed(0, s.Metric, "HTTP 500")} },
		"not there":    func(trial.Sample) []trial.Sample { return nil },
		"twice":        func(s trial.Sample) []trial.Sample { return []trial.Sample{s, s} },
		"NaN":          func(s trial.Sample) []trial.Sample { return []trial.Sample{spoilt(s, nan)} },
		"−Inf":         func(s trial.Sample) []trial.Sample { return []trial.Sample{spoilt(s, inf)} },
		"another kind": func(s trial.Sample) []trial.Sample { return []trial.Sample{anotherKind(s)} },
		"empty":        func(s trial.Sample) []trial.Sample { return []trial.Sample{emptied(s)} },
	} {
		for _, text := range []string{
			"conversions >= 90% of baseline", "checkout-errors <= 2%", "checkout-errors <= baseline + 1%", "checkout-errors <= 200% of baseline",
			"db-latency-p95 <= 250ms", "db-latency-p95 <= 150% of baseline", "db-latency-mean <= 200ms", "queue-mean <= 12",
			"cpu <= 0.7", "cpu <= 150% of baseline", "sales >= 1/s", "orders <= 300% of baseline",
		} {
			for _, onlyBaseline := range []bool{false, true} {
				j := metricsOnly(t, both, nil, text)
				relative := j.questions[0].objective.Relative()
				if onlyBaseline && !relative || name == "empty" && strings.Contains("cpu sales", j.questions[0].objective.of.Name) {
					continue
				}
				play(j, windows(func(r *rand.Rand, version, round int) []trial.Sample {
					var out []trial.Sample
					for _, s := range level(1)(r, version, round) {
						if onlyBaseline && version > 0 {
							out = append(out, s)
						} else {
							out = append(out, spoil(s)...)
						}
					}
					return out
				}, 1, 2, 60))
				c := j.Conclude(true)
				f := c.Findings[0]
				if c.Verdict != trial.Inconclusive || f.Rounds != 0 || f.Missing != 60 || len(f.Gaps) == 0 || !strings.Contains(c.Reason, "no data for") {
					t.Errorf("%s, %s: %s (%q), %d rounds, %d missing, %v", name, text, c.Verdict, c.Reason, f.Rounds, f.Missing, f.Gaps)
				}
			}
		}
	}
}

func spoilt(s trial.Sample, x float64) trial.Sample {
	switch {
	case s.Counts != nil:
		s.Counts = &trial.Counts{Hits: x, Trials: 100}
	case s.Histogram != nil:
		h := *s.Histogram
		h.Counts = slices.Clone(h.Counts)
		h.Counts[0] = x
		s.Histogram = &h
	case s.Moments != nil:
		s.Moments = &trial.Moments{N: 3, Sum: x, SumSquares: 3}
	case s.Value != nil:
		s.Value = &x
	case s.Total != nil:
		s.Total = &x
	}
	return s
}

func anotherKind(s trial.Sample) trial.Sample {
	if s.Value == nil {
		return ofValue(s.Metric, 0.2)
	}
	return ofTotal(s.Metric, 0.2)
}

func emptied(s trial.Sample) trial.Sample {
	switch {
	case s.Counts != nil:
		return ofCounts(s.Metric, 0, 0)
	case s.Histogram != nil:
		return ofHistogram(s.Metric, fine)
	case s.Moments != nil:
		return ofMoments(s.Metric)
	}
	return s
}

func TestGapsAreCountedAndTold(t *testing.T) {
	j := metricsOnly(t, both, nil, "cpu <= 150% of baseline", "checkout-errors <= 5%")
	look := play(j, windows(func(r *rand.Rand, version, round int) []trial.Sample {
		out := level(1)(r, version, round)
		for i := range out {
			switch {
			case out[i].Metric == "cpu" && version == 1 && round%5 == 0:
				out[i] = trial.Missed(0, "cpu", "HTTP 500")
			case out[i].Metric == "cpu" && version == 0 && round == 1:
				out[i] = trial.Missed(0, "cpu", "two series")
			}
		}
		return out
	}, 1, 2, 60))
	c := j.Conclude(true)
	cpu, errors := c.Findings[0], c.Findings[1]
	// With a gap in every fifth window and one more, 30 windows with data are
	// there after 39; one window may be short of them.
	if look.Rounds != 38 || c.Verdict != trial.Pass || cpu.Rounds != 29 || errors.Missing != 0 {
		t.Errorf("%s after %d windows, %d with data; errors missed %d", c.Verdict, look.Rounds, cpu.Rounds, errors.Missing)
	}
	want := []trial.Gap{{Reason: "candidate: HTTP 500", Rounds: 8}, {Reason: "baseline: two series", Rounds: 1}}
	if !slices.Equal(cpu.Gaps, want) || cpu.Missing != 9 {
		t.Errorf("%d missing: %v", cpu.Missing, cpu.Gaps)
	}
}

func TestAMetricThatMustBeThere(t *testing.T) {
	missing := func(every int) window {
		return func(r *rand.Rand, version, round int) []trial.Sample {
			if round%every == 0 {
				return []trial.Sample{ofCounts("checkout-errors", 0, 100), trial.Missed(0, "cpu", "timeout")}
			}
			return level(1)(r, version, round)
		}
	}
	for _, c := range []struct {
		every   int
		must    bool
		noData  NoData
		verdict trial.Verdict
		broken  bool
	}{
		{3, true, NoDataInconclusive, trial.Inconclusive, false},
		{3, true, NoDataBroken, trial.Inconclusive, true},
		{3, false, NoDataBroken, trial.Pass, false},
		{6, true, NoDataInconclusive, trial.Pass, false},
	} {
		j := metricsOnly(t, both, func(p *Policy) {
			p.Metrics = slices.Clone(p.Metrics)
			p.Metrics[4].MustHave, p.NoData = c.must, c.noData
		}, "checkout-errors <= 5%")
		play(j, windows(missing(c.every), 1, 2, 60))
		got := j.Conclude(true)
		if got.Verdict != c.verdict || (got.Broken != "") != c.broken {
			t.Errorf("%+v: %s, broken %q: %s", c, got.Verdict, got.Broken, got.Reason)
		}
		if c.verdict != trial.Pass && !strings.Contains(got.Reason, "cpu was missing in 20 of 60 windows") {
			t.Errorf("%+v: %q", c, got.Reason)
		}
	}
}

// Load and windows in one trial, in any order: each objective is judged on its
// own rounds.
func TestSeriesAreJudgedApart(t *testing.T) {
	order := func(late bool) Conclusion {
		j := judgeOf(t, both, func(p *Policy) { p.Metrics = declaredMetrics }, "latency-p95 <= 150% of baseline", "cpu <= 150% of baseline")
		load, other := rounds(same, 1, 2, 2400), windows(level(1), 1, 2, 40)
		for i, r := range load {
			if !late && i%60 == 59 && i/60 < len(other) {
				j.Look(other[i/60])
			}
			j.Look(r)
		}
		if late {
			play(j, other)
		}
		return j.Conclude(true)
	}
	for _, late := range []bool{false, true} {
		c := order(late)
		cpu := c.Findings[1]
		if c.Verdict != trial.Pass || cpu.Decided != leastWindows-1 && cpu.Decided != leastWindows || c.Findings[0].Decided >= 1200 || c.Findings[0].Decided < leastRounds {
			t.Errorf("late %v: %s, decided after %d windows and %d rounds: %s", late, c.Verdict, cpu.Decided, c.Findings[0].Decided, c.Reason)
		}
		if cpu.Missing != 0 || c.Findings[0].Series != "" || c.Findings[0].Missing != 0 || c.Rounds < leastRounds || len(c.Totals) != 2 || len(c.Tracks) != 2 {
			t.Errorf("late %v: %+v", late, c.Findings[0])
		}
	}
}

func TestUnknownSeriesAndMetricsShowNothing(t *testing.T) {
	j := metricsOnly(t, both, nil, "cpu <= 0.7")
	for _, r := range windows(level(1), 1, 2, 60) {
		r.Series = "other"
		j.Look(r)
	}
	if c := j.Conclude(true); c.Verdict != trial.Inconclusive || c.Rounds != 0 {
		t.Errorf("%s after %d rounds", c.Verdict, c.Rounds)
	}
	var o Objective
	if err := o.UnmarshalText([]byte("gpu <= 0.7")); err != nil {
		t.Fatal(err)
	}
	p := DefaultPolicy()
	p.Objectives, p.Metrics, p.NoLoad = []Objective{o}, declaredMetrics, true
	j = New(p, both)
	play(j, windows(level(1), 1, 2, 60))
	if c := j.Conclude(true); c.Verdict != trial.Inconclusive || !strings.Contains(c.Reason, "gpu") {
		t.Errorf("%s: %q", c.Verdict, c.Reason)
	}
	// Nor is it taken for something that load gives.
	j = judgeOf(t, both, nil, "gpu <= 0.7")
	play(j, rounds(same, 1, 2, 240))
	if f := j.Conclude(true).Findings[0]; f.Verdict != trial.Inconclusive || f.Rounds != 0 {
		t.Errorf("%s after %d rounds: %s", f.Verdict, f.Rounds, f.Reason)
	}
}

// By hand: bounds 0.1, 0.25, 0.5; one observation below the first, two, three,
// and four above all.
func TestBucketsCountBothWays(t *testing.T) {
	b := buckets{Bounds: []float64{0.1, 0.25, 0.5}, Counts: []float64{1, 2, 3, 4}}
	for limit, want := range map[float64]number{
		0.05: {9, 10}, 0.1: {9, 9}, 0.1000000000001: {9, 9}, 0.2: {7, 9}, 0.25: {7, 7}, 0.3: {4, 7}, 0.5: {4, 4}, 0.7: {0, 4},
	} {
		if got := b.above(limit); got != want {
			t.Errorf("above %v: %v, want %v", limit, got, want)
		}
	}
	for p, want := range map[float64]float64{0.1: 0.1, 0.2: 0.175, 0.3: 0.25, 0.6: 0.5, 0.95: math.Inf(1)} {
		if got := b.quantile(p); math.Abs(got-want) > 1e-12 && got != want {
			t.Errorf("p%v is %v, want %v", 100*p, got, want)
		}
	}
	// Below 0.25 lie 3 of 10, below 0.5 six.
	for p, want := range map[float64]float64{0.2: 0.25, 0.25: 0.25, 0.5: 0.5, 0.6: 0.5, 0.7: math.Inf(1)} {
		if got := b.nearest(p); got != want {
			t.Errorf("the bound nearest to p%v is %v, want %v", 100*p, got, want)
		}
	}
	sum := b.plus(buckets{Bounds: []float64{0.25, 1}, Counts: []float64{5, 0, 1}})
	if !slices.Equal(sum.Bounds, []float64{0.25}) || !slices.Equal(sum.Counts, []float64{8, 8}) {
		t.Errorf("the sum of histograms of different bounds is %v", sum)
	}
}

// A limit inside a bucket: evidence is only taken where the bound allows.
func TestALimitInsideABucket(t *testing.T) {
	inBucket := func(share float64) window {
		return func(r *rand.Rand, _, _ int) []trial.Sample {
			n := binomial(r, 1000, share)
			// All below 100 ms but for a share between 250 and 500 ms.
			return []trial.Sample{{Metric: "db-latency", Histogram: &trial.Histogram{Bounds: coarse, Counts: []float64{0, 1000 - n, 0, n, 0, 0}}}}
		}
	}
	for _, c := range []struct {
		objective string
		share     float64
		want      trial.Verdict
	}{
		{"db-latency-p95 <= 250ms", 0.02, trial.Pass},
		{"db-latency-p95 <= 250ms", 0.10, trial.Fail},
		{"db-latency-p95 <= 300ms", 0.02, trial.Pass}, // even if all of the bucket were above
		{"db-latency-p95 <= 300ms", 0.10, trial.Inconclusive},
		{"db-latency-p95 <= 500ms", 0.10, trial.Pass},
	} {
		j := metricsOnly(t, alone, nil, c.objective)
		play(j, windows(inBucket(c.share), 1, 1, 60))
		got := j.Conclude(true)
		if got.Verdict != c.want {
			t.Errorf("%s, a share of %v in its bucket: %s: %s", c.objective, c.share, got.Verdict, got.Reason)
		}
		if divided := strings.Contains(c.objective, "300"); divided != strings.Contains(got.Findings[0].Statistic, "divides a bucket") {
			t.Errorf("%s: %s", c.objective, got.Findings[0].Statistic)
		}
	}
}

// Buckets that are coarser than what is allowed can show a fail, never a pass of
// equals.
func TestCoarseBucketsAreNotGuessedInto(t *testing.T) {
	coarsely := func(factor float64) window {
		return func(r *rand.Rand, version, _ int) []trial.Sample {
			f := 1.0
			if version > 0 {
				f = factor
			}
			var xs []float64
			for range 300 {
				xs = append(xs, f*lognormal(r, 0.08, 0.4))
			}
			return []trial.Sample{ofHistogram("db-latency", coarse, xs...)}
		}
	}
	for factor, want := range map[float64]trial.Verdict{1: trial.Inconclusive, 0.7: trial.Pass, 4: trial.Fail} {
		j := metricsOnly(t, both, nil, "db-latency-p50 <= 110% of baseline")
		play(j, windows(coarsely(factor), 1, 2, 120))
		if c := j.Conclude(true); c.Verdict != want {
			t.Errorf("× %v: %s, want %s: %s", factor, c.Verdict, want, c.Reason)
		}
	}
}

// weighted makes windows of 1000 requests split by weights, of which each version
// really gets its part of actual.
func weighted(weights []int, actual []float64) func(r *trial.Round, w []trial.Sample) {
	return func(r *trial.Round, _ []trial.Sample) {
		r.Weights = weights
		for v, part := range actual {
			for i, s := range r.Samples {
				if s.Version == v && s.Metric == "conversions" {
					r.Samples[i] = ofCounts("conversions", 200*part, 1000*part)
					r.Samples[i].Version = v
				}
			}
		}
	}
}

func TestTrafficOfAMetricShowsAMismatch(t *testing.T) {
	for _, c := range []struct {
		actual []float64
		want   bool
	}{{[]float64{0.9, 0.1}, false}, {[]float64{0.8, 0.2}, true}} {
		j := metricsOnly(t, both, nil, "checkout-errors <= 300% of baseline", "cpu <= 0.7")
		all := windows(level(1), 1, 2, 60)
		for i := range all {
			weighted([]int{90, 10}, c.actual)(&all[i], nil)
		}
		play(j, all)
		got := j.Conclude(true)
		if (j.voided != "") != c.want || c.want != strings.Contains(got.Reason, "sample ratio mismatch") {
			t.Errorf("%v: %q, %q", c.actual, j.voided, got.Reason)
		}
		if got.Findings[1].Verdict != trial.Pass {
			t.Errorf("%v: what compares nothing is %s", c.actual, got.Findings[1].Verdict)
		}
		if parts := got.Parts; len(parts) != 2 || math.Abs(parts[1].Assigned.Value-0.1) > 1e-9 || math.Abs(parts[1].Got.Value-c.actual[1]) > 1e-9 || parts[1].Requests%int(1000*c.actual[1]) != 0 {
			t.Errorf("%v: parts %+v", c.actual, parts)
		}
	}
}

// A total grows with the traffic that a version is led: compared it would be the
// weights, per request it is the version.
func TestTotalsOfSplitTraffic(t *testing.T) {
	for text, want := range map[string]trial.Verdict{"sales >= 90% of baseline": trial.Inconclusive, "orders >= 90% of baseline": trial.Pass} {
		j := metricsOnly(t, both, nil, text)
		all := windows(level(1), 1, 2, 60)
		for i := range all {
			all[i].Weights = []int{90, 10}
		}
		play(j, all)
		c := j.Conclude(true)
		if c.Verdict != want || (want == trial.Inconclusive) != strings.Contains(c.Reason, "declare it per requests") {
			t.Errorf("%s: %s: %s", text, c.Verdict, c.Reason)
		}
	}
}

func TestACounterThatBeganAnew(t *testing.T) {
	reset := func(r *rand.Rand, version, round int) []trial.Sample {
		out := level(1)(r, version, round)
		for i := range out {
			out[i].Reset = true
		}
		return out
	}
	for text, want := range map[string]trial.Verdict{"sales >= 1/s": trial.Inconclusive, "checkout-errors <= 5%": trial.Pass, "orders <= 500% of baseline": trial.Inconclusive} {
		j := metricsOnly(t, both, nil, text)
		play(j, windows(reset, 1, 2, 60))
		c := j.Conclude(true)
		if c.Verdict != want {
			t.Errorf("%s: %s: %s", text, c.Verdict, c.Reason)
		}
		if text == "sales >= 1/s" && !strings.Contains(c.Reason, "candidate: a counter began anew, so its total is only a lower bound") {
			t.Error(c.Reason)
		}
	}
}

func TestRewardsOnDeclaredMetrics(t *testing.T) {
	for text, factor := range map[string]float64{
		"maximize conversions": 1.5, "minimize db-latency-p50": 0.6, "minimize cpu": 0.7, "maximize orders": 1.5, "minimize queue-mean": 0.7,
	} {
		for _, better := range []bool{true, false} {
			var r Reward
			if err := r.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			f := factor
			if !better {
				f = 1 / factor
			}
			j := metricsOnly(t, both, func(p *Policy) { p.Rewards, p.OnlyAsked = []Reward{r}, true }, "checkout-errors <= 20%")
			play(j, windows(level(f), 1, 2, 200))
			c := j.Conclude(true)
			if won := c.Choice.Winner == "candidate"; won != better || c.Choice.Draws == 0 {
				t.Errorf("%s, better %v: winner %q, %d draws: %s", text, better, c.Choice.Winner, c.Choice.Draws, c.Reason)
			}
			to := j.Weights(DefaultTraffic(), []int{50, 50})
			if to[1] > to[0] != better {
				t.Errorf("%s, better %v: weights %v", text, better, to)
			}
		}
	}
}

func TestParetoOfDeclaredMetrics(t *testing.T) {
	var rewards []Reward
	for _, text := range []string{"maximize conversions", "maximize orders"} {
		var r Reward
		if err := r.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		rewards = append(rewards, r)
	}
	j := metricsOnly(t, three, func(p *Policy) { p.Rewards, p.OnlyAsked = rewards, true }, "checkout-errors <= 20%")
	play(j, windows(func(r *rand.Rand, version, round int) []trial.Sample {
		return level([]float64{1, 1.5, 0.9}[version])(r, 1, round)
	}, 1, 3, 200))
	c := j.Conclude(true)
	if c.Choice.Pattern != "pareto" || c.Choice.Winner != "a" || len(c.Choice.Dominated) != 3 || !(c.Choice.Dominated[2].Value > 0.9) {
		t.Errorf("%+v: %s", c.Choice, c.Reason)
	}
}

// Charts show so many points, whatever a trial lasts.
func TestCoursesAreAveraged(t *testing.T) {
	c := thinned[float64]{mean: meanOf}
	for i := range 500 {
		c.add(float64(i), i < 6, float64(i))
	}
	at, values, warmup := c.shown(mostPoints)
	if len(at) != 167 || at[1] != 3 || values[1] != 4 || values[166] != 498.5 || warmup != 2 {
		t.Errorf("%d points, %v, %v, %d", len(at), at[1], values[166], warmup)
	}
}

// A course of which neighbours were averaged again and again still tells of all
// its rounds, each of them as much as another.
func TestLongCoursesKeepTheirShape(t *testing.T) {
	c := thinned[float64]{mean: meanOf}
	for i := range 10_001 {
		c.add(float64(i), i < 1000, float64(i))
	}
	at, values, warmup := c.shown(mostPoints)
	if len(c.points) > mostKept || len(at) < mostPoints/2 || len(at) > mostPoints {
		t.Fatalf("%d points of %d", len(at), len(c.points))
	}
	width := at[1]
	for i, x := range values[:len(values)-1] {
		if at[i] != float64(i)*width || x != at[i]+(width-1)/2 {
			t.Fatalf("point %d is at %v and is %v", i, at[i], x)
		}
	}
	if begin := at[warmup]; begin > 1000 || begin < 1000-width {
		t.Errorf("judged from %v on", begin)
	}
	if last := values[len(values)-1]; last < at[len(at)-1] || last > 10_000 {
		t.Errorf("the last point is %v", last)
	}
}

func TestRewardsOfSeveralSeriesAreRefused(t *testing.T) {
	p := DefaultPolicy()
	for _, text := range []string{"minimize latency-mean", "minimize cpu"} {
		var r Reward
		if err := r.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := r.Bind(declaredMetrics); err != nil {
			t.Fatal(err)
		}
		p.Rewards = append(p.Rewards, r)
	}
	if got := strings.Join(p.CheckPattern(1, true), "\n"); !strings.Contains(got, "different series (load, metrics)") {
		t.Error(got)
	}
}

func TestForecastsOfDeclaredMetricsAreRefused(t *testing.T) {
	p := DefaultPolicy()
	p.Metrics = declaredMetrics
	var o Objective
	if err := o.UnmarshalText([]byte("cpu <= 0.7")); err != nil {
		t.Fatal(err)
	}
	p.Objectives = []Objective{o}
	recorded := append(rounds(same, 1, 2, 40), windows(level(1), 1, 2, 40)...)
	got := Plan(p, both, recorded, 240, roundLength)
	if !strings.Contains(got[0].Problem, "cpu comes from elsewhere") || got[1].Problem != "" {
		t.Errorf("%+v", got)
	}
	if loadAlone := Plan(p, both, recorded[:40], 240, roundLength); got[1] != loadAlone[1] {
		t.Errorf("windows change a forecast of the load: %+v, alone %+v", got[1], loadAlone[1])
	}
}

func TestDeclaredObjectivesAreBound(t *testing.T) {
	for text, want := range map[string]string{
		"cpus <= 0.7":                      "no metric is called cpus; did you mean cpu? (known: latency-p50,",
		"latncy-p95 <= 300ms":              "no metric is called latncy-p95; did you mean latency-p95?",
		"error-rate-p95 <= 1%":             "no metric is called error-rate-p95",
		"db-latency <= 300ms":              "db-latency is a histogram: say which figure of it, as in db-latency-p95 or db-latency-mean",
		"db-latency-max <= 300ms":          "of the kind histogram, which has no max",
		"cpu-p95 <= 3":                     "of the kind value, which has no p95",
		"cpu <= 3/s":                       `"3/s" is not what cpu comes to: write it as in 0.7`,
		"cpu <= NaN":                       "is not what cpu comes to",
		"cpu <= +Inf":                      "is not what cpu comes to",
		"memory <= 3 apples":               "write it as in 512MiB",
		"db-latency-p95 <= 0.3":            "write it as in 300ms",
		"conversions >= 0%":                "can't be shown by any number",
		"conversions >= 120%":              "is not a share",
		"conversions >= baseline":          "give a tolerance",
		"conversions >= -3% of baseline":   "not a positive percentage",
		"db-latency-p95 <= baseline ± 3ms": "not ±",
		"checkout-errors-rate <= 1%":       "no metric is called checkout-errors-rate; did you mean checkout-errors?",
	} {
		var o Objective
		err := o.UnmarshalText([]byte(text))
		if err == nil {
			err = o.Bind(declaredMetrics)
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), fmt.Sprintf("objective %q: ", text)) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	for text, want := range map[string]float64{
		"memory <= 512MiB": 512 << 20, "memory <= 1.5 GB": 1.5e9, "memory <= 100": 100, "cpu <= -0.5": -0.5, "db-latency-p95 <= 20m": 1200, "sales >= 5/s": 5, "orders >= 0.1": 0.1,
	} {
		var o Objective
		if err := o.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := o.Bind(declaredMetrics); err != nil || o.limit.value != want || o.Text != text {
			t.Errorf("%q: %v %v, %v", text, o.Text, o.limit.value, err)
		}
	}
}

func TestDeclarationsThatCantStand(t *testing.T) {
	for want, m := range map[string]Metric{
		"is what the load itself gives":            {Name: "error-rate", Kind: trial.CountsKind},
		`"latency-p95" is what the load`:           {Name: "latency-p95", Kind: trial.ValueKind},
		"is no name for a metric":                  {Name: "my metric", Kind: trial.ValueKind},
		`"baseline" is no name`:                    {Name: "baseline", Kind: trial.ValueKind},
		"two metrics are called cpu":               {Name: "cpu", Kind: trial.ValueKind},
		"could also be a figure of another metric": {Name: "db-latency-p95", Kind: trial.ValueKind},
		"has no kind (known: counts,":              {Name: "x"},
		"leave its unit out":                       {Name: "x", Kind: trial.CountsKind, Unit: Unit(trial.Seconds)},
		"x is no total":                            {Name: "x", Kind: trial.ValueKind, Per: PerRequest},
		"no metric of its series counts them":      {Name: "x", Kind: trial.TotalKind, Per: PerRequest, Series: "slow"},
		"counts no requests":                       {Name: "x", Kind: trial.ValueKind, Traffic: true, Series: "slow"},
		"is the second that counts the requests":   {Name: "x", Kind: trial.CountsKind, Traffic: true},
		"the series load is the load's own":        {Name: "x", Kind: trial.ValueKind, Series: "load"},
	} {
		got := CheckMetrics(append(slices.Clone(declaredMetrics), m))
		if len(got) != 1 || !strings.Contains(got[len(declaredMetrics)], want) {
			t.Errorf("%+v: %v, want %q", m, got, want)
		}
	}
	if got := CheckMetrics(declaredMetrics); len(got) != 0 {
		t.Error(got)
	}
}

func TestBudgetsOfWindows(t *testing.T) {
	p := DefaultPolicy()
	for _, text := range []string{"cpu <= 0.7", "latency-p95 <= 1s"} {
		var o Objective
		if err := o.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := o.Bind(declaredMetrics); err != nil {
			t.Fatal(err)
		}
		p.Objectives = append(p.Objectives, o)
	}
	sure := Percent(0.999)
	p.Objectives[0].Confidence = &sure
	for _, c := range []struct {
		windows int
		atLeast time.Duration
		want    string
	}{
		{30, 0, ""},
		{29, 0, "7m15s of metrics can never pass: a pass needs 30 windows of 15s; use for: 7m30s or longer, a shorter interval, or at-least: 7m15s"},
		{20, time.Minute, ""},
		{7, 0, "the judge needs at least 12"},
	} {
		p.AtLeast = c.atLeast
		got := strings.Join(p.CheckWindows(trial.MetricsSeries, c.windows, windowLength, 2), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%d windows: %q, want %q", c.windows, got, c.want)
		}
	}
	// What windows are asked for is no matter of the load.
	p.AtLeast = time.Second
	if got := p.Check(8, roundLength, 2); got != nil {
		t.Error(got)
	}
}

// A quantile above the last bound is no figure: such windows show nothing.
func TestAQuantileAboveAllBounds(t *testing.T) {
	above := func(*rand.Rand, int, int) []trial.Sample {
		return []trial.Sample{{Metric: "db-latency", Histogram: &trial.Histogram{Bounds: []float64{0.1}, Counts: []float64{50, 50}}}}
	}
	for text, want := range map[string]string{
		"db-latency-p95 <= 200% of baseline": "no data for p95 of db-latency in 60 windows (baseline: its p95 is above the last bound of its buckets)",
		"db-latency-p95 <= 1s":               "p95 of db-latency is above the last bound of its buckets, 1 s allowed; undecided after 60 windows",
	} {
		j := metricsOnly(t, both, nil, text)
		play(j, windows(above, 1, 2, 60))
		if c := j.Conclude(true); c.Verdict != trial.Inconclusive || !strings.HasPrefix(c.Reason, want) {
			t.Errorf("%s: %s: %s", text, c.Verdict, c.Reason)
		}
	}
}

// By hand: 3 hits of 10, then 1 of 10; sums of 6 over 3 and 12 over 3.
func TestFiguresByHand(t *testing.T) {
	s := func(given ...trial.Sample) sample {
		v := make(view, 1)
		v.give(given)
		v[0].length = 15
		return v[0]
	}
	lost := ofTotal("sales", 30)
	lost.Reset = true
	sales := implied("error-rate <= 1%")
	sales.metric, sales.of = declared, declaredMetrics[7]
	if x := sales.figure(s(lost)); !math.IsNaN(x) {
		t.Errorf("a total that began anew comes to %v", x)
	}
	for _, c := range []struct {
		objective string
		rounds    []sample
		each      []float64
		pooled    float64
	}{
		{"conversions >= 1%", []sample{s(ofCounts("conversions", 3, 10)), s(ofCounts("conversions", 1, 30))}, []float64{0.3, 1. / 30}, 0.1},
		{"queue-mean <= 1", []sample{s(ofMoments("queue", 1, 2, 3)), s(ofMoments("queue", 12))}, []float64{2, 12}, 4.5},
		{"queue-stddev <= 1", []sample{s(ofMoments("queue", 1, 2, 3)), s(ofMoments("queue", 1, 3))}, []float64{1, math.Sqrt2}, (1 + math.Sqrt2) / 2},
		{"db-latency-mean <= 1s", []sample{s(ofHistogram("db-latency", coarse, 0.1, 0.3)), s(ofHistogram("db-latency", coarse, 0.5, 0.5))}, []float64{0.2, 0.5}, 0.35},
		{"db-latency-p50 <= 1s", []sample{s(ofHistogram("db-latency", coarse, 0.07, 0.09)), s(ofHistogram("db-latency", coarse, 0.2, 0.2))}, []float64{0.075, 0.175}, 0.1},
		{"cpu <= 1", []sample{s(ofValue("cpu", 0.5)), s(ofValue("cpu", -1))}, []float64{0.5, -1}, -0.25},
		{"sales >= 1/s", []sample{s(ofTotal("sales", 30)), s(ofTotal("sales", 0))}, []float64{2, 0}, 1},
		{"orders >= 1", []sample{s(ofTotal("orders", 30), ofCounts("conversions", 0, 60)), s(ofTotal("orders", 30), ofCounts("conversions", 0, 20))}, []float64{0.5, 1.5}, 1},
	} {
		o := implied("error-rate <= 1%")
		if err := o.UnmarshalText([]byte(c.objective)); err != nil {
			t.Fatal(err)
		}
		if err := o.Bind(declaredMetrics); err != nil {
			t.Fatal(err)
		}
		h := newHistory([]Objective{o})
		for i, one := range c.rounds {
			if got := o.figure(one); math.Abs(got-c.each[i]) > 1e-12 {
				t.Errorf("%s, round %d: %v, want %v", c.objective, i, got, c.each[i])
			}
			h.add(one)
		}
		if got := h.figure(o); math.Abs(got-c.pooled) > 1e-12 {
			t.Errorf("%s: pooled %v, want %v", c.objective, got, c.pooled)
		}
	}
}

func TestTrialsWithoutLoadAskNothingOfIt(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "without load no objective is implied",
		"latency-p95 <= 1s":   `"latency-p95 <= 1s" is measured by load`,
		"minimize error-rate": "a reward is measured by load",
		"cpu <= 0.7":          "",
		"minimize cpu":        "",
	} {
		p := DefaultPolicy()
		p.NoLoad, p.Metrics = true, declaredMetrics
		var o Objective
		var r Reward
		switch {
		case strings.HasPrefix(text, "minimize"):
			if err := r.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			_ = r.Bind(declaredMetrics)
			p.Rewards = append(p.Rewards, r)
		case text != "":
			if err := o.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			_ = o.Bind(declaredMetrics)
			p.Objectives = append(p.Objectives, o)
		}
		got := strings.Join(p.CheckPattern(1, true), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Nothing is believed of totals that would compare the weights.
func TestNothingIsBelievedOfTotalsOfSplitTraffic(t *testing.T) {
	var r Reward
	if err := r.UnmarshalText([]byte("maximize sales")); err != nil {
		t.Fatal(err)
	}
	j := metricsOnly(t, both, func(p *Policy) { p.Rewards, p.OnlyAsked = []Reward{r}, true }, "checkout-errors <= 20%")
	all := windows(level(2), 1, 2, 60)
	for i := range all {
		all[i].Weights = []int{90, 10}
	}
	play(j, all)
	if c := j.Conclude(true); c.Choice.Winner != "" || c.Choice.Draws != 0 || c.Choice.Rankings[0].Series != trial.MetricsSeries {
		t.Errorf("winner %q after %d draws, of %q", c.Choice.Winner, c.Choice.Draws, c.Choice.Rankings[0].Series)
	}
	if to := j.Weights(DefaultTraffic(), []int{90, 10}); !slices.Equal(to, []int{90, 10}) {
		t.Errorf("weights %v", to)
	}
}

// Figures may be below 0: amounts may be compared, percentages of them not.
func TestFiguresBelowZero(t *testing.T) {
	below := func(r *rand.Rand, version, round int) []trial.Sample {
		x := -1 + 0.05*r.NormFloat64()
		if round < 45 {
			x = 1 + 0.05*r.NormFloat64()
		}
		return []trial.Sample{ofValue("cpu", x), ofCounts("checkout-errors", 20, 100)}
	}
	for text, want := range map[string]trial.Verdict{
		"cpu <= 150% of baseline": trial.Inconclusive, "cpu <= baseline + 0.5": trial.Pass, "cpu >= baseline + 0.5": trial.Fail,
	} {
		// The other objective keeps the trial open after a first pass.
		j := metricsOnly(t, both, nil, text, "checkout-errors <= 19%")
		for _, r := range windows(below, 1, 2, 60) {
			j.Look(r)
		}
		c := j.Conclude(true)
		if f := c.Findings[0]; f.Verdict != want || (want == trial.Inconclusive) != strings.Contains(f.Reason, "of which a percentage means nothing") {
			t.Errorf("%s: %s: %s", text, f.Verdict, f.Reason)
		}
	}
	j := metricsOnly(t, both, nil, "cpu <= baseline + 0.5")
	play(j, windows(func(r *rand.Rand, v, _ int) []trial.Sample {
		return []trial.Sample{ofValue("cpu", -1-3*float64(v)+0.05*r.NormFloat64())}
	}, 1, 2, 60))
	if f := j.Conclude(true).Findings[0]; f.Anytime.Low.Known() || f.Anytime.High.Known() || f.Credible.Low.Known() || f.Credible.High.Known() || f.Change.Known() || f.Verdict != trial.Pass {
		t.Errorf("a change of %v, %+v", f.Change, f.Anytime)
	}
}

// A window in which live traffic was being moved is seen, and never judged.
func TestSettlingWindowsAreNotJudged(t *testing.T) {
	j := metricsOnly(t, both, nil, "cpu <= 150% of baseline")
	all := windows(level(1), 1, 2, 60)
	for i := range all {
		all[i].Settling = i%2 == 0
	}
	look := play(j, all)
	if c := j.Conclude(true); look.Rounds != 29 && look.Rounds != 30 || c.Verdict != trial.Pass || c.Findings[0].Missing != 0 || len(c.Courses[0].At) < 58 {
		t.Errorf("%s after %d windows, %d points", c.Verdict, look.Rounds, len(c.Courses[0].At))
	}
}
