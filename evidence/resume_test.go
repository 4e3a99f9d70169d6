package evidence

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// A killed process may leave any part of its last writes: rounds are appended to
// the whole ones before it, wherever it was cut.
func TestRoundsAreAppendedBehindEveryCut(t *testing.T) {
	dir := write(t, 3)
	whole, err := os.ReadFile(filepath.Join(dir, RoundsFile))
	if err != nil {
		t.Fatal(err)
	}
	requests, err := os.ReadFile(filepath.Join(dir, RequestsFile))
	if err != nil {
		t.Fatal(err)
	}
	phases, err := os.ReadFile(filepath.Join(dir, PhasesFile))
	if err != nil {
		t.Fatal(err)
	}
	first := strings.Index(string(whole), "\n") + 1
	for cut := first; cut <= len(whole); cut += 5 {
		rewrite(t, dir, RoundsFile, whole[:cut])
		rewrite(t, dir, RequestsFile, requests)
		rewrite(t, dir, PhasesFile, phases)
		rewrite(t, dir, ReportFile, []byte("{}"))
		e, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		w, err := Resume(dir, e)
		if err != nil {
			t.Fatal(err)
		}
		next := round(len(e.Rounds))
		next.Requests[0].Slot = 99 // unlike those of any other
		if err := errors.Join(w.Append(next), w.Append(windowRound(7)), w.Close()); err != nil {
			t.Fatal(err)
		}
		got, err := Open(dir)
		if err != nil {
			t.Fatalf("cut at byte %d: %v", cut, err)
		}
		if diff := cmp.Diff(append(e.Rounds, next, windowRound(7)), got.Rounds); diff != "" || got.Report != nil {
			t.Fatalf("cut at byte %d: %s", cut, diff)
		}
	}
}

func TestWhatWasAskedIsKeptAndBounded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	w, err := Create(dir, header, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := windowRound(0)
	r.Asked = []trial.Asked{{Metric: "cpu", Part: "query", Query: strings.Repeat("x", 1<<20), Error: "HTTP 500"}}
	for i := range 80 {
		r.Index = i
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, QueriesFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(text) > mostQueries+1000 || len(lines) != 64 || !strings.Contains(lines[0], `"error":"HTTP 500"`) || !strings.Contains(lines[63], `"left_out":true`) {
		t.Errorf("%d bytes, %d lines, the last %.100s", len(text), len(lines), lines[len(lines)-1])
	}
	if e, err := Open(dir); err != nil || len(e.Rounds) != 80 || e.Rounds[0].Asked != nil {
		t.Errorf("%v", err)
	}
	rewrite(t, dir, QueriesFile, []byte("{}\n{\"ser"))
	e, _ := Open(dir)
	if w, err = Resume(dir, e); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if text, _ = os.ReadFile(filepath.Join(dir, QueriesFile)); string(text) != "{}\n" {
		t.Errorf("%q", text)
	}
	if w, err = Create(dir, header, nil); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, QueriesFile)); !errors.Is(err, os.ErrNotExist) {
		t.Error("what an earlier trial asked is still there")
	}
}
