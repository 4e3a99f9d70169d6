package loadgen

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Waiter waits until every version answers at all, in the protocols that the
// load speaks, and every URL of ready: answers as stated. HTTP it asks with GET and
// with the load's own TLS settings and proxy; versions also with the load's headers.
// Of versions behind one address, it asks that.
type Waiter struct {
	ready   Ready
	timeout time.Duration // of one request
	client  *http.Client
	probes  []probe
	calls   []grpcProbe
}

// probe is one URL to be asked until it answers as expected.
type probe struct {
	what   string // "candidate" or the URL as given
	url    string
	host   string
	header http.Header
	status []StatusRange // nil: any answer will do
	body   *regexp.Regexp
	hide   hider
}

// mostBody is how much of a readiness answer is read to match against.
const mostBody = 1 << 20

// mostShown is how much of it a message quotes.
const mostShown = 200

// NewWaiter prepares the wait; nothing is sent.
func NewWaiter(ready Ready, o Options, requests []Request, targets []Target) (*Waiter, error) {
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	transport.DisableKeepAlives = true
	transport.Protocols.SetHTTP2(true)
	messages, err := o.messages(requests)
	if err != nil {
		return nil, err
	}
	w := &Waiter{ready: ready, timeout: o.Timeout, client: &http.Client{Transport: transport, CheckRedirect: lastResponse}}
	if o.Identify != nil {
		targets = []Target{o.gateway()}
	}
	for _, t := range targets {
		if slices.ContainsFunc(messages, func(m message) bool { return !m.isCall() }) {
			w.probes = append(w.probes, targetProbe(o, t))
		}
		if slices.ContainsFunc(messages, message.isCall) {
			w.calls = append(w.calls, callsProbe(o, t, messages))
		}
	}
	for _, p := range ready.URLs {
		if isGRPCAddress(p.URL) {
			w.calls = append(w.calls, healthProbe(o, p))
			continue
		}
		made, err := urlProbe(p, o.Secrets)
		if err != nil {
			return nil, err
		}
		w.probes = append(w.probes, made)
	}
	return w, nil
}

func lastResponse(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func targetProbe(o Options, t Target) probe {
	p := probe{what: t.Name, url: t.URL, host: o.Host, header: http.Header{}, hide: newHider(o, t)}
	if t.Host != "" {
		p.host = t.Host
	}
	for _, set := range []map[string]trial.Secret{o.Headers, t.Headers} {
		for name, value := range set {
			if IsTemplate(value.Reveal()) {
				continue // of no turn
			}
			if p.header.Set(name, value.Reveal()); http.CanonicalHeaderKey(name) == "Host" {
				p.host = value.Reveal()
			}
		}
	}
	return p
}

func urlProbe(p Probe, secrets []string) (probe, error) {
	body, err := regexp.Compile(p.Body)
	if err != nil {
		return probe{}, fmt.Errorf("ready: %s: body: %w", p.URL, err)
	}
	status := p.Status
	if len(status) == 0 {
		status = []StatusRange{{200, 399}}
	}
	return probe{what: "wait-for", url: p.URL, status: status, body: body, hide: newHider(Options{Secrets: secrets}, Target{URL: p.URL})}, nil
}

// Wait returns nil when everything answered as expected, a *trial.NotReadyError
// with a reason for each that did not in time, or ctx's error.
func (w *Waiter) Wait(ctx context.Context) error {
	defer w.client.CloseIdleConnections()
	within, done := context.WithTimeout(ctx, w.ready.Within)
	defer done()
	reasons := make([]string, len(w.probes)+len(w.calls))
	var all sync.WaitGroup
	for i, p := range w.probes {
		all.Go(func() {
			reasons[i] = w.poll(within, p.what, p.url, func(ctx context.Context) string { return w.ask(ctx, p) })
		})
	}
	for i, p := range w.calls {
		all.Go(func() { reasons[len(w.probes)+i] = w.poll(within, p.what, p.url, p.ask) })
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	missing := &trial.NotReadyError{Within: w.ready.Within.String()}
	for _, reason := range reasons {
		if reason != "" {
			missing.Reasons = append(missing.Reasons, reason)
		}
	}
	if len(missing.Reasons) > 0 {
		return missing
	}
	return nil
}

// poll asks until there is nothing to say against the answer, and returns what
// there was.
func (w *Waiter) poll(ctx context.Context, what, address string, ask func(context.Context) string) string {
	tick := time.NewTicker(w.ready.Every)
	defer tick.Stop()
	reason := "never asked"
	for {
		if now := w.once(ctx, ask); now == "" {
			return ""
		} else if !overdue(ctx) || reason == "never asked" {
			reason = now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Sprintf("%s (%s): %s", what, shownURL(address), reason)
		}
	}
}

// once asks within the time that one request has.
func (w *Waiter) once(ctx context.Context, ask func(context.Context) string) string {
	ctx, done := context.WithTimeout(ctx, w.timeout)
	defer done()
	return ask(ctx)
}

// ask sends one request and says what is wrong with the answer, or nothing.
func (w *Waiter) ask(ctx context.Context, p probe) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return err.Error()
	}
	request.Header, request.Host = p.header.Clone(), p.host
	response, err := w.client.Do(request)
	if err != nil {
		cause := strings.ReplaceAll(rootOf(err), p.url, shownURL(p.url))
		return fmt.Sprintf("%s (%s)", failureOf(err), p.hide.hidden([]byte(cause), excerpt))
	}
	defer response.Body.Close()
	if p.status == nil {
		return ""
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBody))
	switch {
	case !anyOf(p.status, response.StatusCode):
		return fmt.Sprintf("answered %d: %s", response.StatusCode, p.hide.hidden(body, mostShown))
	case err != nil:
		return fmt.Sprintf("answered %d, and then %s", response.StatusCode, failureOf(err))
	case !p.body.Match(body):
		return fmt.Sprintf("answered %d, but the body does not match %q: %s", response.StatusCode, p.body, p.hide.hidden(body, mostShown))
	}
	return ""
}

// rootOf is the innermost message of an error of net/http, without the
// method and the URL that it begins with.
func rootOf(err error) string {
	text := err.Error()
	if _, cause, found := strings.Cut(text, `": `); found {
		return cause
	}
	return text
}
