package summary

import (
	"strconv"
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func stored() []Replay {
	wasOpen := won()
	wasOpen.Verdict = trial.Inconclusive
	return []Replay{
		{"evidence/2026-03-14/shop-release-4f2c9e1", failing(), failing()},
		{"evidence/2026-03-15/shop-release-77ab012", undecided(), passing()},
		{"evidence/2026-03-16/ranking", wasOpen, won()},
		{"evidence/2026-03-17/shop", broken(), broken()},
		{"evidence/2026-03-18/shop", notReady(), notReady()},
	}
}

func TestReplaysLookLikeTheirGoldens(t *testing.T) {
	for _, width := range []int{80, 120} {
		golden(t, "replays-"+strconv.Itoa(width)+".txt", Replays(stored(), Style{Width: width}))
	}
}

func TestReplaysFitTheirTerminal(t *testing.T) {
	for _, width := range []int{80, 100, 120, 200} {
		for line := range strings.SplitSeq(Replays(stored(), Style{Width: width}), "\n") {
			if n := len([]rune(line)); n > width {
				t.Errorf("%d: %d columns: %s", width, n, line)
			}
		}
	}
}

func TestReplaysOfHostileTextCommandNothing(t *testing.T) {
	for name, s := range hostile {
		for _, r := range poisonedReports(s) {
			for _, width := range []int{0, 80} {
				checkLines(t, name, Replays([]Replay{{s, r, r}}, Style{Width: width}))
			}
		}
	}
}
