package loadgen

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Options is the load: part of the trial file.
type Options struct {
	URL             string                  `yaml:"url"`
	Identify        *Identify               `yaml:"identify"`
	Rate            Rate                    `yaml:"rate"`
	For             time.Duration           `yaml:"for"`
	Stages          []Stage                 `yaml:"stages"`
	Closed          bool                    `yaml:"closed"`
	Warmup          time.Duration           `yaml:"warmup"`
	Connections     int                     `yaml:"connections"`
	Timeout         time.Duration           `yaml:"timeout"`
	Method          string                  `yaml:"method"`
	Headers         map[string]trial.Secret `yaml:"headers"`
	Body            trial.Secret            `yaml:"body"`
	BodyFile        string                  `yaml:"body-file"`
	Host            string                  `yaml:"host"`
	Expect          []StatusRange           `yaml:"expect"`
	FollowRedirects bool                    `yaml:"follow-redirects"`
	HTTP2           bool                    `yaml:"http2"`
	KeepAlive       bool                    `yaml:"keep-alive"`
	Proxy           string                  `yaml:"proxy"`
	Insecure        bool                    `yaml:"insecure"`
	CA              string                  `yaml:"ca"`
	Cert            string                  `yaml:"cert"`
	Key             string                  `yaml:"key"`
	Seed            uint64                  `yaml:"seed"`

	// Secrets are texts that nothing shown may hold, whoever tells them.
	Secrets []string `yaml:"-"`
}

// DefaultOptions is the load of a trial that says nothing of it.
func DefaultOptions() Options {
	return Options{
		Rate:        Rate{PerSecond: 100},
		For:         time.Minute,
		Warmup:      5 * time.Second,
		Connections: 8,
		Timeout:     5 * time.Second,
		Expect:      []StatusRange{{200, 399}},
		KeepAlive:   true,
	}
}

// Target is one version as the trial file gives it.
type Target struct {
	Name    string                  `yaml:"name"`
	URL     string                  `yaml:"url"`
	GRPC    string                  `yaml:"grpc"` // where gRPC is reached, if not there
	Version string                  `yaml:"version"`
	Host    string                  `yaml:"host"`
	Headers map[string]trial.Secret `yaml:"headers"`
	Labels  map[string]string       `yaml:"labels"` // what else tells it from others, in questions about metrics
}

// GRPCURL is where the version's gRPC is reached.
func (t Target) GRPCURL() string { return cmp.Or(t.GRPC, t.URL) }

// Ready is the ready: part of the trial file that HTTP can answer.
type Ready struct {
	Within time.Duration `yaml:"within"`
	Every  time.Duration `yaml:"every"`
	URLs   []Probe       `yaml:"urls"`
}

// DefaultReady waits up to two minutes for each version to answer at all.
func DefaultReady() Ready {
	return Ready{Within: 2 * time.Minute, Every: 500 * time.Millisecond}
}

// Probe is a URL that must answer as stated before any load is sent.
type Probe struct {
	URL    string        `yaml:"url"`
	Status []StatusRange `yaml:"status"` // empty: 200 to 399
	Body   string        `yaml:"body"`   // regular expression; empty: any body
}

// Rate is a number of requests a second, written "100/s" or "6000/m".
type Rate struct{ PerSecond float64 }

// MarshalText writes "100/s".
func (r Rate) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(r.PerSecond, 'f', -1, 64) + "/s"), nil
}

// UnmarshalText reads "100/s", "6000/m" or "36000/h".
func (r *Rate) UnmarshalText(text []byte) error {
	number, unit, found := strings.Cut(strings.TrimSpace(string(text)), "/")
	seconds := map[string]float64{"s": 1, "m": 60, "h": 3600}[strings.TrimSpace(unit)]
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !found || err != nil || seconds == 0 || !(value > 0) || value > 1e7 {
		return fmt.Errorf("%q is not a rate: write requests a second to each version, as in 100/s", text)
	}
	r.PerSecond = value / seconds
	return nil
}

// StatusRange is a range of HTTP statuses, written "200", "2xx" or "200-399".
type StatusRange struct{ Low, High int }

// MarshalText writes "200" or "200-399".
func (s StatusRange) MarshalText() ([]byte, error) {
	if s.Low == s.High {
		return []byte(strconv.Itoa(s.Low)), nil
	}
	return fmt.Appendf(nil, "%d-%d", s.Low, s.High), nil
}

// UnmarshalText reads "200", "2xx" or "200-399".
func (s *StatusRange) UnmarshalText(text []byte) error {
	low, high, isRange := strings.Cut(strings.TrimSpace(string(text)), "-")
	if class, ok := strings.CutSuffix(strings.ToLower(low), "xx"); ok && !isRange {
		low, high = class+"00", class+"99"
	} else if !isRange {
		high = low
	}
	from, errLow := strconv.Atoi(strings.TrimSpace(low))
	to, errHigh := strconv.Atoi(strings.TrimSpace(high))
	if errLow != nil || errHigh != nil || from < 100 || to > 599 || from > to {
		return fmt.Errorf("%q is not an HTTP status: write 200, 2xx or 200-399", text)
	}
	*s = StatusRange{from, to}
	return nil
}

func anyOf(ranges []StatusRange, code int) bool {
	for _, r := range ranges {
		if r.Low <= code && code <= r.High {
			return true
		}
	}
	return false
}
