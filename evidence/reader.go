package evidence

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/seatrial/seatrial/trial"
)

// Evidence is a stored trial.
type Evidence struct {
	Header
	TrialFile []byte        // trial.yaml, secrets as references
	Rounds    []trial.Round // in order; the last may be incomplete. None where they are read with Each
	Cut       string        // why the directory ends early; empty if it is whole
	Report    []byte        // report.json as it was written; nil if the trial never came to it

	dir      string
	whole    int64 // bytes of whole lines
	requests int64 // bytes of the records that these refer to
	phases   int64 // of the phases
}

// Open reads an evidence directory, as far as it goes: a torn last round is
// left out and told in Cut.
func Open(dir string) (*Evidence, error) {
	e, err := Begin(dir)
	if err != nil {
		return nil, err
	}
	for round, err := range e.Each() {
		if err != nil {
			return nil, err
		}
		e.Rounds = append(e.Rounds, round)
	}
	return e, nil
}

// Begin reads what stands before the rounds. They are read with Each, so that of
// a long trial's requests only one round's need be in memory; where they end is
// not known before.
func Begin(dir string) (*Evidence, error) {
	e := &Evidence{dir: dir}
	var err error
	if e.TrialFile, err = os.ReadFile(filepath.Join(dir, TrialFile)); err != nil {
		return nil, fmt.Errorf("reading evidence: %w", err)
	}
	if e.Report, err = os.ReadFile(filepath.Join(dir, ReportFile)); errors.Is(err, os.ErrNotExist) {
		e.Cut = "the trial was cut short: it left no report"
	} else if err != nil {
		return nil, fmt.Errorf("reading evidence: %w", err)
	}
	rounds, err := os.Open(filepath.Join(dir, RoundsFile))
	if err != nil {
		return nil, fmt.Errorf("reading evidence: %w", err)
	}
	defer rounds.Close()
	if err := e.readHeader(bufio.NewReader(rounds)); err != nil {
		return nil, e.inRounds(err)
	}
	return e, nil
}

func (e *Evidence) inRounds(err error) error {
	return fmt.Errorf("reading evidence: %s: %w", filepath.Join(e.dir, RoundsFile), err)
}

// records are the files that lines refer to.
type records struct {
	requests *os.File
	phases   *os.File // nil where nobody took them
	unpacker *zstd.Decoder
	inRows   bool // of an earlier seatrial

	packed, raw, turned []byte // of the frame read last
}

// openRecords opens them; what could be opened is to be closed in any case.
func openRecords(dir string) (*records, error) {
	r := &records{}
	var err error
	if r.unpacker, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30)); err != nil {
		return r, err
	}
	if r.requests, err = os.Open(filepath.Join(dir, RequestsFile)); err != nil {
		return r, err
	}
	r.phases, err = os.Open(filepath.Join(dir, PhasesFile))
	if errors.Is(err, os.ErrNotExist) {
		return r, nil
	}
	return r, err
}

func (r *records) close() {
	if r.unpacker != nil {
		r.unpacker.Close()
	}
	for _, file := range []*os.File{r.requests, r.phases} {
		if file != nil {
			_ = file.Close()
		}
	}
}

// frame unpacks one of records of so many bytes; what it gives holds until the
// next is unpacked.
func (r *records) frame(at frame, file *os.File, size int) ([]byte, error) {
	if at.Bytes < 0 || at.Offset < 0 || file == nil {
		return nil, errors.New("they can't stand there")
	}
	r.packed = slices.Grow(r.packed[:0], at.Bytes)[:at.Bytes]
	if _, err := file.ReadAt(r.packed, at.Offset); err != nil {
		return nil, err
	}
	raw, err := r.unpacker.DecodeAll(r.packed, r.raw[:0])
	if r.raw = raw; err != nil || r.inRows || len(raw)%size != 0 {
		return raw, err
	}
	r.turned = rows(r.turned, raw, size)
	return r.turned, nil
}

func (e *Evidence) readHeader(lines *bufio.Reader) error {
	header, err := lines.ReadBytes('\n')
	if err != nil {
		return errors.New("there is no header: the trial ended before its first round")
	}
	if err := json.Unmarshal(header, &e.Header); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	if e.Schema < firstSchema || e.Schema > Schema {
		return fmt.Errorf("line 1: schema %d is not known here (known: %d to %d)", e.Schema, firstSchema, Schema)
	}
	if err := e.Header.check(); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	e.whole = int64(len(header))
	return nil
}

// check refuses versions that no trial has.
func (h Header) check() error {
	baselines, names := 0, map[string]bool{}
	for _, v := range h.Versions {
		if names[v.Name] {
			return fmt.Errorf("two versions are called %q", v.Name)
		}
		names[v.Name] = true
		if v.Role == trial.Baseline {
			baselines++
		}
	}
	switch {
	case baselines > 1:
		return fmt.Errorf("there are %d baselines", baselines)
	case baselines == len(h.Versions):
		return errors.New("there is no candidate")
	}
	return nil
}

// Each gives the rounds in order, as far as they go; a torn last one is left out
// and told in Cut. Nothing comes after an error.
func (e *Evidence) Each() iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		rounds, err := os.Open(filepath.Join(e.dir, RoundsFile))
		if err != nil {
			yield(trial.Round{}, fmt.Errorf("reading evidence: %w", err))
			return
		}
		defer rounds.Close()
		raw, err := openRecords(e.dir)
		defer raw.close()
		if err != nil {
			yield(trial.Round{}, fmt.Errorf("reading evidence: %w", err))
			return
		}
		if err := e.ahead(bufio.NewReader(rounds), raw, yield); err != nil {
			yield(trial.Round{}, e.inRounds(err))
		}
	}
}

// ahead reads the next rounds while one is looked at.
func (e *Evidence) ahead(lines *bufio.Reader, raw *records, yield func(trial.Round, error) bool) (err error) {
	const few = 4
	read, stop := make(chan trial.Round, few), make(chan struct{})
	go func() {
		defer close(read)
		err = e.read(lines, raw, func(r trial.Round) bool {
			select {
			case read <- r:
				return true
			case <-stop:
				return false
			}
		})
	}()
	for r := range read {
		if !yield(r, nil) {
			close(stop)
			for range read { // until nobody reads from the files any more
			}
			return nil
		}
	}
	return err
}

func (e *Evidence) read(lines *bufio.Reader, raw *records, yield func(trial.Round) bool) error {
	if err := e.readHeader(lines); err != nil {
		return err
	}
	raw.inRows = e.Schema == firstSchema
	last := map[string]int{}
	for number := 2; ; number++ {
		one, err := lines.ReadBytes('\n')
		if err == io.EOF && len(one) == 0 {
			return nil
		}
		round, ends, tornErr := readRound(one, e.Header, raw)
		if tornErr == nil {
			tornErr = follows(last, round)
		}
		if err == io.EOF || tornErr != nil {
			return e.torn(number, tornErr, lines)
		}
		e.whole += int64(len(one))
		e.requests, e.phases = max(e.requests, ends.requests), max(e.phases, ends.phases)
		if !yield(round) {
			return nil
		}
	}
}

// follows refuses a round that does not come next in its series: what is told
// twice, or left out, would be judged as another trial. Load that did not end may
// be missing, and windows that nobody asked about before the trial was gone on with.
func follows(last map[string]int, r trial.Round) error {
	before, any := last[r.Series]
	gap := r.Series == trial.LoadSeries && r.Complete && r.Index > before+1
	if any && (r.Index <= before || gap) {
		return fmt.Errorf("round %d of %s comes after round %d", r.Index, r.Series, before)
	}
	last[r.Series] = r.Index
	return nil
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

// storedLine is a line without the statistics of its requests, which are drawn from
// the records anew.
type storedLine struct {
	line
	Versions unread `json:"versions"`
	Unnamed  unread `json:"unnamed"`
}

type unread struct{}

func (unread) UnmarshalJSON([]byte) error { return nil }

// longestTrial is in seconds, and longer than any that goes on with others.
const longestTrial = 10 * 365 * 24 * 3600

// ends are where a round's raw records end in their files.
type ends struct{ requests, phases int64 }

func (f *frame) end() int64 {
	if f == nil {
		return 0
	}
	return f.Offset + int64(f.Bytes)
}

// readRound reads a line, and says where its raw records end.
func readRound(text []byte, h Header, raw *records) (out trial.Round, at ends, err error) {
	var l storedLine
	versions := len(h.Versions)
	if err := json.Unmarshal(text, &l); err != nil {
		return trial.Round{}, ends{}, err
	}
	out = trial.Round{
		Series: l.Series, Index: l.Round, Start: seconds(l.Start), End: seconds(l.End),
		Warmup: l.Warmup, Complete: l.Complete, Weights: l.Weights, Settling: l.Settling, Examples: l.Examples, Samples: l.Samples,
	}
	if l.Start < 0 || l.End < l.Start || l.End > longestTrial {
		return trial.Round{}, ends{}, fmt.Errorf("its times can't be: %g s to %g s", l.Start, l.End)
	}
	for _, given := range l.Samples {
		if err := given.Check(); err != nil || given.Version < 0 || given.Version >= versions {
			return trial.Round{}, ends{}, errors.Join(fmt.Errorf("its sample of %s for version %d can't be", given.Metric, given.Version), err)
		}
	}
	if l.Weights != nil && len(l.Weights) != versions {
		return trial.Round{}, ends{}, fmt.Errorf("its weights: %d, not %d", len(l.Weights), versions)
	}
	if l.Generator != nil {
		out.Generator = *l.Generator
	}
	if l.Requests == nil {
		return out, ends{}, nil
	}
	if out.Requests, err = readRequests(*l.Requests, h, raw); err == nil {
		out.Phases, err = readPhases(l.Phases, len(out.Requests), raw)
	}
	return out, ends{l.Requests.end(), l.Phases.end()}, err
}

func readRequests(at frame, h Header, raw *records) ([]trial.Request, error) {
	text, err := raw.frame(at, raw.requests, recordSize)
	if err != nil {
		return nil, fmt.Errorf("its requests: %w", err)
	}
	all, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("its requests: %w", err)
	}
	if len(all) != at.Count {
		return nil, fmt.Errorf("its requests: %d records, not %d", len(all), at.Count)
	}
	for _, q := range all {
		if int(q.Version) >= len(h.Versions) && q.Version != trial.Nobody {
			return nil, fmt.Errorf("its requests: there is no version %d", q.Version)
		}
		if int(q.Name) >= max(len(h.Requests), 1) {
			return nil, fmt.Errorf("its requests: there is no request %d", q.Name)
		}
	}
	return all, nil
}

// readPhases reads those of so many requests.
func readPhases(at *frame, requests int, raw *records) ([]trial.Phases, error) {
	if at == nil {
		return nil, nil
	}
	text, err := raw.frame(*at, raw.phases, phasesSize)
	if err != nil {
		return nil, fmt.Errorf("its phases: %w", err)
	}
	all, err := decodePhases(text)
	if err != nil {
		return nil, fmt.Errorf("its phases: %w", err)
	}
	if len(all) != requests {
		return nil, fmt.Errorf("its phases: %d records for %d requests", len(all), requests)
	}
	return all, nil
}

func seconds(s float64) time.Duration { return time.Duration(s*1e9 + 0.5) }
