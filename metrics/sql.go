package metrics

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	rowLimit        = 100_000 // of one reply
	mostConnections = 4       // to one database: it has other work
	shortestSecret  = 4       // what is shorter would riddle what is shown and hide nothing
)

// dialect is what one kind of database needs beyond database/sql.
type dialect struct {
	word    string
	grammar grammar

	// connector prepares connections; nothing is sent. Secrets are what is not to
	// be shown of the DSN.
	connector func(p Provider, s Surroundings) (c driver.Connector, secrets []string, err error)

	readOnly bool // it has read-only transactions; else all is rolled back

	// limits is the statement by which a transaction sets UTC and the time after
	// which the server itself stops; empty where there is none.
	limits func(most time.Duration) string

	bind  func(value any) any // makes a value fit for the driver; nil: as it is
	cause func(error) error   // what of an error tells why; nil: all of it
}

func (d dialect) language() language {
	return language{
		word: d.word, tables: true, quote: func(string) string { return "" }, check: d.check, fits: d.fits,
		source: "rows are there as soon as they are committed; a replica, and transactions that are long, need more",
		open:   func(p Provider, s Surroundings) (source, error) { return d.open(p, s) },
	}
}

// check refuses what can't be a question, whatever the versions are.
func (d dialect) check(m Metric) error {
	for p, text := range m.given() {
		if _, err := d.grammar.prepare(text); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// prepare refuses what pastes values into queries, and what is not one SELECT.
func (g grammar) prepare(text string) (statement, error) {
	if at := written.FindString(text); at != "" {
		return statement{}, fmt.Errorf("a database is given values beside the query: write :version, :round and so on in place of %s, without quotes", at)
	}
	n, err := g.parseNamed(text)
	if word := g.firstWord(text); err == nil && word != "select" && word != "with" {
		return statement{}, errors.New("a query begins with SELECT or WITH")
	}
	return n, err
}

// fits refuses names that nothing is known for.
func (d dialect) fits(_ Provider, a ask) error {
	n, err := d.grammar.prepare(a.metric.given()[a.part])
	if err != nil {
		return err
	}
	for _, name := range n.names {
		if a.metric.PerVersion != "" && !isOfWindow(name) {
			return fmt.Errorf("it is asked once for all versions, which the column %s tells apart, so that there is no :%s: take it out, or per-version", a.metric.PerVersion, name)
		}
		if _, err := valueOf(name, a.places, a.window); err != nil {
			return err
		}
	}
	return nil
}

// firstWord is the first word of code, in lower case.
func (g grammar) firstWord(query string) string {
	for i := 0; i < len(query); {
		length, err := g.skip(query, i)
		switch {
		case err != nil:
			return ""
		case length > 0:
			i += length
		case strings.ContainsRune(" \t\r\n(", rune(query[i])):
			i++
		default:
			return strings.ToLower(parameterName.FindString(query[i:]))
		}
	}
	return ""
}

// database asks by SQL: each query in a transaction that changes nothing.
type database struct {
	dialect
	pool    *sql.DB
	timeout time.Duration
	hide    func(string) string
}

func (d dialect) open(p Provider, s Surroundings) (*database, error) {
	switch {
	case p.DSN.Reveal() == "":
		return nil, fmt.Errorf("it has no dsn, which says where the database is (secret, as in dsn: ${DATABASE_URL})")
	case p.URL != "":
		return nil, fmt.Errorf("a database is found by its dsn: leave the url out")
	case len(p.Headers) > 0 || len(p.Settings) > 0 || len(authWays(p.Auth)) > 0:
		return nil, fmt.Errorf("a database knows no headers, auth and settings: its dsn has the user and the password")
	}
	connector, secrets, err := d.connector(p, s)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(mostConnections)
	pool.SetMaxIdleConns(mostConnections)
	return &database{
		dialect: d, pool: pool, timeout: cmp.Or(p.Timeout, usualTimeout),
		hide: hider(append(secrets, p.DSN.Reveal()), s),
	}, nil
}

// hider takes the DSN and its secrets out of a text, and what the process hides.
func hider(secrets []string, s Surroundings) func(string) string {
	var forms []string
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			query := url.QueryEscape(secret)
			forms = append(forms, secret, query, url.PathEscape(secret), strings.ReplaceAll(query, "+", "%20"))
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, "***")
	}
	replacer := strings.NewReplacer(pairs...)
	return func(text string) string { return s.hide(replacer.Replace(text)) }
}

func (d *database) close() error { return d.pool.Close() }

func (d *database) ask(ctx context.Context, a ask) (answer, error) {
	n, err := d.grammar.prepare(a.metric.given()[a.part]) // not a.text: nothing is pasted
	if err != nil {
		return answer{}, err
	}
	text, values, err := d.grammar.fill(n, func(name string) (any, error) {
		v, err := valueOf(name, a.places, a.window)
		if err == nil && d.bind != nil {
			v = d.bind(v)
		}
		return v, err
	})
	if err != nil {
		return answer{}, err
	}
	t, err := once(a.asked, fmt.Sprintf("%s %q", text, values), func() (table, error) {
		ctx, done := context.WithTimeout(ctx, d.timeout)
		defer done()
		t, err := d.query(ctx, text, values)
		if err != nil {
			return table{}, d.told(ctx, err)
		}
		return t, nil
	})
	if err != nil {
		return answer{}, err
	}
	return t.answerOf(a)
}

// query reads a table. What it changed where a database lets it is undone.
func (d *database) query(ctx context.Context, text string, values []any) (table, error) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	tx, err := d.pool.BeginTx(ctx, &sql.TxOptions{ReadOnly: d.readOnly})
	if err != nil {
		return table{}, err
	}
	defer func() { _ = tx.Rollback() }()
	if limits := d.limit(ctx); limits != "" {
		if _, err := tx.ExecContext(ctx, limits); err != nil {
			return table{}, err
		}
	}
	rows, err := tx.QueryContext(ctx, text, values...)
	if err != nil {
		return table{}, err
	}
	t, err := readTable(rows)
	if err != nil {
		done() // else Close reads all rows that are left
		_ = rows.Close()
		return table{}, err
	}
	return t, rows.Close()
}

// limit gives the server nine tenths of the time that is left, so that it is
// the one to stop, and the connection lives on.
func (d *database) limit(ctx context.Context) string {
	deadline, limited := ctx.Deadline()
	if !limited || d.limits == nil {
		return ""
	}
	return d.limits(max(time.Millisecond, time.Until(deadline)*9/10))
}

var errTooManyRows = fmt.Errorf("more than %d rows: let the database count them", rowLimit)

// readTable takes all rows, up to a limit.
func readTable(rows *sql.Rows) (table, error) {
	columns, err := rows.Columns()
	if err != nil {
		return table{}, err
	}
	var t table
	for _, c := range columns {
		t.columns = append(t.columns, fmt.Sprintf("%.40s", strings.ToLower(c)))
	}
	for rows.Next() {
		if len(t.rows) == rowLimit {
			return table{}, errTooManyRows
		}
		row := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return table{}, err
		}
		t.rows = append(t.rows, row)
	}
	return t, rows.Err()
}

// told is an error without what is secret.
func (d *database) told(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("no reply within %s", d.timeout)
	case errors.As(err, &x509.UnknownAuthorityError{}):
		return errors.New("no connection: an unknown authority signed its certificate: give the ca: that did")
	}
	if d.cause != nil {
		err = d.cause(err)
	}
	return errors.New(excerpt([]byte(err.Error()), d.hide))
}

// isLocal reports that a host is this machine: a path of a socket, or loopback.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || strings.ContainsAny(host[:1], "/@") || ip != nil && ip.IsLoopback()
}

// wantsTLS reports that the trial file says how TLS is to be.
func (p Provider) wantsTLS() bool { return p.CA != "" || p.Cert != "" || p.Insecure }

// securedFor is the TLS of one host. What a DSN brings of its own stands where
// the trial file says nothing.
func securedFor(host string, p Provider, s Surroundings, own *tls.Config) (*tls.Config, error) {
	config, err := secured(p, s)
	if err != nil {
		return nil, err
	}
	config.ServerName = host
	if own != nil && p.CA == "" {
		config.RootCAs = own.RootCAs
	}
	if own != nil && p.Cert == "" {
		config.Certificates = own.Certificates
	}
	return config, nil
}
