package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/seatrial/seatrial/trial"
)

// Input is one key of the trial file, or one input of the step, or both.
type Input struct {
	Name        string // of the flag and the input: "at-least"; empty for what only the file can say
	Path        string // in the file: "load.rate"; empty for what only an input can say
	Section     string // heading in lists
	Placeholder string // of the value in lists
	Default     string // in words
	Help        string // one sentence
	Bool        bool   // true or false; a flag without a value means true

	shares string // the input that this key without one of its own takes its part of
	shape  shape  // how the text of an input becomes the file's value; nil: it is the value, trimmed
}

// Headings of the lists.
const (
	aboutVersions   = "Versions"
	aboutReadiness  = "Readiness"
	aboutCluster    = "Cluster"
	aboutLoad       = "Load"
	aboutRequest    = "Request"
	aboutConnection = "Connection"
	aboutMetrics    = "Metrics from elsewhere"
	aboutJudgement  = "Judgement"
	aboutTraffic    = "Traffic"
	aboutResult     = "Result"
	aboutHooks      = "Commands"
	aboutPublishing = "Publishing"
)

// Inputs is every key of the file and every input of the step: what --help,
// the README, the pipelines' definitions and the JSON schema are made from or
// checked against. The keys of candidates are those of candidate, and those of an
// action are the same at every event.
var Inputs = []Input{
	{Name: "config", Section: aboutVersions, Placeholder: "FILE", Default: "seatrial.yaml, if there is one",
		Help: "The trial file; inputs beat what it says."},
	{Name: "name", Path: "name", Section: aboutVersions, Placeholder: "TEXT",
		Help: "What the trial is called in its reports: the service, usually."},
	{Path: "candidate", Section: aboutVersions, Placeholder: "VERSION",
		Help: "The version on trial: a URL, or a mapping with these keys."},
	{Name: "candidate", Path: "candidate.url", Section: aboutVersions, Placeholder: "URL",
		Help: "Where the version on trial answers; user information and query values are never shown."},
	{Path: "candidate.grpc", Section: aboutVersions, Placeholder: "URL", Default: "its url",
		Help: "Where calls of gRPC go: grpc://host:port, or grpcs:// with TLS."},
	{Name: "candidate-version", Path: "candidate.version", Section: aboutVersions, Placeholder: "TEXT",
		Help: "What people call the candidate's build: a commit, a tag."},
	{Path: "candidate.name", Section: aboutVersions, Placeholder: "NAME", Default: "candidate",
		Help: "The candidate's name in evidence and reports."},
	{Path: "candidate.host", Section: aboutVersions, Placeholder: "NAME", Default: "load.host",
		Help: "Host header of requests to the candidate."},
	{Path: "candidate.headers", Section: aboutVersions, Placeholder: "MAPPING",
		Help: "Headers for the candidate alone; they beat load.headers. Never shown."},
	{Path: "candidate.labels", Section: aboutVersions, Placeholder: "MAPPING",
		Help: "What else tells the candidate from others in queries: {{pod}} is its label pod."},
	{Path: "baseline", Section: aboutVersions, Placeholder: "VERSION",
		Help: "The version that runs now: a URL, or a mapping with these keys."},
	{Name: "baseline", Path: "baseline.url", Section: aboutVersions, Placeholder: "URL",
		Help: "Where the version that runs now answers; without it, the trial is of one version."},
	{Path: "baseline.grpc", Section: aboutVersions, Placeholder: "URL", Default: "its url",
		Help: "Where calls of gRPC to the baseline go."},
	{Name: "baseline-version", Path: "baseline.version", Section: aboutVersions, Placeholder: "TEXT",
		Help: "What people call the baseline's build."},
	{Path: "baseline.name", Section: aboutVersions, Placeholder: "NAME", Default: "baseline",
		Help: "The baseline's name in evidence and reports."},
	{Path: "baseline.host", Section: aboutVersions, Placeholder: "NAME", Default: "load.host",
		Help: "Host header of requests to the baseline."},
	{Path: "baseline.headers", Section: aboutVersions, Placeholder: "MAPPING",
		Help: "Headers for the baseline alone; they beat load.headers. Never shown."},
	{Path: "baseline.labels", Section: aboutVersions, Placeholder: "MAPPING",
		Help: "What else tells the baseline from others in queries."},
	{Name: "candidates", Path: "candidates", Section: aboutVersions, Placeholder: "NAME=URL", shape: named,
		Help: "Several versions on trial instead of one: as input, one name=url a line."},

	{Path: "ready", Section: aboutReadiness, Placeholder: "MAPPING",
		Help: "What must be true before any load is sent. Each version must answer in any case."},
	{Name: "wait-for", Path: "ready.urls", Section: aboutReadiness, Placeholder: "WHAT", shape: urls,
		Help: "URLs that must answer and objects that must be ready (deployment/shop) before any load, one a line."},
	{Path: "ready.urls[].url", Section: aboutReadiness, Placeholder: "URL",
		Help: "The URL to ask; of grpc://host:port/service, the health."},
	{Path: "ready.urls[].status", Section: aboutReadiness, Placeholder: "STATUS", Default: "200-399",
		Help: "The answers that count as ready."},
	{Path: "ready.urls[].body", Section: aboutReadiness, Placeholder: "REGEXP", Default: "any body",
		Help: "A regular expression that the answer's body must match."},
	{Name: "ready-within", Path: "ready.within", Section: aboutReadiness, Placeholder: "DURATION", Default: "2m",
		Help: "How long to wait for that; then the step ends with exit code 4."},
	{Path: "ready.every", Section: aboutReadiness, Placeholder: "DURATION", Default: "500ms",
		Help: "How often to ask a URL. Objects are watched."},
	{Path: "ready.objects", Section: aboutReadiness, Placeholder: "OBJECT", shares: "wait-for", shape: objects,
		Help: "Objects of the cluster that must be ready: deployment/shop, or a mapping with these keys."},
	{Path: "ready.objects[].object", Section: aboutReadiness, Placeholder: "KIND/NAME",
		Help: "The object, deployment/shop; behind it, condition= or jsonpath=; with a selector, the kind alone."},
	{Path: "ready.objects[].namespace", Section: aboutReadiness, Placeholder: "NAME", Default: "cluster.namespace",
		Help: "Its namespace."},
	{Path: "ready.objects[].selector", Section: aboutReadiness, Placeholder: "LABELS",
		Help: "All objects with these labels, and at least one, in place of a name: app=shop."},
	{Path: "ready.objects[].condition", Section: aboutReadiness, Placeholder: "CONDITION", Default: "what the kind is known by",
		Help: "The condition that tells: Ready, Ready=False."},
	{Path: "ready.objects[].jsonpath", Section: aboutReadiness, Placeholder: "PATH", Default: "what the kind is known by",
		Help: "The place that tells, and what must stand there: {.status.phase}=Running."},

	{Path: "cluster", Section: aboutCluster, Placeholder: "MAPPING",
		Help: "How to reach the Kubernetes cluster. It is only asked where something else here needs it."},
	{Name: "kubeconfig", Path: "cluster.kubeconfig", Section: aboutCluster, Placeholder: "CONFIG", Default: "KUBECONFIG, ~/.kube/config, or the pod's own ServiceAccount",
		Help: "The kubeconfig: its text, that in base64, or its path. Never shown."},
	{Name: "kube-context", Path: "cluster.context", Section: aboutCluster, Placeholder: "NAME", Default: "the current one",
		Help: "The context of the kubeconfig."},
	{Name: "namespace", Path: "cluster.namespace", Section: aboutCluster, Placeholder: "NAME", Default: "the context's",
		Help: "The namespace of objects that name none."},

	{Path: "load", Section: aboutLoad, Placeholder: "MAPPING",
		Help: "How much is sent to the versions, and what."},
	{Name: "gateway", Path: "load.url", Section: aboutLoad, Placeholder: "URL",
		Help: "The one address behind which all versions answer; versions then need none of their own."},
	{Path: "load.identify", Section: aboutLoad, Placeholder: "HEADER",
		Help: "The header of answers that tells versions apart: its name, or a mapping with these keys."},
	{Name: "identify", Path: "load.identify.header", Section: aboutLoad, Placeholder: "HEADER",
		Help: "The header of answers that tells versions behind the gateway apart."},
	{Path: "load.identify.values", Section: aboutLoad, Placeholder: "MAPPING", Default: "each version's version, or else its name",
		Help: "What the header says where a version answered, by the version's name; it must be exactly that."},
	{Name: "rate", Path: "load.rate", Section: aboutLoad, Placeholder: "RATE", Default: "100/s",
		Help: "Requests to each version: 100/s, 6000/m."},
	{Name: "for", Path: "load.for", Section: aboutLoad, Placeholder: "DURATION", Default: "1m",
		Help: "The longest that the trial may measure; it ends earlier when all is decided."},
	{Path: "load.stages", Section: aboutLoad, Placeholder: "LIST",
		Help: "How the rate goes, in place of for: stages one after another. The load begins at load.rate."},
	{Path: "load.stages[].rate", Section: aboutLoad, Placeholder: "RATE",
		Help: "The rate that holds for the stage."},
	{Path: "load.stages[].to", Section: aboutLoad, Placeholder: "RATE",
		Help: "The rate that is reached at the stage's end, in a straight line from the one before."},
	{Path: "load.stages[].for", Section: aboutLoad, Placeholder: "DURATION",
		Help: "How long the stage is."},
	{Path: "load.closed", Section: aboutLoad, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether each connection sends as soon as it has its answer, at no rate: it hides standstills."},
	{Name: "warmup", Path: "load.warmup", Section: aboutLoad, Placeholder: "DURATION", Default: "5s",
		Help: "Load before that, recorded and never judged."},
	{Name: "connections", Path: "load.connections", Section: aboutLoad, Placeholder: "NUMBER", Default: "8",
		Help: "Connections to each version, and the most requests under way; those ready, with identify or gRPC."},
	{Name: "timeout", Path: "load.timeout", Section: aboutLoad, Placeholder: "DURATION", Default: "5s",
		Help: "How long after its planned time an answer may end; then the request counts as failed."},
	{Name: "seed", Path: "load.seed", Section: aboutLoad, Placeholder: "NUMBER", Default: "drawn anew",
		Help: "Seed of the random order in which the versions are asked."},

	{Name: "method", Path: "load.method", Section: aboutRequest, Placeholder: "METHOD", Default: "GET, or POST with a body",
		Help: "The HTTP method."},
	{Name: "headers", Path: "load.headers", Section: aboutRequest, Placeholder: "HEADER", shape: headers,
		Help: "Headers of every request: as input, one \"Name: value\" a line. Never shown."},
	{Name: "body", Path: "load.body", Section: aboutRequest, Placeholder: "TEXT", shape: verbatim,
		Help: "The body of every request. Never shown."},
	{Name: "body-file", Path: "load.body-file", Section: aboutRequest, Placeholder: "FILE",
		Help: "The file with the body of every request."},
	{Name: "host", Path: "load.host", Section: aboutRequest, Placeholder: "NAME", Default: "the URL's",
		Help: "Host header of every request."},
	{Name: "expect", Path: "load.expect", Section: aboutRequest, Placeholder: "STATUS", Default: "200-399", shape: words,
		Help: "The statuses that are no errors: 200, 2xx, 200-399, with commas between them."},
	{Name: "follow-redirects", Path: "load.follow-redirects", Section: aboutRequest, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether to follow redirects and judge where they end; another host or port is sent no headers."},

	{Path: "requests", Section: aboutRequest, Placeholder: "LIST",
		Help: "Several requests in place of one: a list, or a mapping from their names."},
	{Path: "requests[].name", Section: aboutRequest, Placeholder: "NAME",
		Help: "What objectives and reports call it: checkout/latency-p95 <= 300ms."},
	{Path: "requests[].share", Section: aboutRequest, Placeholder: "PERCENT", Default: "an equal part of the rest",
		Help: "Its part of the rate: 30%."},
	{Path: "requests[].path", Section: aboutRequest, Placeholder: "PATH", Default: "the version's URL as it stands",
		Help: "What follows the version's URL: /checkout?id=1; a template, as headers and body are."},
	{Path: "requests[].method", Section: aboutRequest, Placeholder: "METHOD", Default: "load.method",
		Help: "Its HTTP method."},
	{Path: "requests[].headers", Section: aboutRequest, Placeholder: "MAPPING",
		Help: "Its own headers; they beat load.headers. Never shown."},
	{Path: "requests[].body", Section: aboutRequest, Placeholder: "TEXT", Default: "load.body",
		Help: "Its body. Never shown."},
	{Path: "requests[].body-file", Section: aboutRequest, Placeholder: "FILE", Default: "load.body-file",
		Help: "The file with its body; a template where it has {{."},
	{Path: "requests[].host", Section: aboutRequest, Placeholder: "NAME", Default: "load.host",
		Help: "Its Host header."},
	{Path: "requests[].expect", Section: aboutRequest, Placeholder: "STATUS", Default: "load.expect",
		Help: "The statuses of it that are no errors."},
	{Path: "requests[].data", Section: aboutRequest, Placeholder: "MAPPING",
		Help: "Tables for templates: {users: users.csv}. Each turn draws a row, the same for all versions."},
	{Path: "requests[].check", Section: aboutRequest, Placeholder: "MAPPING",
		Help: "What its answers must be, beside their status; one that is not is an error."},
	{Path: "requests[].check.jq", Section: aboutRequest, Placeholder: "PROGRAM",
		Help: "A jq program that must give true for the body, which is JSON then."},
	{Path: "requests[].check.body", Section: aboutRequest, Placeholder: "REGEXP",
		Help: "A regular expression that the body must match."},
	{Path: "requests[].check.min-size", Section: aboutRequest, Placeholder: "SIZE",
		Help: "The least size of the body: 20B, 1kB."},
	{Path: "requests[].check.max-size", Section: aboutRequest, Placeholder: "SIZE",
		Help: "The greatest size of the body: 100kB."},
	{Path: "requests[].check.headers", Section: aboutRequest, Placeholder: "MAPPING",
		Help: "Regular expressions that headers of the answer must match, by their names."},
	{Path: "requests[].steps", Section: aboutRequest, Placeholder: "LIST",
		Help: "A sequence: one turn sends all of them in order. Each is a request with these keys."},
	{Path: "requests[].save", Section: aboutRequest, Placeholder: "MAPPING",
		Help: "What a step's answer gives to the steps after it, as {{.name}}; one of these keys for each name."},
	{Path: "requests[].save[].jq", Section: aboutRequest, Placeholder: "PROGRAM",
		Help: "A jq program that gives the value from the body."},
	{Path: "requests[].save[].header", Section: aboutRequest, Placeholder: "NAME",
		Help: "The header of the answer that has the value."},
	{Path: "requests[].save[].body", Section: aboutRequest, Placeholder: "REGEXP",
		Help: "A regular expression that finds the value in the body: its first group, or all of it."},
	{Path: "requests[].grpc", Section: aboutRequest, Placeholder: "MAPPING",
		Help: "A call of gRPC in place of what is HTTP's above."},
	{Path: "requests[].grpc.call", Section: aboutRequest, Placeholder: "CALL",
		Help: "What is called: shop.Cart/Get."},
	{Path: "requests[].grpc.data", Section: aboutRequest, Placeholder: "JSON", Default: "an empty message",
		Help: "The message as JSON, or a list of the messages that are sent as a stream. Never shown."},
	{Path: "requests[].grpc.data-file", Section: aboutRequest, Placeholder: "FILE",
		Help: "The file with the message as JSON, or with a list of messages."},
	{Path: "requests[].grpc.binary", Section: aboutRequest, Placeholder: "BASE64",
		Help: "The message as it is sent, in base64. Never shown."},
	{Path: "requests[].grpc.binary-file", Section: aboutRequest, Placeholder: "FILE",
		Help: "The file with the message as it is sent."},
	{Path: "requests[].grpc.metadata", Section: aboutRequest, Placeholder: "MAPPING",
		Help: "Its metadata; values of names that end in -bin are base64. Never shown."},
	{Path: "requests[].grpc.proto", Section: aboutRequest, Placeholder: "FILE", Default: "the server is asked, by reflection",
		Help: "The file that describes the service."},
	{Path: "requests[].grpc.import-paths", Section: aboutRequest, Placeholder: "LIST", Default: "the file's directory, and this one",
		Help: "Where imports of proto are looked for."},
	{Path: "requests[].grpc.protoset", Section: aboutRequest, Placeholder: "FILE",
		Help: "The compiled description, from protoc --include_imports --descriptor_set_out."},
	{Path: "requests[].grpc.reflection-metadata", Section: aboutRequest, Placeholder: "MAPPING",
		Help: "Metadata of the question by reflection. Never shown."},
	{Path: "requests[].grpc.expect", Section: aboutRequest, Placeholder: "CODE", Default: "OK",
		Help: "The codes that are no errors: OK, NOT_FOUND."},
	{Path: "requests[].grpc.replies", Section: aboutRequest, Placeholder: "NUMBER", Default: "all",
		Help: "After how many messages of a server's stream the call is done, and ended."},
	{Path: "requests[].grpc.interval", Section: aboutRequest, Placeholder: "DURATION", Default: "none",
		Help: "The pause between the messages that are sent in a stream."},
	{Path: "requests[].grpc.compress", Section: aboutRequest, Placeholder: "WORD", Default: "none",
		Help: "How messages are compressed: gzip."},
	{Path: "requests[].grpc.authority", Section: aboutRequest, Placeholder: "NAME", Default: "load.host",
		Help: "The authority of its calls, and the name that the server's certificate must have."},
	{Path: "requests[].grpc.balance", Section: aboutRequest, Placeholder: "WORD", Default: "pick_first",
		Help: "Which of a name's addresses are called: round_robin takes all in turn."},
	{Path: "requests[].grpc.keep-alive", Section: aboutRequest, Placeholder: "DURATION", Default: "no pings",
		Help: "How long a connection is silent before it is pinged."},
	{Path: "requests[].objectives", Section: aboutRequest, Placeholder: "LIST",
		Help: "What is asked of this request alone: latency-p99 <= 80ms."},

	{Name: "http2", Path: "load.http2", Section: aboutConnection, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether to speak HTTP/2 only, without TLS too."},
	{Name: "keep-alive", Path: "load.keep-alive", Section: aboutConnection, Placeholder: "BOOL", Default: "true", Bool: true,
		Help: "Whether to use a connection again; if not, each request makes one."},
	{Name: "proxy", Path: "load.proxy", Section: aboutConnection, Placeholder: "URL", Default: "none",
		Help: "The proxy to go through; \"environment\" takes HTTP_PROXY and its like."},
	{Name: "insecure", Path: "load.insecure", Section: aboutConnection, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether to accept any TLS certificate."},
	{Name: "ca", Path: "load.ca", Section: aboutConnection, Placeholder: "FILE", Default: "the system's",
		Help: "Certificates of the authorities to trust, PEM."},
	{Name: "cert", Path: "load.cert", Section: aboutConnection, Placeholder: "FILE",
		Help: "The client's certificate, PEM."},
	{Name: "key", Path: "load.key", Section: aboutConnection, Placeholder: "FILE",
		Help: "The client certificate's key, PEM."},

	{Path: "providers", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "Who is asked for metrics: a name for each, and its URL or a mapping with these keys."},
	{Path: "providers[].type", Section: aboutMetrics, Placeholder: "WORD", Default: "the provider's name",
		Help: "What it is: prometheus, or another that seatrial knows how to ask."},
	{Path: "providers[].url", Section: aboutMetrics, Placeholder: "URL",
		Help: "Where it is asked; user information and query values are never shown."},
	{Path: "providers[].dsn", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "How a database is reached, in place of a URL. Never shown."},
	{Path: "providers[].headers", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "Headers of every question. Never shown."},
	{Path: "providers[].auth", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "How it knows who asks: basic, bearer, oauth or aws."},
	{Path: "providers[].auth.basic", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "By name and password."},
	{Path: "providers[].auth.basic.user", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "The name."},
	{Path: "providers[].auth.basic.password", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "The password. Never shown."},
	{Path: "providers[].auth.bearer", Section: aboutMetrics, Placeholder: "TOKEN",
		Help: "By a token. Never shown."},
	{Path: "providers[].auth.oauth", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "By a token that is fetched with client credentials."},
	{Path: "providers[].auth.oauth.token-url", Section: aboutMetrics, Placeholder: "URL",
		Help: "Where tokens are given."},
	{Path: "providers[].auth.oauth.client", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "The client's name."},
	{Path: "providers[].auth.oauth.secret", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "The client's secret. Never shown."},
	{Path: "providers[].auth.oauth.scopes", Section: aboutMetrics, Placeholder: "LIST",
		Help: "What the token is to be good for."},
	{Path: "providers[].auth.aws", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "By signatures of AWS."},
	{Path: "providers[].auth.aws.region", Section: aboutMetrics, Placeholder: "NAME",
		Help: "The region."},
	{Path: "providers[].auth.aws.service", Section: aboutMetrics, Placeholder: "NAME",
		Help: "The service: aps, monitoring."},
	{Path: "providers[].auth.aws.access-key", Section: aboutMetrics, Placeholder: "TEXT", Default: "AWS_ACCESS_KEY_ID",
		Help: "The key's name. Never shown."},
	{Path: "providers[].auth.aws.secret-key", Section: aboutMetrics, Placeholder: "TEXT", Default: "AWS_SECRET_ACCESS_KEY",
		Help: "The key. Never shown."},
	{Path: "providers[].auth.aws.session-token", Section: aboutMetrics, Placeholder: "TEXT", Default: "AWS_SESSION_TOKEN",
		Help: "The token of a session. Never shown."},
	{Path: "providers[].settings", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "What a type of provider asks for: site, account, project."},
	{Path: "providers[].timeout", Section: aboutMetrics, Placeholder: "DURATION", Default: "10s",
		Help: "How long a reply may take."},
	{Path: "providers[].delay", Section: aboutMetrics, Placeholder: "DURATION", Default: "windows.delay, else as its type usually needs",
		Help: "From a window's end until it knows all of it."},
	{Path: "providers[].insecure", Section: aboutMetrics, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether to accept any TLS certificate of it."},
	{Path: "providers[].ca", Section: aboutMetrics, Placeholder: "FILE", Default: "the system's",
		Help: "Certificates of the authorities to trust beside those, PEM."},
	{Path: "providers[].cert", Section: aboutMetrics, Placeholder: "FILE",
		Help: "The client's certificate, PEM."},
	{Path: "providers[].key", Section: aboutMetrics, Placeholder: "FILE",
		Help: "The client certificate's key, PEM."},

	{Path: "metrics", Section: aboutMetrics, Placeholder: "LIST",
		Help: "Metrics that others measure, for objectives and rewards: each a mapping with these keys."},
	{Path: "metrics[].name", Section: aboutMetrics, Placeholder: "NAME",
		Help: "What objectives call it: checkout-errors. Of a preset, what its metrics' names begin with."},
	{Path: "metrics[].description", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "What it is, for people."},
	{Path: "metrics[].kind", Section: aboutMetrics, Placeholder: "WORD",
		Help: "What is known of it in a window: counts, histogram, moments, value or total."},
	{Path: "metrics[].unit", Section: aboutMetrics, Placeholder: "UNIT",
		Help: "What it is counted in: seconds, share, bytes."},
	{Path: "metrics[].per", Section: aboutMetrics, Placeholder: "WORD", Default: "second",
		Help: "What a total is divided by: second, round or requests."},
	{Path: "metrics[].traffic", Section: aboutMetrics, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether it counts the requests that each version really got."},
	{Path: "metrics[].must-have", Section: aboutMetrics, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether a trial that misses it in more than a fifth of its windows does not pass."},
	{Path: "metrics[].from", Section: aboutMetrics, Placeholder: "NAME", Default: "the only provider",
		Help: "Who is asked: a provider's name, or the URL of a Prometheus."},
	{Path: "metrics[].query", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "The question; {{version}}, {{name}} and a version's labels are filled in."},
	{Path: "metrics[].hits", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "Of counts: the question for those that count, as errors."},
	{Path: "metrics[].trials", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "Of counts: the question for all."},
	{Path: "metrics[].count", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "Of moments: the question for the number of observations."},
	{Path: "metrics[].sum", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "Of moments and histograms: the question for the sum of observations."},
	{Path: "metrics[].sum-squares", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "Of moments: the question for the sum of their squares."},
	{Path: "metrics[].running", Section: aboutMetrics, Placeholder: "BOOL", Default: "as the provider's usually are", Bool: true,
		Help: "Whether its numbers are totals since some beginning, so that windows are differences."},
	{Path: "metrics[].per-version", Section: aboutMetrics, Placeholder: "COLUMN",
		Help: "Of a database: the column that tells versions apart, of a query that is asked once for all of them."},
	{Path: "metrics[].scale", Section: aboutMetrics, Placeholder: "NUMBER", Default: "1",
		Help: "What makes the metric's unit of the provider's: 0.001 of milliseconds."},
	{Path: "metrics[].params", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "Of a web request: its parameters."},
	{Path: "metrics[].method", Section: aboutMetrics, Placeholder: "METHOD", Default: "GET, or POST with a body",
		Help: "Of a web request: its method."},
	{Path: "metrics[].path", Section: aboutMetrics, Placeholder: "PATH",
		Help: "Of a web request: what stands behind the provider's URL."},
	{Path: "metrics[].headers", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "Of a web request: its headers beside the provider's. No secrets: they are shown."},
	{Path: "metrics[].body", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "Of a web request: its body."},
	{Path: "metrics[].answer", Section: aboutMetrics, Placeholder: "JQ",
		Help: "Of a web request: a jq program that takes the numbers out of the reply."},
	{Path: "metrics[].poll", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "Of a web request whose reply is not ready at once: how it is fetched."},
	{Path: "metrics[].poll.ticket", Section: aboutMetrics, Placeholder: "JQ",
		Help: "What the first reply calls the work."},
	{Path: "metrics[].poll.done", Section: aboutMetrics, Placeholder: "JQ",
		Help: "Whether a reply is ready: true, false, or a text that says why it never will be."},
	{Path: "metrics[].poll.path", Section: aboutMetrics, Placeholder: "PATH",
		Help: "Where to ask again; {{ticket}} is filled in."},
	{Path: "metrics[].poll.method", Section: aboutMetrics, Placeholder: "METHOD", Default: "GET, or POST with a body",
		Help: "How to ask again."},
	{Path: "metrics[].poll.params", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "Parameters of that."},
	{Path: "metrics[].poll.body", Section: aboutMetrics, Placeholder: "TEXT",
		Help: "The body of that."},
	{Path: "metrics[].poll.every", Section: aboutMetrics, Placeholder: "DURATION", Default: "500ms",
		Help: "How often."},
	{Path: "metrics[].preset", Section: aboutMetrics, Placeholder: "WORD",
		Help: "The usual metrics of a mesh or gateway, instead of a question: istio, nginx-ingress."},
	{Path: "metrics[].labels", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "Of a preset: labels of its series beside the usual ones, or in their place."},
	{Path: "metrics[].mock", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "Made-up numbers by a version's name, for a trial with dry-run; nobody is asked then."},

	{Path: "windows", Section: aboutMetrics, Placeholder: "MAPPING",
		Help: "When others are asked."},
	{Path: "windows.interval", Section: aboutMetrics, Placeholder: "DURATION", Default: "15s",
		Help: "Length of a window, which is a round of metrics."},
	{Path: "windows.for", Section: aboutMetrics, Placeholder: "DURATION", Default: "30m",
		Help: "The longest that a trial without load may ask; with load, load.for says it."},
	{Path: "windows.delay", Section: aboutMetrics, Placeholder: "DURATION", Default: "by the provider's type: prometheus 10s, databases 0s, minutes of some vendors",
		Help: "From a window's end until providers know all of it; seatrial metrics shows it."},

	{Name: "pattern", Path: "pattern", Section: aboutJudgement, Placeholder: "WORD", Default: "auto",
		Help: "What is compared: conformance, canary, ab, abn, hybrid or pareto; auto takes what fits the rest."},
	{Name: "objectives", Path: "objectives", Section: aboutJudgement, Placeholder: "OBJECTIVE", shape: lines,
		Default: "with a baseline: latency-p95 <= 110% of baseline, error-rate <= baseline + 2%",
		Help:    "What the candidate must satisfy: as input, one objective a line."},
	{Path: "objectives[].objective", Section: aboutJudgement, Placeholder: "OBJECTIVE",
		Help: "The objective itself: latency-p99 <= 300ms."},
	{Path: "objectives[].name", Section: aboutJudgement, Placeholder: "TEXT",
		Help: "What the team calls it."},
	{Path: "objectives[].inform", Section: aboutJudgement, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether it is only shown, and not judged."},
	{Path: "objectives[].confidence", Section: aboutJudgement, Placeholder: "PERCENT", Default: "confidence",
		Help: "Confidence for this objective alone."},
	{Path: "objectives[].no-data", Section: aboutJudgement, Placeholder: "WORD", Default: "no-data",
		Help: "What comes of this objective alone without data."},
	{Path: "objectives[].floor", Section: aboutJudgement, Placeholder: "DURATION", Default: "1ms",
		Help: "How much slower than the baseline is always allowed; below it, differences are noise."},
	{Name: "rewards", Path: "rewards", Section: aboutJudgement, Placeholder: "REWARD", shape: lines,
		Help: "What the best version is picked by: as input, one a line, as in minimize latency-mean."},
	{Path: "rewards[].reward", Section: aboutJudgement, Placeholder: "REWARD",
		Help: "The reward itself: minimize or maximize, and a metric."},
	{Path: "rewards[].name", Section: aboutJudgement, Placeholder: "TEXT",
		Help: "What the team calls it."},
	{Name: "confidence", Path: "confidence", Section: aboutJudgement, Placeholder: "PERCENT", Default: "95%",
		Help: "How sure a verdict must be, over the whole trial and all objectives."},
	{Name: "at-least", Path: "at-least", Section: aboutJudgement, Placeholder: "DURATION", Default: "30s and 120 rounds",
		Help: "The trial never passes before so long; it may fail."},
	{Name: "no-data", Path: "no-data", Section: aboutJudgement, Placeholder: "WORD", Default: "inconclusive",
		Help: "What comes of an objective without data: inconclusive, fail or broken. Never a pass."},

	{Path: "traffic", Section: aboutTraffic, Placeholder: "MAPPING",
		Help: "How live traffic is shared among the versions; without a route none is."},
	{Name: "route", Path: "traffic.route", Section: aboutTraffic, Placeholder: "KIND/NAME",
		Help: "The route in the cluster that shares live traffic: httproute/shop."},
	{Path: "traffic.namespace", Section: aboutTraffic, Placeholder: "NAME", Default: "the step's own",
		Help: "The route's namespace."},
	{Name: "strategy", Path: "traffic.strategy", Section: aboutTraffic, Placeholder: "WORD", Default: "progressive",
		Help: "What is done with live traffic: progressive, fixed-split, blue-green or dark-launch."},
	{Path: "traffic.policy", Section: aboutTraffic, Placeholder: "WORD", Default: "progressive",
		Help: "Where a progressive trial leads it: progressive, thompson, top-2, epsilon-greedy or uniform."},
	{Path: "traffic.start", Section: aboutTraffic, Placeholder: "NUMBER", Default: "10",
		Help: "Percent that each candidate of a progressive trial begins with."},
	{Path: "traffic.split", Section: aboutTraffic, Placeholder: "LIST",
		Help: "The split to begin with instead, baseline first; without a route, the one that others keep."},
	{Path: "traffic.explore", Section: aboutTraffic, Placeholder: "PERCENT", Default: "10%",
		Help: "Of policy epsilon-greedy: the part that is shared evenly."},
	{Path: "traffic.floor", Section: aboutTraffic, Placeholder: "NUMBER", Default: "5",
		Help: "Least percent of a version in the running."},
	{Path: "traffic.max", Section: aboutTraffic, Placeholder: "NUMBER", Default: "100",
		Help: "Most percent of a candidate while the trial runs."},
	{Path: "traffic.step", Section: aboutTraffic, Placeholder: "NUMBER", Default: "10",
		Help: "Most points by which a candidate's part moves at once; a shown violation takes all of it."},
	{Path: "traffic.every", Section: aboutTraffic, Placeholder: "DURATION", Default: "10s",
		Help: "Least time between two moves by the evidence."},
	{Path: "traffic.settle", Section: aboutTraffic, Placeholder: "DURATION", Default: "2s",
		Help: "For how long after a move rounds are recorded and not judged."},
	{Name: "at-end", Path: "traffic.at-end", Section: aboutTraffic, Placeholder: "WORD", Default: "auto",
		Help: "The route after a pass: to-winner, to-baseline, keep; auto: to-winner, but for a dark launch."},
	{Name: "dry-run", Path: "traffic.dry-run", Section: aboutTraffic, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether to change no route, and only to tell what would have been done to it."},
	{Path: "traffic.backends", Section: aboutTraffic, Placeholder: "MAPPING", Default: "the Service that each version's URL names",
		Help: "What the route calls each version: name of the version, and NAME or NAME:PORT of its backend."},
	{Path: "traffic.match", Section: aboutTraffic, Placeholder: "LIST",
		Help: "Requests that take part: those that meet one of these. Others go to the baseline."},
	{Path: "traffic.match[].headers", Section: aboutTraffic, Placeholder: "MAPPING",
		Help: "Headers that a request must have, with these values."},
	{Path: "traffic.match[].cookies", Section: aboutTraffic, Placeholder: "MAPPING",
		Help: "Cookies that a request must have, with these values."},
	{Path: "traffic.match[].path", Section: aboutTraffic, Placeholder: "PATH",
		Help: "What a request's path must begin with."},
	{Path: "traffic.mirror", Section: aboutTraffic, Placeholder: "MAPPING",
		Help: "Copies a part of the baseline's requests to a candidate, whose answers nobody gets."},
	{Path: "traffic.mirror.to", Section: aboutTraffic, Placeholder: "NAME", Default: "the one candidate",
		Help: "The candidate that gets the copies."},
	{Path: "traffic.mirror.percent", Section: aboutTraffic, Placeholder: "NUMBER",
		Help: "How many of the baseline's requests are copied."},
	{Path: "traffic.sticky", Section: aboutTraffic, Placeholder: "MAPPING",
		Help: "Keeps each user with the version that he met first."},
	{Path: "traffic.sticky.cookie", Section: aboutTraffic, Placeholder: "NAME",
		Help: "The cookie that the gateway sets for that."},
	{Path: "traffic.sticky.header", Section: aboutTraffic, Placeholder: "NAME",
		Help: "Or the header that tells users apart."},
	{Path: "traffic.weights", Section: aboutTraffic, Placeholder: "LIST",
		Help: "Instead of a route: the fields of any objects that hold the versions' weights."},
	{Path: "traffic.weights[].object", Section: aboutTraffic, Placeholder: "KIND/NAME",
		Help: "The object: virtualserver/shop."},
	{Path: "traffic.weights[].jsonpath", Section: aboutTraffic, Placeholder: "PATH",
		Help: "Its field: .spec.routes[0].splits[1].weight."},
	{Path: "traffic.weights[].version", Section: aboutTraffic, Placeholder: "NAME",
		Help: "The version whose percent it holds."},

	{Name: "mode", Path: "mode", Section: aboutResult, Placeholder: "WORD", Default: "enforce",
		Help: "enforce: the exit code tells the verdict; report: fail and inconclusive exit 0 as well."},
	{Name: "report-dir", Path: "report-dir", Section: aboutResult, Placeholder: "DIR", Default: "seatrial-report",
		Help: "Where evidence and reports are written."},
	{Name: "resume", Section: aboutResult, Placeholder: "DIR",
		Help: "Report directory of a former trial to go on with, if it is there; no load can be gone on with."},

	{Path: "on", Section: aboutHooks, Placeholder: "MAPPING",
		Help: "What to run at the turns of a trial. The keys of an action are the same everywhere."},
	{Path: "on.start", Section: aboutHooks, Placeholder: "ACTIONS",
		Help: "Before anything is asked; a failure ends the trial with exit code 5."},
	{Path: "on.round", Section: aboutHooks, Placeholder: "ACTIONS",
		Help: "Beside the load after a judged round, unless they still run; a failure is a warning."},
	{Path: "on.pass", Section: aboutHooks, Placeholder: "ACTIONS",
		Help: "After a pass: promote. A failure takes the pass back: exit code 5."},
	{Path: "on.pass[].run", Section: aboutHooks, Placeholder: "COMMAND",
		Help: "A command for sh -e -c, which resolves ${NAME} in it. A text alone is this."},
	{Path: "on.pass[].notify", Section: aboutHooks, Placeholder: "URL",
		Help: "A webhook to send the verdict to as {\"text\": ...} instead. Never shown."},
	{Path: "on.pass[].name", Section: aboutHooks, Placeholder: "TEXT", Default: "the command's first line",
		Help: "What the action is called in logs and reports."},
	{Path: "on.pass[].if", Section: aboutHooks, Placeholder: "CONDITION",
		Help: "When only: verdict, status or winner, == or !=, and a value."},
	{Path: "on.pass[].within", Section: aboutHooks, Placeholder: "DURATION", Default: "6m, and 10s to notify",
		Help: "How long it may take; then it is ended and has failed."},
	{Path: "on.pass[].ignore-failure", Section: aboutHooks, Placeholder: "BOOL", Default: "false, and true to notify", Bool: true,
		Help: "Whether its failure is only told."},
	{Path: "on.fail", Section: aboutHooks, Placeholder: "ACTIONS",
		Help: "After a fail: roll back. The verdict stands whatever comes of it."},
	{Path: "on.inconclusive", Section: aboutHooks, Placeholder: "ACTIONS",
		Help: "After a trial that could not tell. The verdict stands whatever comes of it."},
	{Path: "on.finish", Section: aboutHooks, Placeholder: "ACTIONS",
		Help: "At the end of any trial, also a broken or cancelled one; a failure is a warning."},

	{Path: "publish", Section: aboutPublishing, Placeholder: "MAPPING",
		Help: "Where the verdict is shown beside the log."},
	{Name: "comment", Path: "publish.comment", Section: aboutPublishing, Placeholder: "WORD", Default: "update",
		Help: "The comment on the pull or merge request: update, recreate, on-failure or off."},
	{Name: "comment-key", Path: "publish.comment-key", Section: aboutPublishing, Placeholder: "TEXT",
		Help: "Tells the comments and statuses of several trials in one job apart: a matrix value."},
	{Name: "pr-number", Path: "publish.pr-number", Section: aboutPublishing, Placeholder: "NUMBER", Default: "the pipeline's own",
		Help: "Number of the pull or merge request."},
	{Name: "commit-status", Path: "publish.commit-status", Section: aboutPublishing, Placeholder: "BOOL", Default: "false", Bool: true,
		Help: "Whether to mark the commit with the verdict too."},
	{Name: "github-token", Path: "publish.github-token", Section: aboutPublishing, Placeholder: "TOKEN", Default: "the job's own, in the action",
		Help: "The token that comments on GitHub; it needs pull-requests: write. Never shown."},
	{Name: "gitlab-token", Path: "publish.gitlab-token", Section: aboutPublishing, Placeholder: "TOKEN",
		Help: "The token that comments on GitLab; it needs the scope api. Never shown."},
}

// shape turns the text of an input into the value that the file would have
// at path. It returns nil where the text holds only comments.
type shape func(l *ledger, path, text string, at trial.Source) *node

// verbatim is the text as it is.
func verbatim(_ *ledger, _, text string, at trial.Source) *node {
	return &node{kind: scalar, text: text, at: at}
}

// lines is a list of single values, one a line.
func lines(_ *ledger, _, text string, at trial.Source) *node {
	n := &node{kind: list, at: at}
	for _, line := range linesOf(text) {
		n.items = append(n.items, &node{kind: scalar, text: line, at: at})
	}
	return n.unlessEmpty()
}

// urls are those of the lines that are URLs, and objects the others.
func urls(l *ledger, path, text string, at trial.Source) *node {
	return lines(l, path, text, at).only(isURL)
}

func objects(l *ledger, path, text string, at trial.Source) *node {
	return lines(l, path, text, at).only(func(line string) bool { return !isURL(line) })
}

// isURL goes by what only URLs have, those without a scheme too: what is wrong
// with these is told without their credentials. A reference may stand for a
// whole one.
func isURL(line string) bool {
	first, _, _ := strings.Cut(line, " ")
	return strings.ContainsAny(first, ":@?") || strings.HasPrefix(line, "$") || strings.HasPrefix(line, "/")
}

// only keeps the items of a list whose text is right.
func (n *node) only(right func(string) bool) *node {
	if n == nil {
		return nil
	}
	n.items = slices.DeleteFunc(n.items, func(item *node) bool { return !right(item.text) })
	return n.unlessEmpty()
}

// words is a list of single values with commas or spaces between them.
func words(_ *ledger, _, text string, at trial.Source) *node {
	n := &node{kind: list, at: at}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		n.items = append(n.items, &node{kind: scalar, text: word, at: at})
	}
	return n.unlessEmpty()
}

// named is a list of versions, one name=url a line; the name may be missing.
func named(_ *ledger, _, text string, at trial.Source) *node {
	n := &node{kind: list, at: at}
	for _, line := range linesOf(text) {
		name, address, found := strings.Cut(line, "=")
		item := &node{kind: mapping, at: at}
		// The "=" of a query follows a "/" or ":".
		if !found || strings.ContainsAny(name, "/:") {
			name, address = "", line
		} else {
			item.set("name", &node{kind: scalar, text: strings.TrimSpace(name), at: at})
		}
		item.set("url", &node{kind: scalar, text: strings.TrimSpace(address), at: at})
		n.items = append(n.items, item)
	}
	return n.unlessEmpty()
}

// headers is a mapping, one "Name: value" a line. A line that is none is not
// quoted: it may be part of a secret.
func headers(l *ledger, path, text string, at trial.Source) *node {
	n := &node{kind: mapping, at: at}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		switch {
		case !found || !isToken(name):
			l.add(at, path, "line %d is no header: write Name: value", i+1)
		case n.find(name) != nil:
			l.add(at, path, "the header %q is given twice", name)
		default:
			n.set(name, &node{kind: scalar, text: strings.TrimSpace(value), at: at})
		}
	}
	return n.unlessEmpty()
}

func (n *node) unlessEmpty() *node {
	if len(n.items)+len(n.entries) == 0 {
		return nil
	}
	return n
}

// linesOf are the lines of a text without blank ones and # comments.
func linesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		line, _, _ = strings.Cut(line, " #")
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// given returns what a flag or a variable says, and which; "" where none does.
func (i Input) given(flags map[string]string, env map[string]string) (text string, at trial.Source) {
	name := cmp.Or(i.Name, i.shares)
	if name == "" {
		return "", trial.Source{}
	}
	if value := flags[name]; strings.TrimSpace(value) != "" {
		return value, trial.Source{Input: "--" + name}
	}
	for _, variable := range i.variables() {
		if value := env[variable]; strings.TrimSpace(value) != "" {
			return value, trial.Source{Input: variable}
		}
	}
	return "", trial.Source{}
}

// variables are the names under which pipelines give the input, strongest
// first. GitHub keeps the hyphens of INPUT_ names, and people can't type them.
func (i Input) variables() []string {
	upper := strings.ToUpper(cmp.Or(i.Name, i.shares))
	plain := strings.ReplaceAll(upper, "-", "_")
	return []string{"INPUT_" + upper, "INPUT_" + plain, "SEATRIAL_" + plain}
}

// Variables are those under which pipelines give inputs.
func Variables() []string {
	var names []string
	for _, input := range Inputs {
		if input.Name != "" {
			names = append(names, input.variables()...)
		}
	}
	return names
}

// node is what the input says, as the file would.
func (i Input) node(l *ledger, text string, at trial.Source) *node {
	if i.shape != nil {
		return i.shape(l, i.Path, text, at)
	}
	return &node{kind: scalar, text: strings.TrimSpace(text), at: at}
}
