package summary

import (
	"math"
	"strings"
)

// Bar shows a share between 0 and 1 in width characters: "███░░".
func Bar(share float64, width int) string {
	if math.IsNaN(share) || width <= 0 {
		share = 0
	}
	full := int(math.Round(min(max(share, 0), 1) * float64(max(width, 0))))
	return strings.Repeat("█", full) + strings.Repeat("░", max(width, 0)-full)
}

// spark draws values in block characters on a scale that several lines can
// share; a dot stands for NaN.
func spark(values []float64, low, high float64) string {
	blocks := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range values {
		if !finite(v) {
			b.WriteRune('·')
			continue
		}
		place := 0.0
		if high > low {
			place = (v - low) / (high - low) * float64(len(blocks))
		}
		b.WriteRune(blocks[min(max(int(place), 0), len(blocks)-1)])
	}
	return b.String()
}

// extent is the least and the greatest of the values that are numbers; NaN
// where there are none.
func extent(values []float64) (low, high float64) {
	low, high = math.NaN(), math.NaN()
	for _, v := range values {
		if !finite(v) {
			continue
		}
		if math.IsNaN(low) || v < low {
			low = v
		}
		if math.IsNaN(high) || v > high {
			high = v
		}
	}
	return low, high
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// downsample averages neighbouring values until at most n are left. Gaps do
// not count; a group of nothing but gaps is one.
func downsample(values []float64, n int) []float64 {
	every := (len(values) + n - 1) / max(n, 1)
	if every <= 1 {
		return values
	}
	var out []float64
	for from := 0; from < len(values); from += every {
		sum, count := 0.0, 0.0
		for _, v := range values[from:min(from+every, len(values))] {
			if finite(v) {
				sum, count = sum+v, count+1
			}
		}
		out = append(out, sum/count) // 0/0 is NaN: a gap
	}
	return out
}
