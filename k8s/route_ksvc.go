package k8s

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ksvc is Knative's Service, v1. A backend is a revision, a tag of its
// traffic, or @latest, as kn names them. A revision that is named and was the
// latest is pinned, so that one that is deployed meanwhile gets no traffic.
//
// https://knative.dev/docs/serving/traffic-management/: the percents sum to
// 100; without any traffic, all goes to the latest ready revision.
func ksvc() router {
	return router{
		word:   "ksvc",
		group:  schema.GroupKind{Group: "serving.knative.dev", Kind: "Service"},
		owns:   [][]string{{"spec", "traffic"}},
		shares: ksvcShares,
		apply:  ksvcApply,
		live:   ksvcLive,
	}
}

const latestRevision = "@latest"

func ksvcShares(objects []object, backends []Backend) ([]int, error) {
	traffic, of, err := ksvcTraffic(objects[0], backends)
	if err != nil {
		return nil, err
	}
	weights := make([]int, len(backends))
	for i, target := range traffic {
		percent, err := countAt(target, "percent", 0)
		if err != nil {
			return nil, err
		}
		if of[i] >= 0 {
			weights[of[i]] += percent
		}
	}
	return percents(weights), nil
}

// ksvcTraffic are the targets of a Service and each one's backend, -1 for
// targets that only give a revision of no version an address of its own.
func ksvcTraffic(service object, backends []Backend) (traffic []fields, of []int, err error) {
	if traffic, err = listAt(service.Object, "spec", "traffic"); err != nil {
		return nil, nil, err
	}
	if len(traffic) == 0 {
		traffic = []fields{{"latestRevision": true, "percent": int64(100)}}
	}
	status, err := mapAt(service.Object, "status")
	if err != nil {
		return nil, nil, err
	}
	latest, err := textAt(status, "latestReadyRevisionName")
	if err != nil {
		return nil, nil, err
	}
	for _, target := range traffic {
		v, name, err := ksvcBackend(service.GetName(), target, latest, backends)
		if err != nil {
			return nil, nil, err
		}
		percent, err := countAt(target, "percent", 0)
		if err != nil {
			return nil, nil, err
		}
		if v < 0 && percent > 0 {
			return nil, nil, strangeBackend(name, backends)
		}
		of = append(of, v)
	}
	return traffic, of, nil
}

// ksvcBackend is the version of a target, and what a person would call it. A
// tag has a Kubernetes Service too, preview-shop, which addresses name.
func ksvcBackend(service string, target fields, latest string, backends []Backend) (int, string, error) {
	revision, err := textAt(target, "revisionName")
	if err != nil {
		return 0, "", err
	}
	tag, err := textAt(target, "tag")
	if err != nil {
		return 0, "", err
	}
	names := []string{revision}
	if revision == "" {
		names, revision = []string{latestRevision, latest}, latestRevision
	}
	if tag != "" {
		names = append(names, tag, tag+"-"+service)
	}
	for _, name := range names {
		if v := backendIndex(backends, name, 0); v >= 0 {
			return v, revision, nil
		}
	}
	return -1, revision, nil
}

func ksvcApply(objects []object, backends []Backend, p Plan) error {
	spec, err := mapAt(objects[0].Object, "spec")
	if err != nil {
		return err
	}
	if spec == nil {
		return fmt.Errorf("it has no spec")
	}
	traffic, of, err := ksvcTraffic(objects[0], backends)
	if err != nil {
		return err
	}
	for v, b := range backends {
		at := ksvcMain(traffic, of, v)
		if at < 0 {
			at = len(of)
			traffic, of = append(traffic, ksvcTarget(b)), append(of, v)
		}
		for i, target := range traffic {
			if of[i] == v {
				ksvcPin(objects[0], target, b)
				if target["percent"] != nil {
					target["percent"] = int64(0)
				}
			}
		}
		traffic[at]["percent"] = int64(p.Weights[v])
	}
	spec["traffic"] = anyList(traffic)
	return nil
}

func ksvcTarget(b Backend) fields {
	if b.Name == latestRevision {
		return fields{"latestRevision": true}
	}
	return fields{"revisionName": b.Name, "latestRevision": false}
}

// ksvcPin names the revision that was the latest, if the trial calls it by name.
func ksvcPin(service object, target fields, b Backend) {
	latest, _, _ := unstructured.NestedString(service.Object, "status", "latestReadyRevisionName")
	if target["latestRevision"] == true && b.Name == latest {
		target["revisionName"], target["latestRevision"] = latest, false
	}
}

// ksvcMain is the target that carries a version's percent: of several the
// first without a tag.
func ksvcMain(traffic []fields, of []int, v int) int {
	first := slices.Index(of, v)
	for i := range traffic {
		if of[i] == v && traffic[i]["tag"] == nil {
			return i
		}
	}
	return first
}

// ksvcLive: Knative has routed what the spec says now.
func ksvcLive(service object) (bool, string) {
	status, err := mapAt(service.Object, "status")
	if err != nil {
		return false, err.Error()
	}
	if seen, _ := status["observedGeneration"].(int64); seen < service.GetGeneration() {
		return false, fmt.Sprintf("its status is of generation %d, and the service is of %d", seen, service.GetGeneration())
	}
	if ok, why := conditionTrue(status, "RoutesReady", 0); !ok {
		return false, why
	}
	latest, _ := textAt(status, "latestReadyRevisionName")
	wanted, err := ksvcByRevision(service.Object, "spec", latest)
	if err != nil {
		return false, err.Error()
	}
	routed, err := ksvcByRevision(service.Object, "status", latest)
	if err != nil {
		return false, err.Error()
	}
	for revision, percent := range wanted {
		if routed[revision] != percent {
			return false, fmt.Sprintf("revision %s has %d %% of the traffic and should have %d %%", revision, routed[revision], percent)
		}
	}
	return true, ""
}

func ksvcByRevision(service fields, part, latest string) (map[string]int, error) {
	traffic, err := listAt(service, part, "traffic")
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, target := range traffic {
		revision, err := textAt(target, "revisionName")
		if err != nil {
			return nil, err
		}
		if revision == "" {
			revision = latest
		}
		percent, err := countAt(target, "percent", 0)
		if err != nil {
			return nil, err
		}
		out[revision] += percent
	}
	return out, nil
}
