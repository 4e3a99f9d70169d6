package slo

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/seatrial/seatrial/slo/bayes"
	"github.com/seatrial/seatrial/trial"
)

// series is one series of rounds, as far as it was seen. Each is judged by
// itself: its rounds have a length and a number of their own.
type series struct {
	name    string
	request string   // of the load, that it is of; empty for all of a load, and for metrics
	metrics []Metric // that it has, where it is not the load's

	// Versions answer behind one address, so that its requests are shared by the split.
	oneAddress bool

	recent     []view        // the rounds just before, warm-up included
	open       []judgedRound // of a request: rounds of the load that are yet too few for one of its own
	openWarmup bool
	course     course
	judged     []*history
	least      span    // that must be judged before a pass is given
	rounds     int     // judged
	seconds    float64 // judged
	dropped    int     // incomplete rounds
	weights    []int   // that shared the requests of the last round; nil where none did
	epoch      int     // how often they changed
	ratio      sampleRatio
	missed     map[string]int // rounds without some version's sample, by metric
	figures    []Objective    // of declared metrics, each once
	courses    []*figureCourse
}

// series are the load's, and those of the metrics that something is asked of or
// that count requests.
func (p Policy) series(versions int) (load *series, others []*series) {
	load = p.newSeries(trial.LoadSeries, nil, nil, versions)
	var asked []Objective
	for _, o := range p.Objectives {
		asked = append(asked, o)
	}
	for _, r := range p.Rewards {
		asked = append(asked, r.equal())
	}
	for _, m := range p.Metrics {
		if slices.ContainsFunc(others, func(s *series) bool { return s.name == m.series() }) {
			continue
		}
		own := slices.DeleteFunc(slices.Clone(p.Metrics), func(o Metric) bool { return o.series() != m.series() })
		others = append(others, p.newSeries(m.series(), own, asked, versions))
	}
	return load, others
}

func (p Policy) newSeries(name string, metrics []Metric, asked []Objective, versions int) *series {
	s := &series{name: name, metrics: metrics, least: p.atLeast(name), missed: map[string]int{}}
	s.oneAddress = p.OneAddress && s.isLoad()
	for _, o := range asked {
		same := func(f Objective) bool { return f.of == o.of && f.stat == o.stat }
		if o.metric == declared && o.of.series() == name && !slices.ContainsFunc(s.figures, same) {
			s.figures = append(s.figures, o)
		}
	}
	for version := range versions {
		s.judged = append(s.judged, newHistory(s.figures))
		for _, o := range s.figures {
			s.courses = append(s.courses, &figureCourse{of: o, version: version, windows: thinned[float64]{mean: meanOf}})
		}
	}
	return s
}

// bound is the policy's objectives and rewards with their metrics, and with what
// is implied. What can't be bound stays without data: config refuses it.
func (p Policy) bound(hasBaseline bool) ([]Objective, []Reward) {
	p.Objectives, p.Rewards = slices.Clone(p.Objectives), slices.Clone(p.Rewards)
	for i := range p.Objectives {
		_ = p.Objectives[i].Bind(p.Metrics, p.Requests...)
	}
	for i := range p.Rewards {
		_ = p.Rewards[i].Bind(p.Metrics, p.Requests...)
	}
	return p.ofEach(p.withImplied(hasBaseline)), p.Rewards
}

// seriesNamed is nil for one that nobody asks about.
func (j *Judge) seriesNamed(name string) *series {
	if name = cmp.Or(name, trial.LoadSeries); name == trial.LoadSeries {
		return j.load
	}
	for _, s := range j.others {
		if s.name == name {
			return s
		}
	}
	return nil
}

// Asks reports whether the policy is about a declared metric: by an objective or
// a reward, or because the metric counts requests or must be there.
func (p Policy) Asks(m Metric) bool {
	isIt := func(o Objective) bool { return o.metric == declared && o.of.Name == m.Name }
	return m.Traffic || m.MustHave || slices.ContainsFunc(p.Objectives, isIt) ||
		slices.ContainsFunc(p.Rewards, func(r Reward) bool { return isIt(r.equal()) })
}

// Compares reports whether the policy holds a declared metric of one version
// against that of another.
func (p Policy) Compares(m Metric) bool {
	return slices.ContainsFunc(p.Objectives, func(o Objective) bool { return o.Relative() && o.metric == declared && o.of.Name == m.Name }) ||
		slices.ContainsFunc(p.Rewards, func(r Reward) bool { return r.metric == declared && r.of.Name == m.Name })
}

// seriesOf is the series that an objective is judged on.
func (j *Judge) seriesOf(o Objective) *series {
	if o.series() == trial.LoadSeries {
		return j.of(o.request)
	}
	return j.seriesNamed(o.series())
}

// series is the name of the series that the objective is judged on.
func (o Objective) series() string {
	if o.metric == declared {
		return o.of.series()
	}
	return trial.LoadSeries
}

// main is the series that a trial is told by: the load's, where there is load.
func (j *Judge) main() *series {
	if j.policy.NoLoad && len(j.others) > 0 {
		return j.others[0]
	}
	return j.load
}

// asked are the series that something is judged on.
func (j *Judge) asked() []*series {
	var out []*series
	add := func(s *series) {
		if s.isLoad() {
			s = j.load // a request has its time and its rounds
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, q := range j.counted() {
		add(q.series)
	}
	if j.contest != nil {
		for _, r := range j.contest.races {
			add(j.seriesOf(r.reward.equal()))
		}
	}
	if len(out) == 0 {
		return []*series{j.main()}
	}
	return out
}

// seen is how many rounds of all series were judged.
func (j *Judge) seen() int {
	n := j.load.rounds
	for _, s := range j.others {
		n += s.rounds
	}
	return n
}

// value is a version's pooled figure.
func (j *Judge) value(version int, o Objective) float64 {
	return j.seriesOf(o).judged[version].figure(o)
}

// A quiet half minute of load proves little about rare stalls, but less proves
// nothing. Of windows that others measured each holds far more than a round.
const (
	leastSeconds = 30.0
	leastRounds  = 120
	leastWindows = 30
)

// span is a length of time and a number of rounds.
type span struct {
	seconds float64
	rounds  int
}

// atLeast is what must have been judged of a series before a pass is given.
func (p Policy) atLeast(series string) span {
	switch {
	case p.AtLeast > 0:
		return span{p.AtLeast.Seconds(), bayes.FewestRounds(1 - float64(p.Confidence))}
	case series == trial.LoadSeries:
		return span{leastSeconds, leastRounds}
	}
	return span{0, leastWindows}
}

func (s *series) longEnough() bool {
	return s.seconds >= s.least.seconds-1e-9 && s.rounds >= s.least.rounds
}

func (s *series) isLoad() bool { return s.name == trial.LoadSeries }

// noun is what a round is called.
func (s *series) noun() string {
	if s.isLoad() {
		return "round"
	}
	return "window"
}

// next is a round to be judged, with what was known before it.
func (s *series) next(r trial.Round, v view) judgedRound {
	var weights []int
	if r.Shared() || s.oneAddress {
		weights = r.Weights
	}
	if !slices.Equal(weights, s.weights) && s.rounds > 0 {
		s.epoch++
	}
	s.weights = weights
	return judgedRound{view: v, start: r.Start.Seconds(), epoch: s.epoch, split: weights != nil || s.oneAddress, before: s.recent}
}

// add counts a round as judged.
func (s *series) add(r trial.Round, v view) {
	for i, one := range v {
		if s.request != "" {
			s.judged[i].count(one) // figures are of its own rounds
		} else {
			s.judged[i].add(one)
		}
	}
	for _, m := range s.metrics {
		if slices.ContainsFunc(v, func(one sample) bool { return one.given[m.Name].Kind() != m.Kind }) {
			s.missed[m.Name]++
		}
	}
	s.rounds++
	s.seconds += (r.End - r.Start).Seconds()
}

// remember keeps a round for thresholds to be drawn from.
func (s *series) remember(v view) {
	s.recent = append(s.recent[max(0, len(s.recent)+1-recentRounds):], v)
}

// parts is what each version got of the requests that were shared, by the first
// series that tells.
func (j *Judge) parts() []trial.Part {
	for _, s := range append([]*series{j.load}, j.others...) {
		if s.ratio.got != nil {
			return s.ratio.parts(j.versions)
		}
	}
	return nil
}

// requests is how many each version got in a round; nil where a series does not
// tell.
func (s *series) requests(v view) []float64 {
	var out []float64
	traffic := ""
	if !s.isLoad() {
		if traffic = (Metric{Series: s.name}).trafficOf(s.metrics); traffic == "" {
			return nil
		}
	}
	for _, one := range v {
		n := float64(one.requests)
		if traffic != "" {
			n = requestsIn(one.given[traffic])
		}
		if !(n >= 0) {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// mostMissed is the share of its windows that a metric which a trial must have
// may be missing in.
const mostMissed = 0.2

// lost says which metric that the trial must have is missing too often; empty
// where none is.
func (j *Judge) lost() string {
	for _, s := range j.others {
		for _, m := range s.metrics {
			if missed := s.missed[m.Name]; m.MustHave && float64(missed) > mostMissed*float64(s.rounds) {
				return fmt.Sprintf("%s was missing in %d of %s, and a trial that must have it passes with at most %s",
					m.Name, missed, counted(s.rounds, s.noun()), trial.Quantity{Value: mostMissed, Unit: trial.Share})
			}
		}
	}
	return ""
}

// gaps counts the rounds in which a question had no data, by the reason.
type gaps map[string]int

func (g *gaps) note(why string) {
	if *g == nil {
		*g = gaps{}
	}
	if _, known := (*g)[why]; !known && len(*g) >= mostGaps {
		why = "other reasons"
	}
	(*g)[why]++
}

// mostGaps is how many reasons are told apart: sources may word each anew.
const mostGaps = 12

// told are the reasons, the commonest first.
func (g gaps) told() []trial.Gap {
	var out []trial.Gap
	for _, why := range slices.Sorted(maps.Keys(g)) {
		out = append(out, trial.Gap{Reason: why, Rounds: g[why]})
	}
	slices.SortStableFunc(out, func(a, b trial.Gap) int { return cmp.Compare(b.Rounds, a.Rounds) })
	return out
}

func (g gaps) rounds() int {
	n := 0
	for _, rounds := range g {
		n += rounds
	}
	return n
}

// gap says why a round has no data for a question, and of which version; empty
// where it has, or where the statistic knows best.
func (q *question) gap(r judgedRound, baseline int, versions []trial.Version) string {
	if why := q.objective.lack(r.view[q.candidate]); why != "" {
		return versions[q.candidate].Name + ": " + why
	}
	if !q.objective.Relative() || baseline < 0 {
		return ""
	}
	if why := q.objective.lack(r.view[baseline]); why != "" {
		return versions[baseline].Name + ": " + why
	}
	switch o := q.objective; {
	case o.metric != declared:
	case o.comparesWeights() && r.split:
		return "traffic was split, and a total would compare the weights: declare it per requests"
	case o.isQuantile() && math.IsInf(o.threshold(r, []int{baseline}), 1):
		return versions[baseline].Name + ": its " + o.stat.String() + " is above the last bound of its buckets"
	}
	return ""
}

// figureCourse is one figure of one version over the trial, for charts.
type figureCourse struct {
	of      Objective
	version int
	windows thinned[float64]
}

// follow keeps the figures of a round for charts. A window without one has no
// point.
func (s *series) follow(r trial.Round, v view) {
	for _, c := range s.courses {
		x := c.of.figure(v[c.version])
		if q := (trial.Quantity{Value: x}); !q.Known() {
			continue
		}
		c.windows.add(r.Start.Seconds(), r.Warmup, x)
	}
}

func meanOf(all []float64) float64 { return sum(all) / float64(len(all)) }

// courses are those of all declared metrics that something is asked of.
func (j *Judge) courses() []trial.Course {
	var out []trial.Course
	for _, s := range j.others {
		for _, c := range s.courses {
			if at, values, warmup := c.windows.shown(mostPoints); len(at) > 0 {
				out = append(out, trial.Course{
					Metric: c.of.figureName(), Unit: c.of.unit(), Version: j.versions[c.version].Name, Warmup: warmup, At: at, Values: values,
				})
			}
		}
	}
	return out
}

// windows is how much was judged of series other than the load's.
func (j *Judge) windows() []trial.Windows {
	var out []trial.Windows
	for _, s := range j.others {
		if s.rounds+s.dropped > 0 {
			out = append(out, trial.Windows{Series: s.name, Rounds: s.rounds, Seconds: s.seconds, Dropped: s.dropped})
		}
	}
	return out
}
