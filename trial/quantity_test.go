package trial

import (
	"encoding/json"
	"math"
	"testing"
)

func TestQuantitiesReadWell(t *testing.T) {
	for _, c := range []struct {
		value float64
		unit  Unit
		want  string
	}{
		{0.0612, Seconds, "61.2 ms"}, {0.000_183, Seconds, "183 µs"}, {2.5, Seconds, "2.5 s"}, {600, Seconds, "10 min"}, {0, Seconds, "0 ms"},
		{0.0015, Share, "0.15 %"}, {0.95, Share, "95 %"}, {0, Share, "0 %"},
		{0.0015, Points, "+0.15 points"}, {-0.004, Points, "−0.4 points"}, {0, Points, "0 points"}, {0.01, Points, "+1 point"}, {-0.01, Points, "−1 point"},
		{0.27, Ratio, "+27 %"}, {-0.1234, Ratio, "−12 %"}, {12.34, Ratio, "+1234 %"},
		{512.3, PerSecond, "512/s"}, {1234, Plain, "1234"}, {-0.5, Plain, "−0.5"},
		{0, Bytes, "0 B"}, {1023, Bytes, "1023 B"}, {1536, Bytes, "1.5 KiB"}, {512 << 20, Bytes, "512 MiB"}, {-3 << 30, Bytes, "−3 GiB"}, {5000 << 40, Bytes, "5000 TiB"},
		{10 << 20, BytesPerSecond, "10 MiB/s"},
		{math.NaN(), Seconds, "–"}, {math.Inf(1), Seconds, "∞"}, {math.Inf(-1), Ratio, "−∞"},
	} {
		if got := (Quantity{c.value, c.unit}).String(); got != c.want {
			t.Errorf("%v of unit %d: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}

func TestQuantitiesSurviveJSON(t *testing.T) {
	for _, q := range []Quantity{{0.1 + 0.2, Seconds}, {-3, Ratio}, {math.NaN(), Share}, {math.Inf(1), Points}} {
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		var got Quantity
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if got.Unit != q.Unit || q.Known() && got.Value != q.Value || !q.Known() && !math.IsNaN(got.Value) {
			t.Errorf("%v came back as %v through %s", q, got, text)
		}
	}
}

// What was forgotten must not pass.
func TestZeroValuesAreSafe(t *testing.T) {
	var v Verdict
	var s Status
	var r Report
	if v == Pass || s == Judged || r.Judged() {
		t.Errorf("zero values: verdict %s, status %s, judged %v", v, s, r.Judged())
	}
}

func TestVerdictsAndStatusesAreWords(t *testing.T) {
	for _, v := range []Verdict{Inconclusive, Pass, Fail} {
		text, _ := v.MarshalText()
		var got Verdict
		if err := got.UnmarshalText(text); err != nil || got != v {
			t.Errorf("%s came back as %s, %v", text, got, err)
		}
	}
	for _, s := range []Status{Broken, Judged, NotReady, BadInput, Cancelled} {
		text, _ := s.MarshalText()
		var got Status
		if err := got.UnmarshalText(text); err != nil || got != s {
			t.Errorf("%s came back as %s, %v", text, got, err)
		}
	}
	var v Verdict
	if err := v.UnmarshalText([]byte("passed")); err == nil || v != Inconclusive {
		t.Errorf("an unknown word became %s", v)
	}
}

func TestSecretsShowTheirReferenceAlone(t *testing.T) {
	for written, want := range map[string]string{"Bearer ${TOKEN}": "Bearer ${TOKEN}", "Bearer abc": "***", "": ""} {
		s := NewSecret(written, "Bearer abc")
		text, _ := s.MarshalText()
		if s.String() != want || string(text) != want || s.GoString() != want || s.Reveal() != "Bearer abc" {
			t.Errorf("%q shows as %q and %q", written, s, text)
		}
	}
}

func TestStatusesTellWhatHappened(t *testing.T) {
	for s, want := range map[Status16]string{
		Answered(200, true): "200", Answered(404, false): "404", Failed(TimedOut): "timed out", Failed(Unsent): "not sent: all connections busy",
	} {
		if s.String() != want || s.OK() != (want == "200") {
			t.Errorf("%d: %q, OK %v; want %q", s, s, s.OK(), want)
		}
	}
}
