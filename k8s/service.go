package k8s

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// sliceOf is the label by which EndpointSlices name their Service.
const sliceOf = "kubernetes.io/service-name"

// readService wants an endpoint that traffic may go to. What pods say tells why
// there is none.
func readService(s sight) reading {
	if text(s.object.Object, "spec", "type") == "ExternalName" {
		return never("is an ExternalName Service, for %s: the cluster knows no endpoints of it; wait for its URL instead", text(s.object.Object, "spec", "externalName"))
	}
	known := 0
	for _, slice := range s.parts[itsSlices] {
		for _, endpoint := range list(slice.Object, "endpoints") {
			known++
			if endpointReady(endpoint) {
				return reading{state: ready}
			}
		}
	}
	troubles := readPods(s.parts[itsPods], s.now)
	troubles.state = waiting // other pods may come and match
	switch {
	case known > 0:
		troubles.sentence = "none of its endpoints is ready" + behind(troubles)
	case len(s.parts[itsPods]) == 0:
		troubles.sentence = "has no endpoints: no pod matches its selector"
	default:
		troubles.sentence = "has no endpoints" + behind(troubles)
	}
	return troubles
}

// endpointReady reads an endpoint's conditions: of ready, nothing said means
// yes (discovery.k8s.io/v1, EndpointConditions).
func endpointReady(endpoint map[string]any) bool {
	addresses, _, err := unstructured.NestedStringSlice(endpoint, "addresses")
	if err != nil || len(addresses) == 0 || truth(endpoint, "conditions", "terminating") {
		return false
	}
	said, found, err := unstructured.NestedFieldNoCopy(endpoint, "conditions", "ready")
	if err != nil {
		return false
	}
	return !found || said == nil || said == true
}

func partsOfService(o object) map[role]collection {
	parts := map[role]collection{
		itsSlices: {group: "discovery.k8s.io", version: "v1", resource: "endpointslices", namespace: o.GetNamespace(), labels: labels.Set{sliceOf: o.GetName()}.String()},
	}
	if selector, _, err := unstructured.NestedStringMap(o.Object, "spec", "selector"); err == nil && len(selector) > 0 {
		parts[itsPods] = collection{version: "v1", resource: "pods", namespace: o.GetNamespace(), labels: labels.Set(selector).String()}
	}
	return parts
}
