package metrics

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Poll is how to wait for a reply that is not ready at once: the first reply
// has a ticket, with which is asked again until it is done.
type Poll struct {
	Ticket string            `yaml:"ticket"` // a jq program: of the first reply, what {{ticket}} is
	Done   string            `yaml:"done"`   // a jq program: of each reply, true, or false, or a text that says why it never will be
	Method string            `yaml:"method"`
	Path   string            `yaml:"path"`
	Params map[string]string `yaml:"params"`
	Body   string            `yaml:"body"`
	Every  time.Duration     `yaml:"every"`
}

const usualEvery = 500 * time.Millisecond

// rest asks any REST API.
type rest struct {
	*client
	recipe   recipe
	settings map[string]string
	least    time.Duration // shortest window that it can be asked about
}

// restLanguages are the generic one and those of the vendors.
func restLanguages() []language {
	all := []language{restLanguage("rest", anyAPI(), nil)}
	for _, word := range vendorWords() {
		r, err := readVendor(word)
		all = append(all, restLanguage(word, r, err))
	}
	return all
}

// restLanguage asks by a recipe, or says what was wrong with it.
func restLanguage(word string, r recipe, wrong error) language {
	return language{
		word: word, quote: quotes()[r.Quote], delay: r.Delay, source: r.DelaySource,
		check:    func(m Metric) error { return cmp.Or(wrong, r.check(m)) },
		fits:     func(p Provider, a ask) error { return cmp.Or(wrong, r.fits(p, a)) },
		shortest: r.shortestFor,
		open: func(p Provider, s Surroundings) (source, error) {
			if wrong != nil {
				return nil, wrong
			}
			return openREST(p, s, r)
		},
	}
}

func openREST(p Provider, s Surroundings, r recipe) (source, error) {
	settings, err := r.settled(p.Settings)
	if err != nil {
		return nil, err
	}
	if p.URL == "" {
		if p.URL, err = fill(r.URL, settings, strings.Clone); err != nil {
			return nil, err
		}
	}
	if p, err = r.authorized(p, settings); err != nil {
		return nil, err
	}
	c, err := newClient(p, s)
	if err != nil {
		return nil, err
	}
	least, err := r.shortest(settings)
	return rest{c, r, settings, least}, err
}

// shortest is the window that the vendor has a value for.
func (r recipe) shortest(settings map[string]string) (time.Duration, error) {
	if r.Least == "" {
		return 0, nil
	}
	text, err := fill(r.Least, settings, strings.Clone)
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number of seconds", text)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// shortestFor is that of a provider's settings.
func (r recipe) shortestFor(p Provider) (time.Duration, error) {
	settings, err := r.settled(p.Settings)
	if err != nil {
		return 0, err
	}
	return r.shortest(settings)
}

// settled are the settings that were given, and the usual ones. Where the recipe
// is any API's, all names are good.
func (r recipe) settled(given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	known := slices.Sorted(maps.Keys(r.Settings))
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, there := r.Settings[name]; !there && r.Docs != nil {
			return nil, fmt.Errorf("%q is none of its settings (known: %s)%s", name, strings.Join(known, ", "), trial.DidYouMean(name, known))
		}
		out[name] = given[name]
	}
	for _, name := range known {
		s := r.Settings[name]
		if out[name] = cmp.Or(out[name], s.Usual); out[name] == "" {
			return nil, fmt.Errorf("it needs the setting %s: %s", name, s.About)
		}
	}
	return out, nil
}

// authorized puts the token where the vendor wants it, or has requests signed.
func (r recipe) authorized(p Provider, settings map[string]string) (Provider, error) {
	for _, name := range r.Needs {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(p.Headers)), func(h string) bool { return strings.EqualFold(h, name) }) {
			return p, fmt.Errorf("it needs the header %s, by which it knows who asks", name)
		}
	}
	if r.AWS != "" {
		signed := AWS{Region: settings["region"]}
		if p.Auth.AWS != nil {
			signed = *p.Auth.AWS
		}
		signed.Service, signed.Region = cmp.Or(signed.Service, r.AWS), cmp.Or(signed.Region, settings["region"])
		p.Auth.AWS = &signed
	}
	if bearer := p.Auth.Bearer.Reveal(); bearer != "" && r.Token.Header != "" {
		p.Headers = maps.Clone(p.Headers)
		if p.Headers == nil {
			p.Headers = map[string]trial.Secret{}
		}
		p.Headers[r.Token.Header] = trial.NewSecret("", r.Token.Before+bearer)
		p.Auth.Bearer = trial.Secret{}
	}
	return p, nil
}

// ask sends the request of one metric, waits until the reply is done, and takes
// the answer out of it.
func (r rest) ask(ctx context.Context, a ask) (answer, error) {
	if a.window.length() < r.least {
		return answer{}, tooShort(r.least)
	}
	how := r.recipe.with(a.metric.Query)
	jq := programs{ctx: ctx, ask: a, settings: r.settings, hide: r.hide}
	places, err := how.placesFor(a, r.settings)
	if err != nil {
		return answer{}, err
	}
	got, err := r.exchange(how, jq, places, a.asked)
	if err == nil && how.Poll != nil {
		got, err = r.poll(how, jq, places, got)
	}
	if err != nil {
		return answer{}, err
	}
	outputs, err := jq.run(how.Answer, got)
	if err != nil {
		return answer{}, err
	}
	return readOutputs(outputs, a)
}

// exchange sends one request and reads its reply. What asked has it takes from
// there.
func (r rest) exchange(how recipe, jq programs, places map[string]string, asked *memo) (any, error) {
	q, err := how.request(places)
	if err != nil {
		return nil, err
	}
	said, err := once(asked, q.String(), func() (reply, error) { return r.send(jq.ctx, q) })
	if err != nil {
		return nil, refusal(how, jq, err)
	}
	got, err := decode(said)
	if err != nil {
		return nil, err
	}
	if why := jq.reason(how.Refused, got); why != "" {
		return nil, fmt.Errorf("it refuses: %s", why)
	}
	return got, nil
}

// refusal finds in an error page what the vendor says there.
func refusal(how recipe, jq programs, err error) error {
	var page statusError
	var got any
	if !errors.As(err, &page) || json.Unmarshal(page.body, &got) != nil {
		return err
	}
	if why := jq.reason(how.Refused, got); why != "" {
		return fmt.Errorf("HTTP %d %s: %s", page.status, http.StatusText(page.status), why)
	}
	return err
}

// again is how a reply is waited for.
func (r recipe) again() recipe {
	p := r.Poll
	r.Method, r.Path, r.Params, r.Body = cmp.Or(p.Method, usualMethod(p.Body)), p.Path, p.Params, p.Body
	return r
}

// poll asks again until the reply is done.
func (r rest) poll(how recipe, jq programs, places map[string]string, got any) (any, error) {
	p, again := how.Poll, how.again()
	for first := true; ; first = false {
		done, err := jq.done(p.Done, got)
		if done || err != nil {
			return got, err
		}
		if first {
			if places["ticket"], err = jq.ticket(p.Ticket, got); err != nil {
				return nil, err
			}
		}
		timer := time.NewTimer(cmp.Or(p.Every, usualEvery))
		select {
		case <-timer.C:
		case <-jq.ctx.Done():
			timer.Stop()
			return nil, errors.New("its answer was not ready in time")
		}
		if got, err = r.exchange(again, jq, places, nil); err != nil {
			return nil, err
		}
	}
}
