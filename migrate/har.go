package migrate

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
)

// isHAR reports whether a document is a recording of a browser.
func isHAR(v *value) bool { return v.get("log", "entries") != nil }

// seen is a request of a recording, and how often it was made.
type seen struct {
	call
	times int
}

// recording is what a HAR file comes to.
type recording struct {
	*job
	own     string // the address whose requests are taken
	hosts   map[string]int
	statics map[string]int // by kind
	// headers that browsers add for themselves
	browsers map[string]int
	calls    []*seen
	byKey    map[string]*seen
}

// har draws up a trial from a recording: the requests of one server, without
// what belongs to pages. http://www.softwareishard.com/blog/har-12-spec/
func (j *job) har(documents []*value) {
	log := documents[0].get("log")
	entries := log.get("entries")
	if entries == nil || entries.kind != list || len(entries.items) == 0 {
		j.add(documents[0].at, "log.entries has no requests: record some, and export them as HAR with content")
		return
	}
	j.draft.what = "a HAR file"
	r := &recording{job: j, hosts: map[string]int{}, statics: map[string]int{}, browsers: map[string]int{}, byKey: map[string]*seen{}}
	r.own = r.pageHost(log, entries)
	for i, item := range entries.items {
		r.entry(i, item)
	}
	if len(j.mistakes) > 0 {
		return
	}
	if len(r.calls) == 0 {
		j.add(entries.at, "no request of %s is left without images, styles, scripts and fonts: record some that ask for data", quoted(r.own))
		return
	}
	r.finish()
}

// pageHost is the address of the first page, or of the first request.
func (r *recording) pageHost(log, entries *value) string {
	addresses := []*value{}
	for _, page := range log.get("pages").list() {
		addresses = append(addresses, page.get("title"))
	}
	for _, item := range entries.items {
		addresses = append(addresses, item.get("request", "url"))
	}
	for _, address := range addresses {
		if m := absolute.FindStringSubmatch(address.str()); m != nil && strings.HasPrefix(m[1], "http") {
			return strings.ToLower(m[1] + "://" + m[2][strings.LastIndex(m[2], "@")+1:])
		}
	}
	return ""
}

// staticKinds are what belongs to pages, by the ends of paths and by the types
// of answers.
var staticKinds = map[string]string{
	".css": "styles", ".js": "scripts", ".mjs": "scripts", ".map": "scripts", ".png": "images", ".jpg": "images", ".jpeg": "images", ".gif": "images", ".svg": "images",
	".webp": "images", ".avif": "images", ".ico": "images", ".woff": "fonts", ".woff2": "fonts", ".ttf": "fonts", ".otf": "fonts", ".mp4": "media", ".webm": "media", ".mp3": "media",
	"text/css": "styles", "application/javascript": "scripts", "text/javascript": "scripts", "image/": "images", "font/": "fonts", "video/": "media", "audio/": "media",
}

func static(address, mime string) string {
	place, _, _ := strings.Cut(address, "?")
	if kind := staticKinds[strings.ToLower(path.Ext(place))]; kind != "" {
		return kind
	}
	for prefix, kind := range staticKinds {
		if prefix[0] != '.' && strings.HasPrefix(strings.ToLower(mime), prefix) {
			return kind
		}
	}
	return ""
}

// entry takes one request in, or counts what it is left out as.
func (r *recording) entry(i int, item *value) {
	request := item.get("request")
	address := request.get("url").str()
	if request == nil || address == "" {
		r.add(item.at, "log.entries[%d] has no request.url: this is no HAR file as browsers write it", i)
		return
	}
	m := absolute.FindStringSubmatch(address)
	if m == nil || !strings.HasPrefix(strings.ToLower(m[1]), "http") {
		r.hosts["no HTTP"]++
		return
	}
	origin := strings.ToLower(m[1] + "://" + m[2][strings.LastIndex(m[2], "@")+1:])
	if origin != r.own {
		r.hosts[origin]++
		return
	}
	if kind := static(m[3], item.get("response", "content", "mimeType").str()); kind != "" && request.get("method").str() == "GET" {
		r.statics[kind]++
		return
	}
	r.request(request, address)
}

func (r *recording) request(request *value, address string) {
	origin, where, headers, ok := r.split(request.at, address)
	if !ok {
		return
	}
	method := strings.ToUpper(request.get("method").str())
	if !isToken(method) {
		r.add(request.at, "its method %s is none of HTTP", quoted(method))
		return
	}
	data := request.get("postData")
	text := data.get("text").str()
	if text == "" {
		text = formOf(data.get("params"))
	}
	key := strings.Join([]string{method, where, text}, "\x00")
	if known := r.byKey[key]; known != nil {
		known.times++
		return
	}
	s := &seen{times: 1, call: call{method: method, path: where, headers: headers, body: r.draft.body(noMarks.Replace(text))}}
	r.har12Headers(&s.call, request, data)
	r.draft.address = origin
	r.byKey[key] = s
	r.calls = append(r.calls, s)
}

// formOf is the body that a form's parameters come to.
func formOf(params *value) string {
	var parts []string
	for _, p := range params.list() {
		parts = append(parts, escapeForm(p.get("name").str())+"="+escapeForm(p.get("value").str()))
	}
	return strings.Join(parts, "&")
}

// noise are headers that browsers add for themselves.
var noise = []string{"host", "user-agent", "accept-encoding", "accept-language", "cache-control", "pragma", "dnt", "priority", "referer", "origin", "if-none-match", "if-modified-since", "upgrade-insecure-requests"}

func (r *recording) har12Headers(c *call, request, data *value) {
	for _, h := range request.get("headers").list() {
		name, text := h.get("name").str(), noMarks.Replace(h.get("value").str())
		lower := strings.ToLower(name)
		switch {
		case strings.HasPrefix(name, ":") || contains(own, lower):
		case contains(noise, lower) || strings.HasPrefix(lower, "sec-"):
			r.browsers[lower]++
		default:
			r.pair(c, name, text)
		}
	}
	if c.body != "" && !c.has("Content-Type") && data.get("mimeType").str() != "" {
		r.pair(c, "Content-Type", data.get("mimeType").str())
	}
}

// mostRequests is as many as a trial can tell apart.
const mostRequests = 50

// finish names requests, and shares the rate as they were made.
func (r *recording) finish() {
	slices.SortStableFunc(r.calls, func(a, b *seen) int { return cmp.Compare(b.times, a.times) })
	if len(r.calls) > mostRequests {
		r.draft.note(fmt.Sprintf("%d more requests, none made more often than the last one here", len(r.calls)-mostRequests))
		r.calls = r.calls[:mostRequests]
	}
	total := 0
	for _, s := range r.calls {
		total += s.times
	}
	for i, s := range r.calls {
		s.name = requestName(nameOf(s.method, s.path), r.draft.taken)
		if s.method != "GET" && s.method != "HEAD" && s.method != "OPTIONS" {
			s.beside = "it may change something, each time"
		}
		if s.method == "GET" && s.body == "" {
			s.method = ""
		}
		// The most frequent one has what is left.
		if i > 0 && r.calls[0].times > r.calls[len(r.calls)-1].times {
			s.share = share(s.times, total)
		}
		r.draft.calls = append(r.draft.calls, &s.call)
	}
	r.tell()
}

// share is a part of all requests, and never none.
func share(times, total int) string {
	return figure(max(0.01, math.Round(float64(times)/float64(total)*1e4)/100)) + "%"
}

// nameOf is a name for a request: its path, and its method where it is not GET.
func nameOf(method, where string) string {
	where, _, _ = strings.Cut(marked.ReplaceAllString(where, "x"), "?")
	name := strings.Trim(where, "/")
	if name == "" {
		name = "home"
	}
	if method != "" && method != "GET" {
		name = strings.ToLower(method) + "-" + name
	}
	return name
}

// tell says what was left out, and how much of it.
func (r *recording) tell() {
	for _, kind := range sorted(r.statics) {
		r.draft.note(fmt.Sprintf("%s: %s", kind, requests(r.statics[kind])))
	}
	for _, host := range sorted(r.hosts) {
		r.draft.note(fmt.Sprintf("%s, another server: %s", host, requests(r.hosts[host])))
	}
	if names := sorted(r.browsers); len(names) > 0 {
		r.draft.note("headers of the browser's own: " + strings.Join(names, ", "))
	}
	r.draft.note("the order and the pauses of the recording: requests are drawn by their shares")
}

func requests(n int) string { return counted(n, "request") }

// counted is a number of things.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

func sorted(counts map[string]int) []string {
	var keys []string
	for key := range counts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
