package metrics

import (
	"database/sql/driver"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
)

func sqliteDialect() dialect {
	return dialect{
		word: "sqlite", connector: sqliteConnector, bind: sqliteValue,
		grammar: grammar{
			quotes: "'\"`", brackets: true,
			unfit: regexp.MustCompile(`^(\?[0-9]*|[@$#][\p{L}_0-9]+)`), // as SQLite writes them, too
			place: func(n int, _ string) string { return "?" + strconv.Itoa(n) },
		},
	}
}

// sqliteTime is how SQLite's own functions write times: such texts sort as times.
const sqliteTime = "2006-01-02 15:04:05.000"

func sqliteValue(value any) any {
	if at, is := value.(time.Time); is {
		return at.Format(sqliteTime)
	}
	return value
}

// sqliteConnector opens a file that must be there, to read. Of a URL's options
// only that of a file that never changes is kept; others could let it write.
func sqliteConnector(p Provider, _ Surroundings) (driver.Connector, []string, error) {
	if p.wantsTLS() || p.Key != "" {
		return nil, nil, errors.New("SQLite reads a file: leave ca, cert, key and insecure out")
	}
	path, options, err := sqlitePath(p.DSN.Reveal())
	if err != nil || path == "" || strings.HasPrefix(path, ":memory:") || options.Get("mode") == "memory" {
		return nil, nil, errors.New("its dsn is no file: write its path, as in /data/app.db")
	}
	kept := url.Values{"mode": {"ro"}, "_pragma": {"query_only(1)", "trusted_schema(0)", "busy_timeout(1000)"}}
	if options.Has("immutable") {
		kept.Set("immutable", options.Get("immutable"))
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: kept.Encode()}
	c, err := sqlite.NewConnector(dsn.String())
	return c, nil, err
}

// sqlitePath reads a path, or a URL (https://www.sqlite.org/uri.html): only
// there is something encoded, and a host, which is none.
func sqlitePath(dsn string) (path string, options url.Values, err error) {
	rest, isURL := strings.CutPrefix(dsn, "file:")
	if !isURL {
		return dsn, nil, nil
	}
	path, query, _ := strings.Cut(rest, "?")
	if options, err = url.ParseQuery(query); err != nil {
		return "", nil, err
	}
	path, err = url.PathUnescape(strings.TrimPrefix(strings.TrimPrefix(path, "//localhost"), "//"))
	return path, options, err
}
