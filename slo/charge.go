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
// answers: one that crashed behind a gateway lacks as many as the gateway
// answered in its place. Routers that pick at random make such gaps as well,
// so that of a gap only what exceeds the play of chance counts:
//
//	owed = share × unnamed + sign(gap)·max(0, |gap| − 2√(φ Σ n·share·(1 − share)))
//	gap  = share × (n − unnamed) − named
//
// summed over the rounds since weights moved (where shares are not assigned but
// learnt, what they may be off by adds to the variance), with φ how much a router's picks
// vary, as a part of what they would by chance: about 0 where it takes turns.
// Without the threshold, chance would move a gateway's failures from one version
// to another as if they were its own (TestEvenFailuresAreChargedEvenly).
type charger struct {
	weights []int // assigned; nil where nobody told
	began   bool

	even     []float64 // requests that versions are owed by their shares
	gap      []float64 // answers that they lack
	variance []float64 // of the gap, were each request sent by chance
	compared float64   // requests of rounds that were not clean
	named    []int
	charged  []int

	clean []int // named in clean rounds, in which every answer named a version

	// How a router picks: of all clean rounds, since it picks by any weights alike.
	rounds   int
	strayed  float64 // squares of what versions got beside their shares
	byChance float64 // what these would come to by chance
}

const (
	// chance is how many standard deviations of a gap are taken for chance.
	chance = 2
	// knownShares is from how many requests of clean rounds on the versions'
	// shares are known well enough to tell a gap, where they were not assigned.
	knownShares = 200
	// knownPicks is from how many clean rounds on a router's picks are known.
	knownPicks = 8
)

func newCharger(versions int) *charger {
	c := &charger{}
	c.reset(versions)
	return c
}

func (c *charger) reset(versions int) {
	c.even, c.gap, c.variance = make([]float64, versions), make([]float64, versions), make([]float64, versions)
	c.named, c.charged, c.clean = make([]int, versions), make([]int, versions), make([]int, versions)
	c.compared = 0
}

// shares are the parts of a round's requests that versions should get: as
// assigned; else as answers named them, in clean rounds if there were enough;
// evenly at first.
func (c *charger) shares() []float64 {
	parts := c.named
	switch {
	case c.weights != nil:
		parts = c.weights
	case total(c.clean) >= knownShares:
		parts = c.clean
	}
	all := total(parts)
	out := make([]float64, len(parts))
	for v := range out {
		out[v] = 1 / float64(len(out))
		if all > 0 {
			out[v] = share(parts[v], all)
		}
	}
	return out
}

func total(counts []int) int {
	all := 0
	for _, n := range counts {
		all += n
	}
	return all
}

// charge says for each of the round's unnamed requests, in their order, to whom
// it is charged.
func (c *charger) charge(r trial.Round) []uint8 {
	if !c.began || !slices.Equal(r.Weights, c.weights) {
		c.reset(len(c.named))
		c.began, c.weights = true, slices.Clone(r.Weights)
	}
	named := make([]int, len(c.named))
	for _, q := range r.Requests {
		if q.Version != trial.Nobody {
			named[q.Version]++
		}
	}
	unnamed := len(r.Requests) - total(named)
	shares := c.shares()
	for v, p := range shares {
		c.even[v] += p * float64(unnamed)
	}
	if c.settled(r) {
		c.compare(named, shares, unnamed)
	}
	for v, n := range named {
		c.named[v] += n
		if unnamed == 0 {
			c.clean[v] += n
		}
	}
	if unnamed == 0 {
		return nil
	}
	return c.shareOut(r, unnamed, shares)
}

// settled reports whether the shares are what versions should get in a round.
func (c *charger) settled(r trial.Round) bool {
	if c.weights != nil {
		return !r.Settling
	}
	return total(c.clean) >= knownShares
}

// compare holds the answers that versions gave in a round against their shares.
func (c *charger) compare(named []int, shares []float64, unnamed int) {
	answered := float64(total(named))
	n := answered + float64(unnamed)
	if unnamed > 0 {
		c.compared += n
	}
	for v, p := range shares {
		lacks := p*answered - float64(named[v])
		c.gap[v] += lacks
		c.variance[v] += n * p * (1 - p)
		if unnamed == 0 {
			c.strayed += lacks * lacks
			c.byChance += answered * p * (1 - p)
		}
	}
	if unnamed == 0 {
		c.rounds++
	}
}

// picks is φ; 1 until it is known.
func (c *charger) picks() float64 {
	if c.rounds < knownPicks || c.byChance == 0 {
		return 1
	}
	return c.strayed / c.byChance
}

// owed is what versions have yet to be charged with, and its sum; the shares
// where that is nothing.
func (c *charger) owed(shares []float64) (owed []float64, all float64) {
	owed = make([]float64, len(shares))
	for v := range owed {
		beyond := math.Max(0, math.Abs(c.gap[v])-chance*math.Sqrt(c.picks()*(c.variance[v]+c.doubt(shares[v]))))
		owed[v] = math.Max(0, c.even[v]+math.Copysign(beyond, c.gap[v])-float64(c.charged[v]))
		all += owed[v]
	}
	if all <= 0 {
		return shares, 1
	}
	return owed, all
}

// doubt is the variance of the gap that comes of an assumed share: 0 of an
// assigned one.
func (c *charger) doubt(p float64) float64 {
	known := float64(total(c.clean))
	if c.weights != nil || known == 0 {
		return 0
	}
	return p * (1 - p) * c.compared * c.compared / known
}

// shareOut gives each request to the version that is farthest behind its part.
// Failed ones come first, so that each gets its part of those too.
func (c *charger) shareOut(r trial.Round, unnamed int, shares []float64) []uint8 {
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
