package loadgen

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seatrial/seatrial/trial"
)

// Request is one of the trial file's requests. What it leaves out is as the load
// says.
type Request struct {
	Name     string                  `yaml:"name"`
	Share    *Share                  `yaml:"share"` // of the turns; nil: an equal part of what the others leave
	Path     string                  `yaml:"path"`
	Method   string                  `yaml:"method"`
	Headers  map[string]trial.Secret `yaml:"headers"`
	Body     trial.Secret            `yaml:"body"`
	BodyFile string                  `yaml:"body-file"`
	Host     string                  `yaml:"host"`
	Expect   []StatusRange           `yaml:"expect"`
	GRPC     *GRPC                   `yaml:"grpc"` // in place of what is HTTP's above
	Check    *Check                  `yaml:"check"`
	Data     map[string]string       `yaml:"data"` // files of values, of which each turn draws a row
	Save     map[string]Save         `yaml:"save"` // what a step's answer gives to those after it
	Steps    []Request               `yaml:"-"`    // in place of what is sent: one turn sends all of them, in order
}

// Flat are the requests that are sent, steps among them, in the order of the file.
func Flat(requests []Request) []Request {
	var all []Request
	for _, r := range requests {
		if len(r.Steps) == 0 {
			all = append(all, r)
		}
		all = append(all, r.Steps...)
	}
	return all
}

// MostRequests is what a record can tell apart.
const MostRequests = 255

// Share is a part of a whole, between 0 and 1, written "30%" or "0.3".
type Share float64

// MarshalText writes "30%".
func (s Share) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(float64(s)*100, 'g', 12, 64) + "%"), nil
}

// UnmarshalText reads "30%" or "0.3".
func (s *Share) UnmarshalText(text []byte) error {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		value /= 100
	}
	if err != nil || !(value > 0 && value <= 1) {
		return fmt.Errorf("%q is not a share of the load: write 30%% or 0.3", text)
	}
	*s = Share(value)
	return nil
}

// Shares are the parts of all turns that each request gets. Those that name none
// share equally what the others leave. They add up to 1, unless the requests ask
// for more or for less than there is.
func Shares(requests []Request) []float64 {
	left, equal := 1.0, 0
	for _, r := range requests {
		if r.Share == nil {
			equal++
		} else {
			left -= float64(*r.Share)
		}
	}
	shares := make([]float64, len(requests))
	for i, r := range requests {
		if r.Share == nil {
			shares[i] = left / float64(equal)
		} else {
			shares[i] = float64(*r.Share)
		}
	}
	return shares
}

// message is a request as every version is sent it, but for the address and what
// one version is sent alone.
type message struct {
	path   string // joined to the version's; empty: the version's URL as it stands
	method string
	header http.Header
	host   string
	body   []byte
	expect []StatusRange
	looks  *looks   // at the answer; nil: its status alone
	texts  *texts   // what is filled in for each request; nil: nothing
	step   int      // place in its sequence
	steps  int      // of the sequence; 1 where it is alone
	grpc   *GRPC    // nil for HTTP
	jsons  []string // of a call: its messages, filled in
}

// messages are the trial's requests in the order of the file, with what the load
// says of all of them; one without a name where the file lists none.
func (o Options) messages(requests []Request) ([]message, error) {
	if len(requests) == 0 {
		requests = []Request{{}}
	}
	var all []message
	for _, r := range requests {
		known, err := knownTo(r)
		if err != nil {
			return nil, err
		}
		steps := Flat([]Request{r})
		for i, step := range steps {
			m, err := o.message(step, known)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", first(step.Name, "the request"), err)
			}
			m.step, m.steps = i, len(steps)
			all = append(all, m)
			known.Saved = slices.AppendSeq(known.Saved, maps.Keys(step.Save))
		}
	}
	return all, nil
}

// knownTo is what templates of a request, and of its first step, may name.
func knownTo(r Request) (Known, error) {
	known := Known{Data: map[string]*Data{}}
	for name, file := range r.Data {
		content, err := os.ReadFile(file)
		if err != nil {
			return known, fmt.Errorf("reading data: %w", err)
		}
		if known.Data[name], err = ReadData(file, content); err != nil {
			return known, err
		}
	}
	return known, nil
}

func (o Options) message(r Request, known Known) (message, error) {
	body, file := r.Body, r.BodyFile
	if body.Reveal() == "" && file == "" {
		body, file = o.Body, o.BodyFile
	}
	m := message{path: r.Path, method: first(r.Method, o.Method), host: first(r.Host, o.Host), body: []byte(body.Reveal()), expect: o.Expect}
	if file != "" {
		var err error
		if m.body, err = os.ReadFile(file); err != nil {
			return message{}, fmt.Errorf("reading the request body: %w", err)
		}
	}
	if m.method == "" {
		m.method = http.MethodGet
		if len(m.body) > 0 {
			m.method = http.MethodPost
		}
	}
	if r.Expect != nil {
		m.expect = r.Expect
	}
	m.header, m.grpc = headersOf(o.Headers, r.Headers), r.GRPC
	var errLooks, errTexts error
	m.looks, errLooks = newLooks(r)
	if m.grpc != nil {
		m.header = http.Header{} // load.headers are HTTP's alone
		m.texts, errTexts = known.callTexts(*m.grpc)
	} else {
		m.texts, errTexts = known.texts(m, body, overlaid(o.Headers, r.Headers))
	}
	return m, errors.Join(errLooks, errTexts)
}

// overlaid are all sets of headers by their canonical names, the later beating
// the earlier.
func overlaid(sets ...map[string]trial.Secret) map[string]trial.Secret {
	all := map[string]trial.Secret{}
	for _, set := range sets {
		for name, value := range set {
			all[http.CanonicalHeaderKey(name)] = value
		}
	}
	return all
}

// texts are those parts of a message that are templates; nil where none is. A
// body is one where it is text: bytes that happen to be {{ are not.
func (k Known) texts(m message, body trial.Secret, headers map[string]trial.Secret) (*texts, error) {
	t := &texts{data: k.Data}
	if IsTemplate(m.path) {
		path, err := k.compile(m.path, true)
		if err != nil {
			return nil, fmt.Errorf("path: %w", err)
		}
		t.path = &path
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		value, err := k.compileSecret(headers[name])
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", name, err)
		}
		if value.template != nil {
			t.headers = append(t.headers, headerText{name, value})
		}
	}
	if IsTemplate(string(m.body)) && utf8.Valid(m.body) {
		filled, err := k.compile(string(m.body), false)
		if err = errors.Join(OwnPlaces(body), err); err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		t.body = &filled
	}
	if t.path == nil && t.headers == nil && t.body == nil {
		return nil, nil
	}
	return t, nil
}

// first is the first text that says something.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// headersOf are all sets of headers, of which the later beat the earlier.
func headersOf(sets ...map[string]trial.Secret) http.Header {
	all := http.Header{}
	for _, set := range sets {
		for name, value := range set {
			all.Set(name, value.Reveal())
		}
	}
	return all
}

// secrets are what of a message may be a credential.
func (m message) secrets() []string {
	_, secrets := URLSecrets(m.path)
	secrets = append(append(secrets, string(m.body)), m.jsons...)
	if m.grpc != nil {
		secrets = append(secrets, m.grpc.secrets()...)
	}
	for name, values := range m.header {
		for _, value := range values {
			secrets = append(secrets, HeaderSecrets(name, value)...)
		}
	}
	return secrets
}

// request is the message as one version is sent it.
func (m message) request(t Target) (*http.Request, error) {
	address, err := m.address(t.URL)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(m.method, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{"User-Agent": {agent}}
	maps.Copy(request.Header, m.header)
	maps.Copy(request.Header, headersOf(t.Headers))
	request.Host = first(t.Host, m.host, request.Header.Get("Host"), request.Host)
	request.Header.Del("Host")
	return request, nil
}

// address is the version's URL with the message's path behind its own, and the
// queries of both.
func (m message) address(base string) (string, error) {
	if m.path == "" {
		return base, nil
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	behind, err := url.Parse(m.path)
	if err != nil {
		return "", fmt.Errorf("path %q: %w", m.path, err)
	}
	path := strings.TrimRight(u.EscapedPath(), "/") + "/" + strings.TrimLeft(behind.EscapedPath(), "/")
	if u.Path, err = url.PathUnescape(path); err != nil {
		return "", fmt.Errorf("path %q: %w", m.path, err)
	}
	u.RawPath = path
	u.RawQuery = strings.Trim(u.RawQuery+"&"+behind.RawQuery, "&")
	u.Fragment = ""
	return u.String(), nil
}
