package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What each peer printed, cut to what is read of it and its neighbours.
var printed = map[string]struct {
	read func(lab, []byte) (told, error)
	text string
	want told
}{
	"fortio 1.68.0": {readFortio, `{"RequestedQPS": "max", "DurationHistogram": {"Count": 29732, "Min": 0.000017506, "Avg": 0.00013435998695008743,
		"Percentiles": [{"Percentile": 50, "Value": 0.0005117955491928115}, {"Percentile": 99, "Value": 0.0009957550790700579}]}}`,
		told{29732, 0.0009957550790700579}},
	"wrk 4.1.0": {readWrk, `Running 1s test @ http://127.0.0.1:18099/
  2 threads and 4 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.25ms   14.89ms 112.08ms   94.16%
    Req/Sec    17.12k    11.18k   31.92k    52.38%
  Latency Distribution
     50%   60.00us
     90%    6.07ms
     99%   86.47ms
  35925 requests in 1.10s, 12.81MB read
Requests/sec:  32668.71
`, told{35925, 0.08647}},
	"hey 0.1.4": {readHey, `
Summary:
  Requests/sec:	20005.8801

Response time histogram:
  0.002 [19917]	|■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■

Latency distribution:
  95% in 0.0004 secs
  99% in 0.0010 secs

Status code distribution:
  [200]	20021 responses
`, told{20021, 0.001}},
	"vegeta 12.13.0": {func(_ lab, out []byte) (told, error) { return vegetaReport(out) },
		`{"latencies":{"mean":385320,"50th":181229,"95th":507701,"99th":2009966,"max":167104449},"requests":9533,"success":1,"status_codes":{"200":9533}}`,
		told{9533, 0.002009966}},
	"bombardier 1.2.6": {readBombardier, `{"spec":{"numberOfConnections":4},"result":{"req1xx":0,"req2xx":28185,"req3xx":0,"others":0,
		"latency":{"mean":140.6,"percentiles":{"50":79,"95":245,"99":1516}},"rps":{"percentiles":{"99":51805.29}}}}`,
		told{28185, 0.001516}},
	"k6 1.8.1": {readK6, `{"metrics":{"http_req_blocked":{"type":"trend","values":{"p(99)":0.01}},"http_reqs":{"type":"counter","values":{"count":8180,"rate":8178.09}},
		"http_req_duration":{"type":"trend","contains":"time","values":{"p(99)":2.66}}}}`,
		told{8180, 0.00266}},
	"ghz 0.121.0": {readGhz, `{"count": 4000, "average": 350000, "latencyDistribution": [{"percentage": 95, "latency": 700000}, {"percentage": 99, "latency": 1800000}]}`,
		told{4000, 0.0018}},
}

func TestReadsWhatPeersPrint(t *testing.T) {
	for name, p := range printed {
		got, err := p.read(lab{}, []byte(p.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(p.want, got, cmp.AllowUnexported(told{})); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", name, diff)
		}
	}
}

func TestAPeerThatIsMissingIsToldWithItsRemedy(t *testing.T) {
	missing := tool{name: "no-such-load-generator", args: func(job) []string { return nil }}
	if _, _, err := missing.measure(lab{}, job{}); err == nil || !strings.Contains(err.Error(), "internal/bench/peers/install installs it") {
		t.Error(err)
	}
}

// A peer without a rate would be asked for another load than the others.
func TestEveryPeerIsToldTheRate(t *testing.T) {
	j := job{url: "http://127.0.0.1:1", connections: 4, rate: 200, length: 15 * time.Second}
	for _, p := range append(tools, ghz) {
		given := strings.Join(p.args(j), " ")
		if p.input != nil {
			given += p.input(j)
		}
		if p.name != "wrk" && !strings.Contains(given, "200") && !strings.Contains(given, "-q 50 ") {
			t.Errorf("%s %s", p.name, given)
		}
	}
}

func TestMedianAndQuantile(t *testing.T) {
	if got := median([]float64{3, 1, 2}); got != 2 {
		t.Error(got)
	}
	if got := quantile([]float64{1, 2, 3, 4}, 1); got != 4 {
		t.Error(got)
	}
}
