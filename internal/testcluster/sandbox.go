//go:build linux

package testcluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const newNamespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID

// beFirst is process 1 of the sandbox. It sets the sandbox up, starts the
// tests, and takes in what other processes leave behind: with its end the
// kernel ends everything here. It gives the tests' exit code.
func beFirst(p plan) int {
	if err := setUp(p); err != nil {
		fail(fmt.Errorf("setting up the sandbox: %w", err))
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		fail(err)
	}
	if err := os.Setenv("TMPDIR", filepath.Join(p.run(), "tmp")); err != nil {
		fail(err)
	}
	child, err := syscall.ForkExec(self, os.Args, &syscall.ProcAttr{
		Env: append(os.Environ(), p.as(tests)), Files: []uintptr{0, 1, 2},
	})
	if err != nil {
		fail(fmt.Errorf("starting the tests: %w", err))
	}
	for {
		var status syscall.WaitStatus
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			fail(fmt.Errorf("waiting for the tests: %w", err))
		case ended == child:
			return exitCode(status)
		}
	}
}

func setUp(p plan) error {
	for _, step := range []func(plan) error{setUpMounts, setUpTunables, setUpGroups, setUpNetwork} {
		if err := step(p); err != nil {
			return err
		}
	}
	return nil
}

// mounted is one mount over what the machine has.
type mounted struct{ kind, source, target, options string }

// setUpMounts gives the sandbox its own processes, and memory in place of
// every directory that components write to without being asked.
func setUpMounts(p plan) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("taking the mounts apart from the machine's: %w", err)
	}
	run := p.run()
	if err := mount(mounted{"tmpfs", "tmpfs", run, "mode=700"}); err != nil {
		return err
	}
	upper, work := filepath.Join(run, "var-lib"), filepath.Join(run, "var-lib.work")
	for _, dir := range []string{upper, work, filepath.Join(run, "tmp")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for _, m := range []mounted{
		{"proc", "proc", "/proc", ""},
		{"tmpfs", "tmpfs", "/run", "mode=755"},
		{"tmpfs", "tmpfs", "/var/log", "mode=755"},
		{"overlay", "overlay", "/var/lib", "lowerdir=/var/lib,upperdir=" + upper + ",workdir=" + work},
	} {
		if err := mount(m); err != nil {
			return err
		}
	}
	return nil
}

func mount(m mounted) error {
	if err := os.MkdirAll(m.target, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount(m.source, m.target, m.kind, 0, m.options); err != nil {
		return fmt.Errorf("mounting %s at %s: %w", m.kind, m.target, err)
	}
	return nil
}

// setUpTunables puts files in place of settings that are the whole machine's
// and that a kubelet sets (k8s.io/component-helpers/node/util/sysctl): it finds
// them as it wants them, and the machine keeps its own.
func setUpTunables(p plan) error {
	for name, value := range map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	} {
		file := filepath.Join(p.run(), "sys", strings.ReplaceAll(name, "/", "."))
		if err := write(file, value+"\n"); err != nil {
			return err
		}
		if err := syscall.Mount(file, "/proc/sys/"+name, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("covering /proc/sys/%s: %w", name, err)
		}
	}
	return nil
}

// setUpGroups makes the control group that all containers are below, in every
// hierarchy that there is: one in version 2, several in version 1.
func setUpGroups(p plan) error {
	for _, root := range hierarchies() {
		if err := os.MkdirAll(filepath.Join(root, p.cgroup()), 0o755); err != nil {
			return fmt.Errorf("making a control group: %w", err)
		}
	}
	return nil
}

// hierarchies are the roots of control groups.
func hierarchies() []string {
	const root = "/sys/fs/cgroup"
	var fs syscall.Statfs_t
	if syscall.Statfs(root, &fs) == nil && fs.Type == cgroup2 {
		return []string{root}
	}
	roots, err := filepath.Glob(root + "/*/cgroup.procs")
	if err != nil {
		panic(err) // the pattern is a literal
	}
	for i := range roots {
		roots[i] = filepath.Dir(roots[i])
	}
	return roots
}

// cgroup2 is CGROUP2_SUPER_MAGIC of linux/magic.h.
const cgroup2 = 0x63677270

// setUpNetwork makes the node's bridge, which pods are attached to. The default
// route leads nowhere: it is there because Services are reached by one.
func setUpNetwork(plan) error {
	for _, line := range []string{
		"link set lo up",
		"link add " + bridge + " type bridge",
		"addr add " + nodeAddress + "/24 dev " + bridge,
		"link set " + bridge + " up",
		"route add default dev " + bridge,
	} {
		if output, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, output)
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

// write makes the file and its directory.
func write(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}
