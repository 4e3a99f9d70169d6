package trial

// CalibrationSchema is the number of the format that a calibration is printed in.
const CalibrationSchema = 1

// Calibration is what a trial's load comes to on one machine, against services
// whose times are known: how far off are the times, and how small a difference
// drowns in the noise?
type Calibration struct {
	Schema      int          `json:"schema"`
	Tool        string       `json:"tool"` // version of seatrial
	CPUs        int          `json:"cpus"`
	Rate        float64      `json:"rate"`    // requests a second to each of two versions
	Seconds     float64      `json:"seconds"` // for which each service was measured
	Connections int          `json:"connections"`
	Services    []Calibrated `json:"services"`
}

// Calibrated is one pair of equal services. Warm-up is not in it.
type Calibrated struct {
	Takes   Quantity `json:"takes"`   // what the services were told to take for an answer
	Planned int      `json:"planned"` // requests to both
	Sent    int      `json:"sent"`
	Late    int      `json:"late"`   // sent too late by the generator's own fault
	Unsent  int      `json:"unsent"` // because every connection was busy
	Failed  int      `json:"failed"` // of those sent

	// How far behind plan requests were sent.
	Behind struct {
		Median Quantity `json:"p50"`
		P99    Quantity `json:"p99"`
		Worst  Quantity `json:"worst"`
	} `json:"behind"`

	CPU  Quantity `json:"cpu"`  // seconds of the generator, for each request at this rate
	Most Quantity `json:"most"` // rate to each of two versions beyond which the generator would need more CPU than it can have

	Statistics []Discerned `json:"statistics"`
}

// Discerned is how one statistic of the latency looked.
type Discerned struct {
	Statistic string   `json:"statistic"` // "p95"
	Server    Quantity `json:"server"`    // by the services' own clocks
	Client    Quantity `json:"client"`    // as a trial has it
	Bias      Quantity `json:"bias"`      // client − server
	Apart     Quantity `json:"apart"`     // one of the two against the other: chance, since they are equal
	Floor     Quantity `json:"not_told"`  // differences below it can't be told from chance; NaN where too little was sent to say
}
