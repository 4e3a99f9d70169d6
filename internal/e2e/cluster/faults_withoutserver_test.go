//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fixed is the plan with a split that no evidence moves, so that a trial has no
// need of the API server until its end.
func fixed(p plan) plan {
	p.traffic = "strategy: fixed-split, split: [50, 50], settle: 200ms"
	return p
}

// beginFixed starts a trial with a fixed split and waits until it measures.
func (g *guarded) beginFixed(p plan) *running {
	g.Helper()
	x := g.begin(fixed(p))
	x.awaitRounds(1)
	return x
}

// awaitRounds waits until so many rounds are kept.
func (x *running) awaitRounds(n int) {
	x.Helper()
	cluster.Await(x, fmt.Sprintf("%d rounds", n), time.Minute, func(context.Context) error {
		if kept := x.lines() - 1; kept < n {
			return fmt.Errorf("%d are kept, and it said\n%s", kept, x.output)
		}
		return nil
	})
}

// on is the trial in a part of its test.
func (x *running) on(t *testing.T) *running {
	g, y := *x.guarded, *x
	g.T, y.guarded = t, &g
	return &y
}

// serves waits until users get the canary's share again: after an outage the
// gateway waits for up to half a minute before it asks the API server anew.
func (g *guarded) serves(canary int) {
	g.Helper()
	cluster.Await(g, "users' answers", time.Minute, func(ctx context.Context) error { return shares(ctx, g.host, canary) })
}

func TestTrialsOutliveAShortOutageOfTheAPIServer(t *testing.T) {
	s := newSite(t)
	moves, ends := s.route(t, "moves"), s.route(t, "ends")
	long := passing
	long.lasts, long.atLeast = 40*time.Second, 8*time.Second // nothing of the outage is judged
	moving := moves.begin(long)
	moving.awaitMove()
	ending := ends.beginFixed(failing)
	cluster.StopAPI(t)
	<-time.After(3 * time.Second) // moves and a verdict are due
	cluster.StartAPI(t)

	t.Run("one that ended meanwhile leaves the route as it was", func(t *testing.T) {
		x := ending.on(t)
		x.end(leavesWithin).wants(t, 1)
		x.isAsBefore()
		x.serves(10)
		x.isUnlocked()
		x.hasEvidence(5)
	})
	t.Run("one that goes on moves its traffic again", func(t *testing.T) {
		x := moving.on(t)
		x.end(time.Minute).wants(t, 0, "left: all traffic goes to candidate")
		x.serves(100)
		if hasNote(x.get()) {
			t.Error("a note is left")
		}
		x.isUnlocked()
		x.hasEvidence(10)
	})
}

func TestTrialsWhoseAPIServerStaysAwayAreBroughtBackByAPerson(t *testing.T) {
	s := newSite(t)
	var trials []*running
	for _, name := range []string{"ended", "told", "told-twice"} {
		p := lasting
		if name == "ended" {
			p = passing
		}
		trials = append(trials, s.route(t, name).beginFixed(p))
	}
	cluster.StopAPI(t)
	outage := time.Now()
	ended, told, twice := trials[0], trials[1], trials[2]
	told.signal(syscall.SIGTERM)
	twice.signal(syscall.SIGTERM)
	t.Run("a second signal ends the leaving", func(t *testing.T) { twice.on(t).endsAtTheSecondSignal() })
	t.Run("a signal leaves time to leave, and no more", func(t *testing.T) {
		told.on(t).end(leavesWithin-time.Since(outage)).wants(t, 143, told.remedy(), "Before the trial it had baseline 90 %, candidate 10 %")
	})
	t.Run("a pass becomes a broken trial", func(t *testing.T) {
		ended.on(t).end(leavesWithin).wants(t, 5, ended.remedy(), "the trial came to pass")
	})
	cluster.StartAPI(t)
	cluster.Wake(t)
	var restored sync.WaitGroup
	for _, x := range trials {
		restored.Go(func() {
			t.Run(x.name+" is restored", func(t *testing.T) { x.on(t).comesBack() })
		})
	}
	restored.Wait()
}

// endsAtTheSecondSignal sends it to a trial that can't leave its route.
func (x *running) endsAtTheSecondSignal() {
	x.Helper()
	select {
	case <-x.ended:
		x.Fatalf("it ended at the first signal, without an API server: %s", x.output)
	case <-time.After(2 * time.Second):
	}
	x.signal(syscall.SIGTERM)
	x.end(2 * time.Second)
	if by := x.command.ProcessState.Sys().(syscall.WaitStatus); !by.Signaled() || by.Signal() != syscall.SIGTERM {
		x.Errorf("it ended with %v", x.command.ProcessState)
	}
}

// remedy is the command that a trial names which could not leave its route.
func (g *guarded) remedy() string {
	return "seatrial restore --route httproute/" + g.name + " --namespace " + g.site.namespace
}

func (x *running) comesBack() {
	x.Helper()
	x.awaitRoute("the note and the split", func(o *unstructured.Unstructured) bool { return hasNote(o) && shareOf(o) == 50 })
	x.isRestored()
	x.isUnlocked()
	x.serves(10)
	x.hasEvidence(1)
}
