package k8s

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Rules are the rights that a trial with this route needs in its namespace.
func (r Routing) Rules() ([]Rule, error) {
	known, name, err := r.router()
	if err != nil {
		return nil, err
	}
	rules := append(lockRules(r.Namespace, wordOf(known.group)+"/"+name), objectRule(r.Namespace, known.group, name))
	if known.needs != nil && r.Mirror != nil {
		rules = append(rules, featureRules(name)...)
	}
	if known.others == nil {
		return rules, nil
	}
	// Which further objects there are hangs on the backends alone.
	route := &unstructured.Unstructured{Object: map[string]any{}}
	route.SetNamespace(r.Namespace)
	others, err := known.others(route, r.Backends, r.Sticky)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		rules = append(rules, objectRule(r.Namespace, o.group, o.name))
	}
	return rules, nil
}

func objectRule(namespace string, kind schema.GroupKind, name string) Rule {
	return Rule{
		Namespace: namespace, Group: kind.Group, Resource: pluralOf(kind.Kind), Names: []string{name},
		Verbs: []string{"get", "watch", "update"}, Why: "to move the traffic of " + name + " and to bring it back",
	}
}

// lockRules are for the lease of a route. No role can name what is created.
func lockRules(namespace, route string) []Rule {
	lock := Rule{Namespace: namespace, Group: leases.Group, Resource: leases.Resource, Why: "the lock of " + route}
	create, hold := lock, lock
	create.Verbs = []string{"create"}
	hold.Verbs, hold.Names = []string{"get", "update", "delete"}, []string{leaseName(route)}
	return []Rule{create, hold}
}

// featureRules are of the whole cluster: classes are, and a route's gateways
// may be in any namespace.
func featureRules(name string) []Rule {
	var rules []Rule
	for _, resource := range []string{"gateways", "gatewayclasses"} {
		rules = append(rules, Rule{Group: gatewayGroup, Resource: resource, Verbs: []string{"get"}, Why: "whether the gateway of " + name + " can mirror"})
	}
	return rules
}
