package k8s

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kind is a kind of object whose readiness is known here.
type kind struct {
	words     []string // that a trial file may call it by, the first in messages
	group     schema.GroupKind
	resource  string // in the API and in Roles
	condition string // that tells its readiness, where judge is nil
	judge     func(sight) reading

	// parts are the objects that belong to it and that judge looks at as well.
	parts func(o object) map[role]collection
	needs []need // rights for parts
}

// role is what a collection is to the object waited for.
type role int

const (
	itself role = iota
	itsPods
	itsReplicaSets
	itsSlices
	itsEvents
)

// need is a right to read other objects.
type need struct{ group, resource, why string }

var (
	needPods        = need{"", "pods", "its pods: whether they start, and why not"}
	needReplicaSets = need{"apps", "replicasets", "which pods are the new ones"}
	needSlices      = need{"discovery.k8s.io", "endpointslices", "whether an endpoint is ready"}
	needEvents      = need{"", "events", "pods that were refused, by a quota or an admission webhook"}
)

// kinds are all kinds whose readiness is known without being told a condition.
func kinds() []kind {
	apps := func(k string) schema.GroupKind { return schema.GroupKind{Group: "apps", Kind: k} }
	return []kind{
		{words: []string{"deployment", "deployments", "deploy"}, group: apps("Deployment"), resource: "deployments",
			judge: readDeployment, parts: partsOfDeployment, needs: []need{needPods, needReplicaSets}},
		{words: []string{"statefulset", "statefulsets", "sts"}, group: apps("StatefulSet"), resource: "statefulsets",
			judge: readStatefulSet, parts: partsOfSet, needs: []need{needPods, needEvents}},
		{words: []string{"daemonset", "daemonsets", "ds"}, group: apps("DaemonSet"), resource: "daemonsets",
			judge: readDaemonSet, parts: partsOfSet, needs: []need{needPods, needEvents}},
		{words: []string{"replicaset", "replicasets", "rs"}, group: apps("ReplicaSet"), resource: "replicasets",
			judge: readReplicaSet, parts: partsOfSet, needs: []need{needPods, needEvents}},
		{words: []string{"job", "jobs"}, group: schema.GroupKind{Group: "batch", Kind: "Job"}, resource: "jobs",
			judge: readJob, parts: partsOfSet, needs: []need{needPods, needEvents}},
		{words: []string{"pod", "pods", "po"}, group: schema.GroupKind{Kind: "Pod"}, resource: "pods", judge: readPod},
		{words: []string{"service", "services", "svc"}, group: schema.GroupKind{Kind: "Service"}, resource: "services",
			judge: readService, parts: partsOfService, needs: []need{needSlices, needPods}},
		{words: []string{"ksvc", "kservice", "kservices"}, group: schema.GroupKind{Group: "serving.knative.dev", Kind: "Service"}, resource: "services", condition: "Ready"},
		{words: []string{"inferenceservice", "inferenceservices", "isvc"}, group: schema.GroupKind{Group: "serving.kserve.io", Kind: "InferenceService"}, resource: "inferenceservices", condition: "Ready"},
		{words: []string{"rollout", "rollouts", "ro"}, group: schema.GroupKind{Group: "argoproj.io", Kind: "Rollout"}, resource: "rollouts", judge: readRollout},
		{words: []string{"certificate", "certificates", "cert", "certs"}, group: schema.GroupKind{Group: "cert-manager.io", Kind: "Certificate"}, resource: "certificates", condition: "Ready"},
		{words: []string{"gateway", "gateways", "gtw"}, group: schema.GroupKind{Group: "gateway.networking.k8s.io", Kind: "Gateway"}, resource: "gateways", condition: "Programmed"},
	}
}

// kindNamed finds a kind by one of its words, or by its resource or kind with
// its group. A kind with a group that is not known here is returned as it was
// written, and can only be judged by a condition or a path.
func kindNamed(word string) (k kind, known bool) {
	word = strings.ToLower(word)
	name, group, hasGroup := strings.Cut(word, ".")
	for _, k := range kinds() {
		if !hasGroup && slices.Contains(k.words, name) {
			return k, true
		}
		if hasGroup && group == k.group.Group && (name == k.resource || name == strings.ToLower(k.group.Kind)) {
			return k, true
		}
	}
	return kind{words: []string{word}, group: schema.GroupKind{Group: group, Kind: name}, resource: name}, false
}

func kindWords() []string {
	var words []string
	for _, k := range kinds() {
		words = append(words, k.words[0])
	}
	return words
}
