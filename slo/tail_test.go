package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// beyond is so many ascending times of a tail with scale 0.1 s.
func beyond(random *rand.Rand, shape float64, n int) []uint32 {
	var times []uint32
	for range n {
		times = append(times, 1+uint32(1e6*math.Expm1(shape*random.ExpFloat64())/shape))
	}
	slices.Sort(times)
	return times
}

func TestTailsAreFoundAgain(t *testing.T) {
	for _, shape := range []float64{0.1, 0.4, 0.7} {
		for _, n := range []int{25, 50, 100} {
			random := rand.New(rand.NewPCG(1, 1))
			var shapes []float64
			fits := 0
			const samples = 401
			for range samples {
				times := beyond(random, shape, n)
				found := fitTail(0, times)
				shapes = append(shapes, found.shape)
				if found.fits(times) {
					fits++
				}
			}
			slices.Sort(shapes)
			if median := shapes[samples/2]; math.Abs(median-shape) > 0.06 {
				t.Errorf("shape %g of %d times: median %g", shape, n, median)
			}
			if held := float64(fits) / samples; held < 0.93 || held > 0.995 {
				t.Errorf("shape %g of %d times: %g are held to fit, want about 19 of 20", shape, n, held)
			}
		}
	}
}

func TestHeavyTailsGoOnBeyondTheRecord(t *testing.T) {
	pareto := func(random *rand.Rand, _, _ int) float64 { return 0.02 * math.Pow(1-random.Float64(), -1/1.5) }
	var shapes []float64
	for seed := range uint64(41) {
		shapes = append(shapes, newTail(newRecords(rounds(pareto, seed, 1, warm), 1, nil)[0].ordered(0)).shape)
	}
	slices.Sort(shapes)
	if median := shapes[20]; math.Abs(median-1/1.5) > 0.1 {
		t.Errorf("median shape %g, want 0.67", median)
	}
	r := recorded(pareto, 1, warm)
	found := newTail(r.ordered(0))
	slowest, random := uint32(0), rand.New(rand.NewPCG(1, 1))
	for range 20 {
		for i := range r.rounds {
			s := found.redraw(r.rounds[i][0], random)
			if len(s.sorted) != perRound || !slices.IsSorted(s.sorted) {
				t.Fatalf("round %d: %d times, ascending: %t", i, len(s.sorted), slices.IsSorted(s.sorted))
			}
			slowest = max(slowest, s.sorted[perRound-1])
		}
	}
	if all := r.ordered(0); slowest <= all[len(all)-1] {
		t.Error("twenty times the record has no slower request than the record")
	}
}

// What lies between quick and slow requests is no tail of the quick ones.
func TestAGapIsNoTail(t *testing.T) {
	for seed := range uint64(50) {
		w := func(random *rand.Rand, _, _ int) float64 {
			x := lognormal(random, 0.05, 0.1)
			if random.Float64() < 0.05 {
				x *= math.E * math.E
			}
			return x
		}
		r := newRecords(rounds(w, seed, 1, warm), 1, nil)[0]
		all := r.ordered(0)
		random := rand.New(rand.NewPCG(seed, 1))
		for i := range r.rounds {
			s := newTail(r.ordered(0)).redraw(r.rounds[i][0], random)
			if s.sorted[perRound-1] > 2*all[len(all)-1] {
				t.Errorf("seed %d, round %d: a request of %d ticks, where the slowest had %d", seed, i, s.sorted[perRound-1], all[len(all)-1])
			}
		}
	}
}

func TestTimesThatAreAlikeHaveNoTail(t *testing.T) {
	r := recorded(noErrors, 1, warm)
	if found := newTail(r.ordered(0)); found != nil {
		t.Errorf("%+v", found)
	}
	if s := (*tail)(nil).redraw(r.rounds[0][0], nil); !slices.Equal(s.sorted, r.rounds[0][0].sorted) {
		t.Error("times changed without a tail")
	}
}
