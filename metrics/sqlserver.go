package metrics

import (
	"database/sql/driver"
	"errors"
	"regexp"
	"strconv"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"
)

// sqlserver has no read-only transactions: all is rolled back. A login that may
// only read is the way to be sure.
func sqlserver() dialect {
	return dialect{
		word: "sqlserver", connector: sqlserverConnector,
		grammar: grammar{
			quotes: `'"`, brackets: true, nested: true,
			unfit: regexp.MustCompile(`^(@[pP][0-9]+\b|\?)`),
			place: func(n int, _ string) string { return "@p" + strconv.Itoa(n) },
		},
	}
}

func sqlserverConnector(p Provider, s Surroundings) (driver.Connector, []string, error) {
	c, err := msdsn.Parse(p.DSN.Reveal())
	if err != nil {
		return nil, nil, errors.New("its dsn is not as SQL Server's are: write it as in sqlserver://user:password@host:1433?database=name") // the cause may quote it
	}
	if err := secureSQLServer(&c, p, s); err != nil {
		return nil, nil, err
	}
	c.ReadOnlyIntent = c.ReadOnlyIntent || c.Database != "" // the server wants to know of which
	c.LogFlags, c.AppName, c.DialTimeout = 0, agent, p.Timeout
	return mssql.NewConnectorConfig(c), []string{c.Password}, nil
}

// secureSQLServer verifies every server that is another machine, also where the
// DSN trusts all certificates. Only encrypt=disable leaves TLS out; the driver's
// own encrypt=false, its default of old, encrypts no more than the password.
func secureSQLServer(c *msdsn.Config, p Provider, s Surroundings) error {
	host := c.Host
	if host == "." || strings.EqualFold(host, "(local)") {
		host = "localhost"
	}
	_, asked := c.Parameters[msdsn.Encrypt]
	switch {
	case c.Encryption == msdsn.EncryptionDisabled && p.wantsTLS():
		return errors.New("its dsn has no TLS (encrypt=disable), and ca, cert or insecure are given: leave out one of both")
	case c.Encryption == msdsn.EncryptionDisabled || isLocal(host) && !p.wantsTLS() && !asked:
		return nil
	}
	config, err := securedFor(host, p, s, c.TLSConfig)
	if err != nil {
		return err
	}
	if c.TLSConfig != nil && c.HostInCertificateProvided {
		config.ServerName = c.TLSConfig.ServerName
	}
	config.DynamicRecordSizingDisabled = true // the server reads no split records while it logs in
	if c.TLSConfig = config; c.Encryption == msdsn.EncryptionOff {
		c.Encryption = msdsn.EncryptionRequired
	}
	return nil
}
