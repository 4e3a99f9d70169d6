package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestCalibrateMeasuresAKnownService(t *testing.T) {
	t.Parallel()
	r := finish(t, command(t, "calibrate", "--rate=200/s", "--for=2s", "--warmup=250ms", "--takes=20ms", "--json"))
	var c trial.Calibration
	if err := json.Unmarshal([]byte(r.stdout), &c); err != nil || r.code != exitPass {
		t.Fatalf("exit code %d, %v in\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	if c.Rate != 200 || c.Seconds != 2 || len(c.Services) != 1 || c.Services[0].Planned != 800 || c.Services[0].Takes.String() != "20 ms" {
		t.Errorf("%+v", c)
	}
	for _, s := range c.Services[0].Statistics {
		if s.Server.Value < 0.020 || s.Client.Value <= s.Server.Value {
			t.Errorf("%s: %v by the service's clock, %v measured", s.Statistic, s.Server, s.Client)
		}
	}
}

// A load that was not kept is no calibration of it.
func TestCalibrateRefusesALoadThatIsNotKept(t *testing.T) {
	t.Parallel()
	one := []string{"calibrate", "--rate=100/s", "--for=3s", "--warmup=0s", "--connections=1", "--timeout=150ms"}
	finish(t, command(t, append(one, "--takes=12ms")...)).wants(t, exitBroken, "this machine can't keep 100/s with a service that takes 12 ms")
	finish(t, command(t, append(one, "--takes=70ms")...)).wants(t, exitBroken, "ask for a lower rate, or more connections")
}

func TestCalibrateRefusesWhatItCannotSay(t *testing.T) {
	t.Parallel()
	for _, wrong := range []struct{ flag, told string }{
		{"--rate=10/s", "needs at least 7"},
		{"--rate=600000/s", "is 1200000 requests to each version"},
		{"--takes=1s,2s,3s,4s,5s", "--takes: 5 times: give 1 to 4"},
		{"--takes=-1ms", "--takes: -1ms is out of range: 0s to 2.5s, half of the time-out"},
		{"--config=missing.yaml", "missing.yaml"},
		{"--rate=fast", "is not a rate"},
	} {
		finish(t, command(t, "calibrate", "--for=2s", wrong.flag)).wants(t, exitBadInput, wrong.told)
	}
	c := command(t, "calibrate")
	const closed = "candidate: http://127.0.0.1:1\nload: {closed: true, for: 30s}\nobjectives: [error-rate <= 1%]\n"
	if err := os.WriteFile(filepath.Join(c.Dir, "seatrial.yaml"), []byte(closed), 0o600); err != nil {
		t.Fatal(err)
	}
	finish(t, c).wants(t, exitBadInput, "a calibration is of one rate")
}
