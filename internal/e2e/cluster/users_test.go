//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// usersRate is how many requests of users come each second, whatever becomes of
// those before.
const usersRate = 100

var usersClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: 10 * time.Second}

// ask is one user's request: who answered it, and how.
func (s example) ask(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, cluster.Gateway()+"/products", nil)
	if err != nil {
		return "", err
	}
	request.Host = s.host
	answer, err := usersClient.Do(request)
	if err != nil {
		return "", err
	}
	answer.Body.Close()
	who := answer.Header.Get("X-Version")
	if who == "" {
		who = "nobody"
	}
	return fmt.Sprintf("%s %d", who, answer.StatusCode), nil
}

// users are those of the shop, with what they saw.
type users struct {
	example
	stop  func()
	began time.Time
	mu    sync.Mutex
	saw   map[string]int       // "v41 200", "nobody 502"
	first map[string]time.Time // when that was seen first
}

// come lets users come at a steady pace until they are asked what they saw.
func (s example) come(t *testing.T) *users {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	u := &users{example: s, began: time.Now(), saw: map[string]int{}, first: map[string]time.Time{}}
	var under sync.WaitGroup
	under.Go(func() {
		for tick := time.NewTicker(time.Second / usersRate); ; {
			select {
			case <-tick.C:
				under.Go(u.one)
			case <-ctx.Done():
				tick.Stop()
				return
			}
		}
	})
	u.stop = func() { cancel(); under.Wait() }
	t.Cleanup(u.stop)
	return u
}

func (u *users) one() {
	from, err := u.ask(context.Background())
	if err != nil {
		from = "nobody " + err.Error()
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.saw[from]++; u.saw[from] == 1 {
		u.first[from] = time.Now()
	}
}

// sawOnlyErrorsOf demands that whatever was no good answer was given by one
// version: moving traffic makes no errors.
func (u *users) sawOnlyErrorsOf(t *testing.T, version string) {
	t.Helper()
	u.stop()
	t.Logf("users saw %v", u.saw)
	good := 0
	for from, n := range u.saw {
		if strings.HasSuffix(from, " 200") {
			good += n
		} else if !strings.HasPrefix(from, version+" ") || version == "nobody" {
			t.Errorf("%d users saw %s, first %.2f s after they came", n, from, u.first[from].Sub(u.began).Seconds())
		}
	}
	if good == 0 {
		t.Error("no user saw an answer")
	}
}

// splits are the candidate's weights in the order in which the route had them.
type splits struct {
	events watch.Interface
	seen   chan []int
}

// whenSplit is closed when the route first gives the candidate so much.
func (s example) whenSplit(t *testing.T, percent int) <-chan struct{} {
	t.Helper()
	reached, once := make(chan struct{}), sync.Once{}
	s.watchWeights(t, func(w int) {
		if w == percent {
			once.Do(func() { close(reached) })
		}
	})
	return reached
}

func (s example) watchSplits(t *testing.T) splits {
	t.Helper()
	course := splits{seen: make(chan []int, 1)}
	began := time.Now()
	var seen []int
	var ended <-chan struct{}
	course.events, ended = s.watchWeights(t, func(w int) {
		if len(seen) == 0 || seen[len(seen)-1] != w {
			seen = append(seen, w)
			t.Logf("%.2f s: the route gives the candidate %d", time.Since(began).Seconds(), w)
		}
	})
	go func() {
		<-ended
		course.seen <- seen
	}()
	return course
}

// watchWeights calls for each state of the route, until the watch is stopped.
func (s example) watchWeights(t *testing.T, saw func(candidate int)) (events watch.Interface, ended <-chan struct{}) {
	t.Helper()
	events, err := cluster.Objects().Resource(httpRoutes).Namespace(s.namespace).Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=shop"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(events.Stop)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range events.ResultChan() {
			route, is := e.Object.(*unstructured.Unstructured)
			if !is {
				continue // the end of the watch
			}
			if w, ok := candidatesWeight(route); ok {
				saw(w)
			}
		}
	}()
	return events, done
}

func candidatesWeight(route *unstructured.Unstructured) (int, bool) {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for _, rule := range rules {
		backends, _, _ := unstructured.NestedSlice(rule.(map[string]any), "backendRefs")
		for _, b := range backends {
			if backend := b.(map[string]any); backend["name"] == "shop-canary" {
				weight, ok := backend["weight"].(int64)
				return int(weight), ok
			}
		}
	}
	return 0, false
}

// want holds the candidate's weights so far against what they should be.
func (s splits) want(t *testing.T, right func(candidate []int) bool) {
	t.Helper()
	s.events.Stop()
	if seen := <-s.seen; !right(seen) {
		t.Errorf("the candidate's weights were %v", seen)
	} else {
		t.Logf("the candidate's weights were %v", seen)
	}
}

// lookUp gives this sandbox names of hosts until the test ends.
func lookUp(t *testing.T, lines []string) {
	t.Helper()
	const hosts = "/etc/hosts"
	before, err := os.ReadFile(hosts)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "hosts")
	text := strings.Join(slices.Concat([]string{string(before)}, lines), "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(file, hosts, "", syscall.MS_BIND, ""); err != nil {
		t.Fatalf("covering %s: %v", hosts, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(hosts, 0); err != nil {
			t.Errorf("uncovering %s: %v", hosts, err)
		}
	})
}
