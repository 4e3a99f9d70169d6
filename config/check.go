package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// checker looks for what is wrong in the meaning of a file that was read.
type checker struct {
	*ledger
	file     File
	readFile func(string) ([]byte, error)
	getenv   func(string) string
}

func (c checker) check() {
	c.versions()
	c.ready()
	c.objectName("cluster.namespace", c.file.Cluster.Namespace)
	c.metrics()
	if c.file.NoLoad() {
		c.noLoad()
	} else {
		c.load()
		c.request()
		c.requests()
		c.files()
	}
	c.hooks()
	c.publish()
	c.policy()
	c.traffic()
	c.budget()
	if strings.TrimSpace(c.file.ReportDir) == "" {
		c.doubt("report-dir", "empty: name the directory for evidence and reports")
	}
	c.visible("report-dir", c.file.ReportDir)
}

// visible refuses what logs and later steps could take for a command, or
// could not be told from another text.
func (c checker) visible(path, text string) {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }) {
		c.doubt(path, "%q has a control character: leave it out", text)
	}
}

// policy is what stored evidence is held to as well.
func (c checker) policy() {
	c.objectives(c.file.Baseline != nil || c.isUnread("baseline"))
	c.rewards()
	c.pattern()
	c.confidence("confidence", c.file.Confidence)
	c.between("at-least", c.file.AtLeast, 0, 24*time.Hour)
}

// versionPaths are the paths of File.Targets, in their order.
func (c checker) versionPaths() []string {
	var paths []string
	if c.file.Baseline != nil {
		paths = append(paths, "baseline")
	}
	if c.file.Candidate != nil {
		paths = append(paths, "candidate")
	}
	for i := range c.file.Candidates {
		paths = append(paths, fmt.Sprintf("candidates[%d]", i))
	}
	return paths
}

// mostVersions is what a record can tell apart.
const mostVersions = 255

func (c checker) versions() {
	f := c.file
	switch {
	case f.Candidate == nil && len(f.Candidates) == 0 && !c.isUnread("candidates"):
		c.lack("candidate", "no candidate: give the URL of the version on trial, as candidate: in the file or --candidate")
	case f.Candidate != nil && len(f.Candidates) > 0:
		c.doubt("candidates", "given beside candidate: give one or the other")
	}
	targets, paths := f.Targets(), c.versionPaths()
	if len(targets) > mostVersions {
		c.doubt("candidates", "a trial has at most %d versions, not %d", mostVersions, len(targets))
		return
	}
	if f.Load.Identify != nil || f.Load.URL != "" {
		c.gateway(targets, paths)
		return
	}
	if f.NoLoad() {
		c.named(targets, paths)
		return
	}
	for i, t := range targets {
		c.visible(join(paths[i], "name"), t.Name)
		c.addresses(paths[i], t)
		c.unfilled(join(paths[i], "url"), t.URL)
		c.host(join(paths[i], "host"), t.Host)
		c.unfilledHeaders(join(paths[i], "headers"), t.Headers)
		c.headers(join(paths[i], "headers"), t.Headers)
		for j := range i {
			c.twins(targets[j], t, paths[j], paths[i])
		}
	}
}

// named checks versions that are asked nothing themselves.
func (c checker) named(targets []target, paths []string) {
	for i, t := range targets {
		c.visible(join(paths[i], "name"), t.Name)
		for j := range i {
			c.namesakes(targets[j], t, paths[j], paths[i])
		}
	}
}

// namesakes refuses two versions of one name.
func (c checker) namesakes(a, b loadgen.Target, pathA, pathB string) {
	if a.Name == b.Name {
		c.doubt(join(pathB, "name"), "%s is called %q as well: names must differ", pathA, a.Name)
	}
}

// twins refuses two versions that can't be told apart.
func (c checker) twins(a, b loadgen.Target, pathA, pathB string) {
	c.namesakes(a, b, pathA, pathB)
	sameURL := normal(a.URL) == normal(b.URL) && normal(a.GRPC) == normal(b.GRPC)
	sameHost := cmp.Or(a.Host, c.file.Load.Host) == cmp.Or(b.Host, c.file.Load.Host)
	sameHeaders := maps.EqualFunc(a.Headers, b.Headers, func(x, y trial.Secret) bool { return x.Reveal() == y.Reveal() })
	if a.URL != "" && sameURL && sameHost && sameHeaders && !c.isUnread(pathA) && !c.isUnread(pathB) {
		c.doubt(join(pathB, "url"), "duplicate versions: %s and %s have the same URL, host and headers", pathA, pathB)
	}
}

// normal is an address as others that ask the same are written too (RFC 3986, 6.2.3).
func normal(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return strings.TrimRight(address, "/")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	port := cmp.Or(strings.TrimLeft(u.Port(), "0"), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	u.Host = strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) + ":" + port
	u.Fragment, u.ForceQuery = "", false
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u.String()
}

// isPort reports whether an address names no port, or one that there is.
func isPort(port string) bool {
	n, err := strconv.Atoi(port)
	return port == "" || err == nil && n >= 1 && n <= 65535
}

// url refuses what can't be asked. It shows nothing that may be a credential.
func (c checker) url(path, address string, schemes ...string) {
	u, err := url.Parse(address)
	shown := c.file.shown(address)
	_, refers := c.file.Written[address]
	scheme, _, hasScheme := strings.Cut(address, "://")
	switch {
	case address == "":
		c.doubt(path, "no URL: write one, as in http://shop.svc:8080")
	case strings.HasPrefix(address, "/"):
		c.doubt(path, "%q is a path: write %s://HOST%s", shown, schemes[0], shown)
	case address != strings.TrimSpace(address):
		c.doubt(path, "%q begins or ends with blanks: leave them out", shown)
	case !hasScheme:
		c.doubt(path, "%q has no scheme: write %s://%s", shown, schemes[0], shown)
	case !slices.Contains(schemes, strings.ToLower(scheme)):
		c.doubt(path, "%q has a scheme that is not known here (known: %s)", shown, strings.Join(schemes, ", "))
	case err != nil && (refers || textualUser(address) != ""):
		// The cause is not told: it may quote a part of a password.
		c.doubt(path, "%q with its user information is not a URL: percent-encode what has a meaning in it", shown)
	case err != nil:
		c.doubt(path, "%q is not a URL: %v", shown, errors.Unwrap(err))
	case u.Hostname() == "":
		c.doubt(path, "%q has no host: write %s://HOST/…", shown, scheme)
	case !isPort(u.Port()):
		c.doubt(path, "%q has a port that there is not: 1 to 65535", shown)
	}
}

func (c checker) ready() {
	c.between("ready.within", c.file.Ready.Within, time.Millisecond, 24*time.Hour)
	c.between("ready.every", c.file.Ready.Every, 10*time.Millisecond, time.Minute)
	for i, p := range c.file.Ready.URLs {
		path := fmt.Sprintf("ready.urls[%d]", i)
		c.probe(path, p)
		c.unfilled(join(path, "url"), p.URL)
		if _, err := regexp.Compile(p.Body); err != nil {
			c.doubt(join(path, "body"), "%v", err)
		}
	}
	first := map[k8s.Object]int{}
	for i, o := range c.file.Ready.Objects {
		path := fmt.Sprintf("ready.objects[%d]", i)
		if err := o.Check(); err != nil {
			c.doubt(path, "%v", err)
		}
		if other, twice := first[o]; twice {
			c.doubt(path, "given twice; first as ready.objects[%d]", other)
		} else {
			first[o] = i
		}
	}
}

func (c checker) load() {
	o := c.file.Load
	c.between("load.for", o.For, time.Second, 24*time.Hour)
	c.between("load.warmup", o.Warmup, 0, time.Hour)
	c.between("load.timeout", o.Timeout, time.Millisecond, 5*time.Minute)
	if o.Connections < 1 || o.Connections > 1000 {
		c.doubt("load.connections", "%d is out of range: 1 to 1000", o.Connections)
	}
	if len(o.Expect) == 0 {
		c.doubt("load.expect", "empty: name the statuses that are no errors, as in [200-399]")
	}
	c.leastRate("load.rate", o.Rate)
	c.shape()
	if o.HTTP2 && !o.KeepAlive {
		c.doubt("load.keep-alive", "false with http2: HTTP/2 keeps its connections")
	}
	if o.HTTP2 && o.Proxy != "" {
		c.doubt("load.proxy", "given with http2: HTTP/2 does not go through a proxy here")
	}
	c.calling()
	if proxy := o.Proxy; proxy != "" && proxy != "environment" {
		c.url("load.proxy", proxy, "http", "https", "socks5")
	}
}

// leastRate is a request an hour.
const leastRate = 1.0 / 3600

func (c checker) between(path string, d, low, high time.Duration) {
	if d < low || d > high {
		c.doubt(path, "%s is out of range: %s to %s", durationText(d), durationText(low), durationText(high))
	}
}

func (c checker) request() {
	o := c.file.Load
	c.method("load.method", o.Method)
	c.host("load.host", o.Host)
	c.headers("load.headers", o.Headers)
	c.body("load", o.Body, o.BodyFile)
}

func (c checker) host(path, host string) {
	if loadgen.IsTemplate(host) {
		c.doubt(path, "%s", notHere)
	} else if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == '/' || r == 0x7f }) {
		c.doubt(path, "%q is not a host name", host)
	}
}

// headers refuses what would not go out as it was written. It shows no value.
func (c checker) headers(path string, headers map[string]trial.Secret) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		at := join(path, name)
		if !isToken(name) {
			c.malformed(path, at)
			continue
		}
		if strings.ContainsAny(headers[name].Reveal(), "\r\n\x00") {
			c.doubt(at, "the value has a line break, which a header can't")
		}
		canonical := http.CanonicalHeaderKey(name)
		if other, twice := seen[canonical]; twice {
			c.doubt(at, "the same header as %s", other)
		}
		seen[canonical] = name
	}
}

// malformed refuses a header by its line alone: what stands before the colon
// may be a part of a secret that was split in the wrong place.
func (c checker) malformed(path, header string) {
	if !c.isUnread(header) {
		c.note(c.place(header), path, "what stands before the colon is not a header name: write Name: value")
	}
}

// isToken is RFC 9110, 5.6.2.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func (c checker) files() {
	o := c.file.Load
	switch {
	case o.Cert != "" && o.Key == "":
		c.doubt("load.cert", "given without load.key: a client certificate needs its key")
	case o.Key != "" && o.Cert == "":
		c.doubt("load.key", "given without load.cert: a key needs its client certificate")
	}
	for _, file := range []struct{ path, name string }{
		{"load.ca", o.CA}, {"load.cert", o.Cert}, {"load.key", o.Key},
	} {
		if file.name == "" {
			continue
		}
		if _, err := c.readFile(file.name); err != nil {
			c.doubt(file.path, "%v", err)
		}
	}
}

func (c checker) objectives(hasBaseline bool) {
	asked := c.file.Objectives
	if len(asked) == 0 && !hasBaseline && len(c.file.Rewards) == 0 {
		c.lack("objectives", "no objectives: a trial of one version needs objectives, as in latency-p99 <= 300ms; with a baseline there are defaults")
		return
	}
	first := map[string]int{}
	for i, o := range asked {
		path := fmt.Sprintf("objectives[%d]", i)
		if c.isUnread(path) {
			continue
		}
		if o.Relative() && !hasBaseline {
			c.doubt(path, "objective %q: there is no baseline to compare with: give one, or a limit of its own", o.Text)
		}
		if most := c.file.Load.Most(); o.Answers() > most.PerSecond && c.asksEvenly() {
			c.doubt(path, "objective %q: no version is asked more than %s, so it could only fail: ask for a higher load.rate, or for less", o.Text,
				trial.Quantity{Value: most.PerSecond, Unit: trial.PerSecond})
		}
		if o.Confidence != nil {
			c.confidence(join(path, "confidence"), *o.Confidence)
		}
		if other, twice := first[o.Text]; twice {
			c.doubt(path, "objective %q: given twice; first as %s", o.Text, c.written(fmt.Sprintf("objectives[%d]", other)))
		} else {
			first[o.Text] = i
		}
	}
	if len(asked) > 0 && !slices.ContainsFunc(asked, func(o slo.Objective) bool { return !o.Inform }) {
		c.doubt("objectives", "all of them only inform: at least one must be judged")
	}
}

// asksEvenly reports whether each version is sent requests at the load's rate: none
// of it is shared by a gateway, parted by requests, or as much as answers allow.
func (c checker) asksEvenly() bool {
	return !c.file.NoLoad() && c.file.Load.Identify == nil && !c.file.Load.Closed && len(c.file.Requests) == 0
}

// inverted are the objectives whose comparison may have been written the wrong
// way round.
func (c checker) inverted() []Warning {
	var out []Warning
	for _, o := range c.file.Objectives {
		if better := o.Inverted(); better != "" {
			out = append(out, Warning(oneLine(fmt.Sprintf("objective %q: %s, the sooner it passes; is the comparison the right way round?", o.Text, better))))
		}
	}
	return out
}

func (c checker) rewards() {
	first := map[string]int{}
	for i, r := range c.file.Rewards {
		path := fmt.Sprintf("rewards[%d]", i)
		if c.isUnread(path) {
			continue
		}
		if other, twice := first[r.Text]; twice {
			c.doubt(path, "reward %q: given twice; first as rewards[%d]", r.Text, other)
		} else {
			first[r.Text] = i
		}
	}
}

// pattern refuses versions, objectives and rewards that don't go together.
func (c checker) pattern() {
	if len(c.mistakes) > 0 {
		return
	}
	candidates := len(c.file.Candidates)
	if c.file.Candidate != nil {
		candidates++
	}
	for _, text := range c.file.Policy().CheckPattern(candidates, c.file.Baseline != nil) {
		c.doubt("pattern", "%s", text)
	}
}

// mostSlots is how many slots a record can number.
const mostSlots = 1<<32 - 1

// budget refuses a load that could not bring the verdict that is asked for.
func (c checker) budget() {
	c.windows()
	if len(c.mistakes) > 0 {
		return
	}
	if c.file.NoLoad() {
		c.settling()
		return
	}
	if o := c.file.Load; !o.Closed && o.Turns()*float64(len(c.file.Targets())) > mostSlots {
		c.doubt("load.rate", "more than 4 billion requests in one trial: lower the rate or the time")
		return
	}
	for _, text := range c.file.Policy().Check(c.file.Load.Rounds(), c.file.Load.RoundLength(), len(c.file.Targets())) {
		c.doubt("load.for", "%s", text)
	}
	c.rareRequests()
	c.settling()
}

// Below the least, a verdict would be worth less than a coin; above the most,
// no trial that ends could reach one.
const (
	leastConfidence = 0.5
	mostConfidence  = 0.99999
)

func (c checker) confidence(path string, p slo.Percent) {
	if p < leastConfidence || p > mostConfidence {
		text, _ := p.MarshalText() // never fails
		c.doubt(path, "%s is out of range: 50%% to 99.999%%", text)
	}
}
