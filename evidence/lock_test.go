package evidence

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two trials that write to one directory leave what nobody can read, and each
// may take the other's report for its own.
func TestADirectoryIsOneTrialsAtATime(t *testing.T) {
	dir := t.TempDir()
	first, err := Create(dir, header, []byte("name: first\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Append(round(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, header, nil, TrialFile); err == nil || !strings.Contains(err.Error(), "another trial") {
		t.Errorf("a second one began: %v", err)
	}
	e, err := Open(dir)
	if err != nil || len(e.Rounds) != 1 || string(e.TrialFile) != "name: first\n" {
		t.Fatalf("the first one's evidence is harmed: %v, %+v", err, e)
	}
	if _, err := Resume(dir, e); err == nil || !strings.Contains(err.Error(), "another trial") {
		t.Errorf("it was gone on with while it ran: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Create(dir, header, nil)
	if err != nil {
		t.Fatal("after it ended:", err)
	}
	second.Close()
}

// A file that could not be written whole leaves nothing that could be taken for it.
func TestWhatCouldNotBeWrittenLeavesNothing(t *testing.T) {
	w, err := Create(t.TempDir(), header, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := os.MkdirAll(filepath.Join(w.dir, "summary.md", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFile("summary.md", []byte("text")); err == nil {
		t.Error("written over a directory")
	}
	if left, _ := filepath.Glob(filepath.Join(w.dir, "*.tmp")); left != nil {
		t.Errorf("left behind: %q", left)
	}
}
