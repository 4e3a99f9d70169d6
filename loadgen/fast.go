package loadgen

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/seatrial/seatrial/trial"
)

// fastClient sends requests over one connection of its own, and reads their
// answers in the goroutine of its worker. Of its bytes none is made anew for
// each request: net/http made the request's, and fasthttp parses the answer's
// header. What it does with connections is what net/http does.
type fastClient struct {
	target    Target
	keepAlive bool
	place     place
	requests  []*written // in the order of the trial's; nil where it is filled in
	flow      *flow
	who       *identity // nil where each version has an address of its own
	line      *line     // nil where there is none
	scratch   []byte    // for chunked bodies

	// Of the answer under way:
	head    fasthttp.ResponseHeader
	second  *http.Response // whose header it is, if fasthttp's was of no use
	most    int            // to be kept of the body
	keep    []byte
	size    int64
	ended   time.Time
	version uint8    // who answered
	named   []string // what it said that named nobody
}

// place is where a client connects to.
type place struct {
	address string
	tls     *tls.Config // nil for plain HTTP
}

// written is a request as it goes over the wire.
type written struct {
	bytes []byte
	again bool // may be sent twice: RFC 9110 §9.2.2
}

// heading is what an answer's header says of the answer.
type heading struct {
	status int
	length int64 // of the body; or chunked, or untilClose
	close  bool
}

const (
	chunked    = -1
	untilClose = -2
)

// newFastClient prepares the client; nothing is sent.
func newFastClient(o Options, t Target, who *identity, messages []message) (*fastClient, error) {
	c := &fastClient{target: t, keepAlive: o.KeepAlive, who: who, flow: newFlow(o, t, messages), requests: make([]*written, len(messages))}
	var err error
	for i := range messages {
		if !messages[i].isSame() {
			continue
		}
		if c.requests[i], err = c.write(&messages[i]); err != nil {
			return nil, err
		}
	}
	c.place, err = placeOf(o, t.URL)
	return c, err
}

// placeOf is where requests to a URL go.
func placeOf(o Options, address string) (place, error) {
	u, err := url.Parse(address)
	if err != nil {
		return place{}, err
	}
	to := place{address: net.JoinHostPort(u.Hostname(), port(u))}
	if !strings.EqualFold(u.Scheme, "https") {
		return to, nil
	}
	if to.tls, err = o.tlsConfig(); err != nil {
		return place{}, err
	}
	// The server as net/http names it.
	to.tls.ServerName, to.tls.NextProtos = u.Hostname(), []string{"http/1.1"}
	return to, nil
}

// write writes a request as net/http's client would.
func (c *fastClient) write(m *message) (*written, error) {
	r, err := m.request(c.target)
	if err != nil {
		return nil, err
	}
	r.Close = !c.keepAlive
	if len(m.body) > 0 {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(m.body)), int64(len(m.body))
	}
	if user := r.URL.User; user != nil && r.Header.Get("Authorization") == "" {
		password, _ := user.Password()
		r.SetBasicAuth(user.Username(), password)
	}
	var text bytes.Buffer
	err = r.Write(&text)
	return &written{text.Bytes(), again(m.method, m.body)}, err
}

// again reports whether a request may be sent twice, as net/http has it.
func again(method string, body []byte) bool {
	return len(body) == 0 && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, method)
}

// mostHeader is the longest header of an answer.
const mostHeader = 1 << 20

// justUsed is for how long a connection is taken to be open still: to look
// costs a system call. Where it was not, a request that may be sent again is.
const justUsed = time.Millisecond

func (c *fastClient) close() {
	if c.line != nil {
		c.line.close()
		c.line = nil
	}
}

func (c *fastClient) exchange(ctx context.Context, s shot) answer {
	m, err := c.flow.due(s)
	request := c.requests[s.request]
	if err == nil && request == nil {
		request, err = c.write(m)
	}
	if err != nil {
		return c.flow.unsent(m, err)
	}
	if cap(c.keep) > mostKept {
		c.keep = nil
	}
	spent, err := c.send(ctx, request, m, s)
	got := answer{status: trial.Answered(c.code(), true)}
	switch {
	case err != nil:
		c.close()
		got = c.failed(m, err)
	case m.looks != nil || !anyOf(m.expect, c.code()):
		got = c.flow.answer(m, reply{code: c.code(), header: c.header, body: c.keep, size: c.size})
	}
	if got.version = c.version; got.status.OK() && c.who != nil && got.version == trial.Nobody {
		got.told = c.toldNames(m)
	}
	if got.phases = spent; err == nil {
		got.ended = c.ended
	}
	return got
}

func (c *fastClient) failed(m *message, err error) answer {
	return answer{status: trial.Failed(failureOf(err)), told: func() string { return c.flow.hidden(m, nil, err.Error(), excerpt) }}
}

func (c *fastClient) toldNames(m *message) func() string {
	return func() string { return c.flow.hidden(m, nil, c.who.said(c.named), excerpt) }
}

// send sends a request, and once more where the server closed a connection that
// had been used before instead of answering: RFC 9112 §9.3.1, as net/http does.
func (c *fastClient) send(ctx context.Context, out *written, m *message, s shot) (phases, error) {
	reused := c.ready(out, s.sent)
	spent, err := c.attempt(ctx, out, m, s.by)
	if err != nil && reused && out.again && c.unanswered(err) && ctx.Err() == nil {
		c.close()
		return c.attempt(ctx, out, m, s.by)
	}
	return spent, err
}

// ready reports whether there is a connection that was used before and can be
// used again. One that the server closed meanwhile is no fault of a version.
func (c *fastClient) ready(out *written, now time.Time) bool {
	if c.line == nil {
		return false
	}
	fresh := out.again && now.Sub(c.line.last) < justUsed
	if !fresh && !c.line.idle() {
		c.close()
	}
	return c.line != nil
}

// unanswered reports whether the server closed the connection instead of
// answering: it may have closed it before the request came.
func (c *fastClient) unanswered(err error) bool {
	return c.line != nil && c.line.first.IsZero() && failureOf(err) == trial.Closed
}

// attempt sends the request once.
func (c *fastClient) attempt(ctx context.Context, out *written, m *message, by time.Time) (spent phases, err error) {
	c.keep, c.size, c.version = c.keep[:0], 0, trial.Nobody
	if c.line == nil {
		if err := c.connect(ctx, by); err != nil {
			return spent, err
		}
		spent = c.line.made
	}
	if err := c.line.begin(ctx, by); err != nil {
		return spent, err
	}
	began := time.Now()
	if _, err := c.line.conn.Write(out.bytes); err != nil && failureOf(err) == trial.TimedOut {
		return spent, err
	}
	// A server may answer and close before it read the whole request: then
	// writing fails, and the answer can be read all the same.
	head, err := c.heading(m.method)
	if !c.line.first.IsZero() {
		spent.FirstByte = c.line.first.Sub(began)
	}
	if err != nil {
		return spent, err
	}
	c.most = m.keeps(head.status)
	return spent, c.finish(head)
}

func (c *fastClient) connect(ctx context.Context, by time.Time) (err error) {
	ctx, done := context.WithDeadline(ctx, by)
	defer done()
	c.line, err = newLine(ctx, c.place.address, c.place.tls)
	return err
}

// heading reads the header of the answer, and passes those over that only
// announce it.
func (c *fastClient) heading(method string) (heading, error) {
	for {
		head, err := c.parse(method)
		if err != nil || head.status >= 200 || head.status == http.StatusSwitchingProtocols {
			return head, err
		}
	}
}

// parse reads one header. What fasthttp can't make sense of gets a second
// opinion: net/http's, which is that of the other client. So does an answer to
// HEAD, whose body's missing length fasthttp takes for a missing connection.
func (c *fastClient) parse(method string) (heading, error) {
	c.second = nil
	if method == http.MethodHead {
		return c.secondOpinion(method)
	}
	err := c.head.Read(c.line.in)
	for err != nil && tooSmall(err) && c.line.widen() {
		err = c.head.Read(c.line.in)
	}
	switch {
	case err == nil:
	case c.line.err != nil:
		return heading{}, c.line.err
	case tooSmall(err):
		return heading{}, fmt.Errorf("the answer's header is longer than %d bytes", mostHeader)
	default:
		return c.secondOpinion(method)
	}
	c.identify()
	head := heading{c.head.StatusCode(), int64(c.head.ContentLength()), c.head.ConnectionClose() || closes(c.head.PeekAll("Connection"))}
	if bodyless(head.status) {
		head.length = 0
	}
	return head, nil
}

// tooSmall reports whether the header did not fit in the buffer.
func tooSmall(err error) bool {
	var small *fasthttp.ErrSmallBuffer
	return errors.As(err, &small)
}

func (c *fastClient) secondOpinion(method string) (heading, error) {
	r, err := http.ReadResponse(c.line.in, &http.Request{Method: method})
	if err != nil {
		return heading{}, cmp.Or(c.line.err, err)
	}
	c.second = r
	c.identify()
	head := heading{r.StatusCode, r.ContentLength, r.Close}
	switch {
	case method == http.MethodHead || bodyless(r.StatusCode):
		head.length = 0
	case slices.Contains(r.TransferEncoding, "chunked"):
		head.length = chunked
	case r.ContentLength < 0:
		head.length = untilClose
	}
	return head, nil
}

// bodyless reports whether answers with this status have no body, whatever
// else their headers say (RFC 9112 §6.3).
func bodyless(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
}

// closes reports whether any option of a Connection header is close.
func closes(values [][]byte) bool {
	for _, value := range values {
		for option := range bytes.SplitSeq(value, []byte(",")) {
			if bytes.EqualFold(bytes.TrimSpace(option), []byte("close")) {
				return true
			}
		}
	}
	return false
}

func valuesOf(values [][]byte) []string {
	var out []string
	for _, value := range values {
		out = append(out, string(value))
	}
	return out
}

// code is the answer's status.
func (c *fastClient) code() int {
	if c.second != nil {
		return c.second.StatusCode
	}
	return c.head.StatusCode()
}

// header is what the answer says of a name, which is a canonical one.
func (c *fastClient) header(name string) []string {
	if c.second != nil {
		return c.second.Header[name]
	}
	return valuesOf(c.head.PeekAll(name))
}

func (c *fastClient) identify() {
	if c.who != nil {
		c.version, c.named = c.who.of(c.header(c.who.header))
	}
}

// finish reads the rest of the answer.
func (c *fastClient) finish(head heading) error {
	if err := c.body(head.length); err != nil {
		return cmp.Or(c.line.err, err)
	}
	c.ended = c.line.last
	// What comes behind the answer belongs to no other.
	if head.close || head.status < 200 || !c.keepAlive || c.line.in.Buffered() > 0 {
		c.close()
	}
	return nil
}

func (c *fastClient) body(length int64) error {
	switch length {
	case chunked:
		return c.chunks()
	case untilClose:
		if err := c.take(math.MaxInt64); err != io.EOF {
			return err
		}
		return nil
	}
	err := c.take(length)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// take reads so many bytes, and keeps the first of them.
func (c *fastClient) take(left int64) error {
	for left > 0 {
		part, err := c.line.in.Peek(int(min(left, int64(max(1, c.line.in.Buffered())))))
		if len(part) == 0 {
			return err
		}
		c.got(part)
		_, _ = c.line.in.Discard(len(part)) // it is there
		left -= int64(len(part))
	}
	return nil
}

// got takes in a part of the body.
func (c *fastClient) got(part []byte) {
	c.size += int64(len(part))
	if left := c.most - len(c.keep); left > 0 {
		c.keep = append(c.keep, part[:min(len(part), left)]...)
	}
}

func (c *fastClient) chunks() error {
	if c.scratch == nil {
		c.scratch = make([]byte, lineBuffer)
	}
	for body := httputil.NewChunkedReader(c.line.in); ; {
		n, err := body.Read(c.scratch)
		c.got(c.scratch[:n])
		if err == io.EOF {
			return c.trailers()
		}
		if err != nil {
			return err
		}
	}
}

// trailers reads what stands behind the last chunk: mostly nothing.
func (c *fastClient) trailers() error {
	end, err := c.line.in.Peek(2)
	if string(end) == "\r\n" {
		_, err = c.line.in.Discard(2)
		return err
	}
	if err == nil {
		_, err = textproto.NewReader(c.line.in).ReadMIMEHeader()
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
