// Package sample is a small HTTP service whose speed, errors and failures are
// chosen: the release that demonstrations, tests and benchmarks put on trial.
//
//	baseline := sample.Default()
//	candidate := sample.Default()
//	candidate.Scale = 1.3 // the new release is 30 % slower
package sample

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options say how the service behaves. Begin with Default: Validate refuses
// the zero Options.
type Options struct {
	Listen string // address and port; port 0 takes a free one

	Latency time.Duration // median time to an answer
	Spread  float64       // σ of the lognormal around it: 0 is constant, 0.5 has its p95 at 2.3 times the median
	Scale   float64       // multiplies every latency: 1.3 is 30 % slower
	Seed    uint64        // the same seed draws the same latencies and errors in the same order

	Status  int               // of every answer that is not an error
	Headers map[string]string // added to every answer
	Text    string            // what the body begins with
	Body    int               // least length of the body in bytes; padding follows Text
	Errors  float64           // share of requests answered 500

	Conversions float64 // share of the good answers after which a user converts; its counter is among the Metrics

	GRPC bool // whether Serve speaks gRPC instead: sample.proto

	Metrics     string // path at which it tells of its answers to Prometheus, neither slowed nor counted; empty: nowhere
	Version     string // label of these metrics
	Times       string // path at which it tells how long each of its answers took, likewise; empty: it does not remember
	ErrorsAfter int    // requests that are answered before the errors begin

	StallEvery time.Duration // a stall ends each such period, counted from the service's start
	StallFor   time.Duration // how long each stall lasts, answering nobody; 0 never stalls

	ReadyAfter time.Duration // until then every answer is 503
	HangAfter  time.Duration // from then on requests are read and never answered; 0 never hangs
	DieAfter   time.Duration // then Serve closes its listener and every connection; 0 never dies
}

// Default is a healthy service: 10 ms at the median, 20 ms at p95, no errors.
func Default() Options {
	return Options{
		Listen:  "127.0.0.1:0",
		Latency: 10 * time.Millisecond,
		Spread:  0.42,
		Scale:   1,
		Seed:    1,
		Status:  http.StatusOK,
		Text:    "ahoy\n",
		Body:    256,
	}
}

// Validate names every option that makes no sense.
func (o Options) Validate() error {
	var mistakes []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			mistakes = append(mistakes, fmt.Errorf("sample service: "+format, args...))
		}
	}
	demand(o.Latency >= 0, "latency %v: must not be negative", o.Latency)
	demand(o.Spread >= 0, "spread %v: must be 0 or more", o.Spread)
	demand(o.Scale > 0, "scale %v: must be above 0", o.Scale)
	demand(o.Errors >= 0 && o.Errors <= 1, "errors %v: must be a share from 0 to 1", o.Errors)
	demand(o.Conversions >= 0 && o.Conversions <= 1, "conversions %v: must be a share from 0 to 1", o.Conversions)
	demand(o.Status >= 200 && o.Status <= 599, "status %d: must be from 200 to 599", o.Status)
	demand(o.ErrorsAfter >= 0, "errors-after %d: must not be negative", o.ErrorsAfter)
	demand(o.Body >= 0, "body %d: must not be negative", o.Body)
	demand(o.StallFor >= 0, "stall-for %v: must not be negative", o.StallFor)
	demand(o.StallFor == 0 || o.StallFor < o.StallEvery, "stall-for %v: must be shorter than stall-every (%v)", o.StallFor, o.StallEvery)
	demand(min(o.ReadyAfter, o.HangAfter, o.DieAfter) >= 0, "ready-after, hang-after and die-after must not be negative")
	return errors.Join(mistakes...)
}

// New is the service without its socket; it starts now. The options must be
// valid. DieAfter is for Serve alone.
func New(o Options) http.Handler { return newService(o) }

func newService(o Options) *service {
	return &service{
		Options: o,
		started: time.Now(),
		body:    o.Text + strings.Repeat(".", max(0, o.Body-len(o.Text))),
		draws:   rand.New(rand.NewPCG(o.Seed, 0)),
		buys:    rand.New(rand.NewPCG(o.Seed, 1)),
	}
}

type service struct {
	Options
	started time.Time
	body    string

	mu    sync.Mutex // guards draws, buys and drawn
	draws *rand.Rand
	buys  *rand.Rand // apart, so that conversions change no latency

	counters counters
	times    times
	drawn    int // requests
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Metrics != "" && r.URL.Path == s.Metrics {
		s.counters.expose(w, s.Version)
		return
	}
	if s.Times != "" && r.URL.Path == s.Times {
		s.times.tell(w)
		return
	}
	arrived := time.Since(s.started)
	// Only once the body is read does the server notice a client that leaves.
	_, _ = io.Copy(io.Discard, r.Body)
	status, ok := s.await(r.Context(), arrived)
	if !ok {
		panic(http.ErrAbortHandler) // or the server would answer 200
	}
	s.answer(w, status)
}

// await stands a request's time and gives the HTTP status of its answer; false
// where the client has left.
func (s *service) await(ctx context.Context, arrived time.Duration) (status int, ok bool) {
	latency, failed, converts := s.draw()
	var due <-chan time.Time // never
	if s.HangAfter == 0 || arrived < s.HangAfter {
		answered := s.awake(s.awake(arrived) + latency)
		due = time.After(answered - time.Since(s.started))
	}
	select {
	case <-due:
		status := s.status(arrived, failed)
		took := time.Since(s.started) - arrived
		s.counters.count(status, converts, took) // before a client may see the answer
		if s.Times != "" {
			s.times.note(took)
		}
		return status, true
	case <-ctx.Done():
		return 0, false
	}
}

// draw takes the next request's fate. All numbers are drawn for each request,
// so that two services that differ in Scale, Errors or Conversions alone draw
// the same latencies.
func (s *service) draw() (latency time.Duration, failed, converts bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	factor := s.Scale * math.Exp(s.Spread*s.draws.NormFloat64())
	failed = s.draws.Float64() < s.Errors && s.drawn >= s.ErrorsAfter
	converts = s.buys.Float64() < s.Conversions
	s.drawn++
	// Nobody waits an hour, and more might not fit a Duration.
	return time.Duration(min(factor*float64(s.Latency), float64(time.Hour))), failed, converts
}

// awake is the first moment from t on at which the service doesn't stall; both
// count from its start.
func (s *service) awake(t time.Duration) time.Duration {
	if s.StallFor == 0 || t%s.StallEvery < s.StallEvery-s.StallFor {
		return t
	}
	return (t/s.StallEvery + 1) * s.StallEvery
}

func (s *service) status(arrived time.Duration, failed bool) int {
	switch {
	case arrived < s.ReadyAfter:
		return http.StatusServiceUnavailable
	case failed:
		return http.StatusInternalServerError
	default:
		return s.Status
	}
}

func (s *service) answer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for name, value := range s.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, s.body) // a client that has left needs no answer
}
