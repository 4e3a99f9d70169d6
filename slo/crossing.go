package slo

import "math"

// crossing is the chance that evidence has reached what is needed by a round,
// where mean is its course without chance.
//
// Evidence is z²/2 less a price that grows as ½ ln n, with z the signed root
// of a random walk: it reaches L where z reaches z* = √(2(L + price)). With u
// the mean of z at round n, τ the noise of z, and the boundary replaced by its
// tangent there,
//
//	P = Φ((u − z*)/τ) + exp(z*(u − z*/2)/τ²) Φ(−u/τ)
//
// (Siegmund 1985, §3.2, with the tangent of Daniels 1982). The first term is a
// look at round n alone; the second is the walks that had crossed before it. u
// and the price are read off the course: n·d/dn of evidence is u²/2 − ½.
func crossing(mean func(rounds float64) float64, rounds, needed float64, noise func(perRound float64) float64) float64 {
	const step = 1.05
	slope := (mean(rounds*step) - mean(rounds/step)) / (2 * math.Log(step))
	// A drift that might explain a change holds evidence up for a while: then it
	// is more than its slope tells.
	signal := math.Max(slope+0.5, mean(rounds))
	if !(signal > 0) {
		return 0
	}
	price := signal - mean(rounds)
	u, z := math.Sqrt(2*signal), math.Sqrt(2*math.Max(needed+price, 0))
	tau := noise(signal / rounds)
	if !(tau > 0) {
		return chanceOf(u >= z)
	}
	u, z = u/tau, z/tau
	earlier := math.Exp(z*(u-z/2) + math.Log(normal(-u)))
	return math.Min(normal(u-z)+earlier, 1)
}

func chanceOf(certain bool) float64 {
	if certain {
		return 1
	}
	return 0
}

// normal is the standard normal distribution function.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// contrastNoise is the noise of the signed root of a contrast's evidence, by
// the delta method: with η the effect in units of the noise, evidence grows
// by c = ½ ln(1 + η²) a round, and
//
//	τ² = η²(1 + η²/2) / ((1 + η²)² · 2c)
//
// It is 1 for small effects and less for large ones, where the noise of the
// estimated σ takes part of it away.
func contrastNoise(perRound float64) float64 {
	square := math.Expm1(2 * perRound)
	return math.Sqrt(square * (1 + square/2) / ((1 + square) * (1 + square) * 2 * perRound))
}

// shareNoise is the same for a share p against a limit p0, where evidence grows
// by the divergence KL(p, p0) a request: τ² = p(1 − p)·KL′²/(2 KL).
func shareNoise(p, p0 float64) float64 {
	if p <= 0 || p >= 1 {
		return 0
	}
	slope := math.Log(p / p0 * (1 - p0) / (1 - p))
	divergence := p*math.Log(p/p0) + (1-p)*math.Log((1-p)/(1-p0))
	return math.Sqrt(p * (1 - p) * slope * slope / (2 * divergence))
}

// noise is that of the statistic at hand.
func noise(s statistic, times, perRound float64) float64 {
	switch s := s.(type) {
	case *shareStatistic:
		return shareNoise(s.bad.share(), s.limit())
	case *shareDifference:
		if s.few(times) {
			p := (s.c.hits + s.b.hits) / (s.c.trials + s.b.trials)
			return shareNoise(p, p+s.limit)
		}
	}
	return contrastNoise(perRound)
}
