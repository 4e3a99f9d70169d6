package summary

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

var update = flag.Bool("update", false, "write the goldens anew")

// forms are all ways to show a report, by the ending of their goldens.
var forms = map[string]func(trial.Report) string{
	"txt": func(r trial.Report) string { return Text(r, Style{Width: 120, ReportDir: "seatrial-report"}) },
	"md":  Markdown, "html": HTML,
}

func TestReportsLookLikeTheirGoldens(t *testing.T) {
	for name, r := range reports() {
		for ending, render := range forms {
			t.Run(name+"."+ending, func(t *testing.T) { golden(t, name+"."+ending, render(r)) })
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestTheSameReportGivesTheSameBytes(t *testing.T) {
	for name, r := range reports() {
		for ending, render := range forms {
			if diff := cmp.Diff(render(r), render(r)); diff != "" {
				t.Errorf("%s.%s:\n%s", name, ending, diff)
			}
		}
	}
}
