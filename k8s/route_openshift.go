package k8s

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// openshiftRoute is OpenShift's Route, v1: the service in to and up to three
// alternateBackends, with relative weights of 0 to 256. HAProxy keeps to the
// weights if it balances by roundrobin, and keeps each user at a pod by a
// cookie of its own unless the route disables that.
//
// https://docs.redhat.com/en/documentation/openshift_container_platform (Route-specific annotations)
func openshiftRoute() router {
	return router{
		word:  "openshiftroute",
		group: schema.GroupKind{Group: "route.openshift.io", Kind: "Route"},
		can:   abilities{versions: 4, byCookie: true},
		owns: [][]string{
			{"spec", "to", "weight"},
			{"spec", "alternateBackends"},
			{"metadata", "annotations", haproxyBalance},
			{"metadata", "annotations", haproxyNoCookies},
			{"metadata", "annotations", haproxyCookie},
		},
		shares: openshiftShares,
		apply:  openshiftApply,
		live:   openshiftLive,
	}
}

const (
	haproxyBalance   = "haproxy.router.openshift.io/balance"
	haproxyNoCookies = "haproxy.router.openshift.io/disable_cookies"
	haproxyCookie    = "router.openshift.io/cookie_name"

	// openshiftWeight is what the API server gives a service without a weight.
	openshiftWeight = 100
)

func openshiftBackends(route object, backends []Backend) ([]fields, []int, error) {
	to, err := mapAt(route.Object, "spec", "to")
	if err != nil {
		return nil, nil, err
	}
	if to == nil {
		return nil, nil, fmt.Errorf("it has no spec.to")
	}
	others, err := listAt(route.Object, "spec", "alternateBackends")
	if err != nil {
		return nil, nil, err
	}
	items := append([]fields{to}, others...)
	at, err := places(items, backends, func(item fields) (string, int, error) {
		name, err := textAt(item, "name")
		return name, 0, err
	})
	return items, at, err
}

func openshiftShares(objects []object, backends []Backend) ([]int, error) {
	items, at, err := openshiftBackends(objects[0], backends)
	if err != nil {
		return nil, err
	}
	return weightsAt(items, at, openshiftWeight)
}

func openshiftApply(objects []object, backends []Backend, p Plan) error {
	items, at, err := openshiftBackends(objects[0], backends)
	if err != nil {
		return err
	}
	for v, i := range at {
		if i < 0 {
			items, i = append(items, fields{"kind": "Service", "name": backends[v].Name}), len(items)
		}
		items[i]["weight"] = int64(p.Weights[v])
	}
	spec := objects[0].Object["spec"].(fields)
	spec["alternateBackends"] = anyList(items[1:])
	notes, err := mapInto(objects[0].Object, "metadata", "annotations")
	if err != nil {
		return err
	}
	notes[haproxyBalance] = "roundrobin"
	if p.Sticky == nil {
		return nil
	}
	if tls, _ := mapAt(spec, "tls"); tls["termination"] == "passthrough" {
		return fmt.Errorf("its TLS passes through, so the router can't set a cookie: leave sticky away")
	}
	notes[haproxyCookie] = p.Sticky.Cookie
	delete(notes, haproxyNoCookies)
	return nil
}

// openshiftLive: every router that exposes the route has admitted it. The
// condition does not tell of which state it is.
func openshiftLive(route object) (bool, string) {
	routers, err := listAt(route.Object, "status", "ingress")
	if err != nil {
		return false, err.Error()
	}
	if len(routers) == 0 {
		return false, "no router exposes the route yet"
	}
	for _, r := range routers {
		if ok, why := conditionTrue(r, "Admitted", 0); !ok {
			return false, fmt.Sprintf("router %v: %s", r["routerName"], why)
		}
	}
	return true, ""
}
