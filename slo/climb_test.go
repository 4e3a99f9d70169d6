package slo

import (
	"math"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

// climbed runs a search where all holds up to a rate, and is undecided up to
// another.
func climbed(t *testing.T, c *Climb, holds, undecided float64) (tried int) {
	t.Helper()
	for rate, more := c.Next(); more; rate, more = c.Next() {
		switch {
		case rate <= holds:
			c.Tell(trial.Pass)
		case rate <= undecided:
			c.Tell(trial.Inconclusive)
		default:
			c.Tell(trial.Fail)
		}
		if tried++; tried > c.Looks() {
			t.Fatalf("%d rates tried, and %d were promised", tried, c.Looks())
		}
	}
	return tried
}

func TestClimbFindsTheStepBetween(t *testing.T) {
	for truth := 55.0; truth < 900; truth *= 1.07 {
		c := NewClimb(50, 1000, 1.1)
		climbed(t, c, truth, truth)
		holds, violated := c.Between()
		if holds > truth || violated <= truth || violated/holds > 1.12 {
			t.Errorf("holds up to %.1f: between %v and %v", truth, holds, violated)
		}
	}
}

// Rates at which nothing is shown make the answer wider, never wrong.
func TestClimbIsWideWhereNothingIsShown(t *testing.T) {
	c := NewClimb(50, 1000, 1.1)
	climbed(t, c, 300, 500)
	if holds, violated := c.Between(); holds > 300 || holds < 200 || violated <= 500 || violated > 900 {
		t.Errorf("holds up to 300, undecided up to 500: between %v and %v", holds, violated)
	}
}

func TestClimbAtTheEnds(t *testing.T) {
	for _, c := range []struct {
		holds     float64
		low, high float64
		tried     int
	}{
		{10, 0, 50, 1},               // the lowest is too much already
		{5000, 1000, math.Inf(1), 2}, // the highest is not
	} {
		climb := NewClimb(50, 1000, 1.1)
		tried := climbed(t, climb, c.holds, c.holds)
		if holds, violated := climb.Between(); holds != c.low || violated != c.high || tried != c.tried {
			t.Errorf("holds up to %v: between %v and %v after %d rates, want %v, %v and %d", c.holds, holds, violated, tried, c.low, c.high, c.tried)
		}
	}
}

// Where nothing is shown at the lowest rate, nothing is shown at all.
func TestClimbEndsAtAnUndecidedBeginning(t *testing.T) {
	c := NewClimb(50, 1000, 1.1)
	if tried := climbed(t, c, 10, 60); tried != 1 {
		t.Errorf("%d rates tried", tried)
	}
	if holds, violated := c.Between(); holds != 0 || !math.IsInf(violated, 1) {
		t.Errorf("between %v and %v", holds, violated)
	}
}
