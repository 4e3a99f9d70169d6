package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v89/github"
)

// gitHubAPI is a repository as a token may change it. It is the only place
// that knows GitHub's client.
type gitHubAPI struct {
	client      *github.Client
	owner, repo string
}

// publicAPI is where GitHub answers unless the runner says otherwise.
const publicAPI = "https://api.github.com"

func newGitHubAPI(base, token, owner, repo string, chance func() float64) (gitHubAPI, error) {
	base = strings.TrimRight(cmp.Or(base, publicAPI), "/") + "/"
	address, err := url.Parse(base)
	if err != nil || address.Host == "" {
		return gitHubAPI{}, fmt.Errorf("GITHUB_API_URL is no address of an API: %q", base)
	}
	sender := credentialed{http.DefaultTransport, address.Host, "Authorization", "Bearer " + token}
	client, err := github.NewClient(
		github.WithURLs(&base, nil), github.WithUserAgent("seatrial"),
		// Limits are obeyed below it, where a wait is bounded by the deadline.
		github.WithDisableRateLimitCheck(),
		github.WithTransport(patient{sender, waitFor, time.Now, chance}))
	if err != nil {
		return gitHubAPI{}, fmt.Errorf("GitHub's client: %w", err)
	}
	return gitHubAPI{client, owner, repo}, nil
}

// forbidden is a request that the token may not make.
type forbidden struct{ error }

func (f forbidden) Unwrap() error { return f.error }

// told is an error of the API in one line, and forbidden where the token lacks
// a permission: "Resource not accessible by integration", and the same by a
// personal access token.
func told(err error) error {
	var reply *github.ErrorResponse
	if err == nil || !errors.As(err, &reply) || reply.Response == nil {
		return oneLineError(err)
	}
	text := strings.Join(strings.Fields(reply.Message), " ")
	for _, detail := range reply.Errors {
		text += "; " + strings.Join(strings.Fields(cmp.Or(detail.Message, detail.Field+" "+detail.Code)), " ")
	}
	said := fmt.Errorf("GitHub says %d: %s", reply.Response.StatusCode, clipped(text, longestReply))
	switch reply.Response.StatusCode {
	case http.StatusUnauthorized:
		return forbidden{said}
	case http.StatusForbidden:
		if strings.Contains(reply.Message, "not accessible by") {
			return forbidden{said}
		}
	}
	return said
}

// longestReply is the most of a server's message that is repeated.
const longestReply = 300

func oneLineError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s", clipped(strings.Join(strings.Fields(err.Error()), " "), longestReply))
}

func clipped(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// jobLogin is the author of what a job's own token writes. Such a token is an
// app's installation, which may not ask REST who it is.
const jobLogin = "github-actions[bot]"

// botSuffix ends the login of every app.
const botSuffix = "[bot]"

// login is the token's own account.
func (a gitHubAPI) login(ctx context.Context) (string, error) {
	user, reply, err := a.client.Users.Get(ctx, "")
	if reply != nil && (reply.StatusCode == http.StatusForbidden || reply.StatusCode == http.StatusNotFound) {
		return jobLogin, nil
	}
	return user.GetLogin(), told(err)
}

// viewer is the login of an app's installation, which GraphQL tells it; empty
// where nothing is told.
func (a gitHubAPI) viewer(ctx context.Context) string {
	r, err := a.client.NewRequest(ctx, http.MethodPost, graphQL(a.client.BaseURL()), map[string]string{"query": "query { viewer { login } }"})
	if err != nil {
		return ""
	}
	var answer struct {
		Data struct {
			Viewer struct {
				Login string `json:"login"`
			} `json:"viewer"`
		} `json:"data"`
	}
	if _, err := a.client.Do(r, &answer); err != nil || answer.Data.Viewer.Login == "" {
		return ""
	}
	return strings.TrimSuffix(answer.Data.Viewer.Login, botSuffix) + botSuffix
}

// graphQL is the address of the other API: an Enterprise Server has it at
// /api/graphql, beside /api/v3.
func graphQL(rest string) string { return strings.TrimSuffix(rest, "v3/") + "graphql" }

// pull finds the open pull request that a run is for; 0 where there is none.
func (a gitHubAPI) pull(ctx context.Context, run gitHubRun) (int, error) {
	if run.sha == "" {
		return 0, nil
	}
	found, _, err := a.client.PullRequests.ListPullRequestsWithCommit(ctx, a.owner, a.repo, run.sha, &github.ListOptions{PerPage: page})
	if number := openAt(found, run.sha); number != 0 || err != nil {
		return number, told(err)
	}
	if run.ref == "" {
		return 0, nil
	}
	// A fork's commit may be unknown to the list above.
	found, _, err = a.client.PullRequests.List(ctx, a.owner, a.repo,
		&github.PullRequestListOptions{State: "open", Head: run.ref, ListOptions: github.ListOptions{PerPage: page}})
	return openAt(found, run.sha), told(err)
}

// page is the most that GitHub lists at once.
const page = 100

// openAt is the open pull request whose newest commit it is: a merged one is
// over, and one that has moved on has a run of its own.
func openAt(found []*github.PullRequest, sha string) int {
	i := slices.IndexFunc(found, func(p *github.PullRequest) bool { return p.GetState() == "open" && p.GetHead().GetSHA() == sha })
	if i < 0 {
		return 0
	}
	return found[i].GetNumber()
}

// longestStatus is the most of a status' description that GitHub takes.
const longestStatus = 140

// mark sets the commit's status.
func (a gitHubAPI) mark(ctx context.Context, sha, name, target string, s Status) error {
	state := "failure"
	if s.Passed {
		state = "success"
	}
	status := github.RepoStatus{State: &state, Context: &name}
	description := clipped(s.Description, longestStatus)
	status.Description = &description
	if target != "" {
		status.TargetURL = &target
	}
	_, _, err := a.client.Repositories.CreateStatus(ctx, a.owner, a.repo, sha, status)
	return told(err)
}

// pullThread is the discussion of one pull request.
type pullThread struct {
	gitHubAPI
	number int
	self   string
}

// thread is a pull request's discussion, as the token's own account sees it.
func (a gitHubAPI) thread(ctx context.Context, number int) (*pullThread, error) {
	self, err := a.login(ctx)
	return &pullThread{a, number, self}, err
}

func (t *pullThread) notes(ctx context.Context) ([]note, error) {
	var all []note
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: page}}
	for {
		comments, reply, err := t.client.Issues.ListComments(ctx, t.owner, t.repo, t.number, options)
		if err != nil {
			return nil, told(err)
		}
		for _, c := range comments {
			all = append(all, noteOf(c))
		}
		if reply.NextPage == 0 {
			t.recognise(ctx, all)
			return all, nil
		}
		options.Page = reply.NextPage
	}
}

// recognise asks for the name of an app where a comment of seatrial's is by
// another one than the job's: only then does it matter.
func (t *pullThread) recognise(ctx context.Context, all []note) {
	byAnApp := func(n note) bool {
		return strings.HasSuffix(n.author, botSuffix) && !t.own(n) && strings.HasPrefix(n.body, anyMarker)
	}
	if t.self == jobLogin && slices.ContainsFunc(all, byAnApp) {
		t.self = cmp.Or(t.viewer(ctx), jobLogin)
	}
}

func (t *pullThread) own(n note) bool { return strings.EqualFold(n.author, t.self) }

func (t *pullThread) create(ctx context.Context, body string) (note, error) {
	c, _, err := t.client.Issues.CreateComment(ctx, t.owner, t.repo, t.number, &github.IssueComment{Body: &body})
	return noteOf(c), told(err)
}

func (t *pullThread) edit(ctx context.Context, id int64, body string) (note, error) {
	c, _, err := t.client.Issues.EditComment(ctx, t.owner, t.repo, id, &github.IssueComment{Body: &body})
	return noteOf(c), told(err)
}

// remove takes a comment that is gone for removed.
func (t *pullThread) remove(ctx context.Context, id int64) error {
	reply, err := t.client.Issues.DeleteComment(ctx, t.owner, t.repo, id)
	if reply != nil && reply.StatusCode == http.StatusNotFound {
		return nil
	}
	return told(err)
}

func noteOf(c *github.IssueComment) note {
	return note{id: c.GetID(), author: c.GetUser().GetLogin(), body: c.GetBody(), url: c.GetHTMLURL()}
}
