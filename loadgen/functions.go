package loadgen

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// argumentKind is what an argument must be, by the name that Go has for it.
type argumentKind string

const (
	anything argumentKind = ""
	whole    argumentKind = "int"
	words    argumentKind = "string"
)

func (k argumentKind) check(value any) error {
	switch value.(type) {
	case int:
		if k == whole {
			return nil
		}
	case string:
		if k == words {
			return nil
		}
	}
	if k == anything {
		return nil
	}
	return fmt.Errorf("wrong type for value; expected %s; got %T", k, value)
}

// function is one that templates call.
type function struct {
	fixed    []argumentKind // of the arguments that there must be
	more     argumentKind   // of those that may follow them
	isOpen   bool           // any number may
	isChoice bool           // and, or: evaluated by need, and not called
	call     func(arguments []any) (any, error)
}

func (fn function) takes(given int) error {
	switch {
	case fn.isOpen && given < len(fn.fixed):
		return fmt.Errorf("want at least %d got %d", len(fn.fixed), given)
	case !fn.isOpen && given != len(fn.fixed):
		return fmt.Errorf("want %d got %d", len(fn.fixed), given)
	}
	return nil
}

func (fn function) kind(i int) argumentKind {
	if i < len(fn.fixed) {
		return fn.fixed[i]
	}
	return fn.more
}

// The forms that functions have.

func gives[T any](call func() T) function {
	return function{call: func([]any) (any, error) { return call(), nil }}
}

func ofOne[T any](call func(any) (T, error)) function {
	return function{fixed: []argumentKind{anything}, call: func(a []any) (any, error) { return call(a[0]) }}
}

func between[T any](call func(low, high int) (T, error)) function {
	return function{fixed: []argumentKind{whole, whole}, call: func(a []any) (any, error) { return call(a[0].(int), a[1].(int)) }}
}

func ordered(holds func(order int) bool) function {
	return function{fixed: []argumentKind{anything, anything}, call: func(a []any) (any, error) {
		order, err := compare(a[0], a[1])
		return err == nil && holds(order), err
	}}
}

// functionsOf are those of templates, as one filler has them.
func functionsOf(f *filler) map[string]function {
	return map[string]function{
		"id": gives(f.id), "uuid": gives(f.uuid), "newUUID": gives(f.newUUID), "number": gives(func() int { return f.turn }),
		"random": between(f.random), "randomInt": between(f.random), "randomString": between(f.randomString),
		"pick":   {isOpen: true, call: f.pick},
		"now":    {isOpen: true, more: words, call: now},
		unixNow:  gives(func() int64 { return time.Now().Unix() }),
		"base64": ofOne(asBase64), "json": ofOne(asJSON), "urlquery": ofOne(asQuery), "raw": ofOne(asItIs), escapeInPaths: ofOne(f.escaped),

		"and": {fixed: []argumentKind{anything}, isOpen: true, isChoice: true}, "or": {fixed: []argumentKind{anything}, isOpen: true, isChoice: true},
		"not":    ofOne(func(v any) (bool, error) { return !isTrue(v), nil }),
		"len":    ofOne(length),
		"print":  {isOpen: true, call: func(a []any) (any, error) { return fmt.Sprint(a...), nil }},
		"printf": {fixed: []argumentKind{words}, isOpen: true, call: func(a []any) (any, error) { return fmt.Sprintf(a[0].(string), a[1:]...), nil }},
		"eq":     {fixed: []argumentKind{anything}, isOpen: true, call: equalsAny},
		"ne":     {fixed: []argumentKind{anything, anything}, call: differs},
		"lt":     ordered(func(order int) bool { return order < 0 }),
		"le":     ordered(func(order int) bool { return order <= 0 }),
		"gt":     ordered(func(order int) bool { return order > 0 }),
		"ge":     ordered(func(order int) bool { return order >= 0 }),
	}
}

// isTrue reports whether a value is another one than the least of its kind.
func isTrue(value any) bool { return !reflect.ValueOf(value).IsZero() }

func length(value any) (int, error) {
	text, is := value.(string)
	if !is {
		return 0, fmt.Errorf("len of type %T", value)
	}
	return len(text), nil
}

// compare puts texts, whole numbers or others in order.
func compare(a, b any) (int, error) {
	switch x := widened(a).(type) {
	case int64:
		if y, is := widened(b).(int64); is {
			return cmp.Compare(x, y), nil
		}
	case float64:
		if y, is := b.(float64); is {
			return cmp.Compare(x, y), nil
		}
	case string:
		if y, is := b.(string); is {
			return cmp.Compare(x, y), nil
		}
	}
	if isOneKind(a, b) {
		return 0, errors.New("invalid type for comparison")
	}
	return 0, incomparable(a, b)
}

// equalsAny reports whether the first is one of the others.
func equalsAny(a []any) (any, error) {
	if len(a) == 1 {
		return nil, errors.New("missing argument for comparison")
	}
	for _, other := range a[1:] {
		if !isOneKind(a[0], other) {
			return nil, incomparable(a[0], other)
		}
		if widened(a[0]) == widened(other) {
			return true, nil
		}
	}
	return false, nil
}

func differs(a []any) (any, error) {
	equals, err := equalsAny(a)
	return equals == false, err
}

func isOneKind(a, b any) bool {
	return reflect.TypeOf(widened(a)) == reflect.TypeOf(widened(b))
}

func incomparable(a, b any) error {
	return fmt.Errorf("incompatible types for comparison: %T and %T", a, b)
}

// widened makes all whole numbers one kind.
func widened(value any) any {
	if n, is := value.(int); is {
		return int64(n)
	}
	return value
}

// now is the time, in UTC: RFC 3339, or in another form.
func now(forms []any) (any, error) {
	t := time.Now().UTC()
	switch len(forms) {
	case 0:
		return t.Format(time.RFC3339), nil
	case 1:
		return inForm(t, forms[0].(string))
	}
	return nil, errors.New(`now takes one form: now "2006-01-02"`)
}

func inForm(t time.Time, form string) (string, error) {
	switch form {
	case "unix":
		return strconv.FormatInt(t.Unix(), 10), nil
	case "unixms":
		return strconv.FormatInt(t.UnixMilli(), 10), nil
	}
	if told := t.Format(form); told != form {
		return told, nil
	}
	return "", fmt.Errorf(`now %q has no time in it: write unix, unixms, or a form as Go has them: now "2006-01-02 15:04:05"`, form)
}

// asJSON is a value as JSON has it: of a text, with its quotes.
func asJSON(v any) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return strings.TrimSuffix(out.String(), "\n"), err
}

// escaped is a value as it stands for itself alone where it goes: as a part of
// one segment of the path, or of the query.
func (f *filler) escaped(v any) (string, error) {
	if bytes.IndexByte(f.out.Bytes(), '?') >= 0 {
		return asQuery(v)
	}
	return url.PathEscape(shown(v)), nil
}

func asQuery(v any) (string, error) { return url.QueryEscape(shown(v)), nil }

func asBase64(v any) (string, error) { return base64.StdEncoding.EncodeToString([]byte(shown(v))), nil }

func asItIs(v any) (any, error) { return v, nil }
