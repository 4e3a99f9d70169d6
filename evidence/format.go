// Package evidence keeps a trial's rounds in a directory, durably and in a
// form that other programs can read: docs/evidence.md is the specification.
package evidence

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Schema is the number of the format of rounds.jsonl and of the records beside
// it. In the first one, records stood one after another in their frames.
const (
	Schema      = 2
	firstSchema = 1
)

// Names of the files in an evidence directory.
const (
	RoundsFile   = "rounds.jsonl"
	RequestsFile = "requests/load.bin.zst"
	PhasesFile   = "requests/phases.bin.zst"
	QueriesFile  = "queries/asked.jsonl"
	TrialFile    = "trial.yaml"
	ReportFile   = "report.json"
)

// Header is the first line of rounds.jsonl: what the rounds are about.
type Header struct {
	Schema   int             `json:"schema"`
	Tool     string          `json:"tool"`
	Started  time.Time       `json:"started"`
	Seed     uint64          `json:"seed"`
	Versions []trial.Version `json:"versions"`           // requests refer to them by index
	Requests []string        `json:"requests,omitempty"` // names, likewise; none where there is one request without
}

// line is every further line of rounds.jsonl: one round.
type line struct {
	Series   string  `json:"series"`
	Round    int     `json:"round"`
	Start    float64 `json:"start"` // seconds since the first slot
	End      float64 `json:"end"`
	Warmup   bool    `json:"warmup"`
	Complete bool    `json:"complete"`
	Weights  []int   `json:"weights,omitempty"`  // of live traffic, percent, in the order of the versions
	Settling bool    `json:"settling,omitempty"` // while that split was being moved, or right after

	// What was sent; nothing of it in a round of metrics from elsewhere.
	Generator *trial.Generator `json:"generator,omitempty"`
	Versions  []sample         `json:"versions,omitempty"`
	Unnamed   *sample          `json:"unnamed,omitempty"` // what no version was known to answer; nil where there was nothing
	Requests  *frame           `json:"requests,omitempty"`
	Phases    *frame           `json:"phases,omitempty"` // of these requests, one record each in their order; nil where nobody took them

	Examples []trial.Example `json:"examples,omitempty"`
	Samples  []trial.Sample  `json:"samples,omitempty"` // of metrics from elsewhere
}

// frame is where a round's raw records stand in their file: one whole Zstandard
// frame.
type frame struct {
	Offset int64 `json:"offset"`
	Bytes  int   `json:"bytes"` // compressed
	Count  int   `json:"count"` // records
}

// sample is one version's sufficient statistics in one round.
type sample struct {
	Version string `json:"version"`
	statistics
	ByRequest []requestSample `json:"by_request,omitempty"` // where the trial has several: of each that there was
}

// requestSample is the same of one of its requests.
type requestSample struct {
	Request string `json:"request"`
	statistics
}

type statistics struct {
	Requests   int            `json:"requests"`
	Failed     int            `json:"failed"`
	Statuses   map[string]int `json:"statuses"`
	Sum        float64        `json:"sum"`         // of the response times that did not fail, seconds
	SumSquares float64        `json:"sum_squares"` // seconds²
	Buckets    [][2]int64     `json:"buckets"`     // [highest value in µs, count]; relative error at most 1 %
}

// inquiry is every line of the queries file: what the samples of one round came of.
type inquiry struct {
	Series  string        `json:"series"`
	Round   int           `json:"round"`
	Asked   []trial.Asked `json:"asked,omitempty"`
	LeftOut bool          `json:"left_out,omitempty"` // this, and all after it: the file has its most bytes
}

const recordSize = 16

// encode appends the records, little-endian: slot u32, start u32, latency u32
// (both in units of 100 ns), status u16, version u8, name u8.
func encode(to []byte, requests []trial.Request) []byte {
	for _, r := range requests {
		to = binary.LittleEndian.AppendUint32(to, r.Slot)
		to = binary.LittleEndian.AppendUint32(to, r.Start)
		to = binary.LittleEndian.AppendUint32(to, r.Latency)
		to = binary.LittleEndian.AppendUint16(to, uint16(r.Status))
		to = append(to, r.Version, r.Name)
	}
	return to
}

func decode(from []byte) ([]trial.Request, error) {
	if len(from)%recordSize != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of records", len(from))
	}
	requests := make([]trial.Request, len(from)/recordSize)
	for i := range requests {
		b := from[i*recordSize:]
		requests[i] = trial.Request{
			Slot:    binary.LittleEndian.Uint32(b),
			Start:   binary.LittleEndian.Uint32(b[4:]),
			Latency: binary.LittleEndian.Uint32(b[8:]),
			Status:  trial.Status16(binary.LittleEndian.Uint16(b[12:])),
			Version: b[14],
			Name:    b[15],
		}
	}
	return requests, nil
}

// columns appends the records byte by byte: the first of each, then the second of
// each. What hardly changes from one request to the next then stands together:
// Zstandard makes 4.2 bytes of a record instead of 8.0, in a quarter of the time.
func columns(to, records []byte, size int) []byte {
	to = slices.Grow(to, len(records))
	for place := range size {
		for at := place; at < len(records); at += size {
			to = append(to, records[at])
		}
	}
	return to
}

// rows gives the records of columns one after another, in the memory of to.
func rows(to, columns []byte, size int) []byte {
	count := len(columns) / size
	to = slices.Grow(to[:0], len(columns))[:len(columns)]
	for place := range size {
		at := place
		for _, b := range columns[place*count:][:count] {
			to[at] = b
			at += size
		}
	}
	return to
}

const phasesSize = 12

// encodePhases appends the records, little-endian: connect u32, TLS u32, first
// byte u32, all in units of 100 ns.
func encodePhases(to []byte, phases []trial.Phases) []byte {
	for _, p := range phases {
		to = binary.LittleEndian.AppendUint32(to, p.Connect)
		to = binary.LittleEndian.AppendUint32(to, p.TLS)
		to = binary.LittleEndian.AppendUint32(to, p.FirstByte)
	}
	return to
}

func decodePhases(from []byte) ([]trial.Phases, error) {
	if len(from)%phasesSize != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of records", len(from))
	}
	phases := make([]trial.Phases, len(from)/phasesSize)
	for i := range phases {
		b := from[i*phasesSize:]
		phases[i] = trial.Phases{
			Connect:   binary.LittleEndian.Uint32(b),
			TLS:       binary.LittleEndian.Uint32(b[4:]),
			FirstByte: binary.LittleEndian.Uint32(b[8:]),
		}
	}
	return phases, nil
}
