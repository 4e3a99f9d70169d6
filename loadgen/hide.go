package loadgen

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// hider takes what was sent in confidence out of what a target answers:
// debug pages and proxies echo their requests.
type hider struct {
	trial.Hider
	secrets []string
}

func newHider(o Options, t Target, sent ...message) hider {
	secrets := append(slices.Clone(o.Secrets), o.Body.Reveal())
	for _, m := range sent {
		secrets = append(secrets, m.secrets()...)
	}
	user, query := URLSecrets(t.URL)
	secrets = slices.Concat(secrets, user, query)
	for _, headers := range []map[string]trial.Secret{t.Headers, o.Headers} {
		for name, value := range headers {
			secrets = append(secrets, HeaderSecrets(name, value.Reveal())...)
		}
	}
	return hider{trial.NewHider(secrets), secrets}
}

// and hides more as well.
func (h hider) and(more []string) hider {
	if len(more) == 0 {
		return h
	}
	return hider{trial.NewHider(slices.Concat(h.secrets, more)), nil}
}

// HeaderSecrets are the parts of a header's value that may be told apart: the
// value, credentials without their scheme, and the values of cookies.
func HeaderSecrets(name, value string) []string {
	scheme, credentials, _ := strings.Cut(value, " ")
	secrets := []string{value, credentials}
	if strings.EqualFold(scheme, "Basic") {
		decoded, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(credentials))
		_, password, _ := strings.Cut(string(decoded), ":")
		secrets = append(secrets, string(decoded), password)
	}
	if http.CanonicalHeaderKey(name) == "Cookie" {
		for pair := range strings.SplitSeq(value, ";") {
			_, cookie, _ := strings.Cut(pair, "=")
			secrets = append(secrets, strings.Trim(strings.TrimSpace(cookie), `"`))
		}
	}
	return secrets
}

// URLSecrets are what of a URL may be a credential, in the forms in which it
// is sent: of its user information, and of its query and fragment. What is no
// URL has none.
func URLSecrets(address string) (user, query []string) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil
	}
	return userSecrets(u.User), querySecrets(u)
}

// userSecrets has the form of RFC 7617 too, which net/http makes of user
// information.
func userSecrets(user *url.Userinfo) []string {
	if user == nil {
		return nil
	}
	password, has := user.Password()
	pair := user.Username() + ":" + password
	if !has {
		// A token may stand alone: https://TOKEN@host.
		password = user.Username()
	}
	_, written, _ := strings.Cut(user.String(), ":")
	return []string{password, written, user.String(), base64.StdEncoding.EncodeToString([]byte(pair))}
}

// querySecrets are the values of a query, and what stands there without a
// name, both as written and as meant; and the fragment.
func querySecrets(u *url.URL) []string {
	secrets := []string{u.Fragment, u.EscapedFragment()}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, named := strings.Cut(pair, "=")
		if !named {
			value = name
		}
		meant, _ := url.QueryUnescape(value)
		secrets = append(secrets, value, meant)
	}
	return secrets
}

// hidden is the start of a target's text, of at most the given length, without
// what is to be hidden. Of the text it looks at the part that is read.
func (h hider) hidden(text []byte, most int) string {
	part := string(text[:min(len(text), read)])
	shown := h.Hide(part, len(text) >= read)
	return strings.ToValidUTF8(shown[:min(len(shown), most)], "\ufffd")
}

// shownURL is a URL as messages show it: user information and query may hold
// credentials.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "its URL"
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.RawQuery != "" {
		u.RawQuery = "…"
	}
	return u.String()
}
