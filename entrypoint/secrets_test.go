package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// echo answers 500 with all that it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusInternalServerError)
	cookies, _ := json.Marshal(r.Cookies())
	_, signature, _ := strings.Cut(r.Header.Get("X-Split"), "=")
	var body struct{ Token string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	_, _ = fmt.Fprintf(w, "%s %s %q %v %s %s %s", r.RequestURI, r.URL.Path, r.URL.Query(), r.Header, cookies, signature, body.Token)
}

// onGitHub makes the command write its step summary and its outputs
// into the report's directory, so that hides looks at them too.
func onGitHub(t *testing.T, args []string, environ ...string) result {
	t.Helper()
	c := command(t, append(short(), args...)...)
	dir := filepath.Join(c.Dir, "seatrial-report")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c.Env = append(append(c.Env, environ...), "GITHUB_ACTIONS=true",
		"GITHUB_STEP_SUMMARY="+filepath.Join(dir, "step"), "GITHUB_OUTPUT="+filepath.Join(dir, "outputs"))
	r := finish(t, c)
	// A mask is the one command that must name a secret.
	r.stdout = strings.Join(slices.DeleteFunc(strings.SplitAfter(r.stdout, "\n"), func(line string) bool {
		return strings.HasPrefix(line, "::add-mask::")
	}), "")
	return r
}

func TestNoFormOfAnEchoedSecretIsKept(t *testing.T) {
	t.Parallel()
	address := strings.Replace(serve(t, echo), "//", "//tok:pa55word@", 1)
	r := onGitHub(t, []string{
		"--candidate", address + "/hooks/${PKEY}?sig=${ENC}&plain=lit%2Beral%2Fsig&low=lower%2fcase", "--baseline", serve(t, ok),
		"--headers", "Cookie: session=cookiesecret; b=c\nX-Both: sharedprefix\nX-Longer: sharedprefix-and-its-tail\nX-Split: v1=${PART}, t=5",
		"--body", `{"token": "${TOKEN}"}`,
	}, "PART=partsecret", "TOKEN=bodysecret", "PKEY=pathsecret", "ENC=a%2Fb%2Bsecretsig")
	r.wants(t, exitFail, "FAIL")
	for _, secret := range []string{
		"pa55word", "dG9rOnBhNTV3b3Jk", "cookiesecret", "pathsecret", "secretsig", "lit%2Beral", "lit+eral", "lower%2fcase", "sharedprefix", "and-its-tail",
		"partsecret", "bodysecret",
	} {
		r.hides(t, secret)
	}
	if examples := r.report(t).Examples; len(examples) == 0 || !strings.Contains(examples[0].Text, "Authorization:[Basic ***]") {
		t.Errorf("the echo is not shown with its secrets hidden: %v", examples)
	}
}

// A token that a pipeline fills into a URL is no reference any more.
func TestAQueryGivenAsAnInputIsShownNowhere(t *testing.T) {
	t.Parallel()
	r := onGitHub(t, []string{
		"--candidate", serve(t, echo) + "/a?key=query-secret-1&v=2#query-secret-2", "--baseline", serve(t, ok) + "?query-secret-3",
		"--wait-for", serve(t, ok) + "/?token=query-secret-4",
	})
	r.wants(t, exitFail, "FAIL")
	r.hides(t, "query-secret")
	report := r.report(t)
	for i, want := range []string{"?***", "/a?key=***&v=***#***"} {
		if got := report.Versions[i].URL; !strings.HasSuffix(got, want) {
			t.Errorf("version %d is shown as %s, want …%s", i, got, want)
		}
	}
	written, err := os.ReadFile(filepath.Join(r.dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	again := finish(t, command(t, "judge", "--json", r.dir))
	if diff := cmp.Diff(string(written), again.stdout); diff != "" || again.code != r.code {
		t.Errorf("judged again, with exit code %d:\n%s\n%s", again.code, diff, again.stderr)
	}
}

func TestARedirectTakesNoSecretElsewhere(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]bool{}
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[fmt.Sprintf("%v", r.Header)] = true
		mu.Unlock()
		ok(w, r)
	})
	leading := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+"/there", http.StatusFound)
	})
	r := try(t, "--candidate", leading+"/?key=query-secret", "--follow-redirects", "--headers", "X-Api-Key: header-secret",
		"--objectives", "error-rate <= 50%")
	r.wants(t, exitPass, "PASS")
	if len(seen) == 0 {
		t.Error("the redirect was not followed")
	}
	for got := range seen {
		if strings.Contains(got, "secret") || strings.Contains(got, "Referer") {
			t.Errorf("the other host was sent %s", got)
		}
	}
}
