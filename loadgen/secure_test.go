package loadgen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func typeName(v any) string { return fmt.Sprintf("%T", v) }

// certificate is a self-signed one for 127.0.0.1, ::1 and shop.example, valid
// until the given time, and the file that holds it as an authority.
func certificate(t *testing.T, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	what := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"shop.example"}, IsCA: true, BasicConstraintsValid: true,
	}
	text, err := x509.CreateCertificate(rand.Reader, what, what, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: text}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key}, path
}

func TestTLSIsSpokenAlike(t *testing.T) {
	good, authority := certificate(t, time.Now().Add(24*time.Hour))
	old, oldAuthority := certificate(t, time.Now().Add(-time.Hour))
	pool := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(good.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(leaf)
	for _, c := range []struct {
		name   string
		server *tls.Config
		ca     string
		set    func(*Options, *Target)
		want   string
	}{
		{"own authority", &tls.Config{Certificates: []tls.Certificate{good}}, authority, nil, "200"},
		{"TLS 1.2", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12}, authority, nil, "200"},
		{"TLS 1.1", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS11}, authority, nil, "TLS failed"},
		{"unknown authority", &tls.Config{Certificates: []tls.Certificate{good}}, "", nil, "TLS failed"},
		{"unknown authority, insecure", &tls.Config{Certificates: []tls.Certificate{good}}, "", func(o *Options, _ *Target) { o.Insecure = true }, "200"},
		{"expired", &tls.Config{Certificates: []tls.Certificate{old}}, oldAuthority, nil, "TLS failed"},
		{"another name", &tls.Config{Certificates: []tls.Certificate{good}}, authority, func(_ *Options, t *Target) {
			t.URL = strings.Replace(t.URL, "127.0.0.1", "localhost", 1)
		}, "TLS failed"},
		{"host is not whom TLS asks for", &tls.Config{Certificates: []tls.Certificate{good}}, authority, func(o *Options, _ *Target) { o.Host = "other.example" }, "200"},
		{"no client certificate", &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert}, authority, nil, "TLS failed"},
		{"HTTP/2 or HTTP/1.1", &tls.Config{Certificates: []tls.Certificate{good}, NextProtos: []string{"h2", "http/1.1"}}, authority, nil, "200"},
	} {
		t.Run(c.name, func(t *testing.T) {
			byEach(t, func(t *testing.T, m maker) {
				o, target := DefaultOptions(), secure(t, c.server.Clone())
				if o.CA = c.ca; c.set != nil {
					c.set(&o, &target)
				}
				s := m.session(t, o, target)
				if got := s.once(); got.status.String() != c.want {
					t.Errorf("%s, want %s", got.status, c.want)
				} else if !got.status.OK() && got.told() == "" {
					t.Error("nothing is told of it")
				}
			})
		})
	}
}

// anotherProtocol is a server that shakes hands for no HTTP.
func anotherProtocol(t *testing.T) string {
	t.Helper()
	pair, _ := certificate(t, time.Now().Add(time.Hour))
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"imap"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.(*tls.Conn).Handshake()
			_ = c.Close()
		}
	}()
	return listener.Addr().String()
}

func TestAddressesAreUnderstoodAlike(t *testing.T) {
	byEach(t, func(t *testing.T, m maker) {
		listener, err := net.Listen("tcp", "[::1]:0")
		if err != nil {
			t.Skip("no IPv6 here:", err)
		}
		defer listener.Close()
		go func() {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			(&wire{}).serve(c, say(answered))
		}()
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = closed.Close()
		for address, want := range map[string]string{
			"http://" + listener.Addr().String():                    "200",
			"http://" + closed.Addr().String():                      "connection refused",
			"http://there-is-no.such-host.invalid:8080/":            "host name not found",
			strings.Replace(serve(t, ok).URL, "http:", "https:", 1): "TLS failed",
			"https://" + anotherProtocol(t):                         "TLS failed",
		} {
			o := DefaultOptions()
			o.Insecure = true
			if got := m.session(t, o, Target{Name: "candidate", URL: address}).once().status.String(); got != want {
				t.Errorf("%s: %s, want %s", address, got, want)
			}
		}
	})
}
