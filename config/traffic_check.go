package config

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// traffic refuses what can't be done with live traffic, or says two things.
func (c checker) traffic() {
	t := c.file.Traffic
	if !t.Wanted() {
		c.idle()
		c.stated()
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
	c.rules(targets)
	c.backends(targets)
}

// idle refuses keys that do nothing without a route.
func (c checker) idle() {
	for _, input := range Inputs {
		key, within := strings.CutPrefix(input.Path, "traffic.")
		_, given := c.places[input.Path]
		isStated := key == "split" && len(c.file.Declared) > 0
		if within && given && key != "dry-run" && !isStated && !c.isUnread("traffic.route") {
			c.doubt(input.Path, "given without traffic.route: name the route whose traffic is shared, as in httproute/shop")
			return
		}
	}
}

// stated checks a split that somebody else keeps, which is only held against
// what versions got.
func (c checker) stated() {
	split, versions := c.file.Traffic.Split, len(c.file.Targets())
	if len(split) == 0 || len(c.file.Declared) == 0 || c.isUnread("traffic.split") {
		return
	}
	c.shares(versions)
	if !slices.ContainsFunc(c.file.Declared, func(m Metric) bool { return m.Traffic }) {
		c.doubt("traffic.split", "stated, and no metric counts the requests to hold against it: say traffic: true at the one that does")
	}
}

func (c checker) route() {
	t := c.file.Traffic
	if t.Route != "" && len(t.Weights) > 0 {
		c.doubt("traffic.weights", "given beside traffic.route: give one or the other")
	}
	if t.Route != "" {
		c.reference("traffic.route", t.Route, "httproute/shop")
		if _, name, found := strings.Cut(t.Route, "/"); found && name != "" {
			c.objectName("traffic.route", name)
		}
	}
	c.objectName("traffic.namespace", t.Namespace)
}

// nameOfObject is a DNS subdomain, which names in Kubernetes are.
var nameOfObject = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$`)

// objectName refuses what nothing in a cluster can be called, and so would be
// waited for in vain.
func (c checker) objectName(path, name string) {
	if !nameOfObject.MatchString(name) && !c.isUnread(path) {
		c.doubt(path, "%q is no name that it can have in a cluster: those have small letters, digits, - and . alone", name)
	}
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
	switch {
	case t.Strategy == BlueGreen || t.Strategy == DarkLaunch && len(t.Match) == 0:
		c.doubt("traffic.split", "given with %s, in which users' traffic stays with the baseline: leave it out", t.Strategy)
	case !c.shares(versions):
	case t.Strategy == Progressive && c.given("start"):
		c.doubt("traffic.start", "given beside traffic.split: give one or the other")
	}
}

// shares refuses a split that is none, and reports whether it is one.
func (c checker) shares(versions int) bool {
	split, sum, whole := c.file.Traffic.Split, 0, true
	for _, p := range split {
		sum += p
		whole = whole && p >= 0 && p <= 100
	}
	switch {
	case len(split) != versions:
		c.doubt("traffic.split", "%d parts for %d versions: give one for each, the baseline's first", len(split), versions)
	case !whole || sum != 100:
		c.doubt("traffic.split", "%s is %d in all: the parts are percent and sum to 100", splitText(split), sum)
	default:
		return true
	}
	return false
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
	length := c.file.RoundLength()
	c.between("traffic.every", t.Every, time.Millisecond, time.Hour)
	c.between("traffic.settle", t.Settle, 0, time.Hour)
	switch {
	case t.Every < length:
		c.doubt("traffic.every", "%s is shorter than a round, which is %s here: weights move between rounds", durationText(t.Every), durationText(length))
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
	case t.AtEnd == AtEndAuto && t.LeftTo() == ToWinner && slices.ContainsFunc(c.file.On.Pass, func(a Action) bool { return a.Run != "" }):
		c.doubt("traffic", "on: pass runs commands after the route was left, to the winner if nothing else is said: say at-end: to-baseline if they promote in place "+
			"and take the candidate away, or else at-end: to-winner")
	case t.AtEnd == Keep && len(t.Match) > 0:
		c.doubt("traffic.at-end", "keep with match: the split of those who match would become everybody's; say to-winner or to-baseline")
	case t.Strategy == BlueGreen && len(t.Match) > 0:
		c.doubt("traffic.match", "given with blue-green, in which all requests go to the baseline: leave it out, or take dark-launch")
	}
}

func (c checker) backends(targets []loadgen.Target) {
	t := c.file.Traffic
	names := versionsOf(targets)
	for name := range t.Backends {
		if !slices.Contains(names, name) {
			c.doubt(join("traffic.backends", name), "there is no version called %q (known: %s)%s", name, strings.Join(names, ", "), trial.DidYouMean(name, names))
		}
	}
	if len(t.Weights) > 0 {
		c.weights(names)
	}
	for _, target := range targets {
		_, err := c.file.backend(target)
		if _, written := t.Backends[target.Name]; written && err != nil {
			c.doubt(join("traffic.backends", target.Name), "%v", err)
		}
	}
	if namespace := cmp.Or(t.Namespace, c.file.Cluster.Namespace); namespace != "" {
		if err := c.file.Elsewhere(namespace); err != nil {
			c.doubt("traffic.backends", "%v", err)
		}
	}
	c.kind(targets)
}

// kind refuses a kind of route that is not known, and what it can't do. Some
// kinds know their versions without the names of backends.
func (c checker) kind(targets []loadgen.Target) {
	if len(c.mistakes) > 0 {
		return
	}
	word, _, _ := strings.Cut(c.file.Traffic.Route, "/")
	path := "traffic.route"
	if len(c.file.Traffic.Weights) > 0 {
		word, path = "weights", "traffic.weights"
		if err := k8s.CheckWeights(c.file.Traffic.Fields(), versionsOf(targets)); err != nil {
			c.doubt(path, "%v", err)
			return
		}
	}
	backends := c.file.Backends()
	named := slices.Clone(backends)
	for i := range named {
		named[i].Name = cmp.Or(named[i].Name, named[i].Version)
	}
	if err := k8s.CheckPlan(word, named, c.file.Plan()); err != nil {
		c.doubt(path, "%v", err)
	} else if k8s.CheckPlan(word, backends, c.file.Plan()) != nil {
		c.nameless(targets)
	}
}

// nameless asks for the backends that no URL names.
func (c checker) nameless(targets []loadgen.Target) {
	for _, target := range targets {
		if _, err := c.file.backend(target); err != nil {
			c.doubt("traffic.backends", "no backend for %s: %v; say which it is, as in backends: {%s: shop-canary:8080}", target.Name, err, target.Name)
		}
	}
}

func versionsOf(targets []loadgen.Target) []string {
	var names []string
	for _, target := range targets {
		names = append(names, target.Name)
	}
	return names
}

// weights are fields that hold the split; one version may have none.
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
	missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return given[name] })
	if len(missing) > 1 {
		c.doubt("traffic.weights", "no weight for %s: all versions but one, which has what is left, need theirs", strings.Join(missing, " and "))
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
	length := c.file.RoundLength()
	judged := 1 - float64(t.Settle+length)/float64(t.Every)
	if c.file.NoLoad() {
		c.settlingWindows(judged)
		return
	}
	rounds := int(judged * float64(load.Rounds()))
	if len(c.file.Policy().Check(rounds, length, len(c.file.Targets()))) == 0 {
		return
	}
	enough := time.Duration(math.Ceil(load.For.Seconds()/judged)) * time.Second
	c.doubt("load.for", "%s is too short for a verdict with traffic that settles for %s of every %s, when nothing is judged: use for: %s or longer, or a longer traffic.every",
		durationText(load.For), durationText(t.Settle), durationText(t.Every), durationText(enough))
}

// settlingWindows is settling of a trial that only asks others.
func (c checker) settlingWindows(judged float64) {
	f := c.file
	windows := int(judged * float64(f.JudgedWindows()))
	if f.Resume != "" || len(f.Policy().CheckWindows(f.Metrics[0].Series, windows, f.Windows.Interval, len(f.Targets()))) == 0 {
		return
	}
	c.doubt("windows.for", "%s is too short for a verdict with traffic that settles for %s of every %s, when nothing is judged: use for: %s or longer, or a longer traffic.every",
		durationText(f.Windows.For), durationText(f.Traffic.Settle+f.Windows.Interval), durationText(f.Traffic.Every),
		durationText(time.Duration(math.Ceil(f.Windows.For.Seconds()/judged))*time.Second))
}
