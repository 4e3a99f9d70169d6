package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"time"

	"github.com/seatrial/seatrial/evidence"
	"github.com/seatrial/seatrial/trial"
)

const (
	sameTrials   = 36
	sameRequests = 600 // to each side
)

// same runs short trials of two services that are the same: how far apart do
// their medians look, and how many trials fail?
func same(l lab) error { return l.apart("as it is", "at most 1.5 %") }

// noisy does it beside a neighbour that works in bursts.
func noisy(l lab) error {
	leave, err := neighbours()
	if err != nil {
		return err
	}
	defer leave()
	return l.apart("noisy neighbour", "at most 3.1 %")
}

// apart runs the trials; what the machine is like stands in the rows.
func (l lab) apart(machine, wanted string) error {
	b, c, stop, err := l.pair([]string{"--latency=0s", "--spread=0"}, []string{"--latency=0s", "--spread=0"})
	if err != nil {
		return err
	}
	defer stop()
	var apart []float64
	fails := 0
	for range sameTrials {
		o, err := l.try("--candidate="+c.url, "--baseline="+b.url, "--rate=200/s", fmt.Sprintf("--for=%ds", sameRequests/200),
			fmt.Sprintf("--at-least=%ds", sameRequests/200), "--warmup=500ms")
		if err != nil {
			return err
		}
		base, candidate := times(o.evidence, 0), times(o.evidence, 1)
		if min(len(base), len(candidate)) < sameRequests/2 {
			return fmt.Errorf("only %d and %d answers", len(base), len(candidate))
		}
		apart = append(apart, math.Abs(quantile(candidate, 0.5)/quantile(base, 0.5)-1))
		if verdictOf(o.evidence) == trial.Fail {
			fails++
		}
	}
	slices.Sort(apart)
	row(fmt.Sprintf("%d equal pairs, 400/s, %d requests a side, %s: p50s apart", sameTrials, sameRequests, machine),
		fmt.Sprintf("%.1f %% (p95 %.1f %%)", 100*mean(apart), 100*quantile(apart, 0.95)), wanted)
	row("  of these, fails", fmt.Sprint(fails), "0")
	return nil
}

func verdictOf(e *evidence.Evidence) trial.Verdict {
	report, err := trial.ReadReport(e.Report)
	if err != nil {
		return trial.Inconclusive
	}
	return report.Verdict
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// neighbours are two processes that each take a CPU in bursts.
func neighbours() (leave func(), err error) {
	var all []*exec.Cmd
	leave = func() {
		for _, c := range all {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	for seed := range 2 {
		c := exec.Command(self(), fmt.Sprintf("-spin=%d", 1+seed))
		if err := c.Start(); err != nil {
			leave()
			return nil, errors.Join(errors.New("starting a noisy neighbour"), err)
		}
		all = append(all, c)
	}
	return leave, nil
}

// spin works and rests by turns of 20 to 200 ms, until it is killed.
func spin(seed uint64) {
	draws := rand.New(rand.NewPCG(seed, 0))
	turn := func() time.Duration {
		return 20*time.Millisecond + time.Duration(draws.Int64N(int64(180*time.Millisecond)))
	}
	for {
		for until := time.Now().Add(turn()); time.Now().Before(until); {
		}
		time.Sleep(turn())
	}
}
