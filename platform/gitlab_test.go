package platform

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/internal/gitlabapi"
)

func newGitLab(t *testing.T, notes ...gitlabapi.Note) *gitlabapi.Server {
	s := gitlabapi.New(notes...)
	t.Cleanup(s.Close)
	return s
}

// environ is that of a job in a merge request pipeline.
func environ(s *gitlabapi.Server) map[string]string {
	return map[string]string{
		"GITLAB_CI": "true", "CI_API_V4_URL": s.URL + "/api/v4", "CI_PROJECT_ID": "6", "CI_MERGE_REQUEST_PROJECT_ID": "5",
		"CI_MERGE_REQUEST_PROJECT_URL": "https://gitlab.example/acme/shop", "CI_MERGE_REQUEST_IID": "11",
		"CI_JOB_NAME":           "trial",
		"SEATRIAL_GITLAB_TOKEN": gitlabapi.Token,
	}
}

func onGitLab(env map[string]string, out io.Writer) Platform {
	return Detect(Environment{Getenv: func(name string) string { return env[name] }, Stdout: out, Random: strings.NewReader("")})
}

func publish(t *testing.T, env map[string]string, p Publication) (log string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = onGitLab(env, &out).Publish(t.Context(), p)
	if strings.Contains(out.String()+fmt.Sprint(err), gitlabapi.Token) {
		t.Errorf("the token is shown: %v, %s", err, out.String())
	}
	return out.String(), err
}

func saying(body string) Publication {
	return Publication{Comment: Comment{Mode: CommentUpdate, Body: body}}
}

const mark = "<!-- seatrial:v1 key=trial -->\n"

func wants(t *testing.T, s *gitlabapi.Server, calls []string, bodies ...string) {
	t.Helper()
	var got []string
	for _, n := range s.Notes {
		got = append(got, n.Body)
	}
	if diff := cmp.Diff(bodies, got); diff != "" {
		t.Errorf("notes:\n%s", diff)
	}
	if diff := cmp.Diff(calls, s.Calls); diff != "" {
		t.Errorf("calls:\n%s", diff)
	}
}

func TestAMergeRequestHasOneNoteThatIsEdited(t *testing.T) {
	s := newGitLab(t, gitlabapi.NoteBy(1, gitlabapi.Somebody, "hello"))
	for _, body := range []string{"# pass", "# fail", "# fail"} {
		if log, err := publish(t, environ(s), saying(body)); err != nil || log != "" {
			t.Fatal(err, log)
		}
	}
	wants(t, s, []string{"GET page 1 of 100", "POST", "GET page 1 of 100", "PUT 1001", "GET page 1 of 100"}, "hello", mark+"# fail")
}

func TestOnlyNotesOfTheTokensAccountAreEdited(t *testing.T) {
	pasted, noted := gitlabapi.NoteBy(1, gitlabapi.Somebody, mark+"mine!"), gitlabapi.NoteBy(2, gitlabapi.Ourself, mark+"noted by GitLab")
	noted.System = true
	s := newGitLab(t, pasted, noted, gitlabapi.NoteBy(3, gitlabapi.Ourself, "as "+mark), gitlabapi.NoteBy(4, gitlabapi.Ourself, "<!-- seatrial:v1 key=other -->\nother"))
	if _, err := publish(t, environ(s), saying("new")); err != nil {
		t.Fatal(err)
	}
	wants(t, s, []string{"GET page 1 of 100", "POST"}, pasted.Body, noted.Body, "as "+mark, "<!-- seatrial:v1 key=other -->\nother", mark+"new")
}

func TestTheNoteIsFoundOnTheLastPage(t *testing.T) {
	var many []gitlabapi.Note
	for i := range 250 {
		many = append(many, gitlabapi.NoteBy(int64(i+1), gitlabapi.Somebody, "talk"))
	}
	s := newGitLab(t, append(many, gitlabapi.NoteBy(999, gitlabapi.Ourself, mark+"old"))...)
	if _, err := publish(t, environ(s), saying("new")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"GET page 1 of 100", "GET page 2 of 100", "GET page 3 of 100", "PUT 999"}; !slices.Equal(s.Calls, want) {
		t.Errorf("%q, want %q", s.Calls, want)
	}
}

func TestTheNoteFollowsItsMode(t *testing.T) {
	for mode, want := range map[CommentMode][]string{
		"": nil, CommentOff: nil, CommentUpdate: {"GET page 1 of 100", "PUT 1"}, CommentOnFailure: {"GET page 1 of 100", "PUT 1"},
		CommentRecreate: {"GET page 1 of 100", "POST", "DELETE 1"},
	} {
		s := newGitLab(t, gitlabapi.NoteBy(1, gitlabapi.Ourself, mark+"old"))
		p := saying("new")
		p.Comment.Mode, p.Comment.Passed = mode, true
		if _, err := publish(t, environ(s), p); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.Calls); diff != "" {
			t.Errorf("%s: %s", mode, diff)
		}
	}
}

func TestANoteThatSomebodyRemovedFirstIsNoTrouble(t *testing.T) {
	s := newGitLab(t, gitlabapi.NoteBy(1, gitlabapi.Ourself, mark+"old"))
	s.Failures["DELETE"] = []gitlabapi.Failure{{Status: 404}}
	p := saying("new")
	p.Comment.Mode = CommentRecreate
	if log, err := publish(t, environ(s), p); err != nil || log != "" {
		t.Error(err, log)
	}
}

func TestTrialsOfOneMergeRequestHaveNotesOfTheirOwn(t *testing.T) {
	s := newGitLab(t)
	for _, name := range []string{"trial", "trial: [eu]"} {
		env := environ(s)
		env["CI_JOB_NAME"], env["CI_JOB_URL"] = name, "https://gitlab.example/acme/shop/-/jobs/7"
		p := saying(name)
		p.Comment.Key = "db"
		if _, err := publish(t, env, p); err != nil {
			t.Fatal(err)
		}
	}
	link := "\n[The job](https://gitlab.example/acme/shop/-/jobs/7)\n"
	wants(t, s, []string{"GET page 1 of 100", "POST", "GET page 1 of 100", "POST"},
		"<!-- seatrial:v1 key=trial/db -->\ntrial"+link, "<!-- seatrial:v1 key=trial: [eu]/db -->\ntrial: [eu]"+link)
}

func TestTheNotesAddressIsAnOutput(t *testing.T) {
	s, dir := newGitLab(t), t.TempDir()
	p := saying("new")
	p.Outputs = []Output{{"verdict", "pass"}, {"report-dir", dir}}
	if _, err := publish(t, environ(s), p); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(filepath.Join(dir, DotenvFile))
	want := "SEATRIAL_VERDICT=pass\nSEATRIAL_REPORT_PATH=" + dir + "\nSEATRIAL_COMMENT_URL=https://gitlab.example/acme/shop/-/merge_requests/11%23note_1000\n"
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
}

// Outside of merge request pipelines there is nobody to tell.
func TestWithoutAMergeRequestNothingIsAsked(t *testing.T) {
	s := newGitLab(t)
	env := environ(s)
	delete(env, "CI_MERGE_REQUEST_IID")
	log, err := publish(t, env, saying("new"))
	if err != nil || log != "" || len(s.Calls) > 0 {
		t.Errorf("%v, %q, %q", err, log, s.Calls)
	}
}

func TestAnUnfitTokenIsOneLineThatNamesTheFitOne(t *testing.T) {
	const notes = "/api/v4/projects/5/merge_requests/11/notes"
	tests := map[string]struct {
		token, path string
		status      int
		says        string
	}{
		"none":                {says: "no token was given"},
		"unknown":             {token: "glpat-other", says: "401 Unauthorized"},
		"may not read user":   {token: gitlabapi.Token, path: "/api/v4/user", status: 403, says: "403 Forbidden"},
		"may not write notes": {token: gitlabapi.Token, path: "POST", status: 403, says: "403 Forbidden"},
		"sees no project":     {token: gitlabapi.Token, path: notes, status: 404, says: "404 Not Found"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newGitLab(t)
			s.Failures[test.path] = []gitlabapi.Failure{{Status: test.status}}
			env := environ(s)
			env["SEATRIAL_GITLAB_TOKEN"] = test.token
			log, err := publish(t, env, saying("new"))
			if err != nil || strings.Count(log, "\n") != 1 || !strings.HasPrefix(log, "seatrial: no note on merge request !11: ") || !strings.Contains(log, test.says) ||
				!strings.Contains(log, "project access token with the scope api") || !strings.Contains(log, "SEATRIAL_GITLAB_TOKEN") ||
				!strings.Contains(log, `comment: "off"`) { // a bare off is a boolean of YAML 1.1, and the component's input a text
				t.Errorf("%v, %q", err, log)
			}
		})
	}
}

func TestGitLabIsAskedAgain(t *testing.T) {
	for method, failing := range map[string]gitlabapi.Failure{
		"GET": {Status: 502}, "PUT": {Status: 429, Header: "Retry-After: 0"}, "POST": {Status: 429}, "DELETE": {Status: 503, Header: "Retry-After: 0"},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s, p := newGitLab(t), saying("new")
			if method == "PUT" || method == "DELETE" {
				s.Notes = []gitlabapi.Note{gitlabapi.NoteBy(1, gitlabapi.Ourself, mark+"old")}
			}
			if method == "DELETE" {
				p.Comment.Mode = CommentRecreate
			}
			s.Failures[method] = []gitlabapi.Failure{failing}
			log, err := publish(t, environ(s), p)
			if err != nil || log != "" || len(s.Notes) != 1 || s.Notes[0].Body != mark+"new" {
				t.Errorf("%v, %q, %q", err, log, s.Calls)
			}
		})
	}
}

func TestGitLabIsNotWaitedForLongerThanTheContext(t *testing.T) {
	s := newGitLab(t)
	s.Failures["GET"] = []gitlabapi.Failure{{Status: 429, Header: "Retry-After: 3600"}}
	env := environ(s)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	begun := time.Now()
	err := onGitLab(env, io.Discard).Publish(ctx, saying("new"))
	if err == nil || !strings.Contains(err.Error(), "429") || time.Since(begun) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(begun))
	}
}

func TestAnInstanceWithItsOwnAuthorityIsTrusted(t *testing.T) {
	s := newGitLab(t)
	secure := httptest.NewTLSServer(s.Config.Handler)
	t.Cleanup(secure.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	env := environ(s)
	env["CI_API_V4_URL"] = secure.URL + "/api/v4"
	for file, trusted := range map[string]bool{authority: true, authority + ".missing": false} {
		env["CI_SERVER_TLS_CA_FILE"] = file
		if _, err := publish(t, env, saying("new")); (err == nil) != trusted {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A redirect must not carry the token away.
func TestTheTokenIsSentToGitLabAlone(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Private-Token"))
	}))
	defer other.Close()
	s := newGitLab(t)
	s.Failures["GET"] = []gitlabapi.Failure{{Status: 302, Header: "Location: " + other.URL + "/api/v4/user"}}
	if _, err := publish(t, environ(s), saying("new")); err == nil || len(seen) > 0 {
		t.Errorf("%v; the other server saw %q", err, seen)
	}
}

// What GitLab takes for a command to itself must not be one.
func TestTheNoteHoldsNoQuickActions(t *testing.T) {
	s := newGitLab(t)
	if _, err := publish(t, environ(s), saying("/merge\nfine\n  /approve\n\t/label ~x\na /b c\r\n/close")); err != nil {
		t.Fatal(err)
	}
	if want := mark + "\\/merge\nfine\n  \\/approve\n\t\\/label ~x\na /b c\r\n\\/close"; s.Notes[0].Body != want {
		t.Errorf("%q, want %q", s.Notes[0].Body, want)
	}
}

func TestTheNoteMentionsNoOtherMergeRequest(t *testing.T) {
	s := newGitLab(t)
	if _, err := publish(t, environ(s), saying("shop!12 and &amp;7, done! 5 &amp; 6")); err != nil {
		t.Fatal(err)
	}
	if want := mark + "shop!\u200b12 and &amp;\u200b7, done! 5 &amp; 6"; s.Notes[0].Body != want {
		t.Errorf("%q, want %q", s.Notes[0].Body, want)
	}
}

func TestALongNoteIsCutBetweenItsParagraphs(t *testing.T) {
	s := newGitLab(t)
	if _, err := publish(t, environ(s), saying(strings.Repeat(strings.Repeat("ä", 400)+".\n\n", 2000))); err != nil {
		t.Fatal(err)
	}
	got := s.Notes[0].Body
	if len(got) > longestNote+len(mark) || !strings.HasSuffix(got, "ä.\n\nThe rest is in the job's artifacts.\n") {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-80:])
	}
}

func TestPartsOfTheLogAreGitLabsSections(t *testing.T) {
	p, ok := Detect(Environment{Getenv: func(name string) string { return map[string]string{"GITLAB_CI": "true"}[name] }}).(Parted)
	if !ok {
		t.Fatal("GitLab's log has no parts")
	}
	at := time.Unix(1_700_000_000, 0)
	got := p.BeginPart("load", "Load", at) + "…\n" + p.EndPart("load", at.Add(time.Minute))
	want := "\x1b[0Ksection_start:1700000000:seatrial_load\r\x1b[0KLoad\n…\n\x1b[0Ksection_end:1700000060:seatrial_load\r\x1b[0K\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
