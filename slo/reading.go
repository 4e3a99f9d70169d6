package slo

import (
	"math"
	"slices"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// What statistics ask of a version's sample is asked through the objective, so
// that they need not know whether load or another source gave it.

// isShare reports whether the objective is about hits among trials.
func (o Objective) isShare() bool {
	return o.metric == errorRate || o.metric == declared && o.of.Kind == trial.CountsKind
}

// isQuantile reports whether the objective is about a quantile of what was
// observed singly, or by bucket.
func (o Objective) isQuantile() bool {
	return o.stat.kind == quantile && (o.metric == latency || o.metric == declared)
}

// given is what came from elsewhere for the objective; ok is false where it is
// missing.
func (o Objective) given(s sample) (trial.Sample, bool) {
	g, found := s.given[o.of.Name]
	return g, found && g.Kind() == o.of.Kind
}

// hits are those of a share, of so many trials; 0 of 0 where there is no data.
func (o Objective) hits(s sample) (hits, trials float64) {
	if o.metric == errorRate {
		return float64(s.failed), float64(s.requests)
	}
	g, ok := o.given(s)
	if !ok || g.Counts == nil {
		return 0, 0
	}
	return g.Counts.Hits, g.Counts.Trials
}

// number is how many observations there are, at least and at most: of a bucket
// that a limit divides nobody knows.
type number struct{ least, most float64 }

func exact(n int) number { return number{float64(n), float64(n)} }

// over is the share of all.
func (c number) over(all float64) number { return number{c.least / all, c.most / all} }

func (c number) isExact() bool { return c.least == c.most }

// observations is how many there are; 0 where there is no data.
func (o Objective) observations(s sample) float64 {
	if o.metric != declared {
		return float64(s.requests)
	}
	if g, ok := o.given(s); ok && g.Histogram != nil {
		return g.Histogram.N()
	}
	return 0
}

// slower counts what is above a limit; a failed request is above every one.
func (o Objective) slower(s sample, limit float64) number {
	if o.metric != declared {
		return exact(s.slower(limit))
	}
	return o.above(s, limit)
}

// reaching counts what is at or above a limit. Of buckets only what is above a
// bound is known, and at bounds the two differ by a hair for every version alike.
func (o Objective) reaching(s sample, limit float64) number {
	if o.metric != declared {
		return exact(s.reaching(limit))
	}
	return o.above(s, limit)
}

func (o Objective) above(s sample, limit float64) number {
	g, ok := o.given(s)
	if !ok || g.Histogram == nil {
		return number{}
	}
	return buckets(*g.Histogram).above(limit)
}

// figure is the round's own, NaN where there is none. A quantile that is a failed
// request is +Inf.
func (o Objective) figure(s sample) float64 {
	switch {
	case o.metric == unbound:
		return math.NaN()
	case o.isShare():
		hits, trials := o.hits(s)
		return hits / trials
	case o.metric == declared:
		return o.declaredFigure(s)
	case s.requests == 0:
		return math.NaN()
	case o.isQuantile():
		rank := int(math.Ceil(o.stat.p * float64(s.requests)))
		if rank > len(s.sorted) {
			return math.Inf(1)
		}
		return float64(s.sorted[max(rank, 1)-1]) * tick
	}
	return s.value(o.metric, o.stat.kind)
}

func (o Objective) declaredFigure(s sample) float64 {
	g, ok := o.given(s)
	if !ok {
		return math.NaN()
	}
	switch {
	case g.Histogram != nil && o.stat.kind == quantile:
		return buckets(*g.Histogram).quantile(o.stat.p)
	case g.Histogram != nil && g.Histogram.Sum != nil:
		return *g.Histogram.Sum / g.Histogram.N()
	case g.Moments != nil && o.stat.kind == deviation:
		return spread(*g.Moments)
	case g.Moments != nil:
		return g.Moments.Sum / g.Moments.N
	case g.Value != nil:
		return *g.Value
	case g.Total != nil && !g.Reset:
		return o.of.rate(*g.Total, s)
	}
	return math.NaN()
}

// spread is the standard deviation; NaN of fewer than two observations.
func spread(m trial.Moments) float64 {
	if m.N < 2 {
		return math.NaN()
	}
	return math.Sqrt(math.Max(m.SumSquares-m.Sum*m.Sum/m.N, 0) / (m.N - 1))
}

// rate is a total over what it is per.
func (m Metric) rate(total float64, s sample) float64 {
	switch m.Per {
	case PerSecond:
		return total / s.length
	case PerRequest:
		return total / requestsIn(s.given[m.requests])
	}
	return total
}

// requestsIn is how many requests a metric counts that is marked as traffic; NaN
// where it is not known whole.
func requestsIn(g trial.Sample) float64 {
	switch {
	case g.Reset:
	case g.Counts != nil:
		return g.Counts.Trials
	case g.Histogram != nil:
		return g.Histogram.N()
	case g.Moments != nil:
		return g.Moments.N
	case g.Total != nil:
		return *g.Total
	}
	return math.NaN()
}

// comparesWeights reports whether the figure grows with the traffic that a
// version is led, so that between versions it says nothing of them.
func (o Objective) comparesWeights() bool {
	return o.metric == throughput || o.metric == declared && o.of.Kind == trial.TotalKind && o.of.Per != PerRequest
}

// lack says why a round has no data of a version for the objective; empty where
// it has, or where the load alone would tell.
func (o Objective) lack(s sample) string {
	if o.metric != declared {
		return ""
	}
	g, found := s.given[o.of.Name]
	switch {
	case !found:
		return "no sample was handed over"
	case g.Missing != "":
		return g.Missing
	case g.Kind() != o.of.Kind:
		return "a sample of the kind " + g.Kind().String() + " where " + o.of.Kind.String() + " is declared"
	case g.Total != nil && g.Reset:
		return "a counter began anew, so its total is only a lower bound"
	case o.of.Per == PerRequest && !(requestsIn(s.given[o.of.requests]) > 0):
		return "the requests that it is per are not known"
	case g.Histogram != nil && o.stat.kind == mean && g.Histogram.Sum == nil:
		return "the histogram has no sum"
	case o.isEmpty(s):
		return "nothing was counted"
	}
	return ""
}

func (o Objective) isEmpty(s sample) bool {
	if o.isQuantile() {
		return o.observations(s) == 0
	}
	return math.IsNaN(o.figure(s))
}

// buckets is a histogram that answers for what its bounds tell.
type buckets trial.Histogram

// sameBound is how near to a bound a limit counts as at it: 0.3 s is not always
// what a provider wrote of it.
const sameBound = 1e-9

// above counts the observations above a limit.
func (b buckets) above(limit float64) number {
	var c number
	for i, n := range b.Counts {
		if i > 0 && isAtLeast(b.Bounds[i-1], limit) {
			c.least += n
		}
		if i == len(b.Bounds) || !isAtLeast(limit, b.Bounds[i]) {
			c.most += n
		}
	}
	return c
}

// isAtLeast is a ≥ b but for the rounding of what was written.
func isAtLeast(a, b float64) bool { return a >= b-sameBound*math.Abs(b) }

// ends are the bounds of the bucket with a quantile; its own are open where
// there is no bound. NaN without observations.
func (b buckets) ends(p float64) (low, high float64, i int) {
	n, below := trial.Histogram(b).N(), 0.0
	if n == 0 || math.IsNaN(p) {
		return math.NaN(), math.NaN(), -1
	}
	i = len(b.Counts) - 1
	for k, c := range b.Counts {
		if below += c; below >= p*n && c > 0 {
			i = k
			break
		}
	}
	low, high = math.Inf(-1), math.Inf(1)
	if i > 0 {
		low = b.Bounds[i-1]
	} else if len(b.Bounds) > 0 && b.Bounds[0] > 0 {
		low = 0 // what has positive bounds is a time or a size
	}
	if i < len(b.Bounds) {
		high = b.Bounds[i]
	}
	return low, high, i
}

// quantile lies where it would were the observations of a bucket evenly spread,
// as Prometheus has it; +Inf above the last bound.
func (b buckets) quantile(p float64) float64 {
	low, high, i := b.ends(p)
	if i < 0 || math.IsInf(low, 0) || math.IsInf(high, 0) {
		return high
	}
	below := 0.0
	for _, c := range b.Counts[:i] {
		below += c
	}
	return low + (high-low)*math.Min(math.Max(p*trial.Histogram(b).N()-below, 0)/b.Counts[i], 1)
}

// plus is the observations of both, by the bounds that both have.
func (b buckets) plus(o buckets) buckets {
	if b.Counts == nil || slices.Equal(b.Bounds, o.Bounds) {
		sum := buckets{Bounds: o.Bounds, Counts: slices.Clone(o.Counts)}
		for i, c := range b.Counts {
			sum.Counts[i] += c
		}
		return sum
	}
	var shared buckets
	rest := trial.Histogram(b).N() + trial.Histogram(o).N()
	for _, bound := range b.Bounds {
		if !slices.Contains(o.Bounds, bound) {
			continue
		}
		above := b.above(bound).least + o.above(bound).least
		shared.Bounds, shared.Counts = append(shared.Bounds, bound), append(shared.Counts, rest-above)
		rest = above
	}
	shared.Counts = append(shared.Counts, rest)
	return shared
}

// nearest is the bound that cuts off most nearly what a quantile does: +Inf where
// the quantile is above all bounds, NaN without observations or bounds.
func (b buckets) nearest(p float64) float64 {
	n, below := trial.Histogram(b).N(), 0.0
	best, off := math.NaN(), math.Inf(1)
	if n == 0 || len(b.Bounds) == 0 {
		return math.NaN()
	}
	for i, bound := range b.Bounds {
		if below += b.Counts[i]; math.Abs(below/n-p) <= off {
			best, off = bound, math.Abs(below/n-p)
		}
	}
	if below < p*n {
		return math.Inf(1)
	}
	return best
}

// threshold is the quantile of some versions in the rounds just before; of a
// histogram the bound that is nearest to it.
func (o Objective) threshold(r judgedRound, versions []int) float64 {
	if o.metric != declared {
		return r.recent(versions, o.stat.p)
	}
	var all buckets
	for i, v := range slices.Backward(r.before) {
		if len(r.before)-1-i >= fewestRecent && math.Min(o.stat.p, 1-o.stat.p)*trial.Histogram(all).N() >= knownTail {
			break
		}
		for _, version := range versions {
			if g, ok := o.given(v[version]); ok && g.Histogram != nil {
				all = all.plus(buckets(*g.Histogram))
			}
		}
	}
	return all.nearest(o.stat.p)
}

// pool is one figure of one version over many rounds.
type pool struct {
	of      Objective // what it is a figure of
	hits    float64
	trials  float64 // or observations
	sum     float64
	buckets buckets
	own     bayes.Contrast // rounds' own figures
}

func (p *pool) add(s sample) {
	g, ok := p.of.given(s)
	x := p.of.figure(s)
	if !ok || math.IsNaN(x) && !p.of.isQuantile() {
		return
	}
	switch {
	case g.Counts != nil:
		p.hits, p.trials = p.hits+g.Counts.Hits, p.trials+g.Counts.Trials
	case p.of.isQuantile():
		p.buckets = p.buckets.plus(buckets(*g.Histogram))
	case g.Histogram != nil:
		p.sum, p.trials = p.sum+*g.Histogram.Sum, p.trials+g.Histogram.N()
	case g.Moments != nil && p.of.stat.kind == mean:
		p.sum, p.trials = p.sum+g.Moments.Sum, p.trials+g.Moments.N
	default:
		p.own.Add(x)
	}
}

// figure is pooled where the statistics can be, else the mean of the rounds'.
func (p *pool) figure() float64 {
	switch {
	case p.of.isShare():
		return p.hits / p.trials
	case p.of.isQuantile():
		return p.buckets.quantile(p.of.stat.p)
	case p.trials > 0:
		return p.sum / p.trials
	case p.own.N == 0:
		return math.NaN()
	}
	return p.own.Mean
}
