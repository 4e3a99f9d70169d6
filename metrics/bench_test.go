package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// BenchmarkWindow is one window of 20 metrics of 3 versions, of a provider that
// takes 100 ms for a reply: selectors, which are of all versions at once, and
// expressions, which are asked for each.
func BenchmarkWindow(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-time.After(100 * time.Millisecond)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, matrix(""))
	}))
	defer server.Close()
	for name, query := range map[string]string{"selectors": `n{v="{{version}}", m="%d%s"}`, "expressions": `avg(n{v="{{version}}", m="%d%s"})`} {
		for _, parts := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s, %d parts", name, parts), func(b *testing.B) {
				m, windows := wideMeter(b, server.URL, query, parts), 0
				for b.Loop() {
					windows++
					m.ask(b.Context(), windows, window(windows))
				}
				b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/window")
			})
		}
	}
}

// wideMeter asks about 20 metrics of 3 versions, in one part each or in two.
func wideMeter(b *testing.B, url, query string, parts int) *Meter {
	b.Helper()
	l := prometheusLanguage()
	src, err := l.open(Provider{URL: url}, around())
	if err != nil {
		b.Fatal(err)
	}
	m := &Meter{source: src, language: l, ledger: newLedger(), around: around(), versions: versionsOf([]string{"a", "b", "c"}), windows: Windows{Interval: 10 * time.Second}}
	amounts := false // what an expression gives is of the window
	for i := range 20 {
		one := Metric{Name: fmt.Sprint("m", i), Kind: trial.TotalKind, Query: Query{Query: fmt.Sprintf(query, i, ""), Running: &amounts}}
		if parts == 2 {
			one.Kind, one.Query = trial.CountsKind, Query{Hits: fmt.Sprintf(query, i, "h"), Trials: fmt.Sprintf(query, i, "n"), Running: &amounts}
		}
		m.metrics = append(m.metrics, one)
	}
	return m
}
