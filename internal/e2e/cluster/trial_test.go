//go:build e2e

package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seatrial/seatrial/internal/testcluster"
	"github.com/seatrial/seatrial/trial"
)

// progressive is a trial of 2 s at least that moves traffic every second. The
// addresses and the objectives are filled in.
const progressive = `
baseline: http://%s
candidate: http://%s
load: {rate: 50/s, for: 20s, warmup: 1s}
at-least: 4s
objectives: [%s]
traffic:
  route: httproute/shop
  backends: {baseline: baseline, candidate: canary}
  start: 20
  every: 1s
  settle: 250ms
`

func TestAProgressiveTrialMovesTheTrafficOfAGateway(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Gateway)
	for _, c := range []struct {
		name, objectives string
		code             int
		canary           int // percent of the answers, afterwards
	}{
		{"passes", "error-rate <= baseline + 20%, latency-p50 <= 2s", 0, 100},
		{"fails", "error-rate <= baseline + 20%, latency-p50 <= 1us", 1, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			namespace := deploy(t)
			host := namespace + ".test"
			cluster.Apply(t, namespace, fmt.Sprintf(route, host, 90, 10))
			awaitShares(t, host, 10)
			report := tryIn(t, namespace, fmt.Sprintf(progressive, addressOf(t, namespace, "baseline"), addressOf(t, namespace, "canary"), c.objectives), c.code)
			for _, split := range report.Traffic.Course {
				t.Logf("%s: %v, %s", split.At, split.Weights, split.Why)
			}
			if len(report.Traffic.Course) < 2 || report.Traffic.Remedy != "" {
				t.Errorf("%+v", report.Traffic)
			}
			awaitShares(t, host, c.canary)
			o, err := cluster.Objects().Resource(httpRoutes).Namespace(namespace).Get(t.Context(), "shop", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if note, left := o.GetAnnotations()[noteKey]; left {
				t.Errorf("a note is left on the route: %s", note)
			}
		})
	}
}

func addressOf(t *testing.T, namespace, name string) string {
	t.Helper()
	service, err := cluster.Objects().Resource(services).Namespace(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
	return address
}

// tryIn runs the program on a trial file and reads its report.
func tryIn(t *testing.T, namespace, file string, code int) trial.Report {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seatrial.yaml"), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(cluster.Program, "--namespace", namespace)
	command.Dir, command.Env = dir, []string{"KUBECONFIG=" + cluster.Kubeconfig, "PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	began := time.Now()
	out, err := command.CombinedOutput()
	t.Logf("%v after %s:\n%s", err, time.Since(began), out)
	if command.ProcessState.ExitCode() != code {
		t.Fatalf("exit code %d, want %d", command.ProcessState.ExitCode(), code)
	}
	data, err := os.ReadFile(filepath.Join(dir, "seatrial-report", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	report, err := trial.ReadReport(data)
	if err != nil {
		t.Fatal(err)
	}
	return report
}
