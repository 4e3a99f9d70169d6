package migrate

import (
	"math"
	"strings"
	"time"
)

// scenario is how one of k6's executors sends.
type scenario struct {
	name, executor string
	rate           float64 // iterations a second; 0: as fast as answers come
	lasting        time.Duration
	workers        float64
	shape          *stages
	notes          []string
}

// k6Load makes one load of the scenarios, or of the options that stand for one.
// https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/
func (j *job) k6Load(v *value) {
	var all []scenario
	if scenarios := v.get("scenarios"); scenarios != nil {
		for _, f := range scenarios.fields {
			if s, ok := j.k6Scenario(f.key, f.value); ok {
				all = append(all, s)
			}
		}
	} else if s, ok := j.k6Plain(v); ok {
		all = append(all, s)
	}
	if limit, given := j.number(v.get("rps")); given && limit > 0 {
		all = limited(all, limit)
	}
	if len(all) > 1 {
		all = j.k6Together(all)
	}
	if len(all) == 1 {
		all[0].write(j.draft)
	}
}

// limited sends at the rate that k6 limits itself to, where it knows no other.
func limited(all []scenario, limit float64) []scenario {
	if len(all) == 1 && all[0].rate == 0 && all[0].shape == nil {
		all[0].rate = limit
		all[0].notes = append(all[0].notes, "k6 sends at most this (rps); here it is what is sent.")
	}
	return all
}

// k6Together is one load for several scenarios: the sum, if all of them send at
// one rate for the same time, and else the first.
func (j *job) k6Together(all []scenario) []scenario {
	sum := all[0]
	sum.notes = nil
	for _, s := range all {
		sum.notes = append(sum.notes, s.notes...)
	}
	alike := true
	for _, s := range all[1:] {
		alike = alike && s.rate > 0 && s.shape == nil && s.lasting == sum.lasting
		sum.rate, sum.workers = sum.rate+s.rate, sum.workers+s.workers
	}
	if !alike || all[0].rate == 0 || all[0].shape != nil {
		for _, s := range all[1:] {
			j.draft.note("k6 scenario " + s.name + " (" + s.executor + "): a trial has one load; this is that of " + all[0].name)
		}
		return all[:1]
	}
	for i, s := range all {
		name := j.k6Request("scenario", s.name)
		for _, c := range j.draft.calls {
			if c.name == name && i < len(all)-1 {
				c.share = figure(max(0.01, math.Round(s.rate/sum.rate*1e4)/1e2)) + "%"
			}
		}
	}
	return []scenario{sum}
}

func (s scenario) write(d *draft) {
	for _, note := range s.notes {
		d.load.note(note)
	}
	switch {
	case s.shape != nil && len(s.shape.items) > 0:
		s.shape.write(d)
	case s.rate > 0:
		d.rate(s.rate)
	default:
		d.closed()
	}
	if s.shape == nil || len(s.shape.items) == 0 {
		d.lasting("k6", s.lasting)
	}
	if s.workers > 0 {
		d.connections(s.workers)
	}
}

// k6Plain reads the options that stand for one scenario.
func (j *job) k6Plain(v *value) (scenario, bool) {
	switch {
	case v.get("stages") != nil && len(v.get("stages").items) > 0:
		return j.k6Executor("ramping-vus", scenario{name: "default"}, v)
	case v.get("iterations") != nil:
		return j.k6Executor("shared-iterations", scenario{name: "default"}, v)
	case v.get("duration") != nil || v.get("vus") != nil:
		return j.k6Executor("constant-vus", scenario{name: "default"}, v)
	}
	return scenario{}, false
}

func (j *job) k6Scenario(name string, v *value) (scenario, bool) {
	if v.kind != mapping {
		j.add(v.at, "the scenario %s is %s: it is a mapping with an executor", quoted(name), v.kind)
		return scenario{}, false
	}
	return j.k6Executor(v.get("executor").str(), scenario{name: shown(name)}, v)
}

var k6Executors = []string{"constant-arrival-rate", "ramping-arrival-rate", "constant-vus", "ramping-vus", "shared-iterations", "per-vu-iterations", "externally-controlled"}

func (j *job) k6Executor(executor string, s scenario, v *value) (scenario, bool) {
	s.executor = executor
	if !contains(k6Executors, executor) {
		j.add(v.at, "the executor %s of %s is not known (known: %s)", quoted(executor), quoted(s.name), strings.Join(k6Executors, ", "))
		return s, false
	}
	s.workers = j.k6Workers(v)
	unit, given := j.duration(v.get("timeUnit"))
	if !given || unit <= 0 {
		unit = time.Second
	}
	s.lasting, given = j.duration(v.get("duration"))
	switch executor {
	case "constant-arrival-rate":
		rate, _ := j.number(v.get("rate"))
		s.rate = rate / unit.Seconds()
		s.notes = append(s.notes, "k6 counts iterations of "+s.name+"; here it is requests, or turns of steps, to each version.")
	case "ramping-arrival-rate":
		start, _ := j.number(v.get("startRate"))
		s.shape = j.k6Stages(v.get("stages"), start/unit.Seconds(), unit)
	case "constant-vus", "externally-controlled":
	case "ramping-vus":
		s.rampingVUs(j, v)
	default:
		s.iterations(j, v, executor)
	}
	if executor == "constant-vus" && !given {
		s.notes = append(s.notes, "k6 names no duration: it asks once with each virtual user.")
		s.lasting = time.Minute
	}
	if v.get("executor") != nil {
		j.leftovers("k6 scenario "+s.name+":", v, "")
	}
	return s, true
}

// k6Workers is the most virtual users that there are.
func (j *job) k6Workers(v *value) float64 {
	most := 0.0
	for _, key := range []string{"vus", "startVUs", "preAllocatedVUs", "maxVUs"} {
		if n, given := j.number(v.get(key)); given {
			most = max(most, n)
		}
	}
	return most
}

// k6Stages are rates that are reached one after the other, evenly.
func (j *job) k6Stages(v *value, start float64, unit time.Duration) *stages {
	s := &stages{}
	s.jump(start)
	items := v.list()
	for i, item := range items {
		target, _ := j.number(item.get("target"))
		for_, _ := j.duration(item.get("duration"))
		rate := target / unit.Seconds()
		switch {
		case for_ > 0 && rate == 0 && i == len(items)-1:
			j.draft.note("k6's last stage, down to 0 in " + length(for_) + ": a trial ends with its load")
		case for_ <= 0:
			s.jump(rate)
		case rate == s.at:
			s.hold(rate, for_)
		default:
			s.ramp(rate, for_)
		}
	}
	return s
}

// rampingVUs: the number of connections is one here.
func (s *scenario) rampingVUs(j *job, v *value) {
	var shape []string
	for _, item := range v.get("stages").list() {
		target, _ := j.number(item.get("target"))
		for_, _ := j.duration(item.get("duration"))
		s.workers, s.lasting = max(s.workers, target), s.lasting+for_
		shape = append(shape, figure(target)+" in "+length(for_))
	}
	s.notes = append(s.notes, "k6's virtual users go to "+strings.Join(shape, ", ")+"; here there are as many as most, all the time.")
}

// iterations end after a number, however long that takes.
func (s *scenario) iterations(j *job, v *value, executor string) {
	n, _ := j.number(v.get("iterations"))
	text := figure(n) + " iterations in all"
	if executor == "per-vu-iterations" {
		text = figure(n) + " iterations of each virtual user"
	}
	s.lasting = time.Minute
	if most, given := j.duration(v.get("maxDuration")); given {
		text += ", in " + length(most) + " at most"
	}
	s.notes = append(s.notes, "k6 ends after "+text+"; a trial ends when all is decided, or after this time.")
}
