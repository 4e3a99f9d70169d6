package slo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRankOverSeveralListsIsTheRankOfAll(t *testing.T) {
	draws := rand.New(rand.NewPCG(1, 0))
	for range 200 {
		lists := [][]uint32{nil}
		var all []uint32
		for range 1 + draws.IntN(5) {
			var list []uint32
			for range draws.IntN(20) {
				list = append(list, []uint32{0, 1, 7, uint32(draws.IntN(30)), math.MaxUint32}[draws.IntN(5)])
			}
			slices.Sort(list)
			lists, all = append(lists, list), append(all, list...)
		}
		slices.Sort(all)
		for i, want := range all {
			if got := ranked(lists, i+1); got != want {
				t.Fatalf("rank %d of %v: %d, want %d", i+1, lists, got, want)
			}
		}
	}
}
