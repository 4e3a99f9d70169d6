package metrics

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/trial"
)

// recorded is a file case.yaml of testdata/presets: what is asked of a vendor,
// and what each of its replies is read as. Replies stand beside it; they are
// made after what docs describes.
type recorded struct {
	Docs     string            `yaml:"docs"`
	Kind     trial.Kind        `yaml:"kind"`
	Query    string            `yaml:"query"`
	Hits     string            `yaml:"hits"`
	Trials   string            `yaml:"trials"`
	Answer   string            `yaml:"answer"`
	Path     string            `yaml:"path"`
	Body     string            `yaml:"body"`
	Params   map[string]string `yaml:"params"`
	Settings map[string]string `yaml:"settings"`
	Headers  map[string]string `yaml:"headers"`
	Bearer   string            `yaml:"bearer"`
	AWS      *AWS              `yaml:"-"`
	Window   time.Duration     `yaml:"window"`
	Asked    []wantedRequest   `yaml:"asked"` // for the first reply
	Replies  []recordedReply   `yaml:"replies"`
}

type wantedRequest struct {
	Line    string            `yaml:"line"` // method and path
	Params  map[string]string `yaml:"params"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"` // JSON is compared as that
}

// recordedReply is one or more files, sent one after the other.
type recordedReply struct {
	Files   []string   `yaml:"files"`
	Kind    trial.Kind `yaml:"kind"` // of the metric, where it is another one
	Status  int        `yaml:"status"`
	Type    string     `yaml:"type"`
	Sample  string     `yaml:"sample"`
	Missing string     `yaml:"missing"`
}

// vendorWindow ends at a fixed time, so that requests and replies can be written down.
func vendorWindow(long time.Duration) Window {
	to := time.Date(2026, 11, 21, 12, 1, 0, 0, time.UTC)
	return Window{From: to.Add(-long), To: to}
}

func readRecorded(t *testing.T, word string) recorded {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/presets", word, "case.yaml"))
	if err != nil {
		t.Fatalf("%s has no recorded replies: %v", word, err)
	}
	c := recorded{Window: time.Minute}
	if err := yaml.Load(text, &c, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	if r, _ := readVendor(word); r.AWS != "" {
		c.AWS = &AWS{Access: trial.NewSecret("", "AKIDEXAMPLE"), Secret: trial.NewSecret("", "secret")}
	}
	return c
}

// checkWhole holds that every vendor is tested with what every provider meets.
func (c recorded) checkWhole(t *testing.T, word string) {
	t.Helper()
	if !strings.HasPrefix(c.Docs, "https://") {
		t.Errorf("%s: want the address of what its replies are made after", word)
	}
	for _, meant := range []string{"good", "empty", "null", "two", "error"} {
		if !slices.ContainsFunc(c.Replies, func(r recordedReply) bool { return strings.HasPrefix(r.Files[len(r.Files)-1], meant+".") }) {
			t.Errorf("%s: no reply %s", word, meant)
		}
	}
}

func (c recorded) metric() Metric {
	return Metric{Name: "m", Kind: c.Kind, Query: Query{Query: c.Query, Hits: c.Hits, Trials: c.Trials, Answer: c.Answer, Path: c.Path, Body: c.Body, Params: c.Params}}
}

func (c recorded) provider(url string) Provider {
	p := Provider{Auth: Auth{AWS: c.AWS}, URL: url, Settings: c.Settings, Headers: map[string]trial.Secret{}}
	for name, value := range c.Headers {
		p.Headers[name] = trial.NewSecret("", value)
	}
	if c.Bearer != "" {
		p.Auth.Bearer = trial.NewSecret("", c.Bearer)
	}
	return p
}

func (r recordedReply) metric(c recorded) Metric {
	m := c.metric()
	if r.Kind != trial.UnknownKind {
		m.Kind = r.Kind
	}
	return m
}

// putTo puts one question about one version.
func putTo(ctx context.Context, s source, l language, m Metric, p part, version string, w Window) (answer, error) {
	meter := Meter{
		source: s, language: l, around: around(), metrics: []Metric{m},
		versions: []Version{{Name: "candidate", Places: map[string]string{"version": version}}},
	}
	got := meter.inquire(ctx, inquiry{part: p}, w, nil)
	return got.answer, got.err
}

// sampleOf asks for all parts of a metric about one window.
func sampleOf(t *testing.T, l language, p Provider, m Metric, w Window) trial.Sample {
	t.Helper()
	if err := l.check(m); err != nil {
		t.Fatal(err)
	}
	s, err := l.open(p, around())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.close() }()
	queries, err := m.queries()
	if err != nil {
		t.Fatal(err)
	}
	got := map[part]answer{}
	for _, q := range queries {
		a, err := putTo(t.Context(), s, l, m, q, "v2", w)
		if err != nil {
			return trial.Missed(0, m.Name, err.Error())
		}
		got[q] = a
	}
	book := newLedger()
	book.enter(w)
	return reader{ledger: book, metric: m, running: (&Meter{language: l}).runs(m), window: w}.sample(got)
}

func TestVendorsAreAskedAndReadAsTheyDocument(t *testing.T) {
	for _, word := range vendorWords() {
		c := readRecorded(t, word)
		c.checkWhole(t, word)
		for i, r := range c.Replies {
			t.Run(word+"/"+r.Files[0], func(t *testing.T) {
				var asked []wantedRequest
				server := httptest.NewServer(r.handler(t, word, &asked))
				defer server.Close()
				l, err := languageFor(word)
				if err != nil {
					t.Fatal(err)
				}
				s := sampleOf(t, l, c.provider(usualAt(t, word, c, server.URL)), r.metric(c), vendorWindow(c.Window))
				compareSample(t, r, s)
				if i == 0 {
					compareRequests(t, c.Asked, asked)
				}
			})
		}
	}
}

// usualAt is the vendor's usual address, but on another host.
func usualAt(t *testing.T, word string, c recorded, host string) string {
	t.Helper()
	r, err := readVendor(word)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := r.settled(c.Settings)
	if err != nil {
		t.Fatal(err)
	}
	text, err := fill(r.URL, settings, strings.Clone)
	if err != nil {
		t.Fatal(err)
	}
	usual, err := url.Parse(text)
	if err != nil || r.URL != "" && (usual.Scheme != "https" || usual.Host == "") {
		t.Fatalf("%s: %q is no address of a web service: %v", word, text, err)
	}
	return host + usual.EscapedPath()
}

func compareSample(t *testing.T, want recordedReply, got trial.Sample) {
	t.Helper()
	if want.Missing != "" || got.Missing != "" {
		if want.Missing == "" || !strings.Contains(got.Missing, want.Missing) {
			t.Errorf("missing: %q, want %q", got.Missing, want.Missing)
		}
		return
	}
	text, _ := json.Marshal(got)
	var is, wanted map[string]any
	_ = json.Unmarshal(text, &is)
	delete(is, "version")
	delete(is, "metric")
	if err := json.Unmarshal([]byte(want.Sample), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, is); diff != "" {
		t.Errorf("sample, wanted (-) and got (+):\n%s", diff)
	}
}

func (r recordedReply) handler(t *testing.T, word string, asked *[]wantedRequest) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		got := wantedRequest{Line: q.Method + " " + q.URL.EscapedPath(), Params: map[string]string{}, Headers: map[string]string{}, Body: string(body)}
		for name, values := range q.URL.Query() {
			got.Params[name] = strings.Join(values, " and ")
		}
		for name := range q.Header {
			got.Headers[name] = q.Header.Get(name)
		}
		*asked = append(*asked, got)
		text, err := os.ReadFile(filepath.Join("testdata/presets", word, r.Files[min(len(*asked), len(r.Files))-1]))
		if err != nil {
			t.Error(err)
		}
		kind := "application/json"
		if r.Type != "" {
			kind = r.Type
		}
		w.Header().Set("Content-Type", kind)
		if r.Status != 0 {
			w.WriteHeader(r.Status)
		}
		_, _ = w.Write(text)
	})
}

// compareRequests holds that each request that is written down was sent, with
// its params, its body, and at least its headers.
func compareRequests(t *testing.T, want, got []wantedRequest) {
	t.Helper()
	if len(want) == 0 || len(got) < len(want) {
		t.Errorf("%d requests, and %d are written down; the first: %+v", len(got), len(want), got)
		return
	}
	for i, w := range want {
		g := got[i]
		if w.Params == nil {
			w.Params = map[string]string{}
		}
		if diff := cmp.Diff(w.Params, g.Params); diff != "" || w.Line != g.Line {
			t.Errorf("asked %s, want %s; params:\n%s", g.Line, w.Line, diff)
		}
		for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
			if got := g.Headers[http.CanonicalHeaderKey(name)]; got != w.Headers[name] && !(strings.HasSuffix(w.Headers[name], "…") && strings.HasPrefix(got, strings.TrimSuffix(w.Headers[name], "…"))) {
				t.Errorf("header %s is %q, want %q", name, g.Headers[http.CanonicalHeaderKey(name)], w.Headers[name])
			}
		}
		if diff := cmp.Diff(comparable(w.Body), comparable(g.Body)); diff != "" {
			t.Errorf("body:\n%s", diff)
		}
	}
}

func comparable(body string) any {
	var of any
	if json.Unmarshal([]byte(body), &of) == nil {
		return of
	}
	if form, err := url.ParseQuery(body); err == nil && strings.Contains(body, "&") {
		return form
	}
	return strings.TrimSpace(body)
}

func TestEveryVendorsRecipeIsWhole(t *testing.T) {
	for _, word := range vendorWords() {
		r, err := readVendor(word)
		if err != nil {
			t.Errorf("%s: %v", word, err)
			continue
		}
		if _, known := quotes()[r.Quote]; !known {
			t.Errorf("%s: %q is no way to quote", word, r.Quote)
		}
		if len(r.Docs) == 0 || r.Answer == "" || r.Refused == "" || len(r.Kinds) == 0 {
			t.Errorf("%s lacks docs, answer, refused or kinds", word)
		}
		for kind := range r.Kinds {
			if err := r.check(Metric{Name: "m", Kind: kind, Query: Query{Query: "x"}}); err != nil {
				t.Errorf("%s: %v", word, err)
			}
		}
	}
}

// In every vendor's query, quotes of a value are escaped or gone, in any of the
// ways that languages have.
func TestValuesStayWithinTheQuotesOfEveryVendor(t *testing.T) {
	for _, word := range vendorWords() {
		r, err := readVendor(word)
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range []string{`'`, `"`} {
			got := quotes()[r.Quote]("a" + mark + "b")
			switch got {
			case "a_b", `a\` + mark + "b", "a" + mark + mark + "b", "a~" + mark + "b":
			case "a" + mark + "b":
				// The other mark is what its strings stand between; or it has none.
				if other := map[string]string{"doubled": `"`, "tilde": `'`, "flux": `'`}[r.Quote]; other != mark && r.Quote != "plain" {
					t.Errorf("%s: %s leaves %s", word, r.Quote, got)
				}
			default:
				t.Errorf("%s: %s", word, got)
			}
		}
		if got := quotes()[r.Quote](`\'`); r.Quote == "doubled" && got != `\\''` || r.Quote == "backslash" && got != `\\\'` {
			t.Errorf("%s: %s", word, got)
		}
	}
}
