package trial

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func stored(t *testing.T, change func(*Report)) []byte {
	t.Helper()
	r := Report{
		Schema: ReportSchema, Tool: "v1", Name: "a <b> & ©", Started: time.Unix(1, 5).UTC(), Status: Judged, Verdict: Fail, Mode: "enforce",
		Findings: []Finding{{Objective: "error-rate <= 1%", Version: "candidate", Baseline: Quantity{math.NaN(), Share}, Candidate: Quantity{0.07, Share}}},
		Versions: []Version{{Name: "baseline", Role: Baseline}, {Name: "candidate"}},
		Series:   []Tracks{{Version: "candidate", At: []float64{0, 1}, P50: []float64{0.1, 0.2}, P95: []float64{0.1, 1e-9}, Failed: []float64{0, 0}}},
		Courses:  []Course{{Metric: "memory", Unit: Bytes, Version: "candidate", At: []float64{0, 15}, Values: []float64{1, 2}}},
	}
	r.Measured.Windows = []Windows{{Series: MetricsSeries, Rounds: 2, Seconds: 30}}
	r.Findings[0].Series, r.Findings[0].Missing, r.Findings[0].Gaps = MetricsSeries, 1, []Gap{{"HTTP 500", 1}}
	if change != nil {
		change(&r)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

// crowd is so many versions with names of their own.
func crowd(n int) []Version {
	var out []Version
	for i := range n {
		out = append(out, Version{Name: strconv.Itoa(i)})
	}
	return append(out, Version{Name: "candidate"})[1:]
}

func judged(version string, v Verdict, inform bool) Finding {
	return Finding{Objective: "error-rate <= 1%", Version: version, Verdict: v, Inform: inform}
}

// contest makes a report that of a version picked among several.
func contest(r *Report, winner string) {
	r.Verdict, r.Choice = Pass, Choice{Pattern: "abn", Winner: winner}
	r.Versions = []Version{{Name: "winner"}, {Name: "loser"}, {Name: "open"}}
	r.Findings = []Finding{judged("winner", Pass, false), judged("loser", Fail, false), judged("open", Inconclusive, false)}
}

// What trials do write must not be refused.
func TestAPassMayHaveFailedFindings(t *testing.T) {
	for name, change := range map[string]func(*Report){
		"with a failure that is ignored": func(r *Report) {
			contest(r, "winner")
			r.Hooks = []Hook{{Event: "pass", Runs: 1, Failed: 1, Ignored: true}, {Event: "finish", Runs: 1, Failed: 1}}
		},
		"of losers": func(r *Report) { contest(r, "winner") },
		"that inform": func(r *Report) {
			r.Verdict, r.Findings[0].Inform = Pass, true
			r.Findings[0].Verdict = Fail
			r.Findings = append(r.Findings, judged("baseline", Pass, false))
		},
		"none, and a crowd":    func(r *Report) { r.Versions = crowd(mostVersions) },
		"of a trial it halted": func(r *Report) { r.Status, r.Verdict, r.Findings[0].Verdict = Cancelled, Inconclusive, Fail },
	} {
		if _, err := ReadReport(stored(t, change)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAStoredReportIsReadBack(t *testing.T) {
	data := stored(t, nil)
	r, err := ReadReport(data)
	if err != nil {
		t.Fatal(err)
	}
	if again := stored(t, func(into *Report) { *into = r }); string(again) != string(data) {
		t.Errorf("read back as\n%s\nwant\n%s", again, data)
	}
}

func TestWhatNoTrialWritesIsNoReport(t *testing.T) {
	text := string(stored(t, nil))
	for name, data := range map[string]string{
		"nothing":               "",
		"Markdown":              "### pass",
		"a list":                "[]",
		"more after it":         text + "{}",
		"an unknown key":        strings.Replace(text, `"tool"`, `"html": "<b>", "tool"`, 1),
		"one deep inside":       strings.Replace(text, `"unit": "share"`, `"unit": "share", "html": "<b>"`, 1),
		"a key in other case":   strings.Replace(text, `"tool"`, `"Tool"`, 1),
		"a key twice":           strings.Replace(text, `"tool"`, `"tool": "x", "tool"`, 1),
		"a wrong type":          strings.Replace(text, `"pairs": 0`, `"pairs": "0"`, 1),
		"an unknown verdict":    strings.Replace(text, `"verdict": "fail"`, `"verdict": "great"`, 1),
		"an unknown role":       strings.Replace(text, `"role": "baseline"`, `"role": "judge"`, 1),
		"an unknown unit":       strings.Replace(text, `"unit": "share"`, `"unit": "<b>"`, 1),
		"text that is no UTF-8": strings.Replace(text, `"tool": "v1"`, "\"tool\": \"v\xff\"", 1),
		"another schema":        string(stored(t, func(r *Report) { r.Schema++ })),
		"points without values": string(stored(t, func(r *Report) { r.Series[0].P50 = nil })),
		"a course of nothing":   string(stored(t, func(r *Report) { r.Courses[0].Values = nil })),
		"more warm-up":          string(stored(t, func(r *Report) { r.Series[0].Warmup = 3 })),
		"a version twice":       string(stored(t, func(r *Report) { r.Versions[0].Name = "candidate" })),
		"too many versions":     string(stored(t, func(r *Report) { r.Versions = crowd(mostVersions + 1) })),
		"a request's markup":    string(stored(t, func(r *Report) { r.Requests = []string{"home", "<b>"} })),
		"requests called all":   string(stored(t, func(r *Report) { r.Requests = []string{Overall} })),
		"another request's":     string(stored(t, func(r *Report) { r.Requests, r.Series[0].Request = []string{"home"}, "buy" })),
		"totals of no request":  string(stored(t, func(r *Report) { r.Totals = []Totals{{Version: "candidate", Request: "buy"}} })),
		"a finding twice":       string(stored(t, func(r *Report) { r.Findings = append(r.Findings, r.Findings[0]) })),
		"an unknown version":    string(stored(t, func(r *Report) { r.Findings[0].Version = "shadow" })),
		"a pass that failed":    string(stored(t, func(r *Report) { r.Verdict, r.Findings[0].Verdict = Pass, Fail })),
		"a pass of open ones":   string(stored(t, func(r *Report) { r.Verdict, r.Findings[0].Verdict = Pass, Inconclusive })),
		"a pass that informs":   string(stored(t, func(r *Report) { r.Verdict, r.Findings[0] = Pass, judged("candidate", Pass, true) })),
		"an unknown winner":     string(stored(t, func(r *Report) { contest(r, "shadow") })),
		"no winner":             string(stored(t, func(r *Report) { contest(r, "") })),
		"a winner that failed":  string(stored(t, func(r *Report) { contest(r, "loser") })),
		"the wrong pattern":     string(stored(t, func(r *Report) { contest(r, "winner"); r.Choice.Pattern = "canary" })),
		"a pass taken back":     string(stored(t, func(r *Report) { contest(r, "winner"); r.Hooks = []Hook{{Event: "pass", Runs: 1, Failed: 1}} })),
		"a pass out of nothing": string(stored(t, func(r *Report) { r.Verdict, r.Findings = Pass, nil })),
	} {
		if data == text {
			t.Fatalf("%s: nothing was changed", name)
		}
		if r, err := ReadReport([]byte(data)); err == nil {
			t.Errorf("%s: read as %+v", name, r)
		}
	}
}
