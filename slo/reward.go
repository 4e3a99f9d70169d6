package slo

import (
	"fmt"
	"math"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Reward is a metric to be made as small or as large as possible:
//
//	(minimize|maximize) metric[-stat]
type Reward struct {
	Text string `yaml:"reward"` // canonical, once parsed
	Name string `yaml:"name"`   // the team's own words; may be empty

	Source trial.Source `yaml:"-"`

	metric metric
	stat   stat
	large  bool // larger is better
}

var rewardWords = []string{"minimize", "maximize"}

// UnmarshalText parses the reward. The error names what was not understood and
// lists what is known.
func (r *Reward) UnmarshalText(text []byte) error {
	word, name, found := strings.Cut(strings.Join(strings.Fields(string(text)), " "), " ")
	parsed := Reward{Name: r.Name, Source: r.Source, large: word == "maximize"}
	switch {
	case !found:
		return fmt.Errorf("reward %q: want minimize or maximize and a metric, as in minimize latency-mean", text)
	case word != "minimize" && word != "maximize":
		return fmt.Errorf("reward %q: %q is not known here (known: %s)%s", text, word, strings.Join(rewardWords, ", "), trial.DidYouMean(word, rewardWords))
	}
	var err error
	if parsed.metric, parsed.stat, err = parseMetric(name); err != nil {
		return fmt.Errorf("reward %q: %w", text, err)
	}
	parsed.Text = word + " " + name
	*r = parsed
	return nil
}

// equal is the question whether a version's figure is the other's: the
// objective "100 % of baseline" with the other version as the baseline.
func (r Reward) equal() Objective {
	o := Objective{metric: r.metric, stat: r.stat, limit: limit{ratio, 1}}
	if r.metric == errorRate {
		o.limit = limit{difference, 0}
	}
	return o
}

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
