package k8s

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
)

// fields is a mapping within an object. What these functions give is the
// object's own, not a copy.
type fields = map[string]any

// mapAt is the mapping at a path of keys; nil where there is none.
func mapAt(m fields, keys ...string) (fields, error) {
	for i, key := range keys {
		value, ok := m[key]
		if !ok || value == nil {
			return nil, nil
		}
		if m, ok = value.(fields); !ok {
			return nil, wrongType(value, "a mapping", keys[:i+1])
		}
	}
	return m, nil
}

// mapInto is mapAt that makes the mappings that are missing.
func mapInto(m fields, keys ...string) (fields, error) {
	for i, key := range keys {
		if m[key] == nil {
			m[key] = fields{}
		}
		inner, ok := m[key].(fields)
		if !ok {
			return nil, wrongType(m[key], "a mapping", keys[:i+1])
		}
		m = inner
	}
	return m, nil
}

// listAt is the list of mappings at a path of keys; nil where there is none.
func listAt(m fields, keys ...string) ([]fields, error) {
	last := len(keys) - 1
	m, err := mapAt(m, keys[:last]...)
	if err != nil || m[keys[last]] == nil {
		return nil, err
	}
	items, ok := m[keys[last]].([]any)
	if !ok {
		return nil, wrongType(m[keys[last]], "a list", keys)
	}
	var out []fields
	for i, item := range items {
		inner, ok := item.(fields)
		if !ok {
			return nil, wrongType(item, "a mapping", append(keys[:last:last], fmt.Sprintf("%s[%d]", keys[last], i)))
		}
		out = append(out, inner)
	}
	return out, nil
}

func anyList(items []fields) []any {
	out := make([]any, 0, len(items))
	for _, item := range items {
		out = append(out, item)
	}
	return out
}

// textAt is the text at a key; "" where there is none.
func textAt(m fields, key string) (string, error) {
	if m[key] == nil {
		return "", nil
	}
	text, ok := m[key].(string)
	if !ok {
		return "", wrongType(m[key], "text", []string{key})
	}
	return text, nil
}

// mostWeight is beyond what any kind of route takes, and so small that a sum
// of weights can't overflow.
const mostWeight = 1_000_000_000

// countAt is the whole number from 0 at a key; missing where there is none.
func countAt(m fields, key string, missing int) (int, error) {
	if m[key] == nil {
		return missing, nil
	}
	return count(m[key], key)
}

func count(value any, keys ...string) (int, error) {
	var n float64
	switch v := value.(type) {
	case int64:
		n = float64(v)
	case float64:
		n = v
	default:
		return 0, wrongType(value, "a number", keys)
	}
	if n != math.Trunc(n) || !(n >= 0 && n <= mostWeight) {
		return 0, fmt.Errorf("%s is %v: it should be a whole number from 0 to %d", strings.Join(keys, "."), value, mostWeight)
	}
	return int(n), nil
}

func wrongType(value any, want string, keys []string) error {
	return fmt.Errorf("%s is %s where %s should be", strings.Join(keys, "."), typeName(value), want)
}

func typeName(value any) string {
	switch value.(type) {
	case fields:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return "text"
	case bool:
		return "true or false"
	case nil:
		return "nothing"
	}
	return "a number"
}

// same compares values of two mappings, whatever they are.
func same(a, b fields, keys ...string) bool {
	for _, key := range keys {
		if !reflect.DeepEqual(a[key], b[key]) {
			return false
		}
	}
	return true
}

func copyOf(m fields) fields { return runtime.DeepCopyJSON(m) }

// percents turns relative weights into whole percents that sum to 100, by the
// largest remainder, the first of equals first. They are nil where all weights
// are 0: then nothing goes anywhere.
func percents(weights []int) []int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		return nil
	}
	out := make([]int, len(weights))
	rest := make([]int, len(weights))
	left := 100
	for i, w := range weights {
		out[i], rest[i] = w*100/sum, w*100%sum
		left -= out[i]
	}
	for ; left > 0; left-- {
		largest := 0
		for i := range rest {
			if rest[i] > rest[largest] {
				largest = i
			}
		}
		out[largest]++
		rest[largest] = -1
	}
	return out
}
