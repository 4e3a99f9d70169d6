package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// written is a section of the report on file: its heading as a link names it, and
// the rows of its table.
type written struct {
	anchor string
	rows   [][]string
}

// report reads docs/exam.md back, by title.
func report(t *testing.T) map[string]written {
	t.Helper()
	sections := map[string]written{}
	for _, text := range strings.Split(read(t, "docs/exam.md"), "\n## ")[1:] {
		title, body, _ := strings.Cut(text, "\n")
		w := written{anchor: anchorOf(title)}
		for line := range strings.Lines(body) {
			if cells, ok := strings.CutPrefix(strings.TrimSpace(line), "| "); ok {
				w.rows = append(w.rows, strings.Split(strings.TrimSuffix(cells, " |"), " | "))
			}
		}
		sections[title] = w
	}
	return sections
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// anchorOf is what a heading is called in links, as GitHub has it.
func anchorOf(title string) string {
	kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(title), "")
	return strings.ReplaceAll(kept, " ", "-")
}

// highest is the largest share in some cells of some rows, in percent and as written.
func highest(t *testing.T, rows [][]string, columns []int, chosen func(row []string) bool) (value float64, text string) {
	t.Helper()
	value = -1
	for _, row := range rows {
		if !chosen(row) {
			continue
		}
		for _, column := range columns {
			cell, _, found := strings.Cut(strings.Trim(row[column], "*"), " %")
			x, err := strconv.ParseFloat(cell, 64)
			if !found || err != nil {
				t.Fatalf("%q is no share", row[column])
			}
			if x > value {
				value, text = x, cell
			}
		}
	}
	return value, text
}

// Every link into the report points to a section that is there.
func TestLinksIntoTheReportArrive(t *testing.T) {
	var anchors []string
	for _, w := range report(t) {
		anchors = append(anchors, w.anchor)
	}
	docs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range append(docs, "../../README.md") {
		for _, link := range regexp.MustCompile(`exam\.md#([^)\s]*)`).FindAllStringSubmatch(read(t, strings.TrimPrefix(file, "../../")), -1) {
			if found++; !slices.Contains(anchors, link[1]) {
				t.Errorf("%s: docs/exam.md has no section #%s", file, link[1])
			}
		}
	}
	if found == 0 {
		t.Error("nothing links to the report")
	}
}

// What the README and the explanation say of error rates are the worst figures of
// the report on file, not kind ones.
func TestClaimsAreTheReportsWorstFigures(t *testing.T) {
	report := report(t)
	equal, limits := report["False fail: equal versions, watched for 60 s"], report["Worlds of other kinds"]
	worlds := columns(1, len(equal.rows[0])-1)
	const pass, fail = 4, 3
	truthIs := func(row []string) bool { return row[2] == string(atLimit) }
	driven := func(row []string) bool { return strings.Contains(row[0], "own drift") }
	clustered := func(row []string) bool {
		return row[1] == "`"+absolute+"`" && (strings.Contains(row[0], "bursts") || strings.Contains(row[0], "streaks"))
	}
	atDefaults := func(row []string) bool { return truthIs(row) && !strings.Contains(row[0], "at-least") }

	_, ownFails := highest(t, equal.rows, worlds, func(row []string) bool { return strings.HasPrefix(row[0], "**Seatrial**") })
	_, passes := highest(t, limits.rows, []int{pass}, func(row []string) bool { return atDefaults(row) && !driven(row) && !clustered(row) })
	_, burstPasses := highest(t, limits.rows, []int{pass}, func(row []string) bool { return truthIs(row) && clustered(row) })
	_, driftPasses := highest(t, limits.rows, []int{pass}, func(row []string) bool { return truthIs(row) && driven(row) })
	_, driftFails := highest(t, limits.rows, []int{fail}, func(row []string) bool { return truthIs(row) && driven(row) })
	others, _ := highest(t, equal.rows, worlds, func(row []string) bool {
		return slices.ContainsFunc(rules, func(r rule) bool { return r.name == row[0] && r.pace == watched })
	})

	unwrapped := strings.Join(strings.Fields(read(t, "README.md")), " ")
	for _, said := range []string{
		fmt.Sprintf("equal versions failed in [at most %s %% of trials](docs/exam.md#%s)", ownFails, equal.anchor),
		fmt.Sprintf("a candidate at its limit passed in [at most %s %%](docs/exam.md#%s) at the defaults", passes, limits.anchor),
		fmt.Sprintf("bursts (%s %% false passes)", burstPasses),
		fmt.Sprintf("(%s %%, and %s %% false fails at the limit)", driftPasses, driftFails),
		fmt.Sprintf("fail up to %.0f %% of equal versions", others),
	} {
		if !strings.Contains(unwrapped, said) {
			t.Errorf("README.md does not say %q", said)
		}
	}

	power, passed := report["Fail: power, and false fail"], report["Pass: the costliest error"]
	draft := func(row []string) bool { return row[0] == "our first draft" }
	few, many := len(power.rows[0])-2, len(power.rows[0])-1 // the candidate's requests
	passedAt, _ := highest(t, passed.rows, []int{few}, draft)
	failedAt, _ := highest(t, power.rows, []int{many}, draft)

	sequence := func(row []string) bool {
		return strings.HasPrefix(row[0], "asymptotic confidence sequence") && !strings.Contains(row[0], "tuned")
	}
	_, sequenceFails := highest(t, report["Who keeps wrong verdicts at 5 %"].rows, []int{1}, sequence)
	raced := report["Who is sooner"].rows
	of := len(raced[0]) - 3 // worlds: without the name and both counts
	sooner := slices.IndexFunc(raced, sequence)
	if sooner < 0 {
		t.Fatal("the asymptotic confidence sequence is not raced")
	}
	statistics := strings.Join(strings.Fields(read(t, "docs/statistics.md")), " ")
	for _, said := range []string{
		fmt.Sprintf("passed in %.0f %% of trials, at 1 : 9 it failed in %.0f %%", passedAt, failedAt),
		fmt.Sprintf("fails %s %% of equal versions that drift by themselves", sequenceFails),
		fmt.Sprintf("sooner in %s of [the exam's %d worlds]", raced[sooner][of+1], of),
	} {
		if !strings.Contains(statistics, said) {
			t.Errorf("docs/statistics.md does not say %q", said)
		}
	}
}

// That no other rule which is watched keeps its false fails is claimed of all of
// them, and of all their settings.
func TestNoOtherWatchedRuleKeepsItsFalseFails(t *testing.T) {
	const equal, limit = 3, 7
	section := report(t)["Who keeps wrong verdicts at 5 %"]
	for _, row := range section.rows[1:] {
		if strings.HasPrefix(row[0], "**Seatrial**") || strings.HasSuffix(row[0], "○") {
			continue
		}
		if row[equal] != broken.String() && row[limit] != broken.String() {
			t.Errorf("%s keeps them: README.md says that none does", row[0])
		}
	}
	if !strings.Contains(read(t, "README.md"), "[none keeps its false fails at 5 %](docs/exam.md#"+section.anchor+")") {
		t.Error("README.md does not claim it any more")
	}
}

func columns(from, to int) (out []int) {
	for i := from; i <= to; i++ {
		out = append(out, i)
	}
	return out
}
