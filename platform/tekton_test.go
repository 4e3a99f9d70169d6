package platform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// resultsOf publishes outputs as Tekton's results and reads them back.
func resultsOf(t *testing.T, outputs ...Output) map[string]string {
	t.Helper()
	dir := t.TempDir()
	p := Detect(Environment{
		Getenv: func(name string) string { return map[string]string{"SEATRIAL_RESULTS_DIR": dir + "/verdict/.."}[name] },
		Stdout: &bytes.Buffer{},
	})
	if p.Name() != "tekton" {
		t.Fatalf("the platform is %s", p.Name())
	}
	if err := p.Publish(t.Context(), Publication{Outputs: outputs}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name()] = string(text)
	}
	return got
}

func TestTektonGetsEveryResultWithoutALineBreakAtItsEnd(t *testing.T) {
	got := resultsOf(t, Output{"verdict", "fail"}, Output{"passed", "false"}, Output{"exit-code", "1"},
		Output{"failed-objectives", "latency-p99 <= 300ms\nerror-rate <= 1%"}, Output{"report-dir", "seatrial-report"})
	want := map[string]string{
		"verdict": "fail", "passed": "false", "exit-code": "1", "winner": "", "reason": "",
		"failed-objectives": "latency-p99 <= 300ms\nerror-rate <= 1%",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Over 4,096 bytes with its own, Tekton fails the TaskRun; it keeps results as
// JSON, in which "<" takes six bytes.
func TestTheLargestTrialFitsTektonsResults(t *testing.T) {
	var failed []string
	for i := range 255 {
		failed = append(failed, fmt.Sprintf("latency-p99.%d <= 110%% of baseline", i))
	}
	for name, outputs := range map[string][]Output{
		"many objectives": {{"verdict", "inconclusive"}, {"passed", "false"}, {"exit-code", "143"}, {"winner", strings.Repeat("w", 80)},
			{"reason", strings.Repeat("‘日本’ ", 500)}, {"failed-objectives", strings.Join(failed, "\n")}},
		"long names": {{"verdict", strings.Repeat("v", 5000)}, {"winner", strings.Repeat("w", 5000)},
			{"reason", strings.Repeat("<", 5000)}, {"failed-objectives", strings.Repeat("o", 5000)}},
		"bytes": {{"reason", strings.Repeat("\x80", 5000)}, {"failed-objectives", strings.Repeat("\n", 5000)}},
	} {
		total, message := 0, 0
		for key, value := range resultsOf(t, outputs...) {
			total += len(key) + len(value)
			encoded, err := json.Marshal(map[string]any{"key": key, "value": value, "type": 1})
			if err != nil {
				t.Fatal(err)
			}
			message += len(encoded) + 1
			if name != "bytes" && !utf8.ValidString(value) {
				t.Errorf("%s: %s was cut within a character: %q", name, key, value)
			}
		}
		if total > 600 || message > 2048 {
			t.Errorf("%s: %d bytes of results, %d as Tekton keeps them", name, total, message)
		}
	}
}

func TestWhatIsCutFromAResultShows(t *testing.T) {
	got := resultsOf(t, Output{"winner", strings.Repeat("w", 81)}, Output{"reason", strings.Repeat("reason ", 100)},
		Output{"failed-objectives", strings.Repeat("latency-p99 <= 300ms\n", 20) + "error-rate <= 1%"})
	if got["winner"] != "" {
		t.Errorf("half a name: %q", got["winner"])
	}
	if !strings.HasSuffix(got["reason"], " r…") || len(got["reason"]) > 200 {
		t.Errorf("reason %q", got["reason"])
	}
	if lines := strings.Split(got["failed-objectives"], "\n"); lines[0] != "latency-p99 <= 300ms" || lines[len(lines)-1] != "and 11 more" {
		t.Errorf("failed objectives %q", got["failed-objectives"])
	}
}

func TestResultsThatCantBeWrittenAreAnError(t *testing.T) {
	p := tekton{local{&bytes.Buffer{}}, filepath.Join(t.TempDir(), "missing")}
	if err := p.Publish(t.Context(), Publication{}); err == nil || !strings.Contains(err.Error(), "verdict") || !strings.Contains(err.Error(), "winner") {
		t.Errorf("%v", err)
	}
}
