package loadgen

import (
	"testing"

	"github.com/seatrial/seatrial/trial"
)

func TestCodesAreReadByNameAndNumber(t *testing.T) {
	for text, want := range map[string]Code{"OK": 0, "NOT_FOUND": 5, "not-found": 5, "14": 14, " UNAVAILABLE ": 14, "Canceled": 1, "CANCELLED": 1} {
		var got Code
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "17", "-1", "FOUND"} {
		if err := new(Code).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for a code", text)
		}
	}
}

func TestBytesAreTakenWithoutALookAtTheirFields(t *testing.T) {
	g := GRPC{Call: "sample.Shop/Get", Proto: schemaFile(t), Binary: trial.NewSecret("", "CgFh")}
	if doubts := g.Doubts(readFile, Known{}); len(doubts) > 0 {
		t.Errorf("%v", doubts)
	}
}

func TestAddressesOfGRPC(t *testing.T) {
	for address, want := range map[string]string{
		"grpc://shop:50051": "shop:50051 false", "grpcs://shop:50051": "shop:50051 true", "grpc://shop": "shop:80 false",
		"grpcs://shop": "shop:443 true", "http://shop": "shop:80 false", "https://[::1]:8443": "[::1]:8443 true",
	} {
		hostPort, secure, err := grpcAddress(address)
		if got := hostPort + map[bool]string{true: " true", false: " false"}[secure]; err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", address, got, err, want)
		}
	}
	for _, address := range []string{"shop:50051", "ftp://shop", "grpc://", "::"} {
		if got, _, err := grpcAddress(address); err == nil {
			t.Errorf("%s: %s, want an error", address, got)
		}
	}
}
