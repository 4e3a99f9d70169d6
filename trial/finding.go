package trial

// Source is where an input came from: a place in the trial file, or the name
// of the flag, input or variable that held it.
type Source struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Input  string `json:"input,omitempty"` // "--objectives", "INPUT_OBJECTIVES"; empty for the file
}

// Interval is a range of values; an open end is infinite and written as null.
type Interval struct {
	Low  Quantity `json:"low"`
	High Quantity `json:"high"`
}

// Finding is what one objective concludes for one version, and from what.
type Finding struct {
	Objective string  `json:"objective"`      // in canonical words: "latency-p95 <= 110% of baseline"
	Name      string  `json:"name,omitempty"` // the team's own name for it
	Source    *Source `json:"source,omitempty"`
	Request   string  `json:"request,omitempty"` // that it is asked of; "overall", or empty where there is one without a name
	Version   string  `json:"version"`           // Version.Name
	Verdict   Verdict `json:"verdict"`
	Inform    bool    `json:"inform,omitempty"`        // shown, not judged
	Implied   bool    `json:"implied,omitempty"`       // not asked for; every trial has it
	Decided   int     `json:"decided_round,omitempty"` // judged rounds when the verdict was shown; 0 while open
	Reason    string  `json:"reason"`                  // one sentence, with numbers

	Baseline  Quantity `json:"baseline"`  // pooled over the judged rounds; NaN where it plays no part
	Candidate Quantity `json:"candidate"` // pooled over the judged rounds
	Change    Quantity `json:"change"`    // candidate against baseline
	Limit     Quantity `json:"limit"`     // what Candidate may come to at most, or at least; NaN where the baseline gives none
	Anytime   Interval `json:"anytime"`   // of Change, or of Candidate for an absolute limit; holds while watching
	Credible  Interval `json:"credible"`  // 90 % posterior interval of the same quantity; never decides
	Within    Quantity `json:"within"`    // posterior probability that the objective holds

	Against    Evidence `json:"against"`    // for "beyond the limit"
	For        Evidence `json:"for"`        // for "within the limit"
	Needed     float64  `json:"needed"`     // evidence at which a pass is shown; a fail takes as much times the pairs it is corrected for
	Confidence float64  `json:"confidence"` // 0.95

	Statistic string  `json:"statistic"`        // how it was judged
	Rounds    int     `json:"rounds"`           // judged rounds that carried data for it
	Effective float64 `json:"effective_rounds"` // of these, as many as count as independent
	Requests  int     `json:"requests"`         // of this version and its baseline in those rounds
	Needs     *Needs  `json:"needs,omitempty"`

	// Of a metric from elsewhere, whose rounds are windows of a series of their own.
	Series  string  `json:"series,omitempty"`
	Window  float64 `json:"window_seconds,omitempty"` // the length of one
	Missing int     `json:"missing,omitempty"`        // judged windows without data for it
	Gaps    []Gap   `json:"gaps,omitempty"`           // why, the commonest first
}

// Gap is one reason for missing data. It may quote what others answered:
// untrusted.
type Gap struct {
	Reason string `json:"reason"`
	Rounds int    `json:"rounds"`
}

// Evidence is a Bayes factor, kept as its natural logarithm because it
// overflows: 3.0 is about 20:1.
type Evidence struct {
	Log  float64 `json:"ln"`
	Most float64 `json:"ln_most"` // its maximum so far
}

// Needs says what would settle an open finding, should the data go on as they are.
type Needs struct {
	Rounds   int     `json:"rounds"` // more of them; 0 when no amount in reach would do
	Seconds  float64 `json:"seconds"`
	Requests int     `json:"requests"` // to each version
}
