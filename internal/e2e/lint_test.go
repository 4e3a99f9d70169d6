//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// workflows are all that this repository has for GitHub, by name: its own, the
// examples, the tests' and the ones that its pages show.
func workflows(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, folder := range []string{".github/workflows/*.yml", "examples/github/*.yml", "internal/e2e/testdata/*.yml"} {
		for path, text := range files(t, folder) {
			found[strings.NewReplacer("/", "-").Replace(path)] = text
		}
	}
	shown, runs := regexp.MustCompile("(?ms)^```ya?ml\n(.*?)^```"), regexp.MustCompile(`(?m)^jobs:`)
	for _, folder := range []string{"*.md", "docs/*.md", "examples/*.md"} {
		for path, text := range files(t, folder) {
			for i, block := range shown.FindAllStringSubmatch(text, -1) {
				if runs.MatchString(block[1]) {
					found[fmt.Sprintf("%s-block-%d.yml", strings.ReplaceAll(path, "/", "-"), i)] = block[1]
				}
			}
		}
	}
	return found
}

// files are the repository's that match, by their paths in it.
func files(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		found[name] = string(text)
	}
	return found
}

// actionlint checks the workflows as if they lay beside the action: it knows
// the inputs and outputs of local actions only.
func actionlint(t *testing.T, workflows map[string]string) result {
	t.Helper()
	need(t, "shellcheck") // for the scripts in workflows; actionlint does without when it is missing
	program := tool(t, "bin/actionlint")
	r := newRepository(t)
	ours := regexp.MustCompile(`uses: seatrial/seatrial(/\S+)?@\S+`)
	for name, text := range workflows {
		r.write(t, filepath.Join(".github/workflows", name), ours.ReplaceAllString(text, "uses: .$1/"))
	}
	return run(t, r.environ, "", "bash", "-c", `cd "$0" && exec "$1" -color=false`, r.dir, program)
}

func TestWorkflowsAreSound(t *testing.T) {
	all := workflows(t)
	for _, name := range []string{".github-workflows-release.yml", "examples-github-release.yml", "README.md-block-0.yml"} {
		if all[name] == "" {
			t.Errorf("%s is not among the workflows", name)
		}
	}
	t.Logf("%d workflows", len(all))
	actionlint(t, all).expect(t, 0)
}

func TestLinterKnowsTheAction(t *testing.T) {
	tests := map[string]struct{ change, to, want string }{
		"input":  {"candidate: http://same:8080", "candidat: http://same:8080", `input "candidat" is not defined in action`},
		"output": {"steps.pass.outputs.winner", "steps.pass.outputs.champion", `property "champion" is not defined`},
		"script": {"ls reports/*/report.json", "cat $UNQUOTED", "shellcheck reported issue"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sound := files(t, "internal/e2e/testdata/verdicts.yml")["internal/e2e/testdata/verdicts.yml"]
			broken := strings.Replace(sound, test.change, test.to, 1)
			r := actionlint(t, map[string]string{"broken.yml": broken})
			if r.expect(t, 1); !strings.Contains(r.output, test.want) {
				t.Errorf("want %q in\n%s", test.want, r.output)
			}
		})
	}
}

func TestActionFitsItsSchema(t *testing.T) {
	validator := tool(t, "node_modules/.bin/action-validator")
	for _, action := range []string{"action.yml", "host/action.yml"} {
		run(t, os.Environ(), "", validator, filepath.Join(root, action)).expect(t, 0)
	}
	text := files(t, "action.yml")["action.yml"]
	wrong := filepath.Join(t.TempDir(), "action.yml")
	if err := os.WriteFile(wrong, []byte(strings.Replace(text, "icon: shield", "icon: teapot", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, os.Environ(), "", validator, wrong).expect(t, 1)
}

func TestScriptsAreSound(t *testing.T) {
	need(t, "shellcheck")
	for _, pattern := range []string{".ci/*", ".github/*.sh", "internal/e2e/*.sh"} {
		for path := range files(t, pattern) {
			run(t, os.Environ(), "", "shellcheck", filepath.Join(root, path)).expect(t, 0)
		}
	}
}
