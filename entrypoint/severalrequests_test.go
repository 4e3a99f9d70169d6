package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

const threeRequests = `
baseline:  {url: %s}
candidate: {url: %s}
load: {rate: 200/s, for: 30s, warmup: 1s, timeout: 1s}
ready: {within: 1s}
at-least: 2s
requests:
  home:   {path: /home, share: 50%%}
  search: {path: /search}
  buy:
    path: /buy
    share: 20%%
    objectives: [latency-p50 <= 200ms]
objectives:
  - latency-p50 <= 200%% of baseline
  - overall/latency-p50 <= 300ms
`

// slowAt answers one path later than all others.
func slowAt(path string, by time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			time.Sleep(by)
		}
		ok(w, r)
	}
}

func tryRequests(t *testing.T, candidate http.HandlerFunc, args ...string) result {
	t.Helper()
	file := fmt.Sprintf(threeRequests, serve(t, ok), serve(t, candidate))
	return finish(t, command(t, append([]string{"--config", write(t, file)}, args...)...))
}

func TestTheRequestThatIsSlowerIsNamedAndNoOther(t *testing.T) {
	t.Parallel()
	r := tryRequests(t, slowAt("/buy", 30*time.Millisecond))
	r.wants(t, exitFail, "FAIL")
	r.wants(t, exitFail, "p50 latency of buy is ")
	report := r.report(t)
	overall := false
	for _, f := range report.Findings {
		if f.Verdict == trial.Fail && f.Objective != "buy/latency-p50 <= 200% of baseline" {
			t.Errorf("%s is blamed: %s", f.Objective, f.Reason)
		}
		overall = overall || f.Objective == "overall/latency-p50 <= 300ms" && f.Request == trial.Overall
	}
	// Three of each, that of buy alone, of all, and errors of each.
	if len(report.Findings) != 8 || report.Pairs != 8 || !overall {
		t.Errorf("%d findings in %d pairs", len(report.Findings), report.Pairs)
	}
	again := finish(t, command(t, "judge", "--json", r.dir))
	if written, err := os.ReadFile(filepath.Join(r.dir, "report.json")); err != nil || string(written) != again.stdout {
		t.Errorf("%v: judged again, it is another report\n%s", err, again.stderr)
	}
}

func TestStoredRequestsAreJudgedByOtherObjectives(t *testing.T) {
	t.Parallel()
	r := tryRequests(t, slowAt("/buy", 30*time.Millisecond))
	again := finish(t, command(t, "judge", r.dir, "--objectives", "search/latency-p50 <= 200ms\noverall/error-rate <= 10%"))
	again.wants(t, exitPass, "search/latency-p50 ≤ 200 ms")
	if strings.Contains(again.stdout, "buy/") {
		t.Error(again.stdout)
	}
	finish(t, command(t, "judge", r.dir, "--objectives", "serch/latency-p50 <= 200ms")).wants(t, exitBadInput, "no request is called serch; did you mean search? (known: home, search, buy, overall)")

	planned := finish(t, command(t, "plan", "--json", "--from", r.dir, "--for", "60s"))
	var plan trial.Plan
	if err := json.Unmarshal([]byte(planned.stdout), &plan); err != nil || len(plan.Forecasts) != 8 || plan.Forecasts[2].Objective != "buy/latency-p50 <= 200% of baseline" {
		t.Errorf("%v: %+v", err, plan.Forecasts)
	}
}

func TestRequestsThatAreAlikePass(t *testing.T) {
	t.Parallel()
	r := tryRequests(t, ok, "--objectives", "latency-p50 <= 500ms")
	r.wants(t, exitPass, "PASS")
	sums := map[string]int{}
	for _, total := range r.report(t).Totals {
		if total.Request == "" {
			sums[total.Version] -= total.Requests
		} else {
			sums[total.Version] += total.Requests
		}
	}
	if sums["baseline"] != 0 || sums["candidate"] != 0 || len(sums) != 2 {
		t.Errorf("totals of requests are not those of all: %v", sums)
	}
}

func TestNotesTellOnceOfWhatEveryRequestHas(t *testing.T) {
	implied := func(request, rule string) trial.Finding {
		f := trial.Finding{Objective: rule, Request: request, Version: "candidate", Implied: true}
		if request != "" {
			f.Objective = request + "/" + rule
		}
		return f
	}
	r := trial.Report{Versions: []trial.Version{{Name: "candidate"}}, Findings: []trial.Finding{
		implied("home", "error-rate <= 1%"), implied("", "x <= 1"), implied("buy", "error-rate <= 1%"),
	}}
	want := "error-rate <= 1% of home, buy was not asked for; a trial without an objective of its kind gets it.\n" +
		"x <= 1 was not asked for; a trial without an objective of its kind gets it."
	if got := strings.Join(unasked(r), "\n"); got != want {
		t.Error(got)
	}
}

func TestRequestsAreToldApartBehindOneAddress(t *testing.T) {
	t.Parallel()
	gateway := newRoute(t, "v2", nil, ok, slowAt("/buy", 40*time.Millisecond))
	file := write(t, fmt.Sprintf(`
baseline: {version: v1}
candidate: {version: v2}
load: {url: %q, identify: X-Version, rate: 150/s, for: 40s, warmup: 1s}
at-least: 2s
requests: [{name: home, path: /home, share: 60%%}, {name: buy, path: /buy}]
objectives: [latency-p50 <= 200%% of baseline]
`, gateway.url))
	r := finish(t, command(t, "--config", file))
	r.wants(t, exitFail, "p50 latency of buy is ")
	for _, f := range r.report(t).Findings {
		if f.Verdict == trial.Fail && f.Request != "buy" {
			t.Errorf("%s is blamed", f.Objective)
		}
	}
}
