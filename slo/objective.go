package slo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Objective is one line that the release must satisfy:
//
//	[request/]metric[-stat] (<=|<|>=|>) limit
//
// with limit a quantity ("300ms", "1%"), "P% of baseline", or "baseline ±
// quantity". docs/objectives.md is its reference.
type Objective struct {
	Text       string         `yaml:"objective"`  // canonical, once parsed
	Name       string         `yaml:"name"`       // the team's own words; may be empty
	Inform     bool           `yaml:"inform"`     // shown, not judged
	Confidence *Percent       `yaml:"confidence"` // nil: the trial's
	NoData     *NoData        `yaml:"no-data"`    // nil: the trial's
	Floor      *time.Duration `yaml:"floor"`      // nil: 1 ms; relative latencies only

	Source  trial.Source `yaml:"-"`
	Implied bool         `yaml:"-"` // not asked for; every trial has it

	metric metric
	stat   stat
	lower  bool // the limit is a lower bound
	limit  limit
	of     Metric // where metric is declared

	request string // of the load, that is asked; trial.Overall, or empty where none is named
}

// Inverted says what an objective favours that releases are mostly held against;
// empty where it does not.
func (o Objective) Inverted() string {
	switch {
	case o.metric == latency && o.lower:
		return "the slower the candidate"
	case o.metric == errorRate && o.lower:
		return "the more errors"
	case o.metric == throughput && !o.lower:
		return "the fewer answers"
	}
	return ""
}

// Answers is the least throughput of all requests together that the objective
// asks for, answers a second; 0 where it asks for none.
func (o Objective) Answers() float64 {
	if o.metric == throughput && o.lower && o.limit.kind == absolute && (o.request == "" || o.request == trial.Overall) {
		return o.limit.value
	}
	return 0
}

type limitKind int

const (
	absolute   limitKind = iota // a quantity
	ratio                       // a multiple of the baseline's value
	difference                  // the baseline's value plus a quantity
)

// limit is the right side of an objective. Value is in the metric's base unit
// for absolute and difference, a factor for ratio.
type limit struct {
	kind  limitKind
	value float64
}

// metric is one of the closed list of metrics that load gives, or one that was
// declared.
type metric int

const (
	unbound metric = iota // not yet known which: nothing is ever shown of it
	latency
	errorRate
	throughput
	declared
)

// stat is which figure of the metric is meant; p is its probability for quantile.
type stat struct {
	kind statKind
	p    float64
}

type statKind int

const (
	none statKind = iota
	quantile
	mean
	least
	most
	deviation
)

// builtIn is a metric that load gives.
type builtIn struct {
	name  string
	id    metric
	unit  trial.Unit
	stats bool // takes -mean, -min, -max, -stddev, -pX
}

// metrics is what an objective on the load can be about, with the figures that
// each knows.
var metrics = []builtIn{
	{"latency", latency, trial.Seconds, true},
	{"error-rate", errorRate, trial.Share, false},
	{"throughput", throughput, trial.PerSecond, false},
}

// knownMetrics is what an error lists, and what "did you mean" draws on.
var knownMetrics = []string{
	"latency-p50", "latency-p90", "latency-p95", "latency-p99", "latency-p99.9",
	"latency-mean", "latency-min", "latency-max", "latency-stddev", "error-rate", "throughput",
}

// UnmarshalText parses the objective. The error names what was not understood
// and lists what is known. An objective on a metric that load does not give
// waits for Bind.
func (o *Objective) UnmarshalText(text []byte) error {
	parsed, err := parse(string(text))
	if err != nil {
		return err
	}
	*o = o.as(parsed)
	return nil
}

// as is what was parsed, with what was said beside the text.
func (o Objective) as(parsed Objective) Objective {
	parsed.Name, parsed.Inform, parsed.Confidence, parsed.NoData, parsed.Floor = o.Name, o.Inform, o.Confidence, o.NoData, o.Floor
	parsed.Source, parsed.Implied = o.Source, o.Implied
	return parsed
}

// Bind finds the metric that the objective is about among those declared, or
// those of the load's requests of these names, and reads its limit in that
// metric's unit. One that is bound stays as it is.
func (o *Objective) Bind(declarations []Metric, requests ...string) error {
	if o.metric != unbound {
		return nil
	}
	bound, err := bind(o.Text, declarations, requests)
	if err != nil {
		return err
	}
	*o = o.as(bound)
	return nil
}

// Relative reports whether the objective compares with the baseline.
func (o Objective) Relative() bool { return o.limit.kind != absolute }

// unit is the unit of the objective's metric.
func (o Objective) unit() trial.Unit {
	if o.metric == declared {
		return o.of.shown()
	}
	for _, m := range metrics {
		if m.id == o.metric {
			return m.unit
		}
	}
	return trial.Plain
}

// Percent is a share between 0 and 1, exclusive, written "95%" or "0.95".
type Percent float64

// MarshalText writes "95%".
func (p Percent) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(math.Round(float64(p)*1e10)/1e8, 'f', -1, 64) + "%"), nil
}

// UnmarshalText reads "95%" or "0.95".
func (p *Percent) UnmarshalText(text []byte) error {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		value /= 100
	}
	if err != nil || !(value > 0 && value < 1) {
		return fmt.Errorf("%q is not a share between 0%% and 100%%: write 95%% or 0.95", text)
	}
	*p = Percent(value)
	return nil
}

// NoData is what an objective without data does to the trial. None of its
// values is a pass.
type NoData int

const (
	NoDataInconclusive NoData = iota
	NoDataFail
	NoDataBroken
)

var noDataNames = []string{"inconclusive", "fail", "broken"}

// MarshalText writes the word.
func (n NoData) MarshalText() ([]byte, error) { return []byte(noDataNames[n]), nil }

// UnmarshalText reads inconclusive, fail or broken.
func (n *NoData) UnmarshalText(text []byte) error {
	i := slices.Index(noDataNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is not known here (known: %s)", text, strings.Join(noDataNames, ", "))
	}
	*n = NoData(i)
	return nil
}

// Policy is how findings are reached.
type Policy struct {
	Objectives []Objective   `yaml:"objectives"`
	Confidence Percent       `yaml:"confidence"`
	AtLeast    time.Duration `yaml:"at-least"` // no pass before; 0: 30 s and 120 rounds
	NoData     NoData        `yaml:"no-data"`
	Pattern    Pattern       `yaml:"pattern"`
	Rewards    []Reward      `yaml:"rewards"`
	Metrics    []Metric      `yaml:"-"` // declared, from elsewhere
	NoLoad     bool          `yaml:"-"` // there are only declared metrics
	Seed       uint64        `yaml:"-"` // of the draws from posteriors
	Requests   []string      `yaml:"-"` // names of those that the load sends; none where there is one without
	OneAddress bool          `yaml:"-"` // a gateway picks who answers; versions are told apart by their answers
	OnlyAsked  bool          `yaml:"-"` // nothing is implied: no objective but those asked for
	AnyGood    bool          `yaml:"-"` // nobody said which statuses are good: 200 to 399 are
}

// DefaultPolicy is the policy of a trial that says nothing of it.
func DefaultPolicy() Policy { return Policy{Confidence: 0.95} }
