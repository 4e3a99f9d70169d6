package k8s

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seatrial/seatrial/trial"
)

const ofAnotherTrial = "it carries the note of the trial by "

// writtenBy accepts an object whose note is the holder's and whose owned
// fields are as that note says they were written last.
func writtenBy(holder string, o *kept, found object) (*note, error) {
	n, err := noteOn(found)
	switch {
	case err != nil:
		return nil, &trial.TakenOverError{Route: o.label, Detail: err.Error()}
	case n == nil:
		return nil, &trial.TakenOverError{Route: o.label, Detail: "the trial's note on it is gone" + andFields(o, found)}
	case n.Holder != holder:
		return nil, &trial.TakenOverError{Route: o.label, Detail: ofAnotherTrial + n.Holder}
	}
	untouched, err := n.untouched(found)
	switch {
	case err != nil:
		return nil, &trial.TakenOverError{Route: o.label, Detail: err.Error()}
	case !untouched:
		return nil, &trial.TakenOverError{Route: o.label, Detail: "in the place of what the trial wrote (-) it has (+):" + diffOf(o, o.seen(), found)}
	}
	return n, nil
}

// shownChanges is how many changed lines a sentence has.
const shownChanges = 6

// diffOf is what was found in the place of what was there.
func diffOf(o *kept, was, found object) string {
	a, errWas := excerpt(was, o.owns)
	b, errIs := excerpt(found, o.owns)
	if err := errors.Join(errWas, errIs); err != nil {
		return " (no diff: " + err.Error() + ")"
	}
	if short := changes(a, b, shownChanges); short != "" {
		return " " + short
	}
	return " other values than the note says"
}

func andFields(o *kept, found object) string {
	if same, err := sameFields(o.seen(), found, o.owns); err == nil && same {
		return ""
	}
	return ", and" + diffOf(o, o.seen(), found)
}

// Leave ends the trial's hold on the route: with nil exactly as it was before,
// else with these percentages and nothing else of the trial. While the API
// server is away it is tried again until the context ends, which is to be one
// of its own: after a signal the trial's has ended. The error says what a
// person must do. Without a Take before there is nothing to do; after one that
// failed, the error is that of the way back.
func (k *Keeper) Leave(ctx context.Context, weights []int) error {
	if k.Dry != nil {
		return k.dryLeave(ctx, weights)
	}
	k.stop()
	k.stop = func() {}
	if k.lock == nil || len(k.kept) == 0 {
		return k.undone
	}
	err := k.end(ctx, weights)
	k.kept = nil
	k.release(ctx)
	return k.remedied(err)
}

func (k *Keeper) release(ctx context.Context) {
	if err := k.lock.release(ctx); err != nil {
		k.Tell(fmt.Sprintf("the lock %s could not be released (%v); it ends by itself in %s", k.lock.name, err, k.lock.lasts))
	}
}

func (k *Keeper) end(ctx context.Context, weights []int) error {
	if weights == nil {
		return bringBack(ctx, k.kept, k.oursOrBefore)
	}
	if err := k.apply(ctx, Plan{Weights: weights}, final); err != nil {
		return err
	}
	for i, o := range k.kept {
		k.before[i], _ = fieldsAt(o.seen(), o.owns)
	}
	return removeNotes(ctx, k.kept, k.oursOrBefore, keepManagers)
}

// undo is the way back out of a Take that failed. Of objects that nothing was
// sent to, nothing is asked.
func (k *Keeper) undo(ctx context.Context) error {
	var noted []*kept
	var unknown error
	for _, o := range k.kept {
		if !o.tried.Load() {
			continue
		}
		if err := o.check(ctx, asFound); err != nil {
			unknown = errors.Join(unknown, err)
		} else if n, err := noteOn(o.seen()); err == nil && n != nil && n.Holder == k.Holder {
			noted = append(noted, o)
		}
	}
	err := errors.Join(unknown, bringBack(ctx, noted, k.ours))
	k.kept = nil
	k.release(ctx)
	return k.remedied(err)
}

// asFound accepts whatever is there.
func asFound(*kept, object) (*note, error) { return nil, nil }

// undoWithin bounds it: the API server may be what made it fail.
const undoWithin = 20 * time.Second

// remedied adds what a person can do.
func (k *Keeper) remedied(err error) error {
	var takenOver *trial.TakenOverError
	command := "seatrial restore --route " + k.Route + " --namespace " + k.Namespace
	switch {
	case err == nil:
		return nil
	case errors.As(err, &takenOver) && (takenOver.Detail == deleted || strings.HasPrefix(takenOver.Detail, ofAnotherTrial)):
		return err
	case errors.As(err, &takenOver):
		return fmt.Errorf("%w. Its note stays: \"%s --force\" brings back what was there before the trial, \"--keep\" in the place of \"--force\" leaves it as it is and takes the note away", err, command)
	}
	return fmt.Errorf("%w. Its note is still on it: \"%s\" or the next trial on it brings back what was there before", err, command)
}

// oursOrBefore accepts as well what somebody brought back already.
func (k *Keeper) oursOrBefore(o *kept, found object) (*note, error) {
	n, err := k.ours(o, found)
	if err == nil {
		return n, nil
	}
	i := slices.Index(k.kept, o)
	fields, errFields := fieldsAt(found, o.owns)
	if errFields != nil || fingerprint(fields) != fingerprint(k.before[i]) {
		return nil, err
	}
	if n, errNote := noteOn(found); errNote == nil && (n == nil || n.Holder == k.Holder) {
		return n, nil
	}
	return nil, err
}

// bringBack brings objects back as their notes say, the route first, so that it
// points to nothing that is there no more; then it takes the notes away, the
// route's last, since it tells of the others. Objects that are accepted without
// a note stay as they are. Of several, all are looked at before one is changed.
func bringBack(ctx context.Context, objects []*kept, accept mine) error {
	if len(objects) > 1 {
		for _, o := range objects {
			if err := o.check(ctx, accept); err != nil {
				return err
			}
		}
	}
	for _, o := range objects {
		err := o.change(ctx, accept, func(current object, n *note) (*note, error) {
			if n == nil {
				return nil, errAsItIs
			}
			stands, err := n.stands(current)
			switch {
			case err != nil:
				return nil, err
			case stands:
				return nil, errAsItIs
			}
			return n, setFields(current, n.Before)
		})
		if err != nil {
			return err
		}
	}
	return removeNotes(ctx, objects, accept, returnManagers)
}

func removeNotes(ctx context.Context, objects []*kept, accept mine, ownership func(object, *note) error) error {
	for _, o := range slices.Backward(objects) {
		err := o.change(ctx, accept, func(current object, n *note) (*note, error) {
			if n == nil && !hasTraces(current) {
				return nil, errAsItIs
			}
			return nil, ownership(current, n)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func keepManagers(object, *note) error { return nil }

// hasTraces reports whether something of a trial or of a person's orders to it
// is on an object.
func hasTraces(o object) bool {
	annotations := o.GetAnnotations()
	return slices.ContainsFunc(traces(), func(key string) bool { _, found := annotations[key]; return found })
}

// bringBackDead restores what trials left that ended without doing so: whoever
// holds the lock is the only one that lives.
func (k *Keeper) bringBackDead(ctx context.Context) error {
	n, err := noteOn(k.kept[0].seen())
	if err != nil {
		return fmt.Errorf("%s: %w", k.Route, err)
	}
	left := k.kept
	if n != nil {
		others, err := k.cluster.noteOthers(ctx, n, k.Namespace)
		if err != nil {
			return err
		}
		left = append(left[:1:1], others...)
	}
	left = slices.DeleteFunc(slices.Clone(left), func(o *kept) bool { return !hasTraces(o.seen()) })
	if len(left) == 0 {
		return nil
	}
	if err := k.sameRoute(left); err != nil {
		return err
	}
	if err := bringBack(ctx, left, untouchedSince); err != nil {
		return k.remedied(fmt.Errorf("bringing back what an earlier trial left: %w", err))
	}
	k.tellDead(n)
	for _, o := range k.kept {
		if err := o.refresh(ctx); err != nil {
			return fmt.Errorf("%s: %w", o.label, err)
		}
	}
	return nil
}

// sameRoute refuses objects that a trial on another route has: their locks are
// not this one.
func (k *Keeper) sameRoute(objects []*kept) error {
	for _, o := range objects {
		if n, err := noteOn(o.seen()); err == nil && n != nil && n.Route != k.Route {
			return &trial.NotReadyError{Within: k.Wait.String(), Reasons: []string{o.label + " is on trial with " + n.Route + ", by " + n.Holder}}
		}
	}
	return nil
}

func (k *Keeper) tellDead(n *note) {
	switch {
	case n == nil:
		k.Tell(k.Route + ": what was ordered or noted before this trial is not obeyed and was taken away")
	case n.Holder != k.Holder:
		k.Tell(fmt.Sprintf("%s: the trial by %s, begun at %s, ended without bringing it back; now it is as it was before that trial", k.Route, n.Holder, n.Since.Format(time.RFC3339)))
	}
}
