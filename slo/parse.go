package slo

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

var form = regexp.MustCompile(`^\s*([^\s<>=≤≥]+)\s*(<=|>=|<|>|≤|≥)\s*(.+?)\s*$`)

// parse reads one objective and puts it into canonical words. Of a metric that
// load does not give, the limit is read when it is bound.
func parse(text string) (Objective, error) {
	parts, err := partsOf(text)
	if err != nil {
		return Objective{}, err
	}
	if isBuiltIn(parts[1]) {
		return bind(text, nil, nil)
	}
	return Objective{Text: canonical(parts), lower: isLower(parts[2])}, nil
}

// partsOf are the whole text, the metric, the comparison and the limit.
func partsOf(text string) ([]string, error) {
	parts := form.FindStringSubmatch(text)
	if parts == nil {
		return nil, fmt.Errorf("objective %q: want metric <= limit, as in latency-p95 <= 110%% of baseline", text)
	}
	return parts, nil
}

func canonical(parts []string) string {
	operator := strings.NewReplacer("≤", "<=", "≥", ">=").Replace(parts[2])
	return parts[1] + " " + operator + " " + strings.Join(strings.Fields(parts[3]), " ")
}

func isLower(operator string) bool { return strings.ContainsAny(operator, ">≥") }

// bind reads an objective of any metric, which may be one of those declared, or
// of a request.
func bind(text string, declarations []Metric, requests prefixes) (Objective, error) {
	parts, err := partsOf(text)
	if err != nil {
		return Objective{}, err
	}
	o := Objective{Text: canonical(parts), lower: isLower(parts[2])}
	var name string
	if o.request, name, err = requests.of(parts[1], declarations); err == nil {
		o.metric, o.stat, o.of, err = parseMetric(name, declarations)
	}
	if err == nil {
		o.limit, err = o.parseLimit(parts[3])
	}
	if err != nil {
		return Objective{}, fmt.Errorf("objective %q: %w", text, err)
	}
	return o, nil
}

// isBuiltIn reports whether a name is, or can only be meant to be, of a metric
// that load gives.
func isBuiltIn(name string) bool {
	return slices.ContainsFunc(metrics, func(m builtIn) bool {
		return name == m.name || m.stats && strings.HasPrefix(name, m.name+"-")
	})
}

func parseMetric(name string, declarations []Metric) (metric, stat, Metric, error) {
	for _, m := range metrics {
		if name == m.name && !m.stats {
			return m.id, stat{}, Metric{}, nil
		}
		figure, found := strings.CutPrefix(name, m.name+"-")
		if !found || !m.stats {
			continue
		}
		s, err := parseStat(figure)
		if err != nil {
			return unbound, stat{}, Metric{}, fmt.Errorf("no metric is called %s: %w", name, err)
		}
		return m.id, s, Metric{}, nil
	}
	if m, s, found, err := declaredAs(name, declarations); found {
		return declared, s, m, err
	}
	known := append(slices.Clone(knownMetrics), wordsOf(declarations)...)
	return unbound, stat{}, Metric{}, fmt.Errorf("no metric is called %s%s (known: %s)", name, trial.DidYouMean(name, known), strings.Join(known, ", "))
}

var namedStats = []struct {
	name string
	kind statKind
}{{"mean", mean}, {"min", least}, {"max", most}, {"stddev", deviation}}

func parseStat(name string) (stat, error) {
	for _, f := range namedStats {
		if name == f.name {
			return stat{kind: f.kind}, nil
		}
	}
	if number, ok := strings.CutPrefix(name, "p"); ok {
		if percent, err := strconv.ParseFloat(number, 64); err == nil && percent > 0 && percent < 100 {
			return stat{quantile, math.Round(percent*1e10) / 1e12}, nil
		}
	}
	return stat{}, fmt.Errorf("%q is not one of mean, min, max, stddev, or p with a number between 0 and 100", name)
}

var (
	ofBaseline   = regexp.MustCompile(`^(\S+)\s*%\s+of\s+baseline$`)
	plusBaseline = regexp.MustCompile(`^baseline\s*([+\-−±])\s*(\S.*)$`)
)

func (o Objective) parseLimit(text string) (limit, error) {
	if text == "baseline" {
		return limit{}, errors.New("a limit equal to the baseline can never be shown: give a tolerance, as in 110% of baseline")
	}
	if m := ofBaseline.FindStringSubmatch(text); m != nil {
		percent, err := strconv.ParseFloat(m[1], 64)
		if err != nil || !(percent > 0) || math.IsInf(percent, 0) {
			return limit{}, fmt.Errorf("%q is not a positive percentage of the baseline", text)
		}
		return limit{ratio, percent / 100}, nil
	}
	if m := plusBaseline.FindStringSubmatch(text); m != nil {
		return o.parseDifference(m[1], m[2])
	}
	value, err := o.quantity(text)
	if err != nil {
		return limit{}, err
	}
	if o.isShare() && (value == 0 || value == 1) {
		return limit{}, fmt.Errorf("a share of exactly %s can't be shown by any number of requests: write 0.1%% or 99.9%%", text)
	}
	return limit{absolute, value}, nil
}

func (o Objective) parseDifference(sign, quantity string) (limit, error) {
	if sign == "±" {
		return limit{}, errors.New("write baseline + or baseline -, not ±")
	}
	value, err := o.quantity(quantity)
	if err != nil {
		return limit{}, err
	}
	if sign != "+" {
		value = -value
	}
	return limit{difference, value}, nil
}

// quantity reads a value of the objective's metric.
func (o Objective) quantity(text string) (float64, error) {
	if o.metric == declared {
		return o.of.parse(text, o.isShare())
	}
	return parseQuantity(text, o.unit())
}

// parseQuantity reads a value that is not negative in the unit's own notation.
func parseQuantity(text string, unit trial.Unit) (float64, error) {
	switch unit {
	case trial.Seconds:
		d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
		if err != nil || d <= 0 || d > 7*time.Minute {
			return 0, fmt.Errorf("%q is not a latency: write it with its unit, as in 300ms or 1.5s (at most 7m), or as 110%% of baseline", text)
		}
		return d.Seconds(), nil
	case trial.Share:
		number, isPercent := strings.CutSuffix(text, "%")
		value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if isPercent {
			value /= 100
		}
		if err != nil || !(value >= 0 && value <= 1) {
			return 0, fmt.Errorf("%q is not a share: write 1%% or 0.01", text)
		}
		return value, nil
	default:
		value, err := strconv.ParseFloat(strings.TrimSuffix(strings.ReplaceAll(text, " ", ""), "/s"), 64)
		if err != nil || !(value > 0) || math.IsInf(value, 0) {
			return 0, fmt.Errorf("%q is not a rate: write 500/s", text)
		}
		return value, nil
	}
}
