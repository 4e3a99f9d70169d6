package loadgen

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func secrets(texts ...string) hider { return newHider(Options{Secrets: texts}, Target{}) }

func TestNoSecretLeavesARest(t *testing.T) {
	for _, c := range []struct {
		secrets    []string
		text, want string
	}{
		{[]string{"abcd", "abcdefgh"}, "<abcdefgh>", "<***>"},
		{[]string{"abcdefgh", "defg"}, "<abcdefgh> defg", "<***> ***"},
		{[]string{"xabcd", "abcdefgh"}, "<xabcdefgh>", "<***>"},
		{[]string{"abab"}, "<ababab>", "<***>"},
		{[]string{"a b/c+d"}, "a+b%2Fc%2Bd a%20b%2Fc+d", "*** ***"},
		{[]string{`say "no" & <go>`}, `say \"no\" & <go>; say &#34;no&#34; &amp; &lt;go&gt;`, "***; ***"},
		{[]string{"abc"}, "abc", "abc"},
		{nil, "abcd", "abcd"},
	} {
		if got := secrets(c.secrets...).hidden([]byte(c.text), excerpt); got != c.want {
			t.Errorf("%q of %q shows %q, want %q", c.secrets, c.text, got, c.want)
		}
	}
}

// What is read of an answer may end within a secret; after longer ones were
// taken out, that end would be shown.
func TestASecretThatIsCutOffIsHidden(t *testing.T) {
	long := strings.Repeat("long-secret ", read)
	for name, text := range map[string]string{
		"longer than what is read": "you sent: " + long,
		"begun at the end":         strings.Repeat(long[:1500], 2) + "; " + long[:1400],
	} {
		h := secrets(long, long[:1500])
		if got := h.hidden([]byte(text)[:min(read, len(text))], excerpt); strings.Contains(got, "secret") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := secrets("abcdefgh").hidden([]byte("an abcd"), excerpt); got != "an abcd" {
		t.Errorf("the end of a whole text is taken for a secret: %q", got)
	}
}

func TestHeadersAreHiddenInParts(t *testing.T) {
	o := Options{Headers: map[string]trial.Secret{}}
	for name, value := range map[string]string{
		"cookie": `session="cookie-1"; b=cookie-2`, "Authorization": "Basic dTpwYXNzd29yZA==", "X-Auth": "Token bare-token",
	} {
		o.Headers[name] = trial.NewSecret("", value)
	}
	h := newHider(o, Target{})
	for _, text := range []string{"cookie-1", "cookie-2", "u:password", "password", "bare-token"} {
		if got := h.hidden([]byte("<"+text+">"), excerpt); got != "<***>" {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}

func TestAFailureOfTheExchangeIsHiddenToo(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, _ := w.(http.Hijacker).Hijack()
		_, _ = io.WriteString(conn, "HTTP/1.1 "+r.URL.RawQuery+"\r\n\r\n")
		_ = conn.Close()
	})
	target.URL += "/?key=query-secret"
	if err := wait(t, Ready{}, target); err == nil || strings.Contains(err.Error(), "query-secret") || !strings.Contains(err.Error(), "key=***") {
		t.Error(err)
	}
}
