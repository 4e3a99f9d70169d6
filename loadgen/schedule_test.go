package loadgen

import (
	"testing"
	"time"
)

func TestEveryGroupHasEachVersionOnce(t *testing.T) {
	for _, versions := range []int{1, 2, 3, 9} {
		s := schedule{seed: 7, versions: versions}
		for group := range 1000 {
			seen := make([]bool, versions)
			for v := range versions {
				slot := s.slot(group, v)
				if slot/versions != group || seen[slot%versions] {
					t.Fatalf("%d versions, group %d: version %d has slot %d, which is taken or outside the group", versions, group, v, slot)
				}
				seen[slot%versions] = true
			}
		}
	}
}

// Each version must come first equally often, or the second would always meet
// a woken CPU: with fair coins 10,000 groups stay within ±4 standard deviations.
func TestOrderIsFair(t *testing.T) {
	for _, versions := range []int{2, 3, 5} {
		s := schedule{seed: 42, versions: versions}
		first := make([]float64, versions)
		for group := range 10000 {
			for v := range versions {
				if s.position(group, v) == 0 {
					first[v]++
				}
			}
		}
		p := 1 / float64(versions)
		spread := 4 * 100 * (p * (1 - p)) // 4·√(np(1−p)) is below this for p ≤ ½ and n = 10,000
		spread = max(spread, 180)
		for v, n := range first {
			if n < 10000*p-spread || n > 10000*p+spread {
				t.Errorf("%d versions: version %d is first in %v of 10000 groups", versions, v, n)
			}
		}
	}
}

func TestSeedDecidesTheOrder(t *testing.T) {
	order := func(seed uint64) (bits [64]int) {
		s := schedule{seed: seed, versions: 2}
		for g := range bits {
			bits[g] = s.position(g, 0)
		}
		return bits
	}
	if order(1) != order(1) {
		t.Error("the same seed gave two orders")
	}
	if order(1) == order(2) {
		t.Error("two seeds gave the same order")
	}
}

func TestRoundsAreFineButNotThin(t *testing.T) {
	for _, c := range []struct {
		rate   float64
		want   time.Duration
		rounds int // of a minute
	}{
		{10, 2500 * time.Millisecond, 24},
		{100, 250 * time.Millisecond, 240},
		{200, 250 * time.Millisecond, 240},
		{1000, 250 * time.Millisecond, 240},
	} {
		o := DefaultOptions()
		o.Rate, o.Warmup = Rate{c.rate}, 0
		s := newSchedule(o, 2)
		if o.RoundLength() != c.want || s.rounds() != c.rounds {
			t.Errorf("%v/s: %d rounds of %s, want %d of %s", c.rate, s.rounds(), o.RoundLength(), c.rounds, c.want)
		}
	}
}
