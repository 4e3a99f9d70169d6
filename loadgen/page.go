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
	turns    []uint8 // what each sends, an index into entries; nil where there is one
	places   []int   // of each turn's first record, for one version; nil where each has one
	entries  []entry
	versions int
	records  []trial.Request
	phases   []trial.Phases // of each record
	written  []atomic.Bool
	open     atomic.Int64
	waited   atomic.Int64
	late     atomic.Int64
	lateness atomic.Int64 // the worst, nanoseconds
}

// entry is one of the trial file's: the requests that a turn of it sends, one
// after another.
type entry struct{ first, steps int }

// entriesOf are those of the file, for all requests that are sent in its order.
func entriesOf(requests []Request) []entry {
	if len(requests) == 0 {
		return []entry{{0, 1}}
	}
	var all []entry
	first := 0
	for _, r := range requests {
		all = append(all, entry{first, max(1, len(r.Steps))})
		first += max(1, len(r.Steps))
	}
	return all
}

func longest(entries []entry) int {
	most := 1
	for _, e := range entries {
		most = max(most, e.steps)
	}
	return most
}

// newPage is for so many turns of each version, which send what they are told.
func newPage(turns, versions int, sent []uint8, entries []entry) *page {
	p := &page{turns: sent, entries: entries, versions: versions}
	slots := turns * versions
	if longest(entries) > 1 {
		p.places = make([]int, turns)
		each := 0
		for turn := range turns {
			p.places[turn] = each
			each += p.entry(turn).steps
		}
		slots = each * versions
	}
	p.records, p.phases, p.written = make([]trial.Request, slots), make([]trial.Phases, slots), make([]atomic.Bool, slots)
	p.open.Store(int64(slots))
	return p
}

// entry is what a turn of the round sends.
func (p *page) entry(turn int) entry {
	if p.turns == nil {
		return p.entries[0]
	}
	return p.entries[p.turns[turn]]
}

// place is where the first record of a turn stands, of the version with this
// position in it. Records are in the order of their slots, and of their steps.
func (p *page) place(turn, position int) int {
	if p.places == nil {
		return turn*p.versions + position
	}
	return p.places[turn]*p.versions + position*p.entry(turn).steps
}

func (p *page) put(place int, record trial.Request, spent phases, wait, late time.Duration) {
	p.records[place], p.phases[place] = record, spent.ticks()
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

// ended returns the records that were written, in the order of their slots, and
// their phases.
func (p *page) ended() ([]trial.Request, []trial.Phases) {
	if p.open.Load() == 0 {
		return p.records, p.phases
	}
	var records []trial.Request
	var phases []trial.Phases
	for i := range p.records {
		if p.written[i].Load() {
			records, phases = append(records, p.records[i]), append(phases, p.phases[i])
		}
	}
	return records, phases
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
