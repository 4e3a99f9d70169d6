//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seatrial/seatrial/internal/testcluster"
)

var jobs = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}

// waited is how a trial ended that first waited for objects.
type waited struct {
	code int
	said string
}

func (w waited) wants(t *testing.T, code int, texts ...string) {
	t.Helper()
	if w.code != code {
		t.Errorf("exit code %d, want %d:\n%s", w.code, code, w.said)
	}
	for _, text := range texts {
		if !strings.Contains(w.said, text) {
			t.Errorf("no %q in\n%s", text, w.said)
		}
	}
}

// begun is a trial that waits.
type begun struct {
	t       *testing.T
	command *exec.Cmd
	output  *output
}

// output can be read while it is written.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// begin starts a trial that waits for objects. Its candidate answers: it is
// the API server itself.
func begin(t *testing.T, kubeconfig, namespace, within, objects string) begun {
	t.Helper()
	dir := t.TempDir()
	b := begun{t, exec.CommandContext(t.Context(), cluster.Program, "--candidate", cluster.REST().Host+"/readyz", "--insecure",
		"--wait-for", objects, "--ready-within", within, "--kubeconfig", kubeconfig, "--namespace", namespace,
		"--mode=report", "--warmup=0s", "--for=3s", "--at-least=3s", "--objectives=latency-p50 <= 4s\nerror-rate <= 50%"), &output{}}
	b.command.Dir, b.command.Env = dir, []string{"HOME=" + dir}
	b.command.Stdout, b.command.Stderr = b.output, b.output
	if err := b.command.Start(); err != nil {
		t.Fatal(err)
	}
	return b
}

// says waits until it has said something.
func (b begun) says(text string) {
	b.t.Helper()
	cluster.Await(b.t, fmt.Sprintf("the trial's words %q", text), time.Minute, func(context.Context) error {
		if said := b.output.String(); !strings.Contains(said, text) {
			return fmt.Errorf("it said\n%s", said)
		}
		return nil
	})
}

func (b begun) end() waited {
	_ = b.command.Wait() // its exit code tells
	return waited{b.command.ProcessState.ExitCode(), b.output.String()}
}

// waitFor runs a trial that waits for objects.
func waitFor(t *testing.T, kubeconfig, namespace, within, objects string) waited {
	t.Helper()
	return begin(t, kubeconfig, namespace, within, objects).end()
}

// app is a Deployment of the sample service with arguments of its own.
func app(name, image, args, probe string) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s}
spec:
  replicas: 1
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: web, image: %q, imagePullPolicy: Never, args: %s%s}
`, name, image, args, probe)
}

const (
	serves    = `[sample, --listen, ":8080"]`
	crashes   = `[sample, --no-such-flag]`
	listening = `, readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}`
)

func TestACrashLoopWithoutAProbeIsNotReady(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Pods)
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, app("canary", testcluster.ProgramImage, crashes, ""))
	end := waitFor(t, cluster.Kubeconfig, namespace, "3m", "deployment/canary")
	end.wants(t, 4, "can't become ready: deployment/canary", "exit code 64", "3 restarts", "no-such-flag", "BackOff")
	if !strings.Contains(end.said, "unknown flag") {
		t.Errorf("the container's last words are missing:\n%s", end.said)
	}
}

func TestAnImageThatNeverComesEndsTheWait(t *testing.T) {
	cluster.Require(t, testcluster.Pods)
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, app("canary", "registry.local/nothing:1", serves, ""))
	began := time.Now()
	waitFor(t, cluster.Kubeconfig, namespace, "3m", "deployment/canary").wants(t, 4, "registry.local/nothing:1, which is not on the node", "ErrImageNeverPull")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s to say so", took)
	}
}

func TestADeploymentIsWaitedForUntilItServes(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Pods)
	namespace := cluster.Namespace(t)
	trial := begin(t, cluster.Kubeconfig, namespace, "2m", "deployment/canary\nservice/canary\npod/web condition=Ready")
	trial.says("deployment/canary: is not there")
	cluster.Apply(t, namespace, app("canary", testcluster.ProgramImage, serves, listening),
		"{apiVersion: v1, kind: Service, metadata: {name: canary}, spec: {selector: {app: canary}, ports: [{port: 8080}]}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: '"+testcluster.ProgramImage+"', imagePullPolicy: Never, args: "+serves+"}]}}")
	trial.end().wants(t, 0, "deployment/canary: is ready", "service/canary: is ready", "pod/web: is ready")
}

// A second release that crashes beside a first that serves well.
func TestANewReleaseIsJudgedByItsOwnPods(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Pods)
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, app("shop", testcluster.ProgramImage, serves, listening))
	waitFor(t, cluster.Kubeconfig, namespace, "2m", "deploy/shop").wants(t, 0)
	cluster.Apply(t, namespace, app("shop", testcluster.ProgramImage, crashes, listening))
	waitFor(t, cluster.Kubeconfig, namespace, "3m", "deploy/shop").wants(t, 4, "can't become ready", "keeps ending with exit code 64", "3 restarts")
}

// Its probe asks for a file that comes and goes.
func TestReadinessThatFlapsIsNoReadiness(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {nodeName: none, containers: [{name: web, image: x, readinessProbe: {exec: {command: [x]}}}]}}")
	flapping, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for isReady := true; flapping.Err() == nil; isReady = !isReady {
			setReady(flapping, namespace, isReady)
			select {
			case <-second.C:
			case <-flapping.Done():
			}
		}
	}()
	waitFor(t, cluster.Kubeconfig, namespace, "12s", "pod/web").wants(t, 4, "not ready after 12s", "not for 3s yet")
	stop()
	setReady(t.Context(), namespace, true)
	waitFor(t, cluster.Kubeconfig, namespace, "30s", "pod/web").wants(t, 0)
}

// setReady says of a pod that no kubelet has what a kubelet would.
func setReady(ctx context.Context, namespace string, isReady bool) {
	status := "False"
	if isReady {
		status = "True"
	}
	now := time.Now().UTC().Format(time.RFC3339)
	patch := fmt.Sprintf(`{"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": %q, "lastTransitionTime": %q}],
		"containerStatuses": [{"name": "web", "image": "x", "imageID": "x", "restartCount": 0, "ready": %t, "started": true, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}]}}`,
		status, now, isReady)
	// When the test ends, the last one may be refused.
	_, _ = cluster.Objects().Resource(pods).Namespace(namespace).Patch(ctx, "web", types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
}

func TestAJobThatFailsEndsTheWait(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Pods)
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, "{apiVersion: batch/v1, kind: Job, metadata: {name: migrate}, spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: sql, image: '"+
		testcluster.ProgramImage+"', imagePullPolicy: Never, args: "+crashes+"}]}}}}",
		"{apiVersion: batch/v1, kind: Job, metadata: {name: seed}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: sql, image: '"+
			testcluster.ProgramImage+"', imagePullPolicy: Never, args: [version]}]}}}}")
	waitFor(t, cluster.Kubeconfig, namespace, "2m", "job/seed").wants(t, 0)
	waitFor(t, cluster.Kubeconfig, namespace, "2m", "job/migrate").wants(t, 4, "job/migrate: failed (BackoffLimitExceeded", "unknown flag: --no-such-flag")
}

// awaitQuota waits until the namespace's quota "none" counts.
func awaitQuota(t *testing.T, namespace string) {
	t.Helper()
	cluster.Await(t, "the quota", time.Minute, func(ctx context.Context) error {
		quota, err := cluster.Objects().Resource(schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}).Namespace(namespace).Get(ctx, "none", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if _, known, _ := unstructured.NestedString(quota.Object, "status", "hard", "pods"); !known {
			return fmt.Errorf("not reckoned with yet")
		}
		return nil
	})
}

func TestAQuotaEndsTheWait(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, "{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {pods: '0'}}}")
	awaitQuota(t, namespace)
	cluster.Apply(t, namespace, app("canary", "x", serves, ""),
		"{apiVersion: batch/v1, kind: Job, metadata: {name: migrate}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: sql, image: x}]}}}}")
	for _, object := range []string{"deployment/canary", "job/migrate"} {
		waitFor(t, cluster.Kubeconfig, namespace, "2m", object).wants(t, 4, "can't become ready: "+object+": its pods are refused", "exceeded quota")
	}
}

func TestTheWaitOutlivesTheAPIServer(t *testing.T) {
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, "{apiVersion: batch/v1, kind: Job, metadata: {name: none, labels: {phase: Pending}}, spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: x, image: x}]}}}}")
	trial := begin(t, cluster.Kubeconfig, namespace, "2m", "job/none jsonpath={.metadata.labels.phase}=Running")
	trial.says("its {.metadata.labels.phase} is Pending")
	cluster.StopAPI(t)
	trial.says("does not answer")
	cluster.StartAPI(t)
	cluster.Await(t, "the change", time.Minute, func(ctx context.Context) error {
		_, err := cluster.Objects().Resource(jobs).Namespace(namespace).Patch(ctx, "none", types.MergePatchType, []byte(`{"metadata": {"labels": {"phase": "Running"}}}`), metav1.PatchOptions{})
		return err
	})
	trial.end().wants(t, 0, "is ready")
}

// In a pod there is no kubeconfig to be given.
func TestAPodAsksAsItsOwnServiceAccount(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Pods)
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, printedRights(t, namespace, "deployment/canary"), app("canary", testcluster.ProgramImage, serves, listening),
		"{apiVersion: v1, kind: Pod, metadata: {name: gate}, spec: {serviceAccountName: seatrial, restartPolicy: Never, volumes: [{name: tmp, emptyDir: {}}], containers: [{name: gate, image: '"+
			testcluster.ProgramImage+"', imagePullPolicy: Never, volumeMounts: [{name: tmp, mountPath: /tmp}], args: [--candidate, 'https://${KUBERNETES_SERVICE_HOST}/readyz', --insecure, --mode=report, "+
			"'--objectives=error-rate <= 50%', --wait-for, deployment/canary, --warmup=0s, --for=3s, --at-least=3s, --report-dir=/tmp/report]}]}}")
	waitFor(t, cluster.Kubeconfig, namespace, "1m", "pod/gate jsonpath={.status.phase}=Succeeded").wants(t, 0, "pod/gate: is ready")
	if said := cluster.PodLog(t, namespace, "gate"); !strings.Contains(said, "deployment/canary: is ready") {
		t.Errorf("the pod said:\n%s", said)
	}
}

// printedRights are the manifest that seatrial rbac prints.
func printedRights(t *testing.T, namespace, objects string) string {
	t.Helper()
	rbac := exec.CommandContext(t.Context(), cluster.Program, "rbac", "--candidate", "http://x", "--objectives", "latency-p50 <= 1s", "--wait-for", objects, "--namespace", namespace)
	rbac.Env = []string{"HOME=" + t.TempDir()}
	manifest, err := rbac.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(manifest)
}

// Running under exactly the rights that seatrial rbac prints, and told which
// one is missing where one is.
func TestThePrintedRoleIsEnough(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Pods)
	namespace := cluster.Namespace(t)
	objects := "deployment/canary\nservice/canary\njob/seed\npod/x condition=Ready"
	cluster.Apply(t, namespace, printedRights(t, namespace, objects))
	cluster.Apply(t, namespace, app("canary", testcluster.ProgramImage, crashes, ""),
		"{apiVersion: v1, kind: Service, metadata: {name: canary}, spec: {selector: {app: canary}, ports: [{port: 8080}]}}",
		app("other", testcluster.ProgramImage, serves, ""))
	kubeconfig := cluster.KubeconfigFor(t, namespace, "seatrial")
	waitFor(t, kubeconfig, namespace, "3m", objects).wants(t, 4, "deployment/canary: ", "unknown flag: --no-such-flag", "BackOff")
	forbidden := waitFor(t, kubeconfig, namespace, "30s", "deployment/other")
	forbidden.wants(t, 5, "system:serviceaccount:"+namespace+":seatrial", "deployments.apps \"other\" is forbidden", "cannot list", "seatrial rbac")
}
