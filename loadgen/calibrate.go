package loadgen

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// fewestCalibrated is how many answers of each version a calibration takes.
const fewestCalibrated = 10 * sections

// Calibrate sends a trial's load to two versions that are the same, and holds
// its record against the times that they measured themselves. Known gives these
// for a version, in seconds and in the order of its answers. An error means that
// nothing can be said; a load that was not kept is none, and shows in the
// figures.
func Calibrate(ctx context.Context, o Options, versions [2]Target, known func(version int) ([]float64, error)) (trial.Calibrated, error) {
	var c calibration
	cost, err := c.send(ctx, o, versions)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return trial.Calibrated{}, err
	}
	for v := range c.own {
		times, err := known(v)
		if err != nil {
			return trial.Calibrated{}, err
		}
		c.own[v] = times[min(c.warm[v], len(times)):]
	}
	out, err := c.told()
	if err != nil {
		return out, err
	}
	full, err := fullCost(ctx, o, versions)
	out.CPU = inSeconds(cost)
	out.Most = trial.Quantity{Value: mostOfCPU * float64(runtime.GOMAXPROCS(0)) / full / float64(len(versions)), Unit: trial.PerSecond}
	return out, err
}

// send sends a load and gives the CPU time of a request, in seconds.
func (c *calibration) send(ctx context.Context, o Options, versions [2]Target) (cost float64, err error) {
	meter, err := NewMeter(o, nil, versions[:])
	if err != nil {
		return 0, err
	}
	before := cpuTime()
	for round, err := range meter.Rounds(ctx) {
		if err != nil {
			return 0, fmt.Errorf("could not send the load: %w", err)
		}
		c.add(round)
	}
	return (cpuTime() - before).Seconds() / float64(max(1, c.sent)), nil
}

// fullTime is for how long full load is tried.
const fullTime = 2 * time.Second

// fullCost is the CPU time of a request where each connection sends one after
// another. At a low rate one costs several times as much, because the process
// wakes up for each.
func fullCost(ctx context.Context, o Options, versions [2]Target) (cost float64, err error) {
	o.Closed, o.Warmup, o.For = true, 0, fullTime
	return new(calibration).send(ctx, o, versions)
}

// calibration is what two equal versions were sent, and what came back.
type calibration struct {
	planned, late, unsent, failed int

	sent   int          // warm-up included
	warm   [2]int       // requests of the warm-up that a version got
	times  [2][]float64 // by the client, in the order of the slots: seconds
	own    [2][]float64 // by the version itself
	behind []float64    // seconds from plan to sending
}

func (c *calibration) add(r trial.Round) {
	for _, q := range r.Requests {
		unsent := q.Status.Is(trial.Unsent)
		if !unsent {
			c.sent++
		}
		switch {
		case r.Warmup && !unsent:
			c.warm[q.Version]++
		case r.Warmup:
		case unsent:
			c.unsent++
		case !q.Status.OK():
			c.failed++
		default:
			c.times[q.Version] = append(c.times[q.Version], q.Seconds())
			c.behind = append(c.behind, float64(q.Start)*trial.Tick.Seconds())
		}
	}
	if !r.Warmup {
		c.planned += r.Generator.Planned
		c.late += r.Generator.Late
	}
}

// told makes figures of it.
func (c *calibration) told() (trial.Calibrated, error) {
	out := trial.Calibrated{Planned: c.planned, Sent: c.planned - c.unsent, Late: c.late, Unsent: c.unsent, Failed: c.failed}
	for v := range c.times {
		if min(len(c.times[v]), len(c.own[v])) < fewestCalibrated {
			return out, fmt.Errorf("of %d requests, version %d gave %d answers and knows of %d: at least %d are needed; ask for a lower rate, or more connections",
				c.planned/len(c.times), v, len(c.times[v]), len(c.own[v]), fewestCalibrated)
		}
	}
	late := slices.Sorted(slices.Values(c.behind))
	out.Behind.Median, out.Behind.P99, out.Behind.Worst = inSeconds(quantile(late, 0.5)), inSeconds(quantile(late, 0.99)), inSeconds(late[len(late)-1])
	for _, s := range discerned {
		client, server := s.of(slices.Concat(c.times[0], c.times[1])), s.of(slices.Concat(c.own[0], c.own[1]))
		apart, floor := s.apart(c.times[0], c.times[1])
		out.Statistics = append(out.Statistics, trial.Discerned{
			Statistic: s.name, Client: inSeconds(client), Server: inSeconds(server), Bias: inSeconds(client - server),
			Apart: trial.Quantity{Value: apart, Unit: trial.Ratio}, Floor: trial.Quantity{Value: floor, Unit: trial.Ratio},
		})
	}
	return out, nil
}

func inSeconds(s float64) trial.Quantity { return trial.Quantity{Value: s, Unit: trial.Seconds} }

// figure is a statistic of latencies.
type figure struct {
	name string
	of   func(times []float64) float64
	rare float64 // share of the requests that decide it
}

var discerned = []figure{
	{"mean", average, 1},
	{"p50", func(times []float64) float64 { return quantile(slices.Sorted(slices.Values(times)), 0.50) }, 0.50},
	{"p95", func(times []float64) float64 { return quantile(slices.Sorted(slices.Values(times)), 0.95) }, 0.05},
	{"p99", func(times []float64) float64 { return quantile(slices.Sorted(slices.Values(times)), 0.99) }, 0.01},
}

func average(times []float64) float64 {
	sum := 0.0
	for _, t := range times {
		sum += t
	}
	return sum / float64(len(times))
}

// quantile is the smallest value that a share p of all does not exceed.
func quantile(sorted []float64, p float64) float64 {
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}

const (
	sections = 10

	// fewestRare is how many requests must decide a statistic before its noise is
	// told: with fewer, sections say little of it.
	fewestRare = 10

	// widest is for how many standard errors of ten sections chance is to blame in
	// 19 of 20 cases. R 4.2: qt(.975, 9).
	widest = 2.262157
)

// apart is how far the statistic of b is from that of a, as a share of it, and
// below which such a difference may be chance.
//
// The second comes of sectioning (Asmussen & Glynn 2007, Stochastic Simulation,
// §III.5): the record is cut into ten parts, and ln(b/a) of the parts scatters as
// its mean does, times √10. Answers that hang together within a part, as those of
// a busy machine do, are taken for what they are. It is never told to be less
// than what two equal versions just differed by.
func (f figure) apart(a, b []float64) (apart, floor float64) {
	apart = f.of(b)/f.of(a) - 1
	if f.rare*float64(min(len(a), len(b))) < fewestRare {
		return apart, math.NaN()
	}
	var logs []float64
	for i := range sections {
		logs = append(logs, math.Log(f.of(section(b, i))/f.of(section(a, i))))
	}
	middle, squares := average(logs), 0.0
	for _, l := range logs {
		squares += (l - middle) * (l - middle)
	}
	half := widest * math.Sqrt(squares/(sections-1)/sections)
	return apart, max(math.Expm1(half), math.Abs(apart))
}

// section is the i-th of equal parts.
func section(times []float64, i int) []float64 {
	return times[i*len(times)/sections : (i+1)*len(times)/sections]
}
