package config

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// shortestSecret is the shortest value worth masking: a mask of three
// characters would riddle the log and hide nothing.
const shortestSecret = 4

// Secrets are the resolved values of everything that may hold a credential,
// for masking in logs. It works on a File that Load found mistakes in as well.
func (f File) Secrets() []string {
	var secrets []string
	add := func(values ...string) {
		for _, v := range values {
			if len(v) >= shortestSecret && !slices.Contains(secrets, v) {
				secrets = append(secrets, v)
			}
		}
	}
	addHeaders := func(headers map[string]trial.Secret) {
		for name, value := range headers {
			if !isCredential(name, value) {
				continue
			}
			// "Bearer abc" may be told as "abc" alone.
			_, credentials, _ := strings.Cut(value.Reveal(), " ")
			add(value.Reveal(), credentials)
		}
	}
	addHeaders(f.Load.Headers)
	if refers(f.Load.Body) {
		add(f.Load.Body.Reveal())
	}
	add(f.Referred...)
	add(f.Publish.GitHubToken.Reveal(), f.Publish.GitLabToken.Reveal())
	add(userOf(f.Load.Proxy)...)
	for _, t := range f.Targets() {
		addHeaders(t.Headers)
		add(userOf(t.URL)...)
	}
	for _, p := range f.Ready.URLs {
		add(userOf(p.URL)...)
	}
	slices.Sort(secrets)
	return secrets
}

// refers reports whether a text was written with a reference to a variable.
func refers(s trial.Secret) bool { return strings.Contains(s.String(), "${") }

// harmless are headers whose values are no credentials.
var harmless = []string{"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Content-Type", "Host", "User-Agent"}

// longLiteral is the length from which a value that refers to no variable is
// masked: a mask of "true" would riddle the log, and GitHub drops step outputs
// that hold a masked value.
const longLiteral = 8

// isCredential reports whether a header's value is worth masking.
func isCredential(name string, value trial.Secret) bool {
	name = http.CanonicalHeaderKey(name)
	return refers(value) || name == "Authorization" || name == "Cookie" ||
		len(value.Reveal()) >= longLiteral && !slices.Contains(harmless, name)
}

// userOf returns the forms in which the user information of a URL may appear.
func userOf(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		user := textualUser(address)
		_, password, _ := strings.Cut(user, ":")
		return []string{user, password}
	}
	if u.User == nil {
		return nil
	}
	password, has := u.User.Password()
	if !has {
		// A token may stand alone: https://TOKEN@host.
		password = u.User.Username()
	}
	_, written, _ := strings.Cut(u.User.String(), ":")
	return []string{password, written, u.User.String()}
}

// shown is an address as it may be shown: as it was written where it refers to
// variables, and without user information.
func (f File) shown(address string) string {
	if written, ok := f.Written[address]; ok {
		address = written
	}
	return withoutUser(address)
}

// withoutUser is a URL as it may be shown: without user information.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return strings.Replace(address, textualUser(address)+"@", "", 1)
	}
	u.User = nil
	return u.String()
}

// textualUser is what would be user information in a text that is no URL.
func textualUser(address string) string {
	if _, rest, found := strings.Cut(address, "://"); found {
		address = rest
	}
	return address[:max(0, strings.LastIndex(address, "@"))]
}
