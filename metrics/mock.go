package metrics

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/seatrial/seatrial/trial"
)

// mockTrials is of how many trials or observations a made-up window is.
const mockTrials = 1000

// mocked is a made-up sample around a version's number: a share of counts, the
// mean of observations, a value, or what a total grows by in a second. The same
// seed makes the same numbers.
func (m *Meter) mocked(of Metric, version, index int) trial.Sample {
	name := m.versions[version].Name
	mean, given := of.Mock[name]
	if !given {
		return trial.Missed(version, of.Name, fmt.Sprintf("its mock has no number for %s", name))
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(of.Name + "\x00" + name + "\x00" + strconv.FormatInt(int64(index), 10))) // never fails
	random := rand.New(rand.NewPCG(m.seed, hash.Sum64()))
	s := trial.Sample{Version: version, Metric: of.Name}
	spread := mean * (1 + 0.02*random.NormFloat64()) // 2 %: as steady services are
	switch of.Kind {
	case trial.CountsKind:
		s.Counts = &trial.Counts{Hits: hitsOf(random, mean), Trials: mockTrials}
	case trial.ValueKind:
		s.Value = &spread
	case trial.TotalKind:
		total := max(0, math.Round(spread*m.windows.Interval.Seconds()))
		s.Total = &total
	case trial.MomentsKind:
		s.Moments = &trial.Moments{N: mockTrials, Sum: mockTrials * spread, SumSquares: mockTrials * spread * spread * 1.25}
	case trial.HistogramKind:
		h := histogramOf(random, mean)
		s.Histogram = &h
	}
	if err := s.Check(); err != nil {
		return trial.Missed(version, of.Name, "its mock: "+err.Error())
	}
	return s
}

func hitsOf(random *rand.Rand, share float64) float64 {
	hits := 0.0
	for range mockTrials {
		if random.Float64() < share {
			hits++
		}
	}
	return hits
}

// histogramOf has exponential observations in buckets of a tenth of their mean.
func histogramOf(random *rand.Rand, mean float64) trial.Histogram {
	const buckets = 100
	h := trial.Histogram{Counts: make([]float64, buckets+1), Sum: new(float64)}
	for i := range buckets {
		h.Bounds = append(h.Bounds, mean*float64(i+1)/10)
	}
	for range mockTrials {
		x := random.ExpFloat64()
		h.Counts[min(buckets, int(x*10))]++
		*h.Sum += x * mean
	}
	return h
}
