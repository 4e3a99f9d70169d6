package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/trial"
)

// sends reports which protocols the trial's requests are of.
func (f File) sends() (http, grpc bool) {
	isCall := func(r Request) bool { return r.GRPC != nil }
	isHTTP := func(r Request) bool { return r.GRPC == nil }
	return len(f.Requests) == 0 || slices.ContainsFunc(f.Requests, isHTTP), slices.ContainsFunc(f.Requests, isCall)
}

// addresses checks where a version is asked.
func (c checker) addresses(path string, t target) {
	http, grpc := c.file.sends()
	switch {
	case http && isGRPC(t.URL):
		c.doubt(join(path, "url"), "%q is an address of gRPC, and HTTP is sent there: say what is called, as in requests: {get: {grpc: shop.Cart/Get}}; where both are sent, give an http:// URL here and this as %s",
			c.file.shown(t.URL), join(path, "grpc"))
	case http:
		c.url(join(path, "url"), t.URL, "http", "https")
	case t.GRPC == "":
		c.callsTo(join(path, "url"), t.URL)
	}
	if t.GRPC == "" {
		return
	}
	if !grpc {
		c.doubt(join(path, "grpc"), "no request is a call of gRPC: write one, as in requests: [{name: get, grpc: {call: shop.Cart/Get}}], or leave this out")
	}
	c.callsTo(join(path, "grpc"), t.GRPC)
}

func isGRPC(address string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(address), "://")
	return scheme == "grpc" || scheme == "grpcs"
}

// callsTo checks an address that calls go to.
func (c checker) callsTo(path, address string) {
	c.url(path, address, "grpc", "grpcs", "http", "https")
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil) {
		c.doubt(path, "%q has more than a host and a port (user information, a path or a query), and gRPC is sent nothing else: leave it out", c.file.shown(address))
	}
}

// probe checks what is to be waited for.
func (c checker) probe(path string, p loadgen.Probe) {
	c.url(join(path, "url"), p.URL, "http", "https", "grpc", "grpcs")
	if !isGRPC(p.URL) {
		return
	}
	if len(p.Status) > 0 || p.Body != "" {
		c.doubt(path, "status and body are HTTP's: of gRPC, the health is asked for, as in grpc://shop.svc:50051/shop.Cart")
	}
	if u, err := url.Parse(p.URL); err == nil && u.RawQuery != "" {
		c.doubt(join(path, "url"), "%q has a query: write grpc://HOST:PORT, or grpc://HOST:PORT/SERVICE for the health of one service", c.file.shown(p.URL))
	}
}

// call checks a request that is a call of gRPC.
func (c checker) call(path string, r loadgen.Request, known loadgen.Known) {
	for key, given := range map[string]bool{
		"path": r.Path != "", "method": r.Method != "", "headers": len(r.Headers) > 0, "body": r.Body.Reveal() != "", "body-file": r.BodyFile != "",
		"host": r.Host != "", "expect": r.Expect != nil, "check": r.Check != nil,
	} {
		if given {
			c.doubt(join(path, key), "is HTTP's, and this request is a call of gRPC: %s", inGRPC(key))
		}
	}
	for _, d := range known.Data {
		if d == nil {
			return // what names its columns would be no further mistake
		}
	}
	hider := trial.NewHider(c.file.Load.Secrets)
	for _, d := range r.GRPC.Doubts(c.readFile, known) {
		c.doubt(join(join(path, "grpc"), d.Key), "%s", hider.Hide(d.Text, true))
	}
}

// inGRPC is what a key of HTTP is called in a call.
func inGRPC(key string) string {
	known := map[string]string{"headers": "metadata", "body": "data", "body-file": "data-file", "host": "authority", "expect": "expect", "path": "call"}
	if same, found := known[key]; found {
		return fmt.Sprintf("use grpc.%s", same)
	}
	return "leave it out"
}

// calling checks what the load says of all requests where some are calls.
func (c checker) calling() {
	if _, grpc := c.file.sends(); !grpc {
		return
	}
	if !c.file.Load.KeepAlive {
		c.doubt("load.keep-alive", "false with calls of gRPC, which keep their connections")
	}
	if proxy := c.file.Load.Proxy; proxy != "" && proxy != "environment" {
		c.doubt("load.proxy", "given with calls of gRPC, which go through a proxy of the environment alone: write environment, and set HTTPS_PROXY")
	}
}
