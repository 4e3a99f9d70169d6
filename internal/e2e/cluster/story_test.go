//go:build e2e

package cluster

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/seatrial/seatrial/internal/testcluster"
	"github.com/seatrial/seatrial/trial"
)

// The story is told by the files that people copy.
const (
	storyFiles = "../../../examples/kubernetes/progressive"
	storyImage = "ghcr.io/seatrial/seatrial:v1"
)

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// example is the shop of the files in a namespace of its own, and the host that its users ask for.
type example struct{ namespace, host string }

// copied is the shop of the files as they stand.
func copied() example { return example{"shop", "shop.example"} }

// TestTheStoryOfARelease plays releases of two shops, of each one after the
// other, while its users come through the gateway. No two in a row are of the
// same candidate: its pods would stay, and a bad one that has turned bad begins so.
func TestTheStoryOfARelease(t *testing.T) {
	t.Parallel() // answers take 100 ms, and moves of traffic seconds
	cluster.Require(t, testcluster.Gateway)
	cluster.Image(t, storyImage, cluster.Program, shell(t))
	t.Run("at addresses of their own", func(t *testing.T) {
		t.Parallel()
		s := copied()
		s.open(t)
		lookUp(t, s.serviceNames(t))
		t.Run("a bad candidate loses its users, and all is as it was", s.aBadCandidate)
		t.Run("a candidate that never starts gets no user", s.aCrashingCandidate)
		t.Run("a good candidate gets all users", s.aGoodCandidate)
		t.Run("in a pod, under exactly the printed Role", s.aTrialInAPod)
	})
	t.Run("behind one address", func(t *testing.T) {
		t.Parallel()
		s := example{"one-address", "one-address.example"}
		s.open(t)
		t.Run("a good candidate", s.aGoodCandidateBehindOneAddress)
		t.Run("a bad candidate", s.aBadCandidateBehindOneAddress)
		t.Run("a candidate that goes away", s.aCandidateThatGoesAway)
	})
}

func (s example) aBadCandidate(t *testing.T) {
	s.reset(t, "candidate-bad.yaml")
	before := s.routeNow(t)
	users, splits := s.come(t), s.watchSplits(t)
	ended := s.tell(t, "seatrial.yaml")
	ended.wants(t, 1, "FAIL", "error-rate <= baseline + 1%")
	splits.want(t, func(candidate []int) bool {
		return len(candidate) >= 4 && slices.Equal(candidate[:3], []int{0, 10, 20}) && candidate[len(candidate)-1] == 0
	})
	if diff := cmp.Diff(before, s.routeNow(t)); diff != "" {
		t.Errorf("the route is not as it was: %s", diff)
	}
	ended.left(t, "rolled-back", "baseline v41 {\"baseline\":100,\"candidate\":0}\n")
	ended.left(t, "summary.md", "fail", "error-rate", "violated", "httproute/shop", "10 → 20", "as it was before the trial")
	users.sawOnlyErrorsOf(t, "v42")
}

func (s example) aCrashingCandidate(t *testing.T) {
	s.reset(t, "candidate-crashing.yaml")
	users, splits := s.come(t), s.watchSplits(t)
	ended := s.tell(t, "seatrial.yaml")
	ended.wants(t, 4, "can't become ready", "errors 1.5: must be a share from 0 to 1", "BackOff", "No live traffic was moved")
	ended.left(t, "summary.md", "errors 1.5: must be a share from 0 to 1", "BackOff", "deployment/shop-canary")
	splits.want(t, func(candidate []int) bool { return slices.Equal(candidate, []int{0}) })
	users.sawOnlyErrorsOf(t, "nobody")
}

func (s example) aGoodCandidate(t *testing.T) {
	s.reset(t, "candidate.yaml")
	users, splits := s.come(t), s.watchSplits(t)
	ended := s.tell(t, "seatrial.yaml")
	ended.wants(t, 0, "PASS")
	splits.want(t, func(candidate []int) bool {
		return len(candidate) >= 4 && slices.Equal(candidate[:3], []int{0, 10, 20}) && slices.IsSorted(candidate) && candidate[len(candidate)-1] == 100
	})
	ended.left(t, "promoted", "candidate v42 {\"baseline\":0,\"candidate\":100}\n")
	ended.left(t, "summary.md", "pass", "all traffic goes to candidate")
	users.sawOnlyErrorsOf(t, "nobody")
	s.arrive(t, "v42")
}

// aTrialInAPod has the rights of its ServiceAccount and no others.
func (s example) aTrialInAPod(t *testing.T) {
	s.reset(t, "candidate-bad.yaml")
	before := s.routeNow(t)
	users, splits := s.come(t), s.watchSplits(t)
	cluster.Apply(t, s.namespace, s.file(t, "rights.yaml"), s.trialConfigMap(t), s.inSandbox(t, s.file(t, "job.yaml")))
	pod, code := s.endOf(t, "trial")
	log := cluster.PodLog(t, s.namespace, pod)
	t.Logf("the pod's log:\n%s", log)
	waited{code, log}.wants(t, 1, "FAIL", "error-rate <= baseline + 1%", "as it was before the trial")
	splits.want(t, func(candidate []int) bool {
		return len(candidate) >= 4 && slices.Equal(candidate[:3], []int{0, 10, 20}) && candidate[len(candidate)-1] == 0
	})
	if diff := cmp.Diff(before, s.routeNow(t)); diff != "" {
		t.Errorf("the route is not as it was: %s", diff)
	}
	users.sawOnlyErrorsOf(t, "v42")
}

func (s example) aBadCandidateBehindOneAddress(t *testing.T) {
	s.reset(t, "candidate-bad.yaml")
	before := s.routeNow(t)
	users, splits := s.come(t), s.watchSplits(t)
	ended := s.tell(t, "one-address.yaml")
	ended.wants(t, 1, "FAIL", "error-rate <= baseline + 1%")
	splits.want(t, func(candidate []int) bool {
		return len(candidate) >= 4 && slices.Equal(candidate[:3], []int{0, 10, 20}) && candidate[len(candidate)-1] == 0
	})
	if diff := cmp.Diff(before, s.routeNow(t)); diff != "" {
		t.Errorf("the route is not as it was: %s", diff)
	}
	users.sawOnlyErrorsOf(t, "v42")
	ended.gotItsShare(t)
}

func (s example) aGoodCandidateBehindOneAddress(t *testing.T) {
	s.reset(t, "candidate.yaml")
	users, splits := s.come(t), s.watchSplits(t)
	ended := s.tell(t, "one-address.yaml")
	ended.wants(t, 0, "PASS")
	splits.want(t, func(candidate []int) bool {
		return len(candidate) >= 4 && slices.Equal(candidate[:3], []int{0, 10, 20}) && candidate[len(candidate)-1] == 100
	})
	users.sawOnlyErrorsOf(t, "nobody")
	ended.gotItsShare(t)
	s.arrive(t, "v42")
}

// Answers of a gateway without a candidate name nobody, and are charged by the
// weights that the trial itself has set.
func (s example) aCandidateThatGoesAway(t *testing.T) {
	s.reset(t, "candidate.yaml")
	at20 := s.whenSplit(t, 20)
	go func() {
		<-at20
		s.scaleToNone(t, "shop-canary")
	}()
	ended := s.tell(t, "one-address.yaml")
	ended.wants(t, 1, "FAIL", "error-rate <= baseline + 1%")
	r := ended.read(t)
	if baseline, candidate := r.Totals[0].Charged, r.Totals[1].Charged; candidate == 0 || 20*baseline > candidate {
		t.Errorf("of the answers that name nobody, %d are charged to the baseline and %d to the candidate", baseline, candidate)
	}
}

// open deploys the shop with its gateway.
func (s example) open(t *testing.T) {
	t.Helper()
	cluster.Apply(t, "", s.file(t, "shop.yaml"), s.file(t, "gateway.yaml"))
	t.Cleanup(func() {
		if err := cluster.Objects().Resource(namespaces).Delete(context.Background(), s.namespace, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	cluster.Await(t, "the shop", 2*time.Minute, func(ctx context.Context) error {
		from, err := s.ask(ctx)
		if err == nil && from != "v41 200" {
			err = fmt.Errorf("an answer of %s", from)
		}
		return err
	})
}

// shell is a static program sh, for the commands of hooks.
func shell(t *testing.T) string {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatalf("%v; .ci/install installs it", err)
	}
	sh := filepath.Join(t.TempDir(), "sh")
	if err := os.Symlink(busybox, sh); err != nil {
		t.Fatal(err)
	}
	return sh
}

// reset gives all users to the baseline and deploys a candidate.
func (s example) reset(t *testing.T, candidate string) {
	t.Helper()
	cluster.Apply(t, "", s.file(t, "gateway.yaml"), s.file(t, candidate))
	s.arrive(t, "v41")
}

// arrive waits until the gateway gives a hundred requests in a row to a version.
func (s example) arrive(t *testing.T, version string) {
	t.Helper()
	cluster.Await(t, "all users at "+version, 20*time.Second, func(ctx context.Context) error {
		for range 100 {
			if from, err := s.ask(ctx); err != nil || from != version+" 200" {
				return fmt.Errorf("an answer of %s, %v", from, err)
			}
		}
		return nil
	})
}

// file is one of those that people copy, with the shop's namespace and host.
func (s example) file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(storyFiles, name))
	if err != nil {
		t.Fatal(err)
	}
	const object = "namespace: %s}"
	const itself = "kind: Namespace\nmetadata: {name: %s}"
	in := copied()
	return strings.NewReplacer(in.host, s.host, fmt.Sprintf(object, in.namespace), fmt.Sprintf(object, s.namespace),
		fmt.Sprintf(itself, in.namespace), fmt.Sprintf(itself, s.namespace)).Replace(string(text))
}

// serviceNames are the lines of a file of hosts, for a sandbox without DNS.
func (s example) serviceNames(t *testing.T) (lines []string) {
	t.Helper()
	for _, name := range []string{"shop", "shop-canary"} {
		lines = append(lines, addressOf(t, s.namespace, name)+" "+name+"."+s.namespace+".svc")
	}
	return lines
}

// routeNow is the route but for what tells only that it was written, and for
// what its controller says of it.
func (s example) routeNow(t *testing.T) map[string]any {
	t.Helper()
	o, err := cluster.Objects().Resource(httpRoutes).Namespace(s.namespace).Get(t.Context(), "shop", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, written := range []string{"resourceVersion", "generation"} {
		unstructured.RemoveNestedField(o.Object, "metadata", written)
	}
	delete(o.Object, "status")
	o.SetManagedFields(slices.DeleteFunc(o.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool { return f.Subresource == "status" }))
	return o.Object
}

// told is a trial that has ended, with the directory that it ran in.
type told struct {
	waited
	report string
}

// tell runs the program on a trial file of the example.
func (s example) tell(t *testing.T, file string, args ...string) told {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(s.file(t, file)), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), cluster.Program, append([]string{"--config", file}, args...)...)
	command.Dir = dir
	command.Env = []string{"KUBECONFIG=" + cluster.Kubeconfig, "PATH=" + os.Getenv("PATH"), "HOME=" + dir, "VERSION=v42", "GATEWAY=" + cluster.Gateway()}
	began := time.Now()
	out, err := command.CombinedOutput()
	t.Logf("%v after %.1f s:\n%s", err, time.Since(began).Seconds(), out)
	keepStory(t, filepath.Join(dir, "seatrial-report"))
	return told{waited{command.ProcessState.ExitCode(), string(out)}, filepath.Join(dir, "seatrial-report")}
}

// keepStory copies a report to where PICTURES says, for people to look at.
func keepStory(t *testing.T, report string) {
	t.Helper()
	if to := os.Getenv("PICTURES"); to != "" {
		to = filepath.Join(to, strings.ReplaceAll(t.Name(), "/", "-"))
		if err := errors.Join(os.RemoveAll(to), os.CopyFS(to, os.DirFS(report))); err != nil {
			t.Error(err)
		}
	}
}

// left demands texts in a file of the report.
func (d told) left(t *testing.T, name string, texts ...string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(d.report, name))
	if err != nil {
		t.Error(err)
		return
	}
	for _, text := range texts {
		if !strings.Contains(string(got), text) {
			t.Errorf("no %q in %s:\n%s", text, name, got)
		}
	}
}

// scaleToNone takes away the pods of a Deployment.
func (s example) scaleToNone(t *testing.T, name string) {
	patch := []byte(`{"spec": {"replicas": 0}}`)
	if _, err := cluster.Objects().Resource(deployments).Namespace(s.namespace).Patch(t.Context(), name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Error(err)
	}
}

// gotItsShare demands that the report tells what each version was to get of the
// trial's requests, and that it got it.
func (d told) gotItsShare(t *testing.T) {
	t.Helper()
	r := d.read(t)
	if len(r.Traffic.Parts) != 2 {
		t.Fatalf("the report tells the parts %+v", r.Traffic.Parts)
	}
	for _, p := range r.Traffic.Parts {
		if off := math.Abs(p.Got.Value - p.Assigned.Value); !(off <= 0.02) || p.Requests == 0 {
			t.Errorf("%s was assigned %s and got %s of the requests", p.Version, p.Assigned, p.Got)
		}
	}
}

func (d told) read(t *testing.T) trial.Report {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(d.report, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := trial.ReadReport(data)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// trialConfigMap is what kubectl create configmap --from-file makes.
func (s example) trialConfigMap(t *testing.T) string {
	t.Helper()
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "trial"},
		"data": map[string]any{"seatrial.yaml": s.file(t, "seatrial.yaml")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// inSandbox gives the pods of a Job the names that a cluster's DNS would.
func (s example) inSandbox(t *testing.T, job string) string {
	t.Helper()
	const before = "      serviceAccountName:"
	var aliases []string
	for _, line := range s.serviceNames(t) {
		address, name, _ := strings.Cut(line, " ")
		aliases = append(aliases, fmt.Sprintf("{ip: %s, hostnames: [%s]}", address, name))
	}
	changed := strings.Replace(job, before, "      hostAliases: ["+strings.Join(aliases, ", ")+"]\n"+before, 1)
	if changed == job {
		t.Fatal("the Job's pods have no place for names")
	}
	return changed
}

// endOf waits for the Job's end and gives its pod and the container's exit code.
func (s example) endOf(t *testing.T, job string) (pod string, code int) {
	t.Helper()
	cluster.Await(t, "the end of Job "+job, 3*time.Minute, func(ctx context.Context) error {
		list, err := cluster.Objects().Resource(pods).Namespace(s.namespace).List(ctx, metav1.ListOptions{LabelSelector: "job-name=" + job})
		if err != nil || len(list.Items) != 1 {
			return fmt.Errorf("%d pods, %v", len(list.Items), err)
		}
		pod = list.Items[0].GetName()
		states, _, _ := unstructured.NestedSlice(list.Items[0].Object, "status", "containerStatuses")
		for _, one := range states {
			if exit, ended, _ := unstructured.NestedInt64(one.(map[string]any), "state", "terminated", "exitCode"); ended {
				code = int(exit)
				return nil
			}
		}
		return fmt.Errorf("its pod's status is %v", list.Items[0].Object["status"])
	})
	return pod, code
}
