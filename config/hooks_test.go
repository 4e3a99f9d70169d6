package config

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

const compared = "candidate: http://a.svc\nbaseline: http://b.svc\n"

func loadHooks(t *testing.T, text string, environ ...string) (File, error) {
	t.Helper()
	file, _, err := Load(Sources{Environ: environ, ReadFile: files(map[string]string{"seatrial.yaml": compared + text})})
	return file, err
}

func TestActionsAreReadInEveryForm(t *testing.T) {
	const text = `on:
  start: make lock
  round: {run: ./push.sh, name: push, if: verdict == fail}
  pass:
    - kubectl apply -k .
    - {run: "a\nb", within: 90s, ignore-failure: true, if: winner != baseline}
  fail: [{notify: "${HOOK}", ignore-failure: false}]
  finish: {notify: "https://chat.example/x", if: status == cancelled}
`
	file, err := loadHooks(t, text, "HOOK=https://hooks.example/services/T0/B0/s3cr3t-key")
	if err != nil {
		t.Fatal(err)
	}
	within, yes, no := 90*time.Second, true, false
	want := Hooks{
		Start: Actions{{Run: "make lock"}},
		Round: Actions{{Run: "./push.sh", Name: "push", If: Condition{"verdict", false, "fail"}}},
		Pass: Actions{
			{Run: "kubectl apply -k ."},
			{Run: "a\nb", Within: &within, IgnoreFailure: &yes, If: Condition{"winner", true, "baseline"}},
		},
		Fail:   Actions{{Notify: trial.NewSecret("${HOOK}", "https://hooks.example/services/T0/B0/s3cr3t-key"), IgnoreFailure: &no}},
		Finish: Actions{{Notify: trial.NewSecret("", "https://chat.example/x"), If: Condition{"status", false, "cancelled"}}},
	}
	sameValue := cmp.Comparer(func(a, b trial.Secret) bool { return a.Reveal() == b.Reveal() })
	if diff := cmp.Diff(want, file.On, sameValue); diff != "" {
		t.Error(diff)
	}
	pass, fail := file.On.Pass, file.On.Fail
	if pass[0].Limit() != commandWithin || pass[1].Limit() != within || fail[0].Limit() != messageWithin {
		t.Error("limits", pass[0].Limit(), pass[1].Limit(), fail[0].Limit())
	}
	if pass[0].MayFail() || !pass[1].MayFail() || fail[0].MayFail() || !file.On.Finish[0].MayFail() {
		t.Error("a command's failure counts and a message's does not, unless the file says so")
	}
	if pass[1].Title() != "a" || fail[0].Title() != "notify" || file.On.Round[0].Title() != "push" {
		t.Error("titles", pass[1].Title(), fail[0].Title(), file.On.Round[0].Title())
	}
}

// A value pasted into a command line would be read as a part of it.
func TestReferencesInCommandsAreLeftToTheShell(t *testing.T) {
	const command = "echo ${TAG} ${NONE:-x} $${TAG} ${"
	file, err := loadHooks(t, "on: {pass: '"+command+"'}", "TAG=$(reboot); '")
	if err != nil || len(file.On.Pass) != 1 || string(file.On.Pass[0].Run) != command {
		t.Errorf("%v, %+v", err, file.On)
	}
}

func TestMistakesInActionsAreToldAtTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"on: {passed: a}":                              `:3:6: unknown key "passed" in on (known: start, round, pass, fail, inconclusive, finish); did you mean pass?`,
		"on: a":                                        ":3:5: on: a single value, where a mapping is meant",
		"on: {pass: }":                                 ":3:12: on.pass: no value",
		"on: {pass: [[a]]}":                            ":3:13: on.pass[0]: a list, where a mapping is meant",
		"on: {pass: {rum: a}}":                         `:3:13: unknown key "rum" in on.pass[0] (known: run, notify, name, if, within, ignore-failure); did you mean run?`,
		"on: {pass: {name: a}}":                        ":3:12: on.pass[0]: neither a command nor an address",
		"on: {pass: '  '}":                             ":3:12: on.pass[0]: neither a command nor an address",
		"on: {pass: {run: a, notify: http://a}}":       ":3:12: on.pass[0]: run and notify in one",
		"on: {pass: {run: \"a\\0b\"}}":                 ":3:18: on.pass[0].run: it has a NUL character",
		"on: {pass: {run: a, name: \"a\\nb\"}}":        ":3:27: on.pass[0].name: \"a\\nb\" has a control character",
		"on: {pass: {run: a, within: 2h}}":             ":3:29: on.pass[0].within: 2h is out of range: 1ms to 1h",
		"on: {pass: {run: a, ignore-failure: 1}}":      `:3:37: on.pass[0].ignore-failure: "1" is neither true nor false`,
		"on: {pass: {notify: s3cr3t}}":                 ":3:21: on.pass[0].notify: this is no URL of http or https",
		"on: {pass: {notify: 'ftp://s3cr3t'}}":         ":3:21: on.pass[0].notify: this is no URL of http or https",
		"on: {pass: {notify: 'http://s3cr3t:x:'}}":     ":3:21: on.pass[0].notify: this is no URL of http or https",
		"on: {pass: {notify: '${NONE}'}}":              ":3:21: on.pass[0].notify: the variable NONE is not set",
		"on: {round: {notify: 'http://a'}}":            ":3:22: on.round[0].notify: rounds end several times a second",
		"on: {pass: {run: a, if: pass}}":               `:3:25: on.pass[0].if: "pass" is no condition`,
		"on: {pass: {run: a, if: verdct == pass}}":     `:3:25: on.pass[0].if: "verdct" can't be asked for (known: verdict, status, winner); did you mean verdict?`,
		"on: {pass: {run: a, if: verdict == x}}":       `:3:25: on.pass[0].if: "x" is no verdict (known: pass, fail, inconclusive)`,
		"on: {pass: {run: a, if: winner == canddate}}": `:3:25: on.pass[0].if: "canddate" is no winner (known: baseline, candidate, none); did you mean candidate?`,
		"on: {finish: {run: a, if: status == done}}":   `:3:27: on.finish[0].if: "done" is no status (known: judged, not-ready, broken, cancelled)`,
		"on: {start: {run: a, if: verdict == pass}}":   ":3:26: on.start[0].if: there is no verdict yet at on: start",
		"on: {round: {run: a, if: winner == none}}":    ":3:26: on.round[0].if: there is no winner yet at on: round",
	} {
		_, err := loadHooks(t, text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s\ngave %v,\nnot %q", text, err, want)
		}
	}
	_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": "candidate: {url: http://a.svc, name: none}\nbaseline: http://b.svc\non: {pass: {run: a, if: winner == none}}"})})
	if err == nil || !strings.Contains(err.Error(), "a version is called none") {
		t.Error(err)
	}
}

func TestConditionsHoldOfWhatTheyAskFor(t *testing.T) {
	facts := map[string]string{"verdict": "pass", "winner": "new == old", "status": "judged"}
	for text, want := range map[string]bool{
		"verdict == pass": true, "verdict != pass": false, " verdict==fail ": false, "verdict!=fail": true,
		"winner == new == old": true, "winner == none": false, "status != judged": false,
	} {
		var c Condition
		if err := c.UnmarshalText([]byte(text)); err != nil || c.Holds(facts) != want {
			t.Errorf("%s: %v, %v", text, c.Holds(facts), err)
		}
		again, _ := c.MarshalText()
		if read := (Condition{}); read.UnmarshalText(again) != nil || read != c {
			t.Errorf("%s is written as %s", text, again)
		}
	}
	if !(Condition{}).Holds(nil) {
		t.Error("without a condition, an action is not taken")
	}
}

func TestCommandsAndWebhooksAreNotStored(t *testing.T) {
	file, err := loadHooks(t, "on: {pass: [curl -H s3cr3t-1, {notify: 'https://u:s3cr3t-2@hooks.example/services/T0/s3cr3t-3?k=s3cr3t-4'}]}")
	if err != nil {
		t.Fatal(err)
	}
	if written := resolved(t, file); strings.Contains(written, "s3cr3t") || strings.Contains(written, "on:") {
		t.Error(written)
	}
	if text, _ := json.Marshal(file.On.Pass[1].Notify); string(text) != `"***"` {
		t.Errorf("the address is written as %s", text)
	}
	for _, secret := range []string{"s3cr3t-2", "s3cr3t-3", "s3cr3t-4", file.On.Pass[1].Notify.Reveal()} {
		if !slices.Contains(file.Secrets(), secret) {
			t.Errorf("%s is not masked", secret)
		}
	}
}

func TestSchemaTakesActionsAsLoadDoes(t *testing.T) {
	schema := compiled(t)
	for text, want := range map[string]bool{
		"on: {pass: a}": true, "on: {pass: [a, {run: b, within: 5s, if: winner == x, ignore-failure: true}]}": true, "on: {fail: {notify: '${X}'}}": true,
		"on: {passed: a}": false, "on: {pass: {name: a}}": false, "on: {pass: {run: a, notify: 'http://a'}}": false, "on: {pass: {rum: a}}": false, "on: {pass: {run: a, within: 5}}": false, "on: {pass: {run: a, if: always}}": false,
	} {
		if err := conforms(t, schema, compared+text); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
