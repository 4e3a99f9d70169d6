package loadgen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/seatrial/seatrial/trial"
)

// Check is what an answer must be, beside its status.
type Check struct {
	JQ      string            `yaml:"jq"`   // a program that gives true
	Body    string            `yaml:"body"` // a regular expression
	MinSize *Size             `yaml:"min-size"`
	MaxSize *Size             `yaml:"max-size"`
	Headers map[string]string `yaml:"headers"` // regular expressions
}

// Save is where a step's answer has a value for those after it: one of these.
type Save struct {
	JQ     string `yaml:"jq"`
	Header string `yaml:"header"`
	Body   string `yaml:"body"` // a regular expression; its first group, or all of it
}

// Size is a number of bytes, written 100kB.
type Size int64

// sizes are the units of a size, the largest first.
var sizes = []struct {
	unit  string
	bytes int64
}{{"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3}, {"B", 1}}

// MarshalText writes "100kB".
func (s Size) MarshalText() ([]byte, error) {
	for _, u := range sizes {
		if int64(s)%u.bytes == 0 && s != 0 {
			return fmt.Appendf(nil, "%d%s", int64(s)/u.bytes, u.unit), nil
		}
	}
	return []byte("0B"), nil
}

func (s Size) String() string { text, _ := s.MarshalText(); return string(text) }

// UnmarshalText reads "100kB", "1 MiB" or "20B".
func (s *Size) UnmarshalText(written []byte) error {
	for _, u := range sizes {
		number, is := strings.CutSuffix(strings.TrimSpace(string(written)), u.unit)
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if bytes := n * float64(u.bytes); is && err == nil && bytes >= 0 && bytes <= 1e12 && bytes == math.Trunc(bytes) {
			*s = Size(bytes)
			return nil
		}
	}
	return fmt.Errorf("%q is not a size: write 20B, 100kB or 5MB", written)
}

// mostLooked is how long the body of an answer may be that is looked into.
const mostLooked = 10_000_000

// jqTime is how long a program may look at one body.
const jqTime = time.Second

// CheckJQ refuses what is no jq program.
func CheckJQ(program string) error {
	_, err := compileJQ(program)
	return err
}

// compileJQ prepares a program. It has no environment, files, or further input.
func compileJQ(program string) (*gojq.Code, error) {
	parsed, err := gojq.Parse(program)
	if err != nil {
		return nil, fmt.Errorf("the jq program can't be read: %w", err)
	}
	code, err := gojq.Compile(parsed)
	if err != nil {
		return nil, fmt.Errorf("the jq program can't be compiled: %w", err)
	}
	return code, nil
}

// looks is what is looked at of an answer. Nil looks at nothing but the status.
type looks struct {
	Check
	jq      *gojq.Code
	body    *regexp.Regexp
	headers []pattern
	saves   []saver
	into    bool // the body is needed, and not its size alone
}

type pattern struct {
	header string
	is     *regexp.Regexp
}

type saver struct {
	name string
	Save
	jq   *gojq.Code
	body *regexp.Regexp
}

func newLooks(r Request) (*looks, error) {
	if r.Check == nil && len(r.Save) == 0 {
		return nil, nil
	}
	l := &looks{}
	if r.Check != nil {
		l.Check = *r.Check
	}
	var err error
	l.jq, l.body, err = lookers(l.Check.JQ, l.Check.Body)
	l.into = l.jq != nil || l.body != nil
	for _, name := range slices.Sorted(maps.Keys(l.Check.Headers)) {
		is, wrong := regexp.Compile(l.Check.Headers[name])
		l.headers, err = append(l.headers, pattern{http.CanonicalHeaderKey(name), is}), errors.Join(err, wrong)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Save)) {
		s := saver{name: name, Save: r.Save[name]}
		var wrong error
		s.jq, s.body, wrong = lookers(s.Save.JQ, s.Save.Body)
		l.saves, err = append(l.saves, s), errors.Join(err, wrong)
		l.into = l.into || s.jq != nil || s.body != nil
	}
	return l, err
}

// lookers are what looks into a body; nil where nothing is to.
func lookers(program, expression string) (code *gojq.Code, is *regexp.Regexp, err error) {
	if program != "" {
		code, err = compileJQ(program)
	}
	if expression != "" && err == nil {
		is, err = regexp.Compile(expression)
	}
	return code, is, err
}

// reply is an answer as a client read it.
type reply struct {
	code   int
	header func(name string) []string // by the canonical name
	body   []byte                     // as much of it as is wanted: see message.keeps
	size   int64                      // of all of it
	document
}

// document is a body as JSON, read once.
type document struct {
	value any
	err   error
	read  bool
}

// keeps is how much of a body is wanted.
func (m *message) keeps(code int) int {
	switch {
	case m.looks != nil && m.looks.into:
		return mostLooked
	case !anyOf(m.expect, code):
		return read
	case m.looks != nil:
		return read // shown where a check of its size or header fails
	}
	return 0
}

// wrong is which check an answer fails, and how; 0 where it is as it must be.
func (l *looks) wrong(r *reply) (trial.Failure, string) {
	if l.into && r.size > mostLooked {
		return trial.TooLong, fmt.Sprintf("the body has %d bytes, and is looked into up to 10 MB", r.size)
	}
	for _, p := range l.headers {
		if values := r.header(p.header); !slices.ContainsFunc(values, p.is.MatchString) {
			return trial.WrongHeader, fmt.Sprintf("the header %s does not match %q", p.header, p.is)
		}
	}
	switch {
	case l.MinSize != nil && r.size < int64(*l.MinSize):
		return trial.WrongSize, fmt.Sprintf("the body has %d bytes, less than %s", r.size, l.MinSize)
	case l.MaxSize != nil && r.size > int64(*l.MaxSize):
		return trial.WrongSize, fmt.Sprintf("the body has %d bytes, more than %s", r.size, l.MaxSize)
	case l.body != nil && !l.body.Match(r.body):
		return trial.WrongBody, fmt.Sprintf("the body does not match %q", l.body)
	case l.jq != nil:
		if why := l.untrue(r); why != "" {
			return trial.WrongJSON, why
		}
	}
	return 0, ""
}

// untrue is why a program does not say true of a body; empty where it does.
func (l *looks) untrue(r *reply) string {
	values, err := r.run(l.jq)
	switch {
	case err != nil:
		return "jq: " + err.Error()
	case len(values) == 0:
		return fmt.Sprintf("jq %q gives nothing for the body", l.JQ)
	case slices.ContainsFunc(values, func(v any) bool { return v == nil || v == false }):
		return fmt.Sprintf("jq %q is not true of the body", l.JQ)
	}
	return ""
}

// mostValues is how many values a program may give.
const mostValues = 10_000

// run gives what a program makes of the body. It never takes longer than jqTime,
// and no deadline of the exchange cuts it short, which is over by then.
func (r *reply) run(code *gojq.Code) ([]any, error) {
	if !r.document.read {
		r.document = documentOf(r.body)
	}
	if r.err != nil {
		return nil, r.err
	}
	ctx, done := context.WithTimeout(context.Background(), jqTime)
	defer done()
	var out []any
	for values := code.RunWithContext(ctx, r.value); ; {
		v, more := values.Next()
		if !more {
			return out, nil
		}
		if err, failed := v.(error); failed {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("the program did not end within %s", jqTime)
			}
			return nil, err
		}
		if out = append(out, v); len(out) > mostValues {
			return nil, fmt.Errorf("the program gives more than %d values", mostValues)
		}
	}
}

func documentOf(body []byte) document {
	d := document{read: true}
	in := json.NewDecoder(bytes.NewReader(body))
	in.UseNumber()
	if d.err = in.Decode(&d.value); d.err == nil {
		if _, more := in.Token(); !errors.Is(more, io.EOF) {
			d.err = errors.New("something follows the value")
		}
	}
	if d.err != nil {
		d.err = fmt.Errorf("the body is not JSON: %w", d.err)
	}
	return d
}

// longestSaved is how long a saved value may be: no server takes a header longer.
const longestSaved = 64 << 10

// value is what an answer has to be saved, or why there is nothing.
func (s saver) value(r *reply) (string, error) {
	found, where := "", ""
	switch {
	case s.jq != nil:
		values, err := r.run(s.jq)
		if err != nil {
			return "", fmt.Errorf("%s: jq: %w", s.name, err)
		}
		found, where = single(values), fmt.Sprintf("jq %q gives no text, number or boolean for the body", s.JQ)
	case s.body != nil:
		if m := s.body.FindSubmatch(r.body); m != nil {
			found = string(m[min(1, len(m)-1)])
		}
		where = fmt.Sprintf("nothing in the body matches %q", s.body)
	default:
		if values := r.header(http.CanonicalHeaderKey(s.Header)); len(values) > 0 {
			found = values[0]
		}
		where = "the answer has no header " + s.Header
	}
	switch {
	case found == "":
		return "", fmt.Errorf("%s is not there: %s", s.name, where)
	case len(found) > longestSaved:
		return "", fmt.Errorf("%s is longer than 64 KiB", s.name)
	}
	return found, nil
}

// single is the one value that a program gave, as a text; empty where there is
// none.
func single(values []any) string {
	if len(values) != 1 {
		return ""
	}
	switch v := values[0].(type) {
	case string:
		return v
	case nil, []any, map[string]any:
		return ""
	}
	text, _ := gojq.Marshal(values[0]) // a program's own value
	return string(text)
}
