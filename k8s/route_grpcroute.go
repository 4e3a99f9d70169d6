package k8s

import (
	"fmt"
	"reflect"
	"strings"
)

// grpcRoute is the Gateway API's GRPCRoute, v1. The path of a match is a
// service or a method of it: /shop.Cart or /shop.Cart/Add.
//
// https://gateway-api.sigs.k8s.io/reference/spec/#grpcrouterule
func grpcRoute() router {
	g := gateway{all: fields{}, both: grpcBoth, rank: grpcRank, apart: grpcApart}
	return g.router("grpcroute", "GRPCRoute")
}

func grpcBoth(rule fields, m Match) (fields, bool, error) {
	both := copyOf(rule)
	if path := strings.Trim(m.Path, "/"); path != "" {
		method, ok, err := narrowMethod(both, path)
		if err != nil || !ok {
			return nil, false, err
		}
		both["method"] = method
	}
	ok, err := addHeaders(both, m)
	return both, ok, err
}

// narrowMethod is the method of a match, narrowed to a service or a method.
func narrowMethod(match fields, path string) (fields, bool, error) {
	service, method, _ := strings.Cut(path, "/")
	has, err := mapAt(match, "method")
	if err != nil {
		return nil, false, err
	}
	if kind := has["type"]; kind != nil && kind != "Exact" {
		return nil, false, fmt.Errorf("it matches methods by %v, which can't be joined with the path %q of the trial's match", kind, path)
	}
	hasService, err := textAt(has, "service")
	if err != nil {
		return nil, false, err
	}
	hasMethod, err := textAt(has, "method")
	if err != nil {
		return nil, false, err
	}
	if hasService != "" && hasService != service || hasMethod != "" && method != "" && hasMethod != method {
		return nil, false, nil
	}
	out := fields{"type": "Exact", "service": service}
	if method+hasMethod != "" {
		out["method"] = max(method, hasMethod) // they are equal, or one is empty
	}
	return out, true, nil
}

// grpcRank: the longer service, the longer method, more headers.
func grpcRank(match fields) []int {
	method, _ := match["method"].(fields)
	service, _ := method["service"].(string)
	name, _ := method["method"].(string)
	return []int{len(service), len(name), length(match["headers"])}
}

func grpcApart(a, b fields) bool {
	am, _ := a["method"].(fields)
	bm, _ := b["method"].(fields)
	for _, key := range []string{"service", "method"} {
		exact := am["type"] != "RegularExpression" && bm["type"] != "RegularExpression"
		if exact && am[key] != nil && bm[key] != nil && !reflect.DeepEqual(am[key], bm[key]) {
			return true
		}
	}
	return headersApart(a, b)
}
