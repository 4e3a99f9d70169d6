package metrics

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

func selectors(t *testing.T, texts ...string) []selector {
	t.Helper()
	var all []selector
	for _, text := range texts {
		s, err := parseSelector(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func TestSelectorsThatDifferInValuesAloneArePutTogether(t *testing.T) {
	for want, texts := range map[string][]string{
		`n{v=~"a|b", code=~"5.."}`:                {`n{v="a", code=~"5.."}`, `n{v="b",code=~"5.."}`},
		`n{v=~"a|b|c"}`:                           {`n{v="a"}`, `n{v="b"}`, `n{v="c"}`},
		`n{v=~"a|b"} `:                            {`n{v="a"}`, `n{v="b"}`, `n{v="a"}`}, // a value once
		`n{pod=~"x|y", v=~"a|b"}`:                 {`n{pod="x", v="a"}`, `n{pod="y", v="b"}`},
		`n{canary=~"|shop-canary-80"}`:            {`n{canary=""}`, `n{canary="shop-canary-80"}`},
		`{__name__=~"n_a|n_b"}`:                   {`{__name__="n_a"}`, `{__name__="n_b"}`},
		`n{v=~"1\\.2\\+b\\|c|\x22\\.\\*\\\\\\)"}`: {`n{v="1.2+b|c"}`, `n{v="\".*\\)"}`},
	} {
		got, able := putTogether(selectors(t, texts...))
		if got.text != strings.TrimSpace(want) || !able {
			t.Errorf("%v: %s, %v", texts, got.text, able)
		}
	}
	for _, texts := range [][]string{
		{`n{v="a"}`, `n{v="a"}`},           // nothing to tell them apart by, and nothing to save
		{`n_a`, `n_b`},                     // names
		{`n{v=~"a.*"}`, `n{v=~"b.*"}`},     // a series may be of both, or of more
		{`n{v!="a"}`, `n{v!="b"}`},         // likewise
		{`n{v="a"}`, `n{v=~"b"}`},          // likewise
		{`n{v="a"}`, `n{w="b"}`},           // labels
		{`n{v="a"}`, `n{v="b", code="1"}`}, // more of them
	} {
		if got, able := putTogether(selectors(t, texts...)); able {
			t.Errorf("%v are put together as %s", texts, got.text)
		}
	}
}

// store is a Prometheus with some series, which knows selectors of one range.
type store struct {
	lock   sync.Mutex
	series []promSeries
	asked  []string
	most   int  // series that it gives; more are refused
	long   bool // or make a reply that is too long
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	text := r.Form.Get("query")
	s.lock.Lock()
	s.asked = append(s.asked, text)
	s.lock.Unlock()
	of, err := parseSelector(regexp.MustCompile(`\[\d+ms\]$`).ReplaceAllString(text, ""))
	var found []string
	for _, one := range s.series {
		if selects(of, one.Metric) {
			labels, _ := json.Marshal(one.Metric)
			var points []string
			for _, p := range one.Values {
				points = append(points, fmt.Sprintf(`[%d,"%v"]`, p.at.Unix(), p.value))
			}
			found = append(found, fmt.Sprintf(`{"metric":%s,"values":[%s]}`, labels, strings.Join(points, ",")))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if s.long && len(found) > s.most {
		_, _ = w.Write(bytes.Repeat([]byte(" "), mostBytes+1))
		return
	}
	if err != nil || len(found) > s.most {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"status":"error","errorType":"execution","error":"query processing would load too many samples"}`)
		return
	}
	fmt.Fprint(w, matrix(strings.Join(found, ",")))
}

// selects is what Prometheus documents of matchers: expressions are of the whole
// value, and a label that is not there is empty.
func selects(s selector, labels map[string]string) bool {
	if s.metric != "" && labels["__name__"] != s.metric {
		return false
	}
	return !slices.ContainsFunc(s.matchers, func(m matcher) bool {
		matches := labels[m.label] == m.value
		if strings.HasSuffix(m.op, "~") {
			matches = regexp.MustCompile("^(?s:" + m.value + ")$").MatchString(labels[m.label])
		}
		return matches == strings.HasPrefix(m.op, "!")
	})
}

// requestsOf are a service's counters of good and bad answers.
func requestsOf(version map[string]string, good, bad float64) []promSeries {
	var out []promSeries
	for code, n := range map[string]float64{"200": good, "500": bad} {
		one := promSeries{Metric: map[string]string{"__name__": "n", "code": code, "instance": fmt.Sprint("of ", version), "job": "shop"}}
		for label, value := range version {
			one.Metric[label] = value
		}
		for i := range 5 {
			one.Values = append(one.Values, promPoint{at: at(float64(5 * i)), value: float64(i) * n})
		}
		out = append(out, one)
	}
	return out
}

// stored asks a store about requests and errors, in one window after another.
func stored(t *testing.T, s *store, versions ...Version) []trial.Sample {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	l := prometheusLanguage()
	src, err := l.open(Provider{URL: server.URL}, around())
	if err != nil {
		t.Fatal(err)
	}
	m := Meter{source: src, language: l, ledger: newLedger(), around: around(), versions: versions, windows: Windows{Interval: 10 * time.Second}}
	m.metrics = []Metric{
		{Name: "requests", Kind: trial.TotalKind, Query: Query{Query: `n{v="{{version}}"}`}},
		{Name: "errors", Kind: trial.CountsKind, Query: Query{Hits: `n{v="{{version}}", code=~"5.."}`, Trials: `n{v="{{version}}"}`}},
	}
	m.ask(t.Context(), 0, window(0))
	return m.ask(t.Context(), 1, window(1)).Samples
}

var oddVersions = []string{"a", "b", "", `x|y`, `.*`, `q"uo\te`, "ümlaut", "never"}

func versionsOf(values []string) []Version {
	var out []Version
	for i, v := range values {
		out = append(out, Version{Name: fmt.Sprint("v", i), Places: map[string]string{"version": v}})
	}
	return out
}

// What all versions are asked for at once is what each is asked for alone, and
// nothing is asked twice.
func TestVersionsAreAskedTogetherAsTheyWouldBeAlone(t *testing.T) {
	s := &store{most: 100}
	for i, v := range oddVersions[:len(oddVersions)-1] {
		s.series = append(s.series, requestsOf(map[string]string{"v": v}, float64(10+i), float64(i))...)
	}
	s.series = append(s.series, requestsOf(map[string]string{"v": "another"}, 1000, 1000)...)
	delete(s.series[4].Metric, "v") // empty is as good as none
	delete(s.series[5].Metric, "v")
	all := versionsOf(oddVersions)
	together := stored(t, s, all...)
	if len(s.asked) != 2*2 {
		t.Errorf("asked %d questions in two windows: %q", len(s.asked), s.asked)
	}
	var alone []trial.Sample
	for i, v := range all {
		for k, one := range stored(t, s, v) {
			one.Version = i
			alone = slices.Insert(alone, i+k*(i+1), one)
		}
	}
	if diff := cmp.Diff(alone, together); diff != "" {
		t.Errorf("(-alone +together):\n%s", diff)
	}
	if good := together[1]; good.Total == nil || *good.Total != 2*(11+1) {
		t.Errorf("b: %+v", good)
	}
}

// A server that would load too much for all versions may do so for each.
func TestWhatIsTooMuchForAllVersionsIsAskedForEach(t *testing.T) {
	s := &store{most: 3}
	for i, v := range oddVersions[:3] {
		s.series = append(s.series, requestsOf(map[string]string{"v": v}, float64(10+i), float64(i))...)
	}
	for _, s.long = range []bool{true, false} {
		for i, got := range stored(t, s, versionsOf(oddVersions[:3])...) {
			if got.Missing != "" {
				t.Errorf("%d, a long reply: %v: %s", i, s.long, got.Missing)
			}
		}
	}
	if s.most = 1; !strings.Contains(stored(t, s, versionsOf(oddVersions[:3])...)[0].Missing, "too many samples") {
		t.Error("nothing is too much")
	}
}

// Native histograms of versions whose buckets differ keep each its own.
func TestNativeHistogramsAreSplitBeforeTheyAreRead(t *testing.T) {
	native := func(version string, buckets string) string {
		sample := `{"count":"3","sum":"1","buckets":[` + buckets + `]}`
		return `{"metric":{"__name__":"h","v":"` + version + `","instance":"i"},"histograms":[[1767323045,` + sample + `]]}`
	}
	p, sent := saying(t, 200, matrix(native("a", `[0,"0","1","1"],[0,"1","2","2"]`)+","+native("b", `[0,"0","1.5","3"]`)))
	a := ask{
		metric: Metric{Kind: trial.HistogramKind}, part: whole, text: `h{v="a"}`, window: window(1),
		versions: []string{`h{v="a"}`, `h{v="b"}`}, asked: &memo{},
	}
	for version, bounds := range map[string]int{"a": 3, "b": 2} {
		a.text = fmt.Sprintf("h{v=%q}", version)
		got, err := p.ask(t.Context(), a)
		if err != nil || len(got.series) != bounds || len(got.sums) != 1 {
			t.Errorf("%s: %d bounds, %d sums, %v", version, len(got.series), len(got.sums), err)
		}
	}
	if len(*sent) != 1 {
		t.Errorf("asked %v", *sent)
	}
}

func TestWhatIsAskedTwiceIsAskedOnce(t *testing.T) {
	m, n := &memo{}, 0
	get := func(question string) (string, error) {
		return once(m, question, func() (string, error) {
			n++
			return question, fmt.Errorf("error %d", n)
		})
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got, err := get("a"); got != "a" || err == nil || err.Error() != "error 1" {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	all.Wait()
	if got, err := get("b"); got != "b" || err.Error() != "error 2" {
		t.Errorf("%s, %v", got, err)
	}
}

// A REST request that two metrics need goes out once, and each takes its own of
// the reply; what is polled for is asked again and again.
func TestRequestsOfAnAPIAreSentOnceAWindow(t *testing.T) {
	var lock sync.Mutex
	var paths []string
	polled := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		paths = append(paths, r.URL.Path)
		if strings.HasPrefix(r.URL.Path, "/jobs/") {
			polled++
		}
		fmt.Fprintf(w, `{"id": 7, "done": %v, "failed": 2, "all": 10}`, polled >= 3)
	}))
	defer server.Close()
	l, _ := languageFor("rest")
	src, err := l.open(Provider{URL: server.URL}, around())
	if err != nil {
		t.Fatal(err)
	}
	m := Meter{source: src, language: l, ledger: newLedger(), around: around(), versions: versionsOf([]string{"1"}), windows: Windows{Interval: 10 * time.Second}}
	of := func(name, answer string) Metric {
		return Metric{Name: name, Kind: trial.TotalKind, Query: Query{Path: "stats/{{version}}", Answer: answer}}
	}
	m.metrics = []Metric{of("failed", ".failed"), of("all", ".all")}
	got := m.ask(context.Background(), 1, window(1)).Samples
	if len(paths) != 1 || *got[0].Total != 2 || *got[1].Total != 10 {
		t.Errorf("%v, %+v", paths, got)
	}
	m.metrics = []Metric{{Name: "all", Kind: trial.TotalKind, Query: Query{
		Path: "jobs", Answer: ".all", Poll: &Poll{Ticket: ".id", Done: ".done", Path: "jobs/{{ticket}}", Every: time.Millisecond},
	}}}
	if got := m.ask(context.Background(), 2, window(2)).Samples; polled != 3 || got[0].Total == nil {
		t.Errorf("asked again %d times, %+v", polled, got)
	}
}
