//go:build e2e

package metrics

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// program runs until the test ends, and answers at an address of its own.
func program(t *testing.T, ready string, command func(address string) *exec.Cmd) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	run := command(address)
	run.Stderr = t.Output()
	if err := run.Start(); err != nil {
		t.Fatalf("%v: .ci/install installs it", err)
	}
	t.Cleanup(func() { _ = run.Process.Kill(); _ = run.Wait() })
	until(t, func() bool {
		response, err := http.Get("http://" + address + ready)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode < 300
	})
	return "http://" + address
}

// windowsOf asks for a metric over windows that follow each other, and writes
// down what each came to.
func windowsOf(t *testing.T, word string, p Provider, m Metric, version string, from time.Time, n int) []string {
	t.Helper()
	l, err := languageFor(word)
	if err != nil {
		t.Fatal(err)
	}
	src, err := l.open(p, around())
	if err != nil {
		t.Fatal(err)
	}
	m.Name = "m"
	queries, err := m.queries()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range n {
		w := Window{From: from.Add(time.Duration(i) * 5 * time.Second), To: from.Add(time.Duration(i+1) * 5 * time.Second)}
		got := map[part]answer{}
		ctx, done := context.WithTimeout(t.Context(), 10*time.Second)
		for _, q := range queries {
			if got[q], err = putTo(ctx, src, l, m, q, version, w); err != nil {
				break
			}
		}
		done()
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		s := reader{ledger: newLedger(), metric: m, window: w}.sample(got)
		switch {
		case s.Missing != "":
			out = append(out, s.Missing)
		case s.Counts != nil:
			out = append(out, fmt.Sprint(*s.Counts))
		case s.Moments != nil:
			out = append(out, fmt.Sprint(*s.Moments))
		default:
			out = append(out, fmt.Sprint(*s.Total))
		}
	}
	return out
}

func TestInfluxDBForReal(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "influxdb.conf")
	at := program(t, "/ping", func(address string) *exec.Cmd {
		text := fmt.Sprintf("reporting-disabled = true\nbind-address = \"127.0.0.1:0\"\n[meta]\ndir = %q\n[data]\ndir = %q\nwal-dir = %q\n[http]\nbind-address = %q\n",
			dir+"/meta", dir+"/data", dir+"/wal", address)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return exec.Command("influxd", "-config", config)
	})
	post := func(path, kind, body string) {
		response, err := http.Post(at+path, kind, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode >= 300 {
			t.Fatalf("%s: %s", response.Status, said)
		}
	}
	post("/query", "application/x-www-form-urlencoded", url.Values{"q": {"CREATE DATABASE shop"}}.Encode())
	const hostile = `it's "v2" OR 1=1`
	from := time.Now().Add(-time.Minute).Truncate(time.Second)
	var lines strings.Builder
	for i := range 10 { // at both edges of each window, and within
		for _, version := range []string{"v1", strings.NewReplacer(" ", `\ `, "=", `\=`).Replace(hostile)} {
			fmt.Fprintf(&lines, "http,version=%s errors=%d,requests=%d,ms=%d %d\n", version, i%2, 10+i, i, from.Add(time.Duration(i+1)*time.Second).UnixNano())
		}
	}
	post("/write?db=shop", "text/plain", lines.String())
	p := Provider{URL: at, Settings: map[string]string{"database": "shop"}}
	const within = ` FROM http WHERE version = '{{version}}' AND time > {{from-ms}}ms AND time <= {{to-ms}}ms`
	for name, c := range map[string]struct {
		metric  Metric
		version string
		want    []string
	}{
		"counts":  {Metric{Kind: trial.CountsKind, Query: Query{Query: "SELECT sum(errors) AS hits, sum(requests) AS trials" + within}}, hostile, []string{"{2 60}", "{3 85}", "no sample in the window"}},
		"totals":  {Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT sum(requests)" + within}}, hostile, []string{"60", "85", "no sample in the window"}},
		"moments": {Metric{Kind: trial.MomentsKind, Query: Query{Query: "SELECT ms" + within}}, "v1", []string{"{5 10 30}", "{5 35 255}", "no sample in the window"}},
		"nobody":  {Metric{Kind: trial.TotalKind, Query: Query{Query: "SELECT sum(requests)" + within}}, "v9", []string{"no sample in the window", "no sample in the window", "no sample in the window"}},
	} {
		if diff := cmp.Diff(c.want, windowsOf(t, "influxdb-v1", p, c.metric, c.version, from, 3)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for query, want := range map[string]string{"SELECT sum(requests) FROM http WHRE": "HTTP 400 Bad Request: error parsing query", "SELECT sum(requests) FROM nowhere.one.http": "database not found"} {
		if got := windowsOf(t, "influxdb-v1", p, Metric{Kind: trial.TotalKind, Query: Query{Query: query}}, "v1", from, 1); !strings.Contains(got[0], want) {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
}

func TestGraphiteForReal(t *testing.T) {
	dir := t.TempDir()
	from := time.Now().Add(-time.Minute).Truncate(time.Second)
	var lines strings.Builder
	for i := range 10 { // each of the second that it begins
		for _, name := range []string{"shop.v2.a.errors", "shop.v2.b.errors"} {
			fmt.Fprintf(&lines, "%s %d %d\n", name, from.Unix()+int64(i), 1+i)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "points"), []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	at := program(t, "/version", func(address string) *exec.Cmd {
		host, port, _ := net.SplitHostPort(address)
		return exec.Command("/usr/bin/python3", "testdata/render.py", dir, host, port)
	})
	for query, want := range map[string][]string{
		"sumSeries(shop.{{version}}.*.errors)": {"30", "80", "no sample in the window"},
		"shop.{{version}}.*.errors":            {"30", "80", "no sample in the window"},
		"shop.{{version}}.c.errors":            {"no sample in the window", "no sample in the window", "no sample in the window"},
	} {
		got := windowsOf(t, "graphite", Provider{URL: at}, Metric{Kind: trial.TotalKind, Query: Query{Query: query}}, "v2", from, 3)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	got := windowsOf(t, "graphite", Provider{URL: at}, Metric{Kind: trial.TotalKind, Query: Query{Query: "sumSeriez(shop.*)"}}, "v2", from, 1)
	if !strings.Contains(got[0], "HTTP 400 Bad Request: Invalid parameters") {
		t.Error(got)
	}
}
