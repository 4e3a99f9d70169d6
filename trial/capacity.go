package trial

// CapacitySchema is the number of the format that a capacity is printed in.
const CapacitySchema = 1

// Capacity is what a search for the highest rate came to.
type Capacity struct {
	Schema     int       `json:"schema"`
	Tool       string    `json:"tool"`
	Name       string    `json:"name,omitempty"`
	Versions   []Version `json:"versions"`
	Confidence float64   `json:"confidence"` // that holds and violated are both right, each
	Holds      Quantity  `json:"holds"`      // the highest rate at which all objectives were shown to hold; 0: at none
	Violated   Quantity  `json:"violated"`   // the lowest at which one was shown to be violated; +Inf: at none
	Want       Quantity  `json:"want"`       // what was asked for; 0 if nothing was
	Verdict    Verdict   `json:"verdict"`    // on what was asked for
	Levels     []Level   `json:"levels"`     // in the order in which they were tried
}

// Level is the trial at one rate.
type Level struct {
	Rate     float64 `json:"rate"` // requests a second to each version
	Verdict  Verdict `json:"verdict"`
	Status   Status  `json:"status"`
	Reason   string  `json:"reason"`
	Seconds  float64 `json:"seconds"` // judged
	Totals   Totals  `json:"totals"`  // of the first candidate
	Evidence string  `json:"evidence"`
}
