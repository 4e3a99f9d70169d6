//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/internal/githubapi"
)

// tool is the path of a program that tools.sh installs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(tools(t), name)
	need(t, path)
	return path
}

// tools is where tools.sh puts programs and modules.
func tools(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(cache, "seatrial-tools")
}

// secret is in no output, log or file of a trial that was given it.
const secret = "pssst-secret"

// event is one line of act's log; which fields have a value depends on the command.
type event struct {
	StepID  []string
	Command string
	Msg     string
	Content string            // of a summary
	KvPairs map[string]string // of an annotation
}

// log is what act and the runner in it said.
type log []event

// pullRequest is the event of one; a push has nothing to tell.
const pullRequest = `{"number": 7, "pull_request": {"number": 7,
	"head": {"sha": "` + forked + `", "repo": {"full_name": "acme/shop"}}, "base": {"repo": {"full_name": "acme/shop"}}}}`

// act runs a workflow in containers beside the versions under test, with the
// action as a release of this repository has it, and with GitHub's stand-in.
func (b bench) act(t *testing.T, code int, event, workflow string, gitHub *githubapi.Server) log {
	t.Helper()
	program := tool(t, "bin/act")
	dir := t.TempDir()
	checkout := repository{filepath.Join(dir, "shop"), append(os.Environ(), "HOME="+dir)}
	checkout.write(t, ".github/workflows/workflow.yml", workflow)
	checkout.write(t, "event.json", map[string]string{"pull_request": pullRequest, "push": "{}"}[event])
	for _, args := range [][]string{{"init", "--quiet"}, {"remote", "add", "origin", "https://github.com/acme/shop"}, {"add", "."},
		{"-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "--quiet", "--message", "x"}} {
		checkout.git(t, args...)
	}
	upload, err := filepath.Abs("testdata/upload")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, event, "--json", "--rm", "--eventpath=event.json",
		"--platform=ubuntu-latest=localhost/runner:latest", "--pull=false", "--container-daemon-socket=-", "--no-cache-server",
		"--network="+b.network, "--env=GITHUB_API_URL="+b.reach(t, gitHub.URL),
		"--local-repository=seatrial/seatrial@v1="+released(t), "--local-repository=actions/upload-artifact@v4="+upload,
		"--secret=GITHUB_TOKEN="+gitHub.Token, "--secret=SHOP_TOKEN="+secret)
	command.Dir = checkout.dir
	command.Env = append(slices.Clip(b.environ), "DOCKER_HOST="+b.socket(t), "HOME="+dir, "XDG_CACHE_HOME="+dir)
	output, err := command.Output()
	if command.ProcessState == nil || command.ProcessState.ExitCode() != code {
		t.Fatalf("%v, want exit code %d\n%s", err, code, output)
	}
	if strings.Contains(gitHub.Received(), secret) || strings.Contains(gitHub.Received(), gitHub.Token) {
		t.Error("a secret is in what was sent to GitHub")
	}
	return parseLog(t, string(output), secret, gitHub.Token)
}

// reach lets the jobs' network in on a server that listens to this machine alone.
func (b bench) reach(t *testing.T, server string) string {
	t.Helper()
	r := b.run(t, nil, "", "network", "inspect", "--format={{(index .Subnets 0).Gateway}}", b.network)
	r.expect(t, 0)
	listener, err := net.Listen("tcp", net.JoinHostPort(strings.TrimSpace(r.output), "0"))
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	gate := &http.Server{Handler: httputil.NewSingleHostReverseProxy(target)}
	go func() { _ = gate.Serve(listener) }()
	t.Cleanup(func() { _ = gate.Close() })
	return "http://" + listener.Addr().String()
}

// parseLog reads what act and the jobs printed, in which no secret may be.
func parseLog(t *testing.T, output string, secrets ...string) log {
	t.Helper()
	var events log
	for line := range strings.Lines(output) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		for _, secret := range secrets {
			if e.Command != "add-mask" && strings.Contains(line, secret) {
				t.Errorf("a secret is in the log: %s", line)
			}
		}
		events = append(events, e)
	}
	return events
}

// released is a checkout of a release of the action that takes the tests' image.
func released(t *testing.T) string {
	t.Helper()
	r := newRepository(t)
	name, _, _ := strings.Cut(image, ":")
	r.environ = append(r.environ, "IMAGE="+name)
	r.release(t, "tag", version).expect(t, 0)
	r.git(t, "checkout", "--quiet", version)
	return r.dir
}

// socket starts the engine's Docker API.
func (b bench) socket(t *testing.T) string {
	t.Helper()
	address := "unix://" + filepath.Join(t.TempDir(), "podman.sock")
	service := exec.Command("podman", "system", "service", "--time=0", address)
	service.Env = b.environ
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = service.Process.Kill(); _ = service.Wait() })
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if b.run(t, nil, "", "--remote", "--url="+address, "version").code == 0 {
			return address
		}
	}
	t.Fatal("podman serves no API after 30 s")
	return ""
}

// summary is what a step added to the job's page.
func (l log) summary(step string) string {
	for _, e := range l {
		if e.Command == "summary" && len(e.StepID) == 1 && e.StepID[0] == step {
			return e.Content
		}
	}
	return ""
}

// annotations of a step, each as its level and title.
func (l log) annotations(step string) []string {
	var found []string
	for _, e := range l {
		if (e.Command == "error" || e.Command == "warning") && len(e.StepID) == 1 && e.StepID[0] == step {
			found = append(found, e.Command+": "+e.KvPairs["title"])
		}
	}
	return found
}

// said are the rest of all lines that start so, printed by the jobs.
func (l log) said(start string) []string {
	var found []string
	for _, e := range l {
		lines := bufio.NewScanner(strings.NewReader(e.Msg))
		for lines.Scan() {
			if rest, starts := strings.CutPrefix(lines.Text(), start); starts && e.Command == "" {
				found = append(found, rest)
			}
		}
	}
	return found
}

func (b bench) actions(t *testing.T) {
	t.Run("Verdicts", b.actVerdicts)
	t.Run("Example", b.actExample)
	t.Run("PullRequest", b.actPullRequest)
}

// The three verdicts in one job, whose later step and later job use them.
func (b bench) actVerdicts(t *testing.T) {
	workflow, err := os.ReadFile("testdata/verdicts.yml")
	if err != nil {
		t.Fatal(err)
	}
	hub := newHub(t, describe(t), "")
	log := b.act(t, 0, "pull_request", string(workflow), hub.Server)
	checkLaterStep(t, log)
	if len(log.said("promoted")) != 1 {
		t.Error("the job that needs a winner did not run")
	}
	shown := map[string][]string{}
	for step, heading := range map[string]string{
		"pass": "### ✅ Seatrial: pass ", "fail": "### ❌ Seatrial: fail ", "inconclusive": "### ⏸️ Seatrial: inconclusive "} {
		if !strings.HasPrefix(log.summary(step), heading) {
			t.Errorf("the summary of step %s does not start with %q:\n%s", step, heading, log.summary(step))
		}
		shown[step] = log.annotations(step)
	}
	want := map[string][]string{"pass": nil, "fail": {"error: Seatrial: fail"}, "inconclusive": {"warning: Seatrial: inconclusive"}}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("annotations:\n%s", diff)
	}
	hub.agrees(t)
	checkComments(t, hub)
}

// checkLaterStep reads the three steps' context as a step after them printed it.
func checkLaterStep(t *testing.T, log log) {
	t.Helper()
	type outcome struct {
		Outputs map[string]string
		Outcome string
	}
	const limits = "latency-p50 <= 150% of baseline\nlatency-p50 <= 140% of baseline"
	want := []outcome{
		{map[string]string{"verdict": "pass", "passed": "true", "exit-code": "0", "winner": "candidate", "failed-objectives": ""}, "success"},
		{map[string]string{"verdict": "fail", "passed": "false", "exit-code": "1", "winner": "", "failed-objectives": limits}, "failure"},
		{map[string]string{"verdict": "inconclusive", "passed": "false", "exit-code": "3", "winner": "", "failed-objectives": ""}, "failure"},
	}
	var got []outcome
	for i, line := range log.said("later ") {
		var o outcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if i < len(want) {
			o.Outputs = only(want[i].Outputs, o.Outputs)
		}
		got = append(got, o)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what a later step saw:\n%s", diff)
	}
}

// checkComments wants one comment of the step with a key of its own, and one of
// the two others, which the later of them has edited.
func checkComments(t *testing.T, hub *hub) {
	t.Helper()
	var headings []string
	for _, comment := range hub.Comments() {
		_, heading, _ := strings.Cut(comment.Body, "### ")
		verdict, _, _ := strings.Cut(heading, " — ")
		headings = append(headings, verdict)
	}
	if diff := cmp.Diff([]string{"✅ Seatrial: pass", "⏸️ Seatrial: inconclusive"}, headings); diff != "" {
		t.Errorf("comments:\n%s", diff)
	}
	sent := map[string]int{}
	for _, request := range hub.Requests() {
		method, _, _ := strings.Cut(request, " ")
		sent[method]++
	}
	if sent["POST"] != 2 || sent["PATCH"] != 1 {
		t.Errorf("requests: %v, want two comments made and one edited", sent)
	}
}

// The example as it stands, but for the addresses.
func (b bench) actExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "examples", "github", "release.yml"))
	if err != nil {
		t.Fatal(err)
	}
	workflow := strings.NewReplacer("https://canary.shop.example", slower, "https://shop.example", baseline).Replace(string(text))
	hub := newHub(t, describe(t), "")
	log := b.act(t, 1, "push", workflow, hub.Server)
	if want := "### ❌ Seatrial: fail "; !strings.HasPrefix(log.summary("trial"), want) {
		t.Errorf("the summary does not start with %q:\n%s", want, log.summary("trial"))
	}
	uploaded := strings.Join(log.said("uploaded "), " ")
	for _, file := range []string{"report.json", "summary.md", "report.html", "rounds.jsonl"} {
		if !strings.Contains(uploaded, file) {
			t.Errorf("%s is not in the artifact: %s", file, uploaded)
		}
	}
	hub.agrees(t)
	if marks := hub.Statuses(); len(marks) != 1 || marks[0].State != "failure" {
		t.Errorf("the commit is marked %+v, want one failure", marks)
	}
}

// The example with the versions under test in the place of its services, which
// podman 4.3 gives act no names for.
func (b bench) actPullRequest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "examples", "github", "pull-request.yml"))
	if err != nil {
		t.Fatal(err)
	}
	services := regexp.MustCompile(`(?ms)^    services:\n.*?^    steps:`)
	if !services.Match(text) {
		t.Fatal("the example has no services")
	}
	workflow := services.ReplaceAllString(string(text), "    steps:")
	workflow = strings.NewReplacer("http://preview:8080", slower, "http://shop:8080", baseline).Replace(workflow)
	hub := newHub(t, describe(t), "")
	log := b.act(t, 1, "pull_request", workflow, hub.Server)
	if want := "### ❌ Seatrial: fail "; !strings.HasPrefix(log.summary("trial"), want) {
		t.Errorf("the summary does not start with %q:\n%s", want, log.summary("trial"))
	}
	hub.agrees(t)
	if comments := hub.Comments(); len(comments) != 1 || !strings.Contains(comments[0].Body, "### ❌ Seatrial: fail ") {
		t.Errorf("comments %+v, want one that says fail", comments)
	}
}
