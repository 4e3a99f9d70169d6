//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// tektonStep is what a Task's step and a StepAction have in common.
type tektonStep struct {
	WorkingDir string   `yaml:"workingDir"`
	Command    []string `yaml:"command"`
	Args       []string `yaml:"args"`
	Env        []struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	} `yaml:"env"`
}

type tektonFile struct {
	Spec struct {
		tektonStep `yaml:",inline"`
		Params     []struct {
			Name string `yaml:"name"`
		} `yaml:"params"`
		Results []struct {
			Name string `yaml:"name"`
		} `yaml:"results"`
		Steps []tektonStep `yaml:"steps"`
	} `yaml:"spec"`
}

// The step of the task, and that of the step action, exactly as they are
// written, under the rights that they ask for: user 65532, a read-only root, no
// capability. Tekton mounts the directories of workspaces and results.
func (b bench) tekton(t *testing.T) {
	for _, c := range []struct {
		file, candidate string
		code            int
		verdict         string
	}{
		{"task.yaml", same, 0, "pass"}, {"task.yaml", slower, 1, "fail"}, {"stepaction.yaml", slower, 1, "fail"},
	} {
		t.Run(strings.TrimSuffix(c.file, ".yaml")+" "+c.verdict, func(t *testing.T) {
			results := b.tektonStep(t, c.file, c.code, map[string]string{
				"candidate": c.candidate, "baseline": baseline, "rate": "100/s", "for": "1m", "warmup": "1s", "ready-within": "20s", "at-least": "8s",
			}, objective, "error-rate <= 5%")
			for name, want := range map[string]string{"verdict": c.verdict, "passed": map[bool]string{true: "true", false: "false"}[c.code == 0],
				"exit-code": map[int]string{0: "0", 1: "1"}[c.code]} {
				if results[name] != want {
					t.Errorf("%s is %q, want %q", name, results[name], want)
				}
			}
			if failed := results["failed-objectives"]; (failed == objective) != (c.verdict == "fail") {
				t.Errorf("failed objectives %q", failed)
			}
		})
	}
}

// tektonStep runs the step of a file and returns its results.
func (b bench) tektonStep(t *testing.T, name string, code int, params map[string]string, objectives ...string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "tekton", name))
	if err != nil {
		t.Fatal(err)
	}
	var file tektonFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	step := file.Spec.tektonStep
	if len(file.Spec.Steps) > 0 {
		step = file.Spec.Steps[0]
	}
	replacements := []string{"$(workspaces.source.path)", "/workspace/source", "$(params.directory)", "/workspace/source"}
	for _, p := range file.Spec.Params {
		replacements = append(replacements, "$(params."+p.Name+")", params[p.Name])
	}
	for _, r := range file.Spec.Results {
		replacements = append(replacements, "$(results."+r.Name+".path)", "/tekton/results/"+r.Name, "$(step.results."+r.Name+".path)", "/tekton/results/"+r.Name)
	}
	expand := strings.NewReplacer(replacements...).Replace

	workspace, results := forUser(t, 65532), forUser(t, 65532)
	args := []string{"run", "--rm", "--user=65532:65532", "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL",
		"--security-opt=no-new-privileges", "--network=" + b.network, "--entrypoint=" + step.Command[0], "--workdir=" + expand(step.WorkingDir),
		"--volume=" + workspace + ":/workspace/source", "--volume=" + results + ":/tekton/results"}
	for _, e := range step.Env {
		args = append(args, "--env="+e.Name+"="+expand(e.Value))
	}
	args = append(append(args, image), step.Command[1:]...)
	for _, arg := range step.Args {
		if arg == "$(params.objectives[*])" {
			args = append(args, objectives...)
			continue
		}
		args = append(args, expand(arg))
	}
	b.run(t, nil, "", args...).expect(t, code)

	for _, file := range []string{"report.json", "junit.xml", "metrics.txt", "load-performance.json"} {
		if _, err := os.Stat(filepath.Join(workspace, "seatrial-report", file)); err != nil {
			t.Error(err)
		}
	}
	return read(t, results)
}

// forUser is a directory that belongs to a user.
func forUser(t *testing.T, user int) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chown(dir, user, user); err != nil {
		t.Fatal(err)
	}
	return dir
}

// read are the files of a directory, by name.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = string(text)
	}
	return out
}
