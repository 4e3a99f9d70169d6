package loadgen

import (
	"cmp"
	"context"
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatrial/seatrial/trial"
)

// In a closed loop each connection sends its next request when it has the answer
// to the last. Nothing is planned, so a service that stands still is sent less, and
// nobody waits: times run from the sending. It shows what a service can do at
// most, not what its users see.

// closedRun is one execution of a closed loop. Rounds are cut by the clock.
type closedRun struct {
	*Meter
	began   time.Time
	turn    []atomic.Int64 // per version: the next
	changed chan struct{}  // a request ended
	working sync.WaitGroup
	sources []clients // what the workers' clients are from
	told    examples

	mu    sync.Mutex
	pages []closedPage
}

// closedPage holds the records of one round.
type closedPage struct {
	open    int // under way
	taken   bool
	records []closedRecord
}

type closedRecord struct {
	trial.Request
	phases trial.Phases
}

// closedRounds is Rounds of a closed loop.
func (m *Meter) closedRounds(ctx context.Context) iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		r := &closedRun{Meter: m, turn: make([]atomic.Int64, len(m.targets)), changed: make(chan struct{}, 1), pages: make([]closedPage, m.schedule.rounds())}
		if err := r.start(ctx); err != nil {
			yield(trial.Round{}, err)
			return
		}
		defer func() { stop(); r.working.Wait(); release(r.sources) }()
		spent := cpuTime()
		for next := range r.pages {
			complete := r.await(ctx, next)
			if !complete {
				stop()
				r.working.Wait()
			}
			now := cpuTime()
			round := r.take(next, complete, now-spent)
			spent = now
			if len(round.Requests) > 0 && !yield(round, nil) || !complete {
				return
			}
		}
	}
}

func (r *closedRun) start(ctx context.Context) error {
	sources, clients, err := r.open(ctx)
	if err != nil {
		release(sources)
		return err
	}
	r.sources = sources
	r.began = time.Now()
	for v := range clients {
		for _, client := range clients[v] {
			r.working.Go(func() {
				defer client.close()
				r.work(ctx, v, client)
			})
		}
	}
	return nil
}

// work sends one request after another until the load's time is over.
func (r *closedRun) work(ctx context.Context, version int, client exchanger) {
	for ctx.Err() == nil {
		page := r.enter()
		if page < 0 {
			return
		}
		records, ended := r.send(ctx, version, client)
		r.leave(page, records, ended)
	}
}

// send sends what one turn sends. It reports false when the trial ended
// meanwhile.
func (r *closedRun) send(ctx context.Context, version int, client exchanger) ([]closedRecord, bool) {
	turn := int(r.turn[version].Add(1) - 1)
	entry := r.entries[r.schedule.request(turn)]
	var records []closedRecord
	for step := range entry.steps {
		record := closedRecord{Request: trial.Request{Slot: uint32(turn*len(r.targets) + version), Version: uint8(version), Name: uint8(entry.first + step)}}
		if step > 0 && !records[step-1].Status.OK() {
			record.Status = trial.Failed(trial.Skipped)
		} else if !r.exchange(ctx, client, turn, &record) {
			return records, false
		}
		records = append(records, record)
	}
	return records, true
}

func (r *closedRun) exchange(ctx context.Context, client exchanger, turn int, record *closedRecord) bool {
	sent := time.Now()
	got := client.exchange(ctx, shot{turn: turn, version: int(record.Version), request: int(record.Name), sent: sent, by: sent.Add(r.options.Timeout)})
	record.Latency, record.Status, record.phases = trial.Ticks(got.end().Sub(sent)), got.status, got.phases.ticks()
	if !got.status.OK() && ctx.Err() == nil {
		r.told.add(record.Version, r.names[record.Version], got)
	}
	return got.status.OK() || ctx.Err() == nil
}

// enter is the page of the round that it is now, -1 after the last.
func (r *closedRun) enter() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	page := int(time.Since(r.began) / r.length())
	for page < len(r.pages) && r.pages[page].taken {
		page++
	}
	if page >= len(r.pages) {
		return -1
	}
	r.pages[page].open++
	return page
}

// length is that of a round, which a closed loop has no plan for: the shortest.
func (r *closedRun) length() time.Duration { return shortestRound }

func (r *closedRun) leave(page int, records []closedRecord, ended bool) {
	r.mu.Lock()
	r.pages[page].open--
	if ended {
		r.pages[page].records = append(r.pages[page].records, records...)
	}
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// await waits until a round is over and all its requests have ended; false if the
// trial ended before.
func (r *closedRun) await(ctx context.Context, round int) bool {
	over := time.NewTimer(time.Until(r.began.Add(time.Duration(round+1) * r.length())))
	defer over.Stop()
	for {
		select {
		case <-over.C:
		case <-r.changed:
		case <-ctx.Done():
			return false
		}
		if r.close(round) {
			return true
		}
	}
}

// close takes a round that is over, if nothing of it is under way.
func (r *closedRun) close(round int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	over := time.Since(r.began) >= time.Duration(round+1)*r.length()
	r.pages[round].taken = over && r.pages[round].open == 0
	return r.pages[round].taken
}

// take gives a round's records, in the order of their turns. If the generator used
// up the machine's CPUs meanwhile, what it measured is itself.
func (r *closedRun) take(index int, complete bool, cpu time.Duration) trial.Round {
	r.mu.Lock()
	records := r.pages[index].records
	r.pages[index].records = nil
	r.mu.Unlock()
	slices.SortStableFunc(records, func(a, b closedRecord) int { return cmp.Compare(a.Slot, b.Slot) })
	round := trial.Round{
		Series: trial.LoadSeries, Index: index, Warmup: index < r.schedule.warmup, Complete: complete,
		Start: time.Duration(index) * r.length(), End: time.Duration(index+1) * r.length(),
		Closed: time.Since(r.began), Examples: r.told.take(),
		Generator: trial.Generator{Planned: len(records)},
	}
	for _, r := range records {
		round.Requests, round.Phases = append(round.Requests, r.Request), append(round.Phases, r.phases)
	}
	if cpu.Seconds() > mostOfCPU*float64(runtime.GOMAXPROCS(0))*r.length().Seconds() {
		round.Generator.Late = len(records)
	}
	return round
}
