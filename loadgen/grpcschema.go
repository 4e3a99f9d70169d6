package loadgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seatrial/seatrial/trial"
)

// method is a call as the schema of its service describes it.
type method struct {
	protoreflect.MethodDescriptor
	types *dynamicpb.Types // for messages within google.protobuf.Any
}

// path is the method's name on the wire.
func (m method) path() string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// splitCall takes "shop.Cart/Get" or "shop.Cart.Get" apart.
func splitCall(call string) (service, name string, err error) {
	call = strings.TrimPrefix(call, "/")
	at := strings.LastIndexByte(call, '/')
	if at < 0 {
		at = strings.LastIndexByte(call, '.')
	}
	if at <= 0 || at == len(call)-1 || !protoreflect.FullName(call[:at]).IsValid() || !protoreflect.Name(call[at+1:]).IsValid() {
		return "", "", fmt.Errorf("%q is not a call: write package.Service/Method, as in shop.Cart/Get", call)
	}
	return call[:at], call[at+1:], nil
}

// methodIn finds a call among the services of a schema.
func methodIn(files *protoregistry.Files, call, where string) (method, error) {
	service, name, err := splitCall(call)
	if err != nil {
		return method{}, err
	}
	found, _ := files.FindDescriptorByName(protoreflect.FullName(service)) // nil is no service
	if s, is := found.(protoreflect.ServiceDescriptor); is {
		if m := s.Methods().ByName(protoreflect.Name(name)); m != nil {
			return method{m, dynamicpb.NewTypes(files)}, nil
		}
	}
	return method{}, noSuchCall(service+"/"+name, callsIn(files), where)
}

// noSuchCall lists the calls that there are.
func noSuchCall(call string, known []string, where string) error {
	if len(known) == 0 {
		return fmt.Errorf("there is no %s in %s: it describes no service", call, where)
	}
	shown := known
	if len(shown) > mostListed {
		shown = append(slices.Clone(known[:mostListed]), "…")
	}
	return fmt.Errorf("there is no %s in %s (there are %s)%s", call, where, strings.Join(shown, ", "), trial.DidYouMean(call, known))
}

// mostListed is as many as a message lists.
const mostListed = 20

func callsIn(files *protoregistry.Files) []string {
	var calls []string
	for file := range files.RangeFiles {
		for i := range file.Services().Len() {
			s := file.Services().Get(i)
			for j := range s.Methods().Len() {
				calls = append(calls, string(s.FullName())+"/"+string(s.Methods().Get(j).Name()))
			}
		}
	}
	slices.Sort(calls)
	return calls
}

// schema reads the service's schema from the file that is named.
func (g GRPC) schema(read func(string) ([]byte, error)) (*protoregistry.Files, error) {
	if g.Protoset != "" {
		return protoset(g.Protoset, read)
	}
	return compiled(g.Proto, g.ImportPaths, read)
}

// protoset reads what protoc writes with --descriptor_set_out.
func protoset(name string, read func(string) ([]byte, error)) (*protoregistry.Files, error) {
	data, err := read(name)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("%s is not a set of descriptors: write one with protoc --include_imports --descriptor_set_out, or buf build -o", name)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, fmt.Errorf("%s is not whole: write it with protoc --include_imports: %w", name, err)
	}
	return files, nil
}

// compiled compiles a proto file. Imports are looked for in the import paths,
// beside the file and in the working directory; those of google/protobuf are
// known without files.
func compiled(name string, importPaths []string, read func(string) ([]byte, error)) (*protoregistry.Files, error) {
	paths, root := append(slices.Clone(importPaths), filepath.Dir(name), "."), ""
	for _, dir := range paths {
		// Its own name is what its siblings import it by.
		if rel, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(rel) {
			root = filepath.ToSlash(rel)
			break
		}
	}
	sources := &protocompile.SourceResolver{ImportPaths: paths, Accessor: func(path string) (io.ReadCloser, error) {
		data, err := read(path)
		return io.NopCloser(bytes.NewReader(data)), err
	}}
	if _, err := read(name); err != nil {
		return nil, err
	}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(sources), MaxParallelism: 1}
	linked, err := compiler.Compile(context.Background(), root)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, protoregistry.NotFound) {
		return nil, fmt.Errorf("%w: name the directory that its imports begin from in import-paths", err)
	}
	if err != nil {
		return nil, err
	}
	files := new(protoregistry.Files)
	return files, register(files, linked[0])
}

// register puts a file and all that it imports into a registry.
func register(files *protoregistry.Files, file protoreflect.FileDescriptor) error {
	if _, err := files.FindFileByPath(file.Path()); err == nil {
		return nil
	}
	for i := range file.Imports().Len() {
		if err := register(files, file.Imports().Get(i).FileDescriptor); err != nil {
			return err
		}
	}
	return files.RegisterFile(file)
}

// wellKnown is a file of google/protobuf that comes with every compiler.
func wellKnown(name string) (*descriptorpb.FileDescriptorProto, error) {
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: func(string) (io.ReadCloser, error) { return nil, fs.ErrNotExist }})}
	linked, err := compiler.Compile(context.Background(), name)
	if err != nil {
		return nil, err
	}
	return protodesc.ToFileDescriptorProto(linked[0]), nil
}
