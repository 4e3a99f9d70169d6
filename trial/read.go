package trial

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ReadReport reads a report that others may have written or changed. It takes
// only what a trial of this version writes, value for value: no unknown key at
// any depth, no key twice, no text that is not UTF-8.
func ReadReport(data []byte) (Report, error) {
	var r Report
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Report{}, fmt.Errorf("this is no report: %w", err)
	}
	if r.Schema != ReportSchema {
		return Report{}, fmt.Errorf("this is a report of schema %d, and this version reads %d", r.Schema, ReportSchema)
	}
	var given, written bytes.Buffer
	again, err := json.Marshal(r)
	if err = errors.Join(err, json.Compact(&given, data), json.Compact(&written, again)); err != nil {
		return Report{}, fmt.Errorf("this is no report: %w", err)
	}
	if !bytes.Equal(given.Bytes(), written.Bytes()) {
		return Report{}, errors.New("this is no report as this version of seatrial writes it")
	}
	return r, r.check()
}

// check refuses what no trial writes, though its types are right.
func (r Report) check() error {
	for _, t := range r.Series {
		if len(t.P50) != len(t.At) || len(t.P95) != len(t.At) || len(t.Failed) != len(t.At) || t.Warmup < 0 || t.Warmup > len(t.At) {
			return fmt.Errorf("the series of %q has points without values", t.Version)
		}
	}
	names := map[string]bool{}
	for _, v := range r.Versions {
		if names[v.Name] {
			return fmt.Errorf("two versions are called %q", v.Name)
		}
		names[v.Name] = true
	}
	if r.Status == Judged && len(r.Findings) == 0 {
		return errors.New("it was judged, and nothing was found")
	}
	return nil
}
