package loadgen

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

func table(t testing.TB, csv string) *Data {
	t.Helper()
	d, err := ReadData("table.csv", []byte(csv))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// filledIn gives a template's text for one request.
func filledIn(t testing.TB, k Known, written string, isPath bool, turn, version, request int) string {
	t.Helper()
	compiled, err := k.compile(written, isPath)
	if err != nil {
		t.Fatal(err)
	}
	f := newFiller(7)
	f.begin(turn, version, request, k.Data)
	for _, name := range k.Saved {
		f.save(name, "<"+name+">")
	}
	out, err := f.fill(compiled)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTemplatesAreFilledIn(t *testing.T) {
	k := Known{Data: map[string]*Data{"users": table(t, "name,age\n\"a \"\"b\"\"/c?d&e\",7\n")}, Saved: []string{"token"}}
	for _, c := range []struct{ written, want string }{
		{`plain`, `plain`},
		{`{{"{{"}}`, `{{`},
		{`{{number}} {{.RequestNumber}}`, `3 3`},
		{`{{.users.age}} {{$.users.age}} {{.token}}`, `7 7 <token>`},
		{`{{json .users.name}}`, `"a \"b\"/c?d&e"`},
		{`{{.users.name | json}} {{json number}}`, `"a \"b\"/c?d&e" 3`},
		{`{{base64 .users.name}} {{urlquery .users.name}}`, `YSAiYiIvYz9kJmU= a+%22b%22%2Fc%3Fd%26e`},
		{`{{if eq .users.age "7"}}seven{{else}}other{{end}}`, `seven`},
		{`{{$n := random 5 5}}{{$n}}{{$n}}`, `55`},
		{`{{pick "a"}}{{randomInt 2 2}}{{randomString 0 0}}`, `a2`},
		{`{{printf "%03d" number}}`, `003`},
	} {
		if got := filledIn(t, k, c.written, false, 3, 0, 0); got != c.want {
			t.Errorf("%s gives %q, want %q", c.written, got, c.want)
		}
	}
}

func TestValuesInPathsAreEscapedWhereTheyStand(t *testing.T) {
	k := Known{Data: map[string]*Data{"d": table(t, "v,p\na b/c?d&e=%,/x/y?z=1\n")}}
	for _, c := range []struct{ written, want string }{
		{`/{{.d.v}}`, `/a%20b%2Fc%3Fd&e=%25`},
		{`/s?q={{.d.v}}&n={{number}}`, `/s?q=a+b%2Fc%3Fd%26e%3D%25&n=3`},
		{`/s?q={{urlquery .d.v}}`, `/s?q=a+b%2Fc%3Fd%26e%3D%25`},
		{`/s?q={{.d.v | urlquery}}`, `/s?q=a+b%2Fc%3Fd%26e%3D%25`},
		{`{{raw .d.p}}`, `/x/y?z=1`},
		{`/{{if true}}{{.d.v}}{{end}}`, `/a%20b%2Fc%3Fd&e=%25`},
		{`/{{$v := .d.v}}{{$v}}`, `/a%20b%2Fc%3Fd&e=%25`},
		{`{{raw .d.p}}&q={{.d.v}}`, `/x/y?z=1&q=a+b%2Fc%3Fd%26e%3D%25`},
	} {
		if got := filledIn(t, k, c.written, true, 3, 0, 0); got != c.want {
			t.Errorf("%s gives %q, want %q", c.written, got, c.want)
		}
	}
}

func TestValuesDrawnAreTheSameForAllVersionsAndIDsAreNot(t *testing.T) {
	k := Known{Data: map[string]*Data{"d": table(t, "v\n"+strings.Join(strings.Split("abcdefghijklmnopqrst", ""), "\n"))}}
	drawn := `{{.d.v}} {{random 1 1000000}} {{random 1 1000000}} {{pick 1 2 3 4 5 6 7}} {{randomString 5 9}}`
	seen := map[string]bool{}
	for turn := range 100 {
		a, b := filledIn(t, k, drawn, false, turn, 0, 2), filledIn(t, k, drawn, false, turn, 1, 2)
		if a != b || seen[a] {
			t.Fatalf("turn %d: %q and %q, want the same, and not those of a turn before", turn, a, b)
		}
		seen[a] = true
		row := filledIn(t, k, `{{.d.v}}`, false, turn, 0, 2)
		if other := filledIn(t, k, `{{.d.v}}`, false, turn, 1, 3); row != other {
			t.Fatalf("turn %d: steps have the rows %q and %q", turn, row, other)
		}
	}
	ids := map[string]bool{}
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for turn := range 100 {
		for version := range 3 {
			for request := range 3 {
				for _, written := range []string{`{{id}}`, `{{uuid}}`, `{{newUUID}}`} {
					id := filledIn(t, k, written, false, turn, version, request)
					if ids[id] || written != `{{id}}` && !form.MatchString(id) {
						t.Fatalf("%s of turn %d, version %d, request %d is %s: given before, or no UUID", written, turn, version, request, id)
					}
					ids[id] = true
				}
			}
		}
	}
	if got := filledIn(t, k, `{{id}}{{id}}`, false, 1, 1, 1); got[:16] != got[16:] {
		t.Errorf("a request has two ids: %s", got)
	}
}

func TestARowIsForgottenWithItsRequest(t *testing.T) {
	f := newFiller(7)
	f.begin(0, 0, 0, map[string]*Data{"d": table(t, "v\na\n")})
	if f.rows["d"]["v"] != "a" {
		t.Fatalf("the first request has %v", f.rows)
	}
	f.begin(1, 0, 1, nil)
	if len(f.rows["d"]) != 0 {
		t.Errorf("the second request, which has no data, has %v", f.rows)
	}
}

func TestEveryRowIsDrawn(t *testing.T) {
	k := Known{Data: map[string]*Data{"d": table(t, "v\na\nb\nc\nd\n")}}
	count := map[string]int{}
	for turn := range 4000 {
		count[filledIn(t, k, `{{.d.v}}`, false, turn, 0, 0)]++
	}
	for _, row := range []string{"a", "b", "c", "d"} {
		if n := count[row]; n < 850 || n > 1150 { // 1000 ± 5.5 standard deviations
			t.Errorf("%s was drawn %d times of 4000, want about 1000", row, n)
		}
	}
}

func TestNowIsTheTimeInTheFormAskedFor(t *testing.T) {
	before := time.Now().Add(-time.Second)
	got, err := time.Parse(time.RFC3339, filledIn(t, Known{}, `{{now}}`, false, 0, 0, 0))
	if err != nil || got.Before(before) || got.After(time.Now()) {
		t.Errorf("now is %s (%v)", got, err)
	}
	year := fmt.Sprint(time.Now().UTC().Year())
	if got := filledIn(t, Known{}, `{{now "2006"}} {{len (now "unix")}} {{len (now "unixms")}} {{len (print .TimestampUnix)}}`, false, 0, 0, 0); got != year+" 10 13 10" {
		t.Error(got)
	}
}

func TestATextThatGrowsWithoutNeedIsStopped(t *testing.T) {
	err := Known{}.Check(strings.Repeat(`{{printf "%999999d" 1}}`, 11))
	if err == nil || !strings.Contains(err.Error(), "longer than 10 MB") {
		t.Error(err)
	}
}

// Whatever is written in a trial file, it is a text as Go's templates have it, or
// a mistake told in words.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{`{{id}}`, `/a?b={{.d.v}}`, `{{if .s}}{{else if eq .d.v "x"}}{{end}}`, `{{$x := random 1 2}}{{$x}}`, `{{range 9}}{{end}}`, `{{define "a"}}{{end}}`,
		`{{template "a"}}`, `{{with $}}{{.}}{{end}}`, `{{(index . "d").v}}`, `{{call .d}}`, `{{/* a */}}`, `{{- id -}}`, `{{break}}`, `{{printf "%*d" 9 9}}`, `{{.d.v | raw | printf "%s"}}`, `{{now ""}}`, `{{randomString -1 1}}`, `{{random 1 9223372036854775807}}`, `{{random -9223372036854775808 9223372036854775807}}`, `{{$}}`, `{{nil}}`, `{{block "x" .}}{{end}}`, `{{id.x}}`, `{{"a".b}}`} {
		f.Add(seed)
	}
	k := Known{Data: map[string]*Data{"d": {columns: []string{"v"}, rows: [][]string{{"a b"}}}}, Saved: []string{"s"}}
	f.Fuzz(func(t *testing.T, written string) {
		if err := k.Check(written); err != nil && err.Error() == "" {
			t.Error("a mistake without words")
		}
		_, _ = k.CheckPath(written)
		_, _ = sameAsGo(t, k, written, false)
		_, _ = sameAsGo(t, k, written, true)
	})
}

// What a template costs beside a text that stands as it is.
func BenchmarkFill(b *testing.B) {
	k := Known{Data: map[string]*Data{"users": table(b, "name,age\nann,7\nbob,8\n")}, Saved: []string{"token"}}
	for _, c := range []struct{ name, written string }{
		{"plain", `{"user":"ann"}`},
		{"id", `{{id}}`},
		{"body", `{"id":"{{id}}","user":{{json .users.name}},"n":{{random 1 50}}}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			compiled, err := k.compile(c.written, false)
			if err != nil {
				b.Fatal(err)
			}
			f := newFiller(1)
			b.ReportAllocs()
			for turn := range b.N {
				f.begin(turn, 1, 0, k.Data)
				if _, err := f.fill(compiled); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What is done for each request before it is sent.
func BenchmarkDue(b *testing.B) {
	id := map[string]trial.Secret{"X-Request": trial.NewSecret("", "{{id}}")}
	plain := map[string]trial.Secret{"X-Request": trial.NewSecret("", "x")}
	for _, c := range []struct {
		name string
		Request
	}{
		{"plain", Request{Path: "/search?q=boots", Headers: plain}},
		{"header", Request{Path: "/search?q=boots", Headers: id}},
		{"path", Request{Path: "/search?q={{random 1 50}}", Headers: plain}},
		{"all", Request{Path: "/search?q={{random 1 50}}", Headers: id, Body: trial.NewSecret("", `{"id":"{{id}}","n":{{number}}}`)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			messages, err := DefaultOptions().messages([]Request{c.Request})
			if err != nil {
				b.Fatal(err)
			}
			client, err := newStandardClient(DefaultOptions(), Target{URL: "http://shop.svc"}, nil, messages)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for turn := range b.N {
				m, err := client.flow.due(shot{turn: turn})
				if err == nil && client.requests[0] == nil {
					_, err = m.request(client.target)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
