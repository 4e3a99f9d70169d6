package evidence

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What no trial writes is refused: rounds told twice or left out would bring any
// verdict.
func TestEvidenceThatNoTrialWritesIsRefused(t *testing.T) {
	edit := func(old, made string) func([]string) []string {
		return func(lines []string) []string {
			return strings.SplitAfter(strings.Replace(strings.Join(lines, ""), old, made, 1), "\n")
		}
	}
	for name, c := range map[string]struct {
		edit func(lines []string) []string
		want string
	}{
		"as it was":           {func(lines []string) []string { return lines }, ""},
		"a round twice":       {func(lines []string) []string { return slices.Insert(lines, 3, lines[2]) }, "round 1 of load comes after round 1"},
		"a round left out":    {func(lines []string) []string { return slices.Delete(lines, 2, 3) }, "round 2 of load comes after round 0"},
		"a round before time": {edit(`"start":0.25`, `"start":-1`), "its times can't be"},
		"a round of no end":   {edit(`"end":0.5`, `"end":1e18`), "its times can't be"},
		"a round backwards":   {edit(`"end":0.5`, `"end":0.1`), "its times can't be"},
		"two baselines":       {edit(`"role":"candidate"`, `"role":"baseline"`), "2 baselines"},
		"no candidate":        {edit(`,{"name":"candidate","role":"candidate"}`, ``), "no candidate"},
		"one name twice":      {edit(`"name":"candidate"`, `"name":"baseline"`), "two versions are called"},
	} {
		dir := write(t, 4)
		path := filepath.Join(dir, RoundsFile)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.Join(c.edit(strings.SplitAfter(string(text), "\n")), ""))
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = Open(dir)
		if c.want == "" && err == nil {
			continue
		}
		if err == nil || c.want == "" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
