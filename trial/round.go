package trial

import "time"

// Round is a short interval in which every version was measured under the same
// conditions: the unit of evidence. Rounds of different series have lengths and
// numbers of their own, and come in any order between them.
type Round struct {
	Series   string        // which series of rounds this belongs to: "load", "metrics"
	Index    int           // from 0 in each series, warm-up included
	Start    time.Duration // planned, since the first slot of the trial
	End      time.Duration
	Warmup   bool // recorded, never judged
	Complete bool // every planned request ended; an incomplete round is never judged

	// Weights is the percentage of live traffic that each version was assigned
	// when the round began; nil where the trial shares none.
	Weights []int

	// Settling marks a round in which that split was being moved, or had moved
	// so shortly before that requests may still have gone the old way: recorded,
	// never judged.
	Settling bool

	// Closed is when the round was given, since the first slot: what is done
	// about it is done from then on. It is not kept in evidence.
	Closed time.Duration

	Requests  []Request // every record of the round, in the order of the slots
	Phases    []Phases  // of each of these; nil where nobody took them
	Generator Generator
	Examples  []Example // unexpected answers of a kind not told before

	Samples []Sample // of metrics from elsewhere, one for each version and metric; nil in rounds of load

	// Asked is what the samples came of. It is kept beside the rounds, and is not
	// read back with them.
	Asked []Asked
}

// LoadSeries is the series of rounds that the load generator makes.
const LoadSeries = "load"

// Shared reports whether the requests of the round were shared among the
// versions by Weights. The load generator asks every version itself, wherever
// live traffic goes.
func (r Round) Shared() bool { return r.Weights != nil && r.Series != LoadSeries }

// Generator is what the load generator says about itself for one round.
type Generator struct {
	Planned  int           `json:"planned"`  // slots of the round, all versions
	Waited   int           `json:"waited"`   // of these, waited more than LateAfter for a connection of their version
	Late     int           `json:"late"`     // sent more than LateAfter behind plan by the generator's own fault
	Lateness time.Duration `json:"lateness"` // the worst of it, nanoseconds
}

// LateAfter is the lateness beyond which a request no longer stands for its
// slot. Timers of a shared two-core machine are late by 0.8 ms at the median
// and up to 16 ms at p99, so 50 ms means starvation, not jitter.
const LateAfter = 50 * time.Millisecond
