package metrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// clickhouseReply is a reply in the form that ClickHouse's documents show.
func clickhouseReply(meta, data string) string {
	return `{"meta": [` + meta + `], "data": [` + data + `], "rows": 1, "statistics": {"elapsed": 0.001, "rows_read": 1, "bytes_read": 1}}`
}

func column(name, of string) string { return fmt.Sprintf(`{"name": %q, "type": %q}`, name, of) }

// overClickHouse asks a server with these replies for a metric of v2.
func overClickHouse(t *testing.T, m Metric, handler http.HandlerFunc) trial.Sample {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	l := clickhouseLanguage()
	src, err := l.open(Provider{URL: s.URL + "/?database=shop", Auth: Auth{Basic: &Basic{User: "u", Password: trial.NewSecret("", "hunter22")}}}, around())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.close() })
	m.Name = "m"
	meter := &Meter{
		source: src, language: l, metrics: []Metric{m}, versions: []Version{{Name: "v", Places: map[string]string{"version": "v'2\t\\"}}},
		windows: Windows{Interval: 15 * time.Second}, around: around(), ledger: newLedger(),
	}
	return meter.ask(t.Context(), 0, sqlWindow).Samples[0]
}

func TestClickHouseIsAskedByParameters(t *testing.T) {
	var got url.Values
	var method string
	m := Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT count() FROM t WHERE v = :version AND at > :from AND at <= :to AND :round > 0"}}
	s := overClickHouse(t, m, func(w http.ResponseWriter, r *http.Request) {
		got, method = r.URL.Query(), r.Method
		fmt.Fprint(w, clickhouseReply(column("count()", "UInt64"), `["3"]`))
	})
	if s.Total == nil || *s.Total != 3 || method != "GET" {
		t.Errorf("%s: %+v", method, s)
	}
	if limit := got.Get("max_execution_time"); limit != "14" && limit != "15" {
		t.Errorf("limited to %q s", limit)
	}
	got.Del("max_execution_time")
	want := url.Values{
		"database": {"shop"}, "default_format": {"JSONCompact"}, "wait_end_of_query": {"1"}, "date_time_output_format": {"iso"},
		"max_result_rows": {"100000"}, "result_overflow_mode": {"throw"},
		"query":    {"SELECT count() FROM t WHERE v = {p1:String} AND at > {p2:DateTime64(6, 'UTC')} AND at <= {p3:DateTime64(6, 'UTC')} AND {p4:Float64} > 0"},
		"param_p1": {`v'2\t\\`}, "param_p2": {"2026-01-31 12:00:00.000000"}, "param_p3": {"2026-01-31 12:00:15.000000"}, "param_p4": {"15"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClickHousesRepliesAreRead(t *testing.T) {
	number := func(x float64) *float64 { return &x }
	for name, c := range map[string]struct {
		kind   trial.Kind
		reply  string
		want   trial.Sample
		reason string
	}{
		"counts": {trial.CountsKind, clickhouseReply(column("hits", "UInt64")+","+column("trials", "UInt64"), `["1", 3]`), trial.Sample{Counts: &trial.Counts{Hits: 1, Trials: 3}}, ""},
		"points": {trial.ValueKind, clickhouseReply(column("time", "DateTime")+","+column("value", "Decimal(9, 2)"), `["2026-01-31T12:00:05Z", 1.5],["2026-01-31T12:00:15Z", "2.5"]`),
			trial.Sample{Value: number(2)}, ""},
		"by seconds": {trial.ValueKind, clickhouseReply(column("time", "UInt32")+","+column("value", "Float64"), `[1769860805, 1.5]`), trial.Sample{Value: number(1.5)}, ""},
		"no zone": {trial.ValueKind, clickhouseReply(column("time", "Nullable(DateTime)")+","+column("value", "Float64"), `["2026-01-31 12:00:05", 1.5]`),
			trial.Sample{}, "a time has no zone: select it as toUnixTimestamp"},
		"NULL":     {trial.TotalKind, clickhouseReply(column("s", "Nullable(Float64)"), `[null]`), trial.Sample{}, "its column s is NULL"},
		"array":    {trial.TotalKind, clickhouseReply(column("s", "Array(UInt8)"), `[[1,2]]`), trial.Sample{}, `"[1,2]", which is no number`},
		"bool":     {trial.TotalKind, clickhouseReply(column("s", "Bool"), `[true]`), trial.Sample{}, "boolean"},
		"two rows": {trial.TotalKind, clickhouseReply(column("s", "UInt8"), `[1],[2]`), trial.Sample{}, "2 rows, where one is meant"},
		"ragged":   {trial.TotalKind, clickhouseReply(column("s", "UInt8"), `[1, 2]`), trial.Sample{}, "2 cells for 1 columns"},
		"no rows":  {trial.TotalKind, clickhouseReply(column("s", "UInt8"), ""), trial.Sample{}, "no rows"},
		"many":     {trial.MomentsKind, clickhouseReply(column("s", "UInt8"), "[1]"+strings.Repeat(",[1]", rowLimit)), trial.Sample{}, "more than 100000 rows"},
	} {
		got := overClickHouse(t, Metric{Kind: c.kind, Query: Query{Query: "SELECT 1"}}, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.reply) })
		c.want.Metric = "m"
		if c.reason != "" {
			if !strings.Contains(got.Missing, c.reason) {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAReadOnlyUserOfClickHouseIsAskedWithoutSettings(t *testing.T) {
	n := 0
	got := overClickHouse(t, Metric{Kind: trial.CountsKind, Query: Query{Hits: "SELECT 1", Trials: "SELECT 1"}}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("max_result_rows") {
			n++
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, "Code: 164. DB::Exception: Cannot modify 'max_result_rows' setting in readonly mode. (READONLY)")
			return
		}
		fmt.Fprint(w, clickhouseReply(column("x", "UInt8"), "[1]"))
	})
	if got.Counts == nil || n == 0 {
		t.Errorf("after %d: %+v", n, got)
	}
}

func TestClickHousesErrorsAreTold(t *testing.T) {
	got := overClickHouse(t, Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT 1"}}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "Code: 60. DB::Exception: Table shop.orders doesn't exist. (UNKNOWN_TABLE)")
	})
	if !strings.Contains(got.Missing, "Code: 60. DB::Exception: Table shop.orders doesn't exist") {
		t.Errorf("%+v", got)
	}
}
