package loadgen

import (
	"math"
	"time"
)

// fewestPerRound and shortestRound make a round: 250 ms, or as long as 25
// requests to each version take. Both are the values that the judge's error
// rates were simulated with.
const (
	fewestPerRound = 25
	shortestRound  = 250 * time.Millisecond
)

// schedule is the slot list of a trial, computed rather than stored: for each
// group of slots one request to every version, in an order drawn from the seed.
//
// Slot s of the list belongs to group s/versions. Group g starts at g/rate;
// its slots follow each other at equal distances.
type schedule struct {
	seed     uint64
	versions int
	rate     float64   // groups a second: requests a second to each version
	perRound int       // groups in a round
	warmup   int       // rounds
	rounds   int       // warm-up included
	shares   []float64 // of each request; of one alone, nothing need be said
}

func newSchedule(o Options, versions int) schedule {
	perRound := max(fewestPerRound, int(math.Ceil(o.Rate.PerSecond*shortestRound.Seconds())))
	s := schedule{seed: o.Seed, versions: versions, rate: o.Rate.PerSecond, perRound: perRound}
	length := s.roundLength()
	s.warmup = int(math.Ceil(o.Warmup.Seconds() / length.Seconds()))
	s.rounds = s.warmup + int(math.Round(o.For.Seconds()/length.Seconds()))
	return s
}

// merged is the same slots at the same times, as those of one target.
func (s schedule) merged() schedule {
	s.rate *= float64(s.versions)
	s.perRound *= s.versions
	s.versions = 1
	return s
}

// RoundLength is how long one round of this load is.
func (o Options) RoundLength() time.Duration { return newSchedule(o, 1).roundLength() }

func (s schedule) roundLength() time.Duration {
	return time.Duration(math.Round(float64(s.perRound) / s.rate * float64(time.Second)))
}

// groups is the number of requests planned for each version.
func (s schedule) groups() int { return s.rounds * s.perRound }

// Rounds is how many rounds of this load are judged.
func (o Options) Rounds() int {
	s := newSchedule(o, 1)
	return s.rounds - s.warmup
}

// slot returns the slot that belongs to version in group.
func (s schedule) slot(group, version int) int {
	return group*s.versions + s.position(group, version)
}

// at is a slot's planned time since the first slot of the trial.
func (s schedule) at(slot int) time.Duration {
	return time.Duration(float64(slot) / float64(s.versions) / s.rate * float64(time.Second))
}

// position is the version's place in its group: a permutation drawn for each
// group apart (Fisher–Yates), so that any group can be asked for at any time.
// With two versions it is a coin: AB or BA.
func (s schedule) position(group, version int) int {
	random := splitmix(s.seed + uint64(group)*0x9e3779b97f4a7c15)
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

// requests is which request each turn of a round sends, an index into the
// trial's; nil where there is one. In any stretch of turns each request has its
// share to within a few, and within a round they come in an order drawn from the seed.
func (s schedule) requests(round int) []uint8 {
	if len(s.shares) < 2 {
		return nil
	}
	turns := make([]uint8, s.perRound)
	for i := range turns {
		_, place := math.Modf(float64(round*s.perRound+i) * golden)
		turns[i] = s.requestAt(place)
	}
	random := splitmix(s.seed ^ uint64(round)*0xd6e8feb86659fd93)
	for i := len(turns) - 1; i > 0; i-- {
		random = splitmix(random)
		j := random % uint64(i+1)
		turns[i], turns[j] = turns[j], turns[i]
	}
	return turns
}

// requestAt is the request whose share covers a place between 0 and 1.
func (s schedule) requestAt(place float64) uint8 {
	for i, share := range s.shares {
		if place -= share; place < 0 {
			return uint8(i)
		}
	}
	return uint8(len(s.shares) - 1)
}

// splitmix is one step of SplitMix64 (Steele, Lea & Flood 2014): a hash of x
// good enough to draw from.
func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
