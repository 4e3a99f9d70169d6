//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// podman is a container engine with a store of its own.
type podman struct{ environ []string }

// result is how a command ended, and all that it printed.
type result struct {
	code   int
	output string
}

// need ends the test when a tool is missing: as a failure where the
// environment demands that nothing is skipped.
func need(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("SEATRIAL_E2E") == "required" {
			t.Fatalf("%s is missing; .ci/install installs what these tests need", tool)
		}
		t.Skipf("%s is missing; .ci/install installs what these tests need", tool)
	}
}

// newPodman prepares a store that can build the Dockerfile without a registry.
func newPodman(t *testing.T) podman {
	t.Helper()
	need(t, "podman", "buildah", "runc", "busybox", "bash-static", "go")
	dir := t.TempDir()
	run(t, os.Environ(), "", "./podman.sh", dir).expect(t, 0)
	p := podman{append(os.Environ(),
		"CONTAINERS_CONF="+filepath.Join(dir, "containers.conf"),
		"CONTAINERS_STORAGE_CONF="+filepath.Join(dir, "storage.conf"))}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		for _, last := range [][]string{{"rm", "--all", "--force", "--time=0"}, {"network", "prune", "--force"}} {
			clean := exec.Command("podman", last...)
			clean.Env = p.environ
			if output, err := clean.CombinedOutput(); err != nil {
				t.Errorf("podman %s: %v\n%s", last, err, output)
			}
		}
	})
	return p
}

// recipe is what an image is made of; the rest is the repository's Dockerfile.
type recipe struct {
	source  string // the repository's files
	cache   string // of compiled packages
	tag     string
	options []string
}

// epoch is the time that the image and its files bear: a release takes its commit's.
const epoch = "1767225600"

// build makes an image offline: Go modules come from this machine's module
// cache, and go.sum still verifies them.
func (p podman) build(t *testing.T, r recipe) {
	t.Helper()
	// Fetches what the build needs and the cache lacks.
	run(t, os.Environ(), "", "go", "-C", root, "list", "-deps", "./entrypoint").expect(t, 0)
	args := []string{"build", "--pull-never", "--network=none", "--timestamp=" + epoch,
		"--volume=" + goEnv(t, "GOMODCACHE") + "/cache/download:/modules:ro",
		"--volume=" + r.cache + ":/root/.cache/go-build",
		"--build-arg=GOPROXY=file:///modules", "--build-arg=GONOSUMDB=*",
		"--build-arg=VERSION=" + version, "--build-arg=REVISION=" + revision, "--tag=" + r.tag}
	run(t, p.environ, "", "buildah", append(append(args, r.options...), r.source)...).expect(t, 0)
}

// built is the program outside an image, in a directory, with the image's tags.
func built(t *testing.T, dir string) string {
	t.Helper()
	seatrial := filepath.Join(dir, "seatrial")
	run(t, os.Environ(), "", "go", "build", "-tags", "grpcnotrace", "-o", seatrial, "github.com/seatrial/seatrial/entrypoint").expect(t, 0)
	return seatrial
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatalf("go env %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// run starts podman with further variables in its environment and input on stdin.
func (p podman) run(t *testing.T, environ []string, stdin string, args ...string) result {
	return run(t, append(p.environ[:len(p.environ):len(p.environ)], environ...), stdin, "podman", args...)
}

// run gives -1 as the code of a command that could not be started.
func run(t *testing.T, environ []string, stdin, name string, args ...string) result {
	var output bytes.Buffer
	command := exec.CommandContext(t.Context(), name, args...)
	command.Env, command.Stdin, command.Stdout, command.Stderr = environ, strings.NewReader(stdin), &output, &output
	command.WaitDelay = 5 * time.Second
	err := command.Run()
	if command.ProcessState == nil {
		return result{-1, err.Error()}
	}
	return result{command.ProcessState.ExitCode(), output.String()}
}

// expect ends the test unless the command ended with the code.
func (r result) expect(t *testing.T, code int) {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit code %d, want %d; it printed:\n%s", r.code, code, r.output)
	}
}
