package k8s

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// state is where an object stands. The zero value does not let a trial begin.
type state int

const (
	waiting state = iota
	ready
	failed // it can't become ready without another hand
)

// reading is what an object's state means.
type reading struct {
	state    state
	sentence string        // why it is not ready; untrusted
	again    time.Duration // when time alone may change it; 0: never
	culprits []culprit     // whose logs tell more
	unheard  bool          // the API server does not answer: it has no story to tell
}

// culprit is a container that keeps an object from being ready.
type culprit struct {
	pod, container string
	restarted      bool // it has a predecessor with logs of its own
}

func notYet(format string, args ...any) reading {
	return reading{state: waiting, sentence: fmt.Sprintf(format, args...)}
}

func never(format string, args ...any) reading {
	return reading{state: failed, sentence: fmt.Sprintf(format, args...)}
}

// sight is all that is seen of an object at one moment.
type sight struct {
	object object // nil: it is not there
	parts  map[role][]object
	now    time.Time // by the cluster's clock
}

// readOne says whether an object of the target is ready, by what is seen of
// it. It is the whole of readiness: nothing else decides.
func (t target) readOne(s sight) reading {
	if s.object == nil {
		return notYet("is not there")
	}
	if at := s.object.GetDeletionTimestamp(); at != nil {
		return notYet("is being deleted")
	}
	switch {
	case t.condition != nil:
		return readCondition(s.object, *t.condition)
	case t.path != nil:
		return readPath(s.object, *t.path)
	case t.kind.judge != nil:
		return t.kind.judge(s)
	}
	return never("nothing tells when it is ready")
}

// readAll reads all that a selector matches: each must be ready, and at least
// one be there. What is being deleted is no longer waited for.
func (t target) readAll(all []object, now time.Time) reading {
	staying := slices.DeleteFunc(slices.Clone(all), func(o object) bool { return o.GetDeletionTimestamp() != nil || replaced(o) })
	if len(staying) == 0 {
		return notYet("nothing matches the selector")
	}
	slices.SortFunc(staying, func(a, b object) int { return strings.Compare(a.GetName(), b.GetName()) })
	var readings []reading
	for _, o := range staying {
		r := t.readOne(sight{object: o, now: now})
		if r.state != ready {
			r.sentence = o.GetName() + ": " + r.sentence
		}
		readings = append(readings, r)
	}
	return worst(readings)
}

// worst is the first that failed, else the first that waits, else ready.
func worst(readings []reading) reading {
	for _, want := range []state{failed, waiting} {
		for _, r := range readings {
			if r.state == want {
				r.again = soonest(readings)
				return r
			}
		}
	}
	return reading{state: ready}
}

func soonest(readings []reading) time.Duration {
	var least time.Duration
	for _, r := range readings {
		if r.again > 0 && (least == 0 || r.again < least) {
			least = r.again
		}
	}
	return least
}

// observed reports whether the object's controller has seen its newest spec.
func observed(o object) (reading, bool) {
	seen, has := number(o.Object, "status", "observedGeneration")
	if !has || seen < o.GetGeneration() {
		return notYet("its controller has not seen the newest change yet"), false
	}
	return reading{}, true
}

// agreed asks kstatus too: what it does not call current is not ready.
func agreed(o object) reading {
	result, err := status.Compute(o)
	switch {
	case err != nil:
		return notYet("its status can't be read: %v", err)
	case result.Status != status.CurrentStatus:
		return notYet("%s", result.Message)
	}
	return reading{state: ready}
}

// readCondition judges by one of status.conditions alone.
func readCondition(o object, want condition) reading {
	if seen, has := number(o.Object, "status", "observedGeneration"); has && seen < o.GetGeneration() {
		return notYet("its controller has not seen the newest change yet")
	}
	c, found := conditionOf(o, want.kind)
	if !found {
		return notYet("has no condition %s yet", want.kind)
	}
	if seen, has := number(c, "observedGeneration"); has && seen < o.GetGeneration() {
		return notYet("its condition %s is not about the newest change yet", want.kind)
	}
	if got := text(c, "status"); !strings.EqualFold(got, want.status) {
		return notYet("its condition %s is %s, not %s%s", want.kind, orNone(got), want.status, because(c))
	}
	return reading{state: ready}
}

// readPath judges by the values at a place of the object: there must be some,
// and all must be as stated.
func readPath(o object, want valuePath) reading {
	p, err := parsePath(want.expression)
	if err != nil {
		return never("jsonpath %s: %v", want.expression, err)
	}
	results, err := p.FindResults(o.Object)
	if err != nil {
		return notYet("%s can't be read: %v", want.expression, err)
	}
	found := false
	for _, set := range results {
		for _, value := range set {
			if !value.IsValid() || !value.CanInterface() || value.Interface() == nil {
				continue
			}
			found = true
			if got := fmt.Sprint(value.Interface()); want.value != "" && got != want.value {
				return notYet("its %s is %s, not %s", want.expression, orNone(got), want.value)
			}
		}
	}
	if !found {
		return notYet("has nothing at %s yet", want.expression)
	}
	return reading{state: ready}
}

func conditionOf(o object, kind string) (map[string]any, bool) {
	for _, c := range list(o.Object, "status", "conditions") {
		if text(c, "type") == kind {
			return c, true
		}
	}
	return nil, false
}

// because is what a condition, or a state, says of its cause: " (Reason: message)".
func because(c map[string]any) string {
	return inBrackets(text(c, "reason"), text(c, "message"))
}

func inBrackets(reason, message string) string {
	switch {
	case reason == "" && message == "":
		return ""
	case reason == "" || message == "":
		return " (" + reason + message + ")"
	}
	return " (" + reason + ": " + message + ")"
}

func orNone(text string) string {
	if text == "" {
		return "empty"
	}
	return text
}

// text, number, truth and list read what an object has at a place. What is of
// another type there counts as missing: readiness must not be made of it.
func text(in map[string]any, fields ...string) string {
	value, _, err := unstructured.NestedString(in, fields...)
	if err != nil {
		return ""
	}
	return value
}

func number(in map[string]any, fields ...string) (int64, bool) {
	value, found, err := unstructured.NestedFieldNoCopy(in, fields...)
	if !found || err != nil {
		return 0, false
	}
	n, isWhole := value.(int64)
	return n, isWhole
}

// count is number, with nothing as 0: the API leaves out zeros.
func count(in map[string]any, fields ...string) int64 {
	n, _ := number(in, fields...)
	return n
}

func truth(in map[string]any, fields ...string) bool {
	value, _, err := unstructured.NestedBool(in, fields...)
	return err == nil && value
}

func list(in map[string]any, fields ...string) []map[string]any {
	value, _, err := unstructured.NestedFieldNoCopy(in, fields...)
	items, isList := value.([]any)
	if err != nil || !isList {
		return nil
	}
	var out []map[string]any
	for _, item := range items {
		if m, isMap := item.(map[string]any); isMap {
			out = append(out, m)
		}
	}
	return out
}

// moment reads a time of the API; the zero time where there is none.
func moment(in map[string]any, fields ...string) time.Time {
	at, err := time.Parse(time.RFC3339, text(in, fields...))
	if err != nil {
		return time.Time{}
	}
	return at
}
