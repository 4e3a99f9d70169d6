package summary

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

// machines are the forms that programs read, by the ending of their goldens.
var machines = map[string]func(trial.Report) string{
	"xml": JUnit, "metrics": OpenMetrics, "json": LoadPerformance,
}

// measuredReports are the reports, with what a trial knows of its versions
// beside its findings, and some more ends of a trial.
func measuredReports() map[string]trial.Report {
	all := reports()
	cancelled, refused := undecided(), trial.Report{Status: trial.BadInput, ExitCode: 64, Reason: "seatrial.yaml:14:5: no metric is called latncy-p95"}
	cancelled.Status, cancelled.ExitCode, cancelled.Reason = trial.Cancelled, 143, "received terminated"
	standing := failing()
	standing.Status = trial.Broken
	all["cancelled"], all["bad-input"], all["standing"], all["rivals"] = cancelled, refused, standing, wonByOne()
	for name, r := range all {
		all[name] = withTotals(r)
	}
	return all
}

// wonByOne is a trial that passed with one of its candidates, although another failed.
func wonByOne() trial.Report {
	r := threeCandidates()
	r.Verdict, r.ExitCode, r.Choice = trial.Pass, 0, trial.Choice{Pattern: "hybrid", Winner: "cache-arc", Recommended: "cache-arc"}
	r.Reason = "cache-arc is the best of the versions that satisfy the objectives"
	return r
}

func withTotals(r trial.Report) trial.Report {
	if r.Measured.Rounds == 0 {
		return r
	}
	if r.Requests == nil {
		r.Totals = totalsOf(r)
	}
	for i := range r.Findings {
		r.Findings[i].Limit = of(r.Findings[i].Candidate.Unit, 1.1*r.Findings[i].Baseline.Value)
	}
	return r
}

// totalsOf are those of the versions, each slower than the one before.
func totalsOf(r trial.Report) []trial.Totals {
	var out []trial.Totals
	for i, v := range r.Versions {
		slower := 1 + 0.25*float64(i)
		t := trial.Totals{
			Version: v.Name, Requests: r.Measured.Requests / len(r.Versions), Failed: i, Rate: of(trial.PerSecond, 99.9-float64(i)),
			Mean: of(trial.Seconds, 0.030*slower), P50: of(trial.Seconds, 0.028*slower), P90: of(trial.Seconds, 0.055*slower),
			P95: of(trial.Seconds, 0.0612*slower), P99: of(trial.Seconds, unknown),
		}
		out = append(out, t)
	}
	return out
}

func TestFormsForProgramsLookLikeTheirGoldens(t *testing.T) {
	for name, r := range measuredReports() {
		for ending, render := range machines {
			t.Run(name+"."+ending, func(t *testing.T) { golden(t, name+"."+ending, render(r)) })
		}
	}
}

func TestEveryFormHasItsFile(t *testing.T) {
	r := withTotals(failing())
	files := map[string]string{"junit.xml": JUnit(r), "metrics.txt": OpenMetrics(r), "load-performance.json": LoadPerformance(r)}
	for _, f := range Formats {
		if want, mine := files[f.File]; mine && f.Render(r) != want {
			t.Errorf("%s holds another form", f.File)
		}
		delete(files, f.File)
	}
	if len(files) > 0 {
		t.Errorf("no format writes %v", files)
	}
}

func TestHostileTextCommandsNoRunnerInFormsForPrograms(t *testing.T) {
	for name, s := range hostile {
		for _, r := range poisonedReports(s) {
			for _, render := range machines {
				checkLines(t, name, render(withTotals(r)))
			}
		}
	}
}

func testdata(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
