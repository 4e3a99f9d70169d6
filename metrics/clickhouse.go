package metrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// clickhouse is asked by its HTTP interface, with a client that is there anyway.
// https://clickhouse.com/docs/interfaces/http
func clickhouse() dialect {
	return dialect{
		word: "clickhouse",
		grammar: grammar{
			quotes: "'\"`", escapes: "'\"`", hash: true, dollar: true,
			unfit: regexp.MustCompile(`^\{\s*[A-Za-z_][A-Za-z0-9_]*\s*:[^}]*\}`),
			place: func(n int, name string) string { return fmt.Sprintf("{p%d:%s}", n, clickhouseType(name)) },
		},
	}
}

func clickhouseLanguage() language {
	l := clickhouse().language()
	l.open = func(p Provider, s Surroundings) (source, error) {
		if p.DSN.Reveal() != "" {
			return nil, errors.New("ClickHouse is asked by HTTP: give its url, as in https://clickhouse:8443, and its user by auth: basic")
		}
		c, err := newClient(p, s)
		if err != nil {
			return nil, err
		}
		return overHTTP{clickhouse(), c, &atomic.Bool{}}, nil
	}
	return l
}

// clickhouseType is what a parameter is declared as.
func clickhouseType(name string) string {
	switch name {
	case "from", "to":
		return "DateTime64(6, 'UTC')"
	case "from_seconds", "to_seconds", "from_ms", "to_ms":
		return "Int64"
	case "round":
		return "Float64"
	}
	return "String"
}

// overHTTP is ClickHouse. What is asked by GET may change nothing.
type overHTTP struct {
	dialect
	*client
	bare *atomic.Bool // the user may send no settings
}

func (c overHTTP) ask(ctx context.Context, a ask) (answer, error) {
	n, err := c.grammar.prepare(a.metric.given()[a.part])
	if err != nil {
		return answer{}, err
	}
	text, values, err := c.grammar.fill(n, func(name string) (any, error) { return valueOf(name, a.places, a.window) })
	if err != nil {
		return answer{}, err
	}
	params := url.Values{"query": {text}, "default_format": {"JSONCompact"}, "wait_end_of_query": {"1"}}
	for i, v := range values {
		params.Set(fmt.Sprintf("param_p%d", i+1), clickhouseValue(v))
	}
	t, err := once(a.asked, params.Encode(), func() (table, error) {
		got, err := c.put(ctx, params)
		if err != nil {
			return table{}, err
		}
		return clickhouseTable(got)
	})
	if err != nil {
		return answer{}, err
	}
	return t.answerOf(a)
}

// put asks with limits for the server. A user of a profile readonly=1 may send
// no settings; then its profile has to have the limits.
// https://clickhouse.com/docs/operations/settings/permissions-for-queries
func (c overHTTP) put(ctx context.Context, params url.Values) (reply, error) {
	if c.bare.Load() {
		return c.send(ctx, request{method: "GET", params: params})
	}
	with := maps.Clone(params)
	with.Set("date_time_output_format", "iso")
	with.Set("max_result_rows", strconv.Itoa(rowLimit))
	with.Set("result_overflow_mode", "throw")
	if deadline, limited := ctx.Deadline(); limited {
		with.Set("max_execution_time", strconv.Itoa(max(1, int(time.Until(deadline).Seconds()))))
	}
	got, err := c.send(ctx, request{method: "GET", params: with})
	var refused statusError
	if errors.As(err, &refused) && bytes.Contains(refused.body, []byte("Code: 164.")) && bytes.Contains(refused.body, []byte("setting")) {
		c.bare.Store(true)
		return c.send(ctx, request{method: "GET", params: params})
	}
	return got, err
}

// clickhouseValue writes a parameter in the form of TabSeparated, in which its
// text is read.
func clickhouseValue(value any) string {
	switch v := value.(type) {
	case time.Time:
		return v.Format("2006-01-02 15:04:05.000000")
	case string:
		return strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`).Replace(v)
	}
	return fmt.Sprint(value)
}

// clickhouseTable reads the format JSONCompact.
func clickhouseTable(got reply) (table, error) {
	var said struct {
		Meta []struct{ Name, Type string } `json:"meta"`
		Data [][]json.RawMessage           `json:"data"`
	}
	if err := got.json(&said); err != nil {
		return table{}, err
	}
	var t table
	for _, m := range said.Meta {
		t.columns = append(t.columns, fmt.Sprintf("%.40s", strings.ToLower(m.Name)))
	}
	if len(said.Data) > rowLimit {
		return table{}, errTooManyRows
	}
	for _, cells := range said.Data {
		row := make([]any, len(t.columns))
		if len(cells) != len(row) {
			return table{}, fmt.Errorf("a row has %d cells for %d columns", len(cells), len(row))
		}
		for i, cell := range cells {
			var err error
			if row[i], err = clickhouseCell(cell, said.Meta[i].Type); err != nil {
				return table{}, err
			}
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}

// clickhouseCell is one value. Whole numbers of 64 bits and decimals come as
// text or as numbers, as the server is set.
func clickhouseCell(text json.RawMessage, of string) (any, error) {
	var cell any
	if err := json.Unmarshal(text, &cell); err != nil {
		return nil, err
	}
	at, isText := cell.(string)
	switch {
	case isText && strings.HasPrefix(strings.TrimPrefix(of, "Nullable("), "Date"):
		instant, err := time.Parse(time.RFC3339Nano, at)
		if err != nil {
			return nil, errors.New("a time has no zone: select it as toUnixTimestamp(…)")
		}
		return instant, nil
	case !isText && cell != nil && strings.ContainsAny(string(text[:1]), "[{"):
		return string(text), nil // told of as what it is: no number
	}
	return cell, nil
}
