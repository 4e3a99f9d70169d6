package sample

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/bufbuild/protocompile"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // answers in it those who ask in it
	health "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflecting "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// Proto is the schema of the gRPC service.
//
//go:embed sample.proto
var Proto string

// NewGRPC is the service as a gRPC server without its socket: sample.proto,
// health, and reflection. Its calls are as slow and fail as often as requests
// of HTTP would; a failed one ends with INTERNAL. The options must be valid.
func NewGRPC(o Options, with ...grpc.ServerOption) (*grpc.Server, error) {
	schema := protocompile.SourceAccessorFromMap(map[string]string{"sample.proto": Proto})
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{Accessor: schema}}
	linked, err := compiler.Compile(context.Background(), "sample.proto")
	if err != nil {
		return nil, fmt.Errorf("sample service: %w", err)
	}
	files := new(protoregistry.Files)
	for _, file := range []protoreflect.FileDescriptor{linked[0], health.File_grpc_health_v1_health_proto} {
		if err := files.RegisterFile(file); err != nil {
			return nil, fmt.Errorf("sample service: %w", err)
		}
	}
	s := newService(o)
	answering := &calls{s, linked[0].Messages().ByName("Order")}
	server := grpc.NewServer(with...)
	server.RegisterService(answering.describe(), nil)
	health.RegisterHealthServer(server, &vitals{service: s})
	reflecting.RegisterServerReflectionServer(server, reflection.NewServerV1(reflection.ServerOptions{Services: server, DescriptorResolver: files}))
	return server, nil
}

// calls answers the calls of sample.proto.
type calls struct {
	*service
	order protoreflect.MessageDescriptor
}

func (s *calls) describe() *grpc.ServiceDesc {
	return &grpc.ServiceDesc{
		ServiceName: "sample.Shop",
		Methods: []grpc.MethodDesc{{MethodName: "Get", Handler: func(_ any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			return s.get(ctx, read)
		}}},
		Streams: []grpc.StreamDesc{
			{StreamName: "Add", ClientStreams: true, Handler: func(_ any, stream grpc.ServerStream) error { return s.add(stream) }},
			{StreamName: "List", ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error { return s.list(stream) }},
			{StreamName: "Talk", ClientStreams: true, ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error { return s.talk(stream) }},
		},
	}
}

// turn is what each call waits for.
func (s *calls) turn(ctx context.Context) error {
	code, ok := s.await(ctx, time.Since(s.started))
	switch {
	case !ok:
		return status.FromContextError(ctx.Err()).Err()
	case code == http.StatusServiceUnavailable:
		return status.Error(codes.Unavailable, s.Text)
	case code >= http.StatusBadRequest:
		return status.Error(codes.Internal, s.Text)
	}
	return grpc.SetHeader(ctx, metadata.New(s.Headers))
}

func (s *calls) get(ctx context.Context, read func(any) error) (any, error) {
	order := dynamicpb.NewMessage(s.order)
	if err := read(order); err != nil {
		return nil, err
	}
	if err := s.turn(ctx); err != nil {
		return nil, err
	}
	order.Set(s.order.Fields().ByName("text"), protoreflect.ValueOfString(s.body))
	return order, nil
}

// add waits once, when all orders have come.
func (s *calls) add(stream grpc.ServerStream) error {
	heard := int32(0)
	for ; ; heard++ {
		if err := stream.RecvMsg(dynamicpb.NewMessage(s.order)); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	if err := s.turn(stream.Context()); err != nil {
		return err
	}
	total := dynamicpb.NewMessage(s.order)
	total.Set(s.order.Fields().ByName("count"), protoreflect.ValueOfInt32(heard))
	return stream.SendMsg(total)
}

// list waits once, before the first order.
func (s *calls) list(stream grpc.ServerStream) error {
	order := dynamicpb.NewMessage(s.order)
	if err := stream.RecvMsg(order); err != nil {
		return err
	}
	if err := s.turn(stream.Context()); err != nil {
		return err
	}
	for range order.Get(s.order.Fields().ByName("count")).Int() {
		if err := stream.SendMsg(order); err != nil {
			return err
		}
	}
	return nil
}

// talk waits before each order.
func (s *calls) talk(stream grpc.ServerStream) error {
	for {
		order := dynamicpb.NewMessage(s.order)
		if err := stream.RecvMsg(order); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := s.turn(stream.Context()); err != nil {
			return err
		}
		if err := stream.SendMsg(order); err != nil {
			return err
		}
	}
}

// vitals answer what the service's health is.
type vitals struct {
	health.UnimplementedHealthServer
	*service
}

// Check knows the server as a whole, and the shop.
func (v *vitals) Check(_ context.Context, r *health.HealthCheckRequest) (*health.HealthCheckResponse, error) {
	if r.Service != "" && r.Service != "sample.Shop" {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	if time.Since(v.started) < v.ReadyAfter {
		return &health.HealthCheckResponse{Status: health.HealthCheckResponse_NOT_SERVING}, nil
	}
	return &health.HealthCheckResponse{Status: health.HealthCheckResponse_SERVING}, nil
}

// serveGRPC is Serve for gRPC.
func serveGRPC(ctx context.Context, o Options, listener net.Listener, ready func(address string)) error {
	server, err := NewGRPC(o)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	ready(listener.Addr().String())
	select {
	case err := <-ended:
		return fmt.Errorf("sample service: %w", err)
	case <-o.death():
		server.Stop()
	case <-ctx.Done():
		// A call that hangs never ends by itself.
		defer time.AfterFunc(grace, server.Stop).Stop()
		server.GracefulStop()
	}
	return nil
}
