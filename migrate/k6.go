package migrate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// isK6 reports whether a document is of k6: what k6 inspect prints, the options
// of a script, or the metadata of an archive.
func isK6(v *value) bool {
	if options := v.get("options"); options != nil {
		v = options
	}
	return slices.ContainsFunc([]string{"thresholds", "scenarios", "vus", "stages", "iterations", "rps", "setupTimeout"}, func(key string) bool { return v.get(key) != nil })
}

// k6 draws up a trial from a script's options. What it asks is in its program,
// which is not read.
// https://grafana.com/docs/k6/latest/using-k6/k6-options/reference/
func (j *job) k6(documents []*value) {
	v := documents[0]
	if options := v.get("options"); options != nil {
		v = options
	}
	if v.kind != mapping {
		j.add(v.at, "these are no options of k6: give what k6 inspect SCRIPT prints")
		return
	}
	j.draft.what = "k6's options"
	j.k6Thresholds(v.get("thresholds"))
	j.k6Load(v)
	j.k6Connection(v)
	j.draft.note("what is asked is in the script: write it as requests, or as the URL's path")
	for _, name := range k6Quiet {
		v.get(name).all()
	}
	j.leftovers("k6", v, "")
}

// k6Quiet is what is of k6's own reports, or of a run that k6 inspect computed.
var k6Quiet = []string{"totalDuration", "maxVUs"}

func (j *job) k6Connection(v *value) {
	if j.truth(v.get("insecureSkipTLSVerify")) {
		j.draft.load.set("insecure", bare("true"))
	}
	if j.truth(v.get("noConnectionReuse")) {
		j.draft.load.set("keep-alive", bare("false"))
	}
	if most, given := j.number(v.get("maxRedirects")); given && most > 0 {
		j.draft.load.set("follow-redirects", bare("true"))
	}
	if agent := v.get("userAgent"); agent != nil && agent.str() != "" {
		headers := &block{}
		headers.set("User-Agent", templated(agent.text))
		j.draft.load.set("headers", headers)
	}
	if auth := v.get("tlsAuth").all(); auth != nil {
		j.draft.note("k6 tlsAuth: store the client's certificate and key in files, as load.cert and load.key")
	}
}

// k6Thresholds makes objectives of thresholds.
// https://grafana.com/docs/k6/latest/using-k6/thresholds/
func (j *job) k6Thresholds(v *value) {
	if v == nil {
		return
	}
	if v.kind != mapping {
		j.add(v.at, "thresholds is %s: it is a mapping from metrics to lists of thresholds", v.kind)
		return
	}
	for _, f := range v.fields {
		metric := j.k6Metric(f)
		for _, item := range f.value.list() {
			j.k6Threshold(metric, item)
		}
	}
}

// k6Metric is a metric with its tags: http_req_duration{name:login}.
type k6Metric struct {
	written, name string
	request       string // "login/" for objectives; empty: of all
	why           string // it can't be of requests here
	beside        string
}

var taggedMetric = regexp.MustCompile(`(?s)^([^{]+)\{(.*)\}$`)

func (j *job) k6Metric(f field) k6Metric {
	m := k6Metric{written: f.key, name: strings.TrimSpace(f.key)}
	if i := strings.IndexAny(f.key, "?@"); i >= 0 {
		m.written = f.key[:strings.IndexByte(f.key+"{", '{')] + "{…}" // addresses may hold secrets
	}
	parts := taggedMetric.FindStringSubmatch(m.name)
	if parts == nil {
		return m
	}
	m.name = strings.TrimSpace(parts[1])
	for tag := range strings.SplitSeq(parts[2], ",") {
		key, text, _ := strings.Cut(tag, ":")
		j.k6Tag(&m, strings.TrimSpace(key), strings.Trim(strings.TrimSpace(text), `"'`))
	}
	return m
}

// k6Tag makes a request of what names one.
func (j *job) k6Tag(m *k6Metric, key, text string) {
	switch key {
	case "name", "url", "group", "scenario":
		if m.request != "" {
			m.why = "it has two tags that name requests"
			return
		}
		m.request = j.k6Request(key, text) + "/"
	case "expected_response":
		m.beside = "of all requests: here a failed one is slower than any limit"
	default:
		m.why = "its tag " + key + " is none that names a request"
	}
}

// k6Request is the name of the request that a tag tells of; it is added where it
// is not there yet.
func (j *job) k6Request(key, text string) string {
	tag := key + ":" + text
	for _, c := range j.draft.calls {
		if c.tag == tag {
			return c.name
		}
	}
	before, _, _ := strings.Cut(tag, "?")
	if strings.Contains(before, "@") {
		before = key // of an address with credentials
	}
	c := &callOf{tag: tag, beside: "what the script asks as " + before}
	hint := strings.TrimPrefix(text, "::")
	if origin, path, _, ok := (&job{ledger: &ledger{}, draft: j.draft}).split(place{}, text); ok && strings.Contains(text, "://") {
		j.draft.address, c.path, hint = origin, path, nameOf("", path)
	}
	c.name = requestName(hint, j.draft.taken)
	if c.path == "" {
		c.path = j.draft.hide(c.name+"_PATH", tag)
	}
	j.draft.calls, j.draft.named = append(j.draft.calls, c), true
	return c.name
}

var expression = regexp.MustCompile(`^\s*([a-z]+)\s*(?:\(\s*([0-9.]+)\s*\))?\s*(<=|>=|<|>|===|==|!=)\s*([0-9.eE+-]+)\s*$`)

// k6Threshold makes one objective, or says why there is none.
func (j *job) k6Threshold(m k6Metric, item *value) {
	text, sure := item.str(), item
	if item.kind == mapping {
		sure = item.get("threshold")
		text = sure.str()
		j.k6Abort(item)
	}
	none := func(why string) { j.draft.note("k6 threshold " + m.written + " " + text + ": " + why) }
	parts := expression.FindStringSubmatch(text)
	limit, err := 0.0, error(nil)
	if parts != nil {
		limit, err = strconv.ParseFloat(parts[4], 64)
	}
	switch {
	case sure == nil || parts == nil || err != nil:
		j.add(item.at, "the threshold %s of %s is not one: write it as in p(95)<500", quoted(text), quoted(m.written))
		return
	case m.why != "":
		none(m.why)
		return
	case strings.HasPrefix(parts[3], "==") || parts[3] == "!=":
		none("nothing is ever shown to be exactly a number")
		return
	}
	if objective, why := k6Objective(m.name, parts[1], parts[2], parts[3], limit); why != "" {
		none(why)
	} else {
		beside := m.beside
		if m.name == "checks" {
			beside = "k6's checks: give the requests a check, which fails them"
		}
		j.draft.limit(m.request+objective, beside)
	}
}

// k6Abort: a trial ends by itself when a fail is shown.
func (j *job) k6Abort(item *value) {
	if abort := item.get("abortOnFail"); abort != nil && j.truth(abort) {
		j.draft.note("k6 abortOnFail: a trial ends in any case when a violation is shown")
	}
	if delay := item.get("delayAbortEval"); delay != nil && delay.str() != "" && delay.text != "0s" {
		j.draft.note("k6 delayAbortEval " + delay.text + ": nothing is shown before the evidence suffices, and load.warmup is not judged")
	}
}

// k6Objective is an objective in our words, or why there is none.
func k6Objective(metric, method, percentile, operator string, limit float64) (objective, why string) {
	var left, right string
	switch metric {
	case "http_req_duration", "grpc_req_duration":
		stat, known := k6Stat(method, percentile)
		if !known {
			return "", method + " is no figure of a latency"
		}
		left, right = "latency-"+stat, millis(limit)
	case "http_req_failed":
		left, right = "error-rate", percent(limit)
	case "checks":
		left, right = "error-rate", percent(1-limit)
		operator = strings.NewReplacer("<", ">", ">", "<").Replace(operator)
	case "http_reqs", "iterations":
		left = "throughput"
		if limit > 0 {
			right = perSecond(limit)
		}
	default:
		return "", "no metric of the load is like it" + k6Instead(metric)
	}
	switch {
	case (metric == "http_req_failed" || metric == "checks" || left == "throughput") && method != "rate":
		return "", method + " is not judged here, only the rate"
	case right == "":
		return "", "its limit can't be shown by any number of requests"
	}
	return left + " " + operator + " " + right, ""
}

// k6Stat is a figure in our words.
func k6Stat(method, percentile string) (string, bool) {
	switch method {
	case "avg":
		return "mean", true
	case "med":
		return "p50", true
	case "min", "max":
		return method, true
	}
	p, err := strconv.ParseFloat(percentile, 64)
	if method != "p" || err != nil || !(p > 0 && p < 100) {
		return "", false
	}
	return "p" + figure(p), true
}

// k6Instead is what comes nearest to a metric.
func k6Instead(metric string) string {
	switch {
	case strings.HasPrefix(metric, "http_req_"):
		return "; latency- is of the whole request"
	case metric == "dropped_iterations":
		return "; what could not be sent counts as failed"
	}
	return ""
}
