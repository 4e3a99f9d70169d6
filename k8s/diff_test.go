package k8s

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnifiedDiff(t *testing.T) {
	a := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"
	b := "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\n"
	// Written by diff -u of GNU diffutils 3.8.
	want := "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -10,3 +10,4 @@\n 10\n 11\n 12\n+13\n"
	if diff := cmp.Diff(want, unified("a", "b", a, b)); diff != "" {
		t.Error(diff)
	}
	if got := unified("a", "b", a, a); got != "" {
		t.Errorf("of the same: %q", got)
	}
}

func TestUnifiedDiffOfDistantChanges(t *testing.T) {
	a := "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
	b := "one\n2\n3\n4\n5\n6\n7\n8\nnine\n"
	// Written by diff -u of GNU diffutils 3.8.
	want := "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+nine\n"
	if diff := cmp.Diff(want, unified("a", "b", a, b)); diff != "" {
		t.Error(diff)
	}
}

func TestChangesInASentence(t *testing.T) {
	if got, want := changes("a\n  b: 1\nc\n", "a\n  b: 2\nc\n", 2), "- b: 1, + b: 2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := changes("1\n2\n3\n", "x\n", 2), "- 1, - 2, and 2 more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
