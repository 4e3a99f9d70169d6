package k8s

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/url"
)

// isUntrusted reports whether TLS refused the server.
func isUntrusted(err error) bool {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verifying *tls.CertificateVerificationError
	)
	return errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &verifying)
}

// innermost is an error of net/http without the method and the URL before it.
func innermost(err error) error {
	var asked *url.Error
	if errors.As(err, &asked) {
		return asked.Err
	}
	return err
}
