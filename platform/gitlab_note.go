package platform

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gitlab.com/gitlab-org/api/client-go/v2"
)

// longestNote is below what GitLab takes, 1,000,000 characters (docs: api/notes).
const longestNote = 900_000

// comment writes the note, and returns its address. Where there is no merge
// request there is nothing to say; without a token that may write, one line
// says which is needed.
func (g gitLab) comment(ctx context.Context, c Comment) (url string, err error) {
	if !c.Mode.wanted() || c.Body == "" {
		return "", nil
	}
	m, err := g.mergeRequest(c)
	if err != nil || m == nil {
		return "", err
	}
	if m.token == "" {
		return "", g.needsToken(m, "no token was given")
	}
	c.Key = strings.Trim(g.Getenv("CI_JOB_NAME")+"/"+c.Key, "/")
	c.Body = cut(unheeded(c.Body), longestNote)
	if job := g.Getenv("CI_JOB_URL"); job != "" {
		c.Body += "\n[The job](" + job + ")\n"
	}
	url, err = stick(ctx, m, c)
	if status := refusal(err); status != 0 {
		return "", g.needsToken(m, fmt.Sprintf("GitLab answered %d %s", status, http.StatusText(status)))
	}
	if err != nil {
		return "", fmt.Errorf("merge request !%d: %w", m.number, err)
	}
	return url, nil
}

// needsToken tells how to get the note. That is no trouble: the trial is over,
// and its report is among the job's artifacts.
func (g gitLab) needsToken(m *mergeRequest, why string) error {
	_, err := fmt.Fprintf(g.Stdout, `seatrial: no note on merge request !%d: %s. It needs a project access token with the scope api `+
		`and the role Reporter or higher, in the masked variable SEATRIAL_GITLAB_TOKEN; a job token can't write notes. comment: "off" ends this line.`+"\n", m.number, why)
	return err
}

// refusal is the status with which GitLab says that the token is not fit: 404
// stands for what the token may not even see. 0 for any other error.
func refusal(err error) int {
	var answer *gitlab.ErrorResponse
	if !errors.As(err, &answer) {
		return 0
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return answer.StatusCode
	}
	return 0
}

// mergeRequest is the discussion of one merge request.
type mergeRequest struct {
	client  *gitlab.Client
	token   string
	project string // the target's: a fork's pipeline runs in another
	number  int64
	page    string // address of the merge request; empty where it is not known
	me      int64  // user of the token, known after notes
}

// mergeRequest is the one that the pipeline runs for, or that was asked for;
// nil where there is none.
func (g gitLab) mergeRequest(c Comment) (*mergeRequest, error) {
	number := int64(c.Number)
	if text := g.Getenv("CI_MERGE_REQUEST_IID"); number == 0 && text != "" {
		var err error
		if number, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, fmt.Errorf("CI_MERGE_REQUEST_IID: %w", err)
		}
	}
	if number == 0 {
		return nil, nil
	}
	token := firstSet(c.Token, g.Getenv("SEATRIAL_GITLAB_TOKEN"))
	api := g.Getenv("CI_API_V4_URL")
	if api == "" {
		return nil, fmt.Errorf("merge request !%d: CI_API_V4_URL is not set; GitLab's runner sets it", number)
	}
	client, err := g.client(api, token)
	if err != nil {
		return nil, fmt.Errorf("merge request !%d: %w", number, err)
	}
	m := &mergeRequest{client: client, token: token, number: number}
	m.project = firstSet(g.Getenv("CI_MERGE_REQUEST_PROJECT_ID"), g.Getenv("CI_PROJECT_ID"))
	if page := firstSet(g.Getenv("CI_MERGE_REQUEST_PROJECT_URL"), g.Getenv("CI_PROJECT_URL")); page != "" {
		m.page = fmt.Sprintf("%s/-/merge_requests/%d", page, number)
	}
	return m, nil
}

// firstSet is the first value that is not blank.
func firstSet(values ...string) string {
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			return v
		}
	}
	return ""
}

func (g gitLab) client(api, token string) (*gitlab.Client, error) {
	transport, err := trusting(g.Getenv("CI_SERVER_TLS_CA_FILE"))
	if err != nil {
		return nil, fmt.Errorf("CI_SERVER_TLS_CA_FILE: %w", err)
	}
	direct := &http.Client{
		Transport: patient{transport, waitFor, time.Now, g.chance},
		// A redirect would carry the token to wherever it leads.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return gitlab.NewClient(token, gitlab.WithBaseURL(api), gitlab.WithHTTPClient(direct), gitlab.WithUserAgent("seatrial"), gitlab.WithoutRetries())
}

// trusting is a transport that also trusts the authorities of a file: of an
// instance with an authority of its own, the runner names it.
func trusting(file string) (http.RoundTripper, error) {
	if file == "" {
		return http.DefaultTransport, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(pem)
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: pool}
	return t, nil
}

// notes are what people and programs wrote; what GitLab itself noted is left out.
func (m *mergeRequest) notes(ctx context.Context) ([]note, error) {
	user, _, err := m.client.Users.CurrentUser(gitlab.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	m.me = user.ID
	var all []note
	options := &gitlab.ListMergeRequestNotesOptions{
		ListOptions: gitlab.ListOptions{Page: 1, PerPage: page}, // GitLab's most as well
		OrderBy:     gitlab.Ptr("created_at"), Sort: gitlab.Ptr("asc"),
	}
	for options.Page != 0 {
		found, r, err := m.client.Notes.ListMergeRequestNotes(m.project, m.number, options, gitlab.WithContext(ctx))
		if err != nil {
			return nil, err
		}
		for _, n := range found {
			if !n.System {
				all = append(all, m.note(n))
			}
		}
		options.Page = r.NextPage
	}
	return all, nil
}

func (m *mergeRequest) note(n *gitlab.Note) note {
	out := note{id: n.ID, author: strconv.FormatInt(n.Author.ID, 10), body: n.Body}
	if m.page != "" {
		out.url = fmt.Sprintf("%s#note_%d", m.page, n.ID)
	}
	return out
}

func (m *mergeRequest) own(n note) bool { return n.author == strconv.FormatInt(m.me, 10) }

func (m *mergeRequest) create(ctx context.Context, body string) (note, error) {
	n, _, err := m.client.Notes.CreateMergeRequestNote(m.project, m.number, &gitlab.CreateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	if err != nil {
		return note{}, err
	}
	return m.note(n), nil
}

func (m *mergeRequest) edit(ctx context.Context, id int64, body string) (note, error) {
	n, _, err := m.client.Notes.UpdateMergeRequestNote(m.project, m.number, id, &gitlab.UpdateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	if err != nil {
		return note{}, err
	}
	return m.note(n), nil
}

// remove takes a note that is gone for removed.
func (m *mergeRequest) remove(ctx context.Context, id int64) error {
	_, err := m.client.Notes.DeleteMergeRequestNote(m.project, m.number, id, gitlab.WithContext(ctx))
	if errors.Is(err, gitlab.ErrNotFound) {
		return nil
	}
	return err
}

// unheeded keeps GitLab from obeying a line such as "/merge", which the token's
// account may be allowed to do (docs: user/project/quick_actions), and from
// noting on merge requests and epics that they were mentioned: !12, &12
// (docs: user/markdown, GitLab-specific references). Other renderers do neither,
// so that the report itself does not escape them.
func unheeded(body string) string {
	return mentioned.ReplaceAllString(quickAction.ReplaceAllString(body, `$1\/`), "$1\u200b$2")
}

var (
	quickAction = regexp.MustCompile(`(?m)^([ \t]*)/`)
	mentioned   = regexp.MustCompile(`(!|&amp;)([0-9])`)
)

// cut ends a text that is too long at the last blank line that fits. What it
// may have left open there, the end of the note closes.
func cut(body string, most int) string {
	const more = "\n\nThe rest is in the job's artifacts.\n"
	if len(body) <= most {
		return body
	}
	body = strings.ToValidUTF8(body[:most-len(more)], "")
	if end := strings.LastIndex(body, "\n\n"); end > 0 {
		body = body[:end]
	}
	return body + more
}
