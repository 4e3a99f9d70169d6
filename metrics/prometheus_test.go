package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// saying is a Prometheus that answers every query with a body, and notes the
// queries.
func saying(t *testing.T, status int, body string) (prometheus, *[]url.Values) {
	t.Helper()
	var asked []url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = append(asked, r.Form)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	s, err := prometheusLanguage().open(Provider{URL: server.URL + "/select/0"}, around())
	if err != nil {
		t.Fatal(err)
	}
	return s.(prometheus), &asked
}

func matrix(series string) string {
	return `{"status":"success","data":{"resultType":"matrix","result":[` + series + `]}}`
}

func TestTotalsAreAskedForAsRawSamples(t *testing.T) {
	p, sent := saying(t, 200, matrix(`{"metric":{"__name__":"n","instance":"i","job":"j","code":"200"},"values":[[1767323040.781,"3"],[1767323045.781,"4.5"]]}`))
	m := Metric{Name: "m", Kind: trial.TotalKind, Query: Query{Query: `n{v="a"}`}}
	got, err := p.ask(t.Context(), ask{metric: m, part: whole, text: m.Query.Query, window: window(1)})
	if err != nil {
		t.Fatal(err)
	}
	want := []series{{
		name: `n{code="200", instance="i", job="j"}`, labels: map[string]string{"__name__": "n", "instance": "i", "job": "j", "code": "200"},
		origin: `"" "j" "" "" "i"`,
		points: []point{{time.UnixMilli(1767323040781), 3}, {time.UnixMilli(1767323045781), 4.5}},
	}}
	if diff := cmp.Diff(want, got.series, cmp.AllowUnexported(series{}, point{})); diff != "" {
		t.Error(diff)
	}
	form := (*sent)[0]
	if form.Get("query") != `n{v="a"}[30000ms]` || form.Get("time") != "2026-01-02T03:04:20Z" || form.Get("partial_response") != "false" {
		t.Errorf("asked %v", form)
	}
}

func TestMarksOfEndedSeriesAreNoNumbers(t *testing.T) {
	body := matrix(`{"metric":{"pod":"a"},"values":[[1,"5"],[2,"NaN"],[3,"6"],[4,"NaN"]]},{"metric":{"pod":"b"},"values":[[4,"NaN"]]}`)
	for kind, want := range map[trial.Kind]string{trial.TotalKind: "[5 6] [NaN]", trial.ValueKind: "[5 NaN 6 NaN] [NaN]"} {
		p, _ := saying(t, 200, body)
		got, err := p.ask(t.Context(), ask{metric: Metric{Kind: kind}, part: whole, text: "n", window: window(1)})
		var text []string
		for _, s := range got.series {
			var numbers []float64
			for _, p := range s.points {
				numbers = append(numbers, p.value)
			}
			text = append(text, fmt.Sprint(numbers))
		}
		if strings.Join(text, " ") != want || err != nil {
			t.Errorf("%s: %v, want %s; %v", kind, text, want, err)
		}
	}
}

func TestASeriesOfNoInstanceIsASum(t *testing.T) {
	p, _ := saying(t, 200, matrix(`{"metric":{"__name__":"job:n:sum","job":"j"},"values":[[1767323040,"3"]]}`))
	got, err := p.ask(t.Context(), ask{metric: Metric{Kind: trial.TotalKind}, part: whole, text: "job:n:sum", window: window(1)})
	if err != nil || len(got.series) != 1 || !got.series[0].summed || got.series[0].origin != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHitsTellByWhichLabelsTheyAreSomeOfTheTrials(t *testing.T) {
	p, _ := saying(t, 200, matrix(""))
	m := Metric{Kind: trial.CountsKind, Query: Query{Hits: `n{v="{{version}}", code="500"}`, Trials: `n{v="{{version}}"}`}}
	a := ask{metric: m, part: hits, text: `n{v="2", code="500"}`, places: map[string]string{"version": "2"}, window: window(1)}
	got, err := p.ask(t.Context(), a)
	if diff := cmp.Diff([]string{"code"}, got.partOf); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
	a.part, a.text = trials, `n{v="2"}`
	if got, err := p.ask(t.Context(), a); got.partOf != nil || err != nil {
		t.Errorf("trials are some of nothing: %v, %v", got.partOf, err)
	}
}

func TestATotalThatIsNoSelectorIsRefusedWhenAskedFor(t *testing.T) {
	p, sent := saying(t, 200, matrix(""))
	_, err := p.ask(t.Context(), ask{metric: Metric{Kind: trial.TotalKind}, part: whole, text: "sum(n)", window: window(1)})
	if err == nil || !strings.Contains(err.Error(), "running: false") || len(*sent) != 0 {
		t.Errorf("%v, asked %v", err, *sent)
	}
}

func TestOtherQueriesAreEvaluatedAtTheWindowsEnd(t *testing.T) {
	no := false
	p, sent := saying(t, 200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1767323060,"7"]}]}}`)
	m := Metric{Name: "m", Kind: trial.TotalKind, Query: Query{Query: `sum(increase(n[10s]))`, Running: &no}}
	got, err := p.ask(t.Context(), ask{metric: m, part: whole, text: m.Query.Query, window: window(1)})
	if err != nil || len(got.series) != 1 || got.series[0].points[0] != (point{time.UnixMilli(1767323060000), 7}) {
		t.Errorf("%+v, %v", got, err)
	}
	if (*sent)[0].Get("query") != m.Query.Query {
		t.Errorf("asked %v", (*sent)[0])
	}
	p, _ = saying(t, 200, `{"status":"success","data":{"resultType":"scalar","result":[1767323060,"0.5"]}}`)
	m = Metric{Name: "m", Kind: trial.ValueKind}
	got, err = p.ask(t.Context(), ask{metric: m, part: whole, text: "1/2", window: window(1)})
	if err != nil || len(got.series) != 1 || got.series[0].points[0].value != 0.5 {
		t.Errorf("a scalar: %+v, %v", got, err)
	}
}

func TestWhatIsNoAnswerIsAReason(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a mistake in the query": {400, `{"status":"error","errorType":"bad_data","error":"parse error: unexpected <end>"}`, "HTTP 400, bad_data: parse error: unexpected <end>"},
		"too much":               {422, `{"status":"error","errorType":"execution","error":"too many\u0007 samples"}`, "HTTP 422, execution: too many samples"},
		"an error that is 200":   {200, `{"status":"error","error":"no store"}`, "no success: no store"},
		"something else":         {200, `{"a":1}`, "no success: no status"},
		"warnings of Thanos":     {200, `{"status":"success","warnings":["store 10.0.0.1 is down"],"data":{"resultType":"matrix","result":[]}}`, "it warns: store 10.0.0.1 is down"},
		"partial":                {200, `{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[]}}`, "partial"},
		"a text":                 {200, `{"status":"success","data":{"resultType":"string","result":[1,"x"]}}`, `type "string"`},
		"no number":              {200, matrix(`{"metric":{},"values":[[1,"x"]]}`), `"x" is no number`},
		"a sample of three":      {200, matrix(`{"metric":{},"values":[[1,"2",3]]}`), "a sample of 3 parts"},
		"a bad bound":            {200, matrix(`{"metric":{"le":"NaN"},"values":[[1,"2"]]}`), "le that is no number"},
		"not a list":             {200, `{"status":"success","data":{"resultType":"matrix","result":{}}}`, "can't be read"},
	} {
		p, _ := saying(t, c.status, c.body)
		_, err := p.ask(t.Context(), ask{metric: Metric{Kind: trial.TotalKind}, part: whole, text: "n", window: window(1)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestInfoNotesAreNoReason(t *testing.T) {
	p, _ := saying(t, 200, `{"status":"success","infos":["PromQL info: metric might not be a counter"],"data":{"resultType":"matrix","result":[]}}`)
	if _, err := p.ask(t.Context(), ask{metric: Metric{Kind: trial.TotalKind}, part: whole, text: "n", window: window(1)}); err != nil {
		t.Error(err)
	}
}

// histogramAt reads one window of a histogram as the API answers it.
func histogramAt(t *testing.T, l *ledger, i int, body string) trial.Sample {
	t.Helper()
	p, _ := saying(t, 200, matrix(body))
	m := Metric{Name: "m", Kind: trial.HistogramKind, Query: Query{Query: "n"}}
	got, err := p.ask(t.Context(), ask{metric: m, part: whole, text: "n", window: window(i)})
	if err != nil {
		t.Fatal(err)
	}
	l.enter(window(i))
	return reader{ledger: l, metric: m, running: true, window: window(i)}.sample(map[part]answer{whole: got})
}

// values are samples of the API at seconds of the tests' time.
func values(pairs ...float64) string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, fmt.Sprintf(`[%d,"%v"]`, at(pairs[i]).Unix(), pairs[i+1]))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func TestBucketsOfAllProcessesAreAddedUp(t *testing.T) {
	l := newLedger()
	bucket := func(instance, le string, pairs ...float64) string {
		return fmt.Sprintf(`{"metric":{"instance":%q,"le":%q},"values":%s}`, instance, le, values(pairs...))
	}
	histogramAt(t, l, 0, bucket("a", "1", 9, 10)+","+bucket("a", "+Inf", 9, 20)+","+bucket("b", "1", 9, 0)+","+bucket("b", "2", 9, 0)+","+bucket("b", "+Inf", 9, 0))
	s := histogramAt(t, l, 1, bucket("a", "1", 9, 10, 19, 13)+","+bucket("a", "+Inf", 9, 20, 19, 24)+","+
		bucket("b", "1", 9, 0, 19, 1)+","+bucket("b", "2", 9, 0, 19, 5)+","+bucket("b", "+Inf", 9, 0, 19, 6))
	want := &trial.Histogram{Bounds: []float64{1}, Counts: []float64{4, 6}}
	if diff := cmp.Diff(want, s.Histogram); diff != "" || s.Missing != "" {
		t.Errorf("%s\n%s", s.Missing, diff)
	}
	s = histogramAt(t, newLedger(), 1, bucket("a", "1", 9, 10, 19, 13))
	if !strings.Contains(s.Missing, `le="+Inf"`) {
		t.Errorf("without the last bucket: %+v", s)
	}
}

func TestNativeHistogramsOfChangingResolution(t *testing.T) {
	native := func(seconds float64, count, sum int, buckets string) string {
		return fmt.Sprintf(`[%d,{"count":"%d","sum":"%d","buckets":[%s]}]`, at(seconds).Unix(), count, sum, buckets)
	}
	// (1,2] and (2,4] at first, then (1,4] and a new bucket above.
	body := `{"metric":{"instance":"a"},"histograms":[` +
		native(9, 5, 10, `[0,"1","2","3"],[0,"2","4","2"]`) + "," +
		native(19, 12, 30, `[0,"1","4","9"],[0,"4","8","3"]`) + `]}`
	s := histogramAt(t, newLedger(), 1, body)
	total := 20.0
	want := &trial.Histogram{Bounds: []float64{4, 8}, Counts: []float64{4, 3, 0}, Sum: &total}
	if diff := cmp.Diff(want, s.Histogram); diff != "" || s.Missing != "" {
		t.Errorf("%s\n%s", s.Missing, diff)
	}
}

func TestTotalsNeedPlainSelectors(t *testing.T) {
	no := false
	for text, good := range map[string]bool{
		`n`: true, `n{}`: true, `n{a="b"}`: true, `{__name__="n"}`: true, `n{a="{{version}}",b!~'x"y',}`: true, ` job:n:sum { a =~ "b" } `: true,
		`sum(n)`: false, `n[5m]`: false, `n offset 1m`: false, `n{a="b"} or m`: false, `n{a}`: false, `n{a="b}`: false, `rate(n[$round])`: false, `{}`: false, ``: false, `n{a="b" c="d"}`: false, `n @ 3`: false,
	} {
		if _, err := parseSelector(text); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
		m := Metric{Name: "m", Kind: trial.TotalKind, Query: Query{Query: text}}
		if err := checkPromQL(m); text != "" && (err == nil) != good {
			t.Errorf("%s as a total: %v", text, err)
		}
		m.Running = &no
		if err := checkPromQL(m); err != nil {
			t.Errorf("%s, not running: %v", text, err)
		}
	}
}

// hostile are values of versions.
func hostile() []string {
	return []string{`a"} or {b="c`, `a'} or {b='c`, "a`", `a\`, "a\nb", "é\u2028", `\x22`, `c:\"d'`, "\x00", "$round {{name}}"}
}

func TestAValueCannotLeaveItsQuotes(t *testing.T) {
	for _, value := range hostile() {
		for _, quote := range []string{`"`, `'`} {
			text, err := fill("n{v="+quote+"{{version}}"+quote+"}", map[string]string{"version": value}, quotePromQL)
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseSelector(text)
			if err != nil || len(s.matchers) != 1 || s.matchers[0].value != value {
				t.Errorf("%q became %s: %+v, %v", value, text, s, err)
			}
		}
	}
}

func TestSomeOfATrialsSeriesAreHits(t *testing.T) {
	for _, c := range []struct {
		hits, trials string
		want         []string
	}{
		{`n{a="b", code=~"5.."}`, `n{a="b"}`, []string{"code"}},
		{`n{code=~"5..", a="b", x!="y"}`, `n{a="b"}`, []string{"code", "x"}},
		{`n{code=~"5.."}`, `n{a="b"}`, nil},
		{`errors{a="b"}`, `n{a="b"}`, nil},
		{`n{a="b"}`, `n{a="b"}`, nil},
	} {
		h, _ := parseSelector(c.hits)
		n, _ := parseSelector(c.trials)
		if diff := cmp.Diff(c.want, h.restricts(n)); diff != "" {
			t.Errorf("%s of %s: %s", c.hits, c.trials, diff)
		}
	}
}

func TestLevelOfAWindow(t *testing.T) {
	for name, c := range map[string]struct {
		got  []series
		want string
	}{
		"the mean of its samples": {[]series{counter("a", "x", 9, 1, 14, 4, 19, 6, 21, 100)}, "5"},
		"the newest before":       {[]series{counter("a", "x", 8, 3)}, "3"},
		"too old":                 {[]series{counter("a", "x", -1, 3)}, "stale: its newest sample is 21s old at the end of a window of 10s"},
		"none":                    {nil, "no sample in the window"},
		"two series":              {[]series{counter("a", "x", 14, 4), counter("a", "y", 14, 4)}, "2 series, where one is meant (x and y): sum them, or name more labels"},
		"no number":               {[]series{counter("a", "x", 14, math.NaN())}, "a sample is NaN, which is no number"},
	} {
		r := reader{ledger: newLedger(), metric: Metric{Name: "m", Kind: trial.ValueKind}, running: true, window: window(1)}
		s := r.sample(map[part]answer{whole: {series: c.got}})
		text := s.Missing
		if s.Value != nil {
			text = fmt.Sprint(*s.Value)
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
}

func TestScaleIsOfObservationsAndNotOfCounts(t *testing.T) {
	milli, total, value := 0.001, 3000.0, 5000.0
	for _, c := range []struct{ before, want trial.Sample }{
		{trial.Sample{Value: &value}, trial.Sample{Value: ptr(5.0)}},
		{trial.Sample{Counts: &trial.Counts{Hits: 1, Trials: 2}}, trial.Sample{Counts: &trial.Counts{Hits: 1, Trials: 2}}},
		{trial.Sample{Moments: &trial.Moments{N: 2, Sum: 3000, SumSquares: 5e6}}, trial.Sample{Moments: &trial.Moments{N: 2, Sum: 3, SumSquares: 5}}},
		{trial.Sample{Histogram: &trial.Histogram{Bounds: []float64{500}, Counts: []float64{1, 2}, Sum: &total}},
			trial.Sample{Histogram: &trial.Histogram{Bounds: []float64{0.5}, Counts: []float64{1, 2}, Sum: ptr(3.0)}}},
	} {
		scale(&c.before, &milli)
		if diff := cmp.Diff(c.want, c.before); diff != "" {
			t.Error(diff)
		}
	}
}

func ptr(x float64) *float64 { return &x }

func FuzzReplies(f *testing.F) {
	f.Add([]byte(matrix(`{"metric":{"le":"+Inf"},"values":[[1,"2"]],"histograms":[[1,{"count":"1","sum":"1","buckets":[[0,"1","2","3"]]}]]}`)))
	f.Fuzz(func(_ *testing.T, text []byte) {
		var said promReply
		if json.Unmarshal(text, &said) == nil {
			all, _ := readResult(said.Data.ResultType, said.Data.Result)
			_, _ = readFound(all)
		}
	})
}
