package metrics

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// recipe is how a REST API is asked, and what of its replies is the answer. A
// vendor's is a file of presets; a metric may say otherwise in every part.
type recipe struct {
	Docs     []string           `yaml:"docs"` // where the vendor describes it
	URL      string             `yaml:"url"`  // with places for settings; empty: none is usual
	Settings map[string]setting `yaml:"settings"`
	Token    token              `yaml:"token"`
	Needs    []string           `yaml:"needs"` // headers by which the vendor knows who asks
	Least    string             `yaml:"least"` // shortest window in seconds, with places for settings; empty: any

	// Delay is how long it usually takes until it knows all of a window, and
	// DelaySource where that is said.
	Delay       time.Duration `yaml:"delay"`
	DelaySource string        `yaml:"delay-source"`

	AWS   string `yaml:"aws"`   // the service that requests are signed for; empty: they are not
	Quote string `yaml:"quote"` // how values are written in its queries: a word of quotes

	// Arguments are parts of the request that a metric names among its params, and
	// what is usual for each.
	Arguments map[string]string `yaml:"arguments"`

	// Kinds are those that the vendor's usual answer can give, each with what is
	// filled into the request for it.
	Kinds map[trial.Kind]map[string]string `yaml:"kinds"`

	Method  string            `yaml:"method"`
	Path    string            `yaml:"path"`
	Params  map[string]string `yaml:"params"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
	Poll    *Poll             `yaml:"poll"`
	Refused string            `yaml:"refused"` // a jq program: why a reply is none, null where it is one
	Answer  string            `yaml:"answer"`  // a jq program
}

type setting struct {
	About string `yaml:"about"`
	Usual string `yaml:"usual"` // empty: it has to be given
}

// token is where a vendor wants what the trial file gives as auth's bearer.
type token struct {
	Header string `yaml:"header"`
	Before string `yaml:"before"` // the token, in the header's value
}

// anyAPI is asked for as the metric says.
func anyAPI() recipe {
	return recipe{Quote: "backslash", Refused: graphQLErrors, Answer: "."}
}

// graphQLErrors finds the errors of a GraphQL reply, which come with a status of
// 200 (https://spec.graphql.org/October2021/#sec-Errors).
const graphQLErrors = `objects | .errors | arrays | first | if type == "object" then .message else . end`

// with is the recipe for one metric.
func (r recipe) with(q Query) recipe {
	r.Method = cmp.Or(q.Method, r.Method)
	r.Path = cmp.Or(q.Path, r.Path)
	r.Body = cmp.Or(q.Body, r.Body)
	r.Answer = cmp.Or(q.Answer, r.Answer)
	r.Arguments, r.Params = over(r.Arguments, nil), over(r.Params, nil)
	for name, text := range q.Params {
		if _, is := r.Arguments[name]; is {
			r.Arguments[name] = text
		} else {
			r.Params[name] = text
		}
	}
	r.Headers = over(r.Headers, q.Headers)
	if q.Poll != nil {
		r.Poll = q.Poll
	}
	r.Method = cmp.Or(r.Method, usualMethod(r.Body))
	return r
}

func usualMethod(body string) string {
	if body != "" {
		return http.MethodPost
	}
	return http.MethodGet
}

func over(usual, given map[string]string) map[string]string {
	out := maps.Clone(usual)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, given)
	return out
}

// check finds what is wrong with a metric before anything is asked.
func (r recipe) check(m Metric) error {
	if _, able := r.Kinds[m.Kind]; !able && r.Kinds != nil && m.Answer == "" {
		var words []string
		for _, k := range slices.Sorted(maps.Keys(r.Kinds)) {
			words = append(words, k.String())
		}
		return fmt.Errorf("%s is of the kind %s, which its usual answer can't give (it can: %s): write an answer:", m.Name, m.Kind, strings.Join(words, ", "))
	}
	how := r.with(m.Query)
	if how.Method != http.MethodGet && how.Method != http.MethodPost {
		return fmt.Errorf("%q is no method to ask with (known: GET, POST)", how.Method)
	}
	switch placed := how.asksWith("query"); {
	case len(m.given()) > 0 && !placed:
		return fmt.Errorf("the query of %s is nowhere in its request: write {{query}} where it belongs, in params, path or body", m.Name)
	case len(m.given()) == 0 && placed:
		return fmt.Errorf("%s has no query, and its request asks with one", m.Name)
	}
	return how.checkTexts()
}

// fits fills the places of a whole request, and of those that wait for its reply,
// to find those that nothing is known for. Settings that are wrong are said of the
// provider.
func (r recipe) fits(p Provider, a ask) error {
	settings, err := r.settled(p.Settings)
	if err != nil {
		return nil
	}
	how := r.with(a.metric.Query)
	places, err := how.placesFor(a, settings)
	if err != nil {
		return err
	}
	if _, err := how.request(places); err != nil || how.Poll == nil {
		return err
	}
	places["ticket"] = "1"
	_, err = how.again().request(places)
	return err
}

// checkTexts compiles the programs, and reads the bodies with something in each
// of their places.
func (r recipe) checkTexts() error {
	programs, bodies := []string{r.Answer, r.Refused}, []string{r.Body}
	if r.Poll != nil {
		if r.Poll.Ticket == "" || r.Poll.Done == "" {
			return errors.New("poll needs a ticket and a done: jq programs that find what to ask for again, and whether it is ready")
		}
		programs, bodies = append(programs, r.Poll.Ticket, r.Poll.Done), append(bodies, r.Poll.Body)
	}
	for _, program := range programs {
		if _, err := compile(program); err != nil {
			return err
		}
	}
	for _, body := range bodies {
		filled := written.ReplaceAllString(body, "1")
		if formOf(body, r.Headers) == jsonForm && !json.Valid([]byte(filled)) {
			return errors.New("its body begins as JSON and is none; a place like {{query}} stands between quotes, unless it is a number")
		}
	}
	return nil
}

// asksWith reports whether a place is anywhere in the request.
func (r recipe) asksWith(place string) bool {
	texts := append(slices.Collect(maps.Values(r.Params)), slices.Collect(maps.Values(r.Headers))...)
	return slices.ContainsFunc(append(texts, r.Path, r.Body), func(text string) bool {
		return slices.ContainsFunc(written.FindAllStringSubmatch(text, -1), func(m []string) bool { return m[1] == place })
	})
}

// request is the recipe with its places filled in, each as it has to be written
// where it stands.
func (r recipe) request(places map[string]string) (request, error) {
	path, err := fill(r.Path, places, url.PathEscape)
	if err != nil {
		return request{}, err
	}
	if slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool { return part == ".." || part == "." }) {
		return request{}, fmt.Errorf("its path %s leaves where it began", path)
	}
	out := request{method: r.Method, path: path, params: url.Values{}, header: map[string]string{"Accept": "application/json"}}
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		value, err := fill(r.Params[name], places, strings.Clone) // encoded as a whole
		if err != nil {
			return request{}, err
		}
		if value != "" { // an argument that was not given
			out.params.Set(name, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		value, err := fill(r.Headers[name], places, strings.Clone)
		if err != nil {
			return request{}, err
		}
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return request{}, fmt.Errorf("its header %s would have a line break or another control character", name)
		}
		out.header[http.CanonicalHeaderKey(name)] = value
	}
	if r.Body == "" {
		return out, nil
	}
	form := formOf(r.Body, r.Headers)
	out.header["Content-Type"] = cmp.Or(out.header["Content-Type"], form.contentType())
	body, err := form.fill(r.Body, places)
	out.body = []byte(body)
	return out, err
}

// form is how values are written in a body.
type form int

const (
	textForm form = iota
	jsonForm
	urlForm
)

func (f form) contentType() string {
	return [...]string{"text/plain; charset=utf-8", "application/json", "application/x-www-form-urlencoded"}[f]
}

// formOf goes by the body's Content-Type, and by how it begins where there is none.
func formOf(body string, headers map[string]string) form {
	for name, kind := range headers {
		switch {
		case http.CanonicalHeaderKey(name) != "Content-Type":
		case strings.Contains(kind, "json"):
			return jsonForm
		case strings.Contains(kind, "x-www-form-urlencoded"):
			return urlForm
		default:
			return textForm
		}
	}
	if start := strings.TrimSpace(body); strings.HasPrefix(start, "{") && !strings.HasPrefix(start, "{{") || strings.HasPrefix(start, "[") {
		return jsonForm
	}
	return textForm
}

func (f form) fill(body string, places map[string]string) (string, error) {
	switch f {
	case jsonForm:
		return fillJSON(body, places)
	case urlForm:
		return fill(body, places, url.QueryEscape)
	}
	return fill(body, places, strings.Clone)
}

// fillJSON fills places within strings as text, and others as whole values.
func fillJSON(body string, places map[string]string) (string, error) {
	var out strings.Builder
	inside, at := false, 0
	var wrong error
	for _, place := range written.FindAllStringIndex(body, -1) {
		before := body[at:place[0]]
		out.WriteString(before)
		inside, at = insideString(inside, before), place[1]
		filled, err := fill(body[place[0]:place[1]], places, func(value string) string {
			quoted, _ := json.Marshal(value) // a string always can be
			if inside {
				return string(quoted[1 : len(quoted)-1])
			}
			if !json.Valid([]byte(value)) {
				wrong = fmt.Errorf("%s is filled with %s, which is no JSON: put it between quotes", body[place[0]:place[1]], quoted)
			}
			return value
		})
		if wrong = cmp.Or(wrong, err); wrong != nil {
			return "", wrong
		}
		out.WriteString(filled)
	}
	return out.String() + body[at:], nil
}

// insideString reports whether the end of a piece of JSON is within a string.
func insideString(inside bool, text string) bool {
	for i := 0; i < len(text); i++ {
		switch {
		case inside && text[i] == '\\':
			i++
		case text[i] == '"':
			inside = !inside
		}
	}
	return inside
}

// quotes are the ways of writing a value into a query, by word. Where it could
// not be confirmed how a language escapes, values go without quotes: such a one
// finds nothing.
func quotes() map[string]func(string) string {
	return map[string]func(string) string{
		"plain":     strings.Clone,
		"backslash": strings.NewReplacer(`\`, `\\`, `"`, `\"`, `'`, `\'`, "\n", `\n`, "\r", `\r`).Replace,
		"flux":      strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "${", `\${`).Replace,
		"doubled":   strings.NewReplacer(`'`, `''`, `\`, `\\`, "\n", " ", "\r", " ").Replace,
		"without":   strings.NewReplacer(`'`, `_`, `"`, `_`, "`", `_`, `\`, `_`, "\n", "_", "\r", "_").Replace,
		"tilde":     strings.NewReplacer(`~`, `~~`, `"`, `~"`).Replace,
		"word":      onlyWord,
	}
}

// onlyWord leaves what a tag or a node of a path may be made of, where the
// language has no quotes.
func onlyWord(value string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_./:", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, value)
}

// placesFor are what may be filled into a request. What tells versions apart is
// quoted for the vendor's queries, wherever it comes to stand.
func (r recipe) placesFor(a ask, settings map[string]string) (map[string]string, error) {
	quote := quotes()[r.Quote]
	places := map[string]string{}
	for name, value := range a.places {
		places[name] = quote(value)
	}
	since := a.window.From.Add(-tooOld * a.window.length()) // what went before is known from there on
	maps.Copy(places, map[string]string{
		"since":         since.UTC().Format(time.RFC3339Nano),
		"since-seconds": strconv.FormatInt(since.Unix(), 10),
		"since-ms":      strconv.FormatInt(since.UnixMilli(), 10),
		"since-minute":  since.UTC().Format("2006-01-02 1504"),
		"to-minute":     a.window.To.UTC().Format("2006-01-02 1504"),
		"round-seconds": strconv.FormatFloat(a.window.length().Seconds(), 'f', -1, 64),
		"round-ms":      strconv.FormatInt(a.window.length().Milliseconds(), 10),
	})
	maps.Copy(places, settings)
	maps.Copy(places, r.Kinds[a.metric.Kind])
	filled := map[string]string{"query": a.text}
	for _, name := range slices.Sorted(maps.Keys(r.Arguments)) {
		var err error
		if filled[name], err = fill(r.Arguments[name], places, strings.Clone); err != nil {
			return nil, err
		}
	}
	maps.Copy(places, filled)
	return places, nil
}
