package trial

import "fmt"

// answeredGRPC is the status of a gRPC answer with code 0; those of the others
// follow. HTTP statuses are below it.
const answeredGRPC Status16 = 600

// grpcCodes are the names of the codes, each at its number:
// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
var grpcCodes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}

// GRPCCodes are the names of all gRPC codes, each at its number.
func GRPCCodes() []string { return grpcCodes[:] }

// unknownGRPC is the code that a client takes an unheard-of one for.
const unknownGRPC = 2

// AnsweredGRPC is the status of a call that the server ended with a gRPC code.
func AnsweredGRPC(code uint32, expected bool) Status16 {
	if code >= uint32(len(grpcCodes)) {
		code = unknownGRPC
	}
	return Answered(int(answeredGRPC)+int(code), expected)
}

// grpcCode is the gRPC code of a status; false if it is none.
func (s Status16) grpcCode() (int, bool) {
	code := int(s&^unexpected) - int(answeredGRPC)
	return code, code >= 0 && code < len(grpcCodes)
}

// grpcText is a gRPC code as people read it: "UNAVAILABLE (14)".
func grpcText(code int) string { return fmt.Sprintf("%s (%d)", grpcCodes[code], code) }
