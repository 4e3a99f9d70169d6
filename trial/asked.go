package trial

import "time"

// Asked is one question to a source of metrics, and what it said: for people who
// want to know what a sample came of. It is bounded, and secrets are hidden.
type Asked struct {
	Metric  string        `json:"metric"`
	Version int           `json:"version"`         // index into the trial's versions
	Part    string        `json:"part"`            // of the metric: "query", "hits"
	Query   string        `json:"query"`           // places filled in
	Took    time.Duration `json:"took"`            // nanoseconds
	Newest  time.Time     `json:"newest,omitzero"` // of the samples that it has
	Error   string        `json:"error,omitempty"`
	Series  []AskedSeries `json:"series,omitempty"`
	LeftOut int           `json:"left_out,omitempty"` // series beyond these
}

// AskedSeries is one series of an answer: its newest points.
type AskedSeries struct {
	Name    string       `json:"name,omitempty"`
	Points  []AskedPoint `json:"points"`
	LeftOut int          `json:"left_out,omitempty"` // points before these
}

// AskedPoint is one number of a series. A number that JSON has none for is a text.
type AskedPoint struct {
	At    time.Time `json:"at"`
	Value string    `json:"value"`
}
