package migrate

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// Whatever a source holds, an import gives a trial file or says what is wrong:
// it never panics, and nothing of the source becomes a key or a line of the file.
func FuzzDraft(f *testing.F) {
	for _, path := range sources(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("", data)
	}
	f.Add("", []byte("ghz --call A.A $A' 0'"))
	for _, kind := range Kinds() {
		f.Add(kind, []byte("{}"))
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		draft, err := Draft(Source{Kind: kind, Files: []File{{"source", data}}, ReadFile: nowhere})
		if err != nil {
			var mistakes *Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("no mistake of the source: %v", err)
			}
			for _, line := range mistakes.All {
				if strings.ContainsAny(line, "\r\n\x1b\u2028") {
					t.Fatalf("a mistake of several lines: %q", line)
				}
			}
			return
		}
		checkDraft(t, draft)
	})
}

func nowhere(string) ([]byte, error) { return nil, os.ErrNotExist }

// Words that a shell read may hold anything.
func FuzzCommand(f *testing.F) {
	f.Add("curl -X POST -d a=b http://a.example")
	f.Add("fortio load -qps 10 -H a:b http://a.example")
	f.Add("ghz --insecure --call a.B/C -d {} a:1")
	f.Add("iter8 k launch --set a.b[0]={c,d},http.url=http://a --set tasks={http}")
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Split(line, " ")
		draft, err := Draft(Source{Words: words, ReadFile: nowhere})
		if err == nil {
			checkDraft(t, draft)
		}
	})
}

func checkDraft(t *testing.T, draft []byte) {
	t.Helper()
	if err := isYAML(draft); err != nil {
		t.Fatalf("%v\n%s", err, draft)
	}
	if bytes.Contains(draft, []byte(markBegin)) || bytes.Contains(draft, []byte(actionBegin)) {
		t.Fatalf("a mark was left in the draft:\n%s", draft)
	}
}
