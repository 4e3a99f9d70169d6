//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/seatrial/seatrial/internal/gitlabapi"
)

// gitlab-ci-local runs GitLab's pipelines without a GitLab. It needs a newer
// Node than distributions have; npm has that too.
var gitLabCILocal = []string{"gitlab-ci-local@4.75.1", "node@22.23.3"}

// pipelines is a repository with the component and one example, and the
// command that runs its pipeline.
type pipelines struct {
	workspace string
	environ   []string
	command   []string
	variables map[string]string
}

func newPipelines(t *testing.T, environ []string, example string, options ...string) pipelines {
	t.Helper()
	need(t, "npm", "git", "rsync")
	client := installed(t)
	p := pipelines{workspace: t.TempDir(), environ: append(environ[:len(environ):len(environ)], "HOME="+t.TempDir())}
	p.command = append([]string{"env", "--chdir=" + p.workspace,
		filepath.Join(client, "node", "bin", "node"), filepath.Join(client, "gitlab-ci-local", "dist", "index.js"), "--ignore-predefined-vars=GITLAB_CI"}, options...)
	p.copy(t, "templates/seatrial.yml", "templates/seatrial.yml")
	p.copy(t, "examples/gitlab/"+example, ".gitlab-ci.yml")
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"config", "user.name", "e2e"}, {"config", "user.email", "e2e@shop.example"},
		{"remote", "add", "origin", "https://gitlab.example/acme/shop.git"}, {"add", "--all"}, {"commit", "--quiet", "--message=the shop"},
	} {
		run(t, p.environ, "", "git", append([]string{"-C", p.workspace}, args...)...).expect(t, 0)
	}
	// The load of these tests; gitlab-ci-local says that it is not GitLab, for scripts that deploy.
	p.variables = map[string]string{
		"GITLAB_CI": "true", "SEATRIAL_RATE": "100/s", "SEATRIAL_WARMUP": "1s", "SEATRIAL_FOR": "40s", "SEATRIAL_AT_LEAST": "8s",
	}
	return p
}

// installed is the directory of the client's modules, in the user's cache.
func installed(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "seatrial-e2e", strings.Join(gitLabCILocal, "-"))
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	fresh := dir + ".new"
	for _, err := range []error{os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	run(t, os.Environ(), "", "npm", append([]string{"install", "--no-audit", "--no-fund", "--prefix=" + fresh}, gitLabCILocal...)...).expect(t, 0)
	if err := os.Rename(fresh, dir); err != nil {
		t.Fatal(err)
	}
	return modules
}

func (p pipelines) copy(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", from))
	if err != nil {
		t.Fatal(err)
	}
	to = filepath.Join(p.workspace, to)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs the whole pipeline with further variables.
func (p pipelines) run(t *testing.T, variables map[string]string) result {
	t.Helper()
	args := p.command[1:len(p.command):len(p.command)]
	for _, set := range []map[string]string{p.variables, variables} {
		for name, value := range set {
			args = append(args, "--variable", name+"="+value)
		}
	}
	return run(t, p.environ, "", p.command[0], args...)
}

// wants looks for lines in what the pipeline printed, colours and padding apart.
func (r result) wants(t *testing.T, lines ...string) {
	t.Helper()
	plain := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(r.output, "")
	plain = regexp.MustCompile(`(?m) +`).ReplaceAllString(plain, " ")
	for _, want := range lines {
		if !strings.Contains(plain, want) {
			t.Errorf("no %q in\n%s", want, plain)
		}
	}
}

// sampleService starts a version of the sample service on loopback.
func sampleService(t *testing.T, seatrial string, options ...string) (url string) {
	t.Helper()
	service := exec.Command(seatrial, append([]string{"sample", "--latency=10ms", "--spread=0.2"}, options...)...)
	out, err := service.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Process.Kill(); _ = service.Wait() })
	if _, err := fmt.Fscanln(out, &url); err != nil {
		t.Fatal(err)
	}
	return url
}

// TestGitLabPipelines runs the examples with the shell executor.
func TestGitLabPipelines(t *testing.T) {
	need(t, "go")
	bin := t.TempDir()
	seatrial := built(t, bin)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	shop, same := sampleService(t, seatrial, "--seed=1"), sampleService(t, seatrial, "--seed=2")

	release := newPipelines(t, os.Environ(), "release.gitlab-ci.yml", "--force-shell-executor", "--shell-isolation")
	release.variables["SHOP_URL"], release.variables["CANARY_URL"] = shop, same
	t.Run("Pass", release.pass)
	t.Run("Inconclusive", release.inconclusive)
	t.Run("Fail", func(t *testing.T) { release.fail(t, sampleService(t, seatrial, "--seed=3", "--scale=2.5")) })

	review := newPipelines(t, os.Environ(), "review.gitlab-ci.yml", "--force-shell-executor", "--shell-isolation")
	review.variables["SHOP_URL"], review.variables["REVIEW_URL"] = shop, same
	t.Run("Review", review.review)
}

// pass: the release job reads the outputs of the trial, and GitLab's sections
// are found in the log.
func (p pipelines) pass(t *testing.T) {
	r := p.run(t, nil)
	r.expect(t, 0)
	r.wants(t, "PASS seatrial", "PASS release", "release > verdict pass, report in seatrial-report")
	for _, part := range []string{"inputs", "readiness", "load", "report"} {
		r.wants(t, "seatrial_"+part+" took")
	}
	for _, file := range []string{"report.json", "summary.md", "report.html", "junit.xml", "metrics.txt", "load-performance.json", "outputs.env"} {
		if _, err := os.Stat(filepath.Join(p.workspace, "seatrial-report", file)); err != nil {
			t.Errorf("not among the artifacts: %v", err)
		}
	}
}

// inconclusive: exit code 3 is a warning; the pipeline goes on to the release,
// which reads the verdict and stops.
func (p pipelines) inconclusive(t *testing.T) {
	r := p.run(t, map[string]string{"SEATRIAL_FOR": "3s", "SEATRIAL_AT_LEAST": "2s"})
	r.expect(t, 1)
	r.wants(t, "WARN 3", "WARN seatrial", "FAIL release", "release > verdict inconclusive")
}

// fail: the trial and the pipeline fail. (gitlab-ci-local begins the release all
// the same: allow_failure lets its later stages run whatever the exit code.)
func (p pipelines) fail(t *testing.T, slower string) {
	r := p.run(t, map[string]string{"CANARY_URL": slower})
	r.expect(t, 1)
	r.wants(t, "FAIL seatrial", "FAIL release")
}

// review: in a merge request the trial waits for the review app, its verdict
// stands in a note, and in mode report an undecided one is no warning;
// elsewhere there is no job.
func (p pipelines) review(t *testing.T) {
	server := gitlabapi.New()
	t.Cleanup(server.Close)
	short := map[string]string{
		"SEATRIAL_FOR": "3s", "SEATRIAL_AT_LEAST": "2s", "CI_PIPELINE_SOURCE": "merge_request_event",
		"CI_API_V4_URL": server.URL + "/api/v4", "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "11", "SEATRIAL_GITLAB_TOKEN": gitlabapi.Token,
	}
	r := p.run(t, short)
	r.expect(t, 0)
	r.wants(t, "PASS review", "PASS trial", "INCONCLUSIVE after 3 s")
	if len(server.Notes) != 1 || !strings.Contains(server.Notes[0].Body, "inconclusive") {
		t.Errorf("notes of the merge request: %+v", server.Notes)
	}
	if strings.Contains(r.output, gitlabapi.Token) {
		t.Errorf("the token is in the log:\n%s", r.output)
	}
	short["CI_PIPELINE_SOURCE"] = "push"
	if r := p.run(t, short); strings.Contains(r.output, "starting shell") {
		t.Errorf("a push ran jobs that are for merge requests:\n%s", r.output)
	}
}

// gitLabPipeline runs the release with the docker executor, through the
// component's own entrypoint: [""].
func (b bench) gitLabPipeline(t *testing.T) {
	const helper = "localhost/gitlab-helper:e2e"
	run(t, b.environ, "", "./gitlab-helper.sh", helper).expect(t, 0)
	p := newPipelines(t, b.environ, "release.gitlab-ci.yml", "--container-executable=podman", "--helper-image="+helper,
		"--pull-policy=if-not-present", "--network="+b.network)
	p.inputs(t, "      image: "+image)
	p.variables["SHOP_URL"] = baseline

	p.variables["CANARY_URL"] = same
	r := p.run(t, nil)
	r.expect(t, 0)
	r.wants(t, "starting "+image, "seatrial "+version, "seatrial_load took", "PASS seatrial", "release > verdict pass, report in seatrial-report")

	p.variables["CANARY_URL"] = slower
	r = p.run(t, nil)
	r.expect(t, 1)
	r.wants(t, "FAIL seatrial")
}

// inputs adds inputs of the component to the example.
func (p pipelines) inputs(t *testing.T, lines string) {
	t.Helper()
	path := filepath.Join(p.workspace, ".gitlab-ci.yml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(text), "    inputs:\n")
	if !found {
		t.Fatalf("%s gives the component no inputs", path)
	}
	if err := os.WriteFile(path, []byte(before+"    inputs:\n"+lines+"\n"+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
