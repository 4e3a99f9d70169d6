package summary

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Readings is a table of what metrics are just now.
func Readings(readings []trial.Reading, style Style) string {
	metric, version := column{cells: []string{"metric"}}, column{cells: []string{"version"}}
	kind, value := column{cells: []string{"kind"}}, column{right: true, cells: []string{"value"}, color: []string{""}}
	parts, age, took := column{cells: []string{"of"}}, column{right: true, cells: []string{"newest"}}, column{right: true, cells: []string{"took"}}
	var missing []string
	for _, r := range readings {
		metric.add(clip(Plain(r.Sample.Metric), longestName))
		version.add(clip(Plain(r.Version), longestName))
		kind.add(r.Declared)
		text, of, color := figureOf(r), partsOf(r), ""
		if r.Sample.Missing != "" {
			text, of, color = "missing", "", "31"
			missing = append(missing, fmt.Sprintf("%s of %s: %s", Plain(r.Sample.Metric), Plain(r.Version), Plain(r.Sample.Missing)))
		}
		value.add(text)
		value.color = append(value.color, color)
		parts.add(of)
		age.add(ageOf(r))
		took.add(r.Took.Round(time.Millisecond).String())
	}
	out := grid{metric, version, kind, value, parts, age, took}.text(style) + "\n" + windowsOf(readings)
	if len(missing) > 0 {
		out += "\n" + strings.Join(missing, "\n") + "\n"
	}
	return out
}

// windowsOf says of each provider about when it was asked.
func windowsOf(readings []trial.Reading) string {
	told, out := map[string]bool{}, ""
	for _, r := range readings {
		if !told[r.Provider] {
			told[r.Provider] = true
			out += fmt.Sprintf("%s: asked about %s that ended %s before (its delay)\n", Plain(r.Provider), seconds(r.Window.Seconds()), seconds(r.Delay.Seconds()))
		}
	}
	return out
}

// figureOf is a sample in one figure: a share, a mean, a value, or the growth in a
// second.
func figureOf(r trial.Reading) string {
	quantity := func(x float64) string { return trial.Quantity{Value: x, Unit: r.Unit}.String() }
	switch s := r.Sample; {
	case s.Counts != nil:
		return trial.Quantity{Value: s.Counts.Hits / s.Counts.Trials, Unit: trial.Share}.String()
	case s.Moments != nil:
		return quantity(s.Moments.Sum/s.Moments.N) + " mean"
	case s.Histogram != nil && s.Histogram.Sum != nil:
		return quantity(*s.Histogram.Sum/s.Histogram.N()) + " mean"
	case s.Histogram != nil:
		return medianOf(*s.Histogram, r.Unit)
	case s.Value != nil:
		return quantity(*s.Value)
	case s.Total != nil:
		return quantity(*s.Total)
	}
	return "–"
}

// medianOf is the bucket that half of the observations are in or below.
func medianOf(h trial.Histogram, unit trial.Unit) string {
	below := 0.0
	for i, n := range h.Counts {
		if below += n; n > 0 && below >= h.N()/2 {
			bound := math.Inf(1)
			if i < len(h.Bounds) {
				bound = h.Bounds[i]
			}
			return "p50 ≤ " + trial.Quantity{Value: bound, Unit: unit}.String()
		}
	}
	return "–"
}

// partsOf is what the figure is made of.
func partsOf(r trial.Reading) string {
	text := ""
	switch s := r.Sample; {
	case s.Counts != nil:
		text = plainNumber(s.Counts.Hits) + " of " + plainNumber(s.Counts.Trials)
	case s.Moments != nil:
		text = plainNumber(s.Moments.N) + " observations"
	case s.Histogram != nil:
		text = fmt.Sprintf("%s observations in %d buckets", plainNumber(s.Histogram.N()), len(s.Histogram.Counts))
	case s.Total != nil:
		text = "in " + seconds(r.Window.Seconds())
	}
	if r.Sample.Reset {
		text += ", began anew"
	}
	return text
}

func plainNumber(x float64) string { return trial.Quantity{Value: x}.String() }

func ageOf(r trial.Reading) string {
	if !r.Aged {
		return "–"
	}
	return seconds(r.Age.Seconds()) + " ago"
}
