// Package loadgen lays requests on the versions of a trial and records what
// came back.
package loadgen

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// Meter sends the load of one trial. Each version has its own workers, so
// that one that stalls never delays the others' requests. Where versions are
// told apart by their answers, all requests go one way instead: who will
// answer is not known before.
type Meter struct {
	options  Options
	targets  []Target // what is asked: the versions, or the gateway to all of them
	names    []string // of the versions
	workers  int      // for each target, to begin with
	most     int      // workers for each target in all; 0: no more than those
	who      *identity
	schedule schedule
	entries  []entry
	perTurn  float64 // requests, in the mean
	messages []message
}

// NewMeter prepares the load; nothing is sent.
func NewMeter(o Options, requests []Request, targets []Target) (*Meter, error) {
	if len(targets) == 0 || len(targets) > 255 {
		return nil, fmt.Errorf("a trial has 1 to 255 versions, not %d", len(targets))
	}
	if sent := len(Flat(requests)); sent > MostRequests {
		return nil, fmt.Errorf("a trial has at most %d requests, not %d", MostRequests, sent)
	}
	messages, err := o.messages(requests)
	if err != nil {
		return nil, err
	}
	m := &Meter{options: o, targets: targets, workers: o.Connections, schedule: newSchedule(o, len(targets)), messages: messages}
	m.schedule.shares, m.entries = Shares(requests), entriesOf(requests)
	m.perTurn = perTurn(m.schedule.shares, m.entries)
	for _, t := range targets {
		m.names = append(m.names, t.Name)
	}
	if m.who = newIdentity(o, targets); m.who != nil {
		m.targets, m.schedule = []Target{o.gateway()}, m.schedule.merged()
		o.Timeout *= time.Duration(longest(m.entries)) // each step has its own
		m.workers, m.most = crewFor(o, len(targets), mostWorkers)
	} else if slices.ContainsFunc(messages, message.isCall) {
		o.Timeout *= time.Duration(longest(m.entries))
		m.workers, m.most = crewFor(o, 1, mostUnderWay(messages))
	}
	return m, nil
}

// perTurn is how many requests a turn of each version sends in the mean.
func perTurn(shares []float64, entries []entry) float64 {
	if len(shares) == 0 {
		return 1
	}
	mean := 0.0
	for i, e := range entries {
		mean += shares[i] * float64(e.steps)
	}
	return mean
}

// Rounds sends the load and yields the rounds in order, each as soon as all
// its requests have ended and all earlier ones were yielded. Requests still
// under way when the caller stops, or when ctx ends, are cancelled at once;
// what had ended by then is yielded last, as incomplete rounds, unless the
// caller stopped. An error means that the load could not be sent at all.
func (m *Meter) Rounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	if m.options.Closed {
		return m.closedRounds(ctx)
	}
	return func(yield func(trial.Round, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		r := m.newRun()
		if err := r.start(ctx); err != nil {
			yield(trial.Round{}, err)
			return
		}
		defer r.finish(stop)
		next := 0
		for next < m.schedule.rounds() {
			select {
			case <-r.changed:
			case <-r.idle:
			}
			for ; next < m.schedule.rounds() && r.ended(next); next++ {
				if !yield(r.take(next), nil) {
					return
				}
			}
			if ctx.Err() != nil {
				break
			}
		}
		r.finish(stop)
		// Rounds behind one that did not end would be picked for having ended.
		for cut := false; next < m.schedule.rounds(); next++ {
			round := r.take(next)
			cut = cut || !round.Complete
			if round.Complete = !cut; len(round.Requests) > 0 && !yield(round, nil) {
				return
			}
		}
	}
}

// run is one execution of the load.
type run struct {
	*Meter
	began   time.Time
	pages   []atomic.Pointer[page] // one for each round, made by the first worker to need it
	next    []atomic.Int64         // per target: the next turn to be sent
	changed chan struct{}          // a round ended
	idle    chan struct{}          // closed when every worker has ended
	working sync.WaitGroup
	sent    atomic.Int64  // requests
	spent   time.Duration // CPU time of the process before the load
	woken   atomic.Int64  // when an idle worker last woke far too late, nanoseconds since began
	told    examples
	crews   []*crew // per target: nil where its workers are as many as its connections
}

func (m *Meter) newRun() *run {
	return &run{
		Meter:   m,
		pages:   make([]atomic.Pointer[page], m.schedule.rounds()),
		next:    make([]atomic.Int64, len(m.targets)),
		changed: make(chan struct{}, 1),
		idle:    make(chan struct{}),
		crews:   make([]*crew, len(m.targets)),
	}
}

func (r *run) start(ctx context.Context) error {
	sources, first, err := r.open(ctx)
	if err != nil {
		release(sources)
		return err
	}
	r.spent = cpuTime()
	r.began = time.Now().Add(10 * time.Millisecond)
	for v := range first {
		if r.most > 0 {
			r.crews[v] = &crew{ready: r.Meter.workers, most: r.most, waiting: r.Meter.workers, size: r.Meter.workers, hire: func() bool { return r.hire(ctx, v, sources[v]) }}
		}
		for _, client := range first[v] {
			r.employ(ctx, v, client)
		}
	}
	go func() { r.working.Wait(); release(sources); close(r.idle) }()
	return nil
}

// open makes, for each target, what its workers take their clients from, and
// those of the first workers. What was made by an error is to be released too.
func (m *Meter) open(ctx context.Context) (sources []clients, first [][]exchanger, err error) {
	first = make([][]exchanger, len(m.targets))
	for v, t := range m.targets {
		source, err := m.clients(ctx, t)
		if err != nil {
			return sources, nil, err
		}
		sources = append(sources, source)
		for range m.workers {
			client, err := source.make()
			if err != nil {
				return sources, nil, fmt.Errorf("%s: %w", t.Name, err)
			}
			first[v] = append(first[v], client)
		}
	}
	return sources, first, nil
}

func release(sources []clients) {
	for _, source := range sources {
		source.close()
	}
}

func (r *run) employ(ctx context.Context, target int, client exchanger) {
	r.working.Go(func() {
		defer client.close()
		(&worker{run: r, target: target, client: client, crew: r.crews[target]}).work(ctx)
	})
}

// hire takes one more worker on. The first ones' clients could be made, so that
// this one's can; if not, requests wait for the others.
func (r *run) hire(ctx context.Context, target int, source clients) bool {
	client, err := source.make()
	if err == nil {
		r.employ(ctx, target, client)
	}
	return err == nil
}

// finish cancels what is under way and waits until every worker has ended.
func (r *run) finish(stop context.CancelFunc) {
	stop()
	<-r.idle
}

func (r *run) ended(round int) bool {
	p := r.pages[round].Load()
	return p != nil && p.open.Load() == 0
}

// take gives a round's records and lets go of them.
func (r *run) take(index int) trial.Round {
	round := trial.Round{
		Series: trial.LoadSeries, Index: index, Warmup: index < r.schedule.warmup,
		Start: r.schedule.start(index), End: r.schedule.start(index + 1),
		Closed: time.Since(r.began),
	}
	p := r.pages[index].Swap(nil)
	if p == nil {
		return round
	}
	round.Complete = p.open.Load() == 0
	round.Generator = trial.Generator{
		Planned: len(p.records), Waited: int(p.waited.Load()),
		Late: int(p.late.Load()), Lateness: time.Duration(p.lateness.Load()),
	}
	// Whom a request waited for is not known where all versions share the
	// connections: one that stalls would drag the others along, and hide.
	if r.overloaded() || r.who != nil {
		round.Generator.Late += round.Generator.Waited
	}
	round.Requests, round.Phases = p.ended()
	round.Examples = r.told.take()
	return round
}

// page returns the place for a round's records.
func (r *run) page(round int) *page {
	if p := r.pages[round].Load(); p != nil {
		return p
	}
	fresh := newPage(r.schedule.turnsOf(round), r.schedule.versions, r.schedule.requests(round), r.entries)
	if r.pages[round].CompareAndSwap(nil, fresh) {
		return fresh
	}
	return r.pages[round].Load()
}

// worker sends the requests of one target over one connection, one after
// another: it claims the target's next slot, waits for its time and sends.
type worker struct {
	*run
	target int
	client exchanger
	crew   *crew // nil: no others
	timer  *time.Timer
}

func (w *worker) work(ctx context.Context) {
	w.timer = time.NewTimer(0)
	defer w.timer.Stop()
	<-w.timer.C
	for {
		turn := int(w.next[w.target].Add(1) - 1)
		if turn >= w.schedule.turns() {
			w.crew.close()
			return
		}
		if !w.send(ctx, turn) || !w.crew.free(ctx) {
			return
		}
	}
}

// send waits for the slot, sends what its turn sends, and records it. It
// reports false when the trial ended meanwhile: then nothing is recorded, because
// nothing was learnt.
func (w *worker) send(ctx context.Context, turn int) bool {
	slot, round := w.schedule.slot(turn, w.target), w.schedule.round(turn)
	first := w.schedule.starts[round]
	p := w.page(round)
	planned := w.began.Add(w.schedule.at(slot))
	free := time.Now()
	if !w.until(ctx, planned, free) {
		return false
	}
	w.crew.busy()
	sent := time.Now()
	wait := w.waited(planned, free, sent)
	t := sending{turn: turn, record: trial.Request{Slot: uint32(slot)}, planned: planned, begun: sent, wait: wait, late: sent.Sub(planned) - wait}
	entry, place := p.entry(turn-first), p.place(turn-first, w.schedule.position(turn, w.target))
	for step := range entry.steps {
		t.record.Name = uint8(entry.first + step)
		if !w.step(ctx, &t) {
			return false
		}
		p.put(place+step, t.record, t.spent, wait, t.late)
		w.close(p)
	}
	return true
}

// sending is a turn of one version under way: its next request, and what came of
// the one before.
type sending struct {
	turn    int
	record  trial.Request
	planned time.Time     // the slot's time
	begun   time.Time     // since when the request is due: since the slot, or the end of the step before
	wait    time.Duration // of which it waited for a worker; of later steps none
	late    time.Duration // of the turn, by the generator's own fault
	failed  bool          // a step before
	spent   phases        // of its latest request
}

// step sends one request of a turn, or none where an earlier one failed: those
// behind a broken one count as failed of the same version.
func (w *worker) step(ctx context.Context, t *sending) bool {
	t.record.Start = trial.Ticks(t.begun.Sub(t.planned))
	if t.failed {
		t.record.Latency, t.record.Status, t.spent = 0, trial.Failed(trial.Skipped), phases{}
		return true
	}
	got := answer{status: trial.Failed(trial.Unsent), version: trial.Nobody}
	if t.wait < w.options.Timeout {
		by := t.begun.Add(max(w.options.Timeout-t.wait, leastExchange))
		got = w.client.exchange(ctx, shot{turn: t.turn, version: w.target, request: int(t.record.Name), sent: t.begun, by: by})
		w.sent.Add(1)
		if ctx.Err() != nil && !got.status.OK() {
			return false
		}
	}
	// Response time from the slot: see trial.Request.Seconds.
	t.record.Latency = trial.Ticks(got.end().Sub(t.begun) + t.wait)
	t.record.Status, t.record.Version, t.spent = got.status, got.version, got.phases
	if w.who == nil {
		t.record.Version = uint8(w.target)
	}
	w.tell(t.record, got)
	t.failed, t.wait, t.begun = !got.status.OK(), 0, time.Now()
	return true
}

// tell keeps an unexpected answer, and one that was expected from somebody
// else.
func (w *worker) tell(record trial.Request, got answer) {
	switch {
	case record.Version != trial.Nobody && got.status.OK():
	case record.Version != trial.Nobody:
		w.told.add(record.Version, w.names[record.Version], got)
	default:
		w.told.add(record.Version, "", got)
	}
}

// waited is for how long a slot waited for a worker of its version. Time in
// which this process itself stood still is not in it: a pause shows in an idle
// worker that wakes far too late, and all that came due before it ended was
// late by the generator's fault.
func (w *worker) waited(planned, free, sent time.Time) time.Duration {
	if planned.After(free) {
		if sent.Sub(planned) > trial.LateAfter {
			w.woken.Store(int64(sent.Sub(w.began)))
		}
		return 0
	}
	if woken := w.began.Add(time.Duration(w.woken.Load())); woken.After(planned) {
		planned = woken
	}
	return max(0, free.Sub(planned))
}

// until waits for the planned time; free is now.
func (w *worker) until(ctx context.Context, planned, free time.Time) bool {
	pause := planned.Sub(free)
	if pause <= 0 {
		return ctx.Err() == nil
	}
	w.timer.Reset(pause)
	select {
	case <-w.timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// close counts a place of the page as filled.
func (w *worker) close(p *page) {
	if p.open.Add(-1) == 0 {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}
