package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seatrial/seatrial/internal/gitlabapi"
	"github.com/seatrial/seatrial/platform"
)

// sections are the names of GitLab's marks in a log, in their order.
func sections(log string) []string {
	var out []string
	for _, m := range regexp.MustCompile("\x1b\\[0Ksection_(start|end):[0-9]+:seatrial_([a-z]+)\r\x1b\\[0K").FindAllStringSubmatch(log, -1) {
		out = append(out, m[1]+" "+m[2])
	}
	return out
}

func onGitLab(t *testing.T, environ []string, args ...string) result {
	t.Helper()
	c := command(t, append(short(), args...)...)
	c.Env = append(append(c.Env, "GITLAB_CI=true"), environ...)
	return finish(t, c)
}

func TestGitLabFoldsThePartsOfTheLog(t *testing.T) {
	t.Parallel()
	r := onGitLab(t, nil, "--candidate", serve(t, ok), "--objectives", "latency-p95 <= 1s\nerror-rate <= 10%")
	r.wants(t, exitPass, "PASS")
	want := []string{"start inputs", "end inputs", "start readiness", "end readiness", "start load", "end load"}
	if got := sections(r.stderr); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	_, report, _ := strings.Cut(r.stdout, "section_start")
	report, after, _ := strings.Cut(report, "section_end")
	if got := sections(r.stdout); !slices.Equal(got, []string{"start report", "end report"}) || !strings.Contains(report, "PASS") || strings.Contains(after, "PASS") {
		t.Errorf("%q in %q", got, r.stdout)
	}
}

func TestNoPartOfTheLogIsLeftOpen(t *testing.T) {
	t.Parallel()
	r := onGitLab(t, nil, "--candidate", "http://127.0.0.1:1", "--objectives", "latency-p95 <= 1s")
	r.wants(t, exitNotReady, "NOT READY")
	if got, want := sections(r.stderr), []string{"start inputs", "end inputs", "start readiness", "end readiness"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Other pipelines can read outputs.env as well.
func TestOutputsAreAFileEverywhere(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", "http://127.0.0.1:1", "--objectives", "latency-p95 <= 1s")
	r.wants(t, exitNotReady, "NOT READY")
	text, err := os.ReadFile(filepath.Join(r.dir, platform.DotenvFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SEATRIAL_VERDICT=\n", "SEATRIAL_STATUS=not-ready\n", "SEATRIAL_EXIT_CODE=4\n", "SEATRIAL_REPORT_PATH=seatrial-report\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// mergeRequest is the environment of a job in a merge request pipeline.
func mergeRequest(t *testing.T, token string) (*gitlabapi.Server, []string) {
	t.Helper()
	s := gitlabapi.New(gitlabapi.NoteBy(1, gitlabapi.Somebody, "please look"))
	t.Cleanup(s.Close)
	return s, []string{
		"CI_API_V4_URL=" + s.URL + "/api/v4", "CI_PROJECT_ID=5", "CI_PROJECT_URL=https://gitlab.example/acme/shop",
		"CI_MERGE_REQUEST_IID=11", "CI_JOB_NAME=trial", "SEATRIAL_GITLAB_TOKEN=" + token,
	}
}

func TestTheVerdictStandsInTheMergeRequest(t *testing.T) {
	t.Parallel()
	s, environ := mergeRequest(t, gitlabapi.Token)
	for _, candidate := range []string{"http://127.0.0.1:1", "http://127.0.0.1:2"} {
		r := onGitLab(t, environ, "--candidate", candidate, "--objectives", "latency-p95 <= 1s")
		r.wants(t, exitNotReady, "NOT READY")
		r.hides(t, gitlabapi.Token)
		outs, err := os.ReadFile(filepath.Join(r.dir, platform.DotenvFile))
		if want := "SEATRIAL_COMMENT_URL=https://gitlab.example/acme/shop/-/merge_requests/11%23note_1001\n"; err != nil || !strings.Contains(string(outs), want) {
			t.Errorf("%v; no %q in\n%s", err, want, outs)
		}
	}
	if len(s.Notes) != 2 || !strings.HasPrefix(s.Notes[1].Body, "<!-- seatrial:v1 key=trial -->\n") || !strings.Contains(s.Notes[1].Body, "127.0.0.1:2") {
		t.Errorf("%d notes, the last %q", len(s.Notes), s.Notes[len(s.Notes)-1].Body)
	}
	if want := []string{"GET page 1 of 100", "POST", "GET page 1 of 100", "PUT 1001"}; !slices.Equal(s.Calls, want) {
		t.Errorf("%q, want %q", s.Calls, want)
	}
}

// Trouble with the note changes neither the verdict nor the exit code.
func TestWithoutAFitTokenTheTrialIsAsEver(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "glpat-that-expired"} {
		s, environ := mergeRequest(t, token)
		r := onGitLab(t, environ, "--candidate", "http://127.0.0.1:1", "--objectives", "latency-p95 <= 1s")
		r.wants(t, exitNotReady, "no note on merge request !11")
		if len(s.Notes) != 1 || strings.Contains(r.stderr, "warning") || strings.Count(r.stdout, "!11") != 1 {
			t.Errorf("%d notes\nstdout:\n%s\nstderr:\n%s", len(s.Notes), r.stdout, r.stderr)
		}
		if token != "" {
			r.hides(t, token)
		}
	}
}

// hides looks for a secret in all that the command printed and wrote.
func (r result) hides(t *testing.T, secret string) {
	t.Helper()
	if strings.Contains(r.stdout+r.stderr, secret) {
		t.Errorf("%q was printed:\n%s\n%s", secret, r.stdout, r.stderr)
	}
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is in %s", secret, path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
