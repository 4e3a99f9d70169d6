package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// serialService answers one request after another, each after 10 ms: at most
// 100 a second.
func serialService(t *testing.T) string {
	t.Helper()
	var one sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		select {
		case <-time.After(10 * time.Millisecond):
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestCapacityIsFoundBetweenTwoRates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := command(t, "capacity", "--json", "--candidate", serialService(t), "--from", "40/s", "--to", "400/s", "--step", "50%",
		"--for", "12s", "--at-least", "2s", "--warmup", "1s", "--timeout", "2s", "--report-dir", filepath.Join(dir, "out"), "--objectives", "latency-p90 <= 150ms\nerror-rate <= 20%")
	r := finish(t, c)
	var got trial.Capacity
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatalf("%v in %s\n%s", err, r.stdout, r.stderr)
	}
	if !(got.Holds.Value >= 40 && got.Holds.Value < 105 && got.Violated.Value > got.Holds.Value && got.Violated.Value <= 400) || r.code != exitPass {
		t.Errorf("a service of at most 100/s: between %v and %v, exit %d\n%s", got.Holds, got.Violated, r.code, r.stderr)
	}
	for _, l := range got.Levels {
		if _, err := os.Stat(filepath.Join(l.Evidence, "report.json")); err != nil {
			t.Errorf("%v/s left no report: %v", l.Rate, err)
		}
	}
}

func TestCapacityThatIsWantedIsAVerdict(t *testing.T) {
	t.Parallel()
	c := command(t, "capacity", "--candidate", serialService(t), "--from", "150/s", "--to", "300/s", "--step", "100%", "--want", "200/s",
		"--for", "10s", "--at-least", "3s", "--warmup", "1s", "--timeout", "2s", "--report-dir", filepath.Join(t.TempDir(), "out"), "--objectives", "latency-p90 <= 150ms")
	r := finish(t, c)
	r.wants(t, exitFail, "CAPACITY below 150/s")
	r.wants(t, exitFail, "Wanted: 200/s: fail")
}

func TestCapacityRefusesWhatItCannotSearch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--from", "100/s", "--to", "50/s"}, "--to: 50/s is not above --from, which is 100/s"},
		{[]string{"--from", "fast"}, `--from: "fast" is not a rate`},
		{[]string{"--step", "0.1%"}, `--step: "0.1%" is not a percentage from 1% to 100%`},
		{[]string{"--want", "5/s"}, "--want: 5/s is not between --from and --to (10/s and 1000/s)"},
		{[]string{"--from", "1/s", "--for", "4s", "--at-least", "1s"}, "at 1/s: 0s of load is 0 rounds"},
	} {
		args := append([]string{"capacity", "--candidate", "http://127.0.0.1:1", "--objectives", "latency-p90 <= 150ms"}, c.args...)
		finish(t, command(t, args...)).wants(t, exitBadInput, c.want)
	}
}
