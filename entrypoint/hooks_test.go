package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/platform"
	"github.com/seatrial/seatrial/trial"
)

// hooked prepares a trial of two versions, the candidate with a handler of its
// own, that does what on: says.
func hooked(t *testing.T, candidate http.HandlerFunc, on string, args ...string) *exec.Cmd {
	t.Helper()
	c := command(t, append(short(), args...)...)
	text := "baseline: {url: " + serve(t, ok) + ", version: v41}\ncandidate: {url: " + serve(t, candidate) + ", version: v42}\n" +
		"objectives: [error-rate <= 50%]\n" + on
	if err := os.WriteFile(filepath.Join(c.Dir, "seatrial.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return c
}

// left is what a command wrote into a file of the step's directory; empty
// where it wrote none.
func (r result) left(name string) string {
	text, _ := os.ReadFile(filepath.Join(filepath.Dir(r.dir), name))
	return strings.TrimSpace(string(text))
}

// ran is each hook's event, name and trouble, in their order.
func ran(r trial.Report) []string {
	var out []string
	for _, h := range r.Hooks {
		out = append(out, strings.TrimSuffix(h.Event+" "+h.Name+": "+h.Trouble, ": "))
	}
	return out
}

func TestAPassIsFollowedByItsCommandsOnly(t *testing.T) {
	t.Parallel()
	r := finish(t, hooked(t, ok, `
on:
  start: {name: begin, run: 'echo "$SEATRIAL_EVENT $SEATRIAL_STATUS [$SEATRIAL_VERDICT]" >start'}
  pass:
    - {name: promote, run: 'echo "$SEATRIAL_WINNER $SEATRIAL_WINNER_VERSION $SEATRIAL_VERDICT $SEATRIAL_PASSED $SEATRIAL_EXIT_CODE" >pass', if: winner == candidate}
    - {name: keep, run: echo >kept, if: winner == baseline}
  fail: echo >fail
  inconclusive: echo >inconclusive
  finish: {name: end, run: 'echo "$SEATRIAL_STATUS $SEATRIAL_VERDICT" >finish', if: status != broken}
`))
	r.wants(t, exitPass, "✓ on pass: promote")
	want := map[string]string{"start": "start running []", "pass": "candidate v42 pass true 0", "finish": "judged pass", "kept": "", "fail": "", "inconclusive": ""}
	for name, text := range want {
		if got := r.left(name); got != text {
			t.Errorf("%s: %q, want %q", name, got, text)
		}
	}
	if diff := cmp.Diff([]string{"start begin", "pass promote", "finish end"}, ran(r.report(t))); diff != "" {
		t.Error(diff)
	}
}

func TestAStartThatFailsEndsTheTrialBeforeAnythingIsAsked(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	count := func(w http.ResponseWriter, r *http.Request) { asked.Add(1); ok(w, r) }
	r := finish(t, hooked(t, count, "on: {start: [{name: lock, run: echo taken by another; exit 9}, touch second], pass: touch passed, finish: 'echo $SEATRIAL_STATUS >finish'}"))
	r.wants(t, exitBroken, `on start "lock": exit code 9`)
	if n := asked.Load(); n > 0 || r.left("finish") != "broken" {
		t.Errorf("%d requests; at the end %q", n, r.left("finish"))
	}
	report := r.report(t)
	want := []string{"start lock: exit code 9", `start touch second: left out after the failure of "lock"`, "finish echo $SEATRIAL_STATUS >finish"}
	if diff := cmp.Diff(want, ran(report)); diff != "" || report.Status != trial.Broken || report.Hooks[0].Output[0] != "taken by another" {
		t.Errorf("%s: %v\n%s", report.Status, report.Hooks[0].Output, diff)
	}
}

func TestAPassThatCouldNotBeFollowedIsNone(t *testing.T) {
	t.Parallel()
	c := hooked(t, ok, "on: {pass: [{name: promote, run: echo no rights; exit 4}, touch second], fail: touch fail, finish: 'echo $SEATRIAL_STATUS [$SEATRIAL_WINNER] $SEATRIAL_EXIT_CODE >finish'}")
	r := finish(t, c)
	r.wants(t, exitBroken, "status=broken")
	r.wants(t, exitBroken, "verdict=\n")
	r.wants(t, exitBroken, "PASS NOT CARRIED OUT")
	report := r.report(t)
	if report.Verdict == trial.Pass || report.Choice.Winner != "" || report.Choice.Recommended != "baseline" || report.ExitCode != exitBroken {
		t.Errorf("%s, winner %q, recommended %q, exit code %d", report.Verdict, report.Choice.Winner, report.Choice.Recommended, report.ExitCode)
	}
	if got := r.left("finish"); got != "broken [] 5" {
		t.Errorf("at the end %q", got)
	}
	for _, name := range []string{"second", "fail"} {
		if _, err := os.Stat(filepath.Join(c.Dir, name)); err == nil {
			t.Errorf("%s was run", name)
		}
	}
	// The evidence is of a pass, and what was done then is told beside it.
	finish(t, command(t, "judge", r.dir)).wants(t, exitPass, "On pass: ✗ promote: exit code 4: no rights")
}

func TestAPassMayIgnoreAFailure(t *testing.T) {
	t.Parallel()
	r := finish(t, hooked(t, ok, "on: {pass: [{name: tell, run: exit 4, ignore-failure: true}, {name: promote, run: echo >promoted}], round: {name: push, run: exit 1}, finish: exit 2}"))
	r.wants(t, exitPass, "tell: exit code 4, ignored")
	r.wants(t, exitPass, "warning: on round: push failed")
	report := r.report(t)
	if diff := cmp.Diff([]string{"round push: exit code 1", "pass tell: exit code 4", "pass promote", "finish exit 2: exit code 2"}, ran(report)); diff != "" {
		t.Error(diff)
	}
	again := finish(t, command(t, "judge", "--json", r.dir))
	if written, err := os.ReadFile(filepath.Join(r.dir, "report.json")); err != nil || string(written) != again.stdout {
		t.Errorf("judged again, another report: %v\n%s", err, cmp.Diff(string(written), again.stdout))
	}
}

func TestAFailStandsWhateverComesOfTheRollBack(t *testing.T) {
	t.Parallel()
	c := hooked(t, always500, "on: {fail: [{name: roll back, run: echo locked; exit 6}, 'echo $SEATRIAL_FAILED_OBJECTIVES [$SEATRIAL_WINNER] >told'], pass: touch passed}")
	inJob(t, c)
	r := finish(t, c)
	r.wants(t, exitFail, `What was to follow did not work: on fail "roll back": exit code 6. See to it by hand.`)
	r.wants(t, exitFail, `::warning title=Seatrial%3A on fail::"roll back": exit code 6`)
	if got := r.left("told"); got != "error-rate <= 50% [baseline]" && got != "error-rate <= 50% []" || r.left("passed") != "" {
		t.Errorf("told %q", got)
	}
}

func TestWhatCouldNotBeToldHasCommandsOfItsOwn(t *testing.T) {
	t.Parallel()
	r := finish(t, hooked(t, ok, "on: {inconclusive: 'echo $SEATRIAL_VERDICT $SEATRIAL_EXIT_CODE >told; exit 1'}", "--objectives=latency-p99.99 <= 10s"))
	r.wants(t, exitInconclusive, "did not work: on inconclusive")
	if got := r.left("told"); got != "inconclusive 3" {
		t.Errorf("told %q", got)
	}
}

func TestFinishFollowsATrialThatNeverBegan(t *testing.T) {
	t.Parallel()
	r := finish(t, hooked(t, closing, "on: {finish: 'echo $SEATRIAL_STATUS $SEATRIAL_EXIT_CODE >finish; exit 1', fail: touch fail, inconclusive: touch open}"))
	r.wants(t, exitNotReady, "connection closed")
	if got := r.left("finish"); got != "not-ready 4" {
		t.Errorf("at the end %q", got)
	}
	if diff := cmp.Diff(1, len(r.report(t).Hooks)); diff != "" {
		t.Error(diff)
	}
}

func TestARoundWaitsForNoCommand(t *testing.T) {
	t.Parallel()
	began := time.Now()
	r := finish(t, hooked(t, ok, "on: {round: {name: slow, run: 'echo $SEATRIAL_ROUND $SEATRIAL_VERDICT >>rounds; exec sleep 60'}}"))
	r.wants(t, exitPass, "PASS")
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the trial took %s", took)
	}
	hooks := r.report(t).Hooks
	if r.left("rounds") != "1 inconclusive" || len(hooks) != 1 || hooks[0].Runs != 1 || hooks[0].Failed != 0 {
		t.Errorf("rounds %q, hooks %+v", r.left("rounds"), hooks)
	}
}

// signalAt runs a command and sends it a signal as soon as a file is there.
func signalAt(t *testing.T, c *exec.Cmd, file string) (result, time.Duration) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(c.Dir, file)); err == nil {
			break
		}
	}
	at := time.Now()
	_ = c.Process.Signal(syscall.SIGTERM)
	_ = c.Wait()
	return result{c.ProcessState.ExitCode(), stdout.String(), stderr.String(), filepath.Join(c.Dir, "seatrial-report")}, time.Since(at)
}

func TestASignalEndsCommandsWithinSeconds(t *testing.T) {
	t.Parallel()
	const stubborn = "trap \"\" TERM; touch here; while :; do sleep 1; done"
	for name, c := range map[string]struct {
		candidate http.HandlerFunc
		on        string
		code      int
		status    trial.Status
		finish    string
	}{
		"before the trial":    {ok, "start: '" + stubborn + "'", 143, trial.Cancelled, "cancelled"},
		"beside it":           {ok, "round: '" + stubborn + "'", 143, trial.Cancelled, "cancelled"},
		"that promote":        {ok, "pass: '" + stubborn + "'", 143, trial.Cancelled, "cancelled"},
		"that roll back":      {always500, "fail: '" + stubborn + "'", exitFail, trial.Judged, ""},
		"at the end":          {ok, "pass: 'true', inconclusive: '" + stubborn + "'", exitInconclusive, trial.Judged, ""},
		"that may be ignored": {ok, "pass: {run: '" + stubborn + "', ignore-failure: true}", exitPass, trial.Judged, "judged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{}
			if strings.Contains(c.on, "inconclusive") {
				args = append(args, "--objectives=latency-p99.99 <= 10s")
			}
			r, took := signalAt(t, hooked(t, c.candidate, "on: {"+c.on+", finish: 'echo $SEATRIAL_STATUS >finish'}", args...), "here")
			if report := r.report(t); r.code != c.code || report.Status != c.status || took > 7*time.Second {
				t.Errorf("exit code %d, want %d; %s; %s after the signal\n%s", r.code, c.code, report.Status, took, r.stderr)
			}
			if got := r.left("finish"); c.finish != "" && got != c.finish {
				t.Errorf("at the end %q, want %q", got, c.finish)
			}
		})
	}
}

// A signal may come between the verdict and what follows it.
func TestAfterASignalAFailIsFollowedAndAPassIsNot(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(signalled{syscall.SIGTERM})
	for verdict, want := range map[trial.Verdict]trial.Report{
		trial.Pass: {Status: trial.Cancelled, Hooks: []trial.Hook{{Failed: 1, Trouble: "stopped: received terminated"}}},
		trial.Fail: {Status: trial.Judged, Verdict: trial.Fail, Hooks: []trial.Hook{{}}},
	} {
		dir := t.TempDir()
		marker := filepath.Join(dir, "done")
		action := config.Actions{{Run: config.Script("touch " + marker)}}
		p := process{stderr: io.Discard, now: time.Now, environ: []string{"PATH=" + os.Getenv("PATH")}}
		h := newHooks(p, config.File{On: config.Hooks{Pass: action, Fail: action}}, nil, newParts(p, platform.Detect(platform.Environment{Getenv: p.getenv})))
		got := h.conclude(ctx, trial.Report{Status: trial.Judged, Verdict: verdict})
		_, err := os.Stat(marker)
		if done := err == nil; got.Status != want.Status || got.Verdict != want.Verdict || got.Hooks[0].Trouble != want.Hooks[0].Trouble || done != (verdict == trial.Fail) {
			t.Errorf("after a %s: %s, %s, %+v; done: %v", verdict, got.Status, got.Verdict, got.Hooks, done)
		}
	}
}

func TestWhatWasCancelledIsNotPromoted(t *testing.T) {
	t.Parallel()
	r, took := signalAt(t, hooked(t, ok, "on: {round: touch here, pass: touch passed, finish: 'touch finish; exec sleep 60'}", "--for=60s", "--at-least=50s"), "here")
	r.wants(t, 143, "CANCELLED")
	if _, err := os.Stat(filepath.Join(filepath.Dir(r.dir), "passed")); err == nil || took > 7*time.Second {
		t.Errorf("promoted: %v; %s after the signal", err == nil, took)
	}
	if diff := cmp.Diff("finish touch finish; exec sleep 60: stopped: received terminated", strings.Join(ran(r.report(t))[1:], "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestCommandsKnowNoInputsAndShowNoSecrets(t *testing.T) {
	t.Parallel()
	c := hooked(t, always500, "load: {headers: {Authorization: 'Bearer ${SHOP_TOKEN}'}}\n"+
		"on: {fail: 'env >environ; echo the token is $SHOP_TOKEN; echo pushed by $GITHUB_TOKEN; echo \"::set-env name=a::b\"; printf \"\\033[31mred\\n\"; exit 1'}")
	server := inJob(t, c)
	c.Env = append(c.Env, "SHOP_TOKEN=s3cr3t-shop", "SEATRIAL_GITLAB_TOKEN=s3cr3t-gitlab", "INPUT_BODY=s3cr3t-body", "GITHUB_TOKEN=s3cr3t-runner", "KUBECONFIG=/etc/kube", "OWN=kept")
	r := finish(t, c)
	r.wants(t, exitFail, "the token is ***")
	r.wants(t, exitFail, "pushed by ***")
	environ := strings.Split(r.left("environ"), "\n")
	for _, want := range []string{"KUBECONFIG=/etc/kube", "OWN=kept", "SHOP_TOKEN=s3cr3t-shop", "SEATRIAL_REPORT_DIR=seatrial-report"} {
		if !slices.Contains(environ, want) {
			t.Errorf("the command has no %s", want)
		}
	}
	for _, never := range []string{server.Token, "s3cr3t-gitlab", "s3cr3t-body"} {
		if strings.Contains(r.left("environ"), never) {
			t.Errorf("the command has %s", never)
		}
	}
	// A mask is the one command that must name a secret.
	r.stdout = strings.Join(slices.DeleteFunc(strings.SplitAfter(r.stdout, "\n"), func(line string) bool { return strings.HasPrefix(line, "::add-mask::") }), "")
	for line := range strings.Lines(r.stdout + r.stderr) {
		if strings.HasPrefix(line, "::set-env") || strings.Contains(line, "\x1b") {
			t.Errorf("in the log: %q", line)
		}
	}
	r.hides(t, "s3cr3t-shop")
	r.hides(t, "s3cr3t-runner")
}

// What others chose reaches a command as it is, and as nothing but a value.
func TestHostileNamesAreValuesOnly(t *testing.T) {
	t.Parallel()
	hostile := `'"; touch owned; $(touch owned) ` + "`touch owned`" + ` ${X} \ |`
	label := "v1\n$(touch owned)\nSEATRIAL_VERDICT=fail"
	c := command(t, append(short(), "--candidate-version="+label)...)
	text, err := json.Marshal(map[string]any{
		"candidate":  map[string]string{"url": serve(t, ok), "name": strings.ReplaceAll(hostile, "${", "$${")},
		"baseline":   serve(t, ok),
		"objectives": []string{"error-rate <= 50%"},
		"on":         map[string]any{"pass": `printf %s "$SEATRIAL_WINNER" >winner; printf %s "$SEATRIAL_WINNER_VERSION" >label; printf %s "$SEATRIAL_VERSIONS" >versions; printf %s "$SEATRIAL_VERDICT" >verdict`},
	})
	if err != nil || os.WriteFile(filepath.Join(c.Dir, "seatrial.yaml"), text, 0o644) != nil {
		t.Fatal(err)
	}
	r := finish(t, c)
	r.wants(t, exitPass, "PASS")
	if r.left("winner") != hostile || r.left("label") != label || r.left("verdict") != "pass" {
		t.Errorf("winner %q, label %q, verdict %q", r.left("winner"), r.left("label"), r.left("verdict"))
	}
	var versions []trial.Version
	if err := json.Unmarshal([]byte(r.left("versions")), &versions); err != nil || len(versions) != 2 || versions[1].Name != hostile {
		t.Errorf("%v: %v", err, versions)
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "owned")); err == nil {
		t.Error("a name was run")
	}
}

func TestAWebhookIsToldTheVerdict(t *testing.T) {
	t.Parallel()
	var got []string
	hook := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.Header.Get("Content-Type")+" "+r.URL.Path+" "+string(body))
		if r.URL.Path != "/ok" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	})
	c := hooked(t, always500, `name: "shop <!channel> @all"
on:
  start: {notify: "${HOOK}/ok"}
  fail: [{notify: "${HOOK}/ok"}, {name: tell, notify: "${HOOK}/s3cr3t-key"}, {name: must, notify: "${HOOK}/s3cr3t-key", ignore-failure: false}]
`)
	c.Env = append(c.Env, "HOOK="+hook)
	r := finish(t, c)
	r.wants(t, exitFail, "did not work: on fail \"must\": answered 307")
	r.hides(t, "s3cr3t-key")
	if len(got) != 4 || !strings.HasPrefix(got[1], "POST application/json; charset=utf-8 /ok {\"text\":\"") {
		t.Fatalf("%q", got)
	}
	var begin, end struct{ Text string }
	for i, into := range []*struct{ Text string }{&begin, &end} {
		if err := json.Unmarshal([]byte(got[i][strings.Index(got[i], "{"):]), into); err != nil {
			t.Fatal(err)
		}
	}
	const name = "Seatrial · shop &lt;!channel&gt; @\u200ball: "
	if !strings.HasPrefix(begin.Text, "▶️ "+name+"begins · baseline v41 · candidate v42") || !strings.HasPrefix(end.Text, "❌ "+name+"fail — ") {
		t.Errorf("%q, %q", begin.Text, end.Text)
	}
}

// What the trial was given to ask the cluster with, its commands have too.
func TestACommandThatShowsTheKubeconfigShowsNoToken(t *testing.T) {
	t.Parallel()
	c := hooked(t, ok, "on: {start: {run: 'cat \"$KUBECONFIG\"; exit 3'}}\nready: {objects: [pod/web]}\n")
	path := filepath.Join(c.Dir, "kubeconfig")
	if err := os.WriteFile(path, []byte(kubeconfig("https://prod.example")), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Env = append(c.Env, "KUBECONFIG="+path)
	r := finish(t, c)
	r.wants(t, exitBroken, "token: ***")
	r.hides(t, "kube-secret")
}
