package loadgen

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// alike are the times of two equal versions, drawn.
func alike(seed uint64, n int) (a, b []float64) {
	draws := rand.New(rand.NewPCG(seed, 0))
	for range n {
		a = append(a, 0.005*math.Exp(0.3*draws.NormFloat64()))
		b = append(b, 0.005*math.Exp(0.3*draws.NormFloat64()))
	}
	return a, b
}

func statisticNamed(t *testing.T, name string) figure {
	t.Helper()
	i := slices.IndexFunc(discerned, func(f figure) bool { return f.name == name })
	if i < 0 {
		t.Fatal("no statistic is called", name)
	}
	return discerned[i]
}

// Of two equal versions, the next trial's difference is below what the first one
// calls chance in 19 of 20 cases; a bit more often, since the floor is never
// below the difference that was just seen.
func TestChanceStaysBelowTheFloor(t *testing.T) {
	for _, name := range []string{"mean", "p50", "p95"} {
		f := statisticNamed(t, name)
		const trials = 400
		beyond, widest := 0, 0.0
		for seed := range uint64(trials) {
			_, floor := f.apart(alike(2*seed, 1000))
			next, _ := f.apart(alike(2*seed+1, 1000))
			if math.Abs(next) > floor {
				beyond++
			}
			widest = max(widest, floor)
		}
		if share := float64(beyond) / trials; share > 0.08 || share < 0.005 {
			t.Errorf("%s: %.1f %% of equal pairs are further apart than the floor", name, 100*share)
		}
		if widest > 0.25 {
			t.Errorf("%s: a floor of %.0f %%, which tells nothing apart", name, 100*widest)
		}
	}
}

// What hangs together for a while is worth less than its number.
func TestDriftOfOneVersionRaisesTheFloor(t *testing.T) {
	f := statisticNamed(t, "p50")
	a, b := alike(1, 1000)
	_, calm := f.apart(a, b)
	for i := range b {
		b[i] *= 1 + 0.2*math.Sin(float64(i)/160)
	}
	if _, drifting := f.apart(a, b); drifting < 3*calm {
		t.Errorf("floor %.3f with a drift, %.3f without", drifting, calm)
	}
}

func TestTooFewRareRequestsGiveNoFloor(t *testing.T) {
	a, b := alike(1, 900)
	if _, floor := statisticNamed(t, "p99").apart(a, b); !math.IsNaN(floor) {
		t.Errorf("nine requests above the p99 give a floor of %g", floor)
	}
	if _, floor := statisticNamed(t, "p95").apart(a, b); math.IsNaN(floor) {
		t.Error("45 requests above the p95 give none")
	}
}

// recorded is a round of requests to each version, of which all took 7 ms and
// left 1 ms behind plan.
func recorded(n int, warmup bool) trial.Round {
	r := trial.Round{Warmup: warmup, Generator: trial.Generator{Planned: 2 * n}}
	for i := range 2 * n {
		r.Requests = append(r.Requests, trial.Request{
			Version: uint8(i % 2), Status: trial.Answered(200, true), Start: trial.Ticks(time.Millisecond), Latency: trial.Ticks(7 * time.Millisecond),
		})
	}
	return r
}

func TestBiasIsWhatTheClientAdds(t *testing.T) {
	var c calibration
	c.add(recorded(30, true))
	c.add(recorded(200, false))
	for v := range c.own {
		c.own[v] = slices.Repeat([]float64{0.005}, 200)
	}
	got, err := c.told()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got.Statistics {
		if math.Abs(s.Bias.Value-0.002) > 1e-9 || s.Apart.Value != 0 {
			t.Errorf("%s: a bias of %v, %v apart; want 2 ms, none", s.Statistic, s.Bias, s.Apart)
		}
	}
	if got.Planned != 400 || got.Sent != 400 || c.warm != [2]int{30, 30} {
		t.Errorf("the warm-up is counted: %+v %v", got, c.warm)
	}
	if b := got.Behind; b.Median.String() != "1 ms" || b.Worst.String() != "1 ms" {
		t.Errorf("behind plan by %v, at worst %v", b.Median, b.Worst)
	}
}

func TestUnsentAndFailedRequestsAreCountedAndHaveNoTime(t *testing.T) {
	var c calibration
	r := recorded(200, false)
	r.Requests[0].Status = trial.Failed(trial.Unsent)
	r.Requests[1].Status = trial.Failed(trial.TimedOut)
	c.add(r)
	c.own = [2][]float64{make([]float64, 200), make([]float64, 200)}
	got, err := c.told()
	if err != nil || got.Unsent != 1 || got.Failed != 1 || got.Sent != 399 || len(c.times[0]) != 199 {
		t.Errorf("%+v, %d times, %v", got, len(c.times[0]), err)
	}
	c.own[1] = nil
	if _, err := c.told(); err == nil || !strings.Contains(err.Error(), "version 1 gave 199 answers and knows of 0") {
		t.Errorf("a service without its times: %v", err)
	}
}

// known is a service that knows what its answers took.
type known struct {
	mu  sync.Mutex
	all []float64
}

func (k *known) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	began := time.Now()
	<-time.After(3 * time.Millisecond)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, time.Since(began).Seconds())
	w.WriteHeader(http.StatusOK)
}

func TestCalibratesOverRealConnections(t *testing.T) {
	t.Parallel()
	var services [2]known
	var versions [2]Target
	for i := range services {
		s := httptest.NewServer(&services[i])
		defer s.Close()
		versions[i] = Target{Name: []string{"baseline", "candidate"}[i], URL: s.URL}
	}
	o := DefaultOptions()
	o.Rate.PerSecond, o.For, o.Warmup = 200, time.Second, 250*time.Millisecond
	got, err := Calibrate(t.Context(), o, versions, func(v int) ([]float64, error) {
		services[v].mu.Lock()
		defer services[v].mu.Unlock()
		return slices.Clone(services[v].all), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Planned != 400 || got.Sent+got.Unsent != 400 || got.CPU.Value <= 0 || got.Most.Value <= 0 {
		t.Errorf("%+v", got)
	}
	for _, s := range got.Statistics {
		if s.Server.Value < 0.003 || s.Bias.Value <= 0 {
			t.Errorf("%s: %v by the service's clock, %v measured", s.Statistic, s.Server, s.Client)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Calibrate(stopped, o, versions, nil); err == nil {
		t.Error("a calibration that was stopped tells figures")
	}
}
