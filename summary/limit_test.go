package summary

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// growths make a report too long, each in its own place.
func growths() map[string]func(*trial.Report) {
	huge := strings.Repeat("@#<_", 1000)
	return map[string]func(*trial.Report){
		"findings": func(r *trial.Report) { many(r, 20_000, func(*trial.Finding) {}) },
		"hostile findings": func(r *trial.Report) {
			many(r, 1000, func(f *trial.Finding) {
				f.Objective, f.Name, f.Reason, f.Statistic, f.Version = huge, huge, huge, huge, huge
			})
		},
		"examples": func(r *trial.Report) {
			for range 1000 {
				r.Examples = append(r.Examples, trial.Example{Version: huge, Status: huge, Text: huge})
			}
		},
		"notes": func(r *trial.Report) {
			for range 1000 {
				r.Notes = append(r.Notes, huge)
			}
		},
		"versions": func(r *trial.Report) {
			for range 256 {
				r.Versions = append(r.Versions, trial.Version{Name: huge, Label: huge, URL: huge})
			}
		},
		"commands": func(r *trial.Report) {
			for range 1000 {
				r.Hooks = append(r.Hooks, trial.Hook{Event: huge, Name: huge, Runs: 1, Failed: 1, Trouble: huge, Output: slices.Repeat([]string{huge}, 100)})
			}
		},
		"a crowd": crowd,
		"hostile contest": func(r *trial.Report) {
			crowd(r)
			for i := range r.Versions {
				r.Versions[i].Label = huge
			}
			for k := range r.Choice.Rankings {
				ranking := &r.Choice.Rankings[k]
				ranking.Name, ranking.Reward, ranking.Statistic = huge, huge, huge
				for i := range ranking.Duels {
					ranking.Duels[i].Version, ranking.Duels[i].Rival = huge, huge
				}
			}
		},
		"reason": func(r *trial.Report) {
			r.Status, r.Verdict, r.Reason = trial.BadInput, trial.Inconclusive, strings.Repeat(huge+"\n", 10_000)
		},
	}
}

func TestAReportOfAnySizeStaysWithinTheLimit(t *testing.T) {
	singly, tests := growths(), growths()
	tests["all at once"] = func(r *trial.Report) {
		for _, grow := range singly {
			grow(r)
		}
	}
	for name, grow := range tests {
		t.Run(name, func(t *testing.T) {
			r := failing()
			grow(&r)
			if n := len(Comment(r)); n > CommentLimit {
				t.Errorf("the comment has %d bytes, more than %d", n, CommentLimit)
			}
			for ending, render := range forms {
				got := render(r)
				if len(got) > Limit {
					t.Errorf("%s: %d bytes, more than %d", ending, len(got), Limit)
				}
				if word := outcomeOf(r).word; !strings.Contains(strings.ToLower(got[:min(len(got), 8000)]), word) {
					t.Errorf("%s: the verdict %q is not at its top", ending, word)
				}
			}
		})
	}
}

// many makes findings of which only the last fails.
func many(r *trial.Report, n int, spoil func(*trial.Finding)) {
	r.Findings = nil
	for range n {
		f := p99()
		spoil(&f)
		r.Findings = append(r.Findings, f)
	}
	r.Findings[n-1].Verdict = trial.Fail
}

func TestATruncatedReportSaysSoAndKeepsTheFailures(t *testing.T) {
	r := failing()
	many(&r, 5000, func(*trial.Finding) {})
	got := Markdown(r)
	for _, want := range []string{
		"### ❌ Seatrial: fail — p95 latency is 27 % above baseline",
		"\n| ❌ | latency-p99 ≤ 300\u00a0ms |",
		"\ntruncated: unexpected answers and logs, the chart, every figure, notes and what was done, findings beyond the first 50 (report.json has all of it)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in the truncated report", want)
		}
	}
}

func TestSectionsAreCutInTheirOrder(t *testing.T) {
	r := failing()
	whole := len(Markdown(r))
	var got []string
	for limit := whole; limit > 0; limit -= 100 {
		text := fit(r, limit, document.markdown)
		_, cut, _ := strings.Cut(text, "truncated: ")
		cut, _, _ = strings.Cut(cut, " (report.json")
		if len(text) > limit && strings.Contains(text, "<details>") {
			t.Errorf("%d bytes, more than %d, and more could be cut", len(text), limit)
		}
		if len(got) == 0 || got[len(got)-1] != cut {
			got = append(got, cut)
		}
	}
	want := []string{
		"",
		"unexpected answers and logs",
		"unexpected answers and logs, the chart",
		"unexpected answers and logs, the chart, every figure",
		"unexpected answers and logs, the chart, every figure, notes and what was done",
		"all but what is here",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cuts (-want +got):\n%s", diff)
	}
}

func TestADiagramIsShortEnoughForEveryServer(t *testing.T) {
	for _, versions := range []int{1, 2, 6, 12} {
		r := failing()
		r.Series = nil
		for range versions {
			r.Series = append(r.Series, wave("candidate", 0.0999, 5000, 20, 11.75))
		}
		diagram := newView(r).course("", 60).mermaid()
		if len(diagram) > 2000 {
			t.Errorf("%d versions: a diagram of %d characters", versions, len(diagram))
		}
		points := map[int]bool{}
		for line := range strings.SplitSeq(diagram, "\n") {
			if strings.HasPrefix(line, "  line ") {
				points[strings.Count(line, ",")+1] = true
			}
		}
		if len(points) != 1 {
			t.Errorf("%d versions: lines of different lengths %v", versions, points)
		}
	}
}
