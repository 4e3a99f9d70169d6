//go:build e2e

package cluster

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/seatrial/seatrial/internal/testcluster"
)

// plannedRoutes are the routers' golden files: route.yaml as it was before a
// trial, the others as plans have written it.
const plannedRoutes = "../../../k8s/testdata/routes"

// resources of the kinds in the golden files.
var routeResources = map[schema.GroupKind]string{
	{Group: "gateway.networking.k8s.io", Kind: "HTTPRoute"}: "httproutes",
	{Group: "gateway.networking.k8s.io", Kind: "GRPCRoute"}: "grpcroutes",
	{Group: "networking.istio.io", Kind: "VirtualService"}:  "virtualservices",
	{Group: "networking.istio.io", Kind: "DestinationRule"}: "destinationrules",
	{Group: "serving.knative.dev", Kind: "Service"}:         "services",
	{Group: "serving.kserve.io", Kind: "InferenceService"}:  "inferenceservices",
	{Group: "split.smi-spec.io", Kind: "TrafficSplit"}:      "trafficsplits",
	{Group: "networking.k8s.io", Kind: "Ingress"}:           "ingresses",
	{Group: "traefik.io", Kind: "TraefikService"}:           "traefikservices",
	{Group: "route.openshift.io", Kind: "Route"}:            "routes",
	{Kind: "ConfigMap"}: "configmaps",
}

// droppedOnPurpose: the Gateway API's standard channel has no sessions. A
// trial that asks for them there ends before it begins.
var droppedOnPurpose = map[string][]string{
	"httproute/sticky-cookie":       {".spec.rules[2].sessionPersistence", ".spec.rules[3].sessionPersistence"},
	"httproute/sticky-header":       {".spec.rules[2].sessionPersistence", ".spec.rules[3].sessionPersistence"},
	"httproute/match-sticky-mirror": {".spec.rules[2].sessionPersistence", ".spec.rules[4].sessionPersistence"},
	"grpcroute/sticky-cookie":       {".spec.rules[1].sessionPersistence"},
	"grpcroute/sticky-header":       {".spec.rules[1].sessionPersistence"},
	"grpcroute/match-sticky-mirror": {".spec.rules[1].sessionPersistence"},
}

// TestPlannedRoutesAreWhatTheServerKnows sends every route as it was, and then
// as every plan has left it, to a real API server with the kinds' definitions.
func TestPlannedRoutesAreWhatTheServerKnows(t *testing.T) {
	cluster.Require(t, testcluster.Gateway)
	cluster.Install(t, testcluster.Istio, testcluster.Knative, testcluster.KServe, testcluster.SMI, testcluster.OpenShift)
	before, err := filepath.Glob(filepath.Join(plannedRoutes, "*", "route.yaml"))
	if err != nil || len(before) == 0 {
		t.Fatalf("no golden files of routes: %v", err)
	}
	for _, first := range before {
		plans, err := filepath.Glob(filepath.Join(filepath.Dir(first), "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, plan := range plans {
			name := filepath.Base(filepath.Dir(plan)) + "/" + strings.TrimSuffix(filepath.Base(plan), ".yaml")
			t.Run(name, func(t *testing.T) {
				namespace := cluster.Namespace(t)
				write(t, namespace, first)
				got := write(t, namespace, plan)
				if diff := cmp.Diff(droppedOnPurpose[name], got); diff != "" {
					t.Errorf("dropped by the server: %s", diff)
				}
			})
		}
	}
}

// write creates or updates the objects of a file, and tells which of their
// fields the server has dropped.
func write(t *testing.T, namespace, path string) (dropped []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &o.Object); err != nil {
			t.Fatal(err)
		}
		asJSON, err := o.MarshalJSON() // numbers as the API has them
		if err != nil {
			t.Fatal(err)
		}
		if err := o.UnmarshalJSON(asJSON); err != nil {
			t.Fatal(err)
		}
		o.SetNamespace(namespace)
		delete(o.Object, "status") // it is the controllers'
		kept := save(t, o)
		dropped = append(dropped, missing(o.Object, kept.Object, "")...)
	}
	slices.Sort(dropped)
	return dropped
}

func save(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	kind := o.GroupVersionKind()
	name, ok := routeResources[kind.GroupKind()]
	if !ok {
		t.Fatalf("this test does not know %s", kind)
	}
	var at dynamic.ResourceInterface = cluster.Objects().Resource(kind.GroupVersion().WithResource(name)).Namespace(o.GetNamespace())
	found, err := at.Get(t.Context(), o.GetName(), metav1.GetOptions{})
	var kept *unstructured.Unstructured
	if err == nil {
		o.SetResourceVersion(found.GetResourceVersion())
		kept, err = at.Update(t.Context(), o, metav1.UpdateOptions{})
		o.SetResourceVersion("")
	} else {
		kept, err = at.Create(t.Context(), o, metav1.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// missing are the paths of what was sent and not kept.
func missing(sent, kept any, at string) []string {
	var out []string
	switch s := sent.(type) {
	case map[string]any:
		k, _ := kept.(map[string]any)
		for key, value := range s {
			if _, ok := k[key]; !ok {
				out = append(out, at+"."+key)
				continue
			}
			out = append(out, missing(value, k[key], at+"."+key)...)
		}
	case []any:
		k, _ := kept.([]any)
		if len(k) != len(s) {
			return []string{at}
		}
		for i := range s {
			out = append(out, missing(s[i], k[i], fmt.Sprintf("%s[%d]", at, i))...)
		}
	default:
		if !reflect.DeepEqual(sent, kept) {
			return []string{at}
		}
	}
	return out
}
