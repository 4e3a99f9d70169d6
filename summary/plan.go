package summary

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Plan is a plan as it stands in a terminal or a log.
func Plan(p trial.Plan, style Style) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at most %s at %s · drawn from %s, %s, %s\n\n",
		style.paint("1", "PLAN"), seconds(p.Budget), trial.Quantity{Value: p.Rate, Unit: trial.PerSecond},
		counted(p.Recorded.Rounds, "round"), seconds(p.Recorded.Seconds), counted(p.Recorded.Requests, "request"))
	b.WriteString(planned(p, style.Width).text(style) + "\n")
	for _, s := range explained(p) {
		b.WriteString(wrap(s.label+": ", s.text, style.Width))
	}
	return b.String()
}

// planned is the table of forecasts, narrowed until it fits.
func planned(p trial.Plan, width int) grid {
	g := forecastColumns(p, false)
	if width > 0 && g.width() > width {
		g = forecastColumns(p, true)
	}
	if over := g.width() - width; width > 0 && over > 0 {
		const shortest = 16
		most := max(g[0].width()-over, shortest)
		for i, cell := range g[0].cells {
			g[0].cells[i] = shorten(cell, most)
		}
	}
	return g
}

func forecastColumns(p trial.Plan, narrow bool) grid {
	objective := column{cells: []string{"objective"}}
	version := column{cells: []string{"version"}}
	equal := column{cells: []string{"expected"}}
	smallest := column{right: true, cells: []string{"fails from"}}
	fits := column{cells: []string{"in " + seconds(p.Budget)}, color: []string{""}}
	names := titles(p.Versions)
	for _, f := range p.Forecasts {
		objective.add(aboutForecast(f))
		version.add(names[f.Version])
		equal.add(course(f, narrow))
		smallest.add(failsFrom(f))
		word, color := suffices(f)
		fits.add(word)
		fits.color = append(fits.color, color)
	}
	if several(p.Versions) {
		return grid{objective, version, equal, smallest, fits}
	}
	return grid{objective, equal, smallest, fits}
}

func aboutForecast(f trial.Forecast) string {
	if f.Name != "" {
		return Plain(f.Name)
	}
	return pretty(f.Objective)
}

// course is when a candidate comes to its verdict: one that is equal to the
// baseline, or against a fixed limit the candidate as it is.
func course(f trial.Forecast, narrow bool) string {
	if f.Problem != "" || f.Rounds == 0 {
		return "–"
	}
	text := f.Verdict.String() + " in " + seconds(f.Seconds)
	if !f.Relative {
		text = "as it is: " + text
	}
	if !narrow {
		text += fmt.Sprintf(", %s each", counted(f.Requests, "request"))
	}
	return text
}

// failsFrom is the smallest regression that fails.
func failsFrom(f trial.Forecast) string {
	switch {
	case f.Problem == "" && f.Smallest.Value == 0:
		return "as it is"
	case f.Problem == "" && math.IsInf(f.Smallest.Value, 1):
		return "none"
	}
	return f.Smallest.String()
}

// suffices says whether the budget does.
func suffices(f trial.Forecast) (text, color string) {
	switch {
	case f.Problem != "":
		return "? no forecast", "33"
	case f.Sure() && f.Verdict == trial.Fail:
		return "! decided: fail", "33"
	case f.Sure():
		return "✓ decided", "32"
	case f.Rounds == 0:
		return "✗ none in reach", "31"
	}
	text, color = "✗ not decided", "31"
	if f.Decidable() {
		text, color = "? as likely as not", "33"
	}
	if f.Enough == 0 {
		return text + "; nothing surer in reach", color
	}
	return text + "; use for: " + Length(f.Enough), color
}

// Length is seconds of load as they are typed into a trial file, not less: to
// whole seconds below two minutes, then to ten.
func Length(seconds float64) string {
	step := 1.0
	if seconds > 120 {
		step = 10
	}
	return typed(time.Duration(math.Ceil(seconds/step)*step) * time.Second)
}

func explained(p trial.Plan) []saying {
	var out []saying
	some := false
	for _, f := range p.Forecasts {
		if some = some || f.Problem == ""; f.Problem != "" {
			out = append(out, saying{"No forecast", aboutForecast(f) + ": " + Plain(f.Problem)})
		}
		if f.Caution != "" {
			out = append(out, saying{"Rough", aboutForecast(f) + ": " + Plain(f.Caution)})
		}
	}
	if !some {
		return out
	}
	return append(out, saying{"How to read it", fmt.Sprintf("expected is a candidate equal to the baseline, or for a fixed limit the candidate as it is; half of all trials "+
		"have their verdict by then. Four of five trials fail a candidate that is worse by “fails from” within %s, and where "+
		"it says decided, four of five have their verdict.", seconds(p.Budget))})
}
