package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/trial"
)

// asCommand makes the test binary the command itself.
const asCommand = "TEST_AS_SEATRIAL"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(start())
	}
	os.Exit(m.Run())
}

// result is what one run of the command left behind.
type result struct {
	code           int
	stdout, stderr string
	dir            string
}

// command prepares a run of the real command in a directory of its own.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Dir = t.TempDir()
	c.Env = []string{asCommand + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + c.Dir}
	return c
}

func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), stdout.String(), stderr.String(), filepath.Join(c.Dir, "seatrial-report")}
}

// try runs a short trial: 100 requests a second to each version, 3 s, a pass
// from 2 s on.
func try(t *testing.T, args ...string) result {
	t.Helper()
	return finish(t, command(t, append(short(), args...)...))
}

func short() []string {
	return []string{"--rate=100/s", "--for=3s", "--at-least=2s", "--warmup=500ms", "--timeout=1s", "--ready-within=1s"}
}

func (r result) report(t *testing.T) trial.Report {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, evidence.ReportFile))
	if err != nil {
		t.Fatalf("%v\nstdout:\n%s\nstderr:\n%s", err, r.stdout, r.stderr)
	}
	report, err := trial.ReadReport(data)
	if err != nil {
		t.Fatalf("what this trial wrote is refused: %v", err)
	}
	return report
}

// wants fails the test unless the command ended as expected, with the text on
// either stream.
func (r result) wants(t *testing.T, code int, text string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.stdout+r.stderr, text) {
		t.Errorf("exit code %d, want %d, with %q in\nstdout:\n%s\nstderr:\n%s", r.code, code, text, r.stdout, r.stderr)
	}
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// ok answers after 2 ms.
func ok(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(2 * time.Millisecond)
	_, _ = io.WriteString(w, "ok")
}

func always500(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func closing(w http.ResponseWriter, _ *http.Request) {
	conn, _, _ := w.(http.Hijacker).Hijack()
	_ = conn.Close()
}

func refusing(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(ok))
	s.Close()
	return s.URL
}

func TestEqualVersionsPass(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--objectives", "latency-p50 <= 300% of baseline\nlatency-p50 <= 500ms", "--for=30s")
	r.wants(t, exitPass, "PASS")
	if report := r.report(t); report.Verdict != trial.Pass || len(report.Findings) != 3 {
		t.Errorf("verdict %s with %d findings, want pass with 3", report.Verdict, len(report.Findings))
	}
}

func TestSlowerCandidateFails(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, r *http.Request) { time.Sleep(10 * time.Millisecond); ok(w, r) }
	r := try(t, "--candidate", serve(t, slow), "--baseline", serve(t, ok), "--objectives", "latency-p50 <= 200% of baseline", "--for=20s")
	r.wants(t, exitFail, "FAIL")
}

func TestReportModeTakesTheTeethOut(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", serve(t, always500), "--baseline", serve(t, ok), "--mode=report")
	r.wants(t, exitPass, "FAIL")
}

// What must never be: each of these ends in something else than exit code 0.

func TestNoRequestAnsweredIsNotReady(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", serve(t, closing), "--objectives", "latency-p95 <= 1s")
	r.wants(t, exitNotReady, "connection closed")
}

func TestRefusingCandidateIsNotReady(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", refusing(t), "--baseline", serve(t, ok))
	r.wants(t, exitNotReady, "connection refused")
	if report := r.report(t); report.Status != trial.NotReady || report.ExitCode != exitNotReady {
		t.Errorf("the report says %s, exit code %d", report.Status, report.ExitCode)
	}
}

func TestHangingCandidateIsNotReady(t *testing.T) {
	t.Parallel()
	try(t, "--candidate", serve(t, hang), "--baseline", serve(t, ok)).wants(t, exitNotReady, "timed out")
}

func TestWaitForURLThatNeverComesIsNotReady(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--wait-for", serve(t, always500))
	r.wants(t, exitNotReady, "answered 500")
}

func TestOnly500Fails(t *testing.T) {
	t.Parallel()
	try(t, "--candidate", serve(t, always500), "--baseline", serve(t, ok)).wants(t, exitFail, "FAIL")
	try(t, "--candidate", serve(t, always500), "--objectives", "latency-p95 <= 1s").wants(t, exitFail, "FAIL")
}

func TestCandidateThatBeginsToHangFails(t *testing.T) {
	t.Parallel()
	began := time.Now()
	later := func(w http.ResponseWriter, r *http.Request) {
		if time.Since(began) > 1500*time.Millisecond {
			hang(w, r)
			return
		}
		ok(w, r)
	}
	r := try(t, "--candidate", serve(t, later), "--baseline", serve(t, ok), "--for=12s", "--timeout=250ms")
	r.wants(t, exitFail, "FAIL")
}

func TestBaselineThatDiesHalfWayIsBroken(t *testing.T) {
	t.Parallel()
	dying := httptest.NewServer(http.HandlerFunc(ok))
	defer dying.Close()
	time.AfterFunc(2*time.Second, func() { dying.CloseClientConnections(); dying.Listener.Close() })
	r := try(t, "--candidate", serve(t, ok), "--baseline", dying.URL, "--for=12s", "--at-least=4s")
	r.wants(t, exitBroken, "the baseline has failed most of its requests")
	e, err := evidence.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Rounds) < 8 {
		t.Errorf("%d rounds of evidence are left, want all until the end", len(e.Rounds))
	}
}

func TestFigureThatIsNotANumberIsInconclusive(t *testing.T) {
	t.Parallel()
	// One answer in a hundred: no round has two to differ from each other.
	var n atomic.Int64
	seldom := func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%100 != 0 {
			always500(w, r)
		}
	}
	r := try(t, "--candidate", serve(t, seldom), "--objectives", "latency-stddev <= 80ms\nerror-rate <= 99.9%")
	r.wants(t, exitInconclusive, "no data for")
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seatrial.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFewerRequestsThanAQuantileNeedsIsInconclusive(t *testing.T) {
	t.Parallel()
	try(t, "--candidate", serve(t, ok), "--objectives", "latency-p99.99 <= 10s").wants(t, exitInconclusive, "more would settle it")
}

func TestGeneratorThatFallsBehindIsInconclusive(t *testing.T) {
	r := try(t, "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--rate=100000/s", "--for=2s", "--at-least=2s")
	r.wants(t, exitInconclusive, "the load generator fell behind")
}

func TestCandidateThatFailsFastFails(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	half := func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 == 0 {
			always500(w, r)
			return
		}
		ok(w, r)
	}
	r := try(t, "--candidate", serve(t, half), "--baseline", serve(t, ok), "--objectives", "latency-p95 <= 110% of baseline")
	r.wants(t, exitFail, "FAIL")
	file := write(t, "candidate: "+serve(t, half)+"\nobjectives: [latency-p95 <= 1s, {objective: error-rate <= 60%}]\n")
	try(t, "--config", file).wants(t, exitFail, "latency-p95")
}

func TestSlowestThatTimeOutFail(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	some := func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%40 == 0 {
			hang(w, r)
			return
		}
		ok(w, r)
	}
	r := try(t, "--candidate", serve(t, some), "--objectives", "latency-p99 <= 300ms\nerror-rate <= 50%",
		"--rate=400/s", "--for=10s", "--connections=32", "--timeout=500ms")
	r.wants(t, exitFail, "latency-p99")
}

func TestThreeMegabyteErrorsFail(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("|`<script>", 3<<20/10)
	large := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); _, _ = io.WriteString(w, body) }
	r := try(t, "--candidate", serve(t, large), "--baseline", serve(t, ok), "--rate=30/s", "--for=8s", "--timeout=5s")
	r.wants(t, exitFail, "FAIL")
	for _, name := range []string{"summary.md", "report.html", "report.json"} {
		if info, err := os.Stat(filepath.Join(r.dir, name)); err != nil || info.Size() > 200_000 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestEvidenceDirectoryThatCantBeMadeIsBroken(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--report-dir", filepath.Join(write(t, ""), "inside"))
	r.wants(t, exitBroken, "evidence directory")
	r.wants(t, exitBroken, "Nothing was sent")
}

// The disk fills while the trial runs: here a limit on the size of files.
func TestFullDiskIsBrokenAndKeepsTheEvidenceSoFar(t *testing.T) {
	t.Parallel()
	c := command(t, append(short(), "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--for=20s", "--at-least=20s")...)
	line := []string{"-c", `ulimit -f 8 && exec "$0" "$@"`}
	c.Path, c.Args = "/bin/sh", append(append([]string{"sh"}, line...), c.Args...)
	r := finish(t, c)
	r.wants(t, exitBroken, "could not keep the evidence")
	if e, err := evidence.Open(r.dir); err != nil || len(e.Rounds) < 2 {
		t.Errorf("the evidence so far can't be read: %v", err)
	}
}

func TestBadInputIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1) })
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown metric", []string{"--candidate", url, "--objectives", "latncy-p95 <= 300ms"}, "no metric is called latncy-p95; did you mean latency-p95?"},
		{"not a number", []string{"--candidate", url, "--objectives", "latency-p95 <= NaN"}, "is not a latency"},
		{"no objective", []string{"--candidate", url}, "objective"},
		{"no candidate", nil, "candidate"},
		{"duplicate versions", []string{"--candidate", url, "--baseline", url}, "same"},
		{"URL without scheme", []string{"--candidate", "127.0.0.1:8080", "--baseline", url}, "http://"},
		{"relative without baseline", []string{"--candidate", url, "--objectives", "latency-p95 <= 110% of baseline"}, "baseline"},
		{"unknown flag", []string{"--qps=3"}, "qps"},
		{"too short for a verdict", []string{"--candidate", url, "--baseline", url + "/b", "--for=1s"}, "rounds"},
		{"too short for a pass", []string{"--candidate", url, "--baseline", url + "/b", "--for=10s", "--at-least="}, "can never pass"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := finish(t, command(t, c.args...))
			r.wants(t, exitBadInput, c.want)
			r.wants(t, exitBadInput, "nothing was sent")
		})
	}
	if asked.Load() != 0 {
		t.Errorf("%d requests were sent", asked.Load())
	}
}

// A pause of this process is not the candidate's doing: a perfect one must not
// fail for it.
func TestPausedGeneratorBlamesNobody(t *testing.T) {
	t.Parallel()
	c := command(t, append(short(), "--candidate", serve(t, ok), "--for=5s", "--at-least=5s", "--objectives", "latency-p99 <= 200ms\nerror-rate <= 5%")...)
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2500 * time.Millisecond)
	_ = c.Process.Signal(syscall.SIGSTOP)
	time.Sleep(time.Second)
	_ = c.Process.Signal(syscall.SIGCONT)
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitInconclusive || !strings.Contains(out.String(), "the load generator fell behind") {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
}

// A target that echoes its request must not bring the token into what is kept.
func TestEchoedTokenIsNotKept(t *testing.T) {
	t.Parallel()
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(500)
		_, _ = fmt.Fprintf(w, "%s\nheaders: %v\nurl: %s", strings.Repeat("x", 400), r.Header, r.URL)
	}
	const token = "s3cr3t-token-XYZ"
	c := command(t, append(short(), "--candidate", serve(t, echo)+"/?key=${KEY}", "--baseline", serve(t, ok),
		"--headers", "Authorization: Bearer ${TOKEN}", "--wait-for", serve(t, ok)+"?k=${KEY}")...)
	summary := filepath.Join(c.Dir, "step")
	c.Env = append(c.Env, "TOKEN="+token, "KEY="+token+"2", "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+summary, "GITHUB_OUTPUT="+filepath.Join(c.Dir, "out"), "GITHUB_RUN_ATTEMPT=2")
	r := finish(t, c)
	r.wants(t, exitFail, "Try 2 of this step")
	var log []string
	for line := range strings.Lines(r.stdout + r.stderr) {
		if !strings.HasPrefix(line, "::add-mask::") {
			log = append(log, line)
		}
	}
	if strings.Contains(strings.Join(log, ""), token) {
		t.Error("the token is in the log")
	}
	err := filepath.WalkDir(c.Dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(token)) {
			t.Errorf("the token is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(r.dir, evidence.ReportFile)); err != nil || !strings.Contains(string(text), "Authorization:[***]") {
		t.Errorf("the echo is not shown with its token hidden: %v", err)
	}
}

func TestNoDataNeedsATrialToSpeakOf(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", refusing(t), "--baseline", serve(t, ok), "--no-data=fail")
	r.wants(t, exitNotReady, "NOT READY")
	finish(t, command(t, "judge", r.dir)).wants(t, exitInconclusive, "")
}

// What a target or a branch name says must not become markup, a mention or a
// command of the pipeline anywhere.
func TestHostileTextStaysText(t *testing.T) {
	t.Parallel()
	hostile := "|`*x*`<script>alert(1)</script>@everyone\n::set-output name=passed::true\n<!-- --> \x1b[31m]]>"
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); _, _ = io.WriteString(w, hostile) })
	c := command(t, append(short(), "--candidate", url, "--baseline", serve(t, ok), "--candidate-version", strings.ReplaceAll(hostile, "\n", " "), "--name", strings.ReplaceAll(hostile, "\n", " "))...)
	server := inJob(t, c)
	outputs, summary := filepath.Join(c.Dir, "output"), filepath.Join(c.Dir, "summary")
	r := finish(t, c)
	r.wants(t, exitFail, "FAIL")
	for line := range strings.Lines(r.stdout + r.stderr) {
		ours := strings.HasPrefix(line, "::error ") || strings.HasPrefix(line, "::warning ") || strings.HasPrefix(line, "::add-mask::"+server.Token)
		if strings.HasPrefix(line, "::") && !ours {
			t.Errorf("a command for the pipeline in the log: %q", line)
		}
	}
	if strings.Contains(r.stdout+r.stderr, "\x1b[31m") {
		t.Error("an escape sequence of the target reached the log")
	}
	comment := filepath.Join(c.Dir, "comment")
	if all := server.Comments(); len(all) != 1 || os.WriteFile(comment, []byte(strings.TrimPrefix(all[0].Body, "<!-- seatrial:v1 key=release/trial -->")), 0o644) != nil {
		t.Fatalf("comments %v", all)
	}
	if marks := server.Statuses(); len(marks) != 1 || strings.Contains(marks[0].Description, "\n") {
		t.Errorf("statuses %v", marks)
	}
	for _, path := range []string{summary, comment, filepath.Join(r.dir, "summary.md"), filepath.Join(r.dir, "report.html")} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range []string{"<script>alert", "<!-- -->", "@everyone", "\n::set-output"} {
			// A page mentions nobody; Markdown in a pull request does.
			if raw == "@everyone" && strings.HasSuffix(path, ".html") {
				continue
			}
			if bytes.Contains(data, []byte(raw)) {
				t.Errorf("%s has %q raw", path, raw)
			}
		}
	}
	text, err := os.ReadFile(outputs)
	if err != nil || !strings.Contains(string(text), "passed<<seatrial-") || strings.Count(string(text), "\nfalse\n") != 1 {
		t.Errorf("outputs: %v\n%s", err, text)
	}
}

// A stall every 20 s can't be seen in 10 s; so 10 s can't pass by default.
func TestRareStallNeverPassesInTenSeconds(t *testing.T) {
	t.Parallel()
	r := finish(t, command(t, "--candidate", serve(t, ok), "--baseline", serve(t, ok), "--for=10s", "--objectives", "latency-p95 <= 110% of baseline"))
	r.wants(t, exitBadInput, "a pass needs 30s and 120 rounds")
}

// A log that nobody reads any more (| head) must not end a trial midway: a
// route would stay moved, and the pipeline would be told nothing.
func TestATrialOutlivesItsReader(t *testing.T) {
	t.Parallel()
	c := command(t, append(short(), "--candidate", serve(t, ok), "--objectives=error-rate <= 50%")...)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = write, write
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	read.Close()
	_ = c.Wait() // its code is asked for
	r := result{code: c.ProcessState.ExitCode(), dir: filepath.Join(c.Dir, "seatrial-report")}
	r.wants(t, exitPass, "")
	if got := r.report(t); got.Verdict != trial.Pass {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
}

// A candidate that sends everybody to its login page is quick and makes no
// errors. It passes only where somebody said that redirects are good.
func TestAnswersThatTheBaselineDoesNotGiveAreTold(t *testing.T) {
	t.Parallel()
	login := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) })
	asked := []string{"--candidate", login, "--baseline", serve(t, ok), "--objectives=error-rate <= 50%"}
	r := try(t, asked...)
	r.wants(t, exitInconclusive, "candidate answers 302 to 100 % of its requests, the baseline to 0 %: say which statuses are good")
	finish(t, command(t, "judge", r.dir)).wants(t, exitInconclusive, "candidate answers 302")
	try(t, append(asked, "--expect=2xx,3xx")...).wants(t, exitPass, "candidate answered 302 to 100 % of its requests, the baseline to 0 % of its own")
}
