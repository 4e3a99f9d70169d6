package summary

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

func TestObjectivesAreShownAsPeopleWriteThem(t *testing.T) {
	tests := map[string]string{
		"latency-p95 <= 110% of baseline": "latency-p95 ≤ 110 % of baseline",
		"checkout/latency-p99.9 <= 300ms": "checkout/latency-p99.9 ≤ 300 ms",
		"error-rate <= baseline + 0.5%":   "error-rate ≤ baseline + 0.5 %",
		"throughput >= 95/s":              "throughput ≥ 95/s",
		"latency-mean <= 1m30s":           "latency-mean ≤ 1m30s",
		"cpu < 0.7":                       "cpu < 0.7",
		"":                                "",
		"conversions >= 98% of baseline, 12monkeys9": "conversions ≥ 98 % of baseline, 12monkeys9",
	}
	for give, want := range tests {
		if diff := cmp.Diff(want, pretty(give)); diff != "" {
			t.Errorf("pretty(%q) (-want +got):\n%s", give, diff)
		}
	}
}

func TestEvidenceIsShownAsOdds(t *testing.T) {
	tests := []struct {
		ln   float64
		want string
	}{
		{math.Log(20), "20:1"}, {0, "1:1"}, {math.Log(2208), "2,208:1"}, {-math.Log(7), "1:7"},
		{14, "> 10⁶:1"}, {-14, "< 1:10⁶"}, {math.Inf(1), "> 10⁶:1"}, {math.NaN(), "–"},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, odds(test.ln)); diff != "" {
			t.Errorf("odds(%g) (-want +got):\n%s", test.ln, diff)
		}
	}
}

func TestNoProbabilityIsShownAsCertain(t *testing.T) {
	tests := map[float64]string{1: "> 99.9 %", 0.9995: "> 99.9 %", 0.93: "93 %", 0: "< 0.1 %", math.NaN(): "–"}
	for share, want := range tests {
		if diff := cmp.Diff(want, probability(of(trial.Share, share))); diff != "" {
			t.Errorf("probability(%g) (-want +got):\n%s", share, diff)
		}
	}
}

func TestAnUnknownEndOfAnIntervalIsOpen(t *testing.T) {
	inf, plus := math.Inf(1), of(trial.Ratio, 0.27)
	tests := []struct {
		estimate trial.Quantity
		interval trial.Interval
		want     string
	}{
		{plus, from(trial.Ratio, 0.19, 0.36), "+19 … +36"},
		{plus, from(trial.Ratio, math.Inf(-1), 0.36), "≤ +36 %"},
		{plus, from(trial.Ratio, 0.19, inf), "≥ +19 %"},
		{plus, from(trial.Ratio, unknown, unknown), ""},
		{of(trial.Seconds, 0.98), from(trial.Seconds, 0.95, 1.2), "950 ms … 1.2 s"},
		{of(trial.PerSecond, 99.7), from(trial.PerSecond, 94, 105), "94 … 105"},
		{of(trial.Plain, 3), from(trial.Plain, 2, 4), "2 … 4"},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, span(test.estimate, test.interval)); diff != "" {
			t.Errorf("span(%v, %v) (-want +got):\n%s", test.estimate, test.interval, diff)
		}
	}
}

func TestNumbersAreGroupedByThousands(t *testing.T) {
	tests := map[int]string{0: "0", 999: "999", 1350: "1,350", 1234567: "1,234,567", -1350: "-1,350", -135: "-135"}
	for n, want := range tests {
		if diff := cmp.Diff(want, grouped(n)); diff != "" {
			t.Errorf("grouped(%d) (-want +got):\n%s", n, diff)
		}
	}
}

func TestAForecastIsRoundedUpToWhatItCanMean(t *testing.T) {
	tests := map[time.Duration]string{
		61 * time.Second: "1m5s", 2 * time.Minute: "2m", 301 * time.Second: "6m", 61 * time.Minute: "1h10m", 2 * time.Hour: "2h",
	}
	for d, want := range tests {
		if diff := cmp.Diff(want, typed(rounded(d))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d, diff)
		}
	}
}

func TestABarIsAsFullAsItsShare(t *testing.T) {
	tests := []struct {
		share float64
		width int
		want  string
	}{
		{0.6, 5, "███░░"}, {0, 3, "░░░"}, {1, 3, "███"}, {7, 3, "███"}, {-1, 3, "░░░"}, {math.NaN(), 2, "░░"}, {1, 0, ""}, {1, -1, ""},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, Bar(test.share, test.width)); diff != "" {
			t.Errorf("Bar(%g, %d) (-want +got):\n%s", test.share, test.width, diff)
		}
	}
}

func TestASparklineReachesFromLeastToGreatest(t *testing.T) {
	tests := []struct {
		values []float64
		want   string
	}{
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7}, "▁▂▃▄▅▆▇█"},
		{[]float64{1, math.NaN(), 2, math.Inf(1)}, "▁·█·"},
		{[]float64{5, 5}, "▁▁"},
		{nil, ""},
	}
	for _, test := range tests {
		low, high := extent(test.values)
		if diff := cmp.Diff(test.want, spark(test.values, low, high)); diff != "" {
			t.Errorf("spark(%v) (-want +got):\n%s", test.values, diff)
		}
	}
}

func TestDownsamplingAveragesAndKeepsGaps(t *testing.T) {
	gap := math.NaN()
	got := downsample([]float64{1, 3, gap, 5, gap, gap, 7}, 4)
	want := []float64{2, 5, gap, 7}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestAnAxisHasRoundTicks(t *testing.T) {
	tests := []struct {
		length float64
		n      int
		want   float64
	}{{92, 5, 20}, {100, 5, 20}, {11.5, 8, 2}, {60, 8, 10}, {0.7, 5, 0.2}, {3000, 8, 500}}
	for _, test := range tests {
		if got := tick(test.length, test.n); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("tick(%g, %d) = %g, want %g", test.length, test.n, got, test.want)
		}
	}
}

func TestColourIsOnlyForTerminalsThatAsk(t *testing.T) {
	plain, colour := Text(failing(), Style{}), Text(failing(), Style{Color: true})
	if strings.Contains(plain, "\x1b") {
		t.Error("an escape sequence without colour")
	}
	if !strings.HasPrefix(colour, "\x1b[31;1m✗ FAIL\x1b[0m  after 6.75 s of 60 s") {
		t.Errorf("colour begins with %q", colour[:40])
	}
	if diff := cmp.Diff(plain, sequences.ReplaceAllString(colour, "")); diff != "" {
		t.Errorf("colour changes the text (-plain +colour):\n%s", diff)
	}
}

func TestTextFitsItsTerminal(t *testing.T) {
	for _, width := range []int{80, 100, 140} {
		for name, r := range reports() {
			for line := range strings.SplitSeq(Text(r, Style{Width: width}), "\n") {
				if n := len([]rune(line)); n > width {
					t.Errorf("%s at %d: %d columns: %s", name, width, n, line)
				}
			}
		}
	}
}
