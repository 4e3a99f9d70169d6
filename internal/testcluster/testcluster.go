//go:build linux

// Package testcluster runs a whole Kubernetes for the tests of one package:
// real components, real pods and a real gateway, in namespaces that end with
// the tests, and no registry of images.
//
//	var cluster *testcluster.Cluster
//
//	func TestMain(m *testing.M) { testcluster.Main(m, testcluster.Gateway, &cluster) }
//
// The test binary starts itself again in new namespaces of network, mounts and
// processes, so that each test reaches the cluster at 127.0.0.1 and nothing
// else; several packages may do so at once. From outside that sandbox is one
// process, which nsenter -t PID -n -m -p enters.
//
// The components are built from the nested modules testcluster and testgateway
// of this repository and kept in the user's cache.
package testcluster

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// Tier is how much of a cluster there is; each holds what is before it.
type Tier int

// The tiers. A package asks for the most that one of its tests needs, and each
// test that needs more than the first calls Require.
const (
	ControlPlane Tier = iota // API server, etcd and controllers; any user may run them
	Pods                     // a node with containers and Services; needs root
	Gateway                  // Traefik as a controller of the Gateway API and of its own kinds
)

func (t Tier) String() string {
	switch t {
	case ControlPlane:
		return "control plane"
	case Pods:
		return "pods"
	case Gateway:
		return "gateway"
	}
	return fmt.Sprintf("tier %d", int(t))
}

// required is the value of SEATRIAL_E2E with which nothing may be skipped.
const required = "required"

// Main runs the package's tests beside a cluster of the tier, or of the
// highest below it that this machine can run, and ends the process. The
// cluster is put into its place before the first test.
func Main(m *testing.M, tier Tier, cluster **Cluster) {
	p, err := takePlan()
	if err != nil {
		fail(err)
	}
	switch p.Phase {
	case outside:
		os.Exit(startSandbox(m, tier))
	case first:
		os.Exit(beFirst(p))
	case tests:
		os.Exit(runTests(m, p, cluster))
	case sweeper:
		sweep(p)
	default:
		fail(fmt.Errorf("%s names phase %q; there are %q", variable, p.Phase, []phase{first, tests, sweeper}))
	}
}

// Rounds is how often a test of a fault repeats it: once, and in a nightly run
// as often as it says.
func Rounds(nightly int) int {
	if os.Getenv("SEATRIAL_NIGHTLY") == "1" {
		return nightly
	}
	return 1
}

func runTests(m *testing.M, p plan, cluster **Cluster) int {
	began := time.Now()
	c, err := start(p)
	if err != nil {
		fmt.Fprintf(os.Stderr, "testcluster: %v\n", err)
		c.keepLogs()
		c.processes.stopAll()
		return 1
	}
	defer c.processes.stopAll()
	fmt.Printf("testcluster: %s ready in %.1f s\n", p.Tier, time.Since(began).Seconds())
	*cluster = c
	code := m.Run()
	if code != 0 {
		c.keepLogs()
	}
	return code
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "testcluster: %v\n", err)
	os.Exit(1)
}
