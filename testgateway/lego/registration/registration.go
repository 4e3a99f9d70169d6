// Package registration registers nobody.
package registration

import (
	"crypto"
	"errors"
)

var errNone = errors.New("this test gateway registers nobody")

// Resource would be an account.
type Resource struct {
	URI string `json:"uri,omitempty"`
}

// RegisterOptions are what Traefik would register with.
type RegisterOptions struct{ TermsOfServiceAgreed bool }

// RegisterEABOptions are the same with an account elsewhere.
type RegisterEABOptions struct {
	TermsOfServiceAgreed bool
	Kid, HmacEncoded     string
}

// User is an account as Traefik stores it.
type User interface {
	GetEmail() string
	GetRegistration() *Resource
	GetPrivateKey() crypto.PrivateKey
}

// Registrar refuses.
type Registrar struct{}

// Register always fails.
func (*Registrar) Register(RegisterOptions) (*Resource, error) { return nil, errNone }

// RegisterWithExternalAccountBinding always fails.
func (*Registrar) RegisterWithExternalAccountBinding(RegisterEABOptions) (*Resource, error) {
	return nil, errNone
}
