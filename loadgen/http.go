package loadgen

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// answer is what one exchange gave.
type answer struct {
	status trial.Status16
	// told is why it was not as expected, or the start of the body: untrusted,
	// and to be asked for before the next exchange. Nil where nothing was sent.
	// Taking secrets out costs CPU, and of most answers the status is enough.
	told func() string
	// version is who answered, or trial.Nobody. It means nothing where each
	// version has an address of its own.
	version uint8
	// ended is when the answer had come, where that is known; else zero.
	ended  time.Time
	phases phases
}

// end is when the answer had come.
func (a answer) end() time.Time {
	if a.ended.IsZero() {
		return time.Now()
	}
	return a.ended
}

// shot is one request that is due.
type shot struct {
	turn    int // of all versions alike, from 0
	version int
	request int       // index into the trial's requests
	sent    time.Time // now
	by      time.Time // when it has failed, if it was not answered
}

// exchanger sends the trial's requests to one version over connections of its own.
// Contexts are those of the trial: they end when it does.
type exchanger interface {
	exchange(ctx context.Context, s shot) answer
	close()
}

// An excerpt of an unexpected answer is shown. More than that is read, so that
// a secret which an answer echoes is hidden whole before the rest is cut off.
const (
	excerpt = 512
	read    = 8 * excerpt
)

// standardClient is net/http's client over a transport of its own.
type standardClient struct {
	client    *http.Client
	transport *http.Transport
	target    Target
	requests  []*http.Request // to the version, in the order of the trial's; nil where it is filled in
	flow      *flow
	tap       *tap
}

func newStandardClient(o Options, t Target, who *identity, messages []message) (*standardClient, error) {
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	if !o.HTTP2 {
		transport.TLSClientConfig.NextProtos = []string{"http/1.1"} // it names none by itself
	}
	c := &standardClient{transport: transport, target: t, tap: &tap{base: transport, who: who}, flow: newFlow(o, t, messages)}
	// The deadline is the slot's and comes with each request's context: a
	// second timer in the client would cost CPU and could disagree.
	c.client = &http.Client{Transport: c.tap}
	if !o.FollowRedirects {
		c.client.CheckRedirect = lastResponse
	}
	c.requests = make([]*http.Request, len(messages))
	for i, m := range messages {
		if !m.isSame() {
			continue
		}
		if c.requests[i], err = m.request(t); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// transport is how connections are made. HTTP/2 is spoken where it is asked for,
// without TLS too, and nothing else then.
func (o Options) transport() (*http.Transport, error) {
	secure, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	proxy, err := proxyFunc(o.Proxy)
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		TLSClientConfig: secure, Proxy: proxy, DialContext: timedDial,
		DisableKeepAlives: !o.KeepAlive, DisableCompression: true, Protocols: new(http.Protocols),
	}
	t.Protocols.SetHTTP1(!o.HTTP2)
	t.Protocols.SetHTTP2(o.HTTP2)
	t.Protocols.SetUnencryptedHTTP2(o.HTTP2)
	return t, nil
}

// agent is what requests call their sender, unless the trial says otherwise.
const agent = "seatrial"

// proxyFunc is how requests find a proxy: none unless asked for, because a
// proxy taken in silence from the environment would be what is measured.
func proxyFunc(proxy string) (func(*http.Request) (*url.URL, error), error) {
	switch proxy {
	case "":
		return nil, nil
	case "environment":
		return http.ProxyFromEnvironment, nil
	}
	address, err := url.Parse(proxy)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return http.ProxyURL(address), nil
}

func (c *standardClient) close() { c.transport.CloseIdleConnections() }

func (c *standardClient) exchange(ctx context.Context, s shot) answer {
	m, err := c.flow.due(s)
	request := c.requests[s.request]
	if err == nil && request == nil {
		request, err = m.request(c.target)
	}
	if err != nil {
		return c.flow.unsent(m, err)
	}
	c.tap.begin(m)
	var watch stopwatch
	request, c.client.Jar = request.WithContext(watch.start(ctx)), nil
	if c.flow.cookies != nil {
		// The client writes cookies into the request's own header.
		request.Header, c.client.Jar = request.Header.Clone(), c.flow.cookies
	}
	response, err := c.fetch(request, m.body)
	got := answer{version: c.tap.version}
	switch {
	case c.tap.err != nil:
		got.status = trial.Failed(failureOf(c.tap.err))
		got.told = func() string { return c.flow.hidden(m, nil, c.tap.err.Error(), excerpt) }
	case err != nil:
		got.status = trial.Failed(trial.BadExchange)
		got.told = func() string { return gaveUp(err) }
	default:
		got = c.answer(m, response)
	}
	got.phases = watch.phases()
	return got
}

// gaveUp says why the client followed no further. Other errors of it may quote
// what it was sent.
func gaveUp(err error) string {
	var other otherVersion
	if errors.As(err, &other) {
		return other.Error()
	}
	return "the client gave up (too many redirects?)"
}

// fetch reads the whole answer.
func (c *standardClient) fetch(request *http.Request, body []byte) (*http.Response, error) {
	if len(body) > 0 {
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response, err
}

// answer is what to make of a whole answer, and who gave it.
func (c *standardClient) answer(m *message, r *http.Response) answer {
	got := answer{status: trial.Answered(r.StatusCode, true)}
	if !m.isEnough(r.StatusCode) {
		ended := time.Now()
		got = c.flow.answer(m, reply{code: r.StatusCode, header: func(name string) []string { return r.Header[name] }, body: c.tap.keep, size: c.tap.size})
		got.ended = ended
	}
	got.version = c.tap.version
	if got.status.OK() && c.tap.who != nil && got.version == trial.Nobody {
		got.told = func() string { return c.flow.hidden(m, nil, c.tap.who.said(c.tap.named), excerpt) }
	}
	return got
}

// tap sits between the client and the transport of one worker and keeps
// the error of the exchange under way, as much of the body as is wanted, and
// whom the last answer named.
type tap struct {
	base    http.RoundTripper
	who     *identity // nil where each version has an address of its own
	message *message  // of the exchange under way
	err     error
	keep    []byte
	size    int64 // of the body
	version uint8
	named   []string // what an answer said that named nobody
}

func (t *tap) begin(m *message) {
	if cap(t.keep) > mostKept {
		t.keep = nil
	}
	t.message, t.err, t.keep, t.size, t.version = m, nil, t.keep[:0], 0, trial.Nobody
}

// mostKept is what a worker keeps between exchanges for the next body.
const mostKept = 1 << 20

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	r, err := withoutSecrets(r)
	if err != nil {
		t.err = err
		return nil, err
	}
	t.version, t.keep, t.size = trial.Nobody, t.keep[:0], 0 // of a redirect, the last answer tells
	response, err := t.base.RoundTrip(r)
	if err != nil {
		t.err = err
		return nil, err
	}
	if t.who != nil {
		t.version, t.named = t.who.of(response.Header[t.who.header])
	}
	response.Body = &tappedBody{response.Body, t, t.message.keeps(response.StatusCode)}
	return response, nil
}

type tappedBody struct {
	io.ReadCloser
	tap  *tap
	most int // to be kept
}

func (b *tappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.tap.size += int64(n)
	if left := b.most - len(b.tap.keep); left > 0 {
		b.tap.keep = append(b.tap.keep, p[:min(n, left)]...)
	}
	if err != nil && err != io.EOF {
		b.tap.err = err
	}
	return n, err
}

// failureOf puts an error of the exchange into the words of the record.
func failureOf(err error) trial.Failure {
	var name *net.DNSError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return trial.TimedOut
	case errors.As(err, &name):
		return trial.BadName
	case errors.As(err, &certificate), errors.As(err, &record), errors.As(err, &alert), strings.Contains(err.Error(), "tls: "):
		return trial.BadTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return trial.Refused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		strings.Contains(err.Error(), "server closed"):
		return trial.Closed
	}
	return trial.BadExchange
}

// leastExchange is the least time that an exchange is given: a request that
// waited almost until its time was over is still sent, and times out.
const leastExchange = time.Millisecond
