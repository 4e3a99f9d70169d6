package loadgen

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// phases is what an exchange spent where: zero for what was there already, and
// for what it did not come to.
type phases struct {
	Connect   time.Duration // its name was resolved, and a connection made
	TLS       time.Duration // hands were shaken
	FirstByte time.Duration // the answer began to come, since the request could be sent
}

// ticks are the phases as they are recorded: what there was is never 0.
func (p phases) ticks() trial.Phases {
	ticks := func(d time.Duration) uint32 {
		if d <= 0 {
			return 0
		}
		return max(1, trial.Ticks(d))
	}
	return trial.Phases{Connect: ticks(p.Connect), TLS: ticks(p.TLS), FirstByte: ticks(p.FirstByte)}
}

// stopwatch takes the phases of one exchange of the standard client, whose
// transport calls from goroutines that may outlive the exchange.
type stopwatch struct {
	mu      sync.Mutex
	taken   phases
	shaking time.Time // since when
	ready   time.Time // since when the request could be sent
}

type stopwatchKey struct{}

// start gives a context whose exchange is timed.
func (s *stopwatch) start(ctx context.Context) context.Context {
	ctx = context.WithValue(ctx, stopwatchKey{}, s)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		TLSHandshakeStart:    func() { s.note(func(now time.Time) { s.shaking = now }) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { s.note(func(now time.Time) { s.taken.TLS = now.Sub(s.shaking) }) },
		GotConn:              func(httptrace.GotConnInfo) { s.note(func(now time.Time) { s.ready = now }) },
		GotFirstResponseByte: func() { s.note(func(now time.Time) { s.taken.FirstByte = now.Sub(s.ready) }) },
	})
}

func (s *stopwatch) note(at func(now time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at(time.Now())
}

func (s *stopwatch) phases() phases {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken
}

// timedDial connects, and tells the exchange that wanted it how long it took.
func timedDial(ctx context.Context, network, address string) (net.Conn, error) {
	began := time.Now()
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if s, timed := ctx.Value(stopwatchKey{}).(*stopwatch); timed && err == nil {
		s.note(func(now time.Time) { s.taken.Connect = now.Sub(began) })
	}
	return conn, err
}
