package loadgen

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
)

// dialling is what calls of a trial may want of their connections; those that
// want the same share them.
type dialling struct {
	authority string
	balance   string
	keepAlive time.Duration
}

// connections are those to the version that calls of this kind share. They are
// made when first used.
func (c *grpcClient) connections(want dialling) ([]*grpc.ClientConn, error) {
	if conns, made := c.dialled[want]; made {
		return conns, nil
	}
	for range c.options.Connections {
		conn, err := dial(c.options, c.target, want)
		if err != nil {
			return nil, err
		}
		c.dialled[want] = append(c.dialled[want], conn)
	}
	return c.dialled[want], nil
}

// mostMessage is the largest message that is read. grpc-go's own limit of 4 MB
// is for services to choose, and not for who measures them.
const mostMessage = 64 << 20

// dial prepares a connection; it is made with the first call.
func dial(o Options, t Target, want dialling) (*grpc.ClientConn, error) {
	address, secure, err := grpcAddress(t.GRPCURL())
	if err != nil {
		return nil, err
	}
	security, err := transportSecurity(o, secure)
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		security,
		grpc.WithUserAgent(agent),
		// What is sent is what the trial file says: no settings from DNS, and
		// nothing sent twice. (A call that the server refused to begin goes out
		// once more all the same, as gRPC demands of its clients.)
		grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
		grpc.WithIdleTimeout(0),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnects, MinConnectTimeout: o.Timeout}),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(asIs{}), grpc.MaxCallRecvMsgSize(mostMessage)),
	}
	if o.Proxy == "" {
		options = append(options, grpc.WithNoProxy())
	}
	if name := cmp.Or(want.authority, t.Host, headersOf(t.Headers).Get("Host"), o.Host); name != "" {
		options = append(options, grpc.WithAuthority(name))
	}
	if want.balance != "" {
		options = append(options, grpc.WithDefaultServiceConfig(fmt.Sprintf(`{"loadBalancingConfig":[{%q:{}}]}`, want.balance)))
	}
	if want.keepAlive > 0 {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: want.keepAlive, Timeout: o.Timeout, PermitWithoutStream: true}))
	}
	return grpc.NewClient("dns:///"+address, options...)
}

// reconnects is how often a broken connection is tried again. gRPC's own two
// minutes would go on to fail calls to a version that had long come back.
var reconnects = backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second}

func transportSecurity(o Options, secure bool) (grpc.DialOption, error) {
	if !secure {
		return grpc.WithTransportCredentials(insecure.NewCredentials()), nil
	}
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	return grpc.WithTransportCredentials(credentials.NewTLS(config)), nil
}

// grpcAddress is where a version's gRPC is reached, and whether through TLS.
func grpcAddress(address string) (hostPort string, secure bool, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "", false, fmt.Errorf("%s is no address of gRPC: write grpc://HOST:PORT, or grpcs:// with TLS", shownURL(address))
	}
	port := map[string]string{"grpc": "80", "http": "80", "grpcs": "443", "https": "443"}[u.Scheme]
	if port == "" {
		return "", false, fmt.Errorf("%s is no address of gRPC: write grpc://, or grpcs:// with TLS", shownURL(address))
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)), strings.HasSuffix(u.Scheme, "s"), nil
}

// asIs is a codec that sends bytes and reads none: messages are encoded before
// the load, and what comes back is not looked at.
type asIs struct{}

// discard is what a reply is read into that nobody looks at.
type discard struct{}

var ignored = discard{}

func (asIs) Marshal(v any) (mem.BufferSlice, error) { return v.(mem.BufferSlice), nil }

func (asIs) Unmarshal(mem.BufferSlice, any) error { return nil }

// Name is not told to the server: application/grpc is what it is by default.
func (asIs) Name() string { return "" }
