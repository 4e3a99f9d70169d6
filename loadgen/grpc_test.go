package loadgen

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflecting "google.golang.org/grpc/reflection/grpc_reflection_v1"
	older "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	intap "google.golang.org/grpc/tap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/seatrial/seatrial/examples/sample"
	"github.com/seatrial/seatrial/trial"
)

// listen serves gRPC on a free port of the loopback.
func listen(t *testing.T, server *grpc.Server) Target {
	t.Helper()
	return listenAt(t, server, "127.0.0.1:0")
}

func listenAt(t *testing.T, server *grpc.Server, address string) Target {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return Target{Name: "candidate", URL: "grpc://" + listener.Addr().String()}
}

// sampleShop is the sample service, answering at once unless it is changed.
func sampleShop(t *testing.T, change func(*sample.Options), with ...grpc.ServerOption) *grpc.Server {
	t.Helper()
	o := sample.Default()
	o.Latency = 0
	if change != nil {
		change(&o)
	}
	server, err := sample.NewGRPC(o, with...)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// schemaFile is the sample service's schema as a file.
func schemaFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "sample.proto")
	if err := os.WriteFile(name, []byte(sample.Proto), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func messagesOf(texts ...string) Messages {
	var messages Messages
	for _, text := range texts {
		messages = append(messages, trial.NewSecret("", text))
	}
	return messages
}

// caller is a worker's client for these calls, opened.
func caller(t *testing.T, o Options, target Target, g *GRPC) *grpcCaller {
	t.Helper()
	return callerOf(t, o, target, []message{{grpc: g}})
}

func callerOf(t *testing.T, o Options, target Target, messages []message) *grpcCaller {
	t.Helper()
	client, err := newGRPCClient(o, target, nil, messages)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.close)
	if err := client.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return client.caller()
}

// call sends one call and gives its status and what was told of it.
func call(t *testing.T, w *grpcCaller, timeout time.Duration) (status, told string) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), timeout)
	defer done()
	got := w.exchange(ctx, shot{})
	if got.told != nil {
		told = got.told()
	}
	return got.status.String(), told
}

const enough = 10 * time.Second

// heard keeps what a server was sent: of each call its method, metadata, and
// the bytes of its messages.
type heard struct {
	method   string
	metadata metadata.MD
	messages []string
}

// recorder is a server that keeps what it is sent and answers as it is told:
// it knows no schema.
func recorder(t *testing.T, answer func(stream grpc.ServerStream, h *heard) error, with ...grpc.ServerOption) (Target, *atomic.Pointer[heard]) {
	t.Helper()
	last := &atomic.Pointer[heard]{}
	with = append(with, grpc.ForceServerCodecV2(verbatim{encoding.GetCodecV2("proto")}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		h := &heard{}
		h.method, _ = grpc.MethodFromServerStream(stream)
		h.metadata, _ = metadata.FromIncomingContext(stream.Context())
		for {
			var message []byte
			if err := stream.RecvMsg(&message); err == io.EOF {
				break
			} else if err != nil {
				return err
			}
			h.messages = append(h.messages, string(message))
		}
		last.Store(h)
		return answer(stream, h)
	}))
	return listen(t, grpc.NewServer(with...)), last
}

func once(stream grpc.ServerStream, _ *heard) error { return stream.SendMsg(&[]byte{}) }

func TestEachKindOfCallIsSentWholeAndAnswered(t *testing.T) {
	const wireA, wireB = "\n\x01a", "\n\x01b"
	for _, c := range []struct {
		call     string
		data     Messages
		messages []string
	}{
		{"sample.Shop/Get", messagesOf(`{"id": "a"}`), []string{wireA}},
		{"sample.Shop.Get", nil, []string{""}},
		{"/sample.Shop/List", messagesOf(`{"count": 3}`), []string{"\x10\x03"}},
		{"sample.Shop/Add", messagesOf(`{"id": "a"}`, `{"id": "b"}`), []string{wireA, wireB}},
		{"sample.Shop/Add", messagesOf(`[{"id": "a"}, {"id": "b"}]`), []string{wireA, wireB}},
		{"sample.Shop/Talk", messagesOf(`{"id": "a"}`, `{"id": "b"}`), []string{wireA, wireB}},
	} {
		target, last := recorder(t, once)
		w := caller(t, DefaultOptions(), target, &GRPC{Call: c.call, Data: c.data, Proto: schemaFile(t)})
		if got, told := call(t, w, enough); got != "OK (0)" {
			t.Errorf("%s: %s, %s", c.call, got, told)
			continue
		}
		if diff := cmp.Diff(c.messages, last.Load().messages); diff != "" {
			t.Errorf("%s: messages (-want +got):\n%s", c.call, diff)
		}
	}
}

func TestTheSampleServiceAnswersEachKindOfCall(t *testing.T) {
	target := listen(t, sampleShop(t, nil))
	for _, g := range []*GRPC{
		{Call: "sample.Shop/Get", Data: messagesOf(`{"id": "a"}`)},
		{Call: "sample.Shop/Add", Data: messagesOf(`{"id": "a"}`, `{}`)},
		{Call: "sample.Shop/List", Data: messagesOf(`{"count": 3}`)},
		{Call: "sample.Shop/Talk", Data: messagesOf(`{"id": "a"}`, `{}`), Interval: time.Millisecond},
		{Call: "sample.Shop/List", Data: messagesOf(`{"count": 300000000}`), Replies: 3},
		{Call: "grpc.health.v1.Health/Check"},
	} {
		w := caller(t, DefaultOptions(), target, g)
		if got, told := call(t, w, enough); got != "OK (0)" {
			t.Errorf("%s: %s, %s", g.Call, got, told)
		}
	}
}

func TestFewerRepliesThanAskedForAreAnError(t *testing.T) {
	w := caller(t, DefaultOptions(), listen(t, sampleShop(t, nil)), &GRPC{Call: "sample.Shop/List", Data: messagesOf(`{"count": 2}`), Replies: 3})
	ctx, done := context.WithTimeout(t.Context(), enough)
	defer done()
	if got := w.exchange(ctx, shot{}); got.status.OK() || got.told() != "the call ended after 2 messages; replies asks for 3" {
		t.Errorf("%v %s", got.status, got.told())
	}
}

func TestMetadataGoesOutAsItIsWritten(t *testing.T) {
	target, last := recorder(t, once)
	target.Headers = map[string]trial.Secret{"X-Route": trial.NewSecret("", "canary"), "X-Both": trial.NewSecret("", "version"), "Host": trial.NewSecret("", "shop.test")}
	g := &GRPC{Call: "sample.Shop/Get", Proto: schemaFile(t), Metadata: map[string]trial.Secret{
		"X-Tenant": trial.NewSecret("", "a b"), "x-both": trial.NewSecret("", "call"), "x-trace-bin": trial.NewSecret("", "AAEC"),
	}}
	if got, told := call(t, caller(t, DefaultOptions(), target, g), enough); got != "OK (0)" {
		t.Fatal(got, told)
	}
	got := map[string][]string{}
	for name, values := range last.Load().metadata {
		if strings.HasPrefix(name, "x-") || name == ":authority" {
			got[name] = values
		}
	}
	want := map[string][]string{":authority": {"shop.test"}, "x-route": {"canary"}, "x-tenant": {"a b"}, "x-both": {"call"}, "x-trace-bin": {"\x00\x01\x02"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if agents := last.Load().metadata["user-agent"]; len(agents) != 1 || !strings.HasPrefix(agents[0], "seatrial ") {
		t.Errorf("user agent %q", agents)
	}
	if types := last.Load().metadata["content-type"]; !cmp.Equal(types, []string{"application/grpc"}) {
		t.Errorf("content type %q", types)
	}
}

// Each call has messages and metadata of its own, and what is not filled in is
// as it was.
func TestCallsAreFilledInForEachTurn(t *testing.T) {
	target, last := recorder(t, once)
	g := &GRPC{Call: "sample.Shop/Add", Proto: schemaFile(t), Data: messagesOf(`{"id": "{{id}}"}`, `{"count": {{number}}}`), Metadata: map[string]trial.Secret{
		"X-Turn": trial.NewSecret("", "{{number}}"), "x-tenant": trial.NewSecret("", "a"),
	}}
	messages, err := DefaultOptions().messages([]Request{{Name: "add", GRPC: g}})
	if err != nil {
		t.Fatal(err)
	}
	w := callerOf(t, DefaultOptions(), target, messages)
	ids := map[string]bool{}
	for turn := 1; turn <= 3; turn++ {
		if got := w.exchange(t.Context(), shot{turn: turn}); !got.status.OK() {
			t.Fatal(got.status, got.told())
		}
		h := last.Load()
		ids[h.messages[0]] = true
		if want := "\x10" + string(rune(turn)); h.messages[1] != want || h.metadata["x-turn"][0] != strconv.Itoa(turn) || h.metadata["x-tenant"][0] != "a" {
			t.Errorf("turn %d: %q, metadata %v", turn, h.messages[1], h.metadata)
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d different ids in 3 calls", len(ids))
	}
}

func TestWhatCallsSendInConfidenceIsHidden(t *testing.T) {
	target, _ := recorder(t, func(stream grpc.ServerStream, h *heard) error {
		return status.Errorf(codes.Internal, "%s got %s", h.metadata["authorization"], h.metadata["x-key"])
	})
	g := &GRPC{Call: "sample.Shop/Get", Proto: schemaFile(t), Metadata: map[string]trial.Secret{
		"Authorization": trial.NewSecret("", "Bearer t0ken-value"), "x-key": trial.NewSecret("", "key-{{number}}"),
	}}
	messages, err := DefaultOptions().messages([]Request{{Name: "get", GRPC: g}})
	if err != nil {
		t.Fatal(err)
	}
	got := callerOf(t, DefaultOptions(), target, messages).exchange(t.Context(), shot{turn: 12345})
	if told := got.told(); told != "[***] got [***]" {
		t.Errorf("told %q", told)
	}
}

func TestATemplateThatMakesNoMessageStopsTheLoad(t *testing.T) {
	requests := getOrder()
	requests[0].GRPC.Data = messagesOf(`{"count": "{{id}}"}`)
	m, err := NewMeter(quick(1), requests, []Target{listen(t, sampleShop(t, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range m.Rounds(t.Context()) {
		if want := "candidate: sample.Shop/Get: not a sample.Order in JSON: (line 1:11): invalid value for int32 field count (it has id, count, text)"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestBinaryDataIsSentAsItIs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "order.bin")
	if err := os.WriteFile(file, []byte("\n\x01a"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, g := range []*GRPC{{Binary: trial.NewSecret("", "CgFh")}, {BinaryFile: file}} {
		target, last := recorder(t, once)
		g.Call, g.Proto = "sample.Shop/Get", schemaFile(t)
		if got, told := call(t, caller(t, DefaultOptions(), target, g), enough); got != "OK (0)" || !cmp.Equal(last.Load().messages, []string{"\n\x01a"}) {
			t.Errorf("%s %s, sent %q", got, told, last.Load().messages)
		}
	}
}

func TestCompressedCallsAreCompressedAndReadCompressed(t *testing.T) {
	long := strings.Repeat("a", 1000)
	var sizes payloads
	target, last := recorder(t, func(stream grpc.ServerStream, _ *heard) error {
		answer := []byte(long) // goes out in the encoding that the call came in
		return stream.SendMsg(&answer)
	}, grpc.StatsHandler(&sizes))
	g := &GRPC{Call: "sample.Shop/Get", Data: messagesOf(`{"text": "` + long + `"}`), Proto: schemaFile(t), Compress: "gzip"}
	if got, told := call(t, caller(t, DefaultOptions(), target, g), enough); got != "OK (0)" {
		t.Fatal(got, told)
	}
	if len(last.Load().messages[0]) < 1000 || sizes.in.Load() > 200 || sizes.out.Load() > 200 {
		t.Errorf("a message of %d bytes came as %d, the answer went as %d", len(last.Load().messages[0]), sizes.in.Load(), sizes.out.Load())
	}
}

// payloads are the sizes of the last messages as they went over the wire.
type payloads struct{ in, out atomic.Int64 }

func (p *payloads) HandleRPC(_ context.Context, s stats.RPCStats) {
	switch s := s.(type) {
	case *stats.InPayload:
		p.in.Store(int64(s.CompressedLength))
	case *stats.OutPayload:
		p.out.Store(int64(s.CompressedLength))
	}
}

func (*payloads) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (*payloads) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*payloads) HandleConn(context.Context, stats.ConnStats)                       {}

func TestStatusesOfTheServerAreRecordedAndExpectedOnesAreNoErrors(t *testing.T) {
	for _, c := range []struct {
		code   codes.Code
		expect []Code
		ok     bool
		want   string
	}{
		{codes.OK, nil, true, "OK (0)"},
		{codes.NotFound, nil, false, "NOT_FOUND (5)"},
		{codes.NotFound, []Code{0, 5}, true, "NOT_FOUND (5)"},
		{codes.OK, []Code{5}, false, "OK (0)"},
		{codes.Unavailable, nil, false, "UNAVAILABLE (14)"},
		{codes.DeadlineExceeded, nil, false, "DEADLINE_EXCEEDED (4)"},
		{codes.Internal, nil, false, "INTERNAL (13)"},
		{codes.Code(77), nil, false, "UNKNOWN (2)"},
	} {
		for _, after := range []bool{false, true} {
			target, _ := recorder(t, func(stream grpc.ServerStream, _ *heard) error {
				if after || c.code == codes.OK {
					_ = stream.SendMsg(&[]byte{})
				}
				return status.Error(c.code, "said the server")
			})
			w := caller(t, DefaultOptions(), target, &GRPC{Call: "sample.Shop/List", Proto: schemaFile(t), Expect: c.expect})
			ctx, done := context.WithTimeout(t.Context(), enough)
			got := w.exchange(ctx, shot{})
			done()
			if got.status.String() != c.want || got.status.OK() != c.ok {
				t.Errorf("%v, after a message %v: %s OK %v, want %s OK %v", c.code, after, got.status, got.status.OK(), c.want, c.ok)
			}
			if !c.ok && c.code != codes.OK && got.told() != "said the server" {
				t.Errorf("%v: told %q", c.code, got.told())
			}
		}
	}
}

// What nobody answered is no gRPC status, whichever grpc-go makes of it: an
// expected UNAVAILABLE must not excuse a server that is not there.
func TestWhatNobodyAnsweredIsAFailure(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no gRPC here", http.StatusServiceUnavailable)
	}))
	t.Cleanup(web.Close)
	h2 := httptest.NewUnstartedServer(web.Config.Handler)
	h2.Config.Protocols = new(http.Protocols)
	h2.Config.Protocols.SetUnencryptedHTTP2(true)
	h2.Start()
	t.Cleanup(h2.Close)
	garbage := raw(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "garbage\r\n\r\n") })
	mute := raw(t, func(conn net.Conn) { _ = conn.Close() })
	plain := listen(t, sampleShop(t, nil))
	hanging, _ := recorder(t, func(stream grpc.ServerStream, _ *heard) error {
		<-stream.Context().Done()
		return stream.Context().Err()
	})
	breaking := breakingServer(t)
	everything := []Code{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	for name, c := range map[string]struct{ url, want string }{
		"nobody listens":    {"grpc://" + closed.Listener.Addr().String(), "connection refused"},
		"HTTP/1":            {"grpc://" + web.Listener.Addr().String(), "exchange failed"},
		"HTTP/2, no gRPC":   {"grpc://" + h2.Listener.Addr().String(), "exchange failed"},
		"garbage":           {"grpc://" + garbage, "exchange failed"},
		"closes at once":    {"grpc://" + mute, "connection closed"},
		"TLS to plain text": {strings.Replace(plain.URL, "grpc:", "grpcs:", 1), "TLS failed"},
		"no such host":      {"grpc://no-such-host.invalid:1", "host name not found"},
		"never answers":     {hanging.URL, "timed out"},
		"breaks off":        {breaking, "connection closed"},
	} {
		t.Run(name, func(t *testing.T) {
			o := DefaultOptions()
			o.Timeout = time.Second
			w := caller(t, o, Target{URL: c.url}, &GRPC{Call: "sample.Shop/Get", Proto: schemaFile(t), Expect: everything})
			got, told := call(t, w, time.Second)
			if got != c.want {
				t.Errorf("%s (%s), want %s", got, told, c.want)
			}
		})
	}
}

// raw listens and does this with each connection after the client spoke.
func raw(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 512))
			serve(conn)
		}
	}()
	return listener.Addr().String()
}

// breakingServer sends headers of an answer and then resets the stream.
func breakingServer(t *testing.T) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return "grpc://" + s.Listener.Addr().String()
}

func TestTLSIsCheckedAndClientCertificatesAreShown(t *testing.T) {
	authority := httptest.NewTLSServer(nil)
	defer authority.Close()
	own := authority.TLS.Certificates[0] // for example.com and 127.0.0.1
	ca, cert, key := certificateFiles(t, authority)
	oneWay := &tls.Config{Certificates: []tls.Certificate{own}}
	mutual := &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert,
		MaxVersion: tls.VersionTLS12} // in 1.3 a client learns only after the handshake that it was refused
	for name, c := range map[string]struct {
		server *tls.Config
		change func(*Options, *GRPC)
		want   string
	}{
		"unknown authority":    {oneWay, func(*Options, *GRPC) {}, "TLS failed"},
		"known authority":      {oneWay, func(o *Options, _ *GRPC) { o.CA = ca }, "OK (0)"},
		"anything goes":        {oneWay, func(o *Options, _ *GRPC) { o.Insecure = true }, "OK (0)"},
		"host of another name": {oneWay, func(o *Options, _ *GRPC) { o.CA, o.Host = ca, "other.test" }, "TLS failed"},
		"host of its name":     {oneWay, func(o *Options, _ *GRPC) { o.CA, o.Host = ca, "example.com" }, "OK (0)"},
		"authority":            {oneWay, func(o *Options, g *GRPC) { o.CA, g.Authority = ca, "example.com" }, "OK (0)"},
		"no certificate":       {mutual, func(o *Options, _ *GRPC) { o.CA = ca }, "TLS failed"},
		"client certificate":   {mutual, func(o *Options, _ *GRPC) { o.CA, o.Cert, o.Key = ca, cert, key }, "OK (0)"},
	} {
		t.Run(name, func(t *testing.T) {
			target := listen(t, sampleShop(t, nil, grpc.Creds(credentials.NewTLS(c.server.Clone()))))
			target.URL = strings.Replace(target.URL, "grpc:", "grpcs:", 1)
			o, g := DefaultOptions(), &GRPC{Call: "sample.Shop/Get", Proto: schemaFile(t)}
			c.change(&o, g)
			if got, told := call(t, caller(t, o, target, g), enough); got != c.want {
				t.Errorf("%s (%s), want %s", got, told, c.want)
			}
		})
	}
}

func TestReflectionTellsTheSchema(t *testing.T) {
	target := listen(t, sampleShop(t, nil))
	w := caller(t, DefaultOptions(), target, &GRPC{Call: "sample.Shop/Talk"})
	if m := w.calls[0].method; !m.IsStreamingClient() || !m.IsStreamingServer() {
		t.Errorf("reflection says that %s is no stream in both directions", m.FullName())
	}
}

func TestReflectionFallsBackToItsOlderVersion(t *testing.T) {
	server := grpc.NewServer()
	health.RegisterHealthServer(server, health.UnimplementedHealthServer{})
	older.RegisterServerReflectionServer(server, reflection.NewServer(reflection.ServerOptions{Services: server}))
	w := caller(t, DefaultOptions(), listen(t, server), &GRPC{Call: "grpc.health.v1.Health/Watch"})
	if got, told := call(t, w, enough); got != "UNIMPLEMENTED (12)" || !w.calls[0].method.IsStreamingServer() {
		t.Errorf("%s %s", got, told)
	}
}

// Servers that do not describe google/protobuf themselves are common.
func TestReflectionGetsImportsOneByOneAndKnowsTheWellKnown(t *testing.T) {
	files := map[string]string{
		"a.proto": `syntax = "proto3"; package a; import "b.proto"; import "google/protobuf/timestamp.proto";
			message In { b.B b = 1; google.protobuf.Timestamp at = 2; } service S { rpc Do(In) returns (In); }`,
		"b.proto": `syntax = "proto3"; package b; message B { string id = 1; }`,
	}
	read := func(name string) ([]byte, error) {
		if text, is := files[name]; is {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	compiled, err := compiled("a.proto", nil, read)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	reflecting.RegisterServerReflectionServer(server, oneByOne{files: compiled})
	w := caller(t, DefaultOptions(), listen(t, server), &GRPC{Call: "a.S/Do", Data: messagesOf(`{"b": {"id": "x"}, "at": "1970-01-01T00:00:01Z"}`)})
	if got, want := string(w.calls[0].messages[0][0].ReadOnlyData()), "\n\x03\n\x01x\x12\x02\b\x01"; got != want {
		t.Errorf("encoded %q, want %q", got, want)
	}
}

// oneByOne reflects one file at a time, and none of google/protobuf.
type oneByOne struct {
	reflecting.UnimplementedServerReflectionServer
	files *protoregistry.Files
}

func (o oneByOne) ServerReflectionInfo(stream reflecting.ServerReflection_ServerReflectionInfoServer) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return nil
		}
		response := &reflecting.ServerReflectionResponse{MessageResponse: &reflecting.ServerReflectionResponse_ErrorResponse{
			ErrorResponse: &reflecting.ErrorResponse{ErrorCode: int32(codes.NotFound), ErrorMessage: "no such file"}}}
		found, err := o.files.FindDescriptorByName(protoreflect.FullName(request.GetFileContainingSymbol()))
		if name := request.GetFileByFilename(); name != "" && !strings.HasPrefix(name, "google/") {
			found, err = o.files.FindFileByPath(name)
		}
		if err == nil {
			data, _ := proto.Marshal(protodesc.ToFileDescriptorProto(found.ParentFile()))
			response.MessageResponse = &reflecting.ServerReflectionResponse_FileDescriptorResponse{
				FileDescriptorResponse: &reflecting.FileDescriptorResponse{FileDescriptorProto: [][]byte{data}}}
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

func TestWhatReflectionCannotTellIsSaid(t *testing.T) {
	tenants := map[string]trial.Secret{"x-tenant": trial.NewSecret("", "secret-tenant")}
	refusing := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		md, _ := metadata.FromIncomingContext(stream.Context())
		return status.Errorf(codes.PermissionDenied, "not for %s", strings.Join(md["x-tenant"], ""))
	}))
	for _, c := range []struct {
		server *grpc.Server
		g      GRPC
		want   string
	}{
		{sampleShop(t, nil), GRPC{Call: "sample.Shop/Geet"}, "sample.Shop/Geet: there is no sample.Shop/Geet in the server's schema (there are sample.Shop/Add, sample.Shop/Get, sample.Shop/List, sample.Shop/Talk); did you mean sample.Shop/Get?"},
		{sampleShop(t, nil), GRPC{Call: "sample.Shp/Get"}, "sample.Shp/Get: there is no service sample.Shp (asked for its call Get; there are grpc.health.v1.Health, sample.Shop); did you mean sample.Shop?"},
		{grpc.NewServer(), GRPC{Call: "sample.Shop/Get"}, "sample.Shop/Get: the server does not offer reflection: name its schema with proto or protoset"},
		{refusing, GRPC{Call: "sample.Shop/Get", ReflectionMetadata: tenants}, "sample.Shop/Get: asking for the schema by server reflection: PERMISSION_DENIED (7): not for ***"},
		{sampleShop(t, nil), GRPC{Call: "sample.Shop/Get", Data: messagesOf(`{"idd": "a"}`)}, `sample.Shop/Get: not a sample.Order in JSON: (line 1:2): unknown field "idd" (it has id, count, text)`},
	} {
		client, err := newGRPCClient(DefaultOptions(), listen(t, c.server), nil, []message{{grpc: &c.g}})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.open(t.Context()); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.g.Call, err, c.want)
		}
		client.close()
	}
}

func TestAHugeMessageIsSentAndReadAndATooHugeOneIsAFailure(t *testing.T) {
	for _, c := range []struct {
		size int
		want string
	}{{8 << 20, "OK (0)"}, {mostMessage + 1, "exchange failed"}} {
		target, _ := recorder(t, func(stream grpc.ServerStream, _ *heard) error {
			answer := make([]byte, c.size)
			return stream.SendMsg(&answer)
		}, grpc.MaxSendMsgSize(1<<30), grpc.MaxRecvMsgSize(1<<30))
		g := &GRPC{Call: "sample.Shop/Get", Data: messagesOf(`{"text": "` + strings.Repeat("a", 8<<20) + `"}`), Proto: schemaFile(t)}
		if got, told := call(t, caller(t, DefaultOptions(), target, g), enough); got != c.want {
			t.Errorf("%d bytes: %s (%s), want %s", c.size, got, told, c.want)
		}
	}
}

// A conversation in which both sides send before they listen would stand still.
func TestBothSidesOfAStreamMaySendAtOnce(t *testing.T) {
	order := `{"text": "` + strings.Repeat("a", 1<<20) + `"}`
	w := caller(t, DefaultOptions(), listen(t, sampleShop(t, nil)), &GRPC{Call: "sample.Shop/Talk", Data: messagesOf(order, order, order, order)})
	if got, told := call(t, w, enough); got != "OK (0)" {
		t.Errorf("%s %s", got, told)
	}
}

func TestAServerThatGoesAwayFailsNoCallThatItCanFinish(t *testing.T) {
	began := make(chan struct{}, 1)
	server := sampleShop(t, func(o *sample.Options) { o.Latency, o.Spread = 200*time.Millisecond, 0 }, grpc.InTapHandle(func(ctx context.Context, info *intap.Info) (context.Context, error) {
		if strings.HasPrefix(info.FullMethodName, "/sample.") {
			began <- struct{}{}
		}
		return ctx, nil
	}))
	o := DefaultOptions()
	o.Connections = 1
	target := listen(t, server)
	w := caller(t, o, target, &GRPC{Call: "sample.Shop/Get"})
	go func() { <-began; server.GracefulStop() }() // sends GOAWAY
	if got, told := call(t, w, enough); got != "OK (0)" {
		t.Errorf("under way while the server went away: %s (%s)", got, told)
	}
	if got, _ := call(t, w, enough); got != "connection refused" {
		t.Errorf("after the server had gone: %s", got)
	}
	listenAt(t, sampleShop(t, nil), strings.TrimPrefix(target.URL, "grpc://"))
	for begin := time.Now(); time.Since(begin) < enough; {
		if got, _ := call(t, w, enough); got == "OK (0)" {
			return
		}
	}
	t.Error("the server came back, but no call reached it")
}

func TestAServerThatDiesClosesTheCallsUnderWay(t *testing.T) {
	began := make(chan struct{})
	var server *grpc.Server
	server = grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		close(began)
		<-stream.Context().Done()
		return nil
	}))
	w := caller(t, DefaultOptions(), listen(t, server), &GRPC{Call: "sample.Shop/Get", Proto: schemaFile(t)})
	go func() { <-began; server.Stop() }()
	if got, told := call(t, w, enough); got != "connection closed" {
		t.Errorf("%s (%s)", got, told)
	}
}

// verbatim is a server's codec of bytes, but for messages that have a type.
type verbatim struct{ encoding.CodecV2 }

func (v verbatim) Marshal(from any) (mem.BufferSlice, error) {
	if data, is := from.(*[]byte); is {
		return mem.BufferSlice{mem.SliceBuffer(*data)}, nil
	}
	return v.CodecV2.Marshal(from)
}

func (v verbatim) Unmarshal(data mem.BufferSlice, into any) error {
	if to, is := into.(*[]byte); is {
		*to = data.Materialize()
		return nil
	}
	return v.CodecV2.Unmarshal(data, into)
}
