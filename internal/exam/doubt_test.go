package main

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// coins are entrants that fail a candidate in the first round or pass it, by the
// first time they are shown: at a limit that is a chance.
func coins(chances ...float64) (all []entrant) {
	for _, chance := range chances {
		all = append(all, entrant{pace: watched, begin: func(float64) referee {
			return func(r trial.Round, _ bool) trial.Verdict {
				if r.Requests[0].Seconds() < chance {
					return trial.Fail
				}
				return trial.Pass
			}
		}})
	}
	return all
}

// evenly are times from 0 to 1 s.
func evenly(r *rand.Rand) draw { return func(int, int) float64 { return r.Float64() } }

// Trials go on for those in doubt alone, from the next trial on, and to the bound.
func TestDoubtIsPlayedOn(t *testing.T) {
	coins := coins(0.01, 0.05, 0.2, 0.08)
	m := matter{name: "even", world: evenly, baseline: evenly, sizes: []int{25, 225}}
	w := results{m, m.before(coins, 0, 100)}
	got := w.playOn(coins, 8000, func(k int, t tally) bool { return k != 3 && t.holds(alpha, trial.Fail) == open })
	var answers []held
	for k, now := range got.tallies {
		answers = append(answers, now.holds(alpha, trial.Fail))
		if diff := cmp.Diff(m.before(coins[k:k+1], 0, now.trials)[0], now, cmp.AllowUnexported(tally{})); diff != "" {
			t.Errorf("coin %d: not the first %d trials: %s", k, now.trials, diff)
		}
	}
	if diff := cmp.Diff([]held{kept, open, broken, open}, answers); diff != "" {
		t.Error(diff)
	}
	if n := []int{got.tallies[1].trials, got.tallies[2].trials, got.tallies[3].trials}; n[0] != 1600 || n[1] != 100 || n[2] != 100 {
		t.Errorf("%d trials, want 1600 of the fair one: rounds are five times as large; and 100 of those not in doubt", n)
	}
}
