package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// shopCounters is a Prometheus that knows two versions of a shop: each answers
// 100 requests a second, and fails a share of them.
type shopCounters struct {
	lock   sync.Mutex
	began  time.Time
	errors map[string]float64 // share, by version
	down   func(asked int) bool
	seen   []*http.Request
}

func newShopCounters(baseline, candidate float64) *shopCounters {
	return &shopCounters{began: time.Now().Add(-time.Hour), errors: map[string]float64{"v1": baseline, "v2": candidate}}
}

// ServeHTTP answers range selectors with a point every 20 ms.
func (s *shopCounters) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	s.seen = append(s.seen, r)
	asked := len(s.seen)
	s.lock.Unlock()
	if s.down != nil && s.down(asked) {
		http.Error(w, "storage is away: "+r.Header.Get("Authorization"), http.StatusInternalServerError)
		return
	}
	_ = r.ParseForm()
	at, err := time.Parse(time.RFC3339Nano, r.Form.Get("time"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	query := r.Form.Get("query")
	var points [][2]any
	for i := 30; i >= 0; i-- {
		t := at.Add(-time.Duration(i) * 20 * time.Millisecond)
		points = append(points, [2]any{float64(t.UnixMilli()) / 1000, fmt.Sprint(s.value(query, t))})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{
		"resultType": "matrix", "result": []any{map[string]any{"metric": map[string]string{"instance": "shop:80"}, "values": points}},
	}})
}

// value is a counter: of all requests, or of those that failed.
func (s *shopCounters) value(query string, t time.Time) float64 {
	all := 100 * t.Sub(s.began).Seconds()
	for version, share := range s.errors {
		if strings.Contains(query, version) && strings.Contains(query, "5..") {
			return float64(int(all * share))
		}
	}
	return float64(int(all))
}

const liveFile = `
name: shop
baseline:  {version: v1}
candidate: {version: v2}
providers:
  prometheus:
    url: %s
    auth: {bearer: "${TOKEN}"}
metrics:
  - name: checkout-errors
    kind: counts
    hits: requests_total{version="{{version}}",code=~"5.."}
    trials: requests_total{version="{{version}}"}
    traffic: true
windows: {interval: 100ms, for: 5s}
objectives:
  - checkout-errors <= baseline + 5%%
`

// live runs a trial of a file with this provider.
func live(t *testing.T, file string, s http.Handler, args ...string) result {
	t.Helper()
	c := command(t, append([]string{"--config", write(t, fmt.Sprintf(file, serve(t, s.ServeHTTP)))}, args...)...)
	c.Env = append(c.Env, "TOKEN=s3cret-of-prometheus")
	return finish(t, c)
}

func TestATrialOnLiveTrafficPassesWithoutARequest(t *testing.T) {
	r := live(t, liveFile, newShopCounters(0.01, 0.01))
	r.wants(t, exitPass, "PASS")
	report := r.report(t)
	if report.Measured.Requests != 0 || report.Measured.Rate != 0 || len(report.Measured.Windows) != 1 || report.Measured.Windows[0].Rounds < 30 {
		t.Errorf("measured %+v", report.Measured)
	}
	t.Log(r.stderr, r.stdout)
}

func TestACandidateThatFailsMoreLiveRequestsFails(t *testing.T) {
	live(t, liveFile, newShopCounters(0.01, 0.3)).wants(t, exitFail, "FAIL")
}
