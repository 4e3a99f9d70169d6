package k8s

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// istioDestinationRules are the DestinationRules of the hosts whose subsets
// are the versions, if users are to be kept. By Istio's habit each is named
// like its service.
func istioDestinationRules(service object, backends []Backend, s *Sticky) ([]part, error) {
	if s == nil {
		return nil, nil
	}
	var parts []part
	seen := map[string]bool{}
	for _, b := range backends {
		host, subset, _ := strings.Cut(b.Name, "/")
		name, _, _ := strings.Cut(host, ".")
		if subset == "" {
			continue
		}
		here := istioHost(name, service.GetNamespace())
		if istioHost(host, service.GetNamespace()) != here && !strings.HasPrefix(here, host+".") { // shop.prod, shop.prod.svc
			return nil, fmt.Errorf("backend %q: its DestinationRule is in another namespace, where the trial does not write: leave sticky away", b.Name)
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		parts = append(parts, part{
			group: schema.GroupKind{Group: "networking.istio.io", Kind: "DestinationRule"},
			name:  name,
			owns:  [][]string{{"spec", "trafficPolicy", "loadBalancer"}},
		})
	}
	return parts, nil
}

// istioHashes makes the rules of subsets keep a user at one pod by a cookie
// that Istio sets itself: the version's own has one value for all its users.
func istioHashes(rules []object, backends []Backend, p Plan) error {
	if p.Sticky == nil {
		return nil
	}
	for _, rule := range rules {
		if err := istioSubsets(rule, backends); err != nil {
			return fmt.Errorf("destinationrule/%s: %w", rule.GetName(), err)
		}
		balancer, err := mapInto(rule.Object, "spec", "trafficPolicy", "loadBalancer")
		if err != nil {
			return fmt.Errorf("destinationrule/%s: %w", rule.GetName(), err)
		}
		delete(balancer, "simple") // it can't stand beside a hash
		balancer["consistentHash"] = fields{
			"httpCookie": fields{"name": p.Sticky.Cookie + "-pod", "path": "/", "ttl": "0s"}, // 0s: as long as the browser is open
		}
	}
	return nil
}

// istioSubsets makes sure that the rule is of the versions' host and has their
// subsets.
func istioSubsets(rule object, backends []Backend) error {
	host, _, err := unstructured.NestedString(rule.Object, "spec", "host")
	if err != nil {
		return err
	}
	subsets, err := listAt(rule.Object, "spec", "subsets")
	if err != nil {
		return err
	}
	for _, b := range backends {
		bHost, subset, _ := strings.Cut(b.Name, "/")
		if name, _, _ := strings.Cut(bHost, "."); subset == "" || name != rule.GetName() {
			continue
		}
		if istioHost(host, rule.GetNamespace()) != istioHost(bHost, rule.GetNamespace()) {
			return fmt.Errorf("it is of host %q, and the backend %q is not", host, b.Name)
		}
		if !slices.ContainsFunc(subsets, func(s fields) bool { return s["name"] == subset }) {
			return fmt.Errorf("it has no subset %q", subset)
		}
	}
	return nil
}
