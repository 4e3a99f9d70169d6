//go:build e2e

package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/seatrial/seatrial/internal/testcluster"
	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/trial"
)

// What a trial writes on a route, as docs/kubernetes.md has it.
const (
	noteKey   = "seatrial.dev/note"
	orderKey  = "seatrial.dev/order"
	obeyedKey = "seatrial.dev/order-obeyed"
)

var leases = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}

// connect speaks to the API server as seatrial does.
func connect(kubeconfig, namespace string) (*k8s.Cluster, error) {
	access := k8s.Access{Kubeconfig: trial.NewSecret("", kubeconfig), Namespace: namespace}
	return access.Connect(k8s.Environment{Getenv: os.Getenv, ReadFile: os.ReadFile, LookPath: exec.LookPath})
}

// childKey has in the environment of a child of these tests what trial it is.
const childKey = "SEATRIAL_TEST_TRIAL"

// beTrial is a trial in a process of its own, which moves traffic until it is
// killed.
func beTrial(plan string) error {
	var p child
	if err := json.Unmarshal([]byte(plan), &p); err != nil {
		return err
	}
	c, err := connect(p.Kubeconfig, p.Namespace)
	if err != nil {
		return err
	}
	r := shopRouting()
	if p.Mesh {
		r = meshRouting()
	}
	r.Holder = p.Holder
	k, err := k8s.NewKeeper(c, r)
	if err != nil {
		return err
	}
	fmt.Println("begun")
	if _, err := k.Take(context.Background()); err != nil {
		return err
	}
	fmt.Println("taken")
	for i := 0; ; i = (i + 7) % 101 {
		if err := k.Shift(context.Background(), []int{100 - i, i}); err != nil {
			return err
		}
	}
}

type child struct {
	Kubeconfig, Namespace, Holder string
	Mesh                          bool
}

func shopRouting() k8s.Routing {
	return k8s.Routing{
		Route:    "httproute/shop",
		Backends: []k8s.Backend{{Version: "baseline", Name: "shop", Port: 80}, {Version: "candidate", Name: "shop-canary", Port: 80}},
		Mirror:   &k8s.Mirror{To: "candidate", Percent: 20},
		Where:    "a test", Now: time.Now, Tell: func(string) {},
	}
}

// killed is a trial that was killed so long after it said the word.
func (s *shop) killed(word string, after time.Duration) {
	s.Helper()
	killed(s, child{cluster.Kubeconfig, s.namespace, "dead-trial", false}, word, after)
}

func killed(s testing.TB, p child, word string, after time.Duration) {
	s.Helper()
	plan, err := json.Marshal(p)
	if err != nil {
		s.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	trial := exec.Command(self)
	trial.Env = append(os.Environ(), childKey+"="+string(plan))
	trial.Stderr = os.Stderr
	out, err := trial.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := trial.Start(); err != nil {
		s.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != word; {
	}
	<-time.After(after)
	if err := trial.Process.Kill(); err != nil {
		s.Fatal(err)
	}
	_ = trial.Wait()
}

const shopRoute = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, annotations: {team: shop}}
spec:
  hostnames: [shop.test]
  parentRefs: [{name: gw}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    backendRefs:
    - {name: shop, port: 80, weight: 9}
    - {name: shop-canary, port: 80, weight: 1}
`

// shop is a route in a namespace of its own.
type shop struct {
	*testing.T
	namespace string
	routes    dynamic.ResourceInterface
	cluster   *k8s.Cluster
}

func newShop(t *testing.T) *shop {
	t.Helper()
	namespace := cluster.Namespace(t)
	s := &shop{T: t, namespace: namespace, routes: cluster.Objects().Resource(httpRoutes).Namespace(namespace)}
	var err error
	if s.cluster, err = connect(cluster.Kubeconfig, namespace); err != nil {
		t.Fatal(err)
	}
	mirrors(t, namespace, "gw")
	cluster.Apply(t, namespace, shopRoute)
	return s
}

func (s *shop) keeper(change func(*k8s.Routing)) *k8s.Keeper {
	s.Helper()
	r := shopRouting()
	r.Mirror, r.Holder, r.Tell = nil, "test-"+s.Name(), func(text string) { s.Log(text) }
	if change != nil {
		change(&r)
	}
	k, err := k8s.NewKeeper(s.cluster, r)
	if err != nil {
		s.Fatal(err)
	}
	return k
}

func (s *shop) get() *unstructured.Unstructured {
	s.Helper()
	o, err := s.routes.Get(s.Context(), "shop", metav1.GetOptions{})
	if err != nil {
		s.Fatal(err)
	}
	return o
}

// untouched is the route without what every write changes.
func untouched(o *unstructured.Unstructured) map[string]any {
	o = o.DeepCopy()
	o.SetResourceVersion("")
	o.SetGeneration(0)
	return o.Object
}

func (s *shop) take(k *k8s.Keeper) []int {
	s.Helper()
	weights, err := k.Take(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = k.Leave(context.WithoutCancel(s.Context()), nil) }) // ends what runs beside
	return weights
}

// weights are those of the first rule, in percent.
func (s *shop) weights() []int64 {
	s.Helper()
	rules, _, _ := unstructured.NestedSlice(s.get().Object, "spec", "rules")
	var weights []int64
	for _, ref := range rules[0].(map[string]any)["backendRefs"].([]any) {
		weights = append(weights, ref.(map[string]any)["weight"].(int64))
	}
	return weights
}

func TestLeavingBringsBackEverything(t *testing.T) {
	s := newShop(t)
	before := s.get()
	k := s.keeper(func(r *k8s.Routing) { r.Mirror = &k8s.Mirror{To: "candidate", Percent: 20} })
	if diff := cmp.Diff([]int{90, 10}, s.take(k)); diff != "" {
		t.Error(diff)
	}
	for _, weights := range [][]int{{80, 20}, {50, 50}, {0, 100}} {
		if err := k.Shift(t.Context(), weights); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{int64(weights[0]), int64(weights[1])}, s.weights()); diff != "" {
			t.Error(diff)
		}
	}
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(untouched(before), untouched(s.get())); diff != "" {
		t.Errorf("before (-) and after (+):\n%s", diff)
	}
	leases, err := cluster.Objects().Resource(leases).Namespace(s.namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil || len(leases.Items) != 0 {
		t.Errorf("leases left: %v, %v", leases, err)
	}
	// Discovery 5, lock 4, reading 1, watching 1, a dry run and an update for each
	// of 4 changes and the return, an update for the note.
	if calls := s.cluster.Calls(); calls > 24 {
		t.Errorf("%d calls", calls)
	}
}

// edit changes the route as another hand.
func (s *shop) edit(change func(o *unstructured.Unstructured), subresource ...string) {
	s.Helper()
	for {
		o := s.get()
		change(o)
		_, err := s.routes.Update(s.Context(), o, metav1.UpdateOptions{FieldManager: "another-hand"}, subresource...)
		if err == nil {
			return
		}
		if !apierrors.IsConflict(err) {
			s.Fatal(err)
		}
	}
}

func setWeights(a, b int64) func(o *unstructured.Unstructured) {
	return func(o *unstructured.Unstructured) {
		rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "rules")
		refs := rules[0].(map[string]any)["backendRefs"].([]any)
		refs[0].(map[string]any)["weight"], refs[1].(map[string]any)["weight"] = a, b
		_ = unstructured.SetNestedSlice(o.Object, rules, "spec", "rules")
	}
}

func setStatus(generation int64) func(o *unstructured.Unstructured) {
	return func(o *unstructured.Unstructured) {
		_ = unstructured.SetNestedSlice(o.Object, []any{map[string]any{
			"parentRef": map[string]any{"name": "gw"}, "controllerName": "example.com/gateway",
			"conditions": []any{map[string]any{
				"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "observedGeneration": generation,
				"lastTransitionTime": "2026-01-01T00:00:00Z",
			}},
		}}, "status", "parents")
	}
}

func TestStatusAndLabelsOfOthersAreNoOtherHand(t *testing.T) {
	s := newShop(t)
	k := s.keeper(nil)
	s.take(k)
	for i := range int64(5) {
		s.edit(setStatus(i), "status")
		s.edit(func(o *unstructured.Unstructured) { o.SetLabels(map[string]string{"round": fmt.Sprint(i)}) })
		if err := k.Shift(t.Context(), []int{90 - int(i), 10 + int(i)}); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-k.Changed():
		t.Error(err)
	default:
	}
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	after := s.get()
	if after.GetLabels()["round"] != "4" || !cmp.Equal(s.weights(), []int64{9, 1}) {
		t.Errorf("labels %v, weights %v", after.GetLabels(), s.weights())
	}
}

func TestAnotherHandsChangeStays(t *testing.T) {
	s := newShop(t)
	k := s.keeper(nil)
	s.take(k)
	if err := k.Shift(t.Context(), []int{50, 50}); err != nil {
		t.Fatal(err)
	}
	s.edit(setWeights(1, 3))
	var takenOver *trial.TakenOverError
	select {
	case err := <-k.Changed():
		if !errors.As(err, &takenOver) || !strings.Contains(err.Error(), "weight: 3") {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the watch did not tell")
	}
	changed := s.get()
	for what, err := range map[string]error{"Shift": k.Shift(t.Context(), []int{40, 60}), "Leave": k.Leave(t.Context(), nil)} {
		if !errors.As(err, &takenOver) {
			t.Errorf("%s: %v", what, err)
		}
		t.Logf("%s: %v", what, err)
	}
	if diff := cmp.Diff(changed.Object, s.get().Object); diff != "" {
		t.Errorf("it was overwritten:\n%s", diff)
	}
}

func TestAnotherHandThatBroughtItBackLeavesNoTrace(t *testing.T) {
	s := newShop(t)
	k := s.keeper(nil)
	s.take(k)
	if err := k.Shift(t.Context(), []int{50, 50}); err != nil {
		t.Fatal(err)
	}
	s.edit(setWeights(9, 1))
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if found := s.get().GetAnnotations(); !cmp.Equal(found, map[string]string{"team": "shop"}) {
		t.Error(found)
	}
}

func TestDeletedRouteIsNotMadeAnew(t *testing.T) {
	s := newShop(t)
	k := s.keeper(nil)
	s.take(k)
	if err := s.routes.Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-k.Changed():
		if !strings.Contains(err.Error(), "it was deleted") {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the watch did not tell")
	}
	for what, err := range map[string]error{"Shift": k.Shift(t.Context(), []int{40, 60}), "Leave": k.Leave(t.Context(), nil)} {
		if err == nil || !strings.Contains(err.Error(), "it was deleted") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.routes.Get(t.Context(), "shop", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is there again: %v", err)
	}
}

func TestLeavingWithAWinnerKeepsItsSplitAndNothingElse(t *testing.T) {
	s := newShop(t)
	before := s.get()
	k := s.keeper(func(r *k8s.Routing) { r.Mirror = &k8s.Mirror{To: "candidate", Percent: 20} })
	s.take(k)
	if err := k.Leave(t.Context(), []int{0, 100}); err != nil {
		t.Fatal(err)
	}
	setWeights(0, 100)(before)
	after := s.get()
	for _, o := range []*unstructured.Unstructured{before, after} {
		o.SetManagedFields(nil)
	}
	if diff := cmp.Diff(untouched(before), untouched(after)); diff != "" {
		t.Error(diff)
	}
}

func TestSecondTrialIsToldWhoHasTheRoute(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	first := s.keeper(func(r *k8s.Routing) { r.Holder, r.Where = "first", "https://ci.test/7" })
	s.take(first)
	held := s.get()
	second := s.keeper(func(r *k8s.Routing) { r.Holder = "second"; r.Wait = time.Second })
	_, err := second.Take(t.Context())
	var notReady *trial.NotReadyError
	if !errors.As(err, &notReady) || !strings.Contains(err.Error(), "on trial by first (https://ci.test/7) since ") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(held.Object, s.get().Object); diff != "" {
		t.Errorf("the second trial changed it:\n%s", diff)
	}
	if err := first.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

func TestSecondTrialWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	first := s.keeper(func(r *k8s.Routing) { r.Holder = "first" })
	s.take(first)
	if err := first.Shift(t.Context(), []int{20, 80}); err != nil {
		t.Fatal(err)
	}
	taken := make(chan []int)
	second := s.keeper(func(r *k8s.Routing) { r.Holder = "second"; r.Wait = time.Minute })
	go func() {
		weights, err := second.Take(t.Context())
		if err != nil {
			t.Error(err)
		}
		taken <- weights
	}()
	if err := first.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if weights := <-taken; !cmp.Equal(weights, []int{90, 10}) {
		t.Errorf("the second trial found %v", weights)
	}
	if err := second.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

func TestNextTrialBringsBackWhatADeadOneLeft(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	before := s.get()
	s.killed("taken", 50*time.Millisecond)
	var told []string
	k := s.keeper(func(r *k8s.Routing) { r.Tell = func(text string) { told = append(told, text) } })
	if weights := s.take(k); !cmp.Equal(weights, []int{90, 10}) {
		t.Errorf("found %v", weights)
	}
	if len(told) != 1 || !strings.Contains(told[0], "the trial by dead-trial, begun at ") {
		t.Errorf("told %q", told)
	}
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(untouched(before), untouched(s.get())); diff != "" {
		t.Error(diff)
	}
}

func TestRestoreAfterAKillAtAnyMoment(t *testing.T) {
	t.Parallel()
	for i := range 5 * testcluster.Rounds(20) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			before := s.get()
			after := rand.N(150 * time.Millisecond)
			s.killed([]string{"begun", "taken"}[i%2], after)
			killed := s.get()
			if noted, changed := killed.GetAnnotations()[noteKey] != "", !cmp.Equal(killed.Object["spec"], before.Object["spec"]); changed && !noted {
				t.Errorf("killed after %s: changed without a note", after)
			}
			for range 2 {
				if err := k8s.Restore(t.Context(), s.cluster, "httproute/shop", "", k8s.Careful, time.Now, func(text string) { t.Log(text) }); err != nil {
					t.Fatalf("killed after %s: %v", after, err)
				}
			}
			if diff := cmp.Diff(untouched(before), untouched(s.get())); diff != "" {
				t.Errorf("killed after %s:\n%s", after, diff)
			}
		})
	}
}

func TestRestoreKeepsAnotherHandsChangeUnlessForced(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	before := s.get()
	s.killed("taken", 0)
	s.edit(setWeights(5, 5))
	changed := s.get()
	restore := func(means k8s.Means) error {
		return k8s.Restore(t.Context(), s.cluster, "httproute/shop", "", means, time.Now, func(text string) { t.Log(text) })
	}
	err := restore(k8s.Careful)
	if err == nil || !strings.Contains(err.Error(), "+ weight: 5") || !strings.Contains(err.Error(), "--force") {
		t.Error(err)
	}
	if diff := cmp.Diff(changed.Object, s.get().Object); diff != "" {
		t.Errorf("it was overwritten:\n%s", diff)
	}
	if err := restore(k8s.Force); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Object["spec"], s.get().Object["spec"]); diff != "" {
		t.Error(diff)
	}
}

func TestRestoreLeavesALivingTrialAlone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	k := s.keeper(nil)
	s.take(k)
	err := k8s.Restore(t.Context(), s.cluster, "httproute/shop", "", k8s.Careful, time.Now, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "which lives") {
		t.Error(err)
	}
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// awaitOrder asks as a running trial does.
func (s *shop) awaitOrder(k *k8s.Keeper) trial.Order {
	s.Helper()
	var order trial.Order
	cluster.Await(s, "an order", 5*time.Second, func(context.Context) error {
		if order = k.Order(); order.Kind == trial.NoOrder {
			return errors.New("none came")
		}
		return nil
	})
	return order
}

func (s *shop) override(order string) (string, error) {
	return k8s.Override(s.Context(), s.cluster, "httproute/shop", "", order, "ann@laptop", 10*time.Second)
}

func TestOrdersAreGivenOnceAndAcknowledged(t *testing.T) {
	s := newShop(t)
	k := s.keeper(nil)
	s.take(k)
	for order, want := range map[string]trial.Order{
		"pause":            {Kind: trial.Pause, By: "ann@laptop"},
		"resume":           {Kind: trial.Resume, By: "ann@laptop"},
		"end candidate=30": {Kind: trial.End, Weights: []int{70, 30}, By: "ann@laptop"},
	} {
		answered := make(chan string)
		go func() {
			answer, err := s.override(order)
			if err != nil {
				t.Error(err)
			}
			answered <- answer
		}()
		if diff := cmp.Diff(want, s.awaitOrder(k)); diff != "" {
			t.Error(diff)
		}
		if answer := <-answered; !strings.HasPrefix(answer, order+", by ann@laptop, at ") {
			t.Errorf("answered %q", answer)
		}
		if o := k.Order(); o.Kind != trial.NoOrder {
			t.Errorf("again: %v", o)
		}
	}
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if found := s.get().GetAnnotations(); !cmp.Equal(found, map[string]string{"team": "shop"}) {
		t.Error(found)
	}
}

func TestMalformedOrderOfAnotherToolIsToldAndIgnored(t *testing.T) {
	s := newShop(t)
	told := make(chan string, 10)
	k := s.keeper(func(r *k8s.Routing) { r.Tell = func(text string) { told <- text } })
	s.take(k)
	s.edit(func(o *unstructured.Unstructured) {
		annotations := o.GetAnnotations()
		annotations[orderKey] = "end 70/20"
		o.SetAnnotations(annotations)
	})
	select {
	case text := <-told:
		if !strings.Contains(text, "not obeyed: split") {
			t.Error(text)
		}
	case <-time.After(5 * time.Second):
		t.Error("not told")
	}
	cluster.Await(t, "the answer on the route", 5*time.Second, func(context.Context) error {
		if found := s.get().GetAnnotations(); found[orderKey] != "" || !strings.Contains(found[obeyedKey], "not obeyed: split") {
			return fmt.Errorf("found %v", found)
		}
		return nil
	})
	if o := k.Order(); o.Kind != trial.NoOrder {
		t.Error(o)
	}
}

func TestOrderToNobodyIsRefused(t *testing.T) {
	s := newShop(t)
	before := s.get()
	if _, err := s.override("pause"); err == nil || !strings.Contains(err.Error(), "no trial moves its traffic") {
		t.Error(err)
	}
	if diff := cmp.Diff(before.Object, s.get().Object); diff != "" {
		t.Error(diff)
	}
}

func TestOrderFromBeforeTheTrialIsNotObeyed(t *testing.T) {
	s := newShop(t)
	s.edit(func(o *unstructured.Unstructured) {
		o.SetAnnotations(map[string]string{"team": "shop", orderKey: "end 0/100"})
	})
	var told []string
	k := s.keeper(func(r *k8s.Routing) { r.Tell = func(text string) { told = append(told, text) } })
	s.take(k)
	if len(told) != 1 || !strings.Contains(told[0], "is not obeyed") {
		t.Error(told)
	}
	if _, found := s.get().GetAnnotations()[orderKey]; found {
		t.Error("it is still there")
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	s := newShop(t)
	before := s.get()
	var out strings.Builder
	k := s.keeper(func(r *k8s.Routing) { r.Dry = &out })
	s.take(k)
	if err := k.Shift(t.Context(), []int{40, 60}); err != nil {
		t.Fatal(err)
	}
	if err := k.Leave(t.Context(), []int{0, 100}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Object, s.get().Object); diff != "" {
		t.Error(diff)
	}
	t.Log(out.String())
	for _, line := range []string{"--- live/httproute/shop", "+      weight: 60", "-      weight: 1", "+      weight: 100"} {
		if !slices.Contains(strings.Split(out.String(), "\n"), line) {
			t.Errorf("no line %q", line)
		}
	}
	leases, err := cluster.Objects().Resource(leases).Namespace(s.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(leases.Items) != 0 {
		t.Errorf("leases: %v, %v", leases, err)
	}
}

// withRights goes on as a ServiceAccount that has the rights of the rules and
// no others.
func (s *shop) withRights() {
	s.Helper()
	rules, err := s.keeper(nil).Rules()
	if err != nil {
		s.Fatal(err)
	}
	cluster.Apply(s, s.namespace, k8s.RBAC("trial", s.namespace, rules))
	if s.cluster, err = connect(cluster.KubeconfigFor(s, s.namespace, "trial"), s.namespace); err != nil {
		s.Fatal(err)
	}
	cluster.Await(s, "the rights", 10*time.Second, func(ctx context.Context) error {
		k := s.keeper(nil)
		_, err := k.Take(ctx)
		return errors.Join(err, k.Leave(ctx, nil))
	})
}

func TestRightsOfTheRulesAreEnough(t *testing.T) {
	s := newShop(t)
	before := s.get()
	s.withRights()
	k := s.keeper(nil)
	s.take(k)
	if err := k.Shift(t.Context(), []int{50, 50}); err != nil {
		t.Fatal(err)
	}
	s.edit(setWeights(5, 4))
	select {
	case <-k.Changed():
	case <-time.After(5 * time.Second):
		t.Error("no rights to watch")
	}
	s.edit(setWeights(9, 1))
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Object["spec"], s.get().Object["spec"]); diff != "" {
		t.Error(diff)
	}
}

// Not parallel: nobody else has the API server meanwhile.
func TestServerThatDiesWhileTheRouteIsLeft(t *testing.T) {
	s := newShop(t)
	before := s.get()
	s.withRights()
	k := s.keeper(nil)
	s.take(k)
	cluster.StopAPI(t)
	left := make(chan error)
	go func() { left <- k.Leave(context.Background(), nil) }()
	select {
	case err := <-left:
		t.Fatalf("left without an API server: %v", err)
	case <-time.After(time.Second):
	}
	cluster.StartAPI(t)
	if err := <-left; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(untouched(before), untouched(s.get())); diff != "" {
		t.Error(diff)
	}
}

func TestServerThatDiesDuringShifts(t *testing.T) {
	s := newShop(t)
	before := s.get()
	s.withRights()
	k := s.keeper(nil)
	s.take(k)
	shifted := make(chan error)
	enough := make(chan struct{})
	go func() {
		for i := 0; ; i = (i + 7) % 101 {
			select {
			case <-enough:
				shifted <- k.Shift(context.Background(), []int{35, 65})
				return
			default:
				if err := k.Shift(context.Background(), []int{100 - i, i}); err != nil {
					shifted <- err
					return
				}
			}
		}
	}()
	for range 2 {
		<-time.After(rand.N(200 * time.Millisecond))
		cluster.StopAPI(t)
		cluster.StartAPI(t)
	}
	close(enough)
	if err := <-shifted; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{35, 65}, s.weights()); diff != "" {
		t.Error(diff)
	}
	select {
	case err := <-k.Changed():
		t.Errorf("told of another hand: %v", err)
	default:
	}
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(untouched(before), untouched(s.get())); diff != "" {
		t.Error(diff)
	}
}

func TestLeaveWithoutAServerSaysWhatBringsItBack(t *testing.T) {
	s := newShop(t)
	k := s.keeper(nil)
	s.take(k)
	cluster.StopAPI(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := k.Leave(ctx, nil)
	cluster.StartAPI(t)
	if err == nil || !strings.Contains(err.Error(), "seatrial restore --route httproute/shop --namespace "+s.namespace) {
		t.Fatal(err)
	}
	if s.get().GetAnnotations()[noteKey] == "" {
		t.Error("the note is gone")
	}
}

const meshRoute = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.test]
  http:
  - route:
    - {destination: {host: shop, subset: stable}, weight: 100}
    - {destination: {host: shop, subset: canary}, weight: 0}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec:
  host: shop
  subsets: [{name: stable, labels: {version: stable}}, {name: canary, labels: {version: canary}}]
`

// meshRouting changes two objects: users are kept by both.
func meshRouting() k8s.Routing {
	return k8s.Routing{
		Route:    "virtualservice/shop",
		Backends: []k8s.Backend{{Version: "baseline", Name: "shop/stable"}, {Version: "candidate", Name: "shop/canary"}},
		Sticky:   &k8s.Sticky{Cookie: "shop-version"},
		Where:    "a test", Now: time.Now, Tell: func(string) {},
	}
}

// mesh is a route of two objects in a namespace of its own.
type mesh struct {
	*testing.T
	namespace string
	cluster   *k8s.Cluster
}

func newMesh(t *testing.T) *mesh {
	t.Helper()
	cluster.Install(t, testcluster.Istio)
	m := &mesh{T: t, namespace: cluster.Namespace(t)}
	var err error
	if m.cluster, err = connect(cluster.Kubeconfig, m.namespace); err != nil {
		t.Fatal(err)
	}
	cluster.Apply(t, m.namespace, meshRoute)
	return m
}

func (m *mesh) at(resource string) dynamic.ResourceInterface {
	kind := schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: resource}
	return cluster.Objects().Resource(kind).Namespace(m.namespace)
}

// both are the VirtualService and the DestinationRule.
func (m *mesh) both() [2]*unstructured.Unstructured {
	m.Helper()
	var found [2]*unstructured.Unstructured
	for i, resource := range []string{"virtualservices", "destinationrules"} {
		var err error
		if found[i], err = m.at(resource).Get(m.Context(), "shop", metav1.GetOptions{}); err != nil {
			m.Fatal(err)
		}
	}
	return found
}

func (m *mesh) isAsBefore(before [2]*unstructured.Unstructured) {
	m.Helper()
	for i, after := range m.both() {
		if diff := cmp.Diff(untouched(before[i]), untouched(after)); diff != "" {
			m.Errorf("%s, before (-) and after (+):\n%s", after.GetKind(), diff)
		}
	}
}

func (m *mesh) keeper() *k8s.Keeper {
	m.Helper()
	r := meshRouting()
	r.Holder, r.Tell = "test-"+m.Name(), func(text string) { m.Log(text) }
	k, err := k8s.NewKeeper(m.cluster, r)
	if err != nil {
		m.Fatal(err)
	}
	if _, err := k.Take(m.Context()); err != nil {
		m.Fatal(err)
	}
	return k
}

func TestEveryObjectOfARouteComesBack(t *testing.T) {
	m := newMesh(t)
	before := m.both()
	k := m.keeper()
	if err := k.Shift(t.Context(), []int{60, 40}); err != nil {
		t.Fatal(err)
	}
	for i, o := range m.both() {
		if o.GetAnnotations()[noteKey] == "" || cmp.Equal(before[i].Object["spec"], o.Object["spec"]) {
			t.Errorf("%s: not changed, or without a note", o.GetKind())
		}
	}
	if err := k.Leave(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	m.isAsBefore(before)
}

func TestAnotherHandOnAFurtherObjectIsSeen(t *testing.T) {
	m := newMesh(t)
	k := m.keeper()
	rule := m.both()[1]
	if err := unstructured.SetNestedField(rule.Object, "ROUND_ROBIN", "spec", "trafficPolicy", "loadBalancer", "simple"); err != nil {
		t.Fatal(err)
	}
	unstructured.RemoveNestedField(rule.Object, "spec", "trafficPolicy", "loadBalancer", "consistentHash")
	if _, err := m.at("destinationrules").Update(t.Context(), rule, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-k.Changed():
		if !strings.Contains(err.Error(), "destinationrule.networking.istio.io/shop was changed by another hand") {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the watch did not tell")
	}
	changed := m.both()
	var takenOver *trial.TakenOverError
	if err := k.Leave(t.Context(), nil); !errors.As(err, &takenOver) {
		t.Error(err)
	}
	m.isAsBefore(changed)
}

func TestRestoreOfSeveralObjectsAfterAKillAtAnyMoment(t *testing.T) {
	t.Parallel()
	for i := range 3 * testcluster.Rounds(30) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			m := newMesh(t)
			before := m.both()
			after := rand.N(150 * time.Millisecond)
			killed(t, child{cluster.Kubeconfig, m.namespace, "dead-trial", true}, []string{"begun", "taken"}[i%2], after)
			now := m.both()
			notes, changed := 0, 0
			for i, o := range now {
				if o.GetAnnotations()[noteKey] != "" {
					notes++
				}
				if !cmp.Equal(before[i].Object["spec"], o.Object["spec"]) {
					changed++
				}
			}
			if changed > 0 && notes < len(now) {
				t.Errorf("killed after %s: %d of %d objects changed, %d notes", after, changed, len(now), notes)
			}
			t.Logf("killed after %s: %d notes, %d changed", after, notes, changed)
			if err := k8s.Restore(t.Context(), m.cluster, "virtualservice/shop", "", k8s.Careful, time.Now, func(text string) { t.Log(text) }); err != nil {
				t.Fatal(err)
			}
			m.isAsBefore(before)
		})
	}
}

// seatrial runs the program as an operator does.
func (s *shop) seatrial(args ...string) (out string, code int) {
	s.Helper()
	c := exec.CommandContext(s.Context(), cluster.Program, append(args, "--namespace", s.namespace, "--kubeconfig", cluster.Kubeconfig)...)
	c.Dir = s.TempDir()
	text, err := c.CombinedOutput()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		s.Fatal(err)
	}
	return string(text), c.ProcessState.ExitCode()
}

func TestRestoreOfAllRoutesAsACommand(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	before := s.get()
	s.killed("taken", 20*time.Millisecond)
	out, code := s.seatrial("restore", "--all")
	if code != 0 || !strings.Contains(out, "httproute/shop: as it was before the trial") {
		t.Errorf("exit code %d: %s", code, out)
	}
	if diff := cmp.Diff(untouched(before), untouched(s.get())); diff != "" {
		t.Error(diff)
	}
	out, code = s.seatrial("restore", "--all")
	if code != 0 || !strings.Contains(out, "nothing to restore") {
		t.Errorf("again: exit code %d: %s", code, out)
	}
	out, code = s.seatrial("override", "pause", "--route", "httproute/shop")
	if code != 5 || !strings.Contains(out, "no trial moves its traffic") {
		t.Errorf("override: exit code %d: %s", code, out)
	}
}

func TestKeepLeavesTheRouteAndTakesTheNoteAway(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.killed("taken", 20*time.Millisecond)
	s.edit(setWeights(5, 5))
	changed := s.get()
	out, code := s.seatrial("restore", "--keep", "--route", "httproute/shop")
	if code != 0 || !strings.Contains(out, "left as it is") {
		t.Errorf("exit code %d: %s", code, out)
	}
	after := s.get()
	if diff := cmp.Diff(changed.Object["spec"], after.Object["spec"]); diff != "" {
		t.Error(diff)
	}
	if found := after.GetAnnotations(); !cmp.Equal(found, map[string]string{"team": "shop"}) {
		t.Error(found)
	}
}

func TestShiftWaitsForTheGateway(t *testing.T) {
	cluster.Require(t, testcluster.Gateway)
	namespace := deploy(t)
	s := &shop{T: t, namespace: namespace, routes: cluster.Objects().Resource(httpRoutes).Namespace(namespace)}
	var err error
	if s.cluster, err = connect(cluster.Kubeconfig, namespace); err != nil {
		t.Fatal(err)
	}
	cluster.Apply(t, namespace, fmt.Sprintf(route, "settles.test", 9, 1))
	k := s.keeper(func(r *k8s.Routing) {
		r.Settle = 20 * time.Second
		r.Backends[0].Name, r.Backends[1].Name = "baseline", "canary"
	})
	s.take(k)
	for range 5 {
		for _, weights := range [][]int{{30, 70}, {70, 30}} {
			if err := k.Shift(t.Context(), weights); err != nil {
				t.Fatal(err)
			}
			s.takenToHeart()
		}
	}
}

// takenToHeart fails the test unless the gateway has seen the route as it is.
func (s *shop) takenToHeart() {
	s.Helper()
	now := s.get()
	parents, _, _ := unstructured.NestedSlice(now.Object, "status", "parents")
	for _, c := range parents[0].(map[string]any)["conditions"].([]any) {
		if seen := c.(map[string]any)["observedGeneration"]; seen != now.GetGeneration() {
			s.Errorf("the gateway has seen generation %v of %d", seen, now.GetGeneration())
		}
	}
}

func TestShiftThatNoGatewayTakesIsAnError(t *testing.T) {
	s := newShop(t)
	k := s.keeper(func(r *k8s.Routing) { r.Settle = time.Second })
	s.take(k)
	if err := k.Shift(t.Context(), []int{30, 70}); err == nil || !strings.Contains(err.Error(), "within 1s: parent gw: no controller") {
		t.Error(err)
	}
}

// The standard channel of the Gateway API knows no sessions, and the API server
// drops them without a word.
func TestPlanThatTheServerWouldDropIsNeverWritten(t *testing.T) {
	s := newShop(t)
	before := s.get()
	k := s.keeper(func(r *k8s.Routing) { r.Sticky = &k8s.Sticky{Cookie: "version"} })
	_, err := k.Take(t.Context())
	if err == nil || !strings.Contains(err.Error(), "does not keep spec.rules[0].sessionPersistence") {
		t.Error(err)
	}
	if diff := cmp.Diff(before.Object, s.get().Object); diff != "" {
		t.Error(diff)
	}
	left, err := cluster.Objects().Resource(leases).Namespace(s.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) != 0 {
		t.Errorf("leases left: %v, %v", left, err)
	}
}
