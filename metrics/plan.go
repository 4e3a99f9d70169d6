package metrics

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Plan is all that a trial asks of others, and when.
type Plan struct {
	Providers map[string]Provider
	Metrics   []Metric // From is the name of a provider
	Versions  []Version
	Windows   Windows

	First  int           // number of the first window
	Count  int           // windows
	Warmup time.Duration // of the load that they begin with: windows that begin within it are not judged
	Seed   uint64        // of made-up numbers

	// Split is how somebody else shares the users' requests, percent of each
	// version; nil where nobody said.
	Split []int
}

// Series is the series that a metric's windows are in: each provider has its
// own, and the only one the usual.
func (p Plan) Series(of Metric) string {
	for _, m := range p.Metrics {
		if m.From != of.From {
			return cmp.Or(of.From, trial.MetricsSeries)
		}
	}
	return trial.MetricsSeries
}

// Meters are one for each provider that is asked, in the order of the metrics;
// nothing is sent.
func (p Plan) Meters(s Surroundings) ([]*Meter, error) {
	var meters []*Meter
	at := map[string]*Meter{}
	for _, metric := range p.Metrics {
		m := at[metric.From]
		if m == nil {
			m = &Meter{
				series: p.Series(metric), versions: p.Versions, windows: p.Windows, delay: p.delayOf(metric.From),
				first: p.First, count: p.Count, warmup: p.Warmup, seed: p.Seed, split: p.Split, around: s, ledger: newLedger(),
			}
			at[metric.From], meters = m, append(meters, m)
		}
		if metric.Mock == nil && m.source == nil {
			if err := m.open(metric.From, p.Providers[metric.From]); err != nil {
				return nil, errors.Join(err, closeAll(meters))
			}
		}
		m.metrics = append(m.metrics, metric)
	}
	return meters, nil
}

func closeAll(meters []*Meter) error {
	var errs []error
	for _, m := range meters {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// delayOf is the provider's own delay, else that of all windows, else what its type
// usually needs.
func (p Plan) delayOf(name string) time.Duration {
	of := p.Providers[name]
	for _, given := range []*time.Duration{of.Delay, p.Windows.Delay} {
		if given != nil {
			return *given
		}
	}
	l, err := languageFor(of.Type)
	if err != nil {
		return 0 // said when it is opened; numbers that are made up need none
	}
	return l.delay
}

func (m *Meter) open(name string, p Provider) error {
	var err error
	if m.language, err = languageFor(p.Type); err != nil {
		return fmt.Errorf("the provider %s: %w", name, err)
	}
	if m.source, err = m.language.open(p, m.around); err != nil {
		return fmt.Errorf("the provider %s: %s", name, m.around.hide(err.Error()))
	}
	return nil
}

// ProviderTypes are the words that a provider's type may have.
func ProviderTypes() []string {
	var words []string
	for _, l := range languages() {
		words = append(words, l.word)
	}
	return words
}

// Check returns what is wrong with a provider; nothing is sent.
func (p Provider) Check(s Surroundings) error {
	if p.Type == "" {
		return fmt.Errorf("no type: say what it is (known: %s)", strings.Join(ProviderTypes(), ", "))
	}
	l, err := languageFor(p.Type)
	if err != nil {
		return err
	}
	source, err := l.open(p, s)
	if err != nil {
		return err
	}
	return source.close()
}

// Secrets are the resolved texts of everything in a provider that is a
// credential, but for its headers and what its URL has.
func (p Provider) Secrets() []string {
	out := []string{p.DSN.Reveal(), p.Auth.Bearer.Reveal()}
	if b := p.Auth.Basic; b != nil {
		out = append(out, b.Password.Reveal(), base64.StdEncoding.EncodeToString([]byte(b.User+":"+b.Password.Reveal())))
	}
	if o := p.Auth.OAuth; o != nil {
		out = append(out, o.Secret.Reveal())
	}
	if a := p.Auth.AWS; a != nil {
		out = append(out, a.Access.Reveal(), a.Secret.Reveal(), a.Session.Reveal())
	}
	return out
}

// Check returns what is wrong with a metric that this provider is to be asked
// about, for these versions.
func (m Metric) Check(p Provider, versions []Version) error {
	l, err := languageFor(p.Type)
	if err != nil {
		return nil // said of the provider
	}
	queries, err := m.queries()
	if err != nil {
		return err
	}
	if m.PerVersion != "" && !l.tables {
		return fmt.Errorf("%s has per-version, which is for queries of databases: a reply of %s has no columns", m.Name, p.Type)
	}
	if err := l.check(m); err != nil {
		return err
	}
	for _, v := range versions {
		if err := m.fits(l, p, placesOf(v, sampleWindow), queries); err != nil {
			return fmt.Errorf("%w; of %s: places are filled with version, name and the labels that a version has", err, v.Name)
		}
	}
	return nil
}

// TellsApart reports whether two versions are asked about differently: whether
// the question lacks something without the places in which they differ. One that
// is the same has one answer for both.
func (m Metric) TellsApart(p Provider, a, b Version) bool {
	l, err := languageFor(p.Type)
	if err != nil {
		return true // said of the provider
	}
	queries, err := m.queries()
	if err != nil {
		return true // said of the metric
	}
	places, others := placesOf(a, sampleWindow), placesOf(b, sampleWindow)
	if m.PerVersion != "" {
		return rowsOf(places) != rowsOf(others)
	}
	maps.DeleteFunc(places, func(name, value string) bool { return others[name] != value })
	return m.fits(l, p, places, queries) != nil
}

// fits holds that something is known for every place in the queries.
func (m Metric) fits(l language, p Provider, places map[string]string, queries []part) error {
	for _, q := range queries {
		text := m.given()[q]
		if l.fits == nil || !l.tables {
			var err error
			if text, err = fill(text, places, l.quote); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		if l.fits == nil {
			continue
		}
		if err := l.fits(p, ask{metric: m, part: q, text: text, places: places, window: sampleWindow}); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

// sampleWindow is any, to try questions on.
var sampleWindow = Window{From: time.Unix(1_700_000_000, 0), To: time.Unix(1_700_000_060, 0)}

// CheckLength returns why a provider can't be asked about windows of this length.
func (p Provider) CheckLength(interval time.Duration) error {
	l, err := languageFor(p.Type)
	if err != nil || l.shortest == nil {
		return nil // said of the provider
	}
	least, err := l.shortest(p)
	if err != nil || interval >= least {
		return nil // likewise
	}
	return tooShort(least)
}

func tooShort(least time.Duration) error {
	return fmt.Errorf("it has one value in %s: ask for windows that are no shorter, as in windows: {interval: %[1]s}", least)
}

// CheckMock returns what is wrong with made-up numbers for these versions.
func (m Metric) CheckMock(versions []Version) error {
	var names []string
	for _, v := range versions {
		if names = append(names, v.Name); m.Kind == trial.CountsKind && (m.Mock[v.Name] < 0 || m.Mock[v.Name] > 1) {
			return fmt.Errorf("%v is no share, which counts have: write one from 0 to 1", m.Mock[v.Name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Mock)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("no version has the name %q (there are: %s)%s", name, strings.Join(names, ", "), trial.DidYouMean(name, names))
		}
	}
	return nil
}
