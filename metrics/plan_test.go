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
		Windows: Windows{Interval: time.Second, Delay: new(time.Second)},
	}
	meters, err := p.Meters(around())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range meters {
		got = append(got, fmt.Sprint(m.series, len(m.metrics), m.delay))
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

// Whoever is asked too early sees windows that are not whole: each type says how
// long it takes, and who says so.
func TestEveryTypeOfProviderHasADelay(t *testing.T) {
	for _, l := range languages() {
		switch {
		case l.word == "rest":
			if l.delay != 0 {
				t.Errorf("nobody knows the delay of any API, and it is %s", l.delay)
			}
		case l.source == "":
			t.Errorf("%s: nobody says that it takes %s", l.word, l.delay)
		case l.delay < 0 || l.delay > 10*time.Minute:
			t.Errorf("%s takes %s", l.word, l.delay)
		}
	}
}

func TestADelayIsTheProvidersThenTheWindowsThenItsTypes(t *testing.T) {
	for _, c := range []struct {
		kind              string
		provider, windows *time.Duration
		want              time.Duration
	}{
		{"prometheus", nil, nil, 10 * time.Second},
		{"cloudwatch", nil, nil, 2 * time.Minute},
		{"sqlite", nil, nil, 0},
		{"prometheus", nil, new(time.Second), time.Second},
		{"prometheus", nil, new(time.Duration), 0},
		{"cloudwatch", new(time.Duration), new(time.Second), 0},
		{"prometheus", new(time.Minute), new(time.Second), time.Minute},
		{"none", nil, nil, 0},
	} {
		p := Plan{Providers: map[string]Provider{"p": {Type: c.kind, Delay: c.provider}}, Windows: Windows{Delay: c.windows}}
		if got := p.delayOf("p"); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// A place that nothing is known for, and windows that are too short, are found
// before anything is asked, wherever they stand.
func TestRequestsAreTriedBeforeTheyAreSent(t *testing.T) {
	versions := []Version{{Name: "baseline", Places: map[string]string{"version": "v1"}}, {Name: "candidate", Places: map[string]string{"version": "v2", "pod": "p"}}}
	poll := func(p Poll) Query { p.Ticket, p.Done = ".id", ".done"; return Query{Path: "a", Poll: &p} }
	for want, q := range map[string]Query{
		"":               {Path: "a/{{version}}", Params: map[string]string{"t": "{{to-seconds}}", "s": "{{since-ms}}", "x": "{{site}}"}, Body: `{"n": {{round-ms}}}`},
		"{{vresion}}":    {Path: "a/{{vresion}}"},
		"{{form}}":       {Path: "a", Params: map[string]string{"t": "{{form}}"}},
		"{{rownd}}":      {Path: "a", Body: `{"a": "{{rownd}}"}`},
		"{{token}}":      {Path: "a", Headers: map[string]string{"X": "{{token}}"}},
		"{{pod}}":        {Path: "a/{{pod}}"}, // the baseline has none
		"{{id}}":         poll(Poll{Path: "b/{{id}}"}),
		"{{job}}":        poll(Poll{Path: "b/{{ticket}}", Body: "{{job}}"}),
		"between quotes": {Path: "a", Body: `{"a": {{version}}}`},
	} {
		m := Metric{Name: "m", Kind: trial.TotalKind, Query: q}
		err := m.Check(Provider{Type: "rest", URL: "http://a", Settings: map[string]string{"site": "s"}}, versions)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v, want %q", q, err, want)
		}
	}
	if err := (Metric{Name: "m", Kind: trial.TotalKind, Query: poll(Poll{Path: "b/{{ticket}}", Body: "{{ticket}}"})}).Check(Provider{Type: "rest"}, versions); err != nil {
		t.Error(err)
	}
	cloudwatch := func(period string) Provider {
		return Provider{Type: "cloudwatch", Settings: map[string]string{"region": "r", "period": period}}
	}
	if err := cloudwatch("").CheckLength(15 * time.Second); err == nil || !strings.Contains(err.Error(), "windows: {interval: 1m0s}") {
		t.Error(err)
	}
	for _, p := range []Provider{cloudwatch("10"), {Type: "cloudwatch"}, {Type: "prometheus"}, {Type: "none"}} {
		if err := p.CheckLength(15 * time.Second); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
