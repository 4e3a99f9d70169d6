//go:build e2e

// Package e2e runs the image as pipelines run it: on GitHub, on GitLab, and
// where nothing is allowed.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

const (
	root     = "../.." // the repository
	image    = "localhost/seatrial:" + version
	version  = "v0.0.0"
	revision = "4f2c9e1d5b0a7c3e8f6d2b1a9c0e7f5d3b8a6c4e"
)

// bench is the image and three deployed versions of the sample service, in a
// network where they go by the names below.
type bench struct {
	podman
	network string
}

const (
	baseline = "http://baseline:8080"
	same     = "http://same:8080"   // as the baseline
	slower   = "http://slower:8080" // takes 2.5 times as long
)

// TestImage runs its parts side by side: pipelines mostly wait for their trials.
func TestImage(t *testing.T) {
	t.Parallel()
	// All stores of a machine share one place for addresses and names, so that
	// the network must be called like no other.
	b := bench{newPodman(t), fmt.Sprintf("seatrial-e2e-%d", os.Getpid())}
	b.build(t, recipe{source: root, cache: goEnv(t, "GOCACHE"), tag: image})
	b.run(t, nil, "", "network", "create", b.network).expect(t, 0)
	b.deploy(t, "baseline", "--seed=1")
	b.deploy(t, "same", "--seed=2")
	b.deploy(t, "slower", "--seed=3", "--scale=2.5")

	t.Run("Content", b.content)
	for _, part := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"ReproducedFromAnotherCheckout", b.reproduced},
		{"OtherArchitecture", b.otherArchitecture},
		{"GitHub", b.gitHub},
		{"GitLab", b.gitLabJobs},
		{"GitLabPipeline", b.gitLabPipeline},
		{"Act", b.actions},
		{"AnyUserOnAReadOnlyRoot", b.anyUserOnAReadOnlyRoot},
		{"Tekton", b.tekton},
		{"PipelinePage", b.pipelinePage},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.run(t)
		})
	}
}

// deploy starts a version of the sample service, from the image itself.
func (b bench) deploy(t *testing.T, name string, options ...string) {
	t.Helper()
	args := []string{"run", "--detach", "--name=" + name, "--network=" + b.network, image,
		"sample", "--listen=0.0.0.0:8080", "--latency=10ms", "--spread=0.2"}
	b.run(t, nil, "", append(args, options...)...).expect(t, 0)
}

// flags are a short trial of a candidate.
func flags(candidate string) []string {
	return []string{
		"--candidate", candidate, "--baseline", baseline, "--rate", "100/s", "--for", "40s", "--warmup", "1s", "--ready-within", "20s",
		"--at-least", "8s", "--objectives", objective,
	}
}

// objective is of the median: other work of the machine delays a few requests
// of either version.
const objective = "latency-p50 <= 150% of baseline"

// Tekton and many clusters run images as no particular user, on a read-only
// root and without any capability; only the workspace can be written.
func (b bench) anyUserOnAReadOnlyRoot(t *testing.T) {
	const user = 65532
	workspace := t.TempDir()
	if err := os.Chown(workspace, user, user); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--rm", "--user=65532:65532", "--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL",
		"--security-opt=no-new-privileges", "--network=" + b.network,
		"--volume=" + workspace + ":/workspace", "--workdir=/workspace", image}
	b.run(t, nil, "", append(args, flags(same)...)...).expect(t, 0)

	report, err := os.Stat(filepath.Join(workspace, "seatrial-report", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := report.Sys().(*syscall.Stat_t).Uid; owner != user {
		t.Errorf("the report belongs to user %d, want %d", owner, user)
	}
}
