package summary

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// reroutes are trials that moved live traffic, by the name of their goldens.
func reroutes() map[string]trial.Report {
	return map[string]trial.Report{"traffic-fail": violated(), "traffic-pass": promoted(), "traffic-unleft": unleft()}
}

func at(seconds float64, why string, weights ...int) trial.Split {
	return trial.Split{At: time.Duration(seconds * float64(time.Second)), Weights: weights, Why: why}
}

func violated() trial.Report {
	r := failing()
	r.Traffic = &trial.Traffic{
		Route: "httproute/shop", Strategy: "progressive", Before: []int{100, 0}, Left: "as it was before the trial", Settling: 32,
		Course: []trial.Split{
			at(0, "start", 90, 10), at(10.1, "evidence", 80, 20), at(20.2, "paused by order of ann", 80, 20), at(31, "resumed by order of ann", 80, 20),
			at(31.1, "evidence", 70, 30), at(36.4, "candidate violated latency-p95 <= 110% of baseline", 100, 0), at(36.6, trial.AtTheEnd, 100, 0),
		},
	}
	return r
}

// promoted has a course that is too long to be shown, and requests that went
// through the route.
func promoted() trial.Report {
	r := passing()
	r.Traffic = &trial.Traffic{
		Route: "httproute/shop", Strategy: "progressive", Before: []int{100, 0}, Left: "all traffic goes to candidate", Settling: 1,
		Course: []trial.Split{at(0, "start", 98, 2)},
		Parts: []trial.Part{
			{Version: "baseline", Requests: 6021, Assigned: of(trial.Share, 0.75), Got: of(trial.Share, 0.7526)},
			{Version: "candidate", Requests: 1979, Assigned: of(trial.Share, 0.25), Got: of(trial.Share, 0.2474)},
		},
	}
	for i := range 20 {
		r.Traffic.Course = append(r.Traffic.Course, at(float64(10*i+10), "evidence", 96-2*i, 4+2*i))
	}
	r.Traffic.Course = append(r.Traffic.Course, at(201, trial.AtTheEnd, 0, 100))
	return r
}

func unleft() trial.Report {
	r := violated()
	r.Status, r.Verdict, r.ExitCode = trial.Broken, trial.Inconclusive, 5
	r.Reason = "the route could not be left as it should be: httproute/shop: connection refused"
	r.Traffic.Course = r.Traffic.Course[:2]
	r.Traffic.Left = "not as it should be"
	r.Traffic.Remedy = "See that httproute/shop is as you want it: connection refused. The trial gave it baseline 80 %, candidate 20 % last. Before the trial it had baseline 100 %, candidate 0 %."
	return r
}

func TestTrafficFitsATerminal(t *testing.T) {
	for name, r := range reroutes() {
		text := Text(r, Style{Width: 80, ReportDir: "seatrial-report"})
		golden(t, name+"-80.txt", text)
		for line := range strings.SplitSeq(text, "\n") {
			if n := len([]rune(line)); n > 80 && !strings.Contains(line, "seatrial-report") {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
}

func TestTheTrafficOfThoseWhoMatchIsNotTakenForEverybodys(t *testing.T) {
	r := passing()
	r.Traffic = &trial.Traffic{
		Route: "httproute/shop", Strategy: "dark-launch", Matching: true, Left: "as it was before the trial",
		Course: []trial.Split{at(0, "start", 0, 100), at(60, trial.AtTheEnd, 100, 0)},
	}
	for name, text := range map[string]string{"text": Text(r, Style{Width: 100}), "Markdown": Markdown(r), "HTML": HTML(r)} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), "dark-launch of requests that match") {
			t.Errorf("%s does not tell whose traffic it is:\n%s", name, text)
		}
	}
}

func TestARouteThatWasNotLeftIsToldEverywhere(t *testing.T) {
	for name, text := range map[string]string{"text": Text(unleft(), Style{}), "markdown": Markdown(unleft()), "junit": JUnit(unleft())} {
		if !strings.Contains(text, aboutRoute+": See that httproute/shop is as you want it") {
			t.Errorf("%s says not what to do:\n%s", name, text)
		}
	}
	if strings.Contains(OpenMetrics(unleft()), "traffic_ratio") {
		t.Error("there is a figure for how a route was left of which nobody knows")
	}
}

// Rounds in which traffic settles are not judged: a trial takes that much longer.
func TestSettlingIsPartOfTheLengthThatWouldSettleATrial(t *testing.T) {
	calm, moved := undecided(), undecided() // about 137.5 s
	moved.Traffic = &trial.Traffic{Settling: moved.Measured.Rounds / 5}
	calm.Findings, moved.Findings = calm.Findings[:1], moved.Findings[:1]
	if got := []string{newView(calm).longer(), newView(moved).longer()}; got[0] != "2m20s" || got[1] != "2m45s" {
		t.Error(got)
	}
}

func TestManyVersionsShareOneColumn(t *testing.T) {
	r := violated()
	r.Versions = r.Versions[:1:1]
	weights := []int{60}
	for i := range 40 {
		r.Versions = append(r.Versions, trial.Version{Name: fmt.Sprint("v", i)})
		weights = append(weights, 1)
	}
	r.Traffic.Course = []trial.Split{{Weights: weights, Why: "start"}}
	for line := range strings.SplitSeq(Text(r, Style{Width: 80}), "\n") {
		if strings.Contains(line, "60/1/1") && len([]rune(line)) > 80 {
			t.Error(line)
		}
	}
}
