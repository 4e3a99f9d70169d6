package metrics

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

func TestEachProviderHasAMeterAndASeries(t *testing.T) {
	p := Plan{
		Providers: map[string]Provider{"a": {Type: "prometheus", URL: "http://a"}, "b": {Type: "prometheus", URL: "http://b", Delay: new(time.Minute)}},
		Metrics: []Metric{
			{Name: "x", Kind: trial.ValueKind, Query: Query{From: "b", Query: "x"}},
			{Name: "y", Kind: trial.ValueKind, Query: Query{From: "a", Query: "y"}},
			{Name: "z", Kind: trial.ValueKind, Query: Query{From: "b", Query: "z"}},
		},
		Windows: Windows{Interval: time.Second, Delay: time.Second},
	}
	meters, err := p.Meters(around())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range meters {
		got = append(got, fmt.Sprint(m.series, len(m.metrics), m.windows.Delay))
	}
	if diff := cmp.Diff([]string{"b2 1m0s", "a1 1s"}, got); diff != "" {
		t.Error(diff)
	}
	p.Metrics = p.Metrics[:1]
	if meters, _ = p.Meters(around()); meters[0].series != trial.MetricsSeries {
		t.Errorf("the only series is called %s", meters[0].series)
	}
	p.Providers["b"] = Provider{Type: "prometheus", URL: "b"}
	if _, err = p.Meters(around()); err == nil || !strings.Contains(err.Error(), "the provider b: its url is no address") {
		t.Error(err)
	}
}

// A trial that goes on is one trial: its windows have the numbers and times after
// those of the former run, and the first of them a difference of its own.
func TestWindowsGoOnBehindThoseOfAFormerRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: running}
		m := meterOf(f, 1, 1, 2)
		m.first, m.warmup = 20, 205*time.Second
		began := time.Now()
		var got []string
		for round := range m.Rounds(t.Context()) {
			got = append(got, fmt.Sprint(round.Index, round.Start, round.End, *round.Samples[0].Total, round.Warmup, round.Closed))
		}
		if diff := cmp.Diff([]string{"20 3m20s 3m30s 30 true 3m33s", "21 3m30s 3m40s 30 false 3m43s"}, got); diff != "" {
			t.Error(diff)
		}
		if !f.windows[0].To.Equal(began) {
			t.Errorf("first asked about %v", f.windows[0])
		}
	})
}

func TestWhatWasAskedIsKeptInBoundsAndWithoutSecrets(t *testing.T) {
	m := meterOf(&fake{}, 1, 1, 1)
	m.around.Hide = func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }
	got := said{text: "s3cret" + strings.Repeat("x", 10<<10)}
	at := time.Unix(1000, 0)
	for i := range 30 {
		s := series{name: fmt.Sprintf("{token=%q, i=%q}", "s3cret", fmt.Sprint(i))}
		for k := range 15 {
			s.points = append(s.points, point{at.Add(time.Duration(k) * time.Second), float64(k)})
		}
		got.answer.series = append(got.answer.series, s)
	}
	kept := m.asked(inquiry{part: whole}, got)
	if len(kept.Query) != mostQuery || len(kept.Series) != mostSeries || kept.LeftOut != 10 || len(kept.Series[0].Points) != mostPoints || kept.Series[0].LeftOut != 5 {
		t.Errorf("%d bytes, %d series, %d left out, %d points", len(kept.Query), len(kept.Series), kept.LeftOut, len(kept.Series[0].Points))
	}
	if !kept.Newest.Equal(at.Add(14*time.Second)) || strings.Contains(fmt.Sprint(kept), "s3cret") {
		t.Errorf("%v", kept)
	}
}

func TestMadeUpNumbersAreOfTheirKindAndSeed(t *testing.T) {
	m := meterOf(nil, 0, 2, 1)
	m.seed = 7
	for _, kind := range []trial.Kind{trial.CountsKind, trial.HistogramKind, trial.MomentsKind, trial.ValueKind, trial.TotalKind} {
		of := Metric{Name: "x", Kind: kind, Mock: map[string]float64{"v0": 0.5}}
		s := m.mocked(of, 0, 3)
		if s.Kind() != kind || s.Check() != nil {
			t.Errorf("%s: %+v", kind, s)
		}
		if diff := cmp.Diff(s, m.mocked(of, 0, 3)); diff != "" {
			t.Errorf("%s is made up anew: %s", kind, diff)
		}
		if cmp.Equal(s, m.mocked(of, 0, 4)) && kind != trial.TotalKind {
			t.Errorf("%s is the same in every window", kind)
		}
		if s = m.mocked(of, 1, 3); s.Missing == "" {
			t.Errorf("%s: a number for a version that has none", kind)
		}
	}
}

func TestSecretsInSeriesAreNotShownWhereOneIsMissing(t *testing.T) {
	f := &fake{answer: func(context.Context, ask) (answer, error) {
		return answer{series: []series{{name: `{echo="s3cret"}`}, {name: `{echo="other"}`}}}, nil
	}}
	m := meterOf(f, 1, 1, 1)
	m.metrics[0].Kind = trial.ValueKind
	m.around.Hide = func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }
	round := m.ask(t.Context(), 0, Window{From: time.Unix(0, 0), To: time.Unix(10, 0)})
	if got := round.Samples[0].Missing; !strings.Contains(got, `{echo="***"}`) || strings.Contains(fmt.Sprint(round), "s3cret") {
		t.Errorf("%q, %v", got, round)
	}
}
