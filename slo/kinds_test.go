package slo

import (
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
