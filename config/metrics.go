package config

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/metrics"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// Metric is an entry of metrics: what it is, and how others are asked for it.
// A preset stands for several.
type Metric struct {
	slo.Metric
	metrics.Query
	Preset string             `yaml:"preset"`
	Labels map[string]string  `yaml:"labels"` // of the preset's series
	Mock   map[string]float64 `yaml:"mock"`   // made-up numbers of a dry run, by the name of a version
}

// NoLoad reports whether the trial sends no load: others are asked, and there is
// nowhere to send any.
func (f File) NoLoad() bool {
	return len(f.Declared) > 0 && f.Load.URL == "" && f.Load.Identify == nil &&
		!slices.ContainsFunc(f.Targets(), func(t target) bool { return t.URL != "" || t.GRPC != "" })
}

// Asked is what the trial asks of others.
func (f File) Asked() metrics.Plan {
	p := metrics.Plan{Providers: f.Providers, Windows: f.Windows, Seed: f.Load.Seed, Versions: f.asVersions()}
	for _, m := range f.Declared {
		p.Metrics = append(p.Metrics, f.asked(m))
	}
	if !f.Traffic.Wanted() {
		p.Split = f.Traffic.Split
	}
	lasting := f.Windows.For
	if !f.NoLoad() {
		p.Warmup = f.Load.Warmup
		lasting = f.Load.Warmup + f.Load.For
	}
	p.Count = int(lasting / f.Windows.Interval)
	return p
}

func (f File) asked(m Metric) metrics.Metric {
	out := metrics.Metric{Name: m.Name, Kind: m.Kind, Query: m.Query}
	if f.Traffic.DryRun {
		out.Mock = m.Mock
	}
	return out
}

// RoundLength is the length of the rounds that a trial is told by.
func (f File) RoundLength() time.Duration {
	if f.NoLoad() {
		return f.Windows.Interval
	}
	return f.Load.RoundLength()
}

// JudgedWindows is how many windows the trial has that are judged.
func (f File) JudgedWindows() int {
	p := f.Asked()
	before := (p.Warmup + p.Windows.Interval - 1) / p.Windows.Interval
	return p.Count - int(before)
}

// asVersions are the versions as questions tell them apart.
func (f File) asVersions() []metrics.Version {
	var out []metrics.Version
	for _, t := range f.Targets() {
		v := metrics.Version{Name: t.Name, Places: maps.Clone(t.Labels)}
		if v.Places == nil {
			v.Places = map[string]string{}
		}
		if t.Version != "" {
			v.Places["version"] = t.Version
		}
		out = append(out, v)
	}
	return out
}

// declare expands presets, finds the provider of each metric, and names its series.
func declare(l *ledger, file *File) {
	var all []Metric
	for i, m := range file.Declared {
		path := fmt.Sprintf("metrics[%d]", i)
		expanded, err := m.expand()
		if err != nil {
			l.doubt(join(path, "preset"), "%v", err)
			continue
		}
		for _, one := range expanded {
			if one.Name == "" {
				l.doubt(path, "no name: give one, as objectives are to call it")
				continue
			}
			if one.From, err = file.provider(one.From); err != nil && !l.isUnread("providers") && !(file.Traffic.DryRun && one.Mock != nil) {
				l.doubt(join(path, "from"), "%v", err)
			}
			all, l.declared = append(all, one), append(l.declared, path)
		}
	}
	file.Declared, file.Metrics = all, nil
	plan := file.Asked()
	for i := range all {
		all[i].Series = plan.Series(plan.Metrics[i])
		file.Metrics = append(file.Metrics, all[i].Metric)
	}
	if file.Traffic.Every == DefaultTraffic().Every && file.NoLoad() && l.places["traffic.every"].File == "" {
		file.Traffic.Every = max(file.Traffic.Every, movesEvery*file.Windows.Interval+file.Traffic.Settle)
	}
}

// movesEvery is how many windows are between two moves of traffic in a trial
// without load that does not say: a move spoils one or two of them.
const movesEvery = 4

// expand is the metrics that a preset stands for, and any other metric itself.
func (m Metric) expand() ([]Metric, error) {
	if m.Preset == "" {
		return []Metric{m}, nil
	}
	if m.Kind != trial.UnknownKind || m.Query.Query != "" || m.Hits != "" || m.Trials != "" || m.Mock != nil {
		return nil, fmt.Errorf("%s says what is asked: leave out kind, queries and mock, or the preset", m.Preset)
	}
	declared, err := metrics.Preset(m.Preset, m.Labels)
	if err != nil {
		return nil, err
	}
	prefix := m.Preset
	if m.Name != "" {
		prefix = m.Name
	}
	var out []Metric
	for _, d := range declared {
		one := Metric{Metric: m.Metric, Query: d.Query}
		one.Name, one.Description, one.Kind, one.Unit = prefix+"-"+d.Name, d.Description, d.Kind, slo.Unit(d.Unit)
		one.Traffic, one.From = d.Traffic, m.From
		out = append(out, one)
	}
	return out, nil
}

// provider is the name of who is asked: the only one where none is named. A URL
// is that of a Prometheus.
func (f *File) provider(from string) (string, error) {
	known := slices.Sorted(maps.Keys(f.Providers))
	if _, found := f.Providers[from]; found {
		return from, nil
	}
	switch {
	case from == "" && len(known) == 1:
		return known[0], nil
	case from == "" && len(known) == 0:
		return "", fmt.Errorf("nobody is there to ask: name who, as in providers: {prometheus: http://prometheus.monitoring:9090}")
	case from == "":
		return "", fmt.Errorf("it says not whom to ask: add from: one of %s", strings.Join(known, ", "))
	case !strings.Contains(from, "://"):
		return "", fmt.Errorf("there is no provider called %q (known: %s)%s", from, strings.Join(known, ", "), trial.DidYouMean(from, known))
	}
	u, err := url.Parse(from)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("%q is not a URL of a provider", f.shown(from))
	}
	providers := maps.Clone(f.Providers)
	if providers == nil {
		providers = map[string]metrics.Provider{}
	}
	if other, taken := providers[u.Host]; taken && other.URL != from {
		return "", fmt.Errorf("a second provider at %s: give both a name under providers", u.Host)
	}
	providers[u.Host] = metrics.Provider{Type: "prometheus", URL: from}
	f.Providers = providers
	return u.Host, nil
}

// typed gives providers that are named for a type that type.
func typed(file *File) {
	for name, p := range file.Providers {
		if p.Type == "" && slices.Contains(metrics.ProviderTypes(), name) {
			p.Type = name
			file.Providers[name] = p
		}
	}
}

// Shortest and longest of windows.
const (
	shortestWindow = 100 * time.Millisecond
	longestWindow  = time.Hour
)

// metrics refuses what nobody could be asked.
func (c checker) metrics() {
	c.windowLengths()
	c.providers()
	wrong := slo.CheckMetrics(c.file.Metrics)
	plan := c.file.Asked()
	tooShort := map[string]bool{}
	for i, m := range plan.Metrics {
		path := c.declared[i]
		p := c.file.Providers[m.From]
		switch {
		case c.isUnread(path):
		case wrong[i] != "":
			c.doubt(path, "%s", wrong[i])
		case m.Mock != nil:
			if err := m.CheckMock(plan.Versions); err != nil {
				c.doubt(join(path, "mock"), "%v", err)
			}
		default:
			if err := m.Check(p, plan.Versions); err != nil {
				c.doubt(path, "%v", err)
			} else if one, other, alike := c.alike(i); alike && c.file.Policy().Compares(c.file.Metrics[i]) {
				c.doubt(path, "%s: nothing in what it asks tells %s from %s, so that both would always have the same figures: put {{version}}, {{name}} or a label that differs into it", m.Name, one, other)
			}
			if err := p.CheckLength(plan.Windows.Interval); err != nil && !tooShort[m.From] {
				tooShort[m.From] = true
				c.doubt(c.intervalOf(m.From), "%s: %v", m.From, err)
			}
		}
	}
}

// alike are two versions that a metric asks the same about, if there are any.
func (c checker) alike(metric int) (one, other string, found bool) {
	plan := c.file.Asked()
	m := plan.Metrics[metric]
	for i, a := range plan.Versions {
		for _, b := range plan.Versions[:i] {
			if m.Mock == nil && !m.TellsApart(c.file.Providers[m.From], b, a) {
				return b.Name, a.Name, true
			}
		}
	}
	return "", "", false
}

// intervalOf is where it stands that a provider's windows are so long: at the
// provider itself where nobody said how long they are.
func (c checker) intervalOf(provider string) string {
	if _, given := c.places["windows.interval"]; given {
		return "windows.interval"
	}
	return join("providers", provider)
}

func (c checker) windowLengths() {
	w := c.file.Windows
	c.between("windows.interval", w.Interval, shortestWindow, longestWindow)
	c.between("windows.for", w.For, w.Interval, 30*24*time.Hour)
	if w.Delay != nil {
		c.between("windows.delay", *w.Delay, 0, longestWindow)
	}
	if _, given := c.places["windows.for"]; given && !c.file.NoLoad() && w.For != metrics.DefaultWindows().For {
		c.doubt("windows.for", "given in a trial with load, whose windows last as long as the load: use load.for")
	}
}

func (c checker) providers() {
	around := metrics.Surroundings{ReadFile: c.readFile, Getenv: c.getenv, Now: time.Now}
	for _, name := range slices.Sorted(maps.Keys(c.file.Providers)) {
		p, path := c.file.Providers[name], join("providers", name)
		c.visible(path, name)
		if name == trial.LoadSeries {
			c.doubt(path, "%s is the load's own name: choose another", name)
		}
		if c.isUnread(path) {
			continue
		}
		if err := p.Check(around); err != nil && !isPending(p) {
			c.doubt(path, "%v", err)
		}
		if p.Delay != nil {
			c.between(join(path, "delay"), *p.Delay, 0, longestWindow)
		}
		c.between(join(path, "timeout"), p.Timeout, 0, longestWindow)
	}
}

// isPending reports whether a provider has secrets that the cluster holds: it can
// only be opened when they are known.
func isPending(p metrics.Provider) bool {
	pending := false
	eachSecret(reflect.ValueOf(&p).Elem(), func(s trial.Secret) trial.Secret {
		pending = pending || len(refsIn(s)) > 0
		return s
	})
	return pending
}

// noLoad refuses what is said of a load that is not sent.
func (c checker) noLoad() {
	if len(c.file.Requests) > 0 {
		c.doubt("requests", "given where no load is sent, because no version has a url: give urls, or leave it out")
	}
	for _, input := range Inputs {
		_, given := c.places[input.Path]
		if strings.HasPrefix(input.Path, "load.") && input.Path != "load.seed" && given {
			c.doubt(input.Path, "given where no load is sent, because no version has a url: give urls, or leave it out%s", insteadOf[input.Path])
			return
		}
	}
	if len(c.file.Requests) > 0 {
		c.doubt("requests", "given where no load is sent, because no version has a url: give urls, or leave them out")
	}
}

// insteadOf is what to write in a trial without load.
var insteadOf = map[string]string{"load.for": "; windows: {for: 30m} is how long others are asked"}

// windows refuses too few for a verdict. A trial that may be gone on with has as
// many as it is given.
func (c checker) windows() {
	if len(c.mistakes) > 0 || len(c.file.Metrics) == 0 || c.file.Resume != "" {
		return
	}
	policy := c.file.Policy()
	path := "windows.for"
	if !c.file.NoLoad() {
		path = "load.for"
	}
	told := map[string]bool{}
	for _, m := range c.file.Metrics {
		if !policy.Asks(m) || told[m.Series] {
			continue
		}
		told[m.Series] = true
		for _, text := range policy.CheckWindows(m.Series, c.file.JudgedWindows(), c.file.Windows.Interval, len(c.file.Targets())) {
			c.doubt(path, "%s", text)
		}
	}
}

// unasked are the metrics and providers that nobody asks about. A preset brings
// more than is asked about.
func (c checker) unasked() []Warning {
	var out []Warning
	f, used := c.file, map[string]bool{}
	policy := f.Policy()
	for i, m := range f.Declared {
		used[m.From] = true
		_, usual := c.places[join(c.declared[i], "preset")]
		switch one, other, alike := c.alike(i); {
		case usual:
		case !policy.Asks(m.Metric):
			out = append(out, Warning(oneLine(fmt.Sprintf("the metric %s is asked for and kept, and no objective or reward is about it", m.Name))))
		case alike:
			out = append(out, Warning(oneLine(fmt.Sprintf("the metric %s: nothing in what it asks tells versions apart: its figures are of %s and %s alike", m.Name, one, other))))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Providers)) {
		if !used[name] {
			out = append(out, Warning(oneLine(fmt.Sprintf("the provider %s is not asked: no metric is from it", name))))
		}
	}
	return out
}
