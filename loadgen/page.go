package loadgen

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// page holds the records of one round while its requests are under way. Each
// slot has its own place, so workers write without locks; open counts the
// places still empty, and its last decrement publishes all of them.
type page struct {
	requests []uint8 // of each turn, an index into the trial's; nil where there is one
	records  []trial.Request
	written  []atomic.Bool
	open     atomic.Int64
	waited   atomic.Int64
	late     atomic.Int64
	lateness atomic.Int64 // the worst, nanoseconds
}

func newPage(slots int, requests []uint8) *page {
	p := &page{requests: requests, records: make([]trial.Request, slots), written: make([]atomic.Bool, slots)}
	p.open.Store(int64(slots))
	return p
}

// request is which of the trial's requests a turn of the round sends.
func (p *page) request(turn int) uint8 {
	if p.requests == nil {
		return 0
	}
	return p.requests[turn]
}

func (p *page) put(place int, record trial.Request, wait, late time.Duration) {
	p.records[place] = record
	p.written[place].Store(true)
	if wait > trial.LateAfter {
		p.waited.Add(1)
	}
	if late > trial.LateAfter {
		p.late.Add(1)
	}
	for worst := p.lateness.Load(); int64(late) > worst && !p.lateness.CompareAndSwap(worst, int64(late)); {
		worst = p.lateness.Load()
	}
}

// ended returns the records that were written, in the order of their slots.
func (p *page) ended() []trial.Request {
	if p.open.Load() == 0 {
		return p.records
	}
	var records []trial.Request
	for i := range p.records {
		if p.written[i].Load() {
			records = append(records, p.records[i])
		}
	}
	return records
}

// examples keeps the first unexpected answer of each kind, so that a report
// can show what a version really said.
type examples struct {
	mu    sync.Mutex
	seen  map[uint8]map[kind]bool // by version
	fresh []trial.Example
}

// kind is what is told once. Expected answers that name nobody differ in what
// they say instead.
type kind struct {
	status trial.Status16
	text   string
}

// fewKinds bounds how many kinds of answer of a version are kept: enough to
// understand a failure, too few to fill a disk.
const fewKinds = 20

func (e *examples) add(version uint8, name string, got answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen == nil {
		e.seen = map[uint8]map[kind]bool{}
	}
	if e.seen[version] == nil {
		e.seen[version] = map[kind]bool{}
	}
	seen, this := e.seen[version], kind{status: got.status}
	if len(seen) >= fewKinds || seen[this] {
		return
	}
	example := trial.Example{Version: name, Status: got.status.String()}
	if got.told != nil {
		example.Text = got.told()
	}
	if got.status.OK() {
		this.text = example.Text
	}
	if !seen[this] {
		seen[this] = true
		e.fresh = append(e.fresh, example)
	}
}

func (e *examples) take() []trial.Example {
	e.mu.Lock()
	defer e.mu.Unlock()
	fresh := e.fresh
	e.fresh = nil
	return fresh
}
