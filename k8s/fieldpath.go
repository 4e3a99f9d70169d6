package k8s

import (
	"fmt"
	"strconv"
	"strings"
)

// fieldKeys is a path to one field: a string for a key, an int for a place in
// a list.
type fieldKeys []any

// fieldPath reads a JSONPath that names one field, as kubectl and iter8 write
// it: .spec.http[0].weight, {.spec.x}, $.spec.x, .metadata.annotations['a.b/c']
// or .metadata.annotations.a\.b/c.
func fieldPath(text string) (fieldKeys, error) {
	path := strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(path, "{"); ok && strings.HasSuffix(inner, "}") {
		path = strings.TrimSuffix(inner, "}")
	}
	path = strings.TrimPrefix(path, "$")
	var keys fieldKeys
	for path != "" {
		key, rest, err := fieldKey(path)
		if err != nil {
			return nil, fmt.Errorf("jsonpath %q: %w: it is to name one field by keys and places, as .spec.http[0].weight or .metadata.annotations['a.b/c']", text, err)
		}
		keys, path = append(keys, key), rest
	}
	if len(keys) < 2 {
		return nil, fmt.Errorf("jsonpath %q names no field of an object, as .spec.weight does", text)
	}
	if _, ok := keys[0].(string); !ok {
		return nil, fmt.Errorf("jsonpath %q begins with a place in a list, and an object is a mapping", text)
	}
	return keys, nil
}

// fieldKey takes the first step of a path.
func fieldKey(path string) (key any, rest string, err error) {
	if inner, ok := strings.CutPrefix(path, "["); ok {
		if quote := inner[:min(1, len(inner))]; quote == "'" || quote == `"` {
			name, rest, found := strings.Cut(inner[1:], quote+"]")
			if !found || name == "" {
				return nil, "", fmt.Errorf("a quoted key does not end")
			}
			return name, rest, nil
		}
		place, rest, found := strings.Cut(inner, "]")
		n, err := strconv.Atoi(place)
		if !found || err != nil || n < 0 {
			return nil, "", fmt.Errorf("[%s is no place in a list", inner)
		}
		return n, rest, nil
	}
	inner, ok := strings.CutPrefix(path, ".")
	if !ok {
		return nil, "", fmt.Errorf("%q does not begin with a dot", path)
	}
	var name strings.Builder
	i := 0
	for ; i < len(inner) && inner[i] != '.' && inner[i] != '['; i++ {
		if inner[i] == '\\' && i+1 < len(inner) {
			i++
		}
		name.WriteByte(inner[i])
	}
	if name.Len() == 0 || strings.ContainsAny(name.String(), "*@?") {
		return nil, "", fmt.Errorf("%q is no key", inner)
	}
	return name.String(), inner[i:], nil
}

func (k fieldKeys) String() string {
	var b strings.Builder
	for _, key := range k {
		switch key := key.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", key)
		case string:
			b.WriteString("." + strings.ReplaceAll(key, ".", `\.`))
		}
	}
	return b.String()
}

// owned is the path of keys alone: a list is owned as a whole.
func (k fieldKeys) owned() []string {
	var keys []string
	for _, key := range k {
		name, ok := key.(string)
		if !ok {
			break
		}
		keys = append(keys, name)
	}
	return keys
}

// get is the field's value; nil where the last key or one before it is not there.
func (k fieldKeys) get(object fields) (any, error) {
	var value any = object
	for i, key := range k {
		var err error
		if value, err = k[:i].step(value, key); err != nil || value == nil {
			return nil, err
		}
	}
	return value, nil
}

func (k fieldKeys) step(value, key any) (any, error) {
	switch key := key.(type) {
	case string:
		m, ok := value.(fields)
		if !ok {
			return nil, wrongType(value, "a mapping", []string{k.String()})
		}
		return m[key], nil
	case int:
		items, ok := value.([]any)
		if !ok {
			return nil, wrongType(value, "a list", []string{k.String()})
		}
		if key >= len(items) {
			return nil, fmt.Errorf("%s has %d items, and no place %d", k, len(items), key)
		}
		return items[key], nil
	}
	return nil, nil
}

// set writes a number: as text where there is text now, and in annotations.
// Mappings that are missing are made, places in lists are not.
func (k fieldKeys) set(object fields, n int) error {
	was, err := k.get(object)
	if err != nil {
		return err
	}
	var value any = int64(n)
	switch was.(type) {
	case fields, []any, bool:
		return wrongType(was, "a number", []string{k.String()})
	case string:
		value = strconv.Itoa(n)
	case nil:
		if k[0] == "metadata" {
			value = strconv.Itoa(n)
		}
	}
	var at any = object
	for i, key := range k[:len(k)-1] {
		next, err := k[:i].step(at, key)
		if err != nil {
			return err
		}
		if _, isPlace := k[i+1].(int); next == nil && isPlace {
			return fmt.Errorf("%s is not there", k[:i+1])
		}
		if next == nil {
			next = fields{}
			k[:i].put(at, key, next)
		}
		at = next
	}
	k.put(at, k[len(k)-1], value)
	return nil
}

// put writes into a mapping or a list that get has passed through.
func (k fieldKeys) put(at, key, value any) {
	switch in := at.(type) {
	case fields:
		in[key.(string)] = value
	case []any:
		in[key.(int)] = value
	}
}
