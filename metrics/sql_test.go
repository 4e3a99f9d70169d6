package metrics

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/seatrial/seatrial/trial"
)

var sqlWindow = Window{From: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 31, 12, 0, 15, 0, time.UTC)}

// sqliteFile is a database with orders of two versions in and around the window.
func sqliteFile(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a b%41?.db")
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range append([]string{
		`CREATE TABLE orders (at TEXT, version TEXT, failed INTEGER, amount REAL, price DECIMAL)`,
		`INSERT INTO orders VALUES
			('2026-01-31 12:00:00', 'v2', 1, 7, '1.5'),
			('2026-01-31 12:00:01', 'v2', 0, 1, '1.5'),
			('2026-01-31 12:00:02.500', 'v2', 1, 2, '2.25'),
			('2026-01-31 12:00:15', 'v2', 0, 4, NULL),
			('2026-01-31 12:00:16', 'v2', 1, 9, '1'),
			('2026-01-31 12:00:03', 'v1', 1, 5, '1')`,
	}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// opening opens a database for the time of a test.
func opening(t *testing.T, d dialect, p Provider) *database {
	t.Helper()
	db, err := d.open(p, around())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.close() })
	return db
}

func overSQLite(t *testing.T, statements ...string) *database {
	return opening(t, sqliteDialect(), Provider{DSN: trial.NewSecret("", sqliteFile(t, statements...)), Timeout: 5 * time.Second})
}

// sampled asks a database for one metric of version v2 in the window.
func sampled(t *testing.T, db *database, m Metric) trial.Sample {
	t.Helper()
	m.Name = "m"
	v := Version{Name: "candidate", Places: map[string]string{"version": "v2", "app.kubernetes.io/name": "shop"}}
	if err := db.check(m); err != nil {
		return trial.Missed(0, "m", "check: "+err.Error())
	}
	queries, err := m.queries()
	if err != nil {
		return trial.Missed(0, "m", "queries: "+err.Error())
	}
	if err := m.fits(db.language(), Provider{}, placesOf(v, sampleWindow), queries); err != nil {
		return trial.Missed(0, "m", "fits: "+err.Error())
	}
	meter := &Meter{
		source: db, language: db.language(), metrics: []Metric{m}, versions: []Version{v},
		windows: Windows{Interval: sqlWindow.length()}, around: around(), ledger: newLedger(),
	}
	return meter.ask(t.Context(), 0, sqlWindow).Samples[0]
}

const inWindow = ` FROM orders WHERE version = :version AND at > :from AND at <= :to`

func TestSQLiteGivesEveryKind(t *testing.T) {
	db := overSQLite(t)
	number := func(x float64) *float64 { return &x }
	for name, c := range map[string]struct {
		metric Metric
		want   trial.Sample
	}{
		"total":  {Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT count(*)" + inWindow}}, trial.Sample{Total: number(3)}},
		"value":  {Metric{Kind: trial.ValueKind, Query: Query{Query: "SELECT avg(amount)" + inWindow}}, trial.Sample{Value: number(7.0 / 3)}},
		"a rate": {Metric{Kind: trial.ValueKind, Query: Query{Query: "SELECT count(*) / :round" + inWindow}}, trial.Sample{Value: number(0.2)}},
		"points": {Metric{Kind: trial.ValueKind, Query: Query{Query: "SELECT at AS time, amount AS Value FROM orders WHERE version = :version ORDER BY at DESC"}},
			trial.Sample{Value: number(7.0 / 3)}},
		"counts": {Metric{Kind: trial.CountsKind, Query: Query{Query: "SELECT sum(failed) AS hits, count(*) AS trials" + inWindow}},
			trial.Sample{Counts: &trial.Counts{Hits: 1, Trials: 3}}},
		"counts by two": {Metric{Kind: trial.CountsKind, Query: Query{Hits: "SELECT sum(failed)" + inWindow, Trials: "SELECT count(*)" + inWindow + ";\n"}},
			trial.Sample{Counts: &trial.Counts{Hits: 1, Trials: 3}}},
		"observations": {Metric{Kind: trial.MomentsKind, Query: Query{Query: "SELECT amount" + inWindow}},
			trial.Sample{Moments: &trial.Moments{N: 3, Sum: 7, SumSquares: 21}}},
		"moments": {Metric{Kind: trial.MomentsKind, Query: Query{Query: "SELECT sum(amount) AS sum, count(*) AS n, sum(amount*amount) AS sum_squares" + inWindow}},
			trial.Sample{Moments: &trial.Moments{N: 3, Sum: 7, SumSquares: 21}}},
		"cumulative": {Metric{Kind: trial.HistogramKind, Query: Query{Query: "SELECT 1.5 AS le, sum(amount <= 1.5) AS count" + inWindow + " UNION ALL SELECT '+Inf', count(*)" + inWindow}},
			trial.Sample{Histogram: &trial.Histogram{Bounds: []float64{1.5}, Counts: []float64{1, 2}}}},
		"single buckets": {Metric{Kind: trial.HistogramKind, Query: Query{Sum: "SELECT sum(amount)" + inWindow,
			Query: "SELECT CASE WHEN amount <= 1 THEN 1 ELSE 5 END AS bound, count(*) AS count" + inWindow + " GROUP BY 1 ORDER BY 1 DESC"}},
			trial.Sample{Histogram: &trial.Histogram{Bounds: []float64{1, 5}, Counts: []float64{1, 2, 0}, Sum: number(7)}}},
		"a label": {Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT length(:app_kubernetes_io_name || :name)"}}, trial.Sample{Total: number(13)}},
		"seconds": {Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT :to_ms / 1000 - :from_seconds"}}, trial.Sample{Total: number(15)}},
	} {
		c.want.Metric = "m"
		if diff := cmp.Diff(c.want, sampled(t, db, c.metric)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhatADatabaseCanNotSayIsMissing(t *testing.T) {
	db := overSQLite(t)
	total := func(query string) Metric { return Metric{Kind: trial.TotalKind, Query: Query{Query: query}} }
	kind := func(k trial.Kind, query string) Metric { return Metric{Kind: k, Query: Query{Query: query}} }
	yes := true
	for name, c := range map[string]struct {
		metric Metric
		want   string
	}{
		"NULL":          {total("SELECT sum(amount) FROM orders WHERE version = 'v9'"), "column sum(amount) is NULL"},
		"NULL in a row": {kind(trial.MomentsKind, "SELECT price"+inWindow+" ORDER BY at"), "is, in row 3, NULL"},
		"two rows":      {total("SELECT amount" + inWindow), "3 rows, where one is meant"},
		"no row":        {total("SELECT amount FROM orders WHERE version = 'v9'"), "no rows"},
		"two columns":   {total("SELECT 1 AS a, 2 AS b"), "its columns are a, b, where this is meant: one row with one column; or rows of time, value"},
		"text":          {total("SELECT 'many'"), `column 'many' is "many", which is no number`},
		"hexadecimal":   {total("SELECT '0x10'"), "no number"},
		"infinite":      {total("SELECT 9e999"), "+Inf, which is no number"},
		"NaN":           {total("SELECT 'NaN'"), "NaN, which is no number"},
		"hits alone":    {kind(trial.CountsKind, "SELECT 1 AS hits"), "where this is meant: one row of hits, trials"},
		"more hits":     {kind(trial.CountsKind, "SELECT 2 AS hits, 1 AS trials"), "2 hits in 1 trials"},
		"moments":       {kind(trial.MomentsKind, "SELECT 2 AS n, 6 AS sum, 17 AS sum_squares"), "a sum of squares of 17"},
		"sum of none":   {kind(trial.MomentsKind, "SELECT 0 AS n, 6 AS sum, 36 AS sum_squares"), "a sum of squares of 36"},
		"no +Inf":       {kind(trial.HistogramKind, "SELECT 1 AS le, 2 AS count"), `(le="+Inf") is missing`},
		"bucket twice":  {kind(trial.HistogramKind, "SELECT 1 AS bound, 2 AS count UNION ALL SELECT 1, 3"), "two rows are of the bucket 1"},
		"a bound":       {kind(trial.HistogramKind, "SELECT 'x' AS bound, 2 AS count"), `column bound is "x"`},
		"no time":       {kind(trial.ValueKind, "SELECT 'noon' AS time, 2 AS value"), `column time is "noon", which is no time`},
		"old points":    {kind(trial.ValueKind, "SELECT '2026-01-31 11:00:00' AS time, 2 AS value"), "stale"},
		"running counts": {Metric{Kind: trial.CountsKind, Query: Query{Running: &yes, Query: "SELECT 1 AS hits, 2 AS trials"}},
			"a query for each figure"},
		"unknown table":   {total("SELECT 1 FROM nowhere"), "no such table: nowhere"},
		"an unknown name": {total("SELECT :verison"), "fits: query: nothing is known to give for :verison (known: :app_kubernetes_io_name, :from,"},
		"pasted":          {total("SELECT '{{version}}'"), "check: query: a database is given values beside the query: write :version"},
		"a write":         {total("DELETE FROM orders"), "check: query: a query begins with SELECT or WITH"},
		"a hidden write":  {total("WITH a AS (SELECT 1) DELETE FROM orders RETURNING 1"), "readonly database"},
		"two statements":  {total("SELECT 1; DELETE FROM orders"), "check: query: it is more than one statement"},
		"its own place":   {total("SELECT @version"), "nothing is known to give for @version"},
	} {
		got := sampled(t, db, c.metric)
		if got.Missing == "" || !strings.Contains(got.Missing, c.want) {
			t.Errorf("%s: %q, want it missing for %q", name, got.Missing, c.want)
		}
	}
	left := sampled(t, db, total("SELECT count(*) FROM orders"))
	if left.Total == nil || *left.Total != 6 {
		t.Errorf("what is left: %+v", left)
	}
}

func TestRowsAreBounded(t *testing.T) {
	db := overSQLite(t)
	rows := func(n string) Metric {
		return Metric{Kind: trial.MomentsKind, Query: Query{Query: "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < " + n + ") SELECT x FROM c"}}
	}
	if got := sampled(t, db, rows("100000")); got.Moments == nil || got.Moments.N != 100000 {
		t.Errorf("the limit itself: %+v", got)
	}
	if got := sampled(t, db, rows("1000000")); !strings.Contains(got.Missing, "more than 100000 rows") {
		t.Errorf("a million: %+v", got)
	}
}

func TestASlowQueryEndsInTime(t *testing.T) {
	db := opening(t, sqliteDialect(), Provider{DSN: trial.NewSecret("", sqliteFile(t)), Timeout: 200 * time.Millisecond})
	slow := Metric{Kind: trial.TotalKind, Query: Query{Query: "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c"}}
	began := time.Now()
	if got := sampled(t, db, slow); !strings.Contains(got.Missing, "no reply within 200ms") || time.Since(began) > 3*time.Second {
		t.Errorf("after %s: %+v", time.Since(began), got)
	}
}

func TestRunningTotalsOfADatabaseAreDifferences(t *testing.T) {
	path := sqliteFile(t, "CREATE TABLE counter (n INTEGER)", "INSERT INTO counter VALUES (100)")
	writer, err := sql.Open("sqlite", strings.NewReplacer("?", "%3f", "%", "%25").Replace("file:"+path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Close() }()
	db := opening(t, sqliteDialect(), Provider{DSN: trial.NewSecret("", path)})
	yes := true
	meter := &Meter{
		source: db, language: db.language(), versions: []Version{{Name: "v"}}, windows: Windows{Interval: 15 * time.Second},
		metrics: []Metric{{Name: "m", Kind: trial.TotalKind, Query: Query{Running: &yes, Query: "SELECT n FROM counter"}}},
		around:  around(), ledger: newLedger(),
	}
	var got []trial.Sample
	w := sqlWindow
	for i, n := range []int{100, 130, 5} {
		if _, err := writer.Exec("UPDATE counter SET n = ?", n); err != nil {
			t.Fatal(err)
		}
		got = append(got, meter.ask(t.Context(), i, w).Samples[0])
		w = Window{w.To, w.To.Add(15 * time.Second)}
	}
	if got[0].Missing == "" || got[1].Total == nil || *got[1].Total != 30 || got[2].Total == nil || *got[2].Total != 0 || !got[2].Reset {
		t.Errorf("got %+v", got)
	}
}

func TestADatabaseIsRefusedBeforeItIsAsked(t *testing.T) {
	secret := trial.NewSecret("${DSN}", "postgres://seatrial:hunter22@db.example:bad/x")
	for name, c := range map[string]struct {
		dialect  dialect
		provider Provider
		want     string
	}{
		"no dsn":         {postgres(), Provider{}, "it has no dsn"},
		"a url":          {postgres(), Provider{DSN: secret, URL: "http://x"}, "leave the url out"},
		"basic auth":     {postgres(), Provider{DSN: secret, Auth: Auth{Basic: &Basic{}}}, "its dsn has the user"},
		"unreadable":     {postgres(), Provider{DSN: secret}, "not as PostgreSQL's are"},
		"plain and ca":   {postgres(), Provider{DSN: trial.NewSecret("", "postgres://h/d?sslmode=disable"), CA: "ca.pem"}, "leave out one"},
		"in memory":      {sqliteDialect(), Provider{DSN: trial.NewSecret("", ":memory:")}, "no file"},
		"memory by mode": {sqliteDialect(), Provider{DSN: trial.NewSecret("", "file:x?mode=memory")}, "no file"},
		"a file's ca":    {sqliteDialect(), Provider{DSN: trial.NewSecret("", "x"), CA: "ca.pem"}, "leave ca"},
	} {
		_, err := c.dialect.open(c.provider, around())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestAFileThatIsNotThereIsNotMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.db")
	db := opening(t, sqliteDialect(), Provider{DSN: trial.NewSecret("", "file:"+path+"?mode=rwc")})
	got := sampled(t, db, Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT 1"}})
	if !strings.Contains(got.Missing, "unable to open database file") {
		t.Errorf("%+v", got)
	}
	if made, _ := filepath.Glob(path); made != nil {
		t.Errorf("made %v", made)
	}
}

func TestSecretsOfADSNAreHidden(t *testing.T) {
	hide := hider([]string{"p@ss word", "abc"}, around())
	if got := hide("x p@ss word, p%40ss+word, p%40ss%20word and p@ss%20word abc"); got != "x ***, ***, *** and *** abc" {
		t.Errorf("got %q", got)
	}
}

func TestACancelledQueryIsNoReason(t *testing.T) {
	db := overSQLite(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := db.ask(ctx, ask{part: whole, window: sqlWindow, metric: Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT 1"}}})
	if err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func provided(dsn string, p Provider) Provider {
	p.DSN = trial.NewSecret("", dsn)
	return p
}

func TestSQLiteWritesNothingWhateverIsAsked(t *testing.T) {
	path := sqliteFile(t)
	db := opening(t, sqliteDialect(), provided(path, Provider{}))
	for _, write := range []string{"DELETE FROM orders", "DROP TABLE orders", "CREATE TEMP TABLE x (a)", "PRAGMA user_version = 3"} {
		if _, err := db.query(t.Context(), write, nil); err == nil || !strings.Contains(err.Error(), "readonly database") {
			t.Errorf("%s: %v", write, err)
		}
	}
	beside := filepath.Join(filepath.Dir(path), "new.db")
	_, _ = db.ask(t.Context(), ask{part: whole, metric: Metric{Query: Query{Query: "ATTACH '" + beside + "' AS beside"}}})
	if made, _ := filepath.Glob(beside); made != nil {
		t.Errorf("made %v", made)
	}
}

func TestRunningBucketsOfADatabaseAreDifferences(t *testing.T) {
	yes := true
	m := Metric{Name: "m", Kind: trial.HistogramKind, Query: Query{Running: &yes, Query: "SELECT 1"}}
	r := reader{ledger: newLedger(), metric: m, running: true, window: sqlWindow}
	var got []trial.Sample
	for _, counts := range [][2]int64{{5, 9}, {7, 12}, {1, 2}} {
		r.enter(r.window)
		a, err := table{[]string{"le", "count"}, [][]any{{"+Inf", counts[1]}, {0.5, counts[0]}}}.answer(ask{metric: m, part: whole, window: r.window})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.sample(map[part]answer{whole: a}))
		r.window = Window{r.window.To, r.window.To.Add(15 * time.Second)}
	}
	want := []float64{2, 1}
	if got[0].Missing == "" || got[1].Histogram == nil || cmp.Diff(want, got[1].Histogram.Counts) != "" || !got[2].Reset || got[2].Histogram.N() != 0 {
		t.Errorf("got %+v", got)
	}
}
