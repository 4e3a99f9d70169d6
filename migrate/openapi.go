package migrate

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// isOpenAPI reports whether a document describes an API.
func isOpenAPI(v *value) bool { return v.get("openapi") != nil || v.get("swagger") != nil }

// openAPI draws up a trial of what an API only reads: its GET and HEAD
// operations, with the examples that it gives.
func (j *job) openAPI(documents []*value) {
	v := documents[0]
	if v.get("swagger") != nil {
		j.add(v.at, "Swagger 2.0 is not read here: convert it to OpenAPI 3")
		return
	}
	j.draft.what = "an OpenAPI document"
	api, err := openapi3.NewLoader().LoadFromData(j.Files[0].Data)
	if err != nil {
		j.add(v.at, "it can't be read as OpenAPI: %v", err)
		return
	}
	if api.Info != nil && api.Info.Title != "" {
		j.draft.name = api.Info.Title
	}
	prefix := j.apiServer(v, api.Servers)
	if len(j.mistakes) > 0 {
		return
	}
	o := &operations{job: j, api: api, prefix: prefix}
	for _, path := range sortedPaths(api.Paths) {
		o.path(path, api.Paths.Value(path))
	}
	if len(j.draft.calls) == 0 {
		j.add(v.at, "it has no operation that only reads (GET, HEAD): name requests in a trial file by hand")
		return
	}
	o.tell()
}

func sortedPaths(paths *openapi3.Paths) []string {
	if paths == nil {
		return nil
	}
	keys := paths.Keys()
	slices.Sort(keys)
	return keys
}

// apiServer is the first server: its address, and the path before all others.
func (j *job) apiServer(v *value, servers openapi3.Servers) (prefix string) {
	if len(servers) == 0 || servers[0] == nil {
		return ""
	}
	address := noMarks.Replace(servers[0].URL)
	for name, variable := range servers[0].Variables {
		if variable != nil {
			address = strings.ReplaceAll(address, "{"+name+"}", variable.Default)
		}
	}
	for _, other := range servers[1:] {
		j.draft.note((&value{kind: scalar, text: other.URL}).named("server"))
	}
	if strings.HasPrefix(address, "/") || address == "" {
		return strings.TrimRight(j.draft.path(address), "/")
	}
	origin, prefix, headers, ok := j.split(v.get("servers").orSelf(v).at, address)
	if !ok {
		return ""
	}
	if len(headers) > 0 {
		j.draft.note("credentials in the server's URL: give them as a header")
	}
	j.draft.address = origin
	return strings.TrimRight(prefix, "/")
}

func (v *value) orSelf(other *value) *value {
	if v == nil {
		return other
	}
	return v
}

// operations are those of an API that become requests, and the others.
type operations struct {
	*job
	api    *openapi3.T
	prefix string
	others []string
	more   int

	optional bool // there are parameters that are left out
}

func (o *operations) path(path string, item *openapi3.PathItem) {
	if item == nil {
		return
	}
	all := item.Operations()
	var methods []string
	for method := range all {
		methods = append(methods, method)
	}
	slices.Sort(methods)
	for _, method := range methods {
		switch {
		case method != "GET" && method != "HEAD":
			o.others = append(o.others, method+" "+path)
		case len(o.draft.calls) == mostRequests:
			o.more++
		default:
			o.operation(method, path, item.Parameters, all[method])
		}
	}
}

func (o *operations) operation(method, path string, shared openapi3.Parameters, op *openapi3.Operation) {
	hint := op.OperationID
	if hint == "" {
		hint = nameOf(method, strings.NewReplacer("{", "", "}", "").Replace(path))
	}
	c := &callOf{method: method, name: requestName(noMarks.Replace(hint), o.draft.taken)}
	if method == "GET" {
		c.method = ""
	}
	where, query := noMarks.Replace(path), []string{}
	for _, p := range parametersOf(op.Parameters, shared) {
		text := o.example(c, p)
		switch {
		case p.In == openapi3.ParameterInPath:
			where = strings.ReplaceAll(where, "{"+p.Name+"}", escapePath(text))
		case !p.Required:
			o.optional = true
		case p.In == openapi3.ParameterInQuery:
			query = append(query, escapeForm(p.Name)+"="+escapeForm(text))
		case p.In == openapi3.ParameterInHeader && isToken(p.Name):
			o.pair(c, p.Name, text)
		case p.In == openapi3.ParameterInCookie:
			c.headers = append(c.headers, pair{"Cookie", p.Name + "=" + text})
		}
	}
	where = placesOfPaths.ReplaceAllStringFunc(where, func(place string) string {
		c.notes = append(c.notes, "the document does not say what "+place+" is")
		return refer(variableName(place))
	})
	c.path = o.prefix + o.draft.path(where)
	if len(query) > 0 {
		c.path += "?" + o.draft.query(strings.Join(query, "&"))
	}
	o.security(c, op)
	o.draft.calls, o.draft.named = append(o.draft.calls, c), true
}

// placesOfPaths are those that no parameter fills in.
var placesOfPaths = regexp.MustCompile(`\{[^{}/]+\}`)

// parametersOf are an operation's own, and those of its path that it does not
// give itself.
func parametersOf(own, shared openapi3.Parameters) []*openapi3.Parameter {
	var out []*openapi3.Parameter
	for _, list := range []openapi3.Parameters{own, shared} {
		for _, ref := range list {
			if ref == nil || ref.Value == nil {
				continue
			}
			p := ref.Value
			if !slices.ContainsFunc(out, func(o *openapi3.Parameter) bool { return o.Name == p.Name && o.In == p.In }) {
				out = append(out, p)
			}
		}
	}
	return out
}

// escapePath is a value as one segment of a path. Variables stay what they are.
func escapePath(text string) string {
	if marked.MatchString(text) {
		return text
	}
	return url.PathEscape(text)
}

// example is what the document gives a parameter, or a variable.
func (o *operations) example(c *call, p *openapi3.Parameter) string {
	candidates := []any{p.Example}
	for _, key := range sortedExamples(p.Examples) {
		if e := p.Examples[key]; e != nil && e.Value != nil {
			candidates = append(candidates, e.Value.Value)
		}
	}
	if p.Schema != nil && p.Schema.Value != nil {
		s := p.Schema.Value
		candidates = append(candidates, s.Example)
		candidates = append(candidates, s.Examples...)
		candidates = append(candidates, s.Default, s.Const)
		candidates = append(candidates, s.Enum...)
	}
	for _, one := range candidates {
		if text, ok := plainText(one); ok {
			return noMarks.Replace(text)
		}
	}
	if p.In == openapi3.ParameterInPath || p.Required {
		c.notes = append(c.notes, "no example of its parameter "+p.Name)
	}
	return refer(variableName(p.Name))
}

func sortedExamples(examples openapi3.Examples) []string {
	var keys []string
	for key := range examples {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// plainText is a single value as a text; false where it is none.
func plainText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case bool, json.Number, float64, int, int64, uint64:
		return fmt.Sprint(v), true
	case []any:
		if len(v) > 0 {
			return plainText(v[0])
		}
	}
	return "", false
}

// security adds what the first way to be let in asks for.
func (o *operations) security(c *call, op *openapi3.Operation) {
	ways := o.api.Security
	if op.Security != nil {
		ways = *op.Security
	}
	if len(ways) == 0 || o.api.Components == nil {
		return
	}
	var names []string
	for name := range ways[0] {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if ref := o.api.Components.SecuritySchemes[name]; ref != nil && ref.Value != nil {
			o.scheme(c, name, ref.Value)
		}
	}
}

func (o *operations) scheme(c *call, name string, s *openapi3.SecurityScheme) {
	variable := refer(variableName(name))
	switch {
	case s.Type == "apiKey" && s.In == "header" && isToken(s.Name):
		c.headers = append(c.headers, pair{s.Name, variable})
	case s.Type == "apiKey" && s.In == "query":
		c.path += map[bool]string{true: "&", false: "?"}[strings.Contains(c.path, "?")] + escapeForm(s.Name) + "=" + variable
	case s.Type == "apiKey" && s.In == "cookie":
		c.headers = append(c.headers, pair{"Cookie", noMarks.Replace(s.Name) + "=" + variable})
	case s.Type == "http" && strings.EqualFold(s.Scheme, "basic"):
		c.headers = append(c.headers, pair{"Authorization", "Basic " + variable})
	default: // bearer, OAuth and OpenID Connect come to a token
		c.headers = append(c.headers, pair{"Authorization", "Bearer " + variable})
	}
}

// mostListed is how many operations are named one by one.
const mostListed = 40

// tell lists what is not asked.
func (o *operations) tell() {
	for i, one := range o.others {
		if i == mostListed {
			o.draft.note(fmt.Sprintf("%d more operations that may change something", len(o.others)-i))
			break
		}
		o.draft.note(one + ": it may change something")
	}
	if o.more > 0 {
		o.draft.note(fmt.Sprintf("%d more operations that only read", o.more))
	}
	if o.optional {
		o.draft.note("parameters that are not required")
	}
}
