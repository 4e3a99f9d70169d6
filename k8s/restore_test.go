package k8s

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// The Role of a trial names its route alone; whoever restores all with it is
// still to get what can be had.
func TestAKindThatMayNotBeListedKeepsNoOtherFromBeingRestored(t *testing.T) {
	var ingresses atomic.Int64
	kinds := func(group, resource, kind string) string {
		return fmt.Sprintf(`{"kind":"APIResourceList","groupVersion":"%s/v1","resources":[{"name":%q,"namespaced":true,"kind":%q,"verbs":["list"]}]}`, group, resource, kind)
	}
	served := map[string]string{
		"/api": discovered["/api"], "/api/v1": discovered["/api/v1"],
		"/apis": `{"kind":"APIGroupList","apiVersion":"v1","groups":[
			{"name":"gateway.networking.k8s.io","versions":[{"groupVersion":"gateway.networking.k8s.io/v1","version":"v1"}]},
			{"name":"networking.k8s.io","versions":[{"groupVersion":"networking.k8s.io/v1","version":"v1"}]}]}`,
		"/apis/gateway.networking.k8s.io/v1": kinds("gateway.networking.k8s.io", "httproutes", "HTTPRoute"),
		"/apis/networking.k8s.io/v1":         kinds("networking.k8s.io", "ingresses", "Ingress"),
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch text, known := served[r.URL.Path]; {
		case known:
			fmt.Fprint(w, text)
		case strings.HasSuffix(r.URL.Path, "/ingresses"):
			ingresses.Add(1)
			fmt.Fprint(w, `{"kind":"IngressList","apiVersion":"networking.k8s.io/v1","items":[]}`)
		default:
			refuse(w, http.StatusForbidden, "Forbidden", "httproutes is forbidden: User x cannot list")
		}
	}))
	t.Cleanup(s.Close)
	c, err := newCluster(&rest.Config{Host: s.URL}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	err = RestoreAll(t.Context(), c, "", Careful, time.Now, func(text string) { told = append(told, text) })
	if err == nil || !strings.Contains(err.Error(), "cannot list") || ingresses.Load() != 1 {
		t.Errorf("%v, and ingresses were listed %d times", err, ingresses.Load())
	}
	if len(told) != 0 {
		t.Errorf("what is not known is told: %q", told)
	}
}
