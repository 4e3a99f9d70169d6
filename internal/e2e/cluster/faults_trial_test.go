//go:build e2e

package cluster

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seatrial/seatrial/internal/testcluster"
)

func TestAnImageThatNeverComesLeavesTheRouteUntouched(t *testing.T) {
	s := newSite(t)
	g := s.route(t, "shop")
	cluster.Apply(t, s.namespace, app("next", "registry.local/nothing:1", serves, ""))
	x := g.begin(lasting, "--wait-for", "deployment/next", "--ready-within", "2m")
	x.end(time.Minute).wants(t, 4, "registry.local/nothing:1, which is not on the node")
	if diff := cmp.Diff(g.before.GetGeneration(), g.get().GetGeneration()); diff != "" {
		t.Errorf("it was written to:\n%s", diff)
	}
	g.isAsBefore()
}

// evict has the API server evict the release's pods.
func (s *site) evict(release string) {
	s.Helper()
	at := cluster.Objects().Resource(pods).Namespace(s.namespace)
	list, err := at.List(s.Context(), metav1.ListOptions{LabelSelector: "release=" + release})
	if err != nil || len(list.Items) == 0 {
		s.Fatalf("pods of %s: %v, %v", release, list, err)
	}
	for _, pod := range list.Items {
		eviction := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": pod.GetName(), "namespace": s.namespace},
		}}
		if _, err := at.Create(s.Context(), eviction, metav1.CreateOptions{}, "eviction"); err != nil {
			s.Fatal(err)
		}
	}
}

// full lets no further pod into the namespace.
func (s *site) full() {
	s.Helper()
	cluster.Apply(s, s.namespace, "{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {pods: '0'}}}")
	awaitQuota(s.T, s.namespace)
}

func TestAnEvictedCandidateFailsByItsErrors(t *testing.T) {
	s := newSite(t)
	g := s.route(t, "shop")
	long := passing
	long.lasts = time.Minute // pods that end take CPU from the load; a few late requests must not be many of all
	x := g.begin(long)
	x.awaitMove()
	s.full()
	s.evict("canary")
	x.end(time.Minute).wants(t, 1, "candidate violated error-rate <= baseline + 20%")
	g.isAsBefore()
	x.hasEvidence(5)
}

func TestAnEvictedBaselineIsNoFaultOfTheCandidate(t *testing.T) {
	s := newSite(t)
	g := s.route(t, "shop")
	x := g.begin(passing)
	x.awaitMove()
	s.evict("baseline")
	x.end(time.Minute).wants(t, 0, "all traffic goes to candidate")
	awaitShares(t, g.host, 100)
	x.hasEvidence(5)
}

// edit changes the route as another hand.
func (g *guarded) edit(change func(o *unstructured.Unstructured), subresource ...string) {
	g.Helper()
	for {
		o := g.get()
		change(o)
		_, err := g.site.routes.Update(g.Context(), o, metav1.UpdateOptions{FieldManager: "another-hand"}, subresource...)
		if err == nil {
			return
		}
		if !apierrors.IsConflict(err) {
			g.Fatal(err)
		}
	}
}

func TestAnotherHandsChangeDuringATrialStays(t *testing.T) {
	t.Parallel()
	g := newSite(t).route(t, "shop")
	x := g.begin(lasting)
	x.awaitMove()
	g.edit(setWeights(1, 3))
	changed := g.get()
	end := x.end(20 * time.Second)
	end.wants(t, 5, "httproute/shop was changed by another hand", "weight: 3",
		"seatrial restore --route httproute/shop --namespace "+g.site.namespace+" --force", "--keep")
	if diff := cmp.Diff(settled(changed), settled(g.get())); diff != "" {
		t.Errorf("it was overwritten:\n%s", diff)
	}
	x.hasEvidence(1)
	g.isUnlocked()
	next := g.begin(failing)
	next.end(20*time.Second).wants(t, 5, "neither as the trial left it nor as it was before")
	if out, code := g.seatrial("restore", "--route", "httproute/shop", "--namespace", g.site.namespace); code != 5 || !strings.Contains(out, "Nothing was done") {
		t.Errorf("seatrial restore: exit code %d: %s", code, out)
	}
	if diff := cmp.Diff(settled(changed), settled(g.get())); diff != "" {
		t.Errorf("it was overwritten:\n%s", diff)
	}
	out, code := g.seatrial("restore", "--force", "--route", "httproute/shop", "--namespace", g.site.namespace)
	if code != 0 {
		t.Errorf("seatrial restore --force: exit code %d: %s", code, out)
	}
	if diff := cmp.Diff(g.before.Object["spec"], g.get().Object["spec"]); diff != "" || hasNote(g.get()) {
		t.Errorf("--force: %s", diff)
	}
}

// What a GitOps controller does: the trial ends, and nothing of it is left.
func TestAnotherHandThatBringsTheRouteBackDuringATrialLeavesNothingOfIt(t *testing.T) {
	t.Parallel()
	g := newSite(t).route(t, "shop")
	x := g.begin(lasting)
	x.awaitMove()
	g.edit(setWeights(9, 1))
	x.end(20*time.Second).wants(t, 5, "httproute/shop was changed by another hand")
	if diff := cmp.Diff(g.before.Object["spec"], g.get().Object["spec"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(g.before.GetAnnotations(), g.get().GetAnnotations()); diff != "" {
		t.Error(diff)
	}
	x.hasEvidence(1)
}

func TestARouteDeletedDuringATrialIsNotMadeAnew(t *testing.T) {
	t.Parallel()
	g := newSite(t).route(t, "shop")
	x := g.begin(lasting)
	x.awaitMove()
	if err := g.site.routes.Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	x.end(20*time.Second).wants(t, 5, "it was deleted; nothing was made anew")
	if _, err := g.site.routes.Get(t.Context(), "shop", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is there again: %v", err)
	}
	g.isUnlocked()
	x.hasEvidence(1)
	if out, code := g.seatrial("restore", "--route", "httproute/shop", "--namespace", g.site.namespace); code != 5 || !strings.Contains(out, "not found") {
		t.Errorf("seatrial restore: exit code %d: %s", code, out)
	}
}

// kubectl replace --force.
func TestARouteMadeAnewDuringATrialStaysAsItWasMade(t *testing.T) {
	t.Parallel()
	g := newSite(t).route(t, "shop")
	x := g.begin(lasting)
	x.awaitMove()
	if err := g.site.routes.Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	cluster.Apply(t, g.site.namespace, fmt.Sprintf(guardedRoute, "shop", g.host))
	made := g.get()
	x.end(20*time.Second).wants(t, 5, "it was deleted")
	if diff := cmp.Diff(settled(made), settled(g.get())); diff != "" {
		t.Errorf("it was changed:\n%s", diff)
	}
	x.hasEvidence(1)
}

func TestControllersThatWriteStatusAndLabelsDisturbNoTrial(t *testing.T) {
	t.Parallel()
	g := newSite(t).route(t, "shop")
	x := g.begin(failing)
	x.awaitRoute("the note", hasNote)
	writes := 0
	for running := true; running; writes++ {
		g.edit(func(o *unstructured.Unstructured) {
			o.SetLabels(map[string]string{"team": "shop", "seen": fmt.Sprint(writes)})
		})
		g.edit(func(o *unstructured.Unstructured) { addController(o, writes) }, "status")
		select {
		case <-x.ended:
			running = false
		case <-time.After(500 * time.Millisecond):
		}
	}
	x.end(time.Second).wants(t, 1)
	t.Logf("%d writes of status, as many of labels", writes)
	g.edit(func(o *unstructured.Unstructured) { o.SetLabels(g.before.GetLabels()) })
	if diff := cmp.Diff(g.before.Object["spec"], g.get().Object["spec"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(g.before.GetAnnotations(), g.get().GetAnnotations()); diff != "" {
		t.Error(diff)
	}
}

// addController has a second gateway say what it thinks of the route.
func addController(o *unstructured.Unstructured, turn int) {
	parents, _, _ := unstructured.NestedSlice(o.Object, "status", "parents")
	const name = "example.com/another"
	for i, p := range parents {
		if p.(map[string]any)["controllerName"] == name {
			parents = append(parents[:i], parents[i+1:]...)
			break
		}
	}
	condition := func(kind string) map[string]any {
		return map[string]any{
			"type": kind, "status": "True", "reason": kind, "message": fmt.Sprint("turn ", turn),
			"observedGeneration": o.GetGeneration(), "lastTransitionTime": "2026-01-01T00:00:00Z",
		}
	}
	parents = append(parents, map[string]any{
		"parentRef": map[string]any{"name": "web", "namespace": testcluster.GatewayNamespace}, "controllerName": name,
		"conditions": []any{condition("Accepted"), condition("ResolvedRefs")},
	})
	_ = unstructured.SetNestedSlice(o.Object, parents, "status", "parents")
}

func TestATrialWhoseLockIsTakenEndsAndBringsTheRouteBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, fault := range map[string]func(g *guarded) error{
		"deleted": func(g *guarded) error {
			return cluster.Objects().Resource(leases).Namespace(s.namespace).Delete(g.Context(), g.lock(), metav1.DeleteOptions{})
		},
		"stolen": func(g *guarded) error {
			_, err := cluster.Objects().Resource(leases).Namespace(s.namespace).Patch(g.Context(), g.lock(), types.MergePatchType,
				[]byte(`{"spec": {"holderIdentity": "thief"}}`), metav1.PatchOptions{FieldManager: "another-hand"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := s.route(t, name)
			x := g.begin(lasting)
			x.awaitMove()
			if err := fault(g); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{"deleted": "was deleted", "stolen": "is held by thief"}[name]
			x.end(20*time.Second).wants(t, 5, "its lock ", want)
			g.isAsBefore()
			x.hasEvidence(1)
		})
	}
}

func TestOfTwoTrialsOnARouteTheSecondIsToldAndTheFirstGoesOn(t *testing.T) {
	t.Parallel()
	g := newSite(t).route(t, "shop")
	first := g.begin(lasting)
	first.awaitMove()
	second := g.begin(lasting, "--ready-within", "3s")
	second.end(40*time.Second).wants(t, 4, "httproute/shop is on trial by ", "seatrial override")
	if out, code := g.seatrial("restore", "--route", "httproute/shop", "--namespace", g.site.namespace); code != 5 || !strings.Contains(out, "which lives") {
		t.Errorf("seatrial restore: exit code %d: %s", code, out)
	}
	now := shareOf(g.get())
	first.awaitRoute("a further move", func(o *unstructured.Unstructured) bool { return shareOf(o) > now })
	first.signal(syscall.SIGTERM)
	first.end(leavesWithin).wants(t, 143)
	g.isAsBefore()
	first.hasEvidence(5)
}

func TestOfTwoTrialsThatBeginTogetherOneWaitsForTheOther(t *testing.T) {
	t.Parallel()
	g := newSite(t).route(t, "shop")
	both := []*running{g.begin(failing), g.begin(failing)}
	for _, x := range both {
		x.end(time.Minute).wants(t, 1)
		x.hasEvidence(1)
	}
	g.isAsBefore()
	g.isUnlocked()
}
