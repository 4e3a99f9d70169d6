package platform

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDotenvHoldsEveryOutputOnALineOfItsOwn(t *testing.T) {
	got := Dotenv([]Output{
		{"verdict", "fail"}, {"exit-code", "1"}, {"winner", ""}, {"report-json", "seatrial-report/report.json"},
		{"failed-objectives", "latency-p95 <= 110% of baseline\nerror-rate <= 1%"},
	})
	want := `SEATRIAL_VERDICT=fail
SEATRIAL_EXIT_CODE=1
SEATRIAL_WINNER=
SEATRIAL_REPORT_JSON=seatrial-report/report.json
SEATRIAL_FAILED_OBJECTIVES=latency-p95%20%3C=%20110%25%20of%20baseline%0Aerror-rate%20%3C=%201%25
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// dotenvLine is what GitLab takes, and what no shell finds a meaning in.
var dotenvLine = regexp.MustCompile(`^SEATRIAL_[A-Z0-9_]+=[A-Za-z0-9._~/:,+@=%-]*$`)

var hostile = []string{
	"two words", "a\nSEATRIAL_VERDICT=pass", "\n\n", "# comment", `"quoted"`, `it's`, "$HOME `id` $(id) ; rm", "a\r\nb\tc\x00", "x\\",
	"äöü \U0001F600", "\xff\xfe", "%41", strings.Repeat("long ", 5000), strings.Repeat("\U0001F600", 5000),
}

func TestDotenvKeepsGitLabsRulesWhateverTheValues(t *testing.T) {
	var outputs []Output
	for i, value := range hostile {
		outputs = append(outputs, Output{fmt.Sprintf("a name %d\n", i), value})
	}
	text := Dotenv(outputs)
	if len(text) > 5*1024 || len(text) < 5*1024-50 {
		t.Errorf("%d bytes of the 5 KB that the long values need", len(text))
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != len(outputs) {
		t.Fatalf("%d lines for %d outputs:\n%s", len(lines), len(outputs), text)
	}
	for i, line := range lines {
		if !dotenvLine.MatchString(line) {
			t.Errorf("GitLab would not take %q", line)
		}
		_, encoded, _ := strings.Cut(line, "=")
		value, err := url.PathUnescape(encoded)
		if err != nil || !utf8.ValidString(value) {
			t.Errorf("%q is not decoded: %v", encoded, err)
		}
		start, cut := strings.CutSuffix(value, "…")
		if whole := strings.ToValidUTF8(hostile[i], "\uFFFD"); !strings.HasPrefix(whole, start) || !cut && whole != value {
			t.Errorf("%.60q came back as %.60q", hostile[i], value)
		}
		if cut && len(hostile[i]) < 1000 {
			t.Errorf("%q was shortened although the long ones make the room", hostile[i])
		}
	}
}

func TestDotenvHasNoMoreVariablesThanGitLabTakes(t *testing.T) {
	var outputs []Output
	for i := range 40 {
		outputs = append(outputs, Output{fmt.Sprint("o", i), strings.Repeat("v", 4000)})
	}
	text := Dotenv(outputs)
	if n := strings.Count(text, "\n"); n != 20 || len(text) > 5*1024 {
		t.Errorf("%d variables in %d bytes", n, len(text))
	}
}

func TestDotenvIsWrittenWhole(t *testing.T) {
	dir := t.TempDir()
	if err := WriteDotenv(dir, []Output{{"verdict", "pass"}}); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	text, _ := os.ReadFile(filepath.Join(dir, "outputs.env"))
	if len(files) != 1 || string(text) != "SEATRIAL_VERDICT=pass\n" {
		t.Errorf("%v, %q", files, text)
	}
	if err := WriteDotenv(filepath.Join(dir, "missing"), nil); err == nil {
		t.Error("no error where there is no directory")
	}
}
