package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mistakesIn loads a trial with these requests, and gives what is wrong with it,
// without where.
func mistakesIn(t *testing.T, requests string) string {
	t.Helper()
	_, _, err := Load(Sources{
		Environ: []string{"BRACES=hunter2{{", "SECRET=hunter2"},
		ReadFile: files(map[string]string{
			"seatrial.yaml": "candidate: http://a.svc\nobjectives: [latency-p99 <= 300ms]\n" + requests,
			"users.csv":     "name,age\nann,7\n", "ragged.csv": "name\nann\nbob,8\n", "empty.csv": "name\n", "twice.csv": "a,a\n1,2\n", "quote.csv": "a\n\"b\n",
			"wrong.json": "{\n\"a\": {{idd}}}", "binary": "{{\xff", "right.json": `{"id": {{json id}}}`,
		}),
	})
	if err == nil {
		return ""
	}
	var mistakes *Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range mistakes.All {
		if m.Source.Line < 3 {
			t.Errorf("%s has no place of its own", m)
		}
		texts = append(texts, m.Text)
	}
	return strings.Join(texts, "\n")
}

func TestMistakesInTemplatesAreFoundBeforeAnythingIsSent(t *testing.T) {
	for _, c := range []struct{ requests, want string }{
		{`requests: [{name: a, path: '/{{idd}}'}]`, `requests[0].path: the template: no function "idd" (there are base64, id, json, now, number, pick, random, raw, urlquery, uuid, and, eq, ge, gt, le, len, lt, ne, not, or, print, printf); did you mean id?`},
		{`requests: [{name: a, path: '/{{'}]`, `requests[0].path: the template: unclosed action`},
		{`requests: [{name: a, path: '/{{.users.name}}'}]`, `requests[0].path: the template: nothing is called .users here: data: {users: FILE.csv} gives rows to draw, and save: what a step before got`},
		{`requests: [{name: a, path: '/{{.users.nam}}', data: {users: users.csv}}]`, `requests[0].path: the template: users has no column "nam" (its columns: name, age); did you mean name?`},
		{`requests: [{name: a, path: '/{{.users}}', data: {users: users.csv}}]`, `requests[0].path: the template: .users is a row of data: name a column, as in .users.name`},
		{`requests: [{name: a, path: '/{{.}}', data: {users: users.csv}}]`, `requests[0].path: the template: . has no text of its own: write .name.column for data, or .name for what a step saved`},
		{`requests: [{name: a, path: '/{{range 9}}x{{end}}'}]`, `requests[0].path: the template: range, with, define, template and block are not for templates here: there are if, else, variables and functions`},
		{`requests: [{name: a, path: '/{{define "x"}}x{{end}}'}]`, `requests[0].path: the template: range, with, define, template and block are not for templates here: there are if, else, variables and functions`},
		{`requests: [{name: a, path: '/{{html "x"}}'}]`, `requests[0].path: the template: no function "html" (there are base64, id, json, now, number, pick, random, raw, urlquery, uuid, and, eq, ge, gt, le, len, lt, ne, not, or, print, printf)`},
		{`requests: [{name: a, path: '/{{random 9 1}}'}]`, `requests[0].path: the template: <random 9 1>: error calling random: random 9 1: the lower one comes first`},
		{`requests: [{name: a, path: '/{{random .users.age 1}}', data: {users: users.csv}}]`, `requests[0].path: the template: <.users.age>: wrong type for value; expected int; got string`},
		{`requests: [{name: a, path: '/{{pick}}'}]`, `requests[0].path: the template: <pick>: error calling pick: pick has nothing to pick from: write pick "a" "b"`},
		{`requests: [{name: a, path: '/{{now "yyyy"}}'}]`, `requests[0].path: the template: <now "yyyy">: error calling now: now "yyyy" has no time in it: write unix, unixms, or a form as Go has them: now "2006-01-02 15:04:05"`},
		{`requests: [{name: a, path: '{{.users.name}}', data: {users: users.csv}}]`, `requests[0].path: "ann" does not begin with /`},
		{`requests: [{name: a, body: '{{if false}}{{.nobody}}{{end}}'}]`, `requests[0].body: the template: nothing is called .nobody here: data: {nobody: FILE.csv} gives rows to draw, and save: what a step before got`},
		{`requests: [{name: a, body: "{\n{{idd}}}"}]`, `requests[0].body: the template: line 2: no function "idd" (there are base64, id, json, now, number, pick, random, raw, urlquery, uuid, and, eq, ge, gt, le, len, lt, ne, not, or, print, printf); did you mean id?`},
		{`requests: [{name: a, headers: {X-A: '${BRACES} id}}'}}]`, `requests[0].headers.X-A: the template: a variable in it holds {{, which begins a place to be filled in: that must stand in the file itself`},
		{`requests: [{name: a, path: '/${BRACES}'}]`, `requests[0].path: a variable in it holds {{, which begins a place to be filled in: that must stand in the file itself`},
		{`requests: [{name: a, headers: {X-A: '{{print "${SECRET}" nil}}'}}]`, `requests[0].headers.X-A: the template: nil has no text of its own: write .name.column for data, or .name for what a step saved`},
		{`requests: [{name: a, body-file: wrong.json}]`, `requests[0].body-file: the template: wrong.json: line 2: no function "idd" (there are base64, id, json, now, number, pick, random, raw, urlquery, uuid, and, eq, ge, gt, le, len, lt, ne, not, or, print, printf); did you mean id?`},
		{`requests: [{name: a, body-file: binary}, {name: b, body-file: right.json}]`, ""},
		{`load: {body: '{{.users.name}}'}`, `load.body: the template: nothing is called .users here: data: {users: FILE.csv} gives rows to draw, and save: what a step before got`},
		{"load: {headers: {X-A: '{{.users.name}}'}}\nrequests: [{name: a, data: {users: users.csv}}, {name: b}, {name: c}, {name: d, headers: {x-a: x}}]", `load.headers.X-A: the template of b: nothing is called .users here: data: {users: FILE.csv} gives rows to draw, and save: what a step before got`},
		{`requests: [{name: a, method: '{{id}}'}]`, "requests[0].method: " + notHere},
		{`requests: [{name: a, host: '{{id}}.svc'}]`, "requests[0].host: " + notHere},
		{`requests: [{name: a, headers: {host: '{{id}}.svc'}}]`, "requests[0].headers.host: " + notHere},
		{`baseline: {url: 'http://b.svc/{{id}}', headers: {X-A: '{{id}}'}}`, "baseline.url: " + notHere + "\nbaseline.headers.X-A: " + notHere},
		{`requests: [{name: '{{id}}'}]`, `requests[0].name: "{{id}}" can't be a request's name: write letters, digits, - _ or ., at most 64 of them`},
	} {
		if diff := cmp.Diff(c.want, mistakesIn(t, c.requests)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.requests, diff)
		}
	}
}

func TestMistakesInDataAreToldWithTheirLine(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{"ragged.csv", "ragged.csv:3: 2 values, where the header line has 1 names"},
		{"empty.csv", "empty.csv has no rows: the first line has the columns' names, and each further one a row"},
		{"twice.csv", `twice.csv:1: two columns are called "a"`},
		{"quote.csv", "quote.csv:2: extraneous or missing \" in quoted-field"},
		{"nowhere.csv", "open nowhere.csv: file does not exist"},
	} {
		got := mistakesIn(t, "requests: [{name: a, path: '/{{.d.x}}', data: {d: "+c.data+"}}]")
		if got != "requests[0].data.d: "+c.want {
			t.Errorf("%s: %s", c.data, got)
		}
	}
	if got := mistakesIn(t, "requests: [{name: a, data: {user-data: users.csv}}]"); got != `requests[0].data.user-data: "user-data" can't be named by a template: write a word of letters, digits and _` {
		t.Error(got)
	}
}

func TestMistakesInChecksAndSequences(t *testing.T) {
	for _, c := range []struct{ requests, want string }{
		{`requests: [{name: a, check: {}}]`, "requests[0].check: empty: give jq, body, min-size, max-size or headers"},
		{`requests: [{name: a, check: {jq: '.a |'}}]`, "requests[0].check.jq: the jq program can't be read: unexpected EOF"},
		{`requests: [{name: a, check: {jq: 'nosuch'}}]`, "requests[0].check.jq: the jq program can't be compiled: function not defined: nosuch/0"},
		{`requests: [{name: a, check: {body: '('}}]`, "requests[0].check.body: error parsing regexp: missing closing ): `(`"},
		{`requests: [{name: a, check: {min-size: 1kB, max-size: 10B}}]`, "requests[0].check.max-size: 10B is less than min-size, 1kB"},
		{`requests: [{name: a, check: {min-size: 100}}]`, `requests[0].check.min-size: "100" is not a size: write 20B, 100kB or 5MB`},
		{`requests: [{name: a, check: {headers: {'x y': a}}}]`, `requests[0].check.headers.x y: "x y" is not a header name`},
		{`requests: [{name: a, save: {t: {jq: .t}}}]`, "requests[0].save: there is no step after it: save is for steps"},
		{`requests: [{name: a, path: /, objectives: [error-rate <= 1%], steps: [{name: b}]}]`,
			"requests[0].path: of a sequence: give it to the step that it is for\nrequests[0].objectives: of a sequence: give it to the step that it is for"},
		{`requests: [{name: a, steps: [{name: b, share: 10%, data: {u: users.csv}}]}]`,
			"requests[0].steps[0].share: of a step: give it to the sequence, beside steps\nrequests[0].steps[0].data: of a step: give it to the sequence, beside steps"},
		{`requests: [{name: a, steps: [{name: b}, {name: a}]}, {name: b}]`,
			"requests[0].steps[1].name: requests[0] is called \"a\" as well: names must differ\nrequests[1].name: requests[0].steps[0] is called \"b\" as well: names must differ"},
		{`requests: [{name: a, steps: [{name: b, headers: {A: '{{.t}}'}, save: {t: {jq: .t}}}, {name: c, path: '/{{.t}}'}]}]`,
			"requests[0].steps[0].headers.A: the template: nothing is called .t here: data: {t: FILE.csv} gives rows to draw, and save: what a step before got"},
		{`requests: [{name: a, data: {u: users.csv}, steps: [{name: b, save: {u: {jq: .t}, v-w: {header: A, body: b}, x: {}}}, {name: c}]}]`,
			"requests[0].steps[0].save.u: \"u\" is a name of data as well: choose another\nrequests[0].steps[0].save.v-w: \"v-w\" can't be named by a template: write a word of letters, digits and _\n" +
				"requests[0].steps[0].save.v-w: give one of jq, header and body, as in {jq: .token}\nrequests[0].steps[0].save.x: give one of jq, header and body, as in {jq: .token}"},
	} {
		if diff := cmp.Diff(c.want, mistakesIn(t, c.requests)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.requests, diff)
		}
	}
}

func TestTooManyStepsAreTooManyRequests(t *testing.T) {
	steps := strings.Repeat("{name: x},", 255)
	if got := mistakesIn(t, "requests: [{name: y}, {name: a, steps: ["+steps+"]}]"); got != "requests: a trial has at most 255 requests, steps among them, not 256" {
		t.Error(got)
	}
}

func TestATrialWithoutLoadHasNoRequests(t *testing.T) {
	_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": `
baseline: {name: a}
candidate: {name: b}
providers: {p: {url: "http://p.svc", type: prometheus}}
metrics: {cpu: {kind: value, query: x}}
objectives: [cpu <= 1]
requests: [{name: home}]
`})})
	if err == nil || !strings.Contains(err.Error(), "seatrial.yaml:7:11: requests: given where no load is sent") {
		t.Error(err)
	}
}

// Evidence and objectives count the requests that are sent: steps, and not their
// sequence.
func TestRequestNamesAreThoseOfSteps(t *testing.T) {
	text := textsIn(t, "testdata/sound/flows.yaml")["testdata/sound/flows.yaml"]
	file, _, err := Load(soundSources(text))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := LoadStored([]byte(resolved(t, file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"search", "login", "cart", "pay"}
	for _, f := range []File{file, stored} {
		if diff := cmp.Diff(want, f.RequestNames()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(want, f.Policy().Requests); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWhatVariablesHoldIsNotStoredOfSteps(t *testing.T) {
	file, _, err := Load(Sources{
		Environ: []string{"TOKEN=t0ken-value"},
		ReadFile: files(map[string]string{"seatrial.yaml": `
candidate: http://a.svc
objectives: [latency-p99 <= 300ms]
requests:
  - name: buy
    steps:
      - {name: a, path: '/${TOKEN}', headers: {X: '${TOKEN}{{id}}'}, body: '${TOKEN}', check: {body: '${TOKEN}', jq: '"${TOKEN}"', headers: {X-Token: '${TOKEN}'}}}
`})})
	if err != nil {
		t.Fatal(err)
	}
	if text := resolved(t, file); strings.Contains(text, "t0ken-value") || strings.Count(text, "{TOKEN}") != 6 {
		t.Errorf("stored:\n%s", text)
	}
	if got := file.Secrets(); len(got) == 0 || file.Sent()[0].Steps[0].Check.Body != "t0ken-value" {
		t.Errorf("secrets %q; sent %+v", got, file.Sent())
	}
}
