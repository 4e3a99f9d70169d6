package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The trial file that docs/metrics.md shows.
func TestTrialFileOfThePageIsTaken(t *testing.T) {
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(page), "```yaml\n")
	shown, _, found := strings.Cut(shown, "```\n")
	file, warnings, err := Load(Sources{Environ: []string{"PROMETHEUS_TOKEN=t0ken"}, ReadFile: files(map[string]string{"seatrial.yaml": shown})})
	if err != nil || len(warnings) > 0 || !found {
		t.Fatal(err, warnings)
	}
	if !file.NoLoad() || file.JudgedWindows() != 120 || len(file.Metrics) != 2 || file.Policy().NoLoad != true {
		t.Errorf("%d windows, metrics %v", file.JudgedWindows(), file.Metrics)
	}
}

// secretive is a trial with a header for its provider.
func secretive(header, place string) string {
	return `
baseline: {version: v1}
candidate: {version: v2}
name: ` + place + `
providers: {prometheus: {url: "http://p.svc", headers: {X-Key: ` + header + `}}}
metrics: {name: queue, kind: value, query: q}
objectives: [queue <= 5]
`
}

func TestSecretsMayBeInFilesAndInTheCluster(t *testing.T) {
	for written, want := range map[string]string{
		`"k-${KEY}"`:               "k-k3y",
		"{file: key}":              "in-a-file",
		`"k-${file:key}"`:          "k-in-a-file",
		"{secret: ns/n, key: t.k}": "of ns n t.k",
		"{secret: n, key: t}":      "of  n t",
		`"k ${secret:ns/n/t}"`:     "k of ns n t",
	} {
		file, _, err := Load(Sources{
			Environ:  []string{"KEY=k3y"},
			ReadFile: files(map[string]string{"seatrial.yaml": secretive(written, "shop"), "key": "in-a-file\n"}),
		})
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		if needs := strings.Contains(written, "secret"); file.NeedsCluster() != needs {
			t.Errorf("%s: the cluster is needed: %v", written, !needs)
		}
		err = file.FillSecrets(func(r SecretRef) (string, error) { return "of " + r.Namespace + " " + r.Name + " " + r.Key + "\n", nil })
		got := file.Providers["prometheus"].Headers["X-Key"]
		if err != nil || got.Reveal() != want {
			t.Errorf("%s is %q, %v; want %q", written, got.Reveal(), err, want)
		}
		text, err := file.YAML()
		if err != nil || !strings.Contains(string(text), "X-Key: "+got.String()) || !strings.Contains(got.String(), "${") {
			t.Errorf("%s is written as %q, %v", written, got.String(), err)
		}
		if hidden := strings.Join(append(file.Secrets(), file.Load.Secrets...), "\n"); !strings.Contains(hidden, want) || strings.Contains(hidden, "${secret:") {
			t.Errorf("%s: hidden is %q", written, hidden)
		}
		if _, err := LoadStored(text, nil); err != nil {
			t.Errorf("%s: stored: %v", written, err)
		}
	}
}

func TestSecretsThatCantBeHadAreMistakes(t *testing.T) {
	for _, c := range [][3]string{
		{"{file: none}", "shop", "headers.X-Key: ${file:none}: "},
		{"{file: empty}", "shop", "headers.X-Key: ${file:empty} is empty"},
		{"{secret: a/b/c/d, key: k}", "shop", "write it as ${secret:NAMESPACE/NAME/KEY}"},
		{"{secret: a/b}", "shop", "a secret is a text, {file: PATH}, or {secret: NAMESPACE/NAME, key: KEY}"},
		{"{file: [a]}", "shop", "file is to be a single value"},
		{"x", "${file:key}", "name: ${file:key} would be shown here"},
		{"x", "${secret:a/b/c}", "name: ${secret:a/b/c} would be shown here"},
	} {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": secretive(c[0], c[1]), "key": "in-a-file", "empty": "\n"})})
		var mistakes *Mistakes
		if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), c[2]) || strings.Contains(err.Error(), "in-a-file") || len(mistakes.All) != 1 {
			t.Errorf("%s and %s: %v, want %q", c[0], c[1], err, c[2])
		}
	}
}

func TestSecretsThatTheClusterDoesNotGiveAreAnError(t *testing.T) {
	file, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": secretive("{secret: n, key: t}", "shop")})})
	if err != nil {
		t.Fatal(err)
	}
	if err := file.FillSecrets(func(SecretRef) (string, error) { return "", errors.New("forbidden") }); err == nil {
		t.Error("filled with nothing")
	}
}

// A question that is the same for both versions has the same answer for both: what
// compares them would pass whatever the candidate is.
func TestMetricsThatAreTheSameForAllVersionsCompareNothing(t *testing.T) {
	const refused, told = "nothing in what it asks tells baseline from candidate", "its figures are of baseline and candidate alike"
	for name, c := range map[string]struct{ labels, provider, metric, objective, want, warned string }{
		"PromQL without a place":    {"v2", "type: prometheus", "query: sum(up)", "q <= 110% of baseline", refused, ""},
		"a place of the window":     {"v2", "type: prometheus", "query: 'sum(rate(up[$round]))'", "q <= baseline + 1", refused, ""},
		"a place":                   {"v2", "type: prometheus", "query: 'sum(up{v=\"{{version}}\"})'", "q <= 110% of baseline", "", ""},
		"a place, and one value":    {"v1", "type: prometheus", "query: 'sum(up{v=\"{{version}}\"})'", "q <= 110% of baseline", refused, ""},
		"its name":                  {"v1", "type: prometheus", "query: 'sum(up{v=\"{{name}}\"})'", "q <= 110% of baseline", "", ""},
		"REST without a place":      {"v2", "type: rest", "path: x, answer: .n", "q <= 110% of baseline", refused, ""},
		"REST, a place in a param":  {"v2", "type: rest", "path: x, answer: .n, params: {v: '{{version}}'}", "q <= 110% of baseline", "", ""},
		"SQL without a place":       {"v2", "type: sqlite", "query: SELECT 1", "q <= 110% of baseline", refused, ""},
		"SQL, a name":               {"v2", "type: sqlite", "query: 'SELECT count(*) FROM t WHERE v = :version'", "q <= 110% of baseline", "", ""},
		"SQL of all versions":       {"v2", "type: sqlite", "query: 'SELECT v, count(*) AS n FROM t', per-version: v", "q <= 110% of baseline", "", ""},
		"the same, and one version": {"v1", "type: sqlite", "query: 'SELECT v, count(*) AS n FROM t', per-version: v", "q <= 110% of baseline", refused, ""},
		"a limit of its own":        {"v2", "type: prometheus", "query: sum(up)", "q <= 5", "", told},
	} {
		where := ", url: 'http://p.svc'"
		if strings.HasSuffix(c.provider, "sqlite") {
			where = ", dsn: 'file:x'"
		}
		text := "baseline: {version: v1}\ncandidate: {version: " + c.labels + "}\nproviders: {p: {" + c.provider + where + "}}\n" +
			"metrics: [{name: q, kind: value, " + c.metric + "}]\nobjectives: [" + c.objective + "]\n"
		_, warnings, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
		if got := fmt.Sprint(err); c.want == "" && err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s: %v, want %q\n%s", name, err, c.want, text)
		}
		if got := fmt.Sprint(warnings); c.want == "" && (c.warned == "") != (len(warnings) == 0) || !strings.Contains(got, c.warned) {
			t.Errorf("%s: warned of %s, want %q", name, got, c.warned)
		}
	}
}

func TestWithLoadWindowsLastAsLongAndBeginWithTheWarmup(t *testing.T) {
	file, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": `
candidate: http://shop.svc
providers: {prometheus: http://p.svc}
metrics: {name: cpu, kind: value, unit: share, query: q}
windows: {interval: 2s}
load: {for: 100s, warmup: 5s}
objectives: [cpu <= 70%]
`})})
	if err != nil {
		t.Fatal(err)
	}
	p := file.Asked()
	if diff := cmp.Diff([]int{52, 49, 5}, []int{p.Count, file.JudgedWindows(), int(p.Warmup / time.Second)}); diff != "" || file.NoLoad() {
		t.Error(diff)
	}
}

// Nobody must be waiting for a metric that was only made up.
func TestMockIsForDryRunsAlone(t *testing.T) {
	text := `
baseline: {version: v1}
candidate: {version: v2}
providers: {prometheus: http://p.svc}
metrics: {name: queue, kind: value, query: q, mock: {candidate: 3}}
objectives: [queue <= 5]
`
	load := func(flags map[string]string) (File, error) {
		file, _, err := Load(Sources{Flags: flags, ReadFile: files(map[string]string{"seatrial.yaml": text})})
		return file, err
	}
	if file, err := load(nil); err != nil || file.Asked().Metrics[0].Mock != nil {
		t.Errorf("made up without a dry run, %v", err)
	}
	if file, err := load(map[string]string{"dry-run": "true"}); err != nil || file.Asked().Metrics[0].Mock == nil {
		t.Errorf("asked for in a dry run, %v", err)
	}
	text = strings.Replace(text, "{candidate: 3}", "{canary: 3}", 1)
	if _, err := load(map[string]string{"dry-run": "true"}); err == nil || !strings.Contains(err.Error(), `no version has the name "canary"`) {
		t.Error(err)
	}
}

func TestPasswordsOfDatabasesAreMasked(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u:p4ssw0rd@db/shop?sslmode=require": "p4ssw0rd",
		"host=db user=u password=p4ssw0rd dbname=shop":  "p4ssw0rd",
		"host=db password='p4ss w0rd' dbname=shop":      "p4ss w0rd",
		"server=db;user id=u;password=p4ss=w0rd;app=x":  "p4ss=w0rd",
	} {
		file, _, _ := Load(Sources{Environ: []string{"DSN=" + dsn}, ReadFile: files(map[string]string{"seatrial.yaml": `
baseline: {version: v1}
candidate: {version: v2}
providers: {db: {type: postgres, dsn: "${DSN}"}}
`})})
		if secrets := file.Secrets(); !slices.Contains(secrets, want) || !slices.Contains(secrets, dsn) {
			t.Errorf("%s: masked are %q", dsn, secrets)
		}
	}
}

func TestWhatIsSecretInTheAddressOfTokensIsMasked(t *testing.T) {
	file, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": `
baseline: {version: v1}
candidate: {version: v2}
providers: {api: {type: rest, url: https://a.svc, auth: {oauth: {token-url: "https://u:p4ssw0rd@t.svc/?key=s3cr3t-key", client: me, secret: "${NONE:-s3cr3t}"}}}}
metrics: {queue: {kind: value, path: q, answer: .x}}
objectives: [queue <= 1]
`})})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"p4ssw0rd", "s3cr3t-key"} {
		if !slices.Contains(file.Secrets(), want) {
			t.Errorf("%s is not among what is masked: %q", want, file.Secrets())
		}
	}
}

func TestMetricsMayBeAMappingFromTheirNames(t *testing.T) {
	text := `
baseline: {version: v1}
candidate: {version: v2}
providers: {prometheus: http://p.svc}
metrics:
  queue: {kind: value, query: q}
  calls: {kind: total, query: n}
objectives: [queue <= 5, calls <= 5]
`
	file, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text})})
	if err != nil || len(file.Metrics) != 2 || file.Metrics[0].Name != "queue" || file.Metrics[1].Name != "calls" {
		t.Errorf("%v, %v", file.Metrics, err)
	}
	if err := conforms(t, compiled(t), text); err != nil {
		t.Error(err)
	}
	if _, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": strings.Replace(text, "value", "valu", 1)})}); err == nil || !strings.Contains(err.Error(), "seatrial.yaml:6:17: metrics[0].kind") {
		t.Error(err)
	}
}

// What would only be found when it is asked for is found at its line.
func TestQuestionsThatCantBePutAreMistakesOfTheFile(t *testing.T) {
	text := `
baseline: {version: v1}
candidate: {version: v2}
providers:
  stats: {type: rest, url: "http://stats.svc"}
  aws: {type: cloudwatch, settings: {region: eu-west-1}}
metrics:
  queue:
    {kind: value, from: stats, path: "q/{{vresion}}", answer: .n}
  errors:
    {kind: total, from: aws, query: "SELECT SUM(Errors) FROM X"}
objectives: [queue <= 5, errors <= 5]
`
	told := func(text string) string {
		_, _, err := Load(Sources{ReadFile: files(map[string]string{"seatrial.yaml": text}), Environ: []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"}})
		if err == nil {
			return ""
		}
		return err.Error()
	}
	for _, want := range []string{
		`seatrial.yaml:8:3: metrics[0]: query: nothing is known to fill in for {{vresion}}`,
		`seatrial.yaml:6:8: providers.aws: aws: it has one value in 1m0s: ask for windows that are no shorter, as in windows: {interval: 1m0s}`,
	} {
		if got := told(text); !strings.Contains(got, want) {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	right := strings.Replace(text, "vresion", "version", 1)
	if got, want := told(right+"windows: {interval: 30s}\n"), "seatrial.yaml:13:21: windows.interval: aws: "; !strings.Contains(got, want) {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := told(right + "windows: {interval: 1m}\n"); got != "" {
		t.Error(got)
	}
}
