package metrics

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

func TestPresetOfAMesh(t *testing.T) {
	got, err := Preset("istio", map[string]string{
		"destination_workload": "shop", "destination_workload_namespace": "=~prod|live", "reporter": "source", "destination_version": `{{version}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	milli := 0.001
	labels := `destination_version="{{version}}", destination_workload="shop", destination_workload_namespace=~"prod|live", reporter="source"`
	want := []Declared{
		{Name: "request-count", Description: "requests that Istio's proxies saw", Kind: trial.TotalKind, Traffic: true,
			Query: Query{Query: "istio_requests_total{" + labels + "}"}},
		{Name: "error-rate", Description: "requests answered with 5xx", Kind: trial.CountsKind,
			Query: Query{Hits: "istio_requests_total{" + labels + `, response_code=~"5.."}`, Trials: "istio_requests_total{" + labels + "}"}},
		{Name: "latency", Description: "duration of requests in Istio's proxies", Kind: trial.HistogramKind, Unit: trial.Seconds,
			Query: Query{Query: "istio_request_duration_milliseconds_bucket{" + labels + "}", Sum: "istio_request_duration_milliseconds_sum{" + labels + "}", Scale: &milli}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryPresetDeclaresTheSameThreeMetrics(t *testing.T) {
	if len(PresetNames()) < 7 {
		t.Errorf("presets: %v", PresetNames())
	}
	for _, name := range PresetNames() {
		file, err := readPreset(name)
		if err != nil || !strings.HasPrefix(file.Docs, "https://") {
			t.Errorf("%s: documented at %q; %v", name, file.Docs, err)
		}
		all, err := Preset(name, map[string]string{"namespace": `a "shop"`})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, d := range all {
			m := Metric{Name: d.Name, Kind: d.Kind, Query: d.Query}
			if _, err := m.queries(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := checkPromQL(m); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if names = append(names, d.Name); d.Kind == trial.CountsKind {
				h, _ := parseSelector(sampleFilled(d.Query.Hits))
				n, _ := parseSelector(sampleFilled(d.Query.Trials))
				if len(h.restricts(n)) != 1 {
					t.Errorf("%s: %s are not some of %s", name, d.Query.Hits, d.Query.Trials)
				}
			}
			if d.Kind == trial.HistogramKind && d.Unit != trial.Seconds {
				t.Errorf("%s: latency in %s", name, d.Unit)
			}
		}
		if diff := cmp.Diff([]string{"request-count", "error-rate", "latency"}, names); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Three metrics of two versions take four questions: requests, errors, buckets and
// sums.
func TestPresetsAskForAllVersionsAtOnce(t *testing.T) {
	for _, name := range PresetNames() {
		all, err := Preset(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		asked := map[string]bool{}
		for _, d := range all {
			for p, text := range d.Query.given() {
				var own []selector
				for _, v := range []string{"a", "b"} {
					filled, err := fill(text, map[string]string{"version": v, "cluster": v, "canary": v}, quotePromQL)
					if err != nil {
						t.Fatal(err)
					}
					own = append(own, selectors(t, filled)...)
				}
				both, able := putTogether(own)
				if !able {
					t.Errorf("%s: %s of %s is asked for each version", name, p, d.Name)
				}
				asked[both.text] = true
			}
		}
		if len(asked) != 4 {
			t.Errorf("%s: %d questions: %v", name, len(asked), asked)
		}
	}
}

func TestAUsualLabelCanBeTakenAway(t *testing.T) {
	all, err := Preset("linkerd", map[string]string{"deployment": "", "pod": "!=x"})
	if err != nil || all[0].Query.Query != `response_total{direction="inbound", pod!="x"}` {
		t.Errorf("%+v, %v", all[0].Query, err)
	}
}

func TestPresetTellsWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   string
	}{
		{"isto", nil, "did you mean istio?"},
		{"../istio", nil, "is no preset (known: envoy,"},
		{"istio", map[string]string{`a="b",c`: "d"}, "is no label's name"},
	} {
		if _, err := Preset(c.name, c.labels); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %v: %v, want %q", c.name, c.labels, err, c.want)
		}
	}
}

func TestTheDocumentNamesEveryPreset(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range PresetNames() {
		file, err := readPreset(name)
		if err != nil {
			t.Fatal(err)
		}
		labels := strings.TrimSuffix(strings.TrimPrefix(selected("n", file.Labels), "n{"), "}")
		row := "| `" + name + "` | `" + labels + "` | <" + file.Docs + "> |"
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/metrics.md has no row %s", row)
		}
	}
}
