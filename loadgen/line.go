package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"syscall"
	"time"
)

// lineBuffer is how much of an answer is read at a time. Most answers come
// whole in it: one system call each.
const lineBuffer = 16 << 10

// line is one connection, plain or TLS, as one worker uses it: no goroutine
// of its own, and times taken where bytes come in.
type line struct {
	raw    net.Conn
	conn   net.Conn // what is written to and read from: raw, or TLS over it
	in     *bufio.Reader
	socket syscall.RawConn
	look   func(uintptr) bool // peek, made once
	next   [1]byte
	seen   error
	ctx    context.Context // whose end closes the connection
	cancel func() bool     // takes that back

	made  phases    // what it took to connect
	first time.Time // when the answer under way began to come; zero before
	last  time.Time // when bytes came last
	err   error     // that reading ended with
}

// newLine connects within the context's time. The name is resolved each time
// anew: services move while a trial runs.
func newLine(ctx context.Context, address string, config *tls.Config) (*line, error) {
	began := time.Now()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &line{raw: raw, conn: raw, made: phases{Connect: time.Since(began)}}
	if config != nil {
		over := tls.Client(raw, config)
		began = time.Now()
		if err := over.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		l.conn, l.made.TLS = over, time.Since(began)
	}
	if with, ok := raw.(syscall.Conn); ok {
		l.socket, _ = with.SyscallConn() // without it, nobody looks whether it is closed
	}
	l.in, l.look = bufio.NewReaderSize(l, lineBuffer), l.peek
	return l, nil
}

// Read is where all bytes of answers come in.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.conn.Read(p)
	if n > 0 {
		l.last = time.Now()
		if l.first.IsZero() {
			l.first = l.last
		}
	}
	if err != nil {
		l.err = err
	}
	return n, err
}

// begin prepares the connection for one exchange.
func (l *line) begin(ctx context.Context, by time.Time) error {
	l.first, l.err = time.Time{}, nil
	l.watch(ctx)
	return l.raw.SetDeadline(by)
}

// watch closes the connection when the context ends. All exchanges of a trial
// come with the same one, so that this costs nothing for each.
func (l *line) watch(ctx context.Context) {
	if l.ctx == ctx {
		return
	}
	if l.cancel != nil {
		l.cancel()
	}
	raw := l.raw
	l.ctx, l.cancel = ctx, context.AfterFunc(ctx, func() { _ = raw.Close() })
}

// idle reports whether the connection still waits for a request. If the
// server closed it, or said what nobody asked for, it can't be used again.
func (l *line) idle() bool {
	if l.in.Buffered() > 0 {
		return false
	}
	if l.socket == nil {
		return true
	}
	return l.socket.Read(l.look) == nil && l.seen == syscall.EAGAIN
}

// peek looks for what came, and takes nothing.
func (l *line) peek(fd uintptr) (done bool) {
	_, _, l.seen = syscall.Recvfrom(int(fd), l.next[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return true
}

// widen gives the answer's header more room, and reports whether it may have it.
func (l *line) widen() bool {
	if l.in.Size() >= mostHeader {
		return false
	}
	held, _ := l.in.Peek(l.in.Buffered())
	rest := io.MultiReader(bytes.NewReader(slices.Clone(held)), l)
	l.in = bufio.NewReaderSize(rest, 2*l.in.Size())
	return true
}

func (l *line) close() {
	if l.cancel != nil {
		l.cancel()
	}
	_ = l.raw.Close() // TLS would wait for room for its farewell
}
