package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Resume opens a directory to append rounds to those that it has, which e was
// read from. What a killed process left half is cut off; the report, and the
// files named in stale, were of the trial until then and are removed.
func Resume(dir string, e *Evidence, stale ...string) (*Writer, error) {
	return locked(dir, func() (*Writer, error) { return resume(dir, e, stale) })
}

func resume(dir string, e *Evidence, stale []string) (*Writer, error) {
	if err := prepare(dir, stale); err != nil {
		return nil, err
	}
	for name, length := range map[string]int64{RoundsFile: e.whole, RequestsFile: e.requests, PhasesFile: e.phases} {
		err := os.Truncate(filepath.Join(dir, name), length)
		if none := length == 0 && errors.Is(err, os.ErrNotExist); err != nil && !none {
			return nil, fmt.Errorf("cutting off what is not whole: %w", err)
		}
	}
	if err := wholeLines(filepath.Join(dir, QueriesFile)); err != nil {
		return nil, fmt.Errorf("cutting off what is not whole: %w", err)
	}
	w, err := open(dir, e.Header, 0)
	if err != nil {
		return nil, err
	}
	w.requests.offset, w.phases.offset = e.requests, e.phases
	return w, nil
}

// wholeLines cuts a last line off that has no end.
func wholeLines(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Truncate(path, int64(bytes.LastIndexByte(text, '\n')+1))
}
