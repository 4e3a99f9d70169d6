package k8s

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/seatrial/seatrial/trial"
)

var leases = schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}

// whereKey says on a lease, to a person, where its trial runs.
const whereKey = "seatrial.dev/where"

// leaseLasts is how long a lock stays that nobody renews. It is renewed three
// times as often, so that one lost call does not lose it.
const leaseLasts = 15 * time.Second

// leaseName is the lock of a route; long names end in their fingerprint.
func leaseName(route string) string {
	full := "seatrial-" + strings.ReplaceAll(route, "/", "-")
	const longest = 253 // of a DNS subdomain
	if len(full) <= longest {
		return full
	}
	sum := sha256.Sum256([]byte(full))
	return full[:longest-17] + "-" + hex.EncodeToString(sum[:8])
}

// lock keeps two trials from one route.
type lock struct {
	at     dynamic.ResourceInterface
	name   string
	label  string // of the route
	holder string
	where  string
	lasts  time.Duration
	now    func() time.Time
	seen   object // as last written or read
}

// take gets the lock. One that another trial holds and renews is waited for
// until the limit, as is an API server that is away; one that is not renewed for
// as long as it lasts is dead and taken over, unless it lasts longer than those
// of trials. Its age is measured here: clocks of two machines may differ.
func (l *lock) take(ctx context.Context, limit time.Duration) error {
	began := l.now()
	var rival sighting
	for {
		err := l.tryTake(ctx, &rival)
		held, over := apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err), l.now().Sub(began) >= limit
		switch {
		case err == nil:
			return nil
		case !held && (over || ctx.Err() != nil || !mayPass(err)):
			return fmt.Errorf("taking the lock %s: %w", l.name, err)
		case held && over && rival.stays():
			return l.busy(rival.lease, limit)
		}
		if !pause(ctx, min(time.Second, l.lasts/5)) {
			return ctx.Err()
		}
	}
}

// tryTake makes the lease, or takes over a dead one. A conflict means that
// another trial holds it.
func (l *lock) tryTake(ctx context.Context, rival *sighting) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	found, err := l.at.Get(ctx, l.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		*rival = sighting{}
		l.seen, err = l.at.Create(ctx, l.lease(nil), metav1.CreateOptions{FieldManager: manager})
		return err
	}
	if err != nil {
		return err
	}
	rival.saw(found, l.now())
	if holderOf(found) != "" && !rival.dead(l.now()) {
		return apierrors.NewConflict(leases.GroupResource(), l.name, nil)
	}
	l.seen, err = l.at.Update(ctx, l.lease(found), metav1.UpdateOptions{FieldManager: manager})
	return err
}

// sighting is what was seen of another trial's lease.
type sighting struct {
	lease   object
	since   time.Time // first seen in its present state
	renewed bool      // it changed while it was watched: its trial lives
}

func (s *sighting) saw(lease object, now time.Time) {
	if s.lease != nil && s.lease.GetResourceVersion() == lease.GetResourceVersion() {
		return
	}
	s.renewed = s.lease != nil
	s.lease, s.since = lease, now
}

// stays reports whether waiting a little longer would not help: its trial lives,
// or it is to last longer than a trial's.
func (s *sighting) stays() bool {
	return s.renewed || s.lease != nil && lastsOf(s.lease) > leaseLasts
}

func (s *sighting) dead(now time.Time) bool {
	return now.Sub(s.since) >= lastsOf(s.lease)
}

func (l *lock) busy(lease object, limit time.Duration) error {
	since, _, _ := unstructured.NestedString(lease.Object, "spec", "acquireTime")
	who := holderOf(lease)
	if where := lease.GetAnnotations()[whereKey]; where != "" {
		who += " (" + where + ")"
	}
	return &trial.NotReadyError{Within: limit.String(), Reasons: []string{
		fmt.Sprintf("%s is on trial by %s since %s; wait longer for it, or end that trial with \"seatrial override\"", l.label, who, since),
	}}
}

// lease is the lock held by this trial, in the place of another or anew.
func (l *lock) lease(former object) object {
	o := former.DeepCopy()
	transitions := int64(0)
	if o == nil {
		o = &unstructured.Unstructured{Object: map[string]any{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}}
		o.SetName(l.name)
	} else {
		transitions, _, _ = unstructured.NestedInt64(o.Object, "spec", "leaseTransitions")
		transitions++
	}
	if l.where != "" {
		o.SetAnnotations(map[string]string{whereKey: l.where})
	}
	o.Object["spec"] = map[string]any{
		"holderIdentity": l.holder, "leaseDurationSeconds": max(1, int64(l.lasts/time.Second)),
		"acquireTime": l.stamp(), "renewTime": l.stamp(), "leaseTransitions": transitions,
	}
	return o
}

// stamp is the time as MicroTime writes it.
func (l *lock) stamp() string { return l.now().UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

func holderOf(lease object) string {
	holder, _, _ := unstructured.NestedString(lease.Object, "spec", "holderIdentity")
	return holder
}

func lastsOf(lease object) time.Duration {
	seconds, found, err := unstructured.NestedInt64(lease.Object, "spec", "leaseDurationSeconds")
	if !found || err != nil {
		return leaseLasts
	}
	return time.Duration(seconds) * time.Second
}

// keep renews the lock until the context ends, and says when it was lost.
func (l *lock) keep(ctx context.Context) error {
	for pause(ctx, l.lasts/3) {
		if err := l.renew(ctx); apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			if err := l.again(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *lock) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	o := l.seen.DeepCopy()
	if err := unstructured.SetNestedField(o.Object, l.stamp(), "spec", "renewTime"); err != nil {
		return err
	}
	stored, err := l.at.Update(ctx, o, metav1.UpdateOptions{FieldManager: manager})
	if err == nil {
		l.seen = stored
	}
	return err
}

// again reads a lease that could not be renewed: somebody touched it, a former
// renewal came through without its answer, or another trial has it.
func (l *lock) again(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	found, err := l.at.Get(ctx, l.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return &trial.TakenOverError{Route: l.label, Detail: "its lock " + l.name + " was deleted"}
	case err != nil:
		return nil // the next renewal tells
	case holderOf(found) != l.holder:
		return &trial.TakenOverError{Route: l.label, Detail: "its lock is held by " + holderOf(found)}
	}
	l.seen = found
	return nil
}

// release deletes the lock if it is still this trial's.
func (l *lock) release(ctx context.Context) error {
	return l.removeIf(ctx, func(holder string) bool { return holder == l.holder })
}

// remove deletes the lock, whoever has it.
func (l *lock) remove(ctx context.Context) error {
	return l.removeIf(ctx, func(string) bool { return true })
}

func (l *lock) removeIf(ctx context.Context, may func(holder string) bool) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	found, err := l.at.Get(ctx, l.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && !may(holderOf(found)) {
		return nil
	}
	if err != nil {
		return err
	}
	uid, version := found.GetUID(), found.GetResourceVersion()
	err = l.at.Delete(ctx, l.name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil // somebody else's by now
	}
	return err
}
