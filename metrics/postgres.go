package metrics

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres also asks what speaks its protocol: CockroachDB, Timescale, Redshift.
func postgres() dialect {
	return dialect{
		word: "postgres", readOnly: true, connector: postgresConnector, limits: postgresLimits, cause: postgresCause,
		grammar: grammar{
			quotes: `'"`, nested: true, dollar: true,
			unfit: regexp.MustCompile(`^\$[0-9]+`),
			place: func(n int, name string) string { return "$" + strconv.Itoa(n) + postgresCasts[name] },
		},
	}
}

// postgresCasts tell the types of what else would be guessed from its place:
// count(*) / :round would take an integer.
var postgresCasts = map[string]string{
	"from": "::timestamptz", "to": "::timestamptz", "round": "::float8",
	"from_seconds": "::int8", "to_seconds": "::int8", "from_ms": "::int8", "to_ms": "::int8",
}

// postgresLimits hold for one transaction, so that poolers pass them on.
func postgresLimits(most time.Duration) string {
	return fmt.Sprintf("SELECT set_config('statement_timeout', '%d', true), set_config('TimeZone', 'UTC', true)", most.Milliseconds())
}

func postgresConnector(p Provider, s Surroundings) (driver.Connector, []string, error) {
	config, err := pgx.ParseConfig(p.DSN.Reveal())
	if err != nil {
		return nil, nil, errors.New("its dsn is not as PostgreSQL's are: write it as in postgres://user:password@host:5432/database") // the cause quotes it
	}
	if err := securePostgres(config, p, s); err != nil {
		return nil, nil, err
	}
	// An unnamed statement: poolers that change connections know no other.
	config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
	config.ConnectTimeout = p.Timeout
	config.RuntimeParams["application_name"] = agent
	return stdlib.GetConnector(*config), []string{config.Password}, nil
}

// securePostgres verifies every host that is another machine. Only
// sslmode=disable leaves TLS out; require and less would trust anyone.
func securePostgres(config *pgx.ConnConfig, p Provider, s Surroundings) error {
	hosts := []*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}
	hosts = append(hosts, config.Fallbacks...)
	own := config.TLSConfig
	for _, h := range hosts {
		if own == nil {
			own = h.TLSConfig
		}
	}
	if own == nil && p.wantsTLS() {
		return errors.New("its dsn has no TLS (sslmode=disable, or a socket), and ca, cert or insecure are given: leave out one of both")
	}
	var kept []*pgconn.FallbackConfig
	seen := map[string]bool{}
	for _, h := range hosts {
		address := fmt.Sprint(h.Host, " ", h.Port)
		if own == nil || isLocal(h.Host) && !p.wantsTLS() {
			kept = append(kept, h)
			continue
		}
		if seen[address] {
			continue // with TLS and without it
		}
		seen[address] = true
		config, err := securedFor(h.Host, p, s, own)
		if err != nil {
			return err
		}
		kept = append(kept, &pgconn.FallbackConfig{Host: h.Host, Port: h.Port, TLSConfig: config})
	}
	config.Host, config.Port, config.TLSConfig = kept[0].Host, kept[0].Port, kept[0].TLSConfig
	config.Fallbacks = kept[1:]
	return nil
}

// postgresCause is why the last attempt to connect failed: before it are those
// at other hosts, or with TLS.
func postgresCause(err error) error {
	var failed *pgconn.ConnectError
	if !errors.As(err, &failed) {
		return err
	}
	last := failed.Unwrap()
	if all, is := last.(interface{ Unwrap() []error }); is {
		if attempts := all.Unwrap(); len(attempts) > 0 {
			last = attempts[len(attempts)-1]
		}
	}
	return fmt.Errorf("no connection to %w", last)
}
