package metrics

import (
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Windows is when others are asked: part of the trial file.
type Windows struct {
	Interval time.Duration  `yaml:"interval"` // length of a window, which is a round
	For      time.Duration  `yaml:"for"`      // how long to go on in a trial without load
	Delay    *time.Duration `yaml:"delay"`    // from a window's end until providers know all of it; nil: as long as each type usually needs
}

// DefaultWindows asks for a quarter of a minute at a time.
func DefaultWindows() Windows {
	return Windows{Interval: 15 * time.Second, For: 30 * time.Minute}
}

// Provider is who is asked.
type Provider struct {
	Type     string                  `yaml:"type"` // word of a language, or of a preset
	URL      string                  `yaml:"url"`
	DSN      trial.Secret            `yaml:"dsn"` // of a database, in place of a URL
	Headers  map[string]trial.Secret `yaml:"headers"`
	Auth     Auth                    `yaml:"auth"`
	Settings map[string]string       `yaml:"settings"` // what the preset asks for: site, account, project
	Timeout  time.Duration           `yaml:"timeout"`
	Delay    *time.Duration          `yaml:"delay"` // nil: that of the windows, or its type's
	Insecure bool                    `yaml:"insecure"`
	CA       string                  `yaml:"ca"`
	Cert     string                  `yaml:"cert"`
	Key      string                  `yaml:"key"`
}

// Auth is how a provider knows who asks; at most one of them.
type Auth struct {
	Basic  *Basic       `yaml:"basic"`
	Bearer trial.Secret `yaml:"bearer"`
	OAuth  *OAuth       `yaml:"oauth"`
	AWS    *AWS         `yaml:"aws"`
}

// Basic is RFC 7617.
type Basic struct {
	User     string       `yaml:"user"`
	Password trial.Secret `yaml:"password"`
}

// OAuth is the client credentials grant of RFC 6749, 4.4.
type OAuth struct {
	TokenURL string       `yaml:"token-url"`
	Client   string       `yaml:"client"`
	Secret   trial.Secret `yaml:"secret"`
	Scopes   []string     `yaml:"scopes"`
}

// AWS signs requests with Signature Version 4.
type AWS struct {
	Region  string       `yaml:"region"`
	Service string       `yaml:"service"`
	Access  trial.Secret `yaml:"access-key"` // empty: $AWS_ACCESS_KEY_ID
	Secret  trial.Secret `yaml:"secret-key"`
	Session trial.Secret `yaml:"session-token"`
}

// Query is how one metric is asked for: what the trial file says beside what
// the metric is.
type Query struct {
	From       string            `yaml:"from"`   // name of a provider, or its URL; empty: the only one
	Query      string            `yaml:"query"`  // the whole metric
	Hits       string            `yaml:"hits"`   // of counts
	Trials     string            `yaml:"trials"` // of counts
	Count      string            `yaml:"count"`  // of moments
	Sum        string            `yaml:"sum"`    // of moments and histograms
	SumSquares string            `yaml:"sum-squares"`
	Running    *bool             `yaml:"running"`     // numbers are totals since some beginning; nil: as the provider's usually are
	PerVersion string            `yaml:"per-version"` // column of a query that is of all versions at once, which tells them apart
	Scale      *float64          `yaml:"scale"`       // makes the metric's unit of the provider's: 0.001 of milliseconds; nil: 1
	Params     map[string]string `yaml:"params"`      // of a REST request
	Method     string            `yaml:"method"`
	Path       string            `yaml:"path"`
	Headers    map[string]string `yaml:"headers"` // of this request, beside the provider's; never secrets
	Body       string            `yaml:"body"`
	Poll       *Poll             `yaml:"poll"`   // of a reply that is not ready at once
	Answer     string            `yaml:"answer"` // a jq program: what to take of the reply
}

func (q Query) given() map[part]string {
	all := map[part]string{whole: q.Query, hits: q.Hits, trials: q.Trials, count: q.Count, sum: q.Sum, sumSquares: q.SumSquares}
	for p, text := range all {
		if text == "" {
			delete(all, p)
		}
	}
	return all
}

// isRequest reports that a whole request is given, which may need no query.
func (q Query) isRequest() bool { return q.Path != "" || q.Body != "" || len(q.Params) > 0 }

// Metric is what is asked for, by name and kind.
type Metric struct {
	Name string
	Kind trial.Kind
	Query

	// Mock are made-up numbers by the name of a version: then nobody is asked.
	Mock map[string]float64
}

// Version is one of the versions of a trial, as queries tell it from others.
type Version struct {
	Name   string
	Places map[string]string // what stands for it in queries: "version", "name", and the labels it has
}
