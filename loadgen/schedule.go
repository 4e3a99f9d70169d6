package loadgen

import (
	"math"
	"sort"
	"time"
)

// fewestPerRound and shortestRound make a round: 250 ms, or as long as 25
// requests to each version take. Both are the values that the judge's error
// rates were simulated with.
const (
	fewestPerRound = 25
	shortestRound  = 250 * time.Millisecond
)

// schedule is the slot list of a trial, computed rather than stored: in each
// turn one request to every version, in an order drawn from the seed.
//
// Slot s of the list belongs to turn s/versions. The pace says when turns are
// due; the slots of one follow each other at equal distances.
type schedule struct {
	seed     uint64
	versions int
	pace     pace
	starts   []int     // the first turn of each round, and that after the last
	warmup   int       // rounds
	shares   []float64 // of each request; of one alone, nothing need be said
}

func newSchedule(o Options, versions int) schedule {
	if o.Closed {
		o.Rate = Rate{fewestPerRound / shortestRound.Seconds()} // rounds of a closed loop are cut by the clock
	}
	first := roundFrom(newPace(o, math.Inf(1)), 0)
	length := float64(first) / o.Rate.PerSecond
	warmup := int(math.Ceil(o.Warmup.Seconds() / length))
	s := schedule{seed: o.Seed, versions: versions, warmup: warmup, pace: newPace(o, float64(warmup)*length), starts: []int{0}}
	for end := float64(warmup)*length + o.For.Seconds(); ; {
		start := s.starts[len(s.starts)-1]
		next := roundFrom(s.pace, start)
		from, to := s.pace.when(float64(start)), s.pace.when(float64(next))
		// A round that would end more than half of itself too late is none.
		if len(s.starts) > warmup && (from+to)/2 > end-1e-9 {
			return s
		}
		s.starts = append(s.starts, next)
	}
}

// roundFrom is the turn after the last of a round that begins with this one.
func roundFrom(p pace, start int) int {
	shortest := p.due(p.when(float64(start)) + shortestRound.Seconds())
	return max(start+fewestPerRound, int(math.Ceil(shortest-1e-6)))
}

// merged is the same slots at the same times, as those of one target.
func (s schedule) merged() schedule {
	times := float64(s.versions)
	var faster pace
	for _, l := range s.pace {
		faster = append(faster, leg{l.start, l.length, l.turns * times, l.from * times, l.to * times})
	}
	starts := make([]int, len(s.starts))
	for i, turn := range s.starts {
		starts[i] = turn * s.versions
	}
	s.pace, s.starts, s.versions = faster, starts, 1
	return s
}

// RoundLength is how long one round of this load is, on average.
func (o Options) RoundLength() time.Duration {
	s := newSchedule(o, 1)
	if s.rounds() == s.warmup {
		return s.start(1)
	}
	return ((s.start(s.rounds()) - s.start(s.warmup)) / time.Duration(s.rounds()-s.warmup)).Round(time.Microsecond)
}

// rounds is how many there are, warm-up included.
func (s schedule) rounds() int { return len(s.starts) - 1 }

// start is when a round begins.
func (s schedule) start(round int) time.Duration {
	return seconds(s.pace.when(float64(s.starts[round])))
}

func seconds(x float64) time.Duration { return time.Duration(math.Round(x * float64(time.Second))) }

// turns is the number of requests planned for each version.
func (s schedule) turns() int { return s.starts[len(s.starts)-1] }

// round is the one that a turn belongs to.
func (s schedule) round(turn int) int { return sort.SearchInts(s.starts, turn+1) - 1 }

// turnsOf are how many a round has.
func (s schedule) turnsOf(round int) int { return s.starts[round+1] - s.starts[round] }

// Rounds is how many rounds of this load are judged.
func (o Options) Rounds() int {
	s := newSchedule(o, 1)
	return s.rounds() - s.warmup
}

// slot returns the slot that belongs to version in a turn.
func (s schedule) slot(turn, version int) int {
	return turn*s.versions + s.position(turn, version)
}

// at is a slot's planned time since the first slot of the trial.
func (s schedule) at(slot int) time.Duration {
	return time.Duration(s.pace.when(float64(slot)/float64(s.versions)) * float64(time.Second))
}

// position is the version's place in its turn: a permutation drawn for each
// turn apart (Fisher–Yates), so that any turn can be asked for at any time.
// With two versions it is a coin: AB or BA.
func (s schedule) position(turn, version int) int {
	random := splitmix(s.seed + uint64(turn)*0x9e3779b97f4a7c15)
	if s.versions == 2 {
		return version ^ int(random>>63)
	}
	var order [256]uint8
	for i := range s.versions {
		order[i] = uint8(i)
	}
	for i := s.versions - 1; i > 0; i-- {
		random = splitmix(random)
		j := random % uint64(i+1)
		order[i], order[j] = order[j], order[i]
	}
	return int(order[version])
}

// golden is the fraction of the golden ratio: of all numbers, its multiples are
// spread most evenly over a circle (Knuth, TAOCP 3, 6.4).
const golden = 0.6180339887498949

// requests is which entry of the trial's requests each turn of a round sends; nil where there is one. In any stretch of turns each request has its
// share to within a few, and within a round they come in an order drawn from the seed.
func (s schedule) requests(round int) []uint8 {
	if len(s.shares) < 2 {
		return nil
	}
	first := s.starts[round]
	turns := make([]uint8, s.turnsOf(round))
	for i := range turns {
		turns[i] = s.request(first + i)
	}
	random := splitmix(s.seed ^ uint64(round)*0xd6e8feb86659fd93)
	for i := len(turns) - 1; i > 0; i-- {
		random = splitmix(random)
		j := random % uint64(i+1)
		turns[i], turns[j] = turns[j], turns[i]
	}
	return turns
}

// request is the entry whose share covers the turn's place on the circle.
func (s schedule) request(turn int) uint8 {
	_, place := math.Modf(float64(turn) * golden)
	for i, share := range s.shares {
		if place -= share; place < 0 {
			return uint8(i)
		}
	}
	return uint8(max(0, len(s.shares)-1))
}

// splitmix is one step of SplitMix64 (Steele, Lea & Flood 2014): a hash of x
// good enough to draw from.
func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
