// Package lego has a client that can't be made.
package lego

import (
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/go-acme/lego/v4/certcrypto"
	"github.com/go-acme/lego/v4/certificate"
	"github.com/go-acme/lego/v4/challenge"
	"github.com/go-acme/lego/v4/challenge/dns01"
	"github.com/go-acme/lego/v4/challenge/http01"
	"github.com/go-acme/lego/v4/challenge/tlsalpn01"
	"github.com/go-acme/lego/v4/registration"
)

// LEDirectoryProduction is nowhere: .invalid never resolves (RFC 2606).
const LEDirectoryProduction = "https://acme.invalid/"

var errNone = errors.New("this test gateway has no ACME client")

// CertificateConfig says what certificates would be like.
type CertificateConfig struct {
	KeyType             certcrypto.KeyType
	Timeout             time.Duration
	OverallRequestLimit int
	DisableCommonName   bool
}

// Config is what a client would be made of.
type Config struct {
	CADirURL, UserAgent string
	HTTPClient          *http.Client
	Certificate         CertificateConfig
}

// Client is never made.
type Client struct {
	Certificate  *certificate.Certifier
	Challenge    *SolverManager
	Registration *registration.Registrar
}

// SolverManager refuses every kind of challenge.
type SolverManager struct{}

// What Traefik would answer challenges with.
func (*SolverManager) SetDNS01Provider(challenge.Provider, ...dns01.ChallengeOption) error {
	return errNone
}
func (*SolverManager) SetHTTP01Provider(challenge.Provider, ...http01.ChallengeOption) error {
	return errNone
}
func (*SolverManager) SetTLSALPN01Provider(challenge.Provider, ...tlsalpn01.ChallengeOption) error {
	return errNone
}

// NewConfig is a configuration for nobody.
func NewConfig(registration.User) *Config { return &Config{HTTPClient: http.DefaultClient} }

// NewClient always fails.
func NewClient(*Config) (*Client, error) { return nil, errNone }

// CreateCertPool is the machine's, whatever is asked for.
func CreateCertPool([]string, bool) (*x509.CertPool, error) { return x509.SystemCertPool() }
