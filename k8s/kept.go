package k8s

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/dynamic"

	"github.com/seatrial/seatrial/trial"
)

// manager is the trial's name in metadata.managedFields.
const manager = "seatrial"

const (
	callWithin    = 10 * time.Second // one request; an API server that hangs is like one that is away
	shortestPause = 20 * time.Millisecond
	longestPause  = 2 * time.Second
	answerWithin  = 2 * time.Second // what became of a write, after a signal: with the time to leave, within a pod's 30 s
)

// outlasting is a context that ends so long after the other. A write that
// nobody waits for may still be carried out, and after it was seen that there
// is nothing to bring back.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		pause(lasting, by)
		cancel()
	})
	return lasting, func() { stop(); cancel() }
}

// kept is one object of a route: where it is, and how it was seen last.
type kept struct {
	part
	label string // "httproute/shop"
	at    dynamic.ResourceInterface

	tried   atomic.Bool // the server was sent a change of ours
	written atomic.Bool // and took one

	mu   sync.Mutex
	last object
}

func (k *kept) seen() object {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last.DeepCopy()
}

// see remembers a state, unless a newer one was seen: the watch may bring a
// change after the answer to a later one, or what a controller made of a change
// before the answer to that change.
func (k *kept) see(o object) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.last == nil || k.last.GetUID() != o.GetUID() || !older(o, k.last) {
		k.last = o
	}
}

// older compares two states of one object. Resource versions are numbers that
// grow (kubernetes.io/docs, "API Concepts", "Resource versions"); a server
// whose are none still counts generations, which a change of status keeps.
func older(o, than object) bool {
	order, err := resourceversion.CompareResourceVersion(o.GetResourceVersion(), than.GetResourceVersion())
	if err != nil {
		return o.GetGeneration() < than.GetGeneration()
	}
	return order < 0
}

func (k *kept) read(ctx context.Context) (object, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return k.at.Get(ctx, k.name, metav1.GetOptions{})
}

// refresh reads the object anew and remembers it.
func (k *kept) refresh(ctx context.Context) error {
	o, err := k.read(ctx)
	if err == nil {
		k.see(o)
	}
	return err
}

// put updates the object if it is still the one that was read, with the note
// on it. What the server would make of it, defaults and all, is asked first, so
// that the note's fingerprint is that of what will stand there.
func (k *kept) put(ctx context.Context, o object, n *note) error {
	if n != nil {
		if err := k.foresee(ctx, o, n); err != nil {
			return err
		}
	}
	if err := n.stamp(o); err != nil {
		return settled{err}
	}
	ctx, cancel := outlasting(ctx, answerWithin)
	defer cancel()
	k.tried.Store(true)
	stored, err := k.update(ctx, o, nil)
	if err != nil {
		return err
	}
	k.see(stored)
	k.written.Store(true)
	return nil
}

// foresee takes over the owned fields that a dry run of the update gives. A
// webhook that knows no dry runs makes the server refuse it: then they stay as
// they are.
func (k *kept) foresee(ctx context.Context, o object, n *note) error {
	trialRun := o.DeepCopy()
	if err := n.stamp(trialRun); err != nil {
		return settled{err}
	}
	if err := fits(trialRun); err != nil {
		return settled{err}
	}
	stored, err := k.update(ctx, trialRun, []string{metav1.DryRunAll})
	if apierrors.IsBadRequest(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if lost := dropped(trialRun, stored, paths(n.Before)); lost != "" {
		return settled{fmt.Errorf("the API server does not keep %s, which the trial needs: it knows an older definition of the kind; nothing was changed", lost)}
	}
	fields, err := fieldsAt(stored, paths(n.Before))
	if err == nil {
		err = setFields(o, fields)
	}
	if err != nil {
		return settled{err}
	}
	return nil
}

func (k *kept) update(ctx context.Context, o object, dryRun []string) (object, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return k.at.Update(ctx, o, metav1.UpdateOptions{FieldManager: manager, DryRun: dryRun})
}

// mine accepts an object as the trial left it and returns its note, or says
// with a *trial.TakenOverError that another hand was there.
type mine func(k *kept, o object) (*note, error)

// edit changes an object. It returns the note to stand on it, nil for none, or
// errAsItIs where nothing is to be written.
type edit func(o object, n *note) (*note, error)

var errAsItIs = errors.New("nothing to be written")

// change edits the object. When somebody else wrote it meanwhile it is read and
// looked at again; while the API server is away it is tried again, until the
// context ends.
func (k *kept) change(ctx context.Context, ours mine, e edit) error {
	return k.insist(ctx, k.changeAs(ctx, k.seen(), ours, e), ours, e)
}

// check reads the object and looks whether it is accepted.
func (k *kept) check(ctx context.Context, ours mine) error {
	return k.insist(ctx, k.changeAnew(ctx, ours, asItIs), ours, asItIs)
}

func asItIs(object, *note) (*note, error) { return nil, errAsItIs }

// insist tries again what ended in an error that may pass.
func (k *kept) insist(ctx context.Context, err error, ours mine, e edit) error {
	for wait := shortestPause; err != nil && k.passing(err) && pause(ctx, wait); wait = min(2*wait, longestPause) {
		err = k.changeAnew(ctx, ours, e)
	}
	return k.explain(err)
}

func (k *kept) changeAnew(ctx context.Context, ours mine, e edit) error {
	current, err := k.read(ctx)
	if err != nil {
		return err
	}
	return k.changeAs(ctx, current, ours, e)
}

func (k *kept) changeAs(ctx context.Context, current object, ours mine, e edit) error {
	n, err := ours(k, current)
	if err != nil {
		return settled{err}
	}
	k.see(current.DeepCopy())
	n, err = e(current, n)
	switch {
	case errors.Is(err, errAsItIs):
		return nil
	case err != nil:
		return settled{err}
	}
	return k.put(ctx, current, n)
}

// explain says of an API server's answer which object it is about.
func (k *kept) explain(err error) error {
	var takenOver *trial.TakenOverError
	switch {
	case err == nil || errors.As(err, &takenOver):
		return err
	case apierrors.IsNotFound(err):
		return &trial.TakenOverError{Route: k.label, Detail: deleted}
	}
	return fmt.Errorf("%s: %w", k.label, err)
}

// settled is an error that trying again does not mend.
type settled struct{ error }

func (s settled) Unwrap() error { return s.error }

const deleted = "it was deleted; nothing was made anew"

// passing reports whether an error may go by itself. An API server that starts
// refuses everybody until it has read its roles, so to a trial that could write
// before, a refusal may pass too.
func (k *kept) passing(err error) bool {
	switch {
	case errors.As(err, new(settled)):
		return false
	case apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err):
		return k.written.Load()
	}
	return apierrors.IsConflict(err) || mayPass(err)
}

// mayPass reports whether an error is one of an API server that is away, busy
// or starting.
func mayPass(err error) bool {
	var known apierrors.APIStatus
	if !errors.As(err, &known) {
		return !isUntrusted(err) // of the transport
	}
	code := known.Status().Code
	return code == http.StatusTooManyRequests || code >= http.StatusInternalServerError
}

// pause waits, and reports whether the context still lives.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
