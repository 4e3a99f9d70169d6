package platform

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func gitHubIn(t *testing.T, out *bytes.Buffer) (Platform, map[string]string) {
	t.Helper()
	dir := t.TempDir()
	env := map[string]string{
		"GITHUB_ACTIONS":      "true",
		"GITHUB_OUTPUT":       filepath.Join(dir, "output"),
		"GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
		"GITHUB_WORKSPACE":    "/github/workspace",
	}
	random := strings.NewReader(strings.Repeat("0123456789abcdef", 10))
	return Detect(Environment{Getenv: func(name string) string { return env[name] }, Stdout: out, Random: random}), env
}

func TestGitHubGetsOutputsSummaryAndAnnotations(t *testing.T) {
	var out bytes.Buffer
	p, env := gitHubIn(t, &out)
	err := p.Publish(t.Context(), Publication{
		Outputs: []Output{{"verdict", "fail"}, {"failed-objectives", "a\nb"}}, Summary: "# fail",
		Annotations: []Annotation{
			{Level: Error, Title: "Seatrial, fail", Message: "100% worse\nthan before", File: "seatrial.yaml", Line: 3, Column: 5},
			{Level: Warning, Title: "w", Message: "::set-output name=a::b"},
			{Level: Warning, Title: "v", Message: "m", File: "/github/workspace/deploy/trial.yaml", Line: 1, Column: 2},
			{Level: Warning, Title: "u", Message: "m", File: "./conf/../deploy/t.yaml", Line: 4},
			{Level: Warning, Title: "t", Message: "m", File: "seatrial.yaml"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	delimiter := "seatrial-30313233343536373839616263646566"
	want := "verdict<<" + delimiter + "\nfail\n" + delimiter + "\nfailed-objectives<<" + delimiter + "\na\nb\n" + delimiter + "\n" +
		"comment-url<<" + delimiter + "\n\n" + delimiter + "\n"
	if got, _ := os.ReadFile(env["GITHUB_OUTPUT"]); string(got) != want {
		t.Errorf("outputs %q, want %q", got, want)
	}
	if got, _ := os.ReadFile(env["GITHUB_STEP_SUMMARY"]); string(got) != "# fail\n" {
		t.Errorf("summary %q", got)
	}
	log := "::error col=5,file=seatrial.yaml,line=3,title=Seatrial%2C fail::100%25 worse%0Athan before\n" +
		"::warning title=w::::set-output name=a::b\n" +
		"::warning col=2,file=deploy/trial.yaml,line=1,title=v::m\n" +
		"::warning file=deploy/t.yaml,line=4,title=u::m\n" +
		"::warning file=seatrial.yaml,title=t::m\n"
	if out.String() != log {
		t.Errorf("log %q, want %q", out.String(), log)
	}
}

func TestEveryLineOfASecretIsMasked(t *testing.T) {
	var out bytes.Buffer
	p, _ := gitHubIn(t, &out)
	p.Mask([]string{"value-one", "value-two\n{\ntrue\nvalue-three\n"})
	if want := "::add-mask::value-one\n::add-mask::value-two\n::add-mask::value-three\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// A runner without its files is a warning, never a panic.
func TestMissingFilesAreAnError(t *testing.T) {
	p := Detect(Environment{
		Getenv: func(name string) string { return map[string]string{"GITHUB_ACTIONS": "true"}[name] },
		Stdout: &bytes.Buffer{}, Random: strings.NewReader(strings.Repeat("x", 100)),
	})
	err := p.Publish(t.Context(), Publication{Outputs: []Output{{"a", "b"}}, Summary: "s"})
	if err == nil || !strings.Contains(err.Error(), "GITHUB_OUTPUT") || !strings.Contains(err.Error(), "GITHUB_STEP_SUMMARY") {
		t.Errorf("error %v, want one that names both variables", err)
	}
}

func TestAnnotationsAreBounded(t *testing.T) {
	var out bytes.Buffer
	p, _ := gitHubIn(t, &out)
	_ = p.Publish(t.Context(), Publication{Annotations: make([]Annotation, 50)})
	if n := strings.Count(out.String(), "::notice"); n != 9 {
		t.Errorf("%d annotations, want 9", n)
	}
}

func TestALogIsGivenOnlyWhatIsMeantForIt(t *testing.T) {
	var out bytes.Buffer
	p := Detect(Environment{Getenv: func(string) string { return "" }, Stdout: &out})
	hostile := Output{"winner", "##vso[task.setvariable variable=PASSED]true\x1b[2J\r::error::x"}
	if err := p.Publish(t.Context(), Publication{Outputs: []Output{hostile}, Log: "\noutputs:\n  winner=x\n"}); err != nil {
		t.Fatal(err)
	}
	if want := "\noutputs:\n  winner=x\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
