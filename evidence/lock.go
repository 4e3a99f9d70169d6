package evidence

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// locked makes the writer of a directory that no other trial writes to until it
// is closed: two of them would leave what nobody can read, and each could take the
// other's report for its own. A file system without locks keeps nobody out.
func locked(dir string, begin func() (*Writer, error)) (*Writer, error) {
	lock, err := lockOf(dir)
	if err != nil {
		return nil, err
	}
	w, err := begin()
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	w.lock = lock
	return w, nil
}

func lockOf(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the evidence directory: %w", err)
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("making the evidence directory: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("another trial is writing to %s: give each a report-dir of its own", dir), lock.Close())
	}
	return lock, nil
}
