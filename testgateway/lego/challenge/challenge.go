// Package challenge has the interface of what would answer an ACME challenge.
package challenge

// Provider answers challenges.
type Provider interface {
	Present(domain, token, keyAuth string) error
	CleanUp(domain, token, keyAuth string) error
}
