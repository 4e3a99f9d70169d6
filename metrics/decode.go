package metrics

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"
)

// decode reads a reply as what its Content-Type says it is: CSV as an array of
// objects, a stream of events as an array of them, and all else as JSON.
func decode(said reply) (any, error) {
	kind, _, _ := mime.ParseMediaType(said.header.Get("Content-Type"))
	var got any
	switch kind {
	case "text/csv", "application/csv", "text/event-stream":
	default:
		return got, said.json(&got)
	}
	if !utf8.Valid(said.body) {
		return nil, errors.New("its reply is no UTF-8")
	}
	if kind == "text/event-stream" {
		return readEvents(said.body)
	}
	rows, err := readCSV(said.body)
	if err != nil {
		return nil, fmt.Errorf("its reply is not the CSV that it says it is (%w): %s", err, excerpt(said.body, said.hide))
	}
	return rows, nil
}

// mostRows bounds the memory that a table may take: objects are many times as
// large as their text.
const mostRows = 100_000

// blankLines are between the tables of annotated CSV.
var blankLines = regexp.MustCompile(`\n(\r?\n)+`)

// readCSV makes an object of each row, of the names in the table's header. It
// reads the annotated CSV of InfluxDB too: several tables, apart by blank lines,
// each with its own header after rows that begin with #.
// https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/
func readCSV(body []byte) (any, error) {
	rows := []any{}
	for _, table := range blankLines.Split(strings.TrimPrefix(string(body), "\ufeff"), -1) {
		reader := csv.NewReader(strings.NewReader(table))
		reader.FieldsPerRecord = -1
		records, err := reader.ReadAll()
		if err != nil {
			return nil, err
		}
		for len(records) > 0 && strings.HasPrefix(records[0][0], "#") {
			records = records[1:]
		}
		if len(rows)+len(records) > mostRows {
			return nil, fmt.Errorf("more than %d rows: ask for less", mostRows)
		}
		for i, record := range records {
			if i == 0 {
				continue
			}
			if len(record) != len(records[0]) {
				return nil, fmt.Errorf("a row of %d fields under %d names", len(record), len(records[0]))
			}
			row := map[string]any{}
			for j, name := range records[0] {
				if name != "" {
					row[name] = record[j]
				}
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// readEvents makes {event, data} of each event; data is JSON where it can be read
// as that. https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
func readEvents(body []byte) (any, error) {
	events := []any{}
	name, data := "", []string(nil)
	lines := bufio.NewScanner(bytes.NewReader(append(body, "\n\n"...)))
	lines.Buffer(nil, mostBytes+2)
	for lines.Scan() {
		line := lines.Text()
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "event":
			name = value
		case field == "data":
			data = append(data, value)
		case line == "" && data != nil:
			text := strings.Join(data, "\n")
			var of any = text
			if json.Unmarshal([]byte(text), &of) != nil {
				of = text
			}
			events = append(events, map[string]any{"event": name, "data": of})
			name, data = "", nil
		}
	}
	return events, lines.Err()
}
