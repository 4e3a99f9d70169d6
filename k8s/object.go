package k8s

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/util/jsonpath"

	"github.com/seatrial/seatrial/trial"
)

// Object is an object that must be ready before any load is sent, or all that
// a selector matches: part of the trial file.
type Object struct {
	Object    string `yaml:"object"` // "deployment/shop", "certificates.cert-manager.io/web condition=Ready", "pod" with a selector
	Namespace string `yaml:"namespace"`
	Selector  string `yaml:"selector"`
	Condition string `yaml:"condition"` // "Ready" or "Ready=False"
	JSONPath  string `yaml:"jsonpath"`  // "{.status.phase}=Running"
}

// Check says what is wrong with it, and what to write.
func (o Object) Check() error {
	_, err := o.target("")
	return err
}

// target is an Object that was understood.
type target struct {
	kind      kind
	name      string // empty with a selector
	selector  string
	namespace string
	condition *condition
	path      *valuePath
	shown     string // in messages: "deployment/shop"
}

// condition is what status.conditions must have.
type condition struct{ kind, status string }

// valuePath is what must stand at a place of the object.
type valuePath struct {
	expression string
	value      string // empty: any value but none
}

const objectExample = "write it as in deployment/shop, pod/shop-0 condition=Ready, or foos.example.com/x jsonpath={.status.phase}=Running"

// target reads an Object; the namespace is of objects that name none.
func (o Object) target(namespace string) (target, error) {
	o, err := o.spelled()
	if err != nil {
		return target{}, err
	}
	word, name, hasName := strings.Cut(o.Object, "/")
	k, known := kindNamed(word)
	t := target{kind: k, name: name, selector: o.Selector, namespace: namespace, shown: o.Object}
	if o.Namespace != "" {
		t.namespace, t.shown = o.Namespace, o.Object+" in "+o.Namespace
	}
	if o.Selector != "" {
		t.shown = fmt.Sprintf("%s %s", t.shown, o.Selector)
	}
	switch {
	case word == "":
		return target{}, fmt.Errorf("%q names no kind: %s", o.Object, objectExample)
	case !known && !strings.Contains(word, "."):
		return target{}, fmt.Errorf("%q is no kind that is known here (known: %s; others with their group, as in certificates.cert-manager.io/web condition=Ready)%s",
			word, strings.Join(kindWords(), ", "), trial.DidYouMean(word, kindWords()))
	case hasName && o.Selector != "":
		return target{}, fmt.Errorf("%q has a name and a selector: give one or the other", o.Object)
	case o.Selector == "" && name == "":
		return target{}, fmt.Errorf("%q names no object: %s", o.Object, objectExample)
	}
	if err := t.checkNames(known); err != nil {
		return target{}, err
	}
	if err := t.read(o.Condition, o.JSONPath); err != nil {
		return target{}, err
	}
	return t, t.answerable(known)
}

// spelled takes apart the short form that kubectl wait has: condition= and
// jsonpath= behind the name.
func (o Object) spelled() (Object, error) {
	words := strings.Fields(o.Object)
	if len(words) == 0 {
		return o, errors.New("empty: " + objectExample)
	}
	if strings.ContainsAny(words[0], ":@?#") {
		// Not quoted: it may be a URL with credentials.
		return o, errors.New("this is no object: " + objectExample + "; URLs stand in ready.urls")
	}
	o.Object = words[0]
	for rest := strings.TrimSpace(strings.Join(words[1:], " ")); rest != ""; rest = "" {
		key, value, _ := strings.Cut(rest, "=")
		switch {
		case key == "condition" && o.Condition == "":
			o.Condition = value
		case key == "jsonpath" && o.JSONPath == "":
			o.JSONPath = value
		case key == "condition" || key == "jsonpath":
			return o, fmt.Errorf("%s is given twice", key)
		default:
			return o, fmt.Errorf("%q behind %s is neither condition= nor jsonpath=: %s", rest, o.Object, objectExample)
		}
		if value == "" {
			return o, fmt.Errorf("%s= says nothing: %s", key, objectExample)
		}
	}
	return o, nil
}

// checkNames refuses what would change the path of a request, and selectors
// that are none.
func (t target) checkNames(known bool) error {
	for _, name := range []string{t.name, t.namespace} {
		if problems := path.IsValidPathSegmentName(name); len(problems) > 0 || strings.ContainsAny(name, ", ") {
			return fmt.Errorf("%q is not a name that an object can have", name)
		}
	}
	if t.name != "" && known && len(validation.IsDNS1123Subdomain(t.name)) > 0 || len(validation.IsDNS1123Subdomain(cmp.Or(t.namespace, "default"))) > 0 {
		return fmt.Errorf("%s is not a name that it can have: those have small letters, digits, - and . alone", t.shown)
	}
	if _, err := labels.Parse(t.selector); err != nil {
		return fmt.Errorf("selector %q: %w; write it as in app=shop,track!=stable", t.selector, err)
	}
	return nil
}

func (t *target) read(wanted, place string) error {
	if wanted != "" && place != "" {
		return errors.New("condition and jsonpath are given: give one or the other")
	}
	if wanted != "" {
		name, status, hasStatus := strings.Cut(wanted, "=")
		if !hasStatus {
			status = "True"
		}
		known := []string{"True", "False", "Unknown"}
		i := slices.IndexFunc(known, func(s string) bool { return strings.EqualFold(s, status) })
		if name == "" || i < 0 {
			return fmt.Errorf("condition %q: write its type, and what it must be if not True, as in Ready or Ready=False", wanted)
		}
		t.condition = &condition{name, known[i]}
	}
	if place == "" {
		return nil
	}
	expression, value := place, ""
	if end := strings.LastIndex(place, "}="); end >= 0 {
		expression, value = place[:end+1], place[end+2:]
	} else if !strings.HasPrefix(place, "{") {
		expression, value, _ = strings.Cut(place, "=")
	}
	if !strings.HasPrefix(expression, "{") {
		expression = "{" + expression + "}"
	}
	if err := checkPath(expression, value); err != nil {
		return fmt.Errorf("jsonpath %q: %w; write it as in {.status.phase}=Running", place, err)
	}
	t.path = &valuePath{expression, value}
	return nil
}

// checkPath refuses what is no path, and comparisons that there are not: to
// the parser they are text behind a path, and text is always there.
func checkPath(expression, value string) error {
	if _, err := parsePath(expression); err != nil {
		return err
	}
	parsed, err := jsonpath.Parse("", expression)
	if err != nil {
		return err
	}
	hasText := slices.ContainsFunc(parsed.Root.Nodes, func(n jsonpath.Node) bool { return n.Type() == jsonpath.NodeText })
	if hasText || strings.HasSuffix(expression, "!}") || strings.HasPrefix(value, "=") || value != strings.TrimSpace(value) {
		return errors.New("it asks for one value, with one = and no spaces; others can't be compared with")
	}
	return nil
}

func parsePath(expression string) (*jsonpath.JSONPath, error) {
	p := jsonpath.New("").AllowMissingKeys(true)
	return p, p.Parse(expression)
}

// answerable refuses what could never be told to be ready.
func (t *target) answerable(known bool) error {
	if t.condition != nil || t.path != nil {
		return nil
	}
	switch {
	case !known:
		return fmt.Errorf("when %s is ready is not known here: say so, as in %s condition=Ready, or jsonpath={.status.phase}=Running", t.shown, t.shown)
	case t.selector != "" && t.kind.parts != nil:
		return fmt.Errorf("a selector of %s needs a condition or a jsonpath; without, name the object, or select pods", t.kind.resource)
	case t.kind.condition != "":
		t.condition = &condition{t.kind.condition, "True"}
	}
	return nil
}
