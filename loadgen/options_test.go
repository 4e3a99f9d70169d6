package loadgen

import "testing"

func TestRates(t *testing.T) {
	for text, want := range map[string]float64{"100/s": 100, " 0.5 / s ": 0.5, "6000/m": 100, "3600/h": 1} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r.PerSecond != want {
			t.Errorf("%q: %v, %v; want %v", text, r.PerSecond, err, want)
		}
	}
	for _, text := range []string{"", "100", "100/", "/s", "0/s", "-1/s", "NaN/s", "Inf/s", "1e9/s", "100/day"} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken for %v", text, r)
		}
	}
}

func TestStatusRanges(t *testing.T) {
	for text, want := range map[string]StatusRange{"200": {200, 200}, "2xx": {200, 299}, "200-399": {200, 399}} {
		var s StatusRange
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: %v, %v; want %v", text, s, err, want)
		}
	}
	for _, text := range []string{"", "20", "999", "399-200", "2x", "xx", "200-", "9xx"} {
		var s StatusRange
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken for %v", text, s)
		}
	}
}
