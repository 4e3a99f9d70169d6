package platform

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/internal/githubapi"
)

// job is a step of a workflow that may reach a stand-in of GitHub.
type job struct {
	*githubapi.Server
	env map[string]string
	out bytes.Buffer
}

const pushed = "4f2c9e1d5b0a7c3e8f6d2b1a9c0e7f5d3b8a6c4e"

func newJob(t *testing.T) *job {
	t.Helper()
	server, stop := githubapi.New(nil)
	t.Cleanup(stop)
	dir := t.TempDir()
	j := &job{Server: server, env: map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_API_URL": server.URL, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": "merge-commit",
		"GITHUB_WORKFLOW": "release", "GITHUB_JOB": "trial", "GITHUB_RUN_ID": "99", "GITHUB_SERVER_URL": "https://github.example",
		"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
		"GITHUB_EVENT_PATH": filepath.Join(dir, "event.json"),
	}}
	j.event(t, `{"pull_request":{"number":7,"head":{"sha":"`+pushed+`","repo":{"full_name":"acme/shop"}}}}`)
	return j
}

func (j *job) event(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(j.env["GITHUB_EVENT_PATH"], []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// said is a publication with a comment and nothing else.
func (j *job) said(change func(*Publication)) Publication {
	p := Publication{
		Outputs: []Output{{"verdict", "fail"}}, Summary: "# fail",
		Comment: Comment{Mode: CommentUpdate, Body: "### fail\n", Token: j.Token},
	}
	if change != nil {
		change(&p)
	}
	return p
}

func (j *job) publish(t *testing.T, change func(*Publication)) error {
	t.Helper()
	j.out.Reset()
	p := Detect(Environment{Getenv: func(name string) string { return j.env[name] }, Stdout: &j.out, Random: strings.NewReader(strings.Repeat("x", 1000))})
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	err := p.Publish(ctx, j.said(change))
	j.keepsItsToken(t, fmt.Sprint(err))
	return err
}

// keepsItsToken searches all that was written for the token.
func (j *job) keepsItsToken(t *testing.T, more string) {
	t.Helper()
	written := map[string]string{"log": j.out.String(), "error": more, "requests": j.Received()}
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		text, _ := os.ReadFile(j.env[name])
		written[name] = string(text)
	}
	for place, text := range written {
		if strings.Contains(text, j.Token) {
			t.Errorf("%s has the token:\n%s", place, text)
		}
	}
}

func (j *job) outputs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(j.env["GITHUB_OUTPUT"])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheSecondRunEditsTheCommentOfTheFirst(t *testing.T) {
	j := newJob(t)
	want := githubapi.Comment{ID: 1001, Author: "github-actions[bot]",
		Body: "<!-- seatrial:v1 key=release/trial -->\n### fail\n\n[The run](https://github.example/acme/shop/actions/runs/99)\n"}
	for _, body := range []string{"### fail\n", "### pass\n"} {
		if err := j.publish(t, func(p *Publication) { p.Comment.Body = body }); err != nil {
			t.Fatal(err)
		}
		want.Body = strings.Replace(want.Body, "### fail\n", body, 1)
		if diff := cmp.Diff([]githubapi.Comment{want}, j.Comments()); diff != "" {
			t.Errorf("after %q:\n%s", body, diff)
		}
	}
	outputs := j.outputs(t)
	verdict, url := strings.Index(outputs, "verdict<<"), strings.Index(outputs, "comment-url<<")
	if verdict < 0 || url < verdict || !strings.Contains(outputs, "\nhttps://github.com/acme/shop/pull/7#issuecomment-1001\n") {
		t.Errorf("outputs, the verdict first:\n%s", outputs)
	}
}

func TestAnUnchangedCommentIsNotSent(t *testing.T) {
	j := newJob(t)
	for range 2 {
		j.Requests()
		if err := j.publish(t, nil); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"GET /user", "GET /repos/acme/shop/issues/7/comments?per_page=100"}
	if diff := cmp.Diff(want, j.Requests()); diff != "" {
		t.Error(diff)
	}
}

// An app's token may not ask REST who it is.
func TestAnAppsCommentIsItsOwn(t *testing.T) {
	const theirs = "\ntheirs"
	j := newJob(t)
	j.Author = "acme-app[bot]"
	j.Add("other-app[bot]", marker("release/trial")+theirs)
	for i, mode := range []CommentMode{CommentUpdate, CommentOnFailure, CommentOnFailure} {
		body := fmt.Sprint("### run ", i, "\n")
		if err := j.publish(t, func(p *Publication) { p.Comment.Mode, p.Comment.Passed, p.Comment.Body = mode, i == 2, body }); err != nil {
			t.Fatal(err)
		}
		all := j.Comments()
		if len(all) != 2 || all[1].ID != 1002 || !strings.Contains(all[1].Body, body) || !strings.HasSuffix(all[0].Body, theirs) {
			t.Fatalf("after run %d: %v", i, all)
		}
	}
}

func TestGraphQLStandsBesideREST(t *testing.T) {
	for rest, want := range map[string]string{
		"https://api.github.com/":        "https://api.github.com/graphql",
		"https://github.example/api/v3/": "https://github.example/api/graphql",
		"https://api.acme.ghe.com/":      "https://api.acme.ghe.com/graphql",
	} {
		if got := graphQL(rest); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A server that knows no GraphQL costs a comment too many; none of
// another app's is changed.
func TestAnAppThatCantAskItsNameChangesNoComment(t *testing.T) {
	j := newJob(t)
	j.Author = "acme-app[bot]"
	j.Add("other-app[bot]", marker("release/trial")+"\ntheirs")
	j.Fail(githubapi.Fault{Path: "/graphql", Times: 99, Status: 404, Body: githubapi.ServerError})
	if err := j.publish(t, nil); err != nil {
		t.Fatal(err)
	}
	if all := j.Comments(); len(all) != 2 || !strings.HasSuffix(all[0].Body, "theirs") {
		t.Errorf("%v", all)
	}
}

func TestOurCommentIsFoundAmongManyOfOthers(t *testing.T) {
	j := newJob(t)
	for i := range 150 {
		j.Add("somebody", fmt.Sprint("remark ", i))
	}
	j.Add("mallory", marker("release/trial")+"\npasted")
	j.Login = "robot"
	j.Add("robot", marker("release/trial")+"\nold")
	if err := j.publish(t, nil); err != nil {
		t.Fatal(err)
	}
	all := j.Comments()
	if len(all) != 152 || !strings.Contains(all[151].Body, "### fail") || !strings.Contains(all[150].Body, "pasted") {
		t.Errorf("%d comments, the last %v", len(all), all[150:])
	}
}

func TestTheRequestsOfAPullRequestAreFound(t *testing.T) {
	fork := func(sha string) string {
		return `{"workflow_run":{"head_sha":"` + sha + `","head_branch":"fix","html_url":"https://github.example/run/5","head_repository":{"owner":{"login":"fan"}}}}`
	}
	for name, c := range map[string]struct {
		event string
		env   map[string]string
		input int
		want  string // in the path of the comment; empty: none, and one notice
	}{
		"event":                  {`{"pull_request":{"number":8,"head":{"sha":"x","repo":null}}}`, nil, 0, "issues/8/"},
		"comment on it":          {`{"issue":{"number":9,"pull_request":{}}}`, nil, 0, "issues/9/"},
		"comment on an issue":    {`{"issue":{"number":9}}`, nil, 0, ""},
		"ref":                    {`{}`, map[string]string{"GITHUB_REF": "refs/pull/11/merge"}, 0, "issues/11/"},
		"commit":                 {`{}`, map[string]string{"GITHUB_SHA": pushed}, 0, "issues/7/"},
		"merged long ago":        {`{}`, map[string]string{"GITHUB_SHA": "old"}, 0, ""},
		"input":                  {`{"pull_request":{"number":8}}`, nil, 12, "issues/12/"},
		"run of a fork":          {fork("forked"), nil, 0, "issues/21/"},
		"fork that has moved on": {fork("before"), nil, 0, ""},
		"no event":               {`not JSON`, nil, 0, ""},
	} {
		j := newJob(t)
		j.Open(githubapi.Pull{Number: 6, State: "closed", SHA: "old", Head: "acme:x"})
		j.Open(githubapi.Pull{Number: 7, State: "open", SHA: pushed, Head: "acme:x"})
		j.Open(githubapi.Pull{Number: 21, State: "open", SHA: "forked", Head: "fan:fix"})
		maps.Copy(j.env, c.env)
		j.event(t, c.event)
		if err := j.publish(t, func(p *Publication) { p.Comment.Number = c.input }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		requests := strings.Join(j.Requests(), "\n")
		notices := strings.Count(j.out.String(), "::notice")
		if c.want == "" && (notices != 1 || strings.Contains(requests, "POST")) {
			t.Errorf("%s: %d notices, requests\n%s", name, notices, requests)
		}
		if c.want != "" && (notices != 0 || !strings.Contains(requests, "POST /repos/acme/shop/"+c.want)) {
			t.Errorf("%s: no comment at %s:\n%s\n%s", name, c.want, requests, j.out.String())
		}
	}
}

// Whatever the token lacks is told once, with the permission to ask for; the
// rest is there, and nothing failed.
func TestWithoutPermissionThereIsOneNotice(t *testing.T) {
	refuse := githubapi.Fault{Method: "POST", Times: 9, Status: http.StatusForbidden, Body: githubapi.NotAccessible}
	for name, c := range map[string]struct {
		prepare func(*testing.T, *job)
		token   string
		status  bool
		want    []string
	}{
		"missing": {func(_ *testing.T, j *job) { j.Fail(refuse) }, "", false, []string{"pull-requests: write", "not accessible by integration"}},
		"both":    {func(_ *testing.T, j *job) { j.Fail(refuse) }, "", true, []string{"pull-requests: write and statuses: write"}},
		"fork": {func(t *testing.T, j *job) {
			j.Fail(refuse)
			j.event(t, `{"pull_request":{"number":7,"head":{"sha":"x","repo":{"full_name":"fan/shop"}}}}`)
		}, "", false, []string{"pull-requests: write", "this run is for a fork"}},
		"dependabot":   {func(_ *testing.T, j *job) { j.Fail(refuse); j.env["GITHUB_ACTOR"] = "dependabot[bot]" }, "", false, []string{"Dependabot's"}},
		"no token":     {func(*testing.T, *job) {}, "none", true, []string{"pull-requests: write and statuses: write", "there is no github-token"}},
		"a bad token":  {func(_ *testing.T, j *job) { j.Token = "another" }, "bad", false, []string{"401: Bad credentials"}},
		"can not read": {func(_ *testing.T, j *job) { refuse := refuse; refuse.Method = "GET"; j.Fail(refuse) }, "", false, []string{"pull-requests: write"}},
	} {
		j := newJob(t)
		c.prepare(t, j)
		err := j.publish(t, func(p *Publication) {
			p.Status = Status{Wanted: c.status}
			if c.token != "" {
				p.Comment.Token = strings.TrimPrefix(c.token, "none")
			}
		})
		if err != nil {
			t.Errorf("%s: an error: %v", name, err)
		}
		log := j.out.String()
		if strings.Count(log, "::") != 2 || strings.Count(log, "::notice") != 1 {
			t.Errorf("%s: not one notice:\n%s", name, log)
		}
		for _, want := range append(c.want, "forks and of Dependabot never have it") {
			if !strings.Contains(log, want) {
				t.Errorf("%s: no %q in\n%s", name, want, log)
			}
		}
		if outputs := j.outputs(t); !strings.Contains(outputs, "verdict<<") || strings.Contains(outputs, "issuecomment") {
			t.Errorf("%s: outputs %s", name, outputs)
		}
		if summary, _ := os.ReadFile(j.env["GITHUB_STEP_SUMMARY"]); string(summary) != "# fail\n" {
			t.Errorf("%s: summary %q", name, summary)
		}
	}
}

func TestWhatGitHubRefusesIsAWarningInItsWords(t *testing.T) {
	j := newJob(t)
	j.Fail(githubapi.Fault{Method: "POST", Times: 1, Status: http.StatusUnprocessableEntity, Body: githubapi.TooLong})
	err := j.publish(t, nil)
	if err == nil || !strings.Contains(err.Error(), "Body is too long") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	// Locked is forbidden, and no permission would help.
	j.Fail(githubapi.Fault{Method: "POST", Times: 1, Status: http.StatusForbidden, Body: `{"message":"Unable to create comment because issue is locked."}`})
	if err := j.publish(t, nil); err == nil || !strings.Contains(err.Error(), "locked") || j.out.Len() > 0 {
		t.Errorf("error %v, log %s", err, j.out.String())
	}
}

func TestTheCommitIsMarked(t *testing.T) {
	j := newJob(t)
	long := strings.Repeat("é", 200)
	for _, passed := range []bool{false, true} {
		err := j.publish(t, func(p *Publication) {
			p.Comment.Mode, p.Comment.Key = CommentOff, "eu"
			p.Status = Status{Wanted: true, Passed: passed, Description: long}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	want := githubapi.Status{SHA: pushed, State: "failure", Context: "seatrial/release/trial/eu",
		Description: strings.Repeat("é", 139) + "…", Target: "https://github.example/acme/shop/actions/runs/99"}
	passing := want
	passing.State = "success"
	if diff := cmp.Diff([]githubapi.Status{want, passing}, j.Statuses()); diff != "" {
		t.Error(diff)
	}
	if len(j.Comments()) != 0 {
		t.Error("comment: off comments")
	}
}

func TestALongNameIsCutToWhatAStatusHolds(t *testing.T) {
	j := newJob(t)
	j.env["GITHUB_WORKFLOW"] = strings.Repeat("w", 300)
	if err := j.publish(t, func(p *Publication) { p.Status.Wanted = true }); err != nil {
		t.Fatal(err)
	}
	if all := j.Statuses(); len(all) != 1 || utf8.RuneCountInString(all[0].Context) != 255 {
		t.Errorf("statuses %v", all)
	}
}

// GitHub Enterprise Server answers under a path of its own.
func TestTheAPIMayHaveAPath(t *testing.T) {
	j := newJob(t)
	enterprise, stop := githubapi.New(func(h http.Handler) http.Handler { return http.StripPrefix("/api/v3", h) })
	t.Cleanup(stop)
	for _, base := range []string{enterprise.URL + "/api/v3", enterprise.URL + "/api/v3/"} {
		j.env["GITHUB_API_URL"] = base
		if err := j.publish(t, nil); err != nil || len(enterprise.Comments()) != 1 {
			t.Errorf("%s: %v, comments %v", base, err, enterprise.Comments())
		}
	}
	j.env["GITHUB_API_URL"] = "nowhere"
	if err := j.publish(t, nil); err == nil || !strings.Contains(err.Error(), "GITHUB_API_URL") {
		t.Errorf("error %v, want one that names the variable", err)
	}
}

func TestARenamedHostNeverSeesTheToken(t *testing.T) {
	elsewhere, stop := githubapi.New(nil)
	t.Cleanup(stop)
	j := newJob(t)
	j.Fail(githubapi.Fault{Method: "GET", Path: "/comments", Times: 1, Status: http.StatusTemporaryRedirect,
		Header: map[string]string{"Location": elsewhere.URL + "/repos/acme/shop/issues/7/comments"}})
	if err := j.publish(t, nil); err != nil {
		t.Fatal(err)
	}
	// It takes the same token, and answers 401 to those who bring none.
	if !strings.Contains(j.out.String(), "401") {
		t.Errorf("the other host got the token:\n%s", j.out.String())
	}
}

func TestNoMoreThanOneErrorIsAnnotated(t *testing.T) {
	j := newJob(t)
	err := j.publish(t, func(p *Publication) {
		p.Comment.Token = ""
		for range 12 {
			p.Annotations = append(p.Annotations, Annotation{Level: Error, Message: "wrong"})
		}
	})
	log := j.out.String()
	if err != nil || strings.Count(log, "::error") != 1 || strings.Count(log, "::warning") != 8 || strings.Count(log, "::notice") != 1 {
		t.Errorf("%v\n%s", err, log)
	}
}
