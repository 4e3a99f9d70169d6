package trial

import "fmt"

// Verdict is what a trial, or one finding of it, concludes. The zero value is
// Inconclusive: whatever was forgotten, skipped or never measured does not pass.
type Verdict int

const (
	Inconclusive Verdict = iota
	Pass
	Fail
)

var verdictNames = [...]string{"inconclusive", "pass", "fail"}

func (v Verdict) String() string {
	if v < 0 || int(v) >= len(verdictNames) {
		return fmt.Sprintf("Verdict(%d)", int(v))
	}
	return verdictNames[v]
}

// MarshalText writes the verdict as a word.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdictNames {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("unknown verdict %q (known: pass, fail, inconclusive)", text)
}

// Status says how far a trial came. The zero value is Broken.
type Status int

const (
	Broken    Status = iota // could not measure
	Judged                  // every planned stage ended; the verdict counts
	NotReady                // a version did not become ready in time
	BadInput                // refused before anything was sent
	Cancelled               // stopped by a signal
)

var statusNames = [...]string{"broken", "judged", "not-ready", "bad-input", "cancelled"}

func (s Status) String() string {
	if s < 0 || int(s) >= len(statusNames) {
		return fmt.Sprintf("Status(%d)", int(s))
	}
	return statusNames[s]
}

// MarshalText writes the status as a word.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(text []byte) error {
	for i, name := range statusNames {
		if name == string(text) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("unknown status %q (known: broken, judged, not-ready, bad-input, cancelled)", text)
}
