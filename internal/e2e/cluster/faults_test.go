//go:build e2e

package cluster

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/internal/testcluster"
)

// A route with much to lose: the first rule is moved, the second is a tester's
// way to the canary.
//
//go:embed testdata/guarded.yaml
var guardedRoute string

// site is a namespace where both releases run, behind a gateway.
type site struct {
	*testing.T
	namespace string
	addresses [2]string // the baseline's, the canary's
	routes    dynamic.ResourceInterface
}

func newSite(t *testing.T) *site {
	t.Helper()
	cluster.Require(t, testcluster.Gateway)
	s := &site{T: t, namespace: deploy(t)}
	s.routes = cluster.Objects().Resource(httpRoutes).Namespace(s.namespace)
	for i, name := range []string{"baseline", "canary"} {
		s.addresses[i] = addressOf(t, s.namespace, name)
	}
	return s
}

// guarded is a route that a trial is to move, and how it was before.
type guarded struct {
	*testing.T
	site   *site
	name   string
	host   string
	before *unstructured.Unstructured
}

// route makes one, and waits until the gateway serves it.
func (s *site) route(t *testing.T, name string) *guarded {
	t.Helper()
	g := &guarded{T: t, site: s, name: name, host: name + "." + s.namespace + ".test"}
	cluster.Apply(t, s.namespace, fmt.Sprintf(guardedRoute, name, g.host))
	awaitShares(t, g.host, 10)
	g.before = g.get()
	return g
}

func (g *guarded) get() *unstructured.Unstructured {
	g.Helper()
	o, err := g.site.routes.Get(context.Background(), g.name, metav1.GetOptions{})
	if err != nil {
		g.Fatal(err)
	}
	return o
}

// shareOf is the canary's weight in the rule that is moved.
func shareOf(o *unstructured.Unstructured) int64 {
	rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "rules")
	refs := rules[0].(map[string]any)["backendRefs"].([]any)
	return refs[1].(map[string]any)["weight"].(int64)
}

func hasNote(o *unstructured.Unstructured) bool { return o.GetAnnotations()[noteKey] != "" }

// settled is the route without what every write changes and without what its
// controller says of it.
func settled(o *unstructured.Unstructured) map[string]any {
	o = o.DeepCopy()
	o.SetResourceVersion("")
	o.SetGeneration(0)
	delete(o.Object, "status")
	o.SetManagedFields(slices.DeleteFunc(o.GetManagedFields(), func(e metav1.ManagedFieldsEntry) bool { return e.Subresource == "status" }))
	return o.Object
}

// isAsBefore is exact: spec, annotations, labels, and who owns which field.
func (g *guarded) isAsBefore() {
	g.Helper()
	if diff := cmp.Diff(settled(g.before), settled(g.get())); diff != "" {
		g.Errorf("%s, before (-) and after (+):\n%s", g.name, diff)
	}
}

// lock is the name of the Lease of a trial on this route.
func (g *guarded) lock() string { return "seatrial-httproute-" + g.name }

// isUnlocked sees that no trial's lock is left.
func (g *guarded) isUnlocked() {
	g.Helper()
	lease, err := cluster.Objects().Resource(leases).Namespace(g.site.namespace).Get(context.Background(), g.lock(), metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		g.Errorf("a lock is left: %v, %v", lease, err)
	}
}

// plan is how a trial of these tests differs from others.
type plan struct {
	lasts, atLeast time.Duration
	objectives     string
	traffic        string // in addition
	code           int    // with which it ends
}

// Trials by what becomes of them where there is no fault. The lasting one is
// to be cancelled.
var (
	lasting = plan{90 * time.Second, 45 * time.Second, passes, progressively, 143}
	passing = plan{20 * time.Second, 6 * time.Second, passes, progressively, 0}
	failing = plan{20 * time.Second, 6 * time.Second, "latency-p50 <= 1us", progressively, 1}
)

const (
	passes        = "error-rate <= baseline + 20%, latency-p50 <= 2s"
	progressively = "start: 20, step: 4, every: 1s, settle: 200ms"
)

func (g *guarded) file(p plan) string {
	return fmt.Sprintf(`
baseline: http://%s
candidate: http://%s
load: {rate: 100/s, for: %s, warmup: 1s}
at-least: %s
objectives: [%s]
traffic: {route: httproute/%s, backends: {baseline: baseline, candidate: canary}, %s}
`, g.site.addresses[0], g.site.addresses[1], p.lasts, p.atLeast, p.objectives, g.name, p.traffic)
}

// running is a trial in a process of its own.
type running struct {
	*guarded
	plan    plan
	dir     string // has the trial file, and the report in it
	command *exec.Cmd
	output  *output
	ended   chan struct{}
}

// begin starts the program.
func (g *guarded) begin(p plan, flags ...string) *running {
	g.Helper()
	dir := g.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seatrial.yaml"), []byte(g.file(p)), 0o644); err != nil {
		g.Fatal(err)
	}
	x := &running{guarded: g, plan: p, dir: dir, output: &output{}, ended: make(chan struct{})}
	x.command = exec.Command(cluster.Program, append(flags, "--namespace", g.site.namespace)...)
	x.command.Dir, x.command.Env = dir, []string{"KUBECONFIG=" + cluster.Kubeconfig, "HOME=" + dir}
	x.command.Stdout, x.command.Stderr = x.output, x.output
	if err := x.command.Start(); err != nil {
		g.Fatal(err)
	}
	go func() {
		defer close(x.ended)
		_ = x.command.Wait() // its state tells
	}()
	g.Cleanup(func() {
		_ = x.command.Process.Kill() // it has ended, unless the test failed
		<-x.ended
	})
	return x
}

func (x *running) report() string { return filepath.Join(x.dir, "seatrial-report") }

// awaitHeader waits until evidence is kept, which is before the cluster is
// written to.
func (x *running) awaitHeader() {
	x.Helper()
	cluster.Await(x, "evidence", 20*time.Second, func(context.Context) error {
		if x.lines() == 0 {
			return errors.New("there is no header")
		}
		return nil
	})
}

// lines are how many whole lines the evidence has.
func (x *running) lines() int {
	x.Helper()
	text, err := os.ReadFile(filepath.Join(x.report(), evidence.RoundsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		x.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}

// is an error unless the route is so.
func (x *running) is(ctx context.Context, so func(o *unstructured.Unstructured) bool) error {
	o, err := x.site.routes.Get(ctx, x.name, metav1.GetOptions{})
	if err == nil && !so(o) {
		err = fmt.Errorf("annotations %v, spec %v", o.GetAnnotations(), o.Object["spec"])
	}
	return err
}

// awaitRoute waits until the route is so. A trial that ended will not make it so.
func (x *running) awaitRoute(what string, so func(o *unstructured.Unstructured) bool) {
	x.Helper()
	cluster.Await(x, what, time.Minute, func(ctx context.Context) error {
		err := x.is(ctx, so)
		select {
		case <-x.ended:
			if err != nil {
				x.Fatalf("the trial has ended before %s:\n%s", what, x.output)
			}
		default:
		}
		return err
	})
}

// awaitMove waits until the evidence has moved traffic.
func (x *running) awaitMove() {
	x.Helper()
	x.awaitRoute("a move", func(o *unstructured.Unstructured) bool { return hasNote(o) && shareOf(o) > 20 })
}

func (x *running) signal(s syscall.Signal) {
	x.Helper()
	// One that has ended already has lived through the fault.
	if err := x.command.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		x.Fatal(err)
	}
}

// end waits for the trial's end and logs what it said.
func (x *running) end(within time.Duration) waited {
	x.Helper()
	began := time.Now()
	select {
	case <-x.ended:
	case <-time.After(within):
		x.Fatalf("it has not ended within %s:\n%s", within, x.output)
	}
	x.Logf("%s, after %.1f s more:\n%s", x.command.ProcessState, time.Since(began).Seconds(), x.output)
	return waited{x.command.ProcessState.ExitCode(), strings.Join(strings.Fields(x.output.String()), " ")} // lines are broken anywhere
}

// hasEvidence sees that every whole round is readable, that there are so many
// at least, and that they can be judged again.
func (x *running) hasEvidence(atLeast int) {
	x.Helper()
	stored, err := evidence.Open(x.report())
	if err != nil {
		x.Error(err)
		return
	}
	if whole := x.lines() - 1; len(stored.Rounds) != whole || whole < atLeast {
		x.Errorf("%d rounds are readable of %d whole ones, want %d at least", len(stored.Rounds), whole, atLeast)
	}
	out, code := x.seatrial("judge", x.report())
	if !slices.Contains([]int{0, 1, 3}, code) || !strings.Contains(out, x.report()) {
		x.Errorf("seatrial judge: exit code %d: %s", code, out)
	}
}

// seatrial runs the program on something else than a trial.
func (g *guarded) seatrial(args ...string) (out string, code int) {
	g.Helper()
	c := exec.Command(cluster.Program, args...)
	c.Dir, c.Env = g.TempDir(), []string{"KUBECONFIG=" + cluster.Kubeconfig}
	text, err := c.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		g.Fatal(err)
	}
	return string(text), c.ProcessState.ExitCode()
}

// isRestored has an operator bring the route back.
func (g *guarded) isRestored(flags ...string) {
	g.Helper()
	out, code := g.seatrial(append([]string{"restore", "--route", "httproute/" + g.name, "--namespace", g.site.namespace}, flags...)...)
	if g.Logf("seatrial restore: %s", out); code != 0 {
		g.Errorf("seatrial restore: exit code %d", code)
	}
	g.isAsBefore()
}
