package k8s

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// httpRoute is the Gateway API's HTTPRoute, v1.
//
// https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule: weights are
// relative, and 1 where none is given; the match that is most specific wins.
func httpRoute() router {
	g := gateway{
		all:   fields{"path": fields{"type": "PathPrefix", "value": "/"}},
		both:  httpBoth,
		rank:  httpRank,
		apart: httpApart,
	}
	return g.router("httproute", "HTTPRoute")
}

func httpBoth(rule fields, m Match) (fields, bool, error) {
	both := copyOf(rule)
	if m.Path != "" {
		path, ok, err := narrowPath(both, m.Path)
		if err != nil || !ok {
			return nil, false, err
		}
		both["path"] = path
	}
	ok, err := addHeaders(both, m)
	return both, ok, err
}

// narrowPath is the path of a match, narrowed to a prefix.
func narrowPath(match fields, prefix string) (fields, bool, error) {
	kind, value, err := httpPath(match)
	if err != nil {
		return nil, false, err
	}
	path := fields{"type": kind, "value": value}
	switch kind {
	case "PathPrefix":
		if covers(prefix, value) {
			return path, true, nil
		}
		path["value"] = "/" + strings.Trim(prefix, "/")
		return path, covers(value, prefix), nil
	case "Exact":
		return path, covers(prefix, value), nil
	}
	return nil, false, fmt.Errorf("it matches paths by %s, which can't be joined with the path %q of the trial's match", kind, prefix)
}

func httpPath(match fields) (kind, value string, err error) {
	path, err := mapAt(match, "path")
	if err != nil {
		return "", "", err
	}
	if kind, err = textAt(path, "type"); err != nil {
		return "", "", err
	}
	if value, err = textAt(path, "value"); err != nil {
		return "", "", err
	}
	if kind == "" {
		kind = "PathPrefix"
	}
	if value == "" {
		value = "/"
	}
	return kind, value, nil
}

// covers is true if every path under the second prefix is under the first,
// element by element.
func covers(prefix, path string) bool {
	prefix, path = strings.TrimRight(prefix, "/"), strings.TrimRight(path, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// addHeaders asks in a match for the headers and the cookie of another. It is
// false where no request has both.
func addHeaders(match fields, m Match) (bool, error) {
	headers, err := listAt(match, "headers")
	if err != nil {
		return false, err
	}
	for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
		at := headerIndex(headers, name)
		if at < 0 {
			headers = append(headers, fields{"name": name, "type": "Exact", "value": m.Headers[name]})
			continue
		}
		if kind := headers[at]["type"]; kind != nil && kind != "Exact" {
			return false, fmt.Errorf("it matches header %q by %v, which can't be joined with the trial's match", name, kind)
		}
		if headers[at]["value"] != m.Headers[name] {
			return false, nil
		}
	}
	if headers, err = addCookie(headers, m.Cookies); err != nil {
		return false, err
	}
	if len(headers) > 0 {
		match["headers"] = anyList(headers)
	}
	return true, nil
}

func addCookie(headers []fields, cookies map[string]string) ([]fields, error) {
	for name, value := range cookies { // of one at most
		pattern := cookiePattern(name, value)
		at := headerIndex(headers, "Cookie")
		if at >= 0 && headers[at]["value"] != pattern {
			return nil, fmt.Errorf("it matches the header Cookie already, which can't be joined with the trial's match")
		}
		if at < 0 {
			headers = append(headers, fields{"name": "Cookie", "type": "RegularExpression", "value": pattern})
		}
	}
	return headers, nil
}

func headerIndex(headers []fields, name string) int {
	return slices.IndexFunc(headers, func(h fields) bool {
		has, _ := h["name"].(string)
		return strings.EqualFold(has, name)
	})
}

// cookiePattern is met by a Cookie header that has the cookie, whether the
// gateway wants the whole header to meet the pattern or looks for it within.
func cookiePattern(name, value string) string {
	return `^(.*; *)?` + regexp.QuoteMeta(name+"="+value) + `(;.*)?$`
}

// oneCookie: patterns of a header can't ask for two cookies in any order.
func oneCookie(p Plan) error {
	for _, m := range p.Match {
		if len(m.Cookies) > 1 {
			return fmt.Errorf("a match names %d cookies, and this kind of route can ask for one", len(m.Cookies))
		}
	}
	return nil
}

// httpRank: an exact path, the longer path, a method, more headers, more query
// parameters.
func httpRank(match fields) []int {
	kind, value, _ := httpPath(match)
	rank := []int{0, len(value), 0, length(match["headers"]), length(match["queryParams"])}
	if kind == "Exact" {
		rank[0] = 1
	}
	if match["method"] != nil {
		rank[2] = 1
	}
	return rank
}

func length(value any) int {
	items, _ := value.([]any)
	return len(items)
}

func httpApart(a, b fields) bool {
	if a["method"] != nil && b["method"] != nil && !same(a, b, "method") {
		return true
	}
	aKind, aPath, _ := httpPath(a)
	bKind, bPath, _ := httpPath(b)
	if aKind != "RegularExpression" && bKind != "RegularExpression" && !covers(aPath, bPath) && !covers(bPath, aPath) {
		return true
	}
	return headersApart(a, b)
}

// headersApart: the two ask for different values of one header.
func headersApart(a, b fields) bool {
	as, _ := listAt(a, "headers")
	bs, _ := listAt(b, "headers")
	exact := func(h fields) bool { return h["type"] == nil || h["type"] == "Exact" }
	for _, x := range as {
		for _, y := range bs {
			xName, _ := x["name"].(string)
			yName, _ := y["name"].(string)
			if strings.EqualFold(xName, yName) && exact(x) && exact(y) && !same(x, y, "value") {
				return true
			}
		}
	}
	return false
}
