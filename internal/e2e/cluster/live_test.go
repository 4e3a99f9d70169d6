//go:build e2e

package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/seatrial/seatrial/internal/testcluster"
)

// liveTrial sends nothing: what a real Prometheus scraped of the pods moves the
// route. The address of Prometheus is filled in.
const liveTrial = `
name: shop
baseline:  {version: v41}
candidate: {version: v42}
providers: {prometheus: "%s"}
metrics:
  - name: requests
    kind: total
    query: sample_requests_total{version="{{version}}"}
    traffic: true
  - name: errors
    kind: counts
    hits: sample_requests_total{version="{{version}}", code=~"5.."}
    trials: sample_requests_total{version="{{version}}"}
    must-have: true
  - name: conversions
    kind: counts
    hits: sample_conversions_total{version="{{version}}"}
    trials: sample_requests_total{version="{{version}}"}
windows: {interval: 1s, for: 70s, delay: 500ms}
at-least: 20s
objectives: [errors <= baseline + 5%%]
rewards: [maximize conversions]
traffic:
  route: httproute/shop
  backends: {baseline: shop, candidate: shop-canary}
  policy: thompson
  every: 4s
  settle: 1s
`

// Windows of metrics steer a real route: users who convert bring a candidate more
// of them, and errors take them away, whoever converts.
func TestLiveCanarySteersARoute(t *testing.T) {
	t.Parallel()
	cluster.Require(t, testcluster.Gateway)
	if _, err := exec.LookPath("prometheus"); err != nil {
		if os.Getenv("SEATRIAL_E2E") == "required" {
			t.Fatal("Prometheus is missing: run .ci/install")
		}
		t.Skip("needs Prometheus: run .ci/install")
	}
	for _, story := range []struct {
		name      string
		candidate string // options of its service
		code      int
		said      string
		end       int // percent of the candidate when the trial has ended
		right     func(candidate []int) bool
	}{
		{"converts better", `"--errors=1%", "--conversions=40%"`, 0, "candidate wins", 100, func(seen []int) bool {
			between := slices.DeleteFunc(slices.Clone(seen), func(w int) bool { return w == 0 || w == 100 })
			return len(between) >= 2 && slices.IsSorted(between) && between[len(between)-1] > between[0]
		}},
		{"converts better and fails", `"--errors=40%", "--conversions=60%"`, 1, "errors", 0, func(seen []int) bool {
			most := slices.Index(seen, slices.Max(seen)) // and from there all of it was taken back at once
			return seen[most] > 0 && seen[most] < 100 && slices.Equal(seen[most+1:], []int{0})
		}},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			namespace := liveShop(t, story.candidate)
			prometheus := scraped(t, addressOf(t, namespace, "shop"), addressOf(t, namespace, "shop-canary"))
			stop := visitors(t, "httproute."+namespace)
			defer stop()
			weights := watched(t, namespace)
			end := beginFile(t, namespace, fmt.Sprintf(liveTrial, prometheus)).end()
			end.wants(t, story.code, story.said)
			seen := weights()
			if t.Logf("the route gave the candidate %v", seen); !story.right(seen) || seen[len(seen)-1] != story.end {
				t.Errorf("the route gave the candidate %v:\n%s", seen, end.said)
			}
		})
	}
}

// liveShop is two releases of the sample service behind a route, and ready.
func liveShop(t *testing.T, candidate string) (namespace string) {
	t.Helper()
	namespace = cluster.Namespace(t)
	// Its metrics count no requests for them, as they would those of a probe.
	const probe = ", readinessProbe: {httpGet: {path: /metrics, port: 8080}, periodSeconds: 1}"
	const usual = `sample, "--listen=:8080", "--metrics=/metrics", "--latency=1ms", `
	for name, args := range map[string]string{
		"shop":        usual + `"--version-label=v41", "--errors=1%", "--conversions=10%"`,
		"shop-canary": usual + `"--version-label=v42", "--seed=2", ` + candidate,
	} {
		cluster.Apply(t, namespace, app(name, testcluster.ProgramImage, "["+args+"]", probe), fmt.Sprintf(`
apiVersion: v1
kind: Service
metadata: {name: %[1]s}
spec: {selector: {app: %[1]s}, ports: [{name: http, port: 80, targetPort: 8080}]}
`, name))
	}
	cluster.Apply(t, namespace, fmt.Sprintf(servedRoutes, namespace))
	cluster.Await(t, "the shop behind its route", 40*time.Second, func(ctx context.Context) error {
		for _, url := range []string{addressOf(t, namespace, "shop"), addressOf(t, namespace, "shop-canary")} {
			if _, err := get(ctx, "http://"+url+"/metrics", ""); err != nil {
				return err
			}
		}
		return visit(ctx, "httproute."+namespace)
	})
	return namespace
}

// scraped is the address of a Prometheus that asks these four times a second, once
// it has their requests.
func scraped(t *testing.T, targets ...string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 250ms, scrape_timeout: 250ms}\nscrape_configs:\n- job_name: shop\n  static_configs: [{targets: [%s]}]\n",
		strings.Join(targets, ", "))
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--log.level=warn")
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	url := "http://" + address
	cluster.Await(t, "what Prometheus scraped", 20*time.Second, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/query?query=count(up==1)", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if want := fmt.Sprintf(`,"%d"]`, len(targets)); err == nil && !strings.Contains(string(text), want) {
			err = fmt.Errorf("it says %s", text)
		}
		return err
	})
	return url
}

// secretTrial asks with a token that the cluster holds. The namespace of its Secret
// is filled in.
const secretTrial = `
baseline:  {version: v41}
candidate: {version: v42}
providers: {prometheus: {url: "http://127.0.0.1:1", auth: {bearer: {secret: %s/prometheus, key: token}}}}
metrics: [{name: queue, kind: value, query: 'n{version="{{version}}"}'}]
windows: {interval: 1s, for: 30s, delay: 0s}
objectives: [queue <= 5]
`

// A Secret that is not there, or may not be read, ends the trial before anybody is
// asked, and says what to do.
func TestASecretThatCantBeReadEndsTheTrial(t *testing.T) {
	t.Parallel()
	namespace := cluster.Namespace(t)
	cluster.Apply(t, namespace, fmt.Sprintf(gate, namespace))
	file := fmt.Sprintf(secretTrial, namespace)
	metrics := func(kubeconfig string) waited {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "seatrial.yaml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		b := begun{t, exec.CommandContext(t.Context(), cluster.Program, "metrics", "--namespace", namespace), &output{}}
		b.command.Dir, b.command.Env = dir, []string{"HOME=" + dir, "KUBECONFIG=" + kubeconfig}
		b.command.Stdout, b.command.Stderr = b.output, b.output
		if err := b.command.Start(); err != nil {
			t.Fatal(err)
		}
		return b.end()
	}
	metrics(cluster.Kubeconfig).wants(t, 5, "Secret "+namespace+"/prometheus", "is not there")
	metrics(cluster.KubeconfigFor(t, namespace, "gate")).wants(t, 5, "Secret "+namespace+"/prometheus", "seatrial rbac")
	cluster.Apply(t, namespace, `
apiVersion: v1
kind: Secret
metadata: {name: prometheus}
stringData: {token: t0ken-of-the-cluster, other: o}
`)
	end := metrics(cluster.Kubeconfig)
	end.wants(t, 5, "queue of baseline: query: ", "connection refused")
	if strings.Contains(end.said, "t0ken") {
		t.Errorf("the token is shown:\n%s", end.said)
	}
	file = strings.Replace(file, "key: token", "key: tokn", 1)
	metrics(cluster.Kubeconfig).wants(t, 5, `has no key "tokn" (known: other, token)`)
}

// visit is one request of a user through the gateway, whatever the answer.
func visit(ctx context.Context, host string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, cluster.Gateway(), nil)
	if err != nil {
		return err
	}
	request.Host = host
	response, err := usersClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	if err == nil && response.StatusCode == http.StatusNotFound {
		err = fmt.Errorf("there is no route yet")
	}
	return err
}

// visitors come 150 times a second until they are told to stop.
func visitors(t *testing.T, host string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(time.Second / 150)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				all.Go(func() { _ = visit(ctx, host) })
			case <-ctx.Done():
				return
			}
		}
	})
	return func() { cancel(); all.Wait() }
}

// watched are the candidate's weights in the order in which its route had them,
// until they are asked for; 0 where it has none.
func watched(t *testing.T, namespace string) (seen func() []int) {
	t.Helper()
	routes := cluster.Objects().Resource(httpRoutes).Namespace(namespace)
	ctx, cancel := context.WithCancel(t.Context())
	var weights []int
	var watching sync.WaitGroup
	look := func(ctx context.Context) {
		route, err := routes.Get(ctx, "shop", metav1.GetOptions{})
		if err != nil {
			return
		}
		if w, _ := candidatesWeight(route); len(weights) == 0 || weights[len(weights)-1] != w {
			weights = append(weights, w)
		}
	}
	watching.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-tick.C:
				look(ctx)
			case <-ctx.Done():
				tick.Stop()
				return
			}
		}
	})
	t.Cleanup(cancel)
	return func() []int {
		cancel()
		watching.Wait()
		look(t.Context())
		return weights
	}
}
