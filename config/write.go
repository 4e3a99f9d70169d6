package config

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/metrics"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// YAML is the resolved file, defaults included: what Load and LoadStored read
// back. Secrets are there as references only, URLs without user information and
// the values of their queries. A comment beside each objective says where it
// was written, so that findings of a later judgement point there too. Where the
// trial was published, and what was done about it, is not part of it: it is
// nothing that was tried, and commands may hold secrets.
func (f File) YAML() ([]byte, error) {
	shown := f.showable()
	shown.Publish, shown.On = Publish{}, Hooks{}
	if !shown.Traffic.Wanted() {
		shown.Traffic = Traffic{Split: f.Traffic.Split}
	}
	if len(shown.Declared) == 0 {
		shown.Windows = metrics.Windows{}
	}
	n, err := encode(reflect.ValueOf(shown), reflect.ValueOf(Default()))
	if err != nil {
		return nil, fmt.Errorf("writing the trial file: %w", err)
	}
	if f.Traffic.DryRun && !f.Traffic.Wanted() && len(f.Declared) > 0 {
		// Else nobody would know that numbers were made up.
		n.set("traffic", &node{kind: mapping, entries: []entry{{key: "dry-run", value: &node{kind: scalar, text: "true", bare: true}}}})
	}
	if f.NoLoad() {
		n.withoutLoad()
	}
	return printYAML(n)
}

// withoutLoad leaves of a load that is not sent the seed of what is drawn.
func (n *node) withoutLoad() {
	seed := n.find("load").find("seed")
	n.entries = slices.DeleteFunc(n.entries, func(e entry) bool { return e.key == "load" })
	if seed != nil {
		n.set("load", &node{kind: mapping, entries: []entry{{key: "seed", value: seed}}})
	}
}

// showable is a copy without what may be a credential in URLs.
func (f File) showable() File {
	clean := func(t loadgen.Target) loadgen.Target { t.URL = f.shown(t.URL); return t }
	for _, t := range []**loadgen.Target{&f.Baseline, &f.Candidate} {
		if *t != nil {
			copied := clean(**t)
			*t = &copied
		}
	}
	f.Candidates = slices.Clone(f.Candidates)
	for i := range f.Candidates {
		f.Candidates[i] = clean(f.Candidates[i])
	}
	f.Ready.URLs = slices.Clone(f.Ready.URLs)
	for i := range f.Ready.URLs {
		f.Ready.URLs[i].URL = f.shown(f.Ready.URLs[i].URL)
	}
	f.Providers, f.Declared = maps.Clone(f.Providers), slices.Clone(f.Declared)
	for name, p := range f.Providers {
		p.URL = f.shown(p.URL)
		if p.Auth.OAuth != nil {
			o := *p.Auth.OAuth
			o.TokenURL = f.shown(o.TokenURL)
			p.Auth.OAuth = &o
		}
		f.Providers[name] = p
	}
	for i := range f.Declared {
		f.Declared[i] = f.showableMetric(f.Declared[i])
	}
	f.Requests = slices.Clone(f.Requests)
	for i, r := range f.Requests {
		f.Requests[i].Request = f.showableRequest(r.Request)
		f.Requests[i].Steps = slices.Clone(r.Steps)
		for k, step := range r.Steps {
			f.Requests[i].Steps[k].Request = f.showableRequest(step.Request)
		}
	}
	f.Load.Proxy, f.Load.URL = f.shown(f.Load.Proxy), f.shown(f.Load.URL)
	f.Traffic.Match = slices.Clone(f.Traffic.Match)
	for i, m := range f.Traffic.Match {
		f.Traffic.Match[i] = k8s.Match{Headers: f.referring(m.Headers), Cookies: f.referring(m.Cookies), Path: m.Path}
	}
	return f
}

// showableRequest is a request without what may be a credential in its path, and
// in what is looked for in its answers.
func (f File) showableRequest(r loadgen.Request) loadgen.Request {
	if written, refers := f.Written[r.Path]; refers {
		r.Path = written
	}
	if r.Check == nil {
		return r
	}
	check := *r.Check
	for _, text := range []*string{&check.JQ, &check.Body} {
		if written, refers := f.Written[*text]; refers {
			*text = written
		}
	}
	check.Headers = nil
	if len(r.Check.Headers) > 0 {
		check.Headers = f.referring(r.Check.Headers)
	}
	r.Check = &check
	return r
}

// showableMetric is a metric without what may be a credential in its request.
func (f File) showableMetric(m Metric) Metric {
	for _, text := range []*string{&m.Path, &m.Body} {
		if written, refers := f.Written[*text]; refers {
			*text = written
		}
	}
	if m.Params != nil {
		m.Params = f.referring(m.Params)
	}
	return m
}

// referring are values as they were written where they refer to variables.
func (f File) referring(values map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range values {
		out[name] = value
		if written, refers := f.Written[value]; refers {
			out[name] = written
		}
	}
	return out
}

// encode is the inverse of decode. Standard is the default of the same value,
// or the zero reflect.Value where there is none: inside lists and pointers.
func encode(v, standard reflect.Value) (*node, error) {
	if isScalar(v.Type()) {
		return encodeScalar(v)
	}
	switch v.Kind() {
	case reflect.Pointer:
		return encode(v.Elem(), reflect.Value{})
	case reflect.Slice:
		n := &node{kind: list}
		for i := range v.Len() {
			item, err := encode(v.Index(i), reflect.Value{})
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		return n, nil
	case reflect.Map:
		return encodeTable(v)
	}
	return encodeStruct(v, standard)
}

func encodeTable(v reflect.Value) (*node, error) {
	n := &node{kind: mapping}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		value, err := encode(v.MapIndex(key), reflect.Value{})
		if err != nil {
			return nil, err
		}
		n.set(key.String(), value)
	}
	return n, nil
}

func encodeStruct(v, standard reflect.Value) (*node, error) {
	n := &node{kind: mapping}
	for _, f := range fieldsOf(v.Type()) {
		var own reflect.Value
		if standard.IsValid() {
			own = standard.FieldByIndex(f.index)
		}
		if !says(v.FieldByIndex(f.index), own) {
			continue
		}
		value, err := encode(v.FieldByIndex(f.index), own)
		if err != nil {
			return nil, err
		}
		n.set(f.key, value)
	}
	switch value := v.Interface().(type) {
	case slo.Objective:
		n.find("objective").comment = oneLine(placeName(value.Source))
	case slo.Reward:
		n.find("reward").comment = oneLine(placeName(value.Source))
	}
	if key := shorthand(v.Type()); len(n.entries) == 1 && n.entries[0].key == key {
		return n.entries[0].value, nil
	}
	return n, nil
}

// says reports whether a value is worth writing: words and truth values with
// a default always, the rest where it is not empty.
func says(v, standard reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Struct, reflect.String, reflect.Pointer:
		return !v.IsZero()
	}
	if !standard.IsValid() {
		return !v.IsZero()
	}
	_, isWord := v.Interface().(encoding.TextMarshaler)
	return isWord || v.Kind() == reflect.Bool || !v.IsZero() || !standard.IsZero()
}

func encodeScalar(v reflect.Value) (*node, error) {
	switch value := v.Interface().(type) {
	case trial.Secret:
		// A reference stays one.
		return &node{kind: scalar, text: value.String()}, nil
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		return &node{kind: scalar, text: string(text), bare: true}, err
	case time.Duration:
		return &node{kind: scalar, text: durationText(value)}, nil
	}
	if v.Kind() == reflect.String {
		return &node{kind: scalar, text: escape(v.String())}, nil
	}
	return &node{kind: scalar, text: fmt.Sprint(v.Interface()), bare: true}, nil
}

// durationText writes 2m0s as 2m.
func durationText(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}
