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
//	metric[-stat] (<=|<|>=|>) limit
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

// metric is one of the closed list of metrics that load gives.
type metric int

const (
	latency metric = iota
	errorRate
	throughput
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

// metrics is what an objective can be about, with the figures that each knows.
var metrics = []struct {
	name  string
	id    metric
	unit  trial.Unit
	stats bool // takes -mean, -min, -max, -stddev, -pX
}{
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
// and lists what is known.
func (o *Objective) UnmarshalText(text []byte) error {
	parsed, err := parse(string(text))
	if err != nil {
		return err
	}
	parsed.Name, parsed.Inform, parsed.Confidence, parsed.NoData, parsed.Floor = o.Name, o.Inform, o.Confidence, o.NoData, o.Floor
	parsed.Source = o.Source
	*o = parsed
	return nil
}

// Relative reports whether the objective compares with the baseline.
func (o Objective) Relative() bool { return o.limit.kind != absolute }

// unit is the unit of the objective's metric.
func (o Objective) unit() trial.Unit {
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
	Seed       uint64        `yaml:"-"` // of the draws from posteriors
	OneAddress bool          `yaml:"-"` // a gateway picks who answers; versions are told apart by their answers
	OnlyAsked  bool          `yaml:"-"` // nothing is implied: no objective but those asked for
}

// DefaultPolicy is the policy of a trial that says nothing of it.
func DefaultPolicy() Policy { return Policy{Confidence: 0.95} }
