package loadgen

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// shortestSecret is the shortest text worth hiding: three characters would
// riddle what is shown and hide nothing.
const shortestSecret = 4

// hider takes what was sent in confidence out of what a target answers:
// debug pages and proxies echo their requests.
type hider struct{ forms []string }

func newHider(o Options, t Target) hider {
	secrets := append(slices.Clone(o.Secrets), o.Body.Reveal())
	user, query := URLSecrets(t.URL)
	secrets = slices.Concat(secrets, user, query)
	for _, headers := range []map[string]trial.Secret{t.Headers, o.Headers} {
		for name, value := range headers {
			secrets = append(secrets, HeaderSecrets(name, value.Reveal())...)
		}
	}
	var forms []string
	for _, secret := range secrets {
		if len(secret) < shortestSecret {
			continue
		}
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), jsonText(secret))
	}
	slices.Sort(forms)
	return hider{slices.Compact(forms)}
}

// Hide takes secrets, in the forms in which programs write them, out of a
// text. Of one that was cut off, the end may be the beginning of a secret.
func Hide(secrets []string) func(text string, cut bool) string {
	return newHider(Options{Secrets: secrets}, Target{}).hide
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

// jsonText is a text as it stands between the quotes of JSON.
func jsonText(s string) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string can always be written
	quoted := strings.TrimSpace(out.String())
	return quoted[1 : len(quoted)-1]
}

// hidden is the start of a target's text, of at most the given length, without
// what is to be hidden. Of the text it looks at the part that is read.
func (h hider) hidden(text []byte, most int) string {
	part := string(text[:min(len(text), read)])
	shown := h.hide(part, len(text) >= read)
	return strings.ToValidUTF8(shown[:min(len(shown), most)], "\ufffd")
}

// span is a part of a text: from, and to but not with.
type span struct{ from, to int }

// hide replaces what any secret covers, so that none that is a part of
// another, or overlaps with it, leaves a rest of that. Of a text that was cut
// off, the end may be the beginning of a secret, and is hidden as well.
func (h hider) hide(text string, cut bool) string {
	var covered []span
	for _, form := range h.forms {
		for from := strings.Index(text, form); from >= 0; {
			covered = append(covered, span{from, from + len(form)})
			next := strings.Index(text[from+1:], form)
			if next < 0 {
				break
			}
			from += 1 + next
		}
		if from := begun(text, form); cut && from >= 0 {
			covered = append(covered, span{from, len(text)})
		}
	}
	slices.SortFunc(covered, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var out strings.Builder
	end := 0
	for _, s := range covered {
		if s.from >= end {
			out.WriteString(text[end:s.from] + "***")
		}
		end = max(end, s.to)
	}
	return out.String() + text[end:]
}

// begun is where a text begins the form that it breaks off in; -1 where it
// does not.
func begun(text, form string) int {
	for from := max(0, len(text)-len(form)+1); from <= len(text)-shortestSecret; from++ {
		if strings.HasPrefix(form, text[from:]) {
			return from
		}
	}
	return -1
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
