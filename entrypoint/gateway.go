package main

import (
	"fmt"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// oneAddress tells, where a gateway picked who answered, whom it picked how
// often, and to whom the rest is charged.
func oneAddress(r trial.Report, unnamed int) string {
	var answered, charged []string
	for _, t := range r.Totals {
		answered = append(answered, fmt.Sprintf("%d by %s", t.Requests-t.Charged, t.Version))
		charged = append(charged, fmt.Sprintf("%d to %s", t.Charged, t.Version))
	}
	text := fmt.Sprintf("The gateway picked who answered: of %d requests, %s", r.Measured.Requests, strings.Join(answered, ", "))
	if unnamed == 0 {
		return text + "."
	}
	return text + fmt.Sprintf("; %d could not be told apart and are charged by who lacks answers: %s. A pass must hold even if the candidate gave all of those.",
		unnamed, strings.Join(charged, ", "))
}
