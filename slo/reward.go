package slo

import (
	"fmt"
	"math"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Reward is a metric to be made as small or as large as possible:
//
//	(minimize|maximize) [request/]metric[-stat]
type Reward struct {
	Text string `yaml:"reward"` // canonical, once parsed
	Name string `yaml:"name"`   // the team's own words; may be empty

	Source trial.Source `yaml:"-"`

	metric metric
	stat   stat
	of     Metric // where metric is declared

	request string // of the load, as an objective has it

	large bool // larger is better
}

var rewardWords = []string{"minimize", "maximize"}

// UnmarshalText parses the reward. The error names what was not understood and
// lists what is known. A reward on a metric that load does not give waits for Bind.
func (r *Reward) UnmarshalText(text []byte) error {
	word, name, found := strings.Cut(strings.Join(strings.Fields(string(text)), " "), " ")
	parsed := Reward{Name: r.Name, Source: r.Source, large: word == "maximize"}
	switch {
	case !found:
		return fmt.Errorf("reward %q: want minimize or maximize and a metric, as in minimize latency-mean", text)
	case word != "minimize" && word != "maximize":
		return fmt.Errorf("reward %q: %q is not known here (known: %s)%s", text, word, strings.Join(rewardWords, ", "), trial.DidYouMean(word, rewardWords))
	}
	parsed.Text = word + " " + name
	if isBuiltIn(name) {
		if err := parsed.Bind(nil); err != nil {
			return err
		}
	}
	*r = parsed
	return nil
}

// Bind finds the reward's metric among those declared, or those of the load's
// requests of these names, as Objective.Bind does. With several requests it must
// say which it is about.
func (r *Reward) Bind(declarations []Metric, requests ...string) error {
	if r.metric == unbound {
		_, name, _ := strings.Cut(r.Text, " ")
		request, metric, err := prefixes(requests).of(name, declarations)
		if err == nil {
			r.metric, r.stat, r.of, err = parseMetric(metric, declarations)
		}
		if err != nil {
			return fmt.Errorf("reward %q: %w", r.Text, err)
		}
		r.request = request
	}
	if len(requests) == 0 || r.metric == declared || r.request != "" {
		return nil
	}
	word, name, _ := strings.Cut(r.Text, " ")
	if len(requests) > 1 {
		return fmt.Errorf("reward %q: of which request? Write %s %s/%s, of all together, or %s %s/%s, of one (known: %s)", r.Text,
			word, trial.Overall, name, word, requests[0], name, strings.Join(requests, ", "))
	}
	r.request, r.Text = requests[0], word+" "+requests[0]+"/"+name
	return nil
}

// equal is the question whether a version's figure is the other's: the
// objective "100 % of baseline" with the other version as the baseline.
func (r Reward) equal() Objective {
	o := Objective{metric: r.metric, stat: r.stat, of: r.of, request: r.request, limit: limit{ratio, 1}}
	if o.isShare() {
		o.limit = limit{difference, 0}
	}
	return o
}

// series is the name of the series that the reward is judged on.
func (r Reward) series() string { return r.equal().series() }

// better reports whether the figure a is better than b.
func (r Reward) better(a, b float64) bool {
	if r.large {
		return a > b
	}
	return a < b
}

// behind is by how much the figure b is worse than a; 0 where it is not.
func (r Reward) behind(a, b float64) float64 {
	if r.large {
		a, b = b, a
	}
	return math.Max(b-a, 0)
}
