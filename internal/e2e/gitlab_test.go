//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// findShell is how GitLab's runner starts every job: shells/bash.go of
// gitlab-runner. The job's script then comes on stdin.
const findShell = `if [ -x /usr/local/bin/bash ]; then
	exec /usr/local/bin/bash
elif [ -x /usr/bin/bash ]; then
	exec /usr/bin/bash
elif [ -x /bin/bash ]; then
	exec /bin/bash
elif [ -x /usr/local/bin/sh ]; then
	exec /usr/local/bin/sh
elif [ -x /usr/bin/sh ]; then
	exec /usr/bin/sh
elif [ -x /bin/sh ]; then
	exec /bin/sh
elif [ -x /busybox/sh ]; then
	exec /busybox/sh
else
	echo shell not found
	exit 1
fi
`

// gitLab runs a job whose image: has or hasn't entrypoint: [""].
func (b bench) gitLab(t *testing.T, options []string, script string) (workspace string, r result) {
	t.Helper()
	workspace = t.TempDir()
	args := []string{"run", "--rm", "--interactive", "--network=" + b.network, "--volume=" + workspace + ":/builds/app",
		"--env=CI=true", "--env=GITLAB_CI=true", "--env=CI_PROJECT_DIR=/builds/app"}
	args = append(append(args, options...), image, "sh", "-c", findShell)
	return workspace, b.run(t, nil, "set -eu\ncd /builds/app\n"+script, args...)
}

func (b bench) gitLabJobs(t *testing.T) {
	t.Run("ThroughTheEntrypoint", b.gitLabThroughTheEntrypoint)
	t.Run("WithoutTheEntrypoint", b.gitLabWithoutTheEntrypoint)
}

func (b bench) gitLabThroughTheEntrypoint(t *testing.T) {
	script := "seatrial '" + strings.Join(flags(slower), "' '") + "'\necho not reached\n"
	workspace, r := b.gitLab(t, nil, script)
	r.expect(t, 1)
	if strings.Contains(r.output, "not reached") {
		t.Error("the job went on after a fail")
	}
	for _, artifact := range []string{"report.json", "summary.md", "report.html"} {
		if _, err := os.Stat(filepath.Join(workspace, "seatrial-report", artifact)); err != nil {
			t.Error(err)
		}
	}
}

func (b bench) gitLabWithoutTheEntrypoint(t *testing.T) {
	_, r := b.gitLab(t, []string{"--entrypoint="}, "seatrial version\nexit 7\n")
	r.expect(t, 7)
	if !strings.Contains(r.output, version) {
		t.Errorf("the version is not the one that the image was built with:\n%s", r.output)
	}
}
