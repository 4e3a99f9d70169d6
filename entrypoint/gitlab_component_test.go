package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

const gitLabComponent = "../templates/seatrial.yml"

// fixed are the inputs with a value of their own, which beats the file's: the
// component names the directory of its artifacts before anybody reads the file.
var fixed = map[string]string{"report-dir": "seatrial-report"}

// notForGitLab are the inputs that the component does not have, and why.
var notForGitLab = map[string]string{
	"github-token":  "there is no GitHub",
	"commit-status": "GitLab shows the job itself as a status of the commit",
}

// TestComponentHasEveryInput writes the component's inputs with -update.
func TestComponentHasEveryInput(t *testing.T) {
	text, err := os.ReadFile(gitLabComponent)
	if err != nil {
		t.Fatal(err)
	}
	var spec, variables strings.Builder
	for _, i := range inputs() {
		if notForGitLab[i.Name] != "" {
			continue
		}
		fmt.Fprintf(&spec, "%s:\n  description: %s\n", i.Name, strconv.Quote(described(i)))
		if words := choices(t, i); len(words) > 0 {
			fmt.Fprintf(&spec, "  options: [%s]\n", strings.Join(words, ", "))
		}
		fmt.Fprintf(&spec, "  default: %q\n", fixed[i.Name])
		fmt.Fprintf(&variables, "INPUT_%s: $[[ inputs.%s ]]\n", strings.ToUpper(strings.ReplaceAll(i.Name, "-", "_")), i.Name)
	}
	want := withBlock(t, withBlock(t, string(text), "inputs", spec.String()), "variables", variables.String())
	if *update {
		if err := os.WriteFile(gitLabComponent, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s is behind the table of inputs (-update writes it):\n%s", gitLabComponent, diff)
	}
}

// choices are the words that an input takes, and none; nil where it takes any.
func choices(t *testing.T, i config.Input) []string {
	t.Helper()
	var words []string
	if i.Bool {
		words = []string{"true", "false"}
	} else {
		words = enumAt(t, i.Path)
	}
	if len(words) == 0 {
		return nil
	}
	quoted := []string{`""`}
	for _, w := range words {
		quoted = append(quoted, strconv.Quote(w))
	}
	return quoted
}

// enumAt are the words of the JSON schema for a key of the file.
func enumAt(t *testing.T, path string) []string {
	t.Helper()
	type schema struct {
		Properties map[string]json.RawMessage
		AnyOf      []struct{ Enum []string }
	}
	at := json.RawMessage(config.Schema())
	for key := range strings.SplitSeq(path, ".") {
		var s schema
		if err := json.Unmarshal(at, &s); err != nil || s.Properties == nil {
			return nil
		}
		at = s.Properties[key]
	}
	var s schema
	if err := json.Unmarshal(at, &s); err != nil || len(s.AnyOf) == 0 {
		return nil
	}
	return s.AnyOf[0].Enum
}

// job is what of a GitLab job the tests look at.
type job struct {
	Stage     string
	Image     any
	Script    []string
	Variables map[string]string
	Needs     any
	Allow     struct {
		Codes []int `yaml:"exit_codes"`
	} `yaml:"allow_failure"`
	Artifacts struct {
		When    string
		Paths   []string
		Reports map[string]string
	}
}

func TestComponentKeepsWhatTheTrialWrites(t *testing.T) {
	text, err := os.ReadFile(gitLabComponent)
	if err != nil {
		t.Fatal(err)
	}
	_, jobs, _ := strings.Cut(string(text), "\n---\n")
	for name, value := range map[string]string{"job-name": "trial", "report-dir": "dir"} {
		jobs = strings.ReplaceAll(jobs, "$[[ inputs."+name+" ]]", value)
	}
	var got struct{ Trial job }
	if err := yaml.Unmarshal([]byte(jobs), &got); err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{platform.DotenvFile: true}
	for _, f := range summary.Formats {
		written[f.File] = true
	}
	for kind, path := range got.Trial.Artifacts.Reports {
		if name, inDir := strings.CutPrefix(path, "dir/"); !inDir || !written[name] {
			t.Errorf("reports: %s: %s is no file of a report", kind, path)
		}
	}
	if a := got.Trial.Artifacts; a.When != "always" || !slices.Equal(a.Paths, []string{"dir/"}) || a.Reports["dotenv"] == "" {
		t.Errorf("artifacts %+v", a)
	}
	if !slices.Equal(got.Trial.Allow.Codes, []int{exitInconclusive}) {
		t.Errorf("allow_failure %+v", got.Trial.Allow)
	}
}

// TestGitLabTakesAllOutputs holds the largest set of outputs to the number of
// variables that GitLab takes.
func TestGitLabTakesAllOutputs(t *testing.T) {
	outs := append(outputs(trial.Report{}, "dir"), platform.Output{Name: platform.CommentURL})
	if n := strings.Count(platform.Dotenv(outs), "\n"); n < len(outs)-1 {
		t.Errorf("of %d outputs only %d fit", len(outs), n)
	}
}

// Later jobs get the outputs of an earlier trial as variables; one that is an
// input there would beat the trial file of the next trial.
func TestNoOutputIsTheInputOfALaterTrial(t *testing.T) {
	variables := map[string]bool{}
	for _, i := range inputs() {
		variables["SEATRIAL_"+strings.ReplaceAll(strings.ToUpper(i.Name), "-", "_")] = true
	}
	var later []string
	for line := range strings.Lines(platform.Dotenv(outputs(trial.Report{}, "dir"))) {
		name, _, _ := strings.Cut(line, "=")
		later = append(later, name+"=x")
		if variables[name] {
			t.Errorf("%s is an input", name)
		}
	}
	if _, warnings, _ := config.Load(config.Sources{Environ: later, ReadFile: os.ReadFile}); len(warnings) > 0 {
		t.Errorf("a later trial warns: %v", warnings)
	}
}

var variable = regexp.MustCompile(`\$\{?(SEATRIAL_[A-Z_]+)`)

// Pipelines may name only inputs that the component has, and variables that a
// trial sets.
func TestGitLabExamplesUseWhatTheComponentHas(t *testing.T) {
	set := map[string]bool{"SEATRIAL_GITLAB_TOKEN": true, "SEATRIAL_IMAGE": true}
	for line := range strings.Lines(platform.Dotenv(outputs(trial.Report{}, "dir"))) {
		name, _, _ := strings.Cut(line, "=")
		set[name] = true
	}
	files, err := filepath.Glob("../examples/gitlab/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no pipelines", err)
	}
	shown := map[string]string{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		shown[path] = string(text)
	}
	page, err := os.ReadFile("../docs/gitlab.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(string(page), "```yaml\n")[1:] {
		shown[fmt.Sprintf("docs/gitlab.md, block %d", i)], _, _ = strings.Cut(block, "```")
	}
	uses := 0
	for name, text := range shown {
		uses += checkPipeline(t, name, text)
		for _, m := range variable.FindAllStringSubmatch(text, -1) {
			if !set[m[1]] {
				t.Errorf("%s: no trial sets %s", name, m[1])
			}
		}
	}
	if uses == 0 {
		t.Error("no pipeline includes the component")
	}
}

// checkPipeline counts the inclusions of the component.
func checkPipeline(t *testing.T, name, text string) (uses int) {
	t.Helper()
	known := []string{"job-name", "stage", "image"}
	for _, i := range inputs() {
		if notForGitLab[i.Name] == "" {
			known = append(known, i.Name)
		}
	}
	var pipeline struct {
		Include []struct {
			Local, Component string
			Inputs           map[string]string
		}
	}
	if err := yaml.Unmarshal([]byte(text), &pipeline); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, i := range pipeline.Include {
		if !strings.Contains(i.Local+i.Component, "/seatrial") {
			continue
		}
		uses++
		for input := range i.Inputs {
			if !slices.Contains(known, input) {
				t.Errorf("%s: the component has no input %s", name, input)
			}
		}
	}
	return uses
}
