package config

import (
	"fmt"
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

// Fields are the Weights as k8s knows them.
func (t Traffic) Fields() []k8s.Weight {
	var out []k8s.Weight
	for _, w := range t.Weights {
		out = append(out, k8s.Weight{Object: w.Object, Path: w.JSONPath, Version: w.Version})
	}
	return out
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

// Elsewhere refuses a route in this namespace where a version that names no
// backend is loaded in another one: the load would go to a Service of the same
// name that is not the one whose traffic is moved.
func (f File) Elsewhere(namespace string) error {
	if !f.Traffic.Wanted() || len(f.Traffic.Weights) > 0 {
		return nil
	}
	for _, t := range f.Targets() {
		u, err := url.Parse(t.URL)
		if _, given := f.Traffic.Backends[t.Name]; given || err != nil {
			continue
		}
		labels := strings.Split(u.Hostname(), ".")
		if len(labels) > 2 && labels[2] == "svc" && labels[1] != namespace {
			return fmt.Errorf("%s is loaded in the namespace %q, and the route is in %q: name the namespace of the route, or say which backend of it that is, as in backends: {%s: %s/%s}",
				t.Name, labels[1], namespace, t.Name, labels[1], labels[0])
		}
	}
	return nil
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
