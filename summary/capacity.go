package summary

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Capacity is a search for the highest rate as it stands in a terminal or a log.
func Capacity(c trial.Capacity, style Style) string {
	var b strings.Builder
	lasted := 0.0
	for _, l := range c.Levels {
		lasted += l.Seconds
	}
	fmt.Fprintf(&b, "%s %s · %s in %s\n\n", style.paint("1", "CAPACITY"), between(c), counted(len(c.Levels), "rate"), seconds(lasted))
	b.WriteString(levels(c).text(style) + "\n")
	for _, s := range learnt(c) {
		b.WriteString(wrap(s.label+": ", s.text, style.Width))
	}
	return b.String()
}

// between is the answer in a few words.
func between(c trial.Capacity) string {
	holds, violated := c.Holds.String(), c.Violated.String()
	switch {
	case c.Holds.Value == 0 && math.IsInf(c.Violated.Value, 1):
		return "not known: nothing was shown at any rate"
	case c.Holds.Value == 0:
		return "below " + violated
	case math.IsInf(c.Violated.Value, 1):
		return holds + " or more"
	}
	return "between " + holds + " and " + violated
}

func levels(c trial.Capacity) grid {
	rate := column{right: true, cells: []string{"rate"}}
	verdict := column{cells: []string{"objectives"}, color: []string{""}}
	after := column{right: true, cells: []string{"after"}}
	p50 := column{right: true, cells: []string{"p50"}}
	p99 := column{right: true, cells: []string{"p99"}}
	failed := column{right: true, cells: []string{"failed"}}
	sorted := slices.Clone(c.Levels)
	slices.SortStableFunc(sorted, func(a, b trial.Level) int { return int(math.Copysign(1, a.Rate-b.Rate)) })
	for _, l := range sorted {
		word, color := kept(l)
		rate.add(trial.Quantity{Value: l.Rate, Unit: trial.PerSecond}.String())
		verdict.add(word)
		verdict.color = append(verdict.color, color)
		after.add(seconds(l.Seconds))
		t := l.Totals
		if t.Requests == 0 {
			t.P50.Value, t.P99.Value = math.NaN(), math.NaN()
		}
		p50.add(t.P50.String())
		p99.add(t.P99.String())
		failed.add(trial.Quantity{Value: float64(t.Failed) / float64(t.Requests), Unit: trial.Share}.String())
	}
	return grid{rate, verdict, after, p50, p99, failed}
}

// kept says whether the objectives were kept at a rate.
func kept(l trial.Level) (word, color string) {
	switch {
	case l.Verdict == trial.Pass:
		return "✓ hold", "32"
	case l.Verdict == trial.Fail:
		return "✗ violated", "31"
	case l.Status != trial.Judged:
		return "! " + l.Status.String(), "33"
	}
	return "? neither is shown", "33"
}

// learnt are plain sentences about the answer.
func learnt(c trial.Capacity) []saying {
	var out []saying
	for _, l := range c.Levels {
		if l.Verdict == trial.Fail && l.Rate == c.Violated.Value || l.Verdict == trial.Inconclusive {
			out = append(out, saying{"At " + trial.Quantity{Value: l.Rate, Unit: trial.PerSecond}.String(), Plain(l.Reason)})
		}
	}
	out = append(out, saying{"Sure", fmt.Sprintf("each end of the answer holds with %s confidence, over all rates that were tried. "+
		"What holds at a rate is taken to hold below it.", percent(c.Confidence))})
	if c.Want.Value > 0 {
		out = append(out, saying{"Wanted", fmt.Sprintf("%s: %s", c.Want, c.Verdict)})
	}
	return out
}
