package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// maker makes one of the clients that HTTP/1.1 is spoken with.
type maker func(Options, Target, *identity, []message) (exchanger, error)

// makers are these clients. What is true of an exchange must not depend on
// which of them had it.
var makers = map[string]maker{
	"standard": func(o Options, t Target, who *identity, messages []message) (exchanger, error) {
		client, err := newStandardClient(o, t, who, messages)
		return deadlined{client}, err
	},
	"fast": func(o Options, t Target, who *identity, messages []message) (exchanger, error) {
		return newFastClient(o, t, who, messages)
	},
}

// byEach runs a test with each client.
func byEach(t *testing.T, test func(*testing.T, maker)) {
	for name, m := range makers {
		t.Run(name, func(t *testing.T) { test(t, m) })
	}
}

// session is one client in use.
type session struct {
	*testing.T
	exchanger
	timeout time.Duration
}

func (m maker) session(t *testing.T, o Options, target Target) session {
	t.Helper()
	messages, err := o.messages(nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := m(o, target, newIdentity(o, []Target{{Name: "a"}, {Name: "b"}}), messages)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.close)
	return session{t, client, o.Timeout}
}

func (s session) once() answer {
	return s.during(s.Context())
}

func (s session) during(ctx context.Context) answer {
	now := time.Now()
	return s.exchange(ctx, shot{sent: now, by: now.Add(s.timeout)})
}

func (s session) statuses(times int) []string {
	var all []string
	for range times {
		all = append(all, s.once().status.String())
	}
	return all
}

// wire is a server that writes what it is told, byte for byte.
type wire struct {
	net.Listener
	requests    atomic.Int64
	connections atomic.Int64
}

// speak serves every request by a call with its number from 1. A connection
// ends when the call closes it.
func speak(t *testing.T, answer func(c net.Conn, number int)) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: listener}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			w.connections.Add(1)
			go w.serve(c, answer)
		}
	}()
	return w
}

func (w *wire) serve(c net.Conn, answer func(net.Conn, int)) {
	defer c.Close()
	for in := bufio.NewReader(c); ; {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		answer(c, int(w.requests.Add(1)))
	}
}

func (w *wire) target() Target { return Target{Name: "candidate", URL: "http://" + w.Addr().String()} }

func say(text string) func(net.Conn, int) {
	return func(c net.Conn, _ int) { _, _ = io.WriteString(c, text) }
}

func sayAndClose(text string) func(net.Conn, int) {
	return func(c net.Conn, _ int) { _, _ = io.WriteString(c, text); _ = c.Close() }
}

// turns answers each request by another call; the last one answers all further.
func turns(calls ...func(net.Conn, int)) func(net.Conn, int) {
	return func(c net.Conn, number int) { calls[min(number, len(calls))-1](c, number) }
}

func drip(text string, every time.Duration) func(net.Conn, int) {
	return func(c net.Conn, _ int) {
		for i := range len(text) {
			if _, err := io.WriteString(c, text[i:i+1]); err != nil {
				return
			}
			time.Sleep(every)
		}
	}
}

func reset(c net.Conn, _ int) { _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() }

const answered = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func asking(name string) func(*Options) { return func(o *Options) { o.Method = name } }

func within(d time.Duration) func(*Options) { return func(o *Options) { o.Timeout = d } }

func posting(o *Options) { o.Method, o.Body = "POST", trial.NewSecret("", "a=b") }

var exchanges = []struct {
	name        string
	set         func(*Options)
	answer      func(net.Conn, int)
	want        []string // one for each exchange
	requests    int64    // that the server got
	connections int64
}{
	{"plain", nil, say(answered), []string{"200", "200", "200"}, 3, 1},
	{"not found keeps the connection", nil, say("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), []string{"404", "404"}, 2, 1},
	{"unavailable keeps the connection", nil, say("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), []string{"503", "503"}, 2, 1},
	{"300 KB", nil, say("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + strings.Repeat("x", 300_000)), []string{"200", "200"}, 2, 1},
	{"chunked", nil, say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), []string{"200", "200"}, 2, 1},
	{"chunked with trailers", nil, say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A, X-B\r\n\r\n3\r\nabc\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"), []string{"200", "200"}, 2, 1},
	{"chunked with a length too", nil, say("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), []string{"200", "200"}, 2, 1},
	{"chunks broken off", nil, sayAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"), []string{"connection closed"}, 1, 1},
	{"trailers broken off", nil, sayAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-A"), []string{"connection closed"}, 1, 1},
	{"no chunks", nil, say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n"), []string{"exchange failed"}, 1, 1},
	{"body until the end of the connection", nil, sayAndClose("HTTP/1.1 200 OK\r\n\r\nall of it"), []string{"200", "200"}, 2, 2},
	{"100 before the answer", nil, say("HTTP/1.1 100 Continue\r\n\r\n" + answered), []string{"200", "200"}, 2, 1},
	{"103 before the answer", nil, say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answered), []string{"200", "200"}, 2, 1},
	{"1xx for ever", within(100 * time.Millisecond), say(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 1000)), []string{"timed out"}, 1, 1},
	{"204 has no body", nil, say("HTTP/1.1 204 No Content\r\n\r\n"), []string{"204", "204"}, 2, 1},
	{"304 has no body", nil, say("HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"), []string{"304", "304"}, 2, 1},
	{"HEAD has no body", asking("HEAD"), say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"), []string{"200", "200"}, 2, 1},
	{"HEAD without a length", asking("HEAD"), say("HTTP/1.1 200 OK\r\n\r\n"), []string{"200", "200"}, 2, 1},
	{"HEAD with a close", asking("HEAD"), say("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), []string{"200", "200"}, 2, 2},
	{"shorter than its length", nil, sayAndClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), []string{"connection closed"}, 1, 1},
	{"longer than its length", nil, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Never\r\nContent-Length: 0\r\n\r\n"), []string{"200", "200", "200"}, 3, 3},
	{"connection: close", nil, say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 2},
	{"connection: Close", nil, say("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 2},
	{"connection: several options", nil, say("HTTP/1.1 200 OK\r\nConnection: Upgrade, close\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 2},
	{"keep-alive: false", func(o *Options) { o.KeepAlive = false }, say(answered), []string{"200", "200"}, 2, 2},
	{"HTTP/1.0", nil, sayAndClose("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 2},
	{"HTTP/1.0 that keeps the connection", nil, say("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 1},
	{"header of 100 KB", nil, say("HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("x", 100_000) + "\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 1},
	{"header of 1,000 lines", nil, say("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Line: 0123456789012345678901234567890123456789\r\n", 1000) + "Content-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 1},
	{"status without a reason", nil, say("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 1},
	{"the same length twice", nil, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 1},
	{"two lengths", nil, say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"), []string{"exchange failed"}, 1, 1},
	{"length below zero", nil, say("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok"), []string{"exchange failed"}, 1, 1},
	{"folded header", nil, say("HTTP/1.1 200 OK\r\nX-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\nok"), []string{"200", "200"}, 2, 1},
	{"control character in a header", nil, say("HTTP/1.1 200 OK\r\nX-Bell: \a\r\nContent-Length: 2\r\n\r\nok"), []string{"exchange failed"}, 1, 1},
	{"no HTTP", nil, say("220 mail.example ESMTP\r\n"), []string{"exchange failed"}, 1, 1},
	{"HTTP/2 alone", nil, say("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\r\n"), []string{"exchange failed"}, 1, 1},
	{"hangs", within(50 * time.Millisecond), func(net.Conn, int) {}, []string{"timed out"}, 1, 1},
	{"hangs on a connection that was used", within(50 * time.Millisecond), turns(say(answered), func(net.Conn, int) {}), []string{"200", "timed out"}, 2, 1},
	{"hangs in the body", within(50 * time.Millisecond), say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), []string{"timed out"}, 1, 1},
	{"drips in time", nil, drip(answered, time.Millisecond), []string{"200", "200"}, 2, 1},
	{"drips for too long", within(50 * time.Millisecond), drip(answered, 10*time.Millisecond), []string{"timed out"}, 1, 1},
	{"after a time-out comes the next answer", within(100 * time.Millisecond), turns(func(net.Conn, int) {}, say(answered)), []string{"timed out", "200"}, 2, 2},
	{"POST: dies after reading", posting, sayAndClose(""), []string{"connection closed", "connection closed"}, 2, 2},
	{"POST: dies after reading, on a connection that was used", posting, turns(say(answered), sayAndClose("")), []string{"200", "connection closed"}, 2, 1},
	{"GET: dies after reading", nil, sayAndClose(""), []string{"connection closed"}, 1, 1},
	{"GET: dies after reading, on a connection that was used", nil, turns(say(answered), sayAndClose(""), say(answered)), []string{"200", "200"}, 3, 2},
	{"GET: dies again and again", nil, turns(say(answered), sayAndClose("")), []string{"200", "connection closed"}, 3, 2},
	{"GET: dies amid the answer, on a connection that was used", nil, turns(say(answered), sayAndClose("HTTP/1.1 2")), []string{"200", "connection closed"}, 2, 1},
	{"GET: dies amid the header", nil, sayAndClose("HTTP/1.1 200 OK\r\nContent-Le"), []string{"connection closed"}, 1, 1},
	{"GET: resets a connection that was used", nil, turns(say(answered), reset, say(answered)), []string{"200", "200"}, 3, 2},
	{"reset", nil, reset, []string{"connection closed"}, 1, 1},
	{"redirects are answers", nil, say("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"), []string{"302", "302"}, 2, 1},
}

// vaguer is where net/http calls an answer malformed that broke off.
var vaguer = map[string][]string{
	"trailers broken off":                                      {"exchange failed"},
	"GET: dies amid the header":                                {"exchange failed"},
	"GET: dies amid the answer, on a connection that was used": {"200", "exchange failed"},
}

func TestExchangesAreToldAsTheyWere(t *testing.T) {
	for _, c := range exchanges {
		t.Run(c.name, func(t *testing.T) {
			byEach(t, func(t *testing.T, m maker) {
				server := speak(t, c.answer)
				o := DefaultOptions()
				if c.set != nil {
					c.set(&o)
				}
				got := m.session(t, o, server.target()).statuses(len(c.want))
				want := c.want
				if other, worse := vaguer[c.name]; worse && strings.HasSuffix(t.Name(), "/standard") {
					want = other
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("wanted (-) and got (+):\n%s", diff)
				}
				if r, n := server.requests.Load(), server.connections.Load(); r != c.requests || n != c.connections {
					t.Errorf("the server got %d requests over %d connections, want %d over %d", r, n, c.requests, c.connections)
				}
			})
		})
	}
}

// A server may close a connection that waits. Nothing was asked of it then,
// so that nothing failed, whatever the method.
func TestConnectionClosedWhileItWaitedIsNoFailure(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		closed := make(chan bool)
		server := speak(t, func(c net.Conn, _ int) {
			_, _ = io.WriteString(c, answered)
			_ = c.Close()
			closed <- true
		})
		o := DefaultOptions()
		o.Method = method
		s := makers["fast"].session(t, o, server.target())
		for range 3 {
			done := make(chan string)
			go func() { done <- s.once().status.String() }()
			<-closed
			if got := <-done; got != "200" {
				t.Errorf("%s: %s, want 200", method, got)
			}
		}
	}
}

// What a server says unasked is no answer to the next request. (The standard
// client takes it for one when it comes between two looks of its own.)
func TestWhatComesUnaskedIsNoAnswer(t *testing.T) {
	tell, told := make(chan bool), make(chan bool)
	server := speak(t, func(c net.Conn, number int) {
		_, _ = io.WriteString(c, answered)
		if number == 1 {
			<-tell
			_, _ = io.WriteString(c, "HTTP/1.1 500 Never\r\nContent-Length: 0\r\n\r\n")
			told <- true
		}
	})
	o := DefaultOptions()
	o.Method = "POST"
	s := makers["fast"].session(t, o, server.target())
	first := s.once().status.String()
	tell <- true
	<-told
	if second := s.once().status.String(); first != "200" || second != "200" {
		t.Errorf("answers %s and %s, want 200 twice", first, second)
	}
}

func TestTenMegabytesTakeLittleMemory(t *testing.T) {
	byEach(t, func(t *testing.T, m maker) {
		for _, head := range []string{"Content-Length: 10485760\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nA00000\r\n"} {
			block := bytes.Repeat([]byte("x"), 1<<16)
			server := speak(t, func(c net.Conn, _ int) {
				_, _ = io.WriteString(c, "HTTP/1.1 500 Long\r\n"+head)
				for range 160 {
					_, _ = c.Write(block)
				}
				if strings.HasPrefix(head, "T") {
					_, _ = io.WriteString(c, "\r\n0\r\n\r\n")
				}
			})
			s := m.session(t, DefaultOptions(), server.target())
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := s.once()
			runtime.ReadMemStats(&after)
			told := got.status.String() + " " + got.told()
			if want := "500 " + string(block[:excerpt]); told != want {
				t.Errorf("told %d bytes, want %d", len(told), len(want))
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
				t.Errorf("%d bytes were allocated for a body of 10 MB", spent)
			}
			if got := s.once().status.String(); got != "500" || server.connections.Load() != 1 {
				t.Errorf("then %s over %d connections, want 500 over 1", got, server.connections.Load())
			}
		}
	})
}

// All that the server sees of a request, the order of headers aside.
func TestRequestsLookAlikeOnTheWire(t *testing.T) {
	post := func(o *Options, _ *Target) { posting(o) }
	for name, set := range map[string]func(*Options, *Target){
		"plain":     func(*Options, *Target) {},
		"post":      post,
		"post none": func(o *Options, _ *Target) { o.Method = "POST" },
		"get with body": func(o *Options, _ *Target) {
			posting(o)
			o.Method = "GET"
		},
		"query":     func(_ *Options, t *Target) { t.URL += "/a%20b/ü?q=a+b%2Fc&&z=%zz;x#fragment" },
		"user":      func(_ *Options, t *Target) { t.URL = strings.Replace(t.URL, "//", "//me:pa%3Ass@", 1) },
		"user only": func(_ *Options, t *Target) { t.URL = strings.Replace(t.URL, "//", "//token@", 1) },
		"host":      func(o *Options, t *Target) { o.Host, t.Host = "one.example", "two.example:81" },
		"headers": func(o *Options, t *Target) {
			o.Headers = map[string]trial.Secret{"x-lower-CASE": trial.NewSecret("", "a:b, c"), "User-agent": trial.NewSecret("", "me")}
			t.Headers = map[string]trial.Secret{"Authorization": trial.NewSecret("", "Bearer x"), "expect": trial.NewSecret("", "100-continue")}
			t.URL = strings.Replace(t.URL, "//", "//me:pass@", 1)
			posting(o)
		},
		"keep-alive: false": func(o *Options, _ *Target) { o.KeepAlive = false },
	} {
		t.Run(name, func(t *testing.T) {
			seen := map[string]string{}
			for client, m := range makers {
				text := make(chan string, 1)
				o, target := DefaultOptions(), hear(t, text)
				set(&o, &target)
				m.session(t, o, target).once()
				seen[client] = strings.ReplaceAll(<-text, strings.TrimPrefix(hostOf(target.URL), "//"), "HOST")
			}
			if diff := cmp.Diff(seen["standard"], seen["fast"]); diff != "" {
				t.Errorf("standard (-) and fast (+):\n%s", diff)
			}
		})
	}
}

func hostOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	_, after, found := strings.Cut(host, "@")
	if found {
		return after
	}
	return host
}

// hear is a server that tells all of a request, its headers in order.
func hear(t *testing.T, text chan<- string) Target {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		var lines []string
		length := 0
		for {
			line, err := in.ReadString('\n')
			if err != nil || line == "\r\n" {
				break
			}
			_, _ = fmt.Sscanf(line, "Content-Length: %d", &length)
			lines = append(lines, line)
		}
		if len(lines) > 0 {
			slices.Sort(lines[1:])
		}
		body := make([]byte, length)
		_, _ = io.ReadFull(in, body)
		text <- strings.Join(lines, "") + "\n" + string(body)
		_, _ = io.WriteString(c, answered)
	}()
	return Target{Name: "candidate", URL: "http://" + listener.Addr().String()}
}

// A trial that ends must not wait for a server that does not answer, wherever
// the exchange stands.
func TestCancelEndsAnExchangeAtOnce(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	wait := func(net.Conn, int) {}
	for name, address := range map[string]func(t *testing.T) string{
		"while reading":              func(t *testing.T) string { return speak(t, wait).target().URL },
		"while reading, used before": func(t *testing.T) string { return speak(t, turns(say(answered), wait)).target().URL },
		"while reading the body": func(t *testing.T) string {
			return speak(t, say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")).target().URL
		},
		"while shaking hands": func(*testing.T) string { return "https://" + silent.Addr().String() },
		"while connecting":    func(t *testing.T) string { return "http://" + full(t) },
	} {
		t.Run(name, func(t *testing.T) {
			byEach(t, func(t *testing.T, m maker) {
				o := DefaultOptions()
				o.Timeout = time.Minute
				s := m.session(t, o, Target{Name: "candidate", URL: address(t)})
				if strings.HasSuffix(name, "used before") {
					s.once()
				}
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(50*time.Millisecond, cancel)
				began := time.Now()
				got := s.during(ctx)
				if took := time.Since(began); got.status.OK() || took > time.Second {
					t.Errorf("%s after %s, want a failure within 1 s of the cancel", got.status, took)
				}
			})
		})
	}
}

// full is the address of a server whose queue of connections is full, so that
// connecting to it hangs.
func full(t *testing.T) string {
	t.Helper()
	address := backlog(t)
	for {
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = c.Close() })
	}
}

// Every exchange says what it spent where, and nothing twice.
func TestPhasesOfAnExchange(t *testing.T) {
	byEach(t, func(t *testing.T, m maker) {
		server := speak(t, func(c net.Conn, _ int) {
			time.Sleep(20 * time.Millisecond)
			_, _ = io.WriteString(c, answered[:len(answered)-1])
			time.Sleep(20 * time.Millisecond)
			_, _ = io.WriteString(c, answered[len(answered)-1:])
		})
		s := m.session(t, DefaultOptions(), server.target())
		first, second := s.once().phases, s.once().phases
		if first.Connect <= 0 || second.Connect != 0 || first.TLS != 0 {
			t.Errorf("connect %s and %s, TLS %s; want the first alone", first.Connect, second.Connect, first.TLS)
		}
		for _, p := range []phases{first, second} {
			if p.FirstByte < 15*time.Millisecond || p.FirstByte > 35*time.Millisecond {
				t.Errorf("first byte after %s, want 20 ms", p.FirstByte)
			}
		}
	})
}

func TestPhasesOfTLS(t *testing.T) {
	byEach(t, func(t *testing.T, m maker) {
		server := secure(t, &tls.Config{})
		o := DefaultOptions()
		o.Insecure = true
		s := m.session(t, o, server)
		first, second := s.once(), s.once()
		if first.phases.Connect <= 0 || first.phases.TLS <= 0 || second.phases.Connect != 0 || second.phases.TLS != 0 {
			t.Errorf("phases %+v and %+v, want connect and TLS in the first alone", first.phases, second.phases)
		}
	})
}

// backlog listens without ever taking a connection, and lets as few wait as it can.
func backlog(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

// secure is a server that speaks TLS with these settings.
func secure(t *testing.T, config *tls.Config) Target {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	s.TLS, s.Config.ErrorLog = config, log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return Target{Name: "candidate", URL: s.URL}
}

// What is filled in is sent, and what is checked is seen, by whichever client.
func TestTemplatesAndChecksByEachClient(t *testing.T) {
	r := Request{
		Path: "/{{number}}", Method: "POST", Body: trial.NewSecret("", "n={{number}}"), Headers: map[string]trial.Secret{"X-N": trial.NewSecret("", "{{number}}")},
		Check: &Check{Body: "^path /7 body n=7 header 7$", Headers: map[string]string{"X-Who": "^me$"}},
	}
	messages, err := DefaultOptions().messages([]Request{r})
	if err != nil {
		t.Fatal(err)
	}
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Who", "me")
		_, _ = fmt.Fprintf(w, "path %s body %s header %s", r.URL.Path, body, r.Header.Get("X-N"))
	})
	byEach(t, func(t *testing.T, m maker) {
		client, err := m(DefaultOptions(), target, nil, messages)
		if err != nil {
			t.Fatal(err)
		}
		defer client.close()
		for turn, want := range map[int]string{7: "200", 8: trial.WrongBody.String()} {
			now := time.Now()
			if got := client.exchange(t.Context(), shot{turn: turn, sent: now, by: now.Add(time.Minute)}); got.status.String() != want {
				t.Errorf("turn %d: %s (%s), want %s", turn, got.status, got.told(), want)
			}
		}
	})
}
