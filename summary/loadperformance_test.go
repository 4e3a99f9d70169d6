package summary

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// gitLabReads is what GitLab's load performance widget takes from the file
// (normalizeLoadPerformanceMetrics); nil for what it would not show.
func gitLabReads(t *testing.T, document string) map[string]float64 {
	t.Helper()
	var file struct {
		Metrics *struct {
			Checks   *struct{ Passes, Fails float64 }
			Waiting  map[string]float64 `json:"http_req_waiting"`
			Requests map[string]float64 `json:"http_reqs"`
		}
	}
	if err := json.Unmarshal([]byte(document), &file); err != nil || file.Metrics == nil {
		t.Fatalf("%v in %s", err, document)
	}
	out := map[string]float64{}
	if c := file.Metrics.Checks; c != nil {
		out["Checks"] = 100 * c.Passes / (c.Passes + c.Fails)
	}
	if w := file.Metrics.Waiting; w != nil {
		p90, has90 := w["p(90)"]
		p95, has95 := w["p(95)"]
		if !has90 || !has95 {
			t.Errorf("GitLab would show an undefined quantile of %v", w)
		}
		out["TTFB P90"], out["TTFB P95"] = p90, p95
	}
	if r := file.Metrics.Requests; r != nil {
		out["RPS"] = r["rate"]
	}
	return out
}

func TestLoadPerformanceIsTheCandidates(t *testing.T) {
	got := gitLabReads(t, LoadPerformance(withTotals(failing())))
	want := map[string]float64{"Checks": 100 * 674. / 675, "TTFB P90": 68.75, "TTFB P95": 76.5, "RPS": 98.9}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })); diff != "" {
		t.Error(diff)
	}
}

func TestLoadPerformanceLeavesOutWhatIsNotKnown(t *testing.T) {
	down := withTotals(failing())
	for i := range down.Totals {
		t := &down.Totals[i]
		t.Failed, t.P95, t.P99 = t.Requests/20+1, of(trial.Seconds, math.Inf(1)), of(trial.Seconds, math.Inf(1))
	}
	if got := gitLabReads(t, LoadPerformance(down)); len(got) != 2 || got["Checks"] == 0 {
		t.Errorf("%v; want checks and the rate alone", got)
	}
	for name, r := range map[string]trial.Report{"not ready": notReady(), "empty": {}} {
		if got := gitLabReads(t, LoadPerformance(r)); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
