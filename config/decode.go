package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/metrics"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// decoder reads nodes into Go values over the defaults that these hold. A
// mistake leaves its value as it was and stops no other.
type decoder struct {
	*ledger
	lookup   func(string) (string, bool) // nil: references stay as they are
	readFile func(string) ([]byte, error)
	stored   bool // what is read was written by File.YAML

	written  map[string]string // File.Written
	referred []string          // File.Referred
	confided []string          // what was filled into secrets
}

// field is one key of a mapping and the place of its value in a struct.
type field struct {
	key   string
	index []int // as reflect.Value.FieldByIndex takes it
}

// fieldsOf are the keys of a struct. Those of a struct that is embedded in it
// are its own.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		at := t.Field(i)
		if at.Anonymous {
			for _, f := range fieldsOf(at.Type) {
				fields = append(fields, field{f.key, append([]int{i}, f.index...)})
			}
		}
		if key := at.Tag.Get("yaml"); key != "" && key != "-" {
			fields = append(fields, field{key, []int{i}})
		}
	}
	return fields
}

// shorthand is the key that a single value stands for where it is written in
// place of a mapping; "" where there must be a mapping.
func shorthand(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[loadgen.Target](), reflect.TypeFor[loadgen.Probe](), reflect.TypeFor[metrics.Provider]():
		return "url"
	case reflect.TypeFor[k8s.Object]():
		return "object"
	case reflect.TypeFor[loadgen.Identify]():
		return "header"
	case reflect.TypeFor[loadgen.GRPC]():
		return "call"
	case reflect.TypeFor[slo.Objective]():
		return "objective"
	case reflect.TypeFor[slo.Reward]():
		return "reward"
	case reflect.TypeFor[Action]():
		return "run"
	}
	return ""
}

// decode reads a node into v, which can be addressed. Path is how messages
// call it: "load.rate", "objectives[2]"; "" for the whole file.
func (d *decoder) decode(n *node, v reflect.Value, path string) {
	d.places[path] = n.at
	switch n.kind {
	case refused:
		d.unread = append(d.unread, path)
		return
	case null:
		d.add(n.at, path, "no value: give one, or leave the key out")
		return
	}
	if isScalar(v.Type()) {
		d.scalar(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		made := reflect.New(v.Type().Elem())
		d.decode(n, made.Elem(), path)
		v.Set(made)
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Slice:
		d.slice(n, v, path)
	case reflect.Map:
		d.table(n, v, path)
	default:
		panic("config: no way to read a " + v.Type().String())
	}
}

// isScalar reports whether values of the type are written as one text.
func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return false
	case reflect.Struct:
		isText := reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
		return t == reflect.TypeFor[trial.Secret]() || isText && shorthand(t) == ""
	}
	return true
}

func (d *decoder) structure(n *node, v reflect.Value, path string) {
	fields := fieldsOf(v.Type())
	if key := shorthand(v.Type()); n.kind == scalar && key != "" {
		n = &node{kind: mapping, at: n.at, entries: []entry{{key, n.at, n}}}
	}
	if n.kind != mapping {
		d.add(n.at, path, "%s, where a mapping is meant (known: %s)", n.kind, strings.Join(keysOf(fields), ", "))
		return
	}
	for _, e := range n.entries {
		if f, found := fieldOf(fields, e.key); found {
			d.decode(e.value, v.FieldByIndex(f.index), join(path, e.key))
		} else {
			d.unknown(e, keysOf(fields), path)
		}
	}
	switch value := v.Addr().Interface().(type) {
	case *slo.Objective:
		d.statement(value, value.Text, &value.Source, n, path)
	case *slo.Reward:
		d.statement(value, value.Text, &value.Source, n, path)
	}
}

func (d *decoder) unknown(e entry, known []string, path string) {
	where := ""
	if path != "" {
		where = " in " + path
	}
	if meant := trial.Closest(e.key, known); meant != "" {
		d.unread = append(d.unread, join(path, meant))
	}
	d.note(e.at, "", fmt.Sprintf("unknown key %q%s (known: %s)%s", e.key, where, strings.Join(known, ", "), trial.DidYouMean(e.key, known)))
}

// examples are what to write for a statement.
var examples = map[string]string{"objective": "latency-p95 <= 300ms", "reward": "minimize latency-mean"}

// statement parses the text of an objective or a reward, which n holds.
func (d *decoder) statement(into encoding.TextUnmarshaler, written string, source *trial.Source, n *node, path string) {
	key := shorthand(reflect.TypeOf(into).Elem())
	text := n.find(key)
	switch {
	case d.isUnread(join(path, key)):
		return
	case text == nil:
		d.add(d.places[path], path, "no %s: say one, as in %s: %s", key, key, examples[key])
		return
	}
	*source = text.at
	if d.stored && text.at.Input == "" {
		*source = placeNamed(text.comment)
	}
	if err := into.UnmarshalText([]byte(written)); err != nil {
		d.add(text.at, path, "%v", err)
	}
}

func (d *decoder) slice(n *node, v reflect.Value, path string) {
	switch {
	case v.Type() == reflect.TypeFor[[]Metric]() && n.areNamed("kind", "preset"), v.Type() == reflect.TypeFor[[]Request]() && n.areNamed("path", "grpc", "steps"):
		n = n.asNamed()
	case (v.Type() == reflect.TypeFor[Actions]() || v.Type() == reflect.TypeFor[[]Metric]() || v.Type() == reflect.TypeFor[loadgen.Messages]()) && n.kind != list:
		n = &node{kind: list, at: n.at, items: []*node{n}}
	}
	if n.kind != list {
		d.add(n.at, path, "%s, where a list is meant: begin each item with a dash, or write [a, b]", n.kind)
		return
	}
	made := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		d.decode(item, made.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(made)
}

// areNamed reports whether what is meant to be a list is written as a mapping
// from names: one item itself has keys of its own.
func (n *node) areNamed(own ...string) bool {
	return n.kind == mapping && n.find("name") == nil && !slices.ContainsFunc(own, func(key string) bool { return n.find(key) != nil }) &&
		!slices.ContainsFunc(n.entries, func(e entry) bool { return e.value.kind != mapping })
}

// asNamed is the list of what a mapping has from names.
func (n *node) asNamed() *node {
	out := &node{kind: list, at: n.at}
	for _, e := range n.entries {
		named := &node{kind: mapping, at: e.at, entries: slices.Clone(e.value.entries)}
		if named.find("name") == nil {
			named.set("name", &node{kind: scalar, text: escape(e.key), at: e.at})
		}
		out.items = append(out.items, named)
	}
	return out
}

func (d *decoder) table(n *node, v reflect.Value, path string) {
	if n.kind != mapping {
		d.add(n.at, path, "%s, where a mapping from names to values is meant", n.kind)
		return
	}
	made := reflect.MakeMap(v.Type())
	for _, e := range n.entries {
		value := reflect.New(v.Type().Elem()).Elem()
		d.decode(e.value, value, join(path, e.key))
		made.SetMapIndex(reflect.ValueOf(e.key), value)
	}
	v.Set(made)
}

// scalar reads a single value. Types that read themselves say what is wrong
// in their own words.
func (d *decoder) scalar(n *node, v reflect.Value, path string) {
	_, isSecret := v.Addr().Interface().(*trial.Secret)
	if isSecret && n.kind == mapping {
		text, err := n.asText()
		if err != nil {
			d.add(n.at, path, "%v", err)
			return
		}
		n = text
	}
	if n.kind != scalar {
		d.add(n.at, path, "%s, where a single value is meant", n.kind)
		return
	}
	if v.Type() == reflect.TypeFor[Script]() {
		v.SetString(n.text)
		return
	}
	e := expand(n.text, d.looking(n, path, isSecret))
	for _, name := range e.missing {
		if !isElsewhere(name) {
			d.add(n.at, path, "the variable %s is not set, or empty: set it, or give a default, as in ${%s:-text}", name, name)
		}
	}
	if e.broken {
		d.add(n.at, path, "${ begins no reference: write ${NAME} or ${NAME:-text}, and $${ for the characters themselves")
	}
	if e.broken || len(e.missing) > 0 {
		return
	}
	if s, ok := v.Addr().Interface().(*trial.Secret); ok {
		*s = d.secret(e)
		return
	}
	if err := set(v, e.text); err != nil {
		d.add(n.at, path, "%v", err)
	} else if len(e.names) > 0 && maybeCredential(path) {
		d.address(e)
	}
}

// looking looks references of a text up. What is held in files and in the
// cluster may only be in secrets: elsewhere it would be shown.
func (d *decoder) looking(n *node, path string, isSecret bool) func(string) (string, bool) {
	if d.lookup == nil {
		return nil
	}
	return func(name string) (string, bool) {
		if !isElsewhere(name) {
			return d.lookup(name)
		}
		if !isSecret {
			d.add(n.at, path, "${%s} would be shown here: secrets of files and of the cluster may be in headers, tokens, passwords and the like", name)
			return "", false
		}
		value, err := d.elsewhere(name)
		if err != nil {
			d.add(n.at, path, "${%s}: %v", name, err)
		} else if value == "" {
			d.add(n.at, path, "${%s} is empty", name)
		}
		return value, value != ""
	}
}

// maybeCredential reports whether what a text refers to may be one: in the
// query of an address, in a request for a metric, or as what only testers send.
func maybeCredential(path string) bool {
	return strings.HasSuffix(path, "url") || strings.HasSuffix(path, "proxy") || strings.HasPrefix(path, "traffic.match") || requested.MatchString(path)
}

// requested matches what is sent for a metric beside its query, and where load is sent.
var requested = regexp.MustCompile(`^metrics\[\d+\]\.(from|path|body|params\..*)$|^requests\[\d+\](\.steps\[\d+\])?\.(path|check\..*)$`)

// address keeps how a text was written that may hold a credential.
func (d *decoder) address(e expansion) {
	if d.written == nil {
		d.written = map[string]string{}
	}
	d.written[e.text] = e.shown
	for _, name := range e.names {
		value, _ := d.lookup(name)
		d.referred = append(d.referred, value)
	}
}

// secret never shows a text that refers to no variable.
func (d *decoder) secret(e expansion) trial.Secret {
	switch {
	case d.stored:
		return trial.NewSecret(e.shown, "")
	case len(e.names) == 0 && e.text != "":
		return trial.NewSecret("***", e.text)
	}
	for _, name := range e.names {
		switch value, _ := d.lookup(name); {
		case strings.HasPrefix(name, inFile):
			value, _ = d.elsewhere(name) // it was there just now
			d.confided = append(d.confided, value)
		case !strings.HasPrefix(name, inCluster):
			d.confided = append(d.confided, value)
		}
	}
	return trial.NewSecret(e.shown, e.text)
}

// set reads a text into a value whose type isScalar.
func set(v reflect.Value, text string) error {
	if v.Kind() == reflect.String {
		v.SetString(text)
		return nil
	}
	text = strings.TrimSpace(text)
	switch target := v.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		return target.UnmarshalText([]byte(text))
	case *time.Duration:
		return setDuration(target, text)
	}
	var err error
	switch v.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%q is not a number", text)
		}
		v.SetFloat(f)
	case reflect.Int:
		var i int64
		i, err = strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(i)
	case reflect.Uint64:
		var u uint64
		u, err = strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(u)
	default:
		panic("config: no way to read a " + v.Type().String())
	}
	if err != nil {
		return fmt.Errorf("%q is not a whole number that fits here", text)
	}
	return nil
}

func setDuration(target *time.Duration, text string) error {
	if _, err := strconv.ParseFloat(text, 64); err == nil && text != "0" {
		return fmt.Errorf("%q has no unit: write %ss for seconds, or %sm for minutes", text, text, text)
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a duration: write 500ms, 90s, 2m or 1h30m", text)
	}
	if d < 0 {
		return fmt.Errorf("%q is negative", text)
	}
	*target = d
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func keysOf(fields []field) []string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	return keys
}

func fieldOf(fields []field, key string) (field, bool) {
	for _, f := range fields {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}
