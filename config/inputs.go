package config

import (
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

	shape shape // how the text of an input becomes the file's value; nil: it is the value, trimmed
}

// Headings of the lists.
const (
	aboutVersions   = "Versions"
	aboutReadiness  = "Readiness"
	aboutLoad       = "Load"
	aboutRequest    = "Request"
	aboutConnection = "Connection"
	aboutJudgement  = "Judgement"
	aboutResult     = "Result"
	aboutPublishing = "Publishing"
)

// Inputs is every key of the file and every input of the step: what --help,
// the README, the pipelines' definitions and the JSON schema are made from or
// checked against. The keys of candidates are those of candidate.
var Inputs = []Input{
	{Name: "config", Section: aboutVersions, Placeholder: "FILE", Default: "seatrial.yaml, if there is one",
		Help: "The trial file; inputs beat what it says."},
	{Name: "name", Path: "name", Section: aboutVersions, Placeholder: "TEXT",
		Help: "What the trial is called in its reports: the service, usually."},
	{Path: "candidate", Section: aboutVersions, Placeholder: "VERSION",
		Help: "The version on trial: a URL, or a mapping with these keys."},
	{Name: "candidate", Path: "candidate.url", Section: aboutVersions, Placeholder: "URL",
		Help: "Where the version on trial answers; user information and query values are never shown."},
	{Name: "candidate-version", Path: "candidate.version", Section: aboutVersions, Placeholder: "TEXT",
		Help: "What people call the candidate's build: a commit, a tag."},
	{Path: "candidate.name", Section: aboutVersions, Placeholder: "NAME", Default: "candidate",
		Help: "The candidate's name in evidence and reports."},
	{Path: "candidate.host", Section: aboutVersions, Placeholder: "NAME", Default: "load.host",
		Help: "Host header of requests to the candidate."},
	{Path: "candidate.headers", Section: aboutVersions, Placeholder: "MAPPING",
		Help: "Headers for the candidate alone; they beat load.headers. Never shown."},
	{Path: "baseline", Section: aboutVersions, Placeholder: "VERSION",
		Help: "The version that runs now: a URL, or a mapping with these keys."},
	{Name: "baseline", Path: "baseline.url", Section: aboutVersions, Placeholder: "URL",
		Help: "Where the version that runs now answers; without it, the trial is of one version."},
	{Name: "baseline-version", Path: "baseline.version", Section: aboutVersions, Placeholder: "TEXT",
		Help: "What people call the baseline's build."},
	{Path: "baseline.name", Section: aboutVersions, Placeholder: "NAME", Default: "baseline",
		Help: "The baseline's name in evidence and reports."},
	{Path: "baseline.host", Section: aboutVersions, Placeholder: "NAME", Default: "load.host",
		Help: "Host header of requests to the baseline."},
	{Path: "baseline.headers", Section: aboutVersions, Placeholder: "MAPPING",
		Help: "Headers for the baseline alone; they beat load.headers. Never shown."},
	{Name: "candidates", Path: "candidates", Section: aboutVersions, Placeholder: "NAME=URL", shape: named,
		Help: "Several versions on trial instead of one: as input, one name=url a line."},

	{Path: "ready", Section: aboutReadiness, Placeholder: "MAPPING",
		Help: "What must be true before any load is sent. Each version must answer in any case."},
	{Name: "wait-for", Path: "ready.urls", Section: aboutReadiness, Placeholder: "URL", shape: lines,
		Help: "URLs that must answer before any load is sent, one a line."},
	{Path: "ready.urls[].url", Section: aboutReadiness, Placeholder: "URL",
		Help: "The URL to ask."},
	{Path: "ready.urls[].status", Section: aboutReadiness, Placeholder: "STATUS", Default: "200-399",
		Help: "The answers that count as ready."},
	{Path: "ready.urls[].body", Section: aboutReadiness, Placeholder: "REGEXP", Default: "any body",
		Help: "A regular expression that the answer's body must match."},
	{Name: "ready-within", Path: "ready.within", Section: aboutReadiness, Placeholder: "DURATION", Default: "2m",
		Help: "How long to wait for that; then the step ends with exit code 4."},
	{Path: "ready.every", Section: aboutReadiness, Placeholder: "DURATION", Default: "500ms",
		Help: "How often to ask."},

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
	{Name: "warmup", Path: "load.warmup", Section: aboutLoad, Placeholder: "DURATION", Default: "5s",
		Help: "Load before that, recorded and never judged."},
	{Name: "connections", Path: "load.connections", Section: aboutLoad, Placeholder: "NUMBER", Default: "8",
		Help: "Connections to each version, and the most requests under way; with load.identify, those kept ready."},
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

	{Name: "mode", Path: "mode", Section: aboutResult, Placeholder: "WORD", Default: "enforce",
		Help: "enforce: the exit code tells the verdict; report: fail and inconclusive exit 0 as well."},
	{Name: "report-dir", Path: "report-dir", Section: aboutResult, Placeholder: "DIR", Default: "seatrial-report",
		Help: "Where evidence and reports are written."},

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
	if i.Name == "" {
		return "", trial.Source{}
	}
	if value := flags[i.Name]; strings.TrimSpace(value) != "" {
		return value, trial.Source{Input: "--" + i.Name}
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
	upper := strings.ToUpper(i.Name)
	plain := strings.ReplaceAll(upper, "-", "_")
	return []string{"INPUT_" + upper, "INPUT_" + plain, "SEATRIAL_" + plain}
}

// node is what the input says, as the file would.
func (i Input) node(l *ledger, text string, at trial.Source) *node {
	if i.shape != nil {
		return i.shape(l, i.Path, text, at)
	}
	return &node{kind: scalar, text: strings.TrimSpace(text), at: at}
}
