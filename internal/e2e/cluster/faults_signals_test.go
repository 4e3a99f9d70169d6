//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seatrial/seatrial/internal/testcluster"
)

// seedKey draws the same moments again.
const seedKey = "SEATRIAL_FAULT_SEED"

// atMoments runs 5 trials, 50 in a nightly run, five at a time, and hands each
// over at a moment of its own.
func atMoments(t *testing.T, fault func(x *running, i int)) {
	s := newSite(t)
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv(seedKey), 10, 64); err == nil {
		seed = given
	}
	t.Logf("%s=%d", seedKey, seed)
	const abreast = 5
	var all sync.WaitGroup
	turns := make(chan struct{}, abreast)
	for i := range 5 * testcluster.Rounds(10) {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				g := s.route(t, fmt.Sprintf("shop-%d", i))
				fault(g.beginUntil(moments[i%len(moments)], rand.New(rand.NewPCG(seed, uint64(i)))), i)
			})
		})
	}
	all.Wait()
}

// moment is a part of a trial: it begins when the route is so, and lasts.
type moment struct {
	plan  plan
	what  string
	is    func(o *unstructured.Unstructured) bool
	lasts time.Duration
}

var moments = []moment{
	{lasting, "any time", func(*unstructured.Unstructured) bool { return true }, 8 * time.Second},
	{lasting, "the taking", hasNote, 400 * time.Millisecond},
	{failing, "the leaving", func(o *unstructured.Unstructured) bool { return hasNote(o) && shareOf(o) == 0 }, 100 * time.Millisecond},
	{lasting, "the moves", func(o *unstructured.Unstructured) bool { return hasNote(o) && shareOf(o) > 20 }, 4 * time.Second},
}

func (g *guarded) beginUntil(m moment, random *rand.Rand) *running {
	g.Helper()
	x := g.begin(m.plan)
	x.awaitHeader()
	cluster.Await(x, m.what, time.Minute, func(ctx context.Context) error {
		select {
		case <-x.ended: // as quick as that
			return nil
		default:
			return x.is(ctx, m.is)
		}
	})
	after := time.Duration(random.Int64N(int64(m.lasts)))
	<-time.After(after)
	g.Logf("the fault is %s into %s", after, m.what)
	return x
}

func TestSIGTERMAtAnyMomentOfATrialLeavesTheRouteAsItWas(t *testing.T) {
	atMoments(t, func(x *running, _ int) {
		before := x.lines()
		x.signal(syscall.SIGTERM)
		x.end(leavesWithin).wants(x.T, x.plan.code)
		x.isAsBefore()
		x.isUnlocked()
		x.hasEvidence(before - 1)
	})
}

// leavesWithin is the time that Kubernetes gives a pod after SIGTERM.
const leavesWithin = 30 * time.Second

func TestAfterSIGKILLAtAnyMomentOfATrialTheRouteComesBack(t *testing.T) {
	atMoments(t, func(x *running, i int) {
		before := x.lines()
		x.signal(syscall.SIGKILL)
		x.end(time.Second)
		found := x.get()
		if !hasNote(found) && !cmp.Equal(settled(x.before), settled(found)) {
			x.Errorf("it was changed and has no note: %v", found.Object)
		}
		x.hasEvidence(before - 1)
		if (i+i/len(moments))%2 == 0 { // after each kind of moment, either
			x.isRestored()
			return
		}
		next := x.guarded.begin(failing)
		end := next.end(time.Minute)
		end.wants(x.T, 1)
		if hasNote(found) != strings.Contains(end.said, "ended without bringing it back") {
			x.Errorf("a note was left: %t; the next trial said\n%s", hasNote(found), end.said)
		}
		next.isAsBefore()
	})
}
