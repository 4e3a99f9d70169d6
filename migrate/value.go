package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

type kind int

const (
	null kind = iota
	scalar
	list
	mapping
)

var kindNames = [...]string{"nothing", "a single value", "a list", "a mapping"}

func (k kind) String() string { return kindNames[k] }

// value is a part of a document, with its place. It remembers whether it was
// read, so that whatever was not can be told. A nil value is one that is not
// there.
type value struct {
	kind   kind
	text   string // of a scalar
	isText bool   // written as a text, in quotes
	items  []*value
	fields []field
	at     place
	read   bool
}

type field struct {
	key   string
	value *value
}

// get is what stands at a path of keys, nil if nothing does.
func (v *value) get(path ...string) *value {
	for _, key := range path {
		if v == nil {
			return nil
		}
		i := slices.IndexFunc(v.fields, func(f field) bool { return f.key == key })
		if i < 0 {
			return nil
		}
		v = v.fields[i].value
	}
	if v != nil && v.kind == null {
		v.read = true
		return nil
	}
	return v
}

// str reads a scalar; "" where there is none.
func (v *value) str() string {
	if v == nil {
		return ""
	}
	v.read = true
	return v.text
}

// all marks a value and all that is in it as read.
func (v *value) all() *value {
	if v != nil {
		v.read = true
		for _, part := range v.parts() {
			part.all()
		}
	}
	return v
}

// list is what is in a list, or the value alone.
func (v *value) list() []*value {
	switch {
	case v == nil:
		return nil
	case v.kind == list:
		v.read = true
		return v.items
	}
	return []*value{v}
}

func (v *value) parts() []*value {
	parts := slices.Clone(v.items)
	for _, f := range v.fields {
		parts = append(parts, f.value)
	}
	return parts
}

// touched reports whether the value or a part of it was read.
func (v *value) touched() bool {
	return v.read || slices.ContainsFunc(v.parts(), (*value).touched)
}

// unread is what nobody read, as "path: value"; what is not set is nothing.
func (v *value) unread(path string) []string {
	switch {
	case v == nil || v.kind == null || v.kind != scalar && len(v.parts()) == 0:
		return nil
	case v.kind == scalar && v.read:
		return nil
	case v.kind == scalar || !v.touched():
		return []string{v.named(path)}
	}
	var out []string
	for _, f := range v.fields {
		out = append(out, f.value.unread(dotted(path, f.key))...)
	}
	for i, item := range v.items {
		out = append(out, item.unread(fmt.Sprintf("%s[%d]", path, i))...)
	}
	return out
}

func dotted(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// harmless texts are shown in comments; of others only the name is.
var harmless = regexp.MustCompile(`^[A-Za-z0-9._/:%*+ ()<>=,-]{1,48}$`)

// named is a value for a comment. What may be a secret is not shown.
func (v *value) named(path string) string {
	last := path[strings.LastIndexAny(path, ".[")+1:]
	if v.kind == scalar && harmless.MatchString(v.text) && !isSecretName(last) && !isSecretText(v.text) {
		return path + ": " + v.text
	}
	return path
}

// number reads a number of the document; a mistake where it is none.
func (j *job) number(v *value) (float64, bool) {
	if v == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(v.str(), 64)
	if err != nil || v.kind != scalar || n != n || n > 1e15 || n < -1e15 {
		j.add(v.at, "%s is not a number: write it as in 100 or 0.5", quoted(v.text))
		return 0, false
	}
	return n, true
}

// truth reads true or false.
func (j *job) truth(v *value) bool {
	if v == nil {
		return false
	}
	b, err := strconv.ParseBool(v.str())
	if err != nil {
		j.add(v.at, "%s is neither true nor false: write one of them", quoted(v.text))
	}
	return b
}

// parse reads a JSON document, or any number of YAML ones.
func (j *job) parse(f File) []*value {
	data := bytes.TrimPrefix(f.Data, []byte("\ufeff"))
	if begin := bytes.TrimSpace(data); len(begin) > 0 && (begin[0] == '{' || begin[0] == '[') && json.Valid(begin) {
		if v := j.parseJSON(f.Name, data); v != nil {
			return []*value{v}
		}
		return nil
	}
	return j.parseYAML(f.Name, data)
}

// deepest is how far documents may be nested: none of those read here is half
// as deep.
const deepest = 64

// jsonReader makes values of JSON's tokens, which have their places.
type jsonReader struct {
	*json.Decoder
	name string
	data []byte
	// The place that was found last; places only grow.
	offset, line, begin int
}

func (j *job) parseJSON(name string, data []byte) *value {
	r := &jsonReader{Decoder: json.NewDecoder(bytes.NewReader(data)), name: name, data: data, line: 1}
	r.UseNumber()
	v, err := r.value(0)
	if err != nil {
		j.add(r.place(), "not JSON: %v", err)
		return nil
	}
	return v
}

// place is where the next token begins.
func (r *jsonReader) place() place {
	at := int(r.InputOffset())
	for at < len(r.data) && strings.IndexByte(" \t\r\n,:", r.data[at]) >= 0 {
		at++
	}
	for ; r.offset < at; r.offset++ {
		if r.data[r.offset] == '\n' {
			r.line, r.begin = r.line+1, r.offset+1
		}
	}
	return place{r.name, r.line, at - r.begin + 1}
}

func (r *jsonReader) value(depth int) (*value, error) {
	v := &value{at: r.place()}
	if depth > deepest {
		return nil, fmt.Errorf("it is nested deeper than %d", deepest)
	}
	token, err := r.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case nil:
		v.kind = null
	case json.Delim:
		return v, r.inside(v, t, depth)
	case string:
		v.kind, v.text, v.isText = scalar, t, true
	default:
		v.kind, v.text = scalar, fmt.Sprint(t)
	}
	return v, nil
}

func (r *jsonReader) inside(v *value, open json.Delim, depth int) error {
	v.kind = list
	if open == '{' {
		v.kind = mapping
	}
	for r.More() {
		key := ""
		if v.kind == mapping {
			token, err := r.Token()
			if err != nil {
				return err
			}
			key = token.(string)
		}
		part, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		v.put(key, part)
	}
	_, err := r.Token()
	return err
}

// put adds a part. A key that is given twice has its last value, as in JSON.
func (v *value) put(key string, part *value) {
	if v.kind == list {
		v.items = append(v.items, part)
		return
	}
	v.fields = slices.DeleteFunc(v.fields, func(f field) bool { return f.key == key })
	v.fields = append(v.fields, field{key, part})
}

func (j *job) parseYAML(name string, data []byte) []*value {
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	var documents []*value
	for err == nil {
		var document yaml.Node
		if err = loader.Load(&document); err != nil || len(document.Content) == 0 {
			continue
		}
		if v := j.fromYAML(name, document.Content[0], 0); v != nil && v.kind != null {
			documents = append(documents, v)
		}
	}
	if !errors.Is(err, io.EOF) {
		at := place{name: name}
		var loading *yaml.LoadError
		if errors.As(err, &loading) {
			at.line, at.column, err = loading.Mark.Line, loading.Mark.Column, errors.New(loading.Message)
		}
		j.add(at, "neither JSON nor YAML (%v), nor a command that is read here", err)
	}
	return documents
}

func (j *job) fromYAML(name string, y *yaml.Node, depth int) *value {
	v := &value{at: place{name, y.Line, y.Column}}
	if y.Kind == yaml.AliasNode || depth > deepest {
		j.add(v.at, "aliases (*name), and nesting deeper than %d, are not read here: write the value out", deepest)
		return v
	}
	switch y.Kind {
	case yaml.ScalarNode:
		if y.Tag != "!!null" {
			v.kind, v.text, v.isText = scalar, y.Value, y.Tag == "!!str"
		}
	case yaml.SequenceNode:
		v.kind = list
		for _, item := range y.Content {
			v.items = append(v.items, j.fromYAML(name, item, depth+1))
		}
	case yaml.MappingNode:
		v.kind = mapping
		for i := 0; i+1 < len(y.Content); i += 2 {
			v.put(y.Content[i].Value, j.fromYAML(name, y.Content[i+1], depth+1))
		}
	}
	return v
}
