package metrics

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/microsoft/go-mssqldb/msdsn"
)

// told is what is known of a connection's TLS, in a word.
func told(config *tls.Config) string {
	switch {
	case config == nil:
		return "plain"
	case config.InsecureSkipVerify:
		return "unverified"
	}
	return "verified " + config.ServerName
}

func postgresTLS(dsn string, p Provider) (string, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return "", err
	}
	if err := securePostgres(config, p, around()); err != nil {
		return "", err
	}
	all := []string{config.Host + " " + told(config.TLSConfig)}
	for _, f := range config.Fallbacks {
		all = append(all, f.Host+" "+told(f.TLSConfig))
	}
	return strings.Join(all, ", "), nil
}

func mysqlTLS(dsn string, p Provider) (string, error) {
	c, err := mysqlConfig(dsn)
	if err != nil {
		return "", err
	}
	if err := secureMySQL(c, p, around()); err != nil {
		return "", err
	}
	return c.Addr + " " + told(c.TLS), nil
}

func sqlserverTLS(dsn string, p Provider) (string, error) {
	c, err := msdsn.Parse(dsn)
	if err != nil {
		return "", err
	}
	if err := secureSQLServer(&c, p, around()); err != nil {
		return "", err
	}
	if c.Encryption == msdsn.EncryptionDisabled || c.Encryption == msdsn.EncryptionOff {
		return c.Host + " plain", nil
	}
	return c.Host + " " + told(c.TLSConfig), nil
}

// TestOtherMachinesAreVerified holds that no option of a DSN makes a remote
// server trusted unseen: TLS is left out by the one word that says so.
func TestOtherMachinesAreVerified(t *testing.T) {
	insecure := Provider{Insecure: true}
	for _, c := range []struct {
		read func(string, Provider) (string, error)
		dsn  string
		p    Provider
		want string
	}{
		{postgresTLS, "postgres://u:p@db/x", Provider{}, "db verified db"},
		{postgresTLS, "postgres://u:p@db/x?sslmode=prefer", Provider{}, "db verified db"},
		{postgresTLS, "postgres://u:p@db/x?sslmode=allow", Provider{}, "db verified db"},
		{postgresTLS, "postgres://u:p@db/x?sslmode=require", Provider{}, "db verified db"},
		{postgresTLS, "host=a,b user=u sslmode=require", Provider{}, "a verified a, b verified b"},
		{postgresTLS, "host=a,127.0.0.1 user=u", Provider{}, "a verified a, 127.0.0.1 unverified, 127.0.0.1 plain"},
		{postgresTLS, "postgres://u:p@db/x?sslmode=disable", Provider{}, "db plain"},
		{postgresTLS, "postgres://u:p@db/x", insecure, "db unverified"},
		{postgresTLS, "postgres://u:p@[::1]/x", Provider{}, "::1 unverified, ::1 plain"},
		{postgresTLS, "postgres://u:p@[::1]/x", insecure, "::1 unverified"},
		{postgresTLS, "host=/run/postgresql", Provider{}, "/run/postgresql plain"},
		{mysqlTLS, "u:p@tcp(db:3306)/x", Provider{}, "db:3306 verified db"},
		{mysqlTLS, "u:p@tcp(db:3306)/x?tls=preferred", Provider{}, "db:3306 verified db"},
		{mysqlTLS, "u:p@tcp(db:3306)/x?tls=skip-verify", Provider{}, "db:3306 verified db"},
		{mysqlTLS, "mariadb://u:p@db/x?tls=skip-verify", Provider{}, "db:3306 verified db"},
		{mysqlTLS, "u:p@tcp(db:3306)/x?tls=false", Provider{}, "db:3306 plain"},
		{mysqlTLS, "u:p@tcp(db:3306)/x", insecure, "db:3306 unverified"},
		{mysqlTLS, "u:p@tcp(127.0.0.1)/x", Provider{}, "127.0.0.1:3306 plain"},
		{mysqlTLS, "u:p@tcp(127.0.0.1)/x?tls=true", Provider{}, "127.0.0.1:3306 verified 127.0.0.1"},
		{mysqlTLS, "u:p@unix(/run/m.sock)/x", Provider{}, "/run/m.sock plain"},
		{sqlserverTLS, "sqlserver://u:p@db?database=x", Provider{}, "db verified db"},
		{sqlserverTLS, "sqlserver://u:p@db?encrypt=false", Provider{}, "db verified db"},
		{sqlserverTLS, "sqlserver://u:p@db?encrypt=true&TrustServerCertificate=true", Provider{}, "db verified db"},
		{sqlserverTLS, "sqlserver://u:p@db?encrypt=true&hostNameInCertificate=other", Provider{}, "db verified other"},
		{sqlserverTLS, "server=db;user id=u;password=p;encrypt=disable", Provider{}, "db plain"},
		{sqlserverTLS, "sqlserver://u:p@db?encrypt=true", insecure, "db unverified"},
		{sqlserverTLS, "sqlserver://u:p@localhost", Provider{}, "localhost plain"},
	} {
		if got, err := c.read(c.dsn, c.p); err != nil || got != c.want {
			t.Errorf("%s %+v: %q %v, want %q", c.dsn, c.p, got, err, c.want)
		}
	}
}

func TestPlainAndVerifiedIsRefused(t *testing.T) {
	for word, dsn := range map[string]string{
		"postgres": "postgres://u:hunter22@db/x?sslmode=disable", "mysql": "u:hunter22@tcp(db)/x?tls=false",
		"sqlserver": "sqlserver://u:hunter22@db?encrypt=disable",
	} {
		for _, d := range allDialects {
			if d.word != word {
				continue
			}
			_, _, err := d.connector(provided(dsn, Provider{CA: "ca.pem"}), around())
			if err == nil || !strings.Contains(err.Error(), "leave out one of both") || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("%s: %v", word, err)
			}
			s := around()
			s.ReadFile = func(string) ([]byte, error) { return nil, fs.ErrNotExist }
			_, _, err = d.connector(provided(strings.NewReplacer("sslmode=disable", "", "tls=false", "", "encrypt=disable", "").Replace(dsn), Provider{CA: "ca.pem"}), s)
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s without its CA: %v", word, err)
			}
		}
	}
}

// TestBadDSNsKeepTheirPassword feeds drivers what they can't read.
func TestBadDSNsKeepTheirPassword(t *testing.T) {
	for _, d := range []dialect{postgres(), mysqlDialect("mysql"), sqlserver()} {
		for _, dsn := range []string{
			"postgres://u:hunter22@h:x/y", "user=u password='hunter22", "postgres://u:hunter22%zz@h/", "host=h password=hunter22 sslmode=hunter22",
			"u:hunter22@tcp(h:1/x", "u:hunter22@nowhere", "mysql://u:hunter22%zz@h/x", "u:hunter22@tcp(h)/x?timeout=hunter22", "u:hunter22@tcp(h)/x?tls=hunter22x",
			"sqlserver://u:hunter22%zz@h", "server=h;password=hunter22;port=hunter22", "sqlserver://u:hunter22@h?encrypt=hunter22", "server=h;password={hunter22",
		} {
			db, err := d.open(provided(dsn, Provider{}), around())
			if err != nil && strings.Contains(err.Error(), "hunter22") {
				t.Errorf("%s: %v", d.word, err)
			}
			if err == nil {
				_ = db.close()
			}
		}
	}
}
