package k8s

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	exactjson "k8s.io/apimachinery/pkg/util/json"
)

// Annotations that a trial and a person leave on a route.
const (
	noteKey    = "seatrial.dev/note"
	orderKey   = "seatrial.dev/order"
	orderByKey = "seatrial.dev/order-by"
	obeyedKey  = "seatrial.dev/order-obeyed"
)

func traces() []string { return []string{noteKey, orderKey, orderByKey, obeyedKey} }

// All keys and values of an object together:
// k8s.io/apimachinery/pkg/api/validation.TotalAnnotationSizeLimitB.
const annotationLimit = 256 << 10

const noteSchema = 1

// note stands on every object that a trial changes, from before the first
// change on, so that whoever finds it can bring back what was there.
type note struct {
	Schema   int       `json:"schema"`
	Route    string    `json:"route"`  // whose lock is this object's too
	Holder   string    `json:"holder"` // the trial's, unique to it
	Where    string    `json:"where,omitempty"`
	Since    time.Time `json:"since"`
	Versions []string  `json:"versions,omitempty"` // on the route: in the order of split weights
	Others   []other   `json:"others,omitempty"`   // on the route: the further objects with a note
	Before   []field   `json:"before"`
	Wrote    string    `json:"wrote"` // fingerprint of the owned fields as the trial wrote them last

	// Managers are the entries of metadata.managedFields before the trial: with
	// server-side apply, who owns a field decides whose next apply conflicts.
	Managers []metav1.ManagedFieldsEntry `json:"managers,omitempty"`
}

// other is a further object of a route.
type other struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
}

// field is what stands at a path of an object.
type field struct {
	Path  []string        `json:"path"`
	Value json.RawMessage `json:"value,omitempty"` // nothing: there is no such field
	Depth int             `json:"depth,omitempty"` // where there is none: how many keys of the path there are
}

// fieldsAt reads the fields at the paths.
func fieldsAt(o object, paths [][]string) ([]field, error) {
	fields := make([]field, 0, len(paths))
	for _, path := range paths {
		value, found, err := unstructured.NestedFieldNoCopy(o.Object, path...)
		if err != nil {
			return nil, err
		}
		f := field{Path: path}
		if !found {
			f.Depth = depth(o.Object, path)
		} else if f.Value, err = json.Marshal(value); err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// depth is how many keys of a path there are.
func depth(in any, path []string) int {
	for i, key := range path {
		m, _ := in.(map[string]any)
		value, found := m[key]
		if !found {
			return i
		}
		in = value
	}
	return len(path)
}

// setFields brings fields back as they were, absent ones too.
func setFields(o object, fields []field) error {
	for _, f := range fields {
		if len(f.Value) == 0 {
			f.remove(o)
			continue
		}
		var value any
		if err := exactjson.Unmarshal(f.Value, &value); err != nil {
			return fmt.Errorf("reading the noted %s: %w", strings.Join(f.Path, "."), err)
		}
		if err := unstructured.SetNestedField(o.Object, value, f.Path...); err != nil {
			return err
		}
	}
	return nil
}

// remove takes a field away, and the maps that were made to hold it.
func (f field) remove(o object) {
	unstructured.RemoveNestedField(o.Object, f.Path...)
	for end := len(f.Path) - 1; end > f.Depth; end-- {
		holder, _, _ := unstructured.NestedMap(o.Object, f.Path[:end]...)
		if len(holder) > 0 {
			return
		}
		unstructured.RemoveNestedField(o.Object, f.Path[:end]...)
	}
}

// fingerprint tells states of fields apart.
func fingerprint(fields []field) string {
	hash := sha256.New()
	for _, f := range fields {
		fmt.Fprintf(hash, "%q %s\n", f.Path, f.Value)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func paths(fields []field) [][]string {
	var paths [][]string
	for _, f := range fields {
		paths = append(paths, f.Path)
	}
	return paths
}

// noteOn reads an object's note; nil where it has none.
func noteOn(o object) (*note, error) {
	text, found := o.GetAnnotations()[noteKey]
	if !found {
		return nil, nil
	}
	var n note
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return nil, fmt.Errorf("the annotation %s can't be read (%w); if no trial wrote it, remove it", noteKey, err)
	}
	if n.Schema != noteSchema {
		return nil, fmt.Errorf("the annotation %s has schema %d; this seatrial reads %d: use the one that wrote it", noteKey, n.Schema, noteSchema)
	}
	return &n, nil
}

// untouched reports whether the owned fields are as the trial wrote them last.
func (n *note) untouched(o object) (bool, error) {
	fields, err := fieldsAt(o, paths(n.Before))
	return fingerprint(fields) == n.Wrote, err
}

// stands reports whether the owned fields are as they were before the trial.
func (n *note) stands(o object) (bool, error) {
	fields, err := fieldsAt(o, paths(n.Before))
	return fingerprint(fields) == fingerprint(n.Before), err
}

// stamp puts the note on an object, with the fingerprint of what the object
// says now; nil takes the note and orders away.
func (n *note) stamp(o object) error {
	annotations := o.GetAnnotations()
	if n == nil {
		for _, key := range traces() {
			delete(annotations, key)
		}
		setAnnotations(o, annotations)
		return nil
	}
	fields, err := fieldsAt(o, paths(n.Before))
	if err != nil {
		return err
	}
	n.Wrote = fingerprint(fields)
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[noteKey] = string(text)
	setAnnotations(o, annotations)
	return nil
}

// setAnnotations leaves no empty map behind.
func setAnnotations(o object, annotations map[string]string) {
	if len(annotations) == 0 {
		annotations = nil
	}
	o.SetAnnotations(annotations)
}

// fits says so before anything is changed if the note is too large.
func fits(o object) error {
	size := 0
	for key, value := range o.GetAnnotations() {
		size += len(key) + len(value)
	}
	if size > annotationLimit {
		return fmt.Errorf("with the note of what was there before, its annotations take %d KiB of the %d KiB that an object may have; nothing was changed. Give the trial a route with fewer rules", size>>10, annotationLimit>>10)
	}
	return nil
}

func sameFields(a, b object, paths [][]string) (bool, error) {
	ofA, err := fieldsAt(a, paths)
	if err != nil {
		return false, err
	}
	ofB, err := fieldsAt(b, paths)
	return fingerprint(ofA) == fingerprint(ofB), err
}
