package loadgen

import (
	"fmt"
	"testing"
	"text/template"
)

// goTemplate is what text/template makes of the tree that was compiled.
func goTemplate(f *filler, compiled text) (string, error) {
	call := func(name string) func(...any) (any, error) {
		return func(arguments ...any) (any, error) { return f.functions[name].call(arguments) }
	}
	functions := template.FuncMap{"random": f.random, "randomInt": f.random, "randomString": f.randomString,
		"now": func(forms ...string) string { return fmt.Sprint("now ", forms) }}
	for _, name := range []string{"id", "uuid", "newUUID", "number", unixNow} {
		functions[name] = func() (any, error) { return f.functions[name].call(nil) }
	}
	for _, name := range []string{"base64", "json", "urlquery", "raw", escapeInPaths} {
		functions[name] = func(v any) (any, error) { return call(name)(v) }
	}
	functions["pick"] = call("pick")
	data := map[string]any{}
	for name, row := range f.rows {
		data[name] = row
	}
	for name, value := range f.values {
		data[name] = value
	}
	f.out.Reset()
	t := template.Must(template.New("line").Option("missingkey=error").Funcs(functions).AddParseTree("line", compiled.template))
	err := t.Execute(&f.out, data)
	return f.out.String(), err
}

// sameAsGo fills a template in twice, with the clock stopped.
func sameAsGo(t *testing.T, k Known, written string, isPath bool) (string, error) {
	t.Helper()
	compiled, err := k.compile(written, isPath)
	if err != nil || compiled.template == nil {
		return "", err
	}
	begun := func() *filler {
		f := newFiller(7)
		f.begin(3, 1, 2, k.Data)
		f.save("s", "a saved/one")
		f.functions["now"] = function{isOpen: true, more: words, call: func(forms []any) (any, error) {
			return fmt.Sprint("now ", forms), nil
		}}
		f.functions[unixNow] = gives(func() int64 { return 1767225600 })
		return f
	}
	got, err := begun().fill(compiled)
	want, wrong := goTemplate(begun(), compiled)
	if len(want) > mostText {
		return got, err
	}
	if (err == nil) != (wrong == nil) || err == nil && got != want {
		t.Errorf("%s gives %q (%v), and in Go %q (%v)", written, got, err, want, wrong)
	}
	return got, err
}

func TestTemplatesGiveWhatTheyGiveInGo(t *testing.T) {
	k := Known{Data: map[string]*Data{"d": {columns: []string{"v", "none"}, rows: [][]string{{"a b", ""}}}}, Saved: []string{"s", "missing"}}
	for _, written := range []string{
		`{{1}} {{1.0}} {{1e3}} {{0x1e}} {{'a'}} {{'e'}} {{-7}} {{1i}} {{1_000}} {{0x1p4}} {{true}} {{"t"}} {{9223372036854775807}}`,
		`{{random 1 1e3}} {{random 'a' 0x100}} {{$x := 5}}{{random $x 9}} {{random number 9}} {{9 | random 1}}`,
		`{{and 1 0}} {{and 1 2}} {{and 0 .missing}} {{or 0 ""}} {{or "a" .missing}} {{0 | or ""}} {{1 | and 2}} {{not 0}} {{not "a"}} {{"" | not}}`,
		`{{eq 1 1}} {{eq 1 2 1}} {{eq "a" "b"}} {{eq true false}} {{eq 1.5 1.5}} {{eq 1i 1i}} {{eq number .TimestampUnix}} {{ne 1 2}} {{ne "a" "a"}} {{1 | eq 1}}`,
		`{{lt 1 2}} {{lt "b" "a"}} {{le 1 1}} {{le 1.5 1.2}} {{gt 2 1}} {{gt "a" "a"}} {{ge "a" "a"}} {{ge 1 2}} {{lt number .TimestampUnix}}`,
		`{{len .d.v}} {{.d.v | len | printf "%03d"}} {{print 1 2 "a" "b" 3}} {{print}} {{printf "%v %s %q" 1 .d.v .s}} {{printf "%d"}} {{printf "%*d" 9 9}}`,
		`{{if .d.none}}a{{else if eq .d.v "x"}}b{{else}}c{{end}}{{if false}}d{{end}}{{if 0.0}}e{{end}}{{if 0i}}f{{end}}{{if "0"}}g{{end}}`,
		`{{$x := 1}}{{if true}}{{$x = 2}}{{$y := 3}}{{$x}}{{$y}}{{end}}{{$x}}{{if $z := .d.v}}{{$z}}{{end}}{{$x := "new"}}{{$x}}`,
		`{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}} {{($y := 5)}}{{$y}} {{$.d.v}}{{$.s}} {{(print (len .s) "x") | printf "%s"}}`,
		`{{json 1.5}} {{json true}} {{base64 17}} {{urlquery 1.0}} {{raw 1e30}} {{pick 1 2 3}} {{pick "a" .d.v}} {{"a" | pick "b" "c"}}`,
		"{{- 1 -}} a {{/* b */}} {{- `raw`}}{{\"\\u00e9\"}}", `{{now}} {{now "2006"}} {{now .d.v}} {{number}} {{id}} {{uuid}} {{newUUID}} {{randomString 1 9}} {{.UUID}}`,
	} {
		for _, isPath := range []bool{false, true} {
			if _, err := sameAsGo(t, k, written, isPath); err != nil {
				t.Errorf("%s: %v", written, err)
			}
		}
	}
}

func TestWhatFailsInGoFails(t *testing.T) {
	k := Known{Data: map[string]*Data{"d": {columns: []string{"v"}, rows: [][]string{{"a b"}}}}, Saved: []string{"missing"}}
	for written, want := range map[string]string{
		`{{.missing}}`:                     `<.missing>: map has no entry for key "missing"`,
		"\n{{- /* */}}\n{{random .d.v 1}}": `line 3: <.d.v>: wrong type for value; expected int; got string`,
		`{{1 2}}`:                          `<1>: can't give argument to non-function 1`,
		`{{1 | .d.v}}`:                     `<.d.v>: can't give argument to non-function .d.v`,
		`{{random 1}}`:                     `<random 1>: wrong number of args for random: want 2 got 1`,
		`{{random 1 2 | random 1 2}}`:      `<random 1 2>: wrong number of args for random: want 2 got 3`,
		`{{random 1 1.5}}`:                 `<1.5>: wrong type for value; expected int; got float64`,
		`{{"x" | random 1}}`:               `<random 1>: wrong type for value; expected int; got string`,
		`{{random 1 .TimestampUnix}}`:      `<unixNow>: wrong type for value; expected int; got int64`,
		`{{and}}`:                          `<and>: wrong number of args for and: want at least 1 got 0`,
		`{{printf 1}}`:                     `<1>: wrong type for value; expected string; got int`,
		`{{len 1}}`:                        `<len 1>: error calling len: len of type int`,
		`{{eq 1}}`:                         `<eq 1>: error calling eq: missing argument for comparison`,
		`{{eq 1 "1"}}`:                     `<eq 1 "1">: error calling eq: incompatible types for comparison: int and string`,
		`{{ne 1 1.0}}`:                     `<ne 1 1.0>: error calling ne: incompatible types for comparison: int and float64`,
		`{{lt 1 "1"}}`:                     `<lt 1 "1">: error calling lt: incompatible types for comparison: int and string`,
		`{{ge true true}}`:                 `<ge true true>: error calling ge: invalid type for comparison`,
		`{{18446744073709551615}}`:         `<18446744073709551615>: 18446744073709551615 overflows int`,
		`{{and 0 ($x := 1)}}{{$x}}`:        `<$x>: undefined variable: $x`,
		`{{if len 1}}{{end}}`:              `<len 1>: error calling len: len of type int`,
		`{{$x := ""}}{{if true}}{{$x = len 1}}{{end}}`: `<len 1>: error calling len: len of type int`,
	} {
		_, err := sameAsGo(t, k, written, false)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", written, err, want)
		}
	}
}
