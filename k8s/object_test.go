package k8s

import (
	"strings"
	"testing"
)

func TestObjectsAreWrittenAsKubectlHasThem(t *testing.T) {
	for _, c := range []struct {
		written  Object
		resource string
		name     string
		tells    string
	}{
		{Object{Object: "deployment/shop"}, "deployments.apps", "shop", ""},
		{Object{Object: "deploy/shop"}, "deployments.apps", "shop", ""},
		{Object{Object: "Deployments.apps/shop"}, "deployments.apps", "shop", ""},
		{Object{Object: "sts/db"}, "statefulsets.apps", "db", ""},
		{Object{Object: "ds/db"}, "daemonsets.apps", "db", ""},
		{Object{Object: "rs/db"}, "replicasets.apps", "db", ""},
		{Object{Object: "po/db"}, "pods", "db", ""},
		{Object{Object: "svc/db"}, "services", "db", ""},
		{Object{Object: "job/db"}, "jobs.batch", "db", ""},
		{Object{Object: "ksvc/db"}, "services.serving.knative.dev", "db", "Ready=True"},
		{Object{Object: "isvc/db"}, "inferenceservices.serving.kserve.io", "db", "Ready=True"},
		{Object{Object: "rollout/db"}, "rollouts.argoproj.io", "db", ""},
		{Object{Object: "certificates.cert-manager.io/web"}, "certificates.cert-manager.io", "web", "Ready=True"},
		{Object{Object: "gateway/web"}, "gateways.gateway.networking.k8s.io", "web", "Programmed=True"},
		{Object{Object: "pod/x condition=Ready"}, "pods", "x", "Ready=True"},
		{Object{Object: "pod/x  condition=Ready=false"}, "pods", "x", "Ready=False"},
		{Object{Object: "foos.example.com/x jsonpath={.status.phase}=Running"}, "foos.example.com", "x", "{.status.phase}=Running"},
		{Object{Object: "foos.example.com/x jsonpath={.a[?(@.b==\"c d\")].e}=f=g"}, "foos.example.com", "x", "{.a[?(@.b==\"c d\")].e}=f=g"},
		{Object{Object: "Foo.example.com/x", Condition: "Healthy"}, "foo.example.com", "x", "Healthy=True"},
		{Object{Object: "deployment/shop", Condition: "Available"}, "deployments.apps", "shop", "Available=True"},
		{Object{Object: "pod", Selector: "app=shop,track in (canary)"}, "pods", "", ""},
		{Object{Object: "deploy", Selector: "app=shop", Condition: "Available"}, "deployments.apps", "", "Available=True"},
	} {
		got, err := c.written.target("prod")
		if err != nil {
			t.Errorf("%+v: %v", c.written, err)
			continue
		}
		tells := ""
		if got.condition != nil {
			tells = got.condition.kind + "=" + got.condition.status
		}
		if got.path != nil {
			tells = got.path.expression + "=" + got.path.value
		}
		if got.kind.title() != c.resource || got.name != c.name || tells != c.tells || got.namespace != "prod" {
			t.Errorf("%+v: %s %q %q in %s", c.written, got.kind.title(), got.name, tells, got.namespace)
		}
	}
}

func TestWhatIsNoObjectIsSaid(t *testing.T) {
	for _, c := range []struct {
		written Object
		want    string
	}{
		{Object{}, "empty"},
		{Object{Object: "shop"}, `"shop" is no kind`},
		{Object{Object: "deployment"}, "names no object"},
		{Object{Object: "deployment/"}, "names no object"},
		{Object{Object: "/shop"}, "names no kind"},
		{Object{Object: "deploymnt/shop"}, "did you mean deployment?"},
		{Object{Object: "deployment/a/b"}, "not a name"},
		{Object{Object: "deployment/.."}, "not a name"},
		{Object{Object: "deployment/a%2fb"}, "not a name"},
		{Object{Object: "deployment/a,b"}, "not a name"},
		{Object{Object: "deployment/a", Namespace: "../x"}, "not a name"},
		{Object{Object: "deployment/a", Selector: "app=shop"}, "a name and a selector"},
		{Object{Object: "pod", Selector: "app=="}, ""},
		{Object{Object: "pod", Selector: "app in"}, "selector"},
		{Object{Object: "deployment", Selector: "app=shop"}, "needs a condition"},
		{Object{Object: "foos.example.com/x"}, "foos.example.com/x condition=Ready"},
		{Object{Object: "pod/x ready"}, "neither condition= nor jsonpath="},
		{Object{Object: "pod/x condition="}, "says nothing"},
		{Object{Object: "pod/x condition=Ready=maybe"}, "Ready=False"},
		{Object{Object: "pod/x condition=Ready", Condition: "Ready"}, "given twice"},
		{Object{Object: "pod/x", Condition: "Ready", JSONPath: "{.a}"}, "one or the other"},
		{Object{Object: "pod/x jsonpath={.a"}, "jsonpath"},
		{Object{Object: "pod/x jsonpath={.status.phase}!=Failed"}, "it asks for one value, with one ="},
		{Object{Object: "pod/x jsonpath={.status.phase}==Running"}, "it asks for one value, with one ="},
		{Object{Object: "pod/x jsonpath={.status.phase} = Running"}, "it asks for one value, with one ="},
		{Object{Object: "pod/x jsonpath=.status.phase!=Failed"}, "it asks for one value, with one ="},
		{Object{Object: "pod/x", JSONPath: "{.status.phase} or so"}, "it asks for one value, with one ="},
		{Object{Object: "deployment/Shop"}, "small letters"},
		{Object{Object: "deployment/shop-*"}, "small letters"},
		{Object{Object: "pod/x", Namespace: "Prod"}, "small letters"},
		{Object{Object: "foos.example.com/A_b condition=Ready"}, ""},
		{Object{Object: "localhost:8080/health"}, "URLs stand in ready.urls"},
		{Object{Object: "ci:hunter2@shop/health"}, "this is no object"},
	} {
		err := c.written.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.written, err, c.want)
		}
	}
}
