//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatrial/seatrial/internal/testcluster"
)

// quickTrial passes after 10 s. The addresses, the route and the strategy are
// filled in.
const quickTrial = `
baseline: http://%s
candidate: http://%s
load: {rate: 50/s, for: 30s, warmup: 1s}
at-least: 10s
objectives: [error-rate <= baseline + 20%%, latency-p50 <= 2s]
traffic:
  route: %s/shop
  backends: {baseline: shop, candidate: shop-canary}
%s`

func TestEachStrategyMovesRealTraffic(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Gateway)
	all := asked{want: [2]int64{100, 0}}
	for name, c := range map[string]struct {
		kind, strategy string
		during, after  []asked
	}{
		"blue-green":  {"httproute", "  strategy: blue-green", []asked{all}, []asked{{want: [2]int64{0, 100}}}},
		"fixed-split": {"httproute", "  strategy: fixed-split\n  split: [80, 20]", []asked{{want: [2]int64{80, 20}}}, []asked{{want: [2]int64{0, 100}}}},
		"dark-launch by a mirror": {"traefikservice", "  strategy: dark-launch\n  mirror: {percent: 25}",
			[]asked{{want: [2]int64{100, 25}}}, []asked{all}},
		"dark-launch by a match": {"httproute", "  strategy: dark-launch\n  match: [{headers: {X-Tester: \"yes\"}}]",
			[]asked{{header: "x-tester: yes", want: [2]int64{0, 100}}, all}, []asked{{header: "x-tester: yes", want: [2]int64{100, 0}}, all}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := cluster.Namespace(t)
			requests := [2]*atomic.Int64{counted(t, namespace, "shop"), counted(t, namespace, "shop-canary")}
			cluster.Apply(t, namespace, fmt.Sprintf(servedRoutes, namespace))
			b := beginFile(t, namespace, fmt.Sprintf(quickTrial, addressOf(t, namespace, "shop"), addressOf(t, namespace, "shop-canary"), c.kind, c.strategy))
			b.says("✓ warm-up")
			arriving := func(when string, asks []asked) {
				for _, a := range asks {
					cluster.Await(t, fmt.Sprintf("%s: %+v", when, a), 4*time.Second, func(ctx context.Context) error {
						return hundred(ctx, c.kind+"."+namespace, a, requests)
					})
				}
			}
			arriving("during the trial", c.during)
			b.end().wants(t, 0, "PASS")
			arriving("after the trial", c.after)
		})
	}
}

// beginFile starts a trial of a file.
func beginFile(t *testing.T, namespace, file string) begun {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seatrial.yaml"), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	b := begun{t, exec.CommandContext(t.Context(), cluster.Program, "--namespace", namespace), &output{}}
	b.command.Dir, b.command.Env = dir, []string{"HOME=" + dir, "KUBECONFIG=" + cluster.Kubeconfig}
	b.command.Stdout, b.command.Stderr = b.output, b.output
	if err := b.command.Start(); err != nil {
		t.Fatal(err)
	}
	return b
}
