package trial

import "strings"

// NotReadyError says which versions, URLs or objects did not become ready, and
// why: one sentence each, with text of others in it, so untrusted.
type NotReadyError struct {
	Within   string // "2m0s"
	Hopeless bool   // the wait ended before: something can't become ready
	Reasons  []string
	Unready  []Unready // the objects of the cluster among these, with their stories
}

func (e *NotReadyError) Error() string {
	if e.Hopeless {
		return "can't become ready: " + strings.Join(e.Reasons, "; ")
	}
	return "not ready after " + e.Within + ": " + strings.Join(e.Reasons, "; ")
}

// Unready is an object of the cluster that did not become ready, with what the
// cluster tells of it. All of it is untrusted.
type Unready struct {
	Object   string   `json:"object"`             // "deployment/shop-canary"
	Sentence string   `json:"sentence"`           // why
	Hopeless bool     `json:"hopeless,omitempty"` // waiting longer would not help
	Logs     []PodLog `json:"logs,omitempty"`
	Events   []string `json:"events,omitempty"` // recent warnings, the newest last
}

// PodLog is the end of a container's log.
type PodLog struct {
	Pod       string   `json:"pod"`
	Container string   `json:"container"`
	Previous  bool     `json:"previous,omitempty"` // of the container before its last restart
	Lines     []string `json:"lines"`
}
