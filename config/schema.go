package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/metrics"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// object is a JSON Schema, or a part of one.
type object map[string]any

// Schema is the JSON Schema of the trial file (draft 2020-12), for editors.
// What it refuses, Load refuses; Load knows more.
func Schema() []byte {
	root := schemaOf(reflect.TypeFor[File](), "")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Seatrial trial file"
	root["$defs"] = object{"reference": object{
		"description": "A text with a reference to the environment: ${NAME} or ${NAME:-default}.",
		"type":        "string", "pattern": `\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\}`,
	}}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		panic("config: the schema can't be written: " + err.Error())
	}
	return out.Bytes()
}

func schemaOf(t reflect.Type, path string) object {
	if t.Kind() == reflect.Pointer {
		return schemaOf(t.Elem(), path)
	}
	var s object
	switch {
	case isScalar(t):
		s = scalarSchema(t)
	case t == reflect.TypeFor[[]Request]():
		one := schemaOf(t.Elem(), path+"[]")
		s = object{"anyOf": []object{{"type": "array", "items": one}, {"type": "object", "additionalProperties": one}}}
	case t == reflect.TypeFor[[]Metric]():
		one := schemaOf(t.Elem(), path+"[]")
		s = object{"anyOf": []object{one, {"type": "array", "items": one}, {"type": "object", "additionalProperties": one}}}
	case t == reflect.TypeFor[Actions](), t == reflect.TypeFor[loadgen.Messages]():
		one := schemaOf(t.Elem(), path+"[]")
		s = object{"anyOf": []object{one, {"type": "array", "items": one}}}
	case t.Kind() == reflect.Slice:
		s = object{"type": "array", "items": schemaOf(t.Elem(), path+"[]")}
	case t.Kind() == reflect.Map:
		s = object{"type": "object", "additionalProperties": schemaOf(t.Elem(), path+"[]")}
	default:
		s = structSchema(t, path)
	}
	if text := describe(path); text != "" {
		s["description"] = text
	}
	return s
}

func structSchema(t reflect.Type, path string) object {
	properties := object{}
	for _, f := range fieldsOf(t) {
		properties[f.key] = schemaOf(t.FieldByIndex(f.index).Type, join(path, f.key))
	}
	s := object{"type": "object", "additionalProperties": false, "properties": properties}
	if key := shorthand(t); key != "" {
		switch t {
		case reflect.TypeFor[loadgen.Target](): // behind load.url, a version needs no URL of its own
		case reflect.TypeFor[metrics.Provider](): // a database has none
		case reflect.TypeFor[Action]():
			s["oneOf"] = []object{{"required": []string{"run"}}, {"required": []string{"notify"}}}
		default:
			s["required"] = []string{key}
		}
		return object{"oneOf": []object{{"type": "string"}, s}}
	}
	return s
}

// eventPath is that of an action.
var eventPath = regexp.MustCompile(`^on\.[a-z]+\[\]`)

// listed is the path under which the table lists a key. A key of candidates is
// the same key of candidate, those of a step are those of a request, those of an action are the same at every event, and
// those of an objective wherever it stands.
func listed(path string) string {
	path = strings.Replace(path, "candidates[]", "candidate", 1)
	path = strings.Replace(path, "requests[].steps[].", "requests[].", 1)
	path = strings.Replace(path, "requests[].objectives[]", "objectives[]", 1)
	return eventPath.ReplaceAllString(path, "on.pass[]")
}

// describe is what the table says of a key, with its default in words.
func describe(path string) string {
	path = listed(path)
	for _, input := range Inputs {
		if input.Path != path || path == "" {
			continue
		}
		if input.Default != "" {
			return input.Help + " Default: " + input.Default + "."
		}
		return input.Help
	}
	return ""
}

// Patterns of values that are written as text.
const (
	durationPattern  = `^\s*(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+\s*$`
	ratePattern      = `^\s*[0-9.]+(e[0-9]+)?\s*/\s*[smh]\s*$`
	percentPattern   = `^\s*[0-9.]+(\s*%)?\s*$`
	sizePattern      = `^\s*[0-9.]+\s*([kM]i?)?B\s*$`
	conditionPattern = `^\s*(verdict|status|winner)\s*[!=]=`
	statusPattern    = `^\s*([1-5][0-9]{2}|[1-5][xX]{2}|[1-5][0-9]{2}\s*-\s*[1-5][0-9]{2})\s*$`
)

// scalarSchema is the schema of a single value. Any of them may be a
// reference, because any text may hold one.
func scalarSchema(t reflect.Type) object {
	text := func(pattern string) object { return object{"type": "string", "pattern": pattern} }
	whole := object{"type": "integer", "minimum": 0}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return orReference(text(durationPattern))
	case reflect.TypeFor[loadgen.Rate]():
		return orReference(text(ratePattern))
	case reflect.TypeFor[slo.Percent](), reflect.TypeFor[loadgen.Share]():
		return orReference(text(percentPattern), object{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})
	case reflect.TypeFor[loadgen.Share]():
		return orReference(text(percentPattern), object{"type": "number", "exclusiveMinimum": 0, "maximum": 1})
	case reflect.TypeFor[loadgen.StatusRange]():
		return orReference(text(statusPattern), object{"type": "integer", "minimum": 100, "maximum": 599})
	case reflect.TypeFor[loadgen.Code]():
		return orReference(object{"enum": trial.GRPCCodes()}, object{"type": "integer", "minimum": 0, "maximum": len(trial.GRPCCodes()) - 1})
	case reflect.TypeFor[slo.NoData]():
		return orReference(object{"enum": noDataWords()})
	case reflect.TypeFor[slo.Pattern]():
		return orReference(object{"enum": slo.PatternNames()})
	case reflect.TypeFor[slo.TrafficPolicy]():
		return orReference(object{"enum": slo.TrafficPolicyNames()})
	case reflect.TypeFor[Strategy]():
		return orReference(object{"enum": strategyNames})
	case reflect.TypeFor[AtEnd]():
		return orReference(object{"enum": atEndNames})
	case reflect.TypeFor[Mode]():
		return orReference(object{"enum": modeNames})
	case reflect.TypeFor[CommentMode]():
		return orReference(object{"enum": commentNames})
	case reflect.TypeFor[Condition]():
		return orReference(text(conditionPattern))
	case reflect.TypeFor[trial.Kind]():
		return orReference(object{"enum": trial.KindNames()})
	case reflect.TypeFor[slo.Unit]():
		return orReference(object{"enum": slo.UnitNames()})
	case reflect.TypeFor[slo.Per]():
		return orReference(object{"enum": slo.PerNames()})
	case reflect.TypeFor[loadgen.Size]():
		return orReference(text(sizePattern))
	case reflect.TypeFor[trial.Secret]():
		return secretSchema()
	}
	switch t.Kind() {
	case reflect.Bool:
		return orReference(object{"type": "boolean"}, object{"enum": []string{"true", "false"}})
	case reflect.String:
		return object{"type": []string{"string", "number", "boolean"}}
	case reflect.Float64:
		return orReference(object{"type": "number"})
	}
	return orReference(whole, text(`^[0-9]+$`))
}

func orReference(forms ...object) object {
	return object{"anyOf": append(forms, object{"$ref": "#/$defs/reference"})}
}

func noDataWords() []string {
	var words []string
	for _, n := range []slo.NoData{slo.NoDataInconclusive, slo.NoDataFail, slo.NoDataBroken} {
		text, _ := n.MarshalText() // never fails
		words = append(words, string(text))
	}
	return words
}
