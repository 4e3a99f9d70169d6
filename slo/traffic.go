package slo

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Traffic is how a trial shares live traffic among its versions.
type Traffic struct {
	Policy  TrafficPolicy `yaml:"policy"`
	Split   []int         `yaml:"split"`   // of Fixed: percent, in the order of the versions
	Explore Percent       `yaml:"explore"` // of EpsilonGreedy: what is shared evenly
	Floor   int           `yaml:"floor"`   // least percent for a version in the running: without requests nothing is learnt
	Cap     int           `yaml:"cap"`     // most percent for a candidate
	Step    int           `yaml:"step"`    // most percent by which a candidate's part changes at once
}

// DefaultTraffic moves in steps of 10 points and leaves each version 5 %.
func DefaultTraffic() Traffic {
	return Traffic{Policy: Progressive, Explore: 0.1, Floor: 5, Cap: 100, Step: 10}
}

// TrafficPolicy is where traffic is led.
type TrafficPolicy int

const (
	// Progressive leads it to the version that is best as far as is known.
	Progressive TrafficPolicy = iota
	// TopTwo shares it by the chance of being one of the two best.
	TopTwo
	// Uniform shares it evenly.
	Uniform
	// EpsilonGreedy shares a part evenly and leads the rest to the best.
	EpsilonGreedy
	// Fixed keeps a split.
	Fixed
	// Thompson shares it by the chance of being the best (Thompson 1933).
	Thompson
)

var trafficPolicyNames = []string{"progressive", "top-2", "uniform", "epsilon-greedy", "fixed", "thompson"}

func (p TrafficPolicy) String() string { return trafficPolicyNames[p] }

// MarshalText writes the policy as a word.
func (p TrafficPolicy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *TrafficPolicy) UnmarshalText(text []byte) error {
	i := slices.Index(trafficPolicyNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is not a traffic policy (known: %s)%s", text, strings.Join(trafficPolicyNames, ", "), trial.DidYouMean(string(text), trafficPolicyNames))
	}
	*p = TrafficPolicy(i)
	return nil
}

// TrafficPolicyNames are all policies, in words.
func TrafficPolicyNames() []string { return slices.Clone(trafficPolicyNames) }

// outlooks is what traffic is led by, of each version.
type outlooks struct {
	baseline int       // index, or −1
	running  []bool    // not shown to violate an objective
	best     []float64 // chance of being the best; NaN where nothing is known
	amongTwo []float64 // chance of being one of the two best
}

// Weights is the split of live traffic after this round, in percent of each
// version, where now is the one before. It sums to 100. A version that is shown
// to violate an objective gets nothing, at once; all else moves by at most the
// step. The same rounds give the same weights.
func (j *Judge) Weights(t Traffic, now []int) []int { return t.next(now, j.outlooks()) }

// Relieve takes a split from the versions that are shown to violate an
// objective, and says why; nothing where they have none. Asking is cheap.
func (j *Judge) Relieve(now []int) (weights []int, why string) {
	var reasons []string
	running := j.running()
	for _, q := range j.counted() {
		if now[q.candidate] > 0 && !running[q.candidate] && q.verdict == trial.Fail {
			reasons = append(reasons, j.versions[q.candidate].Name+" violated "+q.objective.Text)
		}
	}
	if reasons == nil || !slices.Contains(running, true) {
		return nil, ""
	}
	return wholePercents(withoutViolators(now, outlooks{baseline: j.baseline, running: running})), strings.Join(reasons, "; ")
}

func (j *Judge) outlooks() outlooks {
	o := outlooks{baseline: j.baseline, running: j.running()}
	if j.contest == nil {
		o.best = j.promises()
		o.amongTwo = o.best
		return o
	}
	o.best, o.amongTwo = make([]float64, len(j.versions)), make([]float64, len(j.versions))
	c := j.chances(drawsForWeights)
	for v := range o.best {
		o.best[v], o.amongTwo[v] = math.NaN(), math.NaN()
		if c != nil {
			o.best[v], o.amongTwo[v] = c.best[0][v], c.amongTwo[v]
		}
	}
	return o
}

// drawsForWeights is enough for whole percents: a half is known to within 3.
const drawsForWeights = 1000

// promises is, where no reward tells what is best, the posterior probability that
// a candidate meets its least likely objective; what is left is the baseline's.
func (j *Judge) promises() []float64 {
	out := make([]float64, len(j.versions))
	most, sum := 0.0, 0.0
	for v := range out {
		if v == j.baseline {
			continue
		}
		out[v] = j.promise(v)
		most, sum = math.Max(most, out[v]), sum+out[v]
	}
	for v := range out {
		if v == j.baseline {
			out[v] = 1 - most
		} else if sum > 0 {
			out[v] *= most / sum
		}
	}
	return out
}

// promise is 0 for a version of which nothing is known yet.
func (j *Judge) promise(v int) float64 {
	least := math.Inf(1)
	for _, q := range j.counted() {
		if q.candidate == v {
			least = math.Min(least, q.probability(q.statistic.figures(outlook{needed: q.needed(), pooled: q.series.judged})))
		}
	}
	if math.IsInf(least, 1) || math.IsNaN(least) {
		return 0
	}
	return least
}

func (t Traffic) next(now []int, o outlooks) []int {
	from := withoutViolators(now, o)
	if !slices.Contains(o.running, true) {
		return slices.Clone(now)
	}
	if t.Policy == Fixed {
		return wholePercents(t.target(from, o))
	}
	goal := t.bounded(t.target(from, o), o)
	// One step of the way keeps every bound that both of its ends keep.
	part := 1.0
	for v := range goal {
		if way := math.Abs(goal[v] - from[v]); v != o.baseline && way > float64(t.Step) {
			part = math.Min(part, float64(t.Step)/way)
		}
	}
	for v := range goal {
		goal[v] = from[v] + part*(goal[v]-from[v])
	}
	return wholePercents(goal)
}

// withoutViolators moves what violators have to the baseline; where there is
// none, to the others in proportion.
func withoutViolators(now []int, o outlooks) []float64 {
	out, freed, kept := make([]float64, len(now)), 0.0, 0.0
	for v, w := range now {
		if o.running[v] {
			out[v] = float64(w)
			kept += out[v]
		} else {
			freed += float64(w)
		}
	}
	for v := range out {
		switch {
		case o.baseline == v:
			out[v] += freed
		case o.baseline < 0 && kept > 0:
			out[v] *= 1 + freed/kept
		case o.baseline < 0 && o.running[v]:
			out[v] = 100 / float64(count(o.running))
		}
	}
	return out
}

// target is where the policy would have all traffic, in percent; bounds aside.
func (t Traffic) target(from []float64, o outlooks) []float64 {
	switch t.Policy {
	case Uniform:
		return shared(o.running, func(int) float64 { return 1 })
	case Fixed:
		return shared(o.running, func(v int) float64 { return float64(t.Split[v]) })
	case Thompson:
		return known(from, o.best, o.running)
	case TopTwo:
		return known(from, o.amongTwo, o.running)
	}
	leader := o.leader()
	if leader < 0 {
		return from
	}
	explore := 0.0
	if t.Policy == EpsilonGreedy {
		explore = float64(t.Explore)
	}
	even := shared(o.running, func(int) float64 { return 1 })
	out := make([]float64, len(from))
	for v := range out {
		out[v] = explore * even[v]
	}
	out[leader] += 100 * (1 - explore)
	return out
}

// leader is the likeliest best version in the running; −1 while nothing is known.
func (o outlooks) leader() int {
	leader := -1
	for v, p := range o.best {
		if o.running[v] && !math.IsNaN(p) && (leader < 0 || p > o.best[leader]) {
			leader = v
		}
	}
	return leader
}

// known shares by chances, and stays where there are none yet.
func known(from, chances []float64, running []bool) []float64 {
	if slices.ContainsFunc(chances, math.IsNaN) {
		return from
	}
	return shared(running, func(v int) float64 { return chances[v] })
}

// shared is 100 percent among the versions in the running, in proportion; evenly
// where nobody has a part.
func shared(running []bool, part func(v int) float64) []float64 {
	out, sum := make([]float64, len(running)), 0.0
	for v := range out {
		if running[v] {
			out[v] = part(v)
			sum += out[v]
		}
	}
	for v := range out {
		switch {
		case sum > 0:
			out[v] *= 100 / sum
		case running[v]:
			out[v] = 100 / float64(count(running))
		}
	}
	return out
}

// bounded gives each version in the running its floor, and no candidate more
// than its cap; the baseline takes what is left, or, where there is none, those
// below their cap do.
func (t Traffic) bounded(goal []float64, o outlooks) []float64 {
	least, most := make([]float64, len(goal)), make([]float64, len(goal))
	for v := range goal {
		if !o.running[v] {
			continue
		}
		least[v] = math.Min(float64(t.Floor), 100/float64(count(o.running)))
		most[v] = 100
		if v != o.baseline {
			most[v] = math.Max(float64(t.Cap), least[v])
		}
	}
	if o.baseline < 0 && sum(most) < 100 {
		most = shared(o.running, func(int) float64 { return 1 }) // caps that can't hold
	}
	return fitted(goal, least, most, o.baseline)
}

// fitted is the goal within its bounds, with a sum of 100: what is cut off goes
// first to the sink, the rest to all in proportion to their room.
func fitted(goal, least, most []float64, sink int) []float64 {
	out := make([]float64, len(goal))
	for v := range goal {
		out[v] = math.Min(math.Max(goal[v], least[v]), most[v])
	}
	rest := 100 - sum(out)
	if sink >= 0 {
		moved := math.Min(math.Max(out[sink]+rest, least[sink]), most[sink])
		rest -= moved - out[sink]
		out[sink] = moved
	}
	bound := most
	if rest < 0 {
		bound = least
	}
	room := 0.0
	for v := range out {
		room += bound[v] - out[v]
	}
	if room != 0 {
		for v := range out {
			out[v] += rest * (bound[v] - out[v]) / room
		}
	}
	return out
}

// wholePercents rounds by the largest remainders: each figure is cut off, and
// what is missing to 100 goes to those that lost most; of equal ones to the first.
func wholePercents(shares []float64) []int {
	out := make([]int, len(shares))
	order := make([]int, len(shares))
	missing := 100
	for v, s := range shares {
		// 34.9999999 is 35: rounding errors must not count as remainders.
		out[v] = int(math.Floor(s + 1e-9))
		missing -= out[v]
		order[v] = v
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := shares[a]-float64(out[a]), shares[b]-float64(out[b])
		switch {
		case x > y+1e-9:
			return -1
		case y > x+1e-9:
			return 1
		}
		return 0
	})
	for _, v := range order[:missing] {
		out[v]++
	}
	return out
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}

func count(of []bool) int {
	n := 0
	for _, b := range of {
		if b {
			n++
		}
	}
	return n
}
