package k8s

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestVersionWithoutAWeightHasWhatIsLeft(t *testing.T) {
	r, name, err := weightsRouter([]Weight{{Object: "trafficsplit.split.smi-spec.io/shop", Path: ".spec.w", Version: "candidate"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (schema.GroupKind{Group: "split.smi-spec.io", Kind: "trafficsplit"}); r.group != want || name != "shop" {
		t.Errorf("%v %s", r.group, name)
	}
	route := routeOf(t, "spec: {w: 30}")
	if got, err := r.shares([]object{route}, services); err != nil || !cmp.Equal(got, []int{70, 30}) {
		t.Errorf("%v %v", got, err)
	}
	if err := r.apply([]object{route}, services, Plan{Weights: []int{60, 40}}); err != nil {
		t.Fatal(err)
	}
	if got := route.Object["spec"].(fields)["w"]; got != int64(40) {
		t.Errorf("written %v (%T)", got, got)
	}
	_, err = r.shares([]object{routeOf(t, "spec: {w: 130}")}, services)
	wantError(t, err, "sum to 130, more than 100")
}

func TestFieldsOfOneObjectAreOwnedTogether(t *testing.T) {
	r, _, err := weightsRouter([]Weight{
		{Object: "virtualservice.networking.istio.io/shop", Path: ".spec.http[0].route[0].weight", Version: "baseline"},
		{Object: "virtualservice.networking.istio.io/shop", Path: ".spec.http[0].route[1].weight", Version: "candidate"},
		{Object: "deployment.apps/green", Path: ".spec.replicas", Version: "green"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"spec", "http"}}, r.owns); diff != "" {
		t.Error(diff)
	}
	parts, _ := r.others(nil, nil, nil)
	if len(parts) != 1 || parts[0].name != "green" || !cmp.Equal(parts[0].owns, [][]string{{"spec", "replicas"}}) {
		t.Errorf("%+v", parts)
	}
}

func TestWeightsAreCheckedBeforeAnythingIsSent(t *testing.T) {
	field := func(version string) Weight {
		return Weight{Object: "x.example.com/shop", Path: ".spec.w", Version: version}
	}
	for _, c := range []struct {
		of   []Weight
		want string
	}{
		{nil, "no weights are given"},
		{[]Weight{field("candidate")}, "1 of 3 versions have a weight: all but one must"},
		{[]Weight{field("candidate"), field("canary")}, `no version has this name; there are baseline, candidate and green`},
		{[]Weight{field("green"), field("green")}, `version "green" has two weights`},
		{[]Weight{{Object: "shop", Path: ".spec.w", Version: "green"}}, "is to be written kind.group/name"},
		{[]Weight{{Object: "x/shop", Path: "spec.w", Version: "green"}}, "does not begin with a dot"},
		{[]Weight{field("candidate"), field("green")}, ""},
	} {
		err := CheckWeights(c.of, []string{"baseline", "candidate", "green"})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.of, err, c.want)
		}
	}
}

func TestFieldPathNamesOneField(t *testing.T) {
	for text, want := range map[string]fieldKeys{
		".spec.http[0].route[1].weight":  {"spec", "http", 0, "route", 1, "weight"},
		"{.spec.x}":                      {"spec", "x"},
		"$.spec.x":                       {"spec", "x"},
		`.metadata.annotations.a\.b/c`:   {"metadata", "annotations", "a.b/c"},
		".metadata.annotations['a.b/c']": {"metadata", "annotations", "a.b/c"},
		`.metadata.annotations["a.b/c"]`: {"metadata", "annotations", "a.b/c"},
	} {
		got, err := fieldPath(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
	for _, text := range []string{"", ".", "spec", ".spec", ".spec..x", ".spec[*].x", ".spec[?(@.a==1)].x", ".spec[-1].x", ".spec['x", "..x.y", "[0].x", ".spec.*", ".spec[", ".spec.x["} {
		if got, err := fieldPath(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

func TestWeightKeepsTheKindOfTheField(t *testing.T) {
	for _, c := range []struct {
		path, spec string
		want       any
		err        string
	}{
		{".spec.w", "spec: {w: 3}", int64(25), ""},
		{".spec.w", "spec: {w: '3'}", "25", ""},
		{".spec.a.w", "spec: {}", int64(25), ""},
		{".metadata.annotations['x/w']", "spec: {}", "25", ""},
		{".spec.l[1].w", "spec: {l: [{}, {}]}", int64(25), ""},
		{".spec.l[1].w", "spec: {l: [{}]}", nil, "has 1 items, and no place 1"},
		{".spec.l[0].w", "spec: {}", nil, ".spec.l is not there"},
		{".spec.w", "spec: {w: {}}", nil, "a mapping where a number should be"},
		{".spec.w.x", "spec: {w: 1}", nil, "where a mapping should be"},
	} {
		path, err := fieldPath(c.path)
		if err != nil {
			t.Fatal(err)
		}
		o := routeOf(t, c.spec)
		err = path.set(o.Object, 25)
		if c.err != "" {
			wantError(t, err, c.err)
			continue
		}
		got, _ := path.get(o.Object)
		if err != nil || !cmp.Equal(c.want, got) {
			t.Errorf("%s in %s: %v (%T), %v", c.path, c.spec, got, got, err)
		}
	}
}
