package migrate

import "strings"

// set is an option that sets a key of the load to a text.
func set(names, key string) option {
	return option{names: names, takes: true, action: func(c *command, w word) { c.draft.load.set(key, w.text) }}
}

// on is an option without a value that sets a key of the load.
func on(names, key, value string) option {
	return option{names: names, action: func(c *command, w word) {
		if isOn(w) {
			c.draft.load.set(key, bare(value))
		}
	}}
}

// without is an option that has no equal; the names of those with a value end with "=".
func without(why string, names ...string) []option {
	var out []option
	for _, name := range names {
		plain, takes := strings.CutSuffix(name, "=")
		out = append(out, option{names: plain, takes: takes, why: why})
	}
	return out
}

// curlOptions are those of curl's manual that people use with HTTP.
func curlOptions(a *curling) []option {
	options := []option{
		{names: "request X", takes: true, action: func(_ *command, w word) { a.call.method = strings.ToUpper(w.text) }},
		{names: "header H", takes: true, action: func(c *command, w word) { a.header(c, w) }},
		{names: "data d data-ascii", takes: true, action: a.atData},
		{names: "data-binary", takes: true, action: a.atData},
		{names: "data-raw", takes: true, action: func(_ *command, w word) { a.data = append(a.data, w.text) }},
		{names: "data-urlencode", takes: true, action: func(c *command, w word) { a.data = append(a.data, encodedData(c, w)) }},
		{names: "json", takes: true, action: a.json},
		{names: "upload-file T", takes: true, action: func(_ *command, w word) { a.file, a.call.method = w.text, "PUT" }},
		{names: "get G", action: func(*command, word) { a.get = true }},
		{names: "head I", action: func(*command, word) { a.head = true }},
		{names: "url", takes: true, action: func(_ *command, w word) { a.urls = append(a.urls, w) }},
		{names: "url-query", takes: true, action: func(c *command, w word) { a.query = append(a.query, encodedData(c, w)) }},
		{names: "user u", takes: true, action: func(_ *command, w word) { a.user = w.text }},
		{names: "oauth2-bearer", takes: true, action: func(c *command, w word) { c.pair(&a.call, "Authorization", "Bearer "+w.text) }},
		{names: "user-agent A", takes: true, action: func(c *command, w word) { c.pair(&a.call, "User-Agent", w.text) }},
		{names: "referer e", takes: true, action: func(c *command, w word) { c.pair(&a.call, "Referer", w.text) }},
		{names: "range r", takes: true, action: func(c *command, w word) { c.pair(&a.call, "Range", "bytes="+w.text) }},
		{names: "cookie b", takes: true, action: a.cookie},
		{names: "compressed", action: func(c *command, _ word) { c.pair(&a.call, "Accept-Encoding", "gzip, deflate, br") }},
		{names: "form F form-string", takes: true, action: a.form},
		{names: "max-time m", takes: true, action: func(c *command, w word) { seconds(c, "curl -m", w) }},
		{names: "proxy x", takes: true, action: func(c *command, w word) { c.proxy(w) }},
		on("insecure k", "insecure", "true"),
		on("location L location-trusted", "follow-redirects", "true"),
		on("http2 http2-prior-knowledge", "http2", "true"),
		on("no-keepalive", "keep-alive", "false"),
		set("cacert", "ca"), set("cert E", "cert"), set("key", "key"),
	}
	return append(options, curlWithout()...)
}

func curlWithout() []option {
	var out []option
	out = append(out, without("only the time of the whole answer is limited: load.timeout", "connect-timeout=", "expect100-timeout=", "keepalive-time=", "speed-limit=", "speed-time=", "Y=", "y=")...)
	out = append(out, without("what is shown or stored of an answer is the report's", "silent", "s", "show-error", "S", "verbose", "v", "include", "i",
		"output=", "o=", "remote-name", "O", "write-out=", "w=", "progress-bar", "no-progress-meter", "trace=", "trace-ascii=", "dump-header=", "D=", "no-buffer", "N", "stderr=", "remote-header-name", "J", "create-dirs", "raw", "styled-output")...)
	out = append(out, without("load.expect says which statuses are no errors", "fail", "f", "fail-with-body", "fail-early")...)
	out = append(out, without("a failed request counts as failed, and is not sent again", "retry=", "retry-delay=", "retry-max-time=", "retry-all-errors", "retry-connrefused")...)
	out = append(out, without("how much is sent is load.rate and load.connections", "parallel", "Z", "parallel-max=", "rate=", "limit-rate=", "next")...)
	out = append(out, without("names are resolved by the system", "resolve=", "connect-to=", "dns-servers=", "doh-url=", "ipv4", "4", "ipv6", "6", "interface=", "local-port=")...)
	out = append(out, without("not done here", "unix-socket=", "abstract-unix-socket=", "http3", "http3-only", "http0.9", "http1.0", "0", "cookie-jar=", "c=", "netrc", "n", "netrc-file=", "digest", "ntlm", "negotiate", "anyauth", "aws-sigv4=",
		"socks5=", "socks5-hostname=", "socks4=", "proxy-user=", "U=", "noproxy=", "proxy-insecure", "max-redirs=", "globoff", "g", "path-as-is", "request-target=", "config=", "K=", "disable", "q", "max-filesize=", "compressed-ssh", "tr-encoding")...)
	out = append(out, without("TLS is negotiated", "tlsv1", "1", "tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3", "tls-max=", "ciphers=", "tls13-ciphers=", "sslv3", "ssl-no-revoke", "cert-type=", "key-type=", "pass=", "capath=", "pinnedpubkey=", "alpn", "no-alpn", "cert-status")...)
	return append(out, without("it is what is done here", "basic", "http1.1", "tcp-nodelay", "keepalive", "post301", "post302", "post303")...)
}

func (a *curling) header(c *command, w word) {
	if strings.HasPrefix(w.text, "@") {
		c.draft.note("headers from the file " + w.text[1:] + ": write them out")
		return
	}
	c.job.header(&a.call, w)
}

// json is what --json stands for: a body and two headers.
func (a *curling) json(c *command, w word) {
	a.atData(c, w)
	for _, name := range []string{"Content-Type", "Accept"} {
		if !a.call.has(name) {
			a.call.headers = append(a.call.headers, pair{name, "application/json"})
		}
	}
}

// cookie is a header, unless it is the name of a file.
func (a *curling) cookie(c *command, w word) {
	if !strings.Contains(w.text, "=") && !strings.HasPrefix(w.text, markBegin) {
		c.draft.note("cookies from a file: write them out, as a header Cookie that is a secret")
		return
	}
	c.pair(&a.call, "Cookie", w.text)
}

// form is a body of several parts, which are not made here.
func (a *curling) form(c *command, w word) {
	name, _, _ := strings.Cut(w.text, "=")
	c.draft.note("curl -F " + shown(name) + ": a form of parts is not made here; store its body in a file, as body-file, with its Content-Type")
	a.call.method = "POST"
}

// proxy is that of the load. What it knows us by stays out.
func (j *job) proxy(w word) {
	text := w.text
	if !strings.Contains(text, "://") && !strings.HasPrefix(text, markBegin) {
		text = "http://" + text
	}
	if before, host, found := strings.Cut(text, "@"); found {
		scheme, user, _ := strings.Cut(before, "://")
		text = scheme + "://" + j.draft.hide("PROXY_AUTH", user) + "@" + host
	}
	j.draft.load.set("proxy", text)
}
