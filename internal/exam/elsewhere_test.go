package main

import (
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

// Error rates of metrics from elsewhere; go test -v shows the table.
func TestMetricsFromElsewhereKeepTheirErrorRates(t *testing.T) {
	if testing.Short() {
		t.Skip("plays thousands of windows")
	}
	const trials, most = 100, 13 // P(more than 13 of 100 | 5 %) < 0.1 %
	for _, w := range elsewhereCases() {
		got := w.judged(trials)
		t.Log(line(w.row(got)))
		for _, v := range []trial.Verdict{trial.Pass, trial.Fail} {
			if w.truth.wrong(v) && got.count(v) > most {
				t.Errorf("%s: %d of %d trials %s", w.name, got.count(v), trials, v)
			}
		}
		right := map[truth]trial.Verdict{within: trial.Pass, beyond: trial.Fail}[w.truth]
		if w.truth != atLimit && got.count(right) < trials*2/3 {
			t.Errorf("%s: only %d of %d trials %s", w.name, got.count(right), trials, right)
		}
		if strings.Contains(w.name, "all missing") && got.count(trial.Inconclusive) != trials {
			t.Errorf("%s: %d trials had a verdict", w.name, trials-got.count(trial.Inconclusive))
		}
	}
}
