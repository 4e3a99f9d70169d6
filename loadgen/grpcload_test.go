package loadgen

import (
	"context"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seatrial/seatrial/examples/sample"
	"github.com/seatrial/seatrial/trial"
)

// load sends these requests and gives all rounds.
func load(t *testing.T, ctx context.Context, o Options, requests []Request, targets ...Target) []trial.Round {
	t.Helper()
	m, err := NewMeter(o, requests, targets)
	if err != nil {
		t.Fatal(err)
	}
	var rounds []trial.Round
	for r, err := range m.Rounds(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		rounds = append(rounds, r)
	}
	return rounds
}

func getOrder() []Request {
	return []Request{{Name: "get", GRPC: &GRPC{Call: "sample.Shop/Get", Data: messagesOf(`{"id": "a"}`)}}}
}

func TestEachVersionGetsItsRateOfCalls(t *testing.T) {
	t.Parallel()
	rounds := load(t, t.Context(), quick(4), getOrder(), listen(t, sampleShop(t, nil)), listen(t, sampleShop(t, nil)))
	if len(rounds) != 4 {
		t.Fatalf("%d rounds, want 4", len(rounds))
	}
	for v := range 2 {
		if diff := cmp.Diff(map[string]int{"OK (0)": 200}, statuses(rounds, v)); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", v, diff)
		}
	}
}

func TestHTTPAndGRPCShareATrial(t *testing.T) {
	t.Parallel()
	target := listen(t, sampleShop(t, nil))
	target.GRPC, target.URL = target.URL, serve(t, ok).URL
	third := Share(0.25)
	requests := append(getOrder(), Request{Name: "home", Path: "/", Share: &third})
	rounds := load(t, t.Context(), quick(4), requests, target)
	got := map[string]int{}
	for _, r := range rounds {
		for _, q := range r.Requests {
			got[requests[q.Name].Name+" "+q.Status.String()]++
		}
	}
	if got["get OK (0)"]+got["home 200"] != 200 || got["home 200"] < 48 || got["home 200"] > 52 {
		t.Errorf("%v, want 150 calls and 50 requests", got)
	}
}

// A version that never answers fails each of its own calls, and each at its own
// time: none waits for another's connection, and the baseline's for none at all.
func TestHangingCallsDelayNoOthers(t *testing.T) {
	hang, _ := recorder(t, func(stream grpc.ServerStream, _ *heard) error { <-stream.Context().Done(); return nil })
	good, _ := recorder(t, once)
	requests := getOrder()
	requests[0].GRPC.Proto = schemaFile(t)
	o := quick(6)
	o.Timeout, o.Connections = 300*time.Millisecond, 2
	rounds := load(t, t.Context(), o, requests, good, hang)
	if diff := cmp.Diff(map[string]int{"OK (0)": 300}, statuses(rounds, 0)); diff != "" {
		t.Errorf("the baseline's answers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"timed out": 300}, statuses(rounds, 1)); diff != "" {
		t.Errorf("the hanging version's answers (-want +got):\n%s", diff)
	}
	waited := 0
	for _, r := range rounds {
		waited += r.Generator.Waited
	}
	if waited > 60 {
		t.Errorf("%d of 600 calls waited for another", waited)
	}
}

func TestALateCallCountsFromItsSlot(t *testing.T) {
	began := time.Now()
	target, _ := recorder(t, func(stream grpc.ServerStream, _ *heard) error {
		select {
		case <-time.After(600*time.Millisecond - time.Since(began)):
		case <-stream.Context().Done():
		}
		return stream.SendMsg(&[]byte{})
	})
	requests := getOrder()
	requests[0].GRPC.Proto = schemaFile(t)
	o := quick(4)
	o.Connections = 1
	late := 0
	for _, q := range requestsOf(load(t, t.Context(), o, requests, target)) {
		if q.Seconds() > 0.3 {
			late++
		}
	}
	if late < 40 || late > 100 { // those due in the first 300 ms of 600
		t.Errorf("%d calls took over 300 ms, want about 58", late)
	}
}

func requestsOf(rounds []trial.Round) []trial.Request {
	var all []trial.Request
	for _, r := range rounds {
		all = append(all, r.Requests...)
	}
	return all
}

func TestCancelEndsCallsUnderWay(t *testing.T) {
	hang, _ := recorder(t, func(stream grpc.ServerStream, _ *heard) error { <-stream.Context().Done(); return nil })
	requests := getOrder()
	requests[0].GRPC.Proto = schemaFile(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	o := quick(100)
	o.Timeout = time.Minute
	began := time.Now()
	load(t, ctx, o, requests, hang)
	if took := time.Since(began); took > 1300*time.Millisecond {
		t.Errorf("ended %v after the load began, cancelled after 300 ms", took)
	}
}

func TestServerRestartFailsOnlyItsOwnTime(t *testing.T) {
	t.Parallel()
	server := sampleShop(t, nil)
	target := listen(t, server)
	requests := getOrder()
	requests[0].GRPC.Proto = schemaFile(t)
	o := quick(20) // 5 s
	restarted := make(chan struct{})
	time.AfterFunc(time.Second, func() {
		server.Stop()
		time.AfterFunc(500*time.Millisecond, func() {
			listenAt(t, sampleShop(t, nil), strings.TrimPrefix(target.URL, "grpc://"))
			close(restarted)
		})
	})
	rounds := load(t, t.Context(), o, requests, target)
	<-restarted
	var failed, lastFailed int
	for i, q := range requestsOf(rounds) {
		if !q.Status.OK() {
			failed, lastFailed = failed+1, i
		}
	}
	if failed < 50 || failed > 400 {
		t.Errorf("%d of 1000 calls failed, want about 100: %v", failed, statuses(rounds, 0))
	}
	if lastFailed > 700 {
		t.Errorf("call %d still failed; the server was back at 300", lastFailed)
	}
}

func TestGRPCVersionsBehindAGatewayAreToldApartByMetadata(t *testing.T) {
	target := listen(t, sampleShop(t, func(o *sample.Options) { o.Headers = map[string]string{"x-version": "v2"} }))
	o := quick(2)
	o.URL, o.Identify = target.URL, &Identify{Header: "X-Version", Values: map[string]string{"baseline": "v1", "candidate": "v2"}}
	rounds := load(t, t.Context(), o, getOrder(), Target{Name: "baseline"}, Target{Name: "candidate"})
	if diff := cmp.Diff(map[string]int{"OK (0)": 200}, statuses(rounds, 1)); diff != "" {
		t.Errorf("the candidate's answers (-want +got):\n%s", diff)
	}
}

func TestALoadWhoseSchemaCannotBeHadIsNotSent(t *testing.T) {
	m, err := NewMeter(quick(1), getOrder(), []Target{listen(t, grpc.NewServer())})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range m.Rounds(t.Context()) {
		if want := "candidate: sample.Shop/Get: the server does not offer reflection: name its schema with proto or protoset"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A library of load must leave the process as it was.
func TestALoadOfCallsChangesNothingOfTheProcess(t *testing.T) {
	type global struct {
		procs, flags, logFlags int
		logOut                 io.Writer
		transport              http.RoundTripper
		interrupts             bool
	}
	look := func() global {
		flags := 0
		flag.VisitAll(func(*flag.Flag) { flags++ })
		return global{runtime.GOMAXPROCS(0), flags, log.Flags(), log.Writer(), http.DefaultTransport, signal.Ignored(syscall.SIGINT)}
	}
	before := look()
	load(t, t.Context(), quick(2), getOrder(), listen(t, sampleShop(t, nil)))
	if after := look(); before != after {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if all := stacks(); strings.Contains(all, "os/signal.") {
		t.Errorf("something waits for signals:\n%s", all)
	}
	// Connections end in goroutines of their own.
	for began := time.Now(); strings.Contains(stacks(), "transport.(*http2Client)"); runtime.Gosched() {
		if time.Since(began) > enough {
			t.Fatal("a connection was left open")
		}
	}
}

// stacks are those of all goroutines.
func stacks() string {
	text := make([]byte, 4<<20)
	return string(text[:runtime.Stack(text, true)])
}

func TestReadinessOfGRPC(t *testing.T) {
	ready := listen(t, sampleShop(t, nil))
	unready := listen(t, sampleShop(t, func(o *sample.Options) { o.ReadyAfter = time.Hour }))
	without := listen(t, grpc.NewServer())
	web := serve(t, ok)
	refusing, _ := recorder(t, func(grpc.ServerStream, *heard) error { return status.Error(codes.PermissionDenied, "not for you") })
	for name, c := range map[string]struct {
		target Target
		urls   []string
		want   string // empty: ready
	}{
		"a version that answers":        {ready, nil, ""},
		"healthy":                       {ready, []string{ready.URL}, ""},
		"a healthy service":             {ready, []string{ready.URL + "/sample.Shop"}, ""},
		"not serving":                   {ready, []string{unready.URL}, "wait-for (" + unready.URL + "): its health is NOT_SERVING"},
		"unknown service":               {ready, []string{ready.URL + "/other"}, "wait-for (" + ready.URL + "/other): answered NOT_FOUND (5): unknown service"},
		"no health":                     {ready, []string{without.URL}, "wait-for (" + without.URL + "): answered UNIMPLEMENTED (12): it has no grpc.health.v1; wait for an object of the cluster or a URL instead"},
		"refused":                       {ready, []string{refusing.URL}, "wait-for (" + refusing.URL + "): answered PERMISSION_DENIED (7): not for you"},
		"a version without reflection":  {without, nil, "candidate (" + without.URL + "): the server does not offer reflection: name its schema with proto or protoset"},
		"a version that has no gRPC":    {Target{Name: "candidate", URL: web.URL}, nil, "candidate (" + web.URL + "): exchange failed"},
		"a version that is not serving": {unready, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := Ready{Within: 300 * time.Millisecond, Every: 20 * time.Millisecond}
			for _, u := range c.urls {
				want.URLs = append(want.URLs, Probe{URL: u})
			}
			w, err := NewWaiter(want, DefaultOptions(), getOrder(), []Target{c.target})
			if err != nil {
				t.Fatal(err)
			}
			err = w.Wait(t.Context())
			var missing *trial.NotReadyError
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.As(err, &missing) || len(missing.Reasons) != 1 || !strings.HasPrefix(missing.Reasons[0], c.want)):
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestAClosedLoopOfCalls(t *testing.T) {
	o := quick(2)
	o.Closed, o.Connections = true, 2
	for name, count := range statuses(load(t, t.Context(), o, getOrder(), listen(t, sampleShop(t, nil))), 0) {
		if name != "OK (0)" || count < 20 {
			t.Errorf("%d of %s", count, name)
		}
	}
}
