package metrics

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	mostBytes      = 8 << 20 // of a reply, decompressed
	mostErrorBytes = 64 << 10
	mostExcerpt    = 200 // characters of a reply that a message shows
	mostRedirects  = 5
	mostRetries    = 4
	firstWait      = 100 * time.Millisecond
	longestWait    = 2 * time.Second
	usualTimeout   = 10 * time.Second // of one attempt
	agent          = "seatrial"
)

// client asks one web provider: it knows who asks, tries again what may pass,
// and takes nothing for a reply that is none.
type client struct {
	base    *url.URL
	headers http.Header
	host    string // header Host, where one is given
	http    *http.Client
	hide    func(string) string
	now     func() time.Time
}

// request is one question. Its path is put behind the provider's URL, its
// params beside those that the URL has.
type request struct {
	method string // GET or POST
	path   string
	params url.Values
	header map[string]string // Content-Type, Accept
	body   []byte
}

// String tells it from other requests.
func (q request) String() string {
	return fmt.Sprintf("%s %q %s %v %q", q.method, q.path, q.params.Encode(), q.header, q.body)
}

// reply is what a provider said with a status of 2xx, all of it.
type reply struct {
	header http.Header
	body   []byte
	hide   func(string) string
}

// statusError is a reply with any other status.
type statusError struct {
	status int
	body   []byte // its first mostErrorBytes
	hide   func(string) string
}

func (e statusError) Error() string {
	text := fmt.Sprintf("HTTP %d %s", e.status, http.StatusText(e.status))
	if shown := excerpt(e.body, e.hide); shown != "" {
		text += ": " + shown
	}
	return text
}

// newClient prepares to ask; nothing is sent.
func newClient(p Provider, s Surroundings) (*client, error) {
	base, err := url.Parse(p.URL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, errors.New("its url is no address of a web service: write it as in https://prometheus.example.com")
	}
	secured, err := secured(p, s)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: secured, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: mostAtOnce, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: usualTimeout, MaxResponseHeaderBytes: 1 << 20,
	}
	headers, host := http.Header{"User-Agent": {agent}}, ""
	for name, value := range p.Headers {
		if http.CanonicalHeaderKey(name) == "Host" {
			host = value.Reveal()
			continue
		}
		headers.Set(name, value.Reveal())
	}
	timeout := cmp.Or(p.Timeout, usualTimeout)
	authorize, err := authorizer(p.Auth, &http.Client{Transport: transport, CheckRedirect: atHome, Timeout: timeout}, s)
	if err != nil {
		return nil, err
	}
	return &client{
		base: base, headers: headers, host: host, hide: s.hide, now: s.Now,
		http: &http.Client{Transport: authorized{transport, authorize}, CheckRedirect: atHome, Timeout: timeout},
	}, nil
}

func (s Surroundings) hide(text string) string {
	if s.Hide == nil {
		return text
	}
	return s.Hide(text)
}

func (s Surroundings) learn(secret string) {
	if s.Learn != nil && secret != "" {
		s.Learn(secret)
	}
}

// secured is how the provider proves who it is, and the client if it has a
// certificate. A CA is known beside those of the system.
func secured(p Provider, s Surroundings) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: p.Insecure}
	if p.CA != "" {
		text, err := s.ReadFile(p.CA)
		if err != nil {
			return nil, fmt.Errorf("its ca: %w", err)
		}
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("its ca: no certificate in %s, which is to be PEM", p.CA)
		}
	}
	if (p.Cert == "") != (p.Key == "") {
		return nil, errors.New("a client certificate is both cert and key: give the other too")
	}
	if p.Cert == "" {
		return config, nil
	}
	cert, err := s.ReadFile(p.Cert)
	if err != nil {
		return nil, fmt.Errorf("its cert: %w", err)
	}
	key, err := s.ReadFile(p.Key)
	if err != nil {
		return nil, fmt.Errorf("its key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("its cert and key: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// send asks, and asks again where that may help and ctx leaves time: after
// network trouble, 429 and 5xx, as late as Retry-After says.
func (c *client) send(ctx context.Context, q request) (reply, error) {
	built, err := c.build(ctx, q)
	if err != nil {
		return reply{}, err
	}
	a := attempts{client: c}
	built.SetResponseHandler(a.read)
	retrying := retryablehttp.Client{
		HTTPClient: c.http, CheckRetry: a.again, Backoff: wait, ErrorHandler: retryablehttp.PassthroughErrorHandler,
		RetryMax: mostRetries, RetryWaitMin: firstWait, RetryWaitMax: longestWait,
		RequestLogHook: func(_ retryablehttp.Logger, _ *http.Request, before int) { a.n = before + 1 },
	}
	response, err := retrying.Do(built)
	if response != nil {
		defer func() { _ = response.Body.Close() }()
	}
	if err == nil && !a.done {
		err = a.read(response) // the last attempt was to be tried again
	}
	if err != nil {
		return reply{}, a.told(ctx, err)
	}
	return a.reply, nil
}

func (c *client) build(ctx context.Context, q request) (*retryablehttp.Request, error) {
	if q.method != http.MethodGet && q.method != http.MethodPost {
		return nil, fmt.Errorf("%q is no method to ask with (known: GET, POST)", q.method)
	}
	at := *c.base
	if q.path != "" {
		at = *at.JoinPath(q.path)
	}
	params := at.Query()
	maps.Copy(params, q.params)
	at.RawQuery = params.Encode()
	built, err := retryablehttp.NewRequestWithContext(ctx, q.method, at.String(), q.body)
	if err != nil {
		return nil, c.plain(err)
	}
	built.Header = c.headers.Clone()
	for name, value := range q.header {
		built.Header.Set(name, value)
	}
	built.Host = cmp.Or(c.host, built.Host)
	return built, nil
}

// attempts are all tries of one request.
type attempts struct {
	*client
	n     int   // of attempts
	last  error // why one was not good enough
	done  bool  // reply is read
	reply reply
}

// final is an error that asking again does not heal.
type final struct{ error }

// read takes all of a response.
func (a *attempts) read(response *http.Response) error {
	good := response.StatusCode >= 200 && response.StatusCode < 300
	most := mostErrorBytes
	if good {
		most = mostBytes
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	switch {
	case !good:
		return final{statusError{response.StatusCode, body[:min(len(body), most)], a.hide}}
	case err != nil:
		return fmt.Errorf("its reply broke off: %w", err)
	case len(body) > most:
		return final{tooLarge{fmt.Errorf("its reply is longer than %d MiB: ask for less", most>>20)}}
	}
	a.done, a.reply = true, reply{header: response.Header, body: body, hide: a.hide}
	return nil
}

// again is asked after every attempt, and once more after a response was read.
func (a *attempts) again(ctx context.Context, response *http.Response, err error) (bool, error) {
	if a.done {
		return false, nil
	}
	var last final
	if err != nil && errors.As(err, &last) {
		return false, err
	}
	again, _ := retryablehttp.DefaultRetryPolicy(ctx, response, err)
	switch {
	case ctx.Err() != nil:
		return false, cmp.Or(err, ctx.Err())
	case !again:
		return false, err
	case err != nil:
		a.last = err
	default:
		a.last = fmt.Errorf("HTTP %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	if delay, asked := retryAfter(response); asked && a.tooLate(ctx, delay) {
		return false, nil // read tells what it said
	}
	return true, nil
}

func (a *attempts) tooLate(ctx context.Context, delay time.Duration) bool {
	deadline, limited := ctx.Deadline()
	return delay < 0 || limited && time.Until(deadline) < delay
}

// retryAfter is what the header of this name asks for (RFC 9110, 10.2.3).
func retryAfter(response *http.Response) (time.Duration, bool) {
	if response == nil || response.Header.Get("Retry-After") == "" {
		return 0, false
	}
	const none = -1 << 62
	delay := retryablehttp.DefaultBackoff(none, none, 0, response)
	return delay, delay != none
}

// wait is how long to wait before the next attempt. Chance keeps clients apart
// that failed together; it decides nothing that is reported.
func wait(least, most time.Duration, attempt int, response *http.Response) time.Duration {
	base := retryablehttp.DefaultBackoff(least, most, attempt, response)
	if _, asked := retryAfter(response); asked {
		return base + rand.N(least)
	}
	return base/2 + rand.N(base)
}

// told is the error of all attempts.
func (a *attempts) told(ctx context.Context, err error) error {
	err = a.plain(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil && a.last != nil:
		err = fmt.Errorf("no reply in time, after %w", a.plain(a.last))
	case ctx.Err() != nil:
		err = errors.New("no reply in time")
	}
	if a.n > 1 {
		return fmt.Errorf("%w (asked %d times)", err, a.n)
	}
	return err
}

// plain is an error without the address that was asked: its query may hold
// what is secret.
func (c *client) plain(err error) error {
	var last final
	if errors.As(err, &last) {
		return last.error
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
		if of.Timeout() {
			return fmt.Errorf("no reply within %s", c.http.Timeout)
		}
	}
	return errors.New(excerpt([]byte(err.Error()), c.hide))
}

// json reads the reply as JSON.
func (r reply) json(into any) error {
	kind, _, _ := mime.ParseMediaType(r.header.Get("Content-Type"))
	switch {
	case len(bytes.TrimSpace(r.body)) == 0:
		return errors.New("its reply is empty")
	case kind == "text/html" || bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("<")):
		return fmt.Errorf("its reply is a web page, not JSON (is there a log-in or a proxy before it?): %s", excerpt(r.body, r.hide))
	case !utf8.Valid(r.body):
		return errors.New("its reply is no UTF-8")
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return fmt.Errorf("its reply is not the JSON that was expected (%w): %s", err, excerpt(r.body, r.hide))
	}
	return nil
}

// excerpt is the beginning of a text that came from elsewhere, fit for a message.
func excerpt(text []byte, hide func(string) string) string {
	shown := hide(strings.ToValidUTF8(string(text[:min(len(text), mostErrorBytes)]), "\ufffd"))
	shown = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, shown)
	runes := []rune(strings.Join(strings.Fields(shown), " "))
	if len(runes) > mostExcerpt {
		return string(runes[:mostExcerpt-1]) + "…"
	}
	return string(runes)
}

// atHome lets redirects stay at one origin (RFC 6454), or go from its http to
// its https: elsewhere nobody is asked, least of all with credentials.
func atHome(next *http.Request, before []*http.Request) error {
	last := before[len(before)-1]
	switch {
	case len(before) > mostRedirects:
		return final{fmt.Errorf("more than %d redirects", mostRedirects)}
	case !sameOrigin(last.URL, next.URL):
		return final{fmt.Errorf("it redirects to %s://%s, which is not asked: if that is right, give its address", next.URL.Scheme, next.URL.Host)}
	case next.Method != last.Method:
		return final{errors.New("it redirects a POST in a way that loses it (use the address that it redirects to)")}
	}
	return nil
}

func sameOrigin(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	if from.Scheme == to.Scheme {
		return port(from) == port(to)
	}
	return from.Scheme == "http" && to.Scheme == "https" && port(from) == "80" && port(to) == "443"
}

func port(u *url.URL) string {
	return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}

func (c *client) close() error {
	c.http.CloseIdleConnections()
	return nil
}

// authWays are the ways of Auth that are given.
func authWays(a Auth) []string {
	var given []string
	for _, way := range []struct {
		word  string
		there bool
	}{{"basic", a.Basic != nil}, {"bearer", a.Bearer.Reveal() != ""}, {"oauth", a.OAuth != nil}, {"aws", a.AWS != nil}} {
		if way.there {
			given = append(given, way.word)
		}
	}
	return given
}
