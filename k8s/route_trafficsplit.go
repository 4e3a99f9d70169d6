package k8s

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// trafficSplit is the Service Mesh Interface's TrafficSplit, v1alpha2 to
// v1alpha4. Its matches name HTTPRouteGroups, which are left as they are: with
// them a split shares only requests that match, and others go to its root
// service.
//
// https://github.com/servicemeshinterface/smi-spec/blob/main/apis/traffic-split
func trafficSplit() router {
	return router{
		word:   "trafficsplit",
		group:  schema.GroupKind{Group: "split.smi-spec.io", Kind: "TrafficSplit"},
		owns:   [][]string{{"spec", "backends"}},
		shares: trafficSplitShares,
		apply:  trafficSplitApply,
	}
}

func trafficSplitShares(objects []object, backends []Backend) ([]int, error) {
	items, at, err := trafficSplitBackends(objects[0], backends)
	if err != nil {
		return nil, err
	}
	return weightsAt(items, at, 0)
}

// weightsAt are the percents of the items at these places; missing is what an
// item without a weight has.
func weightsAt(items []fields, at []int, missing int) ([]int, error) {
	weights := make([]int, len(at))
	for v, i := range at {
		if i < 0 {
			continue
		}
		var err error
		if weights[v], err = countAt(items[i], "weight", missing); err != nil {
			return nil, err
		}
	}
	return percents(weights), nil
}

func trafficSplitBackends(split object, backends []Backend) ([]fields, []int, error) {
	items, err := listAt(split.Object, "spec", "backends")
	if err != nil {
		return nil, nil, err
	}
	at, err := places(items, backends, func(item fields) (string, int, error) {
		name, err := textAt(item, "service")
		return name, 0, err
	})
	return items, at, err
}

// places are where in a list of destinations each backend stands, or -1. The
// baseline must be there and nothing that is of no version.
func places(items []fields, backends []Backend, nameOf func(fields) (name string, port int, err error)) ([]int, error) {
	at := make([]int, len(backends))
	for v := range at {
		at[v] = -1
	}
	for i, item := range items {
		name, port, err := nameOf(item)
		if err != nil {
			return nil, err
		}
		v := backendIndex(backends, name, port)
		if v < 0 {
			return nil, strangeBackend(name, backends)
		}
		if at[v] >= 0 {
			return nil, namedTwice(name)
		}
		at[v] = i
	}
	if at[0] < 0 {
		return nil, fmt.Errorf("it does not send to the baseline's backend %q", backends[0].Name)
	}
	return at, nil
}

func namedTwice(name string) error {
	return fmt.Errorf("backend %q is named twice: which is to be moved? Give the version's port, or leave one", name)
}

func trafficSplitApply(objects []object, backends []Backend, p Plan) error {
	items, at, err := trafficSplitBackends(objects[0], backends)
	if err != nil {
		return err
	}
	for v, i := range at {
		if i < 0 {
			items, i = append(items, fields{"service": backends[v].Name}), len(items)
		}
		items[i]["weight"] = int64(p.Weights[v])
	}
	objects[0].Object["spec"].(fields)["backends"] = anyList(items)
	return nil
}
