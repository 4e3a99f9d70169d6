package migrate

import (
	"slices"
	"strings"
)

// isIter8 reports whether a document is of any generation of iter8: resources,
// an experiment's list of tasks, or values of its charts.
func isIter8(v *value) bool {
	switch {
	case strings.Contains(v.get("apiVersion").str(), "iter8.tools/"):
		return true
	case v.kind == list:
		return len(v.items) > 0 && isTask(v.items[0])
	case v.get("spec") != nil && v.get("spec").kind == list:
		return len(v.get("spec").items) > 0 && isTask(v.get("spec").items[0])
	}
	return v.get("tasks") != nil || v.get("assess") != nil || v.get("SLOs") != nil && v.get("url") != nil
}

func isTask(v *value) bool { return v.get("task") != nil || v.get("run") != nil }

// iter8 reads documents of iter8: an Experiment with the Metrics that it names,
// or tasks, or values of a chart.
func (j *job) iter8(documents []*value) {
	j.draft.what = "iter8"
	var experiment *value
	var metrics []*value
	for _, d := range documents {
		d.get("apiVersion").all()
		switch kind := d.get("kind").str(); {
		case kind == "Metric":
			metrics = append(metrics, d)
		case experiment != nil:
			j.add(d.at, "a second experiment begins here: a trial file holds one; give each in a file of its own")
			return
		default:
			experiment = d
		}
	}
	switch {
	case experiment == nil:
		j.draft.what = "iter8 metrics"
		j.iter8Metrics(metrics)
		j.draft.note("these are metrics alone: name versions and objectives")
	case experiment.get("apiVersion") != nil:
		j.draft.what = "an iter8 experiment"
		names := j.iter8Metrics(metrics)
		j.experiment(experiment, names)
	case experiment.kind == list || experiment.get("spec") != nil:
		j.draft.what = "iter8 tasks"
		j.tasks(experiment)
	default:
		j.draft.what = "values of iter8's chart"
		j.chart(experiment)
	}
}

// builtIn are iter8's metrics of its own load, by the last part of their names.
// Its latencies are milliseconds.
// https://iter8.tools/0.13/user-guide/tasks/http/
func builtIn(name string) (ours string, latency, known bool) {
	name = strings.ReplaceAll(name, "/", "-")
	switch name {
	case "error-rate":
		return "error-rate", false, true
	case "latency-mean", "latency-stddev", "latency-min", "latency-max":
		return name, true, true
	case "mean-latency":
		return "latency-mean", true, true
	case "95th-percentile-tail-latency":
		return "latency-p95", true, true
	}
	if p, ok := strings.CutSuffix(name, "th-percentile"); ok && strings.HasPrefix(p, "latency-") {
		name = "latency-p" + strings.TrimPrefix(p, "latency-")
	}
	if p, ok := strings.CutPrefix(name, "latency-p"); ok {
		if stat, ok := k6Stat("p", p); ok {
			return "latency-" + stat, true, true
		}
	}
	return "", false, false
}

// providers are the first parts of names of iter8's own metrics.
var ownProviders = []string{"http", "grpc", "built-in", "iter8-system", "iter8"}

// endpointOf parts http-cart, which is of the endpoint cart, from its request.
func (j *job) endpointOf(provider string) (string, string) {
	for _, own := range []string{"http", "grpc"} {
		id, ok := strings.CutPrefix(provider, own+"-")
		if name := requestName(id, func(string) bool { return false }); ok && j.draft.taken(name) {
			j.draft.named = true
			return own, name + "/"
		}
	}
	return provider, ""
}

// nearly is the comment on a limit of 0.
const nearly = "iter8: 0; none can be shown, so nearly"

// slo makes an objective of a limit on a metric, which may be one of iter8's
// own or one that is declared.
func (j *job) slo(metric, operator string, limit *value, declared map[string]string, rollback string) {
	x, ok := j.number(limit)
	if !ok {
		return
	}
	none := func(why string) {
		j.draft.note("iter8 objective " + metric + " " + operator + " " + figure(x) + ": " + why)
	}
	provider, rest, found := strings.Cut(metric, "/")
	if name, known := declared[metric]; known {
		j.draft.limit(name+" "+operator+" "+figure(x), rollback)
		return
	}
	if text := istioObjective(rest, operator, x); provider == "istio-prom" && j.draft.istio && text != "" {
		if x == 0 {
			rollback = nearly
		}
		j.draft.limit(text, rollback)
		return
	}
	provider, request := j.endpointOf(provider)
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "http-"), "grpc-")
	switch ours, latency, known := builtIn(rest); {
	case !found || !contains(ownProviders, provider):
		none("its metric is not declared: give the Metric resource too, or declare it under metrics")
	case strings.HasSuffix(rest, "error-count") && x == 0 && operator == "<=":
		j.draft.limit(request+"error-rate <= 0.1%", "iter8: error-count 0; none can be shown, so a rate")
	case strings.HasSuffix(rest, "error-count"):
		none("counts are not judged, only rates: error-rate")
	case !known:
		none("no metric of the load is like it")
	default:
		right := percent(x)
		if latency {
			right = millis(x)
		}
		if right == "" && ours == "error-rate" && x == 0 {
			right, rollback = "0.1%", nearly
		}
		if right == "" {
			none("its limit can't be shown by any number of requests")
			return
		}
		j.draft.limit(request+ours+" "+operator+" "+right, rollback)
	}
}

// tasks reads an experiment's list of tasks, of 0.8 to 0.13.
func (j *job) tasks(v *value) {
	items := v.list()
	if v.kind == mapping {
		items = v.get("spec").list()
		v.get("result").all()
	}
	if name := v.get("metadata", "name").str(); name != "" {
		j.draft.name = name
	}
	var assess []*value
	for _, item := range items {
		if strings.HasPrefix(item.get("task").str(), "assess") {
			assess = append(assess, item)
			continue
		}
		j.task(item)
	}
	for _, item := range assess {
		j.assess(item.get("with"))
		j.conditions(item, "assess")
		j.leftovers("iter8 assess", item, "")
	}
	j.leftovers("iter8", v, "")
}

// conditions tells that a task depends on something.
func (j *job) conditions(item *value, name string) {
	if condition := item.get("if"); condition != nil {
		j.draft.note("iter8 " + name + " if " + condition.str() + ": its condition")
	}
}

// task reads one task that is no judgement.
func (j *job) task(item *value) {
	name := item.get("task").str()
	with := item.get("with")
	switch {
	case item.get("run") != nil:
		j.command8(item)
		return
	case strings.HasSuffix(name, "grpc"):
		j.grpcTask(with)
	case name == "http" || strings.HasPrefix(name, "gen-load-and-collect-metrics") || name == "metrics/collect":
		j.httpTask(with)
	case name == "ready" || name == "k8s-object-ready" || name == "common/readiness":
		j.readyTask(with)
	default:
		j.otherTask(name, with)
	}
	j.conditions(item, name)
	j.leftovers("iter8 "+shown(name), item, "")
}

// command8 is a script, which may be a turn of the trial.
func (j *job) command8(item *value) {
	text := item.get("run").str()
	condition := item.get("if").str()
	j.draft.note("iter8 run: its script; write it under on: start or on: pass, as it was meant" + map[bool]string{true: " (if " + condition + ")"}[condition != ""])
	_ = text // may hold secrets
	j.leftovers("iter8 run", item, "")
}

// otherTask says what comes nearest to a task that has no equal.
func (j *job) otherTask(name string, with *value) {
	if name == "custommetrics" && j.istioProm(with) {
		j.leftovers("iter8 custommetrics", with, "")
		return
	}
	with.all()
	remedy := "nothing like it is known here"
	switch {
	case strings.Contains(name, "slack") || strings.Contains(name, "notification") || strings.Contains(name, "notify"):
		remedy = "write on: finish: [{notify: URL}]; the URL is a secret"
	case strings.Contains(name, "github"):
		remedy = "the action itself tells pull requests; else write on: finish: [{run: …}]"
	case strings.Contains(name, "custommetrics") || strings.Contains(name, "database"):
		remedy = "declare its metrics under providers and metrics"
	case strings.Contains(name, "abnmetrics"):
		remedy = "ask the store of its metrics under providers and metrics"
	case strings.Contains(name, "exec") || strings.Contains(name, "bash"):
		remedy = "write its command under on: pass or on: finish"
	}
	j.draft.note("iter8 task " + name + ": " + remedy)
}

// assess makes objectives and rewards. Before 0.11 limits stood at each metric.
func (j *job) assess(with *value) {
	slos := with.get("SLOs")
	j.limits(slos)
	j.rewards8(with.get("rewards"))
}

func (j *job) limits(slos *value) {
	if slos == nil {
		return
	}
	if slos.kind == list {
		for _, item := range slos.items {
			j.objective8(item, nil)
		}
		return
	}
	for _, side := range []struct{ key, operator string }{{"upper", "<="}, {"lower", ">="}} {
		limits := slos.get(side.key)
		if limits == nil {
			continue
		}
		for _, f := range limits.fields {
			j.slo(f.key, side.operator, f.value, nil, "")
		}
		for _, item := range limits.items {
			j.slo(item.get("metric").str(), side.operator, item.get("limit"), nil, "")
		}
	}
}

// objective8 is a metric with an upperLimit, a lowerLimit, or both.
func (j *job) objective8(item *value, declared map[string]string) {
	metric := item.get("metric").str()
	beside := ""
	if roll := item.get("rollback_on_failure"); roll != nil {
		if j.truth(roll); roll.text == "true" {
			beside = "iter8 rolled back at once; so does a route here"
		}
	}
	upper, lower := item.get("upperLimit"), item.get("lowerLimit")
	if metric == "" || upper == nil && lower == nil {
		j.add(item.at, "an objective is a metric with an upperLimit or a lowerLimit")
		return
	}
	if upper != nil {
		j.slo(metric, "<=", upper, declared, beside)
	}
	if lower != nil {
		j.slo(metric, ">=", lower, declared, beside)
	}
}

// rewards8 are metrics whose best value wins.
func (j *job) rewards8(v *value) {
	for _, side := range []string{"max", "min"} {
		for _, item := range v.get(side).list() {
			j.draft.note("iter8 reward " + side + " " + item.str() + ": declare its metric, and write rewards: [" + side + "imize NAME]")
		}
	}
}

// readyTask is what has to be ready before.
func (j *job) readyTask(with *value) {
	for _, kind := range []struct{ key, ours string }{{"deploy", "deployment"}, {"service", "service"}, {"ksvc", "ksvc"}, {"isvc", "isvc"}, {"chaosengine", "chaosengines.litmuschaos.io"}} {
		if name := with.get(kind.key).str(); name != "" {
			j.object(kind.ours, name, with.get("namespace").str(), "")
		}
	}
	if resource := with.get("resource").str(); resource != "" {
		group := with.get("group").str()
		if with.get("version").str(); group != "" && group != "apps" {
			resource += "." + group
		}
		j.object(resource, with.get("name").str(), with.get("namespace").str(), with.get("condition").str())
	}
	for _, item := range with.get("objRefs").list() {
		j.object(item.get("kind").str(), item.get("name").str(), item.get("namespace").str(), strings.TrimPrefix(item.get("waitFor").str(), "condition="))
	}
	if d, given := j.duration(with.get("timeout")); given && d > 0 {
		j.draft.ready.set("within", bare(length(d)))
	}
}

// object is one of a cluster that has to be ready.
func (j *job) object(kind, name, namespace, condition string) {
	if !clusterWord(kind) || !clusterWord(name) {
		j.draft.note("iter8 ready: an object without a kind and a name")
		return
	}
	b := &block{flow: true}
	b.set("object", strings.ToLower(kind)+"/"+name)
	if namespace != "" {
		b.set("namespace", namespace)
	}
	if condition != "" {
		b.set("condition", strings.ToUpper(condition[:1])+condition[1:])
	}
	var value any = b
	if len(b.entries) == 1 {
		value = b.entries[0].value
	}
	objects := []part{}
	if i := slices.IndexFunc(j.draft.ready.entries, func(e entry) bool { return e.key == "objects" }); i >= 0 {
		objects = j.draft.ready.entries[i].value.([]part)
	}
	j.draft.ready.set("objects", append(objects, part{value: value}))
}

func clusterWord(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
	})
}
