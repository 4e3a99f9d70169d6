package config

import (
	"slices"
	"strings"
	"testing"
)

func TestPublishIsReadAndItsTokensAreKept(t *testing.T) {
	text := "candidate: http://a.svc\nobjectives: [error-rate <= 1%]\n" +
		"publish: {comment: recreate, comment-key: eu, pr-number: 12, commit-status: true, github-token: \"${HUB}\", gitlab-token: glpat-literal}\n"
	file, _, err := Load(Sources{Environ: []string{"HUB=ghs_from-the-environment"}, ReadFile: files(map[string]string{"seatrial.yaml": text})})
	if err != nil {
		t.Fatal(err)
	}
	p := file.Publish
	if p.Comment != Recreate || p.CommentKey != "eu" || p.PRNumber != 12 || !p.CommitStatus || p.GitHubToken.Reveal() != "ghs_from-the-environment" {
		t.Errorf("read %+v", p)
	}
	for _, secret := range []string{"ghs_from-the-environment", "glpat-literal"} {
		if !slices.Contains(file.Secrets(), secret) {
			t.Errorf("%s is not masked", secret)
		}
	}
	if written := resolved(t, file); strings.Contains(written, "token") || strings.Contains(written, "publish") {
		t.Errorf("the evidence says where it was published:\n%s", written)
	}
}

func TestWhatCanNotBePublishedIsTold(t *testing.T) {
	for given, want := range map[string]string{
		"comment=always":   `"always" is no way to comment (known: update, recreate, on-failure, off)`,
		"pr-number=-1":     "-1 is no number",
		"pr-number=twelve": "whole number",
		"comment-key=" + strings.Repeat("é", 101):  "longer than 100",
		"github-token=ghs_secret\nX-Injected: yes": "a character that no token has",
	} {
		name, value, _ := strings.Cut(given, "=")
		src := Sources{Flags: map[string]string{"candidate": "http://a.svc", "objectives": "error-rate <= 1%", name: value}, ReadFile: files(nil)}
		for what, err := range map[string]error{"load": second(Load(src)), "publish": last(LoadPublish(src))} {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "ghs_secret") {
				t.Errorf("%s of %q: %v, want %q", what, given, err, want)
			}
		}
	}
}

func second(_ File, _ []Warning, err error) error { return err }
func last(_ File, err error) error                { return err }

// A stored trial is published without the inputs of one, and without a file
// that somebody may have left in the directory.
func TestPublishingNeedsNoTrial(t *testing.T) {
	file, err := LoadPublish(Sources{
		Environ:  []string{"INPUT_COMMENT-KEY=eu", "SEATRIAL_RATE=fast", "INPUT_CONFIG=gone.yaml"},
		ReadFile: files(map[string]string{"seatrial.yaml": "publish: {pr-number: 99}"}),
	})
	if err != nil || file.Publish.CommentKey != "eu" || file.Publish.PRNumber != 0 {
		t.Errorf("%+v, %v", file.Publish, err)
	}
}
