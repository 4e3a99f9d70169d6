package migrate

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// draft is a trial file that is being drawn up.
type draft struct {
	vault
	what  string   // the source in words: "k6's options"
	notes []string // what has no equal and belongs to no key

	name    string
	address string // scheme and host that the source names; empty: none
	calls   []*call
	named   bool   // objectives name the requests
	noLoad  bool   // others are asked about live traffic
	istio   bool   // the preset of Istio is declared
	label   string // the candidate's version, where a metric is told by it

	baseline, candidate *block
	candidates          []part
	ready, load         *block
	limits              []part // objectives
	rewards             []part
	rest                *block // what comes after these
}

// call is one request: HTTP, or gRPC where rpc is there.
type call struct {
	name, method, path string
	share              string
	headers            []pair
	body, bodyFile     string
	templated          bool // its texts have places to be filled in
	rpc                *block
	notes              []string
	beside             string // about its path
	tag                string // by which the source tells it from others
}

type pair struct{ name, value string }

func newDraft() *draft {
	return &draft{
		vault:    vault{names: map[[2]string]string{}, taken: map[string]bool{"CANDIDATE_URL": true, "BASELINE_URL": true}},
		baseline: &block{flow: true}, candidate: &block{flow: true}, ready: &block{}, load: &block{}, rest: &block{},
	}
}

// note is a comment on the trial as a whole.
func (d *draft) note(text string) {
	if !slices.Contains(d.notes, text) {
		d.notes = append(d.notes, text)
	}
}

// noted adds a note to each text.
func (d *draft) noted(texts []string) {
	for _, text := range texts {
		d.note(text)
	}
}

// limit adds an objective, once.
func (d *draft) limit(text, beside string) {
	i := slices.IndexFunc(d.limits, func(p part) bool { return p.value == bare(text) })
	switch {
	case i < 0:
		d.limits = append(d.limits, part{value: bare(text), beside: beside})
	case d.limits[i].beside == "":
		d.limits[i].beside = beside
	}
}

var notOfRequests = regexp.MustCompile(`[^A-Za-z0-9._]+`)

// requestName is a name that a request may have, made of any text, and not one
// of those that are taken.
func requestName(text string, taken func(string) bool) string {
	base := strings.Trim(notOfRequests.ReplaceAllString(text, "-"), "-._")
	if len(base) > 56 {
		base = strings.Trim(base[:56], "-._")
	}
	if base == "" || base == "overall" {
		base = "request"
	}
	name := base
	for i := 2; taken(name); i++ {
		name = fmt.Sprintf("%s-%d", base, i)
	}
	return name
}

func (d *draft) taken(name string) bool {
	return slices.ContainsFunc(d.calls, func(c *call) bool { return c.name == name })
}

// alone reports whether the trial is of one unnamed HTTP request, which is
// written under load.
func (d *draft) alone() bool {
	return len(d.calls) == 0 || len(d.calls) == 1 && !d.named && d.calls[0].rpc == nil && !d.calls[0].templated
}

// YAML is the trial file.
func (d *draft) YAML() ([]byte, error) {
	var body bytes.Buffer
	for _, e := range d.entries() {
		text, err := e.print()
		if err != nil {
			return nil, fmt.Errorf("writing the trial file: %w", err)
		}
		body.Write(text)
	}
	return append(d.preamble(body.Bytes()), body.Bytes()...), nil
}

var referred = regexp.MustCompile(`\$?\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// missing are the variables that a text refers to, in its order.
func missing(text []byte) []string {
	var names []string
	for _, m := range referred.FindAllSubmatch(text, -1) {
		if name := string(m[1]); !bytes.HasPrefix(m[0], []byte("$$")) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (d *draft) preamble(body []byte) []byte {
	lines := []string{"Drawn up by seatrial import from " + d.what + "."}
	if names := missing(body); len(names) > 0 {
		lines = append(lines, "Fill in, here or in the environment: "+strings.Join(names, ", ")+".")
	} else {
		lines = append(lines, "Complete: nothing is left to fill in.")
	}
	if len(d.notes) > 0 {
		lines = append(lines, "Not taken over:")
		for _, note := range d.notes {
			lines = append(lines, "- "+note)
		}
	}
	return []byte(comment(lines) + "\n\n")
}

// entries are the keys of the trial file, in the order in which people read them.
func (d *draft) entries() []entry {
	d.versions()
	all := &block{}
	add := func(key string, b *block) {
		switch {
		case !b.empty():
			all.set(key, b)
		case len(b.pending) > 0:
			d.noted(b.pending)
		}
	}
	if d.name != "" {
		all.set("name", shown(d.name))
	}
	add("baseline", d.baseline)
	if len(d.candidates) > 0 {
		all.set("candidates", d.candidates)
	} else {
		add("candidate", d.candidate)
	}
	requests := d.requests()
	add("ready", d.ready)
	d.settleLoad()
	add("load", d.load)
	if len(requests) > 0 {
		all.set("requests", requests)
	}
	if d.limits != nil {
		d.ofAll()
		all.set("objectives", d.limits)
	}
	if d.rewards != nil {
		all.set("rewards", d.rewards)
	}
	all.entries = append(all.entries, d.rest.entries...)
	d.noted(d.rest.pending)
	return all.entries
}

// loadKeys is the order in which people read what is said of a load.
var loadKeys = []string{"rate", "stages", "closed", "for", "warmup", "connections", "timeout"}

// settleLoad puts the load in order, and lengthens one that is too short for a
// verdict.
func (d *draft) settleLoad() {
	if !d.noLoad && !d.load.has("rate") && !d.load.has("stages") && !d.load.has("closed") {
		d.load.set("rate", bare("100/s"), "to each version; the source does not say how much")
	}
	d.lengthen()
	if d.load.has("http2") {
		d.without("proxy", "HTTP/2 does not go through one here")
		d.without("keep-alive", "HTTP/2 keeps its connections")
	}
	at := func(e entry) int {
		if i := slices.Index(loadKeys, e.key); i >= 0 {
			return i
		}
		return len(loadKeys)
	}
	slices.SortStableFunc(d.load.entries, func(a, b entry) int { return at(a) - at(b) })
}

// without takes a key of the load away, and tells it.
func (d *draft) without(key, why string) {
	if d.load.has(key) {
		d.load.entries = slices.DeleteFunc(d.load.entries, func(e entry) bool { return e.key == key })
		d.note(key + ": " + why)
	}
}

// versions says who is compared. A source with limits judges the address that it
// names: that is the candidate's. Any other shows what is there: that is the
// baseline's, and the limits are what a trial has by default.
func (d *draft) versions() {
	if !d.baseline.empty() || !d.candidate.empty() || len(d.candidates) > 0 {
		return
	}
	if d.label != "" {
		d.candidate.set("version", d.label)
	}
	path := ""
	if d.alone() && len(d.calls) > 0 {
		path = d.calls[0].path
	}
	address := d.address + path
	if d.address == "" {
		address = refer("CANDIDATE_URL") + path
	}
	switch {
	case d.address == "":
		d.candidate.set("url", address, "where the version on trial answers")
		d.candidate.flow = false
	case len(d.limits) > 0:
		d.candidate.set("url", address)
	default:
		d.baseline.set("url", address)
		d.candidate.set("url", refer("CANDIDATE_URL")+path, "where the version on trial answers"+d.likeThat())
		d.candidate.flow = false
	}
	if len(d.limits) == 0 {
		d.relative()
		return
	}
	d.candidate.note(`To judge it beside what runs now: baseline: {url: …}, and objectives such as latency-p95 <= 110% of baseline.`)
}

// ofAll: other tools' limits are of all requests together, where they name none.
func (d *draft) ofAll() {
	if len(d.calls) < 2 {
		return
	}
	for i, limit := range d.limits {
		text := string(limit.value.(bare))
		if isOfLoad(text) && !strings.Contains(text, "baseline") {
			d.limits[i].value = bare("overall/" + text)
		}
	}
}

// isOfLoad reports whether an objective is of a metric that the load gives, and
// names no request.
func isOfLoad(text string) bool {
	return strings.HasPrefix(text, "latency-") || strings.HasPrefix(text, "error-rate ") || strings.HasPrefix(text, "throughput ")
}

// relative gives a trial without limits those that it would have by default, so
// that they are seen.
func (d *draft) relative() {
	if d.baseline.empty() {
		d.baseline.flow = false
		d.baseline.set("url", refer("BASELINE_URL"), "where the version that runs now answers")
	}
	d.limits = []part{
		{value: bare("latency-p95 <= 110% of baseline"), above: []string{"The source has no limits; these are the usual ones."}},
		{value: bare("error-rate <= baseline + 2%")},
	}
}

// requests are those of the trial, where it has more than one unnamed one.
func (d *draft) requests() []part {
	if d.alone() {
		if len(d.calls) == 1 {
			d.underLoad(d.calls[0])
		}
		return nil
	}
	d.hoist()
	var out []part
	for _, c := range d.calls {
		out = append(out, part{value: c.block(), above: c.notes})
	}
	return out
}

// underLoad writes the only request as load has it.
func (d *draft) underLoad(c *call) {
	for _, note := range c.notes {
		d.load.note(note)
	}
	if c.beside != "" {
		d.load.note(c.beside)
	}
	if c.method != "" && c.method != methodWithout(c) {
		d.load.set("method", c.method)
	}
	if c.bodyFile != "" {
		d.load.set("body-file", c.bodyFile)
	}
	if c.body != "" {
		d.load.set("body", templated(c.body))
	}
	d.headers(c.headers)
}

// headers are those of every request.
func (d *draft) headers(headers []pair) {
	rest := &block{}
	for _, h := range headers {
		if strings.EqualFold(h.name, "Host") {
			d.load.set("host", h.value)
			continue
		}
		rest.set(h.name, templated(h.value), secretWord(h.value))
	}
	if !rest.empty() {
		d.load.set("headers", rest)
	}
}

// secretWord is the comment on a value that stands for a secret.
func secretWord(value string) string {
	if strings.HasPrefix(value, "Basic "+markBegin) {
		return "the base64 of user:password"
	}
	if marked.MatchString(value) {
		return "a secret, or a variable of the source"
	}
	return ""
}

func methodWithout(c *call) string {
	if c.body != "" || c.bodyFile != "" {
		return "POST"
	}
	return "GET"
}

// hoist writes the headers that all requests share once, under load.
func (d *draft) hoist() {
	if len(d.calls) == 1 {
		return
	}
	var shared []pair
	for _, h := range d.calls[0].headers {
		if !slices.ContainsFunc(d.calls, func(c *call) bool { return !slices.Contains(c.headers, h) || c.rpc != nil || c.templated }) {
			shared = append(shared, h)
		}
	}
	for _, c := range d.calls {
		c.headers = slices.DeleteFunc(c.headers, func(h pair) bool { return slices.Contains(shared, h) })
	}
	d.headers(shared)
}

// block is the request as an entry of requests.
func (c *call) block() *block {
	b := &block{}
	b.set("name", c.name)
	if c.share != "" {
		b.set("share", bare(c.share))
	}
	if c.rpc != nil {
		b.set("grpc", c.rpc)
		return b
	}
	if c.method != "" && c.method != methodWithout(c) {
		b.set("method", c.method)
	}
	if path := c.path; strings.HasPrefix(path, "/") || strings.HasPrefix(path, markBegin) {
		b.set("path", templated(path), c.beside)
	} else {
		b.set("path", templated("/"+path), c.beside)
	}
	headers := &block{}
	for _, h := range c.headers {
		headers.set(h.name, templated(h.value), secretWord(h.value))
	}
	if !headers.empty() {
		b.set("headers", headers)
	}
	if c.bodyFile != "" {
		b.set("body-file", c.bodyFile)
	}
	if c.body != "" {
		b.set("body", templated(c.body))
	}
	return b
}

// StandIns are values for the variables that a draft refers to, which only serve
// to find out what else is wrong with it.
func StandIns(draft []byte) map[string]string {
	values := map[string]string{}
	for _, name := range missing(draft) {
		scheme, own := "http", strings.ToLower(strings.ReplaceAll(name, "_", "-"))
		switch {
		case strings.HasSuffix(name, "_URL") && bytes.Contains(draft, []byte("\n    grpc:\n")):
			scheme = "grpc"
			fallthrough
		case strings.HasSuffix(name, "_URL") || beginsURL(draft, name):
			values[name] = scheme + "://" + own + ".example"
		case strings.HasSuffix(name, "_PATH"):
			values[name] = "/" + own
		default:
			values[name] = own
		}
	}
	return values
}

// beginsURL reports whether an address begins with a variable.
func beginsURL(draft []byte, name string) bool {
	return regexp.MustCompile(`url: ['"]?\$\{` + name + `\}`).Match(draft)
}

// likeThat is how the address of a trial over gRPC begins.
func (d *draft) likeThat() string {
	if scheme, _, found := strings.Cut(d.address, "://"); found && !strings.HasPrefix(scheme, "http") && !strings.HasPrefix(scheme, markBegin) {
		return ": " + scheme + "://HOST:PORT"
	}
	return ""
}
