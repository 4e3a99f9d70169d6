package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// lookedAt are the rounds of the table; the chart has them all.
var lookedAt = []int{1, 2, 5, 10, 20, 50, 100, budget}

// drawnRules are those of the charts, in the order of their colours.
var drawnRules = []string{
	"Mann–Whitney, repeated", "Bayes, watched", "p95 ratio, ten measurements", "iter8-analytics v1",
	"k6 threshold", "asymptotic confidence sequence", "our first draft",
}

// looks tells how false fails of equal versions add up while one watches.
func looks(all []entrant, equal results, trials int) table {
	t := table{
		title: "False alarms against looks",
		text: fmt.Sprintf("Equal versions, %s, %d trials, recommended settings: trials with a false fail after so many looks, one look a "+
			"round. A rule that looks once does so at the end.", equal.name, trials),
		head: []string{"judge"},
		plot: looksChart(all, equal),
	}
	for _, n := range lookedAt {
		t.head = append(t.head, fmt.Sprint(n))
	}
	for k, e := range all {
		if e.tuned {
			continue
		}
		row := []string{e.name}
		for _, n := range lookedAt {
			row = append(row, share(equal.tallies[k].by(trial.Fail, n), trials))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func looksChart(all []entrant, equal results) *chart {
	c := &chart{
		file:  "exam-false-alarms.svg",
		title: "False alarms against looks",
		note:  "equal versions, watched: share of trials with a fail so far",
		x:     axis{label: "looks (one a round of 250 ms)", low: 1, high: budget, log: true},
		y:     axis{low: 0, high: 0.9},
		limit: alpha,
	}
	for _, n := range lookedAt {
		c.x.ticks = append(c.x.ticks, tick{float64(n), fmt.Sprint(n)})
	}
	for _, p := range []float64{0, alpha, 0.2, 0.4, 0.6, 0.8} {
		c.y.ticks = append(c.y.ticks, tick{p, fmt.Sprintf("%.0f %%", 100*p)})
	}
	for k, e := range all {
		if !drawn(e, "k6 threshold") {
			continue
		}
		line := curve{name: plain(e.name), own: e.own, colour: slices.Index(drawnRules, e.name), steps: true}
		for n := 1; n <= budget; n++ {
			y := float64(equal.tallies[k].by(trial.Fail, n)) / float64(equal.tallies[k].trials)
			line.points = append(line.points, point{x: float64(n), y: y})
		}
		c.lines = append(c.lines, line)
	}
	c.finish(func(y float64) string { return percent(y) + " %" })
	return c
}

// shifts are the effects of the first worlds of [power], in percent.
var shifts = []float64{0, 2, 5, 10, 20, 30, 50}

func secondsChart(all []entrant, effects []results) *chart {
	c := &chart{
		file:  "exam-seconds.svg",
		title: "Seconds to a verdict against the effect",
		x:     axis{label: "how much slower the candidate is, %", low: -0.5, high: 50.5},
		y:     axis{label: "seconds", low: 0.22, high: 68, log: true},
		limit: 10, limitOnX: true, limitCaption: "tolerated, 10 %",
		note: "median of all trials, log scale; ● most fail, ○ most pass, × most are undecided for 60 s",
	}
	for _, x := range shifts {
		c.x.ticks = append(c.x.ticks, tick{x, fmt.Sprintf("%g", x)})
	}
	for _, y := range []float64{0.25, 0.5, 1, 2, 5, 10, 30, 60} {
		c.y.ticks = append(c.y.ticks, tick{y, fmt.Sprint(y)})
	}
	for k, e := range all {
		if !drawn(e, "iter8-analytics v1") {
			continue
		}
		line := curve{name: plain(e.name), own: e.own, colour: slices.Index(drawnRules, e.name)}
		for i, x := range shifts {
			rounds, verdict := effects[i].tallies[k].typical()
			line.points = append(line.points, point{x, rounds * roundSeconds, marks[verdict]})
		}
		c.lines = append(c.lines, line)
	}
	c.finish(func(y float64) string { return fmt.Sprintf("%g s", y) })
	return c
}

var marks = map[trial.Verdict]mark{trial.Fail: full, trial.Pass: hollow, trial.Inconclusive: cross}

// drawn picks Seatrial's p95 and mean at the defaults, and the rules to draw, but
// one, as recommended.
func drawn(e entrant, but string) bool {
	return !e.tuned && (e.own && e.asks != p50 || e.name != but && slices.Contains(drawnRules, e.name))
}

// plain is a name without its Markdown.
func plain(name string) string { return strings.ReplaceAll(name, "*", "") }

// finish brings Seatrial to the front, and puts into words what the chart shows
// at its right end.
func (c *chart) finish(value func(float64) string) {
	var own, others []curve
	for _, l := range c.lines {
		if l.own {
			own = append(own, l)
		} else {
			others = append(others, l)
		}
	}
	c.lines = append(others, own...)
	var ends []string
	for _, l := range c.lines {
		ends = append(ends, l.name+" "+value(l.points[len(l.points)-1].y))
	}
	c.alt = c.title + ": " + c.note + ". At the right end: " + strings.Join(ends, "; ") + "."
}
