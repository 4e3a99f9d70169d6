package loadgen

import (
	"net/url"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// shortestSecret is the shortest text worth hiding: three characters would
// riddle what is shown and hide nothing.
const shortestSecret = 4

// hider takes what was sent in confidence out of what a target answers:
// debug pages and proxies echo their requests.
func hider(o Options, t Target) *strings.Replacer {
	var pairs []string
	hide := func(text string) {
		if len(text) >= shortestSecret {
			pairs = append(pairs, text, "***")
		}
	}
	for _, headers := range []map[string]trial.Secret{t.Headers, o.Headers} {
		for _, value := range headers {
			hide(value.Reveal())
			// "Bearer abc" may be echoed as "abc" alone.
			_, credentials, _ := strings.Cut(value.Reveal(), " ")
			hide(credentials)
		}
	}
	hide(o.Body.Reveal())
	if u, err := url.Parse(t.URL); err == nil {
		password, _ := u.User.Password()
		hide(password)
		for _, values := range u.Query() {
			for _, value := range values {
				hide(value)
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// hidden is the start of a target's text without what is to be hidden.
func hidden(hide *strings.Replacer, text []byte, most int) string {
	shown := hide.Replace(string(text))
	return strings.ToValidUTF8(shown[:min(len(shown), most)], "\ufffd")
}

// shownURL is a URL as messages show it: user information and query may hold
// credentials.
func shownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "its URL"
	}
	u.User = nil
	if u.RawQuery != "" {
		u.RawQuery = "…"
	}
	return u.String()
}
