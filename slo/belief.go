package slo

import (
	"math"
	"math/rand/v2"

	"github.com/seatrial/seatrial/slo/bayes"
)

// belief is the joint posterior of all rewards of all versions: of each round's
// own figures, so that what versions share in a round cancels between them, and
// traffic that moves from one version to another weighs nothing (pooled over
// requests it would: Simpson 1951).
type belief struct {
	rewards []Reward
	joint   bayes.Joint
}

// add takes one round, unless some figure is missing in it, or says more of the
// weights than of the versions.
func (b *belief) add(r judgedRound) {
	var figures []float64
	for _, reward := range b.rewards {
		o := reward.equal()
		if o.metric == declared && o.comparesWeights() && r.split {
			return
		}
		for _, s := range r.view {
			x := o.figure(s)
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return
			}
			figures = append(figures, x)
		}
	}
	b.joint.Add(figures)
}

// draws is how often the posterior is drawn from: a probability of a half is
// then known to within 1.5 points.
const draws = 4000

// chances is what draws from the belief come to.
type chances struct {
	best      [][]float64 // of each reward and version: P(best in the running)
	loss      [][]float64 // of each reward and version: expected loss, in its unit
	amongTwo  []float64   // of each version, first reward: P(one of the two best)
	dominated []float64   // of each version: P(another in the running is better by every reward)
}

// chances draws among the versions in the running, where so many rounds count as
// one. Nil where there is nothing to draw from.
func (b *belief) chances(alike float64, running []bool, seed uint64, draws int) *chances {
	sample := b.joint.Scale(1 / alike).Sampler(rand.New(rand.NewPCG(seed, seedOfDraws)))
	if sample == nil {
		return nil
	}
	out := newChances(len(b.rewards), len(running))
	means := make([]float64, len(b.rewards)*len(running))
	for range draws {
		sample(means)
		out.count(b.rewards, means, running, 1/float64(draws))
	}
	return out
}

// seedOfDraws parts the draws of the posterior from the trial's other uses of
// its seed.
const seedOfDraws = 0xd7a3

func newChances(rewards, versions int) *chances {
	c := &chances{amongTwo: make([]float64, versions), dominated: make([]float64, versions)}
	for range rewards {
		c.best, c.loss = append(c.best, make([]float64, versions)), append(c.loss, make([]float64, versions))
	}
	return c
}

// count takes in one draw: means has a figure for each reward and version.
func (c *chances) count(rewards []Reward, means []float64, running []bool, weight float64) {
	n := len(running)
	for k, r := range rewards {
		own := means[k*n : (k+1)*n]
		best := math.NaN()
		for v, x := range own {
			if running[v] && (math.IsNaN(best) || r.better(x, best)) {
				best = x
			}
		}
		for v, x := range own {
			c.loss[k][v] += weight * r.behind(best, x)
			if running[v] {
				c.best[k][v] += weight * among(1, r, own, running, v)
			}
			if running[v] && k == 0 {
				c.amongTwo[v] += weight * among(2, r, own, running, v)
			}
		}
	}
	for v := range running {
		if isDominated(rewards, means, running, v) {
			c.dominated[v] += weight
		}
	}
}

// among is a version's part of the first places: all of one, or what equal
// versions share.
func among(places int, r Reward, own []float64, running []bool, v int) float64 {
	better, equal := 0, 0
	for rival, x := range own {
		switch {
		case !running[rival]:
		case r.better(x, own[v]):
			better++
		case x == own[v]:
			equal++
		}
	}
	return math.Min(math.Max(float64(places-better)/float64(equal), 0), 1)
}

func isDominated(rewards []Reward, means []float64, running []bool, v int) bool {
	n := len(running)
	for rival := range running {
		if rival == v || !running[rival] {
			continue
		}
		all := true
		for k, r := range rewards {
			all = all && r.better(means[k*n+rival], means[k*n+v])
		}
		if all {
			return true
		}
	}
	return false
}

// interval is the credible interval of one version's figure by one reward.
func (b *belief) interval(figure int, alike float64) [2]float64 {
	j := b.joint.Scale(1 / alike)
	if j.N < 2 {
		return unknown
	}
	low, high := bayes.StudentInterval(bayes.Contrast{N: j.N, Mean: j.Mean[figure], Centered: j.Scatter[figure][figure]}, credible)
	return [2]float64{low, high}
}
