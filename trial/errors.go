package trial

import "strings"

// NotReadyError says which versions or URLs did not become ready in time, and why:
// one sentence each, with text of the target in it, so untrusted.
type NotReadyError struct {
	Within  string // "2m0s"
	Reasons []string
}

func (e *NotReadyError) Error() string {
	return "not ready after " + e.Within + ": " + strings.Join(e.Reasons, "; ")
}
