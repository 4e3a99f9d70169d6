package k8s

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// traefikService is Traefik's TraefikService, traefik.io/v1alpha1. It is
// either weighted or mirroring, so it mirrors only while the baseline has
// everything.
//
// https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/traefikservice/
func traefikService() router {
	return router{
		word:   "traefikservice",
		group:  schema.GroupKind{Group: "traefik.io", Kind: "TraefikService"},
		can:    abilities{mirror: true, byCookie: true},
		limits: traefikLimits,
		owns:   [][]string{{"spec", "weighted"}, {"spec", "mirroring"}},
		shares: traefikShares,
		apply:  traefikApply,
	}
}

func traefikLimits(p Plan) error {
	if p.Mirror == nil {
		return nil
	}
	if p.Weights[0] != 100 {
		return fmt.Errorf("traefikservice either mirrors or shares: with a mirror the baseline has 100, not %d; %s can do both",
			p.Weights[0], whoCan(func(a abilities) bool { return a.mirror && a.paths }))
	}
	if p.Sticky != nil {
		return fmt.Errorf("traefikservice either mirrors or shares: with a mirror no user meets another version, so leave sticky away")
	}
	return nil
}

// traefikForm is a TraefikService read: the services that get its requests,
// with the place of each version's, and those that get copies.
type traefikForm struct {
	spec     fields
	services []fields
	at       []int
	mirrors  []fields
	copied   []int // place of each version's mirror, or -1
}

func traefikRead(service object, backends []Backend) (traefikForm, error) {
	spec, err := mapAt(service.Object, "spec")
	if err != nil {
		return traefikForm{}, err
	}
	f := traefikForm{spec: spec, copied: slices.Repeat([]int{-1}, len(backends))}
	nameOf := func(s fields) (string, int, error) { return traefikName(s, service.GetNamespace()) }
	switch {
	case spec["weighted"] != nil: // it wins where both are given
		f.services, err = listAt(spec, "weighted", "services")
	case spec["mirroring"] != nil:
		f.mirrors, err = traefikMirrors(&f, nameOf, backends)
	default:
		err = fmt.Errorf("it is neither weighted nor mirroring: only those have versions to share among")
	}
	if err != nil {
		return f, err
	}
	f.at, err = places(f.services, backends, nameOf)
	return f, err
}

func traefikMirrors(f *traefikForm, nameOf func(fields) (string, int, error), backends []Backend) ([]fields, error) {
	main, err := mapAt(f.spec, "mirroring")
	if err != nil {
		return nil, err
	}
	f.services = []fields{main}
	mirrors, err := listAt(main, "mirrors")
	if err != nil {
		return nil, err
	}
	for i, m := range mirrors {
		name, port, err := nameOf(m)
		if err != nil {
			return nil, err
		}
		if v := backendIndex(backends, name, port); v >= 0 {
			f.copied[v] = i
		}
	}
	return mirrors, nil
}

func traefikName(service fields, namespace string) (string, int, error) {
	port, isText := service["port"].(string)
	if isText && port != "" { // a port by name is not to be compared with a number
		service = copyOf(service)
		delete(service, "port")
	}
	return gatewayRef(service, namespace)
}

func traefikShares(objects []object, backends []Backend) ([]int, error) {
	f, err := traefikRead(objects[0], backends)
	if err != nil {
		return nil, err
	}
	return weightsAt(f.services, f.at, 1)
}

func traefikApply(objects []object, backends []Backend, p Plan) error {
	f, err := traefikRead(objects[0], backends)
	if err != nil {
		return err
	}
	if p.Mirror != nil {
		return f.mirror(backends, p.Mirror)
	}
	if f.spec["weighted"] == nil {
		if err := f.toWeighted(); err != nil {
			return err
		}
	}
	return f.share(backends, p)
}

func (f traefikForm) share(backends []Backend, p Plan) error {
	for v, i := range f.at {
		if i < 0 {
			i = len(f.services)
			f.services = append(f.services, f.like(backends, v))
		}
		f.services[i]["weight"] = int64(p.Weights[v])
	}
	weighted, err := mapInto(f.spec, "weighted")
	if err != nil {
		return err
	}
	weighted["services"] = anyList(f.services)
	if p.Sticky == nil {
		return nil
	}
	cookie, err := mapInto(weighted, "sticky", "cookie")
	if err != nil {
		return err
	}
	cookie["name"] = p.Sticky.Cookie
	return nil
}

// like is a version's service, like the baseline's but for name and port.
func (f traefikForm) like(backends []Backend, v int) fields {
	if at := f.at[v]; at >= 0 {
		return copyOf(f.services[at])
	}
	out := copyOf(f.services[f.at[0]])
	gatewayName(out, backends[v])
	return out
}

// mirror turns the service into one that mirrors the baseline's.
func (f traefikForm) mirror(backends []Backend, m *Mirror) error {
	to := slices.IndexFunc(backends, func(b Backend) bool { return b.Version == m.To })
	kept := []fields{}
	for i, mirror := range f.mirrors {
		if !slices.Contains(f.copied, i) {
			kept = append(kept, mirror)
		}
	}
	copied := f.like(backends, to)
	if at := f.copied[to]; at >= 0 {
		copied = f.mirrors[at]
	}
	for _, key := range []string{"weight", "mirrors", "mirrorBody", "maxBodySize"} {
		delete(copied, key)
	}
	copied["percent"] = int64(m.Percent)
	main := copyOf(f.services[f.at[0]])
	delete(main, "weight")
	main["mirrors"] = anyList(append(kept, copied))
	delete(f.spec, "weighted")
	f.spec["mirroring"] = main
	return nil
}

// toWeighted turns a service back that mirrors to versions alone.
func (f *traefikForm) toWeighted() error {
	for i := range f.mirrors {
		if !slices.Contains(f.copied, i) {
			return fmt.Errorf("it mirrors to what is no version, and a service that mirrors can't share: " +
				"share in a TraefikService of its own, to which this one sends")
		}
	}
	main := copyOf(f.services[0])
	for _, key := range []string{"mirrors", "mirrorBody", "maxBodySize"} {
		delete(main, key)
	}
	f.services = []fields{main}
	for v, i := range f.copied {
		if i < 0 {
			continue
		}
		service := copyOf(f.mirrors[i])
		delete(service, "percent")
		f.at[v] = len(f.services)
		f.services = append(f.services, service)
	}
	delete(f.spec, "mirroring")
	return nil
}
