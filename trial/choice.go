package trial

// Choice is what the trial makes of its versions, beside the verdict.
type Choice struct {
	Pattern     string     `json:"pattern"`               // conformance, canary, ab, abn, hybrid or pareto
	Winner      string     `json:"winner,omitempty"`      // Version.Name; empty where none was shown
	Recommended string     `json:"recommended,omitempty"` // the version to run from now on
	Unbeaten    []string   `json:"unbeaten,omitempty"`    // versions in the running that none was shown to beat
	Reason      string     `json:"reason"`                // one sentence
	Rankings    []Ranking  `json:"rewards,omitempty"`     // one for each reward, in the file's order
	Dominated   []Quantity `json:"dominated,omitempty"`   // of each version: P(another is better by every reward); of several rewards
	Draws       int        `json:"draws,omitempty"`       // of the joint posterior
	Seed        uint64     `json:"seed,omitempty"`        // of the draws
}

// Ranking is how the versions compare by one reward.
type Ranking struct {
	Reward    string  `json:"reward"`         // in canonical words: "minimize latency-mean"
	Name      string  `json:"name,omitempty"` // the team's own name for it
	Source    *Source `json:"source,omitempty"`
	Places    []Place `json:"versions"` // in the order of the versions
	Duels     []Duel  `json:"duels"`    // every two versions
	Needed    float64 `json:"needed"`   // evidence at which a duel is decided
	Statistic string  `json:"statistic"`
	Series    string  `json:"series,omitempty"` // whose rounds they are, where they are windows of metrics from elsewhere
}

// Place is one version's by one reward. The posterior figures are for people;
// duels decide.
type Place struct {
	Version  string   `json:"version"`
	Out      bool     `json:"out,omitempty"` // it was shown to violate an objective
	Value    Quantity `json:"value"`         // pooled over the judged rounds
	Credible Interval `json:"credible"`      // 90 % posterior interval of its mean over rounds
	Best     Quantity `json:"best"`          // posterior probability of being the best in the running
	Loss     Quantity `json:"loss"`          // expected loss of choosing it, in the reward's unit
}

// Duel compares two versions by one reward.
type Duel struct {
	Version string   `json:"version"`
	Rival   string   `json:"rival"`
	Better  bool     `json:"better,omitempty"` // the version is shown to be better than its rival
	Worse   bool     `json:"worse,omitempty"`
	Change  Quantity `json:"change"`  // of the version against its rival
	Anytime Interval `json:"anytime"` // of the change; holds while watching
	For     Evidence `json:"for"`     // for "better"
	Against Evidence `json:"against"` // for "worse"
	Rounds  int      `json:"rounds"`
	Needs   *Needs   `json:"needs,omitempty"` // nil when decided
}
