package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"fortio.org/fortio/fhttp"
	"fortio.org/log"
	"golang.org/x/net/http2"

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

// exchanger sends the trial's request to one version over connections of its own.
type exchanger interface {
	exchange(ctx context.Context) answer
	close()
}

// An excerpt of an unexpected answer is shown. More than that is read, so that
// a secret which an answer echoes is hidden whole before the rest is cut off.
const (
	excerpt = 512
	read    = 8 * excerpt
)

// fortioClient is fortio's standard-library client. Its fast client hides
// time-outs, sends POSTs twice and reconnects on 404, so it is not used.
//
// fortio reports a failed exchange as -1 and a body that breaks off as 204;
// the tap under it keeps what really happened.
type fortioClient struct {
	client *fhttp.Client
	tap    *tap
	hide   hider
}

var quietFortio = sync.OnceFunc(func() { log.SetLogLevelQuiet(log.Critical) })

func newFortioClient(o Options, t Target, who *identity, body []byte) (*fortioClient, error) {
	quietFortio()
	tap := &tap{expect: o.Expect, who: who}
	options := (&fhttp.HTTPOptions{
		TLSOptions:        fhttp.TLSOptions{Insecure: o.Insecure, CACert: o.CA, Cert: o.Cert, Key: o.Key},
		DisableFastClient: true,
		H2:                o.HTTP2,
		DisableKeepAlive:  !o.KeepAlive,
		FollowRedirects:   o.FollowRedirects,
		MethodOverride:    o.Method,
		Payload:           body,
		// Else fortio resolves the host by itself, once for each connection and
		// without a way to stop it. Only its own dialer would use the address.
		Resolve: "127.0.0.1",
	}).Init(t.URL)
	proxy, err := proxyFunc(o.Proxy)
	if err != nil {
		return nil, err
	}
	options.Transport = func(base http.RoundTripper) http.RoundTripper {
		ownDialer(base, proxy)
		tap.base = base
		return tap
	}
	// The deadline is the slot's and comes with each request's context: a
	// second timer in the client would cost CPU and could disagree.
	options.HTTPReqTimeOut = 0
	if err := addHeaders(options, o, t); err != nil {
		return nil, err
	}
	client, err := fhttp.NewStdClient(options)
	if err != nil {
		return nil, err
	}
	return &fortioClient{client, tap, newHider(o, t)}, nil
}

// ownDialer takes fortio's dialer out of its transports: it keeps statistics
// without a lock, and a dial that was given up runs beside the next one.
func ownDialer(base http.RoundTripper, proxy func(*http.Request) (*url.URL, error)) {
	dialer := &net.Dialer{}
	switch transport := base.(type) {
	case *http.Transport:
		transport.Proxy, transport.DialContext = proxy, dialer.DialContext
	case *http2.Transport:
		transport.DialTLSContext = func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		}
	}
}

// agent is what requests call their sender, unless the trial says otherwise.
const agent = "seatrial"

func addHeaders(options *fhttp.HTTPOptions, o Options, t Target) error {
	headers := map[string]string{"User-Agent": agent}
	for _, set := range []map[string]trial.Secret{o.Headers, t.Headers} {
		for name, value := range set {
			headers[http.CanonicalHeaderKey(name)] = value.Reveal()
		}
	}
	for _, host := range []string{o.Host, t.Host} {
		if host != "" {
			headers["Host"] = host
		}
	}
	for name, value := range headers {
		// Without a space after the colon: over HTTP/2 fortio keeps it.
		if err := options.AddAndValidateExtraHeader(name + ":" + value); err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
	}
	return nil
}

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

func (c *fortioClient) close() { c.client.Close() }

func (c *fortioClient) exchange(ctx context.Context) answer {
	c.tap.err, c.tap.keep, c.tap.version = nil, c.tap.keep[:0], trial.Nobody
	code, _, _ := c.client.StreamFetch(ctx)
	got := answer{version: c.tap.version}
	switch {
	case c.tap.err != nil:
		got.status = trial.Failed(failureOf(c.tap.err))
		got.told = func() string { return c.hide.hidden([]byte(c.tap.err.Error()), excerpt) }
	case code < 0:
		got.status = trial.Failed(trial.BadExchange)
		got.told = func() string { return "the client gave up (too many redirects?)" }
	case !anyOf(c.tap.expect, code):
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

// tap sits between fortio's client and the transport of one worker and keeps
// the error of the exchange under way, the start of an unexpected body, and
// whom the last answer named.
type tap struct {
	base    http.RoundTripper
	expect  []StatusRange
	who     *identity // nil where each version has an address of its own
	err     error
	keep    []byte
	version uint8
	named   []string // what an answer said that named nobody
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

// body reads the request's body once for all workers.
func (o Options) body() ([]byte, error) {
	if o.BodyFile == "" {
		return []byte(o.Body.Reveal()), nil
	}
	data, err := os.ReadFile(o.BodyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the request body: %w", err)
	}
	return data, nil
}

// leastExchange is the least time that an exchange is given: a request that
// waited almost until its time was over is still sent, and times out.
const leastExchange = time.Millisecond
