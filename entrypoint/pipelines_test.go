package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/platform"
)

// What people copy from examples of pipelines must be sound: each is run as far
// as the check of its inputs, against addresses that never answer.
func TestExamplePipelinesAskForWhatTheStepKnows(t *testing.T) {
	t.Parallel()
	for name, arguments := range pipelineArguments(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := finish(t, command(t, append([]string{"--ready-within=1s", "--timeout=1s"}, arguments...)...))
			r.wants(t, exitNotReady, "not ready")
			if strings.Contains(r.stderr, "is no input") {
				t.Error(r.stderr)
			}
		})
	}
}

// pipelineArguments are the step's arguments in each example, as its pipeline
// would expand them.
func pipelineArguments(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	circle := decodeAny(t, "circleci/config.yml")
	out["circleci"] = afterImage(t, at[string](t, circle, "jobs", "trial", "steps", 1, "run", "command"))
	azure := decodeAny(t, "azure/azure-pipelines.yml")
	out["azure"] = afterImage(t, at[string](t, azure, "steps", 1, "script"))
	buildkite := decodeAny(t, "buildkite/pipeline.yml")
	for _, a := range at[[]any](t, buildkite, "steps", 0, "plugins", 0, "docker#v5.12.0", "command") {
		out["buildkite"] = append(out["buildkite"], expanded(a.(string)))
	}
	argo := decodeAny(t, "argo/workflow.yaml")
	for _, a := range at[[]any](t, argo, "spec", "templates", 1, "container", "args") {
		out["argo"] = append(out["argo"], expanded(a.(string)))
	}
	jenkins := regexp.MustCompile(`script: 'seatrial ([^']*)'`).FindStringSubmatch(file(t, "../examples/jenkins/Jenkinsfile"))
	if jenkins == nil {
		t.Fatal("the Jenkinsfile does not run seatrial")
	}
	out["jenkins"] = shellWords(t, jenkins[1])
	for _, block := range regexp.MustCompile("(?s)```sh\n(docker run.*?)```").FindAllStringSubmatch(file(t, "../docs/pipelines.md"), -1) {
		out["docs, "+strings.TrimSpace(block[1][len(block[1])-30:])] = afterImage(t, block[1])
	}
	if len(out) != 7 {
		t.Fatalf("%d examples: %v", len(out), slices.Collect(maps.Keys(out)))
	}
	return out
}

func file(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decodeAny(t *testing.T, path string) any {
	t.Helper()
	var out any
	if err := yaml.Unmarshal([]byte(file(t, "../examples/"+path)), &out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// at follows keys and places into decoded YAML.
func at[T any](t *testing.T, value any, path ...any) T {
	t.Helper()
	for i, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[step]
		case int:
			l, _ := value.([]any)
			if step >= len(l) {
				t.Fatalf("nothing at %v", path[:i+1])
			}
			value = l[step]
		}
	}
	out, ok := value.(T)
	if !ok {
		t.Fatalf("at %v is %T", path, value)
	}
	return out
}

// afterImage are the words of a "docker run" that follow the image.
func afterImage(t *testing.T, script string) []string {
	t.Helper()
	_, arguments, found := strings.Cut(script, "ghcr.io/seatrial/seatrial:v1")
	if !found || !strings.Contains(script, "docker run --rm") {
		t.Fatalf("no image in %s", script)
	}
	return shellWords(t, strings.TrimPrefix(arguments, " \\\n"))
}

// Nobody listens on either: tcpmux and compressnet.
const nobody, nobodyElse = "http://127.0.0.1:1", "http://127.0.0.1:2"

// shellWords are the arguments that a shell makes of a line.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	sh := exec.Command("sh", "-c", `printf '%s\0' `+line)
	sh.Env = []string{"CANDIDATE=" + nobody, "BASELINE=" + nobodyElse, "PATH=" + os.Getenv("PATH")}
	words, err := sh.Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")
}

func expanded(argument string) string {
	return strings.NewReplacer("${CANDIDATE}", nobody, "${BASELINE}", nobodyElse,
		"{{workflow.parameters.candidate}}", nobody, "{{workflow.parameters.baseline}}", nobodyElse).Replace(argument)
}

// The page shows parts of the examples; what it shows must be in one of them.
func TestPipelinePageShowsTheExamples(t *testing.T) {
	var all []string
	for _, pattern := range []string{"*/*.y*ml", "jenkins/Jenkinsfile"} {
		paths, err := filepath.Glob("../examples/" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			all = append(all, file(t, path))
		}
	}
	blocks := regexp.MustCompile("(?s)```(?:yaml|groovy)\n(.*?)```").FindAllStringSubmatch(file(t, "../docs/pipelines.md"), -1)
	if len(blocks) < 7 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		if !slices.ContainsFunc(all, func(example string) bool { return strings.Contains(example, b[1]) }) {
			t.Errorf("no example has\n%s", b[1])
		}
	}
}

// Files and results that examples and the page name must be those there are.
func TestPipelinesKeepFilesThatThereAre(t *testing.T) {
	known := []string{"report.json", "trial.yaml", "rounds.jsonl"}
	known = append(known, reportFiles()...)
	page := file(t, "../docs/pipelines.md")
	for _, name := range known {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("the page does not tell of %s", name)
		}
	}
	named := regexp.MustCompile(`seatrial-report/([a-z-]+\.[a-z]+)`)
	variable := regexp.MustCompile(`SEATRIAL_[A-Z_]+`)
	variables := []string{"SEATRIAL_RESULTS_DIR"}
	for _, i := range inputs() {
		variables = append(variables, "SEATRIAL_"+strings.ReplaceAll(strings.ToUpper(i.Name), "-", "_"))
	}
	for _, path := range []string{"docs/pipelines.md", "examples/jenkins/Jenkinsfile", "examples/circleci/config.yml", "examples/buildkite/pipeline.yml",
		"examples/azure/azure-pipelines.yml", "examples/argo/workflow.yaml", "examples/tekton/pipeline.yaml"} {
		text := file(t, "../"+path)
		for _, match := range named.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, match[1]) {
				t.Errorf("%s: there is no %s", path, match[1])
			}
		}
		for _, name := range variable.FindAllString(text, -1) {
			if !slices.Contains(variables, name) {
				t.Errorf("%s: there is no variable %s", path, name)
			}
		}
	}
}

// Argo reads results from files by their names.
func TestArgoReadsResultsThatAreWritten(t *testing.T) {
	dir := t.TempDir()
	p := platform.Detect(platform.Environment{
		Getenv: func(name string) string { return map[string]string{"SEATRIAL_RESULTS_DIR": dir}[name] }, Stdout: &strings.Builder{},
	})
	if err := p.Publish(t.Context(), platform.Publication{}); err != nil {
		t.Fatal(err)
	}
	argo := decodeAny(t, "argo/workflow.yaml")
	results := at[[]any](t, argo, "spec", "templates", 1, "outputs", "parameters")
	env := at[string](t, argo, "spec", "templates", 1, "container", "env", 0, "value")
	for _, r := range results {
		path := at[string](t, r, "valueFrom", "path")
		if _, err := os.Stat(filepath.Join(dir, strings.TrimPrefix(path, env+"/"))); err != nil {
			t.Error(err)
		}
	}
	if len(results) < 2 {
		t.Errorf("%d results", len(results))
	}
}

func TestEveryTrialLeavesItsFormsForPrograms(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		candidate string
		code      int
		junit     string
		load      bool
	}{
		"pass":      {serve(t, ok), exitPass, `failures="0" errors="0"`, true},
		"fail":      {serve(t, always500), exitFail, `<failure type="fail"`, true},
		"not ready": {refusing(t), exitNotReady, `<error type="not-ready"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := try(t, "--candidate", c.candidate, "--baseline", serve(t, ok), "--objectives", "error-rate <= 50%\nlatency-p50 <= 5s")
			r.wants(t, c.code, "")
			if junit := file(t, filepath.Join(r.dir, "junit.xml")); !strings.Contains(junit, c.junit) {
				t.Errorf("no %s in\n%s", c.junit, junit)
			}
			if metrics := file(t, filepath.Join(r.dir, "metrics.txt")); !strings.HasSuffix(metrics, "\n# EOF\n") ||
				strings.Contains(metrics, "seatrial_version_requests") != c.load || !strings.Contains(metrics, "seatrial_objective_limit_seconds{") {
				t.Errorf("metrics:\n%s", metrics)
			}
			if load := file(t, filepath.Join(r.dir, "load-performance.json")); strings.Contains(load, `"checks"`) != c.load {
				t.Errorf("load performance:\n%s", load)
			}
		})
	}
}
