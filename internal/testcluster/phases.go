//go:build linux

package testcluster

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// variable tells a process of a test binary which phase it is.
const variable = "SEATRIAL_TESTCLUSTER"

// phase is what a process of the test binary does.
type phase string

const (
	outside phase = ""        // builds what is needed and starts the others
	first   phase = "first"   // is process 1 of the sandbox: sets it up, and takes in orphans
	tests   phase = "tests"   // starts the cluster and runs the tests
	sweeper phase = "sweeper" // waits for the first's end and removes what is left
)

// plan is what the phases hand on.
type plan struct {
	Phase       phase
	Tier        Tier
	Short       string            // why the tier is no higher, where one was wanted
	Dir         string            // everything of this cluster, removed at its end
	Temp        string            // the machine's directory for temporary files
	Kube        string            // the components' binary
	Pause       string            // the program of the pause image
	Traefik     string            // in tier Gateway
	Definitions map[string]string // directories of modules that have CRDs
}

// takePlan reads the plan and hides it from the tests' children.
func takePlan() (plan, error) {
	var p plan
	text := os.Getenv(variable)
	if text == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("%s: %w", variable, err)
	}
	return p, os.Unsetenv(variable)
}

func (p plan) as(phase phase) string {
	p.Phase = phase
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and a number
	}
	return variable + "=" + string(text)
}

// run is where the cluster keeps its state: in memory in a sandbox.
func (p plan) run() string { return filepath.Join(p.Dir, "run") }

// cgroup holds the containers of this cluster.
func (p plan) cgroup() string { return filepath.Base(p.Dir) }

// program is the seatrial that is tested.
func (p plan) program() string { return filepath.Join(p.Dir, "seatrial") }

// startSandbox runs the tests in a process of their own and gives their exit code.
func startSandbox(m *testing.M, wanted Tier) int {
	flag.Parse()
	if flag.Lookup("test.list").Value.String() != "" {
		return m.Run() // only names are asked for
	}
	p := plan{Temp: os.TempDir()}
	if p.Tier, p.Short = affordable(wanted); p.Short != "" {
		fmt.Println("testcluster: " + p.Short)
		if os.Getenv("SEATRIAL_E2E") == required {
			fail(errors.New("SEATRIAL_E2E=required allows no skip"))
		}
	}
	b, err := prepare(&p)
	if err != nil {
		fail(err)
	}
	end, err := startSweeper(p)
	if err != nil {
		fail(err)
	}
	if err := b.buildProgram(p); err != nil {
		fail(err)
	}
	code := runSandbox(p)
	end()
	return code
}

// prepare does all that needs the network, and makes the cluster's directory.
func prepare(p *plan) (builder, error) {
	b, err := newBuilder()
	if err != nil {
		return b, err
	}
	if err := b.buildAll(p); err != nil {
		return b, err
	}
	if p.Definitions, err = b.definitions(p.Tier); err != nil {
		return b, err
	}
	p.Dir, err = os.MkdirTemp("", "seatrial-cluster-")
	return b, err
}

// runSandbox starts the next phase. It dies with this process, however that ends.
func runSandbox(p plan) int {
	runtime.LockOSThread() // the kernel means the thread's death, not the process's
	next, namespaces := tests, uintptr(0)
	if p.Tier >= Pods {
		next, namespaces = first, newNamespaces
	}
	c := again(p, next)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Cloneflags: namespaces}
	if err := c.Run(); c.ProcessState == nil {
		fail(fmt.Errorf("starting the sandbox: %w", err))
	}
	return exitCode(c.ProcessState.Sys().(syscall.WaitStatus))
}

// exitCode is that of a shell: 128 and the signal where one ended the process.
func exitCode(s syscall.WaitStatus) int {
	if s.Signaled() {
		return 128 + int(s.Signal())
	}
	return s.ExitStatus()
}

// again is this program with the same arguments in another phase.
func again(p plan, phase phase) *exec.Cmd {
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Args[0] = os.Args[0]
	c.Env = append(os.Environ(), p.as(phase))
	return c
}

// startSweeper starts the process that cleans up. It has a session of its own
// and nothing of this one's but a pipe: when that closes, this process has
// ended or wants it to begin. The function waits until all is clean.
func startSweeper(p plan) (end func(), err error) {
	c := again(p, sweeper)
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	pipe, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("starting what cleans up: %w", err)
	}
	return func() {
		_ = pipe.Close()
		if err := c.Wait(); err != nil {
			fmt.Fprintf(os.Stderr, "testcluster: something is left of the cluster in %s: %v\n", p.Dir, err)
		}
	}, nil
}

// sweep removes the cluster's files and control groups once all its processes
// have ended, which takes a moment after a kill.
func sweep(p plan) {
	_, _ = io.Copy(io.Discard, os.Stdin) // until the other end closes
	deadline := time.After(20 * time.Second)
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		if err := errors.Join(removeGroups(p.cgroup()), os.RemoveAll(p.Dir)); err == nil {
			os.Exit(0)
		}
		select {
		case <-tick.C:
		case <-deadline:
			os.Exit(1)
		}
	}
}

// removeGroups removes the control groups of that name from every hierarchy,
// the innermost first. They are directories that only rmdir removes.
func removeGroups(name string) error {
	var failed []error
	for _, root := range hierarchies() {
		var groups []string
		_ = filepath.WalkDir(filepath.Join(root, name), func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				groups = append(groups, path)
			}
			return nil // it may be gone by now
		})
		for i := len(groups) - 1; i >= 0; i-- {
			if err := os.Remove(groups[i]); err != nil && !os.IsNotExist(err) {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

// affordable is the highest tier up to the wanted one that this machine can
// run, and where that is lower, why.
func affordable(wanted Tier) (Tier, string) {
	if wanted == ControlPlane {
		return wanted, ""
	}
	if reason := obstacle(); reason != "" {
		return ControlPlane, fmt.Sprintf("no %s, only the %s: %s", wanted, ControlPlane, reason)
	}
	return wanted, ""
}

// obstacle says why this machine can't run pods; "" if it can.
func obstacle() string {
	if os.Geteuid() != 0 {
		return "that needs root"
	}
	var missing []string
	for _, tool := range []string{"containerd", "containerd-shim-runc-v2", "ctr", "runc", "ip", "iptables"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	for _, plugin := range []string{"bridge", "host-local", "loopback", "portmap"} {
		if _, err := os.Stat(filepath.Join(cniPlugins, plugin)); err != nil {
			missing = append(missing, filepath.Join(cniPlugins, plugin))
		}
	}
	if len(missing) > 0 {
		return strings.Join(missing, ", ") + " missing; .ci/install installs what these tests need"
	}
	probe := exec.Command("true")
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: newNamespaces}
	if err := probe.Run(); err != nil {
		return fmt.Sprintf("namespaces can't be made (%v); a container needs --privileged for that", err)
	}
	return ""
}
