package sample

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// grace is how long requests under way may take when the service is stopped.
const grace = 2 * time.Second

// Serve runs the service until ctx ends or DieAfter is over, and returns nil
// in both cases. It calls ready once, with the address on which it listens;
// the service's time starts then. When ctx ends, requests under way get two
// seconds to finish.
func Serve(ctx context.Context, o Options, ready func(address string)) error {
	if err := o.Validate(); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return fmt.Errorf("sample service: %w", err)
	}
	if o.GRPC {
		return serveGRPC(ctx, o, listener, ready)
	}
	server := &http.Server{Handler: shop{New(o)}, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	ready(listener.Addr().String())

	select {
	case err := <-ended:
		return fmt.Errorf("sample service: %w", err)
	case <-o.death():
		return server.Close()
	case <-ctx.Done():
		return stop(context.WithoutCancel(ctx), server)
	}
}

func stop(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	return server.Close() // a hanging request never ends by itself
}

// death comes when DieAfter is over, or never.
func (o Options) death() <-chan time.Time {
	if o.DieAfter == 0 {
		return nil
	}
	return time.After(o.DieAfter)
}
