package trial

// Look is where a trial stands after a round.
type Look struct {
	Rounds   int     // judged so far
	Seconds  float64 // judged so far
	Verdict  Verdict
	Done     bool   // nothing more would change the verdict
	Broken   string // why the trial can't be measured; empty while it can
	Voided   string // why nothing that compares versions counts; empty while it does
	Late     int    // requests late by the generator's own fault
	Requests int    // planned so far in judged rounds, all versions
	Answered []int  // of these, by each version; nil where each has an address of its own
	Unnamed  int    // of these, answered by nobody known

	// Asking for these costs more than the look, and is to be done before the next.
	Standings func() []Standing
	Lead      func() *Lead // nil where no version competes for a reward
}

// Lead is the candidate of a contest with the best figure so far, and the duel
// that it is furthest from winning.
type Lead struct {
	Version  string
	Rival    string
	Reward   string   // "minimize latency-mean"
	Change   Quantity // of the version's figure against the rival's
	Progress float64  // 0 to 1: how much of the evidence needed is there
}

// Standing is one objective's way to its verdict, for one candidate.
type Standing struct {
	Objective string
	Version   string
	Verdict   Verdict
	Series    string   // whose rounds these are; empty for the load's
	Decided   int      // judged rounds when the verdict was shown
	Figure    Quantity // the change against the baseline, or the value for an absolute limit
	Leaning   Verdict  // what it is closer to
	Progress  float64  // 0 to 1: how much of the evidence needed is there
	Needs     *Needs   // nil when decided
}
