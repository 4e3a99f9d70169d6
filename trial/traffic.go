package trial

import "time"

// Traffic is how live traffic was shared during a trial.
type Traffic struct {
	Route    string  `json:"route"`              // "httproute/shop"
	Strategy string  `json:"strategy"`           // progressive, fixed-split, blue-green, dark-launch
	Before   []int   `json:"before"`             // percent of each version before the trial; nil where the route had no such split
	Matching bool    `json:"matching,omitempty"` // it is the traffic of requests that match; all other goes to the baseline
	Dry      bool    `json:"dry_run,omitempty"`  // nothing was moved; the course is what would have been
	Course   []Split `json:"course"`
	Left     string  `json:"left"`             // how the route was left: one sentence
	Remedy   string  `json:"remedy,omitempty"` // what a person must do, if it was not left as it should be
	Settling int     `json:"settling"`         // rounds not judged because the split was moving
	Parts    []Part  `json:"parts,omitempty"`  // of requests that the split shared; none where every version was asked itself
}

// LeftWith is the split that the route was left with, in percent of each
// version; nil where that is not known, or no route was moved.
func (t *Traffic) LeftWith(versions []Version) []int {
	if t == nil || t.Dry || len(t.Course) == 0 {
		return nil
	}
	last := t.Course[len(t.Course)-1]
	if last.Why != AtTheEnd || len(last.Weights) != len(versions) {
		return nil
	}
	return last.Weights
}

// AtTheEnd is why a split is the one that a route was left with.
const AtTheEnd = "end"

// Part is one version's of the requests that a split shared.
type Part struct {
	Version  string   `json:"version"`  // Version.Name
	Requests int      `json:"requests"` // that it got
	Assigned Quantity `json:"assigned"` // part of all that it was to get
	Got      Quantity `json:"got"`      // part of all that it got
}

// Split is how traffic was shared from a moment on.
type Split struct {
	At      time.Duration `json:"at"`      // since the first slot
	Weights []int         `json:"weights"` // percent of each version, in their order
	Why     string        `json:"why"`     // "start", "evidence", "candidate violated latency-p95 <= 110% of baseline", "paused by order of ann", "end"
}

// OrderKind is what a person tells a running trial that moves traffic.
type OrderKind int

const (
	NoOrder OrderKind = iota
	Pause             // keep the weights as they are
	Resume            // let the evidence move them again
	End               // end the trial with these weights
)

// Order is what a person told a trial's route. It is obeyed within a round.
type Order struct {
	Kind    OrderKind
	Weights []int // of End: percent of each version
	By      string
}

// TakenOverError says that another hand changed a route during a trial. Its
// change stays.
type TakenOverError struct {
	Route  string
	Detail string // what was found in the place of what
}

func (e *TakenOverError) Error() string {
	return e.Route + " was changed by another hand, which is left as it is: " + e.Detail
}
