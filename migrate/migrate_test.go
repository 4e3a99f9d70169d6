package migrate

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "write the drafts anew")

// sources are the examples of testdata, by their paths.
func sources(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*/*")
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(path string) bool {
		return strings.HasSuffix(path, ".want") || strings.HasPrefix(path, "testdata/files/") || strings.HasPrefix(path, "testdata/fuzz/")
	})
	if len(all) == 0 {
		t.Fatal("there are no examples")
	}
	return all
}

// draftOf reads one of them. Files that it names lie in testdata/files.
func draftOf(t testing.TB, path string) ([]byte, error) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Draft(Source{Files: []File{{filepath.Base(path), data}}, ReadFile: func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join("testdata/files", filepath.Base(name)))
	}})
}

func TestDrafts(t *testing.T) {
	for _, path := range sources(t) {
		t.Run(path, func(t *testing.T) {
			got, err := draftOf(t, path)
			var mistakes *Mistakes
			if errors.As(err, &mistakes) {
				got = []byte(err.Error() + "\n")
			} else if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(path+".want", got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path + ".want")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("want (-), got (+); -update writes it:\n%s", diff)
			}
		})
	}
}

// The secrets of all examples have this in them.
const secretOfExamples = "s3cr3t"

func TestNoSecretIsCopied(t *testing.T) {
	found := 0
	for _, path := range sources(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found += bytes.Count(data, []byte(secretOfExamples))
		draft, err := draftOf(t, path)
		if bytes.Contains(draft, []byte(secretOfExamples)) || err != nil && strings.Contains(err.Error(), secretOfExamples) {
			t.Errorf("%s: a secret stands in the draft or in a message", path)
		}
	}
	if found < 20 {
		t.Errorf("the examples have %d secrets, which is too few to test anything", found)
	}
}

func TestEveryKindHasExamples(t *testing.T) {
	for _, kind := range Kinds() {
		if found, _ := filepath.Glob("testdata/" + kind + "/*.want"); len(found) < 3 {
			t.Errorf("%s has %d examples, and needs a usual one, a hostile one and a broken one", kind, len(found))
		}
	}
}

// isYAML reports whether a draft is one document whose text came back whole.
func isYAML(draft []byte) error {
	loader, err := yaml.NewLoader(bytes.NewReader(draft))
	if err != nil {
		return err
	}
	var first, second map[string]any
	if err := loader.Load(&first); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := loader.Load(&second); !errors.Is(err, io.EOF) {
		return errors.New("it has a second document")
	}
	known := []string{"name", "baseline", "candidate", "candidates", "ready", "load", "requests", "objectives", "rewards", "pattern", "providers", "metrics", "windows", "traffic"}
	for key := range first {
		if !slices.Contains(known, key) {
			return errors.New("something of the source became a key of its own: " + key)
		}
	}
	return nil
}

func TestDraftsAreYAMLWhateverTheirSourcesHold(t *testing.T) {
	for _, path := range sources(t) {
		if draft, err := draftOf(t, path); err == nil {
			if err := isYAML(draft); err != nil {
				t.Errorf("%s: %v\n%s", path, err, draft)
			}
		}
	}
}

func TestKindThatIsSaidBeatsWhatItLooksLike(t *testing.T) {
	data := []byte(`{"call": "a.B/C", "host": "h:1", "thresholds": {"http_req_failed": ["rate<0.01"]}}`)
	for kind, want := range map[string]string{"k6": "k6's options", "ghz": "ghz's configuration"} {
		got, err := Draft(Source{Kind: kind, Files: []File{{"x.json", data}}})
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %v\n%s", kind, err, got)
		}
	}
}

func TestSourcesThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		source Source
		want   string
	}{
		"nothing":       {Source{}, "nothing to import: name a file, - for standard input, or write a command behind --"},
		"unknown kind":  {Source{Kind: "k7", Files: []File{{"x", nil}}}, `--from: "k7" is not known (known: k6, fortio, ghz, har, openapi, curl, iter8)`},
		"other command": {Source{Words: []string{"wrk", "http://a"}}, `argument 1: the command "wrk" is not one that is read here`},
		"empty file":    {Source{Files: []File{{"x.json", nil}}}, "x.json: there is nothing in it"},
		"a script":      {Source{Files: []File{{"x.js", []byte("import http from 'k6/http';\nexport const options = {vus: 1};\n")}}}, "k6 inspect"},
		"other YAML":    {Source{Files: []File{{"x.yaml", []byte("a: 1\n")}}}, "x.yaml:1:1: this is nothing that is read here: say what it is with --from k6|fortio|ghz|har|openapi|curl|iter8"},
		"wrong kind":    {Source{Kind: "curl", Files: []File{{"x.yaml", []byte("a: 1\n")}}}, "curl is read from a command line"},
		"deep":          {Source{Files: []File{{"x.json", []byte(strings.Repeat("[", 100) + strings.Repeat("]", 100))}}}, "nested deeper than 64"},
		"aliases":       {Source{Files: []File{{"x.yaml", []byte("a: &a [1]\nb: *a\n")}}}, "x.yaml:2:4: aliases (*name)"},
	} {
		_, err := Draft(c.source)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), "nothing was written.") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProtosetsAreNamed(t *testing.T) {
	got, err := Draft(Source{Words: []string{"ghz", "--protoset=b.protoset", "-i", "./proto", "--call", "a.B/C", "h:1"}})
	if err != nil || !strings.Contains(string(got), "      protoset: b.protoset\n") || strings.Contains(string(got), "      import-paths:") {
		t.Errorf("%v\n%s", err, got)
	}
}
