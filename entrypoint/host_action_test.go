package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

const hostAction = "../host/action.yml"

// cutBetween parts a text at the lines that begin with two keys.
func cutBetween(t *testing.T, text, from, to string) (before, inside, after string) {
	t.Helper()
	before, rest, found := strings.Cut(text, "\n"+from+":")
	inside, after, closed := strings.Cut(rest, "\n"+to+":")
	if !found || !closed {
		t.Fatalf("no %s: and %s: in\n%s", from, to, text)
	}
	return before, "\n" + from + ":" + inside, "\n" + to + ":" + after
}

// It has the inputs and outputs of the action, and hands them on.
func TestHostActionIsTheActionElsewhere(t *testing.T) {
	action, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.ReadFile(hostAction)
	if err != nil {
		t.Fatal(err)
	}
	_, declared, _ := cutBetween(t, string(action), "inputs", "runs")
	name := regexp.MustCompile(`(?m)^  ([a-z-]+):\n    description: .*\n?`)
	head, outs, _ := strings.Cut(declared, "\noutputs:")
	outs = name.ReplaceAllStringFunc(strings.TrimRight(outs, "\n")+"\n", func(one string) string {
		return one + "    value: ${{ steps.trial.outputs." + name.FindStringSubmatch(one)[1] + " }}\n"
	})
	before, _, steps := cutBetween(t, string(host), "inputs", "runs")
	handed := "\n      env:\n"
	for _, i := range inputs() {
		handed += fmt.Sprintf("        INPUT_%s: ${{ inputs.%s }}\n", strings.ReplaceAll(strings.ToUpper(i.Name), "-", "_"), i.Name)
	}
	steps = regexp.MustCompile(`(?s)\n      env:.*?\n      run:`).ReplaceAllLiteralString(steps, handed+"      run:")
	want := before + head + "\noutputs:" + outs + steps
	if *update {
		if err := os.WriteFile(hostAction, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(want, string(host)); diff != "" {
		t.Errorf("host/action.yml is behind action.yml (-update writes it):\n%s", diff)
	}
}

// hostScript is what the action runs.
func hostScript(t *testing.T) string {
	t.Helper()
	var action struct {
		Runs struct {
			Steps []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(file(t, hostAction)), &action); err != nil || len(action.Runs.Steps) != 1 {
		t.Fatal(err, action)
	}
	return action.Runs.Steps[0].Run
}

// The script gives the image what a container action gets, values with line
// breaks too, on the runner's network.
func TestHostActionRunsTheImageOnTheRunnersNetwork(t *testing.T) {
	dir := t.TempDir()
	trialFile := "load: {headers: {Authorization: 'Bearer ${SHOP_TOKEN}', X-Key: '${SHOP_KEY:-none}'}}\n# $${PRICE} and $PLAIN are no references\n"
	if err := os.WriteFile(filepath.Join(dir, "seatrial.yaml"), []byte(trialFile), 0o644); err != nil {
		t.Fatal(err)
	}
	docker := "#!/bin/bash\nprintf '%s\\n' \"$@\"\nprintf 'objectives: %s\\n' \"$INPUT_OBJECTIVES\"\nexit 3\n"
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(docker), 0o755); err != nil {
		t.Fatal(err)
	}
	script := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", hostScript(t))
	script.Dir = dir
	script.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=/root", "SECRET=not-handed-on", "GITHUB_ACTIONS=true", "CI=true",
		"SHOP_TOKEN=handed-on", "SHOP_KEY=handed-on", "PLAIN=not-handed-on", "SHOP=not-handed-on", "HTTPS_PROXY=http://proxy:3128", "no_proxy=shop",
		"RUNNER_TEMP=/t e", "GITHUB_WORKSPACE=/w", "INPUT_OBJECTIVES=a\nGITHUB_b"}
	out, err := script.CombinedOutput()
	if code := script.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d, %v, want docker's", code, err)
	}
	want := []string{"run", "--rm", "--network", "host", "--env", "CI", "--env", "GITHUB_ACTIONS", "--env", "GITHUB_WORKSPACE",
		"--env", "HTTPS_PROXY", "--env", "INPUT_OBJECTIVES", "--env", "RUNNER_TEMP", "--env", "SHOP_KEY", "--env", "SHOP_TOKEN", "--env", "no_proxy",
		"--volume", "/t e:/t e", "--volume", "/w:/w", "--workdir", "/w", "ghcr.io/seatrial/seatrial:v1",
		"objectives: a", "GITHUB_b", ""}
	if diff := cmp.Diff(want, strings.Split(string(out), "\n")); diff != "" {
		t.Error(diff)
	}
	kubeconfig := filepath.Join(dir, "kube config")
	if err := os.WriteFile(kubeconfig, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	with := exec.Command(script.Path, script.Args[1:]...)
	with.Env, with.Dir = append(script.Env, "KUBECONFIG="+kubeconfig+":/none"), dir
	out, _ = with.CombinedOutput()
	if want := "KUBECONFIG=" + kubeconfig + ":/none\n--volume\n" + kubeconfig + ":" + kubeconfig + ":ro\n"; !strings.Contains(string(out), want) || strings.Contains(string(out), "/none:") {
		t.Errorf("with a kubeconfig: no %q in\n%s", want, out)
	}
	without := exec.Command(script.Path, script.Args[1:]...)
	without.Env, without.Dir = script.Env, t.TempDir()
	out, _ = without.CombinedOutput()
	if code := without.ProcessState.ExitCode(); code != 3 || strings.Contains(string(out), "SHOP") {
		t.Errorf("without a trial file: exit code %d\n%s", code, out)
	}
}
