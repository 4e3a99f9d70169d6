package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

func TestRoomsImportOnlyWhatTheHouseAllows(t *testing.T) {
	list := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string][]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); decoder.More(); {
		var p listed
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
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
