package k8s

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ingress is an Ingress of ingress-nginx that is marked as a canary of the main
// one. Its annotations say which part of the main one's requests it gets: by
// weight, or all with a header or cookie. Users are kept if the main one has
// the annotation affinity: cookie.
//
// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary
func ingress() router {
	owns := [][]string{}
	for _, name := range []string{canaryWeight, canaryTotal, canaryHeader, canaryHeaderValue, canaryHeaderPattern, canaryCookie, canaryMatched} {
		owns = append(owns, []string{"metadata", "annotations", name})
	}
	return router{
		word:   "ingress",
		group:  schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"},
		can:    abilities{versions: 2, headers: true, cookies: true},
		limits: ingressLimits,
		owns:   owns,
		shares: ingressShares,
		apply:  ingressApply,
	}
}

const (
	canaryMark          = "nginx.ingress.kubernetes.io/canary"
	canaryWeight        = "nginx.ingress.kubernetes.io/canary-weight"
	canaryTotal         = "nginx.ingress.kubernetes.io/canary-weight-total"
	canaryHeader        = "nginx.ingress.kubernetes.io/canary-by-header"
	canaryHeaderValue   = "nginx.ingress.kubernetes.io/canary-by-header-value"
	canaryHeaderPattern = "nginx.ingress.kubernetes.io/canary-by-header-pattern"
	canaryCookie        = "nginx.ingress.kubernetes.io/canary-by-cookie"

	// canaryMatched marks header and cookie as the trial's; without it they are
	// somebody's way to try the candidate, and stay.
	canaryMatched = "seatrial.dev/match"
)

// ingressLimits: requests that match all go to the canary, whatever its
// weight; headers and cookies are alternatives, of one each.
func ingressLimits(p Plan) error {
	if len(p.Match) == 0 {
		return nil
	}
	if p.Weights[1] != 0 && p.Weights[1] != 100 {
		return fmt.Errorf("ingress sends all requests that match to the candidate or none, so with a match the weights are 0 and 100 or 100 and 0, not %v; %s can share them",
			p.Weights, whoCan(func(a abilities) bool { return a.paths }))
	}
	headers, cookies := 0, 0
	for _, m := range p.Match {
		if len(m.Headers)+len(m.Cookies) != 1 {
			return fmt.Errorf("a match of an ingress names one header or one cookie; give each a match of its own if either is enough")
		}
		headers, cookies = headers+len(m.Headers), cookies+len(m.Cookies)
		for name, value := range m.Cookies {
			if value != "always" {
				return fmt.Errorf("cookie %s: %q: an ingress asks for the value \"always\" and no other", name, value)
			}
		}
	}
	if headers > 1 || cookies > 1 {
		return fmt.Errorf("an ingress asks for one header and one cookie at most")
	}
	return nil
}

func ingressShares(objects []object, backends []Backend) ([]int, error) {
	notes, err := ingressNotes(objects[0], backends)
	if err != nil {
		return nil, err
	}
	if _, ok := notes[canaryMatched]; ok {
		return []int{0, 100}, nil
	}
	weight, err := noteCount(notes, canaryWeight, 0)
	if err != nil {
		return nil, err
	}
	total, err := noteCount(notes, canaryTotal, 100)
	if err != nil {
		return nil, err
	}
	if weight > total {
		return nil, fmt.Errorf("annotation %s is %d of %d", canaryWeight, weight, total)
	}
	return percents([]int{total - weight, weight}), nil
}

// ingressNotes are the annotations of an Ingress that is the candidate's canary.
func ingressNotes(in object, backends []Backend) (fields, error) {
	notes, err := mapAt(in.Object, "metadata", "annotations")
	if err != nil {
		return nil, err
	}
	if notes[canaryMark] != "true" {
		return nil, fmt.Errorf(`it is no canary: name the Ingress that has the annotation %s: "true" and sends to %q, beside the main one`,
			canaryMark, backends[1].Name)
	}
	rules, err := listAt(in.Object, "spec", "rules")
	if err != nil {
		return nil, err
	}
	found := false
	for _, rule := range rules {
		paths, err := listAt(rule, "http", "paths")
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			name, port, err := ingressService(path)
			if err != nil {
				return nil, err
			}
			if backendIndex(backends[1:], name, port) < 0 {
				return nil, fmt.Errorf("it sends to %q, and the candidate's backend is %q", name, backends[1].Name)
			}
			found = true
		}
	}
	if !found {
		return nil, fmt.Errorf("it has no rule that sends to the candidate's backend %q", backends[1].Name)
	}
	return notes, nil
}

func ingressService(path fields) (string, int, error) {
	service, err := mapAt(path, "backend", "service")
	if err != nil {
		return "", 0, err
	}
	name, err := textAt(service, "name")
	if err != nil {
		return "", 0, err
	}
	port, err := mapAt(service, "port")
	if err != nil {
		return "", 0, err
	}
	number, err := countAt(port, "number", 0)
	return name, number, err
}

func noteCount(notes fields, key string, missing int) (int, error) {
	text, err := textAt(notes, key)
	if err != nil || text == "" {
		return missing, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > mostWeight {
		return 0, fmt.Errorf("annotation %s is %q: it should be a whole number from 0", key, text)
	}
	return n, nil
}

func ingressApply(objects []object, backends []Backend, p Plan) error {
	notes, err := ingressNotes(objects[0], backends)
	if err != nil {
		return err
	}
	if _, ok := notes[canaryMatched]; ok {
		for _, key := range []string{canaryMatched, canaryHeader, canaryHeaderValue, canaryCookie} {
			delete(notes, key)
		}
	}
	delete(notes, canaryTotal)
	notes[canaryWeight] = strconv.Itoa(p.Weights[1])
	if len(p.Match) == 0 {
		return nil
	}
	for _, key := range []string{canaryHeader, canaryHeaderValue, canaryHeaderPattern, canaryCookie} {
		delete(notes, key)
	}
	notes[canaryWeight] = "0"
	if p.Weights[1] == 0 {
		return nil
	}
	notes[canaryMatched] = "true"
	for _, m := range p.Match {
		for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
			notes[canaryHeader], notes[canaryHeaderValue] = name, m.Headers[name]
		}
		for _, name := range slices.Sorted(maps.Keys(m.Cookies)) {
			notes[canaryCookie] = name
		}
	}
	return nil
}
