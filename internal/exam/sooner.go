package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// The target: no rule that keeps its false alarms at 5 % while it is watched
// reaches the right verdict sooner than Seatrial in more than so many worlds.
const (
	alpha      = 0.05
	soonerMost = 2
)

// sooner finds the rules that keep their false alarms, and races them.
func sooner(all []entrant, equal, changed []results) []table {
	var race, limit []results
	for _, w := range slices.Concat(equal, changed) {
		if w.right(p95) == trial.Inconclusive {
			limit = append(limit, w)
		} else {
			race = append(race, w)
		}
	}
	kept := keeping(all, equal, limit)
	return []table{keepers(all, equal, limit, kept), raceTable(all, race, kept)}
}

// keeps tells which of its errors an entrant holds at alpha in every world, as
// far as the trials can tell.
type keeps struct {
	fails  bool // of equal versions
	passes bool // at the limit
}

func keeping(all []entrant, equal, limit []results) []keeps {
	kept := make([]keeps, len(all))
	for k := range all {
		kept[k] = keeps{
			fails:  atAlpha(worst(equal, k, trial.Fail).tallies[k], trial.Fail),
			passes: atAlpha(worst(limit, k, trial.Pass).tallies[k], trial.Pass),
		}
	}
	return kept
}

func atAlpha(t tally, wrong trial.Verdict) bool {
	low, _ := wilson(t.count(wrong), t.trials)
	return low <= alpha
}

// worst is the world with the largest share of a wrong verdict of an entrant.
func worst(worlds []results, entrant int, wrong trial.Verdict) results {
	return slices.MaxFunc(worlds, func(a, b results) int {
		return cmp.Compare(a.tallies[entrant].part(wrong), b.tallies[entrant].part(wrong))
	})
}

func keepers(all []entrant, equal, limit []results, kept []keeps) table {
	t := table{
		title: "Who keeps wrong verdicts at 5 %",
		text: "For each judge the world of equal versions with the most false fails, and the one at the limit with the most false passes. " +
			"It keeps to 5 % if the interval there does not lie above 5 % as a whole: a doubt that the trials leave is in its favour.",
		head: []string{"judge", "most false fails", "in", "keeps to 5 %", "most false passes", "in", "keeps to 5 %"},
	}
	for k, e := range all {
		f, p := worst(equal, k, trial.Fail), worst(limit, k, trial.Pass)
		t.rows = append(t.rows, []string{
			e.name, f.tallies[k].share(trial.Fail), f.name, yes(kept[k].fails), p.tallies[k].share(trial.Pass), p.name, yes(kept[k].passes),
		})
	}
	return t
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// raceTable has the median seconds to the right verdict of Seatrial and of the
// rules that keep their false alarms.
func raceTable(all []entrant, race []results, kept []keeps) table {
	t := table{title: "Who is sooner", head: []string{"judge"}}
	for _, w := range race {
		t.head = append(t.head, w.name)
	}
	t.head = append(t.head, "sooner in", "sooner† in")
	var counts []count
	for k, e := range all {
		switch {
		case e.own:
			t.rows = append(t.rows, append(ownRow(e, k, race), "", ""))
		case kept[k].fails:
			row, c := raceRow(all, k, race)
			c.safe = kept[k].passes
			if !c.safe {
				row[0] += " ‡"
			}
			t.rows = append(t.rows, append(row, fmt.Sprint(c.defaults), fmt.Sprint(c.tuned)))
			counts = append(counts, c)
		}
	}
	t.text = "Median seconds to the right verdict (fail where the candidate is beyond the limit, else pass), over all trials: – where half of " +
		"them never reach it. Seatrial, and each rule that keeps its false fails at 5 %, against Seatrial when it is asked the nearest " +
		"question. **Bold** is sooner than Seatrial at its defaults, † also than Seatrial free to pass before 30 s; ‡ does not keep " +
		"its false passes at 5 %. A rule with two verdicts passes whatever it did not fail by the end, so it is right about every equal pair, at 60 s.\n\n" +
		verdictOn(counts, len(race))
	return t
}

func ownRow(e entrant, k int, race []results) []string {
	row := []string{e.name}
	for _, w := range race {
		row = append(row, duration(w.tallies[k].median(w.right(e.asks))))
	}
	return row
}

// count is in how many worlds an entrant is sooner than Seatrial.
type count struct {
	name            string
	defaults, tuned int
	safe            bool // keeps its false passes, too
}

func raceRow(all []entrant, k int, race []results) ([]string, count) {
	e := all[k]
	row, c := []string{e.name}, count{name: e.name}
	for _, w := range race {
		right := w.right(e.asks)
		took := w.tallies[k].median(right)
		cell := duration(took)
		if took < w.tallies[seatrial(all, e.asks, false)].median(right) {
			c.defaults++
			cell = "**" + cell + "**"
			if took < w.tallies[seatrial(all, e.asks, true)].median(right) {
				c.tuned++
				cell += "†"
			}
		}
		row = append(row, cell)
	}
	return row, c
}

// seatrial is the place of Seatrial, asked the given objective.
func seatrial(all []entrant, asks string, tuned bool) int {
	for k, e := range all {
		if e.own && e.asks == asks && e.tuned == tuned {
			return k
		}
	}
	panic("exam: Seatrial is not asked " + asks)
}

// verdictOn says whether the target is met.
func verdictOn(counts []count, worlds int) string {
	var safe []count
	for _, c := range counts {
		if c.safe {
			safe = append(safe, c)
		}
	}
	return fmt.Sprintf("Target: no rule that keeps its false fails at 5 %% is sooner in more than %d of %d worlds. ", soonerMost, worlds) +
		fmt.Sprintf("Of the %d that keep them, with their settings: %s\n\n", len(counts), missed(counts)) +
		fmt.Sprintf("Of the %d that keep their false passes at the limit, too: %s", len(safe), missed(safe))
}

// missed names who is sooner too often.
func missed(counts []count) string {
	say := func(when string, of func(count) int) string {
		var above []string
		for _, c := range counts {
			if n := of(c); n > soonerMost {
				above = append(above, fmt.Sprintf("%s (%d)", c.name, n))
			}
		}
		if len(above) == 0 {
			return when + " the target is **met**."
		}
		return when + " it is **missed** by " + strings.Join(above, "; ") + "."
	}
	return say("with Seatrial at its defaults", func(c count) int { return c.defaults }) + " " +
		say("With Seatrial free to pass before 30 s", func(c count) int { return c.tuned })
}
