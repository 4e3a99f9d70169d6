//go:build e2e

// Package cluster tests what happens in a Kubernetes cluster.
package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/seatrial/seatrial/internal/testcluster"
)

var cluster *testcluster.Cluster

func TestMain(m *testing.M) {
	if plan := os.Getenv(childKey); plan != "" {
		fmt.Fprintln(os.Stderr, beTrial(plan))
		os.Exit(1)
	}
	testcluster.Main(m, testcluster.Gateway, &cluster)
}

var (
	deployments = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	services    = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	pods        = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	secrets     = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	configMaps  = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	httpRoutes  = schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}
)

// Two releases of the sample service, whose answers differ in length.
//
//go:embed testdata/releases.yaml
var releases string

const (
	baselineLength = 1000
	canaryLength   = 2000
)

//go:embed testdata/route.yaml
var route string

//go:embed testdata/traefikservice.yaml
var traefikService string

// One object of each kind that shares traffic.
//
//go:embed testdata/kinds.yaml
var kindsOfRoutes string

// A ServiceAccount "gate" that may list Deployments of its namespace.
//
//go:embed testdata/gate.yaml
var gate string

func TestServicesReachTheirReleases(t *testing.T) {
	cluster.Require(t, testcluster.Pods)
	namespace := deploy(t)
	for name, want := range map[string]int{"baseline": baselineLength, "canary": canaryLength} {
		service, err := cluster.Objects().Resource(services).Namespace(namespace).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
		cluster.Await(t, "Service "+name, 20*time.Second, func(ctx context.Context) error {
			length, err := get(ctx, "http://"+address, "")
			if err == nil && length != want {
				err = fmt.Errorf("an answer of %d bytes, want %d", length, want)
			}
			return err
		})
	}
}

func TestARouteSharesTrafficByItsWeights(t *testing.T) {
	cluster.Require(t, testcluster.Gateway)
	namespace := deploy(t)
	host := namespace + ".test"
	cluster.Apply(t, namespace, fmt.Sprintf(route, host, 90, 10))
	awaitShares(t, host, 10)
	want := map[int]int{baselineLength: 900, canaryLength: 100}
	if got := count(t, host, 1000); got[baselineLength] != 900 || got[canaryLength] != 100 {
		t.Errorf("answers by length %v, want %v", got, want)
	}

	patch := `[{"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 50},
		{"op": "replace", "path": "/spec/rules/0/backendRefs/1/weight", "value": 50}]`
	_, err := cluster.Objects().Resource(httpRoutes).Namespace(namespace).Patch(t.Context(), "shop", types.JSONPatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	awaitShares(t, host, 50)
}

func TestTraefiksOwnKindsShareTraffic(t *testing.T) {
	cluster.Require(t, testcluster.Gateway)
	namespace := deploy(t)
	host := namespace + ".test"
	cluster.Apply(t, namespace, fmt.Sprintf(traefikService, host, 3, 1))
	awaitShares(t, host, 25)
	cluster.Apply(t, namespace, fmt.Sprintf(traefikService, host, 1, 1))
	awaitShares(t, host, 50)
}

func TestAServiceAccountMayDoWhatItsRoleSays(t *testing.T) {
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, fmt.Sprintf(gate, namespace))
	config, err := clientcmd.BuildConfigFromFlags("", cluster.KubeconfigFor(t, namespace, "gate"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	cluster.Await(t, "the Role's effect", 10*time.Second, func(ctx context.Context) error {
		_, err := objects.Resource(deployments).Namespace(namespace).List(ctx, metav1.ListOptions{})
		return err
	})
	if _, err := objects.Resource(secrets).Namespace(namespace).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing secrets: %v, want that it is forbidden", err)
	}
	if _, err := objects.Resource(deployments).Namespace("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("listing Deployments of another namespace: %v, want that it is forbidden", err)
	}
}

func TestAPodMayDoWhatItsServiceAccountMay(t *testing.T) {
	cluster.Require(t, testcluster.Pods)
	namespace := cluster.Namespace(t)
	cluster.Image(t, "registry.local/ask:test", cluster.Build(t, "testdata/ask"))
	cluster.Apply(t, namespace, fmt.Sprintf(gate, namespace), fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: asks}
spec:
  serviceAccountName: gate
  restartPolicy: Never
  containers:
    - name: ask
      image: registry.local/ask:test
      imagePullPolicy: Never
      args: [/apis/apps/v1/namespaces/%[1]s/deployments, /api/v1/namespaces/%[1]s/secrets]
`, namespace))
	cluster.Await(t, "the pod's end", time.Minute, func(ctx context.Context) error {
		pod, err := cluster.Objects().Resource(pods).Namespace(namespace).Get(ctx, "asks", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase"); phase != "Succeeded" {
			return fmt.Errorf("its status is %v", pod.Object["status"])
		}
		return nil
	})
	if diff := cmp.Diff("200\n403\n", cluster.PodLog(t, namespace, "asks")); diff != "" {
		t.Errorf("answers to the pod (-want +got):\n%s", diff)
	}
}

func TestObjectsOutliveTheAPIServer(t *testing.T) {
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, "{apiVersion: v1, kind: ConfigMap, metadata: {name: kept}, data: {a: b}}")
	maps := cluster.Objects().Resource(configMaps).Namespace(namespace)

	for range testcluster.Rounds(20) {
		cluster.StopAPI(t)
		if _, err := maps.Get(t.Context(), "kept", metav1.GetOptions{}); err == nil {
			t.Error("an API server that was stopped has answered")
		}
		cluster.StartAPI(t)
		kept, err := maps.Get(t.Context(), "kept", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got, _, _ := unstructured.NestedString(kept.Object, "data", "a"); got != "b" {
			t.Errorf("the ConfigMap has %q, want %q", got, "b")
		}
	}
}

func TestEveryKindOfRouteCanBeInstalled(t *testing.T) {
	cluster.Install(t, testcluster.GatewayAPI, testcluster.Istio, testcluster.Knative, testcluster.KServe,
		testcluster.SMI, testcluster.OpenShift, testcluster.ArgoRollout)
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, kindsOfRoutes)
}

// deploy puts both releases into a namespace of their own and waits until they
// are available.
func deploy(t *testing.T) (namespace string) {
	t.Helper()
	namespace = cluster.Namespace(t)
	cluster.Apply(t, namespace, fmt.Sprintf(releases, baselineLength, canaryLength))
	for _, name := range []string{"baseline", "canary"} {
		cluster.Await(t, "Deployment "+name, time.Minute, func(ctx context.Context) error {
			o, err := cluster.Objects().Resource(deployments).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if ready, _, _ := unstructured.NestedInt64(o.Object, "status", "availableReplicas"); ready == 0 {
				return fmt.Errorf("its status is %v", o.Object["status"])
			}
			return nil
		})
	}
	return namespace
}

// awaitShares waits until the canary gets exactly its percent of 100 requests.
func awaitShares(t *testing.T, host string, canary int) {
	t.Helper()
	cluster.Await(t, fmt.Sprintf("a canary's share of %d %%", canary), 5*time.Second, func(ctx context.Context) error {
		return shares(ctx, host, canary)
	})
}

func shares(ctx context.Context, host string, canary int) error {
	got := map[int]int{}
	for range 100 {
		length, err := get(ctx, cluster.Gateway(), host)
		if err != nil {
			return err
		}
		got[length]++
	}
	if got[canaryLength] != canary || got[baselineLength] != 100-canary {
		return fmt.Errorf("answers by length %v", got)
	}
	return nil
}

func count(t *testing.T, host string, requests int) map[int]int {
	t.Helper()
	got := map[int]int{}
	for range requests {
		length, err := get(t.Context(), cluster.Gateway(), host)
		if err != nil {
			t.Fatal(err)
		}
		got[length]++
	}
	return got
}

// get is the length of the answer's body.
func get(ctx context.Context, url, host string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second) // to an address that is none yet, nobody answers
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return len(body), err
}
