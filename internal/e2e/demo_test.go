//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Every story of the demo ends as its text says, and what it leaves can be
// read by a program that knows nothing but docs/evidence.md.
func TestDemo(t *testing.T) {
	t.Parallel()
	need(t, "go", "python3", "zstd")
	dir := t.TempDir()
	seatrial := built(t, dir)
	t.Run("a stall every 20 s", func(t *testing.T) {
		t.Parallel()
		rareStall(t, seatrial)
	})
	for story, code := range map[string]int{"same": 0, "slower": 1, "errors": 1, "stalls": 1} {
		t.Run(story, func(t *testing.T) {
			t.Parallel()
			report := filepath.Join(dir, story)
			r := run(t, os.Environ(), "", seatrial, "demo", "--candidate="+story, "--report-dir="+report)
			r.expect(t, 0)
			if want := fmt.Sprintf("A pipeline would have seen exit code %d ", code); !strings.Contains(r.output, want) {
				t.Errorf("want %q in\n%s", want, r.output)
			}
			run(t, os.Environ(), "", seatrial, "judge", report).expect(t, code)
			documentedReader(t, report)
		})
	}
}

// rareStall holds a candidate that stands still 2 s of every 20 to the default
// at-least: whatever the phase, it must not pass.
func rareStall(t *testing.T, seatrial string) {
	serve := func(options ...string) string {
		return serveSample(t, seatrial, append([]string{"--latency=10ms", "--spread=0.2"}, options...)...)
	}
	candidate := serve("--seed=2", "--stall-every=20s", "--stall-for=2s")
	r := run(t, os.Environ(), "", seatrial, "--report-dir="+t.TempDir(), "--candidate="+candidate, "--baseline="+serve(), "--for=45s",
		"--objectives=latency-p95 <= 110% of baseline")
	if r.code != 1 && r.code != 3 {
		t.Errorf("exit code %d, want a fail or an open verdict\n%s", r.code, r.output)
	}
}

// serveSample starts a sample service and returns its URL.
func serveSample(t *testing.T, seatrial string, options ...string) string {
	t.Helper()
	c := exec.Command(seatrial, append([]string{"sample"}, options...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	var url string
	if _, err := fmt.Fscanln(out, &url); err != nil {
		t.Fatal(err)
	}
	return url
}

// documentedReader runs the program shown in docs/evidence.md.
func documentedReader(t *testing.T, report string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```python\n")
	program, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/evidence.md shows no program")
	}
	out, err := exec.Command("python3", "-c", program, report).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(report, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var written struct {
		Measured struct{ Requests int }
	}
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var names [2]string
	var counts [2]int
	for i, line := range lines {
		if _, err := fmt.Sscanf(string(line), "%s %d requests, p95", &names[i], &counts[i]); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
	}
	// Rounds that ended after the verdict are kept too, so there may be more.
	if names != [2]string{"baseline", "candidate"} || counts[0] != counts[1] || counts[0]+counts[1] < written.Measured.Requests {
		t.Errorf("the documented program says\n%sof %d judged requests", out, written.Measured.Requests)
	}
}
