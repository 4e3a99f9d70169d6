package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// job is a load that every tool is given alike.
type job struct {
	url         string
	connections int
	rate        float64 // requests a second; 0 is as many as the tool can
	length      time.Duration
	even        bool // fortio alone: connections take turns instead of sending all at once
}

// told is what a tool says of the load that it sent.
type told struct {
	requests int
	p99      float64 // seconds
}

// tool is a load generator, started as its users start it.
type tool struct {
	name  string
	args  func(job) []string
	input func(job) string // to stdin; nil for none
	read  func(l lab, out []byte) (told, error)
}

var fortio = tool{name: "fortio", args: fortioArgs, read: readFortio}

// tools are the peers over HTTP.
var tools = []tool{
	fortio,
	{name: "wrk", args: wrkArgs, read: readWrk},
	{name: "bombardier", args: bombardierArgs, read: readBombardier},
	{name: "hey", args: heyArgs, read: readHey},
	{name: "vegeta", args: vegetaArgs, input: func(j job) string { return "GET " + j.url + "\n" }, read: readVegeta},
	{name: "k6", args: func(job) []string { return []string{"run", "--quiet", "--no-usage-report", "-"} }, input: k6Script, read: readK6},
}

// ghz is the peer over gRPC.
var ghz = tool{name: "ghz", args: ghzArgs, read: readGhz}

// measure runs the tool in a process of its own. Its CPU time is all that the
// process took, from its start to its end.
func (t tool) measure(l lab, j job) (said told, cpu time.Duration, err error) {
	path, err := l.find(t.name)
	if err != nil {
		return told{}, 0, err
	}
	c := exec.Command(path, t.args(j)...)
	if t.input != nil {
		c.Stdin = strings.NewReader(t.input(j))
	}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return told{}, 0, fmt.Errorf("%s: %w\n%s", t.name, err, stderr.Bytes())
	}
	said, err = t.read(l, out)
	if err == nil && said.requests == 0 {
		err = fmt.Errorf("no requests in\n%s", out)
	}
	if err != nil {
		return told{}, 0, fmt.Errorf("%s: %w", t.name, err)
	}
	return said, finished(c).cpu, nil
}

// cost is the CPU time of a request, in seconds.
func (t tool) cost(l lab, j job) (float64, error) {
	said, cpu, err := t.measure(l, j)
	return cpu.Seconds() / float64(max(1, said.requests)), err
}

// find is a tool that peers/install put into the user's cache, or a system's.
func (l lab) find(name string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "seatrial", "peers", name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if path, err = exec.LookPath(name); err != nil {
		return "", fmt.Errorf("%s is not here: internal/bench/peers/install installs it", name)
	}
	return path, nil
}

// whole is seconds as tools take them that know no fractions.
func whole(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) + "s" }

func fortioArgs(j job) []string {
	args := []string{"load", "-quiet", "-json", "-", "-p", "99", "-qps", fmt.Sprint(j.rate), "-c", fmt.Sprint(j.connections), "-t", j.length.String()}
	if j.even {
		args = append(args, "-uniform")
	}
	return append(args, j.url)
}

func readFortio(_ lab, out []byte) (told, error) {
	var r struct {
		DurationHistogram struct {
			Count       int
			Percentiles []struct{ Percentile, Value float64 }
		}
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return told{}, err
	}
	for _, p := range r.DurationHistogram.Percentiles {
		if p.Percentile == 99 {
			return told{r.DurationHistogram.Count, p.Value}, nil
		}
	}
	return told{}, fmt.Errorf("no 99th percentile in\n%s", out)
}

// wrk knows no rate.
func wrkArgs(j job) []string {
	return []string{"-t2", fmt.Sprintf("-c%d", j.connections), "-d" + whole(j.length), "--latency", j.url}
}

func readWrk(_ lab, out []byte) (told, error) {
	var t told
	for line := range strings.Lines(string(out)) {
		switch fields := strings.Fields(line); {
		case len(fields) == 2 && fields[0] == "99%":
			p99, err := time.ParseDuration(fields[1])
			if err != nil {
				return told{}, err
			}
			t.p99 = p99.Seconds()
		case len(fields) > 2 && fields[1] == "requests" && fields[2] == "in":
			var err error
			if t.requests, err = strconv.Atoi(fields[0]); err != nil {
				return told{}, err
			}
		}
	}
	return t, nil
}

func bombardierArgs(j job) []string {
	args := []string{"-c", fmt.Sprint(j.connections), "-d", j.length.String(), "-l", "-p", "r", "-o", "json", j.url}
	if j.rate > 0 {
		args = append(args, "-r", fmt.Sprint(j.rate))
	}
	return args
}

func readBombardier(_ lab, out []byte) (told, error) {
	var r struct {
		Result struct {
			Answered int `json:"req2xx"`
			Latency  struct{ Percentiles map[string]float64 }
		}
	}
	err := json.Unmarshal(out, &r)
	return told{r.Result.Answered, r.Result.Latency.Percentiles["99"] / 1e6}, err
}

// heyArgs gives each worker its part of the rate.
func heyArgs(j job) []string {
	args := []string{"-z", j.length.String(), "-c", fmt.Sprint(j.connections)}
	if j.rate > 0 {
		args = append(args, "-q", fmt.Sprint(j.rate/float64(j.connections)))
	}
	return append(args, j.url)
}

func readHey(_ lab, out []byte) (told, error) {
	var t told
	for line := range strings.Lines(string(out)) {
		var err error
		switch fields := strings.Fields(line); {
		case len(fields) == 4 && fields[0] == "99%" && fields[1] == "in":
			t.p99, err = strconv.ParseFloat(fields[2], 64)
		case len(fields) == 3 && fields[0] == "[200]" && fields[2] == "responses":
			t.requests, err = strconv.Atoi(fields[1])
		}
		if err != nil {
			return told{}, err
		}
	}
	return t, nil
}

// vegetaArgs bounds the workers only where there is no rate: with one, vegeta is
// to start as many as it needs.
func vegetaArgs(j job) []string {
	args := []string{"attack", "-duration=" + j.length.String(), fmt.Sprintf("-connections=%d", j.connections), fmt.Sprintf("-rate=%v", j.rate)}
	if j.rate == 0 {
		args = append(args, fmt.Sprintf("-max-workers=%d", j.connections))
	}
	return args
}

// readVegeta lets vegeta itself read what it recorded.
func readVegeta(l lab, out []byte) (told, error) {
	path, err := l.find("vegeta")
	if err != nil {
		return told{}, err
	}
	c := exec.Command(path, "report", "-type=json")
	c.Stdin = bytes.NewReader(out)
	report, err := c.Output()
	if err != nil {
		return told{}, err
	}
	return vegetaReport(report)
}

func vegetaReport(report []byte) (told, error) {
	var r struct {
		Requests  int
		Latencies map[string]float64
	}
	err := json.Unmarshal(report, &r)
	return told{r.Requests, r.Latencies["99th"] / 1e9}, err
}

// k6Script is as in k6's documentation: users that loop, or a constant arrival
// rate of as many users as there are connections.
func k6Script(j job) string {
	load := fmt.Sprintf(`vus: %d, duration: '%s'`, j.connections, whole(j.length))
	if j.rate > 0 {
		load = fmt.Sprintf(`scenarios: {all: {executor: 'constant-arrival-rate', rate: %v, timeUnit: '1s', duration: '%s', preAllocatedVUs: %d}}`,
			j.rate, whole(j.length), j.connections)
	}
	return fmt.Sprintf(`import http from 'k6/http';
export const options = { %s, summaryTrendStats: ['p(99)'] };
export default function () { http.get(%q); }
export function handleSummary(data) { return { stdout: JSON.stringify(data) }; }
`, load, j.url)
}

func readK6(_ lab, out []byte) (told, error) {
	var r struct {
		Metrics map[string]struct{ Values map[string]float64 }
	}
	err := json.Unmarshal(out, &r)
	return told{int(r.Metrics["http_reqs"].Values["count"]), r.Metrics["http_req_duration"].Values["p(99)"] / 1e3}, err
}

// What the sample service is asked over gRPC, by ghz and by a trial file.
const (
	ghzCall  = "sample.Shop/Get"
	grpcData = `{"text":"ahoy"}`
	grpcCall = "requests: [{name: get, grpc: {call: " + ghzCall + ", data: '" + grpcData + "'}}]\n"
)

func ghzArgs(j job) []string {
	n := fmt.Sprint(j.connections)
	args := []string{"--insecure", "--call", ghzCall, "-d", grpcData, "-O", "json", "-z", j.length.String(), "-c", n, "--connections", n}
	if j.rate > 0 {
		args = append(args, "--rps", fmt.Sprint(j.rate))
	}
	return append(args, strings.TrimPrefix(j.url, "grpc://"))
}

func readGhz(_ lab, out []byte) (told, error) {
	var r struct {
		Count        int
		Distribution []struct{ Percentage, Latency float64 } `json:"latencyDistribution"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return told{}, err
	}
	for _, d := range r.Distribution {
		if d.Percentage == 99 {
			return told{r.Count, d.Latency / 1e9}, nil
		}
	}
	return told{}, fmt.Errorf("no 99th percentile in\n%s", out)
}
