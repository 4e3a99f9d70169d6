package k8s

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/seatrial/seatrial/trial"
)

// Changed tells once when another hand changes or deletes an object of the
// route, or takes its lock, between two shifts.
func (k *Keeper) Changed() <-chan error { return k.changed }

func (k *Keeper) tellChanged(err error) {
	select {
	case k.changed <- err:
	default: // one is enough
	}
}

// runBeside renews the lock until stop. What it returns begins to watch the
// objects, once they are taken, and to acknowledge orders.
func (k *Keeper) runBeside(ctx context.Context) (watchThem func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if err := k.lock.keep(ctx); err != nil {
			k.tellChanged(err)
		}
	})
	k.stop = func() {
		cancel()
		running.Wait()
	}
	return func() {
		for _, o := range k.kept {
			running.Go(func() { k.watch(ctx, o) })
		}
		running.Go(func() { k.acknowledge(ctx) })
	}
}

// watch looks at every state of an object, as soon as it is there. A watch that
// ends is begun again, from the state that is read then.
func (k *Keeper) watch(ctx context.Context, o *kept) {
	k.noticed(o, o.seen()) // orders that came before the watch
	for wait := shortestPause; ctx.Err() == nil; {
		if events, err := o.events(ctx); err == nil {
			wait = shortestPause
			k.follow(o, events)
		}
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, longestPause)
		switch found, err := o.read(ctx); {
		case apierrors.IsNotFound(err):
			k.tellChanged(&trial.TakenOverError{Route: o.label, Detail: deleted})
		case err == nil:
			k.noticed(o, found)
		}
	}
}

// watchWithin makes the server end a watch, so that one whose connection died
// silently is not trusted for long.
const watchWithin = 2 * time.Minute

func (o *kept) events(ctx context.Context) (watch.Interface, error) {
	seconds := int64(watchWithin / time.Second)
	return o.at.Watch(ctx, metav1.ListOptions{
		FieldSelector: "metadata.name=" + o.name, ResourceVersion: o.seen().GetResourceVersion(), TimeoutSeconds: &seconds,
	})
}

func (k *Keeper) follow(o *kept, events watch.Interface) {
	defer events.Stop()
	for e := range events.ResultChan() {
		found, isObject := e.Object.(object)
		switch {
		case e.Type == watch.Deleted:
			k.tellChanged(&trial.TakenOverError{Route: o.label, Detail: deleted})
		case isObject && (e.Type == watch.Added || e.Type == watch.Modified):
			k.noticed(o, found)
		case e.Type == watch.Error:
			return
		}
	}
}

// noticed takes a new state in: another hand's is told, ours may bring an
// order.
func (k *Keeper) noticed(o *kept, found object) {
	if _, err := k.ours(o, found); err != nil {
		k.tellChanged(err)
		return
	}
	o.see(found)
	if o != k.kept[0] {
		return
	}
	k.readOrder(found)
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.news)
	k.news = make(chan struct{})
}

// settle waits until the route's controller has taken the change to heart, or
// another hand was there.
func (k *Keeper) settle(ctx context.Context) error {
	if k.Settle == 0 || k.router.live == nil {
		return nil
	}
	within := time.NewTimer(k.Settle)
	defer within.Stop()
	for {
		k.mu.Lock()
		news := k.news
		k.mu.Unlock()
		live, why := k.router.live(k.kept[0].seen())
		if live {
			return nil
		}
		select {
		case <-news:
		case err := <-k.changed:
			return err
		case <-within.C:
			return fmt.Errorf("%s: its controller has not taken the change to heart within %s: %s", k.Route, k.Settle, why)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// readOrder keeps a new order of a person until it is asked for. One that
// can't be read is told and obeyed by nobody.
func (k *Keeper) readOrder(route object) {
	text, by := route.GetAnnotations()[orderKey], route.GetAnnotations()[orderByKey]
	k.mu.Lock()
	defer k.mu.Unlock()
	if text == "" || text == k.given {
		k.given = text
		return
	}
	k.given = text
	order, err := parseOrder(text, k.versions())
	if err != nil {
		k.Tell(fmt.Sprintf("%s: not obeyed: %v", k.Route, err))
		k.acknowledgeSoon(answer{text, fmt.Sprintf("not obeyed: %v", err)})
		return
	}
	order.By = by
	if by == "" {
		order.By = "somebody"
	}
	k.pending = order
}

func (k *Keeper) versions() []string {
	var names []string
	for _, b := range k.Backends {
		names = append(names, b.Version)
	}
	return names
}

// Order is what a person told since it was asked last. From then on the route
// says that it is obeyed.
func (k *Keeper) Order() trial.Order {
	k.mu.Lock()
	defer k.mu.Unlock()
	order := k.pending
	k.pending = trial.Order{}
	if order.Kind != trial.NoOrder {
		k.acknowledgeSoon(answer{k.given, fmt.Sprintf("%s, by %s, at %s", k.given, order.By, k.Now().UTC().Format(time.RFC3339))})
	}
	return order
}

// answer is what became of an order.
type answer struct{ order, text string }

func (k *Keeper) acknowledgeSoon(a answer) {
	select {
	case k.answers <- a:
	default: // a newer one stands on the route soon enough
	}
}

// acknowledge takes orders from the route and writes what became of them. An
// order that was written meanwhile stays.
func (k *Keeper) acknowledge(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-k.answers:
			// Another hand is the watch's to tell.
			_ = k.kept[0].change(ctx, k.ours, func(route object, n *note) (*note, error) {
				annotations := route.GetAnnotations()
				if annotations[orderKey] == a.order {
					delete(annotations, orderKey)
					delete(annotations, orderByKey)
				}
				annotations[obeyedKey] = a.text
				route.SetAnnotations(annotations)
				return n, nil
			})
		}
	}
}
