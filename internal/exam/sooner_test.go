package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// raced makes a world in which each entrant had one verdict in all trials.
func raced(name string, right right, outcomes ...outcome) results {
	r := results{matter: matter{name: name, right: right}}
	for _, o := range outcomes {
		var t tally
		for range 100 {
			t.add(o)
		}
		r.tallies = append(r.tallies, t)
	}
	return r
}

var racers = []entrant{
	{name: "S", asks: p95, own: true},
	{name: "S, tuned", asks: p95, own: true, tuned: true},
	{name: "A", asks: p95},
	{name: "B", asks: p95},
}

var (
	keepsAll   = keeps{fair: kept, equal: kept, wish: kept, limit: kept, passes: kept, watched: watched}
	passesMore = keeps{fair: kept, equal: kept, limit: kept, passes: broken, watched: watched}
	drifted    = keeps{fair: open, equal: broken, limit: kept, passes: kept, watched: watched}
	seldom     = keeps{fair: kept, equal: kept, limit: open, passes: kept, watched: scheduled}
	brokenOff  = keeps{fair: broken, equal: kept, limit: broken, passes: kept, watched: watched}
)

func TestSoonerIsCountedAgainstBothSettings(t *testing.T) {
	race := []results{
		raced("equal", fit, outcome{trial.Pass, 120}, outcome{trial.Pass, 40}, outcome{trial.Pass, 80}, outcome{trial.Pass, 40}),
		raced("slow", unfit, outcome{trial.Fail, 40}, outcome{trial.Fail, 40}, outcome{trial.Fail, 20}, outcome{trial.Fail, 40}),
		raced("hard", unfit, outcome{trial.Inconclusive, 240}, outcome{trial.Inconclusive, 240}, outcome{trial.Fail, 240}, outcome{trial.Pass, 8}),
	}
	got := raceTable(racers, race, []keeps{keepsAll, keepsAll, passesMore, keepsAll})
	want := [][]string{
		{"S", "30.0", "10.0", "–", "", ""},
		{"S, tuned", "10.0", "10.0", "–", "", ""},
		{"A ‡", "**20.0**", "**5.0**†", "**60.0**†", "3", "2"},
		{"B", "**10.0**", "10.0", "–", "1", "0"},
	}
	if diff := cmp.Diff(want, got.rows); diff != "" {
		t.Error(diff)
	}
	for _, said := range []string{
		"more than 2 of 3 worlds",
		"with their settings, 2: with Seatrial at its defaults it is **missed** by A ‡ (3). With Seatrial free to pass before 30 s the target is **met**.",
	} {
		if !strings.Contains(got.text, said) {
			t.Errorf("%q does not say %q", got.text, said)
		}
	}
}

// What keeps less than the target asks for is raced, and told apart.
func TestWhoKeepsLessIsToldApart(t *testing.T) {
	quick := outcome{trial.Fail, 1}
	var race []results
	for _, name := range []string{"1", "2", "3"} {
		race = append(race, raced(name, unfit, outcome{trial.Fail, 40}, outcome{trial.Fail, 40}, quick, quick))
	}
	got := raceTable(racers, race, []keeps{keepsAll, keepsAll, drifted, seldom})
	for _, said := range []string{
		"with their settings, none does: the target is **met**.",
		"drift by themselves (§), 1: with Seatrial at its defaults it is **missed** by A § (3).",
		"not watched (○), 1: with Seatrial at its defaults it is **missed** by B ○ (3).",
	} {
		if !strings.Contains(got.text, said) {
			t.Errorf("%q does not say %q", got.text, said)
		}
	}
}

// 8 of 100 may be 5 %, 20 of 100 are more; and one such world is enough.
func TestKeepingToAlphaIsOfTheWorstWorld(t *testing.T) {
	var eight, twenty, never tally
	for i := range 100 {
		for most, t := range map[int]*tally{8: &eight, 20: &twenty, 0: &never} {
			if i < most {
				t.add(outcome{trial.Fail, 4})
			} else {
				t.add(outcome{trial.Pass, 240})
			}
		}
	}
	equal := []results{
		{matter{name: "easy"}, []tally{never, never, never, never}},
		{matter{name: "own drift"}, []tally{never, eight, twenty, never}},
		{matter{name: "easy too"}, []tally{never, never, never, never}},
	}
	var undecided tally
	for range 100 {
		undecided.add(outcome{trial.Inconclusive, 240})
	}
	limit := []results{
		{matter{name: "bland"}, []tally{undecided, undecided, undecided, undecided}},
		{matter{name: "limit"}, []tally{undecided, undecided, undecided, twenty}},
	}
	got := keeping(racers, equal, limit)
	want := []keeps{
		{fair: kept, equal: kept, wish: open, limit: kept, passes: kept},
		{fair: kept, equal: open, wish: broken, limit: kept, passes: kept},
		{fair: kept, equal: broken, wish: broken, limit: kept, passes: kept},
		{fair: broken, equal: kept, wish: open, limit: broken, passes: broken}, // where it did not fail, it passed
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(keeps{})); diff != "" {
		t.Error(diff)
	}
	if row := keepers(racers, equal, limit, got).rows[2]; row[2] != "own drift" || row[3] != "no" || row[4] != "no" || row[7] != "yes" {
		t.Errorf("%v, want a no in its own drift, and yes at the limit", row)
	}
}

func TestNoRaceInRulesThatAreLeftOut(t *testing.T) {
	race := []results{raced("slow", unfit, outcome{trial.Fail, 40}, outcome{trial.Fail, 40}, outcome{trial.Fail, 1}, outcome{trial.Fail, 1})}
	if got := raceTable(racers, race, []keeps{keepsAll, keepsAll, brokenOff, brokenOff}); len(got.rows) != 2 || !strings.Contains(got.text, "none does: the target is **met**") {
		t.Errorf("%d rows, %q", len(got.rows), got.text)
	}
}
