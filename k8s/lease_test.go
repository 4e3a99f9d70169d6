package k8s

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seatrial/seatrial/trial"
)

func leaseOf(version string) object {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"leaseDurationSeconds": int64(15), "holderIdentity": "a"}}}
	o.SetResourceVersion(version)
	return o
}

func TestLeaseIsDeadWhenNobodyRenewsItWhileWatched(t *testing.T) {
	began := time.Unix(1000, 0)
	var s sighting
	for _, look := range []struct {
		after         time.Duration
		version       string
		dead, renewed bool
	}{
		{0, "1", false, false}, // whatever its own times say
		{14 * time.Second, "1", false, false},
		{14500 * time.Millisecond, "2", false, true},
		{29 * time.Second, "2", false, true},
		{29500 * time.Millisecond, "2", true, true},
	} {
		now := began.Add(look.after)
		s.saw(leaseOf(look.version), now)
		if s.dead(now) != look.dead || s.renewed != look.renewed {
			t.Errorf("after %s: dead %v, renewed %v", look.after, s.dead(now), s.renewed)
		}
	}
}

func TestLeaseNamesAreValidAndTellLongRoutesApart(t *testing.T) {
	if got := leaseName("httproute/shop"); got != "seatrial-httproute-shop" {
		t.Error(got)
	}
	long := strings.Repeat("x", 252)
	a, b := leaseName("httproute/"+long+"a"), leaseName("httproute/"+long+"b")
	if a == b || len(a) > 253 || len(b) > 253 {
		t.Errorf("%s (%d), %s (%d)", a, len(a), b, len(b))
	}
}

// heldLease is a lease of another trial that is never renewed.
func heldLease(seconds string) string {
	return `{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"seatrial-httproute-shop","namespace":"prod","uid":"u","resourceVersion":"7"},
		"spec":{"holderIdentity":"other"` + seconds + `}}`
}

// takeLock takes the lock from a server, for at most so long by its own clock,
// which goes a second forward at each look at it.
func takeLock(t *testing.T, s *server, limit time.Duration) error {
	t.Helper()
	var ticks atomic.Int64
	now := func() time.Time { return time.Unix(ticks.Add(1), 0) }
	l := &lock{at: s.cluster(t).objects.Resource(leases).Namespace("prod"), name: "seatrial-httproute-shop", label: "httproute/shop", holder: "me", lasts: 50 * time.Millisecond, now: now}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	return l.take(ctx, limit)
}

func TestALockThatLastsForDaysIsNotWaitedForLongerThanAsked(t *testing.T) {
	err := takeLock(t, &server{other: func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, heldLease(`,"leaseDurationSeconds":864000`))
	}}, 30*time.Second)
	var busy *trial.NotReadyError
	if !errors.As(err, &busy) || !strings.Contains(err.Error(), "on trial by other") {
		t.Errorf("got %v", err)
	}
}

func TestALockThatDoesNotSayHowLongItLastsIsNotDeadAtOnce(t *testing.T) {
	lease := leaseOf("1")
	unstructured.RemoveNestedField(lease.Object, "spec", "leaseDurationSeconds")
	s, now := sighting{}, time.Unix(1000, 0)
	s.saw(lease, now)
	if s.dead(now) || !s.dead(now.Add(leaseLasts)) {
		t.Error("dead at once, or never")
	}
}

func TestALockIsTakenFromAServerThatRestarts(t *testing.T) {
	var calls atomic.Int64
	restarting := func(w http.ResponseWriter, r *http.Request) {
		switch n := calls.Add(1); {
		case n == 1:
			panic(http.ErrAbortHandler)
		case n == 2:
			refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable", "the server is starting")
		case r.Method == http.MethodGet:
			refuse(w, http.StatusNotFound, "NotFound", "no such lease")
		default:
			w.WriteHeader(http.StatusCreated)
			_, _ = io.Copy(w, r.Body)
		}
	}
	if err := takeLock(t, &server{other: restarting}, time.Minute); err != nil {
		t.Error(err)
	}
	calls.Store(0)
	if err := takeLock(t, &server{other: restarting}, 0); err == nil || !strings.Contains(err.Error(), "taking the lock") {
		t.Errorf("without time to wait: %v", err)
	}
}

func TestATrialThatMayNotTakeItsLockIsToldWhatToDo(t *testing.T) {
	for code, want := range map[int]string{
		http.StatusForbidden: "seatrial rbac prints the Role", http.StatusUnauthorized: "Take a fresh token",
	} {
		s := &server{other: func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, code, map[int]string{403: "Forbidden", 401: "Unauthorized"}[code], "leases is forbidden: User x cannot get")
		}}
		k, err := NewKeeper(s.cluster(t), Routing{Route: "httproute/shop", Backends: services, Now: time.Now, Wait: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.Take(t.Context())
		var known *AccessError
		if !errors.As(err, &known) || !strings.Contains(known.Remedy(), want) || !strings.Contains(known.Reason(), "taking the lock") {
			t.Errorf("%d: %v", code, err)
		}
	}
}
