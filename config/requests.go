package config

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"

	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// Request is an entry of requests: what is sent, and what is asked of it alone.
type Request struct {
	loadgen.Request
	Steps      []Step          `yaml:"steps"`
	Objectives []slo.Objective `yaml:"objectives"`
}

// Step is one request of a sequence.
type Step struct {
	loadgen.Request
	Objectives []slo.Objective `yaml:"objectives"`
}

// Sent are the trial's requests as they are sent; nil where there is one without
// a name.
func (f File) Sent() []loadgen.Request {
	var sent []loadgen.Request
	for _, r := range f.Requests {
		for _, step := range r.Steps {
			r.Request.Steps = append(r.Request.Steps, step.Request)
		}
		sent = append(sent, r.Request)
	}
	return sent
}

// RequestNames are what evidence and objectives call the requests: each step is
// one of its own.
func (f File) RequestNames() []string {
	var names []string
	for _, r := range loadgen.Flat(f.Sent()) {
		names = append(names, r.Name)
	}
	return names
}

// requests checks what is sent of each.
func (c checker) requests() {
	if sent := len(loadgen.Flat(c.file.Sent())); sent > loadgen.MostRequests {
		c.doubt("requests", "a trial has at most %d requests, steps among them, not %d", loadgen.MostRequests, sent)
		return
	}
	t := templates{c, map[string]bool{}, map[string]*loadgen.Data{}}
	first := map[string]string{}
	for i, r := range c.file.Requests {
		path := fmt.Sprintf("requests[%d]", i)
		c.requestName(path, r.Name, first)
		known := t.data(path, r.Data)
		if len(r.Steps) > 0 {
			c.sequence(t, path, r, first, known)
			continue
		}
		c.sent(t, path, r.Request, known)
		if len(r.Save) > 0 {
			c.doubt(join(path, "save"), "there is no step after it: save is for steps")
		}
	}
	if len(c.file.Requests) == 0 {
		t.texts("load", loadgen.Request{}, loadgen.Known{})
	}
	c.turns()
}

// sent checks one request: of a sequence, or alone.
func (c checker) sent(t templates, path string, r loadgen.Request, known loadgen.Known) {
	if r.GRPC != nil {
		c.call(path, r, known)
		return
	}
	c.method(join(path, "method"), r.Method)
	c.host(join(path, "host"), r.Host)
	c.headers(join(path, "headers"), r.Headers)
	c.body(path, r.Body, r.BodyFile)
	if r.Expect != nil && len(r.Expect) == 0 {
		c.doubt(join(path, "expect"), "empty: name the statuses that are no errors, as in [200-399]")
	}
	if r.Check != nil {
		c.answer(join(path, "check"), *r.Check)
	}
	t.texts(path, r, known)
}

func (c checker) requestName(path, name string, first map[string]string) {
	at := join(path, "name")
	switch other, twice := first[name]; {
	case c.isUnread(at):
	case name == "":
		c.doubt(path, "no name: give one, as objectives are to call it: checkout/latency-p95 <= 300ms")
	case name == trial.Overall:
		c.doubt(at, "%s means all requests together: choose another name", trial.Overall)
	case !trial.IsRequestName(name):
		c.doubt(at, "%q can't be a request's name: write letters, digits, - _ or ., at most %d of them", name, trial.LongestRequestName)
	case twice:
		c.doubt(at, "%s is called %q as well: names must differ", other, name)
	}
	first[name] = path
}

func (c checker) path(path, text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		c.doubt(path, "%q is not a path: write what follows the version's address, as in /checkout?id=1", text)
	case u.IsAbs() || u.Host != "":
		c.doubt(path, "%q is an address: write the path alone, which is joined to each version's", text)
	case !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "?"):
		c.doubt(path, "%q does not begin with /", text)
	}
}

func (c checker) method(path, method string) {
	switch {
	case method == "":
	case loadgen.IsTemplate(method):
		c.doubt(path, "%s", notHere)
	case !isToken(method):
		c.doubt(path, "%q is not an HTTP method", method)
	case method != strings.ToUpper(method):
		c.doubt(path, "%q is not an HTTP method: write %s", method, strings.ToUpper(method))
	case method == http.MethodConnect:
		c.doubt(path, "CONNECT is for proxies alone")
	}
}

func (c checker) body(path string, body trial.Secret, file string) {
	at := join(path, "body-file")
	if body.Reveal() != "" && file != "" {
		c.doubt(at, "given beside %s: give one or the other", join(path, "body"))
	}
	if file != "" {
		if _, err := c.readFile(file); err != nil {
			c.doubt(at, "%v", err)
		}
	}
}

// turns refuses shares that do not make a whole.
func (c checker) turns() {
	sum, unsaid := 0.0, 0
	for i, r := range c.file.Requests {
		if c.isUnread(fmt.Sprintf("requests[%d].share", i)) {
			return
		}
		if r.Share == nil {
			unsaid++
		} else {
			sum += float64(*r.Share)
		}
	}
	const rounding = 1e-9
	whole := slo.Percent(sum)
	text, _ := whole.MarshalText()
	switch {
	case len(c.file.Requests) == 0:
	case sum > 1+rounding:
		c.doubt("requests", "their shares add up to %s: more than all", text)
	case unsaid == 0 && math.Abs(sum-1) > rounding:
		c.doubt("requests", "their shares add up to %s, not to 100%%: leave one out, which then gets the rest", text)
	case unsaid > 0 && sum > 1-rounding:
		c.doubt("requests", "the shares that are given leave nothing for those that have none")
	}
}

// rareRequests refuses shares so small that nothing could be said of a request.
func (c checker) rareRequests() {
	if c.file.Load.Closed {
		return // nobody knows how many there will be
	}
	policy, load := c.file.Policy(), c.file.Load
	judged := load.Turns() - load.Rate.PerSecond*load.Warmup.Seconds()
	sent := c.file.Sent()
	for i, share := range loadgen.Shares(sent) {
		for _, one := range loadgen.Flat(sent[i : i+1]) {
			if text := policy.CheckRequest(one.Name, share*judged, c.file.Baseline != nil); text != "" {
				c.doubt(fmt.Sprintf("requests[%d]", i), "%s: %s", one.Name, text)
			}
		}
	}
}
