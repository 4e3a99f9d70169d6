package slo

import (
	"math"
	"math/rand/v2"
)

// stage is what one imagined trial draws from the record: the same rounds,
// however bad the candidate is that plays on it.
type stage struct {
	number int
	random *rand.Rand
	scenes []scene

	left int // rounds of the present block
}

// scene is one round of it: which round of the record it is, and what a threshold
// is drawn from.
type scene struct {
	round  int
	before []view
}

const recordSeed = 1

func newStage(number int) *stage {
	return &stage{number: number, random: rand.New(rand.NewPCG(recordSeed, uint64(number)))}
}

// fewestInBlock is how many rounds that followed each other are taken together at
// least, in a circle (Politis & Romano 1992): what outlasts a round stays in them.
const fewestInBlock = 4

// draw takes the next round of a record. Blocks grow with it.
func (s *stage) draw(rounds int) scene {
	if s.left--; s.left >= 0 {
		return scene{round: (s.scenes[len(s.scenes)-1].round + 1) % rounds}
	}
	s.left = max(fewestInBlock, int(math.Sqrt(float64(rounds)))) - 1
	return scene{round: s.random.IntN(rounds)}
}

// scene is a judged round of a stage. Before the first come as many as a
// threshold looks back at.
func (p *Prospect) scene(s *stage, round int) scene {
	if p.comparesTails() {
		round += recentRounds
	}
	for len(s.scenes) <= round {
		next := s.draw(len(p.record.rounds))
		if p.comparesTails() {
			next.before = p.before(s)
		}
		s.scenes = append(s.scenes, next)
	}
	return s.scenes[round]
}

func (p *Prospect) comparesTails() bool {
	return p.question.objective.Relative() && p.question.objective.needsTail()
}

// before is what the threshold of a stage's next round is drawn from: one request
// at the quantile stands for all of them, since it serves a candidate however
// bad. Of a record that times are drawn from over and over, many would be at the
// quantile to the tick, where a service's are to either side of it: a coin says
// to which.
func (p *Prospect) before(s *stage) []view {
	base := p.judge.baseline
	var recent judgedRound
	for _, one := range s.scenes[max(0, len(s.scenes)-recentRounds):] {
		recent.before = append(recent.before, p.record.rounds[one.round])
	}
	side := uint32(s.random.IntN(2))
	one := make(view, len(p.judge.versions))
	switch t := recent.recent([]int{base}, p.question.objective.stat.p); {
	case math.IsInf(t, 1):
		one[base] = sample{requests: 1, failed: 1}
	case !math.IsNaN(t):
		one[base] = sample{requests: 1, sorted: []uint32{uint32(math.Round(t/tick)) + side}}
	}
	return []view{one}
}

// equal is the rounds of a candidate that is as the imagined one: as it was, or
// as the baseline where it is compared. A candidate that was not asked is the
// baseline half a record away.
func (p *Prospect) equal() []sample {
	relative := p.question.objective.Relative()
	if relative && p.record.requests(p.question.candidate) > 0 {
		return p.record.twins(p.question.candidate, p.judge.baseline)
	}
	var rounds []sample
	for i, n := 0, len(p.record.rounds); i < n; i++ {
		from := i
		if relative {
			from = (i + n/2) % n
		}
		rounds = append(rounds, p.record.rounds[from][p.imagined()])
	}
	return rounds
}

// worsened is a round of the imagined candidate, worse by an amount in what the
// objective is about.
func (p *Prospect) worsened(s sample, worse float64, random *rand.Rand) sample {
	o := p.question.objective
	switch {
	case o.metric != latency:
		return s.failing(worse, random)
	case o.lower:
		return s.slowed(1 / (1 + worse))
	}
	return s.slowed(1 + worse)
}

// slowed is what a version would have done, had all of it taken times as long.
func (s sample) slowed(times float64) sample {
	if times == 1 {
		return s
	}
	slower := make([]uint32, len(s.sorted))
	for i, t := range s.sorted {
		slower[i] = uint32(math.Min(math.Round(float64(t)*times), math.MaxUint32))
	}
	s.sorted = slower
	return s
}

// failing is what a version would have done, had each answer failed with a chance.
// Which of them it were does not matter: this is not about times.
func (s sample) failing(chance float64, random *rand.Rand) sample {
	fails := 0
	for range s.sorted {
		if random.Float64() < chance {
			fails++
		}
	}
	s.failed, s.sorted = s.failed+fails, s.sorted[fails:]
	return s
}
