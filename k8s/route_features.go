package k8s

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const gatewayGroup = "gateway.networking.k8s.io"

// gatewayNeeds are features of the Gateway API that not every gateway has and
// that a plan can't do without. By the API a gateway that does not know a
// filter answers each request of its rule with an error 500: Traefik 3.6 does
// so for mirrors, and says Accepted all the same. There are no features of
// GRPCRoutes' mirrors, so a gateway is believed that mirrors HTTP.
func gatewayNeeds(route object, p Plan) []string {
	if p.Mirror == nil {
		return nil
	}
	needs := []string{"HTTPRouteRequestMirror"}
	if p.Mirror.Percent < 100 {
		needs = append(needs, "HTTPRouteRequestPercentageMirror")
	}
	rules, _ := listAt(route.Object, "spec", "rules")
	for _, rule := range rules {
		filters, _ := listAt(rule, "filters")
		if slices.ContainsFunc(filters, func(f fields) bool { return f["type"] == "RequestMirror" }) {
			return append(needs, "HTTPRouteRequestMultipleMirrors")
		}
	}
	return needs
}

// supported is an error unless everything that carries the route says that it
// has the features that the plan needs. It is to be asked before the plan is
// applied: afterwards users would find out.
func (c *Cluster) supported(ctx context.Context, r router, route object, p Plan) error {
	if r.needs == nil {
		return nil
	}
	needs := r.needs(route, p)
	if len(needs) == 0 {
		return nil
	}
	parents, err := listAt(route.Object, "spec", "parentRefs")
	if err != nil {
		return err
	}
	for _, parent := range parents {
		class, has, err := c.featuresOf(ctx, parent, route.GetNamespace())
		if err != nil {
			return fmt.Errorf("whether its gateway can mirror: %w", err)
		}
		for _, need := range needs {
			if !slices.Contains(has, need) {
				return fmt.Errorf("gatewayclass/%s does not say that it can do %s (status.supportedFeatures), and a gateway that can't answers users with errors: "+
					"leave mirror away, or use %s", class, need, whoCan(func(a abilities) bool { return a.mirror }))
			}
		}
	}
	return nil
}

// featuresOf are the features of a parent's class, and its name.
func (c *Cluster) featuresOf(ctx context.Context, parent fields, namespace string) (class string, has []string, err error) {
	kind, name, err := parentName(parent)
	if err != nil {
		return "", nil, err
	}
	if kind != "Gateway" {
		return "", nil, fmt.Errorf("parent %s is a %s, which does not say what it can do: leave mirror away", name, kind)
	}
	if other, _ := parent["namespace"].(string); other != "" {
		namespace = other
	}
	gateway, err := c.get(ctx, schema.GroupKind{Group: gatewayGroup, Kind: "Gateway"}, namespace, name)
	if err != nil {
		return "", nil, err
	}
	class, _, err = unstructured.NestedString(gateway.Object, "spec", "gatewayClassName")
	if err != nil {
		return "", nil, err
	}
	of, err := c.get(ctx, schema.GroupKind{Group: gatewayGroup, Kind: "GatewayClass"}, "", class)
	if err != nil {
		return "", nil, err
	}
	features, err := listAt(of.Object, "status", "supportedFeatures")
	for _, f := range features {
		if name, ok := f["name"].(string); ok {
			has = append(has, name)
		}
	}
	return class, has, err
}

func parentName(parent fields) (kind, name string, err error) {
	if kind, err = textAt(parent, "kind"); err != nil {
		return "", "", err
	}
	if kind == "" {
		kind = "Gateway"
	}
	name, err = textAt(parent, "name")
	return kind, name, err
}

// get reads an object for a mirror; who may not read it gets no mirror.
func (c *Cluster) get(ctx context.Context, kind schema.GroupKind, namespace, name string) (object, error) {
	resource, err := c.resource(kind, namespace)
	if err != nil {
		return nil, err
	}
	o, err := resource.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading %s %q, which a mirror needs the right to: %w", kind.Kind, name, err)
	}
	return o, nil
}
