package k8s

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// istioMatches are the matches of a rule, each with each of the plan's: none
// where no request can meet both.
func istioMatches(rule istioRule, plan []Match) ([]fields, error) {
	own, err := listAt(rule.fields, "match")
	if err != nil || len(plan) == 0 {
		return nil, err
	}
	if len(own) == 0 {
		own = []fields{{}}
	}
	var out []fields
	for _, o := range own {
		for _, m := range plan {
			both, err := istioBoth(o, m)
			if err != nil {
				return nil, err
			}
			for _, b := range both {
				if !slices.ContainsFunc(out, func(f fields) bool { return reflect.DeepEqual(f, b) }) {
					out = append(out, b)
				}
				if rewrite, _ := rule.fields["rewrite"].(fields); rewrite["uri"] != nil && !same(o, b, "uri") {
					return nil, fmt.Errorf("it rewrites the prefix that it matches, which goes with a match of the trial that names no path")
				}
			}
		}
	}
	return out, nil
}

func istioBoth(rule fields, m Match) ([]fields, error) {
	uris, err := istioURIs(rule, m.Path)
	if err != nil {
		return nil, err
	}
	headers, ok, err := istioHeaders(rule, m)
	if err != nil || !ok {
		return nil, err
	}
	var out []fields
	for _, uri := range uris {
		both := copyOf(rule)
		if uri != nil {
			both["uri"] = uri
		}
		if len(headers) > 0 {
			both["headers"] = copyOf(headers)
		}
		out = append(out, both)
	}
	return out, nil
}

// istioURIs narrow a rule's uri to a prefix of whole elements. Istio's own
// prefixes are of text, /shop is met by /shopping, so it takes two.
func istioURIs(rule fields, path string) ([]fields, error) {
	uri, err := mapAt(rule, "uri")
	if err != nil {
		return nil, err
	}
	path = strings.TrimRight(path, "/")
	if path == "" {
		return []fields{uri}, nil
	}
	kind, value, err := stringMatch(uri)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "exact":
		if covers(path, value) {
			return []fields{uri}, nil
		}
		return nil, nil
	case "regex":
		return nil, fmt.Errorf("it matches paths by a regular expression, which can't be joined with the path %q of the trial's match", path)
	}
	var out []fields
	if strings.HasPrefix(path, value) {
		out = append(out, fields{"exact": path})
	}
	switch {
	case strings.HasPrefix(path+"/", value):
		out = append(out, fields{"prefix": path + "/"})
	case strings.HasPrefix(value, path+"/"):
		out = append(out, uri)
	}
	return out, nil
}

// stringMatch is how Istio matches a text: by exact, prefix or regex, and by
// a prefix of nothing where there is none.
func stringMatch(match fields) (kind, value string, err error) {
	for _, kind := range []string{"exact", "prefix", "regex"} {
		if match[kind] != nil {
			value, err = textAt(match, kind)
			return kind, value, err
		}
	}
	return "prefix", "", nil
}

// istioHeaders are a rule's headers and a match's: false where no request has
// both. Istio wants their names in lower case.
func istioHeaders(rule fields, m Match) (fields, bool, error) {
	has, err := mapAt(rule, "headers")
	if err != nil {
		return nil, false, err
	}
	headers := fields{}
	if has != nil {
		headers = copyOf(has)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		ok, err := istioHeader(headers, strings.ToLower(name), m.Headers[name])
		if err != nil || !ok {
			return nil, false, err
		}
	}
	for name, value := range m.Cookies { // of one at most
		pattern := fields{"regex": cookiePattern(name, value)}
		if headers["cookie"] != nil && !reflect.DeepEqual(headers["cookie"], pattern) {
			return nil, false, fmt.Errorf("it matches the header cookie already, which can't be joined with a cookie of the trial")
		}
		headers["cookie"] = pattern
	}
	return headers, true, nil
}

// istioHeader narrows one header to a value, false if it asks for another.
func istioHeader(headers fields, name, value string) (bool, error) {
	match, err := mapAt(headers, name)
	if err != nil {
		return false, err
	}
	kind, has, err := stringMatch(match)
	if err != nil {
		return false, err
	}
	headers[name] = fields{"exact": value}
	switch kind {
	case "exact":
		return has == value, nil
	case "prefix":
		return strings.HasPrefix(value, has), nil
	}
	whole, err := regexp.Compile(`^(?:` + has + `)$`) // RE2, as Istio's
	if err != nil {
		return false, fmt.Errorf("it matches header %s by %q: %w", name, has, err)
	}
	return whole.MatchString(value), nil
}
