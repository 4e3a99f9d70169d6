package migrate

import (
	"net/url"
	"regexp"
	"strings"
)

// absolute is scheme, what stands before the path, and the rest.
var absolute = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)`)

// split parts a URL into the address of its server and the path behind it. User
// information becomes a header. A URL without a scheme is one of HTTP.
func (j *job) split(at place, raw string) (origin, path string, headers []pair, ok bool) {
	raw = strings.TrimSpace(raw)
	if variable := marked.FindString(raw); variable != "" && strings.HasPrefix(raw, variable) {
		path, _, _ = strings.Cut(strings.TrimPrefix(raw, variable), "#")
		return variable, j.draft.path(path), nil, true
	}
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	m := absolute.FindStringSubmatch(raw)
	if m == nil {
		j.add(at, "this is not a URL: write it as in http://shop:8080/cart")
		return "", "", nil, false
	}
	authority := m[2]
	if i := strings.LastIndex(authority, "@"); i >= 0 {
		headers, authority = []pair{{"Authorization", "Basic " + j.draft.hide("BASIC_AUTH", authority[:i])}}, authority[i+1:]
	}
	origin = strings.ToLower(m[1]) + "://" + authority
	u, err := url.Parse(marked.ReplaceAllString(origin, "x"))
	if err != nil || u.Hostname() == "" || strings.ContainsAny(authority, " \"<>\\^`{|}") {
		j.add(at, "its URL has no host that could be asked: write it as in http://shop:8080/cart")
		return "", "", nil, false
	}
	return origin, j.draft.path(m[3]), headers, true
}

// path is a path and its query without what is secret in it, percent-encoded
// where it has to be.
func (d *draft) path(text string) string {
	path, query, asked := strings.Cut(text, "?")
	path = encoded(path)
	if asked {
		path += "?" + encoded(d.query(query))
	}
	return path
}

// encoded percent-encodes what can't stand in the first line of a request.
func encoded(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case '\ue000' <= r && r <= '\ue003': // ours
			out.WriteRune(r)
		case r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{}", r):
			out.WriteString(url.PathEscape(string(r)))
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// isHTTP reports whether an address is one that HTTP requests go to.
func isHTTP(origin string) bool {
	return strings.HasPrefix(origin, "http://") || strings.HasPrefix(origin, "https://") || strings.HasPrefix(origin, markBegin)
}
