package slo

import (
	"math"

	"github.com/seatrial/seatrial/slo/bayes"
)

// drift is one way in which rounds hang together: a level that moves as AR(1),
// with correlation rho from round to round, carries part of the variance of a
// round; the rest is each round's own.
type drift struct{ rho, part float64 }

// drifts are the ways that a chain reckons with, the first is none. A level
// that keeps half of itself from round to round is gone in a second, one that
// keeps nine tenths in five; it moves rounds by a third of their own noise, in
// variance, or by as much.
var drifts = [...]drift{{0, 0}, {0.5, 0.25}, {0.5, 0.5}, {0.9, 0.25}, {0.9, 0.5}}

// suspicions are how likely each drift is held to be before a round was seen.
// Chosen by simulation: of equal versions that drift by themselves, AR(1) 0.9
// with 10 %, at most one in a hundred is to fail (docs/statistics.md).
var suspicions = []float64{0.79, 0.03, 0.03, 0.075, 0.075}

// chain is the contrasts of rounds as each drift sees them. Noise that outlasts
// a round makes neighbours alike, and a level that wanders looks like a change:
// evidence is what a change explains better than any drift without one.
type chain struct {
	n       float64
	filters [len(drifts)]filter
	paths   [len(drifts)]path
}

func (c *chain) add(x float64) { c.paths = taken(c.paths, x, c.next()) }

// next is how one more round counts, whatever it holds.
func (c *chain) next() (steps [len(drifts)]step) {
	c.n++
	for k := range drifts {
		steps[k] = c.filters[k].next(drifts[k])
	}
	return steps
}

// taken is the paths with what a round held.
func taken(paths [len(drifts)]path, x float64, steps [len(drifts)]step) [len(drifts)]path {
	for k := range paths {
		paths[k].add(x, steps[k])
	}
	return paths
}

// seen is the contrasts as each drift sees them.
func (c *chain) seen() []bayes.Whitened {
	all := make([]bayes.Whitened, len(drifts))
	for k, f := range c.filters {
		all[k] = bayes.Whitened{N: c.n, Weight: f.weight, Mean: c.paths[k].mean, Residual: c.paths[k].residual, LogDet: f.logDet}
	}
	return all
}

// evidence is that for a mean above and below the limit, were the rounds seen
// times over.
func (c *chain) evidence(limit, times float64) (above, below float64) {
	return evidence(c.seen(), limit, times)
}

func evidence(seen []bayes.Whitened, limit, times float64) (above, below float64) {
	for k, w := range seen {
		seen[k] = w.Shift(limit).Scale(times)
	}
	if above, below = bayes.Mixture(suspicions, seen); above == 0 && below == 0 {
		return 0, 0 // nothing was seen
	}
	// Times the belief that there is no drift, the bound of errors is α where
	// there is none, and not only on the average over all drifts.
	innocent := math.Log(suspicions[0])
	return above + innocent, below + innocent
}

// mean is that of all rounds, each as it is.
func (c *chain) mean() float64 { return c.paths[0].mean }

// within is the posterior probability that the mean is below the limit.
func (c *chain) within(limit float64) float64 { return within(c.seen(), limit) }

func within(seen []bayes.Whitened, limit float64) (p float64) {
	for k, belief := range bayes.Beliefs(suspicions, seen) {
		p += belief * bayes.StudentWithin(seen[k].Contrast().Shift(limit))
	}
	return p
}

// credible is the interval between the posterior's outer tails.
func (c *chain) credible(mass float64) [2]float64 {
	lowest, highest, mean := math.Inf(1), math.Inf(-1), 0.0
	seen := c.seen()
	for k, belief := range bayes.Beliefs(suspicions, seen) {
		low, high := bayes.StudentInterval(seen[k].Contrast(), mass)
		lowest, highest, mean = math.Min(lowest, low), math.Max(highest, high), mean+belief*seen[k].Mean
	}
	tail := (1 - mass) / 2
	return [2]float64{
		edge(lowest, mean, exactly, func(limit float64) bool { return within(seen, limit) <= tail }),
		edge(highest, mean, exactly, func(limit float64) bool { return within(seen, limit) >= 1-tail }),
	}
}

// alike is how many rounds count as one for their mean, by what is believed of
// drifts now.
func (c *chain) alike() float64 {
	if c.n < 2 {
		return 1
	}
	weight, seen := 0.0, c.seen()
	for k, belief := range bayes.Beliefs(suspicions, seen) {
		weight += belief * seen[k].Weight
	}
	return c.n / weight
}

// filter is what a drift makes of any rounds, whatever they held (Kalman 1960).
// The variance of a round is 1.
type filter struct {
	begun  bool
	spread float64 // variance of the level, as known before the next round
	ones   float64 // the level that rounds which all hold 1 would lead to
	weight float64 // of the rounds so far, 1ᵀΣ⁻¹1
	logDet float64 // ln |Σ|
}

// step is how one round counts.
type step struct {
	rho, gain float64
	noise     float64 // variance of a round, as known before it
	one       float64 // by how much a round that holds 1 would surprise
	weight    float64 // of the rounds before
}

func (f *filter) next(d drift) step {
	if !f.begun {
		f.begun, f.spread = true, d.part
	}
	s := step{rho: d.rho, noise: f.spread + 1 - d.part, one: 1 - f.ones, weight: f.weight}
	s.gain = f.spread / s.noise
	f.ones = d.rho * (f.ones + s.gain*s.one)
	f.spread = d.rho*d.rho*f.spread*(1-s.gain) + (1-d.rho*d.rho)*d.part
	f.weight += s.one * s.one / s.noise
	f.logDet += math.Log(s.noise)
	return s
}

// path is what a drift makes of what the rounds held.
type path struct {
	level    float64 // expected of the next round, were the mean 0
	mean     float64
	residual float64
}

// rounding is how far from its expectation a figure is by the computer alone.
const rounding = 1e-13

// add is one step of weighted least squares for the mean (Plackett 1950).
func (p *path) add(x float64, s step) {
	surprise := x - p.level
	p.level = s.rho * (p.level + s.gain*surprise)
	if s.weight == 0 {
		p.mean = surprise / s.one
		return
	}
	off := surprise - s.one*p.mean
	if math.Abs(off) <= rounding*math.Abs(x) {
		return
	}
	p.residual += off * off / (s.noise + s.one*s.one/s.weight)
	p.mean += off * s.one / (s.noise*s.weight + s.one*s.one)
}

// tally is hits among trials, and how unevenly they fell on the rounds and on
// two, four and more of them together: a stall may last.
type tally struct {
	hits, trials float64
	widths       [mostWidths]clumps
}

// mostWidths bounds the merging: 64 rounds of 250 ms are 16 s.
const mostWidths = 7

// clumps is how hits fell on spans of rounds, all as long.
type clumps struct {
	spans        float64
	squares      float64 // Σ hits²/trials of the spans
	hits, trials float64 // of whole spans
	waiting      [2]float64
	half         bool // whether waiting holds half of the next span
}

func (t *tally) add(k, n float64) {
	if n == 0 {
		return
	}
	t.hits, t.trials = t.hits+k, t.trials+n
	for i := range t.widths {
		w := &t.widths[i]
		w.spans, w.squares = w.spans+1, w.squares+k*k/n
		w.hits, w.trials = w.hits+k, w.trials+n
		if w.half = !w.half; w.half {
			w.waiting = [2]float64{k, n}
			return
		}
		k, n = k+w.waiting[0], n+w.waiting[1]
	}
}

func (t tally) share() float64 { return t.hits / t.trials }

// designEffect is how many times more the shares of spans vary than independent
// trials would, by the length of span that shows most.
func (t tally) designEffect() float64 {
	most := t.widths[0].designEffect()
	for _, w := range t.widths[1:] {
		if w.spans < fewestSpans {
			break
		}
		most = math.Max(most, w.designEffect())
	}
	return most
}

// dependent is how many standard errors a design effect must be above 1 to
// count: 1 in 100 counts of independent trials are so uneven.
const dependent = 2.33

// fewestSpans is the number of spans of many rounds below which their spread
// says nothing.
const fewestSpans = 7

// designEffect is Σ nᵣ(sᵣ − s)² / ((R − 1) s (1 − s)) over R spans (Kish 1965).
// It is 1 unless it is beyond what chance does to independent trials: of a
// Poisson count k with mean μ, (k − μ)²/μ has variance 2 + 1/μ.
func (w clumps) designEffect() float64 {
	s := w.hits / w.trials
	if w.spans < 2 || !(s > 0 && s < 1) {
		return 1
	}
	degrees := w.spans - 1
	effect := (w.squares - w.hits*s) / (degrees * s * (1 - s))
	if effect < 1+dependent*math.Sqrt((2+w.spans/w.hits)/degrees) {
		return 1
	}
	return effect
}

// effective is the hits and trials that count as independent.
func (t tally) effective() (hits, trials float64) {
	effect := t.designEffect()
	return t.hits / effect, t.trials / effect
}
