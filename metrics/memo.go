package metrics

import "sync"

// memo keeps the replies to what was asked about one window, so that nothing is
// asked twice: the trials of a share are often the requests of another metric, and
// one query may be of all versions. Errors are kept too.
type memo struct {
	lock sync.Mutex
	held map[string]func() (any, error)
}

// once is the reply to a question, fetched by the first who asks it. The others
// wait for it, and must not change it. Nothing is kept where there is no memo.
func once[T any](m *memo, question string, fetch func() (T, error)) (T, error) {
	if m == nil {
		return fetch()
	}
	m.lock.Lock()
	if m.held == nil {
		m.held = map[string]func() (any, error){}
	}
	got, known := m.held[question]
	if !known {
		got = sync.OnceValues(func() (any, error) { return fetch() })
		m.held[question] = got
	}
	m.lock.Unlock()
	reply, err := got()
	return reply.(T), err
}
