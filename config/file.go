// Package config reads the trial file and the pipeline's inputs into one File.
package config

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seatrial/seatrial/k8s"
	"github.com/seatrial/seatrial/loadgen"
	"github.com/seatrial/seatrial/metrics"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// File is the trial file, seatrial.yaml. Each room owns the struct of its own part.
type File struct {
	Name       string           `yaml:"name"`
	Baseline   *loadgen.Target  `yaml:"baseline"`
	Candidate  *loadgen.Target  `yaml:"candidate"`
	Candidates []loadgen.Target `yaml:"candidates"`
	Cluster    k8s.Access       `yaml:"cluster"`
	Ready      Ready            `yaml:"ready"`
	Load       loadgen.Options  `yaml:"load"`
	Requests   []Request        `yaml:"requests"`

	Providers map[string]metrics.Provider `yaml:"providers"`
	Declared  []Metric                    `yaml:"metrics"`
	Windows   metrics.Windows             `yaml:"windows"`

	Pattern    slo.Pattern     `yaml:"pattern"`
	Objectives []slo.Objective `yaml:"objectives"`
	Rewards    []slo.Reward    `yaml:"rewards"`
	Confidence slo.Percent     `yaml:"confidence"`
	AtLeast    time.Duration   `yaml:"at-least"`
	NoData     slo.NoData      `yaml:"no-data"`
	Traffic    Traffic         `yaml:"traffic"`
	Mode       Mode            `yaml:"mode"`
	ReportDir  string          `yaml:"report-dir"`
	On         Hooks           `yaml:"on"`
	Publish    Publish         `yaml:"publish"`

	// Written is how addresses, and what testers send, were written where they
	// refer to variables, by what they came to: it is what is shown of them. Referred is what was filled in.
	Written  map[string]string `yaml:"-"`
	Referred []string          `yaml:"-"`

	// Metrics are those from elsewhere that objectives and rewards may be about.
	Metrics []slo.Metric `yaml:"-"`

	// Resume is the evidence directory of a former trial that this one goes on
	// with; empty where it begins anew.
	Resume string `yaml:"-"`
}

// Default is the file of a trial that says nothing.
func Default() File {
	policy := slo.DefaultPolicy()
	return File{
		Ready:      defaultReady(),
		Load:       loadgen.DefaultOptions(),
		Windows:    metrics.DefaultWindows(),
		Confidence: policy.Confidence,
		AtLeast:    policy.AtLeast,
		NoData:     policy.NoData,
		Traffic:    DefaultTraffic(),
		ReportDir:  "seatrial-report",
	}
}

// Policy is how the trial's findings are reached.
func (f File) Policy() slo.Policy {
	return slo.Policy{
		Pattern: f.Pattern, Objectives: f.Objectives, Rewards: f.Rewards,
		Confidence: f.Confidence, AtLeast: f.AtLeast, NoData: f.NoData, Metrics: f.Metrics, NoLoad: f.NoLoad(), Seed: f.Load.Seed, OneAddress: f.Load.Identify != nil, Requests: f.RequestNames(),
		AnyGood: f.anyGood(),
	}
}

// anyGood reports whether it was not said of any request which statuses are good.
func (f File) anyGood() bool {
	said := func(r loadgen.Request) bool { return r.Expect != nil }
	return slices.Equal(f.Load.Expect, loadgen.DefaultOptions().Expect) && !slices.ContainsFunc(loadgen.Flat(f.Sent()), said)
}

// target is a version as the file gives it.
type target = loadgen.Target

// Targets are the versions of the trial in the order in which evidence counts
// them: the baseline first where there is one. Each has a name, and its own
// address or the one of all.
func (f File) Targets() []loadgen.Target {
	var targets []loadgen.Target
	add := func(t loadgen.Target, name string) {
		if t.Name == "" {
			t.Name = name
		}
		if t.URL == "" && f.Load.Identify != nil {
			t.URL = f.Load.URL
		}
		targets = append(targets, t)
	}
	if f.Baseline != nil {
		add(*f.Baseline, "baseline")
	}
	if f.Candidate != nil {
		add(*f.Candidate, "candidate")
	}
	for i, t := range f.Candidates {
		add(t, fmt.Sprintf("candidate-%d", i+1))
	}
	return targets
}

// Versions describes the Targets, in the same order and without anything secret.
func (f File) Versions() []trial.Version {
	var versions []trial.Version
	for i, t := range f.Targets() {
		v := trial.Version{Name: t.Name, Label: t.Version, URL: f.shown(cmp.Or(t.URL, t.GRPC))}
		if i == 0 && f.Baseline != nil {
			v.Role = trial.Baseline
		}
		versions = append(versions, v)
	}
	return versions
}

// Mode says whether a verdict stops the pipeline. The zero value does.
type Mode int

const (
	Enforce Mode = iota // the exit code tells the verdict
	Report              // the verdict is told, and the exit code is 0 whatever it is
)

var modeNames = []string{"enforce", "report"}

func (m Mode) String() string {
	if m < 0 || int(m) >= len(modeNames) {
		return fmt.Sprintf("Mode(%d)", int(m))
	}
	return modeNames[m]
}

// MarshalText writes the mode as a word.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads enforce or report.
func (m *Mode) UnmarshalText(text []byte) error {
	for i, name := range modeNames {
		if name == string(text) {
			*m = Mode(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a mode (known: enforce, report)", text)
}
