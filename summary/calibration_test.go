package summary

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

func TestCalibrationAsText(t *testing.T) {
	in := func(s float64) trial.Quantity { return trial.Quantity{Value: s, Unit: trial.Seconds} }
	relative := func(v float64) trial.Quantity { return trial.Quantity{Value: v, Unit: trial.Ratio} }
	s := trial.Calibrated{
		Takes: in(0.005), Planned: 2000, Sent: 1990, Late: 3, Unsent: 10, CPU: in(120e-6), Most: trial.Quantity{Value: 6600, Unit: trial.PerSecond},
		Statistics: []trial.Discerned{
			{Statistic: "p50", Server: in(0.0051), Client: in(0.0054), Bias: in(0.0003), Apart: relative(-0.004), Floor: relative(0.02)},
			{Statistic: "p99", Server: in(0.006), Client: in(0.0085), Bias: in(0.0025), Apart: relative(0.1), Floor: relative(math.NaN())},
		},
	}
	s.Behind.Median, s.Behind.P99, s.Behind.Worst = in(80e-6), in(0.0012), in(0.005)
	got := Calibration(trial.Calibration{CPUs: 2, Rate: 100, Seconds: 10, Connections: 8, Services: []trial.Calibrated{s}}, Style{Width: 120})
	want := `CALIBRATION 100/s to each of two equal versions for 10 s · 8 connections each · 2 CPUs

  service takes             sent   late   unsent   failed   behind plan: p50, p99, worst   CPU a request   enough for
  5 ms            1,990 of 2,000      3       10        0            80 µs, 1.2 ms, 5 ms          120 µs       6600/s

  service takes   latency   by its own clock   measured     bias   equal versions apart   can't be told below
  5 ms            p50                 5.1 ms     5.4 ms   300 µs                 −0.4 %                   2 %
                  p99                   6 ms     8.5 ms   2.5 ms                  +10 %                     ?

  Service that takes 5 ms: differences under 2 % at p50 cannot be told apart here in 10 s
`
	figures, _, _ := strings.Cut(got, "  How to read it")
	if diff := cmp.Diff(want, figures); diff != "" {
		t.Error(diff)
	}
}
