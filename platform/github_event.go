package platform

import (
	"cmp"
	"encoding/json"
	"os"
	"strconv"
	"strings"
)

// gitHubRun is what the runner tells of the workflow's run.
type gitHubRun struct {
	owner, repo string
	number      int    // of the pull request; 0: not told
	sha         string // the commit that is on trial; empty: not told
	ref         string // "owner:branch" that it came from; empty: not told
	outsider    string // why the token may do nothing, if that is known
	url         string // of the run whose trial it was
	key         string // workflow/job
}

// payload are the parts of an event that say what the run is for.
type payload struct {
	PullRequest *struct {
		Number int `json:"number"`
		Head   struct {
			SHA  string `json:"sha"`
			Repo *struct {
				FullName string `json:"full_name"`
			} `json:"repo"` // null: the fork is gone
		} `json:"head"`
	} `json:"pull_request"`
	Issue *struct {
		Number      int       `json:"number"`
		PullRequest *struct{} `json:"pull_request"` // null: it is an issue
	} `json:"issue"`
	WorkflowRun *struct {
		HeadSHA        string `json:"head_sha"`
		HeadBranch     string `json:"head_branch"`
		HTMLURL        string `json:"html_url"`
		HeadRepository *struct {
			Owner struct {
				Login string `json:"login"`
			} `json:"owner"`
		} `json:"head_repository"`
	} `json:"workflow_run"`
}

// gitHubRunOf reads the run's variables and its event. An event that can't be
// read says nothing.
func gitHubRunOf(getenv func(string) string) gitHubRun {
	var run gitHubRun
	repository := getenv("GITHUB_REPOSITORY")
	run.owner, run.repo, _ = strings.Cut(repository, "/")
	run.sha = getenv("GITHUB_SHA")
	run.key = getenv("GITHUB_WORKFLOW") + "/" + getenv("GITHUB_JOB")
	if id := getenv("GITHUB_RUN_ID"); id != "" {
		run.url = cmp.Or(getenv("GITHUB_SERVER_URL"), "https://github.com") + "/" + repository + "/actions/runs/" + id
	}
	var p payload
	if data, err := os.ReadFile(getenv("GITHUB_EVENT_PATH")); err != nil || json.Unmarshal(data, &p) != nil {
		p = payload{}
	}
	run.take(p, repository)
	if run.number == 0 {
		run.number = numberOfRef(getenv("GITHUB_REF"))
	}
	if getenv("GITHUB_ACTOR") == "dependabot[bot]" {
		run.outsider = "this run is Dependabot's"
	}
	return run
}

// take fills in what the event tells.
func (run *gitHubRun) take(p payload, repository string) {
	switch {
	case p.PullRequest != nil:
		run.number, run.sha = p.PullRequest.Number, cmp.Or(p.PullRequest.Head.SHA, run.sha)
		if head := p.PullRequest.Head.Repo; head == nil || head.FullName != repository {
			run.outsider = "this run is for a fork"
		}
	case p.Issue != nil && p.Issue.PullRequest != nil:
		// The run's commit is the default branch's, not the pull request's.
		run.number, run.sha = p.Issue.Number, ""
	case p.WorkflowRun != nil:
		// Its list of pull requests is empty for forks, so the commit is asked for.
		run.sha, run.url = p.WorkflowRun.HeadSHA, cmp.Or(p.WorkflowRun.HTMLURL, run.url)
		if head := p.WorkflowRun.HeadRepository; head != nil && p.WorkflowRun.HeadBranch != "" {
			run.ref = head.Owner.Login + ":" + p.WorkflowRun.HeadBranch
		}
	}
}

// numberOfRef is 12 for refs/pull/12/merge, and 0 for any other ref.
func numberOfRef(ref string) int {
	rest, found := strings.CutPrefix(ref, "refs/pull/")
	text, _, parted := strings.Cut(rest, "/")
	number, err := strconv.Atoi(text)
	if !found || !parted || err != nil || number < 1 {
		return 0
	}
	return number
}
