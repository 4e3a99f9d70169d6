package config

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// sameButSecrets compares files as their YAML shows them: references of
// secrets, and no places of objectives.
var sameButSecrets = cmp.Options{
	cmp.Comparer(func(a, b trial.Secret) bool { return a.String() == b.String() }),
	cmp.Exporter(func(t reflect.Type) bool { return t.PkgPath() == reflect.TypeFor[slo.Objective]().PkgPath() }),
	cmpopts.IgnoreFields(loadgen.Options{}, "Secrets"),
	cmpopts.EquateEmpty(),
}

func TestAWrittenFileReadsBackTheSame(t *testing.T) {
	for path, text := range textsIn(t, "testdata/sound/*.yaml") {
		file, _, err := Load(soundSources(text))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		written := resolved(t, file)
		s := soundSources(written)
		again, _, err := Load(s)
		if err != nil {
			t.Fatalf("%s: %v\n%s", path, err, written)
		}
		noPlaces := cmpopts.IgnoreFields(slo.Objective{}, "Source")
		if diff := cmp.Diff(file.showable(), again, sameButSecrets, noPlaces); diff != "" {
			t.Errorf("%s: loaded again:\n%s", path, diff)
		}
		stored, err := LoadStored([]byte(written), nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if diff := cmp.Diff(file.showable(), stored, sameButSecrets); diff != "" {
			t.Errorf("%s: read back from the store:\n%s", path, diff)
		}
		if diff := cmp.Diff(written, resolved(t, stored)); diff != "" {
			t.Errorf("%s: written again:\n%s", path, diff)
		}
	}
}

func TestHostileTextReadsBackTheSame(t *testing.T) {
	for _, text := range []string{
		"true", "null", "~", "1e3", "0x10", "- a", "a: b", "# c", "${HOME}", "$${HOME}", "$$${", "a\nb\n", "\ttab", " lead", "trail ",
		"'", `"`, "\x1b[31m", "é\u2028", "<<", "*a", "&a", "!a", "@", "%", strings.Repeat("long ", 60), "2024-01-01", "yes",
	} {
		file := Default()
		file.Name = text
		stored, err := LoadStored([]byte(resolved(t, file)), nil)
		if err != nil || stored.Name != text {
			t.Errorf("%q came back as %q, %v\n%s", text, stored.Name, err, resolved(t, file))
		}
	}
}

func TestSecretsAreNeverWritten(t *testing.T) {
	const text = `
candidate:
  url: http://alice:s3cr3t-1@a.svc
  headers: {A: s3cr3t-2, B: "Bearer ${TOKEN}", C: "${NONE:-s3cr3t-4}", D: "s3cr3t-5 $${X}"}
ready: {urls: ["http://s3cr3t-6@a.svc", {url: "http://b:s3cr3t-7@a.svc", body: x}]}
load: {body: s3cr3t-8, proxy: "http://c:s3cr3t-9@p.svc", headers: {Cookie: "a=b; session=s3cr3t-c"}}
baseline: "http://b.svc/?key=s3cr3t%2Da&s3cr3t-b&v=1"
objectives: [error-rate <= 1%]
`
	file, _, err := Load(Sources{Environ: []string{"TOKEN=s3cr3t-3"}, ReadFile: files(map[string]string{"seatrial.yaml": text})})
	if err != nil {
		t.Fatal(err)
	}
	written := resolved(t, file)
	if strings.Contains(written, "s3cr3t") || !strings.Contains(written, "Bearer ${TOKEN}") {
		t.Errorf("a secret is written, or its reference is not:\n%s", written)
	}
	masks := strings.Join(file.Secrets(), "\n")
	// The body (8) refers to no variable: what stands in the file is no secret.
	for _, n := range "12345679abc" {
		if !strings.Contains(masks, "s3cr3t-"+string(n)) {
			t.Errorf("s3cr3t-%c is not masked", n)
		}
	}
	if basic := base64.StdEncoding.EncodeToString([]byte("alice:s3cr3t-1")); !strings.Contains(masks, basic) {
		t.Error("the header that net/http makes of user information is not masked")
	}
	// And what was filled in alone: the token, and a variable that is not set.
	if want := append(file.Secrets(), "s3cr3t-3", ""); !slices.Equal(want, file.Load.Secrets) {
		t.Errorf("the load is to hide %q, want %q", file.Load.Secrets, want)
	}
	for name, secret := range file.Candidate.Headers {
		if strings.Contains(secret.String(), "s3cr3t") {
			t.Errorf("header %s prints %s", name, secret)
		}
	}
	if file.Candidate.URL != "http://alice:s3cr3t-1@a.svc" {
		t.Error("writing a file changed it:", file.Candidate.URL)
	}
}

func TestAddressesAreShownWithoutCredentials(t *testing.T) {
	for address, want := range map[string]string{
		"https://a.svc/p?x":                      "https://a.svc/p?***",
		"https://u:p@a.svc/?key=k&=v&e=&a=b=c;d": "https://a.svc/?key=***&=***&e=&a=***",
		"https://a.svc/#token":                   "https://a.svc/#***",
		"a.svc?key=k":                            "a.svc?key=***",
		"http://u:p?q@a.svc:x/?key=k":            "http://a.svc:x/?key=***",
		"https://a.svc/?a=${A}&b=${B:-***}":      "https://a.svc/?a=${A}&b=${B:-***}",
		"https://a.svc/?a=x${A}&b=${B:-k}":       "https://a.svc/?a=***&b=***",
	} {
		got := withoutSecrets(address)
		if got != want {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
		if again := withoutSecrets(got); again != got {
			t.Errorf("%s, shown again, is %s", got, again)
		}
	}
}

func TestAQueryWithReferencesIsStoredAsWritten(t *testing.T) {
	text := "candidate: http://a.svc/?key=${KEY}&v=literal-1\nobjectives: [error-rate <= 1%]\n"
	file, _, err := Load(Sources{Environ: []string{"KEY=s3cr3t-1"}, ReadFile: files(map[string]string{"seatrial.yaml": text})})
	if err != nil {
		t.Fatal(err)
	}
	written := resolved(t, file)
	stored, err := LoadStored([]byte(written), nil)
	const want = "http://a.svc/?key=${KEY}&v=***"
	if err != nil || stored.Candidate.URL != want || file.Versions()[0].URL != want || resolved(t, stored) != written {
		t.Errorf("%v; stored %s, shown %s\n%s\n%s", err, stored.Candidate.URL, file.Versions()[0].URL, written, resolved(t, stored))
	}
}

func TestExpansion(t *testing.T) {
	env := map[string]string{"A": "1", "EMPTY": "", "NESTED": "${A}"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	for text, want := range map[string]expansion{
		"plain $ {A} $A":     {text: "plain $ {A} $A", shown: "plain $ {A} $A"},
		"<${A}>":             {text: "<1>", shown: "<${A}>", names: []string{"A"}},
		"${EMPTY:-d}${A:-e}": {text: "d1", shown: "${EMPTY:-***}${A:-***}", names: []string{"EMPTY", "A"}},
		"${NONE:-}":          {shown: "${NONE:-***}", names: []string{"NONE"}},
		"${NONE}${EMPTY}":    {shown: "${NONE}${EMPTY}", names: []string{"NONE", "EMPTY"}, missing: []string{"NONE", "EMPTY"}},
		"$${A} $$${A}":       {text: "${A} $${A}", shown: "$${A} $$${A}"},
		"${NESTED}":          {text: "${A}", shown: "${NESTED}", names: []string{"NESTED"}},
		"a${":                {text: "a", shown: "a", broken: true},
		"${A-b}":             {text: "A-b}", shown: "A-b}", broken: true},
	} {
		if diff := cmp.Diff(want, expand(text, lookup), cmp.AllowUnexported(expansion{})); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
		if got := expand(escape(text), lookup); got.text != text || got.broken || got.names != nil {
			t.Errorf("%q escaped gives %+v", text, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, pattern := range []string{"testdata/broken/*.yaml", "testdata/sound/*.yaml"} {
		for _, text := range textsIn(f, pattern) {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := soundSources(text)
		file, _, err := Load(s)
		file.Secrets()
		file.Versions()
		if err != nil {
			return
		}
		written, err := file.YAML()
		if err != nil {
			t.Fatalf("%q can't be written: %v", text, err)
		}
		if _, err := LoadStored(written, nil); err != nil {
			t.Fatalf("%q can't be read back: %v\n%s", text, err, written)
		}
	})
}
