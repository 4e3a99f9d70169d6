//go:build e2e

package e2e

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/evidence"
)

// step is one step of a GitHub job that uses the action: the directories that
// the runner makes for it.
type step struct{ temp, workspace string }

const (
	outputFile  = "set_output_0b8e"
	summaryFile = "step_summary_0b8e"
)

func newStep(t *testing.T) step {
	t.Helper()
	s := step{t.TempDir(), t.TempDir()}
	for _, dir := range []string{"_github_home", "_github_workflow", "_runner_file_commands"} {
		if err := os.Mkdir(filepath.Join(s.temp, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.write(t, "_github_workflow/event.json", "{}")
	s.write(t, "_runner_file_commands/"+outputFile, "")
	s.write(t, "_runner_file_commands/"+summaryFile, "")
	return s
}

func (s step) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.temp, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s step) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.temp, "_runner_file_commands", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// environ is what the runner sets: every input of action.yml, the ones that
// the workflow leaves out as empty texts, and its own variables.
func (s step) environ(t *testing.T, inputs map[string]string) []string {
	t.Helper()
	environ := []string{
		"HOME=/github/home",
		"GITHUB_ACTION=__self",
		"GITHUB_ENV=/github/file_commands/set_env_0b8e",
		"GITHUB_EVENT_NAME=push",
		"GITHUB_EVENT_PATH=/github/workflow/event.json",
		"GITHUB_JOB=release",
		"GITHUB_OUTPUT=/github/file_commands/" + outputFile,
		"GITHUB_REF=refs/heads/main",
		"GITHUB_REPOSITORY=acme/shop",
		"GITHUB_SHA=4f2c9e1d5b0a7c3e8f6d2b1a9c0e7f5d3b8a6c4e",
		"GITHUB_STEP_SUMMARY=/github/file_commands/" + summaryFile,
		"GITHUB_WORKSPACE=/github/workspace",
		"RUNNER_OS=Linux",
		"RUNNER_TEMP=/github/runner_temp",
	}
	for _, name := range declared(t, "inputs") {
		environ = append(environ, "INPUT_"+strings.ToUpper(name)+"="+inputs[name])
	}
	return environ
}

// args is the runner's own command line: DockerRun in
// src/Runner.Worker/Container/DockerCommandManager.cs of actions/runner, with
// the mounts of ContainerActionHandler.cs but for the engine's socket. Values
// pass through the environment of the client.
func (s step) args(name, network string, variables []string) []string {
	args := []string{"run", "--name", name, "--label", "a1b2c3", "--workdir", "/github/workspace", "--rm"}
	for _, variable := range variables {
		key, _, _ := strings.Cut(variable, "=")
		args = append(args, "-e", key)
	}
	return append(args, "-e", "GITHUB_ACTIONS=true", "-e", "CI=true", "--network", network,
		"-v", s.temp+":/github/runner_temp",
		"-v", s.temp+"/_github_home:/github/home",
		"-v", s.temp+"/_github_workflow:/github/workflow",
		"-v", s.temp+"/_runner_file_commands:/github/file_commands",
		"-v", s.workspace+":/github/workspace",
		image)
}

// start runs the step in a container of that name.
func (b bench) start(t *testing.T, s step, name string, inputs map[string]string) <-chan result {
	t.Helper()
	environ := s.environ(t, inputs)
	ended := make(chan result, 1)
	go func() { ended <- b.run(t, environ, "", s.args(name, b.network, environ)...) }()
	return ended
}

// inputs are the same short trial as flags.
func inputs(candidate string) map[string]string {
	return map[string]string{
		"candidate": candidate, "baseline": baseline, "rate": "100/s", "for": "40s", "warmup": "1s", "ready-within": "20s",
		"at-least": "8s", "objectives": "# what the shop needs\n" + objective + "\n",
	}
}

func (b bench) gitHub(t *testing.T) {
	t.Run("Pass", b.gitHubPass)
	t.Run("Fail", b.gitHubFail)
	t.Run("BadInput", b.gitHubBadInput)
	t.Run("Cancel", b.gitHubCancel)
	t.Run("Loopback", b.gitHubLoopback)
}

func (b bench) gitHubPass(t *testing.T) {
	s := newStep(t)
	(<-b.start(t, s, "pass", inputs(same))).expect(t, 0)
	got := s.outputs(t)
	if diff := cmp.Diff(slices.Sorted(slices.Values(declared(t, "outputs"))), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("outputs of action.yml (-) and of the step (+):\n%s", diff)
	}
	want := map[string]string{
		"verdict": "pass", "status": "judged", "passed": "true", "exit-code": "0", "winner": "candidate", "failed-objectives": "",
		"report-dir": "seatrial-report",
	}
	if diff := cmp.Diff(want, only(want, got)); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"report-json", "summary", "report-html"} {
		if _, err := os.Stat(filepath.Join(s.workspace, got[name])); err != nil {
			t.Errorf("output %s: %v", name, err)
		}
	}
	if summary := s.read(t, summaryFile); !strings.Contains(summary, "pass") {
		t.Errorf("the step summary does not say pass:\n%s", summary)
	}
}

func (b bench) gitHubFail(t *testing.T) {
	s := newStep(t)
	r := <-b.start(t, s, "fail", inputs(slower))
	r.expect(t, 1)
	want := map[string]string{
		"verdict": "fail", "status": "judged", "passed": "false", "exit-code": "1", "winner": "", "failed-objectives": objective,
	}
	got := s.outputs(t)
	if diff := cmp.Diff(want, only(want, got)); diff != "" {
		t.Error(diff)
	}
	if got["reason"] == "" || strings.Contains(got["reason"], "\n") {
		t.Errorf("reason %q, want one sentence", got["reason"])
	}
	if !strings.Contains(r.output, "::error ") {
		t.Errorf("no annotation says that it failed:\n%s", r.output)
	}
	if summary := s.read(t, summaryFile); !strings.Contains(summary, "fail") {
		t.Errorf("the step summary does not say fail:\n%s", summary)
	}
}

func (b bench) gitHubBadInput(t *testing.T) {
	s := newStep(t)
	bad := inputs(same)
	bad["rate"], bad["objectives"] = "fast", "latncy-p95 <= 300ms"
	r := <-b.start(t, s, "bad", bad)
	r.expect(t, 64)
	for _, name := range []string{"INPUT_RATE", "INPUT_OBJECTIVES"} {
		if !strings.Contains(r.output, name) {
			t.Errorf("%s is not named in:\n%s", name, r.output)
		}
	}
	want := map[string]string{"verdict": "", "status": "bad-input", "passed": "false", "exit-code": "64"}
	if diff := cmp.Diff(want, only(want, s.outputs(t))); diff != "" {
		t.Error(diff)
	}
}

// On the network that the runner gives the step, 127.0.0.1 is the step itself.
func (b bench) gitHubLoopback(t *testing.T) {
	s := newStep(t)
	r := <-b.start(t, s, "loopback", inputs("http://127.0.0.1:8080"))
	r.expect(t, 64)
	if !strings.Contains(r.output, "http://127.0.0.1:8080 is the action's own container") {
		t.Errorf("the step does not say why nothing answers:\n%s", r.output)
	}
	// On the machine's own network something may come to answer: it is waited for.
	b.network = "host"
	late := inputs("http://127.0.0.1:1")
	late["baseline"], late["objectives"], late["ready-within"] = "", "error-rate <= 1%", "1s"
	(<-b.start(t, newStep(t), "late", late)).expect(t, 4)
}

// The runner cancels with SIGINT, 7.5 s later with SIGTERM, and kills 2.5 s
// after that; other pipelines send SIGTERM at once.
func (b bench) gitHubCancel(t *testing.T) {
	for signal, code := range map[string]int{"INT": 130, "TERM": 143} {
		t.Run(signal, func(t *testing.T) { b.cancelled(t, signal, code) })
	}
}

func (b bench) cancelled(t *testing.T, signal string, code int) {
	const within = 5 * time.Second
	s := newStep(t)
	long := inputs(same)
	long["for"], long["at-least"] = "10m", "9m"
	ended := b.start(t, s, "cancel-"+signal, long)
	if !s.measures(10, time.Minute) {
		t.Error("no ten rounds in the evidence within a minute")
	}
	began := time.Now()
	b.run(t, nil, "", "kill", "--signal="+signal, "cancel-"+signal).expect(t, 0)
	select {
	case r := <-ended:
		r.expect(t, code)
	case <-time.After(within):
		b.run(t, nil, "", "kill", "cancel-"+signal)
		t.Fatalf("still running %s after SIG%s:\n%s", within, signal, (<-ended).output)
	}
	t.Logf("ended %s after SIG%s", time.Since(began), signal)
	want := map[string]string{"verdict": "", "status": "cancelled", "passed": "false", "exit-code": strconv.Itoa(code)}
	if diff := cmp.Diff(want, only(want, s.outputs(t))); diff != "" {
		t.Error(diff)
	}
	if heading, _, _ := strings.Cut(s.read(t, summaryFile), "\n"); !strings.Contains(heading, "cancelled") {
		t.Errorf("the summary's heading does not say cancelled: %s", heading)
	}
	s.evidenceIsWhole(t)
}

// evidenceIsWhole reads all of it again.
func (s step) evidenceIsWhole(t *testing.T) {
	t.Helper()
	dir := filepath.Join(s.workspace, "seatrial-report")
	kept, err := evidence.Open(dir)
	if err != nil || kept.Cut != "" {
		t.Fatalf("%v, %s", err, kept.Cut)
	}
	var report struct{ Measured struct{ Rounds int } }
	decode(t, filepath.Join(dir, evidence.ReportFile), &report)
	// Those of the warm-up are kept too and not counted.
	if counted := report.Measured.Rounds; counted == 0 || counted > len(kept.Rounds) {
		t.Errorf("the report counts %d rounds, %d are kept", counted, len(kept.Rounds))
	}
}

// measures waits until the evidence has that many rounds.
func (s step) measures(rounds int, within time.Duration) bool {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(s.workspace, "seatrial-report", "rounds.jsonl"))
		if bytes.Count(text, []byte("\n")) > rounds { // one line more: the header
			return true
		}
	}
	return false
}

// outputs reads $GITHUB_OUTPUT as the runner does.
func (s step) outputs(t *testing.T) map[string]string {
	t.Helper()
	outputs := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(s.read(t, outputFile), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if name, value, found := strings.Cut(lines[i], "="); found && !strings.Contains(name, "<<") {
			outputs[name] = value
			continue
		}
		name, delimiter, found := strings.Cut(lines[i], "<<")
		length := slices.Index(lines[i+1:], delimiter)
		if !found || length < 0 {
			t.Fatalf("$GITHUB_OUTPUT, line %d: neither name=value nor a whole name<<delimiter: %q", i+1, lines[i])
		}
		outputs[name] = strings.Join(lines[i+1:i+1+length], "\n")
		i += 1 + length
	}
	return outputs
}

// only keeps the values of got that want names.
func only(want, got map[string]string) map[string]string {
	kept := map[string]string{}
	for name := range want {
		if value, found := got[name]; found {
			kept[name] = value
		}
	}
	return kept
}

// declared lists the names of a section of action.yml, "inputs" or "outputs".
func declared(t *testing.T, section string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n"+section+":\n")
	if !found {
		t.Fatalf("action.yml has no %s", section)
	}
	if end := regexp.MustCompile(`(?m)^\S`).FindStringIndex(after); end != nil {
		after = after[:end[0]]
	}
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^  ([a-z0-9-]+):$`).FindAllStringSubmatch(after, -1) {
		names = append(names, match[1])
	}
	return names
}
