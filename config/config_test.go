package config

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

var update = flag.Bool("update", false, "write the golden files")

// files is a file system of texts.
func files(texts map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		text, found := texts[path]
		if !found {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func textsIn(t testing.TB, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(data)
	}
	return texts
}

func TestEachMistakeIsToldAtItsPlace(t *testing.T) {
	for path, text := range textsIn(t, "testdata/broken/*.yaml") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			_, _, err := Load(Sources{
				Environ:  []string{"SET=fast", "EMPTY="},
				ReadFile: files(map[string]string{"seatrial.yaml": text, "shop.proto": shopProto, "imports.proto": `syntax = "proto3"; import "missing.proto";`}),
			})
			var mistakes *Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("got %v, want mistakes", err)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".want", err.Error()+"\n")
			for _, secret := range []string{"s3cr3t", "hunter2"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q is shown in\n%s", secret, err)
				}
			}
		})
	}
}

// inputCase is a value for an input that differs from its default, and the
// line that it makes in the resolved file, or the field in Publish.
var inputCases = map[string]struct{ value, line string }{
	"name":              {"shop", "name: shop"},
	"candidate":         {"http://new.svc", "candidate: http://new.svc"},
	"candidate-version": {"4f2c9e1", "  version: 4f2c9e1"},
	"baseline":          {"http://old.svc", "baseline: http://old.svc"},
	"baseline-version":  {"v41", "  version: v41"},
	"candidates":        {"a=http://a.svc/?x=1\n\n# none\nhttp://b.svc/?y=2", "- name: a\n  url: http://a.svc/?x=***\n- http://b.svc/?y=***"},
	"wait-for":          {"http://a.svc/ready # first\ndeployment/shop # then\nhttp://b.svc/ready\npod/x condition=Ready\n", "  - http://a.svc/ready\n  - http://b.svc/ready\n  objects:\n  - deployment/shop\n  - pod/x condition=Ready"},
	"ready-within":      {"3m", "  within: 3m"},
	"kubeconfig":        {"apiVersion: v1\nkind: Config\n", "  kubeconfig: '***'"},
	"kube-context":      {"prod", "  context: prod"},
	"namespace":         {"shop", "  namespace: shop"},
	"gateway":           {"http://gateway.svc", "  url: http://gateway.svc"},
	"identify":          {"X-Version", "  identify: X-Version"},
	"rate":              {"120/s", "  rate: 120/s"},
	"for":               {"90s", "  for: 1m30s"},
	"warmup":            {"1s", "  warmup: 1s"},
	"connections":       {"3", "  connections: 3"},
	"timeout":           {"1s", "  timeout: 1s"},
	"method":            {"PUT", "  method: PUT"},
	"headers":           {"X-A: a: b\n# none\nX-B: ${PATH}", "    X-A: '***'\n    X-B: ${PATH}"},
	"body":              {"a\n", "  body: '***'"},
	"body-file":         {"there", "  body-file: there"},
	"host":              {"shop.example", "  host: shop.example"},
	"expect":            {"2xx, 404", "  - 200-299\n  - 404"},
	"follow-redirects":  {"true", "  follow-redirects: true"},
	"http2":             {"true", "  http2: true"},
	"keep-alive":        {"false", "  keep-alive: false"},
	"proxy":             {"environment", "  proxy: environment"},
	"insecure":          {"true", "  insecure: true"},
	"ca":                {"there", "  ca: there"},
	"cert":              {"there", "  cert: there"},
	"key":               {"there", "  key: there"},
	"seed":              {"7", "  seed: 7"},
	"objectives":        {"# mine\nlatency-p99 <= 1s # slow\n\nerror-rate <= 1%\n", "- latency-p99 <= 1s # SOURCE\n- error-rate <= 1% # SOURCE"},
	"confidence":        {"99%", "confidence: 99%"},
	"at-least":          {"50s", "at-least: 50s"},
	"pattern":           {"canary", "pattern: canary"},
	"rewards":           {"# mine\nminimize latency-mean\n", "rewards:\n- minimize latency-mean # SOURCE"},
	"no-data":           {"fail", "no-data: fail"},
	"route":             {"httproute/shop", "  route: httproute/shop"},
	"strategy":          {"blue-green", "  strategy: blue-green"},
	"at-end":            {"keep", "  at-end: keep"},
	"dry-run":           {"true", "  dry-run: true"},
	"mode":              {"report", "mode: report"},
	"report-dir":        {"out", "report-dir: out"},
	"resume":            {"former", "report-dir: former"},
	"comment":           {"on-failure", "Comment:on-failure "},
	"comment-key":       {"eu", "CommentKey:eu "},
	"pr-number":         {"12", "PRNumber:12 "},
	"commit-status":     {"true", "CommitStatus:true "},
	"github-token":      {"ghs_literal", "GitHubToken:*** "},
	"gitlab-token":      {"${PATH}", "GitLabToken:${PATH}"},
}

// companions are the inputs without which another makes no trial.
func companions(name string) map[string]string {
	flags := map[string]string{"candidate": "http://c.svc", "baseline": "http://b.svc"}
	switch name {
	case "candidates":
		delete(flags, "candidate")
	case "gateway", "identify":
		flags = map[string]string{"candidate-version": "v2", "baseline-version": "v1", "gateway": "http://gateway.svc", "identify": "X-Version"}
	case "cert":
		flags["key"] = "there"
	case "key":
		flags["cert"] = "there"
	case "strategy", "at-end", "dry-run":
		flags["route"] = "httproute/shop"
	}
	delete(flags, name)
	return flags
}

func TestAWaitForWithoutASchemeIsNotToldWithItsPassword(t *testing.T) {
	_, _, err := Load(Sources{
		Flags:    map[string]string{"candidate": "http://c.svc", "objectives": "latency-p99 <= 1s", "wait-for": "ci:hunter2@shop/health\nshop:80/?k=hunter2"},
		ReadFile: files(nil),
	})
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Count(err.Error(), "has no scheme") != 2 {
		t.Error(err)
	}
}

func TestEverySourceReachesEveryInput(t *testing.T) {
	for _, input := range Inputs {
		if input.Name == "" || input.Name == "config" {
			continue
		}
		c, found := inputCases[input.Name]
		if !found {
			t.Errorf("no case for %s", input.Name)
			continue
		}
		for _, source := range append([]string{"--" + input.Name}, input.variables()...) {
			s := Sources{
				Flags: companions(input.Name), Environ: []string{"PATH=/bin"},
				ReadFile: files(map[string]string{"there": "x"}),
			}
			if strings.HasPrefix(source, "--") {
				s.Flags[input.Name] = c.value
			} else {
				s.Environ = append(s.Environ, source+"="+c.value)
			}
			file, warnings, err := Load(s)
			if err != nil || len(warnings) > 0 {
				t.Errorf("%s: %v %v", source, err, warnings)
				continue
			}
			// The resolved file leaves out where the trial is published.
			text := resolved(t, file) + fmt.Sprintf("%+v", file.Publish)
			if line := strings.ReplaceAll(c.line, "SOURCE", source); !strings.Contains(text, line) {
				t.Errorf("%s: no %q in\n%s", source, line, text)
			}
		}
	}
}

func resolved(t *testing.T, f File) string {
	t.Helper()
	text, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheStrongestSourceCounts(t *testing.T) {
	sources := []string{"--at-least", "INPUT_AT-LEAST", "INPUT_AT_LEAST", "SEATRIAL_AT_LEAST", "seatrial.yaml", "the default"}
	values := []string{"31s", "32s", "33s", "34s", "35s", "0s"}
	for strongest, want := range values {
		// The stronger ones are there, and empty.
		given := slices.Clone(values)
		clear(given[:strongest])
		text := "candidate: http://a.svc\nobjectives: [error-rate <= 1%]\n"
		if given[4] != "" {
			text += "at-least: " + given[4]
		}
		got, _, err := Load(Sources{
			Flags:    map[string]string{"at-least": given[0]},
			Environ:  []string{sources[1] + "=" + given[1], sources[2] + "=" + given[2], sources[3] + "=" + given[3]},
			ReadFile: files(map[string]string{"seatrial.yaml": text}),
		})
		if err != nil || durationText(got.AtLeast) != want {
			t.Errorf("from %s: %s, %v; want %s", sources[strongest], got.AtLeast, err, want)
		}
	}
}

func TestAnInputReportsItsOwnName(t *testing.T) {
	s := Sources{
		Flags: map[string]string{"candidate": "http://a.svc", "rate": "fast", "headers": "X-A s3cr3t\nX-B: 1\nX-B: 2\nBearer s3cr3t:rest"},
		Environ: []string{
			"INPUT_FOR=60", "SEATRIAL_OBJECTIVES=latncy-p95 <= 300ms\nerror-rate <= 1%", "INPUT_CONNECTIONS=0",
			"SEATRIAL_INSECURE=yes", "INPUT_BASELINE=shop.svc",
		},
		ReadFile: files(map[string]string{"seatrial.yaml": "load: {rate: 5/s, timeout: 9m}\n"}),
	}
	_, _, err := Load(s)
	golden(t, "testdata/inputs.want", err.Error()+"\n")
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a part of a header's value is quoted:\n%s", err)
	}
}

func TestTheDefaultFileMayBeMissing(t *testing.T) {
	s := Sources{Flags: map[string]string{"candidate": "http://a.svc", "objectives": "error-rate <= 1%"}, ReadFile: files(nil)}
	if _, _, err := Load(s); err != nil {
		t.Error(err)
	}
	s.Environ = []string{"SEATRIAL_CONFIG=trial.yaml"}
	_, _, err := Load(s)
	want := "SEATRIAL_CONFIG: the trial file can't be read: open trial.yaml: file does not exist\n1 mistake; nothing was sent."
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	s.Environ = nil
	s.ReadFile = func(string) ([]byte, error) { return nil, fs.ErrPermission }
	if _, _, err = Load(s); err == nil || !strings.HasPrefix(err.Error(), "seatrial.yaml: the trial file can't be read: permission denied") {
		t.Errorf("a file that can't be read was taken for a missing one: %v", err)
	}
}

func TestAnInputForAPartKeepsTheRest(t *testing.T) {
	for _, candidate := range []string{"http://a.svc", "{url: http://a.svc}"} {
		s := Sources{
			Flags:    map[string]string{"candidate-version": "v2", "objectives": "error-rate <= 1%"},
			ReadFile: files(map[string]string{"seatrial.yaml": "candidate: " + candidate}),
		}
		file, _, err := Load(s)
		if err != nil || file.Candidate.URL != "http://a.svc" || file.Candidate.Version != "v2" {
			t.Errorf("%s: %+v, %v", candidate, file.Candidate, err)
		}
	}
}

func TestUnknownVariablesAreWarnedOf(t *testing.T) {
	environ := []string{
		"SEATRIAL_RATES=1/s", "SEATRIAL_E2E=1", "SEATRIAL_PLATFORM=x", "SEATRIAL_VERDICT=pass", "SEATRIAL_EMPTY=",
		"INPUT_TARGET-URL=x", "INPUT_CANDIDATE-URL=x", "INPUT_ZZZZZZ=\n", "OTHER=1",
	}
	load := func(environ []string) []Warning {
		_, warnings, _ := Load(Sources{Environ: environ, ReadFile: files(nil)})
		return warnings
	}
	rates := Warning("SEATRIAL_RATES is no input of seatrial, and is not read; did you mean SEATRIAL_RATE?")
	if diff := cmp.Diff([]Warning{rates}, load(environ)); diff != "" {
		t.Error("elsewhere:", diff)
	}
	want := []Warning{
		"INPUT_CANDIDATE-URL is no input of seatrial, and is not read; did you mean candidate?",
		"INPUT_TARGET-URL is no input of seatrial, and is not read",
		"INPUT_ZZZZZZ is no input of seatrial, and is not read",
		rates,
	}
	if diff := cmp.Diff(want, load(append(environ, "GITHUB_ACTIONS=true"))); diff != "" {
		t.Error("on GitHub:", diff)
	}
}

func TestTheEnvironmentIsLookedUpByItsLastEntry(t *testing.T) {
	got := environment([]string{"A=1", "B=x=y", "A=2", "C"})
	if diff := cmp.Diff(map[string]string{"A": "2", "B": "x=y", "C": ""}, got); diff != "" {
		t.Error(diff)
	}
}

func TestStoredFilesTakeAnotherPolicy(t *testing.T) {
	const compared = "candidate: http://a.svc\nbaseline: http://b.svc\nobjectives:\n  - latency-p95 <= 110% of baseline # seatrial.yaml:9:5\n"
	got, err := LoadStored([]byte(compared), map[string]string{
		"objectives": "latency-p95 <= 130% of baseline\n# c\nerror-rate <= 1%", "confidence": "99%", "rewards": "minimize latency-mean", "rate": "7/s",
	})
	if err != nil || len(got.Objectives) != 2 || got.Objectives[0].Source.Input != "--objectives" || got.Confidence != 0.99 ||
		len(got.Rewards) != 1 || got.Load.Rate != Default().Load.Rate {
		t.Errorf("%+v, %v", got, err)
	}
	kept, err := LoadStored([]byte(compared), map[string]string{"confidence": "99%"})
	if want := (trial.Source{File: "seatrial.yaml", Line: 9, Column: 5}); err != nil || kept.Objectives[0].Source != want {
		t.Errorf("an objective that stayed comes from %v, %v", kept.Objectives, err)
	}
	for _, flags := range []map[string]string{
		{"objectives": "latency-p95 <= 130% of baseline"}, {"objectives": "latency <= 5"}, {"pattern": "canary"}, {"confidence": "20%"},
		{"rewards": "minimize latency-mean"},
	} {
		if _, err := LoadStored([]byte("candidate: http://a.svc\nobjectives: [error-rate <= 1%]\n"), flags); err == nil {
			t.Errorf("%v was taken without a baseline", flags)
		}
	}
}

// A trial file that a crash left empty would be judged by the defaults.
func TestAnEmptyStoredFileIsRefused(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n"} {
		if _, err := LoadStored([]byte(text), nil); err == nil || !strings.Contains(err.Error(), "trial.yaml: empty") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPatternsThatDoNotFitAreRefused(t *testing.T) {
	const two = "candidate: http://a.svc\nbaseline: http://b.svc\n"
	for text, want := range map[string]string{
		"pattern: canary\ncandidate: http://a.svc\nobjectives: [error-rate <= 1%]\n": "canary compares with a baseline",
		two + "pattern: conformance\nobjectives: [error-rate <= baseline + 1%]\n":    "instead of \"error-rate <= baseline + 1%\", or use canary",
		two + "pattern: canary\nrewards: [minimize latency-mean]\n":                  "canary knows no rewards",
		two + "pattern: pareto\nrewards: [minimize latency-mean]\n":                  "pareto weighs rewards against each other",
		two + "pattern: ab\nrewards: [minimize latency-mean, maximize throughput]\n": "ab picks by one reward, not 2",
		two + "pattern: abn\n": "abn picks by one reward, not 0",
		two + "pattern: hybrid\nrewards: [minimize latency-mean]\n":                                                        "hybrid is objectives and a reward",
		"baseline: http://b.svc\ncandidates: [http://a.svc, http://c.svc]\npattern: ab\nrewards: [minimize latency-p50]\n": "ab compares one candidate with a baseline",
		"candidate: http://a.svc\nrewards: [minimize latency-p50]\n":                                                       "picks among versions",
		two + "pattern: parteo\n":                                        "did you mean pareto?",
		two + "rewards: [minimise latency-p50]\n":                        "did you mean minimize?",
		two + "rewards: [minimize latncy-p50]\n":                         "did you mean latency-p50?",
		two + "rewards: [latency-p50]\n":                                 "want minimize or maximize and a metric",
		two + "rewards: [minimize latency-p50, minimize  latency-p50]\n": "given twice; first as rewards[0]",
	} {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngave %v,\nnot %q", text, err, want)
		}
	}
}

func TestSoundFilesAreTaken(t *testing.T) {
	for path, text := range textsIn(t, "testdata/sound/*.yaml") {
		file, warnings, err := Load(soundSources(text))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v %v", path, err, warnings)
		}
		golden(t, strings.TrimSuffix(path, ".yaml")+".resolved", resolved(t, file))
	}
}

// shopProto is a schema that calls are looked up in.
const shopProto = `syntax = "proto3";
package shop;
service Cart {
  rpc Get(Order) returns (Order);
  rpc Put(stream Order) returns (Order);
}
message Order { string id = 1; int32 count = 2; string note = 3; }
`

// soundSources are those of a file in testdata/sound.
func soundSources(text string) Sources {
	texts := map[string]string{"seatrial.yaml": text, "shop.proto": shopProto}
	for _, name := range []string{"ca.pem", "client.crt", "client.key"} {
		texts[name] = "x"
	}
	texts["words.csv"], texts["users.csv"] = "term\nboots\n", "name,path\nann,/pay\n"
	s := Sources{Environ: []string{"GITHUB_SHA=4f2c9e1", "TOKEN=t0ken-value"}, ReadFile: files(texts)}
	if !strings.Contains(text, "candidate") {
		s.Flags = map[string]string{"candidate": "http://a.svc", "baseline": "http://b.svc"}
	}
	return s
}

func TestVersionsBaselineFirst(t *testing.T) {
	text := textsIn(t, "testdata/sound/everything.yaml")["testdata/sound/everything.yaml"]
	file, _, err := Load(soundSources(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range file.Versions() {
		got = append(got, strings.Join([]string{v.Role.String(), v.Name, v.Label, v.URL}, " "))
	}
	want := []string{"baseline old 1.10 http://shop.prod.svc", "candidate candidate-1  http://a.svc", "candidate b ${not-a-variable} https://b.svc"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	secrets := []string{"Bearer t0ken-value", "t0ken-value", "hunter2", "ci:hunter2", "u:hunter2", "literal-secret", `{"token": "t0ken-value"}`,
		"Y2k6aHVudGVyMg==", "dTpodW50ZXIy"} // base64 of ci:hunter2 and u:hunter2
	slices.Sort(secrets)
	if diff := cmp.Diff(secrets, file.Secrets()); diff != "" {
		t.Error(diff)
	}
}

func TestModeIsReadAndWritten(t *testing.T) {
	for _, m := range []Mode{Enforce, Report} {
		text, _ := m.MarshalText()
		var got Mode
		if err := got.UnmarshalText(text); err != nil || got != m {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if err := new(Mode).UnmarshalText([]byte("advise")); err == nil {
		t.Error("an unknown mode was taken")
	}
}

func TestVersionsMustDifferInWhatIsAsked(t *testing.T) {
	for baseline, isTwin := range map[string]bool{
		"{url: http://a.svc}":                                   true,
		"{url: http://a.svc/, host: b.example}":                 true, // load.host is the same
		"{url: http://a.svc, headers: {X-Version: old}}":        false,
		"{url: http://a.svc, host: old.example}":                false,
		"{url: http://a.svc/old}":                               false,
		"{url: http://a.svc:80}":                                true,
		"{url: HTTP://A.svc.:080/?}":                            true,
		"{url: http://a.svc:81}":                                false,
		"{url: https://a.svc}":                                  false,
		"{url: http://a.svc/?v=1}":                              false,
		"{url: http://a.svc, version: v41, name: another-name}": true,
	} {
		text := "load: {host: b.example}\ncandidate: http://a.svc\nbaseline: " + baseline
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
		if got := err != nil && strings.Contains(err.Error(), "duplicate versions: baseline and candidate"); got != isTwin || err != nil && !isTwin {
			t.Errorf("%s: %v", baseline, err)
		}
	}
}

func TestPortsThatThereAreNotAreMistakes(t *testing.T) {
	for _, port := range []string{"0", "65536", "99999"} {
		text := "candidate: http://a.svc:" + port + "\nbaseline: http://b.svc"
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
		if err == nil || !strings.HasPrefix(err.Error(), "seatrial.yaml:1:12: candidate.url: ") || !strings.Contains(err.Error(), "1 to 65535") {
			t.Errorf("port %s: %v", port, err)
		}
	}
}

// An objective whose comparison is the wrong way round passes what it was to stop.
func TestObjectivesTheWrongWayRoundAreWarnedOf(t *testing.T) {
	for objective, want := range map[string]string{
		"latency-p95 <= 300ms":            "",
		"latency-p95 >= 300ms":            "the slower the candidate, the sooner it passes",
		"latency-p95 > 90% of baseline":   "the slower the candidate, the sooner it passes",
		"error-rate >= 1%":                "the more errors, the sooner it passes",
		"throughput >= 90% of baseline":   "",
		"throughput <= 90/s":              "the fewer answers, the sooner it passes",
		"error-rate <= 150% of baseline":  "",
		"latency-p95 <= 110% of baseline": "",
	} {
		text := "candidate: http://a.svc\nbaseline: http://b.svc\nobjectives: ['" + objective + "']"
		_, warnings, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
		if err != nil || (want == "") != (len(warnings) == 0) || want != "" && !strings.Contains(string(warnings[0]), want) {
			t.Errorf("%s: %q, %v", objective, warnings, err)
		}
	}
}

func TestNoInputsAreToldWithoutAPlace(t *testing.T) {
	_, _, err := Load(Sources{ReadFile: files(nil)})
	want := "no candidate: give the URL of the version on trial, as candidate: in the file or --candidate\n" +
		"no objectives: a trial of one version needs objectives, as in latency-p99 <= 300ms; with a baseline there are defaults\n" +
		"2 mistakes; nothing was sent."
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestATooShortTrialIsAMistake(t *testing.T) {
	text := "candidate: http://a.svc\nbaseline: http://b.svc\nload: {rate: 1/s, for: 2m}"
	_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
	if err == nil || !strings.HasPrefix(err.Error(), "seatrial.yaml:3:24: load.for: ") {
		t.Error(err)
	}
}

func TestWhatIsQuotedNeverBreaksALine(t *testing.T) {
	_, _, err := Load(Sources{
		Flags:    map[string]string{"config": "a\n::set-output::b", "method": "\x1b[31m", "candidate": "http://a.svc\n::error::"},
		ReadFile: files(nil),
	})
	for line := range strings.Lines(err.Error()) {
		if strings.HasPrefix(line, "::") || strings.Contains(line, "\x1b") {
			t.Errorf("%q", line)
		}
	}
}

func TestNamesThatReachLogsHaveNoControlCharacters(t *testing.T) {
	for path, text := range map[string]string{
		"candidates[0].name": `{candidates: [{name: "a\eb", url: "http://a.svc"}]}`,
		"baseline.name":      `{baseline: {name: "a\nb", url: "http://b.svc"}}`,
		"candidate.name":     `{candidate: {name: "a\u202eb", url: "http://b.svc"}}`,
		"report-dir":         `{report-dir: "a\rb"}`,
	} {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
		if want := path + ": \"a"; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "has a control character") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

const threeRequests = `
baseline: http://a.svc
candidate: http://b.svc
load: {rate: 100/s, for: 60s}
requests:
  - {name: home, path: /}
  - {name: buy, path: /buy, share: 1%, objectives: [latency-p99 <= 300ms, {objective: error-rate <= 2%, confidence: 99%}]}
objectives: [latency-p95 <= 110% of baseline]
`

// What stands with a request is the same as what names it, and stays at its line.
func TestObjectivesOfRequestsFollowTheTrialsOwn(t *testing.T) {
	file, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": threeRequests})})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range file.Objectives {
		got = append(got, fmt.Sprintf("%s at line %d", o.Text, o.Source.Line))
	}
	want := []string{"latency-p95 <= 110% of baseline at line 8", "buy/latency-p99 <= 300ms at line 7", "buy/error-rate <= 2% at line 7"}
	if diff := cmp.Diff(want, got); diff != "" || *file.Objectives[2].Confidence != 0.99 {
		t.Error(diff)
	}
	stored, err := LoadStored([]byte(resolved(t, file)), map[string]string{"objectives": "buy/latency-p95 <= 1s\noverall/error-rate <= 1%"})
	if err != nil || len(stored.Objectives) != 2 || stored.Objectives[0].Text != "buy/latency-p95 <= 1s" {
		t.Errorf("%v: %+v", err, stored.Objectives)
	}
	_, err = LoadStored([]byte(resolved(t, file)), map[string]string{"objectives": "bye/latency-p95 <= 1s"})
	if err == nil || !strings.Contains(err.Error(), "did you mean buy?") {
		t.Error(err)
	}
}

func TestARequestThatIsTooRareIsRefused(t *testing.T) {
	together := strings.NewReplacer(", objectives: [latency-p99 <= 300ms, {objective: error-rate <= 2%, confidence: 99%}]", "",
		"[latency-p95", "[overall/error-rate <= 1%, home/latency-p95", "60s", "31s").Replace(threeRequests)
	for text, want := range map[string]string{
		strings.Replace(threeRequests, "60s", "31s", 1): `requests[1]: buy: it is sent about 31 times to each version, and "buy/latency-p95 <= 110% of baseline" needs at least 35`,
		strings.Replace(threeRequests, "60s", "40s", 1): `"buy/error-rate <= 2%" needs at least`,
		threeRequests: "",
		together:      "",
	} {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s\n%v, want %q", text, err, want)
		}
	}
}

func TestObjectivesOfStepsAreOfTheStep(t *testing.T) {
	text := strings.Replace(threeRequests, "{name: buy, path: /buy, share: 1%, objectives: [latency-p99 <= 300ms, {objective: error-rate <= 2%, confidence: 99%}]}",
		"{name: buy, steps: [{name: login, path: /login}, {name: pay, path: /pay, objectives: [latency-p99 <= 300ms]}]}", 1)
	file, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
	if err != nil || len(file.Objectives) != 2 || file.Objectives[1].Text != "pay/latency-p99 <= 300ms" || file.Objectives[1].Source.Line != 7 {
		t.Errorf("%v: %+v", err, file.Objectives)
	}
	stored, err := LoadStored([]byte(resolved(t, file)), nil)
	if err != nil || len(stored.Objectives) != 2 {
		t.Errorf("%v: %+v", err, stored.Objectives)
	}
}
