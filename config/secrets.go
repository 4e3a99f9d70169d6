package config

import (
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
		for _, value := range headers {
			// "Bearer abc" may be told as "abc" alone.
			_, credentials, _ := strings.Cut(value.Reveal(), " ")
			add(value.Reveal(), credentials)
		}
	}
	addHeaders(f.Load.Headers)
	add(f.Load.Body.Reveal())
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
