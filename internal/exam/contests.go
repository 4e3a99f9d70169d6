package main

import (
	"fmt"

	"github.com/seatrial/seatrial/trial"
)

// contests has all entrants meet in all worlds once, and says what came of it
// in several ways.
func contests(scale int) []table {
	all := entrants()
	many, few := played(250, scale), played(150, scale)
	equal := contest(all, equals, many)
	changed := contest(all, slower, few)
	hard := contest(all, heavy, few)

	effects := append([]results{equal[0]}, changed...)
	effects[0].name = "equal"
	tables := []table{falseFails(all, equal, many), looks(all, equal[0], many)}
	tables = append(tables, power(all, effects, few)...)
	tables = append(tables, sooner(all, equal, append(changed, hard...), scale)...)
	return append(tables, settings(all))
}

// contestTable has a row for each entrant and a column for each world.
func contestTable(entrants []entrant, worlds []results, cell func(tally) string) table {
	t := table{head: []string{"judge"}}
	for _, w := range worlds {
		t.head = append(t.head, w.name)
	}
	for k, e := range entrants {
		row := []string{e.name}
		for _, w := range worlds {
			row = append(row, cell(w.tallies[k]))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func falseFails(all []entrant, equal []results, trials int) table {
	t := contestTable(all, equal, func(t tally) string { return t.share(trial.Fail) })
	t.title = "False fail: equal versions, watched for 60 s"
	t.text = fmt.Sprintf("Everyone's settings are in the list at the end; tuned is what a team would do that wants few false alarms "+
		"and bears 10 %%. Any fail is false. %d trials a cell. Drift is AR(1) over rounds with a standard deviation of 10 %% unless said otherwise.", trials)
	return t
}

func power(all []entrant, effects []results, trials int) []table {
	fails := contestTable(all, effects, func(t tally) string { return t.share(trial.Fail) })
	fails.title = "Fail: power, and false fail"
	fails.text = fmt.Sprintf("Lognormal σ 0.5, the limit at +10 %%, %d trials a cell. Up to the limit a fail is wrong for a judge "+
		"that was told of the tolerance; beyond it a fail is right. Of the last four, two are beyond it at p95 and in their means, but not at p50, and two are at the limit with unequal traffic.", trials)
	passes := contestTable(all, effects, func(t tally) string { return t.share(trial.Pass) })
	passes.title = "Pass: the costliest error"
	passes.text = "The same trials: from the limit on, each pass is a release that should not have been made (but for p50 where few are ×5 " +
		"or the spread alone has grown). What is neither fail nor pass is inconclusive."
	times := contestTable(all, effects, func(t tally) string { return t.until(trial.Fail) + " / " + t.until(trial.Pass) })
	times.title = "Seconds to a verdict"
	times.text = "The same trials: median seconds to a fail / to a pass, of those that reached it. The picture has the median of all " +
		"trials, one without a verdict counting 60."
	times.plot = secondsChart(all, effects)
	return []table{fails, passes, times}
}

// settings lists who took part.
func settings(all []entrant) table {
	t := table{
		title: "The rules",
		text: "Other people's rules are restated, not run: each from its published description. Recommended is its documentation's " +
			"setting or its default.",
		head: []string{"judge", "setting", "asks of Seatrial"},
	}
	for _, e := range all {
		t.rows = append(t.rows, []string{e.name, e.text, "`" + e.asks + "`"})
	}
	return t
}
