package k8s

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// dropped names the first owned field that was sent and that the API server
// has not kept, "" if it kept all. A server drops without a word what its
// definition of the kind does not know: a percent of a mirror before Gateway
// API 1.3, the name of a rule before 1.4, sessions outside the experimental
// channel. What it has added by default is no matter.
func dropped(sent, kept object, owns [][]string) string {
	for _, path := range owns {
		want, ok, err := unstructured.NestedFieldNoCopy(sent.Object, path...)
		if err != nil || !ok {
			continue
		}
		got, _, _ := unstructured.NestedFieldNoCopy(kept.Object, path...)
		if at := lost(want, got, strings.Join(path, ".")); at != "" {
			return at
		}
	}
	return ""
}

// lost is the path of the first thing in want that is not in got.
func lost(want, got any, at string) string {
	switch w := want.(type) {
	case fields:
		g, ok := got.(fields)
		if !ok && len(w) > 0 {
			return at
		}
		for _, key := range sortedKeys(w) {
			if found := lost(w[key], g[key], at+"."+key); found != "" {
				return found
			}
		}
		return ""
	case []any:
		g, _ := got.([]any)
		if len(w) != len(g) {
			return at
		}
		for i := range w {
			if found := lost(w[i], g[i], fmt.Sprintf("%s[%d]", at, i)); found != "" {
				return found
			}
		}
		return ""
	}
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return at
}

func sortedKeys(m fields) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
