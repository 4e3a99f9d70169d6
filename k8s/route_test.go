package k8s

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "rewrite testdata/routes")

// routeCase is a kind of route with an object of it that has much to lose.
type routeCase struct {
	word     string
	backends []Backend
	of       []Weight               // of weights
	strange  func(objects []object) // puts a backend of no version beside the baseline's; nil: the kind has no place for it
}

var (
	services = []Backend{{Version: "baseline", Name: "shop"}, {Version: "candidate", Name: "shop-canary"}}
	three    = append(slices.Clone(services), Backend{Version: "green", Name: "shop-green"})
)

func routeCases() []routeCase {
	return []routeCase{
		{word: "httproute", backends: services, strange: strangeIn(fields{"name": "stranger", "port": int64(80)}, "spec", "rules", "2", "backendRefs")},
		{word: "grpcroute", backends: services, strange: strangeIn(fields{"name": "stranger", "port": int64(80)}, "spec", "rules", "1", "backendRefs")},
		{word: "virtualservice", backends: []Backend{{Version: "baseline", Name: "shop/stable"}, {Version: "candidate", Name: "shop/canary"}},
			strange: strangeIn(fields{"destination": fields{"host": "stranger"}}, "spec", "http", "2", "route")},
		{word: "ksvc", backends: []Backend{{Version: "baseline", Name: "shop-00001"}, {Version: "candidate", Name: "shop-00002"}},
			strange: strangeIn(fields{"revisionName": "stranger", "percent": int64(1)}, "spec", "traffic")},
		{word: "inferenceservice", backends: []Backend{{Version: "baseline", Name: "iris-predictor-00001"}, {Version: "candidate", Name: "iris-predictor-00002"}}},
		{word: "trafficsplit", backends: services, strange: strangeIn(fields{"service": "stranger", "weight": int64(1)}, "spec", "backends")},
		{word: "ingress", backends: services},
		{word: "traefikservice", backends: services, strange: strangeIn(fields{"name": "stranger", "port": int64(80)}, "spec", "weighted", "services")},
		{word: "openshiftroute", backends: services, strange: strangeIn(fields{"kind": "Service", "name": "stranger"}, "spec", "alternateBackends")},
		{word: "weights", backends: []Backend{{Version: "baseline"}, {Version: "candidate"}}, of: []Weight{
			{Object: "TrafficSplit.split.smi-spec.io/shop", Path: ".spec.backends[0].weight", Version: "baseline"},
			{Object: "ConfigMap/shop-canary", Path: `{.metadata.annotations.example\.com/percent}`, Version: "candidate"},
		}},
	}
}

// strangeIn adds an item to the list at a path of the route.
func strangeIn(item fields, path ...string) func([]object) {
	return func(objects []object) {
		var at any = objects[0].Object
		for _, key := range path[:len(path)-1] {
			if place, err := strconv.Atoi(key); err == nil {
				at = at.([]any)[place]
			} else {
				at = at.(fields)[key]
			}
		}
		last := path[len(path)-1]
		items, _ := at.(fields)[last].([]any)
		at.(fields)[last] = append(items, item)
	}
}

// plans are all that the kind can do, each by the name of its golden file.
func (c routeCase) plans(t *testing.T) map[string]Plan {
	can := c.router(t).can
	if c.word == "ingress" { // its matches are other than everybody's
		return map[string]Plan{
			"weights":      {Weights: []int{90, 10}},
			"match-header": {Weights: []int{0, 100}, Match: []Match{{Headers: map[string]string{"x-tester": "yes"}}}},
			"match-cookie": {Weights: []int{0, 100}, Match: []Match{{Cookies: map[string]string{"tester": "always"}}}},
			"match-all": {Weights: []int{0, 100}, Match: []Match{
				{Headers: map[string]string{"x-tester": "yes"}}, {Cookies: map[string]string{"tester": "always"}}}},
		}
	}
	tester := Match{Headers: map[string]string{"x-tester": "yes"}}
	out := map[string]Plan{"weights": {Weights: []int{90, 10}}}
	if can.headers {
		out["match-header"] = Plan{Weights: []int{0, 100}, Match: []Match{tester}}
	}
	if can.cookies {
		out["match-cookie"] = Plan{Weights: []int{0, 100}, Match: []Match{{Cookies: map[string]string{"tester": "always"}}}}
	}
	if can.headers && can.cookies && can.paths {
		out["match-all"] = Plan{Weights: []int{50, 50}, Match: []Match{
			{Headers: map[string]string{"x-tester": "yes", "X-Country": "is"}, Path: "/cart"},
			{Cookies: map[string]string{"tester": "always"}},
		}}
	}
	if can.mirror {
		out["mirror"] = Plan{Weights: []int{100, 0}, Mirror: &Mirror{To: "candidate", Percent: 25}}
	}
	if can.mirror && can.headers && can.byCookie {
		out["match-sticky-mirror"] = Plan{Weights: []int{75, 25}, Match: []Match{tester},
			Mirror: &Mirror{To: "candidate", Percent: 10}, Sticky: &Sticky{Cookie: "shop-version"}}
	}
	if can.mirror && can.headers {
		out["dark-launch"] = Plan{Weights: []int{0, 100}, Match: []Match{tester}, Mirror: &Mirror{To: "candidate", Percent: 100}}
	}
	if can.byCookie {
		out["sticky-cookie"] = Plan{Weights: []int{80, 20}, Sticky: &Sticky{Cookie: "shop-version"}}
	}
	if can.byHeader {
		out["sticky-header"] = Plan{Weights: []int{80, 20}, Sticky: &Sticky{Header: "x-user"}}
	}
	return out
}

func (c routeCase) router(t *testing.T) router {
	if c.of != nil {
		r, _, err := weightsRouter(c.of)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r, err := routerFor(c.word)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// objects are the route and its parts, read from testdata.
func (c routeCase) objects(t *testing.T) []object {
	return readObjects(t, filepath.Join("testdata/routes", c.word, "route.yaml"))
}

// owned are the objects' fields that the router may change.
func (c routeCase) owned(t *testing.T, r router, objects []object) [][][]string {
	owned := [][][]string{r.owns}
	if r.others == nil {
		return owned
	}
	parts, err := r.others(objects[0], c.backends, &Sticky{Cookie: "shop-version"})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range parts {
		owned = append(owned, p.owns)
		if got := objects[i+1]; got.GetName() != p.name || got.GroupVersionKind().GroupKind() != p.group {
			t.Fatalf("part %d is %s %s, and the fixture has %s %s", i+1, p.group, p.name, got.GroupVersionKind().GroupKind(), got.GetName())
		}
	}
	if len(owned) != len(objects) {
		t.Fatalf("%d objects in the fixture, %d owned", len(objects), len(owned))
	}
	return owned
}

func readObjects(t *testing.T, path string) []object {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []object
	for _, document := range strings.Split(string(content), "\n---\n") {
		o := &unstructured.Unstructured{}
		asJSON, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if err := o.UnmarshalJSON(asJSON); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func writeObjects(t *testing.T, objects []object) string {
	t.Helper()
	var out []string
	for _, o := range objects {
		text, err := yaml.Marshal(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return strings.Join(out, "---\n")
}

func copies(objects []object) []object {
	var out []object
	for _, o := range objects {
		out = append(out, o.DeepCopy())
	}
	return out
}

func asJSON(t *testing.T, objects []object) []byte {
	t.Helper()
	out, err := json.Marshal(objects)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// giveBack puts the owned fields back to what they were.
func giveBack(now, before object, owns [][]string) {
	for _, path := range owns {
		value, ok, _ := unstructured.NestedFieldCopy(before.Object, path...)
		if ok {
			_ = unstructured.SetNestedField(now.Object, value, path...)
			continue
		}
		unstructured.RemoveNestedField(now.Object, path...)
		for n := len(path) - 1; n > 0; n-- {
			if _, was, _ := unstructured.NestedFieldNoCopy(before.Object, path[:n]...); !was {
				unstructured.RemoveNestedField(now.Object, path[:n]...)
			}
		}
	}
}

func forEachRoute(t *testing.T, run func(t *testing.T, c routeCase)) {
	for _, c := range routeCases() {
		t.Run(c.word, func(t *testing.T) { run(t, c) })
	}
}

func TestEveryRouterHasACase(t *testing.T) {
	var cases, words []string
	for _, c := range routeCases() {
		cases = append(cases, c.word)
	}
	for _, r := range routers() {
		words = append(words, r.word)
	}
	if diff := cmp.Diff(words, cases); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownRouteListsTheKnown(t *testing.T) {
	_, err := routerFor("ingres")
	if err == nil || !strings.Contains(err.Error(), `"ingres"; there are httproute, grpcroute, virtualservice, ksvc, inferenceservice, trafficsplit, ingress, traefikservice, openshiftroute and weights`) {
		t.Error(err)
	}
}

func TestRouteGolden(t *testing.T) {
	forEachRoute(t, func(t *testing.T, c routeCase) {
		for name, plan := range c.plans(t) {
			objects := c.objects(t)
			if err := c.router(t).apply(objects, c.backends, plan); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			path := filepath.Join("testdata/routes", c.word, name+".yaml")
			got := writeObjects(t, objects)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, _ := os.ReadFile(path)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
		}
	})
}

func TestRouteSharesReadBackAsPlanned(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	forEachRoute(t, func(t *testing.T, c routeCase) {
		r := c.router(t)
		objects := c.objects(t)
		for _, candidate := range []int{0, 100, 1, 99, dice.IntN(101), dice.IntN(101), 50} {
			plan := Plan{Weights: []int{100 - candidate, candidate}}
			if err := r.apply(objects, c.backends, plan); err != nil {
				t.Fatal(err)
			}
			got, err := r.shares(objects, c.backends)
			if err != nil || !slices.Equal(got, plan.Weights) {
				t.Errorf("planned %v, read %v, %v", plan.Weights, got, err)
			}
		}
		for name, plan := range c.plans(t) {
			objects := c.objects(t)
			if err := r.apply(objects, c.backends, plan); err != nil {
				t.Fatal(err)
			}
			got, err := r.shares(objects, c.backends)
			if err != nil || !slices.Equal(got, plan.Weights) {
				t.Errorf("%s: planned %v, read %v, %v", name, plan.Weights, got, err)
			}
		}
	})
}

func TestRouteChangesOnlyWhatItOwns(t *testing.T) {
	forEachRoute(t, func(t *testing.T, c routeCase) {
		r := c.router(t)
		before := c.objects(t)
		owned := c.owned(t, r, before)
		for name, plan := range c.plans(t) {
			objects := copies(before)
			if err := r.apply(objects, c.backends, plan); err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(asJSON(t, objects), asJSON(t, before)) {
				t.Errorf("%s: nothing changed", name)
			}
			for i := range objects {
				giveBack(objects[i], before[i], owned[i])
			}
			if diff := cmp.Diff(string(asJSON(t, before)), string(asJSON(t, objects))); diff != "" {
				t.Errorf("%s: after the owned fields went back: %s", name, diff)
			}
		}
	})
}

func TestRouteAppliedTwiceIsAppliedOnce(t *testing.T) {
	forEachRoute(t, func(t *testing.T, c routeCase) {
		r := c.router(t)
		for name, plan := range c.plans(t) {
			once := c.objects(t)
			if err := r.apply(once, c.backends, plan); err != nil {
				t.Fatal(err)
			}
			twice := copies(once)
			if err := r.apply(twice, c.backends, plan); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(writeObjects(t, once), writeObjects(t, twice)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

// Plans of one trial differ in weights, and dark launches end by other plans.
func TestRouteForgetsAnEarlierMatchAndMirror(t *testing.T) {
	forEachRoute(t, func(t *testing.T, c routeCase) {
		r := c.router(t)
		plain := Plan{Weights: []int{70, 30}}
		want := c.objects(t)
		if err := r.apply(want, c.backends, plain); err != nil {
			t.Fatal(err)
		}
		for name, plan := range c.plans(t) {
			if plan.Sticky != nil {
				continue // nothing in a later plan takes it away: it goes with the trial
			}
			objects := c.objects(t)
			for _, p := range []Plan{plan, plain} {
				if err := r.apply(objects, c.backends, p); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(writeObjects(t, want), writeObjects(t, objects)); diff != "" {
				t.Errorf("after %s: %s", name, diff)
			}
		}
	})
}

func TestRouteWithAStrangeBackendIsAnError(t *testing.T) {
	forEachRoute(t, func(t *testing.T, c routeCase) {
		if c.strange == nil {
			return
		}
		objects := c.objects(t)
		c.strange(objects)
		r := c.router(t)
		err := r.apply(objects, c.backends, Plan{Weights: []int{90, 10}})
		if err == nil || !strings.Contains(err.Error(), `"stranger" is of no version of the trial`) {
			t.Errorf("apply: %v", err)
		}
		if _, err = r.shares(objects, c.backends); err == nil || !strings.Contains(err.Error(), `"stranger" is of no version`) {
			t.Errorf("shares: %v", err)
		}
	})
}

// TestRouteOfAnyShapeDoesNotPanic puts wrong values into every place of a
// route, one at a time and several.
func TestRouteOfAnyShapeDoesNotPanic(t *testing.T) {
	forEachRoute(t, func(t *testing.T, c routeCase) {
		dice := rand.New(rand.NewPCG(3, 4))
		fixture, plans := c.objects(t), c.plans(t)
		names := sortedNames(plans)
		for range 2000 {
			objects := copies(fixture)
			if dice.IntN(2) == 0 { // what a plan has written is read too
				_ = c.router(t).apply(objects, c.backends, plans[names[dice.IntN(len(names))]])
			}
			for range 1 + dice.IntN(3) {
				o := objects[dice.IntN(len(objects))]
				o.Object = spoil(dice, o.Object, o.Object).(fields)
			}
			touch(t, c, objects, plans[names[dice.IntN(len(names))]])
		}
	})
}

func sortedNames(plans map[string]Plan) []string { return slices.Sorted(maps.Keys(plans)) }

// spoil replaces one place within a value by something strange.
func spoil(dice *rand.Rand, value any, whole fields) any {
	if dice.IntN(6) == 0 {
		if m, ok := value.(fields); !ok || fmt.Sprintf("%p", m) != fmt.Sprintf("%p", whole) {
			strange := []any{nil, "text", int64(-7), 2.5, 1e300, true, []any{}, []any{nil, "x", int64(1)}, fields{}, fields{"name": fields{}}}
			return strange[dice.IntN(len(strange))]
		}
	}
	switch v := value.(type) {
	case fields:
		keys := sortedKeys(v)
		if len(keys) == 0 {
			return v
		}
		k := keys[dice.IntN(len(keys))]
		if v[k] = spoil(dice, v[k], whole); dice.IntN(8) == 0 {
			delete(v, k)
		}
	case []any:
		if len(v) == 0 {
			return v
		}
		i := dice.IntN(len(v))
		v[i] = spoil(dice, v[i], whole)
		switch dice.IntN(8) {
		case 0:
			return slices.Delete(v, i, i+1)
		case 1:
			return append(v, runtime.DeepCopyJSONValue(v[i]))
		}
	}
	return value
}

// touch calls all that a router has.
func touch(t *testing.T, c routeCase, objects []object, plan Plan) {
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("%v\n%s", r, writeObjects(t, objects))
		}
	}()
	r := c.router(t)
	if r.others != nil {
		_, _ = r.others(objects[0], c.backends, &Sticky{Cookie: "x"})
	}
	_, _ = r.shares(objects, c.backends)
	_ = r.apply(copies(objects), c.backends, plan)
	if r.live != nil {
		_, _ = r.live(objects[0])
	}
}

func TestDroppedFieldIsNamed(t *testing.T) {
	c := routeCase{word: "httproute", backends: services}
	r, sent := c.router(t), c.objects(t)
	if err := r.apply(sent, c.backends, c.plans(t)["sticky-cookie"]); err != nil {
		t.Fatal(err)
	}
	kept := copies(sent)
	rule := kept[0].Object["spec"].(fields)["rules"].([]any)[2].(fields)
	rule["backendRefs"].([]any)[0].(fields)["group"] = ""
	if got := dropped(sent[0], kept[0], r.owns); got != "" {
		t.Errorf("%q was dropped, and the server had only added a default", got)
	}
	if got, want := dropped(sent[0], &unstructured.Unstructured{}, r.owns), "spec.rules"; got != want {
		t.Errorf("%q was dropped, want %q", got, want)
	}
	delete(rule, "sessionPersistence")
	if got, want := dropped(sent[0], kept[0], r.owns), "spec.rules[2].sessionPersistence"; got != want {
		t.Errorf("%q was dropped, want %q", got, want)
	}
}
