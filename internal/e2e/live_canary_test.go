//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const liveCanary = "../../examples/live-canary"

// canaryStory is what a candidate does to a tenth of the users, and what comes of it.
type canaryStory struct {
	name    string
	options []string // of the candidate's service
	code    int
	winner  string
	failed  string // the objective
}

// examples/live-canary on a real Prometheus: users' traffic is all there is.
// Errors cost a candidate the trial even if its users convert more often.
func TestLiveCanary(t *testing.T) {
	t.Parallel()
	need(t, "go", "prometheus")
	seatrial := built(t, t.TempDir())
	for _, story := range []canaryStory{
		{"converts better", []string{"--errors=1%", "--conversions=40%"}, 0, "candidate", ""},
		{"converts better and fails", []string{"--errors=40%", "--conversions=40%"}, 1, "", "errors"},
	} {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel() // they mostly wait
			story.ends(t, seatrial)
		})
	}
}

func (s canaryStory) ends(t *testing.T, seatrial string) {
	sample := []string{"--metrics=/metrics"}
	v41 := serveSample(t, seatrial, append(sample, "--version-label=v41", "--errors=1%", "--conversions=10%")...)
	v42 := serveSample(t, seatrial, append(append(sample, "--version-label=v42", "--seed=2"), s.options...)...)
	prometheus := startPrometheus(t, v41, v42)
	stop := users(t, v41, v42)
	defer stop()
	awaitVersions(t, prometheus, 2)
	config, least := "--config="+filepath.Join(liveCanary, "seatrial.yaml"), "--at-least=20s"
	environ := append(os.Environ(), "PROMETHEUS="+prometheus, "INTERVAL=2s", "FOR=50s")
	report := filepath.Join(t.TempDir(), "report")
	r := run(t, environ, "", seatrial, config, least, "--report-dir="+report)
	r.expect(t, s.code)
	s.told(t, report, r.output)
	asked := run(t, environ, "", seatrial, "metrics", config, least)
	asked.expect(t, 0)
	for _, metric := range []string{"requests", "errors", "response-time", "conversions"} {
		for _, version := range []string{"baseline", "candidate"} {
			if !hasLine(asked.output, metric, version) {
				t.Errorf("no %s of the %s in:\n%s", metric, version, asked.output)
			}
		}
	}
}

// told holds the report to the story: also to who got how many of the users.
func (s canaryStory) told(t *testing.T, dir, output string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Choice   struct{ Winner, Recommended string }
		Findings []struct{ Objective, Verdict string }
		Measured struct{ Requests int }
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	failed := ""
	for _, f := range report.Findings {
		if f.Verdict == "fail" {
			failed += f.Objective
		}
	}
	if report.Choice.Winner != s.winner || !strings.HasPrefix(failed, s.failed) || (failed == "") != (s.failed == "") || report.Measured.Requests != 0 {
		t.Errorf("winner %q, %q failed, %d requests sent; want %q, %q and none:\n%s",
			report.Choice.Winner, failed, report.Measured.Requests, s.winner, s.failed, output)
	}
}

func hasLine(text string, words ...string) bool {
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > len(words) && strings.Join(fields[:len(words)], " ") == strings.Join(words, " ") {
			return true
		}
	}
	return false
}

// startPrometheus runs the example's prometheus.yml, but for the addresses of
// the services, and returns its own.
func startPrometheus(t *testing.T, v41, v42 string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(liveCanary, "prometheus.yml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	host := func(url string) string { return strings.TrimPrefix(url, "http://") }
	there := strings.NewReplacer("127.0.0.1:8041", host(v41), "127.0.0.1:8042", host(v42)).Replace(string(text))
	if err := os.WriteFile(config, []byte(there), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	c := exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	return "http://" + address
}

// awaitVersions returns when Prometheus has requests of so many versions.
func awaitVersions(t *testing.T, prometheus string, versions int) {
	t.Helper()
	query := prometheus + "/api/v1/query?query=" + url.QueryEscape("count(count by (version) (sample_requests_total))")
	want := fmt.Sprintf(`,"%d"]`, versions)
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			t.Fatal("waited 30s for Prometheus in vain")
		case <-every.C:
		}
		response, err := http.Get(query)
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if strings.Contains(string(text), want) {
			return
		}
	}
}

// users send 200 requests a second whatever comes back, for at most a minute:
// nine in ten to the baseline.
func users(t *testing.T, baseline, candidate string) (stop func()) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var all sync.WaitGroup
	all.Go(func() {
		every := time.NewTicker(5 * time.Millisecond)
		defer every.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
			target := baseline
			if i%10 == 9 {
				target = candidate
			}
			all.Go(func() {
				if response, err := client.Get(target); err == nil {
					_, _ = io.Copy(io.Discard, response.Body)
					_ = response.Body.Close()
				}
			})
		}
	})
	return func() { cancel(); all.Wait() }
}
