package summary

import (
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"github.com/seatrial/seatrial/trial"
)

// metrics are the samples of a text by their series, and the unit and type of
// each metric, as Prometheus's own OpenMetrics parser reads them.
type metrics struct {
	samples map[string]float64
	units   map[string]string
	types   map[string]string
}

func parsedMetrics(t *testing.T, text string) metrics {
	t.Helper()
	out := metrics{map[string]float64{}, map[string]string{}, map[string]string{}}
	for p := textparse.NewOpenMetricsParser([]byte(text), labels.NewSymbolTable()); ; {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		switch entry {
		case textparse.EntryUnit:
			name, unit := p.Unit()
			out.units[string(name)] = string(unit)
		case textparse.EntryType:
			name, kind := p.Type()
			out.types[string(name)] = string(kind)
		case textparse.EntrySeries:
			var series labels.Labels
			p.Labels(&series)
			_, _, value := p.Series()
			if _, twice := out.samples[series.String()]; twice {
				t.Errorf("%s is there twice", series)
			}
			out.samples[series.String()] = value
		}
	}
}

// number is the sample of a series; NaN if there is none.
func (m metrics) number(name string, pairs ...string) float64 {
	series := labels.FromStrings(append([]string{labels.MetricName, name}, pairs...)...)
	if value, found := m.samples[series.String()]; found {
		return value
	}
	return math.NaN()
}

func TestOpenMetricsTellWhatWasFound(t *testing.T) {
	got := parsedMetrics(t, OpenMetrics(withTotals(failing())))
	objective := []string{"version", "candidate", "objective", "latency-p95 <= 110% of baseline"}
	for _, c := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"seatrial_trial_verdict", []string{"seatrial_trial_verdict", "fail"}, 1},
		{"seatrial_trial_verdict", []string{"seatrial_trial_verdict", "pass"}, 0},
		{"seatrial_trial_status", []string{"seatrial_trial_status", "judged"}, 1},
		{"seatrial_trial_exit_code", nil, 1},
		{"seatrial_trial_judged_seconds", nil, 6.75},
		{"seatrial_objective_verdict", append(objective[:4:4], "seatrial_objective_verdict", "fail"), 1},
		{"seatrial_objective_value_seconds", objective, 0.078},
		{"seatrial_objective_baseline_seconds", objective, 0.0612},
		{"seatrial_objective_limit_seconds", objective, 1.1 * 0.0612},
		{"seatrial_objective_change_relative_ratio", objective, 0.2745},
		{"seatrial_objective_within_ratio", objective, 0.0004},
		{"seatrial_objective_evidence_beyond_ln", objective, 3.18},
		{"seatrial_objective_evidence_needed_ln", objective, math.Log(20)},
		{"seatrial_objective_rounds", objective, 27},
		{"seatrial_objective_requests", objective, 1350},
		{"seatrial_objective_judged", objective, 1},
		{"seatrial_version_requests", []string{"version", "candidate"}, 675},
		{"seatrial_version_failed_requests", []string{"version", "candidate"}, 1},
		{"seatrial_version_latency_seconds", []string{"version", "baseline", "stat", "p95"}, 0.0612},
	} {
		if is := got.number(c.name, c.labels...); math.Abs(is-c.want) > 1e-12 || math.IsNaN(is) {
			t.Errorf("%s%v is %v, want %v", c.name, c.labels, is, c.want)
		}
	}
	if is := got.number("seatrial_version_latency_seconds", "version", "candidate", "stat", "p99"); !math.IsNaN(is) {
		t.Errorf("a p99 that is not known is %v", is)
	}
}

// What was never measured is not zero.
func TestOpenMetricsLeaveOutWhatIsNotKnown(t *testing.T) {
	got := parsedMetrics(t, OpenMetrics(notReady()))
	for name := range got.types {
		if strings.HasPrefix(name, "seatrial_version") || strings.Contains(name, "_value") || strings.Contains(name, "_within") || strings.Contains(name, "_evidence") {
			t.Errorf("%s of a trial without a round", name)
		}
	}
	for _, state := range verdicts {
		if is := got.number("seatrial_trial_verdict", "seatrial_trial_verdict", state); is != 0 {
			t.Errorf("%s is %v without a verdict", state, is)
		}
	}
}

// readByGitLab is how lib/gitlab/ci/parsers/metrics/generic.rb reads a line: all
// after "#" goes, then the shell's words are the name and the value.
func readByGitLab(line string) (name, value string, ok bool) {
	line, _, _ = strings.Cut(line, "#")
	name, value, _ = strings.Cut(shellQuoted.ReplaceAllStringFunc(line, func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") }), " ")
	return name, value, !strings.Contains(shellQuoted.ReplaceAllString(line, ""), `"`)
}

var shellQuoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func TestOpenMetricsCanBeReadAndEndWhateverTextsHold(t *testing.T) {
	all := []trial.Report{{}}
	for _, r := range measuredReports() {
		all = append(all, r)
	}
	for _, s := range hostile {
		for _, r := range poisonedReports(s + ` "quoted" \`) {
			all = append(all, withTotals(r))
		}
	}
	for _, r := range all {
		text := OpenMetrics(r)
		parsedMetrics(t, text)
		if !strings.HasSuffix(text, "\n# EOF\n") || strings.Count(text, "# EOF") != 1 {
			t.Errorf("ends with %q", text[max(0, len(text)-40):])
		}
		seen := map[string]bool{}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "# ") {
				continue
			}
			name, value, ok := readByGitLab(strings.TrimSuffix(line, "\n"))
			if _, err := strconv.ParseFloat(value, 64); err != nil || !ok || seen[name] {
				t.Errorf("GitLab can't read %q", line)
			}
			seen[name] = true
		}
	}
}

func TestNamesEndInTheirUnits(t *testing.T) {
	got := parsedMetrics(t, OpenMetrics(withTotals(passing())))
	if len(got.units) < 8 {
		t.Fatalf("only %d units", len(got.units))
	}
	for name, unit := range got.units {
		if !strings.HasSuffix(name, "_"+unit) {
			t.Errorf("%s has the unit %s", name, unit)
		}
	}
	if got.types["seatrial_objective_verdict"] != "stateset" || got.types["seatrial_objective_rounds"] != "gauge" {
		t.Errorf("types %v", got.types)
	}
}
