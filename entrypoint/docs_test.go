package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/examples/sample"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/trial"
)

var update = flag.Bool("update", false, "write what is generated anew")

// described is an input's description with its default in words: a default
// key in a pipeline's definition would beat the trial file.
func described(i config.Input) string {
	if i.Default == "" {
		return i.Help
	}
	return i.Help + " Default: " + i.Default + "."
}

func inputs() []config.Input {
	var out []config.Input
	for _, i := range config.Inputs {
		if i.Name != "" {
			out = append(out, i)
		}
	}
	return out
}

func TestREADMEListsEveryInput(t *testing.T) {
	const path, from, to = "../README.md", "-update -->\n", "<!-- /inputs -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(text, []byte(from))
	_, after, closed := bytes.Cut(rest, []byte(to))
	if !found || !closed {
		t.Fatal("README.md has no place for the inputs")
	}
	var table strings.Builder
	table.WriteString("\n| input | | default |\n|---|---|---|\n")
	for _, i := range inputs() {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", i.Name, i.Help, i.Default)
	}
	want := string(before) + from + table.String() + "\n" + to + string(after)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("README.md is behind the table of inputs (-update writes it):\n%s", diff)
	}
}

type action struct {
	Inputs  map[string]map[string]any `yaml:"inputs"`
	Outputs map[string]map[string]any `yaml:"outputs"`
}

func TestActionDeclaresWhatTheStepKnows(t *testing.T) {
	text, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var got action
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]any{}
	for _, i := range inputs() {
		want[i.Name] = map[string]any{"description": described(i), "required": false}
	}
	// A container gets the job's token in no other way, and a trial file that
	// names another token is rare.
	want["github-token"]["default"] = "${{ github.token }}"
	if diff := cmp.Diff(want, got.Inputs); diff != "" {
		t.Errorf("action.yml's inputs (+) are not the table's (-):\n%s", diff)
	}
	var outs, declared []string
	for _, o := range append(outputs(trial.Report{}, "dir"), platform.Output{Name: platform.CommentURL}) {
		outs = append(outs, o.Name)
		if _, ok := got.Outputs[o.Name]; ok {
			declared = append(declared, o.Name)
		}
	}
	if diff := cmp.Diff(outs, declared); diff != "" || len(outs) != len(got.Outputs) {
		t.Errorf("action.yml declares %d outputs, the step sets %d:\n%s", len(got.Outputs), len(outs), diff)
	}
}

// wholeTrial matches trial files, and no parts of one.
var wholeTrial = regexp.MustCompile(`(?m)^candidates?:`)

// The trial files that people copy must be read as they stand.
func TestShownTrialFilesAreSound(t *testing.T) {
	files, err := filepath.Glob("../examples/*.yaml")
	inClusters, _ := filepath.Glob("../examples/kubernetes/*/seatrial.yaml")
	inClusters = append(inClusters, "../examples/kubernetes/progressive/one-address.yaml", "../examples/live-canary/seatrial.yaml", "../examples/requests/seatrial.yaml")
	if err != nil || len(files) == 0 || len(inClusters) == 0 {
		t.Fatal("there are no examples", err)
	}
	files = append(files, inClusters...)
	shown := map[string]string{}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		shown[path] = string(text)
	}
	for _, page := range []string{"../README.md", "../docs/objectives.md", "../docs/patterns.md", "../docs/hooks.md", "../docs/kubernetes.md", "../docs/one-address.md", "../docs/load.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range strings.Split(string(text), "```yaml\n")[1:] {
			body, _, _ := strings.Cut(block, "```")
			if wholeTrial.MatchString(body) && !strings.Contains(body, "uses:") {
				shown[fmt.Sprintf("%s, block %d", page, i)] = body
			}
		}
	}
	for name, body := range shown {
		_, warnings, err := config.Load(config.Sources{
			Flags: map[string]string{"config": "shown.yaml"}, Environ: []string{"SHOP_TOKEN=a-secret", "GITHUB_SHA=abc"},
			ReadFile: func(name string) ([]byte, error) { return shownFile(name, body) },
		})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", name, err, warnings)
		}
	}
}

// shownFile is a file that a shown trial names, or the trial itself.
func shownFile(name, body string) ([]byte, error) {
	switch name {
	case "shown.yaml":
		return []byte(body), nil
	case "sample.proto":
		return []byte(sample.Proto), nil
	case "order.json":
		return []byte(`{"id": "a"}`), nil
	}
	return os.ReadFile(filepath.Join("../examples/requests", name))
}

// Workflows may name only inputs and outputs that the action has.
func TestExampleWorkflowsUseWhatTheActionHas(t *testing.T) {
	known := map[string]bool{}
	for _, i := range inputs() {
		known[i.Name] = true
	}
	files, err := filepath.Glob("../examples/github/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no workflows", err)
	}
	files = append(files, "../examples/kubernetes/progressive/github.yml")
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var workflow struct {
			Jobs map[string]struct {
				Steps []struct {
					Uses string            `yaml:"uses"`
					With map[string]string `yaml:"with"`
				} `yaml:"steps"`
			} `yaml:"jobs"`
		}
		if err := yaml.Unmarshal(text, &workflow); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		steps := 0
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				asImage := strings.HasPrefix(step.Uses, "docker://ghcr.io/seatrial/seatrial:")
				if !strings.HasPrefix(step.Uses, "seatrial/seatrial@") && !asImage {
					continue
				}
				steps++
				for name := range step.With {
					if !known[name] && !(asImage && name == "args") {
						t.Errorf("%s: the action has no input %s", path, name)
					}
				}
			}
		}
		if steps == 0 {
			t.Errorf("%s: no step uses seatrial", path)
		}
	}
}

// A trial that was refused leaves no report, and its job must not fail once
// more for that.
func TestExampleWorkflowsTakeReportsOnlyWhereThereIsOne(t *testing.T) {
	type step struct {
		ID              string            `yaml:"id"`
		If              string            `yaml:"if"`
		Uses            string            `yaml:"uses"`
		With            map[string]string `yaml:"with"`
		ContinueOnError bool              `yaml:"continue-on-error"`
	}
	taken := 0
	for _, name := range []string{"pull-request", "release", "fork-comment"} {
		var workflow struct {
			Jobs map[string]struct{ Steps []step }
		}
		if err := yaml.Unmarshal([]byte(file(t, "../examples/github/"+name+".yml")), &workflow); err != nil {
			t.Fatal(err)
		}
		downloaded := ""
		for _, job := range workflow.Jobs {
			for _, s := range job.Steps {
				switch {
				case strings.HasPrefix(s.Uses, "actions/upload-artifact@"):
					taken++
					path := strings.TrimSuffix(strings.TrimPrefix(s.With["path"], "${{ "), " }}")
					if s.If != "always() && "+path+" != ''" {
						t.Errorf("%s: %s is uploaded if %q", name, path, s.If)
					}
				case strings.HasPrefix(s.Uses, "actions/download-artifact@"):
					taken++
					if downloaded = "steps." + s.ID + ".outcome == 'success'"; !s.ContinueOnError || s.ID == "" {
						t.Errorf("%s: a report that is not there fails the job", name)
					}
				case downloaded != "" && s.If != downloaded:
					t.Errorf("%s: %s is run if %q, want %q", name, s.Uses, s.If, downloaded)
				}
			}
		}
	}
	if taken != 3 {
		t.Errorf("%d reports are taken", taken)
	}
}

func TestHelpIsReadableOn80Columns(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"demo", "--help"}, {"judge", "--help"}, {"publish", "--help"}, {"schema", "--help"}} {
		r := finish(t, command(t, args...))
		r.wants(t, exitPass, "seatrial")
		for line := range strings.Lines(r.stdout) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
				t.Errorf("%v: %d columns: %s", args, n, line)
			}
		}
	}
}

// Only the released major has a short tag: an example that names another one
// could not be pulled.
func TestOneImageTagIsNamedEverywhere(t *testing.T) {
	named := regexp.MustCompile(`ghcr\.io/seatrial/seatrial:(v?[0-9]\S*?)[\s"'` + "`" + `),;]`)
	seen := 0
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			if entry != nil && entry.Name() == ".git" {
				return fs.SkipDir
			}
			return err
		}
		switch filepath.Ext(path) {
		case ".md", ".yml", ".yaml", ".sh", "":
		default:
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			seen++
			if tag := strings.TrimRight(m[1], "."); tag != "v1" && !strings.Contains(tag, "X") {
				t.Errorf("%s names the image's tag %s, not v1", path, tag)
			}
		}
		return err
	})
	if err != nil || seen < 10 {
		t.Errorf("%d tags seen, %v", seen, err)
	}
}

func TestFaultsInTheDocumentsHaveTheirTests(t *testing.T) {
	text, err := os.ReadFile("../docs/kubernetes.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "<!-- faults -->\n")
	table, _, closed := strings.Cut(rest, "<!-- /faults -->")
	if !found || !closed {
		t.Fatal("docs/kubernetes.md has no table of faults")
	}
	files, err := filepath.Glob("../internal/e2e/cluster/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	for line := range strings.Lines(table) {
		names := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(line, -1)
		if len(names) == 0 && !strings.HasPrefix(line, "| fault ") && !strings.HasPrefix(line, "|---") {
			t.Errorf("no test in %s", line)
		}
		for _, name := range names {
			if !strings.Contains(tests.String(), "\nfunc "+name[1]+"(t *testing.T) {") {
				t.Errorf("there is no %s", name[1])
			}
		}
	}
}
