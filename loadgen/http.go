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
}

// shot is one request that is due.
type shot struct {
	turn    int // of all versions alike, from 0
	version int
	request int // index into the trial's requests
}

// exchanger sends the trial's requests to one version over connections of its own.
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
	requests  []*http.Request // to the version, in the order of the trial's
	messages  []message
	tap       *tap
	hide      hider
}

func newStandardClient(o Options, t Target, who *identity, messages []message) (*standardClient, error) {
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	c := &standardClient{transport: transport, messages: messages, tap: &tap{base: transport, who: who}, hide: newHider(o, t, messages...)}
	// The deadline is the slot's and comes with each request's context: a
	// second timer in the client would cost CPU and could disagree.
	c.client = &http.Client{Transport: c.tap}
	if !o.FollowRedirects {
		c.client.CheckRedirect = lastResponse
	}
	for _, m := range messages {
		request, err := m.request(t)
		if err != nil {
			return nil, err
		}
		c.requests = append(c.requests, request)
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
		TLSClientConfig: secure, Proxy: proxy, DialContext: (&net.Dialer{}).DialContext,
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
	expect := c.messages[s.request].expect
	c.tap.begin(expect)
	code, err := c.fetch(ctx, s)
	got := answer{version: c.tap.version}
	switch {
	case c.tap.err != nil:
		got.status = trial.Failed(failureOf(c.tap.err))
		got.told = func() string { return c.hide.hidden([]byte(c.tap.err.Error()), excerpt) }
	case err != nil:
		got.status = trial.Failed(trial.BadExchange)
		got.told = func() string { return "the client gave up (too many redirects?)" }
	case !anyOf(expect, code):
		got.status = trial.Answered(code, false)
		got.told = func() string { return c.hide.hidden(c.tap.keep, excerpt) }
	default:
		got.status = trial.Answered(code, true)
		if c.tap.who != nil && got.version == trial.Nobody {
			got.told = func() string { return c.hide.hidden([]byte(c.tap.who.said(c.tap.named)), excerpt) }
		}
	}
	return got
}

// fetch reads the whole answer, and returns its status.
func (c *standardClient) fetch(ctx context.Context, s shot) (int, error) {
	request := c.requests[s.request].WithContext(ctx)
	if body := c.messages[s.request].body; len(body) > 0 {
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	response, err := c.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// tap sits between the client and the transport of one worker and keeps
// the error of the exchange under way, the start of an unexpected body, and
// whom the last answer named.
type tap struct {
	base    http.RoundTripper
	who     *identity     // nil where each version has an address of its own
	expect  []StatusRange // of the exchange under way
	err     error
	keep    []byte
	version uint8
	named   []string // what an answer said that named nobody
}

func (t *tap) begin(expect []StatusRange) {
	t.expect, t.err, t.keep, t.version = expect, nil, t.keep[:0], trial.Nobody
}

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	r, err := withoutSecrets(r)
	if err != nil {
		t.err = err
		return nil, err
	}
	t.version = trial.Nobody // of a redirect, the last answer tells
	response, err := t.base.RoundTrip(r)
	if err != nil {
		t.err = err
		return nil, err
	}
	if t.who != nil {
		t.version, t.named = t.who.of(response.Header)
	}
	response.Body = &tappedBody{response.Body, t, !anyOf(t.expect, response.StatusCode)}
	return response, nil
}

type tappedBody struct {
	io.ReadCloser
	tap  *tap
	keep bool
}

func (b *tappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.keep {
		b.tap.keep = append(b.tap.keep, p[:min(n, read-len(b.tap.keep))]...)
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
