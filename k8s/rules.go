package k8s

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Rules are the rights that the trial of a route needs. Further objects of some
// kinds of routes are known only from the route: then it is read.
func (k *Keeper) Rules(ctx context.Context) ([]Rule, error) {
	rules := append(lockRules(k.Namespace, k.Route), objectRule(k.Namespace, k.router.group, k.name))
	if k.router.others == nil {
		return rules, nil
	}
	objects, err := k.objects(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range objects[1:] {
		rules = append(rules, objectRule(k.Namespace, o.group, o.name))
	}
	return rules, nil
}

func objectRule(namespace string, kind schema.GroupKind, name string) Rule {
	resource, _ := meta.UnsafeGuessKindToResource(kind.WithVersion(""))
	return Rule{
		Namespace: namespace, Group: kind.Group, Resource: resource.Resource, Names: []string{name},
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
