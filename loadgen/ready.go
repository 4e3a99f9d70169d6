package loadgen

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Waiter waits until every version answers HTTP at all and every URL of
// ready: answers as stated. It asks with GET and with the load's own TLS settings
// and proxy; versions also with the load's headers. Of versions behind one address, it asks that.
type Waiter struct {
	ready   Ready
	timeout time.Duration // of one request
	client  *http.Client
	probes  []probe
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
func NewWaiter(ready Ready, o Options, targets []Target) (*Waiter, error) {
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	transport.DisableKeepAlives = true
	transport.Protocols.SetHTTP2(true)
	w := &Waiter{ready: ready, timeout: o.Timeout, client: &http.Client{Transport: transport, CheckRedirect: lastResponse}}
	if o.Identify != nil {
		targets = []Target{o.gateway()}
	}
	for _, t := range targets {
		w.probes = append(w.probes, targetProbe(o, t))
	}
	for _, p := range ready.URLs {
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
	reasons := make([]string, len(w.probes))
	var all sync.WaitGroup
	for i, p := range w.probes {
		all.Go(func() { reasons[i] = w.poll(within, p) })
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

// poll asks until the probe is content, and returns why it was not.
func (w *Waiter) poll(ctx context.Context, p probe) string {
	tick := time.NewTicker(w.ready.Every)
	defer tick.Stop()
	reason := "never asked"
	for {
		if now := w.ask(ctx, p); now == "" {
			return ""
		} else if ctx.Err() == nil || reason == "never asked" {
			reason = now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Sprintf("%s (%s): %s", p.what, shownURL(p.url), reason)
		}
	}
}

// ask sends one request and says what is wrong with the answer, or nothing.
func (w *Waiter) ask(ctx context.Context, p probe) string {
	ctx, done := context.WithTimeout(ctx, w.timeout)
	defer done()
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
