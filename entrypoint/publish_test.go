package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/internal/githubapi"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/summary"
	"github.com/seatrial/seatrial/trial"
)

// inJob makes a command a step of a workflow for a pull request.
func inJob(t *testing.T, c *exec.Cmd) *githubapi.Server {
	t.Helper()
	server, stop := githubapi.New(nil)
	t.Cleanup(stop)
	c.Env = append(c.Env, "GITHUB_ACTIONS=true", "GITHUB_API_URL="+server.URL, "GITHUB_REPOSITORY=acme/shop",
		"GITHUB_REF=refs/pull/7/merge", "GITHUB_SHA=4f2c9e1", "GITHUB_WORKFLOW=release", "GITHUB_JOB=trial", "GITHUB_RUN_ID=99",
		"GITHUB_OUTPUT="+filepath.Join(c.Dir, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(c.Dir, "summary"),
		"INPUT_GITHUB-TOKEN="+server.Token, "INPUT_COMMIT-STATUS=true")
	return server
}

// leaks searches all that a step wrote, said and sent for its token. The
// runner takes masks out of the log.
func leaks(t *testing.T, r result, server *githubapi.Server) {
	t.Helper()
	mask := "::add-mask::" + server.Token + "\n"
	if !strings.HasPrefix(r.stdout, mask) {
		t.Errorf("the token is not masked before anything else is said:\n%s", r.stdout)
	}
	written := map[string]string{"stdout": strings.Replace(r.stdout, mask, "", 1), "stderr": r.stderr, "requests": server.Received()}
	files := 0
	err := filepath.WalkDir(filepath.Dir(r.dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files++
			var text []byte
			text, err = os.ReadFile(path)
			written[path] = string(text)
		}
		return err
	})
	if err != nil || files < 2 {
		t.Fatalf("%d files, %v", files, err)
	}
	for place, text := range written {
		if strings.Contains(text, server.Token) {
			t.Errorf("the token is in %s", place)
		}
	}
}

func (r result) written(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(r.dir), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAFailIsSaidInThePullRequest(t *testing.T) {
	t.Parallel()
	c := command(t, append(short(), "--candidate", serve(t, always500), "--objectives", "error-rate <= 1%")...)
	server := inJob(t, c)
	r := finish(t, c)
	r.wants(t, exitFail, "FAIL")
	comments := server.Comments()
	if len(comments) != 1 || !strings.Contains(comments[0].Body, "### ❌ Seatrial: fail") {
		t.Errorf("comments %v", comments)
	}
	if s := server.Statuses(); len(s) != 1 || s[0].State != "failure" || !strings.HasPrefix(s[0].Description, "fail: ") {
		t.Errorf("statuses %v", s)
	}
	if outputs := r.written(t, "output"); !strings.Contains(outputs, "https://github.com/acme/shop/pull/7#issuecomment-") {
		t.Errorf("outputs\n%s", outputs)
	}
	leaks(t, r, server)
}

// A comment that still says pass would be a lie.
func TestBadInputIsSaidInThePullRequest(t *testing.T) {
	t.Parallel()
	c := command(t, "--candidate=http://127.0.0.1:1", "--objectives=latncy <= 1s", "--rate=fast")
	server := inJob(t, c)
	server.Add(server.Author, "<!-- seatrial:v1 key=release/trial -->\n### ✅ Seatrial: pass")
	r := finish(t, c)
	r.wants(t, exitBadInput, "latncy")
	if all := server.Comments(); len(all) != 1 || strings.Contains(all[0].Body, "pass") || !strings.Contains(all[0].Body, "is not a rate") {
		t.Errorf("comments %v", all)
	}
	leaks(t, r, server)
}

func TestEachTroubleWithPublishingHasItsLine(t *testing.T) {
	t.Parallel()
	c := command(t, "--rate=fast")
	inJob(t, c)
	c.Env = append(c.Env, "GITHUB_OUTPUT="+filepath.Join(c.Dir, "no", "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(c.Dir, "no", "summary"))
	r := finish(t, c)
	r.wants(t, exitBadInput, "\nwarning: publishing: writing to $GITHUB_OUTPUT: ")
	r.wants(t, exitBadInput, "\nwarning: publishing: writing to $GITHUB_STEP_SUMMARY: ")
}

func TestTroubleWithCommentsChangesNoExitCode(t *testing.T) {
	t.Parallel()
	c := command(t, "--rate=fast")
	server := inJob(t, c)
	server.Fail(githubapi.Fault{Path: "/repos", Times: 99, Status: 422, Body: "{\"message\":\"::error::no\\n::error::never\"}"})
	r := finish(t, c)
	r.wants(t, exitBadInput, "the verdict stands")
	if strings.Contains(r.stderr, "\n::") {
		t.Errorf("what a server says is obeyed by the runner:\n%s", r.stderr)
	}
}

// deaf is a platform that takes all the time it is given.
type deaf struct{}

func (deaf) Name() string  { return "deaf" }
func (deaf) Mask([]string) {}
func (deaf) Publish(ctx context.Context, _ platform.Publication) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestPublishingEndsSoonAfterTheStepIsCancelled(t *testing.T) {
	for name, c := range map[string]struct {
		cancelled time.Duration // after the start
		want      time.Duration
	}{
		"never":              {time.Hour, 20 * time.Second},
		"before":             {0, 3 * time.Second},
		"while it publishes": {5 * time.Second, 8 * time.Second},
		"near its end":       {19 * time.Second, 20 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), c.cancelled)
			defer stop()
			begun := time.Now()
			if err := show(ctx, deaf{}, platform.Publication{}); err == nil || time.Since(begun) != c.want {
				t.Errorf("cancelled %s: %v after %s, want %s", name, err, time.Since(begun), c.want)
			}
		})
	}
}

// Bad input sends nothing, so that all the waiting is for GitHub.
func TestAStepThatIsCancelledWhileItPublishesKeepsItsExitCode(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int{"trial": exitBadInput, "publish": exitBroken} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := command(t, "--candidate=http://127.0.0.1:1", "--rate=fast")
			if name == "publish" {
				c = command(t, "publish", "--from=seatrial-report")
			}
			inJob(t, c)
			artifact(t, c, nil)
			asked := make(chan struct{}, 99)
			c.Env = append(c.Env, "GITHUB_API_URL="+serve(t, func(w http.ResponseWriter, r *http.Request) { asked <- struct{}{}; hang(w, r) }))
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			<-asked
			begun := time.Now()
			if err := c.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			_ = c.Wait()
			if took := time.Since(begun); took > 5*time.Second || c.ProcessState.ExitCode() != code {
				t.Errorf("exit code %d after %s, want %d", c.ProcessState.ExitCode(), took, code)
			}
		})
	}
}

// A cancelled step ends within 5 s, whatever GitHub does.
func TestACancelledStepDoesNotWaitForGitHub(t *testing.T) {
	t.Parallel()
	c := command(t, append(short(), "--for=5m", "--at-least=4m", "--candidate", serve(t, ok), "--objectives", "error-rate <= 1%")...)
	inJob(t, c)
	c.Env = append(c.Env, "GITHUB_API_URL="+serve(t, hang))
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	waitForRounds(t, filepath.Join(c.Dir, "seatrial-report"), 3)
	begun := time.Now()
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if took := time.Since(begun); took > 5*time.Second || c.ProcessState.ExitCode() != 130 {
		t.Errorf("exit code %d after %s:\n%s", c.ProcessState.ExitCode(), took, out.String())
	}
}

func waitForRounds(t *testing.T, dir string, n int) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(dir, evidence.RoundsFile))
		if bytes.Count(text, []byte("\n")) > n {
			return
		}
	}
	t.Fatal("no rounds in the evidence")
}

func TestBesideTheLog(t *testing.T) {
	fail := trial.Report{Status: trial.Judged, Verdict: trial.Fail, ExitCode: exitFail, Reason: "too @slow\n::error::"}
	reported := fail
	reported.ExitCode = exitPass
	for name, c := range map[string]struct {
		report      trial.Report
		passed      bool // the comment
		spared      bool // the status
		description string
	}{
		"fail":          {fail, false, false, "fail: too @slow : : error::"},
		"only reported": {reported, false, true, "fail (only reported): too @slow : : error::"},
		"pass":          {trial.Report{Status: trial.Judged, Verdict: trial.Pass}, true, true, "pass: "},
		"cancelled":     {trial.Report{Status: trial.Cancelled, ExitCode: 130}, true, false, "cancelled: "},
		"broken":        {trial.Report{Status: trial.Broken, ExitCode: 5}, false, false, "broken: "},
	} {
		got := beside(deaf{}, c.report, config.Publish{CommitStatus: true})
		if got.Comment.Passed != c.passed || got.Status.Passed != c.spared || got.Status.Description != c.description || got.Comment.Mode != platform.CommentUpdate {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAnnotationsPointAtTheObjectivesOfTheFile(t *testing.T) {
	finding := func(v trial.Verdict, s *trial.Source) trial.Finding {
		return trial.Finding{Objective: "error-rate <= 1%", Verdict: v, Reason: "why", Source: s}
	}
	in := trial.Source{File: "seatrial.yaml", Line: 6, Column: 5}
	r := trial.Report{Status: trial.Judged, Verdict: trial.Fail, Reason: "it is slower", Findings: []trial.Finding{
		finding(trial.Fail, &in), finding(trial.Pass, &in), finding(trial.Fail, &trial.Source{Input: "INPUT_OBJECTIVES"}), finding(trial.Fail, nil),
	}}
	want := []platform.Annotation{
		{Level: platform.Error, Title: "Seatrial: fail", Message: "it is slower"},
		{Level: platform.Warning, Title: "Seatrial: error-rate <= 1%", Message: "why", File: "seatrial.yaml", Line: 6, Column: 5},
	}
	if diff := cmp.Diff(want, findingAnnotations(r)); diff != "" {
		t.Error(diff)
	}
	r.Verdict, r.Findings = trial.Pass, nil
	if got := findingAnnotations(r); got != nil {
		t.Errorf("a pass annotates %v", got)
	}
}

func TestATokenThatNothingUsesIsWarnedOf(t *testing.T) {
	t.Parallel()
	const warning, token = "warning: a token was given", "a-token-for-nothing"
	for name, c := range map[string]struct {
		environ []string
		want    bool
	}{
		"a shell with GitHub's": {[]string{"SEATRIAL_GITHUB_TOKEN=" + token}, true},
		"Tekton with GitLab's":  {[]string{"SEATRIAL_RESULTS_DIR=.", "SEATRIAL_GITLAB_TOKEN=" + token}, true},
		"a shell with none":     {nil, false},
		"GitLab":                {[]string{"GITLAB_CI=true", "SEATRIAL_GITLAB_TOKEN=" + token}, false},
	} {
		command := command(t, "--candidate=http://127.0.0.1:1", "--objectives=latency-p95 <= 1s", "--ready-within=1s", "--timeout=1s")
		command.Env = append(command.Env, c.environ...)
		r := finish(t, command)
		r.wants(t, exitNotReady, "")
		if strings.Contains(r.stderr, warning) != c.want {
			t.Errorf("%s: %s", name, r.stderr)
		}
		r.hides(t, token)
	}
}

// The names of versions may come from a branch, and report-dir from anybody.
func TestNoOutputIsObeyedByALog(t *testing.T) {
	const evil = "##vso[task.setvariable variable=PASSED]true\x1b[2J\r::error::x"
	var log strings.Builder
	p := process{stdout: &log, stderr: &log}
	where := platform.Detect(platform.Environment{Getenv: p.getenv, Stdout: &log})
	r := trial.Report{Status: trial.Judged, Verdict: trial.Fail, Reason: evil, Choice: trial.Choice{Winner: evil},
		Findings: []trial.Finding{{Objective: "a <= 1s", Verdict: trial.Fail}, {Objective: evil, Verdict: trial.Fail}}}
	p.publish(t.Context(), where, r, config.Publish{}, published{})
	for _, obeyed := range []string{"##vso", "\x1b", "\r", "::error"} {
		if strings.Contains(log.String(), obeyed) {
			t.Errorf("%q is in the log: %q", obeyed, log.String())
		}
	}
	for _, want := range []string{"\noutputs:\n  verdict=fail\n  status=judged\n", "\n  failed-objectives=a <= 1s # #vso[task"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in %q", want, log.String())
		}
	}
}

// What is wrong is quoted, and what is quoted may be anybody's.
func TestNoMistakeIsObeyedByALog(t *testing.T) {
	t.Parallel()
	const evil = "##vso[task.setvariable variable=PASSED]true"
	for name, args := range map[string][]string{
		"trial":     {"--candidate=http://127.0.0.1:1", "--rate=" + evil, "--objectives=latency-p95 <= 1s"},
		"plan":      {"plan", "--candidate=http://127.0.0.1:1", "--rate=" + evil},
		"publish":   {"publish", "--from=.", "--comment=" + evil},
		"a command": {evil},
		"stored":    {"plan", "--from=" + evil},
		"judged":    {"judge", evil},
		"two":       {"judge", evil, evil},
	} {
		r := finish(t, command(t, args...))
		if r.wants(t, exitBadInput, "task.setvariable"); strings.Contains(r.stdout+r.stderr, "##vso") {
			t.Errorf("%s: %s%s", name, r.stdout, r.stderr)
		}
	}
	c := command(t, "--candidate=http://127.0.0.1:1", "--rate=fast")
	c.Env = append(c.Env, "SEATRIAL_##vso[task.complete]=x")
	if r := finish(t, c); !strings.Contains(r.stderr, "task.complete") || strings.Contains(r.stderr, "##vso") {
		t.Error(r.stderr)
	}
}

// artifact is what a fork's run may have left.
func artifact(t *testing.T, c *exec.Cmd, change func(*trial.Report)) {
	t.Helper()
	report := trial.Report{
		Schema: trial.ReportSchema, Tool: "v1", Started: time.Unix(1, 0).UTC(), Status: trial.Judged, Verdict: trial.Fail, ExitCode: exitFail,
		Mode: "enforce", Reason: "p95 is 27 % above baseline", Versions: []trial.Version{{Name: "candidate"}},
		Findings: []trial.Finding{{Objective: "latency-p95 <= 300ms", Version: "candidate", Verdict: trial.Fail, Rounds: 20}},
	}
	if change != nil {
		change(&report)
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(c.Dir, "seatrial-report")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		evidence.ReportFile: text, "summary.md": []byte("### ✅ pass, says the fork"), "trial.yaml": []byte("publish: {pr-number: 666}"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// ended is the event of a fork's run that has ended.
func ended(t *testing.T, c *exec.Cmd, server *githubapi.Server) {
	t.Helper()
	path := filepath.Join(c.Dir, "event.json")
	text := `{"workflow_run":{"head_sha":"forked","head_branch":"fix","html_url":"https://github.com/acme/shop/actions/runs/5",
		"head_repository":{"owner":{"login":"fan"}}, "pull_requests":[]}}`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Env = append(c.Env, "GITHUB_EVENT_PATH="+path, "GITHUB_REF=refs/heads/main", "INPUT_ARGS=publish --from seatrial-report")
	server.Open(githubapi.Pull{Number: 7, State: "open", SHA: "forked", Head: "fan:fix"})
}

func TestAForksReportIsPublishedFromItsFiguresAlone(t *testing.T) {
	t.Parallel()
	c := command(t, "publish", "--from", "seatrial-report")
	server := inJob(t, c)
	ended(t, c, server)
	artifact(t, c, func(r *trial.Report) { r.Reason = "<img src=x> @everyone ![x](http://evil.example) p95" })
	r := finish(t, c)
	r.wants(t, exitPass, "")
	comments := server.Comments()
	if len(comments) != 1 || !strings.Contains(comments[0].Body, "❌ Seatrial: fail") || !strings.Contains(comments[0].Body, "actions/runs/5") {
		t.Fatalf("comments %v\n%s", comments, r.stderr)
	}
	for _, evil := range []string{"<img", "@everyone", "![x](", "says the fork"} {
		if strings.Contains(comments[0].Body, evil) {
			t.Errorf("%q is in the comment:\n%s", evil, comments[0].Body)
		}
	}
	requests := strings.Join(server.Requests(), "\n")
	if !strings.Contains(requests, "POST /repos/acme/shop/issues/7/comments") || strings.Contains(requests, "666") {
		t.Errorf("requests\n%s", requests)
	}
	if s := server.Statuses(); len(s) != 1 || s[0].SHA != "forked" || s[0].State != "failure" {
		t.Errorf("statuses %v", s)
	}
	if summary := r.written(t, "summary"); !strings.Contains(summary, "❌ Seatrial: fail") {
		t.Errorf("summary %q", summary)
	}
	leaks(t, r, server)
}

func TestThePullRequestMayBeNamed(t *testing.T) {
	t.Parallel()
	c := command(t, "publish", "--from=seatrial-report", "--pr-number=12", "--comment-key=eu")
	server := inJob(t, c)
	artifact(t, c, nil)
	finish(t, c).wants(t, exitPass, "")
	if requests := strings.Join(server.Requests(), "\n"); !strings.Contains(requests, "POST /repos/acme/shop/issues/12/comments") {
		t.Errorf("requests\n%s", requests)
	}
	if all := server.Comments(); len(all) != 1 || !strings.HasPrefix(all[0].Body, "<!-- seatrial:v1 key=release/trial/eu -->\n") {
		t.Errorf("comments %v", all)
	}
}

func TestWhatIsNoReportIsNotPublished(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"nothing there":   {os.RemoveAll, "no such file"},
		"a link":          {func(dir string) error { return os.Rename(dir+"/report.json", dir+"/../there.json") }, "is no file"},
		"too large":       {func(dir string) error { return os.Truncate(dir+"/report.json", largestReport+1) }, "more than"},
		"Markdown":        {func(dir string) error { return os.WriteFile(dir+"/report.json", []byte("# pass"), 0o644) }, "no report"},
		"an unknown mode": {nil, "is not a mode"},
		"a false code":    {nil, "exit code 0"},
	} {
		command := command(t, "publish", "--from=seatrial-report")
		server := inJob(t, command)
		artifact(t, command, func(r *trial.Report) {
			switch name {
			case "an unknown mode":
				r.Mode = "<b>"
			case "a false code":
				r.ExitCode = 0
			}
		})
		dir := filepath.Join(command.Dir, "seatrial-report")
		if c.spoil != nil {
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
		}
		if name == "a link" {
			if err := os.Symlink("../there.json", filepath.Join(dir, "report.json")); err != nil {
				t.Fatal(err)
			}
		}
		finish(t, command).wants(t, exitBadInput, c.want)
		if len(server.Comments())+len(server.Statuses()) > 0 {
			t.Errorf("%s: published", name)
		}
	}
}

func TestPublishingThatFailsIsSeen(t *testing.T) {
	t.Parallel()
	c := command(t, "publish", "--from=seatrial-report")
	server := inJob(t, c)
	artifact(t, c, nil)
	server.Fail(githubapi.Fault{Method: "POST", Times: 99, Status: 422, Body: githubapi.TooLong})
	finish(t, c).wants(t, exitBroken, "Body is too long")
	c = command(t, "publish", "--from=seatrial-report")
	artifact(t, c, nil)
	finish(t, c).wants(t, exitBadInput, "no pipeline")
	finish(t, command(t, "publish")).wants(t, exitBadInput, "needs --from DIR")
	finish(t, command(t, "publish", "--from=x", "--comment=always")).wants(t, exitBadInput, "no way to comment")
}

// A forged report may hold any number where a trial writes one. It is not
// parallel: it would take the processor from trials that measure.
func TestNoNumberOfAReportStopsItsRendering(t *testing.T) {
	r := try(t, "--candidate", serve(t, always500), "--baseline", serve(t, ok), "--objectives", "error-rate <= 1%\nlatency-p95 <= 110% of baseline")
	data, err := os.ReadFile(filepath.Join(r.dir, evidence.ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, at := range regexp.MustCompile(`(": |      )-?[0-9][0-9.e+-]*`).FindAllIndex(data, -1) {
		start := at[0] + bytes.IndexAny(data[at[0]:at[1]], "-0123456789")
		for _, number := range []string{"-1", "0", "1e+300", "9223372036854775807"} {
			forged := slices.Concat(data[:start], []byte(number), data[at[1]:])
			report, err := trial.ReadReport(forged)
			if err != nil {
				continue
			}
			taken++
			if n := len(summary.Comment(report)); n == 0 || n > summary.CommentLimit {
				t.Errorf("%d bytes of a comment with %s in place of %s", n, number, data[start:at[1]])
			}
		}
	}
	if taken < 100 {
		t.Errorf("only %d forged reports were read", taken)
	}
}
