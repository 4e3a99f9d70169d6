package k8s

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// fixedKinds are a mapper that has nothing to forget.
type fixedKinds struct{ *meta.DefaultRESTMapper }

func (fixedKinds) Reset() {}

func TestMirrorNeedsAGatewayThatSaysItCan(t *testing.T) {
	const one = "spec: {parentRefs: [{name: public, namespace: edge}], rules: [{backendRefs: [{name: shop}]}]}"
	const audited = "spec: {parentRefs: [{name: public, namespace: edge}], rules: [{filters: [{type: RequestMirror}], backendRefs: [{name: shop}]}]}"
	all := &Mirror{To: "candidate", Percent: 100}
	for _, c := range []struct {
		name, route, features string
		mirror                *Mirror
		err                   string
	}{
		{"can", one, "[{name: HTTPRoute}, {name: HTTPRouteRequestMirror}]", all, ""},
		{"can by percent", one, "[{name: HTTPRouteRequestMirror}, {name: HTTPRouteRequestPercentageMirror}]", &Mirror{To: "candidate", Percent: 5}, ""},
		{"all or nothing", one, "[{name: HTTPRouteRequestMirror}]", &Mirror{To: "candidate", Percent: 5}, "can do HTTPRouteRequestPercentageMirror"},
		{"one alone", audited, "[{name: HTTPRouteRequestMirror}]", all, "can do HTTPRouteRequestMultipleMirrors"},
		{"can't", one, "[{name: HTTPRoute}]", all, "gatewayclass/traefik does not say that it can do HTTPRouteRequestMirror"},
		{"says nothing", one, "null", all, "does not say that it can do HTTPRouteRequestMirror"},
		{"no mirror is asked for", one, "null", nil, ""},
		{"another gateway", "spec: {parentRefs: [{name: other}], rules: []}", "[]", all, `reading Gateway "other", which a mirror needs the right to`},
		{"a mesh", "spec: {parentRefs: [{kind: Service, name: shop}], rules: []}", "[]", all, "is a Service, which does not say what it can do"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster := gateways(t, c.features)
			r, _ := routerFor("httproute")
			err := cluster.supported(t.Context(), r, routeOf(t, c.route), Plan{Weights: []int{100, 0}, Mirror: c.mirror})
			if c.err != "" {
				wantError(t, err, c.err)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// gateways is a cluster with one Gateway, whose class has these features.
func gateways(t *testing.T, features string) *Cluster {
	t.Helper()
	v1 := schema.GroupVersion{Group: gatewayGroup, Version: "v1"}
	kinds := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1})
	kinds.AddSpecific(v1.WithKind("Gateway"), v1.WithResource("gateways"), v1.WithResource("gateway"), meta.RESTScopeNamespace)
	kinds.Add(v1.WithKind("GatewayClass"), meta.RESTScopeRoot)
	objects := map[string]object{
		"/apis/gateway.networking.k8s.io/v1/namespaces/edge/gateways/public": routeOf(t, "spec: {gatewayClassName: traefik}"),
		"/apis/gateway.networking.k8s.io/v1/gatewayclasses/traefik":          routeOf(t, "status: {supportedFeatures: "+features+"}"),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, ok := objects[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(o)
	}))
	t.Cleanup(server.Close)
	client, err := dynamic.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return &Cluster{kinds: fixedKinds{kinds}, objects: client}
}
