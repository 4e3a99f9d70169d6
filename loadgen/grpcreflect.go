package loadgen

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec
	"google.golang.org/grpc/metadata"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seatrial/seatrial/trial"
)

// reflectionPaths are the two versions of server reflection, the newer first.
// Their messages are the same on the wire.
var reflectionPaths = []string{
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
}

// reflected asks a server itself what a call is.
func reflected(ctx context.Context, conn *grpc.ClientConn, call string, md metadata.MD, hide hider) (method, error) {
	if md != nil {
		ctx = metadata.NewOutgoingContext(ctx, md)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	var err error
	for _, path := range reflectionPaths {
		var found method
		found, err = reflectedBy(ctx, conn, path, call)
		if status.Code(err) != codes.Unimplemented {
			return found, reflectionFault(err, hide)
		}
	}
	return method{}, errors.New("the server does not offer reflection: name its schema with proto or protoset")
}

// reflectionFault is an error of the exchange in words that can be shown.
func reflectionFault(err error, hide hider) error {
	if s, is := status.FromError(err); is && err != nil {
		return fmt.Errorf("asking for the schema by server reflection: %s: %s", codeName(s.Code()), hide.hidden([]byte(s.Message()), excerpt))
	}
	return err
}

// codeName is a code as people read it: "UNAVAILABLE (14)".
func codeName(code codes.Code) string { return trial.AnsweredGRPC(uint32(code), true).String() }

func reflectedBy(ctx context.Context, conn *grpc.ClientConn, path, call string) (method, error) {
	service, name, err := splitCall(call)
	if err != nil {
		return method{}, err
	}
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, path,
		grpc.ForceCodecV2(encoding.GetCodecV2("proto")))
	if err != nil {
		return method{}, err
	}
	q := questions{stream, map[string]*descriptorpb.FileDescriptorProto{}}
	if err := q.symbol(service); status.Code(err) == codes.NotFound {
		return method{}, q.noService(service, name)
	} else if err != nil {
		return method{}, err
	}
	if err := q.imports(); err != nil {
		return method{}, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	for _, file := range q.files {
		set.File = append(set.File, file)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return method{}, fmt.Errorf("the schema that server reflection gave is not whole: %w", err)
	}
	return methodIn(files, call, "the server's schema")
}

// questions are asked in one stream of server reflection, one after another.
type questions struct {
	grpc.ClientStream
	files map[string]*descriptorpb.FileDescriptorProto
}

func (q questions) ask(request *reflection.ServerReflectionRequest) (*reflection.ServerReflectionResponse, error) {
	// Why sending failed is the stream's status, which reading gives.
	_ = q.SendMsg(request)
	response := &reflection.ServerReflectionResponse{}
	if err := q.RecvMsg(response); err != nil {
		return nil, err
	}
	if e := response.GetErrorResponse(); e != nil {
		return nil, status.Error(codes.Code(e.ErrorCode), e.ErrorMessage)
	}
	return response, nil
}

// symbol asks for the file that describes a service.
func (q questions) symbol(service string) error {
	response, err := q.ask(&reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: service}})
	if err != nil {
		return err
	}
	return q.keep(response)
}

func (q questions) keep(response *reflection.ServerReflectionResponse) error {
	for _, data := range response.GetFileDescriptorResponse().GetFileDescriptorProto() {
		file := &descriptorpb.FileDescriptorProto{}
		if err := proto.Unmarshal(data, file); err != nil {
			return fmt.Errorf("what server reflection gave is no descriptor of a file: %w", err)
		}
		q.files[file.GetName()] = file
	}
	return nil
}

// imports asks for all that the files import and that did not come with them.
func (q questions) imports() error {
	for {
		missing := q.missing()
		if missing == "" {
			return nil
		}
		response, err := q.ask(&reflection.ServerReflectionRequest{
			MessageRequest: &reflection.ServerReflectionRequest_FileByFilename{FileByFilename: missing}})
		if err == nil {
			err = q.keep(response)
		}
		if q.files[missing] != nil {
			continue
		}
		// Not every server describes what every client knows.
		known, findErr := wellKnown(missing)
		if findErr != nil {
			return errors.Join(fmt.Errorf("server reflection does not describe %s", missing), err)
		}
		q.files[missing] = known
	}
}

func (q questions) missing() string {
	for _, file := range q.files {
		for _, name := range file.GetDependency() {
			if q.files[name] == nil {
				return name
			}
		}
	}
	return ""
}

// noService is the error of a service that the server does not know; it lists
// those that it does.
func (q questions) noService(service, name string) error {
	response, err := q.ask(&reflection.ServerReflectionRequest{
		MessageRequest: &reflection.ServerReflectionRequest_ListServices{}})
	if err != nil {
		return err
	}
	var known []string
	for _, s := range response.GetListServicesResponse().GetService() {
		if !strings.HasPrefix(s.Name, "grpc.reflection.") {
			known = append(known, s.Name)
		}
	}
	slices.Sort(known)
	return fmt.Errorf("there is no service %s (asked for its call %s; there are %s)%s", service, name, strings.Join(known, ", "), trial.DidYouMean(service, known))
}
