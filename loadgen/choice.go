package loadgen

import (
	"net/url"
	"slices"
	"strings"
)

// mostAtOnce is the longest body that is written before the answer is read.
// A server's system takes so much even where the server itself does not read
// (Linux: tcp_rmem, 64 KiB of which are offered to begin with), so that one that answers
// without reading is heard. With longer ones, net/http writes and reads at a time.
const mostAtOnce = 64 << 10

// mayBeFast reports whether the fast client may ask for these requests: plain
// HTTP/1.1, to the versions themselves, one answer to each.
func mayBeFast(o Options, targets []Target, who *identity, messages []message) bool {
	if o.HTTP2 || o.FollowRedirects || o.Proxy != "" {
		return false
	}
	if who != nil && slices.Contains(keptApart, who.header) {
		return false
	}
	return !slices.ContainsFunc(messages, message.isIntricate) && !slices.ContainsFunc(targets, Target.isIntricate)
}

// isIntricate reports whether a version has an address that only net/http knows.
func (t Target) isIntricate() bool {
	u, err := url.Parse(t.URL)
	return err != nil || !slices.Contains([]string{"http", "https"}, strings.ToLower(u.Scheme)) || !ascii(u.Hostname())
}

// isIntricate reports whether a message needs what net/http has and the fast
// client has not: a long body, a tunnel, cookies from step to step, or several values of a
// header that fasthttp keeps apart.
func (m message) isIntricate() bool {
	if len(m.body) > mostAtOnce || m.method == "CONNECT" || m.steps > 1 {
		return true
	}
	return m.looks != nil && slices.ContainsFunc(m.looks.headers, func(p pattern) bool { return slices.Contains(keptApart, p.header) })
}

// keptApart are headers of which fasthttp keeps one value of several, or none.
var keptApart = []string{"Connection", "Content-Encoding", "Content-Length", "Content-Type", "Server", "Set-Cookie", "Trailer", "Transfer-Encoding"}

// ascii reports whether a host's name is sent as it is written. Others have a
// form of their own (RFC 5891), which net/http knows.
func ascii(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 })
}
