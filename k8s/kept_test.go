package k8s

import (
	"errors"
	"io"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/seatrial/seatrial/trial"
)

func TestOlderStateOfTheSameObjectIsNoNews(t *testing.T) {
	state := func(uid types.UID, generation int64) object {
		o := withSpec(nil)
		o.SetUID(uid)
		o.SetGeneration(generation)
		return o
	}
	k := &kept{}
	for _, c := range []struct {
		o    object
		want int64
	}{
		{state("a", 2), 2},
		{state("a", 1), 2}, // the watch was slower than the answer
		{state("a", 3), 3},
		{state("b", 1), 1}, // made anew
	} {
		k.see(c.o)
		if got := k.seen().GetGeneration(); got != c.want {
			t.Errorf("%s %d: seen is %d, want %d", c.o.GetUID(), c.o.GetGeneration(), got, c.want)
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
