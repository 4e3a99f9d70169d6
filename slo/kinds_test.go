package slo

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

func TestAnswersUnlikeTheBaselinesAreTold(t *testing.T) {
	percent := func(p float64) trial.Quantity { return trial.Quantity{Value: p, Unit: trial.Share} }
	for name, c := range map[string]struct {
		every int // of how many of the candidate's answers one is a redirect; 0: none is
		want  []Unlike
	}{
		"alike":          {0, nil},
		"all redirected": {1, []Unlike{{"candidate", "302", percent(1), percent(0)}}},
		"half":           {2, []Unlike{{"candidate", "302", percent(0.5), percent(0)}}},
		"few":            {50, nil},
	} {
		j := judgeOf(t, both, nil, "latency-p95 <= 200ms")
		sent := 0
		for _, r := range rounds(same, 1, 2, 40) {
			for i := range r.Requests {
				if q := &r.Requests[i]; q.Version == 1 && c.every > 0 {
					if sent++; sent%c.every == 0 {
						q.Status = trial.Answered(302, true)
					}
				}
			}
			j.Look(r)
		}
		if diff := cmp.Diff(c.want, j.Conclude(true).Unlike); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Answers that are good only because nobody said which are pass nothing where the
// baseline's are others.
func TestAnswersUnlikeTheBaselinesPassOnlyWhereItWasSaidThatTheyAreGood(t *testing.T) {
	for anyGood, want := range map[bool]trial.Verdict{true: trial.Inconclusive, false: trial.Pass} {
		j := judgeOf(t, both, func(p *Policy) { p.AnyGood = anyGood }, "latency-p95 <= 200ms")
		for _, r := range rounds(same, 1, 2, 160) {
			for i := range r.Requests {
				if r.Requests[i].Version == 1 {
					r.Requests[i].Status = trial.Answered(302, true)
				}
			}
			j.Look(r)
		}
		c := j.Conclude(true)
		if c.Verdict != want {
			t.Errorf("any status good: %v: %s, want %s: %s", anyGood, c.Verdict, want, c.Reason)
		}
		if anyGood && (!strings.Contains(c.Reason, "candidate answers 302 to 100 % of its requests, the baseline to 0 %") || c.Findings[0].Needs != nil) {
			t.Errorf("%s (needs %v)", c.Reason, c.Findings[0].Needs)
		}
	}
}

// Two versions of which each answers half with another status are alike, however
// few were asked.
func TestChanceIsNotUnlike(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		k, l := 0, 0
		for range 25 {
			k, l = k+random.IntN(2), l+random.IntN(2)
		}
		if _, _, beyond := compareShares(k, 25, l, 25); beyond {
			t.Fatalf("%d of 25 against %d", k, l)
		}
	}
	if _, _, beyond := compareShares(25, 25, 0, 25); !beyond {
		t.Error("all against none is no difference")
	}
}
