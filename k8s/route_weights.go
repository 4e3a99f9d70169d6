package k8s

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Weight is where an object holds a version's percent.
type Weight struct {
	Object  string `yaml:"object"`   // kind.group/name, as kubectl has it
	Path    string `yaml:"jsonpath"` // of one field: .spec.http[0].route[1].weight
	Version string `yaml:"version"`  // Version.Name
}

// weights shares by fields of any objects. One version may have none: it has
// what the others leave.
func weights(of []Weight) router {
	r := router{
		word:   "weights",
		can:    abilities{unnamed: true},
		shares: func(objects []object, backends []Backend) ([]int, error) { return weightShares(of, objects, backends) },
		apply: func(objects []object, backends []Backend, p Plan) error {
			return weightApply(of, objects, backends, p)
		},
	}
	return r
}

// weightsRouter is the router of these fields, and the name of the first
// object, which is its route. Kinds are as they were written: the API server
// knows them by the names of resources too.
func weightsRouter(of []Weight) (router, string, error) {
	parts, err := weightParts(of)
	if err != nil {
		return router{}, "", err
	}
	r := weights(of)
	r.group, r.owns = parts[0].group, parts[0].owns
	r.others = func(object, []Backend, *Sticky) ([]part, error) { return parts[1:], nil }
	return r.checked(), parts[0].name, nil
}

// CheckWeights says what is wrong with the fields of a trial's versions.
func CheckWeights(of []Weight, versions []string) error {
	if _, err := weightParts(of); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, w := range of {
		if !slices.Contains(versions, w.Version) {
			return fmt.Errorf("weight of version %q: no version has this name; there are %s", w.Version, list(versions))
		}
		if seen[w.Version] {
			return fmt.Errorf("version %q has two weights", w.Version)
		}
		seen[w.Version] = true
	}
	if len(seen) < len(versions)-1 {
		return fmt.Errorf("%d of %d versions have a weight: all but one must, which has what is left", len(seen), len(versions))
	}
	return nil
}

// weightParts are the objects of the weights, each once, with its fields.
func weightParts(of []Weight) ([]part, error) {
	if len(of) == 0 {
		return nil, fmt.Errorf("no weights are given: which fields of which objects hold each version's percent?")
	}
	var parts []part
	var seen []string
	for _, w := range of {
		path, err := fieldPath(w.Path)
		if err != nil {
			return nil, fmt.Errorf("weight of version %q: %w", w.Version, err)
		}
		kind, name, found := strings.Cut(w.Object, "/")
		if !found || kind == "" || name == "" || strings.Contains(name, "/") {
			return nil, fmt.Errorf("weight of version %q: object %q is to be written kind.group/name, as virtualservice.networking.istio.io/shop", w.Version, w.Object)
		}
		at := slices.Index(seen, w.Object)
		if at < 0 {
			at, seen = len(seen), append(seen, w.Object)
			parts = append(parts, part{group: schema.ParseGroupKind(kind), name: name})
		}
		owned := path.owned()
		if !slices.ContainsFunc(parts[at].owns, func(o []string) bool { return slices.Equal(o, owned) }) {
			parts[at].owns = append(parts[at].owns, owned)
		}
	}
	return parts, nil
}

// weightShares reads percents, or relative weights where every version has one.
func weightShares(of []Weight, objects []object, backends []Backend) ([]int, error) {
	found := make([]int, len(backends))
	unset, err := weightEach(of, objects, backends, func(v int, o object, path fieldKeys) error {
		value, err := path.get(o.Object)
		if err != nil {
			return err
		}
		if text, ok := value.(string); ok {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return fmt.Errorf("%s is %q: it should be a whole number", path, text)
			}
			value = n
		}
		if value != nil {
			found[v], err = count(value, path.String())
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if unset < 0 {
		return percents(found), nil
	}
	sum := 0
	for _, w := range found {
		sum += w
	}
	if sum > 100 {
		return nil, fmt.Errorf("weights of all versions but %q sum to %d, more than 100", backends[unset].Version, sum)
	}
	found[unset] = 100 - sum
	return found, nil
}

func weightApply(of []Weight, objects []object, backends []Backend, p Plan) error {
	_, err := weightEach(of, objects, backends, func(v int, o object, path fieldKeys) error {
		return path.set(o.Object, p.Weights[v])
	})
	return err
}

// weightEach visits each version's field. It returns the version without one,
// or -1.
func weightEach(of []Weight, objects []object, backends []Backend, visit func(v int, o object, path fieldKeys) error) (int, error) {
	if err := CheckWeights(of, versionsOf(backends)); err != nil {
		return -1, err
	}
	unset := -1
	for v, b := range backends {
		at := slices.IndexFunc(of, func(w Weight) bool { return w.Version == b.Version })
		if at < 0 {
			unset = v
			continue
		}
		path, err := fieldPath(of[at].Path)
		if err != nil {
			return -1, err
		}
		if err := visit(v, objects[weightObject(of, at)], path); err != nil {
			return -1, fmt.Errorf("%s: %w", of[at].Object, err)
		}
	}
	return unset, nil
}

// weightObject is the place among the router's objects of a weight's.
func weightObject(of []Weight, at int) int {
	var seen []string
	for _, w := range of {
		i := slices.Index(seen, w.Object)
		if i < 0 {
			i, seen = len(seen), append(seen, w.Object)
		}
		if w.Object == of[at].Object {
			return i
		}
	}
	return -1
}
