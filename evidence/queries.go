package evidence

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// mostQueries is how long the file of what was asked may grow.
const mostQueries = 64 << 20

// log is the file of what was asked. It is made when something was; its lines
// are for people, and not synced.
type log struct {
	path string
	file *os.File // nil until something was asked
	size int64
	full bool
}

func (l *log) append(q inquiry) error {
	if err := l.open(); err != nil || l.full {
		return err
	}
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if l.full = l.size+int64(len(text)) > mostQueries; l.full {
		if text, err = json.Marshal(inquiry{Series: q.Series, Round: q.Round, LeftOut: true}); err != nil {
			return err
		}
	}
	n, err := l.file.Write(append(text, '\n'))
	l.size += int64(n)
	return err
}

func (l *log) open() error {
	if l.file != nil {
		return nil
	}
	err := os.MkdirAll(filepath.Dir(l.path), 0o755)
	if err != nil {
		return err
	}
	if l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
		return err
	}
	known, err := l.file.Stat()
	if err == nil {
		l.size = known.Size()
	}
	return err
}
