package slo

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

var form = regexp.MustCompile(`^\s*([^\s<>=≤≥]+)\s*(<=|>=|<|>|≤|≥)\s*(.+?)\s*$`)

// parse reads one objective and puts it into canonical words.
func parse(text string) (Objective, error) {
	parts := form.FindStringSubmatch(text)
	if parts == nil {
		return Objective{}, fmt.Errorf("objective %q: want metric <= limit, as in latency-p95 <= 110%% of baseline", text)
	}
	o := Objective{lower: strings.ContainsAny(parts[2], ">≥")}
	var err error
	if o.metric, o.stat, err = parseMetric(parts[1]); err == nil {
		o.limit, err = parseLimit(parts[3], o.unit())
	}
	if err != nil {
		return Objective{}, fmt.Errorf("objective %q: %w", text, err)
	}
	operator := strings.NewReplacer("≤", "<=", "≥", ">=").Replace(parts[2])
	o.Text = parts[1] + " " + operator + " " + strings.Join(strings.Fields(parts[3]), " ")
	return o, nil
}

func parseMetric(name string) (metric, stat, error) {
	for _, m := range metrics {
		if name == m.name && !m.stats {
			return m.id, stat{}, nil
		}
		figure, found := strings.CutPrefix(name, m.name+"-")
		if !found || !m.stats {
			continue
		}
		s, err := parseStat(figure)
		if err != nil {
			return 0, stat{}, fmt.Errorf("no metric is called %s: %w", name, err)
		}
		return m.id, s, nil
	}
	return 0, stat{}, fmt.Errorf("no metric is called %s%s (known: %s)", name, trial.DidYouMean(name, knownMetrics), strings.Join(knownMetrics, ", "))
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

func parseLimit(text string, unit trial.Unit) (limit, error) {
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
		return parseDifference(m[1], m[2], unit)
	}
	value, err := parseQuantity(text, unit)
	if err != nil {
		return limit{}, err
	}
	if unit == trial.Share && (value == 0 || value == 1) {
		return limit{}, fmt.Errorf("a share of exactly %s can't be shown by any number of requests: write 0.1%% or 99.9%%", text)
	}
	return limit{absolute, value}, nil
}

func parseDifference(sign, quantity string, unit trial.Unit) (limit, error) {
	if sign == "±" {
		return limit{}, errors.New("write baseline + or baseline -, not ±")
	}
	value, err := parseQuantity(quantity, unit)
	if err != nil {
		return limit{}, err
	}
	if sign != "+" {
		value = -value
	}
	return limit{difference, value}, nil
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
