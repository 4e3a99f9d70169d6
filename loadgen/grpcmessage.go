package loadgen

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// texts are the messages of a call as they are written: JSON, or nil where they
// are bytes already.
func (g GRPC) texts(read func(string) ([]byte, error)) ([]string, error) {
	switch {
	case g.isBinary():
		_, err := g.bytes(read)
		return nil, err
	case g.DataFile != "":
		data, err := read(g.DataFile)
		return []string{string(data)}, err
	case len(g.Data) == 0:
		return []string{"{}"}, nil
	}
	var texts []string
	for _, message := range g.Data {
		texts = append(texts, message.Reveal())
	}
	return texts, nil
}

func (g GRPC) isBinary() bool { return g.Binary.Reveal() != "" || g.BinaryFile != "" }

// bytes is the message of a call that is given encoded.
func (g GRPC) bytes(read func(string) ([]byte, error)) ([]byte, error) {
	if g.BinaryFile != "" {
		return read(g.BinaryFile)
	}
	data, err := fromBase64(g.Binary.Reveal())
	if err != nil {
		return nil, fmt.Errorf("not base64: write the bytes of the message in base64, or name a binary-file")
	}
	return data, nil
}

// callTexts are those parts of a call that are templates; nil where none is.
func (k Known) callTexts(g GRPC) (*texts, error) {
	t := &texts{data: k.Data}
	written, err := g.texts(readFile)
	if err != nil {
		return nil, err
	}
	for _, json := range written {
		compiled, err := k.compile(json, false)
		if err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		t.jsons = append(t.jsons, compiled)
	}
	if !slices.ContainsFunc(written, IsTemplate) {
		t.jsons = nil // encoded once, for all turns
	}
	for _, name := range slices.Sorted(maps.Keys(g.Metadata)) {
		value, err := k.compileSecret(g.Metadata[name])
		if err != nil {
			return nil, fmt.Errorf("metadata %s: %w", name, err)
		}
		if value.template != nil {
			t.headers = append(t.headers, headerText{name, value})
		}
	}
	if t.jsons == nil && t.headers == nil {
		return nil, nil
	}
	return t, nil
}

// payload is what each call sends: encoded once, before the load. It is nil where
// a part of it is a template.
func (g GRPC) payload(m method, read func(string) ([]byte, error)) ([][]byte, error) {
	if g.isBinary() {
		data, err := g.bytes(read)
		return [][]byte{data}, err
	}
	texts, err := g.texts(read)
	if err != nil || slices.ContainsFunc(texts, IsTemplate) {
		return nil, err
	}
	return g.encode(m, texts)
}

// encode makes the messages of a call of their JSON, filled in. A list in JSON is several messages, but where the
// message itself is a list.
func (g GRPC) encode(m method, texts []string) ([][]byte, error) {
	if len(texts) == 1 && !isList(m.Input()) && strings.HasPrefix(strings.TrimSpace(texts[0]), "[") {
		split, err := splitJSON(texts[0])
		if err != nil {
			return nil, err
		}
		texts = split
	}
	if len(texts) != 1 && !m.IsStreamingClient() {
		return nil, fmt.Errorf("%s takes one message, not %d", m.FullName(), len(texts))
	}
	var messages [][]byte
	for _, text := range texts {
		message, err := m.encode(text)
		if err != nil {
			return nil, err
		}
		messages = append(messages, message)
	}
	return messages, nil
}

// isList reports whether a message of this type is written as a list in JSON.
func isList(message protoreflect.MessageDescriptor) bool {
	return message.FullName() == "google.protobuf.ListValue" || message.FullName() == "google.protobuf.Value"
}

func splitJSON(text string) ([]string, error) {
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	var texts []string
	for _, item := range items {
		texts = append(texts, string(item))
	}
	return texts, nil
}

// encode makes a message of its JSON.
func (m method) encode(text string) ([]byte, error) {
	message := dynamicpb.NewMessage(m.Input())
	if err := (protojson.UnmarshalOptions{Resolver: m.types}).Unmarshal([]byte(text), message); err != nil {
		return nil, fmt.Errorf("not a %s in JSON: %s (it has %s)", m.Input().FullName(), jsonFault(err), fieldsIn(m.Input()))
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(message)
}

// jsonFault is where and what a fault in JSON is, without the package's name, and
// without the value that it quotes, which may be a secret.
func jsonFault(err error) string {
	_, fault, _ := strings.Cut(err.Error(), "proto:")
	fault = strings.TrimLeft(fault, " \u00a0") // the package writes now one, now the other
	for _, quoting := range []string{"invalid value", "unexpected token"} {
		if at := strings.Index(fault, quoting); at >= 0 {
			before, rest := fault[:at+len(quoting)], fault[at+len(quoting):]
			if where, _, quoted := strings.Cut(rest, ": "); quoted && strings.HasPrefix(where, " for ") {
				return before + where
			}
			return before
		}
	}
	return fault
}

func fieldsIn(message protoreflect.MessageDescriptor) string {
	var names []string
	for i := range message.Fields().Len() {
		names = append(names, message.Fields().Get(i).JSONName())
	}
	if len(names) == 0 {
		return "no fields"
	}
	return strings.Join(names, ", ")
}

// readFile is how files are read when the load begins.
func readFile(name string) ([]byte, error) { return os.ReadFile(name) }
