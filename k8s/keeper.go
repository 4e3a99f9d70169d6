package k8s

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/seatrial/seatrial/trial"
)

// Routing is what a keeper keeps: a route, and how a trial shares its traffic.
type Routing struct {
	Route     string    // "httproute/shop"; unused where there are weights
	Weights   []Weight  // fields of any objects, in the place of a route
	Namespace string    // empty: the cluster's
	Backends  []Backend // one a version, in their order, the baseline first
	Match     []Match
	Mirror    *Mirror
	Sticky    *Sticky

	Opening []int         // percent of each backend from Take on; nil: as they are
	Wait    time.Duration // at most, for another trial on the route
	Settle  time.Duration // at most, until the controller has taken a change to heart; 0: it is not waited for

	Holder string // tells this trial from all others: host, process, something random
	Where  string // for people: the address of the pipeline

	Now  func() time.Time
	Tell func(string) // what a person should know, in one sentence with the cluster's words in it, so untrusted
	Dry  io.Writer    // not nil: nothing is written but this, a diff of each change
}

// Keeper moves a route's traffic and brings back what was there. Its methods
// but Order and Changed are to be called one after another.
type Keeper struct {
	Routing
	cluster *Cluster
	router  router
	name    string

	lock    *lock
	kept    []*kept // the route first
	before  [][]field
	undone  error  // why a Take that failed could not be undone
	stop    func() // ends what runs beside, and waits for it
	changed chan error
	answers chan answer

	mu      sync.Mutex
	pending trial.Order
	given   string        // the order that was read last
	news    chan struct{} // closed when the route was seen anew
}

// NewKeeper prepares; nothing is asked of the cluster yet.
func NewKeeper(c *Cluster, r Routing) (*Keeper, error) {
	known, name, err := r.router()
	if err != nil {
		return nil, err
	}
	if r.Namespace == "" {
		r.Namespace = c.Namespace
	}
	r.Route = wordOf(known.group) + "/" + name
	return &Keeper{
		Routing: r, cluster: c, router: known, name: name, stop: func() {},
		changed: make(chan error, 1), answers: make(chan answer, 8), news: make(chan struct{}),
	}, nil
}

// router is the kind of the route, and the route's name.
func (r Routing) router() (router, string, error) {
	if len(r.Weights) > 0 {
		return weightsRouter(r.Weights)
	}
	word, name, err := splitRoute(r.Route)
	if err != nil {
		return router{}, "", err
	}
	known, err := routerFor(word)
	return known, name, err
}

// wordOf is a kind as routes, locks and notes name it, however it was written:
// all who mean the same object must find the same lock.
func wordOf(kind schema.GroupKind) string {
	for _, r := range routers() {
		if r.group.Kind != "" && strings.EqualFold(r.group.String(), kind.String()) {
			return r.word
		}
	}
	return strings.ToLower(kind.String())
}

func splitRoute(route string) (word, name string, err error) {
	word, name, found := strings.Cut(route, "/")
	if !found || word == "" || name == "" || strings.Contains(name, "/") {
		return "", "", fmt.Errorf("route %q: it is to be written kind/name, as httproute/shop", route)
	}
	return word, name, nil
}

// Take gets the route for this trial: its lock, what a dead trial left brought
// back, a note of what is there, the opening plan. It returns the percentages
// that were there. A route that is another trial's is a *trial.NotReadyError.
// After an error the route is as it was, or Leave says that it is not.
func (k *Keeper) Take(ctx context.Context) ([]int, error) {
	if k.Dry != nil {
		return k.dryTake(ctx)
	}
	k.lock = k.newLock(leaseLasts)
	if err := k.lock.take(ctx, k.Wait); err != nil {
		return nil, k.cluster.allowing(err)
	}
	watchThem := k.runBeside(context.WithoutCancel(ctx))
	weights, err := k.open(ctx)
	if err != nil {
		k.stop()
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoWithin) // also after a signal
		defer cancel()
		k.undone = k.undo(back)
		return nil, k.cluster.allowing(err)
	}
	watchThem()
	return weights, nil
}

func (k *Keeper) newLock(lasts time.Duration) *lock {
	return &lock{
		at: k.cluster.objects.Resource(leases).Namespace(k.Namespace), name: leaseName(k.Route),
		label: k.Route, holder: k.Holder, where: k.Where, lasts: lasts, now: k.Now,
	}
}

// open notes and changes. When somebody writes the objects between the reading
// and the note, it reads again.
func (k *Keeper) open(ctx context.Context) ([]int, error) {
	for {
		weights, err := k.look(ctx)
		if err != nil {
			return nil, err
		}
		err = k.write(ctx, k.opening(weights))
		if err == nil || !apierrors.IsConflict(err) {
			return weights, err
		}
		if !pause(ctx, shortestPause) {
			return nil, ctx.Err()
		}
	}
}

func (k *Keeper) opening(found []int) Plan {
	switch {
	case k.Opening != nil:
		return k.plan(k.Opening)
	case found != nil:
		return k.plan(found)
	}
	all := make([]int, len(k.Backends))
	all[0] = 100
	return k.plan(all)
}

func (k *Keeper) plan(weights []int) Plan {
	return Plan{Weights: weights, Match: k.Match, Mirror: k.Mirror, Sticky: k.Sticky}
}

// look reads the objects, brings back what a dead trial left, and reads how
// traffic is shared.
func (k *Keeper) look(ctx context.Context) ([]int, error) {
	var err error
	if k.kept, err = k.objects(ctx); err != nil {
		return nil, err
	}
	if k.Dry == nil {
		if err := k.bringBackDead(ctx); err != nil {
			return nil, err
		}
	}
	k.before = nil
	for _, o := range k.kept {
		fields, err := fieldsAt(o.seen(), o.owns)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.label, err)
		}
		k.before = append(k.before, fields)
	}
	weights, err := k.router.shares(k.copies(), k.Backends)
	if err == nil {
		err = k.cluster.supported(ctx, k.router, k.kept[0].seen(), k.opening(weights))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.Route, err)
	}
	return weights, nil
}

// objects finds the route and its further objects.
func (k *Keeper) objects(ctx context.Context) ([]*kept, error) {
	route, err := k.cluster.keep(ctx, part{group: k.router.group, name: k.name, owns: k.router.owns}, k.Namespace, k.Route)
	if err != nil {
		return nil, err
	}
	all := []*kept{route}
	if k.router.others == nil {
		return all, nil
	}
	others, err := k.router.others(route.seen(), k.Backends, k.Sticky)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.Route, err)
	}
	for _, p := range others {
		o, err := k.cluster.keep(ctx, p, k.Namespace, labelOf(p))
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func labelOf(p part) string { return wordOf(p.group) + "/" + p.name }

// keep finds an object and reads it.
func (c *Cluster) keep(ctx context.Context, p part, namespace, label string) (*kept, error) {
	at, err := c.resourceAsWritten(p.group, namespace)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	o := &kept{part: p, label: label, at: at}
	if err := o.refresh(ctx); err != nil {
		return nil, fmt.Errorf("%s in namespace %s: %w", label, namespace, err)
	}
	return o, nil
}

// resourceAsWritten finds a kind also by the name of its resource, in any case:
// "virtualservice.networking.istio.io".
func (c *Cluster) resourceAsWritten(kind schema.GroupKind, namespace string) (dynamic.ResourceInterface, error) {
	at, err := c.resource(kind, namespace)
	if !meta.IsNoMatchError(err) {
		return at, err
	}
	found, errNamed := c.kinds.KindFor(schema.GroupVersionResource{Group: kind.Group, Resource: strings.ToLower(kind.Kind)})
	if errNamed != nil {
		return nil, fmt.Errorf("the API server has no such kind: %w", err)
	}
	return c.resource(found.GroupKind(), namespace)
}

// copies are the objects as seen last.
func (k *Keeper) copies() []object {
	var all []object
	for _, o := range k.kept {
		all = append(all, o.seen())
	}
	return all
}

// write notes what is there and applies the opening plan: for one object in
// one update, for several with all notes first.
func (k *Keeper) write(ctx context.Context, p Plan) error {
	first := k.kept[0]
	if len(k.kept) == 1 {
		changed := first.seen()
		if err := k.lay(0, changed, p); err != nil {
			return err
		}
		if err := first.put(ctx, changed, k.note(0)); err != nil {
			return fmt.Errorf("taking %s: %w", k.Route, err)
		}
		return nil
	}
	for i, o := range k.kept {
		if err := o.put(ctx, o.seen(), k.note(i)); err != nil {
			return fmt.Errorf("noting on %s what is there: %w", o.label, err)
		}
	}
	return k.apply(ctx, p, during)
}

// note is the one for an object before its first change.
func (k *Keeper) note(i int) *note {
	n := &note{
		Schema: noteSchema, Route: k.Route, Holder: k.Holder, Where: k.Where, Since: k.Now().UTC().Truncate(time.Second),
		Before: k.before[i], Managers: foreignManagers(k.kept[i].seen()),
	}
	if i > 0 {
		return n
	}
	for _, b := range k.Backends {
		n.Versions = append(n.Versions, b.Version)
	}
	for _, o := range k.kept[1:] {
		n.Others = append(n.Others, other{Group: o.group.Group, Kind: o.group.Kind, Name: o.name})
	}
	return n
}

// lay puts a plan into an object. It is always applied to what was there
// before the trial, so that it says the same however often it is.
func (k *Keeper) lay(i int, o object, p Plan) error {
	all := k.copies()
	all[i] = o
	for j, each := range all {
		if err := setFields(each, k.before[j]); err != nil {
			return fmt.Errorf("%s: %w", k.kept[j].label, err)
		}
	}
	if err := k.router.apply(all, k.Backends, p); err != nil {
		return fmt.Errorf("%s: %w", k.Route, err)
	}
	return nil
}

// occasion is when a plan is applied.
type occasion bool

const (
	during occasion = false
	final  occasion = true // from now on the notes keep this plan as what is to come back
)

// apply writes a plan into the objects, further ones before the route that
// points to them. Objects that it does not change are not written.
func (k *Keeper) apply(ctx context.Context, p Plan, when occasion) error {
	for i, o := range slices.Backward(k.kept) {
		err := o.change(ctx, k.ours, func(current object, n *note) (*note, error) {
			was, err := fieldsAt(current, o.owns)
			if err != nil {
				return nil, err
			}
			if err := k.lay(i, current, p); err != nil {
				return nil, err
			}
			is, err := fieldsAt(current, o.owns)
			if err != nil {
				return nil, err
			}
			if when == final {
				n.Before = is
				return n, nil
			}
			if fingerprint(is) == fingerprint(was) {
				return nil, errAsItIs
			}
			return n, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Shift shares the traffic anew. When another hand was there, what it wrote
// stays and the error is a *trial.TakenOverError.
func (k *Keeper) Shift(ctx context.Context, weights []int) error {
	if k.Dry != nil {
		return k.dryShow(ctx, k.plan(weights))
	}
	ctx, cancel := context.WithTimeout(ctx, shiftWithin)
	defer cancel()
	if err := k.apply(ctx, k.plan(weights), during); err != nil {
		return err
	}
	return k.settle(ctx)
}

// shiftWithin bounds how long a change is tried while the API server is away:
// the weights of a trial that is stuck are nobody's evidence.
const shiftWithin = 30 * time.Second

// ours accepts an object that this trial wrote last.
func (k *Keeper) ours(o *kept, found object) (*note, error) {
	return writtenBy(k.Holder, o, found)
}
