package k8s

import (
	"strings"
	"testing"
)

func TestRouteIsLiveWhenItsControllerSaysSo(t *testing.T) {
	const gateway = "spec: {parentRefs: [{name: public}]}\n"
	parent := func(accepted, resolved string) string {
		return "status: {parents: [{parentRef: {name: public}, conditions: [" + accepted + ", " + resolved + "]}]}"
	}
	const accepted = "{type: Accepted, status: 'True', observedGeneration: 3}"
	const resolved = "{type: ResolvedRefs, status: 'True', observedGeneration: 3}"
	const ksvc = "spec: {traffic: [{revisionName: a, percent: 90}, {latestRevision: true, percent: 10}]}\n"
	const routes = "conditions: [{type: RoutesReady, status: 'True'}], latestReadyRevisionName: b"
	for _, c := range []struct{ word, spec, why string }{
		{"httproute", gateway + parent(accepted, resolved), ""},
		{"grpcroute", gateway + parent(accepted, resolved), ""},
		{"httproute", gateway, "no controller has taken the route"},
		{"httproute", "spec: {}", "names no parent"},
		{"httproute", gateway + parent(accepted, "{type: ResolvedRefs, status: 'True', observedGeneration: 2}"), "ResolvedRefs is of generation 2, and the route is of 3"},
		{"httproute", gateway + parent(accepted, "{type: ResolvedRefs, status: 'False', observedGeneration: 3, reason: BackendNotFound}"), "ResolvedRefs is False"},
		{"httproute", gateway + parent(accepted, "{type: Programmed, status: 'True', observedGeneration: 3}"), "no condition ResolvedRefs"},
		{"httproute", "spec: {parentRefs: [{name: public}, {name: inner}]}\n" + parent(accepted, resolved), "parent inner: no controller"},
		{"ksvc", ksvc + "status: {observedGeneration: 3, " + routes + ", traffic: [{revisionName: a, percent: 90}, {revisionName: b, latestRevision: true, percent: 10}]}", ""},
		{"ksvc", ksvc + "status: {observedGeneration: 2, " + routes + "}", "status is of generation 2"},
		{"ksvc", ksvc + "status: {observedGeneration: 3, " + routes + ", traffic: [{revisionName: a, percent: 100}]}", "of the traffic and should have"},
		{"ksvc", ksvc + "status: {observedGeneration: 3, conditions: [{type: RoutesReady, status: 'False', reason: RevisionMissing}]}", "RoutesReady is False"},
		{"inferenceservice", "spec: {predictor: {canaryTrafficPercent: 10}}\nstatus: {components: {predictor: {traffic: [{latestRevision: true, percent: 10}, {latestRevision: false, percent: 90}]}}}", ""},
		{"inferenceservice", "spec: {predictor: {canaryTrafficPercent: 20}}\nstatus: {components: {predictor: {traffic: [{latestRevision: true, percent: 10}]}}}", "has 10 % of the traffic and should have 20 %"},
		{"inferenceservice", "spec: {predictor: {canaryTrafficPercent: 20}}", "no traffic yet"},
		{"openshiftroute", "status: {ingress: [{routerName: default, conditions: [{type: Admitted, status: 'True'}]}]}", ""},
		{"openshiftroute", "status: {ingress: [{routerName: default, conditions: [{type: Admitted, status: 'False', reason: HostAlreadyClaimed}]}]}", "router default: Admitted is False"},
		{"openshiftroute", "spec: {}", "no router exposes the route"},
	} {
		r, err := routerFor(c.word)
		if err != nil {
			t.Fatal(err)
		}
		ok, why := r.live(routeOf(t, c.spec))
		if ok != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s %s:\n%v %q, want %q", c.word, c.spec, ok, why, c.why)
		}
	}
}
