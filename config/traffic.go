package config

import (
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// Traffic is how live traffic is shared among the versions while they are on
// trial. Without a route none is.
type Traffic struct {
	Route     string            `yaml:"route"` // "httproute/shop"
	Namespace string            `yaml:"namespace"`
	Strategy  Strategy          `yaml:"strategy"`
	Policy    slo.TrafficPolicy `yaml:"policy"`  // of a progressive trial
	Start     int               `yaml:"start"`   // percent of each candidate at the beginning of one
	Split     []int             `yaml:"split"`   // percent of each version at the beginning, in their order
	Explore   slo.Percent       `yaml:"explore"` // of the policy epsilon-greedy: what is shared evenly
	Floor     int               `yaml:"floor"`   // least percent of a version in the running
	Max       int               `yaml:"max"`     // most percent of a candidate
	Step      int               `yaml:"step"`    // most percent that a candidate gains or loses at once
	Every     time.Duration     `yaml:"every"`
	Settle    time.Duration     `yaml:"settle"`
	AtEnd     AtEnd             `yaml:"at-end"`
	DryRun    bool              `yaml:"dry-run"`
	Backends  map[string]string `yaml:"backends"` // of versions by name: "shop-canary:8080"
	Match     []k8s.Match       `yaml:"match"`
	Mirror    *k8s.Mirror       `yaml:"mirror"`
	Sticky    *k8s.Sticky       `yaml:"sticky"`
	Weights   []WeightField     `yaml:"weights"` // instead of a route
}

// WeightField is where any object keeps the weight of a version.
type WeightField struct {
	Object   string `yaml:"object"`   // "virtualserver/shop"
	JSONPath string `yaml:"jsonpath"` // ".spec.routes[0].splits[1].weight"
	Version  string `yaml:"version"`  // Version.Name
}

// DefaultTraffic gives a candidate 10 % and moves by 10 points every 10 s.
func DefaultTraffic() Traffic {
	policy := slo.DefaultTraffic()
	return Traffic{
		Policy: policy.Policy, Explore: policy.Explore, Floor: policy.Floor, Max: policy.Cap, Step: policy.Step,
		Start: 10, Every: 10 * time.Second, Settle: 2 * time.Second,
	}
}

// Wanted reports whether the trial shares live traffic.
func (t Traffic) Wanted() bool { return t.Route != "" || len(t.Weights) > 0 }

// Name is what the route is called in reports.
func (t Traffic) Name() string {
	if t.Route == "" && len(t.Weights) > 0 {
		return t.Weights[0].Object
	}
	return t.Route
}

// Strategy is what a trial does with live traffic. The zero value gives the
// candidate more of it as evidence grows.
type Strategy int

const (
	// Progressive moves it as its policy says.
	Progressive Strategy = iota
	// FixedSplit keeps one split to the end.
	FixedSplit
	// BlueGreen moves none until the verdict, and then all.
	BlueGreen
	// DarkLaunch gives a candidate copies of requests, or those of testers.
	DarkLaunch
)

var strategyNames = []string{"progressive", "fixed-split", "blue-green", "dark-launch"}

func (s Strategy) String() string { return wordOf(strategyNames, int(s), "Strategy") }

// MarshalText writes the strategy as a word.
func (s Strategy) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Strategy) UnmarshalText(text []byte) error {
	i, err := wordIn(strategyNames, string(text), "strategy")
	*s = Strategy(i)
	return err
}

// AtEnd is how a route is left when the trial passed. In any other case it is
// left as it was before.
type AtEnd int

const (
	// AtEndAuto is ToBaseline for a dark launch, else ToWinner.
	AtEndAuto AtEnd = iota
	ToWinner
	ToBaseline
	Keep
)

var atEndNames = []string{"auto", "to-winner", "to-baseline", "keep"}

func (a AtEnd) String() string { return wordOf(atEndNames, int(a), "AtEnd") }

// MarshalText writes it as a word.
func (a AtEnd) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *AtEnd) UnmarshalText(text []byte) error {
	i, err := wordIn(atEndNames, string(text), "way to leave a route")
	*a = AtEnd(i)
	return err
}

func wordOf(names []string, i int, kind string) string {
	if i < 0 || i >= len(names) {
		return fmt.Sprintf("%s(%d)", kind, i)
	}
	return names[i]
}

func wordIn(names []string, text, what string) (int, error) {
	i := slices.Index(names, text)
	if i < 0 {
		return 0, fmt.Errorf("%q is no %s (known: %s)%s", text, what, strings.Join(names, ", "), trial.DidYouMean(text, names))
	}
	return i, nil
}

// LeftTo is AtEnd, decided.
func (t Traffic) LeftTo() AtEnd {
	switch {
	case t.AtEnd != AtEndAuto:
		return t.AtEnd
	case t.Strategy == DarkLaunch:
		return ToBaseline
	}
	return ToWinner
}

// Steering is what the judge makes weights by.
func (t Traffic) Steering() slo.Traffic {
	return slo.Traffic{Policy: t.Policy, Explore: t.Explore, Floor: t.Floor, Cap: t.Max, Step: t.Step}
}

// Opening is the split that a trial begins with, in percent of each version.
func (f File) Opening() []int {
	t, targets := f.Traffic, f.Targets()
	candidates := len(targets)
	if f.Baseline != nil {
		candidates--
	}
	switch {
	case len(t.Split) > 0:
		return slices.Clone(t.Split)
	case t.Strategy == DarkLaunch && len(t.Match) > 0:
		return f.spread(evenly(100, candidates))
	case t.Strategy == Progressive && f.Baseline != nil:
		return f.spread(slices.Repeat([]int{t.Start}, candidates))
	case f.Baseline != nil:
		return f.spread(make([]int, candidates))
	}
	return evenly(100, candidates)
}

// spread is a split of these parts for the candidates; the baseline has the rest.
func (f File) spread(parts []int) []int {
	rest := 100
	for _, p := range parts {
		rest -= p
	}
	return append([]int{rest}, parts...)
}

// evenly shares percents; the first ones get what can't be divided.
func evenly(percent, among int) []int {
	out := make([]int, among)
	for i := range out {
		out[i] = percent / among
		if i < percent%among {
			out[i]++
		}
	}
	return out
}

// Plan is how the route is to share its traffic in the beginning.
func (f File) Plan() k8s.Plan {
	p := k8s.Plan{Weights: f.Opening(), Match: f.Traffic.Match, Sticky: f.Traffic.Sticky}
	if m := f.Traffic.Mirror; m != nil {
		copied := *m
		if copied.To == "" {
			copied.To = f.Targets()[len(f.Targets())-1].Name
		}
		p.Mirror = &copied
	}
	return p
}

// Backends are where the route sends each version's traffic, in the order of the
// versions. What has no name yet was refused by Load.
func (f File) Backends() []k8s.Backend {
	var out []k8s.Backend
	for _, t := range f.Targets() {
		b, _ := f.backend(t)
		out = append(out, b)
	}
	return out
}

// backend is a version's as the file says it, else by its URL.
func (f File) backend(t loadgen.Target) (k8s.Backend, error) {
	written, given := f.Traffic.Backends[t.Name]
	if !given {
		return ofAddress(t)
	}
	name, port, hasPort := strings.Cut(written, ":")
	b := k8s.Backend{Version: t.Name, Name: name}
	if hasPort {
		number, err := strconv.Atoi(port)
		if err != nil || number < 1 || number > 65535 {
			return b, fmt.Errorf("%q has no port behind its colon: write NAME or NAME:8080", written)
		}
		b.Port = number
	}
	if b.Name == "" {
		return b, fmt.Errorf("%q names no backend: write NAME or NAME:8080", written)
	}
	return b, nil
}

// ofAddress is the Service that an address in the cluster names: "shop-canary",
// or "shop-canary.NAMESPACE.svc", with or without the cluster's domain.
func ofAddress(t loadgen.Target) (k8s.Backend, error) {
	b := k8s.Backend{Version: t.Name}
	u, err := url.Parse(t.URL)
	if err != nil {
		return b, fmt.Errorf("its URL names no Service of the cluster")
	}
	labels := strings.Split(u.Hostname(), ".")
	inCluster := len(labels) == 1 && labels[0] != "localhost" || slices.Contains(labels[1:min(len(labels), 3)], "svc")
	if !inCluster || net.ParseIP(u.Hostname()) != nil {
		return b, fmt.Errorf("its URL names no Service of the cluster")
	}
	b.Name = labels[0]
	b.Port, _ = strconv.Atoi(u.Port())
	return b, nil
}

// traffic refuses what can't be done with live traffic, or says two things.
func (c checker) traffic() {
	t := c.file.Traffic
	if !t.Wanted() {
		c.idle()
		return
	}
	if c.isUnread("traffic") {
		return
	}
	targets := c.file.Targets()
	if len(targets) < 2 {
		c.doubt("traffic", "there is one version, and nothing to share: give a baseline and a candidate")
		return
	}
	c.route()
	c.percents()
	c.opening(len(targets))
	c.pace()
	c.strategy()
	c.backends(targets)
	c.rules(targets)
	// The kind of route is k8s's to check: what it knows, and what it can do.
	c.kind()
}

// idle refuses keys that do nothing without a route.
func (c checker) idle() {
	for _, input := range Inputs {
		key, within := strings.CutPrefix(input.Path, "traffic.")
		_, given := c.places[input.Path]
		if within && given && key != "dry-run" && !c.isUnread("traffic.route") {
			c.doubt(input.Path, "given without traffic.route: name the route whose traffic is shared, as in httproute/shop")
			return
		}
	}
}

func (c checker) route() {
	t := c.file.Traffic
	if t.Route != "" && len(t.Weights) > 0 {
		c.doubt("traffic.weights", "given beside traffic.route: give one or the other")
	}
	if t.Route != "" {
		c.reference("traffic.route", t.Route, "httproute/shop")
	}
	c.visible("traffic.namespace", t.Namespace)
}

// reference refuses what is not KIND/NAME.
func (c checker) reference(path, text, example string) {
	kind, name, found := strings.Cut(text, "/")
	if !found || kind == "" || name == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' }) {
		c.doubt(path, "%q is not KIND/NAME: write it as in %s", text, example)
	}
	c.visible(path, text)
}

func (c checker) percents() {
	t := c.file.Traffic
	for _, p := range []struct {
		key        string
		value, low int
	}{{"start", t.Start, 0}, {"floor", t.Floor, 0}, {"max", t.Max, 1}, {"step", t.Step, 1}} {
		if p.value < p.low || p.value > 100 {
			c.doubt("traffic."+p.key, "%d is out of range: %d to 100 percent", p.value, p.low)
		}
	}
	if t.Explore > 1 {
		c.doubt("traffic.explore", "more than 100%%: it is the part of the traffic that is shared evenly")
	}
	if n := len(c.file.Targets()); t.Floor*n > 100 {
		c.doubt("traffic.floor", "%d%% for each of %d versions is more than 100%%: lower it to %d", t.Floor, n, 100/n)
	}
}

// opening refuses splits that are none.
func (c checker) opening(versions int) {
	t := c.file.Traffic
	if len(t.Split) == 0 {
		if t.Strategy == FixedSplit {
			c.doubt("traffic.strategy", "fixed-split without a split: add split: %s, in the order of the versions", exampleSplit(versions))
		}
		c.start(versions)
		return
	}
	sum, whole := 0, true
	for _, p := range t.Split {
		sum += p
		whole = whole && p >= 0 && p <= 100
	}
	switch {
	case t.Strategy == BlueGreen || t.Strategy == DarkLaunch && len(t.Match) == 0:
		c.doubt("traffic.split", "given with %s, in which users' traffic stays with the baseline: leave it out", t.Strategy)
	case len(t.Split) != versions:
		c.doubt("traffic.split", "%d parts for %d versions: give one for each, the baseline's first", len(t.Split), versions)
	case !whole || sum != 100:
		c.doubt("traffic.split", "%s is %d in all: the parts are percent and sum to 100", splitText(t.Split), sum)
	case t.Strategy == Progressive && c.given("start"):
		c.doubt("traffic.start", "given beside traffic.split: give one or the other")
	}
}

// start is what a progressive trial begins with.
func (c checker) start(versions int) {
	t := c.file.Traffic
	switch {
	case t.Strategy != Progressive || c.file.Baseline == nil:
		if c.given("start") {
			c.doubt("traffic.start", "given where nothing starts by it: it is for strategy: progressive with a baseline")
		}
	case t.Start > t.Max:
		c.doubt("traffic.start", "%d%% is more than traffic.max, %d%%: lower it", t.Start, t.Max)
	case t.Start*(versions-1) > 100:
		c.doubt("traffic.start", "%d%% for each of %d candidates is more than 100%%: lower it", t.Start, versions-1)
	case t.Start < t.Floor:
		c.doubt("traffic.start", "%d%% is less than traffic.floor, %d%%: a version in the running keeps that much", t.Start, t.Floor)
	}
}

func exampleSplit(versions int) string { return splitText(evenly(100, versions)) }

func splitText(split []int) string {
	return "[" + strings.Trim(strings.ReplaceAll(fmt.Sprint(split), " ", ", "), "[]") + "]"
}

// given reports whether the file says something about a key that differs from
// its default: a resolved file says everything.
func (c checker) given(key string) bool {
	_, placed := c.places["traffic."+key]
	t, d := c.file.Traffic, DefaultTraffic()
	differs := map[string]bool{
		"policy": t.Policy != d.Policy, "start": t.Start != d.Start, "explore": t.Explore != d.Explore,
		"floor": t.Floor != d.Floor, "max": t.Max != d.Max, "step": t.Step != d.Step,
	}
	return placed && differs[key]
}

func (c checker) pace() {
	t := c.file.Traffic
	length := c.file.Load.RoundLength()
	c.between("traffic.every", t.Every, time.Millisecond, time.Hour)
	c.between("traffic.settle", t.Settle, 0, time.Hour)
	switch {
	case t.Every < length:
		c.doubt("traffic.every", "%s is shorter than a round, which is %s at this rate: weights move between rounds", durationText(t.Every), durationText(length))
	case t.Settle+length > t.Every:
		c.doubt("traffic.settle", "%s leaves no whole round of %s to be judged every %s: shorten it, or lengthen traffic.every",
			durationText(t.Settle), durationText(length), durationText(t.Every))
	}
}

// strategy refuses keys of other strategies, and policies that lack their rewards.
func (c checker) strategy() {
	t := c.file.Traffic
	if t.Strategy != Progressive {
		for _, key := range []string{"policy", "explore", "floor", "max", "step"} {
			if c.given(key) {
				c.doubt("traffic."+key, "given with strategy: %s, in which evidence moves no weights: leave it out", t.Strategy)
			}
		}
	}
	switch p := t.Policy; {
	case p == slo.Fixed:
		c.doubt("traffic.policy", "fixed moves nothing: that is strategy: fixed-split")
	case (p == slo.Thompson || p == slo.TopTwo) && len(c.file.Rewards) == 0:
		c.doubt("traffic.policy", "%s shares traffic by the chance of being best, and nothing says what is best: give rewards, or policy: progressive", p)
	case c.given("explore") && p != slo.EpsilonGreedy:
		c.doubt("traffic.explore", "given with policy: %s: it is for epsilon-greedy", p)
	}
	switch {
	case t.Strategy == DarkLaunch && len(t.Match) == 0 && t.Mirror == nil:
		c.doubt("traffic.strategy", "dark-launch without match or mirror: the candidate would get no requests but the trial's own; "+
			"add mirror: {percent: 100}, or match: [{headers: {…}}], or take blue-green")
	case t.AtEnd == Keep && len(t.Match) > 0:
		c.doubt("traffic.at-end", "keep with match: the split of those who match would become everybody's; say to-winner or to-baseline")
	case t.Strategy == BlueGreen && len(t.Match) > 0:
		c.doubt("traffic.match", "given with blue-green, in which all requests go to the baseline: leave it out, or take dark-launch")
	}
}

func (c checker) backends(targets []loadgen.Target) {
	t := c.file.Traffic
	var names []string
	for _, target := range targets {
		names = append(names, target.Name)
	}
	for name := range t.Backends {
		if !slices.Contains(names, name) {
			c.doubt(join("traffic.backends", name), "there is no version called %q (known: %s)%s", name, strings.Join(names, ", "), trial.DidYouMean(name, names))
		}
	}
	if len(t.Weights) > 0 {
		c.weights(names)
		return
	}
	seen := map[string]string{}
	for _, target := range targets {
		b, err := c.file.backend(target)
		path := join("traffic.backends", target.Name)
		_, written := t.Backends[target.Name]
		if err != nil && !written {
			c.doubt("traffic.backends", "no backend for %s: %v; say which it is, as in backends: {%s: shop-canary:8080}", target.Name, err, target.Name)
			continue
		} else if err != nil {
			c.doubt(path, "%v", err)
			continue
		}
		key := fmt.Sprint(b.Name, ":", b.Port)
		if other, twice := seen[key]; twice {
			c.doubt("traffic.backends", "%s and %s have the same backend, %s: traffic can't be shared between them", other, target.Name, b.Name)
		}
		seen[key] = target.Name
	}
}

// weights are fields that hold the split, one for each version.
func (c checker) weights(names []string) {
	given := map[string]bool{}
	for i, w := range c.file.Traffic.Weights {
		path := fmt.Sprintf("traffic.weights[%d]", i)
		c.reference(join(path, "object"), w.Object, "virtualserver/shop")
		c.visible(join(path, "jsonpath"), w.JSONPath)
		if !strings.HasPrefix(strings.TrimPrefix(w.JSONPath, "{"), ".") {
			c.doubt(join(path, "jsonpath"), "%q is no path to a field: write it as in .spec.routes[0].splits[1].weight", w.JSONPath)
		}
		switch {
		case !slices.Contains(names, w.Version):
			c.doubt(join(path, "version"), "there is no version called %q (known: %s)%s", w.Version, strings.Join(names, ", "), trial.DidYouMean(w.Version, names))
		case given[w.Version]:
			c.doubt(join(path, "version"), "%q has a weight already", w.Version)
		}
		given[w.Version] = true
	}
	for _, name := range names {
		if !given[name] {
			c.doubt("traffic.weights", "no weight for %s: every version needs one", name)
		}
	}
}

// rules are who takes part, what is copied, and who stays.
func (c checker) rules(targets []loadgen.Target) {
	t := c.file.Traffic
	for i, m := range t.Match {
		if len(m.Headers)+len(m.Cookies) == 0 && m.Path == "" {
			c.doubt(fmt.Sprintf("traffic.match[%d]", i), "it names nothing, and so would match every request: give headers, cookies or a path")
		}
	}
	if (len(t.Match) > 0 || t.Mirror != nil) && c.file.Baseline == nil {
		c.doubt("traffic", "match and mirror need a baseline, which gets all that takes no part: give one")
	}
	if m := t.Mirror; m != nil {
		var candidates []string
		for _, target := range targets[min(len(targets), 1):] {
			candidates = append(candidates, target.Name)
		}
		switch {
		case m.Percent < 1 || m.Percent > 100:
			c.doubt("traffic.mirror", "percent %d is out of range: 1 to 100 percent of the baseline's requests are copied", m.Percent)
		case m.To == "" && len(candidates) > 1:
			c.doubt("traffic.mirror", "it says not to whom: add to: one of %s", strings.Join(candidates, ", "))
		case m.To != "" && !slices.Contains(candidates, m.To):
			c.doubt("traffic.mirror", "there is no candidate called %q (known: %s)", m.To, strings.Join(candidates, ", "))
		}
	}
	if s := t.Sticky; s != nil && (s.Cookie == "") == (s.Header == "") {
		c.doubt("traffic.sticky", "give either the name of a cookie or that of a header")
	}
}

// settling refuses a trial that is long enough but for the time in which its
// traffic settles, should each move that may come do so.
func (c checker) settling() {
	t, load := c.file.Traffic, c.file.Load
	if len(c.mistakes) > 0 || !t.Wanted() || t.DryRun || t.Strategy != Progressive {
		return
	}
	length := load.RoundLength()
	judged := 1 - float64(t.Settle+length)/float64(t.Every)
	rounds := int(judged * float64(load.Rounds()))
	if len(c.file.Policy().Check(rounds, length, len(c.file.Targets()))) == 0 {
		return
	}
	enough := time.Duration(math.Ceil(load.For.Seconds()/judged)) * time.Second
	c.doubt("load.for", "%s is too short for a verdict with traffic that settles for %s of every %s, when nothing is judged: use for: %s or longer, or a longer traffic.every",
		durationText(load.For), durationText(t.Settle), durationText(t.Every), durationText(enough))
}

// kind refuses a kind of route that is not known, and a plan that it can't do.
func (c checker) kind() {}
