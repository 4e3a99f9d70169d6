package k8s

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	selecting "k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/seatrial/seatrial/trial"
)

// Bounds of what is told of an object that did not become ready.
const (
	mostStories  = 10
	storyWithin  = 10 * time.Second
	mostCulprits = 2
	mostEvents   = 8
	mostLogLines = 20
	mostLogBytes = 16 << 10
	recent       = time.Hour // of events
)

// tellStory adds the last lines of the logs and the recent warnings. It runs
// when the wait is over, in a time of its own; what can't be asked is said.
func (w *Waiter) tellStory(ctx context.Context, t target, r reading, story *trial.Unready) {
	ctx, stop := context.WithTimeout(ctx, storyWithin)
	defer stop()
	for _, c := range r.culprits[:min(len(r.culprits), mostCulprits)] {
		for _, previous := range []bool{false, true} {
			if previous && !c.restarted {
				continue
			}
			if log, has := w.log(ctx, t.namespace, c, previous); has {
				story.Logs = append(story.Logs, log)
			}
		}
	}
	story.Events = w.warnings(ctx, t, r.culprits)
}

// log reads the end of a container's log. A container that never started has none.
func (w *Waiter) log(ctx context.Context, namespace string, c culprit, previous bool) (trial.PodLog, bool) {
	out := trial.PodLog{Pod: c.pod, Container: c.container, Previous: previous}
	text, err := w.cluster.readLog(ctx, namespace, c, previous)
	switch {
	case apierrors.IsForbidden(err):
		out.Lines = []string{"(not allowed to read it: get on pods/log; see seatrial rbac)"}
		return out, true
	case err != nil || len(text) == 0 || bytes.HasPrefix(text, []byte(goneLog)):
		return out, false
	}
	shown := w.hide.Hide(string(text), len(text) >= mostLogBytes)
	for line := range strings.Lines(shown) {
		out.Lines = append(out.Lines, strings.ToValidUTF8(strings.TrimRight(line, "\r\n"), "\ufffd"))
	}
	out.Lines = out.Lines[max(0, len(out.Lines)-mostLogLines):]
	return out, true
}

// goneLog is what a kubelet answers, with 200, in the place of a log that is no
// longer there (pkg/kubelet/kuberuntime, GetContainerLogs).
const goneLog = "unable to retrieve container logs for "

// readLog asks for the end of a log, of at most mostLogBytes.
func (c *Cluster) readLog(ctx context.Context, namespace string, from culprit, previous bool) ([]byte, error) {
	server, _, err := rest.DefaultServerUrlFor(c.config)
	if err != nil {
		return nil, err
	}
	address := server.JoinPath("api", "v1", "namespaces", namespace, "pods", from.pod, "log")
	address.RawQuery = url.Values{"container": {from.container}, "tailLines": {fmt.Sprint(mostLogLines)}, "previous": {fmt.Sprint(previous)}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, apierrors.NewGenericServerResponse(response.StatusCode, "get", schema.GroupResource{Resource: "pods/log"}, from.pod, "", 0, true)
	}
	return io.ReadAll(io.LimitReader(response.Body, mostLogBytes))
}

// warnings are the recent events about the object and its pods, newest last.
func (w *Waiter) warnings(ctx context.Context, t target, culprits []culprit) []string {
	names := []string{t.name}
	for _, c := range culprits {
		names = append(names, c.pod)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var found []object
	for _, name := range names[:min(len(names), 1+mostCulprits)] {
		if name == "" {
			continue
		}
		all, err := eventsAbout(t.namespace, name).in(w.cluster).List(ctx, v1.ListOptions{FieldSelector: eventsAbout(t.namespace, name).fields})
		if apierrors.IsForbidden(err) {
			return []string{"(not allowed to read events: list on events; see seatrial rbac)"}
		}
		if err != nil {
			continue
		}
		for i := range all.Items {
			found = append(found, &all.Items[i])
		}
	}
	return w.recentWarnings(found)
}

func (w *Waiter) recentWarnings(events []object) []string {
	now := w.cluster.clock.now()
	events = slices.DeleteFunc(events, func(e object) bool {
		return text(e.Object, "type") != "Warning" || now.Sub(eventTime(e)) > recent
	})
	slices.SortStableFunc(events, func(a, b object) int {
		return cmp.Or(eventTime(a).Compare(eventTime(b)), cmp.Compare(a.GetName(), b.GetName()))
	})
	var out []string
	for _, e := range events[max(0, len(events)-mostEvents):] {
		times := ""
		if n := count(e.Object, "count"); n > 1 {
			times = fmt.Sprintf(" (%d times)", n)
		}
		out = append(out, w.hidden(fmt.Sprintf("%s %s: %s: %s%s", strings.ToLower(text(e.Object, "involvedObject", "kind")),
			text(e.Object, "involvedObject", "name"), text(e.Object, "reason"), text(e.Object, "message"), times)))
	}
	return out
}

// eventsOf are the events about one object alone.
func eventsOf(o object) collection {
	return collection{version: "v1", resource: "events", namespace: o.GetNamespace(),
		fields: selecting.OneTermEqualSelector("involvedObject.uid", string(o.GetUID())).String()}
}

func eventsAbout(namespace, name string) collection {
	return collection{version: "v1", resource: "events", namespace: namespace, fields: selecting.OneTermEqualSelector("involvedObject.name", name).String()}
}

// eventTime is when an event was last seen. Old and new ways to record events
// fill other fields.
func eventTime(e object) time.Time {
	for _, at := range []time.Time{moment(e.Object, "series", "lastObservedTime"), moment(e.Object, "lastTimestamp"), moment(e.Object, "eventTime")} {
		if !at.IsZero() {
			return at
		}
	}
	return e.GetCreationTimestamp().Time
}

// firstTime is when it was first seen.
func firstTime(e object) time.Time {
	for _, at := range []time.Time{moment(e.Object, "firstTimestamp"), moment(e.Object, "eventTime")} {
		if !at.IsZero() {
			return at
		}
	}
	return e.GetCreationTimestamp().Time
}
