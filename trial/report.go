package trial

import "time"

// ReportSchema is the number of the report's format; it grows with every
// change that a reader must know of.
const ReportSchema = 1

// Report is all that a trial has to say. It is written as report.json.
type Report struct {
	Schema  int       `json:"schema"`
	Tool    string    `json:"tool"` // version of seatrial
	Name    string    `json:"name,omitempty"`
	Started time.Time `json:"started"`

	Status   Status    `json:"status"`
	Verdict  Verdict   `json:"verdict"`
	Mode     string    `json:"mode"`          // enforce or report
	Try      int       `json:"try,omitempty"` // which of the pipeline's tries of this step, from 1; 0: it did not say
	ExitCode int       `json:"exit_code"`
	Reason   string    `json:"reason"` // one sentence
	Remedy   string    `json:"remedy,omitempty"`
	Findings []Finding `json:"findings"`
	Pairs    int       `json:"pairs"` // objective × candidate pairs that Holm's correction counts
	Choice   Choice    `json:"choice"`
	Notes    []string  `json:"notes,omitempty"`
	Traffic  *Traffic  `json:"traffic,omitempty"` // nil where the trial moved none

	Versions []Version `json:"versions"`
	Requests []string  `json:"requests,omitempty"` // names; none where there is one request without
	Unready  []Unready `json:"unready,omitempty"`  // objects of the cluster that the trial waited for in vain
	Measured Measured  `json:"measured"`
	Totals   []Totals  `json:"totals,omitempty"` // of each version; none where nothing was judged
	Series   []Tracks  `json:"series,omitempty"`
	Courses  []Course  `json:"courses,omitempty"` // of metrics from elsewhere
	Examples []Example `json:"examples,omitempty"`
	Hooks    []Hook    `json:"hooks,omitempty"` // in the order in which they ended
}

// Measured is how much was measured, and how.
type Measured struct {
	Seed        uint64        `json:"seed"`
	Rate        float64       `json:"rate"`            // requests a second to each version
	Shape       string        `json:"shape,omitempty"` // in words, where the rate is not the same all the time
	Planned     time.Duration `json:"planned"`
	Warmup      time.Duration `json:"warmup"`
	AtLeast     time.Duration `json:"at_least"`
	Lasted      time.Duration `json:"lasted"` // judged rounds only
	RoundLength time.Duration `json:"round_length"`
	Rounds      int           `json:"rounds"`      // judged
	Requests    int           `json:"requests"`    // planned in the judged rounds, all versions
	Late        int           `json:"late"`        // of these, late by the generator's own fault
	Unsent      int           `json:"unsent"`      // of these, never sent: they count as failed
	Dropped     int           `json:"dropped"`     // rounds left out because they did not end
	Confidence  float64       `json:"confidence"`  // 0.95
	Connections int           `json:"connections"` // to each version
	Windows     []Windows     `json:"windows,omitempty"`
}

// Windows is how much was judged of a series other than the load's.
type Windows struct {
	Series  string  `json:"series"`
	Rounds  int     `json:"rounds"` // judged
	Seconds float64 `json:"seconds"`
	Dropped int     `json:"dropped,omitempty"` // left out because they did not end
}

// Totals is all that one version did in the judged rounds, whatever was asked
// of it. A quantile that failed requests reach is infinite, so not known.
type Totals struct {
	Version  string   `json:"version"`           // Version.Name
	Request  string   `json:"request,omitempty"` // one of several; empty for all of them
	Requests int      `json:"requests"`
	Failed   int      `json:"failed"`
	Charged  int      `json:"charged,omitempty"` // of the requests: answered by nobody known, and charged to this version
	Rate     Quantity `json:"rate"`              // expected answers a second
	Mean     Quantity `json:"mean"`              // of the requests that did not fail
	P50      Quantity `json:"p50"`
	P90      Quantity `json:"p90"`
	P95      Quantity `json:"p95"`
	P99      Quantity `json:"p99"`

	Phases *PhaseTotals `json:"phases,omitempty"` // nil where nobody took them
}

// PhaseTotals is what one version's requests spent where. What there was none of
// is not known.
type PhaseTotals struct {
	Connections  int      `json:"connections"`    // that were made, in the warm-up too
	Connect      Quantity `json:"connect"`        // the median of these, name resolution included
	TLS          Quantity `json:"tls"`            // the median of the handshakes
	FirstByteP50 Quantity `json:"first_byte_p50"` // from when a request could be sent to when its answer began to come
	FirstByteP95 Quantity `json:"first_byte_p95"`
}

// Judged reports whether the verdict counts: measured to the end, or a fail
// that was shown before a later stage broke.
func (r Report) Judged() bool { return r.Status == Judged || r.Verdict == Fail }

// Tracks is one version's course over the trial, for charts.
type Tracks struct {
	Version string    `json:"version"`
	Request string    `json:"request,omitempty"` // one of several; empty for all of them
	At      []float64 `json:"at"`                // seconds since the first slot
	P50     []float64 `json:"p50"`               // seconds; 0 where nothing was answered
	P95     []float64 `json:"p95"`               // seconds
	Failed  []float64 `json:"failed"`            // share
	Warmup  int       `json:"warmup"`            // how many of the points are warm-up
	Decided float64   `json:"decided"`           // second at which the verdict was shown; 0 if it was not
}

// Course is one figure of one version over the trial, for charts: a metric from
// elsewhere. A window without a figure has no point.
type Course struct {
	Metric  string    `json:"metric"` // as objectives name it: "db-latency-p95"
	Unit    Unit      `json:"unit"`
	Version string    `json:"version"`
	At      []float64 `json:"at"` // seconds since the first slot
	Values  []float64 `json:"values"`
	Warmup  int       `json:"warmup"` // how many of the points are warm-up
}

// Example is one unexpected answer, told once for each version and status.
type Example struct {
	Version string `json:"version"` // Version.Name; empty where the answer named nobody
	Status  string `json:"status"`
	Count   int    `json:"count"`
	Text    string `json:"text,omitempty"` // start of the body or the error, as the target wrote it: untrusted
}
