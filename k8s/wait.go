package k8s

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	selecting "k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/seatrial/seatrial/trial"
)

// Waiter waits until all objects are ready. It watches them, and what belongs
// to them, and nothing else of the cluster.
type Waiter struct {
	cluster *Cluster
	within  time.Duration
	targets []target
	hide    trial.Hider
	tell    func(object, sentence string)
}

// NewWaiter prepares the wait; nothing is sent. Tell is told when the reason
// changes why an object is not ready; secrets are texts that nothing shown may hold.
func NewWaiter(c *Cluster, objects []Object, within time.Duration, secrets []string, tell func(object, sentence string)) (*Waiter, error) {
	w := &Waiter{cluster: c, within: within, hide: trial.NewHider(append(c.Secrets(), secrets...)), tell: tell}
	for _, o := range objects {
		t, err := o.target(c.Namespace)
		if err != nil {
			return nil, fmt.Errorf("ready: %w", err)
		}
		w.targets = append(w.targets, t)
	}
	return w, nil
}

// Wait returns nil when all objects are ready, a *trial.NotReadyError when one
// can't become ready or the time is over, an *AccessError when the cluster
// refuses to tell, or ctx's error.
func (w *Waiter) Wait(ctx context.Context) error {
	limited, stop := context.WithTimeout(ctx, w.within)
	defer stop()
	readings, errs := make([]reading, len(w.targets)), make([]error, len(w.targets))
	var all sync.WaitGroup
	for i, t := range w.targets {
		all.Go(func() {
			readings[i], errs[i] = w.wait(limited, t)
			if errs[i] != nil || readings[i].state == failed {
				stop() // nothing else matters any more
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if err := w.missing(ctx, readings); err != nil {
		return err
	}
	return nil
}

// missing tells of what is not ready, with its story. Where something can't
// become ready, that is the reason: the wait for the rest was broken off.
func (w *Waiter) missing(ctx context.Context, readings []reading) error {
	out := &trial.NotReadyError{Within: w.within.String()}
	out.Hopeless = slices.ContainsFunc(readings, func(r reading) bool { return r.state == failed })
	told := 0
	for i, r := range readings {
		if r.state == ready || out.Hopeless && r.state != failed {
			continue
		}
		story := trial.Unready{Object: w.targets[i].shown, Sentence: w.hidden(r.sentence), Hopeless: r.state == failed}
		if told < mostStories && !r.unheard && ctx.Err() == nil {
			w.tellStory(ctx, w.targets[i], r, &story)
			told++
		}
		out.Unready = append(out.Unready, story)
		out.Reasons = append(out.Reasons, story.Object+": "+story.Sentence)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(out.Unready) == 0:
		return nil
	}
	return out
}

func unheard(format string, args ...any) reading {
	r := notYet(format, args...)
	r.unheard = true
	return r
}

// wait follows one target until it is ready or can't become so, or ctx ends.
func (w *Waiter) wait(ctx context.Context, t target) (reading, error) {
	from, what, err := w.locate(ctx, t)
	if err != nil {
		return reading{}, err
	}
	if from == nil {
		return what.none, nil
	}
	watching := newVigil(ctx, w, t)
	defer watching.end()
	watching.start(itself, from, what.collection)
	return watching.run()
}

// place is where a target's objects are; none says why that can't be known.
type place struct {
	collection
	none reading
}

// locate asks the API server for the target's kind. It is asked again while the
// server does not answer; a kind that it does not know is never ready.
func (w *Waiter) locate(ctx context.Context, t target) (dynamic.ResourceInterface, place, error) {
	pause, last := firstPause, unheard("the API server %s has not answered yet", w.cluster.Server())
	for ctx.Err() == nil {
		mapping, err := w.cluster.mappingWithin(ctx, t.kind)
		switch {
		case ctx.Err() != nil:
			return nil, place{none: last}, nil
		case err == nil:
			what := collection{labels: t.selector}
			if t.name != "" {
				what.fields = selecting.OneTermEqualSelector("metadata.name", t.name).String()
			}
			return w.cluster.mapped(mapping, t.namespace), place{collection: what}, nil
		case meta.IsNoMatchError(err):
			return nil, place{none: never("the API server knows no %s: is what defines them installed in this cluster?", t.kind.title())}, nil
		case isFatal(err):
			return nil, place{}, w.cluster.explained("asking for "+t.shown, err)
		}
		last = unheard("%s", w.cluster.unreachable(err))
		w.cluster.kinds.Reset()
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, mostPause)
	}
	return nil, place{none: last}, nil
}

// title is the kind as kubectl calls it.
func (k kind) title() string {
	if k.group.Group == "" {
		return k.resource
	}
	return k.resource + "." + k.group.Group
}

// mappingWithin is mapping that ends with ctx, which the client's discovery
// knows nothing of: it goes on alone until its own time is over.
func (c *Cluster) mappingWithin(ctx context.Context, k kind) (*meta.RESTMapping, error) {
	type answer struct {
		mapping *meta.RESTMapping
		err     error
	}
	answers := make(chan answer, 1)
	go func() {
		mapping, err := c.mapping(k)
		answers <- answer{mapping, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case a := <-answers:
		return a.mapping, a.err
	}
}

// mapping finds a kind by its name, or by its resource where only that is known.
func (c *Cluster) mapping(k kind) (*meta.RESTMapping, error) {
	mapping, err := c.kinds.RESTMapping(k.group)
	if !meta.IsNoMatchError(err) {
		return mapping, err
	}
	found, err := c.kinds.KindFor(schema.GroupVersionResource{Group: k.group.Group, Resource: k.resource})
	if err != nil {
		return nil, err
	}
	return c.kinds.RESTMapping(found.GroupKind(), found.Version)
}

// vigil is the wait for one target: the feeds of its objects, and what they told.
type vigil struct {
	*Waiter
	ctx     context.Context
	target  target
	changes chan change
	feeds   map[role]*following
	started int
	all     sync.WaitGroup
	last    reading
	seen    string // why it was not ready when the API server last answered
	told    string

	confirming bool // it seemed ready, and is looked at anew: watches may be behind
}

// following is a feed that runs.
type following struct {
	number int
	from   dynamic.ResourceInterface
	what   collection
	stop   context.CancelFunc
	items  []object
	known  bool // it has told what is there, and was not lost since
}

func newVigil(ctx context.Context, w *Waiter, t target) *vigil {
	return &vigil{Waiter: w, ctx: ctx, target: t, changes: make(chan change), feeds: map[role]*following{}, last: notYet("was not asked for yet")}
}

// restart forgets what was told and asks for all of it anew.
func (v *vigil) restart() {
	own := v.feeds[itself]
	for r, f := range v.feeds {
		f.stop()
		delete(v.feeds, r)
	}
	v.start(itself, own.from, own.what)
}

func (v *vigil) start(r role, from dynamic.ResourceInterface, what collection) {
	ctx, stop := context.WithCancel(v.ctx)
	v.started++
	f := &following{number: v.started, from: from, what: what, stop: stop}
	v.feeds[r] = f
	v.all.Go(func() {
		feed(ctx, from, what, func(c change) {
			c.role, c.feed = r, f.number
			select {
			case v.changes <- c:
			case <-ctx.Done():
			}
		})
	})
}

func (v *vigil) end() {
	for _, f := range v.feeds {
		f.stop()
	}
	v.all.Wait()
}

// run reads the target whenever something changed, or time alone may have
// changed what it means.
func (v *vigil) run() (reading, error) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-v.ctx.Done():
			return v.last, nil
		case c := <-v.changes:
			if err := v.take(c); err != nil {
				return v.last, err
			}
		case <-timer.C:
		}
		if !v.known() {
			continue
		}
		if v.last = v.read(); v.last.state == ready && !v.confirming {
			v.confirming, v.last = true, notYet("seemed ready, but the time was over before a second look could say so")
			v.restart()
			continue
		}
		v.seen = v.last.sentence
		v.say(v.last)
		if v.last.state != waiting {
			return v.last, nil
		}
		v.confirming = false
		if v.last.again > 0 {
			timer.Reset(v.last.again)
		}
	}
}

// take notes a change. One of a feed that was stopped is of no interest.
func (v *vigil) take(c change) error {
	f := v.feeds[c.role]
	if f == nil || f.number != c.feed {
		return nil
	}
	switch {
	case c.fatal != nil && c.role != itsEvents:
		return v.cluster.explained("waiting for "+v.target.shown, c.fatal)
	case c.fatal != nil:
		f.known = true // events only add words; waiting goes on without
		return nil
	case c.lost != nil:
		f.known = false
		v.last = unheard("%s%s", v.cluster.unreachable(c.lost), v.before())
		v.say(v.last)
		return nil
	}
	f.items, f.known = c.items, true
	if c.role == itself {
		v.rearrange()
	}
	return nil
}

// rearrange watches the parts that the object has now: they go by its selector.
func (v *vigil) rearrange() {
	wanted := map[role]collection{}
	if o := v.object(); o != nil && v.target.kind.parts != nil && v.target.condition == nil && v.target.path == nil {
		wanted = v.target.kind.parts(o)
	}
	for r, f := range v.feeds {
		if what, still := wanted[r]; r != itself && (!still || what != f.what) {
			f.stop()
			delete(v.feeds, r)
		}
	}
	for r, what := range wanted {
		if v.feeds[r] == nil {
			v.start(r, what.in(v.cluster), what)
		}
	}
}

func (v *vigil) before() string {
	if v.seen == "" {
		return ""
	}
	return "; before that: " + v.seen
}

func (v *vigil) object() object {
	if items := v.feeds[itself].items; v.target.selector == "" && len(items) == 1 {
		return items[0]
	}
	return nil
}

func (v *vigil) known() bool {
	for _, f := range v.feeds {
		if !f.known {
			return false
		}
	}
	return true
}

func (v *vigil) read() reading {
	now := v.cluster.clock.now()
	if v.target.selector != "" {
		return v.target.readAll(v.feeds[itself].items, now)
	}
	s := sight{object: v.object(), parts: map[role][]object{}, now: now}
	for r, f := range v.feeds {
		s.parts[r] = f.items
	}
	return v.target.readOne(s)
}

// say tells people what is waited for, when that has changed.
func (v *vigil) say(r reading) {
	sentence := v.hidden(r.sentence)
	if r.state == ready {
		sentence = "is ready"
	}
	if v.tell != nil && sentence != v.told {
		v.tell(v.target.shown, sentence)
	}
	v.told = sentence
}

// longestSentence is the most of a reason that is kept, in bytes.
const longestSentence = 1000

func (w *Waiter) hidden(text string) string {
	cut := len(text) > longestSentence
	return w.hide.Hide(text[:min(len(text), longestSentence)], cut)
}
