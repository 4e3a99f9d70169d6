package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seatrial/seatrial/trial"
)

// kubeconfig is one for a server, with a token to be kept.
func kubeconfig(server string) string {
	return "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: '" + server + "', insecure-skip-tls-verify: true}}]\n" +
		"users: [{name: u, user: {token: kube-secret-1}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"
}

// crashing is an API server with one pod, which crashes and logs the token
// that it was asked with.
func crashing(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch path := r.URL.Path; {
	case path == "/api":
		fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
	case path == "/apis":
		fmt.Fprint(w, `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`)
	case path == "/api/v1":
		fmt.Fprint(w, `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["list","watch"]}]}`)
	case strings.HasSuffix(path, "/log"):
		fmt.Fprintf(w, "asked with %s\n::error::<script>alert(1)</script>\n", r.Header.Get("Authorization"))
	case strings.HasSuffix(path, "/pods") && r.URL.Query().Get("watch") == "":
		fmt.Fprint(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"default"},
			"status":{"containerStatuses":[{"name":"app","restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":2}}}]}}]}`)
	default:
		fmt.Fprint(w, `{"kind":"EventList","apiVersion":"v1","items":[]}`)
	}
}

func TestWhatDoesNotBecomeReadyIsToldWithoutTheTokenOfTheCluster(t *testing.T) {
	t.Parallel()
	// Without TLS a token would not be sent at all.
	s := httptest.NewTLSServer(http.HandlerFunc(crashing))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	for _, given := range []string{kubeconfig(s.URL), base64.StdEncoding.EncodeToString([]byte(kubeconfig(s.URL)))} {
		r := onGitHub(t, []string{"--candidate", serve(t, ok), "--objectives=latency-p50 <= 1s", "--wait-for", "pod/web", "--kubeconfig", given, "--ready-within=30s"})
		for _, want := range []string{"can't become ready: pod/web: container app keeps ending with exit code 2; 4", "asked with Bearer ***", ": : error::<script>"} {
			r.wants(t, exitNotReady, want)
		}
		r.hides(t, "kube-secret")
		if strings.Contains(r.stdout, given) {
			t.Error("the kubeconfig is shown")
		}
		unready := r.report(t).Unready
		if len(unready) != 1 || len(unready[0].Logs) != 2 || !unready[0].Hopeless {
			t.Errorf("report.json has %+v", unready)
		}
	}
}

func TestNoClusterIsAskedForWhereNothingNeedsOne(t *testing.T) {
	t.Parallel()
	r := try(t, "--candidate", serve(t, ok), "--objectives=error-rate <= 50%", "--kubeconfig=/none", "--namespace=shop")
	r.wants(t, exitPass, "PASS")
}

func TestAKubeconfigAtFaultIsBadInput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--kubeconfig=" + kubeconfig("https://prod.example"), "--kube-context=y"}, `no context "y"`},
		{[]string{"--kubeconfig=/none/config"}, "/none/config is neither"},
		{nil, "there is no kubeconfig"},
	} {
		r := try(t, append(c.args, "--candidate=http://127.0.0.1:1", "--objectives=error-rate <= 50%", "--wait-for=deployment/shop")...)
		r.wants(t, exitBadInput, c.want)
		if strings.Contains(r.stdout+r.stderr, "kube-secret") {
			t.Errorf("the token is told:\n%s%s", r.stdout, r.stderr)
		}
	}
}

func TestARouteElsewhereThanTheLoadIsBadInput(t *testing.T) {
	t.Parallel()
	r := try(t, "--kubeconfig="+kubeconfig("https://prod.example"), "--baseline=http://shop.prod.svc", "--candidate=http://shop-canary.prod.svc", "--route=httproute/shop")
	r.wants(t, exitBadInput, `baseline is loaded in the namespace "prod", and the route is in "default"`)
}

func TestAClusterOnTheRunnerIsNotInTheActionsContainer(t *testing.T) {
	args := []string{"--candidate", "http://shop:1", "--objectives", "error-rate <= 1%", "--wait-for", "deployment/shop", "--kubeconfig", kubeconfig("https://127.0.0.1:33445")}
	code, said := container([]string{"GITHUB_ACTIONS=true"}, false, args...)
	for _, want := range []string{"API server of the kubeconfig, 127.0.0.1:33445", "not the runner", "docker run --network host", "seatrial/seatrial/host", "--internal"} {
		if code != exitBadInput || !strings.Contains(said, want) {
			t.Errorf("exit code %d, want %q in\n%s", code, want, said)
		}
	}
}

func TestTheRightsArePrintedForWhatTheFileNames(t *testing.T) {
	r := try(t, "rbac", "--candidate=http://shop", "--objectives=error-rate <= 50%", "--wait-for=deployment/shop", "--namespace=prod", "--account=gate")
	for _, want := range []string{`resourceNames: ["shop"]`, `name: "gate"`, `namespace: "prod"`} {
		r.wants(t, exitPass, want)
	}
	for _, unwanted := range []string{"secrets", "create", "patch", "ClusterRole", `"*"`} {
		if strings.Contains(r.stdout, unwanted) {
			t.Errorf("%s in\n%s", unwanted, r.stdout)
		}
	}
	try(t, "rbac", "--candidate=http://shop", "--objectives=error-rate <= 50%").wants(t, exitPass, "needs no rights")
	try(t, "rbac", "--candidate=http://shop", "--objectives=error-rate <= 50%", "--wait-for=shop").wants(t, exitBadInput, `"shop" is no kind`)
}

// waiting ends as it is told to, or with its context.
type waiting struct{ err error }

func (w waiting) Wait(ctx context.Context) error {
	if w.err != nil {
		return w.err
	}
	<-ctx.Done()
	return ctx.Err()
}

type content struct{}

func (content) Wait(context.Context) error { return nil }

func TestWaitersEndTogether(t *testing.T) {
	hopeless := &trial.NotReadyError{Within: "2m", Hopeless: true, Reasons: []string{"pod/x: failed"}, Unready: []trial.Unready{{Object: "pod/x"}}}
	slow := &trial.NotReadyError{Within: "2m", Reasons: []string{"candidate: refused"}}
	forbidden := errors.New("forbidden")
	for name, c := range map[string]struct {
		w    waiters
		want error
	}{
		"all content":              {waiters{content{}, content{}}, nil},
		"hopeless ends the other":  {waiters{waiting{}, waiting{hopeless}}, hopeless},
		"an error ends the other":  {waiters{waiting{}, waiting{forbidden}}, forbidden},
		"one content, one not":     {waiters{content{}, waiting{slow}}, slow},
		"both have their reasons":  {waiters{waiting{slow}, waiting{hopeless}}, &trial.NotReadyError{Within: "2m", Hopeless: true, Reasons: []string{"candidate: refused", "pod/x: failed"}, Unready: []trial.Unready{{Object: "pod/x"}}}},
		"an error beats a reason":  {waiters{waiting{slow}, waiting{forbidden}}, forbidden},
		"a reason is told just so": {waiters{waiting{hopeless}}, hopeless},
	} {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		got := c.w.Wait(ctx)
		stop()
		if diff := cmp.Diff(fmt.Sprintf("%#v", dereferenced(c.want)), fmt.Sprintf("%#v", dereferenced(got))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := (waiters{waiting{}, waiting{slow}}).Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func dereferenced(err error) any {
	var missing *trial.NotReadyError
	if errors.As(err, &missing) {
		return *missing
	}
	return err
}
