//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatrial/seatrial/internal/testcluster"
	"github.com/seatrial/seatrial/k8s"
)

// docs/performance.md keeps what these tests print.

// slowestSplit is far above what was seen of a gateway on a busy machine.
const slowestSplit = 5 * time.Second

func TestANewSplitIsSoonThereAndExact(t *testing.T) {
	cluster.Require(t, testcluster.Gateway)
	namespace := cluster.Namespace(t)
	requests := [2]*atomic.Int64{counted(t, namespace, "shop"), counted(t, namespace, "shop-canary")}
	cluster.Apply(t, namespace, fmt.Sprintf(servedRoutes, namespace))
	keeper := keeperOf(t, namespace, "httproute", k8s.Routing{Opening: []int{100, 0}, Settle: slowestSplit})
	if _, err := keeper.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := keeper.Leave(context.Background(), nil); err != nil {
			t.Error(err)
		}
	})
	host := "httproute." + namespace
	cluster.Await(t, "the baseline", 20*time.Second, func(ctx context.Context) error {
		return hundred(ctx, host, asked{want: [2]int64{100, 0}}, requests)
	})
	var live, told []time.Duration
	for i := range 10 {
		to := 1 - i%2
		a, b := untilAllArrive(t, keeper, host, requests, to)
		live, told = append(live, a), append(told, b)
	}
	t.Logf("from the order to the new split: %s to %s, median %s; until the trial knew: median %s",
		slices.Min(live), slices.Max(live), median(live), median(told))
	if slices.Max(live) > slowestSplit {
		t.Errorf("a new split took %s", slices.Max(live))
	}
	if err := keeper.Shift(t.Context(), []int{90, 10}); err != nil {
		t.Fatal(err)
	}
	var got [2]int64
	cluster.Await(t, "1,000 requests at 90/10", 20*time.Second, func(ctx context.Context) error {
		got = [2]int64{}
		for range 10 {
			if err := hundred(ctx, host, asked{want: [2]int64{90, 10}}, requests); err != nil {
				return err
			}
			got[0], got[1] = got[0]+requests[0].Load(), got[1]+requests[1].Load()
		}
		return nil
	})
	t.Logf("of 1,000 requests at 90/10, %d and %d arrived", got[0], got[1])
}

func median(of []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(of))[len(of)/2].Round(time.Millisecond)
}

// untilAllArrive orders all traffic to one version, and tells when the other's
// last request came, and when the keeper said that the split is there.
func untilAllArrive(t *testing.T, keeper *k8s.Keeper, host string, requests [2]*atomic.Int64, to int) (live, told time.Duration) {
	t.Helper()
	weights := []int{0, 0}
	weights[to] = 100
	began := time.Now()
	shifted := make(chan error, 1)
	go func() {
		err := keeper.Shift(context.Background(), weights)
		told = time.Since(began)
		shifted <- err
	}()
	// A hundred in a row at the new version: its turn has come.
	for row := 0; row < 100; row++ {
		old := requests[1-to].Load()
		one(t, host)
		if requests[1-to].Load() > old {
			row, live = 0, time.Since(began)
		}
		if time.Since(began) > 2*slowestSplit {
			t.Fatal("the new split never came")
		}
	}
	if err := <-shifted; err != nil {
		t.Fatal(err)
	}
	return live.Round(time.Millisecond), told
}

func one(t *testing.T, host string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cluster.Gateway(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("an answer %s", answer.Status)
	}
}

// sixtyRounds is a trial that passes after 60 judged rounds, with or without
// what it does in the cluster.
const sixtyRounds = `
baseline: http://%s
candidate: http://%s
load: {rate: 50/s, for: 2m, warmup: 1s}
at-least: 30s
objectives: [error-rate <= baseline + 20%%, latency-p50 <= 2s]
`

const inTheCluster = `
ready: {objects: [service/shop-canary]}
traffic:
  route: httproute/shop
  backends: {baseline: shop, candidate: shop-canary}
  floor: 10
  every: 5s
  settle: 1s
`

// mostCalls is for discovery, readiness, about ten moves of two requests each,
// and a lock that is renewed every 5 s.
const mostCalls = 100

func TestATrialAsksLittleOfTheAPIServer(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Gateway)
	namespace := cluster.Namespace(t)
	counted(t, namespace, "shop")
	counted(t, namespace, "shop-canary")
	cluster.Apply(t, namespace, fmt.Sprintf(servedRoutes, namespace))
	load := fmt.Sprintf(sixtyRounds, addressOf(t, namespace, "shop"), addressOf(t, namespace, "shop-canary"))
	with, without := beginFile(t, namespace, load+inTheCluster), beginFile(t, namespace, load)
	memory, lessMemory := peakOf(with), peakOf(without)
	end := with.end()
	end.wants(t, 0, "PASS")
	without.end().wants(t, 0, "PASS")
	found := regexp.MustCompile(`✓ cluster +(\d+) requests`).FindStringSubmatch(end.said)
	if found == nil {
		t.Fatalf("the trial does not tell its requests to the API server:\n%s", end.said)
	}
	calls, _ := strconv.Atoi(found[1])
	t.Logf("60 rounds: %d requests to the API server; at most %d MB of memory, without a cluster %d MB", calls, <-memory>>10, <-lessMemory>>10)
	if calls > mostCalls || calls == 0 {
		t.Errorf("%d requests to the API server:\n%s", calls, end.said)
	}
}

// peakOf reads the most memory that a trial has had at once, in kB, until it
// ends. What the kernel tells of a process that has ended includes this one's,
// from which it was forked (getrusage(2), ru_maxrss).
func peakOf(b begun) <-chan int {
	most := make(chan int, 1)
	status := fmt.Sprintf("/proc/%d/status", b.command.Process.Pid)
	highest := regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
	go func() {
		peak := 0
		for tick := time.NewTicker(100 * time.Millisecond); ; <-tick.C {
			text, err := os.ReadFile(status)
			found := highest.FindSubmatch(text)
			if err != nil || found == nil { // it has ended
				tick.Stop()
				most <- peak
				return
			}
			peak, _ = strconv.Atoi(string(found[1]))
		}
	}()
	return most
}
