package summary

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seatrial/seatrial/trial"
)

// threeRequests is a trial in which one request of three is slower.
func threeRequests() trial.Report {
	r := failing()
	r.Requests = []string{"home", "search", "checkout"}
	slow, fast, all := p95(trial.Fail), p95(trial.Pass), p99()
	slow.Objective, slow.Request = "checkout/"+slow.Objective, "checkout"
	slow.Reason = "p95 latency of checkout is 27 % above baseline (78 ms against 61.2 ms), 10 % allowed; shown with 24:1 evidence after 27 rounds"
	fast.Objective, fast.Request, fast.Change, fast.Anytime = "home/"+fast.Objective, "home", of(trial.Ratio, 0.01), from(trial.Ratio, -0.03, 0.06)
	fast.Candidate, fast.Needs = of(trial.Seconds, 0.0618), nil
	fast.Reason = "p95 latency of home is 1 % above baseline (61.8 ms against 61.2 ms), 10 % allowed; shown after 27 rounds"
	all.Objective, all.Request = "overall/"+all.Objective, trial.Overall
	r.Reason, r.Findings, r.Totals, r.Series = slow.Reason, []trial.Finding{slow, fast, all}, nil, nil
	for i, request := range append([]string{""}, r.Requests...) {
		for v, version := range []string{"baseline", "candidate"} {
			sent := []int{675, 405, 202, 68}[i]
			r.Totals = append(r.Totals, trial.Totals{
				Version: version, Request: request, Requests: sent, Failed: v * i, Rate: of(trial.PerSecond, float64(sent)/6.75), Mean: of(trial.Seconds, 0.03),
				P50: of(trial.Seconds, 0.03), P90: of(trial.Seconds, 0.05), P95: of(trial.Seconds, 0.0612), P99: of(trial.Seconds, 0.2),
			})
			w := wave(version, 0.06+0.02*float64(v*(i/3)), 27, 5, 6.75)
			w.Request = request
			r.Series = append(r.Series, w)
		}
	}
	return r
}

// A chart of all requests shows mostly which of them were sent.
func TestChartsOfSeveralRequestsSayOfWhich(t *testing.T) {
	r := threeRequests()
	text := Markdown(r)
	for _, name := range []string{"**all requests**", "**home**", "**search**", "**checkout**"} {
		if !strings.Contains(text, name+"\n\n```mermaid") {
			t.Errorf("no chart of %s", name)
		}
	}
	r.Findings = r.Findings[:2] // nothing is asked of all of them
	text, page := Markdown(r), HTML(r)
	if n := strings.Count(text, "```mermaid"); n != 3 || strings.Contains(text, "**all requests**") {
		t.Errorf("%d charts", n)
	}
	if n := strings.Count(page, "<svg"); n != 3 || strings.Count(page, "<p><strong>") != 3 {
		t.Errorf("%d charts on the page", n)
	}
}

func TestManyRequestsStayReadable(t *testing.T) {
	r := threeRequests()
	total, track := r.Totals[2], r.Series[2]
	r.Requests, r.Totals, r.Series = nil, r.Totals[:2], r.Series[:2]
	for i := range 60 {
		total.Request = fmt.Sprintf("request-%d", i)
		track.Request = total.Request
		r.Requests, r.Totals, r.Series = append(r.Requests, total.Request), append(r.Totals, total), append(r.Series, track)
	}
	text := Markdown(r)
	if !strings.Contains(text, "and 20 rows more") || !strings.Contains(text, "52 more requests not drawn.") {
		t.Error(text)
	}
	if len(Comment(r)) > CommentLimit {
		t.Error("too long for a comment")
	}
}

// The metric and its limit tell the rows of one request apart, so that the end of a
// long name goes first.
func TestALongNameOfARequestLeavesTheMetric(t *testing.T) {
	r := threeRequests()
	name := strings.Repeat("long-", 12) + "name"
	for i := range r.Findings {
		_, rest, _ := strings.Cut(r.Findings[i].Objective, "/")
		r.Findings[i].Objective = name + "/" + rest
	}
	for _, width := range []int{80, 100, 120} {
		text := Text(r, Style{Width: width})
		table, _, _ := strings.Cut(text[strings.Index(text, "objective"):], "\n\n")
		for line := range strings.SplitSeq(table, "\n") {
			if utf8.RuneCountInString(line) > width || !strings.Contains(line, "objective") && !strings.Contains(line, "…/latency-p9") {
				t.Errorf("at %d columns: %s", width, line)
			}
		}
	}
}

// Sums over versions must not count a request twice.
func TestMachinesAreToldOfRequestsUnderNamesOfTheirOwn(t *testing.T) {
	r := threeRequests()
	text := OpenMetrics(r)
	for _, want := range []string{`seatrial_request_requests{version="candidate",request="checkout"} 68`, `seatrial_version_requests{version="candidate"} 675`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^seatrial_version_requests\{`).FindAllString(text, -1)); n != 2 {
		t.Errorf("%d totals of versions", n)
	}
	var k6 struct{ Metrics map[string]map[string]float64 }
	if err := json.Unmarshal([]byte(LoadPerformance(r)), &k6); err != nil {
		t.Fatal(err)
	}
	if m := k6.Metrics; m["checks"]["passes"] != 675 || m["http_reqs{name:checkout}"]["rate"] != 68/6.75 || m["http_req_failed{name:checkout}"]["passes"] != 3 {
		t.Errorf("%v", m)
	}
}
