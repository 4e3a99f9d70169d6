package slo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Where a load sends several requests, each is judged by itself: by rounds of
// its own, which are drawn from the load's. Time and the number of rounds are
// the load's, whatever a request's share.

// fewestOfRequest is how many of a request each version has in a round that it
// is judged by, on the mean of the versions: as many of the load's rounds as it
// takes count as one. With one or two, a round has no spread, hardly a highest
// time, and a throughput that is of when it came up; error rates of verdicts were
// simulated with five and fewer (docs/exam.md).
const fewestOfRequest = 5

// prefixes are the names of a load's requests.
type prefixes []string

// of is the request that a metric is asked of, "" where none is named, and the
// metric's name without it. What others measure may be called anything.
func (p prefixes) of(name string, declarations []Metric) (request, metric string, err error) {
	request, metric, found := strings.Cut(name, "/")
	if _, _, isDeclared, _ := declaredAs(name, declarations); !found || isDeclared {
		return "", name, nil
	}
	switch isKnown := request == trial.Overall || slices.Contains(p, request); {
	case isKnown && isBuiltIn(metric):
		return request, metric, nil
	case isKnown:
		return "", "", fmt.Errorf("no metric of the request %s is called %s%s (known: %s)", request, metric,
			trial.DidYouMean(metric, knownMetrics), strings.Join(knownMetrics, ", "))
	case isBuiltIn(metric):
		return "", "", p.unknown(request)
	}
	return "", name, nil
}

// unknown says that there is no such request.
func (p prefixes) unknown(request string) error {
	known := append(slices.Clone(p), trial.Overall)
	if len(p) == 0 {
		return fmt.Errorf("no request is called %s: the trial sends one without a name (known: %s)", request, trial.Overall)
	}
	return fmt.Errorf("no request is called %s%s (known: %s)", request, trial.DidYouMean(request, known), strings.Join(known, ", "))
}

// Under is the objective as it is asked of the request that it stands with.
func (o Objective) Under(request string) (Objective, error) {
	name, _, _ := strings.Cut(o.Text, " ")
	switch {
	case strings.Contains(name, "/"):
		return o, fmt.Errorf("objective %q: it stands with the request %s and is asked of it: leave out what is before the slash, or put it among the trial's objectives", o.Text, request)
	case !isBuiltIn(name):
		return o, fmt.Errorf("objective %q: no metric of a request is called %s%s (known: %s); what others measure belongs among the trial's objectives",
			o.Text, name, trial.DidYouMean(name, knownMetrics), strings.Join(knownMetrics, ", "))
	}
	return o.asked(request), nil
}

// asked is the objective, asked of one request.
func (o Objective) asked(request string) Objective {
	o.request, o.Text = request, request+"/"+o.Text
	return o
}

// byLoad reports whether load gives the objective's metric.
func (o Objective) byLoad() bool { return o.metric != unbound && o.metric != declared }

// ofEach asks of every request apart what names none. What is asked of one by
// name already is not asked twice.
func (p Policy) ofEach(objectives []Objective) []Objective {
	if len(p.Requests) == 0 {
		return objectives
	}
	var out []Objective
	for _, o := range objectives {
		if !o.byLoad() || o.request != "" {
			out = append(out, o)
			continue
		}
		for _, request := range p.Requests {
			one := o.asked(request)
			if o.Name != "" {
				one.Name = request + ": " + o.Name
			}
			if !slices.ContainsFunc(objectives, func(other Objective) bool { return other.Text == one.Text }) {
				out = append(out, one)
			}
		}
	}
	return out
}

// ofRequests are a load's requests as series of their own; nil where it sends
// one without a name.
func (p Policy) ofRequests(versions int) []*series {
	var out []*series
	for _, name := range p.Requests {
		s := p.newSeries(trial.LoadSeries, nil, nil, versions)
		s.request = name
		out = append(out, s)
	}
	return out
}

// several reports whether there is more than one request to tell apart.
func (p Policy) several() bool { return len(p.Requests) > 1 }

// of is the load's series of one request, or of all.
func (j *Judge) of(request string) *series {
	if i := slices.Index(j.policy.Requests, request); i >= 0 {
		return j.requests[i]
	}
	return j.load
}

// isOf reports whether the objective is judged on a series.
func (o Objective) isOf(s *series) bool {
	if o.series() != s.name {
		return false
	}
	return o.metric == declared || o.request == s.request || s.request == "" && o.request == trial.Overall
}

// views are one round of load: of all its requests, and of each.
type views struct {
	all  view
	each []view
}

// drawn is a round that a request is judged by.
type drawn struct {
	series *series
	round  judgedRound
	warmup bool
}

// draw gives each request its part of a round of load, and returns those whose
// own round is whole now. What a late generator sent is in none.
func (j *Judge) draw(r trial.Round, v views, worst func(int) views) []drawn {
	if TooLate(r.Generator.Late, r.Generator.Planned) {
		return nil
	}
	var out []drawn
	for i, s := range j.requests {
		part := s.next(r, v.each[i])
		part.worst = func(candidate int) view { return worst(candidate).each[i] }
		if whole, ok := s.gather(part, r.Warmup); ok {
			out = append(out, drawn{s, whole, r.Warmup})
		}
	}
	return out
}

// gather adds a round of the load to the request's own and reports whether that
// is whole. None goes across the end of the warm-up, or a move of traffic.
func (s *series) gather(r judgedRound, warmup bool) (judgedRound, bool) {
	if len(s.open) > 0 && (s.openWarmup != warmup || s.open[0].epoch != r.epoch) {
		s.open = nil
	}
	s.open, s.openWarmup = append(s.open, r), warmup
	count := 0
	for _, part := range s.open {
		for _, one := range part.view {
			count += one.requests
		}
	}
	if count < fewestOfRequest*len(r.view) {
		return judgedRound{}, false
	}
	whole := together(s.open)
	s.open = nil
	return whole, true
}

// together is several rounds as one.
func together(parts []judgedRound) judgedRound {
	if len(parts) == 1 {
		return parts[0]
	}
	out := parts[0]
	var seen []view
	for _, part := range parts {
		seen = append(seen, part.view)
	}
	out.view = merged(seen)
	parts = slices.Clone(parts)
	out.worst = func(candidate int) view {
		var worst []view
		for _, part := range parts {
			worst = append(worst, part.worst(candidate))
		}
		return merged(worst)
	}
	return out
}

// merged is the views of several rounds of load as one.
func merged(views []view) view {
	out := make(view, len(views[0]))
	for _, v := range views {
		for i, s := range v {
			out[i].requests += s.requests
			out[i].failed += s.failed
			out[i].charged += s.charged
			out[i].length += s.length
			out[i].sorted = append(out[i].sorted, s.sorted...)
		}
	}
	for i := range out {
		slices.Sort(out[i].sorted)
	}
	return out
}

// enoughRounds reports whether a question had data in enough of its series'
// rounds for a pass. One round may have had no threshold yet; a request is not
// in all rounds of the load, and its evidence alone says whether it is enough.
func (q *question) enoughRounds() bool {
	return q.series.request != "" || q.rounds+1 >= q.series.least.rounds
}
