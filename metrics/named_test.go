package metrics

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var allDialects = []dialect{postgres(), mysqlDialect("mysql"), sqliteDialect(), sqlserver(), clickhouse()}

// filled writes a query as a dialect does, with its names for values.
func filled(d dialect, query string) string {
	n, err := d.grammar.parseNamed(query)
	if err != nil {
		return "error: " + err.Error()
	}
	text, values, err := d.grammar.fill(n, func(name string) (any, error) { return name, nil })
	if err != nil {
		return "error: " + err.Error()
	}
	return strings.TrimSpace(fmt.Sprintln(append([]any{text}, values...)...))
}

func TestNamesBecomeParametersWhereTheyAreCode(t *testing.T) {
	type texts map[string]string // by the word of a dialect
	all := func(text string) texts {
		return texts{"postgres": text, "mysql": text, "sqlite": text, "sqlserver": text, "clickhouse": text}
	}
	for query, want := range map[string]texts{
		"SELECT :a, :b, :a": {
			"postgres": "SELECT $1, $2, $1 a b", "mysql": "SELECT ?, ?, ? a b a", "sqlite": "SELECT ?1, ?2, ?1 a b",
			"sqlserver": "SELECT @p1, @p2, @p1 a b", "clickhouse": "SELECT {p1:String}, {p2:String}, {p1:String} a b",
		},
		"at>:from AND at<=:to": {
			"postgres": "at>$1::timestamptz AND at<=$2::timestamptz from to", "mysql": "at>? AND at<=? from to",
			"clickhouse": "at>{p1:DateTime64(6, 'UTC')} AND at<={p2:DateTime64(6, 'UTC')} from to",
		},
		"SELECT (:a)::text, x::int":                      {"postgres": "SELECT ($1)::text, x::int a", "clickhouse": "SELECT ({p1:String})::text, x::int a"},
		"SELECT :a::text":                                {"postgres": "SELECT $1::text a"},
		"SELECT ':a', '::', 'it'':b', \":c\" -- :d\n, 1": all(`SELECT ':a', '::', 'it'':b', ":c" -- :d` + "\n, 1"),
		"SELECT /* :a */ 1 /* ' */":                      all("SELECT /* :a */ 1 /* ' */"),
		"SELECT x[1:2], x[i:j], a:b, x := 1, : y, :1":    {"postgres": "SELECT x[1:2], x[i:j], a:b, x := 1, : y, :1"},
		"SELECT é:a, $x:b":                               {"mysql": "SELECT é:a, $x:b", "postgres": "SELECT é:a, $x:b"},
		"SELECT :a; \n;":                                 {"postgres": "SELECT $1 a", "sqlite": "SELECT ?1 a"},
		"SELECT ':a;' ;":                                 all("SELECT ':a;'"),
		"SELECT 1; :a":                                   all("error: it is more than one statement: ask by one"),
		"SELECT 1; -- done":                              all("error: it is more than one statement: ask by one"),
		`SELECT '\', :a, ''`:                             {"postgres": `SELECT '\', $1, '' a`, "mysql": "error: a quote ' has no end", "sqlserver": `SELECT '\', @p1, '' a`},
		`SELECT '\':a'`:                                  {"mysql": `SELECT '\':a'`, "clickhouse": `SELECT '\':a'`, "postgres": "error: a quote ' has no end"},
		`SELECT E'\':a', e'\\', :b`:                      {"postgres": `SELECT E'\':a', e'\\', $1 b`},
		`SELECT name'\', :b, ''`:                         {"postgres": `SELECT name'\', $1, '' b`},
		"SELECT `:a`, :b":                                {"mysql": "SELECT `:a`, ? b", "sqlite": "SELECT `:a`, ?1 b", "clickhouse": "SELECT `:a`, {p1:String} b"},
		"SELECT [:a], :b":                                {"sqlserver": "SELECT [:a], @p1 b", "sqlite": "SELECT [:a], ?1 b", "postgres": "SELECT [$1], $2 a b"},
		"SELECT 1 # :a\n, :b":                            {"mysql": "SELECT 1 # :a\n, ? b", "postgres": "SELECT 1 # $1\n, $2 a b", "clickhouse": "SELECT 1 # :a\n, {p1:String} b"},
		"SELECT 1--:a\n, :b":                             {"mysql": "SELECT 1--?\n, ? a b", "postgres": "SELECT 1--:a\n, $1 b"},
		"/* /* */ :a */":                                 {"postgres": "/* /* */ :a */", "sqlserver": "/* /* */ :a */", "mysql": "/* /* */ ? */ a", "sqlite": "/* /* */ ?1 */ a"},
		"SELECT $$:a$$, $t$:b $$ $t$, a$b$:c":            {"postgres": "SELECT $$:a$$, $t$:b $$ $t$, a$b$:c"},
		"SELECT $1":                                      {"postgres": "error: nothing is known to give for $1: write :version, :from or :to", "sqlite": "error: nothing is known to give for $1: write :version, :from or :to"},
		"SELECT ?":                                       {"mysql": "error: nothing is known to give for ?: write :version, :from or :to", "postgres": "SELECT ?"},
		"SELECT @version":                                {"mysql": "SELECT @version", "sqlserver": "SELECT @version", "sqlite": "error: nothing is known to give for @version: write :version, :from or :to"},
		"SELECT @p1":                                     {"sqlserver": "error: nothing is known to give for @p1: write :version, :from or :to"},
		"SELECT {x:String}":                              {"clickhouse": "error: nothing is known to give for {x:String}: write :version, :from or :to"},
		"SELECT '":                                       all("error: a quote ' has no end"),
		"SELECT /* ":                                     all("error: a comment /* has no end"),
		"SELECT $x$ ":                                    {"postgres": "error: a string $x$ has no end"},
		"SELECT [a":                                      {"sqlserver": "error: a [name] has no end"},
	} {
		for _, d := range allDialects {
			if text, told := want[d.word]; told && filled(d, query) != text {
				t.Errorf("%s of %q:\n got %s\nwant %s", d.word, query, filled(d, query), text)
			}
		}
	}
}

func TestALabelIsNamedAsANameCanBe(t *testing.T) {
	places := placesOf(Version{Name: "v", Places: map[string]string{"app/tier": "web", "app.tier": "x", "a-b": "1"}}, sqlWindow)
	for name, want := range map[string]any{
		"a_b": "1", "name": "v", "from": sqlWindow.From, "to": sqlWindow.To, "round": 15.0,
		"from_seconds": sqlWindow.From.Unix(), "to_seconds": sqlWindow.To.Unix(), "from_ms": sqlWindow.From.UnixMilli(), "to_ms": sqlWindow.To.UnixMilli(),
	} {
		if got, err := valueOf(name, places, sqlWindow); got != want || err != nil {
			t.Errorf("%s is %v, want %v; %v", name, got, want, err)
		}
	}
	for name, want := range map[string]string{
		"app_tier": ":app_tier could be any of app.tier, app/tier",
		"form":     "nothing is known to give for :form (known: :a_b, :app_tier, :from, :from_ms, :from_seconds, :name, :round, :to, :to_ms, :to_seconds); did you mean :from?",
	} {
		if _, err := valueOf(name, places, sqlWindow); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestAQueryBeginsByReading(t *testing.T) {
	for query, want := range map[string]string{
		" \n-- a\n/* b */ (( SELECT 1))": "select", "With a AS (SELECT 1) SELECT 2": "with", "update x": "update", "": "", "'select'": "",
	} {
		if got := postgres().grammar.firstWord(query); got != want {
			t.Errorf("%q begins with %q, want %q", query, got, want)
		}
	}
}

// FuzzNames holds two things: the text that is sent is the query but for names,
// whatever stands for these; and SQLite, which knows :name itself, gives the
// same to both.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{
		"SELECT :a || ':a' || \":b\" -- :a", "SELECT [x], `y`, :b /* ' :a */ FROM (SELECT 1 AS x, 2 AS y)", "SELECT ':''a', x'61', :a IN (:b)",
		"SELECT 1 /* /* :a */ , :a", "SELECT CAST(:a AS TEXT);", "SELECT é, :a FROM (SELECT 1 AS é)", "SELECT '\\', :a, ''", "SELECT $a, @b, ?", "SELECT a:b", "SELECT CAST(#a AS A0)", "SELECT :aé", "SELECT :a$b", "SELECT#a", "SELECT:a",
		"SELECT 1--:a\n+:b", "SELECT 1::a", "SELECT :a:b", "select \":a\"\":b\"", "SELECT '':a",
	} {
		f.Add(seed)
	}
	db, err := sql.Open("sqlite", "file::memory:?_pragma=query_only(1)")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	values := map[string]any{"a": "v'2", "b": int64(7)}
	f.Fuzz(func(t *testing.T, query string) {
		for _, d := range allDialects {
			n, err := d.grammar.parseNamed(query)
			if err != nil {
				continue
			}
			var again strings.Builder
			for i, name := range n.names {
				again.WriteString(n.pieces[i] + ":" + name)
			}
			again.WriteString(n.pieces[len(n.names)])
			if rest, is := strings.CutPrefix(query, again.String()); !is || strings.Trim(rest, "; \t\r\n") != "" {
				t.Errorf("%s: %q became %q", d.word, query, again.String())
			}
		}
		g := sqliteDialect().grammar
		n, err := g.parseNamed(query)
		if err != nil || slices.ContainsFunc(n.names, func(name string) bool { return values[name] == nil }) || strings.ContainsRune(query, 0) {
			return
		}
		text, bound, err := g.fill(n, func(name string) (any, error) { return values[name], nil })
		if err != nil {
			t.Fatal(err)
		}
		want, wrong := firstRow(db, query, sql.Named("a", values["a"]), sql.Named("b", values["b"]))
		got, err := firstRow(db, text, bound...)
		if err != nil && strings.Contains(err.Error(), "missing named argument") {
			return // loud: a name that stands right behind a word
		}
		if wrong == nil && (err != nil || cmp.Diff(want, got) != "") {
			t.Errorf("%q gives %v, and as %q %v (%v)", query, want, text, got, err)
		}
	})
}

func firstRow(db *sql.DB, query string, values ...any) ([]any, error) {
	ctx, done := context.WithTimeout(context.Background(), time.Second)
	defer done()
	rows, err := db.QueryContext(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return nil, err
	}
	row, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	return row, rows.Scan(into...)
}
