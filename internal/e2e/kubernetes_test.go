//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/config"
)

const inClusters = "examples/kubernetes/*/seatrial.yaml"

// The commands of trial files are scripts as any other.
func TestCommandsOfExamplesAreSound(t *testing.T) {
	need(t, "shellcheck")
	checked := 0
	for path, text := range files(t, inClusters) {
		file, _, err := config.Load(config.Sources{ReadFile: func(string) ([]byte, error) { return []byte(text), nil }})
		if err != nil {
			t.Fatal(path, err)
		}
		for _, event := range file.On.Events() {
			for i, action := range event.Actions {
				if action.Run == "" {
					continue
				}
				checked++
				script := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%d.sh", event.Name, i))
				if err := os.WriteFile(script, []byte(action.Run), 0o644); err != nil {
					t.Fatal(err)
				}
				run(t, os.Environ(), "", "shellcheck", "--shell=sh", script).expect(t, 0)
			}
		}
	}
	if checked < 9 {
		t.Errorf("%d commands", checked)
	}
}

// object is what of a Kubernetes object the examples depend on.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		Replicas int
		Selector map[string]any
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Containers []struct{ Name, Image string }
			}
		}
	}
}

func objects(t *testing.T, text string) map[string]object {
	t.Helper()
	found := map[string]object{}
	for decoder := yaml.NewDecoder(bytes.NewReader([]byte(text))); ; {
		var o object
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		found[o.Kind+"/"+o.Metadata.Name] = o
	}
}

// checkShop wants a Deployment and a Service that finds its pods, with an image.
func checkShop(t *testing.T, text, name, image string, replicas int) {
	t.Helper()
	all := objects(t, text)
	deployment, service := all["Deployment/"+name], all["Service/"+name]
	if len(all) != 2 || len(deployment.Spec.Template.Spec.Containers) != 1 || len(service.Spec.Selector) == 0 {
		t.Fatalf("no Deployment and Service %s in\n%s", name, text)
	}
	pods, c := deployment.Spec.Template.Metadata.Labels, deployment.Spec.Template.Spec.Containers[0]
	if c.Name != "shop" || c.Image != image || deployment.Spec.Replicas != replicas {
		t.Errorf("%s: container %s of %s, %d times", name, c.Name, c.Image, deployment.Spec.Replicas)
	}
	for key, value := range service.Spec.Selector {
		if pods[key] != value {
			t.Errorf("%s: the Service asks for %s=%v, and pods have %v", name, key, value, pods)
		}
	}
	if diff := cmp.Diff(deployment.Spec.Selector["matchLabels"], any(service.Spec.Selector)); diff != "" {
		t.Errorf("%s: the Deployment counts other pods than the Service finds:\n%s", name, diff)
	}
}

// rendering is a copy of an example that a tool may change.
func rendering(t *testing.T, example string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "examples/kubernetes", example))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func rendered(t *testing.T, program string, args ...string) string {
	t.Helper()
	r := run(t, append(os.Environ(), "HOME="+t.TempDir()), "", tool(t, filepath.Join("bin", program)), args...)
	r.expect(t, 0)
	return r.output
}

func TestManifestsOfKubectlBelongTogether(t *testing.T) {
	for path, text := range files(t, "examples/kubernetes/kubectl/*.yaml") {
		switch filepath.Base(path) {
		case "shop.yaml":
			checkShop(t, text, "shop", "registry.example/shop:v41", 3)
		case "canary.yaml":
			checkShop(t, text, "shop-canary", "registry.example/shop:v42", 1)
		}
	}
}

func TestKustomizePromotes(t *testing.T) {
	dir := rendering(t, "kustomize")
	checkShop(t, rendered(t, "kustomize", "build", filepath.Join(dir, "production")), "shop", "registry.example/shop:v41", 3)
	checkShop(t, rendered(t, "kustomize", "build", filepath.Join(dir, "canary")), "shop-canary", "registry.example/shop:v42", 1)
	promoted := carryOut(t, dir, "kustomize", "promote")
	checkShop(t, promoted, "shop", "registry.example/shop:4f2c9e1", 3)
	checkShop(t, rendered(t, "kustomize", "build", filepath.Join(dir, "canary")), "shop-canary", "registry.example/shop:v42", 1)
}

// carryOut runs one command of an example with the real Kustomize, and a
// kubectl that takes what it is given for done. It is what was applied.
func carryOut(t *testing.T, dir, example, name string) string {
	t.Helper()
	text := files(t, inClusters)["examples/kubernetes/"+example+"/seatrial.yaml"]
	file, _, err := config.Load(config.Sources{ReadFile: func(string) ([]byte, error) { return []byte(text), nil }})
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	kubectl := "#!/bin/sh\n[ \"$1\" != apply ] || cat \"$3\" >" + filepath.Join(dir, "applied") + "\n"
	if err := os.WriteFile(filepath.Join(bin, "kubectl"), []byte(kubectl), 0o755); err != nil {
		t.Fatal(err)
	}
	environ := append(os.Environ(), "HOME="+t.TempDir(), "SEATRIAL_WINNER_VERSION=4f2c9e1", "SEATRIAL_REPORT_DIR="+t.TempDir(),
		"PATH="+strings.Join([]string{bin, filepath.Join(tools(t), "bin"), os.Getenv("PATH")}, ":"))
	tool(t, "bin/kustomize")
	for _, action := range file.On.Pass {
		if action.Name == name {
			run(t, environ, "", "env", "--chdir="+dir, "sh", "-e", "-c", string(action.Run)).expect(t, 0)
		}
	}
	applied, err := os.ReadFile(filepath.Join(dir, "applied"))
	if err != nil {
		t.Fatal(err)
	}
	return string(applied)
}

func TestTheChartRendersBothReleases(t *testing.T) {
	chart := filepath.Join(rendering(t, "helm"), "chart")
	rendered(t, "helm", "lint", "--strict", chart)
	checkShop(t, rendered(t, "helm", "template", "shop", chart, "--set-string", "image.tag=4f2c9e1"), "shop", "registry.example/shop:4f2c9e1", 3)
	checkShop(t, rendered(t, "helm", "template", "shop-canary", chart, "--set-string", "image.tag=00123", "--set", "replicas=1"),
		"shop-canary", "registry.example/shop:00123", 1)
}

// A flag that Helm does not know would be found only when a release passes.
func TestHelmKnowsTheFlagsOfTheExample(t *testing.T) {
	text := files(t, inClusters)["examples/kubernetes/helm/seatrial.yaml"]
	for _, command := range []string{"upgrade", "uninstall"} {
		known := rendered(t, "helm", command, "--help")
		for line := range strings.Lines(text) {
			if !strings.Contains(line, "helm "+command+" ") {
				continue
			}
			for word := range strings.FieldsSeq(line) {
				if strings.HasPrefix(word, "--") && !strings.Contains(known, word+" ") {
					t.Errorf("helm %s has no %s", command, word)
				}
			}
		}
	}
}
