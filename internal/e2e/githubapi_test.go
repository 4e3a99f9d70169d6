//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/internal/githubapi"
	"github.com/seatrial/seatrial/trial"
)

// description is GitHub's own of its API: @octokit/openapi, which .ci/install fetches.
type description struct {
	document *openapi3.T
	router   routers.Router
}

func describe(t *testing.T) description {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cache, "seatrial-ci", "api.github.com.json")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && os.Getenv("SEATRIAL_E2E") != "required" {
		t.Skip(path + " is missing; .ci/install fetches it")
	}
	document, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	document.Servers = nil
	keepOnly(document, "/user", "/repos/{owner}/{repo}/issues/", "/repos/{owner}/{repo}/pulls", "/repos/{owner}/{repo}/commits/{commit_sha}/pulls", "/repos/{owner}/{repo}/statuses/")
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return description{document, router}
}

// keepOnly drops the paths that are none of ours, which take a while to lay out.
func keepOnly(document *openapi3.T, prefixes ...string) {
	for path := range document.Paths.Map() {
		kept := false
		for _, prefix := range prefixes {
			kept = kept || path == prefix || strings.HasPrefix(path, prefix)
		}
		if !kept {
			document.Paths.Delete(path)
		}
	}
}

// examples are GitHub's own of the replies that the stand-in makes.
func (d description) examples(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	out := map[string]json.RawMessage{}
	for schema, name := range map[string]string{
		"issue-comment": "issue-comment", "pull-request-simple": "pull-request-simple", "status": "status",
		"public-user": "public-user-default-response",
	} {
		example := d.document.Components.Examples[name]
		if example == nil {
			t.Fatalf("GitHub's description has no example %s", name)
		}
		value := example.Value.Value
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		out[schema] = text
	}
	var comment struct{ User json.RawMessage }
	if err := json.Unmarshal(out["issue-comment"], &comment); err != nil || comment.User == nil {
		t.Fatal("the example of a comment has no user", err)
	}
	out["simple-user"] = comment.User
	return out
}

// verified holds every request and every reply to the description. What does
// not agree is kept, and the request is refused.
type verified struct {
	description
	mu           sync.Mutex
	wrong        []string
	checked      int
	undocumented []string // statuses that the description has not
}

func (v *verified) through(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		route, parameters, err := v.router.FindRoute(r)
		if err != nil {
			v.object(w, r, err)
			return
		}
		options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true, MultiError: true}
		input := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route, Options: options}
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			v.object(w, r, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		if route.Operation.Responses.Status(recorded.Code) == nil {
			v.undocumented = append(v.undocumented, fmt.Sprintf("%s %s: %d", r.Method, route.Path, recorded.Code))
		}
		reply := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: recorded.Code, Header: recorded.Header(), Options: options}
		reply.SetBodyBytes(recorded.Body.Bytes())
		if err := openapi3filter.ValidateResponse(context.Background(), reply); err != nil {
			v.wrong = append(v.wrong, fmt.Sprintf("the reply to %s %s: %v", r.Method, r.URL, err))
		}
		v.checked++
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	})
}

func (v *verified) object(w http.ResponseWriter, r *http.Request, err error) {
	v.wrong = append(v.wrong, fmt.Sprintf("%s %s: %v", r.Method, r.URL, err))
	w.WriteHeader(http.StatusBadRequest)
}

// hub is one repository on the stand-in, and the command that publishes to it.
type hub struct {
	*githubapi.Server
	*verified
	binary, dir string
	environ     []string
	said        strings.Builder
}

const forked = "6dcb09b5b57875f334f61aebed695e2e4193db5e"

func newHub(t *testing.T, d description, binary string) *hub {
	t.Helper()
	v := &verified{description: d}
	server, stop := githubapi.New(v.through)
	t.Cleanup(stop)
	server.Examples = d.examples(t)
	h := &hub{Server: server, verified: v, binary: binary, dir: t.TempDir()}
	h.environ = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir, "GITHUB_ACTIONS=true", "GITHUB_API_URL=" + server.URL, "GITHUB_REPOSITORY=acme/shop",
		"GITHUB_REF=refs/pull/7/merge", "GITHUB_SHA=" + forked, "GITHUB_WORKFLOW=release", "GITHUB_JOB=trial", "GITHUB_RUN_ID=99",
		"GITHUB_OUTPUT=" + filepath.Join(h.dir, "output"), "GITHUB_STEP_SUMMARY=" + filepath.Join(h.dir, "summary"),
		"INPUT_GITHUB-TOKEN=" + server.Token,
	}
	return h
}

// publish publishes a report of that verdict.
func (h *hub) publish(t *testing.T, verdict trial.Verdict, flags ...string) result {
	t.Helper()
	report := trial.Report{
		Schema: trial.ReportSchema, Tool: "v1", Started: time.Unix(1, 0).UTC(), Status: trial.Judged, Verdict: verdict, Mode: "enforce",
		Reason: "p95 latency is what it is", Versions: []trial.Version{{Name: "candidate"}},
		Findings: []trial.Finding{{Objective: "latency-p95 <= 300ms", Version: "candidate", Verdict: verdict, Rounds: 20}},
	}
	if verdict == trial.Fail {
		report.ExitCode = 1
	}
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "report.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	r := run(t, h.environ, "", h.binary, append([]string{"publish", "--from", h.dir}, flags...)...)
	h.said.WriteString(r.output)
	return r
}

// TestGitHub drives the real command against a stand-in whose every request and
// reply GitHub's own description of its API has verified.
func TestGitHub(t *testing.T) {
	d := describe(t)
	binary := built(t, t.TempDir())
	for name, play := range map[string]func(*hub, *testing.T){
		"first comment, edited by the second run, not sent when unchanged": (*hub).firstThenEdited,
		"recreate":                                        (*hub).recreated,
		"on failure":                                      (*hub).onFailure,
		"a marker that somebody else pasted":              (*hub).pastedMarker,
		"150 comments on two pages":                       (*hub).twoPages,
		"the token of a fork's run":                       (*hub).forksToken,
		"a body that GitHub finds too long":               (*hub).tooLong,
		"429, and 403 of a secondary limit":               (*hub).limits,
		"a limit that is longer than publishing may take": (*hub).longLimit,
		"trouble that passes":                             (*hub).passingTrouble,
		"the commit's status":                             (*hub).commitStatus,
		"a fork's run that has ended":                     (*hub).forksRunEnded,
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t, d, binary)
			play(h, t)
			h.agrees(t)
		})
	}
}

const ourMark = "<!-- seatrial:v1 key=release/trial -->\n"

func (h *hub) firstThenEdited(t *testing.T) {
	h.publish(t, trial.Fail).expect(t, 0)
	h.wants(t, "fail")
	h.publish(t, trial.Pass).expect(t, 0)
	h.wants(t, "pass")
	h.Requests()
	h.publish(t, trial.Pass).expect(t, 0)
	want := []string{"GET /user", "GET /repos/acme/shop/issues/7/comments?per_page=100"}
	if diff := cmp.Diff(want, h.Requests()); diff != "" {
		t.Error(diff)
	}
}

func (h *hub) recreated(t *testing.T) {
	h.Login, h.Author = "robot", "robot"
	h.Add("robot", ourMark+"old")
	h.Add("somebody", "a remark")
	h.publish(t, trial.Pass, "--comment=recreate").expect(t, 0)
	if all := h.Comments(); len(all) != 2 || all[0].Author != "somebody" || !strings.Contains(all[1].Body, "pass") {
		t.Errorf("%v", all)
	}
}

func (h *hub) onFailure(t *testing.T) {
	h.publish(t, trial.Pass, "--comment=on-failure").expect(t, 0)
	if all := h.Comments(); len(all) != 0 {
		t.Errorf("%v", all)
	}
	h.publish(t, trial.Fail, "--comment=on-failure").expect(t, 0)
	h.wants(t, "fail")
	h.publish(t, trial.Pass, "--comment=on-failure").expect(t, 0)
	h.wants(t, "pass")
}

func (h *hub) pastedMarker(t *testing.T) {
	h.Add("mallory", ourMark+"all is well")
	h.publish(t, trial.Fail).expect(t, 0)
	if all := h.Comments(); len(all) != 2 || all[0].Body != ourMark+"all is well" {
		t.Errorf("%v", all)
	}
}

func (h *hub) twoPages(t *testing.T) {
	for i := range 149 {
		h.Add("somebody", fmt.Sprint("remark ", i))
	}
	h.Add(h.Author, ourMark+"old")
	h.publish(t, trial.Pass).expect(t, 0)
	if all := h.Comments(); len(all) != 150 || !strings.Contains(all[149].Body, "pass") {
		t.Errorf("%d, the last %v", len(all), all[len(all)-1])
	}
}

func (h *hub) forksToken(t *testing.T) {
	h.Fail(githubapi.Fault{Method: "POST", Times: 99, Status: 403, Body: githubapi.NotAccessible})
	r := h.publish(t, trial.Fail, "--commit-status")
	r.expect(t, 0)
	if strings.Count(r.output, "::notice") != 1 || !strings.Contains(r.output, "pull-requests: write and statuses: write") {
		t.Error(r.output)
	}
}

func (h *hub) tooLong(t *testing.T) {
	h.Fail(githubapi.Fault{Method: "POST", Times: 1, Status: 422, Body: githubapi.TooLong})
	r := h.publish(t, trial.Fail)
	r.expect(t, 5)
	if !strings.Contains(r.output, "Body is too long") {
		t.Error(r.output)
	}
}

func (h *hub) limits(t *testing.T) {
	h.Fail(githubapi.Fault{Method: "GET", Path: "/comments", Times: 1, Status: 429, Header: map[string]string{"Retry-After": "1"}, Body: githubapi.SecondaryRate})
	h.Fail(githubapi.Fault{Method: "POST", Times: 1, Status: 403, Header: map[string]string{"Retry-After": "1"}, Body: githubapi.SecondaryRate})
	begun := time.Now()
	h.publish(t, trial.Fail).expect(t, 0)
	h.wants(t, "fail")
	if took := time.Since(begun); took < 2*time.Second {
		t.Errorf("took %s, and was asked to wait twice for a second", took)
	}
}

func (h *hub) longLimit(t *testing.T) {
	h.Fail(githubapi.Fault{Times: 99, Status: 429, Header: map[string]string{"Retry-After": "3600"}, Body: githubapi.SecondaryRate})
	begun := time.Now()
	h.publish(t, trial.Fail).expect(t, 5)
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %s to give up", took)
	}
}

func (h *hub) passingTrouble(t *testing.T) {
	h.Fail(githubapi.Fault{Times: 2, Status: 503, Body: githubapi.ServerError})
	h.publish(t, trial.Fail).expect(t, 0)
	h.wants(t, "fail")
}

func (h *hub) commitStatus(t *testing.T) {
	h.publish(t, trial.Fail, "--commit-status", "--comment=off", "--comment-key=eu").expect(t, 0)
	want := []githubapi.Status{{SHA: forked, State: "failure", Context: "seatrial/release/trial/eu",
		Description: "fail: p95 latency is what it is", Target: "https://github.com/acme/shop/actions/runs/99"}}
	if diff := cmp.Diff(want, h.Statuses()); diff != "" {
		t.Error(diff)
	}
}

func (h *hub) forksRunEnded(t *testing.T) {
	event := filepath.Join(h.dir, "event.json")
	text := `{"workflow_run":{"head_sha":"` + forked + `","head_branch":"fix","head_repository":{"owner":{"login":"fan"}}}}`
	if err := os.WriteFile(event, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	h.environ = append(h.environ, "GITHUB_REF=refs/heads/main", "GITHUB_EVENT_PATH="+event)
	h.Open(githubapi.Pull{Number: 7, State: "open", SHA: forked, Head: "fan:fix"})
	h.publish(t, trial.Fail).expect(t, 0)
	h.wants(t, "fail")
}

// wants fails the test unless there is one comment, with that verdict.
func (h *hub) wants(t *testing.T, verdict string) {
	t.Helper()
	all := h.Comments()
	if len(all) != 1 || !strings.Contains(all[0].Body, "Seatrial: "+verdict) {
		t.Errorf("comments %v, want one that says %s", all, verdict)
	}
}

// agrees looks back: nothing was sent or answered that GitHub would not, and
// nothing that was said, written or sent has the token.
func (h *hub) agrees(t *testing.T) {
	t.Helper()
	if h.checked == 0 {
		t.Error("nothing was verified")
	}
	for _, wrong := range h.wrong {
		t.Error(wrong)
	}
	for _, status := range h.undocumented {
		t.Log("not in the description, so not verified: " + status)
	}
	written := map[string]string{"log": strings.ReplaceAll(h.said.String(), "::add-mask::"+h.Token+"\n", ""), "requests": h.Received()}
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var text []byte
			text, err = os.ReadFile(path)
			written[path] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range written {
		if strings.Contains(text, h.Token) {
			t.Errorf("the token is in %s:\n%s", place, text)
		}
	}
}
