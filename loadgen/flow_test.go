package loadgen

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// market is a shop whose carts want the token and the cookie of a login.
type market struct {
	login func(w http.ResponseWriter, user string) bool // false: answered already

	mu     sync.Mutex
	logins []string // users, in the order in which they came
	ids    []string // X-Request of every request
	carts  int      // answered as they should be
	echo   bool     // carts tell what they were sent, and fail
}

func (s *market) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.ids = append(s.ids, r.Header.Get("X-Request"))
	s.mu.Unlock()
	switch r.URL.Path {
	case "/login":
		var asked struct{ User string }
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &asked); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		s.mu.Lock()
		s.logins = append(s.logins, asked.User)
		s.mu.Unlock()
		if s.login != nil && !s.login(w, asked.User) {
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "session-of-" + asked.User, Path: "/"})
		_, _ = fmt.Fprintf(w, `{"token":"token-of-%s","n":7}`, asked.User)
	case "/cart":
		session, _ := r.Cookie("session")
		user := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer token-of-")
		if session == nil || session.Value != "session-of-"+user || user == "" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		if s.echo {
			w.WriteHeader(http.StatusTeapot)
			_, _ = fmt.Fprintf(w, "%s %s of %s", r.Header.Get("Authorization"), session, user)
			return
		}
		s.mu.Lock()
		s.carts++
		s.mu.Unlock()
		_, _ = io.WriteString(w, `{"items":[1,2]}`)
	default:
		_, _ = io.WriteString(w, "home")
	}
}

func (s *market) target(t *testing.T, name string) Target {
	t.Helper()
	return Target{Name: name, URL: httptestServer(t, s)}
}

// shopping is a login and what needs it, beside a request of its own.
func shopping(t *testing.T) []Request {
	t.Helper()
	users := filepath.Join(t.TempDir(), "users.csv")
	rows := "name,city\n"
	for i := range 50 {
		rows += fmt.Sprintf("user-%02d,c\n", i)
	}
	if err := os.WriteFile(users, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	id := map[string]trial.Secret{"X-Request": trial.NewSecret("", "{{id}}")}
	half := Share(0.5)
	return []Request{
		{Name: "home", Path: "/", Headers: id, Share: &half},
		{Name: "buy", Data: map[string]string{"users": users}, Steps: []Request{
			{Name: "login", Path: "/login", Headers: id, Body: trial.NewSecret("", `{"user":{{json .users.name}}}`), Save: map[string]Save{"token": {JQ: ".token"}}},
			{Name: "cart", Path: "/cart", Headers: map[string]trial.Secret{"X-Request": id["X-Request"], "Authorization": trial.NewSecret("", "Bearer {{.token}}")},
				Check: &Check{JQ: ".items | length > 0"}},
		}},
	}
}

func measureAll(t *testing.T, o Options, requests []Request, targets ...Target) []trial.Round {
	t.Helper()
	m, err := NewMeter(o, requests, targets)
	if err != nil {
		t.Fatal(err)
	}
	var rounds []trial.Round
	for r, err := range m.Rounds(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		rounds = append(rounds, r)
	}
	return rounds
}

// byName counts a version's statuses for each request.
func byName(rounds []trial.Round, version uint8, names ...string) map[string]int {
	count := map[string]int{}
	for _, r := range rounds {
		for _, q := range r.Requests {
			if q.Version == version {
				count[names[q.Name]+" "+q.Status.String()]++
			}
		}
	}
	return count
}

func TestASequenceLogsInAndBuys(t *testing.T) {
	t.Parallel()
	a, b := &market{}, &market{}
	rounds := measureAll(t, quick(4), shopping(t), a.target(t, "baseline"), b.target(t, "candidate"))
	if len(rounds) != 4 {
		t.Fatalf("%d rounds, want 4", len(rounds))
	}
	for v := range uint8(2) {
		got := byName(rounds, v, "home", "login", "cart")
		if home, login := got["home 200"], got["login 200"]; home+login != 200 || home < 95 || home > 105 || got["cart 200"] != login || len(got) != 3 {
			t.Errorf("version %d: %v; want 200 turns, about half of them home, and a cart for each login", v, got)
		}
	}
	for _, r := range rounds {
		if !r.Complete || r.Generator.Planned != len(r.Requests) {
			t.Errorf("round %d: complete %v, %d planned, %d recorded", r.Index, r.Complete, r.Generator.Planned, len(r.Requests))
		}
		if !slices.IsSortedFunc(r.Requests, func(x, y trial.Request) int { return int(x.Slot)*8 + int(x.Name) - int(y.Slot)*8 - int(y.Name) }) {
			t.Errorf("round %d: records are not in the order of their slots and steps", r.Index)
		}
	}
	// Each turn's user is the same for both; who comes first differs.
	slices.Sort(a.logins)
	slices.Sort(b.logins)
	if diff := cmp.Diff(a.logins, b.logins); diff != "" || len(slices.Compact(a.logins)) < 30 {
		t.Errorf("the users of both versions differ, or are few: %s", diff)
	}
	ids := slices.Concat(a.ids, b.ids)
	slices.Sort(ids)
	if n := len(ids); len(slices.Compact(ids)) != n || ids[0] == "" {
		t.Errorf("of %d ids only %d differ", n, len(slices.Compact(ids)))
	}
}

func TestLaterStepsAreTimedFromTheEndOfTheOneBefore(t *testing.T) {
	slow := &market{login: func(http.ResponseWriter, string) bool { <-time.After(60 * time.Millisecond); return true }}
	rounds := measureAll(t, quick(2), shopping(t)[1:], slow.target(t, "candidate"))
	for _, r := range rounds {
		for i := 0; i+1 < len(r.Requests); i += 2 {
			login, cart := r.Requests[i], r.Requests[i+1]
			if login.Name != 0 || cart.Name != 1 || login.Slot != cart.Slot {
				t.Fatalf("records %+v and %+v, want the steps of one slot", login, cart)
			}
			if login.Seconds() < 0.06 || cart.Seconds() > 0.05 || float64(cart.Start)*trial.Tick.Seconds() < 0.06 {
				t.Errorf("login took %v s, and the cart %v s from %v ticks after the slot", login.Seconds(), cart.Seconds(), cart.Start)
			}
		}
	}
}

func TestStepsBehindOneThatFailedCountAsFailed(t *testing.T) {
	closed := &market{login: func(w http.ResponseWriter, _ string) bool { http.Error(w, "closed", 503); return false }}
	rounds := measureAll(t, quick(2), shopping(t), (&market{}).target(t, "baseline"), closed.target(t, "candidate"))
	got := byName(rounds, 1, "home", "login", "cart")
	if n := got["login 503"]; n == 0 || got["cart not sent: an earlier step failed"] != n || len(got) != 3 {
		t.Errorf("got %v, want a cart that was not sent for each login that failed", got)
	}
	if closed.carts != 0 {
		t.Errorf("%d carts were asked for", closed.carts)
	}
	for _, r := range rounds {
		if r.Generator.Planned != len(r.Requests) || !r.Complete {
			t.Errorf("round %d: %d planned, %d recorded", r.Index, r.Generator.Planned, len(r.Requests))
		}
	}
}

func exampleOf(rounds []trial.Round, status string) string {
	for _, r := range rounds {
		for _, e := range r.Examples {
			if e.Status == status {
				return e.Text
			}
		}
	}
	return ""
}

func TestAMissingTokenIsAnErrorOfItsStep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, want string }{
		{`{"tokn":"abcdef"}`, `200, but token is not there: jq ".token" gives no text, number or boolean for the body: {"tokn":"abcdef"}`},
		{`{"token":{"a":1}}`, `200, but token is not there: jq ".token" gives no text, number or boolean for the body: {"token":{"a":1}}`},
		{`nonsense`, `200, but token: jq: the body is not JSON: invalid character 'o' in literal null (expecting 'u'): nonsense`},
		{`{} {}`, `200, but token: jq: the body is not JSON: something follows the value: {} {}`},
	} {
		s := &market{login: func(w http.ResponseWriter, _ string) bool { _, _ = io.WriteString(w, c.body); return false }}
		rounds := measureAll(t, quick(1), shopping(t)[1:], s.target(t, "candidate"))
		if got := byName(rounds, 0, "login", "cart"); got["login value to save not found"] != 50 || got["cart not sent: an earlier step failed"] != 50 {
			t.Errorf("%s: %v", c.body, got)
		}
		if got := exampleOf(rounds, "value to save not found"); got != c.want {
			t.Errorf("%s: told as\n%s, want\n%s", c.body, got, c.want)
		}
	}
}

func TestWhatWasSavedAndDrawnIsNeverShown(t *testing.T) {
	s := &market{echo: true}
	rounds := measureAll(t, quick(1), shopping(t)[1:], s.target(t, "candidate"))
	if got := exampleOf(rounds, "418"); got != "*** session=*** of ***" {
		t.Errorf("shown: %q", got)
	}
	// A login that is refused may tell the token all the same.
	requests := shopping(t)[1:]
	requests[0].Steps[0].Check = &Check{Body: "welcome"}
	rounds = measureAll(t, quick(1), requests, (&market{}).target(t, "candidate"))
	if got := exampleOf(rounds, "check failed: body"); got != `200, but the body does not match "welcome": {"token":"***","n":7}` {
		t.Errorf("shown: %q", got)
	}
}

// What a target said must not become further headers of what it is sent.
func TestASavedLineBreakIsNotSentInAHeader(t *testing.T) {
	s := &market{login: func(w http.ResponseWriter, _ string) bool {
		_, _ = io.WriteString(w, `{"token":"a\r\nX-Admin: yes"}`)
		return false
	}}
	rounds := measureAll(t, quick(1), shopping(t)[1:], s.target(t, "candidate"))
	if got := byName(rounds, 0, "login", "cart"); got["login 200"] != 50 || got["cart not sent: its template failed"] != 50 {
		t.Errorf("got %v", got)
	}
	if got, want := exampleOf(rounds, "not sent: its template failed"), "header Authorization: what is filled in has a line break, which a header can't"; got != want {
		t.Errorf("told as %q, want %q", got, want)
	}
}

func TestRequestsAloneKeepNoCookies(t *testing.T) {
	var mu sync.Mutex
	cookies := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		cookies += len(r.Cookies())
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	})
	measureAll(t, quick(1), []Request{{Name: "a", Path: "/"}, {Name: "b", Path: "/"}}, s)
	if cookies != 0 {
		t.Errorf("%d cookies were sent, want none", cookies)
	}
	measureAll(t, quick(1), []Request{{Name: "s", Steps: []Request{{Name: "a", Path: "/"}, {Name: "b", Path: "/"}, {Name: "c", Path: "/"}}}}, s)
	if cookies != 2*50 {
		t.Errorf("%d cookies were sent, want one with each of 2 later steps of 50 turns, and none in the next turn", cookies)
	}
}

func TestValuesAreSavedFromHeadersAndBodies(t *testing.T) {
	var mu sync.Mutex
	got := map[string]int{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got[r.URL.RequestURI()]++
		mu.Unlock()
		w.Header().Set("X-Token", "from header")
		_, _ = io.WriteString(w, `{"n": 12345678901234567890, "ok": true} id=x/7;`)
	})
	measureAll(t, quick(1), []Request{{Name: "s", Steps: []Request{
		{Name: "a", Path: "/a", Save: map[string]Save{"h": {Header: "x-token"}, "b": {Body: `id=([^;]+)`}, "all": {Body: `id=`}}},
		{Name: "b", Path: "/b/{{.b}}?h={{.h}}&all={{.all}}"},
	}}}, s)
	if diff := cmp.Diff(map[string]int{"/a": 50, "/b/x%2F7?h=from+header&all=id%3D": 50}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatWasSavedIsHiddenWhereItWasNotSent(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/b" {
			w.WriteHeader(500)
		}
		_, _ = io.WriteString(w, "tok=hunter2;")
	})
	rounds := measureAll(t, quick(1), []Request{{Name: "s", Steps: []Request{
		{Name: "a", Path: "/a", Save: map[string]Save{"token": {Body: `tok=(\w+)`}}}, {Name: "b", Path: "/b"},
	}}}, s)
	if got := exampleOf(rounds, "500"); got != "tok=***;" {
		t.Errorf("shown: %q", got)
	}
}

func TestChecksOfAnswers(t *testing.T) {
	t.Parallel()
	size := func(n Size) *Size { return &n }
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/json":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"items":[{"id":12345678901234567890}],"ok":true,"none":null}`)
		case "/long":
			_, _ = w.Write(make([]byte, mostLooked+1))
		case "/error":
			http.Error(w, "broken", 500)
		}
	})
	for _, c := range []struct {
		path   string
		check  Check
		status string
		told   string
	}{
		{"/json", Check{JQ: ".items | length > 0", Body: `"ok":\s*true`, MinSize: size(10), MaxSize: size(100), Headers: map[string]string{"content-type": "json"}}, "200", ""},
		{"/json", Check{JQ: ".items[0].id == 12345678901234567890"}, "200", ""},
		{"/json", Check{JQ: ".none"}, "check failed: jq", `200, but jq ".none" is not true of the body: {"items"`},
		{"/json", Check{JQ: ".items[] | .id == 1"}, "check failed: jq", `200, but jq ".items[] | .id == 1" is not true of the body: {"items"`},
		{"/json", Check{JQ: "empty"}, "check failed: jq", `200, but jq "empty" gives nothing for the body: {"items"`},
		{"/json", Check{JQ: ".items.x"}, "check failed: jq", `200, but jq: expected an object but got: array ([{"id":12345678901234567890}]): {"items"`},
		{"/json", Check{JQ: "[limit(20000; repeat(1))] | .[]"}, "check failed: jq", `200, but jq: the program gives more than 10000 values: {"items"`},
		{"/json", Check{Body: "^ok"}, "check failed: body", `200, but the body does not match "^ok": {"items"`},
		{"/json", Check{MinSize: size(1000)}, "check failed: size", `200, but the body has 61 bytes, less than 1kB: {"items"`},
		{"/json", Check{MaxSize: size(60)}, "check failed: size", `200, but the body has 61 bytes, more than 60B: {"items"`},
		{"/json", Check{Headers: map[string]string{"x-version": "."}}, "check failed: header", `200, but the header X-Version does not match ".": {"items"`},
		{"/long", Check{MinSize: size(mostLooked)}, "200", ""},
		{"/long", Check{Body: "x"}, "check failed: body over 10 MB", "200, but the body has 10000001 bytes, and is looked into up to 10 MB: \x00"},
		{"/error", Check{Body: "fine"}, "500", "broken"},
	} {
		o := quick(1)
		if c.path == "/long" {
			o.Rate, o.For = Rate{20}, time.Second
		}
		rounds := measureAll(t, o, []Request{{Name: "a", Path: c.path, Check: &c.check}}, s)
		for _, q := range rounds[0].Requests {
			if q.Status.String() != c.status || q.Status.OK() != (c.status == "200") {
				t.Errorf("%s %+v: %s, want %s", c.path, c.check, q.Status, c.status)
				break
			}
		}
		if c.told != "" && !strings.HasPrefix(exampleOf(rounds, c.status), c.told) {
			t.Errorf("%s %+v: told as\n%s, want\n%s", c.path, c.check, exampleOf(rounds, c.status), c.told)
		}
	}
}

func TestAProgramThatNeverEndsIsStopped(t *testing.T) {
	code, err := compileJQ("def f: f; f")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r := &reply{body: []byte("{}")}
	if _, err := r.run(code); err == nil || err.Error() != "the program did not end within 1s" || time.Since(began) > 5*jqTime {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

// To look at an answer is no part of the time that it took.
func TestTheTimeOfAnAnswerIsWithoutThatOfItsCheck(t *testing.T) {
	rounds := measureAll(t, func() Options { o := quick(1); o.Rate, o.For = Rate{10}, 2500*time.Millisecond; return o }(),
		[]Request{{Name: "a", Path: "/", Check: &Check{JQ: "[range(100000)] | length > 0"}}}, serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	code, _ := compileJQ("[range(100000)] | length > 0")
	check, best := time.Hour.Seconds(), time.Hour.Seconds()
	for range 25 {
		began := time.Now()
		if _, err := (&reply{body: []byte("{}")}).run(code); err != nil {
			t.Fatal(err)
		}
		check = min(check, time.Since(began).Seconds())
	}
	for _, q := range rounds[0].Requests {
		best = min(best, q.Seconds())
	}
	if best > check/2 {
		t.Errorf("the fastest took %v s, where a check takes %v s", best, check)
	}
}

// Behind one address each step is charged to who answered it.
func TestStepsBehindOneAddressAreOfWhoAnswered(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }
	s := newShop(t, page, page)
	rounds := measureAll(t, throughGateway(s.gateway, 4), []Request{{Name: "s", Steps: []Request{{Name: "a", Path: "/a"}, {Name: "b", Path: "/b"}, {Name: "c", Path: "/c"}}}}, pairOfVersions...)
	total := 0
	for v := range uint8(2) {
		got := byName(rounds, v, "a", "b", "c")
		if n := got["a 200"] + got["b 200"] + got["c 200"]; n != int(s.seen[v].Load()) || got["b 200"] == 0 {
			t.Errorf("version %d: %v, and it saw %d", v, got, s.seen[v].Load())
		}
		total += int(s.seen[v].Load())
	}
	if total != 3*400 {
		t.Errorf("%d requests in all, want 3 steps of 400 turns", total)
	}
	for _, r := range rounds {
		if r.Generator.Planned != 300 || len(r.Requests) != 300 {
			t.Errorf("round %d: %d planned, %d recorded, want 300", r.Index, r.Generator.Planned, len(r.Requests))
		}
	}
}

func TestAClosedLoopSendsSequences(t *testing.T) {
	t.Parallel()
	o := quick(4)
	o.Closed, o.Connections, o.For = true, 2, time.Second
	s := &market{}
	rounds := measureAll(t, o, shopping(t)[1:], s.target(t, "candidate"))
	got := byName(rounds, 0, "login", "cart")
	if len(got) != 2 || got["login 200"] == 0 || got["login 200"] != got["cart 200"] || got["cart 200"] != s.carts {
		t.Errorf("got %v, and %d carts were answered", got, s.carts)
	}
	slow := &market{login: func(w http.ResponseWriter, _ string) bool { http.Error(w, "closed", 503); return false }}
	got = byName(measureAll(t, o, shopping(t)[1:], slow.target(t, "candidate")), 0, "login", "cart")
	if n := got["login 503"]; n == 0 || got["cart not sent: an earlier step failed"] != n {
		t.Errorf("got %v", got)
	}
}

func TestABrokenFileIsToldByTheMeter(t *testing.T) {
	for _, r := range []Request{{Name: "a", Path: "/{{nosuch}}"}, {Name: "a", Data: map[string]string{"d": "nowhere.csv"}}, {Name: "a", Check: &Check{Body: "("}}, {Name: "a", Check: &Check{JQ: "("}}} {
		if _, err := NewMeter(quick(1), []Request{r}, []Target{{Name: "c", URL: "http://a.svc"}}); err == nil {
			t.Errorf("%+v makes a meter", r)
		}
	}
}
