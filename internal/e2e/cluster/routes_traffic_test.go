//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seatrial/seatrial/internal/testcluster"
	"github.com/seatrial/seatrial/k8s"
)

// bridge is the cluster's own address of this process, where endpoints may be.
const bridge = "10.244.0.1"

// counted is a Service whose only endpoint is in this process. It counts the
// requests that come by a name, as users' do: a trial's load has its address.
func counted(t *testing.T, namespace, name string) *atomic.Int64 {
	t.Helper()
	listener, err := net.Listen("tcp", bridge+":0")
	if err != nil {
		t.Fatal(err)
	}
	requests := new(atomic.Int64)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if net.ParseIP(r.Host) == nil {
			requests.Add(1)
		}
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	cluster.Apply(t, namespace, fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec: {ports: [{name: http, port: 80, targetPort: %[2]d}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s, labels: {kubernetes.io/service-name: %[1]s}}
addressType: IPv4
ports: [{name: http, port: %[2]d}]
endpoints: [{addresses: [%[3]s], conditions: {ready: true}}]
`, name, listener.Addr().(*net.TCPAddr).Port, bridge))
	return requests
}

// Both kinds of routes that Traefik serves, each for a host of its own.
const servedRoutes = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: web, namespace: gateway}]
  hostnames: [httproute.%[1]s]
  rules: [{backendRefs: [{name: shop, port: 80}]}]
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: {name: shop}
spec: {weighted: {services: [{name: shop, port: 80}]}}
---
apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata: {name: shop}
spec:
  entryPoints: [web]
  routes:
  - {kind: Rule, match: "Host(` + "`traefikservice.%[1]s`" + `)", services: [{kind: TraefikService, name: shop}]}
`

// asked are requests and where they are to arrive: the baseline's, the
// candidate's.
type asked struct {
	path   string
	header string // "name: value"
	cookie string
	want   [2]int64
}

func TestRealRequestsGoWhereThePlanSendsThem(t *testing.T) {
	cluster.Require(t, testcluster.Gateway)
	match := []k8s.Match{{Headers: map[string]string{"X-Tester": "yes"}}, {Cookies: map[string]string{"tester": "a.b"}, Path: "/cart"}}
	for name, c := range map[string]struct {
		kind    string
		routing k8s.Routing
		asked   []asked
	}{
		"weights": {"httproute", k8s.Routing{Opening: []int{75, 25}}, []asked{{want: [2]int64{75, 25}}}},
		"all":     {"httproute", k8s.Routing{Opening: []int{0, 100}}, []asked{{want: [2]int64{0, 100}}}},
		"match": {"httproute", k8s.Routing{Opening: []int{40, 60}, Match: match}, []asked{
			{header: "x-tester: yes", want: [2]int64{40, 60}},
			{header: "x-tester: no", want: [2]int64{100, 0}},
			{want: [2]int64{100, 0}},
			{path: "/cart", cookie: "tester=a.b", want: [2]int64{40, 60}},
			{path: "/cart/1", cookie: "x=1; tester=a.b; y=2", want: [2]int64{40, 60}},
			{path: "/carting", cookie: "tester=a.b", want: [2]int64{100, 0}},
			{path: "/cart", cookie: "mytester=a.b", want: [2]int64{100, 0}},
			{path: "/cart", cookie: "tester=a.bc", want: [2]int64{100, 0}},
			{path: "/cart", cookie: "tester=axb", want: [2]int64{100, 0}},
		}},
		"traefik's weights": {"traefikservice", k8s.Routing{Opening: []int{75, 25}}, []asked{{want: [2]int64{75, 25}}}},
		"traefik's mirror": {"traefikservice", k8s.Routing{Opening: []int{100, 0}, Mirror: &k8s.Mirror{To: "candidate", Percent: 25}},
			[]asked{{want: [2]int64{100, 25}}}},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := cluster.Namespace(t)
			requests := [2]*atomic.Int64{counted(t, namespace, "shop"), counted(t, namespace, "shop-canary")}
			cluster.Apply(t, namespace, fmt.Sprintf(servedRoutes, namespace))
			took(t, namespace, c.kind, c.routing)
			for _, a := range c.asked {
				cluster.Await(t, fmt.Sprintf("%+v", a), 20*time.Second, func(ctx context.Context) error {
					return hundred(ctx, c.kind+"."+namespace, a, requests)
				})
			}
		})
	}
}

// Traefik knows no mirrors of HTTPRoutes: it would answer users with errors
// 500, and say Accepted.
func TestMirrorThroughAGatewayThatCantIsRefused(t *testing.T) {
	cluster.Require(t, testcluster.Gateway)
	namespace := cluster.Namespace(t)
	requests := [2]*atomic.Int64{counted(t, namespace, "shop"), counted(t, namespace, "shop-canary")}
	cluster.Apply(t, namespace, fmt.Sprintf(servedRoutes, namespace))
	keeper := keeperOf(t, namespace, "httproute", k8s.Routing{Opening: []int{100, 0}, Mirror: &k8s.Mirror{To: "candidate", Percent: 25}})
	_, err := keeper.Take(t.Context())
	if err == nil || !strings.Contains(err.Error(), "gatewayclass/traefik does not say that it can do HTTPRouteRequestMirror") {
		t.Error(err)
	}
	cluster.Await(t, "users' answers", 20*time.Second, func(ctx context.Context) error {
		return hundred(ctx, "httproute."+namespace, asked{want: [2]int64{100, 0}}, requests)
	})
}

func keeperOf(t *testing.T, namespace, kind string, r k8s.Routing) *k8s.Keeper {
	t.Helper()
	c, err := connect(cluster.Kubeconfig, namespace)
	if err != nil {
		t.Fatal(err)
	}
	r.Route, r.Holder, r.Now, r.Tell = kind+"/shop", t.Name(), time.Now, func(string) {}
	r.Backends = []k8s.Backend{{Version: "baseline", Name: "shop"}, {Version: "candidate", Name: "shop-canary"}}
	keeper, err := k8s.NewKeeper(c, r)
	if err != nil {
		t.Fatal(err)
	}
	return keeper
}

// took has a keeper take the route for the length of the test.
func took(t *testing.T, namespace, kind string, r k8s.Routing) {
	t.Helper()
	keeper := keeperOf(t, namespace, kind, r)
	if _, err := keeper.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keeper.Leave(context.Background(), nil); err != nil {
			t.Error(err)
		}
	})
}

// hundred sends a hundred requests and is an error unless they arrive as they
// should. The gateway takes a moment to obey, and copies take one to arrive.
func hundred(ctx context.Context, host string, a asked, requests [2]*atomic.Int64) error {
	for _, r := range requests {
		r.Store(0)
	}
	for range 100 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, cluster.Gateway()+a.path, nil)
		if err != nil {
			return err
		}
		request.Host = host
		if a.cookie != "" {
			request.Header.Set("Cookie", a.cookie)
		}
		if a.header != "" {
			var name, value string
			if _, err := fmt.Sscanf(a.header, "%s %s", &name, &value); err != nil {
				return err
			}
			request.Header.Set(name[:len(name)-1], value)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("an answer %s", answer.Status)
		}
	}
	return arrived(ctx, a, requests)
}

func arrived(ctx context.Context, a asked, requests [2]*atomic.Int64) error {
	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for {
		got := [2]int64{requests[0].Load(), requests[1].Load()}
		if got == a.want {
			return nil
		}
		select {
		case <-soon.Done():
			return fmt.Errorf("%v of 100 requests arrived, want %v", got, a.want)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// mirrors makes a Gateway that says that it can mirror. No controller has it.
func mirrors(t *testing.T, namespace, name string) {
	t.Helper()
	cluster.Apply(t, namespace, fmt.Sprintf(`
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: mirrors}
spec: {controllerName: example.com/nobody}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %s}
spec: {gatewayClassName: mirrors, listeners: [{name: http, port: 80, protocol: HTTP}]}
`, name))
	status := []byte(`{"status": {"supportedFeatures": [{"name": "HTTPRouteRequestMirror"}, {"name": "HTTPRouteRequestPercentageMirror"}]}}`)
	classes := cluster.Objects().Resource(schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "gatewayclasses"})
	if _, err := classes.Patch(t.Context(), "mirrors", types.MergePatchType, status, metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
}
