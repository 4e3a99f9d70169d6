package metrics

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// mysqlDialect is MySQL's and MariaDB's.
func mysqlDialect(word string) dialect {
	return dialect{
		word: word, readOnly: true, connector: mysqlConnector, limits: mysqlLimits,
		grammar: grammar{
			quotes: "'\"`", escapes: `'"`, hash: true, dashSpace: true, each: true,
			unfit: regexp.MustCompile(`^\?`),
			place: func(int, string) string { return "?" },
		},
	}
}

// mysqlLimits sets the limit that the server has, and the session read-only: a
// statement like DROP ends the transaction, and what follows would write. MySQL
// reads comments of its version, MariaDB leaves these out, but reads its own.
// https://mariadb.com/kb/en/comment-syntax/
func mysqlLimits(most time.Duration) string {
	return fmt.Sprintf("SET SESSION /*M! max_statement_time = %.3f, tx_read_only = 1, */ "+
		"/*!50720 max_execution_time = %d, transaction_read_only = 1, */ time_zone = '+00:00'", most.Seconds(), most.Milliseconds())
}

// silent keeps the driver from writing to the log of the process.
type silent struct{}

func (silent) Print(...any) {}

func mysqlConnector(p Provider, s Surroundings) (driver.Connector, []string, error) {
	c, err := mysqlConfig(p.DSN.Reveal())
	if err != nil {
		return nil, nil, errors.New("its dsn is not as MySQL's are: write it as in mysql://user:password@host:3306/database, or user:password@tcp(host:3306)/database") // the cause may quote it
	}
	if err := secureMySQL(c, p, s); err != nil {
		return nil, nil, err
	}
	c.Logger = silent{}
	c.ParseTime, c.Loc = true, time.UTC
	c.Timeout = p.Timeout
	c.MultiStatements, c.InterpolateParams = false, false
	c.AllowAllFiles, c.AllowOldPasswords, c.AllowFallbackToPlaintext = false, false, false
	c.AllowCleartextPasswords = c.AllowCleartextPasswords && c.TLS != nil
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, nil, errors.New("its dsn has an option that can't be met")
	}
	return connector, []string{c.Passwd}, nil
}

// mysqlConfig reads the driver's form, and URLs as other programs have them.
func mysqlConfig(dsn string) (*mysql.Config, error) {
	scheme, _, isURL := strings.Cut(dsn, "://")
	if !isURL || scheme != "mysql" && scheme != "mariadb" {
		return mysql.ParseDSN(dsn)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	c, err := mysql.ParseDSN("/?" + u.RawQuery)
	if err != nil {
		return nil, err
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	c.User, c.DBName, c.Net, c.Addr = u.User.Username(), strings.TrimPrefix(u.Path, "/"), "tcp", net.JoinHostPort(u.Hostname(), port)
	c.Passwd, _ = u.User.Password()
	return c, nil
}

// secureMySQL verifies every server that is another machine, whatever the DSN
// says of TLS but false, which leaves it out.
func secureMySQL(c *mysql.Config, p Provider, s Surroundings) error {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil || c.Net == "unix" {
		host = c.Addr
	}
	plain := c.TLSConfig == "false" || c.Net == "unix"
	asked := c.TLSConfig != "" && c.TLSConfig != "false" && c.TLSConfig != "preferred"
	switch {
	case plain && p.wantsTLS():
		return errors.New("its dsn has no TLS (tls=false, or a socket), and ca, cert or insecure are given: leave out one of both")
	case plain || isLocal(host) && !p.wantsTLS() && !asked:
		return nil
	}
	c.TLSConfig = ""
	c.TLS, err = securedFor(host, p, s, nil)
	return err
}
