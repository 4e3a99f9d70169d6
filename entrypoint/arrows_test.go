package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const module = "github.com/seatrial/seatrial/"

// arrows are all imports between rooms that the house allows; the standard
// library and other modules are not rooms.
var arrows = map[string][]string{
	"trial":                nil,
	"slo/bayes":            nil,
	"slo":                  {"slo/bayes", "trial"},
	"loadgen":              {"trial"},
	"metrics":              {"trial"},
	"k8s":                  {"trial"},
	"evidence":             {"trial"},
	"runner":               {"trial"},
	"summary":              {"trial"},
	"platform":             nil,
	"migrate":              {"trial"},
	"config":               {"k8s", "loadgen", "metrics", "slo", "trial"},
	"examples/sample":      nil,
	"entrypoint":           {"config", "evidence", "examples/sample", "k8s", "loadgen", "metrics", "migrate", "platform", "runner", "slo", "summary", "trial"},
	"internal/bench":       {"evidence", "runner", "slo", "trial"},
	"internal/exam":        {"slo", "slo/bayes", "trial"},
	"internal/githubapi":   nil,
	"internal/gitlabapi":   nil,
	"internal/testcluster": nil,
}

type listed struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestRoomsImportOnlyWhatTheHouseAllows(t *testing.T) {
	seen := map[string][]string{}
	for _, p := range list(t, module+"...") {
		room := strings.TrimPrefix(p.ImportPath, module)
		seen[room] = nil
		for _, i := range p.Imports {
			if rest, own := strings.CutPrefix(i, module); own {
				seen[room] = append(seen[room], rest)
			}
		}
		slices.Sort(seen[room])
	}
	if diff := cmp.Diff(arrows, seen); diff != "" {
		t.Errorf("allowed (-) and found (+):\n%s", diff)
	}
}

// foreign types stop at their adapter: these modules are imported by the named
// packages alone.
func TestForeignModulesStayInTheirRoom(t *testing.T) {
	homes := map[string][]string{
		"github.com/valyala/":                   {"loadgen"},
		"go.yaml.in/yaml":                       {"config", "metrics", "migrate"},
		"mvdan.cc/sh":                           {"migrate"},
		"github.com/getkin/":                    {"migrate"},
		"github.com/sethvargo/go-githubactions": {"platform"},
		"github.com/google/go-github":           {"platform"},
		"github.com/yuin/goldmark":              {"summary"},
		"gitlab.com/gitlab-org/api/client-go":   {"platform"},
		"github.com/klauspost/compress":         {"evidence"},
		"gonum.org/":                            {"internal/exam"},
		"github.com/hashicorp/":                 {"metrics"},
		"github.com/itchyny/gojq":               {"loadgen", "metrics"},
		"golang.org/x/oauth2":                   {"metrics"},
		"github.com/jackc/":                     {"metrics"},
		"github.com/go-sql-driver/":             {"metrics"},
		"github.com/microsoft/go-mssqldb":       {"metrics"},
		"modernc.org/":                          {"metrics"},
		"github.com/spf13/cobra":                {"entrypoint"},
		"github.com/CycloneDX/":                 {"entrypoint"},
		"google.golang.org/":                    {"examples/sample", "loadgen"},
		"github.com/bufbuild/":                  {"examples/sample", "loadgen"},
		"k8s.io/":                               {"internal/testcluster", "k8s"},
		"sigs.k8s.io/":                          {"k8s"},
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		room := strings.TrimPrefix(fields[0], module)
		for foreign, rooms := range homes {
			imports := slices.ContainsFunc(fields[1:], func(i string) bool { return strings.HasPrefix(i, foreign) })
			if imports && !slices.Contains(rooms, room) {
				t.Errorf("%s imports %s, which belongs to %v", room, foreign, rooms)
			}
		}
	}
}

// programTags are those of every build of the program; without them, grpc-go has
// pages for debugging, which are templates.
const programTags = "-tags grpcnotrace "

func TestEveryBuildOfTheProgramHasItsTags(t *testing.T) {
	for _, file := range []string{"../Makefile", "../Dockerfile"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if builds, tagged := strings.Count(string(text), "go build "), strings.Count(string(text), programTags); builds == 0 || builds != tagged {
			t.Errorf("%s builds %d times, and %d times with %s", file, builds, tagged, programTags)
		}
	}
}

// A template that can be executed finds methods by names that nobody knows before,
// so that the linker would keep every method of every type: a third of the program.
// These import templates, and execute none that the program reaches.
func TestTemplatesAreImportedByThoseAloneThatLeaveThemUnused(t *testing.T) {
	seen := map[string][]string{}
	for _, p := range list(t, append(strings.Fields(programTags), "-deps", ".")...) {
		for _, i := range p.Imports {
			if i == "text/template" || i == "html/template" {
				seen[i] = append(seen[i], p.ImportPath)
			}
		}
	}
	want := map[string][]string{
		"text/template": {"github.com/spf13/cobra", "gitlab.com/gitlab-org/api/client-go/v2", "html/template"},
		"html/template": {"github.com/sethvargo/go-githubactions"},
	}
	if diff := cmp.Diff(want, seen, cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("known (-) and found (+):\n%s", diff)
	}
}

// The linker marks each function that finds methods by name.
func TestTheLinkerMayLeaveOutMethods(t *testing.T) {
	args := slices.Concat([]string{"build", "-ldflags=-dumpdep", "-o", t.TempDir()}, strings.Fields(programTags), []string{"."})
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out[:min(len(out), 2000)])
	}
	links := 0
	for line := range bytes.Lines(out) {
		links++
		if _, finder, finds := bytes.Cut(line, []byte(" -> ")); finds && bytes.Contains(finder, []byte("<ReflectMethod>")) {
			t.Errorf("reached, and finds methods by name: %s", line)
		}
	}
	if links < 10_000 {
		t.Errorf("the linker told %d links, want those of the whole program", links)
	}
}
