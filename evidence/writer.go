package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/klauspost/compress/zstd"

	"github.com/seatrial/seatrial/trial"
)

// Writer appends rounds to an evidence directory. A round is on disk, raw
// records first, when Append returns; a process killed at any moment leaves
// every round before readable.
type Writer struct {
	dir      string
	lock     *os.File
	versions []trial.Version
	names    []string // of the requests, where there are several
	rounds   *os.File
	requests framed
	phases   framed
	queries  *log
	packer   *zstd.Encoder
	buckets  *hdrhistogram.Histogram
	inRows   bool // of evidence that an earlier seatrial began
	raw      []byte
	turned   []byte
	packed   []byte
}

// Create starts an evidence directory. The report of an earlier trial and its
// other files, named in stale, are removed first, so that nobody takes old
// findings for new ones.
func Create(dir string, h Header, trialFile []byte, stale ...string) (*Writer, error) {
	return locked(dir, func() (*Writer, error) { return create(dir, h, trialFile, stale) })
}

func create(dir string, h Header, trialFile []byte, stale []string) (*Writer, error) {
	if err := prepare(dir, stale); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, TrialFile), trialFile, 0o644); err != nil {
		return nil, fmt.Errorf("writing the trial file: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, filepath.Dir(QueriesFile))); err != nil {
		return nil, fmt.Errorf("removing earlier queries: %w", err)
	}
	h.Schema = Schema
	w, err := open(dir, h, os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	return w, w.writeLine(h)
}

// prepare makes the directories, and removes an earlier report.
func prepare(dir string, stale []string) error {
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(RequestsFile)), 0o755); err != nil {
		return fmt.Errorf("making the evidence directory: %w", err)
	}
	for _, name := range append(stale, ReportFile) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing an earlier report: %w", err)
		}
	}
	return nil
}

// open opens the files of the rounds, to be written from their end on.
func open(dir string, h Header, also int) (*Writer, error) {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<17))
	if err != nil {
		return nil, err
	}
	// 1 µs to 429 s, the longest that a record holds; two digits: 1 %.
	w := &Writer{
		dir: dir, versions: h.Versions, packer: packer, buckets: hdrhistogram.New(1, 429_496_730, 2),
		queries: &log{path: filepath.Join(dir, QueriesFile)}, inRows: h.Schema == firstSchema,
	}
	if len(h.Requests) > 1 {
		w.names = h.Requests
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND | also
	if w.rounds, err = os.OpenFile(filepath.Join(dir, RoundsFile), flags, 0o644); err == nil {
		w.requests.file, err = os.OpenFile(filepath.Join(dir, RequestsFile), flags, 0o644)
	}
	if err == nil {
		w.phases.file, err = os.OpenFile(filepath.Join(dir, PhasesFile), flags, 0o644)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the evidence files: %w", err), w.Close())
	}
	return w, nil
}

// Append makes a round durable.
func (w *Writer) Append(r trial.Round) error {
	l := line{
		Series: r.Series, Round: r.Index, Start: r.Start.Seconds(), End: r.End.Seconds(),
		Warmup: r.Warmup, Complete: r.Complete, Weights: r.Weights, Settling: r.Settling, Examples: r.Examples, Samples: r.Samples,
	}
	if r.Samples == nil {
		if err := w.store(r, &l); err != nil {
			return err
		}
	}
	if len(r.Asked) > 0 {
		if err := w.queries.append(inquiry{Series: r.Series, Round: r.Index, Asked: r.Asked}); err != nil {
			return fmt.Errorf("storing what was asked for round %d: %w", r.Index, err)
		}
	}
	if err := w.writeLine(l); err != nil {
		return fmt.Errorf("storing round %d: %w", r.Index, err)
	}
	w.requests.wrote(l.Requests)
	w.phases.wrote(l.Phases)
	return nil
}

// store puts a round's raw records on disk, and their statistics into its line.
func (w *Writer) store(r trial.Round, l *line) error {
	var err error
	w.raw = encode(w.raw[:0], r.Requests)
	if l.Requests, err = w.frame(w.requests, recordSize); err != nil {
		return fmt.Errorf("storing the requests of round %d: %w", r.Index, err)
	}
	if len(r.Phases) > 0 {
		w.raw = encodePhases(w.raw[:0], r.Phases)
		if l.Phases, err = w.frame(w.phases, phasesSize); err != nil {
			return fmt.Errorf("storing the phases of round %d: %w", r.Index, err)
		}
	}
	l.Generator = &r.Generator
	for i, v := range w.versions {
		l.Versions = append(l.Versions, w.sample(v.Name, uint8(i), r.Requests))
	}
	if unnamed := w.sample("", trial.Nobody, r.Requests); unnamed.Requests > 0 {
		l.Unnamed = &unnamed
	}
	return nil
}

// framed is a file of frames.
type framed struct {
	file   *os.File
	offset int64 // of the next frame
}

func (f *framed) wrote(at *frame) {
	if at != nil {
		f.offset += int64(at.Bytes)
	}
}

// frame puts the raw records, of so many bytes each, on disk as one frame.
func (w *Writer) frame(to framed, size int) (*frame, error) {
	text := w.raw
	if !w.inRows {
		w.turned = columns(w.turned[:0], w.raw, size)
		text = w.turned
	}
	w.packed = w.packer.EncodeAll(text, w.packed[:0])
	if _, err := to.file.Write(w.packed); err != nil {
		return nil, err
	}
	return &frame{Offset: to.offset, Bytes: len(w.packed), Count: len(w.raw) / size}, to.file.Sync()
}

// sample is of all that one version was sent, or did without a name, and of each
// request.
func (w *Writer) sample(name string, version uint8, requests []trial.Request) sample {
	isOf := func(r trial.Request) bool { return r.Version == version }
	all := sample{Version: name, statistics: w.statistics(requests, isOf)}
	for i, request := range w.names {
		one := w.statistics(requests, func(r trial.Request) bool { return isOf(r) && int(r.Name) == i })
		if one.Requests > 0 {
			all.ByRequest = append(all.ByRequest, requestSample{request, one})
		}
	}
	return all
}

func (w *Writer) statistics(requests []trial.Request, isOf func(trial.Request) bool) statistics {
	s := statistics{Statuses: map[string]int{}, Buckets: [][2]int64{}}
	w.buckets.Reset()
	for _, r := range requests {
		if !isOf(r) {
			continue
		}
		s.Requests++
		s.Statuses[r.Status.String()]++
		if !r.Status.OK() {
			s.Failed++
			continue
		}
		seconds := r.Seconds()
		s.Sum += seconds
		s.SumSquares += seconds * seconds
		// A time beyond the histogram's range can't be: a record holds no more.
		_ = w.buckets.RecordValue(max(1, int64(seconds*1e6)))
	}
	for _, bar := range w.buckets.Distribution() {
		if bar.Count > 0 {
			s.Buckets = append(s.Buckets, [2]int64{bar.To, bar.Count})
		}
	}
	return s
}

func (w *Writer) writeLine(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := w.rounds.Write(append(text, '\n')); err != nil {
		return err
	}
	return w.rounds.Sync()
}

// WriteFile puts a file beside the rounds, whole or not at all.
func (w *Writer) WriteFile(name string, data []byte) error {
	path := filepath.Join(w.dir, name)
	err := os.WriteFile(path+".tmp", data, 0o644)
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		_ = os.Remove(path + ".tmp") // what a full disk took of it
	}
	return err
}

// Close closes the files; rounds are durable already.
func (w *Writer) Close() error {
	var errs []error
	for _, f := range []*os.File{w.rounds, w.requests.file, w.phases.file, w.queries.file, w.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
