package trial

import "testing"

func TestGRPCStatusIsNamedAndKeepsWhetherItWasExpected(t *testing.T) {
	for _, c := range []struct {
		code     uint32
		expected bool
		text     string
		stored   Status16
	}{
		{0, true, "OK (0)", 600},
		{5, true, "NOT_FOUND (5)", 605},
		{14, false, "UNAVAILABLE (14)", 1<<15 | 614},
		{16, false, "UNAUTHENTICATED (16)", 1<<15 | 616},
		{17, false, "UNKNOWN (2)", 1<<15 | 602},
		{1<<32 - 1, false, "UNKNOWN (2)", 1<<15 | 602},
	} {
		got := AnsweredGRPC(c.code, c.expected)
		if got != c.stored || got.String() != c.text || got.OK() != c.expected {
			t.Errorf("code %d, expected %v: %d %q OK %v; want %d %q", c.code, c.expected, got, got, got.OK(), c.stored, c.text)
		}
	}
}

func TestStatusesBesideTheGRPCCodesAreNone(t *testing.T) {
	for status, want := range map[Status16]string{599: "599", 617: "617", 999: "999", Failed(TimedOut): "timed out"} {
		if got := status.String(); got != want {
			t.Errorf("status %d is shown as %q, want %q", status, got, want)
		}
	}
}
