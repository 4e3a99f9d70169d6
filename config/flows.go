package config

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/trial"
)

// notHere is said where a place to be filled in would be sent as it stands.
const notHere = "{{ fills nothing in here: templates are the path, headers and body of requests, and load.headers and load.body"

func (c checker) unfilled(path, text string) {
	if loadgen.IsTemplate(text) {
		c.doubt(path, "%s", notHere)
	}
}

func (c checker) unfilledHeaders(path string, headers map[string]trial.Secret) {
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		c.unfilled(join(path, name), headers[name].Reveal())
	}
}

// sequence checks the steps that one turn sends.
func (c checker) sequence(t templates, path string, r Request, first map[string]string, known loadgen.Known) {
	c.misplaced(path, "of a sequence: give it to the step that it is for",
		"path", "method", "headers", "body", "body-file", "host", "expect", "check", "save", "objectives", "grpc")
	for i, step := range r.Steps {
		at := fmt.Sprintf("%s.steps[%d]", path, i)
		c.misplaced(at, "of a step: give it to the sequence, beside steps", "share", "data")
		c.misplaced(at, "of a step: steps are HTTP; give it to a request of its own", "grpc")
		c.requestName(at, step.Name, first)
		c.sent(t, at, step.Request, known)
		c.saves(join(at, "save"), step.Save, known)
		known.Saved = slices.AppendSeq(known.Saved, maps.Keys(step.Save))
	}
}

// misplaced refuses keys that belong elsewhere.
func (c checker) misplaced(path, why string, keys ...string) {
	for _, key := range keys {
		if _, given := c.places[join(path, key)]; given {
			c.doubt(join(path, key), "%s", why)
		}
	}
}

// word is what a template can name.
var word = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (c checker) saves(path string, saves map[string]loadgen.Save, known loadgen.Known) {
	for _, name := range slices.Sorted(maps.Keys(saves)) {
		at, s := join(path, name), saves[name]
		if _, isData := known.Data[name]; isData {
			c.doubt(at, "%q is a name of data as well: choose another", name)
		}
		c.word(at, name)
		given := 0
		for _, text := range []string{s.JQ, s.Header, s.Body} {
			if text != "" {
				given++
			}
		}
		if given != 1 {
			c.doubt(at, "give one of jq, header and body, as in {jq: .token}")
		}
		c.jq(join(at, "jq"), s.JQ)
		c.expression(join(at, "body"), s.Body)
		if s.Header != "" && !isToken(s.Header) {
			c.doubt(join(at, "header"), "%q is not a header name", s.Header)
		}
	}
}

func (c checker) word(path, name string) {
	if !word.MatchString(name) {
		c.doubt(path, "%q can't be named by a template: write a word of letters, digits and _", name)
	}
}

func (c checker) jq(path, program string) {
	if program == "" {
		return
	}
	if err := loadgen.CheckJQ(program); err != nil {
		c.doubt(path, "%v", err)
	}
}

func (c checker) expression(path, text string) {
	if _, err := regexp.Compile(text); err != nil {
		c.doubt(path, "%v", err)
	}
}

// answer checks what answers must be.
func (c checker) answer(path string, check loadgen.Check) {
	if check.JQ == "" && check.Body == "" && check.MinSize == nil && check.MaxSize == nil && len(check.Headers) == 0 {
		c.doubt(path, "empty: give jq, body, min-size, max-size or headers")
	}
	c.jq(join(path, "jq"), check.JQ)
	c.expression(join(path, "body"), check.Body)
	if check.MinSize != nil && check.MaxSize != nil && *check.MinSize > *check.MaxSize {
		c.doubt(join(path, "max-size"), "%s is less than min-size, %s", check.MaxSize, check.MinSize)
	}
	for _, name := range slices.Sorted(maps.Keys(check.Headers)) {
		at := join(join(path, "headers"), name)
		if !isToken(name) {
			c.doubt(at, "%q is not a header name", name)
		}
		c.expression(at, check.Headers[name])
	}
}

// templates looks for what can't be filled in.
type templates struct {
	checker
	told  map[string]bool          // paths of what all requests have, so that each mistake is told once
	files map[string]*loadgen.Data // nil where they could not be read
}

// data reads the tables of a request; nil is one that could not be read.
func (t templates) data(path string, files map[string]string) loadgen.Known {
	known := loadgen.Known{Data: map[string]*loadgen.Data{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		at := join(join(path, "data"), name)
		t.word(at, name)
		known.Data[name] = t.table(at, files[name])
	}
	return known
}

func (t templates) table(path, file string) *loadgen.Data {
	if d, known := t.files[file]; known {
		return d
	}
	content, err := t.readFile(file)
	var d *loadgen.Data
	if err == nil {
		d, err = loadgen.ReadData(file, content)
	}
	if err != nil {
		t.doubt(path, "%v", err)
	}
	t.files[file] = d
	return d
}

// texts checks all that is filled in for one request: its own, and what it has
// of the load.
func (t templates) texts(path string, r loadgen.Request, known loadgen.Known) {
	for _, d := range known.Data {
		if d == nil {
			return // what names its columns would be no further mistake
		}
	}
	t.path(join(path, "path"), r.Path, known)
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		t.header(join(join(path, "headers"), name), "", name, r.Headers[name], known)
	}
	of := ""
	if path != "load" {
		of = " of " + r.Name
	}
	for _, name := range slices.Sorted(maps.Keys(t.file.Load.Headers)) {
		if !overridden(name, r.Headers) {
			t.header(join("load.headers", name), of, name, t.file.Load.Headers[name], known)
		}
	}
	switch load := t.file.Load; {
	case r.Body.Reveal() != "" || r.BodyFile != "":
		t.secret(join(path, "body"), "", r.Body, known)
		t.bodyFile(join(path, "body-file"), "", r.BodyFile, known)
	default:
		t.secret("load.body", of, load.Body, known)
		t.bodyFile("load.body-file", of, load.BodyFile, known)
	}
}

func overridden(name string, by map[string]trial.Secret) bool {
	for other := range by {
		if http.CanonicalHeaderKey(other) == http.CanonicalHeaderKey(name) {
			return true
		}
	}
	return false
}

func (t templates) path(path, text string, known loadgen.Known) {
	if written, refers := t.file.Written[text]; refers {
		if err := loadgen.OwnPlaces(trial.NewSecret(written, text)); err != nil {
			t.doubt(path, "%v", err)
			return
		}
	}
	if loadgen.IsTemplate(text) {
		filled, err := known.CheckPath(text)
		if err != nil {
			t.wrong(path, "", err)
			return
		}
		text = filled
	}
	t.checker.path(path, text)
}

func (t templates) header(path, of, name string, value trial.Secret, known loadgen.Known) {
	if http.CanonicalHeaderKey(name) == "Host" {
		t.unfilled(path, value.Reveal())
		return
	}
	t.secret(path, of, value, known)
}

func (t templates) secret(path, of string, s trial.Secret, known loadgen.Known) {
	err := loadgen.OwnPlaces(s)
	if err == nil {
		err = known.Check(s.Reveal())
	}
	t.wrong(path, of, err)
}

// bodyFile is a template where it is text.
func (t templates) bodyFile(path, of, file string, known loadgen.Known) {
	if file == "" {
		return
	}
	content, err := t.readFile(file)
	if err != nil || !utf8.Valid(content) {
		return // the former is said elsewhere
	}
	if err := known.Check(string(content)); err != nil {
		t.wrong(path, of, fmt.Errorf("%s: %w", file, err))
	}
}

// wrong tells what is wrong with a template, without what variables hold.
func (t templates) wrong(path, of string, err error) {
	if err == nil || t.told[path] {
		return
	}
	t.told[path] = of != ""
	t.doubt(path, "the template%s: %s", of, trial.NewHider(t.file.Load.Secrets).Hide(err.Error(), true))
}
