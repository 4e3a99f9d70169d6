package slo

import (
	"math"
	"slices"

	"github.com/seatrial/seatrial/trial"
)

// charger says to whom requests are charged that nobody is known to have
// answered, where versions are told apart by their answers: a gateway's own
// 502, a connection that failed, a time-out.
//
// Each version is owed its part of them, and beyond it what it lacks in named
// answers: a version that crashed behind a gateway lacks as many as the gateway
// answered in its place. Routers that pick at random make such gaps as well,
// so that of a gap only what exceeds the play of chance counts:
//
//	owed = share × unnamed + sign(gap)·max(0, |gap| − 2√Σ n·share·(1 − share))
//	gap  = share × (n − unnamed) − named
//
// summed over the rounds since weights moved. Without the threshold, a gateway
// that fails evenly would charge a version that has 20 % of the traffic with half
// of its failures (TestEvenFailuresAreChargedEvenly).
type charger struct {
	weights  []int   // assigned; nil where nobody told
	since    float64 // when they were, seconds
	began    bool
	even     []float64 // requests that versions are owed by their shares
	gap      []float64 // answers that they lack
	variance []float64 // of the gap, were each request sent by chance
	requests []int     // named and charged
	charged  []int
}

// knownShares is from how many requests on the versions' shares are known well
// enough to tell a gap, where they were not assigned.
const knownShares = 200

// chance is how many standard deviations of a gap are taken for chance.
const chance = 2

func newCharger(versions int) *charger {
	c := &charger{}
	c.reset(versions)
	return c
}

func (c *charger) reset(versions int) {
	c.even, c.gap, c.variance = make([]float64, versions), make([]float64, versions), make([]float64, versions)
	c.requests, c.charged = make([]int, versions), make([]int, versions)
}

// shares are the parts of a round's requests that versions should get: as
// assigned; else as they had so far, evenly at first.
func (c *charger) shares() []float64 {
	parts := c.weights
	if parts == nil {
		parts = c.requests
	}
	all := 0
	for _, p := range parts {
		all += p
	}
	out := make([]float64, len(c.requests))
	for v := range out {
		out[v] = 1 / float64(len(out))
		if all > 0 {
			out[v] = share(parts[v], all)
		}
	}
	return out
}

// charge says for each of the round's unnamed requests, in their order, to whom
// it is charged.
func (c *charger) charge(r trial.Round) []uint8 {
	if !c.began || !slices.Equal(r.Weights, c.weights) {
		c.reset(len(c.requests))
		c.began, c.weights, c.since = true, slices.Clone(r.Weights), r.Start.Seconds()
	}
	named, unnamed := make([]int, len(c.requests)), 0
	for _, q := range r.Requests {
		if q.Version == trial.Nobody {
			unnamed++
		} else {
			named[q.Version]++
		}
	}
	shares := c.shares()
	settled := c.settled(r)
	for v, p := range shares {
		c.even[v] += p * float64(unnamed)
		c.requests[v] += named[v]
		if n := float64(len(r.Requests)); settled {
			c.gap[v] += p*(n-float64(unnamed)) - float64(named[v])
			c.variance[v] += n * p * (1 - p)
		}
	}
	return c.shareOut(r, unnamed, shares)
}

// settled reports whether the shares are what versions should get in a round.
func (c *charger) settled(r trial.Round) bool {
	if c.weights != nil {
		return r.Start.Seconds()-c.since >= settling
	}
	all := 0
	for _, n := range c.requests {
		all += n
	}
	return all >= knownShares
}

// owed is what versions have yet to be charged with, in all; the shares where
// that is nothing.
func (c *charger) owed(shares []float64) (owed []float64, all float64) {
	owed = make([]float64, len(shares))
	for v := range owed {
		gap := math.Max(0, math.Abs(c.gap[v])-chance*math.Sqrt(c.variance[v]))
		owed[v] = math.Max(0, c.even[v]+math.Copysign(gap, c.gap[v])-float64(c.charged[v]))
		all += owed[v]
	}
	if all <= 0 {
		return shares, 1
	}
	return owed, all
}

// shareOut gives each request to the version that is farthest behind its part.
// Failed ones come first, so that all get their part of those too.
func (c *charger) shareOut(r trial.Round, unnamed int, shares []float64) []uint8 {
	if unnamed == 0 {
		return nil
	}
	owed, all := c.owed(shares)
	given := make([]float64, len(owed))
	charges := make([]uint8, unnamed)
	shared := 0.0
	for _, good := range []bool{false, true} {
		place := -1
		for _, q := range r.Requests {
			if q.Version != trial.Nobody {
				continue
			}
			if place++; q.Status.OK() != good {
				continue
			}
			shared++
			who := farthestBehind(owed, given, shared/all)
			given[who]++
			c.charged[who]++
			c.requests[who]++
			charges[place] = uint8(who)
		}
	}
	return charges
}

// farthestBehind is the version whose part of what is owed exceeds what it was
// given by most; of equal ones the first.
func farthestBehind(owed, given []float64, part float64) int {
	who := 0
	for v := range owed {
		// Rounding errors must not decide between equals.
		if owed[v]*part-given[v] > owed[who]*part-given[who]+1e-9 {
			who = v
		}
	}
	return who
}
