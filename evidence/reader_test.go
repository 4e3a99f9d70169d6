package evidence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

func TestColumnsAreTheRecordsByteByByte(t *testing.T) {
	stored := columns(nil, []byte("aAbBcC"), 2)
	if diff := cmp.Diff("abcABC", string(stored)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("aAbBcC", string(rows(nil, stored, 2))); diff != "" {
		t.Error(diff)
	}
}

// Evidence of an earlier seatrial has its records one after another, and is gone
// on with in the same way.
func TestEvidenceOfTheFirstSchemaIsReadAndGoneOnWith(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	h := header
	h.Schema = firstSchema
	if err := prepare(dir, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, TrialFile), []byte("name: test\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w, err := open(dir, h, os.O_TRUNC)
	if err != nil {
		t.Fatal(err)
	}
	for _, write := range []func() error{func() error { return w.writeLine(h) }, func() error { return w.Append(round(0)) }, w.Close} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := unpacked(filepath.Join(dir, RequestsFile))
	if want := encode(nil, round(0).Requests); err != nil || !cmp.Equal(want, raw) {
		t.Errorf("its records: %x, want %x, %v", raw, want, err)
	}
	e, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if w, err = Resume(dir, e); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(round(1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if e, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]trial.Round{round(0), round(1)}, e.Rounds); diff != "" {
		t.Error(diff)
	}
}

// unpacked unpacks a whole file of frames.
func unpacked(path string) ([]byte, error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r, err := openRecords(filepath.Dir(filepath.Dir(path)))
	if err != nil {
		return nil, err
	}
	defer r.close()
	return r.unpacker.DecodeAll(packed, nil)
}

func TestAReaderMayStopEarly(t *testing.T) {
	e, err := Begin(write(t, 30))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for r, err := range e.Each() {
		if err != nil || r.Index != seen {
			t.Fatalf("round %d, %v; want %d", r.Index, err, seen)
		}
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("%d rounds", seen)
	}
}
