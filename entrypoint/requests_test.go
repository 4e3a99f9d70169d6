package main

import (
	"context"
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
	c := command(t, append(short(), "--config", "seatrial.yaml", "--baseline", sampleService(t), "--candidate", sampleService(t), "--timeout", "3s",
		"--objectives", "error-rate <= 1%\nlatency-p95 <= 1s")...)
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
		for _, q := range round.Requests {
			got[e.Header.Requests[q.Name]+" "+q.Status.String()]++
		}
	}
	search, login := got["search 200"], got["login 200"]
	if search < 4*login-20 || search > 4*login+20 || got["cart 200"] != login || login == 0 || len(got) != 3 {
		t.Errorf("requests %v, want four searches to each login and its cart", got)
	}
}
