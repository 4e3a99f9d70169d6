//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seatrial/seatrial/internal/testcluster"
	"github.com/seatrial/seatrial/k8s"
)

func TestUserStaysWithAVersionUntilItGetsNothing(t *testing.T) {
	cluster.Require(t, testcluster.Gateway)
	namespace := cluster.Namespace(t)
	requests := [2]*atomic.Int64{counted(t, namespace, "shop"), counted(t, namespace, "shop-canary")}
	cluster.Apply(t, namespace, fmt.Sprintf(servedRoutes, namespace))
	c, err := connect(cluster.Kubeconfig, namespace)
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := k8s.NewKeeper(c, k8s.Routing{
		Route: "traefikservice/shop", Opening: []int{50, 50}, Sticky: &k8s.Sticky{Cookie: "shop-version"},
		Backends: []k8s.Backend{{Version: "baseline", Name: "shop"}, {Version: "candidate", Name: "shop-canary"}},
		Holder:   t.Name(), Now: time.Now, Tell: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keeper.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	host := "traefikservice." + namespace
	var candidate string // the cookie of a user who has met it
	cluster.Await(t, "a user who meets the candidate", 20*time.Second, func(ctx context.Context) error {
		before := requests[1].Load()
		cookie, err := cookieOf(ctx, host)
		if err == nil && (cookie == "" || requests[1].Load() == before) {
			err = fmt.Errorf("cookie %q, and %d requests arrived at the candidate", cookie, before)
		}
		candidate = cookie
		return err
	})
	if err := hundred(t.Context(), host, asked{cookie: candidate, want: [2]int64{0, 100}}, requests); err != nil {
		t.Error(err)
	}
	if err := keeper.Shift(t.Context(), []int{100, 0}); err != nil {
		t.Fatal(err)
	}
	cluster.Await(t, "the user's way back", 20*time.Second, func(ctx context.Context) error {
		return hundred(ctx, host, asked{cookie: candidate, want: [2]int64{100, 0}}, requests)
	})
	if err := keeper.Leave(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// cookieOf is the cookie that an answer sets for a new user.
func cookieOf(ctx context.Context, host string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, cluster.Gateway(), nil)
	if err != nil {
		return "", err
	}
	request.Host = host
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	for _, c := range answer.Cookies() {
		return c.Name + "=" + c.Value, nil
	}
	return "", nil
}
