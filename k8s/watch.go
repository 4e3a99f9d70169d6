package k8s

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// collection is a set of objects that is watched: never more than a name or a
// label selects.
type collection struct {
	group, version, resource string
	namespace                string
	labels, fields           string
}

func (c collection) in(cluster *Cluster) dynamic.ResourceInterface {
	all := cluster.objects.Resource(schema.GroupVersionResource{Group: c.group, Version: c.version, Resource: c.resource})
	if c.namespace == "" {
		return all
	}
	return all.Namespace(c.namespace)
}

// change is what a feed tells: all that is there now, or that it can't know.
type change struct {
	role  role
	feed  int // number of the feed, to tell it from one that was stopped
	items []object
	lost  error // the connection is; items are of no worth until the next change
	fatal error // trying again is useless
}

// Pauses between attempts at an API server that does not answer.
const (
	firstPause = 200 * time.Millisecond
	mostPause  = 5 * time.Second
	patience   = 6                // refusals in a row after it once was allowed: a server that starts knows no rights yet
	listWithin = 20 * time.Second // of one list
	watchFor   = 5 * time.Minute  // of one watch; then the objects are listed again
)

// feed tells of a collection until ctx ends: it lists, then watches, and begins
// again when a watch ends, expires (410 Gone) or loses its connection.
func feed(ctx context.Context, from dynamic.ResourceInterface, what collection, tell func(change)) {
	pause, refusals := firstPause, patience
	for ctx.Err() == nil {
		began := time.Now()
		err := follow(ctx, from, what, func(c change) { refusals = 0; tell(c) })
		if ctx.Err() != nil {
			return
		}
		if isFatal(err) {
			if refusals++; refusals > patience {
				tell(change{fatal: err})
				return
			}
		}
		if err != nil {
			tell(change{lost: err})
		}
		if time.Since(began) > mostPause {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, mostPause)
	}
}

// follow lists and watches once. It returns nil when the watch ended as
// watches do.
func follow(ctx context.Context, from dynamic.ResourceInterface, what collection, tell func(change)) error {
	limited, done := context.WithTimeout(ctx, listWithin)
	found, err := from.List(limited, v1.ListOptions{LabelSelector: what.labels, FieldSelector: what.fields})
	done()
	if err != nil {
		return err
	}
	items := map[string]object{}
	for i := range found.Items {
		items[key(&found.Items[i])] = &found.Items[i]
	}
	tell(change{items: slices.Collect(maps.Values(items))})
	seconds := int64(watchFor.Seconds())
	changes, err := from.Watch(ctx, v1.ListOptions{LabelSelector: what.labels, FieldSelector: what.fields,
		ResourceVersion: found.GetResourceVersion(), AllowWatchBookmarks: true, TimeoutSeconds: &seconds})
	if err != nil {
		return lostUnlessExpired(err)
	}
	defer changes.Stop()
	for e := range changes.ResultChan() {
		o, isObject := e.Object.(*unstructured.Unstructured)
		switch {
		case e.Type == watch.Error:
			return lostUnlessExpired(apierrors.FromObject(e.Object))
		case e.Type == watch.Bookmark || !isObject:
			continue
		case e.Type == watch.Deleted:
			delete(items, key(o))
		default:
			items[key(o)] = o
		}
		tell(change{items: slices.Collect(maps.Values(items))})
	}
	return nil
}

// lostUnlessExpired takes a watch whose history is gone for one that ended.
func lostUnlessExpired(err error) error {
	if apierrors.IsGone(err) || apierrors.IsResourceExpired(err) {
		return nil
	}
	return err
}

func key(o object) string { return o.GetNamespace() + "/" + o.GetName() }

// isFatal reports whether asking again would only be refused again.
func isFatal(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) || isUntrusted(err)
}

// explained is an error of the API server in words, with what to do where that
// is known.
func (c *Cluster) explained(doing string, err error) error {
	var said apierrors.APIStatus
	switch {
	case apierrors.IsForbidden(err) && errors.As(err, &said):
		// The server's words name the user, the verb and the resource.
		return refused("seatrial rbac prints the Role that the trial file needs", "%s: the API server forbids it to %s: %s", doing, c.who, said.Status().Message)
	case apierrors.IsUnauthorized(err):
		return refused("Take a fresh token: those of clouds and of kubectl create token end within the hour",
			"%s: the API server %s does not accept the credentials of %s (401)", doing, c.Server(), c.who)
	case isUntrusted(err):
		return refused("Give the cluster's authority as certificate-authority-data of the kubeconfig",
			"%s: the certificate of the API server %s is not to be trusted: %v", doing, c.Server(), innermost(err))
	}
	if errors.As(err, &said) {
		return fmt.Errorf("%s: the API server says: %s", doing, said.Status().Message)
	}
	return fmt.Errorf("%s: %s", doing, c.unreachable(err))
}

// allowing adds to a refusal what to do about it.
func (c *Cluster) allowing(err error) error {
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		doing, _, _ := strings.Cut(err.Error(), ": ")
		return c.explained(doing, err)
	}
	return err
}

// unreachable is what is known of a server that does not answer.
func (c *Cluster) unreachable(err error) string {
	return fmt.Sprintf("the API server %s does not answer: %v", c.Server(), innermost(err))
}
