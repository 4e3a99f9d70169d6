package slo

import (
	"strings"
	"testing"
)

func TestObjectivesAreParsed(t *testing.T) {
	for text, want := range map[string]Objective{
		"latency-p95 <= 300ms":             {Text: "latency-p95 <= 300ms", metric: latency, stat: stat{quantile, 0.95}, limit: limit{absolute, 0.3}},
		"  latency-p99.9≤1.5s ":            {Text: "latency-p99.9 <= 1.5s", metric: latency, stat: stat{quantile, 0.999}, limit: limit{absolute, 1.5}},
		"latency-p95 <= 110%  of baseline": {Text: "latency-p95 <= 110% of baseline", metric: latency, stat: stat{quantile, 0.95}, limit: limit{ratio, 1.1}},
		"latency-mean < baseline + 5ms":    {Text: "latency-mean < baseline + 5ms", metric: latency, stat: stat{kind: mean}, limit: limit{difference, 0.005}},
		"error-rate <= 1%":                 {Text: "error-rate <= 1%", metric: errorRate, limit: limit{absolute, 0.01}},
		"error-rate <= 0.01":               {Text: "error-rate <= 0.01", metric: errorRate, limit: limit{absolute, 0.01}},
		"error-rate <= baseline + 2%":      {Text: "error-rate <= baseline + 2%", metric: errorRate, limit: limit{difference, 0.02}},
		"error-rate <= 150% of baseline":   {Text: "error-rate <= 150% of baseline", metric: errorRate, limit: limit{ratio, 1.5}},
		"throughput >= 500/s":              {Text: "throughput >= 500/s", metric: throughput, lower: true, limit: limit{absolute, 500}},
		"throughput >= 98% of baseline":    {Text: "throughput >= 98% of baseline", metric: throughput, lower: true, limit: limit{ratio, 0.98}},
	} {
		var got Objective
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestObjectivesThatMeanNothingAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "want metric <= limit",
		"latency-p95":                     "want metric <= limit",
		"latency-p95 = 3ms":               "want metric <= limit",
		"latency <= 300ms":                "no metric is called latency",
		"latency-p0 <= 300ms":             "p with a number between 0 and 100",
		"latency-p100 <= 300ms":           "p with a number between 0 and 100",
		"latency-pNaN <= 300ms":           "p with a number between 0 and 100",
		"latency-p95 <= 300":              "write it with its unit",
		"latency-p95 <= NaN":              "write it with its unit",
		"latency-p95 <= -3ms":             "write it with its unit",
		"latency-p95 <= 10m":              "at most 7m",
		"latency-p95 <= 10%":              "write it with its unit",
		"latency-p95 <= baseline + 10%":   "write it with its unit",
		"latency-p95 <= baseline":         "give a tolerance",
		"latency-p95 <= baseline ± 5ms":   "not ±",
		"latency-p95 <= -5% of baseline":  "not a positive percentage",
		"latency-p95 <= NaN% of baseline": "not a positive percentage",
		"error-rate <= 0%":                "can't be shown by any number",
		"error-rate <= 100%":              "can't be shown by any number",
		"error-rate <= 101%":              "is not a share",
		"error-rate <= NaN":               "is not a share",
		"throughput >= 0":                 "is not a rate",
	} {
		var o Objective
		if err := o.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"latency-p95 <= 110% of baseline", "error-rate <= baseline + 2%", "throughput >= 5/s", "latency-p95 <= baseline − 1ms"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var o Objective
		if o.UnmarshalText([]byte(text)) != nil {
			return
		}
		var again Objective
		if err := again.UnmarshalText([]byte(o.Text)); err != nil || again != o {
			t.Errorf("%q: its canonical words %q give %+v, %v", text, o.Text, again, err)
		}
	})
}
