package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/examples/sample"
)

// sampleService is the service that examples are tried with, and where it answers.
func sampleService(t *testing.T) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	o := sample.Default()
	o.Latency = 2 * time.Millisecond
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- sample.Serve(ctx, o, func(at string) { address <- at }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + <-address
}

func TestTheExampleOfRequestsRuns(t *testing.T) {
	t.Parallel()
	c := command(t, append(short(), "--config", "seatrial.yaml", "--baseline", sampleService(t), "--candidate", sampleService(t), "--timeout", "3s",
		"--objectives", "overall/error-rate <= 1%\noverall/latency-p95 <= 1s")...)
	for _, name := range []string{"seatrial.yaml", "words.csv", "users.csv"} {
		if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(file(t, "../examples/requests/"+name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := finish(t, c)
	if busy := strings.Contains(r.stdout, "the load generator fell behind"); r.code != exitPass && !busy {
		r.wants(t, exitPass, "")
	}
	e, err := evidence.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, round := range e.Rounds {
		if !round.Complete {
			continue // the verdict came in the middle of some turns
		}
		for _, q := range round.Requests {
			got[e.Header.Requests[q.Name]+" "+q.Status.String()]++
		}
	}
	search, login := got["search 200"], got["login 200"]
	if search < 4*login-20 || search > 4*login+20 || got["cart 200"] != login || login == 0 || len(got) != 3 {
		t.Errorf("requests %v, want four searches to each login and its cart", got)
	}
}

// gossip logs users in, and its cart tells all that it was sent.
func gossip(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/login":
		body, _ := io.ReadAll(r.Body)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "cookie-hunter2", Path: "/"})
		_, _ = fmt.Fprintf(w, `{"token":"token-hunter2","said":%q}`, body)
	case "/cart":
		_, _ = fmt.Fprintf(w, "oops: %v %s", r.Header, r.URL)
	}
}

func TestNothingOfASequenceIsShownThatMayBeSecret(t *testing.T) {
	t.Parallel()
	c := command(t, append(short(), "--candidate", serve(t, gossip))...)
	for name, text := range map[string]string{
		"users.csv": "name,password\nrow-hunter2,row-hunter3\n",
		"seatrial.yaml": `
objectives: [error-rate <= 1%]
requests:
  - name: buy
    data: {users: users.csv}
    steps:
      - {name: login, path: /login, body: '{"user":"{{.users.name}}","password":"{{.users.password}}"}', save: {token: {jq: .token}}}
      - {name: cart, path: '/cart?user={{.users.name}}', headers: {Authorization: 'Bearer {{.token}}'}, check: {body: fine}}
`} {
		if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := finish(t, c)
	shown := map[string]string{"stdout": r.stdout, "stderr": r.stderr}
	err := filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			shown[entry.Name()] = file(t, path)
		}
		return err
	})
	if err != nil || len(shown) < 5 {
		t.Fatal(err, len(shown))
	}
	for name, text := range shown {
		if i := strings.Index(text, "hunter"); i >= 0 {
			t.Errorf("%s shows %q", name, text[max(0, i-60):min(len(text), i+20)])
		}
	}
	for _, want := range []string{"check failed: body", `200, but the body does not match`, "oops"} {
		if !strings.Contains(shown["report.json"], want) {
			t.Errorf("report.json does not tell %q", want)
		}
	}
}
