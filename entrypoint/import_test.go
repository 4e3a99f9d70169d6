package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/migrate"
)

// drafts are the examples of what imports draw up, by their paths.
func drafts(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../migrate/testdata/*/*.want")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(text, []byte("# Drawn up by seatrial import from ")) {
			out[path] = text
		}
	}
	if len(out) == 0 {
		t.Fatal("there are no drafts")
	}
	return out
}

// loadDraft reads a draft as a trial would, with something in each variable that
// it refers to, and in each file.
func loadDraft(draft []byte) error {
	var environ []string
	for name, value := range migrate.StandIns(draft) {
		environ = append(environ, name+"="+value)
	}
	_, _, err := config.Load(config.Sources{Environ: environ, ReadFile: func(name string) ([]byte, error) {
		if name == "seatrial.yaml" {
			return draft, nil
		}
		switch {
		case filepath.Base(name) == "cart.proto":
			return []byte(protoOfExamples), nil
		case strings.HasSuffix(name, ".proto"): // protoc's own, which the reader has
			return nil, os.ErrNotExist
		}
		return []byte("{}"), nil
	}})
	return err
}

const protoOfExamples = `syntax = "proto3"; package shop; message Item { string id = 1; int32 n = 2; string password = 3; }
service Cart { rpc Get (Item) returns (Item); rpc List (Item) returns (Item); }`

func TestDraftsLoadAsTheyStand(t *testing.T) {
	for path, draft := range drafts(t) {
		if err := loadDraft(draft); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestCompleteDraftsReferToNothing(t *testing.T) {
	complete := 0
	for path, draft := range drafts(t) {
		says := bytes.Contains(draft, []byte("\n# Complete: nothing is left to fill in.\n"))
		if refers := len(migrate.StandIns(draft)) > 0; says == refers {
			t.Errorf("%s: it says complete: %v, and refers to variables: %v", path, says, refers)
		}
		if says {
			complete++
		}
	}
	if complete == 0 {
		t.Error("no draft is complete")
	}
}

func TestImportOfACommandLine(t *testing.T) {
	got := finish(t, command(t, "import", "--", "fortio", "load", "-qps", "200", "-t", "60s", "-H", "Authorization: Bearer s3cr3t", "http://shop/cart"))
	if got.code != exitPass || !strings.Contains(got.stdout, "rate: 200/s\n") || !strings.Contains(got.stdout, "url: http://shop/cart") && !strings.Contains(got.stdout, "'http://shop/cart'") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if want := "before the first run: fill in AUTHORIZATION, CANDIDATE_URL\n"; got.stderr != want {
		t.Errorf("stderr is %q, not %q", got.stderr, want)
	}
	if strings.Contains(got.stdout+got.stderr, "s3cr3t") {
		t.Errorf("a secret was copied:\n%s%s", got.stdout, got.stderr)
	}
}

func TestImportFromStandardInput(t *testing.T) {
	c := command(t, "import", "-")
	c.Stdin = strings.NewReader("curl -u bob:s3cr3t https://shop.example/cart\n")
	if got := finish(t, c); got.code != exitPass || !strings.Contains(got.stdout, "Authorization: Basic ${BASIC_AUTH}") {
		t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
}

func TestImportOverwritesNothing(t *testing.T) {
	c := command(t, "import", "--output", "seatrial.yaml", "--", "curl", "http://shop/cart")
	path := filepath.Join(c.Dir, "seatrial.yaml")
	if got := finish(t, c); got.code != exitPass || got.stdout != "" {
		t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	written, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(written, []byte("http://shop/cart")) {
		t.Fatalf("%v: %s", err, written)
	}
	again := command(t, "import", "--output", path, "--", "curl", "http://other/")
	if got := finish(t, again); got.code != exitBadInput || !strings.Contains(got.stderr, "is there already: name another --output, or take it away; nothing was written.") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(written, after) {
		t.Errorf("it was overwritten:\n%s", after)
	}
}

func TestImportTellsEveryMistake(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"mistakes":     {[]string{"--", "fortio", "load", "-qps", "fast", "-H", "x", "http://a"}, "argument 4: \"fast\" is not a number: write it as in 100 or 0.5\nargument 6: a header is no header: write Name: value\n2 mistakes; nothing was written.\n"},
		"no file":      {[]string{"nowhere.har"}, "seatrial: open nowhere.har: no such file or directory; nothing was written\n"},
		"nothing":      {nil, "nothing to import: name a file, - for standard input, or write a command behind --\n1 mistake; nothing was written.\n"},
		"both":         {[]string{"a.har", "--", "curl", "http://a"}, "seatrial: files and a command line: give one or the other; nothing was written\n"},
		"unknown kind": {[]string{"--from", "wrk", "--", "curl", "http://a"}, "--from: \"wrk\" is not known (known: " + strings.Join(migrate.Kinds(), ", ") + ")\n1 mistake; nothing was written.\n"},
	} {
		got := finish(t, command(t, append([]string{"import"}, c.args...)...))
		if got.code != exitBadInput || got.stdout != "" || got.stderr != c.want {
			t.Errorf("%s: exit code %d, want (-), got (+):\n%s", name, got.code, cmp.Diff(c.want, got.stderr))
		}
	}
}

// What only the trial's own rules can tell of a draft is told with it.
func TestImportTellsWhatElseKeepsADraftFromRunning(t *testing.T) {
	got := finish(t, command(t, "import", "--", "curl", "--cacert", "missing.pem", "https://shop.example/"))
	if got.code != exitPass || !strings.Contains(got.stderr, "before the first run: the draft:") || !strings.Contains(got.stderr, "load.ca: open missing.pem") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}

// shownImport is a pair of blocks of docs/import.md: what there is, with the name
// of its file, and what comes of it.
var shownImport = regexp.MustCompile("(?s)<!-- import ([a-z0-9]+)/([a-z0-9.]+) -->\n```[a-z]+\n(.*?)```\n.*?```yaml\n(.*?)```\n")

func TestDocsShowWhatImportsGive(t *testing.T) {
	text, err := os.ReadFile("../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	text = shownImport.ReplaceAllFunc(text, func(section []byte) []byte {
		m := shownImport.FindSubmatch(section)
		shown[string(m[1])] = true
		got, err := migrate.Draft(migrate.Source{Files: []migrate.File{{Name: string(m[2]), Data: m[3]}}})
		if err != nil {
			t.Errorf("%s: %v", m[2], err)
		} else if diff := cmp.Diff(string(m[4]), string(got)); diff != "" && !*update {
			t.Errorf("%s: docs/import.md (-) is behind the code (+); -update writes it:\n%s", m[2], diff)
		}
		return slices.Concat(section[:len(section)-len(m[4])-len("```\n")], got, []byte("```\n"))
	})
	if *update {
		if err := os.WriteFile("../docs/import.md", text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(migrate.Kinds())), slices.Sorted(maps.Keys(shown))); diff != "" {
		t.Errorf("kinds (-) and sections with an example (+):\n%s", diff)
	}
}

// A recording may be given in the place of options: what it is goes by what is in it.
func TestEveryKindIsFoundOutByItself(t *testing.T) {
	for path, draft := range drafts(t) {
		kind := filepath.Base(filepath.Dir(path))
		data, err := os.ReadFile(strings.TrimSuffix(path, ".want"))
		if err != nil {
			t.Fatal(err)
		}
		named, err := migrate.Draft(migrate.Source{Kind: kind, Files: []migrate.File{{Name: filepath.Base(strings.TrimSuffix(path, ".want")), Data: data}}, ReadFile: func(name string) ([]byte, error) {
			return os.ReadFile(filepath.Join("../migrate/testdata/files", filepath.Base(name)))
		}})
		if err != nil || !bytes.Equal(named, draft) {
			t.Errorf("%s is not what --from %s gives: %v", path, kind, err)
		}
	}
}
