package slo

import (
	"math"

	"github.com/seatrial/seatrial/slo/bayes"
)

// chain is the contrasts of rounds, kept once as they are and again merged by
// two, by four and so on: noise that outlasts a round makes neighbours alike,
// and only what is merged far enough counts as independent evidence.
type chain struct {
	levels []link
}

// link is the chain at one width of merging.
type link struct {
	contrast bayes.Contrast
	first    float64
	last     float64
	products float64 // of neighbours, summed
	waiting  float64 // half of the next merged round
	half     bool    // whether waiting holds one
}

// mostWidths bounds the merging: 64 rounds of 250 ms are 16 s, and a trial
// that needs more of them than it has is better told so.
const mostWidths = 7

func (c *chain) add(x float64) {
	for width := 0; width < mostWidths; width++ {
		if width == len(c.levels) {
			c.levels = append(c.levels, link{})
		}
		l := &c.levels[width]
		l.add(x)
		if l.half = !l.half; l.half {
			l.waiting = x
			return
		}
		x = (l.waiting + x) / 2
	}
}

func (l *link) add(x float64) {
	if l.contrast.N == 0 {
		l.first = x
	} else {
		l.products += l.last * x
	}
	l.last = x
	l.contrast.Add(x)
}

// dependent is how many standard errors the autocorrelation of neighbours must
// be above 0 to count: 1 in 100 chains without any has so much.
const dependent = 2.33

// fewestNeighbours is the length below which an autocorrelation says nothing.
const fewestNeighbours = 14

// isDependent reports whether neighbours are more alike than chance makes
// them: r₁√n beyond its normal quantile (Bartlett 1946).
func (l *link) isDependent() bool {
	n, mean := l.contrast.N, l.contrast.Mean
	if n < fewestNeighbours || l.contrast.Centered == 0 {
		return false
	}
	covariance := l.products - mean*(2*n*mean-l.first-l.last) + (n-1)*mean*mean
	return covariance/l.contrast.Centered*math.Sqrt(n) > dependent
}

// width is the least merging, as a power of two, at which neighbours are not
// alike any more.
func (c *chain) width() int {
	for width := range c.levels {
		if !c.levels[width].isDependent() {
			return width
		}
	}
	return max(0, len(c.levels)-1)
}

// at is the contrasts merged to a width.
func (c *chain) at(width int) bayes.Contrast {
	if width >= len(c.levels) {
		return bayes.Contrast{}
	}
	return c.levels[width].contrast
}

// judged is the contrasts as they count for the verdict.
func (c *chain) judged() bayes.Contrast { return c.at(c.width()) }

// tally is hits among trials, and how unevenly they fell on the rounds.
type tally struct {
	hits, trials float64
	rounds       float64 // with trials
	squares      float64 // Σ hits²/trials of the rounds
}

func (t *tally) add(hits, trials int) {
	if trials == 0 {
		return
	}
	k, n := float64(hits), float64(trials)
	t.hits, t.trials = t.hits+k, t.trials+n
	t.rounds, t.squares = t.rounds+1, t.squares+k*k/n
}

func (t tally) share() float64 { return t.hits / t.trials }

// designEffect is how many times more the shares of rounds vary than
// independent trials would: Σ nᵣ(sᵣ − s)² / ((R − 1) s (1 − s)) (Kish 1965). It
// is 1 unless it is beyond what chance does to independent trials: of a Poisson
// count k with mean μ, (k − μ)²/μ has variance 2 + 1/μ.
func (t tally) designEffect() float64 {
	s := t.share()
	if t.rounds < 2 || !(s > 0 && s < 1) {
		return 1
	}
	degrees := t.rounds - 1
	effect := (t.squares - t.hits*s) / (degrees * s * (1 - s))
	if effect < 1+dependent*math.Sqrt((2+t.rounds/t.hits)/degrees) {
		return 1
	}
	return effect
}

// effective is the hits and trials that count as independent.
func (t tally) effective() (hits, trials float64) {
	effect := t.designEffect()
	return t.hits / effect, t.trials / effect
}
