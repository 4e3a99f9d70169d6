package summary

import (
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestAReportSaysWhatItsReaderNeedsFirst(t *testing.T) {
	cancelledAfterFail := failing()
	cancelledAfterFail.Status = trial.Cancelled
	reporting := failing()
	reporting.Mode, reporting.ExitCode = "report", 0
	lower := passing()
	lower.Findings = []trial.Finding{lower.Findings[3]}
	lower.Findings[0].Verdict, lower.Findings[0].Inform = trial.Pass, false
	unsent := failing()
	unsent.Measured.Unsent = 1200
	again, anew := passing(), passing()
	again.Try, anew.Try = 3, 1
	silent := trial.Report{Status: trial.BadInput, Reason: "seatrial.yaml:14:5: no metric is called latncy-p95\nseatrial.yaml:21:9: unknown key\n2 mistakes; nothing was sent."}
	tests := map[string]struct {
		report trial.Report
		want   []string
		never  []string
	}{
		"an inconclusive one what would settle it": {undecided(), []string{"**What would settle it:** a trial of about 2m20s (`for: 2m20s`)."}, nil},
		"a pass what could still hide": {passing(), []string{
			"with 95 % confidence, however often one looks. What could still hide: latency-p95 up to +4 %; latency-p99 up to 231 ms; error-rate up to +0.42 points."}, nil},
		"a pass of a least how low it could be":  {lower, []string{"throughput down to 94.1/s."}, nil},
		"what was never sent":                    {unsent, []string{"1,200 not sent (they count as failed), 0 late"}, []string{"all sent"}},
		"what running it again is worth":         {again, []string{"Try 3 of this step: of 3 trials of a candidate at its limit one passes with a chance of up to 14.3 %, not 5 %."}, nil},
		"nothing of a first try":                 {anew, nil, []string{"of this step"}},
		"a trial that is not ready what to do":   {notReady(), []string{"### ⏳ Seatrial: not ready — can't become ready: deployment", "**What to do:** Waiting longer would not help"}, []string{"| objective", "What would settle it"}},
		"a broken one what broke and what to do": {broken(), []string{"### ⚠️ Seatrial: could not measure — baseline: no request", "**What to do:** Nothing was"}, []string{"What would settle it", "too close"}},
		"a fail that stands though cancelled":    {cancelledAfterFail, []string{"### ❌ Seatrial: fail", "The fail was shown before the trial ended early (cancelled); it stands."}, nil},
		"that a fail has no teeth":               {reporting, []string{"mode: report, so the pipeline goes on: exit code 0."}, nil},
		"every mistake in a line of its own": {silent, []string{
			"### ⚠️ Seatrial: bad input — seatrial.yaml:14:5:", "\n- seatrial.yaml:21:9: unknown key\n- 2 mistakes;"}, []string{"<details>"}},
		"which candidate a row is about":  {threeCandidates(), []string{"| ⏸️ | error-rate ≤ baseline + 0.5\u00a0% | `no-cache` | 0.15"}, nil},
		"no baseline where there is none": {conformance(), []string{"| | objective | candidate `4f2c9e1` | |"}, []string{"baseline `"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := Markdown(test.report)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in:\n%s", want, got)
				}
			}
			for _, never := range test.never {
				if strings.Contains(got, never) {
					t.Errorf("%q in:\n%s", never, got)
				}
			}
		})
	}
}

func TestAnEmptyReportIsNeverAPass(t *testing.T) {
	for ending, render := range forms {
		got := strings.ToLower(render(trial.Report{}))
		if !strings.Contains(got, "could not measure") || strings.Contains(got, "✅") {
			t.Errorf("%s: %s", ending, got)
		}
	}
}

func TestThePageLoadsNothing(t *testing.T) {
	for name, r := range reports() {
		page := HTML(r)
		for _, never := range []string{"<script", "src=", "href=", "@import", "url("} {
			if strings.Contains(page, never) {
				t.Errorf("%s: %q on the page", name, never)
			}
		}
	}
}

func TestThePageDrawsTheCourseOfTheTrial(t *testing.T) {
	page := HTML(broken())
	for _, want := range []string{
		`<path class="line v0"`, `<path class="line v1"`, `<rect class="warmup"`, ">p95 latency, ms</text>", ">seconds since the first request</text>", ">v41</text>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	if !strings.Contains(HTML(failing()), ">fail shown at 11.8 s</text>") {
		t.Error("the moment of the verdict is not marked")
	}
}
