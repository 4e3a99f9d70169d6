package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/config"
)

// The documented fields of tekton.dev/v1 Task and Pipeline and v1beta1
// StepAction that are used here: https://tekton.dev/docs/pipelines/pipeline-api/.
type (
	tektonObject[Spec any] struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Metadata   struct {
			Name        string            `yaml:"name"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"metadata"`
		Spec Spec `yaml:"spec"`
	}
	tektonTask struct {
		Description  string            `yaml:"description"`
		Workspaces   []tektonWorkspace `yaml:"workspaces"`
		Params       []tektonParam     `yaml:"params"`
		Results      []tektonResult    `yaml:"results"`
		StepTemplate struct {
			SecurityContext tektonSecurity `yaml:"securityContext"`
		} `yaml:"stepTemplate"`
		Steps []tektonStep `yaml:"steps"`
	}
	tektonStepAction struct {
		Description     string         `yaml:"description"`
		Params          []tektonParam  `yaml:"params"`
		Results         []tektonResult `yaml:"results"`
		Image           string         `yaml:"image"`
		WorkingDir      string         `yaml:"workingDir"`
		SecurityContext tektonSecurity `yaml:"securityContext"`
		Command         []string       `yaml:"command"`
		Args            []string       `yaml:"args"`
		Env             []tektonEnv    `yaml:"env"`
	}
	tektonPipeline struct {
		Params     []tektonParam     `yaml:"params"`
		Workspaces []tektonWorkspace `yaml:"workspaces"`
		Results    []tektonResult    `yaml:"results"`
		Tasks      []struct {
			Name    string `yaml:"name"`
			OnError string `yaml:"onError"`
			TaskRef struct {
				Name string `yaml:"name"`
			} `yaml:"taskRef"`
			TaskSpec   *tektonTask `yaml:"taskSpec"`
			Params     []tektonArg `yaml:"params"`
			Workspaces []struct {
				Name      string `yaml:"name"`
				Workspace string `yaml:"workspace"`
			} `yaml:"workspaces"`
			When []struct {
				Input    string   `yaml:"input"`
				Operator string   `yaml:"operator"`
				Values   []string `yaml:"values"`
			} `yaml:"when"`
		} `yaml:"tasks"`
	}
	tektonStep struct {
		Name       string      `yaml:"name"`
		Image      string      `yaml:"image"`
		WorkingDir string      `yaml:"workingDir"`
		Command    []string    `yaml:"command"`
		Args       []string    `yaml:"args"`
		Env        []tektonEnv `yaml:"env"`
	}
	tektonWorkspace struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
	}
	tektonParam struct {
		Name        string `yaml:"name"`
		Type        string `yaml:"type"`
		Description string `yaml:"description"`
		Default     any    `yaml:"default"`
	}
	tektonArg struct {
		Name  string `yaml:"name"`
		Value any    `yaml:"value"`
	}
	tektonResult struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		Value       string `yaml:"value"`
	}
	tektonEnv struct {
		Name  string `yaml:"name"`
		Value string `yaml:"value"`
	}
	tektonSecurity struct {
		RunAsNonRoot             bool `yaml:"runAsNonRoot"`
		RunAsUser                int  `yaml:"runAsUser"`
		RunAsGroup               int  `yaml:"runAsGroup"`
		ReadOnlyRootFilesystem   bool `yaml:"readOnlyRootFilesystem"`
		AllowPrivilegeEscalation bool `yaml:"allowPrivilegeEscalation"`
		Capabilities             struct {
			Drop []string `yaml:"drop"`
		} `yaml:"capabilities"`
		SeccompProfile struct {
			Type string `yaml:"type"`
		} `yaml:"seccompProfile"`
	}
)

const tektonDir = "../examples/tekton/"

// decode reads a YAML file; a field that the struct has not fails the test.
func decode[T any](t *testing.T, path string) T {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out T
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return out
}

// notForTekton are inputs without a param, and why.
func notForTekton() map[string]string {
	out := map[string]string{
		"objectives": "an array of its own",
		"headers":    "a param stands in the TaskRun for all to read; the trial file refers to variables instead",
		"body":       "as headers; the trial file and body-file have it",
	}
	for _, name := range config.Publishing() {
		out[name] = "comments and statuses are for GitHub's and GitLab's pipelines; a token would stand in the TaskRun for nothing"
	}
	return out
}

// TestTektonParamsAreTheInputs writes the params and their variables with -update.
func TestTektonParamsAreTheInputs(t *testing.T) {
	var params, env strings.Builder
	without := notForTekton()
	for _, i := range inputs() {
		if without[i.Name] != "" {
			continue
		}
		fmt.Fprintf(&params, "- name: %s\n  type: string\n  description: %q\n  default: \"\"\n", i.Name, described(i))
		fmt.Fprintf(&env, "- name: SEATRIAL_%s\n  value: $(params.%s)\n", strings.ReplaceAll(strings.ToUpper(i.Name), "-", "_"), i.Name)
	}
	for _, file := range []string{"task.yaml", "stepaction.yaml"} {
		text, err := os.ReadFile(tektonDir + file)
		if err != nil {
			t.Fatal(err)
		}
		want := withBlock(t, withBlock(t, string(text), "params", params.String()), "env", env.String())
		if *update {
			if err := os.WriteFile(tektonDir+file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(want, string(text)); diff != "" {
			t.Errorf("%s is behind the table of inputs (-update writes it):\n%s", file, diff)
		}
	}
}

// withBlock puts a block between the comments that hold its place, as far to the
// right as they are.
func withBlock(t *testing.T, text, name, block string) string {
	t.Helper()
	place := regexp.MustCompile(`(?m)^( *)# ` + name + `: .*\n((?:.*\n)*?) *# /` + name + `$`)
	found := place.FindStringSubmatchIndex(text)
	if found == nil {
		t.Fatalf("there is no place for %s", name)
	}
	indent := text[found[2]:found[3]]
	block = indent + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n"+indent) + "\n"
	return text[:found[4]] + block + text[found[5]:]
}

// reference is $(params.name), $(results.name.path), $(tasks.name.results.name), …
var reference = regexp.MustCompile(`\$\(([^)]*)\)`)

// unresolved are the references in a value's strings that nothing declares.
func unresolved(t *testing.T, value any, declared ...string) []string {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, match := range reference.FindAllStringSubmatch(string(text), -1) {
		if !slices.Contains(declared, match[1]) {
			out = append(out, match[1])
		}
	}
	return out
}

func declaredParams(params []tektonParam) []string {
	var out []string
	for _, p := range params {
		out = append(out, map[string]string{"array": "params." + p.Name + "[*]", "string": "params." + p.Name}[p.Type])
	}
	return out
}

func (s tektonSecurity) isTight() bool {
	return s.RunAsNonRoot && s.RunAsUser == 65532 && s.RunAsGroup == 65532 && s.ReadOnlyRootFilesystem && !s.AllowPrivilegeEscalation &&
		slices.Equal(s.Capabilities.Drop, []string{"ALL"}) && s.SeccompProfile.Type == "RuntimeDefault"
}

// checkResults holds the declared results to what the platform writes.
func checkResults(t *testing.T, declared []tektonResult) {
	t.Helper()
	dir := t.TempDir()
	c := command(t, "--candidate=nowhere")
	c.Env = append(c.Env, "SEATRIAL_RESULTS_DIR="+dir)
	r := finish(t, c)
	if r.wants(t, exitBadInput, ""); strings.Contains(r.stderr, "SEATRIAL_RESULTS_DIR") {
		t.Error(r.stderr)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var written, names []string
	for _, f := range files {
		written = append(written, f.Name())
	}
	for _, r := range declared {
		names = append(names, r.Name)
	}
	outputs := decode[struct {
		Outputs map[string]struct{ Description string }
		Rest    map[string]any `yaml:",inline"`
	}](t, "../action.yml").Outputs
	for _, r := range declared {
		if said := strings.TrimSuffix(outputs[r.Name].Description, "."); said == "" || !strings.HasPrefix(r.Description, said) {
			t.Errorf("%s is described as %q, by the action as %q", r.Name, r.Description, said)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(written, names); diff != "" {
		t.Errorf("results written (-) and declared (+):\n%s", diff)
	}
}

func TestTektonTask(t *testing.T) {
	task := decode[tektonObject[tektonTask]](t, tektonDir+"task.yaml")
	if task.APIVersion != "tekton.dev/v1" || task.Kind != "Task" || !task.Spec.StepTemplate.SecurityContext.isTight() || len(task.Spec.Steps) != 1 {
		t.Errorf("%s %s, security %+v", task.APIVersion, task.Kind, task.Spec.StepTemplate.SecurityContext)
	}
	declared := declaredParams(task.Spec.Params)
	for _, w := range task.Spec.Workspaces {
		declared = append(declared, "workspaces."+w.Name+".path")
	}
	for _, r := range task.Spec.Results {
		declared = append(declared, "results."+r.Name+".path")
	}
	if missing := unresolved(t, task.Spec.Steps, declared...); missing != nil {
		t.Errorf("nothing declares %v", missing)
	}
	step := task.Spec.Steps[0]
	checkStep(t, task.Spec.Params, step.Command, step.Args, step.Env)
	checkResults(t, task.Spec.Results)
}

func TestTektonStepAction(t *testing.T) {
	action := decode[tektonObject[tektonStepAction]](t, tektonDir+"stepaction.yaml")
	if action.APIVersion != "tekton.dev/v1beta1" || action.Kind != "StepAction" || !action.Spec.SecurityContext.isTight() {
		t.Errorf("%s %s, security %+v", action.APIVersion, action.Kind, action.Spec.SecurityContext)
	}
	declared := declaredParams(action.Spec.Params)
	for _, r := range action.Spec.Results {
		declared = append(declared, "step.results."+r.Name+".path")
	}
	if missing := unresolved(t, action.Spec, declared...); missing != nil {
		t.Errorf("nothing declares %v", missing)
	}
	checkStep(t, action.Spec.Params, action.Spec.Command, action.Spec.Args, action.Spec.Env)
	checkResults(t, action.Spec.Results)
}

// checkStep wants every param to be optional and used, and the command to be
// given: without it Tekton asks the registry.
func checkStep(t *testing.T, params []tektonParam, command, args []string, env []tektonEnv) {
	t.Helper()
	if !slices.Equal(command, []string{"/usr/local/bin/seatrial"}) {
		t.Errorf("command %v", command)
	}
	if diff := cmp.Diff([]string{"--", "$(params.objectives[*])"}, args); diff != "" {
		t.Error(diff)
	}
	known := map[string]bool{"SEATRIAL_RESULTS_DIR": true}
	for _, i := range inputs() {
		known["SEATRIAL_"+strings.ReplaceAll(strings.ToUpper(i.Name), "-", "_")] = true
	}
	for _, e := range env {
		if !known[e.Name] {
			t.Errorf("%s is no input", e.Name)
		}
	}
	for _, p := range params {
		for _, i := range inputs() {
			if i.Name == p.Name && !strings.Contains(p.Description, "Default: "+i.Default) && i.Default != "" {
				t.Errorf("%s does not tell its default: %s", p.Name, p.Description)
			}
		}
		own := p.Name == "image" || p.Name == "directory"
		switch value := p.Default.(type) {
		case string:
			if own == (value == "") {
				t.Errorf("%s has the default %q, which would beat the trial file", p.Name, value)
			}
		case []any:
			if len(value) > 0 {
				t.Errorf("%s has the default %v", p.Name, value)
			}
		default:
			t.Errorf("%s has no default, so that it must be given", p.Name)
		}
	}
}

func TestTektonPipeline(t *testing.T) {
	pipeline := decode[tektonObject[tektonPipeline]](t, tektonDir+"pipeline.yaml").Spec
	task := decode[tektonObject[tektonTask]](t, tektonDir+"task.yaml")
	declared, tasks := declaredParams(pipeline.Params), map[string][]tektonParam{}
	for _, p := range pipeline.Tasks {
		results, params := []tektonResult(nil), []tektonParam(nil)
		if p.TaskSpec != nil {
			params = p.TaskSpec.Params
			if missing := unresolved(t, p.TaskSpec.Steps, declaredParams(params)...); missing != nil {
				t.Errorf("%s: nothing declares %v", p.Name, missing)
			}
		} else if p.TaskRef.Name == task.Metadata.Name {
			results, params = task.Spec.Results, task.Spec.Params
			if p.OnError != "continue" {
				t.Errorf("%s: onError is %q", p.Name, p.OnError)
			}
		}
		tasks[p.Name] = params
		for _, r := range results {
			declared = append(declared, "tasks."+p.Name+".results."+r.Name)
		}
	}
	onVerdict := 0
	for _, p := range pipeline.Tasks {
		for _, arg := range p.Params {
			if !slices.ContainsFunc(tasks[p.Name], func(known tektonParam) bool { return known.Name == arg.Name }) {
				t.Errorf("%s has no param %s", p.Name, arg.Name)
			}
		}
		for _, w := range p.When {
			if w.Input == "$(tasks.trial.results.verdict)" && (w.Operator == "in" || w.Operator == "notin") {
				onVerdict++
			}
		}
		if missing := unresolved(t, []any{p.Params, p.When}, declared...); missing != nil {
			t.Errorf("%s: nothing declares %v", p.Name, missing)
		}
	}
	if missing := unresolved(t, pipeline.Results, declared...); missing != nil || onVerdict < 2 {
		t.Errorf("nothing declares %v; %d conditions on the verdict", missing, onVerdict)
	}
}

// What Tekton makes of the task's array: one argument an element, after "--".
func TestArgumentsAfterTheDashAreObjectives(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"two":             {[]string{"--", "latency-p99 <= 5s", "error-rate <= 90%"}, []string{"latency-p99 <= 5s", "error-rate <= 90%"}},
		"beside the flag": {[]string{"--objectives", "latency-p99 <= 5s", "--", "error-rate <= 90%"}, []string{"latency-p99 <= 5s", "error-rate <= 90%"}},
		"none":            {[]string{"--"}, []string{"latency-p95 <= 110% of baseline", "error-rate <= baseline + 2%"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := try(t, append([]string{"--candidate", serve(t, ok), "--baseline", serve(t, ok)}, c.args...)...)
			var got []string
			for _, f := range r.report(t).Findings {
				got = append(got, f.Objective)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\n%s", diff, r.stderr)
			}
		})
	}
	try(t, "--candidate", serve(t, ok), "latency-p99 <= 5s").wants(t, exitBadInput, "latency-p99 <= 5s")
	try(t, "--candidate", serve(t, ok), "error-rate <= 90%", "--", "latency-p99 <= 5s").wants(t, exitBadInput, "error-rate <= 90%")
	try(t, "--candidate", serve(t, ok), "--", "demo").wants(t, exitBadInput, "demo")
}
