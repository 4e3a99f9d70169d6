package loadgen

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// errBodyElsewhere is why a redirect that keeps the method (307, 308) is not
// followed everywhere.
var errBodyElsewhere = errors.New("redirected to another host, which is not sent the request's body")

// withoutSecrets is a request as it may be sent. One that redirects led away
// from where the first was sent carries nothing that the trial gave: net/http
// takes out Authorization and Cookie alone, and not for subdomains, and its
// Referer tells the query before.
func withoutSecrets(r *http.Request) (*http.Request, error) {
	if !strayed(r) {
		return r, nil
	}
	if r.Body != nil && r.Body != http.NoBody {
		_ = r.Body.Close() // as a RoundTripper must
		return nil, errBodyElsewhere
	}
	bare := r.Clone(r.Context())
	bare.Header = http.Header{"User-Agent": {agent}}
	return bare, nil
}

// strayed reports whether any redirect on the way here led to another origin.
// One that comes back is no better: its path and query are of the other's
// making.
func strayed(r *http.Request) bool {
	for r.Response != nil {
		last := r.Response.Request
		if last == nil || !trusted(last.URL, r.URL) {
			return true
		}
		r = last
	}
	return false
}

// trusted reports whether a redirect stays at one origin (RFC 6454), or
// only goes from its http to its https.
func trusted(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	scheme, next := strings.ToLower(from.Scheme), strings.ToLower(to.Scheme)
	if scheme == next {
		return port(from) == port(to)
	}
	return scheme == "http" && next == "https" && port(from) == "80" && port(to) == "443"
}

// otherVersion is why a redirect is not followed: what answers there is another
// version of the trial.
type otherVersion struct{ name string }

func (o otherVersion) Error() string {
	return "redirected to " + o.name + ", whose answers are not its own"
}

// mostHops is net/http's own limit.
const mostHops = 10

// staysAway follows redirects of a version, but to none of the others.
func staysAway(own Target, all []Target) func(*http.Request, []*http.Request) error {
	home, _ := url.Parse(own.URL) // checked before
	type other struct {
		name string
		url  *url.URL
	}
	var others []other
	for _, t := range all {
		if u, err := url.Parse(t.URL); err == nil && home != nil && t.Name != own.Name && !trusted(home, u) {
			others = append(others, other{t.Name, u})
		}
	}
	return func(r *http.Request, via []*http.Request) error {
		for _, o := range others {
			if trusted(o.url, r.URL) {
				return otherVersion{o.name}
			}
		}
		if len(via) >= mostHops {
			return errors.New("more than 10 redirects")
		}
		return nil
	}
}

func port(u *url.URL) string {
	if given := u.Port(); given != "" {
		return given
	}
	return map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
}
