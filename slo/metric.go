package slo

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Metric declares a metric that comes from elsewhere: what its samples are, and
// how they are to be understood.
type Metric struct {
	Name        string     `yaml:"name"` // in objectives and samples: "checkout-errors"
	Description string     `yaml:"description"`
	Kind        trial.Kind `yaml:"kind"`
	Unit        Unit       `yaml:"unit"`      // of a value, of observations, or of what a total counts
	Per         Per        `yaml:"per"`       // of totals
	Series      string     `yaml:"-"`         // of rounds; empty: trial.MetricsSeries
	Traffic     bool       `yaml:"traffic"`   // it counts the requests that each version really got
	MustHave    bool       `yaml:"must-have"` // a trial that misses it too often does not pass

	requests string // the metric with the requests that Per counts by, once bound
}

// Per is what a total is divided by before versions are compared.
type Per int

const (
	PerSecond  Per = iota // the length of the round
	PerRound              // nothing
	PerRequest            // the requests that the version got, so that weights do not decide
)

var perNames = []string{"second", "round", "requests"}

// MarshalText writes the word.
func (p Per) MarshalText() ([]byte, error) { return []byte(perNames[p]), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Per) UnmarshalText(text []byte) error {
	i := slices.Index(perNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is not what a total can be per (known: %s)%s", text, strings.Join(perNames, ", "), trial.DidYouMean(string(text), perNames))
	}
	*p = Per(i)
	return nil
}

// Unit is what a metric may be counted in.
type Unit trial.Unit

var units = []trial.Unit{trial.Plain, trial.Seconds, trial.Share, trial.PerSecond, trial.Bytes, trial.BytesPerSecond}

// UnitNames are the words for all units that a metric may have.
func UnitNames() []string {
	var words []string
	for _, u := range units {
		words = append(words, u.String())
	}
	return words
}

// PerNames are the words for what a total may be divided by.
func PerNames() []string { return slices.Clone(perNames) }

// MarshalText writes the unit as a word.
func (u Unit) MarshalText() ([]byte, error) { return trial.Unit(u).MarshalText() }

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (u *Unit) UnmarshalText(text []byte) error {
	var known []string
	for _, one := range units {
		if known = append(known, one.String()); one.String() == string(text) {
			*u = Unit(one)
			return nil
		}
	}
	return fmt.Errorf("%q is not a unit of a metric (known: %s)%s", text, strings.Join(known, ", "), trial.DidYouMean(string(text), known))
}

var metricName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*([-_.][A-Za-z0-9]+)*$`)

// CheckMetrics returns why these declarations can't stand, by their place, each
// with its remedy; nothing if they can.
func CheckMetrics(declarations []Metric) map[int]string {
	wrong := map[int]string{}
	for i, m := range declarations {
		if text := m.check(declarations[:i], declarations); text != "" {
			wrong[i] = text
		}
	}
	return wrong
}

func (m Metric) check(earlier, all []Metric) string {
	twin := func(o Metric) bool { return o.Name == m.Name }
	second := func(o Metric) bool { return o.Traffic && o.series() == m.series() }
	_, _, ambiguous, _ := declaredAs(m.Name, slices.DeleteFunc(slices.Clone(all), twin))
	switch {
	case !metricName.MatchString(m.Name) || m.Name == "baseline":
		return fmt.Sprintf("%q is no name for a metric: write letters and digits with hyphens between them, as in checkout-errors", m.Name)
	case isBuiltIn(m.Name):
		return fmt.Sprintf("%q is what the load itself gives: choose another name", m.Name)
	case slices.ContainsFunc(earlier, twin):
		return fmt.Sprintf("two metrics are called %s", m.Name)
	case ambiguous:
		return fmt.Sprintf("%q could also be a figure of another metric: choose another name", m.Name)
	case m.Kind == trial.UnknownKind:
		return fmt.Sprintf("%s has no kind (known: %s)", m.Name, strings.Join(trial.KindNames(), ", "))
	case m.Kind == trial.CountsKind && m.unit() != trial.Plain && m.unit() != trial.Share:
		return fmt.Sprintf("%s counts hits among trials, which is a share: leave its unit out", m.Name)
	case m.Per != PerSecond && m.Kind != trial.TotalKind:
		return fmt.Sprintf("%s is no total, so it can't be per anything", m.Name)
	case m.Per == PerRequest && m.trafficOf(all) == "":
		return fmt.Sprintf("%s is per requests, and no metric of its series counts them: mark one as traffic", m.Name)
	case m.Traffic && m.Kind == trial.ValueKind:
		return fmt.Sprintf("%s is a bare value, which counts no requests", m.Name)
	case m.Traffic && slices.ContainsFunc(earlier, second):
		return fmt.Sprintf("%s is the second that counts the requests of its series: mark one", m.Name)
	case m.Series == trial.LoadSeries:
		return fmt.Sprintf("%s: the series %s is the load's own", m.Name, trial.LoadSeries)
	}
	return ""
}

func (m Metric) series() string { return cmp.Or(m.Series, trial.MetricsSeries) }

// trafficOf is the metric that counts the requests in the metric's series.
func (m Metric) trafficOf(all []Metric) string {
	for _, o := range all {
		if o.Traffic && o.series() == m.series() {
			return o.Name
		}
	}
	return ""
}

// figures are the names of what can be asked of the metric; "pX" for quantiles.
func (m Metric) figures() []string {
	switch m.Kind {
	case trial.HistogramKind:
		return []string{m.Name + "-p95", m.Name + "-mean"}
	case trial.MomentsKind:
		return []string{m.Name + "-mean", m.Name + "-stddev"}
	}
	return []string{m.Name}
}

func wordsOf(declarations []Metric) []string {
	var out []string
	for _, m := range declarations {
		out = append(out, m.figures()...)
	}
	return out
}

// declaredAs finds the metric of a name, and the figure of it that is meant.
func declaredAs(name string, declarations []Metric) (Metric, stat, bool, error) {
	for _, m := range declarations {
		if m.requests = m.trafficOf(declarations); m.Name == name {
			s, err := m.onlyFigure()
			return m, s, true, err
		}
	}
	for _, m := range declarations {
		figure, found := strings.CutPrefix(name, m.Name+"-")
		if !found {
			continue
		}
		s, err := parseStat(figure)
		if err != nil {
			continue
		}
		m.requests = m.trafficOf(declarations)
		return m, s, true, m.knows(s, name)
	}
	return Metric{}, stat{}, false, nil
}

// onlyFigure is what is meant by the name alone.
func (m Metric) onlyFigure() (stat, error) {
	switch m.Kind {
	case trial.HistogramKind:
		return stat{}, fmt.Errorf("%s is a histogram: say which figure of it, as in %s", m.Name, strings.Join(m.figures(), " or "))
	case trial.MomentsKind:
		return stat{kind: mean}, nil
	}
	return stat{}, nil
}

func (m Metric) knows(s stat, name string) error {
	switch {
	case m.Kind == trial.HistogramKind && (s.kind == quantile || s.kind == mean):
		return nil
	case m.Kind == trial.MomentsKind && (s.kind == mean || s.kind == deviation):
		return nil
	}
	return fmt.Errorf("%s is of the kind %s, which has no %s (known: %s)", m.Name, m.Kind, strings.TrimPrefix(name, m.Name+"-"), strings.Join(m.figures(), ", "))
}

func (m Metric) unit() trial.Unit { return trial.Unit(m.Unit) }

// shown is the unit of what is judged.
func (m Metric) shown() trial.Unit {
	switch {
	case m.Kind == trial.CountsKind:
		return trial.Share
	case m.Kind != trial.TotalKind || m.Per != PerSecond:
		return m.unit()
	case m.unit() == trial.Bytes:
		return trial.BytesPerSecond
	case m.unit() == trial.Plain:
		return trial.PerSecond
	}
	return trial.Plain // seconds a second, as of a processor's time
}

// parse reads a limit in the unit of what is judged.
func (m Metric) parse(text string, isShare bool) (float64, error) {
	unit := m.shown()
	if isShare {
		return parseQuantity(text, unit)
	}
	number := strings.ReplaceAll(text, " ", "")
	var value float64
	var err error
	switch unit {
	case trial.Seconds:
		var d time.Duration
		d, err = time.ParseDuration(number)
		value = d.Seconds()
	case trial.Share:
		percent, isPercent := strings.CutSuffix(number, "%")
		if value, err = strconv.ParseFloat(percent, 64); isPercent {
			value /= 100
		}
	case trial.Bytes, trial.BytesPerSecond:
		value, err = parseBytes(strings.TrimSuffix(number, "/s"))
	case trial.PerSecond:
		value, err = strconv.ParseFloat(strings.TrimSuffix(number, "/s"), 64)
	default:
		value, err = strconv.ParseFloat(number, 64)
	}
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, fmt.Errorf("%q is not what %s comes to: write it as in %s", text, m.Name, limitExamples[unit])
	}
	return value, nil
}

// limitExamples are what to write for a limit.
var limitExamples = map[trial.Unit]string{
	trial.Plain: "0.7", trial.Seconds: "300ms", trial.Share: "70%", trial.PerSecond: "500/s",
	trial.Bytes: "512MiB", trial.BytesPerSecond: "10MiB/s",
}

// bytesOf are the suffixes of amounts of bytes, as Kubernetes and people write them.
var bytesOf = []struct {
	suffix string
	factor float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}, {"Ti", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

func parseBytes(text string) (float64, error) {
	for _, u := range bytesOf {
		if number, found := strings.CutSuffix(text, u.suffix); found {
			value, err := strconv.ParseFloat(number, 64)
			return value * u.factor, err
		}
	}
	return strconv.ParseFloat(text, 64)
}
