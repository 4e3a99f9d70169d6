package trial

import (
	"fmt"
	"regexp"
	"time"
)

// Tick is the resolution of recorded times.
const Tick = 100 * time.Nanosecond

// Request is the raw record of one planned request: 16 bytes, little-endian in
// the order of the fields when stored. docs/evidence.md is its specification.
type Request struct {
	Slot    uint32 // place in the slot list of the trial, from 0
	Start   uint32 // from the slot's time to the moment it was sent, in ticks
	Latency uint32 // response time from the slot, in ticks: see Latency below
	Status  Status16
	Version uint8 // index into the trial's versions, or Nobody
	Name    uint8 // index into the trial's requests
}

// Phases is what one request spent where, in ticks: 12 bytes when stored, beside
// the records. A phase that there was none of is 0: most requests find a connection.
type Phases struct {
	Connect   uint32 // its name was resolved, and a connection made
	TLS       uint32 // hands were shaken
	FirstByte uint32 // from when it could be sent to when the answer began to come
}

// Nobody is the Version of a request whose answer did not tell which version
// gave it. Records keep it as it was measured; to whom it is charged is the
// judge's to say.
const Nobody uint8 = 255

// Status16 is an HTTP status below 600, a gRPC code plus 600, or a Failure, with
// the high bit set when the answer was not one that the trial expects.
type Status16 uint16

const unexpected Status16 = 1 << 15

// Failure is why a request has no usable answer.
type Failure uint16

const (
	TimedOut    Failure = 1000 + iota // no whole answer by the slot's time + timeout
	Refused                           // the connection was refused
	Closed                            // the connection was reset or closed before a whole answer
	Unsent                            // every worker of the version was busy until the request's time was over
	BadName                           // the host name did not resolve
	BadTLS                            // the TLS handshake failed
	BadExchange                       // any other failure of the exchange
	Skipped                           // an earlier step of its sequence failed
	Unfilled                          // its template could not be filled in
	WrongHeader                       // answered as expected, and a check of a header failed
	WrongBody                         // likewise, of the body by a regular expression
	WrongJSON                         // likewise, of the body by jq
	WrongSize                         // likewise, of the body's size
	TooLong                           // the body is too long for what looks at it
	NotThere                          // a value to be saved is not in the answer
)

var failureNames = map[Failure]string{
	TimedOut: "timed out", Refused: "connection refused", Closed: "connection closed",
	Unsent: "not sent: all connections busy", BadName: "host name not found",
	BadTLS: "TLS failed", BadExchange: "exchange failed",
	Skipped: "not sent: an earlier step failed", Unfilled: "not sent: its template failed",
	WrongHeader: "check failed: header", WrongBody: "check failed: body", WrongJSON: "check failed: jq", WrongSize: "check failed: size",
	TooLong: "check failed: body over 10 MB", NotThere: "value to save not found",
}

func (f Failure) String() string {
	if name, ok := failureNames[f]; ok {
		return name
	}
	return fmt.Sprintf("Failure(%d)", uint16(f))
}

// Answered is the status of a request that was answered with an HTTP status.
func Answered(code int, expected bool) Status16 {
	s := Status16(code) &^ unexpected
	if !expected {
		s |= unexpected
	}
	return s
}

// Failed is the status of a request without a usable answer.
func Failed(f Failure) Status16 { return Status16(f) | unexpected }

// OK reports whether the answer was one that the trial expects.
func (s Status16) OK() bool { return s&unexpected == 0 }

// Is reports whether the request failed in this way.
func (s Status16) Is(f Failure) bool { return s == Failed(f) }

// Sent reports whether anything of the request left.
func (s Status16) Sent() bool { return !s.Is(Unsent) && !s.Is(Skipped) && !s.Is(Unfilled) }

// String is the HTTP status ("503"), the gRPC code ("UNAVAILABLE (14)") or the
// failure ("timed out").
func (s Status16) String() string {
	if code, is := s.grpcCode(); is {
		return grpcText(code)
	}
	code := uint16(s &^ unexpected)
	if code >= uint16(TimedOut) {
		return Failure(code).String()
	}
	return fmt.Sprint(code)
}

// Ticks converts a duration, clamped to what a record holds (0 to 429 s).
func Ticks(d time.Duration) uint32 {
	ticks := int64(d / Tick)
	return uint32(min(max(ticks, 0), 1<<32-1))
}

// Seconds is the response time from the slot: the time on the wire plus the
// time for which every worker of the version was busy. Lateness of the load
// generator itself is not in it.
func (r Request) Seconds() float64 { return float64(r.Latency) * Tick.Seconds() }

// Overall is what objectives call all requests together.
const Overall = "overall"

// LongestRequestName is how long a request's name may be, in characters.
const LongestRequestName = 64

var requestName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// IsRequestName reports whether a request can be called so.
func IsRequestName(name string) bool {
	return len(name) <= LongestRequestName && name != Overall && requestName.MatchString(name)
}
