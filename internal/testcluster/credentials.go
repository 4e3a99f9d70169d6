//go:build linux

package testcluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// users are those whom the API server knows by tokens: name and groups as its
// token file has them.
var users = []struct{ file, line string }{
	{admin, `admin,admin,system:masters`},
	{"scheduler", `system:kube-scheduler,scheduler`},
	{"proxy", `system:kube-proxy,proxy`},
	{"node", `system:node:` + nodeName + `,node,system:nodes`},
}

const admin = "admin"

// credentials are the files with which the components know each other.
type credentials struct {
	dir    string
	server string // URL of the API server
	ca     []byte
}

func (c credentials) file(name string) string       { return filepath.Join(c.dir, name) }
func (c credentials) kubeconfig(user string) string { return c.file(user + ".kubeconfig") }

// newCredentials makes an authority, the API server's certificate, the key of
// ServiceAccounts' tokens, and a kubeconfig for each user.
func newCredentials(dir, server string) (credentials, error) {
	c := credentials{dir: dir, server: server}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return c, err
	}
	if err := c.makeKeys(); err != nil {
		return c, fmt.Errorf("making certificates: %w", err)
	}
	var tokens strings.Builder
	for _, u := range users {
		token := rand.Text()
		fmt.Fprintf(&tokens, "%s,%s\n", token, u.line)
		if err := c.writeKubeconfig(c.kubeconfig(u.file), token, "default"); err != nil {
			return c, err
		}
	}
	return c, os.WriteFile(c.file("tokens.csv"), []byte(tokens.String()), 0o600)
}

func (c *credentials) makeKeys() error {
	accounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if err := c.writeKey("accounts.key", accounts); err != nil {
		return err
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test cluster"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	key, err := c.certify("ca", authority, authority, nil)
	if err != nil {
		return err
	}
	if c.ca, err = os.ReadFile(c.file("ca.crt")); err != nil {
		return err
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.ParseIP(loopback), net.ParseIP(nodeAddress), net.ParseIP(apiService)},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
	}
	_, err = c.certify("server", server, authority, key)
	return err
}

// certify writes NAME.crt and NAME.key, signed by the key or by itself.
func (c credentials) certify(name string, of, by *x509.Certificate, signer crypto.Signer) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if signer == nil {
		signer = key
	}
	certificate, err := x509.CreateCertificate(rand.Reader, of, by, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	if err := os.WriteFile(c.file(name+".crt"), text, 0o644); err != nil {
		return nil, err
	}
	return key, c.writeKey(name+".key", key)
}

func (c credentials) writeKey(name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(c.file(name), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func (c credentials) writeKubeconfig(path, token, namespace string) error {
	return clientcmd.WriteToFile(api.Config{
		Clusters:       map[string]*api.Cluster{"test": {Server: c.server, CertificateAuthorityData: c.ca}},
		AuthInfos:      map[string]*api.AuthInfo{"user": {Token: token}},
		Contexts:       map[string]*api.Context{"test": {Cluster: "test", AuthInfo: "user", Namespace: namespace}},
		CurrentContext: "test",
	}, path)
}
