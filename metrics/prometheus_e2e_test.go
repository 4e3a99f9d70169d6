//go:build e2e

package metrics

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seatrial/seatrial/examples/sample"
	"github.com/seatrial/seatrial/trial"
)

// service is a sample service that Prometheus scrapes; it may restart in its
// place. It notes what each scrape was told.
type service struct {
	*httptest.Server
	lock    sync.Mutex
	handler http.Handler
	rewrite func(string) string
	life    int
	told    []telling
	lost    []lost // by life
}

type telling struct {
	at            time.Time
	version       string
	life          int // restarts before
	answers, errs int
}

// lost is what a service had counted and never told when it restarted.
type lost struct{ answers, errs int }

func newService(t *testing.T, version string) *service {
	s := &service{rewrite: strings.Clone, handler: fresh(version)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.lock.Lock()
		handler, rewrite := s.handler, s.rewrite
		if r.URL.Path != "/metrics" {
			s.lock.Unlock()
			handler.ServeHTTP(w, r)
			return
		}
		defer s.lock.Unlock()
		got := httptest.NewRecorder()
		handler.ServeHTTP(got, r)
		text := rewrite(got.Body.String())
		one := read(text)
		one.at, one.life = time.Now(), s.life
		s.told = append(s.told, one)
		w.Header().Set("Content-Type", got.Header().Get("Content-Type"))
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s
}

func fresh(version string) http.Handler {
	o := sample.Default()
	o.Latency, o.Errors, o.Metrics, o.Version = time.Millisecond, 0.1, "/metrics", version
	return sample.New(o)
}

// restart loses all that the service had counted.
func (s *service) restart(version string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	got := httptest.NewRecorder()
	s.handler.ServeHTTP(got, httptest.NewRequest("GET", "/metrics", nil))
	final, last := read(got.Body.String()), s.told[len(s.told)-1]
	s.lost = append(s.lost, lost{final.answers - last.answers, final.errs - last.errs})
	s.handler, s.life = fresh(version), s.life+1
}

var counted = regexp.MustCompile(`(?m)^sample_requests_total\{version="(.*)",code="(\d+)"\} (\d+)$`)

func read(text string) telling {
	var one telling
	for _, m := range counted.FindAllStringSubmatch(text, -1) {
		number, _ := strconv.Atoi(m[3])
		if one.version, one.answers = m[1], one.answers+number; m[2] == "500" {
			one.errs += number
		}
	}
	return one
}

// near are what the service may have told last of a version at a time: the clock
// of a scrape is Prometheus', some milliseconds before the service's.
func (s *service) near(version string, at time.Time) []telling {
	const off = 100 * time.Millisecond
	s.lock.Lock()
	defer s.lock.Unlock()
	var out []telling
	for _, one := range s.told {
		if one.version != version || one.at.After(at.Add(off)) {
			continue
		}
		if len(out) > 0 && !one.at.After(at.Add(-off)) {
			out = nil
		}
		out = append(out, one)
	}
	return out
}

// between is what the service counted and told from one telling to another.
func (s *service) between(a, b telling) (answers, errs int) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if a.life == b.life {
		return b.answers - a.answers, b.errs - a.errs
	}
	for _, one := range s.told {
		if one.life == a.life {
			answers, errs = one.answers-a.answers, one.errs-a.errs
		}
	}
	return answers + b.answers, errs + b.errs
}

// truth follows the windows of one version.
type truth struct {
	service *service
	version string
	bases   []telling // that the windows so far may have ended with
	windows int
	resets  []int
	missing []int
	why     []string
}

func (c *truth) round(t *testing.T, began time.Time, round trial.Round, samples map[string]trial.Sample) {
	if why := cmp.Or(samples["requests"].Missing, samples["errors"].Missing, samples["latency"].Missing); why != "" {
		c.missing, c.bases = append(c.missing, round.Index), nil
		c.why = append(c.why, why)
		return
	}
	if c.bases == nil {
		c.bases = c.service.near(c.version, began.Add(round.Start))
	}
	var next []telling
	requests, errs, latency := *samples["requests"].Total, *samples["errors"].Counts, samples["latency"].Histogram.N()
	ends := c.service.near(c.version, began.Add(round.End))
	for _, b := range ends {
		for _, a := range c.bases {
			n, k := c.service.between(a, b)
			if requests == float64(n) && errs == (trial.Counts{Hits: float64(k), Trials: float64(n)}) && latency == float64(n) {
				next = append(next, b)
			}
		}
	}
	if next == nil {
		t.Errorf("%s, window %d: %v requests, %v, %v in buckets; told from %+v to %+v", c.version, round.Index, requests, errs, latency, c.bases, ends)
	}
	if c.bases, c.windows = next, c.windows+1; samples["requests"].Reset {
		c.resets = append(c.resets, round.Index)
	}
}

// load asks until ctx ends, unless held.
func (s *service) load(ctx context.Context, held *sync.RWMutex) {
	for ctx.Err() == nil {
		held.RLock()
		if response, err := http.Get(s.URL); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		held.RUnlock()
	}
}

// scraper is a program that scrapes and answers as Prometheus does.
type scraper struct {
	name  string
	flags func(config, data, address string) []string
	delay time.Duration // until its queries see a scrape
}

func scrapers() []scraper {
	return []scraper{
		{"prometheus", func(config, data, address string) []string {
			return []string{"--config.file=" + config, "--storage.tsdb.path=" + data, "--web.listen-address=" + address, "--log.level=warn"}
		}, 300 * time.Millisecond},
		// It shows samples a second or two after it got them.
		{"victoria-metrics", func(config, data, address string) []string {
			return []string{"-promscrape.config=" + config, "-storageDataPath=" + data, "-httpListenAddr=" + address, "-loggerLevel=WARN"}
		}, 3 * time.Second},
	}
}

// start has services scraped twice a second, and returns the server's URL.
func (p scraper) start(t *testing.T, services ...*service) string {
	t.Helper()
	binary, err := exec.LookPath(p.name)
	if err != nil {
		t.Fatalf("%v: .ci/install installs it", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	var targets []string
	for _, s := range services {
		targets = append(targets, strconv.Quote(strings.TrimPrefix(s.URL, "http://")))
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 500ms, scrape_timeout: 400ms}\nscrape_configs: [{job_name: sample, static_configs: [{targets: [%s]}]}]\n", strings.Join(targets, ", "))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, binary, p.flags(config, filepath.Join(dir, "data"), address)...)
	command.Stderr = t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = command.Wait() })
	until(t, func() bool {
		response, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == 200
	})
	return "http://" + address
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatal("waited 30s in vain")
}

func sampleMetrics() []Metric {
	by := `{version="{{version}}"}`
	return []Metric{
		{Name: "requests", Kind: trial.TotalKind, Query: Query{Query: "sample_requests_total" + by}},
		{Name: "errors", Kind: trial.CountsKind, Query: Query{
			Hits: `sample_requests_total{version="{{version}}", code=~"5.."}`, Trials: "sample_requests_total" + by}},
		{Name: "latency", Kind: trial.HistogramKind, Query: Query{
			Query: "sample_request_duration_seconds_bucket" + by, Sum: "sample_request_duration_seconds_sum" + by}},
	}
}

func sampleMeter(t *testing.T, url string, delay time.Duration, versions ...string) *Meter {
	t.Helper()
	l := prometheusLanguage()
	s, err := l.open(Provider{URL: url}, around())
	if err != nil {
		t.Fatal(err)
	}
	m := &Meter{
		series: trial.MetricsSeries, source: s, language: l, metrics: sampleMetrics(), ledger: newLedger(), around: around(),
		windows: Windows{Interval: time.Second}, delay: delay, count: 60,
	}
	for _, v := range versions {
		m.versions = append(m.versions, Version{Name: v, Places: map[string]string{"version": v}})
	}
	return m
}

func TestRealServersGiveWhatTheServicesCounted(t *testing.T) {
	for _, p := range scrapers() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			p.givesWhatTheServicesCounted(t)
		})
	}
}

// givesWhatTheServicesCounted holds the sums over windows to
// what each service told at the scrape that ends the window: to the request.
// v1 restarts while it is quiet, v2 under load; v3 is never there; v4 becomes v5.
func (p scraper) givesWhatTheServicesCounted(t *testing.T) {
	v1, v2, v4 := newService(t, "v1"), newService(t, "v2"), newService(t, "v4")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var quiet, never sync.RWMutex
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() { v1.load(ctx, &quiet) })
	all.Go(func() { v2.load(ctx, &never) })
	all.Go(func() { v4.load(ctx, &never) })
	m := sampleMeter(t, p.start(t, v1, v2, v4), p.delay, "v1", "v2", "v3", "v4", "v5")
	v4.awaitScrapes(t, 3)
	var checks []*truth
	for i, s := range []*service{v1, v2, nil, v4, v4} {
		checks = append(checks, &truth{service: s, version: m.versions[i].Name})
	}
	var began time.Time // the first that the meter asks for
	m.around.Now = func() time.Time {
		if began.IsZero() {
			began = time.Now()
			return began
		}
		return time.Now()
	}
	for round := range m.Rounds(ctx) {
		of := byMetric(round, len(checks))
		for i, c := range checks {
			c.round(t, began, round, of[i])
		}
		switch round.Index {
		case 10:
			quiet.Lock()
			v1.awaitScrapes(t, 2) // the second began when it was quiet
			v1.restart("v1")
			quiet.Unlock()
		case 25:
			v2.restart("v2")
		case 40:
			v4.relabel("v4", "v5")
		}
	}
	for i, want := range []struct{ least, resets int }{{60, 1}, {60, 1}, {0, 0}, {40, 0}, {12, 0}} {
		checks[i].expect(t, want.least, want.resets)
	}
	t.Logf("lost in restarts: %v when quiet, %v under load", v1.lost[0], v2.lost[0])
	if v1.lost[0] != (lost{}) || v2.lost[0].answers == 0 {
		t.Error("want none lost of what restarted when quiet, and some under load")
	}
	if n := len(checks[2].missing); n != 60 {
		t.Errorf("the version that is nowhere was missing %d times", n)
	}
}

func (c *truth) expect(t *testing.T, least, resets int) {
	t.Logf("%s: %d windows exact to the request; resets in %v; missing %d: %q", c.version, c.windows, c.resets, len(c.missing), slices.Compact(c.why))
	if c.windows < least || len(c.resets) != resets {
		t.Errorf("%s: %d windows, %d resets; want at least %d, and %d", c.version, c.windows, len(c.resets), least, resets)
	}
}

// byMetric are the samples of each version.
func byMetric(round trial.Round, versions int) []map[string]trial.Sample {
	of := make([]map[string]trial.Sample, versions)
	for _, s := range round.Samples {
		if of[s.Version] == nil {
			of[s.Version] = map[string]trial.Sample{}
		}
		of[s.Version][s.Metric] = s
	}
	return of
}

// relabel goes on counting under another label.
func (s *service) relabel(from, to string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.rewrite = func(text string) string { return strings.ReplaceAll(text, strconv.Quote(from), strconv.Quote(to)) }
}

func (s *service) awaitScrapes(t *testing.T, n int) {
	count := func() int { s.lock.Lock(); defer s.lock.Unlock(); return len(s.told) }
	first := count()
	until(t, func() bool { return count() >= first+n })
}

// TestARealPrometheusReadsValuesAsTheyAre asks for the absence of what is
// nowhere: the reply has the labels that Prometheus read in the selector.
func TestARealPrometheusReadsValuesAsTheyAre(t *testing.T) {
	s, err := prometheusLanguage().open(Provider{URL: scrapers()[0].start(t, newService(t, "v1"))}, around())
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range hostile() {
		for _, quote := range []string{`"`, `'`} {
			text, err := fill("nowhere{v="+quote+"{{version}}"+quote+"}", map[string]string{"version": value}, quotePromQL)
			if err != nil {
				t.Fatal(err)
			}
			w := Window{From: time.Now().Add(-time.Second), To: time.Now()}
			got, err := s.ask(t.Context(), ask{metric: Metric{Kind: trial.ValueKind}, part: whole, text: "absent(" + text + ")", window: w})
			if err != nil || len(got.series) != 1 || got.series[0].labels["v"] != value {
				t.Errorf("%q, asked for as %s: %+v, %v", value, text, got.series, err)
			}
		}
	}
}

// TestARealPrometheusRefuses what is no PromQL, and says why.
func TestARealPrometheusRefuses(t *testing.T) {
	s, err := prometheusLanguage().open(Provider{URL: scrapers()[0].start(t, newService(t, "v1"))}, around())
	if err != nil {
		t.Fatal(err)
	}
	w := Window{From: time.Now().Add(-time.Second), To: time.Now()}
	_, err = s.ask(t.Context(), ask{metric: Metric{Kind: trial.ValueKind}, part: whole, text: "sum(", window: w})
	if err == nil || !strings.Contains(err.Error(), "HTTP 400, bad_data: ") {
		t.Error(err)
	}
}
