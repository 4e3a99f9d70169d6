package metrics

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// perVersion asks SQLite about a metric of several versions at once.
func perVersion(t *testing.T, q Query, kind trial.Kind, versions ...Version) []trial.Sample {
	t.Helper()
	db := overSQLite(t)
	m := &Meter{
		source: db, language: db.language(), metrics: []Metric{{Name: "m", Kind: kind, Query: q}}, versions: versions,
		windows: Windows{Interval: sqlWindow.length()}, around: around(), ledger: newLedger(),
	}
	return m.ask(t.Context(), 0, sqlWindow).Samples
}

func TestAQueryOfAllVersionsIsTakenApart(t *testing.T) {
	versions := []Version{
		{Name: "baseline", Places: map[string]string{"version": "v1"}},
		{Name: "v2"}, // by its name, as it has no version
		{Name: "another", Places: map[string]string{"version": "v9"}},
		{Name: "numbered", Places: map[string]string{"version": "3"}},
	}
	const rows = `WITH o(release, failed) AS (VALUES ('v1', 0), ('v1', 1), ('v2', 0), ('v2', 0), ('v2', 1), (3, 1), (NULL, 1))
		SELECT count(*) AS trials, release AS Release, sum(failed) AS hits FROM o WHERE :to > :from GROUP BY release`
	got := perVersion(t, Query{PerVersion: "RELEASE", Query: rows}, trial.CountsKind, versions...)
	counts := func(version int, hits, trials float64) trial.Sample {
		return trial.Sample{Version: version, Metric: "m", Counts: &trial.Counts{Hits: hits, Trials: trials}}
	}
	want := []trial.Sample{counts(0, 1, 2), counts(1, 1, 3), trial.Missed(2, "m", "query: no rows"), counts(3, 1, 1)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRowsThatNameNoVersionAreAReason(t *testing.T) {
	v := Version{Name: "v2"}
	for query, want := range map[string]string{
		"SELECT 1 AS n":                                           "no column release, which is to tell versions apart (it has: n)",
		"SELECT 1.5 AS release, 1 AS n":                           "its column release is of a type (float64) that names no version",
		"SELECT 'v2' AS release, 1 AS n, 2 AS m":                  "its columns are n, m, where this is meant",
		"SELECT 'v2' AS release, 1 AS n UNION ALL SELECT 'v2', 2": "2 rows, where one is meant",
	} {
		got := perVersion(t, Query{PerVersion: "release", Query: query}, trial.TotalKind, v)[0]
		if !strings.Contains(got.Missing, want) {
			t.Errorf("%s: %+v, want %q", query, got, want)
		}
	}
}

func TestAQueryOfAllVersionsNamesNone(t *testing.T) {
	versions := []Version{{Name: "baseline", Places: map[string]string{"version": "v1", "pod": "a"}}}
	for provider, queries := range map[string]map[string]string{
		"sqlite": {
			"SELECT release, count(*) FROM o WHERE at > :from AND at <= :to_ms GROUP BY 1": "",
			"SELECT release, count(*) FROM o WHERE v = :version":                           "so that there is no :version: take it out, or per-version",
			"SELECT release, count(*) FROM o WHERE v = :pod":                               "no :pod",
			"SELECT release, count(*) FROM o WHERE v = :never":                             "no :never",
		},
		"prometheus": {"n": "per-version, which is for queries of databases"},
		"loki":       {"n": "per-version, which is for queries of databases"},
	} {
		for query, want := range queries {
			m := Metric{Name: "m", Kind: trial.TotalKind, Query: Query{Query: query, PerVersion: "release"}}
			err := m.Check(Provider{Type: provider}, versions)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s: %s: %v, want %q", provider, query, err, want)
			}
		}
	}
}
