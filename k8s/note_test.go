package k8s

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func noted(o object, owns ...[]string) *note {
	fields, err := fieldsAt(o, owns)
	if err != nil {
		panic(err)
	}
	return &note{Schema: noteSchema, Route: "httproute/shop", Holder: "a", Since: time.Unix(0, 0).UTC(), Before: fields}
}

func TestNoteBringsBackEveryKindOfField(t *testing.T) {
	owns := [][]string{{"spec", "rules"}, {"spec", "policy", "sticky", "cookie"}, {"spec", "held", "gone"}, {"spec", "empty"}}
	before := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "shop"},
		"spec": map[string]any{
			"rules": []any{map[string]any{"weight": int64(1), "share": 0.25, "html": "<&>"}},
			"held":  map[string]any{"other": "stays"},
			"empty": map[string]any{},
		},
	}}
	changed := before.DeepCopy()
	for _, path := range owns {
		if err := unstructured.SetNestedField(changed.Object, map[string]any{"of": "the trial"}, path...); err != nil {
			t.Fatal(err)
		}
	}
	if err := noted(before, owns...).stamp(changed); err != nil {
		t.Fatal(err)
	}
	n, err := noteOn(changed)
	if err != nil {
		t.Fatal(err)
	}
	if err := setFields(changed, n.Before); err != nil {
		t.Fatal(err)
	}
	if err := (*note)(nil).stamp(changed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Object, changed.Object); diff != "" {
		t.Errorf("before (-) and after (+):\n%s", diff)
	}
}

func TestNoteTellsTheTrialsStateFromOthers(t *testing.T) {
	o := withSpec(map[string]any{"rules": "before", "hosts": "a"})
	n := noted(o, []string{"spec", "rules"})
	o.Object["spec"] = map[string]any{"rules": "of the trial", "hosts": "a"}
	if err := n.stamp(o); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		spec              map[string]any
		untouched, stands bool
	}{
		{map[string]any{"rules": "of the trial", "hosts": "b"}, true, false},
		{map[string]any{"rules": "before"}, false, true},
		{map[string]any{"rules": "another"}, false, false},
		{map[string]any{}, false, false},
	} {
		untouched, errUntouched := n.untouched(withSpec(c.spec))
		stands, errStands := n.stands(withSpec(c.spec))
		if untouched != c.untouched || stands != c.stands || errUntouched != nil || errStands != nil {
			t.Errorf("%v: untouched %v, stands %v; %v %v", c.spec, untouched, stands, errUntouched, errStands)
		}
	}
}

func withSpec(spec map[string]any) object {
	return &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "shop"}, "spec": spec}}
}

func TestUnreadableNotesAreErrors(t *testing.T) {
	for text, want := range map[string]string{
		"hello":        "can't be read",
		`{"schema":2}`: "has schema 2; this seatrial reads 1",
	} {
		o := withSpec(nil)
		o.SetAnnotations(map[string]string{noteKey: text})
		if n, err := noteOn(o); n != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", text, n, err)
		}
	}
}

func TestNoteLargerThanAnnotationsIsRefused(t *testing.T) {
	o := withSpec(map[string]any{"rules": strings.Repeat("x", annotationLimit)})
	if err := noted(o, []string{"spec", "rules"}).stamp(o); err != nil {
		t.Fatal(err)
	}
	if err := fits(o); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Error(err)
	}
	small := withSpec(map[string]any{"rules": "x"})
	if err := noted(small, []string{"spec", "rules"}).stamp(small); err != nil {
		t.Fatal(err)
	}
	if err := fits(small); err != nil {
		t.Error(err)
	}
}
