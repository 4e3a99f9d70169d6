package k8s

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/seatrial/seatrial/trial"
)

// Means is what a restoring person allows.
type Means int

const (
	Careful Means = iota // only where nobody but the trial changed the route, and its trial is over
	Force                // whatever was changed since, and whether the trial lives or not
	Keep                 // leave the route as it is and take the note away
)

// Restore brings back what notes of trials say was on a route before, and tells
// what it did. A route without a note stays as it is, so it can be called again.
func Restore(ctx context.Context, c *Cluster, route, namespace string, means Means, now func() time.Time, tell func(string)) error {
	first, err := c.find(ctx, route, namespace)
	if err != nil {
		return err
	}
	if namespace == "" {
		namespace = c.Namespace
	}
	route = first.label
	if !hasTraces(first.seen()) {
		tell(route + ": no note of a trial on it; nothing to restore")
		return nil
	}
	lock := &lock{at: c.objects.Resource(leases).Namespace(namespace), name: leaseName(route), label: route, now: now}
	if means == Careful {
		if err := lock.over(ctx, tell); err != nil {
			return err
		}
	}
	if err := c.restoreWithOthers(ctx, first, namespace, means, tell); err != nil {
		return err
	}
	return lock.remove(ctx)
}

// RestoreAll restores every route in the namespace that carries a note.
func RestoreAll(ctx context.Context, c *Cluster, namespace string, means Means, now func() time.Time, tell func(string)) error {
	if namespace == "" {
		namespace = c.Namespace
	}
	var found int
	var failed error
	for _, r := range routers() {
		if r.group.Kind == "" {
			continue // any object's fields
		}
		names, err := c.noted(ctx, r.group, namespace)
		failed = errors.Join(failed, err)
		found += len(names)
		for _, name := range names {
			failed = errors.Join(failed, Restore(ctx, c, r.word+"/"+name, namespace, means, now, tell))
		}
	}
	if found == 0 && failed == nil {
		tell("no note of a trial on a route in namespace " + namespace + "; nothing to restore")
	}
	return failed
}

// noted are the names of objects with a trace of a trial; none where the API
// server does not know the kind.
func (c *Cluster) noted(ctx context.Context, kind schema.GroupKind, namespace string) ([]string, error) {
	at, err := c.resource(kind, namespace)
	if meta.IsNoMatchError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := at.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing %s in namespace %s: %w", kind, namespace, err)
	}
	var names []string
	for i := range list.Items {
		if hasTraces(&list.Items[i]) {
			names = append(names, list.Items[i].GetName())
		}
	}
	return names, nil
}

// restoreWithOthers restores a route and the further objects that its note
// names.
func (c *Cluster) restoreWithOthers(ctx context.Context, route *kept, namespace string, means Means, tell func(string)) error {
	n, err := noteOn(route.seen())
	if err != nil && means != Keep {
		return fmt.Errorf("%s: %w", route.label, err)
	}
	all := []*kept{route}
	if n != nil {
		route.owns = paths(n.Before)
		others, err := c.noteOthers(ctx, n, namespace)
		if err != nil {
			return err
		}
		all = append(all, others...)
	}
	if means == Keep {
		err = removeNotes(ctx, all, anyNote, keepManagers)
	} else {
		err = bringBack(ctx, all, acceptance(means))
	}
	if err != nil {
		return withMeans(err)
	}
	for _, o := range all {
		tell(o.label + ": " + outcomes[means])
	}
	return nil
}

var outcomes = [...]string{
	Careful: "as it was before the trial",
	Force:   "as it was before the trial",
	Keep:    "left as it is; the trial's note is gone",
}

func withMeans(err error) error {
	var takenOver *trial.TakenOverError
	if errors.As(err, &takenOver) && takenOver.Detail != deleted {
		return fmt.Errorf("%w. Nothing was done. --force brings back what was there before the trial all the same, --keep leaves it as it is and takes the note away", err)
	}
	return err
}

// noteOthers reads the further objects that a route's note names; those that
// are gone are nobody's to restore.
func (c *Cluster) noteOthers(ctx context.Context, n *note, namespace string) ([]*kept, error) {
	var all []*kept
	for _, o := range n.Others {
		p := part{group: schema.GroupKind{Group: o.Group, Kind: o.Kind}, name: o.Name}
		found, err := c.keep(ctx, p, namespace, labelOf(p))
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		its, err := noteOn(found.seen())
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", found.label, err)
		case its != nil && its.Holder == n.Holder:
			found.owns = paths(its.Before)
			all = append(all, found)
		}
	}
	return all, nil
}

// acceptance is what must be true of an object for its restoration.
func acceptance(means Means) mine {
	if means == Force {
		return anyNote
	}
	return untouchedSince
}

// untouchedSince accepts objects as any trial wrote them last, and as they were
// before it.
func untouchedSince(o *kept, found object) (*note, error) {
	n, err := noteOn(found)
	if n == nil || err != nil {
		return nil, err
	}
	stands, errStands := n.stands(found)
	untouched, errUntouched := n.untouched(found)
	if err := errors.Join(errStands, errUntouched); err != nil {
		return nil, err
	}
	if stands || untouched {
		return n, nil
	}
	was := found.DeepCopy()
	if err := setFields(was, n.Before); err != nil {
		return nil, err
	}
	detail := "it is neither as the trial left it nor as it was before; since before the trial" + diffOf(o, was, found)
	return nil, &trial.TakenOverError{Route: o.label, Detail: detail}
}

func anyNote(_ *kept, found object) (*note, error) { return noteOn(found) }

// over waits as long as the lock of a living trial could stay without renewal,
// and says so if there is one.
func (l *lock) over(ctx context.Context, tell func(string)) error {
	var rival sighting
	for {
		found, err := l.at.Get(ctx, l.name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return fmt.Errorf("reading the lock %s: %w", l.name, err)
		}
		if rival.lease == nil {
			tell(fmt.Sprintf("%s: looking for %s whether the trial by %s still lives", l.label, lastsOf(found), holderOf(found)))
		}
		rival.saw(found, l.now())
		switch {
		case rival.renewed:
			return fmt.Errorf("%s is on trial by %s, which lives; end it with \"seatrial override\", or use --force", l.label, holderOf(found))
		case rival.dead(l.now()):
			return nil
		case rival.stays():
			return fmt.Errorf("the lock %s is held by %s for %s, longer than any trial's; ask whoever holds it, or use --force", l.name, holderOf(found), lastsOf(found))
		}
		if !pause(ctx, time.Second) {
			return ctx.Err()
		}
	}
}
