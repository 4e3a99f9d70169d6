package loadgen

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Data is a table, of which each turn draws a row.
type Data struct {
	columns []string
	rows    [][]string
}

// mostData is how long a file of data may be.
const mostData = 100_000_000

// ReadData reads CSV (RFC 4180) whose first line has the names of the columns.
// An error says where: users.csv:3.
func ReadData(name string, text []byte) (*Data, error) {
	if len(text) > mostData {
		return nil, fmt.Errorf("%s is longer than 100 MB", name)
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	in.FieldsPerRecord = -1 // told in other words below
	d := &Data{}
	for {
		row, err := in.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if err := d.check(name); err != nil {
				return nil, err
			}
			return d, nil
		case errors.As(err, &wrong):
			return nil, fmt.Errorf("%s:%d: %w", name, wrong.Line, wrong.Err)
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case d.columns == nil:
			d.columns = trimmed(row)
			continue
		}
		if len(row) != len(d.columns) {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("%s:%d: %d values, where the header line has %d names", name, line, len(row), len(d.columns))
		}
		d.rows = append(d.rows, row)
	}
}

func trimmed(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = strings.TrimSpace(name)
	}
	return out
}

func (d *Data) check(name string) error {
	for i, column := range d.columns {
		switch {
		case column == "":
			return fmt.Errorf("%s:1: column %d has no name: the first line is to have the names", name, i+1)
		case slices.Index(d.columns, column) < i:
			return fmt.Errorf("%s:1: two columns are called %q", name, column)
		}
	}
	if len(d.rows) == 0 {
		return fmt.Errorf("%s has no rows: the first line has the columns' names, and each further one a row", name)
	}
	return nil
}

// drawInto puts a row into a map, by its columns.
func (d *Data) drawInto(row map[string]string, drawn uint64) {
	clear(row)
	for i, value := range d.rows[drawn%uint64(len(d.rows))] {
		row[d.columns[i]] = value
	}
}
