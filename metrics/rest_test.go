package metrics

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// askedREST asks a handler for one metric of any REST API.
func askedREST(t *testing.T, m Metric, handler http.HandlerFunc) trial.Sample {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	l, err := languageFor("rest")
	if err != nil {
		t.Fatal(err)
	}
	m.Name = "m"
	if m.Path == "" {
		m.Path = "api"
	}
	return sampleOf(t, l, Provider{URL: server.URL}, m, vendorWindow(time.Minute))
}

func says(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, text)
	}
}

func TestOutputsBecomeSamples(t *testing.T) {
	at := func(clock string) string { return `"2026-11-21T12:` + clock + `Z"` }
	for name, c := range map[string]struct {
		kind         trial.Kind
		reply        string
		answer       string
		want, reason string
	}{
		"number":                {trial.ValueKind, `{"a":{"b":3.5}}`, ".a.b", `{"value":3.5}`, ""},
		"text that is a number": {trial.ValueKind, `{"a":" 1.5 "}`, ".a", `{"value":1.5}`, ""},
		"large whole number":    {trial.ValueKind, `{}`, "123456789012345678901234567890", `{"value":1.2345678901234568e+29}`, ""},
		"null":                  {trial.ValueKind, `{"a":null}`, ".a", "", "no sample in the window"},
		"nothing":               {trial.ValueKind, `{"a":null}`, "empty", "", "no sample in the window"},
		"NaN":                   {trial.ValueKind, `{"a":"NaN"}`, ".a", "", "a sample is NaN"},
		"NaN of jq":             {trial.ValueKind, `{}`, "nan", "", "a sample is NaN"},
		"infinity":              {trial.TotalKind, `{"a":"+Inf"}`, ".a", "", "is +Inf"},
		"NaN in a sample":       {trial.CountsKind, `{"a":"NaN"}`, "{hits: .a, trials: 3}", "", "NaN"},
		"true":                  {trial.ValueKind, `{"a":true}`, ".a", "", "true is no number and no point"},
		"two numbers":           {trial.ValueKind, `[1,2]`, ".[]", "", "gives 2 values, where one is meant"},
		"array of numbers":      {trial.ValueKind, `[1,2]`, ".", "", "1 is no number and no point"},
		"pairs":                 {trial.TotalKind, `{}`, `[[` + at("00:00") + `,100],[` + at("00:30") + `,2],[` + at("01:00") + `,3],[` + at("01:01") + `,50]]`, `{"total":5}`, ""},
		"objects":               {trial.ValueKind, `{}`, `[{time: (` + at("00:30") + `|fromdate), value: "2"}, {time: ` + at("00:40") + `, value: null}]`, `{"value":2}`, ""},
		"one point":             {trial.ValueKind, `{}`, `{time: ` + at("00:30") + `, value: 2}`, `{"value":2}`, ""},
		"newest first":          {trial.ValueKind, `{}`, `[[` + at("00:30") + `,2],[` + at("00:10") + `,4]]`, `{"value":3}`, ""},
		"points of nothing":     {trial.TotalKind, `{}`, `[[` + at("00:30") + `,null]]`, "", "no sample in the window"},
		"old points":            {trial.TotalKind, `{}`, `[["2026-11-20T12:00:00Z",1]]`, "", "no sample in the window"},
		"milliseconds":          {trial.TotalKind, `{}`, `[[1763726400000,1]]`, "", "divide milliseconds by 1000"},
		"no time":               {trial.TotalKind, `{}`, `[["noon",1]]`, "", "a point's time is"},
		"triples":               {trial.TotalKind, `{}`, `[[1,2,3]]`, "", "which is no [time, value]"},
		"two series of a value": {trial.ValueKind, `{}`, `{name: "a", points: [[$to,1]]}, {name: "b", points: [[$to,2]]}`, "", "2 series, where one is meant (a and b)"},
		"two series of a total": {trial.TotalKind, `{}`, `{name: "a", points: [[$to,1]]}, {name: "b", points: [[$to,2]]}`, `{"total":3}`, ""},
		"counts":                {trial.CountsKind, `{"e":"3","n":90}`, "{hits: .e, trials: .n}", `{"counts":{"hits":3,"trials":90}}`, ""},
		"impossible counts":     {trial.CountsKind, `{}`, "{hits: 4, trials: 3}", "", "hits"},
		"counts of a number":    {trial.CountsKind, `{}`, "4", "", "has no hits and trials"},
		"moments":               {trial.MomentsKind, `{}`, "{n: 2, sum: 4, sum_squares: 10}", `{"moments":{"n":2,"sum":4,"sum_squares":10}}`, ""},
		"moments of a number":   {trial.MomentsKind, `{}`, "4", "", "gives one number, where moments are meant"},
		"observations":          {trial.MomentsKind, `{}`, "[[$to,1],[$to,3]]", `{"moments":{"n":2,"sum":4,"sum_squares":10}}`, ""},
		"buckets":               {trial.HistogramKind, `{}`, `{bounds: [1,"2"], counts: [1,0,2], sum: 9}`, `{"histogram":{"bounds":[1,2],"counts":[1,0,2],"sum":9}}`, ""},
		"buckets without sum":   {trial.HistogramKind, `{}`, `{bounds: [1], counts: [1,0], sum: null}`, `{"histogram":{"bounds":[1],"counts":[1,0]}}`, ""},
		"too few counts":        {trial.HistogramKind, `{}`, `{bounds: [1,2], counts: [1,0]}`, "", "2 counts for 2 bounds"},
		"bounds that fall":      {trial.HistogramKind, `{}`, `{bounds: [2,1], counts: [1,0,0]}`, "", "the bound 1 follows 2"},
		"another kind":          {trial.ValueKind, `{}`, "{hits: 1, trials: 3}", "", "of the kind counts, not value"},
		"what else":             {trial.ValueKind, `{"error":"x"}`, ".", "", `{"error":"x"} is no number, no {time, value}, and no sample`},
		"own error":             {trial.ValueKind, `{}`, `error("the queue is gone")`, "", "the queue is gone"},
		"does not fit":          {trial.ValueKind, `[]`, ".a.b", "", "the jq program does not fit its reply: expected an object"},
		"quantity":              {trial.ValueKind, `{"v":"250m"}`, ".v | quantity", `{"value":0.25}`, ""},
		"binary quantity":       {trial.ValueKind, `{"v":"1.5Ki"}`, ".v | quantity", `{"value":1536}`, ""},
		"exponent":              {trial.ValueKind, `{"v":"2e3"}`, ".v | quantity", `{"value":2000}`, ""},
		"no quantity":           {trial.ValueKind, `{"v":"m"}`, ".v | quantity", "", "is no quantity"},
		"variables":             {trial.ValueKind, `{}`, `if $kind == "value" and $part == "query" and $to - $from == $round then $round else empty end`, `{"value":60}`, ""},
		"no environment":        {trial.ValueKind, `{}`, `env | length, ($ENV | length) | select(. > 0)`, "", "no sample in the window"},
		"halted":                {trial.ValueKind, `{}`, `halt`, "", "no sample in the window"},
		"too many":              {trial.ValueKind, `{}`, `range(100000)`, "", "more than 10000 values"},
	} {
		s := askedREST(t, Metric{Kind: c.kind, Query: Query{Answer: c.answer}}, says("application/json", c.reply))
		got := recordedReply{Sample: c.want, Missing: c.reason}
		t.Run(name, func(t *testing.T) { compareSample(t, got, s) })
	}
}

func TestMistakesInARequestAreFoundBeforeItIsSent(t *testing.T) {
	l, err := languageFor("rest")
	if err != nil {
		t.Fatal(err)
	}
	for want, q := range map[string]Query{
		`the jq program ".a |" can't be read`: {Path: "x", Answer: ".a |"},
		"function not defined: frob/0":        {Path: "x", Answer: "frob"},
		"variable not defined: $frm":          {Path: "x", Answer: "$frm"},
		"no method to ask with":               {Path: "x", Method: "DELETE"},
		"is nowhere in its request":           {Path: "x", Query: "q"},
		"has no query":                        {Path: "{{query}}"},
		"begins as JSON and is none":          {Path: "x", Query: "q", Body: `{"q": {{query}}`},
		"poll needs a ticket and a done":      {Path: "x", Poll: &Poll{Ticket: ".id"}},
	} {
		if err := l.check(Metric{Name: "m", Kind: trial.ValueKind, Query: q}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", q, err, want)
		}
	}
	if err := l.check(Metric{Name: "m", Kind: trial.ValueKind, Query: Query{Query: "q", Body: `{"q": "{{query}}", "n": {{from-ms}}}`}}); err != nil {
		t.Errorf("what is right is refused: %v", err)
	}
	k, err := languageFor("kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.check(Metric{Name: "m", Kind: trial.CountsKind, Query: Query{Hits: "h", Trials: "n"}}); err == nil || !strings.Contains(err.Error(), "it can: value") {
		t.Errorf("a kind that the vendor can't give: %v", err)
	}
}

// A version's name must not become more than a value, wherever it stands.
func TestPlacesAreQuotedForWhereTheyStand(t *testing.T) {
	hostile := `a"b'c\d/../&x=1` + "\n" + `", "z": "1`
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, "1")
	}))
	defer server.Close()
	l, _ := languageFor("rest")
	put := func(q Query) error {
		s, err := l.open(Provider{URL: server.URL}, around())
		if err != nil {
			t.Fatal(err)
		}
		_, err = putTo(t.Context(), s, l, Metric{Name: "m", Kind: trial.ValueKind, Query: q}, whole, hostile, vendorWindow(time.Minute))
		return err
	}
	const quoted = `a\"b\'c\\d/../&x=1\n\", \"z\": \"1`
	if err := put(Query{Query: `v="{{version}}"`, Path: "p/{{version}}/q", Params: map[string]string{"q": "{{query}}", "v": "{{version}}"}}); err != nil {
		t.Fatal(err)
	}
	if got.URL.Path != "/p/"+quoted+"/q" || len(got.URL.Query()) != 2 || got.URL.Query().Get("q") != `v="`+quoted+`"` || got.URL.Query().Get("v") != quoted {
		t.Errorf("path %q, params %v", got.URL.Path, got.URL.Query())
	}
	if err := put(Query{Query: `v="{{version}}"`, Body: `{"q": "{{query}} \" {{version}}", "n": {{to-ms}}}`}); err != nil {
		t.Fatal(err)
	}
	var into map[string]any
	if err := json.Unmarshal(body, &into); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if diff := cmp.Diff(map[string]any{"q": `v="` + quoted + `" " ` + quoted, "n": 1795262460000.0}, into); diff != "" {
		t.Errorf("JSON body: %s", diff)
	}
	if err := put(Query{Body: "a={{version}}&b=1", Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(url.Values{"a": {quoted}, "b": {"1"}}), comparable(string(body))); diff != "" {
		t.Errorf("form: %s", diff)
	}
	if err := put(Query{Body: `{"n": {{version}}}`}); err == nil || !strings.Contains(err.Error(), "put it between quotes") {
		t.Errorf("a text where JSON stands: %v", err)
	}
	hostile = "x\x01"
	if err := put(Query{Path: "p", Headers: map[string]string{"X-Tenant": "{{version}}"}}); err == nil || !strings.Contains(err.Error(), "control character") {
		t.Errorf("a control character in a header: %v", err)
	}
	hostile = ".."
	if err := put(Query{Path: "a/{{version}}/b"}); err == nil || !strings.Contains(err.Error(), "leaves where it began") {
		t.Errorf("a path that climbs: %v", err)
	}
	if err := put(Query{Path: "a/{{verson}}"}); err == nil || !strings.Contains(err.Error(), "nothing is known to fill in for {{verson}}") {
		t.Errorf("an unknown place: %v", err)
	}
}

func TestGraphQLErrorsAreReasons(t *testing.T) {
	s := askedREST(t, Metric{Kind: trial.ValueKind, Query: Query{Body: `{"query": "{ a }"}`, Answer: ".data.a"}},
		says("application/json", `{"data": {"a": 1}, "errors": [{"message": "field b is gone"}]}`))
	if !strings.Contains(s.Missing, "it refuses: field b is gone") {
		t.Errorf("%+v", s)
	}
}

func TestTablesAreArraysOfObjects(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"plain":        {"time,value\r\n1,2\r\n3,\"a,\"\"b\"\r\n", `[{"time":"1","value":"2"},{"time":"3","value":"a,\"b"}]`},
		"byte order":   {"\ufefftime\n1\n", `[{"time":"1"}]`},
		"empty":        {"\r\n", `[]`},
		"header alone": {"a,b\n", `[]`},
		"annotated":    {"#datatype,string,long\n#group,false,false\n#default,_result,\n,result,v\n,,1\n\n#datatype,string\n,w\n,2\n\n\n", `[{"result":"","v":"1"},{"w":"2"}]`},
	} {
		got, err := readCSV([]byte(c.text))
		text, _ := json.Marshal(got)
		if err != nil || string(text) != c.want {
			t.Errorf("%s: %s, want %s; %v", name, text, c.want, err)
		}
	}
	for name, text := range map[string]string{"ragged": "a,b\n1\n", "open quote": "a\n\"1\n", "long": "a\n" + strings.Repeat("1\n", mostRows+1)} {
		if got, err := readCSV([]byte(text)); err == nil {
			t.Errorf("%s: %.60v", name, got)
		}
	}
}

func TestEventsAreArraysOfObjects(t *testing.T) {
	got, err := readEvents([]byte(": comment\nevent: data\ndata: {\"a\":\ndata: 1}\n\ndata:hello\nid: 7\n\nevent: ping\n\ndata: [2]"))
	text, _ := json.Marshal(got)
	if want := `[{"data":{"a":1},"event":"data"},{"data":"hello","event":""},{"data":[2],"event":"ping"}]`; err != nil || string(text) != want {
		t.Errorf("%s, want %s; %v", text, want, err)
	}
}

func TestAReplyIsWaitedFor(t *testing.T) {
	m := Metric{Kind: trial.ValueKind, Query: Query{Body: `{"search": "x"}`, Answer: ".n", Poll: &Poll{
		Ticket: ".id", Done: `if .state == "bad" then "the job is bad" else .state == "done" end`,
		Method: "POST", Path: "jobs/{{ticket}}/results", Body: `{"id": "{{ticket}}"}`, Every: time.Millisecond,
	}}}
	for last, want := range map[string]recordedReply{
		`{"state": "done", "n": 7}`: {Sample: `{"value": 7}`},
		`{"state": "bad"}`:          {Missing: "it gave up: the job is bad"},
		`{"state": "done"}`:         {Missing: "no sample in the window"},
		`<html>`:                    {Missing: "its reply is a web page"},
	} {
		var lines []string
		s := askedREST(t, m, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			switch lines = append(lines, r.Method+" "+r.URL.Path+" "+string(body)); len(lines) {
			case 1:
				fmt.Fprint(w, `{"id": 42}`)
			case 2:
				fmt.Fprint(w, `{"state": "running"}`)
			default:
				fmt.Fprint(w, last)
			}
		})
		compareSample(t, want, s)
		again := `POST /jobs/42/results {"id": "42"}`
		if diff := cmp.Diff([]string{`POST /api {"search": "x"}`, again, again}, lines); diff != "" {
			t.Error(diff)
		}
	}
	s := askedREST(t, m, says("application/json", `{"state": "running"}`))
	if !strings.Contains(s.Missing, "no ticket") {
		t.Errorf("without a ticket: %+v", s)
	}
}

func TestAReplyThatIsNeverReadyIsNotWaitedForLongerThanTheWindow(t *testing.T) {
	server := httptest.NewServer(says("application/json", `{"id": "1"}`))
	defer server.Close()
	s, err := openREST(Provider{URL: server.URL}, around(), anyAPI())
	if err != nil {
		t.Fatal(err)
	}
	ctx, done := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer done()
	_, err = s.ask(ctx, ask{metric: Metric{Kind: trial.ValueKind, Query: Query{Path: "a", Poll: &Poll{Ticket: ".id", Done: "false", Path: "b", Every: time.Hour}}}, part: whole, window: vendorWindow(time.Minute)})
	if err == nil || !strings.Contains(err.Error(), "not ready in time") {
		t.Error(err)
	}
}

func TestAProgramEndsWithItsWindow(t *testing.T) {
	ctx, done := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer done()
	p := programs{ctx: ctx, ask: ask{window: vendorWindow(time.Minute)}, hide: around().Hide}
	if _, err := p.run("last(range(1e18))", nil); err == nil || !strings.Contains(err.Error(), "did not end in time") {
		t.Error(err)
	}
}

func TestCountersOfAnyAPIAreDifferences(t *testing.T) {
	running, n := true, 100.0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, n) }))
	defer server.Close()
	s, err := openREST(Provider{URL: server.URL}, around(), anyAPI())
	if err != nil {
		t.Fatal(err)
	}
	l, _ := languageFor("rest")
	m := Metric{Name: "m", Kind: trial.TotalKind, Query: Query{Path: "a", Running: &running}}
	book := newLedger()
	var got []string
	w := vendorWindow(time.Minute)
	for _, n = range []float64{100, 130, 5} {
		a, err := putTo(t.Context(), s, l, m, whole, "v2", w)
		if err != nil {
			t.Fatal(err)
		}
		book.enter(w)
		s := reader{ledger: book, metric: m, running: true, window: w}.sample(map[part]answer{whole: a})
		got = append(got, s.Missing)
		if s.Total != nil {
			got[len(got)-1] = fmt.Sprint(*s.Total, s.Reset)
		}
		w = Window{From: w.To, To: w.To.Add(time.Minute)}
	}
	if diff := cmp.Diff([]string{errFirst.Error(), "30 false", "5 true"}, got); diff != "" {
		t.Error(diff)
	}
	// A finished sample can't be running.
	_, err = readOutputs([]any{map[string]any{"hits": 1, "trials": 2}}, ask{metric: m, part: whole, window: w})
	if err == nil || !strings.Contains(err.Error(), "take running: true away") {
		t.Error(err)
	}
}

func TestWindowsShorterThanAVendorsValuesAreRefused(t *testing.T) {
	c := readRecorded(t, "azure-monitor")
	l, err := languageFor("azure-monitor")
	if err != nil {
		t.Fatal(err)
	}
	s := sampleOf(t, l, c.provider("http://127.0.0.1:1"), c.metric(), vendorWindow(15*time.Second))
	if !strings.Contains(s.Missing, "one value in 1m0s") {
		t.Errorf("%+v", s)
	}
}

func TestArgumentsThatAreNotGivenAreLeftOut(t *testing.T) {
	var got url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.Query()
		_, _ = io.WriteString(w, `{"value": []}`)
	}))
	defer server.Close()
	c := readRecorded(t, "azure-monitor")
	c.Params = nil
	l, err := languageFor("azure-monitor")
	if err != nil {
		t.Fatal(err)
	}
	sampleOf(t, l, c.provider(server.URL), c.metric(), vendorWindow(time.Minute))
	if got.Has("$filter") || !got.Has("metricnames") {
		t.Errorf("asked with %v", got)
	}
}

func TestProvidersSayWhatTheyLack(t *testing.T) {
	for want, p := range map[string]Provider{
		"it needs the header DD-API-KEY":           {Type: "datadog"},
		"it needs the setting account: the number": {Type: "newrelic"},
		`"acount" is none of its settings`:         {Type: "newrelic", Settings: map[string]string{"acount": "1"}},
		"its auth aws has no keys":                 {Type: "cloudwatch", Settings: map[string]string{"region": "eu-west-1"}},
		"its url is no address":                    {Type: "loki"},
	} {
		l, err := languageFor(p.Type)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.open(p, around()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// hostileReplies are those that no provider may take for an answer.
func hostileReplies(elsewhere string) map[string]struct {
	handler http.HandlerFunc
	reason  string
} {
	type reply = struct {
		handler http.HandlerFunc
		reason  string
	}
	return map[string]reply{
		"a web page":    {says("text/html", "<!doctype html><title>Sign in</title>"), "its reply is a web page"},
		"nothing":       {says("application/json", ""), "its reply is empty"},
		"half of JSON":  {says("application/json", `{"status": "success", "data": [`), "not the JSON that was expected"},
		"two of JSON":   {says("application/json", `{"status": "success"} {"a": 1}`), "not the JSON that was expected"},
		"no UTF-8":      {says("application/json", "{\"a\": \"\xff\"}"), "no UTF-8"},
		"10 MB of JSON": {says("application/json", `{"a": "`+strings.Repeat("x", 10<<20)+`"}`), "longer than 8 MiB"},
		"deep JSON":     {says("application/json", strings.Repeat("[", 1<<20)), "not the JSON that was expected"},
		"refused":       {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you?", 401) }, "HTTP 401 Unauthorized: who are you?"},
		"a gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/json")
			z := gzip.NewWriter(w)
			_, _ = io.CopyN(z, zeros{}, 100<<20)
			_ = z.Close()
		}, "longer than 8 MiB"},
		"a redirect to another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}, "which is not asked"},
		"another shape": {says("application/json", `"hello"`), ""},
		"another array": {says("application/json", `[[[{"a": null}]]]`), ""},
		"an object":     {says("application/json", `{"a": {"b": null}}`), ""},
	}
}

// everyProvider is each language of the web with a provider and a metric that are
// right for it.
func everyProvider(t *testing.T) map[string]func(url string) (language, Provider, Metric) {
	t.Helper()
	out := map[string]func(string) (language, Provider, Metric){}
	for _, l := range languages() {
		switch l.word {
		case "prometheus":
			out[l.word] = func(url string) (language, Provider, Metric) {
				return l, Provider{URL: url}, Metric{Name: "m", Kind: trial.ValueKind, Query: Query{Query: "up"}}
			}
		case "rest":
			out[l.word] = func(url string) (language, Provider, Metric) {
				return l, Provider{URL: url}, Metric{Name: "m", Kind: trial.ValueKind, Query: Query{Path: "a"}}
			}
		default:
			if !slices.Contains(vendorWords(), l.word) {
				continue // databases
			}
			c := readRecorded(t, l.word)
			out[l.word] = func(url string) (language, Provider, Metric) {
				return l, c.provider(usualAt(t, l.word, c, url)), c.metric()
			}
		}
	}
	return out
}

func TestNoProviderTakesAHostileReplyForAnAnswer(t *testing.T) {
	away := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { away++ }))
	defer elsewhere.Close()
	for name, h := range hostileReplies(elsewhere.URL) {
		server := httptest.NewServer(h.handler)
		for word, with := range everyProvider(t) {
			if strings.Contains(h.reason, "8 MiB") && word != "rest" && word != "loki" {
				continue // one client for all, and slow
			}
			l, p, m := with(server.URL)
			s := sampleOf(t, l, p, m, vendorWindow(time.Minute))
			if s.Missing == "" || !strings.Contains(s.Missing, h.reason) || len(s.Missing) > 600 {
				t.Errorf("%s, %s: missing %.300q of %+v, want %q", word, name, s.Missing, s, h.reason)
			}
		}
		server.Close()
	}
	if away > 0 {
		t.Errorf("another host was asked %d times", away)
	}
}

func TestEveryProviderEndsWithItsContext(t *testing.T) {
	for word, with := range everyProvider(t) {
		stop := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "{") // a slow drip: its header comes, its end does not
			w.(http.Flusher).Flush()
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		}))
		l, p, m := with(server.URL)
		src, err := l.open(p, around())
		if err != nil {
			t.Fatal(err)
		}
		queries, err := m.queries()
		if err != nil {
			t.Fatal(err)
		}
		slow, done := context.WithTimeout(t.Context(), 30*time.Millisecond)
		if _, err := putTo(slow, src, l, m, queries[0], "v2", vendorWindow(time.Minute)); err == nil || !strings.Contains(err.Error(), "in time") {
			t.Errorf("%s, slow: %v", word, err)
		}
		done()
		cancelled, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		began := time.Now()
		if _, err := putTo(cancelled, src, l, m, queries[0], "v2", vendorWindow(time.Minute)); !errors.Is(err, context.Canceled) || time.Since(began) > time.Second {
			t.Errorf("%s, cancelled: %v after %s", word, err, time.Since(began))
		}
		close(stop)
		server.Close()
	}
}
