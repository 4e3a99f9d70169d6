package k8s

import (
	"fmt"
	"slices"

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
	port, known, ok := unreadyPort(s)
	if ok {
		return reading{state: ready}
	}
	troubles := readPods(active(s.parts[itsPods]), s.now)
	troubles.state = waiting // other pods may come and match
	switch {
	case known && port != "":
		troubles.sentence = "none of its endpoints is ready at port " + port + "; does a container have a port of its targetPort's name?" + behind(troubles)
	case known:
		troubles.sentence = "none of its endpoints is ready" + behind(troubles)
	case !hasSelector(s.object):
		troubles.sentence = "has no endpoints: it has no selector, and there is no EndpointSlice of it"
	case len(s.parts[itsPods]) == 0:
		troubles.sentence = "has no endpoints: no pod matches its selector"
	default:
		troubles.sentence = "has no endpoints" + behind(troubles)
	}
	return troubles
}

// unreadyPort is the first port of a Service at which no endpoint is ready, as
// people know it, empty for a Service that names none; and whether there are
// endpoints at all. A slice of pods that have no port of the name that a
// targetPort says lists them as ready, and not the port.
func unreadyPort(s sight) (port string, known, ok bool) {
	ports := list(s.object.Object, "spec", "ports")
	if len(ports) == 0 { // headless: any will do
		known, ok = readyAt(s, nil)
		return "", known, ok
	}
	for _, p := range ports {
		has, ready := readyAt(s, p)
		known = known || has
		if !ready {
			_, ok = readyAt(s, nil)
			if !ok {
				return "", known, false // nothing is, so it is not about this port
			}
			return portTitle(p), known, false
		}
	}
	return "", known, true
}

// readyAt reports whether there are endpoints, and whether one is ready at a
// port of the Service; nil asks for no port.
func readyAt(s sight, port map[string]any) (known, ok bool) {
	for _, slice := range s.parts[itsSlices] {
		has := port == nil || slices.ContainsFunc(list(slice.Object, "ports"), func(p map[string]any) bool {
			return text(p, "name") == text(port, "name")
		})
		for _, endpoint := range list(slice.Object, "endpoints") {
			known = true
			ok = ok || has && endpointReady(endpoint)
		}
	}
	return known, ok
}

func portTitle(port map[string]any) string {
	if name := text(port, "name"); name != "" {
		return name
	}
	return fmt.Sprint(count(port, "port"))
}

func hasSelector(o object) bool {
	selector, _, err := unstructured.NestedStringMap(o.Object, "spec", "selector")
	return err == nil && len(selector) > 0
}

// endpointReady reads an endpoint's conditions: of ready, nothing said means
// yes (discovery.k8s.io/v1, EndpointConditions). A Service that publishes what
// is not ready calls all ready; serving tells what they are.
func endpointReady(endpoint map[string]any) bool {
	addresses, _, err := unstructured.NestedStringSlice(endpoint, "addresses")
	if err != nil || len(addresses) == 0 || truth(endpoint, "conditions", "terminating") {
		return false
	}
	return saidOrNot(endpoint, "ready") && saidOrNot(endpoint, "serving")
}

// saidOrNot reports whether a condition of an endpoint is true, or nothing is
// said of it.
func saidOrNot(endpoint map[string]any, condition string) bool {
	said, found, err := unstructured.NestedFieldNoCopy(endpoint, "conditions", condition)
	return err == nil && (!found || said == nil || said == true)
}

func partsOfService(o object) map[role]collection {
	parts := map[role]collection{
		itsSlices: {group: "discovery.k8s.io", version: "v1", resource: "endpointslices", namespace: o.GetNamespace(), labels: labels.Set{sliceOf: o.GetName()}.String()},
	}
	if hasSelector(o) {
		selector, _, _ := unstructured.NestedStringMap(o.Object, "spec", "selector")
		parts[itsPods] = collection{version: "v1", resource: "pods", namespace: o.GetNamespace(), labels: labels.Set(selector).String()}
	}
	return parts
}
