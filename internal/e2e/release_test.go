//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repository is a clone of this one's files with a remote of its own.
type repository struct {
	dir     string
	environ []string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	need(t, "git", "bash")
	home := t.TempDir()
	r := repository{filepath.Join(home, "seatrial"), append(os.Environ(), "HOME="+home, "GIT_CONFIG_GLOBAL="+filepath.Join(home, "gitconfig"),
		"REMOTE=origin")}
	config := "[user]\nname = Test\nemail = test@example.org\n[init]\ndefaultBranch = main\n[advice]\ndetachedHead = false\n"
	if err := os.WriteFile(filepath.Join(home, "gitconfig"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	// What a release needs: enough to see that the rest is kept.
	for _, name := range []string{"action.yml", "host/action.yml", "templates/seatrial.yml", "Dockerfile", "LICENSE", ".github/release.sh"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		r.write(t, name, string(text))
	}
	run(t, r.environ, "", "git", "init", "--quiet", "--bare", filepath.Join(home, "remote.git")).expect(t, 0)
	r.git(t, "init", "--quiet")
	r.git(t, "remote", "add", "origin", filepath.Join(home, "remote.git"))
	r.commit(t, "first")
	return r
}

func (r repository) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// git gives what the command prints.
func (r repository) git(t *testing.T, args ...string) string {
	t.Helper()
	result := run(t, r.environ, "", "git", append([]string{"-C", r.dir}, args...)...)
	result.expect(t, 0)
	return strings.TrimSpace(result.output)
}

func (r repository) commit(t *testing.T, message string) {
	t.Helper()
	r.write(t, "README.md", message+"\n")
	r.git(t, "add", ".")
	r.git(t, "commit", "--quiet", "--message", message)
}

func (r repository) release(t *testing.T, args ...string) result {
	t.Helper()
	return run(t, r.environ, "", "bash", append([]string{"-c", `cd "$0" && exec .github/release.sh "$@"`, r.dir}, args...)...)
}

// tags are what people outside see: the remote's.
func (r repository) tags(t *testing.T) map[string]string {
	t.Helper()
	tags := map[string]string{}
	for line := range strings.Lines(r.git(t, "ls-remote", "--tags", "origin")) {
		commit, name, _ := strings.Cut(strings.TrimSpace(line), "\trefs/tags/")
		if bare, peeled := strings.CutSuffix(name, "^{}"); peeled || tags[name] == "" {
			tags[bare] = commit // the commit, not the tag object that stands before it
		}
	}
	return tags
}

func TestReleasePinsTheImageAndMovesTheShortTags(t *testing.T) {
	r := newRepository(t)
	before := r.git(t, "rev-parse", "HEAD")
	for _, step := range []string{"tag", "push", "move"} {
		r.release(t, step, "v1.2.3").expect(t, 0)
	}
	release := r.git(t, "rev-parse", "v1.2.3^{commit}")
	want := map[string]string{"v1.2.3": release, "v1.2": release, "v1": release}
	if diff := cmp.Diff(want, r.tags(t)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("action.yml\nhost/action.yml\ntemplates/seatrial.yml", r.git(t, "diff", "--name-only", before, release)); diff != "" {
		t.Errorf("changed files:\n%s", diff)
	}
	want = map[string]string{
		"action.yml":             "  image: docker://ghcr.io/seatrial/seatrial:v1.2.3",
		"host/action.yml":        "          ghcr.io/seatrial/seatrial:v1.2.3",
		"templates/seatrial.yml": "      default: ghcr.io/seatrial/seatrial:v1.2.3",
	}
	for name, line := range want {
		text := r.git(t, "show", release+":"+name) + "\n"
		if !strings.Contains(text, "\n"+line+"\n") || strings.Contains(text, "seatrial:v1\n") {
			t.Errorf("want %q in %s, and no other image", line, name)
		}
	}
	if r.git(t, "rev-parse", "HEAD") != before || r.git(t, "status", "--porcelain") != "" || r.git(t, "rev-parse", release+"^") != before {
		t.Error("the release commit is not just beside the branch")
	}
}

func TestARepairOfAnOldLineMovesNoLaterTag(t *testing.T) {
	r := newRepository(t)
	for _, version := range []string{"v1.2.3", "v1.10.0", "v2.0.0", "v1.2.4"} {
		r.commit(t, version)
		for _, step := range []string{"tag", "push", "move"} {
			r.release(t, step, version).expect(t, 0)
		}
	}
	got := r.tags(t)
	for short, version := range map[string]string{"v1.2": "v1.2.4", "v1.10": "v1.10.0", "v1": "v1.10.0", "v2": "v2.0.0"} {
		if got[short] == "" || got[short] != got[version] {
			t.Errorf("%s is not at %s: %v", short, version, got)
		}
	}
}

func TestAReleaseIsRefused(t *testing.T) {
	tests := map[string]struct {
		args    []string
		prepare func(repository)
		want    string
	}{
		"no version":       {args: []string{"tag", "1.2.3"}, want: "is no version"},
		"leading zero":     {args: []string{"tag", "v1.02.3"}, want: "is no version"},
		"unknown step":     {args: []string{"publish", "v1.2.3"}, want: "usage: "},
		"nothing to push":  {args: []string{"push", "v9.9.9"}, want: "there is no tag v9.9.9"},
		"nothing to move":  {args: []string{"move", "v9.9.9"}, want: "there is no tag v9.9.9"},
		"tagged already":   {[]string{"tag", "v1.2.3"}, func(r repository) { r.release(t, "tag", "v1.2.3").expect(t, 0) }, "never changes"},
		"changed files":    {[]string{"tag", "v1.2.3"}, func(r repository) { r.write(t, "LICENSE", "mine") }, "in no commit"},
		"no image to pin":  {[]string{"tag", "v1.2.3"}, func(r repository) { r.write(t, "action.yml", "name: x\n"); r.commit(t, "x") }, "names no image"},
		"nothing at all":   {want: "usage: "},
		"two versions":     {args: []string{"tag", "v1.2.3", "v1.2.4"}, want: "usage: "},
		"shell in version": {args: []string{"tag", "v1.2.3;id"}, want: "is no version"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			if test.prepare != nil {
				test.prepare(r)
			}
			got := r.release(t, test.args...)
			got.expect(t, 1)
			if !strings.Contains(got.output, test.want) {
				t.Errorf("want %q in %q", test.want, got.output)
			}
			if tags := r.tags(t); len(tags) > 0 {
				t.Errorf("tags all the same: %v", tags)
			}
		})
	}
}

func TestADryRunOfAReleaseChangesNothing(t *testing.T) {
	r := newRepository(t)
	refs := r.git(t, "for-each-ref")
	shown := r.release(t, "--dry-run", "tag", "v1.2.3")
	shown.expect(t, 0)
	if want := "+  image: docker://ghcr.io/seatrial/seatrial:v1.2.3"; !strings.Contains(shown.output, want) {
		t.Errorf("want %q in\n%s", want, shown.output)
	}
	if diff := cmp.Diff(refs, r.git(t, "for-each-ref")); diff != "" {
		t.Error(diff)
	}
	r.release(t, "tag", "v1.2.3").expect(t, 0)
	refs = r.git(t, "for-each-ref")
	for _, step := range []string{"push", "move"} {
		r.release(t, "--dry-run", step, "v1.2.3").expect(t, 0)
	}
	if diff := cmp.Diff(refs, r.git(t, "for-each-ref")); diff != "" || len(r.tags(t)) > 0 {
		t.Errorf("%s, and on the remote %v", diff, r.tags(t))
	}
}
