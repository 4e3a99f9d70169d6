package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seatrial/seatrial/trial"
)

// Evidence is a stored trial.
type Evidence struct {
	Header
	TrialFile []byte        // trial.yaml, secrets as references
	Rounds    []trial.Round // in order; the last may be incomplete
	Cut       string        // why the directory ends early; empty if it is whole
	Report    []byte        // report.json as it was written; nil if the trial never came to it

	whole    int64 // bytes of whole lines
	requests int64 // bytes of the records that these refer to
}

// Open reads an evidence directory, as far as it goes: a torn last round is
// left out and told in Cut.
func Open(dir string) (*Evidence, error) {
	e := &Evidence{}
	var err error
	if e.TrialFile, err = os.ReadFile(filepath.Join(dir, TrialFile)); err != nil {
		return nil, fmt.Errorf("reading evidence: %w", err)
	}
	if e.Report, err = os.ReadFile(filepath.Join(dir, ReportFile)); errors.Is(err, os.ErrNotExist) {
		e.Cut = "the trial was cut short: it left no report"
	} else if err != nil {
		return nil, fmt.Errorf("reading evidence: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, RoundsFile))
	if err != nil {
		return nil, fmt.Errorf("reading evidence: %w", err)
	}
	requests, err := os.Open(filepath.Join(dir, RequestsFile))
	if err != nil {
		return nil, fmt.Errorf("reading evidence: %w", err)
	}
	defer requests.Close()
	if err := e.read(text, requests); err != nil {
		return nil, fmt.Errorf("reading evidence: %s: %w", filepath.Join(dir, RoundsFile), err)
	}
	return e, nil
}

func (e *Evidence) read(text []byte, requests io.ReaderAt) error {
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		return err
	}
	defer unpacker.Close()
	lines := bufio.NewReader(bytes.NewReader(text))
	header, err := lines.ReadBytes('\n')
	if err != nil {
		return errors.New("there is no header: the trial ended before its first round")
	}
	if err := json.Unmarshal(header, &e.Header); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	if e.Schema != Schema {
		return fmt.Errorf("line 1: schema %d is not known here (known: %d)", e.Schema, Schema)
	}
	e.whole = int64(len(header))
	for number := 2; ; number++ {
		one, err := lines.ReadBytes('\n')
		if err == io.EOF && len(one) == 0 {
			return nil
		}
		round, at, tornErr := readRound(one, e.Header, requests, unpacker)
		if err == io.EOF || tornErr != nil {
			return e.torn(number, tornErr, lines)
		}
		e.Rounds = append(e.Rounds, round)
		e.whole, e.requests = e.whole+int64(len(one)), max(e.requests, at)
	}
}

// torn accepts a broken last line, which a killed process leaves, and refuses
// one that has others behind it.
func (e *Evidence) torn(number int, cause error, rest *bufio.Reader) error {
	if _, err := rest.ReadByte(); err == nil {
		return fmt.Errorf("line %d: %w", number, cause)
	}
	e.Cut = fmt.Sprintf("the trial was cut short: round %d was not stored whole", number-2)
	return nil
}

// readRound reads a line, and says where its raw records end.
func readRound(text []byte, h Header, requests io.ReaderAt, unpacker *zstd.Decoder) (out trial.Round, end int64, err error) {
	var l line
	versions := len(h.Versions)
	if err := json.Unmarshal(text, &l); err != nil {
		return trial.Round{}, 0, err
	}
	out = trial.Round{
		Series: l.Series, Index: l.Round, Start: seconds(l.Start), End: seconds(l.End),
		Warmup: l.Warmup, Complete: l.Complete, Weights: l.Weights, Settling: l.Settling, Examples: l.Examples, Samples: l.Samples,
	}
	for _, given := range l.Samples {
		if err := given.Check(); err != nil || given.Version < 0 || given.Version >= versions {
			return trial.Round{}, 0, errors.Join(fmt.Errorf("its sample of %s for version %d can't be", given.Metric, given.Version), err)
		}
	}
	if l.Weights != nil && len(l.Weights) != versions {
		return trial.Round{}, 0, fmt.Errorf("its weights: %d, not %d", len(l.Weights), versions)
	}
	if l.Generator != nil {
		out.Generator = *l.Generator
	}
	if l.Requests == nil {
		return out, 0, nil
	}
	out.Requests, err = readRequests(*l.Requests, h, requests, unpacker)
	return out, l.Requests.Offset + int64(l.Requests.Bytes), err
}

func readRequests(at frame, h Header, requests io.ReaderAt, unpacker *zstd.Decoder) ([]trial.Request, error) {
	if at.Bytes < 0 || at.Offset < 0 {
		return nil, errors.New("its requests: they can't stand there")
	}
	packed := make([]byte, at.Bytes)
	if _, err := requests.ReadAt(packed, at.Offset); err != nil {
		return nil, fmt.Errorf("its requests: %w", err)
	}
	raw, err := unpacker.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("its requests: %w", err)
	}
	records, err := decode(raw)
	if err != nil {
		return nil, fmt.Errorf("its requests: %w", err)
	}
	if len(records) != at.Count {
		return nil, fmt.Errorf("its requests: %d records, not %d", len(records), at.Count)
	}
	for _, q := range records {
		if int(q.Version) >= len(h.Versions) && q.Version != trial.Nobody {
			return nil, fmt.Errorf("its requests: there is no version %d", q.Version)
		}
		if int(q.Name) >= max(len(h.Requests), 1) {
			return nil, fmt.Errorf("its requests: there is no request %d", q.Name)
		}
	}
	return records, nil
}

func seconds(s float64) time.Duration { return time.Duration(s*1e9 + 0.5) }
