package main

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/runner"
	"github.com/seatrial/seatrial/slo"
	"github.com/seatrial/seatrial/trial"
)

// A trial of ten million requests: 10,000/s to each of two versions, in rounds
// of 250 ms as the load generator makes them.
const (
	manyRequests = 10_000_000
	manyPerRound = 5_000
	manyRound    = 250 * time.Millisecond
)

// manyTrial is the trial file of it, as evidence keeps one.
const manyTrial = `baseline: {url: "http://127.0.0.1:1"}
candidate: {url: "http://127.0.0.1:2"}
load: {rate: 10000/s, for: 500s}
at-least: 500s
objectives:
  - latency-p99 <= 300ms
  - latency-p95 <= 110% of baseline
  - error-rate <= baseline + 2%
`

// many is what ten million requests in one trial cost after they were sent.
// They are made up, because two CPUs that serve them too can't send them in the
// time of a benchmark; keeping and judging them is what a trial does.
func many(l lab) error {
	dir := filepath.Join(l.dir, "many")
	generate := exec.Command(self(), "-generate="+dir)
	generate.Stderr = os.Stderr
	if err := generate.Run(); err != nil {
		return err
	}
	kept := finished(generate)
	size, err := sizeOf(dir)
	if err != nil {
		return err
	}
	row("10 million requests: memory to keep and judge them", megabytes(kept.peak), "at most 200 MB")
	row("10 million requests: CPU time of that, each", fmt.Sprintf("%.2f µs", 1e6*kept.cpu.Seconds()/manyRequests), "")
	row("10 million requests: evidence", megabytes(size), "at most 100 MB")
	again := exec.Command(l.seatrial, "judge", dir)
	began := time.Now()
	out, err := again.CombinedOutput()
	took := time.Since(began)
	if again.ProcessState == nil || again.ProcessState.ExitCode() > 3 {
		return fmt.Errorf("judging again: %w\n%s", err, out)
	}
	judged := finished(again)
	row("10 million requests: seatrial judge", fmt.Sprintf("%s (%s of CPU)", milliseconds(took.Seconds()), milliseconds(judged.cpu.Seconds())), "at most 2 s")
	row("10 million requests: memory of seatrial judge", megabytes(judged.peak), "at most 200 MB")
	return nil
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }

func sizeOf(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

// generated runs a trial of requests that nobody sent.
func generated(dir string) error {
	versions := []trial.Version{{Name: "baseline", Role: trial.Baseline}, {Name: "candidate"}}
	store, err := evidence.Create(dir, evidence.Header{Tool: "bench", Seed: 1, Versions: versions}, []byte(manyTrial))
	if err != nil {
		return err
	}
	policy := slo.DefaultPolicy()
	for _, text := range []string{"latency-p99 <= 300ms", "latency-p95 <= 110% of baseline", "error-rate <= baseline + 2%"} {
		var o slo.Objective
		if err := o.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		policy.Objectives = append(policy.Objectives, o)
	}
	policy.AtLeast = manyRequests / manyPerRound * manyRound
	judge := slo.New(policy, versions)
	if out := runner.Run(context.Background(), runner.Stages{Waiter: nobody{}, Meter: imagined{}, Store: store, Judge: judge, Watcher: nobody{}}); out.Status != trial.Judged {
		return fmt.Errorf("%v: %s", out.Status, out.Reason)
	}
	judge.Conclude(true)
	return store.Close()
}

// nobody waits for nothing and watches nothing.
type nobody struct{}

func (nobody) Wait(context.Context) error     { return nil }
func (nobody) Ready()                         {}
func (nobody) Looked(trial.Round, trial.Look) {}

// imagined is a load whose answers are drawn: lognormal times around 5 ms, 0.1 %
// errors, and timers as late as those of a real generator.
type imagined struct{}

func (imagined) Rounds(context.Context) iter.Seq2[trial.Round, error] {
	return func(yield func(trial.Round, error) bool) {
		draws := rand.New(rand.NewPCG(1, 0))
		for i := range manyRequests / manyPerRound {
			if !yield(imagine(draws, i), nil) {
				return
			}
		}
	}
}

func imagine(draws *rand.Rand, index int) trial.Round {
	r := trial.Round{
		Series: trial.LoadSeries, Index: index, Complete: true,
		Start: time.Duration(index) * manyRound, End: time.Duration(index+1) * manyRound,
		Generator: trial.Generator{Planned: manyPerRound}, Requests: make([]trial.Request, manyPerRound), Phases: make([]trial.Phases, manyPerRound),
	}
	for i := range r.Requests {
		status := trial.Answered(200, true)
		if draws.Float64() < 0.001 {
			status = trial.Answered(500, false)
		}
		if i%2 == 0 {
			r.Requests[i].Version = uint8(draws.IntN(2))
		} else {
			r.Requests[i].Version = 1 - r.Requests[i-1].Version
		}
		r.Requests[i].Slot = uint32(index*manyPerRound + i)
		r.Requests[i].Start = trial.Ticks(time.Duration(draws.ExpFloat64() * float64(80*time.Microsecond)))
		r.Requests[i].Latency = trial.Ticks(time.Duration(math.Exp(0.3*draws.NormFloat64()) * float64(5*time.Millisecond)))
		r.Requests[i].Status = status
		r.Phases[i].FirstByte = r.Requests[i].Latency - uint32(200+draws.IntN(400)) // to read the body takes 20 to 60 µs
	}
	return r
}
