package migrate

import (
	"strings"
	"time"
)

// firing is what a fortio command asks for.
type firing struct {
	call                 call
	qps                  float64
	max                  bool
	lasting              time.Duration
	requests             float64
	content              string
	user                 string
	grpc, ping, isHealth bool
	service              string
	method               string
	metadata             []pair
}

// fortio reads a command line of fortio load.
// https://github.com/fortio/fortio#command-line-arguments
func (j *job) fortio(words []word) {
	if len(words) == 0 || words[0].text != "load" && words[0].text != "curl" && words[0].text != "grpcping" {
		at := place{name: "fortio"}
		if len(words) > 0 {
			at = words[0].at
		}
		j.add(at, "only fortio load, fortio curl and fortio grpcping are read here")
		return
	}
	f := &firing{qps: 8, grpc: words[0].text == "grpcping", ping: words[0].text == "grpcping"}
	c := j.read(style{program: "fortio", options: fortioOptions(f), oneDash: true}, words[1:])
	switch {
	case len(j.mistakes) > 0:
		return
	case len(c.rest) == 0:
		j.add(words[0].at, "it has no URL: write what is loaded")
		return
	case len(c.rest) > 1:
		j.draft.note(counted(len(c.rest)-1, "other URL") + " of the command: only the first is asked")
	}
	j.draft.what = "a fortio command"
	if f.grpc {
		f.overGRPC(j, c.rest[0])
	} else {
		f.overHTTP(j, c.rest[0])
	}
	f.load(j.draft)
}

func (f *firing) load(d *draft) {
	if f.max {
		d.closed()
	} else {
		d.rate(f.qps)
	}
	switch {
	case f.requests > 0 && !f.max:
		d.lasting("fortio", clamped(f.requests/f.qps), figure(f.requests)+" requests")
	case f.requests > 0:
		d.endless(f.requests)
	case f.lasting > 0:
		d.lasting("fortio", f.lasting)
	}
}

func (f *firing) overHTTP(j *job, at word) {
	uuid := strings.NewReplacer("{uuid}", action("uuid"))
	origin, path, headers, ok := j.split(at.at, uuid.Replace(at.text))
	if !ok {
		return
	}
	if !isHTTP(origin) {
		j.add(at.at, "%s is not HTTP: of fortio load, HTTP and gRPC are read here", quoted(origin))
		return
	}
	c := &f.call
	if f.user != "" {
		headers = []pair{{"Authorization", "Basic " + j.draft.hide("BASIC_AUTH", f.user)}}
	}
	c.headers = append(c.headers, headers...)
	if f.content != "" && !c.has("Content-Type") {
		c.headers = append(c.headers, pair{"Content-Type", f.content})
	}
	if f.content != "" && c.method == "" {
		c.method = "POST"
	}
	if c.body = uuid.Replace(c.body); strings.Contains(path+c.body, actionBegin) {
		c.templated, c.name = true, requestName(nameOf("", path), j.draft.taken)
	}
	c.body = j.draft.body(c.body)
	j.draft.address, c.path = origin, path
	j.draft.calls = []*callOf{c}
}

// overGRPC asks for health, or for what fortio's own server answers to pings.
func (f *firing) overGRPC(j *job, at word) {
	scheme, host := "grpc://", at.text
	if before, after, found := strings.Cut(host, "://"); found {
		host = after
		if before == "https" {
			scheme = "grpcs://"
		}
	}
	host = strings.TrimSuffix(host, "/")
	if j.draft.load.has("ca") || j.draft.load.has("insecure") {
		scheme = "grpcs://"
	}
	if !strings.Contains(host, ":") && !strings.HasPrefix(host, markBegin) {
		host += ":8079" // fortio's own
	}
	rpc, name := &block{}, "health"
	switch {
	case f.method != "" && methodName.MatchString(f.method):
		name = f.method[strings.LastIndexAny(f.method, "./")+1:]
		rpc.set("call", f.method)
	case f.ping && !f.isHealth:
		name = "ping"
		rpc.set("call", "fgrpc.PingServer/Ping")
	default:
		rpc.set("call", "grpc.health.v1.Health/Check")
		if f.service != "" {
			rpc.set("data", templated(`{"service":"`+strings.NewReplacer(`"`, "", `\`, "").Replace(f.service)+`"}`))
		}
	}
	if f.call.body != "" {
		rpc.note("fortio -payload: its ping sends it; write data: as the method's message has it")
	}
	headersAsMetadata(rpc, f.call.headers)
	j.draft.address = scheme + host
	j.draft.calls = []*callOf{{name: requestName(name, j.draft.taken), rpc: rpc, notes: f.call.notes}}
}

func headersAsMetadata(rpc *block, headers []pair) {
	metadata := &block{}
	for _, h := range headers {
		metadata.set(strings.ToLower(h.name), h.value, secretWord(h.value))
	}
	if !metadata.empty() {
		rpc.set("metadata", metadata)
	}
}

func fortioOptions(f *firing) []option {
	flag := func(names string, p *bool) option {
		return option{names: names, action: func(_ *command, w word) { *p = isOn(w) }}
	}
	text := func(names string, p *string) option {
		return option{names: names, takes: true, action: func(_ *command, w word) { *p = w.text }}
	}
	options := []option{
		{names: "qps", takes: true, action: f.rate},
		{names: "t", takes: true, action: f.time},
		{names: "n", takes: true, action: func(c *command, w word) { f.requests = c.figure(w) }},
		{names: "c", takes: true, action: func(c *command, w word) { c.draft.connections(c.figure(w)) }},
		{names: "H", takes: true, action: func(c *command, w word) { c.header(&f.call, w) }},
		{names: "X", takes: true, action: func(_ *command, w word) { f.call.method = strings.ToUpper(w.text) }},
		{names: "timeout", takes: true, action: func(c *command, w word) {
			if d, ok := c.duration(&value{kind: scalar, text: w.text, at: w.at}); ok {
				c.timeout("fortio -timeout", d)
			}
		}},
		{names: "keepalive", action: func(c *command, w word) {
			if !isOn(w) {
				c.draft.load.set("keep-alive", bare("false"))
			}
		}},
		text("payload", &f.call.body), text("payload-file", &f.call.bodyFile), text("content-type", &f.content), text("user", &f.user),
		text("healthservice", &f.service), text("grpc-method", &f.method),
		{names: "grpc-metadata", takes: true, action: func(c *command, w word) { c.header(&f.call, w) }},
		flag("grpc", &f.grpc), flag("ping", &f.ping), flag("health", &f.isHealth),
		on("k https-insecure", "insecure", "true"), on("h2", "http2", "true"), on("L", "follow-redirects", "true"),
		set("cacert", "ca"), set("cert", "cert"), set("key", "key"),
	}
	return append(options, fortioWithout()...)
}

func fortioWithout() []option {
	var out []option
	out = append(out, without("what is measured is in the report's directory", "json=", "a", "labels=", "data-dir=", "access-log-file=", "access-log-format=", "runid=", "profile=", "curl-stdout-headers")...)
	out = append(out, without("objectives say which percentiles count; all of them can be asked of the records", "p=", "r=", "offset=")...)
	out = append(out, without("each request has its planned time, by chance, and is charged for waiting; none is left out", "uniform", "nocatchup", "jitter", "calc-qps")...)
	out = append(out, without("connections are made, and requests sent, as load says", "stdclient", "http1.0", "compression", "connection-reuse=", "halfclose", "httpbufferkb=", "httpccch", "sequential-warmup", "gomaxprocs=", "s=", "grpc-max-streams=", "grpc-compression", "no-reresolve", "http-keepalive")...)
	out = append(out, without("failed requests are counted, and judged", "allow-initial-errors", "abort-on=", "log-errors", "quiet", "loglevel=", "logger-force-color", "logger-json")...)
	out = append(out, without("names are resolved by the system", "resolve=", "resolve-ip-type=", "dns-method=", "unix-socket=")...)
	return append(out, without("not done here", "payload-size=", "maxpayloadsizekb=", "stream", "grpc-ping-delay=", "multi-mirror-origin", "multi-serial-mode", "M=", "mtls", "udp-timeout=", "nc-dont-stop-on-eof", "config-dir=", "config-port=", "config=", "curl", "pprof")...)
}

func (c *command) figure(w word) float64 {
	n, _ := c.number(&value{kind: scalar, text: w.text, at: w.at})
	return n
}

// rate: 0 and max are as fast as answers come.
func (f *firing) rate(c *command, w word) {
	if w.text == "max" {
		f.max = true
		return
	}
	f.qps = c.figure(w)
	f.max = f.qps <= 0
}

// time: 0 is until somebody ends it.
func (f *firing) time(c *command, w word) {
	d, ok := c.duration(&value{kind: scalar, text: w.text, at: w.at})
	if ok && d == 0 {
		c.draft.note("fortio -t 0, until it is stopped: a trial ends when all is decided, or after load.for")
	}
	f.lasting = d
}
