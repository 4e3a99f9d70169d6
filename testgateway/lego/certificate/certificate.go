// Package certificate obtains none.
package certificate

import "errors"

var errNone = errors.New("this test gateway obtains no certificates")

// Resource would be a certificate.
type Resource struct {
	Domain                  string
	PrivateKey, Certificate []byte
}

// ObtainRequest is what Traefik would ask for.
type ObtainRequest struct {
	Domains, EmailAddresses []string
	Bundle, MustStaple      bool
	Profile, PreferredChain string
	PrivateKey              any
}

// RenewOptions are what Traefik would renew with.
type RenewOptions struct {
	Bundle, MustStaple      bool
	PreferredChain, Profile string
	EmailAddresses          []string
}

// Certifier refuses.
type Certifier struct{}

// Obtain always fails.
func (*Certifier) Obtain(ObtainRequest) (*Resource, error) { return nil, errNone }

// RenewWithOptions always fails.
func (*Certifier) RenewWithOptions(Resource, *RenewOptions) (*Resource, error) { return nil, errNone }
