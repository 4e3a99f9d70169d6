package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
)

// discussion is what is shown beside the log of one run, and what kept it
// from being shown.
type discussion struct {
	api gitHubAPI
	run gitHubRun

	refused []string // permissions that the token lacks
	why     string   // in GitHub's words
	notices []string
	errs    []error
}

// Permissions of a job, as a workflow writes them.
const (
	toComment = "pull-requests: write"
	toMark    = "statuses: write"
)

// discuss comments on the pull request and marks the commit, as far as that is
// asked for. What can't be done for want of a permission or of a pull request
// is told in one notice; it is no error.
func (g *gitHub) discuss(ctx context.Context, p Publication) (commentURL string, err error) {
	if !p.Comment.Mode.wanted() && !p.Status.Wanted {
		return "", nil
	}
	d := discussion{run: gitHubRunOf(g.Getenv)}
	d.run.key = strings.TrimSuffix(d.run.key+"/"+p.Comment.Key, "/")
	if p.Comment.Token == "" {
		d.forbid(p, "there is no github-token")
	} else if d.api, err = newGitHubAPI(g.Getenv("GITHUB_API_URL"), p.Comment.Token, d.run.owner, d.run.repo, g.chance); err != nil {
		return "", err
	} else {
		commentURL = d.comment(ctx, p.Comment)
		d.mark(ctx, p.Status)
	}
	if text := d.notice(); text != "" {
		g.annotate(Annotation{Level: Notice, Title: "Seatrial", Message: text})
	}
	return commentURL, errors.Join(d.errs...)
}

// chance draws from 0 to 1.
func (e Environment) chance() float64 {
	var one [1]byte
	if _, err := e.Random.Read(one[:]); err != nil {
		return 0.5
	}
	return float64(one[0]) / 255
}

// forbid notes that nothing of what is asked for can be shown.
func (d *discussion) forbid(p Publication, why string) {
	d.why = why
	if p.Comment.Mode.wanted() {
		d.refused = append(d.refused, toComment)
	}
	if p.Status.Wanted {
		d.refused = append(d.refused, toMark)
	}
}

func (d *discussion) comment(ctx context.Context, c Comment) (url string) {
	if !c.Mode.wanted() {
		return ""
	}
	number, err := cmp.Or(c.Number, d.run.number), error(nil)
	if number == 0 {
		number, err = d.api.pull(ctx, d.run)
	}
	if err == nil && number == 0 {
		d.notices = append(d.notices, "No comment: no open pull request is known to be at this commit. "+
			`The input pr-number names one; comment: "off" ends this notice.`)
		return ""
	}
	var t *pullThread
	if err == nil {
		t, err = d.api.thread(ctx, number)
	}
	if err == nil {
		c.Key = d.run.key
		if d.run.url != "" {
			c.Body += "\n[The run](" + d.run.url + ")\n"
		}
		url, err = stick(ctx, t, c)
	}
	d.note("commenting", toComment, err)
	return url
}

// longestContext is the most of a status' name that fits GitHub's column.
const longestContext = 255

func (d *discussion) mark(ctx context.Context, s Status) {
	if !s.Wanted {
		return
	}
	err := errors.New("the event does not tell the commit")
	if d.run.sha != "" {
		err = d.api.mark(ctx, d.run.sha, clipped("seatrial/"+d.run.key, longestContext), d.run.url, s)
	}
	d.note("marking the commit", toMark, err)
}

// note keeps what went wrong.
func (d *discussion) note(doing, permission string, err error) {
	var no forbidden
	switch {
	case errors.As(err, &no):
		d.refused, d.why = append(d.refused, permission), no.Error()
	case err != nil:
		d.errs = append(d.errs, fmt.Errorf("%s: %w", doing, err))
	}
}

// notice is all that people should know, in one text; empty for nothing.
func (d *discussion) notice() string {
	all := d.notices
	if len(d.refused) > 0 {
		text := "The token lacks " + strings.Join(d.refused, " and ") + " (" + cmp.Or(d.run.outsider, d.why) + "): " +
			"what needs it was left out, and summary, outputs and exit code are as ever. "
		if d.run.outsider == "" {
			text += "Give it under permissions: of the job. "
		}
		all = append(all, text+"Runs for forks and of Dependabot never have it; docs/github.md has the way around.")
	}
	return strings.Join(all, " ")
}
