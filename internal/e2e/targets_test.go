//go:build e2e

package e2e

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seatrial/seatrial/trial"
)

// tester runs trials with the real program.
type tester struct{ seatrial string }

func newTester(t *testing.T) tester {
	t.Helper()
	need(t, "go")
	return tester{built(t, t.TempDir())}
}

// try runs a trial file, which must end with one of the exit codes, and reads
// the report.
func (x tester) try(t *testing.T, file string, environ []string, options []string, codes ...int) trial.Report {
	t.Helper()
	dir := t.TempDir()
	config, report := filepath.Join(dir, "seatrial.yaml"), filepath.Join(dir, "report")
	if err := os.WriteFile(config, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--config=" + config, "--report-dir=" + report}, options...)
	ended := run(t, append(os.Environ(), environ...), "", x.seatrial, args...)
	if !slices.Contains(codes, ended.code) {
		t.Fatalf("exit code %d, want one of %d\n%s\n%s", ended.code, codes, file, ended.output)
	}
	t.Log(ended.output)
	text, err := os.ReadFile(filepath.Join(report, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	read, err := trial.ReadReport(text)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// checkNoneFailed demands that every version was sent each of the requests, or
// any, and answered all as expected.
func checkNoneFailed(t *testing.T, r trial.Report, requests ...string) {
	t.Helper()
	requests = append(requests, "") // all of them
	answered := map[string]int{}
	for _, total := range r.Totals {
		if total.Failed != 0 {
			t.Errorf("%s: %d of %d requests %s failed: %+v", total.Version, total.Failed, total.Requests, total.Request, r.Examples)
		}
		answered[total.Version+" "+total.Request] = total.Requests
	}
	for _, version := range r.Versions {
		for _, name := range requests {
			if answered[version.Name+" "+name] == 0 {
				t.Errorf("%s was sent no request %q: %v", version.Name, name, answered)
			}
		}
	}
}

// freePorts are on loopback, and nobody listens there.
func freePorts(t *testing.T, n int) []any {
	t.Helper()
	var ports []any
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close() // of all at the end: none is given twice
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// certificate is httptest's own, of 127.0.0.1, as files.
func certificate(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// nginxConfig closes each connection after ten requests. Each answer tells the
// protocol of its request. What is limited is passed on, because limit_req
// does not see what return answers.
const nginxConfig = `
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error;
events { worker_connections 512; }
http {
  access_log off; default_type text/plain; keepalive_requests 10;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  ssl_certificate cert.pem; ssl_certificate_key key.pem;
  limit_req_zone $server_addr zone=few:1m rate=10r/s;
  server {
    listen 127.0.0.1:%d; listen 127.0.0.1:%d; listen 127.0.0.1:%d ssl http2; listen 127.0.0.1:%d ssl http2;
    location = / { return 200 "ready"; }
    location /page { return 200 "over $server_protocol"; }
    location /idle { keepalive_timeout 40ms; return 200 "over $server_protocol"; }
    location /packed { gzip on; gzip_types text/plain; gzip_min_length 1; return 200 "over $server_protocol %s"; }
    location /moved { return 302 /page; }
    location /limited { limit_req zone=few; limit_req_log_level info; proxy_pass http://$server_addr:$server_port/page; }
  }
}
`

// nginx is one, at several addresses.
type nginx struct {
	plain, tls [2]string // URLs
	ca         string    // file
}

func startNginx(t *testing.T) nginx {
	t.Helper()
	need(t, "nginx")
	dir := t.TempDir()
	ca, _ := certificate(t, dir)
	ports := freePorts(t, 4)
	config := fmt.Sprintf(nginxConfig, append(ports, strings.Repeat("seatrial ", 200))...)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("nginx", "-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"))
	c.Stderr = t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	// Killed, it would leave its worker behind.
	t.Cleanup(func() { _ = c.Process.Signal(syscall.SIGTERM); _ = c.Wait() })
	url := func(scheme string, port any) string { return fmt.Sprintf("%s://127.0.0.1:%d", scheme, port) }
	return nginx{
		plain: [2]string{url("http", ports[0]), url("http", ports[1])},
		tls:   [2]string{url("https", ports[2]), url("https", ports[3])},
		ca:    ca,
	}
}

// shortly is the load and the judgement of a trial that is to be over soon.
const shortly = `
ready: {within: 10s}
load: {rate: 200/s, for: 25s, warmup: 0s, %s}
at-least: 3s
objectives: [error-rate <= 1%%, latency-p95 <= 100ms, latency-p50 <= 200%% of baseline]
`

// nginx is a server that this project did not write, and behaves as many do.
func TestNginx(t *testing.T) {
	t.Parallel()
	x, server := newTester(t), startNginx(t)
	versions := func(urls [2]string) string {
		return fmt.Sprintf("baseline: {url: %q}\ncandidate: {url: %q}", urls[0], urls[1])
	}
	t.Run("closes connections in the middle of the load", func(t *testing.T) { x.closedConnections(t, versions(server.plain)) })
	t.Run("closes connections that nobody uses", func(t *testing.T) { x.idleConnections(t, versions(server.plain)) })
	t.Run("HTTP/2 over TLS", func(t *testing.T) {
		file := versions(server.tls) + fmt.Sprintf(shortly, "http2: true, ca: "+server.ca) + "requests: {page: {path: /page, check: {body: ^over HTTP/2.0$}}}\n"
		checkNoneFailed(t, x.try(t, file, nil, nil, 0))
	})
	t.Run("redirects are followed", func(t *testing.T) {
		file := versions(server.plain) + fmt.Sprintf(shortly, "follow-redirects: true") + "requests: {moved: {path: /moved, check: {body: ^over HTTP/1.1$}}}\n"
		checkNoneFailed(t, x.try(t, file, nil, nil, 0))
	})
	t.Run("refuses what is above its limit", func(t *testing.T) {
		file := versions([2]string{server.plain[0] + "/page", server.plain[1] + "/limited"}) + fmt.Sprintf(shortly, "timeout: 1s")
		r := x.try(t, file, nil, nil, 1)
		if !slices.ContainsFunc(r.Findings, func(f trial.Finding) bool { return f.Objective == "error-rate <= 1%" && f.Verdict == trial.Fail }) {
			t.Errorf("the error rate is not blamed: %+v", r.Findings)
		}
		if !slices.ContainsFunc(r.Examples, func(e trial.Example) bool { return strings.Contains(e.Status, "503") }) {
			t.Errorf("no 503 is shown: %+v", r.Examples)
		}
	})
}

// closedConnections holds nginx to what it was told: no request fails, also of
// those that must not be sent twice, and each connection was good for ten. What
// is packed is seen by its size: its header is one for which the standard
// client would take over.
func (x tester) closedConnections(t *testing.T, versions string) {
	file := versions + fmt.Sprintf(shortly, "timeout: 2s") + `
requests:
  page: {path: /page, check: {body: ^over HTTP/1.1$}}
  packed: {path: /packed, headers: {Accept-Encoding: gzip}, check: {min-size: 20B, max-size: 200B}}
  form: {path: /page, method: POST, body: a=b, check: {body: ^over HTTP/1.1$}}
`
	r := x.try(t, file, nil, nil, 0)
	checkNoneFailed(t, r, "page", "packed", "form")
	for _, total := range r.Totals {
		if total.Request != "" {
			continue
		}
		// Rounds that were under way at the verdict made connections too.
		if made := total.Phases.Connections; made < total.Requests/10 || made > total.Requests/5 {
			t.Errorf("%s: %d connections for %d requests, ten each", total.Version, made, total.Requests)
		}
	}
}

// idleConnections makes a race of it: each of eight connections is used about
// every 40 ms, which is when nginx closes it. Requests that it did not read are
// sent again.
func (x tester) idleConnections(t *testing.T, versions string) {
	r := x.try(t, versions+fmt.Sprintf(shortly, "connections: 8")+"requests: {idle: {path: /idle}}\n", nil, nil, 0)
	checkNoneFailed(t, r)
	for _, total := range r.Totals {
		if made := total.Phases.Connections; made < total.Requests/5 {
			t.Errorf("%s: %d connections for %d requests: hardly any was closed", total.Version, made, total.Requests)
		}
	}
}

// startInterop starts grpc-go's own test server and returns its address.
func startInterop(t *testing.T) string {
	t.Helper()
	c := exec.Command(tool(t, "bin/server"), "-port=0")
	c.Env = append(os.Environ(), "GRPC_GO_LOG_SEVERITY_LEVEL=info")
	log, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if _, at, found := strings.Cut(lines.Text(), "interop server listening on "); found {
			go func() {
				for lines.Scan() { // or it would wait for somebody to read
				}
			}()
			return "grpc://127.0.0.1" + at[strings.LastIndex(at, ":"):]
		}
	}
	t.Fatal("grpc-go's test server ended without an address")
	return ""
}

// protoset is what protoc --include_imports --descriptor_set_out would write.
func protoset(t *testing.T, file protoreflect.FileDescriptor) string {
	t.Helper()
	var set descriptorpb.FileDescriptorSet
	var add func(protoreflect.FileDescriptor)
	add = func(file protoreflect.FileDescriptor) {
		if slices.ContainsFunc(set.File, func(f *descriptorpb.FileDescriptorProto) bool { return f.GetName() == file.Path() }) {
			return
		}
		for i := range file.Imports().Len() {
			add(file.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	}
	add(file)
	text, err := proto.Marshal(&set)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.protoset")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every kind of call is answered by a service that this project did not write,
// and that tells its schema to nobody.
func TestGRPCServiceOfOthers(t *testing.T) {
	t.Parallel()
	x := newTester(t)
	schema := protoset(t, grpc_testing.File_grpc_testing_test_proto)
	calls := strings.ReplaceAll(`
requests:
  unary: {grpc: {call: grpc.testing.TestService/UnaryCall, protoset: SCHEMA, data: '{"responseSize": 1000, "payload": {"body": "c2VhdHJpYWw="}}'}}
  client: {grpc: {call: grpc.testing.TestService/StreamingInputCall, protoset: SCHEMA, data: ['{"payload": {"body": "YQ=="}}', '{"payload": {"body": "Yg=="}}']}}
  server: {grpc: {call: grpc.testing.TestService.StreamingOutputCall, protoset: SCHEMA, data: '{"responseParameters": [{"size": 10}, {"size": 70000}]}'}}
  both: {grpc: {call: grpc.testing.TestService/FullDuplexCall, protoset: SCHEMA, data: ['{"responseParameters": [{"size": 10}]}', '{"responseParameters": [{"size": 20}]}']}}
`, "SCHEMA", schema)
	there := startInterop(t)
	t.Run("all kinds of calls", func(t *testing.T) {
		file := "baseline: " + there + "\ncandidate: " + startInterop(t) + fmt.Sprintf(shortly, "timeout: 2s") + calls
		checkNoneFailed(t, x.try(t, file, nil, []string{"--for=15s"}, 0, 3), "unary", "client", "server", "both")
	})
	t.Run("a code that it was asked for", func(t *testing.T) {
		file := "candidate: " + there + "\nready: {within: 10s}\nload: {rate: 100/s, for: 15s, warmup: 0s}\nat-least: 3s\nobjectives: [error-rate <= 1%]\n" +
			"requests: {missing: {grpc: {call: grpc.testing.TestService/UnaryCall, protoset: " + schema + ", data: '{\"responseStatus\": {\"code\": 5}}'}}}\n"
		r := x.try(t, file, nil, nil, 1)
		if len(r.Examples) != 1 || r.Examples[0].Status != "NOT_FOUND (5)" {
			t.Errorf("the code is not told: %+v", r.Examples)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		file := fmt.Sprintf("baseline: %s\ncandidate: grpc://127.0.0.1:%d", there, freePorts(t, 1)[0]) + fmt.Sprintf(shortly, "timeout: 1s") + calls
		if r := x.try(t, file, nil, []string{"--ready-within=1s"}, 4); r.Status != trial.NotReady {
			t.Errorf("status %s: %s", r.Status, r.Reason)
		}
	})
}

// iter8Example is a source of the tests of import, and how it is run without a
// cluster: what is put into its place, and what it leaves to fill in.
type iter8Example struct {
	source  string
	instead []string // pairs of old and new
	added   string   // to the trial file
	environ []string
	asked   []string // what its SLOs have become
}

// What iter8 documents must not only be read: its drafts run, and are judged by
// what they asked. They are shortened, and sent at a higher rate where an SLO of
// zero errors takes thousands of requests. Left out: those that need a cluster
// with Istio's Prometheus in it (istio.sh, tasks.yaml), other providers
// (abn.yaml, canary.yaml) or a file of values that is not there (launch.sh).
func TestImportedIter8ExamplesRun(t *testing.T) {
	t.Parallel()
	x := newTester(t)
	baseline, candidate := serveSample(t, x.seatrial, "--latency=4ms"), serveSample(t, x.seatrial, "--latency=4ms", "--seed=2")
	shop := serveSample(t, x.seatrial, "--latency=4ms", "--grpc")
	examples := map[string]iter8Example{
		"a command of 0.11 to 0.13": {
			source:  "smallest.sh",
			instead: []string{"--set ready.deploy=shop ", "", "http://shop.default/cart", candidate},
			asked:   []string{"latency-mean <= 50ms", "error-rate <= 1%"},
		},
		"a command of 0.7": {
			source:  "first-chart.sh",
			instead: []string{"https://shop.example/", candidate},
			asked:   []string{"error-rate <= 0.1%", "latency-mean <= 50ms", "latency-p90 <= 100ms", "latency-p97.5 <= 200ms"},
		},
		"tasks of 0.8": {
			source:  "old.yaml",
			instead: []string{"https://shop.example/get", baseline, "https://canary.example/get", candidate},
			environ: []string{"AUTHORIZATION=" + secret},
			asked:   []string{"error-rate <= 0.1%", "latency-mean <= 50ms", "latency-mean >= 1ms"},
		},
		"values with gRPC": {
			source: "grpc.yaml",
			instead: []string{"tasks: [ready, ", "tasks: [", "ready: {service: shop, ksvc: shop, isvc: model, timeout: 5m}\n", "",
				"shop.default:50051", strings.TrimPrefix(shop, "grpc://"), "shop.Cart.", "sample.Shop.",
				"{user: bob, password: s3cr3t}", "{id: bob}", "{all: true}", "{count: 3}"},
			asked: []string{"overall/error-rate <= 0.1%", "overall/latency-mean <= 50ms", "overall/latency-p99 <= 200ms", "get/latency-p99 <= 100ms"},
		},
		"a conformance experiment": {
			source:  "conformance.yaml",
			environ: []string{"CANDIDATE_URL=" + candidate},
			asked:   []string{"latency-p99 <= 500ms"},
		},
		"an A/B experiment": {
			source:  "load.yaml",
			instead: []string{"http://shop-v1.default/cart", baseline, "http://shop-v2.default/cart", candidate},
			added:   "windows: {interval: 1s}\n", // of its made-up metric; iter8's would take minutes
			asked:   []string{"latency-mean <= 50ms", "error-rate <= 1%", "latency-p95 <= 200ms"},
		},
	}
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		t.Run(name, func(t *testing.T) { x.iter8(t, examples[name]) })
	}
}

func (x tester) iter8(t *testing.T, example iter8Example) {
	dir := t.TempDir()
	r := x.try(t, x.draft(t, dir, example)+example.added, example.environ, []string{"--rate=600/s", "--for=15s", "--at-least=2s", "--warmup=0s"}, 0, 3)
	if r.Status != trial.Judged {
		t.Errorf("status %s: %s", r.Status, r.Reason)
	}
	checkNoneFailed(t, r)
	for _, objective := range example.asked {
		if !slices.ContainsFunc(r.Findings, func(f trial.Finding) bool { return f.Objective == objective && !f.Implied && f.Requests > 0 }) {
			t.Errorf("%s is not among what was judged: %+v", objective, r.Findings)
		}
	}
}

// draft is the trial file that the program draws up of the example.
func (x tester) draft(t *testing.T, dir string, example iter8Example) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "migrate/testdata/iter8", example.source))
	if err != nil {
		t.Fatal(err)
	}
	source := string(text)
	for pair := range slices.Chunk(example.instead, 2) {
		if !strings.Contains(source, pair[0]) {
			t.Fatalf("%s has no %q any more", example.source, pair[0])
		}
		source = strings.ReplaceAll(source, pair[0], pair[1])
	}
	from, draft := filepath.Join(dir, example.source), filepath.Join(dir, "draft.yaml")
	if err := os.WriteFile(from, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, os.Environ(), "", x.seatrial, "import", "--output="+draft, from).expect(t, 0)
	drawn, err := os.ReadFile(draft)
	if err != nil {
		t.Fatal(err)
	}
	return string(drawn)
}
