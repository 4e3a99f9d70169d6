package k8s

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Override writes an order to the trial that moves a route's traffic: "pause",
// "resume", "end 70/30" or "end candidate=30". It waits until the trial says
// what became of it, at most so long, and returns that; empty if nothing was
// heard.
func Override(ctx context.Context, c *Cluster, route, namespace, order, by string, within time.Duration) (string, error) {
	o, err := c.find(ctx, route, namespace)
	if err != nil {
		return "", err
	}
	if err := o.writeOrder(ctx, order, by); err != nil {
		return "", err
	}
	waiting, stop := context.WithTimeout(ctx, within)
	defer stop()
	for pause(waiting, answerPause) {
		if err := o.refresh(waiting); err != nil {
			continue // what the trial does is not this call's to judge
		}
		annotations := o.seen().GetAnnotations()
		if _, open := annotations[orderKey]; !open {
			return annotations[obeyedKey], nil
		}
	}
	return "", ctx.Err()
}

const answerPause = 250 * time.Millisecond

// find reads an object that is named like a route, or by any kind.
func (c *Cluster) find(ctx context.Context, route, namespace string) (*kept, error) {
	word, name, err := splitRoute(route)
	if err != nil {
		return nil, err
	}
	kind := schema.ParseGroupKind(word)
	if r, err := routerFor(word); err == nil {
		kind = r.group
	}
	if namespace == "" {
		namespace = c.Namespace
	}
	return c.keep(ctx, part{group: kind, name: name}, namespace, wordOf(kind)+"/"+name)
}

// writeOrder puts an order on a route that is on trial. Of the rest it changes
// nothing, whoever writes there meanwhile.
func (k *kept) writeOrder(ctx context.Context, order, by string) error {
	for {
		o := k.seen()
		n, err := noteOn(o)
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", k.label, err)
		case n == nil || n.Versions == nil:
			return fmt.Errorf("%s: no trial moves its traffic: there is no note of one on it", k.label)
		}
		if _, err := parseOrder(order, n.Versions); err != nil {
			return err
		}
		annotations := o.GetAnnotations()
		annotations[orderKey], annotations[orderByKey] = order, by
		delete(annotations, obeyedKey)
		o.SetAnnotations(annotations)
		_, err = k.update(ctx, o, nil)
		if !apierrors.IsConflict(err) {
			return k.explain(err)
		}
		if !pause(ctx, shortestPause) {
			return ctx.Err()
		}
		if err := k.refresh(ctx); err != nil {
			return k.explain(err)
		}
	}
}
