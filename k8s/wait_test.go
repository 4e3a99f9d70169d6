package k8s

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/seatrial/seatrial/trial"
)

// discovery is what an API server says of its kinds, by path.
var discovered = map[string]string{
	"/api":    `{"kind":"APIVersions","versions":["v1"]}`,
	"/apis":   `{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"example.com","versions":[{"groupVersion":"example.com/v1","version":"v1"}],"preferredVersion":{"groupVersion":"example.com/v1","version":"v1"}}]}`,
	"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["list","watch"]}]}`,
	"/apis/example.com/v1": `{"kind":"APIResourceList","groupVersion":"example.com/v1","resources":[
		{"name":"foos","singularName":"foo","namespaced":true,"kind":"Foo","verbs":["list","watch"]}]}`,
}

// server is an API server of which a test says how it answers lists, watches
// and all else; n counts the lists, or the watches, from 1.
type server struct {
	list, watch  func(w http.ResponseWriter, n int)
	other        http.HandlerFunc
	lists, looks atomic.Int64
	selectors    atomic.Value // of the last list
	told         []string     // to people
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, known := discovered[r.URL.Path]
	w.Header().Set("Content-Type", "application/json")
	isWatch := r.URL.Query().Get("watch") != ""
	switch {
	case known:
		fmt.Fprint(w, text)
	case s.other != nil && !strings.HasSuffix(r.URL.Path, "/pods") && !strings.HasSuffix(r.URL.Path, "/foos"):
		s.other(w, r)
	case isWatch && s.watch != nil:
		s.watch(w, int(s.looks.Add(1)))
	case isWatch:
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	default:
		s.selectors.Store(r.URL.Query().Get("fieldSelector") + r.URL.Query().Get("labelSelector"))
		s.list(w, int(s.lists.Add(1)))
	}
}

func (s *server) cluster(t *testing.T) *Cluster {
	t.Helper()
	listening := httptest.NewServer(s)
	t.Cleanup(func() { listening.CloseClientConnections(); listening.Close() })
	c, err := newCluster(&rest.Config{Host: listening.URL}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	c.who, c.secrets = "the test", []string{"s3cr3t-token"}
	return c
}

func (s *server) wait(t *testing.T, within time.Duration, asked ...string) error {
	t.Helper()
	var objects []Object
	for _, text := range asked {
		objects = append(objects, Object{Object: text})
	}
	w, err := NewWaiter(s.cluster(t), objects, within, []string{"s3cr3t-header"}, func(_, sentence string) { s.told = append(s.told, sentence) })
	if err != nil {
		t.Fatal(err)
	}
	return w.Wait(t.Context())
}

// foos is a list of one Foo in a phase.
func foos(w http.ResponseWriter, phase string) {
	fmt.Fprintf(w, `{"kind":"FooList","apiVersion":"example.com/v1","metadata":{"resourceVersion":"5"},"items":[%s]}`, foo(phase))
}

func foo(phase string) string {
	return fmt.Sprintf(`{"kind":"Foo","apiVersion":"example.com/v1","metadata":{"name":"x","namespace":"prod"},"status":{"phase":%q}}`, phase)
}

// breakOff ends a watch without a word.
func breakOff(w http.ResponseWriter, _ int) {
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"reason":%q,"message":%q}`, code, reason, message)
}

const running = "foos.example.com/x jsonpath={.status.phase}=Running"

func TestAChangeIsSeenWhenItHappens(t *testing.T) {
	s := &server{list: func(w http.ResponseWriter, n int) { foos(w, [...]string{1: "Pending", 2: "Running"}[min(n, 2)]) }}
	s.watch = func(w http.ResponseWriter, _ int) {
		fmt.Fprintf(w, `{"type":"MODIFIED","object":%s}`+"\n", foo("Running"))
		w.(http.Flusher).Flush()
	}
	if err := s.wait(t, 10*time.Second, running); err != nil {
		t.Error(err)
	}
	if got := s.selectors.Load(); got != "metadata.name=x" {
		t.Errorf("asked for %q", got)
	}
	if s.lists.Load() != 2 {
		t.Errorf("listed %d times, want once, and once more when it seemed ready", s.lists.Load())
	}
}

// A watch may be behind: what it told is looked at once more before it counts.
func TestReadinessIsConfirmedByALookOfItsOwn(t *testing.T) {
	s := &server{list: func(w http.ResponseWriter, n int) {
		foos(w, map[bool]string{true: "Running", false: "Pending"}[n == 1])
	}}
	err := s.wait(t, 2*time.Second, running)
	if err == nil || !strings.Contains(err.Error(), "Pending") {
		t.Errorf("%v", err)
	}
}

func TestAnExpiredWatchBeginsAgain(t *testing.T) {
	for name, expire := range map[string]func(w http.ResponseWriter, n int){
		"in its answer": func(w http.ResponseWriter, _ int) { refuse(w, 410, "Expired", "too old resource version") },
		"as an event": func(w http.ResponseWriter, _ int) {
			fmt.Fprintln(w, `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","code":410,"reason":"Expired","message":"too old"}}`)
		},
		"its time is over": func(http.ResponseWriter, int) {},
		"the connection":   breakOff,
	} {
		s := &server{watch: expire, list: func(w http.ResponseWriter, n int) {
			foos(w, [...]string{1: "Pending", 2: "Pending", 3: "Running"}[min(n, 3)])
		}}
		if err := s.wait(t, 20*time.Second, running); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if told := strings.Join(s.told, "; "); strings.Contains(told, "does not answer") {
			t.Errorf("%s: that is no loss to be told: %s", name, told)
		}
	}
}

func TestAServerThatRestartsIsWaitedFor(t *testing.T) {
	s := &server{
		watch: breakOff,
		list: func(w http.ResponseWriter, n int) {
			switch n {
			case 1:
				foos(w, "Pending")
			case 2:
				refuse(w, 500, "InternalError", "etcd is starting")
			case 3:
				refuse(w, 403, "Forbidden", "no rights are known yet")
			default:
				foos(w, "Running")
			}
		},
	}
	if err := s.wait(t, 20*time.Second, running); err != nil {
		t.Error(err)
	}
}

// What was seen before the connection broke is old: it makes nothing ready.
func TestAServerThatIsGoneMakesNothingReady(t *testing.T) {
	s := &server{watch: breakOff, list: func(w http.ResponseWriter, n int) {
		if n > 1 {
			refuse(w, 500, "InternalError", "etcd is gone")
			return
		}
		foos(w, "Pending")
	}}
	err := s.wait(t, 2*time.Second, running)
	var missing *trial.NotReadyError
	if !errors.As(err, &missing) || missing.Hopeless || !strings.Contains(err.Error(), "does not answer") || !strings.Contains(err.Error(), "before that: its {.status.phase} is Pending") {
		t.Error(err)
	}
}

func TestARefusalIsToldAtOnce(t *testing.T) {
	for _, c := range []struct {
		code   int
		reason string
		want   []string
	}{
		{403, "Forbidden", []string{`User "ci" cannot list`, "the test", "seatrial rbac"}},
		{401, "Unauthorized", []string{"does not accept the credentials of the test", "fresh token"}},
	} {
		s := &server{list: func(w http.ResponseWriter, _ int) { refuse(w, c.code, c.reason, `User "ci" cannot list`) }}
		began := time.Now()
		err := s.wait(t, 20*time.Second, running)
		var known *AccessError
		if !errors.As(err, &known) || time.Since(began) > 10*time.Second {
			t.Errorf("%d: %v after %s", c.code, err, time.Since(began))
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%d: no %q in %v", c.code, want, err)
			}
		}
	}
}

func TestAKindThatTheClusterDoesNotKnowIsNotWaitedFor(t *testing.T) {
	s := &server{list: func(w http.ResponseWriter, _ int) { foos(w, "Running") }}
	began := time.Now()
	err := s.wait(t, time.Minute, "ksvc/shop", running)
	var missing *trial.NotReadyError
	if !errors.As(err, &missing) || !missing.Hopeless || !strings.Contains(err.Error(), "knows no services.serving.knative.dev") || len(missing.Reasons) != 1 {
		t.Error(err)
	}
	if time.Since(began) > 30*time.Second {
		t.Errorf("it took %s", time.Since(began))
	}
}

func TestTheStoryIsToldWithoutSecrets(t *testing.T) {
	s := &server{list: func(w http.ResponseWriter, _ int) {
		fmt.Fprint(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"prod"},
			"status":{"phase":"Running","containerStatuses":[{"name":"web","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":2}}}]}}]}`)
	}}
	s.other = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/pods/x/log") && r.URL.Query().Get("previous") == "true":
			fmt.Fprint(w, "one\npanic: no database at s3cr3t-token\n")
		case strings.HasSuffix(r.URL.Path, "/pods/x/log"):
			fmt.Fprint(w, strings.Repeat("line\n", 100)+"Authorization: s3cr3t-header")
		default:
			now := time.Now().UTC().Format(time.RFC3339)
			fmt.Fprintf(w, `{"kind":"EventList","apiVersion":"v1","items":[
				{"type":"Warning","reason":"BackOff","message":"restarting s3cr3t-token","count":4,"lastTimestamp":%q,"involvedObject":{"kind":"Pod","name":"x"}},
				{"type":"Normal","reason":"Pulled","message":"m","lastTimestamp":%q,"involvedObject":{"kind":"Pod","name":"x"}},
				{"type":"Warning","reason":"Old","message":"m","lastTimestamp":"2020-01-01T00:00:00Z","involvedObject":{"kind":"Pod","name":"x"}}]}`, now, now)
		}
	}
	err := s.wait(t, time.Minute, "pod/x")
	var missing *trial.NotReadyError
	if !errors.As(err, &missing) || len(missing.Unready) != 1 {
		t.Fatal(err)
	}
	story := missing.Unready[0]
	if len(story.Logs) != 2 || len(story.Logs[0].Lines) != mostLogLines || story.Logs[0].Lines[mostLogLines-1] != "Authorization: ***" {
		t.Errorf("logs: %+v", story.Logs)
	}
	if !story.Logs[1].Previous || story.Logs[1].Lines[1] != "panic: no database at ***" {
		t.Errorf("log before the restart: %+v", story.Logs[1])
	}
	if len(story.Events) != 1 || story.Events[0] != "pod x: BackOff: restarting *** (4 times)" {
		t.Errorf("events: %q", story.Events)
	}
}

// What a kubelet says in the place of a log is no word of the application.
func TestALogThatIsGoneIsNoneToBeShown(t *testing.T) {
	s := &server{list: func(w http.ResponseWriter, _ int) {
		fmt.Fprint(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"prod"},
			"status":{"containerStatuses":[{"name":"web","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":2}}}]}}]}`)
	}, other: func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Get("previous") == "true":
			fmt.Fprint(w, "unable to retrieve container logs for containerd://a4070bea")
		case strings.HasSuffix(r.URL.Path, "/log"):
			fmt.Fprint(w, "panic: no database\n")
		default:
			fmt.Fprint(w, `{"kind":"EventList","apiVersion":"v1","items":[]}`)
		}
	}}
	err := s.wait(t, time.Minute, "pod/x")
	var missing *trial.NotReadyError
	if !errors.As(err, &missing) || len(missing.Unready) != 1 {
		t.Fatal(err)
	}
	if logs := missing.Unready[0].Logs; len(logs) != 1 || logs[0].Previous {
		t.Errorf("logs: %+v", logs)
	}
}

func TestARightThatOnlyTheStoryNeedsIsMissedQuietly(t *testing.T) {
	s := &server{list: func(w http.ResponseWriter, _ int) {
		fmt.Fprint(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"prod"},
			"status":{"containerStatuses":[{"name":"web","state":{"waiting":{"reason":"ErrImageNeverPull"}}}]}}]}`)
	}, other: func(w http.ResponseWriter, _ *http.Request) { refuse(w, 403, "Forbidden", "no") }}
	err := s.wait(t, time.Minute, "pod/x")
	var missing *trial.NotReadyError
	if !errors.As(err, &missing) || !strings.Contains(fmt.Sprint(missing.Unready), "not allowed to read it") || !strings.Contains(fmt.Sprint(missing.Unready), "not allowed to read events") {
		t.Errorf("%v: %+v", err, missing)
	}
}

// The client's discovery has a time of its own, of half a minute.
func TestAServerThatNeverAnswersIsNotWaitedForLonger(t *testing.T) {
	listening := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(func() { listening.CloseClientConnections(); listening.Close() })
	c, err := newCluster(&rest.Config{Host: listening.URL}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWaiter(c, []Object{{Object: running}}, 300*time.Millisecond, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	err = w.Wait(t.Context())
	if err == nil || !strings.Contains(err.Error(), "has not answered yet") {
		t.Error(err)
	}
	if took := time.Since(began); took > storyWithin/2 {
		t.Errorf("it took %s", took)
	}
}

func TestTheWaitEndsWithItsContext(t *testing.T) {
	s := &server{list: func(w http.ResponseWriter, _ int) { foos(w, "Pending") }}
	w, err := NewWaiter(s.cluster(t), []Object{{Object: running}}, time.Minute, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.tell = func(string, string) { cancel() }
	if err := w.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// An hour between this machine and the cluster must not make a pod old.
func TestTimesAreTheClusters(t *testing.T) {
	theirs := time.Now().Add(time.Hour)
	s := &server{other: http.NotFound, list: func(w http.ResponseWriter, _ int) {
		w.Header().Set("Date", theirs.UTC().Format(http.TimeFormat))
		fmt.Fprintf(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","namespace":"prod"},
			"status":{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":%q}]}}]}`, theirs.UTC().Add(-time.Minute).Format(time.RFC3339))
	}, watch: func(w http.ResponseWriter, _ int) {
		w.Header().Set("Date", theirs.UTC().Format(http.TimeFormat))
	}}
	if err := s.wait(t, 5*time.Second, "pod/x"); err != nil {
		t.Error(err)
	}
}
