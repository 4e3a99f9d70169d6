package k8s

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// readDeployment looks at the pods of the newest revision: the old ones may be
// in best health while the new ones crash.
func readDeployment(s sight) reading {
	if r, ok := observed(s.object); !ok {
		return r
	}
	wanted := replicas(s.object)
	pods, there := newPods(s)
	troubles := readPods(pods, s.now)
	if c, found := conditionOf(s.object, "Progressing"); found && text(c, "reason") == "ProgressDeadlineExceeded" {
		r := never("did not come up within its progressDeadlineSeconds%s", behind(troubles))
		r.culprits = troubles.culprits
		return r
	}
	if r := refusedPods(s); r.state == failed || troubles.state == ready && r.state == waiting {
		return r
	}
	switch {
	case troubles.state == failed:
		return troubles
	case truth(s.object.Object, "spec", "paused"):
		return notYet("is paused: kubectl rollout resume")
	case wanted == 0:
		return notYet("is scaled to 0: nothing of it runs")
	case !there:
		return notYet("its newest ReplicaSet is not there yet")
	}
	return outOf(s, wanted, pods, troubles)
}

// outOf counts what a workload has of what it wants.
func outOf(s sight, wanted int64, pods []object, troubles reading) reading {
	status := func(field string) int64 { return count(s.object.Object, "status", field) }
	switch {
	case troubles.state != ready || int64(len(pods)) < wanted:
		troubles.state = waiting
		good := int64(len(pods)) - bad(pods, s.now)
		troubles.sentence = fmt.Sprintf("%d of %s ready%s", good, are(wanted, "new pod"), behind(troubles))
		return troubles
	case status("updatedReplicas") < wanted:
		return notYet("%d of %s updated", status("updatedReplicas"), are(wanted, "pod"))
	case status("replicas") > wanted:
		return notYet("%s still there", are(status("replicas")-wanted, "old pod"))
	case status("availableReplicas") < wanted || status("unavailableReplicas") > 0:
		return notYet("%d of %s available", status("availableReplicas"), are(wanted, "pod"))
	}
	return agreed(s.object)
}

// newPods are the pods of the newest ReplicaSet, and whether that is there.
func newPods(s sight) ([]object, bool) {
	const revision = "deployment.kubernetes.io/revision"
	newest := s.object.GetAnnotations()[revision]
	for _, set := range s.parts[itsReplicaSets] {
		if ownedBy(set, s.object) && newest != "" && set.GetAnnotations()[revision] == newest {
			return active(podsOf(s, set, nil)), true
		}
	}
	return nil, false
}

// podsOf are the pods that an object owns, with all these labels.
func podsOf(s sight, owner object, labels map[string]string) []object {
	var out []object
	for _, pod := range s.parts[itsPods] {
		has := ownedBy(pod, owner)
		for name, value := range labels {
			has = has && pod.GetLabels()[name] == value
		}
		if has && pod.GetDeletionTimestamp() == nil {
			out = append(out, pod)
		}
	}
	slices.SortFunc(out, func(a, b object) int { return strings.Compare(a.GetName(), b.GetName()) })
	return out
}

// active are the pods that have not ended, which are those that controllers
// count (FilterActivePods of kube-controller-manager). One that was evicted, or
// whose node was shut down, stays for long beside the one in its place.
func active(pods []object) []object {
	return slices.DeleteFunc(slices.Clone(pods), ended)
}

func ended(pod object) bool {
	phase := text(pod.Object, "status", "phase")
	return phase == "Succeeded" || phase == "Failed"
}

func ownedBy(o, owner object) bool {
	return slices.ContainsFunc(o.GetOwnerReferences(), func(r v1.OwnerReference) bool {
		return r.UID == owner.GetUID() && r.Controller != nil && *r.Controller
	})
}

// readPods is the worst of pods that are to run on and on.
func readPods(pods []object, now time.Time) reading {
	var readings []reading
	for _, pod := range pods {
		r := readRunning(pod, now, true)
		if r.state != ready {
			r.sentence = "pod " + pod.GetName() + ": " + r.sentence
		}
		readings = append(readings, r)
	}
	return worst(readings)
}

func bad(pods []object, now time.Time) int64 {
	var n int64
	for _, pod := range pods {
		if readRunning(pod, now, true).state != ready {
			n++
		}
	}
	return n
}

func behind(r reading) string {
	if r.sentence == "" {
		return ""
	}
	return "; " + r.sentence
}

func are(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing + " is"
	}
	return fmt.Sprintf("%d %ss are", n, thing)
}

// replicas is spec.replicas, which is 1 where nothing is said.
func replicas(o object) int64 {
	if n, has := number(o.Object, "spec", "replicas"); has {
		return n
	}
	return 1
}

// refusedPods reads what a Deployment or a ReplicaSet says of pods that it may
// not create; others say that in events alone.
func refusedPods(s sight) reading {
	c, found := conditionOf(s.object, "ReplicaFailure")
	if !found || text(c, "status") != "True" {
		return refusedByEvents(s)
	}
	return refusal(because(c), moment(c, "lastTransitionTime"), s.now)
}

func refusal(why string, since, now time.Time) reading {
	if age := now.Sub(since); age < refusedFor {
		r := notYet("its pods are refused%s", why)
		r.again = min(refusedFor-age, refusedFor)
		return r
	}
	return never("its pods are refused%s", why)
}

// refusedByEvents reads the events FailedCreate of the object. Those from
// before a pod came after all are old news.
func refusedByEvents(s sight) reading {
	var newestPod time.Time
	for _, pod := range s.parts[itsPods] {
		if at := pod.GetCreationTimestamp().Time; at.After(newestPod) {
			newestPod = at
		}
	}
	var first, last time.Time
	var why string
	for _, e := range s.parts[itsEvents] {
		at := eventTime(e)
		if text(e.Object, "reason") != "FailedCreate" || !at.After(newestPod) || at.Before(s.object.GetCreationTimestamp().Time) {
			continue
		}
		if began := firstTime(e); first.IsZero() || began.Before(first) {
			first = began
		}
		if !at.Before(last) {
			last, why = at, inBrackets("FailedCreate", text(e.Object, "message"))
		}
	}
	if last.IsZero() {
		return reading{state: ready}
	}
	return refusal(why, first, s.now)
}

// readStatefulSet looks at the pods of the update revision; below a partition,
// pods are meant to stay old.
func readStatefulSet(s sight) reading {
	if r, ok := observed(s.object); !ok {
		return r
	}
	wanted := replicas(s.object)
	partition := count(s.object.Object, "spec", "updateStrategy", "rollingUpdate", "partition")
	revision := text(s.object.Object, "status", "updateRevision")
	fresh := active(podsOf(s, s.object, map[string]string{"controller-revision-hash": revision}))
	all := readPods(active(podsOf(s, s.object, nil)), s.now)
	toUpdate := max(wanted-partition, 0)
	switch refused := refusedPods(s); {
	case refused.state == failed:
		return refused
	case readPods(fresh, s.now).state == failed:
		return readPods(fresh, s.now)
	case wanted == 0:
		return notYet("is scaled to 0: nothing of it runs")
	case revision == "" || int64(len(fresh)) < toUpdate:
		return notYet("%d of %s of the newest revision%s%s", len(fresh), are(toUpdate, "pod"), onDelete(s.object), behind(all))
	case all.state != ready:
		all.state, all.sentence = waiting, strings.TrimPrefix(behind(all), "; ")
		return all
	case count(s.object.Object, "status", "readyReplicas") < wanted:
		return notYet("%d of %s ready", count(s.object.Object, "status", "readyReplicas"), are(wanted, "pod"))
	}
	return agreed(s.object)
}

func onDelete(o object) string {
	if text(o.Object, "spec", "updateStrategy", "type") == "OnDelete" {
		return "; its updateStrategy is OnDelete: delete the old ones"
	}
	return ""
}

func readDaemonSet(s sight) reading {
	if r, ok := observed(s.object); !ok {
		return r
	}
	status := func(field string) int64 { return count(s.object.Object, "status", field) }
	wanted := status("desiredNumberScheduled")
	var labels map[string]string
	if generation := s.object.GetAnnotations()["deprecated.daemonset.template.generation"]; generation != "" {
		labels = map[string]string{"pod-template-generation": generation}
	}
	fresh := active(podsOf(s, s.object, labels))
	troubles := readPods(fresh, s.now)
	switch refused := refusedPods(s); {
	case refused.state == failed:
		return refused
	case troubles.state == failed:
		return troubles
	case wanted == 0:
		return notYet("no node is to run it")
	case status("updatedNumberScheduled") < wanted || int64(len(fresh)) < wanted:
		return notYet("%d of %s of the newest revision%s%s", status("updatedNumberScheduled"), are(wanted, "pod"), onDelete(s.object), behind(troubles))
	case troubles.state != ready:
		return troubles
	case status("numberAvailable") < wanted || status("numberUnavailable") > 0:
		return notYet("%d of %s available", status("numberAvailable"), are(wanted, "pod"))
	}
	return agreed(s.object)
}

func readReplicaSet(s sight) reading {
	if r, ok := observed(s.object); !ok {
		return r
	}
	pods := active(podsOf(s, s.object, nil))
	troubles := readPods(pods, s.now)
	wanted, available := replicas(s.object), count(s.object.Object, "status", "availableReplicas")
	switch refused := refusedPods(s); {
	case refused.state == failed:
		return refused
	case troubles.state == failed:
		return troubles
	case wanted == 0:
		return notYet("is scaled to 0: nothing of it runs")
	case troubles.state != ready || int64(len(pods)) < wanted:
		troubles.state = waiting
		troubles.sentence = fmt.Sprintf("%d of %s ready%s", int64(len(pods))-bad(pods, s.now), are(wanted, "pod"), behind(troubles))
		return troubles
	case available < wanted:
		return notYet("%d of %s available", available, are(wanted, "pod"))
	}
	return agreed(s.object)
}

// readJob: complete is ready. How often its pods may crash is its own to say,
// but an image that never comes makes no Job fail.
func readJob(s sight) reading {
	pods := podsOf(s, s.object, nil)
	if c, found := conditionOf(s.object, "Complete"); found && text(c, "status") == "True" {
		return reading{state: ready}
	}
	if c, found := conditionOf(s.object, "Failed"); found && text(c, "status") == "True" {
		r := never("failed%s", because(c))
		for _, pod := range slices.Backward(pods) {
			r.culprits = append(r.culprits, culpritsOf(pod)...)
		}
		return r
	}
	var readings []reading
	for _, pod := range pods {
		if ended(pod) {
			continue
		}
		r := readRunning(pod, s.now, false)
		if r.state != ready {
			r.sentence = "pod " + pod.GetName() + ": " + r.sentence
		}
		readings = append(readings, r)
	}
	switch refused, r := refusedPods(s), worst(readings); {
	case r.state == failed:
		return r
	case refused.state != ready:
		return refused
	case truth(s.object.Object, "spec", "suspend"):
		return notYet("is suspended")
	}
	r := worst(readings)
	r.state = waiting
	r.sentence = fmt.Sprintf("has not ended: %d running, %d succeeded, %d failed%s", count(s.object.Object, "status", "active"),
		count(s.object.Object, "status", "succeeded"), count(s.object.Object, "status", "failed"), behind(r))
	return r
}

// readRollout goes by the phase of Argo's Rollout (status.phase, from 1.0 on).
func readRollout(s sight) reading {
	o := s.object.Object
	// Argo writes the generation as text.
	seen := text(o, "status", "observedGeneration")
	if n, has := number(o, "status", "observedGeneration"); has {
		seen = fmt.Sprint(n)
	}
	if seen != fmt.Sprint(s.object.GetGeneration()) {
		return notYet("its controller has not seen the newest change yet")
	}
	message := inBrackets("", text(o, "status", "message"))
	switch phase := text(o, "status", "phase"); phase {
	case "Healthy":
		return reading{state: ready}
	case "Degraded":
		return never("is degraded%s", message)
	case "Paused":
		return notYet("is paused%s; to begin at a pause, say jsonpath={.status.phase}=Paused", message)
	default:
		return notYet("is %s%s", orNone(strings.ToLower(phase)), message)
	}
}

// partsOfDeployment are found by its own selector.
func partsOfDeployment(o object) map[role]collection {
	parts := partsOfSet(o)
	delete(parts, itsEvents)
	if pods, has := parts[itsPods]; has {
		parts[itsReplicaSets] = collection{group: "apps", version: "v1", resource: "replicasets", namespace: pods.namespace, labels: pods.labels}
	}
	return parts
}

func partsOfSet(o object) map[role]collection {
	parts := map[role]collection{itsEvents: eventsOf(o)}
	if selector, ok := selectorOf(o, "spec", "selector"); ok {
		parts[itsPods] = collection{version: "v1", resource: "pods", namespace: o.GetNamespace(), labels: selector}
	}
	return parts
}

// selectorOf reads a label selector of apps or batch. One that selects
// everything, or that can't be read, is none.
func selectorOf(o object, fields ...string) (string, bool) {
	raw, found, err := unstructured.NestedMap(o.Object, fields...)
	if err != nil || !found {
		return "", false
	}
	var selector v1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &selector); err != nil {
		return "", false
	}
	s, err := v1.LabelSelectorAsSelector(&selector)
	if err != nil || s.Empty() {
		return "", false
	}
	return s.String(), true
}
