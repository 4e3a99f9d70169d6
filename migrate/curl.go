package migrate

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// curling is what a curl command asks for.
type curling struct {
	call      call
	urls      []word
	data      []string
	file      string
	query     []string
	get, head bool
	fields    bool // a form with parts
	user      string
}

// curl reads a command line of curl, as browsers copy it too.
// https://curl.se/docs/manpage.html
func (j *job) curl(words []word) {
	var asked curling
	c := j.read(style{program: "curl", options: curlOptions(&asked)}, words)
	urls := append(asked.urls, c.rest...)
	if len(urls) == 0 {
		if len(j.mistakes) == 0 {
			j.add(place{name: "curl"}, "it has no URL: write what is asked")
		}
		return
	}
	if len(urls) > 1 {
		j.draft.note(counted(len(urls)-1, "other URL") + " of the command: only the first is asked")
	}
	j.draft.what = "a curl command"
	asked.finish(j, urls[0])
}

// finish makes the request of what was said.
func (a *curling) finish(j *job, at word) {
	origin, path, headers, ok := j.split(at.at, at.text)
	if !ok {
		return
	}
	if !isHTTP(origin) {
		j.add(at.at, "%s is not HTTP: only http:// and https:// are asked here", quoted(origin))
		return
	}
	call := &a.call
	query := a.query
	if a.get {
		query, a.data = append(query, a.data...), nil
	}
	if joined := strings.Join(query, "&"); joined != "" {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + encoded(j.draft.query(joined))
	}
	j.draft.address, call.path = origin, path
	if a.user != "" {
		headers = []pair{{"Authorization", "Basic " + j.draft.hide("BASIC_AUTH", a.user)}}
	}
	call.headers = append(call.headers, headers...)
	a.body(j)
	if a.head {
		call.method = "HEAD"
	}
	j.draft.calls = []*callOf{call}
}

// callOf keeps the name call free for a request that is being read.
type callOf = call

// body joins what -d gave. Its kind is a form, if nothing else is said.
func (a *curling) body(j *job) {
	joined := strings.Join(a.data, "&")
	a.call.body, a.call.bodyFile = j.draft.body(joined), a.file
	if a.file != "" && joined != "" {
		j.draft.note("data beside that of the file " + a.file + ": only the file is sent")
		a.call.body = ""
	}
	if (joined != "" || a.file != "") && !a.call.has("Content-Type") {
		a.call.headers = append(a.call.headers, pair{"Content-Type", "application/x-www-form-urlencoded"})
	}
}

func (c *call) has(name string) bool {
	for _, h := range c.headers {
		if strings.EqualFold(h.name, name) {
			return true
		}
	}
	return false
}

// header adds a "Name: value" to a request. What is secret becomes a reference.
func (j *job) header(c *call, line word) {
	name, value, found := strings.Cut(line.text, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case !found && strings.HasSuffix(name, ";"):
		name = strings.TrimSuffix(name, ";") // curl's way to send one without a value
	case !found || !isToken(name):
		j.add(line.at, "a header is no header: write Name: value")
		return
	case value == "" && found:
		j.draft.note("header " + name + " left out by the source: it is not sent here either, unless HTTP needs it")
		return
	}
	j.pair(c, name, value)
}

// own are headers that the connection and the body decide about.
var own = []string{"connection", "content-length", "transfer-encoding", "keep-alive", "te", "trailer", "upgrade", "proxy-connection", "expect"}

func (j *job) pair(c *call, name, value string) {
	switch {
	case contains(own, strings.ToLower(name)):
		j.draft.note("header " + name + ": the connection decides about it")
	case !isToken(name):
		j.draft.note("header " + name + ": no name that a header can have")
	case strings.ContainsFunc(value, unicode.IsControl):
		j.draft.note("header " + name + ": its value has a line break, or what else no header can have")
	case c.has(name):
		j.draft.note("header " + name + " given twice: the first is sent")
	default:
		c.headers = append(c.headers, pair{name, j.draft.header(name, value)})
	}
}

func contains(list []string, text string) bool {
	for _, one := range list {
		if one == text {
			return true
		}
	}
	return false
}

// isToken is RFC 9110, 5.6.2.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// escapeForm is application/x-www-form-urlencoded but for variables.
func escapeForm(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ':
			out.WriteByte('+')
		case c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0:
			out.WriteByte(c)
		default:
			const hex = "0123456789ABCDEF"
			out.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return out.String()
}

// atData is data that may be the name of a file: @name.
func (a *curling) atData(c *command, w word) {
	name, isFile := strings.CutPrefix(w.text, "@")
	switch {
	case !isFile:
		a.data = append(a.data, w.text)
	case name == "-":
		c.draft.note("data from standard input: put it into a file, and name it as body-file")
	default:
		a.file = name
	}
}

// encodedData is --data-urlencode and --url-query: content, =content,
// name=content, @file or name@file.
func encodedData(c *command, w word) string {
	name, content, found := strings.Cut(w.text, "=")
	switch {
	case !found && strings.Contains(w.text, "@"):
		c.draft.note("data from a file that is percent-encoded first: write it out")
		return ""
	case !found:
		return escapeForm(w.text)
	case name == "":
		return escapeForm(content)
	}
	return name + "=" + escapeForm(content)
}

// seconds sets a time limit of the load, given in seconds.
func seconds(c *command, key string, w word) {
	s, err := strconv.ParseFloat(w.text, 64)
	if err != nil || !(s > 0) || s > 1e6 {
		c.add(w.at, "%s is not a number of seconds: write it as in 2.5", quoted(w.text))
		return
	}
	c.timeout(key, time.Duration(s*float64(time.Second)))
}

// timeout sets how long an answer may take, as far as a trial lets it.
func (j *job) timeout(tool string, d time.Duration) {
	switch most := 5 * time.Minute; {
	case d > most:
		j.draft.load.set("timeout", bare("5m"), tool+": "+length(d)+"; the most here is 5m")
	case d < time.Millisecond:
		j.draft.note(tool + " " + length(d) + ": a trial needs a timeout")
	default:
		j.draft.load.set("timeout", bare(length(d)))
	}
}
