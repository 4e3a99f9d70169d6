package slo

import (
	"math"
	"math/rand/v2"
	"testing"
)

// rungsOf are rounds in which the candidate's figure is some multiple of the
// baseline's.
func rungsOf(multiple float64, rounds int) []rung {
	random := rand.New(rand.NewPCG(3, 4))
	var all []rung
	for range rounds {
		b := 100 + 10*random.NormFloat64()
		c := multiple * (100 + 10*random.NormFloat64())
		all = append(all, func(factor float64) float64 { return c - factor*b })
	}
	return all
}

// What is kept of many rounds shows the interval that all of them would, but for
// the steps of its factors.
func TestManyRoundsAreToldAsIfAllWereKept(t *testing.T) {
	const needed = 3.0
	for _, multiple := range []float64{0.97, 1, 1.08, 2} {
		whole, many := ladder{own: 1.1}, ladder{own: 1.1}
		for _, r := range rungsOf(multiple, 3*mostRungs) {
			whole.rungs = append(whole.rungs, r)
			many.add(r)
		}
		if many.rungs != nil || many.fixed == nil {
			t.Fatalf("%d rounds are kept", len(many.rungs))
		}
		step := 1.5 * nearStep
		if math.Abs(math.Log(multiple)) > nearFactor {
			step = 1.5 * farStep
		}
		near := func(what string, got, want float64) {
			if !(math.Abs(math.Log1p(got)-math.Log1p(want)) <= step) {
				t.Errorf("×%v: %s %v, of all rounds %v", multiple, what, got, want)
			}
		}
		got, want := many.anytime(needed), whole.anytime(needed)
		near("anytime from", got[0], want[0])
		near("anytime to", got[1], want[1])
		got, want = many.credible(credible), whole.credible(credible)
		near("credible from", got[0], want[0])
		near("credible to", got[1], want[1])
		near("change", many.change(), whole.change())
	}
}

// While rounds are moved, a few at a time, none is lost or counted twice.
func TestRoundsOnTheirWayAreCountedOnce(t *testing.T) {
	l, whole := ladder{own: 1.1}, chain{}
	for i, r := range rungsOf(1, mostRungs+mostRungs/2) {
		l.add(r)
		whole.add(r(math.Exp(math.Log(1.1))))
		got := l.chain(math.Log(1.1))
		if got.n != whole.n || math.Abs(got.mean()-whole.mean()) > 1e-9 {
			t.Fatalf("round %d: %v rounds with a mean of %v, want %v with %v", i+1, got.n, got.mean(), whole.n, whole.mean())
		}
		if before := max(0, i+1-mostRungs); l.fixed != nil && len(l.rungs) > max(0, mostRungs-(moved-1)*before) {
			t.Fatalf("round %d: %d still on their way", i+1, len(l.rungs))
		}
	}
}

// The interval ends at or below a limit exactly where the evidence passes it,
// however many rounds are kept.
func TestTheIntervalOfManyRoundsAgreesWithTheVerdict(t *testing.T) {
	const own = 1.0137 // between two steps
	for _, needed := range []float64{3, 10, 30, 100} {
		l := ladder{own: own}
		var at chain
		for _, r := range rungsOf(1, 2*mostRungs) {
			l.add(r)
			at.add(r(math.Exp(math.Log(own))))
		}
		_, below := at.evidence(0, 1)
		if end := l.anytime(needed)[1]; (end <= own-1+1e-3) != (below >= needed) {
			t.Errorf("evidence of %.1f where %v is needed, and an interval to %+.4f beside a limit of %+.4f", below, needed, end, own-1)
		}
	}
}

func TestTheFactorsOfALadderHoldItsEndsAndItsOwn(t *testing.T) {
	at := newRails(1.1).factors
	if at[0] != leastFactor || at[len(at)-1] != mostFactor {
		t.Errorf("from %v to %v", at[0], at[len(at)-1])
	}
	own := false
	for i, x := range at {
		own = own || x == math.Log(1.1)
		if i > 0 && x-at[i-1] > farStep+1e-9 {
			t.Errorf("nothing between %v and %v", at[i-1], x)
		}
	}
	if !own || len(at) > 500 {
		t.Errorf("%d factors, own among them: %v", len(at), own)
	}
}

// The evidence of the times between moves of traffic adds up, at the limit and at
// any other ratio, though little is kept of those that ended.
func TestEvidenceOfARatioAddsUpOverMovesOfTraffic(t *testing.T) {
	o := Objective{metric: errorRate, limit: limit{kind: ratio, value: 1.5}}
	round := func(epoch, failed, requests int) judgedRound {
		return judgedRound{view: view{{requests: 900, failed: 4}, {requests: requests, failed: failed}}, epoch: epoch}
	}
	of := func(rounds ...judgedRound) *shareRatio {
		s := newStatistic(o, pair{candidate: 1, baseline: 0}).(*shareRatio)
		for _, r := range rounds {
			s.add(r)
		}
		return s
	}
	times := [][]judgedRound{{round(1, 9, 100), round(1, 2, 100)}, {round(2, 30, 500)}, {round(3, 3, 900), round(3, 8, 900)}}
	var all []judgedRound
	for _, rounds := range times {
		all = append(all, rounds...)
	}
	s := of(all...)
	for _, ratio := range []float64{1.5, 0.7, 3} {
		var above, below float64
		for _, rounds := range times {
			up, down := of(rounds...).against(ratio, 1)
			above, below = above+up, below+down
		}
		gotAbove, gotBelow := s.against(ratio, 1)
		if math.Abs(gotAbove-above) > 1e-9 || math.Abs(gotBelow-below) > 1e-9 {
			t.Errorf("×%v: %v and %v, want %v and %v", ratio, gotAbove, gotBelow, above, below)
		}
	}
	if s.past.requests != 1000+1000+1400 {
		t.Errorf("past %+v", s.past)
	}
}
