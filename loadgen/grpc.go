package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // registers the compressor
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/seatrial/seatrial/trial"
)

// grpcClient is gRPC to one version. All its workers share its connections: a
// call is a stream in one of them, so that one that stalls holds no connection.
type grpcClient struct {
	options  Options
	target   Target
	messages []message
	hide     hider
	who      *identity
	dialled  map[dialling][]*grpc.ClientConn
	calls    []*grpcCall // by the request's place in the trial's list; nil for what is no call
	turn     atomic.Uint32
}

// grpcCall is one of a trial's calls, made ready.
type grpcCall struct {
	GRPC
	method   method
	path     string
	messages []mem.BufferSlice // encoded, shared by all calls, never changed
	metadata metadata.MD       // likewise; nil for none
	stream   *grpc.StreamDesc  // nil for a unary call
	conns    []*grpc.ClientConn
}

// newGRPCClient prepares the calls to one version, as far as that can be done
// without asking it anything.
func newGRPCClient(o Options, t Target, who *identity, messages []message) (*grpcClient, error) {
	c := &grpcClient{options: o, target: t, messages: messages, hide: newHider(o, t, messages...), who: who, dialled: map[dialling][]*grpc.ClientConn{}}
	for _, m := range messages {
		if m.grpc == nil {
			c.calls = append(c.calls, nil)
			continue
		}
		conns, err := c.connections(dialling{m.grpc.Authority, m.grpc.Balance, m.grpc.KeepAlive})
		if err != nil {
			c.close()
			return nil, err
		}
		c.calls = append(c.calls, &grpcCall{GRPC: *m.grpc, conns: conns, metadata: outgoing(t.Headers, m.grpc.Metadata)})
	}
	return c, nil
}

// open finds out what the calls are: from files, or by asking the version.
func (c *grpcClient) open(ctx context.Context) error {
	for i, call := range c.calls {
		if call == nil {
			continue
		}
		err := call.open(ctx, c.target.Headers, c.hide)
		if err == nil {
			err = c.tried(i)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", call.Call, err)
		}
	}
	return nil
}

// tried makes the messages of the first turn, where each turn has its own: what
// is wrong with them is wrong with all.
func (c *grpcClient) tried(request int) error {
	m, err := newFlow(c.options, c.target, c.messages).due(shot{request: request})
	if err == nil && !m.isSame() {
		_, _, err = c.calls[request].filled(m)
	}
	return err
}

func (c *grpcCall) open(ctx context.Context, headers map[string]trial.Secret, hide hider) error {
	var err error
	if c.method, err = c.find(ctx, headers, hide); err != nil {
		return err
	}
	c.path = c.method.path()
	if c.method.IsStreamingClient() || c.method.IsStreamingServer() {
		c.stream = &grpc.StreamDesc{ClientStreams: c.method.IsStreamingClient(), ServerStreams: c.method.IsStreamingServer()}
	}
	payload, err := c.payload(c.method, readFile)
	c.messages = asBuffers(payload)
	return err
}

func asBuffers(payload [][]byte) []mem.BufferSlice {
	var buffers []mem.BufferSlice
	for _, message := range payload {
		buffers = append(buffers, mem.BufferSlice{mem.SliceBuffer(message)})
	}
	return buffers
}

// filled are the messages and the metadata of one call, where each has its own.
func (c *grpcCall) filled(m *message) ([]mem.BufferSlice, metadata.MD, error) {
	messages, md := c.messages, c.metadata
	if m.jsons != nil {
		payload, err := c.encode(c.method, m.jsons)
		if err != nil {
			return nil, nil, err
		}
		messages = asBuffers(payload)
	}
	if len(m.header) > 0 {
		md = metadata.Join(md) // a copy, never nil
		for name, values := range m.header {
			maps.Copy(md, outgoing(map[string]trial.Secret{name: trial.NewSecret("", values[0])}))
		}
	}
	return messages, md, nil
}

// find looks for the call in the schema.
func (c *grpcCall) find(ctx context.Context, headers map[string]trial.Secret, hide hider) (method, error) {
	if c.reflects() {
		return reflected(ctx, c.conns[0], c.Call, outgoing(headers, c.ReflectionMetadata), hide)
	}
	files, err := c.schema(readFile)
	if err != nil {
		return method{}, err
	}
	return methodIn(files, c.Call, c.schemaFile())
}

// outgoing is metadata as it is sent; nil where there is none. Later sets beat
// earlier ones. Its values were looked at when the trial file was.
func outgoing(sets ...map[string]trial.Secret) metadata.MD {
	md := metadata.MD{}
	for _, set := range sets {
		for name, secret := range set {
			name, value := strings.ToLower(name), secret.Reveal()
			if strings.HasSuffix(name, "-bin") {
				data, _ := fromBase64(value) // not base64: refused before
				value = string(data)
			}
			if name != "host" { // is the authority
				md[name] = []string{value}
			}
		}
	}
	if len(md) == 0 {
		return nil
	}
	return md
}

func (c *grpcClient) close() {
	for _, conns := range c.dialled {
		for _, conn := range conns {
			_ = conn.Close() // it says only that it is closed already
		}
	}
}

// grpcCaller sends calls for one worker, one after another.
type grpcCaller struct {
	*grpcClient
	flow            *flow
	header, trailer metadata.MD // of the call under way
	keep            []grpc.CallOption
	compressed      []grpc.CallOption
}

func (c *grpcClient) caller() *grpcCaller {
	w := &grpcCaller{grpcClient: c, flow: newFlow(c.options, c.target, c.messages)}
	w.keep = []grpc.CallOption{grpc.Header(&w.header), grpc.Trailer(&w.trailer)}
	w.compressed = append(slices.Clone(w.keep), grpc.UseCompressor("gzip"))
	return w
}

// close leaves the connections to the other workers.
func (w *grpcCaller) close() {}

func (w *grpcCaller) exchange(ctx context.Context, s shot) answer {
	c := w.calls[s.request]
	m, err := w.flow.due(s)
	messages, md := c.messages, c.metadata
	if err == nil && !m.isSame() {
		messages, md, err = c.filled(m)
	}
	if err != nil {
		return w.flow.unsent(m, err)
	}
	w.header, w.trailer = nil, nil
	out := ctx
	if md != nil {
		out = metadata.NewOutgoingContext(ctx, md)
	}
	options := w.keep
	if c.Compress != "" {
		options = w.compressed
	}
	conn := c.conns[w.turn.Add(1)%uint32(len(c.conns))]
	if c.stream == nil {
		err = conn.Invoke(out, c.path, messages[0], ignored, options...)
	} else {
		err = c.converse(out, conn, messages, options)
	}
	return w.answer(ctx, c, m, err)
}

// converse is a call of which one side or both send many messages.
func (c *grpcCall) converse(ctx context.Context, conn *grpc.ClientConn, messages []mem.BufferSlice, options []grpc.CallOption) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	stream, err := conn.NewStream(ctx, c.stream, c.path, options...)
	if err != nil {
		return err
	}
	if !c.stream.ClientStreams || !c.stream.ServerStreams {
		if err := c.say(ctx, stream, messages); err != nil {
			return err
		}
		return c.listen(stream)
	}
	// Who sends before it listens stands still with a server that does too.
	said := make(chan error, 1)
	go func() { said <- c.say(ctx, stream, messages) }()
	heard := c.listen(stream)
	end()
	if err := <-said; err != nil && heard == nil && ctx.Err() == nil {
		return err
	}
	return heard
}

// say sends all messages and then that these were all.
func (c *grpcCall) say(ctx context.Context, stream grpc.ClientStream, messages []mem.BufferSlice) error {
	for i, message := range messages {
		if i > 0 && !waitFor(ctx, c.Interval) {
			return ctx.Err()
		}
		if err := stream.SendMsg(message); errors.Is(err, io.EOF) {
			return nil // the server has ended the call: its status says why
		} else if err != nil {
			return err
		}
	}
	return stream.CloseSend()
}

// listen reads messages until the call ends, or has given as many as are asked for.
func (c *grpcCall) listen(stream grpc.ClientStream) error {
	if !c.stream.ServerStreams {
		return stream.RecvMsg(ignored)
	}
	for heard := 0; c.Replies == 0 || heard < c.Replies; heard++ {
		if err := stream.RecvMsg(ignored); errors.Is(err, io.EOF) {
			return c.short(heard)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// errShort is what a call failed with that ended well, but too early.
type errShort struct{ heard, asked int }

func (e errShort) Error() string {
	return fmt.Sprintf("the call ended after %d messages; replies asks for %d", e.heard, e.asked)
}

func (c *grpcCall) short(heard int) error {
	if heard < c.Replies {
		return errShort{heard, c.Replies}
	}
	return nil
}

// waitFor reports false when the call ended meanwhile.
func waitFor(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer puts the end of a call into the words of the record.
func (w *grpcCaller) answer(ctx context.Context, c *grpcCall, m *message, err error) answer {
	got := answer{version: trial.Nobody}
	if w.who != nil {
		got.version = w.named()
	}
	code := status.Code(err)
	text := status.Convert(err).Message()
	switch short := (errShort{}); {
	case errors.As(err, &short):
		got.status = trial.AnsweredGRPC(uint32(codes.OK), false)
		text = short.Error()
	case err != nil && !w.answered(ctx, code, text):
		got.status = trial.Failed(failureOfCall(ctx, text))
	default:
		got.status = trial.AnsweredGRPC(uint32(code), c.expects(uint32(code)))
	}
	if !got.status.OK() || got.version == trial.Nobody && w.who != nil {
		got.told = func() string { return w.flow.hidden(m, nil, text, excerpt) }
	}
	return got
}

// named is the version that the answer names.
func (w *grpcCaller) named() uint8 {
	header := http.Header{}
	for _, md := range []metadata.MD{w.header, w.trailer} {
		for name, values := range md {
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
	version, _ := w.who.of(header[w.who.header])
	return version
}

// answered reports whether it was the server that ended a call with this
// status. Of itself grpc-go makes statuses too, for what is no answer; none of
// these comes with the metadata that each answer has, unless the connection
// broke in the middle of it.
func (w *grpcCaller) answered(ctx context.Context, code codes.Code, text string) bool {
	if len(w.header)+len(w.trailer) == 0 || ctx.Err() != nil {
		return false
	}
	switch code {
	case codes.DeadlineExceeded:
		return !overdue(ctx)
	case codes.Unavailable, codes.Internal, codes.ResourceExhausted, codes.Canceled, codes.Unimplemented:
		return !slices.ContainsFunc(brokenOff, func(start string) bool { return strings.HasPrefix(text, start) })
	}
	return true
}

// brokenOff is how grpc-go 1.83 begins to tell of an answer that had begun. A
// server that says the same is charged with the same.
var brokenOff = []string{
	"connection error: ", "error reading from server", "closing transport", "transport: ", "transport is closing",
	"stream terminated by RST_STREAM", "server closed the stream without sending trailers", "the stream is done",
	"grpc: ", "cardinality violation", "keepalive ping failed", "unexpected EOF", "a HEADERS frame", "peer header list",
}

// overdue reports that a call's time is over. Servers are told of it and may
// give up a moment before the client does.
func overdue(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && time.Until(deadline) < momentBefore
}

const momentBefore = 5 * time.Millisecond

// failureOfCall puts what grpc-go says of a call that was not answered into
// the words of the record. It has no causes to ask for, only text.
func failureOfCall(ctx context.Context, text string) trial.Failure {
	for _, known := range []struct {
		failure trial.Failure
		signs   []string
	}{
		{trial.BadTLS, []string{"authentication handshake failed", "tls: ", "x509: "}},
		{trial.Refused, []string{"connection refused"}},
		{trial.BadName, []string{"no such host", "name resolver error", "produced zero addresses"}},
		{trial.TimedOut, []string{"i/o timeout", "deadline exceeded", "keepalive ping failed"}},
		{trial.Closed, []string{"EOF", "connection reset", "broken pipe", "closing transport", "transport is closing", "RST_STREAM",
			"error reading from server", "without sending trailers", "draining", "goaway", "closed network connection"}},
	} {
		if slices.ContainsFunc(known.signs, func(sign string) bool { return strings.Contains(text, sign) }) {
			return cutOff(ctx, known.failure)
		}
	}
	return cutOff(ctx, trial.BadExchange)
}

// cutOff is the failure of a call whose time may be over: then it was cut off,
// unless there was nobody to be cut off from.
func cutOff(ctx context.Context, failure trial.Failure) trial.Failure {
	if overdue(ctx) && (failure == trial.Closed || failure == trial.BadExchange) {
		return trial.TimedOut
	}
	return failure
}

// secrets are what a call sends in confidence.
func (g GRPC) secrets() []string {
	var secrets []string
	for _, message := range append(slices.Clone(g.Data), g.Binary) {
		secrets = append(secrets, message.Reveal())
	}
	for _, set := range []map[string]trial.Secret{g.Metadata, g.ReflectionMetadata} {
		for name, value := range set {
			secrets = append(secrets, HeaderSecrets(name, value.Reveal())...)
		}
	}
	return secrets
}
