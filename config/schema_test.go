package config

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("seatrial.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("seatrial.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// conforms reads YAML as an editor does.
func conforms(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

func TestSchemaTakesWhatLoadTakes(t *testing.T) {
	schema := compiled(t)
	for path, text := range textsIn(t, "testdata/sound/*.yaml") {
		if strings.TrimSpace(text)[0] == '#' {
			continue // nothing but a comment
		}
		if err := conforms(t, schema, text); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		file, _, err := Load(soundSources(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := conforms(t, schema, resolved(t, file)); err != nil {
			t.Errorf("%s, resolved: %v", path, err)
		}
	}
}

func TestSchemaRefusesWhatLoadRefuses(t *testing.T) {
	schema := compiled(t)
	for _, text := range []string{
		"rates: 1/s", "load: {identify: {values: {a: b}}}", "load: {identify: [X-Version]}", "load: {rates: 1/s}", "load: {rate: 100}", "load: {rate: fast}", "load: {for: 60}", "load: {for: -5s}",
		"load: {connections: many}", "load: {http2: 1}", "load: {expect: 200}", "load: {expect: [999]}", "load: {expect: [6xx]}",
		"candidate: []", "candidates: http://a.svc", "objectives: [{inform: true}]",
		"objectives: [{objective: a, weight: 1}]", "confidence: 95", "no-data: pass", "mode: advise", "name: [a]", "ready: 2m",
		"load: {headers: {A: [b]}}", "load:", "candidates: [{url: a, vesrion: b}]",
	} {
		if err := conforms(t, schema, text); err == nil {
			t.Errorf("%q conforms", text)
		}
		_, _, err := Load(Sources{
			Flags:    map[string]string{"candidate-version": "x"},
			ReadFile: files(map[string]string{"seatrial.yaml": text}),
		})
		if err == nil || !strings.Contains(err.Error(), "seatrial.yaml:1:") {
			t.Errorf("%q: Load found nothing wrong with it: %v", text, err)
		}
	}
}

func TestSchemaTellsWhatEachKeyIs(t *testing.T) {
	var visit func(path string, value any)
	visit = func(path string, value any) {
		o, ok := value.(map[string]any)
		if !ok {
			return
		}
		if properties, ok := o["properties"].(map[string]any); ok {
			for key, property := range properties {
				if property.(map[string]any)["description"] == nil {
					t.Errorf("%s.%s has no description", path, key)
				}
				visit(path+"."+key, property)
			}
		}
		visit(path+"[]", o["items"])
		if forms, ok := o["oneOf"].([]any); ok {
			for _, form := range forms {
				visit(path, form)
			}
		}
	}
	var root any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	visit("", root)
}
