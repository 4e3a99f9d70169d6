package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
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
	finish(t, command(t, "calibrate", "--rate=100/s", "--for=2s", "--warmup=0s", "--takes=70ms", "--connections=1", "--timeout=150ms")).
		wants(t, exitBroken, "ask for a lower rate, or more connections")
	for _, kept := range []struct {
		s    trial.Calibrated
		code int
	}{
		{trial.Calibrated{Planned: 1000, Late: 50}, exitPass},
		{trial.Calibrated{Planned: 1000, Late: 51}, exitBroken},
		{trial.Calibrated{Planned: 1000, Late: 20, Unsent: 20, Failed: 20}, exitBroken},
	} {
		var out bytes.Buffer
		p := process{stdout: &out, stderr: &out}
		code := p.tellCalibration(trial.Calibration{Rate: 100, Services: []trial.Calibrated{kept.s}}, calibrateOptions{})
		if code != kept.code || (code == exitBroken) != strings.Contains(out.String(), "this machine can't keep 100/s") {
			t.Errorf("%+v: exit code %d\n%s", kept.s, code, out.String())
		}
	}
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
