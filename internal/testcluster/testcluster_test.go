//go:build e2e && linux

package testcluster

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// childVariable makes this program the tests of a package with a cluster of
// its own: the value says what TestOfAChild does there.
const childVariable = "TESTCLUSTER_CHILD"

var cluster *Cluster

func TestMain(m *testing.M) {
	switch os.Getenv(childVariable) {
	case "":
		os.Exit(m.Run())
	case "hold":
		Main(m, Pods, &cluster)
	default:
		Main(m, ControlPlane, &cluster)
	}
}

// TestOfAChild is what the others start.
func TestOfAChild(t *testing.T) {
	switch os.Getenv(childVariable) {
	case "":
		return // nobody has started it
	case "fail":
		t.Fatal("as it was told to")
	case "identity":
		fmt.Printf("namespace %s made by user %d\n", cluster.Namespace(t), os.Getuid())
	case "hold":
		holdAPod(t)
	}
}

// holdAPod has a container running, says where, and waits for its end.
func holdAPod(t *testing.T) {
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, `
apiVersion: v1
kind: Pod
metadata: {name: held}
spec:
  containers: [{name: sample, image: "registry.local/seatrial:test", imagePullPolicy: Never, args: [sample]}]
`)
	cluster.Await(t, "a pod", time.Minute, func(ctx context.Context) error {
		pod, err := cluster.objects.Resource(coreV1("pods")).Namespace(namespace).Get(ctx, "held", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return hasCondition(pod, "Ready")
	})
	fmt.Printf("held in %s\n", cluster.plan.Dir)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func child(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestOfAChild$", "-test.v")
	c.Env = append(os.Environ(), childVariable+"="+what)
	return c
}

func TestNothingIsLeftAfterAKill(t *testing.T) {
	if reason := obstacle(); reason != "" {
		if os.Getenv("SEATRIAL_E2E") == required {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	c, dir := held(t)
	if traces(t, dir) == nil {
		t.Error("a cluster that runs has no traces: this test could not fail")
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed

	var left []string
	within, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for tick := time.NewTicker(50 * time.Millisecond); within.Err() == nil; <-tick.C {
		if left = traces(t, dir); left == nil {
			return
		}
	}
	t.Errorf("what is left of the cluster:\n%s", strings.Join(left, "\n"))
}

// held starts a child that holds a pod, and says where.
func held(t *testing.T) (c *exec.Cmd, dir string) {
	t.Helper()
	c = child(t, "hold")
	stdin, open, err := os.Pipe() // open to the end: nothing but a kill ends the child
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); open.Close() })
	c.Stdin = stdin
	output, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(output); dir == "" && lines.Scan(); {
		_, dir, _ = strings.Cut(lines.Text(), "held in ")
	}
	if dir == "" {
		t.Fatal("the child held nothing")
	}
	return c, dir
}

// traces are the files, control groups, mounts and processes of a cluster on
// this machine.
func traces(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, root := range hierarchies() {
		groups, err := filepath.Glob(filepath.Join(root, filepath.Base(dir)))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, groups...)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(mounts, []byte(dir)) {
		found = append(found, "a mount in "+dir)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range commands {
		text, _ := os.ReadFile(command) // it may have ended
		if bytes.Contains(text, []byte(dir)) {
			found = append(found, fmt.Sprintf("%s: %q", command, text))
		}
	}
	return found
}

func TestTheControlPlaneNeedsNoRoot(t *testing.T) {
	p := plan{Temp: t.TempDir(), Tier: ControlPlane}
	b, err := prepare(&p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(p.Dir); err != nil {
			t.Error(err)
		}
	})
	if err := b.buildProgram(p); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestOfAChild$")
	if os.Geteuid() == 0 {
		giveTo(t, nobody, &p)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	c.Env = append(os.Environ(), childVariable+"=identity", p.as(tests), "TMPDIR="+p.Dir)
	output, err := c.CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte("made by user ")) || bytes.Contains(output, []byte("user 0")) {
		t.Errorf("%v:\n%s", err, output)
	}
}

const nobody = 65534

// giveTo makes the cluster's directory the user's, with a copy of what it
// can't read in this one's cache.
func giveTo(t *testing.T, user int, p *plan) {
	t.Helper()
	binary, err := os.ReadFile(p.Kube)
	if err != nil {
		t.Fatal(err)
	}
	p.Kube = filepath.Join(p.Dir, "kube")
	if err := os.WriteFile(p.Kube, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(p.Dir, user, user); err != nil {
		t.Fatal(err)
	}
}

func TestTheTestsExitCodeIsPassedOn(t *testing.T) {
	c := child(t, "fail")
	c.Env = append(c.Env, "TMPDIR="+t.TempDir()) // it keeps its logs there
	output, err := c.CombinedOutput()
	if c.ProcessState.ExitCode() != 1 || !bytes.Contains(output, []byte("as it was told to")) {
		t.Errorf("%v:\n%s", err, output)
	}
}

func TestWhatIsRequiredIsNotSkipped(t *testing.T) {
	c := child(t, "hold")
	c.Env = append(c.Env, "PATH="+t.TempDir(), "SEATRIAL_E2E="+required)
	output, err := c.CombinedOutput()
	if c.ProcessState.ExitCode() != 1 || !bytes.Contains(output, []byte("no pods, only the control plane: ")) {
		t.Errorf("%v:\n%s", err, output)
	}
}
