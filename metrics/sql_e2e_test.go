//go:build e2e

package metrics

import (
	"bytes"
	"context"
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
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

const (
	sqlPassword = "s3cret/of@seatrial"
	nobody      = 65534 // servers refuse to run as root
)

// server is a real database on a port of loopback.
type server struct {
	dir  string
	port string
}

// newServer makes a directory for a server's own user.
func newServer(t *testing.T) server {
	t.Helper()
	dir, err := os.MkdirTemp("", "seatrial-sql-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s := server{dir: dir, port: port}
	s.certify(t)
	s.write(t, "password", sqlPassword)
	for _, name := range []string{"", "server.key", "server.pem", "ca.pem", "password"} {
		if err := os.Chown(filepath.Join(dir, name), s.user(), s.user()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s server) user() int {
	if os.Getuid() == 0 {
		return nobody
	}
	return os.Getuid()
}

func (s server) file(name string) string { return filepath.Join(s.dir, name) }

func (s server) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(s.file(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir, c.Env = s.dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + s.dir}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return c
}

func (s server) run(t *testing.T, input, name string, args ...string) {
	t.Helper()
	c := s.command(name, args...)
	c.Stdin = strings.NewReader(input)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// start runs the server until the test ends; signal ends it in good order.
func (s server) start(t *testing.T, signal syscall.Signal, name string, args ...string) {
	t.Helper()
	c := s.command(name, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(signal)
		_ = c.Wait()
		if strings.Contains(out.String(), sqlPassword) || t.Failed() {
			t.Logf("%s:\n%s", name, out.String())
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", "127.0.0.1:"+s.port); err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not there after a minute", name)
		}
	}
}

// certify makes an authority, certificates of the server and of the user
// seatrial, and another authority that signed neither.
func (s server) certify(t *testing.T) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key := s.sign(t, "ca", authority, authority, nil)
	s.sign(t, "other", authority, authority, nil)
	for i, name := range []string{"server", "seatrial"} {
		s.sign(t, name, &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 2)), Subject: pkix.Name{CommonName: name}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}, authority, key)
	}
}

func (s server) sign(t *testing.T, name string, of, by *x509.Certificate, signer *ecdsa.PrivateKey) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	certificate, err := x509.CreateCertificate(rand.Reader, of, by, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})))
	s.write(t, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	return key
}

// realDatabase is what the shared test needs of a server.
type realDatabase struct {
	dialect  dialect
	dsn      func(password, options string) string
	plain    string // options of a DSN without TLS
	slow     string // a query of 20 s
	endless  string // a query of more rows than can be read in 10 s, of one column
	writes   []string
	denied   string // what it says of a write
	mistaken string // and of a wrong password
	ended    string // and of a query that lasts too long
	typed    map[string]typed
	server   server
}

// typed is a query and the number that it gives, or why none.
type typed struct {
	query  string
	want   float64
	reason string
}

func (r realDatabase) open(t *testing.T, options string, change func(*Provider)) *database {
	t.Helper()
	p := Provider{DSN: trial.NewSecret("", r.dsn(sqlPassword, options)), Timeout: 20 * time.Second}
	if change != nil {
		change(&p)
	}
	s := around()
	s.ReadFile = os.ReadFile
	db, err := r.dialect.open(p, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.close() })
	return db
}

func askTotal(query string) Metric {
	return Metric{Kind: trial.TotalKind, Query: Query{Query: query}}
}

// proves runs what holds for every real database.
func (r realDatabase) proves(t *testing.T) {
	db := r.open(t, r.plain, nil)
	t.Run("every kind", func(t *testing.T) { r.kinds(t, db) })
	t.Run("types", func(t *testing.T) {
		for name, c := range r.typed {
			got := sampled(t, db, Metric{Kind: trial.ValueKind, Query: Query{Query: c.query}})
			if c.reason != "" && !strings.Contains(got.Missing, c.reason) || c.reason == "" && (got.Value == nil || *got.Value != c.want) {
				t.Errorf("%s: %+v, want %v %s", name, got, c.want, c.reason)
			}
		}
	})
	t.Run("two rows, NULL", func(t *testing.T) {
		for query, want := range map[string]string{
			"SELECT amount" + inWindow:                            "3 rows, where one is meant",
			"SELECT sum(amount) FROM orders WHERE version = 'v9'": "is NULL",
		} {
			if got := sampled(t, db, askTotal(query)); !strings.Contains(got.Missing, want) {
				t.Errorf("%s: %+v", query, got)
			}
		}
	})
	t.Run("a write is refused", func(t *testing.T) { r.refuses(t, db) })
	t.Run("rows are bounded", func(t *testing.T) {
		began := time.Now()
		got := sampled(t, db, Metric{Kind: trial.MomentsKind, Query: Query{Query: r.endless}})
		if !strings.Contains(got.Missing, "more than 100000 rows") || time.Since(began) > 10*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), got)
		}
	})
	t.Run("a slow query ends in time", func(t *testing.T) {
		hurried := r.open(t, r.plain, func(p *Provider) { p.Timeout = time.Second })
		began := time.Now()
		if got := sampled(t, hurried, askTotal(r.slow)); !strings.Contains(got.Missing, r.ended) || time.Since(began) > 3*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), got)
		}
	})
	t.Run("a wrong password", func(t *testing.T) {
		wrong := r.open(t, "", func(p *Provider) { p.DSN = trial.NewSecret("", r.dsn("wr0ng/of@seatrial", r.plain)) })
		got := sampled(t, wrong, askTotal("SELECT 1"))
		if !strings.Contains(got.Missing, r.mistaken) || strings.Contains(got.Missing, "wr0ng") {
			t.Errorf("%+v", got)
		}
	})
}

func (r realDatabase) kinds(t *testing.T, db *database) {
	number := func(x float64) *float64 { return &x }
	for name, c := range map[string]struct {
		metric Metric
		want   trial.Sample
	}{
		"total":  {askTotal("SELECT count(*)" + inWindow), trial.Sample{Total: number(3)}},
		"a rate": {Metric{Kind: trial.ValueKind, Query: Query{Query: "SELECT count(*) * 2 / :round" + inWindow}}, trial.Sample{Value: number(0.4)}},
		"points": {Metric{Kind: trial.ValueKind, Query: Query{Query: "SELECT at AS time, amount AS value FROM orders WHERE version = :version ORDER BY at DESC"}},
			trial.Sample{Value: number(7.0 / 3)}},
		"points with zone": {Metric{Kind: trial.ValueKind, Query: Query{Query: "SELECT zoned AS time, amount AS value FROM orders WHERE version = :version AND zoned > :from AND zoned <= :to"}},
			trial.Sample{Value: number(7.0 / 3)}},
		"counts of all versions": {Metric{Kind: trial.CountsKind, Query: Query{PerVersion: "Version",
			Query: "SELECT version, sum(failed) AS hits, count(*) AS trials FROM orders WHERE at > :from AND at <= :to GROUP BY version"}},
			trial.Sample{Counts: &trial.Counts{Hits: 1, Trials: 3}}},
		"counts": {Metric{Kind: trial.CountsKind, Query: Query{Query: "SELECT sum(failed) AS hits, count(*) AS trials" + inWindow}},
			trial.Sample{Counts: &trial.Counts{Hits: 1, Trials: 3}}},
		"observations": {Metric{Kind: trial.MomentsKind, Query: Query{Query: "SELECT amount" + inWindow}},
			trial.Sample{Moments: &trial.Moments{N: 3, Sum: 7, SumSquares: 21}}},
		"moments": {Metric{Kind: trial.MomentsKind, Query: Query{Query: "SELECT count(*) AS n, sum(price) AS sum, sum(price*price) AS sum_squares" + inWindow + " AND price IS NOT NULL"}},
			trial.Sample{Moments: &trial.Moments{N: 2, Sum: 3.75, SumSquares: 7.3125}}},
		"cumulative": {Metric{Kind: trial.HistogramKind, Query: Query{Query: "SELECT '1.5' AS le, count(*) AS count" + inWindow + " AND amount <= 1.5 UNION ALL SELECT '+Inf', count(*)" + inWindow}},
			trial.Sample{Histogram: &trial.Histogram{Bounds: []float64{1.5}, Counts: []float64{1, 2}}}},
		"single buckets": {Metric{Kind: trial.HistogramKind, Query: Query{Sum: "SELECT sum(amount)" + inWindow,
			Query: "SELECT CASE WHEN amount <= 1 THEN 1 ELSE 5 END AS bound, count(*) AS count" + inWindow + " GROUP BY 1 ORDER BY 1 DESC"}},
			trial.Sample{Histogram: &trial.Histogram{Bounds: []float64{1, 5}, Counts: []float64{1, 2, 0}, Sum: number(7)}}},
	} {
		c.want.Metric = "m"
		if diff := cmp.Diff(c.want, sampled(t, db, c.metric)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// refuses holds that neither a query nor what passes for one changes anything.
func (r realDatabase) refuses(t *testing.T, db *database) {
	ctx, done := context.WithTimeout(t.Context(), 20*time.Second)
	defer done()
	for _, write := range r.writes {
		if _, err := db.query(ctx, write, nil); err == nil || !strings.Contains(err.Error(), r.denied) {
			t.Errorf("%s: %v", write, err)
		}
	}
	if got := sampled(t, db, askTotal("SELECT count(*) FROM orders")); got.Total == nil || *got.Total != 6 {
		t.Errorf("what is left: %+v", got)
	}
}

// secures holds that only whom the authority vouches for is asked.
func (r realDatabase) secures(t *testing.T, encrypted string) {
	for name, c := range map[string]struct {
		change func(*Provider)
		reason string
	}{
		"its CA":           {func(p *Provider) { p.CA = r.server.file("ca.pem") }, ""},
		"another CA":       {func(p *Provider) { p.CA = r.server.file("other.pem") }, "an unknown authority signed its certificate: give the ca: that did"},
		"verified by none": {func(p *Provider) { p.Insecure = true }, ""},
	} {
		got := sampled(t, r.open(t, "", c.change), Metric{Kind: trial.ValueKind, Query: Query{Query: encrypted}})
		if c.reason != "" && !strings.Contains(got.Missing, c.reason) || c.reason == "" && (got.Value == nil || *got.Value != 1) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

const sqlRows = `INSERT INTO orders VALUES
	('2026-01-31 12:00:00', '2026-01-31 13:00:00', 'v2', 1, 7, 1.5),
	('2026-01-31 12:00:01', '2026-01-31 13:00:01', 'v2', 0, 1, 1.5),
	('2026-01-31 12:00:02.500', '2026-01-31 13:00:02.500', 'v2', 1, 2, 2.25),
	('2026-01-31 12:00:15', '2026-01-31 13:00:15', 'v2', 0, 4, NULL),
	('2026-01-31 12:00:16', '2026-01-31 13:00:16', 'v2', 1, 9, 1),
	('2026-01-31 12:00:03', '2026-01-31 13:00:03', 'v1', 1, 5, 1);`

func TestARealPostgreSQL(t *testing.T) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) == 0 {
		if os.Getenv("SEATRIAL_E2E") == "required" {
			t.Fatal("PostgreSQL is missing: run .ci/install")
		}
		t.Skip("needs PostgreSQL: run .ci/install")
	}
	bin := found[len(found)-1]
	s := newServer(t)
	s.run(t, "", bin+"/initdb", "-D", s.file("data"), "-U", "postgres", "-A", "scram-sha-256", "--pwfile", s.file("password"), "--no-sync", "--locale=C", "-E", "UTF8")
	s.write(t, "hba.conf", "local all postgres trust\nhostssl all seatrial 127.0.0.1/32 scram-sha-256\nhostnossl all plain 127.0.0.1/32 scram-sha-256\nhostssl all known 127.0.0.1/32 cert map=known\n")
	s.write(t, "ident.conf", "known seatrial known\n")
	for _, name := range []string{"hba.conf", "ident.conf"} {
		if err := os.Chown(s.file(name), s.user(), s.user()); err != nil {
			t.Fatal(err)
		}
	}
	s.start(t, syscall.SIGINT, bin+"/postgres", "-D", s.file("data"), "-c", "listen_addresses=127.0.0.1", "-p", s.port,
		"-k", s.dir, "-c", "fsync=off", "-c", "timezone=America/New_York", "-c", "hba_file="+s.file("hba.conf"), "-c", "ident_file="+s.file("ident.conf"),
		"-c", "ssl=on", "-c", "ssl_cert_file="+s.file("server.pem"), "-c", "ssl_key_file="+s.file("server.key"), "-c", "ssl_ca_file="+s.file("ca.pem"))
	s.run(t, `SET timezone = 'Europe/Berlin';
		CREATE ROLE seatrial LOGIN PASSWORD '`+sqlPassword+`'; CREATE ROLE plain LOGIN PASSWORD '`+sqlPassword+`'; CREATE ROLE known LOGIN;
		CREATE TABLE orders (at timestamp, zoned timestamptz, version text, failed int, amount float8, price numeric(10,2));
		GRANT ALL ON orders TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC;`+sqlRows,
		"psql", "-h", s.dir, "-p", s.port, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-q")
	r := realDatabase{
		dialect: postgres(), server: s, plain: "user=plain", denied: "read-only transaction",
		dsn: func(password, options string) string {
			user := strings.TrimPrefix(options, "user=")
			if user == "" {
				user = "seatrial"
			}
			return fmt.Sprintf("host=127.0.0.1 port=%s user=%s password='%s' dbname=postgres", s.port, user, password)
		},
		slow: "SELECT 1 FROM pg_sleep(20)", endless: "SELECT generate_series(1, 100000000)",
		mistaken: "password authentication failed", ended: "statement timeout",
		writes: []string{
			"DELETE FROM orders", "WITH a AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM a", "DROP TABLE orders",
			"CREATE TABLE more (a int)", "SELECT 1 INTO more", "TRUNCATE orders",
		},
		typed: map[string]typed{
			"smallint": {"SELECT 7::int2", 7, ""}, "bigint": {"SELECT 7::int8", 7, ""}, "numeric": {"SELECT 0.125::numeric", 0.125, ""},
			"real": {"SELECT 0.5::float4", 0.5, ""}, "NaN": {"SELECT 'NaN'::numeric", 0, "NaN, which is no number"},
			"endless": {"SELECT 'Infinity'::float8", 0, "+Inf, which is no number"}, "boolean": {"SELECT true", 0, "of a type (boolean) that is no number"},
			"interval": {"SELECT interval '1 day'", 0, "no number"}, "timestamp": {"SELECT now()", 0, "of a type (timestamp) that is no number"},
			"array":            {"SELECT (ARRAY[5,6,7])[2:3]::text", 0, "no number"},
			"quoted":           {`SELECT length($q$:from 'it'$q$ || E'\':to' || ':x') /* :a /* :b */ */ -- :c`, 16, ""},
			"a mistake":        {"SELECT (:to - :from) = interval '15 seconds' THEN 1", 0, "syntax error"},
			"instant":          {"SELECT extract(epoch FROM :from::timestamptz)::int8 - :from_seconds", 0, ""},
			"in UTC":           {"SELECT count(*) FROM orders WHERE at > :from AND at <= :to", 4, ""},
			"integer":          {"SELECT 8 / :round * :round", 8, ""},
			"an int's version": {"SELECT 1 WHERE length(:version) = 2 AND :version LIKE 'v%'", 1, ""},
			"read only":        {"SELECT 1 WHERE current_setting('transaction_read_only') = 'on' AND current_setting('statement_timeout') <> '0'", 1, ""},
		},
	}
	r.proves(t)
	r.secures(t, "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl")
	t.Run("one connection does", func(t *testing.T) {
		db := r.open(t, r.plain, nil)
		pid := "SELECT pg_backend_pid()"
		first, again := sampled(t, db, askTotal(pid)), sampled(t, db, askTotal(pid))
		if first.Total == nil || again.Total == nil || *first.Total != *again.Total {
			t.Errorf("%+v and %+v", first, again)
		}
	})
	t.Run("a client certificate", func(t *testing.T) {
		db := r.open(t, "user=known", func(p *Provider) {
			p.CA, p.Cert, p.Key = s.file("ca.pem"), s.file("seatrial.pem"), s.file("seatrial.key")
		})
		if got := sampled(t, db, askTotal("SELECT 1 WHERE current_user = 'known'")); got.Total == nil {
			t.Errorf("%+v", got)
		}
	})
}

func TestARealMariaDB(t *testing.T) {
	daemon, err := exec.LookPath("/usr/sbin/mariadbd")
	if err != nil {
		if os.Getenv("SEATRIAL_E2E") == "required" {
			t.Fatal("MariaDB is missing: run .ci/install")
		}
		t.Skip("needs MariaDB: run .ci/install")
	}
	s := newServer(t)
	s.run(t, "", "mariadb-install-db", "--no-defaults", "--datadir="+s.file("data"), "--auth-root-authentication-method=normal", "--skip-test-db")
	s.start(t, syscall.SIGTERM, daemon, "--no-defaults", "--datadir="+s.file("data"), "--bind-address=127.0.0.1", "--port="+s.port, "--socket="+s.file("socket"),
		"--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--default-time-zone=-05:00",
		"--ssl-cert="+s.file("server.pem"), "--ssl-key="+s.file("server.key"), "--ssl-ca="+s.file("ca.pem"))
	s.run(t, `CREATE DATABASE shop; USE shop; SET time_zone = '+01:00';
		CREATE TABLE orders (at datetime(3), zoned timestamp(3) NULL, version varchar(20), failed int, amount double, price decimal(10,2));
		CREATE USER plain@127.0.0.1 IDENTIFIED BY '`+sqlPassword+`'; CREATE USER seatrial@127.0.0.1 IDENTIFIED BY '`+sqlPassword+`' REQUIRE SSL;
		CREATE USER known@127.0.0.1 REQUIRE SUBJECT '/CN=seatrial';
		GRANT ALL ON shop.* TO plain@127.0.0.1, seatrial@127.0.0.1, known@127.0.0.1;`+sqlRows,
		"mariadb", "--no-defaults", "--socket="+s.file("socket"), "--user=root")
	as := func(password, user string) string {
		if user == "" {
			user = "seatrial"
		}
		return fmt.Sprintf("%s:%s@tcp(127.0.0.1:%s)/shop?multiStatements=true", user, password, s.port)
	}
	r := realDatabase{
		dialect: mysqlDialect("mariadb"), server: s, plain: "plain", dsn: as, denied: "READ ONLY transaction",
		slow: "SELECT sleep(20)", endless: "SELECT seq FROM seq_1_to_100000000",
		mistaken: "Access denied for user 'plain'", ended: "max_statement_time",
		writes: []string{
			"DELETE FROM orders", "INSERT INTO orders (failed) VALUES (1)", "DROP TABLE orders", "CREATE TABLE more (a int)", "TRUNCATE TABLE orders",
			"DELETE FROM orders RETURNING failed",
		},
		typed: map[string]typed{
			"tiny": {"SELECT CAST(7 AS SIGNED)", 7, ""}, "unsigned": {"SELECT CAST(18446744073709551615 AS UNSIGNED)", 1 << 64, ""},
			"decimal": {"SELECT CAST(0.125 AS DECIMAL(10,3))", 0.125, ""}, "double": {"SELECT 5e-1", 0.5, ""},
			"bit": {"SELECT b'1'", 0, "no number"}, "date": {"SELECT now()", 0, "of a type (timestamp) that is no number"},
			"time":      {"SELECT CAST('10:00:00' AS TIME)", 0, "no number"},
			"quoted":    {"SELECT length('it\\':from' \":a\" ':''b') + 0 /* :c */ # :d\n", 13, ""},
			"prepared":  {"SELECT length(concat(:version, :version, :name))", 13, ""},
			"in UTC":    {"SELECT unix_timestamp(:from) - :from_seconds", 0, ""},
			"the clock": {"SELECT abs(timestampdiff(HOUR, now(), utc_timestamp()))", 0, ""},
			"limited":   {"SELECT @@max_statement_time > 0 AND @@max_statement_time < 20", 1, ""},
		},
	}
	r.proves(t)
	r.secures(t, "SELECT count(*) FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher' AND variable_value <> ''")
	t.Run("one statement", func(t *testing.T) {
		ctx, done := context.WithTimeout(t.Context(), 20*time.Second)
		defer done()
		if _, err := r.open(t, r.plain, nil).query(ctx, "SELECT 1; SELECT 2", nil); err == nil {
			t.Error("two statements were carried out, as the DSN asks for")
		}
	})
	t.Run("a client certificate, by a URL", func(t *testing.T) {
		db := r.open(t, "", func(p *Provider) {
			p.DSN = trial.NewSecret("", "mariadb://known@127.0.0.1:"+s.port+"/shop")
			p.CA, p.Cert, p.Key = s.file("ca.pem"), s.file("seatrial.pem"), s.file("seatrial.key")
		})
		if got := sampled(t, db, askTotal("SELECT count(*) FROM orders")); got.Total == nil || *got.Total != 6 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a URL with a password", func(t *testing.T) {
		db := r.open(t, "", func(p *Provider) {
			p.DSN = trial.NewSecret("", "mysql://plain:"+strings.NewReplacer("/", "%2F", "@", "%40").Replace(sqlPassword)+"@127.0.0.1:"+s.port+"/shop")
		})
		if got := sampled(t, db, askTotal("SELECT 1")); got.Total == nil {
			t.Errorf("%+v", got)
		}
	})
}
