package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/examples/sample"
	"github.com/seatrial/seatrial/loadgen"
)

// shopOnLoopback is the sample service, speaking gRPC.
func shopOnLoopback(t *testing.T, change func(*sample.Options)) (url string) {
	t.Helper()
	o := sample.Default()
	o.Latency = time.Millisecond
	if change != nil {
		change(&o)
	}
	server, err := sample.NewGRPC(o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "grpc://" + listener.Addr().String()
}

// The trial files that people copy must not only be read: each call in them is
// made, to the sample service.
func TestShownCallsAreAnswered(t *testing.T) {
	page := file(t, "../docs/load.md")
	_, section, found := strings.Cut(page, "\n## gRPC\n")
	if !found {
		t.Fatal("docs/load.md has no section on gRPC")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	web := func() string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
		t.Cleanup(s.Close)
		return s.URL
	}
	addresses := strings.NewReplacer("grpc://shop.svc:50051", shopOnLoopback(t, nil), "grpc://canary.svc:50051", shopOnLoopback(t, nil),
		"http://shop.svc", web(), "http://canary.svc", web())
	t.Chdir(t.TempDir())
	called := 0
	for _, block := range strings.Split(section, "```yaml\n")[1:] {
		body, _, _ := strings.Cut(block, "```")
		if strings.Contains(body, "grpcs://") {
			continue // needs a certificate: TestTLSIsCheckedAndClientCertificatesAreShown
		}
		for name, text := range map[string]string{"shown.yaml": addresses.Replace(body), "sample.proto": sample.Proto, "order.json": `{"id": "a"}`} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		called += answered(t, body)
	}
	if called < 7 {
		t.Errorf("%d calls are shown, want at least the 7 that there were", called)
	}
}

// answered makes the calls of shown.yaml for a second, and returns how many of
// its requests are calls.
func answered(t *testing.T, shown string) (calls int) {
	t.Helper()
	f, _, err := config.Load(config.Sources{Flags: map[string]string{"config": "shown.yaml"}, ReadFile: os.ReadFile})
	if err != nil {
		t.Fatalf("%v in\n%s", err, shown)
	}
	f.Load.For, f.Load.Warmup = time.Second, 0
	waiter, err := loadgen.NewWaiter(f.Ready.HTTP(), f.Load, f.Sent(), f.Targets())
	if err != nil {
		t.Fatal(err)
	}
	if err := waiter.Wait(t.Context()); err != nil {
		t.Fatalf("%v in\n%s", err, shown)
	}
	meter, err := loadgen.NewMeter(f.Load, f.Sent(), f.Targets())
	if err != nil {
		t.Fatal(err)
	}
	for round, err := range meter.Rounds(t.Context()) {
		if err != nil {
			t.Fatalf("%v in\n%s", err, shown)
		}
		for _, q := range round.Requests {
			if !q.Status.OK() {
				t.Fatalf("%s: %s in\n%s", f.Requests[q.Name].Name, q.Status, shown)
			}
		}
	}
	for _, r := range f.Requests {
		if r.GRPC != nil {
			calls++
		}
	}
	return calls
}

// A whole trial: the candidate's calls fail, and the report says with what.
func TestATrialOfCallsIsJudgedAndReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	baseline := shopOnLoopback(t, nil)
	candidate := shopOnLoopback(t, func(o *sample.Options) { o.Errors = 0.5 })
	text := "baseline: " + baseline + "\ncandidate: " + candidate + `
ready: {urls: ["` + candidate + `/sample.Shop"]}
load: {rate: 100/s, for: 10s, warmup: 0s}
at-least: 2s
requests: {get: {grpc: {call: sample.Shop/Get, data: '{"id": "a"}'}}}
objectives: [error-rate <= 5%]
`
	if err := os.WriteFile(dir+"/seatrial.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := command(t)
	c.Dir = dir
	r := finish(t, c)
	if r.code != 1 || !strings.Contains(file(t, dir+"/seatrial-report/summary.md"), "INTERNAL (13)") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

func TestACallThatNoServerKnowsIsNotReady(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "candidate: " + shopOnLoopback(t, nil) + `
ready: {within: 500ms}
requests: {get: {grpc: sample.Shop/Gett}}
objectives: [error-rate <= 5%]
`
	if err := os.WriteFile(dir+"/seatrial.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := command(t)
	c.Dir = dir
	r := finish(t, c)
	const want = "there is no sample.Shop/Gett in the server's schema (there are sample.Shop/Add, sample.Shop/Get, sample.Shop/List, sample.Shop/Talk); did you mean sample.Shop/Get?"
	if r.code != 4 || !strings.Contains(r.stdout+r.stderr, want) {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
