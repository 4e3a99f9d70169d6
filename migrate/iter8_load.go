package migrate

import (
	"fmt"
	"math"
	"regexp"
	"sort"
	"strings"
)

// httpTask is iter8's load of HTTP.
// https://iter8.tools/0.13/user-guide/tasks/http/
func (j *job) httpTask(with *value) {
	if versions := with.get("versions"); versions != nil {
		j.collected(versions)
	} else if info := with.get("versionInfo"); info != nil {
		j.collected(info)
	}
	rate := 0.0
	if endpoints := with.get("endpoints"); endpoints != nil && len(endpoints.fields) > 0 {
		var rates []float64
		for _, f := range endpoints.fields {
			each := j.endpoint(requestName(f.key, j.draft.taken), f.value, with)
			rates, rate = append(rates, each), rate+each
		}
		j.share(rates, rate)
		j.draft.named = true
		j.draft.note("iter8's endpoints one after the other: here they are asked side by side")
	} else {
		rate = j.endpoint("", with, nil)
	}
	j.draft.rate(rate, "of all requests, to each version")
	j.iter8Length(with, "numRequests", rate)
	if n, given := j.number(first(with, "connections")); given {
		j.draft.connections(n)
	}
	j.errorRanges(with.get("errorRanges"))
	with.get("percentiles").all()
	if warm, given := j.duration(with.get("warmupDuration")); given {
		j.draft.load.set("warmup", bare(length(warm)))
	}
}

// first is the first of several keys that is there.
func first(v *value, keys ...string) *value {
	for _, key := range keys {
		if found := v.get(key); found != nil {
			return found
		}
	}
	return nil
}

// share gives the requests that were added last their parts of the rate.
func (j *job) share(rates []float64, total float64) {
	calls := j.draft.calls[max(0, len(j.draft.calls)-len(rates)):]
	for i, c := range calls {
		if len(calls) > 1 && total > 0 && i < len(calls)-1 {
			c.share = figure(math.Round(rates[i]/total*1000)/10) + "%"
		}
	}
}

// endpoint adds one request, and returns its rate. What it does not say itself is
// as base says.
func (j *job) endpoint(name string, own, base *value) float64 {
	get := func(key string) *value {
		if v := own.get(key); v != nil {
			return v
		}
		return base.get(key)
	}
	c := &callOf{name: name}
	if u := get("url"); u != nil && u.str() != "" {
		origin, path, headers, ok := j.split(u.at, u.text)
		if !ok {
			return 8
		}
		if j.draft.address != "" && j.draft.address != origin {
			j.draft.note("iter8 " + origin + ": another server than that of the other requests")
		} else {
			j.draft.address = origin
		}
		c.path, c.headers = path, headers
	}
	if h := get("headers"); h != nil {
		h.read = true
		for _, f := range h.fields {
			j.pair(c, f.key, f.value.str())
		}
	}
	j.payload(c, get)
	rate, given := j.number(get("qps"))
	if !given || rate <= 0 {
		rate = 8
	}
	j.draft.calls = append(j.draft.calls, c)
	return rate
}

// payload is what is sent: any of it makes a POST.
func (j *job) payload(c *call, get func(string) *value) {
	if file := get("payloadFile").str(); file != "" {
		c.bodyFile = file
	}
	if address := get("payloadURL"); address != nil {
		j.draft.note("iter8 " + address.named("payloadURL") + ": store what it has in a file, as body-file")
		address.read = true
		c.method = "POST"
	}
	if text := first2(get("payloadStr"), get("jsonPayload")); text != "" && c.bodyFile == "" {
		c.body = j.draft.body(text)
	}
	if kind := get("contentType").str(); kind != "" && !c.has("Content-Type") {
		c.headers = append(c.headers, pair{"Content-Type", kind})
		if c.method == "" && c.body == "" && c.bodyFile == "" {
			c.method = "POST"
		}
	}
}

func first2(a, b *value) string {
	if text := a.str(); text != "" {
		return text
	}
	if b != nil {
		return b.json()
	}
	return ""
}

// iter8Length is how long the load lasts: a number of requests, which wins, or a
// time.
func (j *job) iter8Length(with *value, numberKey string, rate float64) {
	n, counted := j.number(first(with, numberKey, "numQueries", "total"))
	d, timed := j.duration(first(with, "duration", "time"))
	switch {
	case !counted && timed:
		j.draft.lasting("iter8", d)
	case !counted:
		n = 100
		fallthrough
	default:
		if rate <= 0 {
			rate = 8
		}
		j.draft.lasting("iter8", clamped(n/rate), figure(n)+" requests")
	}
}

// errorRanges say which statuses are errors; expect says which are none.
func (j *job) errorRanges(v *value) {
	if v == nil {
		return
	}
	wrong := map[int]bool{}
	for _, item := range v.list() {
		low, hasLow := j.number(item.get("lower"))
		high, hasHigh := j.number(item.get("upper"))
		if !hasLow {
			low = 100
		}
		if !hasHigh {
			high = 599
		}
		for status := max(100, low); status <= min(599, high); status++ {
			wrong[int(status)] = true
		}
	}
	var ranges row
	for status := 100; status <= 599; status++ {
		if wrong[status] {
			continue
		}
		end := status
		for end < 599 && !wrong[end+1] {
			end++
		}
		ranges = append(ranges, part{value: bare(fmt.Sprintf("%d-%d", status, end))})
		status = end
	}
	if len(ranges) == 0 {
		j.draft.note("iter8 errorRanges: every status is an error")
		return
	}
	j.draft.load.set("expect", ranges, "what is outside of iter8's errorRanges")
}

// grpcTask is iter8's load of gRPC, whose options are ghz's.
func (j *job) grpcTask(with *value) {
	if with == nil {
		return
	}
	settings := &value{kind: mapping, at: with.at, fields: append([]field(nil), with.fields...)}
	if with.get("insecure") == nil {
		settings.put("insecure", &value{kind: scalar, text: "true", at: with.at}) // iter8 knows no TLS here
	}
	for _, key := range []string{"protoURL", "dataURL", "binaryDataURL", "metadataURL"} {
		if address := with.get(key); address != nil {
			j.draft.note("iter8 " + address.named(key) + ": store what it has in a file, and name that")
			address.read = true
		}
	}
	endpoints := with.get("endpoints")
	if endpoints == nil || len(endpoints.fields) == 0 {
		if settings.get("host") == nil && settings.get("call") == nil {
			j.add(with.at, "the grpc task names no method: write call: package.Service/Method")
			return
		}
		j.rpcs("iter8", settings)
		return
	}
	j.draft.note("iter8's endpoints one after the other: here they are asked side by side")
	j.draft.named = true
	for _, f := range endpoints.fields {
		j.grpcEndpoint(f, settings)
	}
}

// grpcEndpoint is the task's options with those of one endpoint over them.
func (j *job) grpcEndpoint(f field, base *value) {
	merged := &value{kind: mapping, at: f.value.at}
	for _, b := range base.fields {
		if b.key != "endpoints" {
			merged.put(b.key, b.value)
		}
	}
	for _, own := range f.value.fields {
		merged.put(own.key, own.value)
	}
	before := len(j.draft.calls)
	j.rpcs("iter8", merged)
	if len(j.draft.calls) > before {
		j.draft.calls[before].name = ""
		j.draft.calls[before].name = requestName(f.key, j.draft.taken)
	}
}

// collected are the versions of a task that loads several: the first is the
// baseline, if there are more.
func (j *job) collected(versions *value) {
	items := versions.list()
	if len(items) == 0 {
		return
	}
	if len(items) == 1 {
		j.versionURL(j.draft.candidate, items[0])
		j.draft.candidate.flow = true
		return
	}
	j.versionURL(j.draft.baseline, items[0])
	if len(items) == 2 {
		j.versionURL(j.draft.candidate, items[1])
		return
	}
	for _, item := range items[1:] {
		b := &block{flow: true}
		j.versionURL(b, item)
		j.draft.candidates = append(j.draft.candidates, part{value: b})
	}
}

// versionURL is a version's address, and the headers that it alone is sent.
func (j *job) versionURL(b *block, item *value) {
	if name := item.get("name").str(); name != "" && !b.has("version") {
		b.set("version", name)
	}
	u := item.get("url")
	if u.str() == "" {
		return
	}
	origin, path, headers, ok := j.split(u.at, u.text)
	if !ok {
		return
	}
	b.set("url", origin+path)
	c := &callOf{headers: headers}
	if h := item.get("headers"); h != nil {
		h.read = true
		for _, f := range h.fields {
			j.pair(c, f.key, f.value.str())
		}
	}
	inner := &block{flow: true}
	for _, h := range c.headers {
		inner.set(h.name, h.value)
	}
	if !inner.empty() {
		b.set("headers", inner)
	}
}

// keysOf are a mapping's keys, sorted.
func keysOf(v *value) []string {
	var keys []string
	if v != nil {
		for _, f := range v.fields {
			keys = append(keys, f.key)
		}
	}
	sort.Strings(keys)
	return keys
}

// chart reads values of iter8's charts: the one of 0.11 to 0.13, which has tasks,
// and those of 0.8 to 0.10, which are of one load each.
func (j *job) chart(v *value) {
	old := v.get("tasks") == nil && v.get("http") == nil && v.get("grpc") == nil && (v.get("url") != nil || v.get("host") != nil)
	if old {
		j.oldChart(v)
		return
	}
	names := []string{"ready", "http", "grpc"}
	if tasks := v.get("tasks"); tasks != nil {
		names = nil
		for _, item := range tasks.list() {
			names = append(names, item.str())
		}
	}
	for _, name := range names {
		switch with := v.get(name); {
		case name == "assess":
		case name == "http" && with != nil:
			j.httpTask(with)
		case name == "grpc" && with != nil:
			j.grpcTask(with)
		case name == "ready" && with != nil:
			j.readyTask(with)
		case with != nil || !contains([]string{"ready", "http", "grpc"}, name):
			j.otherTask(name, with)
		}
	}
	j.assess(v.get("assess"))
	j.leftovers("iter8", v, "")
}

var percentile = regexp.MustCompile(`^p[0-9]+(\.[0-9]+)?$`)

// oldChart is load-test-http, load-test-grpc, or their like: limits by short names.
func (j *job) oldChart(v *value) {
	kind := "http"
	if v.get("call") != nil || v.get("host") != nil {
		kind = "grpc"
		j.grpcTask(v)
	} else {
		j.httpTask(v)
	}
	limits := v.get("SLOs")
	for _, key := range keysOf(limits) {
		metric := key
		if percentile.MatchString(key) {
			metric = "latency-" + key // as 0.8 had it
		}
		if !strings.Contains(metric, "/") {
			metric = kind + "/" + metric
		}
		j.slo(metric, "<=", limits.get(key), nil, "")
	}
	j.leftovers("iter8", v, "")
}
