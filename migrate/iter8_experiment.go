package migrate

import (
	"strings"
	"time"
)

// experiment reads an Experiment resource of iter8's second generation.
// https://github.com/iter8-tools/etc3/blob/main/api/v2alpha2/experiment_types.go
func (j *job) experiment(v *value, declared map[string]string) {
	v.get("metadata", "namespace").all()
	v.get("metadata", "labels").all()
	j.draft.name = v.get("metadata", "name").str()
	v.get("kind").all()
	v.get("status").all()
	spec := v.get("spec")
	if spec == nil {
		j.add(v.at, "it has no spec: give an Experiment of iter8.tools/v2alpha2, or tasks")
		return
	}
	if spec.get("service") != nil {
		j.add(v.at, "experiments of iter8's first generation (spec.service) are not read here: give one of iter8.tools/v2alpha2")
		return
	}
	if target := spec.get("target").str(); target != "" {
		j.draft.note("iter8 target " + target + ": two trials of it don't wait for each other")
	}
	versions := spec.get("versionInfo")
	j.experimentVersions(versions)
	hasLoad := j.experimentActions(spec.get("strategy", "actions"))
	j.criteria(spec.get("criteria"), declared)
	j.strategy(spec.get("strategy"), versions)
	j.iterations8(spec.get("duration"), hasLoad, len(declared) > 0)
	if !hasLoad && len(declared) == 0 && !j.draft.candidate.has("url") {
		j.addURLs()
	}
	j.leftovers("iter8", v, "")
}

// addURLs gives versions addresses to be filled in: nothing else measures them.
func (j *job) addURLs() {
	for i, b := range []*block{j.draft.baseline, j.draft.candidate} {
		if !b.empty() {
			b.flow = false
			b.set("url", refer([]string{"BASELINE_URL", "CANDIDATE_URL"}[i]), "where it answers")
		}
	}
	for _, p := range j.draft.candidates {
		b := p.value.(*block)
		b.flow = false
		b.set("url", refer(variableName(b.entries[0].value.(string))+"_URL"), "where it answers")
	}
}

// experimentVersions are told apart in queries by their version and labels. The
// one version of a conformance test is iter8's baseline, and on trial here.
func (j *job) experimentVersions(info *value) {
	baseline, candidates := info.get("baseline"), info.get("candidates").list()
	if len(candidates) == 0 && baseline != nil {
		j.version8(j.draft.candidate, baseline)
		return
	}
	if baseline != nil {
		j.version8(j.draft.baseline, baseline)
	}
	for i, item := range candidates {
		if len(candidates) == 1 {
			j.version8(j.draft.candidate, item)
			return
		}
		b := &block{flow: true}
		name := item.get("name").str()
		b.set("name", requestName(name, func(other string) bool { return other == "" || i > 0 && j.isCandidate(other) }))
		j.version8(b, item)
		j.draft.candidates = append(j.draft.candidates, part{value: b})
	}
}

func (j *job) isCandidate(name string) bool {
	for _, p := range j.draft.candidates {
		if p.value.(*block).entries[0].value == name {
			return true
		}
	}
	return false
}

func (j *job) version8(b *block, item *value) {
	b.set("version", item.get("name").str())
	labels := &block{flow: true}
	for _, v := range item.get("variables").list() {
		if name := v.get("name").str(); placeName.MatchString(name) && name != "name" && name != "version" {
			labels.set(name, v.get("value").str())
		}
	}
	if !labels.empty() {
		b.set("labels", labels)
	}
}

// experimentActions are tasks at the start, in loops and at the end. It reports
// whether one of them sends load.
func (j *job) experimentActions(actions *value) (hasLoad bool) {
	if actions == nil {
		return false
	}
	for _, f := range actions.fields {
		for _, item := range f.value.list() {
			name := item.get("task").str()
			switch {
			case name == "metrics/collect":
				hasLoad = true
				j.httpTask(item.get("with"))
				item.get("with", "loadOnly").all()
			case name == "common/readiness":
				j.readyTask(item.get("with"))
			case item.get("run") != nil:
				j.draft.note("iter8 " + f.key + ": a script; write it under on: " + hookOf(f.key))
				item.all()
			default:
				j.otherTask(f.key+" "+name, item.get("with"))
				item.all()
			}
			j.leftovers("iter8 "+f.key, item, "")
		}
	}
	if hasLoad {
		j.draft.calls = nil // their paths are in the versions' URLs
	}
	return hasLoad
}

// hookOf is the turn of a trial that is like one of iter8's.
func hookOf(action string) string {
	switch action {
	case "start":
		return "start"
	case "loop":
		return "round"
	}
	return "pass, fail and inconclusive"
}

// criteria are objectives and rewards.
func (j *job) criteria(v *value, declared map[string]string) {
	if v == nil {
		return
	}
	for _, item := range v.get("objectives").list() {
		j.objective8(item, declared)
	}
	for _, item := range v.get("rewards").list() {
		metric, direction := item.get("metric").str(), item.get("preferredDirection").str()
		word := map[string]string{"High": "maximize", "Low": "minimize", "high": "maximize", "low": "minimize"}[direction]
		name, known := declared[metric]
		switch {
		case word == "":
			j.add(item.at, "a reward has preferredDirection High or Low")
		case !known:
			j.draft.note("iter8 reward " + metric + ": its metric is not declared; give the Metric resource too")
		default:
			j.draft.rewards = append(j.draft.rewards, part{value: bare(word + " " + name)})
		}
	}
	for _, item := range v.get("indicators").list() {
		j.draft.note("iter8 indicator " + item.str() + ": every metric that is declared is shown")
	}
	if count := v.get("requestCount").str(); count != "" {
		if !j.countsTraffic(declared[count]) {
			j.draft.note("iter8 requestCount " + count + ": declare it as a metric of kind total, with traffic: true")
		}
	}
	v.get("strength").all()
}

// countsTraffic marks the metric that counts what each version got.
func (j *job) countsTraffic(name string) bool {
	for _, e := range j.draft.rest.entries {
		metrics, _ := e.value.([]part)
		for _, m := range metrics {
			if b := m.value.(*block); e.key == "metrics" && b.entries[0].value == name && b.text("kind") == "total" {
				b.set("traffic", bare("true"))
				return true
			}
		}
	}
	return false
}

// strategy is the pattern, and how traffic moves.
func (j *job) strategy(v *value, versions *value) {
	if v == nil {
		return
	}
	pattern := v.get("testingPattern").str()
	switch {
	case strings.EqualFold(pattern, "Conformance"), strings.EqualFold(pattern, "Canary"):
		j.draft.rest.set("pattern", bare(strings.ToLower(pattern)))
	case len(j.draft.rewards) == 0 && pattern != "":
		j.draft.note("iter8 testingPattern " + pattern + ": it picks by a reward, and none is declared here")
	case len(j.draft.limits) > 0 && pattern != "":
		j.draft.rest.set("pattern", bare("hybrid"), "iter8: "+pattern+" with objectives")
	}
	j.traffic8(v, versions)
}

// traffic8 is the objects whose fields hold the weights.
func (j *job) traffic8(v, versions *value) {
	deployment := v.get("deploymentPattern").str()
	traffic := &block{}
	if strategy := map[string]string{"": "progressive", "Progressive": "progressive", "BlueGreen": "blue-green", "FixedSplit": ""}[deployment]; strategy != "" {
		traffic.set("strategy", bare(strategy))
	}
	for _, limit := range []struct{ key, ours string }{{"maxCandidateWeight", "max"}, {"maxCandidateWeightIncrement", "step"}} {
		if n, given := j.number(v.get("weights", limit.key)); given && deployment != "BlueGreen" {
			traffic.set(limit.ours, bare(figure(min(max(n, 1), 100))))
		}
	}
	weights := j.weights8(traffic, versions)
	switch {
	case len(weights) == 0:
	case deployment == "FixedSplit":
		j.draft.note("iter8 FixedSplit: give traffic: {split: […]} as the route has it, or a route with strategy: fixed-split")
	default:
		traffic.set("weights", weights)
		j.draft.rest.set("traffic", traffic) // real weights, so no dry run
	}
}

// weights8 are the fields that hold the versions' weights.
func (j *job) weights8(traffic *block, versions *value) []part {
	var weights []part
	add := func(item *value, name string) {
		ref := item.get("weightObjRef")
		kind, object := ref.get("kind").str(), ref.get("name").str()
		if ref == nil || !clusterWord(kind) || !clusterWord(object) {
			return
		}
		b := &block{flow: true}
		b.set("object", strings.ToLower(kind)+"/"+object)
		b.set("jsonpath", ref.get("fieldPath").str())
		b.set("version", name)
		weights = append(weights, part{value: b})
		if namespace := ref.get("namespace").str(); namespace != "" {
			traffic.set("namespace", namespace)
		}
		ref.get("apiVersion").all()
	}
	add(versions.get("baseline"), "baseline")
	for i, item := range versions.get("candidates").list() {
		name := "candidate"
		if len(j.draft.candidates) > i {
			name, _ = j.draft.candidates[i].value.(*block).entries[0].value.(string)
		}
		add(item, name)
	}
	return weights
}

// iterations8 is how long it lasts, and how often it looks.
func (j *job) iterations8(v *value, hasLoad, asks bool) {
	interval, loop, loops := 20.0, 15.0, 1.0
	for _, one := range []struct {
		key string
		to  *float64
	}{{"intervalSeconds", &interval}, {"iterationsPerLoop", &loop}, {"maxLoops", &loops}} {
		if n, given := j.number(v.get(one.key)); given && n > 0 {
			*one.to = min(n, 1e6)
		}
	}
	whole := clamped(interval * loop * loops)
	switch {
	case hasLoad:
		j.draft.note("iter8 duration " + length(whole) + ": the load lasts as load.for says")
		if d, err := time.ParseDuration(j.draft.load.text("for")); asks && (err != nil || d < leastAsked) {
			j.draft.load.set("for", bare(length(leastAsked)), "so that metrics have windows enough")
		}
	case asks:
		j.draft.noLoad = true
		each := min(max(clamped(interval), time.Second), time.Hour)
		windows := &block{flow: true}
		windows.set("interval", bare(length(each)))
		windows.set("for", bare(length(max(whole, leastWindows*each))))
		beside := ""
		if whole < leastWindows*each {
			beside = "iter8: " + length(whole) + ", too short for a verdict"
		}
		j.draft.rest.set("windows", windows, beside)
	default:
		j.draft.lasting("iter8", whole)
	}
}

// leastAsked is how long a load lasts beside which metrics are asked.
const leastAsked = 10 * time.Minute

// leastWindows is as many as a trial has by default.
const leastWindows = 120
