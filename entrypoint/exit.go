package main

import (
	"errors"

	"github.com/seatrial/seatrial/config"
	"github.com/seatrial/seatrial/trial"
)

// Exit codes. 2 stays free: a Go panic outside the main goroutine uses it.
const (
	exitPass         = 0
	exitFail         = 1
	exitInconclusive = 3
	exitNotReady     = 4
	exitBroken       = 5
	exitBadInput     = 64 // EX_USAGE of sysexits.h
	exitInternal     = 70 // EX_SOFTWARE
	exitSignal       = 128
)

// exitCode is what the pipeline sees. mode: report takes the teeth out of a
// verdict, never out of a trial that did not reach one.
func exitCode(r trial.Report, mode config.Mode, cause error) int {
	var s signalled
	switch {
	case r.Status == trial.BadInput:
		return exitBadInput
	case r.Status == trial.NotReady:
		return exitNotReady
	case r.Status == trial.Cancelled && errors.As(cause, &s):
		return exitSignal + int(s.Signal)
	case r.Status == trial.Cancelled:
		return exitSignal + 15
	case r.Status == trial.Broken && (r.Verdict != trial.Fail || mode == config.Report):
		return exitBroken
	case mode == config.Report || r.Verdict == trial.Pass:
		return exitPass
	case r.Verdict == trial.Fail:
		return exitFail
	}
	return exitInconclusive
}

// meaning is an exit code in words.
func meaning(code int) string {
	switch code {
	case exitPass:
		return "pass"
	case exitFail:
		return "fail"
	case exitInconclusive:
		return "inconclusive"
	case exitNotReady:
		return "not ready"
	case exitBroken:
		return "could not measure"
	case exitBadInput:
		return "bad input"
	case exitInternal:
		return "internal error"
	}
	return "cancelled"
}
