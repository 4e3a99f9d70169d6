package migrate

import "strings"

// istioProm declares what iter8's template istio-prom asks, which a preset here
// asks as well. It reports whether the task names that template.
// https://iter8.tools/0.13/tutorials/custom-metrics/one-version/
func (j *job) istioProm(with *value) bool {
	if with.get("templates", "istio-prom") == nil {
		return false
	}
	with.get("templates", "istio-prom").all()
	values := with.get("values")
	provider, address := &block{flow: true}, values.get("istioPromURL")
	if text := address.str(); text != "" {
		origin, path, _, ok := j.split(address.at, text)
		if !ok {
			return true
		}
		before, _, _ := strings.Cut(path, "/api/v1")
		provider.set("url", strings.TrimRight(origin+before, "/"))
	} else {
		provider.set("url", refer("PROMETHEUS_URL"))
	}
	providers, preset := &block{}, &block{}
	providers.set("prometheus", provider)
	preset.set("preset", bare("istio"))
	if labels := labelsOf(values.get("labels")); !labels.empty() {
		preset.set("labels", labels)
	}
	values.get("latencyPercentiles").all()
	j.draft.rest.set("providers", providers)
	j.draft.rest.set("metrics", []part{{value: preset}})
	j.draft.istio = true
	j.istioVersions(with.get("versionValues"))
	j.draft.noLoad = len(j.draft.calls) == 0
	return true
}

// labelsOf are labels of series, but for the one that tells versions apart.
func labelsOf(v *value) *block {
	labels := &block{flow: true}
	for _, key := range keysOf(v) {
		text := v.get(key).str()
		if placeName.MatchString(key) && key != "destination_version" {
			labels.set(key, text)
		}
	}
	return labels
}

// istioVersions are those that the task tells apart; the first is the baseline,
// if there are more.
func (j *job) istioVersions(v *value) {
	items := v.list()
	for i, item := range items {
		name := item.get("labels", "destination_version").str()
		b := &block{flow: true}
		if name == "" {
			name = refer("CANDIDATE_VERSION")
		}
		b.set("version", name)
		switch {
		case len(items) > 1 && i == 0:
			j.draft.baseline = b
		case len(items) <= 2:
			j.draft.candidate = b
		default:
			j.draft.candidates = append(j.draft.candidates, part{value: b})
		}
	}
	if len(items) == 0 {
		j.draft.label = refer("CANDIDATE_VERSION")
	}
}

// istioObjective is an objective on a metric of the preset.
func istioObjective(metric, operator string, limit float64) string {
	ours, latency, known := builtIn(metric)
	right := percent(limit)
	if latency {
		right = millis(limit)
	} else if limit == 0 {
		right = "0.1%"
	}
	if !known || right == "" {
		return ""
	}
	return "istio-" + ours + " " + operator + " " + right
}
