package trial

import "time"

// Reading is what one metric of one version is just now, and how it was had.
type Reading struct {
	Provider string
	Declared string // what the metric is, in a word: "counts"
	Sample   Sample
	Version  string
	Unit     Unit
	Window   time.Duration
	Delay    time.Duration // from the window's end until it was asked about
	Age      time.Duration // of the newest number that the answer has
	Aged     bool          // that is known
	Took     time.Duration // the slowest of its questions
}
