// Package certcrypto has the names of the kinds of keys that Traefik's
// configuration knows.
//
// This module stands in for lego, an ACME client with the SDKs of 150 DNS
// providers: two thirds of what a Traefik weighs, and a gateway in a sandbox
// can ask nobody for a certificate. Whatever Traefik calls is here and fails.
package certcrypto

// KeyType is the kind of a certificate's key.
type KeyType string

// What a configuration may name.
const (
	EC256   KeyType = "P256"
	EC384   KeyType = "P384"
	RSA2048 KeyType = "2048"
	RSA4096 KeyType = "4096"
	RSA8192 KeyType = "8192"
)
