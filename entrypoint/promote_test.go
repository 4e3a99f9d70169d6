package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// promoting prepares a trial of an example, with stand-ins for the clients of
// Kubernetes that keep their arguments in the file calls.
func promoting(t *testing.T, example, candidate string, args ...string) result {
	t.Helper()
	c := command(t, append(append(short(), "--candidate", candidate, "--baseline", serve(t, ok), "--objectives=error-rate <= 50%"), args...)...)
	if err := os.CopyFS(c.Dir, os.DirFS(filepath.Join("..", "examples", "kubernetes", example))); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	for _, name := range []string{"kubectl", "helm", "kustomize"} {
		text := fmt.Sprintf("#!/bin/sh\n{ printf %%s %s; printf ' <%%s>' \"$@\"; echo; } >>%q\ncase \" $* \" in *\"$FAILING\"*) exit 1;; esac\n", name, filepath.Join(c.Dir, "calls"))
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c.Env = append(c.Env, "PATH="+bin+":"+os.Getenv("PATH"), "GITHUB_SHA=4f2c9e1", "FAILING=rollout status", "SLACK_WEBHOOK="+refusing(t))
	return finish(t, c)
}

func TestExamplesPromoteAndRollBack(t *testing.T) {
	t.Parallel()
	const removed = "kubectl <delete> <--ignore-not-found> "
	for example, want := range map[string]struct {
		code           int
		passed, failed string
	}{
		// The rollout is stuck here.
		"kubectl": {exitBroken, `kubectl <--namespace> <shop> <auth> <can-i> <patch> <deployments.apps>
kubectl <--namespace> <shop> <set> <image> <deployment/shop> <shop=registry.example/shop:4f2c9e1>
kubectl <--namespace> <shop> <rollout> <status> <deployment/shop> <--timeout=5m>
kubectl <--namespace> <shop> <rollout> <undo> <deployment/shop>`, `kubectl <--namespace> <shop> <auth> <can-i> <patch> <deployments.apps>
` + removed + "<--filename> <canary.yaml>"},
		"kustomize": {exitBroken, `kustomize <edit> <set> <image> <registry.example/shop=registry.example/shop:4f2c9e1>
kustomize <build> <production>
kubectl <apply> <--filename> <seatrial-report/production.yaml>
kubectl <--namespace> <shop> <rollout> <status> <deployment/shop> <--timeout=5m>
kubectl <--namespace> <shop> <rollout> <undo> <deployment/shop>`, removed + "<--kustomize> <canary>"},
		"helm": {exitPass, `helm <upgrade> <shop> <./chart> <--namespace> <shop> <--reuse-values> <--set-string> <image.tag=4f2c9e1> <--atomic> <--timeout> <5m>
helm <uninstall> <shop-canary> <--namespace> <shop> <--ignore-not-found>`, "helm <uninstall> <shop-canary> <--namespace> <shop> <--ignore-not-found>"},
	} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			r := promoting(t, example, serve(t, ok))
			r.wants(t, want.code, "error-rate")
			if diff := cmp.Diff(want.passed, r.left("calls")); diff != "" {
				t.Errorf("after a pass:\n%s\n%s", diff, r.stderr)
			}
			r = promoting(t, example, serve(t, always500))
			r.wants(t, exitFail, "FAIL")
			if diff := cmp.Diff(want.failed, r.left("calls")); diff != "" {
				t.Errorf("after a fail:\n%s\n%s", diff, r.stderr)
			}
		})
	}
}

// What the examples name must lie beside them.
func TestExamplesOfClustersAreWhole(t *testing.T) {
	err := filepath.WalkDir("../examples/kubernetes", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "seatrial.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, name := range []string{"canary.yaml", "./chart", "kustomize build production", "--kustomize canary"} {
			fields := strings.Fields(name)
			if strings.Contains(string(text), name) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(path), fields[len(fields)-1])); err != nil {
					t.Error(err)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// progressive is the example that a whole release is told by; what it does in a
// cluster is tested there.
const progressive = "../examples/kubernetes/progressive"

func TestExampleHasTheRightsThatItsTrialsNeed(t *testing.T) {
	for _, name := range []string{"seatrial.yaml", "one-address.yaml"} {
		example, err := filepath.Abs(filepath.Join(progressive, name))
		if err != nil {
			t.Fatal(err)
		}
		r := try(t, "rbac", "--config", example)
		path := filepath.Join(progressive, "rights.yaml")
		if *update {
			if err := os.WriteFile(path, []byte(r.stdout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(r.stdout, file(t, path)); diff != "" || r.code != exitPass {
			t.Errorf("rights.yaml is not what seatrial rbac prints for %s (-update writes it): %s", name, diff)
		}
	}
}

func TestExampleRunsTheTaskWithParamsThatItHas(t *testing.T) {
	type params []struct{ Name string }
	var run struct {
		Spec struct {
			ServiceAccountName string                `yaml:"serviceAccountName"`
			TaskRef            struct{ Name string } `yaml:"taskRef"`
			Params, Workspaces params
		}
	}
	var task struct {
		Metadata struct{ Name string }
		Spec     struct{ Params, Workspaces params }
	}
	for path, into := range map[string]any{filepath.Join(progressive, "tekton.yaml"): &run, "../examples/tekton/task.yaml": &task} {
		if err := yaml.Unmarshal([]byte(file(t, path)), into); err != nil {
			t.Fatal(err)
		}
	}
	for _, pair := range [][2]params{{run.Spec.Params, task.Spec.Params}, {run.Spec.Workspaces, task.Spec.Workspaces}} {
		for _, given := range pair[0] {
			if !slices.Contains(pair[1], given) {
				t.Errorf("the task has no %q", given.Name)
			}
		}
	}
	if run.Spec.TaskRef.Name != task.Metadata.Name || run.Spec.ServiceAccountName != "seatrial" || len(run.Spec.Params) == 0 {
		t.Errorf("%+v", run.Spec)
	}
}
