package k8s

import (
	"errors"
	"io"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seatrial/seatrial/trial"
)

// A controller may write the status of a change before the trial hears that the
// change was taken: then it must not be forgotten, or the trial would wait for
// a status that is there.
func TestTheNewestStateIsRemembered(t *testing.T) {
	state := func(uid, version string, generation int64) object {
		o := &unstructured.Unstructured{Object: map[string]any{}}
		o.SetUID(types.UID(uid))
		o.SetResourceVersion(version)
		o.SetGeneration(generation)
		return o
	}
	for name, c := range map[string]struct {
		first, then object
		remembered  bool
	}{
		"a change":                                    {state("a", "9", 1), state("a", "10", 2), true},
		"a change of the status":                      {state("a", "9", 2), state("a", "10", 2), true},
		"a change whose status came before":           {state("a", "10", 2), state("a", "9", 2), false},
		"an earlier change":                           {state("a", "10", 2), state("a", "8", 1), false},
		"the same once more":                          {state("a", "10", 2), state("a", "10", 2), true},
		"another object of the name":                  {state("a", "10", 2), state("b", "9", 1), true},
		"an earlier change, where versions are texts": {state("a", "z", 2), state("a", "y", 1), false},
		"a status, where versions are texts":          {state("a", "z", 2), state("a", "y", 2), true},
	} {
		k := &kept{}
		k.see(c.first)
		k.see(c.then)
		if remembered := k.last == c.then; remembered != c.remembered {
			t.Errorf("%s: remembered %v, want %v", name, remembered, c.remembered)
		}
	}
}

func TestErrorsThatMayPassByThemselves(t *testing.T) {
	routes := schema.GroupResource{Resource: "httproutes"}
	refused := apierrors.NewForbidden(routes, "shop", errors.New("no role"))
	for _, c := range []struct {
		err           error
		fresh, before bool // passes for a trial that has written nothing yet, and for one that has
	}{
		{io.ErrUnexpectedEOF, true, true},
		{apierrors.NewConflict(routes, "shop", nil), true, true},
		{apierrors.NewInternalError(errors.New("etcd")), true, true},
		{apierrors.NewTooManyRequests("slow down", 1), true, true},
		{&apierrors.StatusError{ErrStatus: metav1.Status{Code: http.StatusBadGateway}}, true, true},
		{refused, false, true},
		{apierrors.NewUnauthorized("token"), false, true},
		{apierrors.NewNotFound(routes, "shop"), false, false},
		{apierrors.NewBadRequest("x"), false, false},
		{settled{&trial.TakenOverError{}}, false, false},
		{settled{apierrors.NewConflict(routes, "shop", nil)}, false, false},
	} {
		fresh, written := &kept{}, &kept{}
		written.written.Store(true)
		if fresh.passing(c.err) != c.fresh || written.passing(c.err) != c.before {
			t.Errorf("%v: %v and %v", c.err, fresh.passing(c.err), written.passing(c.err))
		}
	}
}
