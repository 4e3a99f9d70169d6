package migrate

import (
	"regexp"
	"strings"
)

// placeName is what a place in a query may be called.
var placeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// iter8Metrics declares Metric resources. It returns what objectives call them,
// by the names that iter8 knows them by.
// https://github.com/iter8-tools/etc3/blob/main/api/v2alpha2/metric_types.go
func (j *job) iter8Metrics(resources []*value) map[string]string {
	names := map[string]string{}
	providers, metrics := &block{}, []part{}
	taken := map[string]bool{}
	for _, m := range resources {
		own, namespace := m.get("metadata", "name").str(), m.get("metadata", "namespace").str()
		spec := m.get("spec")
		if own == "" || spec == nil {
			j.add(m.at, "a Metric has metadata.name and a spec")
			continue
		}
		name := metricName(own, namespace, taken)
		taken[name], names[own], names[namespace+"/"+own] = true, name, name
		b := &block{}
		b.set("name", name)
		j.metric8(b, providers, spec)
		metrics = append(metrics, part{value: b})
		j.leftovers("iter8 Metric "+own, m, "")
	}
	if !providers.empty() {
		j.draft.rest.set("providers", providers)
	}
	if len(metrics) > 0 {
		j.draft.rest.set("metrics", metrics)
	}
	return names
}

var notOfMetrics = regexp.MustCompile(`[^A-Za-z0-9]+`)

// metricName is a name for a metric that the load has none of.
func metricName(name, namespace string, taken map[string]bool) string {
	clean := func(text string) string { return strings.Trim(notOfMetrics.ReplaceAllString(text, "-"), "-") }
	out := clean(name)
	if len(out) > 60 {
		out = strings.Trim(out[:60], "-")
	}
	isOurs := out == "error-rate" || out == "throughput" || strings.HasPrefix(out, "latency") || out == "baseline"
	if out == "" || isOurs || out[0] <= '9' || taken[out] {
		out = strings.Trim("users-"+clean(namespace)+"-"+out, "-")
	}
	for taken[out] {
		out += "x"
	}
	return out
}

// metric8 is one metric, and its provider where that is a new one.
func (j *job) metric8(b, providers *block, spec *value) {
	if text := spec.get("description").str(); text != "" {
		b.set("description", shown(text))
	}
	kind := j.kind8(spec.get("type"))
	b.set("kind", bare(kind))
	j.unit8(b, spec.get("units").str(), kind)
	if size := spec.get("sampleSize").str(); size != "" {
		b.note("iter8 sampleSize " + size + ": how many were sampled is judged by the windows")
	}
	j.mock8(b, spec.get("mock"))
	address := spec.get("urlTemplate")
	if address == nil {
		if spec.get("mock") == nil {
			j.add(spec.at, "its metric has no urlTemplate: say where it is asked")
		}
		return
	}
	origin, path, headers, ok := j.split(address.at, places8(j.secretPlaces(spec, address.str()), action("round-seconds")))
	if !ok {
		return
	}
	p := &block{}
	asksPrometheus := strings.Contains(path, "/api/v1") || strings.EqualFold(spec.get("provider").str(), "prometheus")
	spec.get("provider").all()
	if asksPrometheus && isQuery(spec.get("params")) {
		before, _, _ := strings.Cut(path, "/api/v1")
		p.set("type", bare("prometheus"))
		p.set("url", strings.TrimRight(origin+before, "/"))
		j.prometheus8(b, spec, kind)
	} else {
		p.set("type", bare("rest"))
		p.set("url", origin)
		j.rest8(b, spec, path)
	}
	for _, h := range headers {
		p.set("headers", headersBlock(h))
	}
	j.auth8(p, spec)
	b.set("from", providerOf(providers, p))
}

// kind8 is what is known of a metric in a window.
func (j *job) kind8(v *value) string {
	switch strings.ToLower(v.str()) {
	case "", "gauge":
		return "value"
	case "counter":
		return "total"
	}
	j.add(v.at, "%s is no type of a metric: write Counter or Gauge", quoted(v.text))
	return ""
}

func headersBlock(h pair) *block {
	b := &block{}
	b.set(h.name, h.value, secretWord(h.value))
	return b
}

// providerOf is the name of a provider, which is added if it is a new one.
func providerOf(providers, p *block) string {
	for _, e := range providers.entries {
		if same(e.value.(*block), p) {
			return e.key
		}
	}
	kind, _ := p.entries[0].value.(bare)
	name := string(kind)
	for providers.has(name) {
		name += "-2"
	}
	providers.set(name, p)
	return name
}

func same(a, b *block) bool {
	x, errX := entry{"p", part{value: a}}.print()
	y, errY := entry{"p", part{value: b}}.print()
	return errX == nil && errY == nil && string(x) == string(y)
}

// unit8: iter8's units are words for people; of times the base unit is a second.
func (j *job) unit8(b *block, unit, kind string) {
	switch strings.ToLower(unit) {
	case "":
	case "milliseconds", "msec", "ms", "millisecond":
		b.note("iter8 units " + unit + ": numbers stay what they are")
	default:
		if kind == "total" || unit != "" {
			b.note("iter8 units " + unit)
		}
	}
}

func (j *job) mock8(b *block, v *value) {
	if v == nil {
		return
	}
	if !j.draft.rest.has("traffic") {
		dry := &block{flow: true}
		dry.set("dry-run", bare("true"))
		j.draft.rest.set("traffic", dry, "mock numbers count in a dry run alone")
	}
	inner := &block{flow: true}
	for i, item := range v.list() {
		name := "baseline"
		if i > 0 {
			name = "candidate"
		}
		if level, given := j.number(item.get("level")); given && !inner.has(name) {
			inner.set(name, bare(figure(level)))
		}
		item.get("name").all()
	}
	if !inner.empty() {
		b.set("mock", inner)
	}
}

func isQuery(params *value) bool {
	items := params.list()
	return len(items) == 1 && items[0].get("name").str() == "query"
}

// prometheus8 is a query in PromQL. iter8 asks over all the time since its start,
// a trial over each window.
func (j *job) prometheus8(b *block, spec *value, kind string) {
	text := spec.get("params").items[0].get("value").str()
	text = withUnit.ReplaceAllString(strings.TrimSpace(text), "$$round")
	b.set("query", query(places8(text, "")))
	if kind == "total" {
		b.set("running", bare("false"))
	}
	spec.get("jqExpression").all()
	spec.get("method").all()
	if body := spec.get("body"); body != nil {
		b.note("iter8 body: Prometheus is asked by the query alone")
		body.all()
	}
}

// rest8 is a web request, and the jq program that reads its reply.
func (j *job) rest8(b *block, spec *value, path string) {
	if path = strings.TrimPrefix(path, "/"); path != "" {
		b.set("path", query(places8(path, action("round"))))
	}
	params := &block{}
	for _, item := range spec.get("params").list() {
		params.set(item.get("name").str(), query(places8(strings.TrimSpace(item.get("value").str()), action("round-seconds"))))
	}
	if !params.empty() {
		b.set("params", params)
	}
	if method := spec.get("method").str(); method == "POST" {
		b.set("method", bare("POST"))
	}
	if body := spec.get("body").str(); body != "" {
		b.set("body", query(places8(body, action("round-seconds"))))
	}
	if answer := spec.get("jqExpression").str(); answer != "" {
		b.set("answer", answer)
	}
}

var (
	elapsed    = regexp.MustCompile(`\$(\{elapsedTime\}|\{interval\}|elapsedTime|interval)`)
	withUnit   = regexp.MustCompile(`\$(\{elapsedTime\}|\{interval\}|elapsedTime|interval)s?\b`)
	version8   = regexp.MustCompile(`\$(\{name\}|name\b)`)
	variable8  = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)`)
	ownPlaces8 = "round"
)

// places8 makes places of iter8's placeholders: the version's name, its variables,
// and the time since the beginning, which is a window here.
func places8(text, window string) string {
	text = elapsed.ReplaceAllString(text, window)
	text = version8.ReplaceAllString(text, action("version"))
	return variable8.ReplaceAllStringFunc(text, func(whole string) string {
		name := strings.Trim(whole, "${}")
		if name == ownPlaces8 {
			return whole
		}
		return action(name)
	})
}

// secretPlaces are keys of the metric's secret, in its URL and its headers.
func (j *job) secretPlaces(spec *value, text string) string {
	if spec.get("secret").str() == "" {
		return text
	}
	return variable8.ReplaceAllStringFunc(text, func(whole string) string {
		return refer(variableName(strings.Trim(whole, "${}")))
	})
}

// auth8 is how the provider knows who asks. The secret's keys become variables.
func (j *job) auth8(p *block, spec *value) {
	secret := spec.get("secret").str()
	if secret != "" {
		p.note("iter8 kept this in the Secret " + secret + ".")
	}
	auth := spec.get("authType").str()
	if strings.EqualFold(auth, "Basic") {
		basic, outer := &block{flow: true}, &block{flow: true}
		basic.set("user", refer(variableName(secret+"_USERNAME")))
		basic.set("password", refer(variableName(secret+"_PASSWORD")))
		outer.set("basic", basic)
		p.set("auth", outer)
	}
	headers := &block{}
	for _, item := range spec.get("headerTemplates").list() {
		name, text := item.get("name").str(), j.secretPlaces(spec, item.get("value").str())
		if isToken(name) {
			text = j.draft.header(name, text)
			headers.set(name, text, secretWord(text))
		}
	}
	if !headers.empty() {
		p.set("headers", headers)
	}
}
