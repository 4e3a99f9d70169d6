package summary

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seatrial/seatrial/trial"
)

func examplePlan() trial.Plan {
	ratio := func(v float64) trial.Quantity { return trial.Quantity{Value: v, Unit: trial.Ratio} }
	return trial.Plan{
		Versions: []trial.Version{{Name: "baseline", Role: trial.Baseline}, {Name: "candidate"}},
		Recorded: trial.Recorded{Rounds: 20, Seconds: 5, Requests: 1000}, Budget: 60, Rate: 100,
		Forecasts: []trial.Forecast{
			{Objective: "latency-p95 <= 110% of baseline", Relative: true, Verdict: trial.Pass, Rounds: 120, Requests: 3000, Seconds: 30, Chance: 0.97, Enough: 33, Smallest: ratio(0.144)},
			{Objective: "latency-p99 <= 110% of baseline", Relative: true, Verdict: trial.Pass, Rounds: 300, Requests: 7500, Seconds: 75, Chance: 0.4, Enough: 131, Smallest: ratio(0.31), Caution: "5 requests"},
			{Objective: "latency-p90 <= 110% of baseline", Relative: true, Verdict: trial.Pass, Rounds: 200, Requests: 5000, Seconds: 50, Chance: 0.6, Enough: 95, Smallest: ratio(0.2)},
			{Objective: "latency-p95 <= 100% of baseline", Relative: true, Smallest: ratio(0.05)},
			{Objective: "latency-p50 <= 10ms", Verdict: trial.Fail, Rounds: 7, Requests: 175, Seconds: 1.75, Chance: 1, Enough: 2, Smallest: ratio(0)},
			{Objective: "latency-p50 <= 9s", Verdict: trial.Pass, Rounds: 120, Requests: 3000, Seconds: 30, Chance: 1, Enough: 30, Smallest: ratio(math.Inf(1))},
			{Objective: "latency-p99.9 <= 110% of baseline", Relative: true, Smallest: ratio(math.NaN()), Problem: "too few \x1b[31mrequests"},
		},
	}
}

func TestPlansReadWell(t *testing.T) {
	const want = `PLAN at most 60 s at 100/s · drawn from 20 rounds, 5 s, 1,000 requests

  objective                           expected                                      fails from   in 60 s
  latency-p95 ≤ 110 % of baseline     pass in 30 s, 3,000 requests each                  +14 %   ✓ decided
  latency-p99 ≤ 110 % of baseline     pass in 75 s, 7,500 requests each                  +31 %   ✗ not decided; use for: 2m20s
  latency-p90 ≤ 110 % of baseline     pass in 50 s, 5,000 requests each                  +20 %   ? as likely as not; use for: 1m35s
  latency-p95 ≤ 100 % of baseline     –                                                   +5 %   ✗ none in reach
  latency-p50 ≤ 10 ms                 as it is: fail in 1.75 s, 175 requests each     as it is   ! decided: fail
  latency-p50 ≤ 9 s                   as it is: pass in 30 s, 3,000 requests each         none   ✓ decided
  latency-p99.9 ≤ 110 % of baseline   –                                                      –   ? no forecast

`
	got := Plan(examplePlan(), Style{Width: 140})
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, text := range []string{"Rough: latency-p99 ≤ 110 % of baseline: 5 requests", "No forecast: latency-p99.9"} {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Error("a raw escape sequence")
	}
}

func TestPlansFitTheTerminal(t *testing.T) {
	for line := range strings.Lines(Plan(examplePlan(), Style{Width: 100})) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestSeveralCandidatesAreNamedInAPlan(t *testing.T) {
	p := examplePlan()
	p.Versions = append(p.Versions, trial.Version{Name: "other", Label: "v43"})
	p.Forecasts = append(p.Forecasts, trial.Forecast{Objective: "error-rate <= 1%", Version: "other"})
	if got := Plan(p, Style{}); !strings.Contains(got, "\n  error-rate ≤ 1 %                    other     –") {
		t.Errorf("no row of its own in\n%s", got)
	}
}

func TestLengthsAreTypedUpwards(t *testing.T) {
	for seconds, want := range map[float64]string{30.2: "31s", 60: "1m", 120: "2m", 121: "2m10s", 3600: "1h"} {
		if got := Length(seconds); got != want {
			t.Errorf("%g s: %s, want %s", seconds, got, want)
		}
	}
}
