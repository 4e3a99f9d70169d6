package trial

// PlanSchema is the number of the format that a plan is printed in.
const PlanSchema = 1

// Plan is what may be expected of a trial before it is run.
type Plan struct {
	Schema    int        `json:"schema"`
	Tool      string     `json:"tool"` // version of seatrial
	Name      string     `json:"name,omitempty"`
	Versions  []Version  `json:"versions"`
	Recorded  Recorded   `json:"recorded"`
	Budget    float64    `json:"budget"` // seconds that the trial may measure
	Rate      float64    `json:"rate"`   // requests a second to each version
	Forecasts []Forecast `json:"forecasts"`
}

// Recorded is what a plan was drawn from.
type Recorded struct {
	Rounds   int     `json:"rounds"` // whole ones
	Seconds  float64 `json:"seconds"`
	Requests int     `json:"requests"` // to all versions
	Late     int     `json:"late"`     // of these, late by the generator's own fault
}

// Forecast is what may be expected of one objective asked of one candidate.
type Forecast struct {
	Objective string `json:"objective"`
	Name      string `json:"name,omitempty"`
	Version   string `json:"version"`
	Inform    bool   `json:"inform,omitempty"`
	Implied   bool   `json:"implied,omitempty"`
	Relative  bool   `json:"relative"` // of a candidate equal to the baseline; else of the candidate as it was

	Verdict  Verdict  `json:"verdict"`           // that it comes to; inconclusive where no length in reach would do: 64 times what was recorded
	Rounds   int      `json:"rounds"`            // until half of such trials have it; 0 if none in reach
	Requests int      `json:"requests"`          // to each version, likewise
	Seconds  float64  `json:"seconds"`           // likewise
	Chance   float64  `json:"chance"`            // of having it within the budget
	Enough   float64  `json:"enough"`            // seconds of load at which four of five have it; 0 if none in reach
	Smallest Quantity `json:"smallest"`          // regression that fails in four of five trials within the budget; +Inf if none does, NaN if unknown
	Caution  string   `json:"caution,omitempty"` // why the figures are rough
	Problem  string   `json:"problem,omitempty"` // why there are none
}

// Chances that a forecast is told at.
const (
	AsLikelyAsNot = 0.5
	FairlySure    = 0.8
)

// Decidable reports whether the budget is as likely as not to give a verdict.
func (f Forecast) Decidable() bool { return f.Problem == "" && f.Chance >= AsLikelyAsNot }

// Sure reports whether four of five trials have a verdict within the budget.
func (f Forecast) Sure() bool { return f.Problem == "" && f.Chance >= FairlySure }
