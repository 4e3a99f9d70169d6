package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/seatrial/seatrial/trial"
)

// known are figures that others published, or that were simulated apart from
// this program, for the rules that are restated in opponents.go.
var known = []struct {
	rule, world, figure string
	wrong               func(*rand.Rand) bool
}{
	{"Mann–Whitney p < 0.05 after every pair", "10,000 pairs of equal normals", "64 % (66 of 100 in a blog of Netflix)", watchedRanks},
	{"Kayenta", "30 points each, lognormal σ 0.2, independent", "0.2–0.3 %", kayentaAt(0, 0)},
	{"Kayenta", "the same, AR(1) 0.5", "7 %", kayentaAt(0.5, 0)},
	{"Kayenta", "the same, AR(1) 0.8", "30 %", kayentaAt(0.8, 0)},
	{"Kayenta", "independent, 5 % of the candidate's points ×5: found", "0.3 %", kayentaAt(0, 0.05)},
	{"p95 above 110 %", "100 requests each, equal lognormal σ 0.5", "25 %", ratioOf(100)},
	{"p95 above 110 %", "1,000 requests each", "2.2 %", ratioOf(1000)},
	{"Bayes 0.95", "one look at equal normals", "5 %", watchedBayes(1)},
	{"Bayes 0.95", "1,000 looks", "44 %", watchedBayes(1000)},
	{"paired t test, four looks, Pocock's limit", "240 normals at the limit, one-sided", "5 %", watchedPocock},
	{"asymptotic confidence sequence, two-sided", "1,000 looks, tuned for 5,000", "2.4 %", watchedSequence},
}

// published checks the restated rules against those figures.
func published(scale int) []table {
	trials := played(2000, scale)
	t := table{
		title: "Opponents as restated, against known figures",
		text:  fmt.Sprintf("False alarms of rules on equal versions (or what is named), %d trials a row.", trials),
		head:  []string{"rule", "world", "known", "here"},
	}
	for _, k := range known {
		wrong := 0
		for i := range trials {
			if k.wrong(rand.New(rand.NewPCG(seed, uint64(i)))) {
				wrong++
			}
		}
		t.rows = append(t.rows, []string{k.rule, k.world, k.figure, share(wrong, trials)})
	}
	return []table{t}
}

func watchedRanks(r *rand.Rand) bool {
	var u ranks
	for range 10000 {
		u.add([]float64{r.NormFloat64()}, []float64{r.NormFloat64()})
		if math.Abs(u.z()) > z95 {
			return true
		}
	}
	return false
}

func kayentaAt(rho, slow float64) func(*rand.Rand) bool {
	return func(r *rand.Rand) bool {
		var points [2][]float64
		for v := range points {
			level := r.NormFloat64()
			for range 30 {
				x := math.Exp(0.2 * level)
				if v == 1 && r.Float64() < slow {
					x *= 5
				}
				points[v] = append(points[v], x)
				level = rho*level + math.Sqrt(1-rho*rho)*r.NormFloat64()
			}
		}
		return classify(points[0], points[1], 1) != same
	}
}

func ratioOf(requests int) func(*rand.Rand) bool {
	return func(r *rand.Rand) bool {
		var times [2][]float64
		for range requests {
			for v := range times {
				times[v] = append(times[v], math.Exp(0.5*r.NormFloat64()))
			}
		}
		return slowerP95(times[0], times[1], tolerance)
	}
}

// watchedBayes looks after every 10 pairs.
func watchedBayes(looks int) func(*rand.Rand) bool {
	return func(r *rand.Rand) bool {
		var base, candidate moments
		for range looks {
			for range 10 {
				base.add(r.NormFloat64())
				candidate.add(r.NormFloat64())
			}
			if welch(base, candidate, 1) > side95 {
				return true
			}
		}
		return false
	}
}

func watchedSequence(r *rand.Rand) bool {
	var d moments
	for range 1000 {
		for range 10 {
			d.add(r.NormFloat64())
		}
		if math.Abs(d.mean) > math.Sqrt(d.variance())*asymptotic(d.n, 5000, 0.025) {
			return true
		}
	}
	return false
}

func watchedPocock(r *rand.Rand) bool {
	look := pocock(0)
	for round := 1; round <= budget; round++ {
		if v := look([]float64{1}, []float64{tolerance + r.NormFloat64()}, round, false); v != trial.Inconclusive {
			return v == trial.Fail
		}
	}
	return false
}
