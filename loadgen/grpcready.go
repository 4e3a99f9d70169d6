package loadgen

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// grpcProbe is a server of gRPC that must answer before any load is sent.
type grpcProbe struct {
	what    string // "candidate" or "wait-for"
	url     string
	options Options
	target  Target
	hide    hider

	healthy  bool      // whether its health must be SERVING; else any answer will do
	service  string    // whose health; empty: the server's
	messages []message // whose schema the server must be able to tell, where it is asked for that
}

// isGRPCAddress reports whether what is to be waited for speaks gRPC.
func isGRPCAddress(address string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(address), "://")
	return scheme == "grpc" || scheme == "grpcs"
}

// callsProbe asks a version whether it answers gRPC at all, and for the schemas
// that the load will ask it for.
func callsProbe(o Options, t Target, messages []message) grpcProbe {
	return grpcProbe{what: t.Name, url: t.GRPCURL(), options: o, target: t, hide: newHider(o, t, messages...), messages: messages}
}

// healthProbe asks for the health of grpc://host:port/service.
func healthProbe(o Options, p Probe) grpcProbe {
	u, err := url.Parse(p.URL)
	if err != nil {
		u = &url.URL{} // asking will say what is wrong with it
	}
	t := Target{URL: p.URL}
	// What is to be waited for may be elsewhere: names and headers are the load's.
	o.Host = ""
	return grpcProbe{what: "wait-for", url: p.URL, options: o, target: t, hide: newHider(Options{Secrets: o.Secrets}, t),
		healthy: true, service: strings.Trim(u.Path, "/")}
}

// ask says what is wrong with the server, or nothing. It asks over a
// connection of its own, as the load will.
func (p grpcProbe) ask(ctx context.Context) string {
	conn, err := dial(p.options, p.target, dialling{})
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	if reason := p.vital(ctx, conn); reason != "" {
		return reason
	}
	for _, m := range p.messages {
		if m.grpc == nil || !m.grpc.reflects() {
			continue
		}
		if _, err := reflected(ctx, conn, m.grpc.Call, outgoing(p.target.Headers, m.grpc.ReflectionMetadata), p.hide); err != nil {
			return err.Error()
		}
	}
	return ""
}

// vital asks for health. A server that has no such service has answered, too.
func (p grpcProbe) vital(ctx context.Context, conn *grpc.ClientConn) string {
	if md := outgoing(p.target.Headers); md != nil {
		ctx = metadata.NewOutgoingContext(ctx, md)
	}
	w := &grpcCaller{}
	request := &health.HealthCheckRequest{Service: p.service}
	response, err := health.NewHealthClient(conn).Check(ctx, request,
		grpc.ForceCodecV2(encoding.GetCodecV2("proto")), grpc.Header(&w.header), grpc.Trailer(&w.trailer))
	code, text := status.Code(err), status.Convert(err).Message()
	switch {
	case err != nil && !w.answered(ctx, code, text):
		return fmt.Sprintf("%s (%s)", failureOfCall(ctx, text), p.hide.hidden([]byte(text), excerpt))
	case !p.healthy:
		return ""
	case code == codes.Unimplemented:
		return "answered UNIMPLEMENTED (12): it has no grpc.health.v1; wait for an object of the cluster or a URL instead"
	case err != nil:
		return fmt.Sprintf("answered %s: %s", codeName(code), p.hide.hidden([]byte(text), mostShown))
	case response.GetStatus() != health.HealthCheckResponse_SERVING:
		return fmt.Sprintf("its health is %s", response.GetStatus())
	}
	return ""
}
