package trial

import "testing"

func TestSuggestions(t *testing.T) {
	known := []string{"rate", "for", "warmup", "connections", "timeout", "body-file"}
	for name, want := range map[string]string{
		"rate_limit": "rate", "fro": "for", "conections": "connections", "file": "body-file", "Timeout": "timeout",
		"zzz": "", "": "", "x": "",
	} {
		if got := Closest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := DidYouMean("fro", known); got != "; did you mean for?" {
		t.Errorf("%q", got)
	}
}
