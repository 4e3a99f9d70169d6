package trial

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ReadReport reads a report that others may have written or changed. It takes
// only what a trial of this version writes, value for value: no unknown key at
// any depth, no key twice, no text that is not UTF-8.
func ReadReport(data []byte) (Report, error) {
	var r Report
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Report{}, fmt.Errorf("this is no report: %w", err)
	}
	if r.Schema != ReportSchema {
		return Report{}, fmt.Errorf("this is a report of schema %d, and this version reads %d", r.Schema, ReportSchema)
	}
	var given, written bytes.Buffer
	again, err := json.Marshal(r)
	if err = errors.Join(err, json.Compact(&given, data), json.Compact(&written, again)); err != nil {
		return Report{}, fmt.Errorf("this is no report: %w", err)
	}
	if !bytes.Equal(given.Bytes(), written.Bytes()) {
		return Report{}, errors.New("this is no report as this version of seatrial writes it")
	}
	return r, r.check()
}

// check refuses what no trial writes, though its types are right.
func (r Report) check() error {
	for _, t := range r.Series {
		if len(t.P50) != len(t.At) || len(t.P95) != len(t.At) || len(t.Failed) != len(t.At) || t.Warmup < 0 || t.Warmup > len(t.At) {
			return fmt.Errorf("the series of %q has points without values", t.Version)
		}
	}
	for _, c := range r.Courses {
		if len(c.Values) != len(c.At) || c.Warmup < 0 || c.Warmup > len(c.At) {
			return fmt.Errorf("the course of %q has points without values", c.Metric)
		}
	}
	if len(r.Versions) > mostVersions {
		return fmt.Errorf("it has %d versions, and a trial has at most %d", len(r.Versions), mostVersions)
	}
	names := map[string]bool{}
	for _, v := range r.Versions {
		if names[v.Name] {
			return fmt.Errorf("two versions are called %q", v.Name)
		}
		names[v.Name] = true
	}
	if err := errors.Join(r.checkRequests(), r.checkTraffic()); err != nil {
		return err
	}
	if r.Status == Judged && len(r.Findings)+len(r.Choice.Rankings) == 0 {
		return errors.New("it was judged, and nothing was found")
	}
	return errors.Join(r.checkFindings(names), r.checkPass())
}

// checkRequests wants names that a trial can have, and figures of no other request.
func (r Report) checkRequests() error {
	named := append([]string{""}, r.Requests...)
	for _, name := range r.Requests {
		if !IsRequestName(name) {
			return fmt.Errorf("a request can't be called %q", name)
		}
	}
	for _, t := range r.Totals {
		if !slices.Contains(named, t.Request) {
			return fmt.Errorf("it has totals of %q, which is none of its requests", t.Request)
		}
	}
	for _, t := range r.Series {
		if !slices.Contains(named, t.Request) {
			return fmt.Errorf("it has a series of %q, which is none of its requests", t.Request)
		}
	}
	return nil
}

func (r Report) checkTraffic() error {
	if r.Traffic == nil {
		return nil
	}
	for _, split := range r.Traffic.Course {
		if len(split.Weights) != len(r.Versions) {
			return fmt.Errorf("its traffic is shared among %d versions, and it has %d", len(split.Weights), len(r.Versions))
		}
	}
	return nil
}

// mostVersions is what a record can tell apart.
const mostVersions = 255

// checkFindings wants one finding for each objective of a version.
func (r Report) checkFindings(versions map[string]bool) error {
	type pair struct{ version, objective string }
	found := map[pair]bool{}
	for _, f := range r.Findings {
		this := pair{f.Version, f.Objective}
		switch {
		case !versions[f.Version]:
			return fmt.Errorf("a finding is of %q, which is none of its versions", f.Version)
		case found[this]:
			return fmt.Errorf("%q of %q was found twice", f.Objective, f.Version)
		}
		found[this] = true
	}
	return nil
}

// contests are the patterns in which one version wins and others may fail.
var contests = []string{"ab", "abn", "hybrid", "pareto"}

// checkPass refuses a pass that its own findings contradict: all that was judged
// has passed, or all of the winner's.
func (r Report) checkPass() error {
	if r.Status != Judged || r.Verdict != Pass {
		return nil
	}
	oneWins, passed := slices.Contains(contests, r.Choice.Pattern), 0
	if oneWins && len(r.Findings) == 0 && r.Choice.Winner != "" {
		passed++ // by rewards alone
	}
	for _, f := range r.Findings {
		if f.Inform || oneWins && f.Version != r.Choice.Winner {
			continue
		}
		if f.Verdict != Pass {
			return fmt.Errorf("it says pass, and %q of %q says %s", f.Objective, f.Version, f.Verdict)
		}
		passed++
	}
	if failed, any := r.Failing("pass"); any {
		return fmt.Errorf("it says pass, and %q was to follow and failed", failed.Name)
	}
	if passed == 0 {
		return errors.New("it says pass, and nothing that counts passed")
	}
	return nil
}
