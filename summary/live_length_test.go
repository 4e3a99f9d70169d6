package summary

import (
	"testing"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// How long a trial lasts is said at another key where no load is sent.
func TestWhatWouldSettleATrialNamesTheKeyThatSaysHowLong(t *testing.T) {
	for want, m := range map[string]trial.Measured{
		"for: 2m":            {Rate: 100, Requests: 6000, Lasted: time.Minute},
		"windows: {for: 2m}": {Windows: []trial.Windows{{Series: trial.MetricsSeries}}, Lasted: time.Minute},
	} {
		if got := (view{Report: trial.Report{Measured: m}}).forKey("2m"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
