package k8s

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// printed are the rules of a manifest as "kind namespace/name: verbs resource.group names".
func printed(t *testing.T, manifest string) []string {
	t.Helper()
	var out []string
	for text := range strings.SplitSeq(manifest, "\n---\n") {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(text), &o.Object); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		out = append(out, o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName())
		for _, rule := range list(o.Object, "rules") {
			words := func(key string) string {
				all, _, err := unstructured.NestedStringSlice(rule, key)
				if err != nil {
					t.Fatal(err)
				}
				return strings.Join(all, ",")
			}
			out = append(out, strings.TrimRight(strings.Join([]string{words("verbs"), words("resources") + "." + words("apiGroups"), words("resourceNames")}, " "), " "))
		}
	}
	return out
}

func TestRightsAreThoseOfTheObjectsAlone(t *testing.T) {
	got := printed(t, RBAC("gate", "prod", Rules("prod", []Object{
		{Object: "deployment/shop"}, {Object: "deploy/cart"}, {Object: "pod/x condition=Ready"}, {Object: "ksvc/k", Namespace: "blue"},
		{Object: "Foo.example.com/z jsonpath={.a}=b", Namespace: "blue"}, {Object: "nonsense"},
	})))
	want := []string{
		"ServiceAccount prod/gate",
		"Role blue/gate",
		"get,list,watch events.",
		"get,list,watch foos.example.com z",
		"get,list,watch services.serving.knative.dev k",
		"RoleBinding blue/gate",
		"Role prod/gate",
		"get,list,watch events.",
		"get,list,watch pods.",
		"get,list,watch pods. x",
		"get pods/log.",
		"get,list,watch deployments.apps cart,shop",
		"get,list,watch replicasets.apps",
		"RoleBinding prod/gate",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A kind may be written by its name or by its resource.
func TestRightsNameTheResourceHoweverTheKindIsWritten(t *testing.T) {
	for written, want := range map[string]string{
		"virtualserver.k8s.nginx.org": "virtualservers", "virtualservers.k8s.nginx.org": "virtualservers",
		"VirtualService.networking.istio.io": "virtualservices", "ingress.networking.k8s.io": "ingresses", "ingresses.networking.k8s.io": "ingresses",
	} {
		moving, err := Routing{Namespace: "prod", Weights: []Weight{{Object: written + "/shop", Path: ".spec.w", Version: "candidate"}}, Backends: services}.Rules()
		if err != nil {
			t.Fatal(err)
		}
		waiting := Rules("prod", []Object{{Object: written + "/shop condition=Ready"}})
		if got := moving[len(moving)-1].Resource; got != want || waiting[0].Resource != want {
			t.Errorf("%s: to move %s, to wait %s, want %s", written, got, waiting[0].Resource, want)
		}
	}
}

func TestRightsOfOthersAreAddedToThem(t *testing.T) {
	rules := append(Rules("prod", []Object{{Object: "service/shop"}}),
		Rule{Namespace: "prod", Resource: "services", Verbs: []string{"patch", "get"}, Names: []string{"shop"}, Why: "to\nroute"},
		Rule{Group: "example.com", Resource: "foos", Verbs: []string{"get"}, Why: "of the whole cluster"})
	got := printed(t, RBAC("gate", "prod", rules))
	for _, want := range []string{"ClusterRole /gate", "ClusterRoleBinding /gate", "get foos.example.com", "get,patch services. shop", "get,list,watch services. shop", "get,list,watch endpointslices.discovery.k8s.io"} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// What is quoted in the manifest is the trial file's, and may be anybody's.
func TestNoNameBreaksOutOfTheManifest(t *testing.T) {
	for _, name := range []string{"x\"]\n  verbs: [\"*\"]\n#", "x: y", "x # y", "*", "x\\", "'x'", "x\u2028y"} {
		manifest := RBAC(name, "prod", []Rule{{Namespace: "prod", Resource: "pods", Verbs: []string{"get"}, Names: []string{name}, Why: name}})
		var role unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(strings.Split(manifest, "\n---\n")[1]), &role.Object); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		rules := list(role.Object, "rules")
		if len(rules) != 1 || role.GetName() != name {
			t.Errorf("%q: %v", name, role.Object)
			continue
		}
		verbs, _, _ := unstructured.NestedStringSlice(rules[0], "verbs")
		names, _, _ := unstructured.NestedStringSlice(rules[0], "resourceNames")
		if cmp.Diff([]string{"get"}, verbs)+cmp.Diff([]string{name}, names) != "" {
			t.Errorf("%q: %q %q", name, verbs, names)
		}
	}
}
