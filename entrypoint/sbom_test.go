package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

func TestSBOMListsEveryModuleOfTheProgram(t *testing.T) {
	r := finish(t, command(t, "version", "--sbom"))
	r.wants(t, exitPass, "CycloneDX")
	var bom struct {
		BOMFormat  string
		Components []struct{ Name, Version, Purl string }
	}
	if err := json.Unmarshal([]byte(r.stdout), &bom); err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, c := range bom.Components {
		listed[c.Name] = c.Version
		if c.Purl != "pkg:golang/"+c.Name+"@"+c.Version {
			t.Errorf("%s has the package URL %q", c.Name, c.Purl)
		}
	}
	if listed["stdlib"] == "" {
		t.Error("the standard library is not listed")
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"github.com/itchyny/gojq", "github.com/spf13/cobra"} {
		want := regexp.MustCompile(regexp.QuoteMeta(m) + ` (v\S+)`).FindStringSubmatch(string(mod))
		if want == nil || listed[m] != want[1] {
			t.Errorf("%s is listed as %q, go.mod has %v", m, listed[m], want)
		}
	}
}

func TestSBOMIsTheSameEachTime(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.2.3", Main: debug.Module{Path: "example.com/x"}, Deps: []*debug.Module{
		{Path: "example.com/a", Version: "v1.0.0", Sum: "h1:a"},
		{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/c", Version: "v2.0.0"}},
	}}
	var one, two bytes.Buffer
	if err := writeSBOM(&one, info); err != nil {
		t.Fatal(err)
	}
	if err := writeSBOM(&two, info); err != nil || one.String() != two.String() {
		t.Errorf("%v:\n%s\n%s", err, one.String(), two.String())
	}
	if !strings.Contains(one.String(), "pkg:golang/example.com/c@v2.0.0") || strings.Contains(one.String(), "example.com/b@") {
		t.Errorf("a replaced module is listed as what it was:\n%s", one.String())
	}
}
