//go:build linux

package testcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Cluster is one that runs.
type Cluster struct {
	Kubeconfig string // path of the administrator's
	Program    string // path of seatrial, built from this repository

	plan        plan
	processes   *processes
	credentials credentials
	config      *rest.Config
	objects     dynamic.Interface
	discovery   *discovery.DiscoveryClient
	names       atomic.Int64
	stopped     *component // the API server, while it is stopped
}

// REST is the administrator's connection; the caller may change it.
func (c *Cluster) REST() *rest.Config { return rest.CopyConfig(c.config) }

// Objects speaks to the API server as administrator.
func (c *Cluster) Objects() dynamic.Interface { return c.objects }

// Require ends the test as skipped where the cluster is of a lower tier.
func (c *Cluster) Require(t testing.TB, tier Tier) {
	t.Helper()
	if c.plan.Tier < tier {
		t.Skip(c.plan.Short)
	}
}

// Await asks every 50 ms until there is no error; after the time, or when a
// component has died, the last error ends the test.
func (c *Cluster) Await(t testing.TB, what string, within time.Duration, ready func(context.Context) error) {
	t.Helper()
	if err := c.processes.await(t.Context(), what, within, ready); err != nil {
		t.Fatal(err)
	}
}

// Namespace makes one for the test, in which pods can be made. It is deleted
// when the test ends; nobody waits for that.
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test-%d", c.names.Add(1))
	err := c.apply(t.Context(), "", "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := c.objects.Resource(coreV1("namespaces")).Delete(context.Background(), name, metav1.DeleteOptions{})
		if err != nil {
			t.Errorf("deleting the namespace: %v", err)
		}
	})
	c.Await(t, "the namespace's ServiceAccount", time.Minute, func(ctx context.Context) error { return c.hasAccount(ctx, name) })
	return name
}

// KubeconfigFor gives the path of a kubeconfig with an hour's token of the
// ServiceAccount, whose namespace is the context's.
func (c *Cluster) KubeconfigFor(t testing.TB, namespace, account string) string {
	t.Helper()
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"metadata": map[string]any{"name": account},
		"spec":     map[string]any{"expirationSeconds": int64(3600)},
	}}
	made, err := c.objects.Resource(coreV1("serviceaccounts")).Namespace(namespace).Create(t.Context(), request, metav1.CreateOptions{}, "token")
	if err != nil {
		t.Fatalf("a token of ServiceAccount %s/%s: %v", namespace, account, err)
	}
	token, _, _ := unstructured.NestedString(made.Object, "status", "token")
	path := filepath.Join(t.TempDir(), account+".kubeconfig")
	if err := c.credentials.writeKubeconfig(path, token, namespace); err != nil {
		t.Fatal(err)
	}
	return path
}

// StopAPI kills the API server; what else runs goes on without it. It starts
// again with StartAPI, at the latest at the test's end.
func (c *Cluster) StopAPI(t testing.TB) {
	t.Helper()
	stopped, err := c.processes.kill(apiServer)
	if err != nil {
		t.Fatal(err)
	}
	c.stopped = &stopped
	t.Cleanup(func() {
		if err := errors.Join(c.startAPI(context.Background()), c.wake()); err != nil {
			t.Error(err)
		}
	})
}

// StartAPI starts the API server after StopAPI, and waits until it is ready.
// The controllers find it again by themselves, each outage doubling how long
// they wait before they ask, and are restarted at the test's end.
func (c *Cluster) StartAPI(t testing.TB) {
	t.Helper()
	if err := c.startAPI(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// startAPI does nothing where the API server was not stopped.
func (c *Cluster) startAPI(ctx context.Context) error {
	if c.stopped == nil {
		return nil
	}
	if err := c.processes.start(*c.stopped); err != nil {
		return err
	}
	c.stopped = nil
	return c.processes.await(ctx, "the API server", patience, c.apiReady)
}

// RestartAPI kills the API server and starts it again.
func (c *Cluster) RestartAPI(t testing.TB) {
	t.Helper()
	c.StopAPI(t)
	c.StartAPI(t)
}

// Wake restarts what watches the API server: after an outage of that it would
// wait for up to a minute before it asks. The end of a test that stopped the
// API server wakes it by itself.
func (c *Cluster) Wake(t testing.TB) {
	t.Helper()
	if err := c.wake(); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) wake() error {
	for _, name := range c.processes.among("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "traefik") {
		stopped, err := c.processes.kill(name)
		if err == nil {
			err = c.processes.start(stopped)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Log is what a component of the cluster has said so far: "kubelet", "traefik".
func (c *Cluster) Log(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.processes.logs(), name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// PodLog is what the pod's only container has said so far.
func (c *Cluster) PodLog(t testing.TB, namespace, pod string) string {
	t.Helper()
	text, err := c.discovery.RESTClient().Get().AbsPath("/api/v1/namespaces", namespace, "pods", pod, "log").DoRaw(t.Context())
	if err != nil {
		t.Fatalf("log of pod %s: %v", pod, err)
	}
	return string(text)
}

// keepLogs puts the components' logs where they outlive the cluster.
func (c *Cluster) keepLogs() {
	dir, err := os.MkdirTemp(c.plan.Temp, "seatrial-logs-")
	if err == nil {
		err = os.CopyFS(dir, os.DirFS(c.processes.logs()))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "testcluster: keeping the logs: %v\n", err)
		return
	}
	fmt.Fprintf(os.Stderr, "testcluster: the components' logs are in %s\n", dir)
}

func (c *Cluster) hasAccount(ctx context.Context, namespace string) error {
	_, err := c.objects.Resource(coreV1("serviceaccounts")).Namespace(namespace).Get(ctx, "default", metav1.GetOptions{})
	return err
}

func coreV1(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: resource}
}

// hasCondition is nil where the object's condition is true.
func hasCondition(o *unstructured.Unstructured, name string) error {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	var seen []string
	for _, one := range conditions {
		condition, _ := one.(map[string]any)
		if condition["type"] == name && condition["status"] == "True" {
			return nil
		}
		seen = append(seen, fmt.Sprintf("%v=%v (%v)", condition["type"], condition["status"], condition["message"]))
	}
	return fmt.Errorf("%s %s has no condition %s=True, but [%s]", o.GetKind(), o.GetName(), name, strings.Join(seen, ", "))
}
