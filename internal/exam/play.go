package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

const (
	roundSeconds = 0.25
	budget       = 240 // rounds: 60 s
	seed         = 1   // trial i of every setup draws from PCG(seed, i)
)

// setup is the world that a trial meets and what is asked of it.
type setup struct {
	world
	objectives []string
	sizes      []int                 // requests a round to each version, the baseline first; nil: 25 and 25
	sizesAt    func(round int) []int // the same, where it changes
	missing    float64               // share of rounds that stay incomplete
	warmup     int                   // rounds
	atLeast    time.Duration         // 0: the policy's own
	part       float64               // of 25 requests a round, which alone are judged; 0: all
	lasts      int                   // rounds; 0: the budget
}

// fewest is the shortest at-least that can be asked for: seven rounds.
const fewest = 7 * 250 * time.Millisecond

// referee is fed a trial round by round and may decide after each.
type referee func(r trial.Round, last bool) trial.Verdict

// outcome is what one referee made of one trial.
type outcome struct {
	verdict trial.Verdict
	rounds  int // until the verdict, or all
}

// watch plays one trial before all referees; a verdict latches.
func (s setup) watch(number int, referees []referee) []outcome {
	random := rand.New(rand.NewPCG(seed, uint64(number)))
	next := s.world(random)
	outcomes := make([]outcome, len(referees))
	open := len(referees)
	var requests []trial.Request
	for i := 0; i < s.warmup+s.rounds() && open > 0; i++ {
		requests = s.requests(requests[:0], next, i)
		r := s.round(i, requests)
		r.Complete = random.Float64() >= s.missing
		for k, look := range referees {
			if outcomes[k].verdict != trial.Inconclusive {
				continue
			}
			outcomes[k] = outcome{verdict: look(r, i == s.warmup+s.rounds()-1), rounds: i + 1 - s.warmup}
			if outcomes[k].verdict != trial.Inconclusive {
				open--
			}
		}
	}
	return outcomes
}

func (s setup) rounds() int { return cmp.Or(s.lasts, budget) }

func (s setup) round(i int, requests []trial.Request) trial.Round {
	length := 250 * time.Millisecond
	var weights []int
	if s.sizesAt != nil {
		for _, size := range s.sizesAt(i) {
			weights = append(weights, 100*size/len(requests))
		}
	}
	return trial.Round{
		Index: i, Start: time.Duration(i) * length, End: time.Duration(i+1) * length, Warmup: i < s.warmup, Weights: weights,
		Requests: requests, Generator: trial.Generator{Planned: len(requests)},
	}
}

func (s setup) requests(to []trial.Request, next draw, round int) []trial.Request {
	for v, size := range s.perRound(round) {
		for range size {
			q := trial.Request{Version: uint8(v), Status: trial.Answered(200, true), Name: s.name()}
			if x := next(round, v); x < 0 {
				q.Status = trial.Answered(500, false)
			} else {
				q.Latency = trial.Ticks(time.Duration(x * float64(time.Second)))
			}
			to = append(to, q)
		}
	}
	return to
}

func (s setup) perRound(round int) []int {
	if s.part > 0 {
		until := func(round int) int { return int(25*s.part*float64(round) + 1e-9) }
		came := until(round+1) - until(round)
		return []int{came, came}
	}
	if s.sizesAt != nil {
		return s.sizesAt(round)
	}
	if s.sizes == nil {
		return []int{25, 25}
	}
	return s.sizes
}

// judge is the product's own, as a referee. Nothing but the objectives of the
// setup is asked.
func (s setup) judge() referee {
	p := slo.DefaultPolicy()
	p.AtLeast, p.OnlyAsked = s.atLeast, true
	if s.part > 0 {
		p.Requests = []string{"others", "judged"}
	}
	for _, text := range s.objectives {
		p.Objectives = append(p.Objectives, objective(text))
	}
	j := slo.New(p, s.versions())
	return func(r trial.Round, _ bool) trial.Verdict { return j.Look(r).Verdict }
}

// name is which of the trial's requests is sent.
func (s setup) name() uint8 {
	if s.part > 0 {
		return 1
	}
	return 0
}

// objective parses an objective of the exam's own.
func objective(text string) slo.Objective {
	var o slo.Objective
	if err := o.UnmarshalText([]byte(text)); err != nil {
		panic(fmt.Sprintf("exam: objective %q: %v", text, err))
	}
	return o
}

// versions are a candidate alone, or a baseline and its candidates.
func (s setup) versions() []trial.Version {
	sizes := s.perRound(0)
	if len(sizes) == 1 {
		return []trial.Version{{Name: "candidate"}}
	}
	versions := []trial.Version{{Name: "baseline", Role: trial.Baseline}}
	for i := 1; i < len(sizes); i++ {
		versions = append(versions, trial.Version{Name: fmt.Sprintf("candidate-%d", i)})
	}
	return versions
}

// run plays trials on two workers and returns a tally for each kind of referee.
func (s setup) run(trials int, kinds ...func() referee) []tally {
	return s.runFrom(0, trials, kinds...)
}

// runFrom plays so many trials from a number on.
func (s setup) runFrom(first, trials int, kinds ...func() referee) []tally {
	results := make([][]outcome, trials)
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for i := int(taken.Add(1)) - 1; i < trials; i = int(taken.Add(1)) - 1 {
				referees := make([]referee, len(kinds))
				for k, kind := range kinds {
					referees[k] = kind()
				}
				results[i] = s.watch(first+i, referees)
			}
		})
	}
	workers.Wait()
	tallies := make([]tally, len(kinds))
	for _, outcomes := range results {
		for k, o := range outcomes {
			tallies[k].add(o)
		}
	}
	return tallies
}

// judged is the tally of the product's own judge alone.
func (s setup) judged(trials int) tally { return s.run(trials, s.judge)[0] }

// played is how many trials to play at a scale; at scale 0, which tries the
// exam out, as few as show anything.
func played(usual, scale int) int { return max(2, usual*scale) }

// tally is what many trials of one setup came to.
type tally struct {
	trials  int
	rounds  int                     // of all trials
	decided map[trial.Verdict][]int // rounds of each, by verdict
}

func (t *tally) add(o outcome) {
	if t.decided == nil {
		t.decided = map[trial.Verdict][]int{}
	}
	t.trials++
	t.rounds += o.rounds
	t.decided[o.verdict] = append(t.decided[o.verdict], o.rounds)
}

// and is what both tallies came to, neither of which changes.
func (t tally) and(o tally) tally {
	both := tally{trials: t.trials + o.trials, rounds: t.rounds + o.rounds, decided: map[trial.Verdict][]int{}}
	for _, v := range []trial.Verdict{trial.Inconclusive, trial.Pass, trial.Fail} {
		if rounds := slices.Concat(t.decided[v], o.decided[v]); rounds != nil {
			both.decided[v] = rounds
		}
	}
	return both
}

func (t tally) count(v trial.Verdict) int { return len(t.decided[v]) }

func (t tally) part(v trial.Verdict) float64 { return float64(t.count(v)) / float64(t.trials) }

func (t tally) share(v trial.Verdict) string { return share(t.count(v), t.trials) }

// median is the rounds until a verdict over all trials: infinite where half of
// them never reached it.
func (t tally) median(v trial.Verdict) float64 {
	rounds := slices.Sorted(slices.Values(t.decided[v]))
	if len(rounds) <= t.trials/2 {
		return math.Inf(1)
	}
	return float64(rounds[t.trials/2])
}

// typical is the median rounds of all trials, one without a verdict counting in
// full, and the verdict that most of them had.
func (t tally) typical() (rounds float64, most trial.Verdict) {
	var all []int
	for _, v := range []trial.Verdict{trial.Inconclusive, trial.Pass, trial.Fail} {
		all = append(all, t.decided[v]...)
		if t.count(v) > t.count(most) {
			most = v
		}
	}
	slices.Sort(all)
	return float64(all[len(all)/2]), most
}

// by counts the trials that had a verdict by a round.
func (t tally) by(v trial.Verdict, round int) int {
	count := 0
	for _, r := range t.decided[v] {
		if r <= round {
			count++
		}
	}
	return count
}

// seconds is the mean over all trials; one without a verdict counts in full.
func (t tally) seconds() string { return duration(float64(t.rounds) / float64(t.trials)) }

// until is the median time to a verdict, of the trials that reached it.
func (t tally) until(v trial.Verdict) string {
	rounds := slices.Sorted(slices.Values(t.decided[v]))
	if len(rounds) == 0 {
		return "–"
	}
	return duration(float64(rounds[len(rounds)/2]))
}

func duration(rounds float64) string {
	if math.IsInf(rounds, 1) {
		return "–"
	}
	return fmt.Sprintf("%.1f", rounds*roundSeconds)
}
