package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// pathsOf lists the path of every key of the file.
func pathsOf(t reflect.Type, path string) []string {
	switch {
	case isScalar(t) || t.Kind() == reflect.Map && isScalar(t.Elem()):
		return []string{path}
	case t.Kind() == reflect.Map:
		return pathsOf(t.Elem(), path+"[]")
	case t.Kind() == reflect.Pointer:
		return pathsOf(t.Elem(), path)
	case t.Kind() == reflect.Slice && isScalar(t.Elem()):
		return []string{path}
	case t.Kind() == reflect.Slice:
		return pathsOf(t.Elem(), path+"[]")
	}
	paths := []string{strings.TrimSuffix(path, "[]")}
	for _, f := range fieldsOf(t) {
		paths = append(paths, pathsOf(t.FieldByIndex(f.index).Type, join(path, f.key))...)
	}
	return paths
}

func TestTableAndFileAgree(t *testing.T) {
	var want, got []string
	for _, path := range pathsOf(reflect.TypeFor[File](), "") {
		if path != "" && listed(path) == path {
			want = append(want, path)
		}
	}
	for _, input := range Inputs {
		if input.Path != "" {
			got = append(got, input.Path)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys of the file (-) and of the table (+):\n%s", diff)
	}
}

// valueAt follows a path into the default file; the zero Value where it ends
// in a list or a version.
func valueAt(v reflect.Value, path string) reflect.Value {
	for key := range strings.SplitSeq(path, ".") {
		f, found := fieldOf(fieldsOf(v.Type()), key)
		if !found {
			return reflect.Value{}
		}
		if v = v.FieldByIndex(f.index); v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice && !isScalar(v.Type().Elem()) {
			return reflect.Value{}
		}
	}
	return v
}

func TestTableTellsTheDefaults(t *testing.T) {
	inWords := []string{"", "drawn anew", "GET, or POST with a body", "the URL's", "none", "the system's", "the pipeline's own", "the step's own", "the job's own, in the action", "30s and 120 rounds",
		"KUBECONFIG, ~/.kube/config, or the pod's own ServiceAccount", "the current one", "the context's"}
	for _, input := range Inputs {
		v := valueAt(reflect.ValueOf(Default()), input.Path)
		if input.Path == "" || !v.IsValid() || !isScalar(v.Type()) {
			continue
		}
		n, err := encodeScalar(v)
		if err != nil {
			t.Fatal(err)
		}
		if v.IsZero() && slices.Contains(inWords, input.Default) {
			continue
		}
		if n.text != input.Default {
			t.Errorf("%s: the default is %q, and the table says %q", input.Path, n.text, input.Default)
		}
		if isBool := v.Kind() == reflect.Bool; isBool != input.Bool {
			t.Errorf("%s: Bool is %v", input.Path, input.Bool)
		}
	}
}

func TestTableIsFitToPrint(t *testing.T) {
	names := map[string]bool{}
	sections := []string{}
	for _, input := range Inputs {
		if utf8.RuneCountInString(input.Help) > 100 || !strings.HasSuffix(input.Help, ".") || input.Placeholder == "" || input.Section == "" {
			t.Errorf("%s (%s): %q", input.Name, input.Path, input.Help)
		}
		if input.Name != "" && names[input.Name] {
			t.Errorf("%s is there twice", input.Name)
		}
		names[input.Name] = true
		if !slices.Contains(sections, input.Section) {
			sections = append(sections, input.Section)
		} else if sections[len(sections)-1] != input.Section {
			t.Errorf("%s: section %s is split", input.Path, input.Section)
		}
	}
}

func TestHelpFitsATerminal(t *testing.T) {
	help := Help()
	for line := range strings.Lines(help) {
		if utf8.RuneCountInString(strings.TrimRight(line, "\n")) > 80 {
			t.Errorf("too long: %s", line)
		}
	}
	for _, input := range Inputs {
		if input.Name != "" && !strings.Contains(help, "  --"+input.Name) {
			t.Errorf("--%s is not told of", input.Name)
		}
	}
	golden(t, "testdata/help.txt", help)
}
