package k8s

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/seatrial/seatrial/trial"
)

// shelf is an API server with one object, or with none.
type shelf struct {
	dynamic.ResourceInterface
	mu      sync.Mutex
	object  object
	version int
	away    error                           // the answer to everything, once it is set
	writing func(ctx context.Context) error // before a write is stored; its error is the answer
}

func (s *shelf) Get(_ context.Context, name string, _ metav1.GetOptions, _ ...string) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.away != nil:
		return nil, s.away
	case s.object == nil:
		return nil, apierrors.NewNotFound(schema.GroupResource{}, name)
	}
	return s.object.DeepCopy(), nil
}

func (s *shelf) Update(ctx context.Context, o object, options metav1.UpdateOptions, _ ...string) (object, error) {
	if len(options.DryRun) > 0 {
		return o.DeepCopy(), nil
	}
	if s.writing != nil {
		if err := s.writing(ctx); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.GetResourceVersion() != s.object.GetResourceVersion() {
		return nil, apierrors.NewConflict(schema.GroupResource{}, o.GetName(), nil)
	}
	s.version++
	s.object = o.DeepCopy()
	s.object.SetResourceVersion(strconv.Itoa(s.version))
	return s.object.DeepCopy(), nil
}

// taking is a keeper that has read its route and its lock and is to write.
func taking(t *testing.T, s *shelf) *Keeper {
	t.Helper()
	o := withSpec(map[string]any{"weight": "before"})
	s.object, s.version = o.DeepCopy(), 1
	s.object.SetResourceVersion("1")
	route := &kept{part: part{name: "shop", owns: [][]string{{"spec"}}}, label: "httproute/shop", at: s, last: s.object.DeepCopy()}
	fields, err := fieldsAt(o, route.owns)
	if err != nil {
		t.Fatal(err)
	}
	return &Keeper{
		Routing: Routing{Route: "httproute/shop", Namespace: "prod", Holder: "a", Now: time.Now, Tell: func(text string) { t.Log(text) }},
		router: router{apply: func(objects []object, _ []Backend, _ Plan) error {
			objects[0].Object["spec"] = map[string]any{"weight": "of the trial"}
			return nil
		}},
		lock: &lock{at: &shelf{}, name: "seatrial-httproute-shop", holder: "a"},
		kept: []*kept{route}, before: [][]field{fields}, stop: func() {},
	}
}

func TestAWriteThatWasSentBeforeASignalIsKnownAndUndone(t *testing.T) {
	ctx, signal := context.WithCancel(t.Context())
	s := &shelf{writing: func(sent context.Context) error {
		signal()
		select { // a client that hangs up does not stop the server
		case <-sent.Done():
			return sent.Err()
		case <-time.After(50 * time.Millisecond):
			return nil
		}
	}}
	k := taking(t, s)
	if err := k.write(ctx, Plan{}); err != nil {
		t.Errorf("the answer was not waited for: %v", err)
	}
	s.writing = nil
	if err := k.undo(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]any{"weight": "before"}, s.object.Object["spec"]); diff != "" || hasTraces(s.object) {
		t.Error(diff)
	}
}

func TestASignalDoesNotWaitForAServerThatHangs(t *testing.T) {
	ctx, signal := context.WithCancel(t.Context())
	k := taking(t, &shelf{writing: func(sent context.Context) error {
		signal()
		<-sent.Done()
		return sent.Err()
	}})
	began := time.Now()
	if err := k.write(ctx, Plan{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if took := time.Since(began); took > callWithin/2 {
		t.Errorf("it took %s", took)
	}
}

// The write came through, its answer did not, and then the server was away.
func TestATakeThatCantBeUndoneIsToldWhenTheRouteIsLeft(t *testing.T) {
	s := &shelf{}
	k := taking(t, s)
	if err := k.write(t.Context(), Plan{}); err != nil {
		t.Fatal(err)
	}
	s.away = errors.New("connection refused")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	k.undone = k.undo(ctx)
	err := k.Leave(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), "seatrial restore --route httproute/shop --namespace prod") {
		t.Error(err)
	}
}

func TestARouteThatNothingWasSentToIsNotAskedFor(t *testing.T) {
	s := &shelf{away: errors.New("connection refused")}
	if err := taking(t, s).undo(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAnotherHandEndsTheWaitForTheController(t *testing.T) {
	k := taking(t, &shelf{})
	k.Settle, k.router.live = time.Minute, func(object) (bool, string) { return false, "it has not seen it" }
	k.changed = make(chan error, 1)
	other := &trial.TakenOverError{Route: "httproute/shop", Detail: "found - weight: 1"}
	k.tellChanged(other)
	if err := k.settle(t.Context()); err != other {
		t.Error(err)
	}
}
