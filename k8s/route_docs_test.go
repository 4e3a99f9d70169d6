package k8s

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const docs = "../docs/kubernetes.md"

func TestDocsTellWhatRoutersCan(t *testing.T) {
	const begin, end = "<!-- routes: from the code -->\n", "<!-- /routes -->"
	content, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(content), begin)
	table, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatalf("%s has no table of routes", docs)
	}
	want := docsTable()
	if *update {
		if err := os.WriteFile(docs, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("%s (go test ./k8s -run Docs -update): %s", docs, diff)
	}
}

func docsTable() string {
	var b strings.Builder
	b.WriteString("| route | object | versions | match | mirror | sticky | live |\n|---|---|---|---|---|---|---|\n")
	where := map[string]string{
		"httproute":        "each parent's `Accepted` and `ResolvedRefs`",
		"grpcroute":        "each parent's `Accepted` and `ResolvedRefs`",
		"ksvc":             "`RoutesReady`, `status.traffic`",
		"inferenceservice": "the predictor's `status.traffic`",
		"openshiftroute":   "each router's `Admitted`",
	}
	for _, r := range routers() {
		kind := "`" + r.group.String() + "`"
		if r.group.Kind == "" {
			kind = "any"
		}
		versions := "any number"
		if r.can.versions > 0 {
			versions = fmt.Sprint(r.can.versions)
		}
		live := where[r.word]
		if (live == "") != (r.live == nil) {
			live = "unknown to this test"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", r.word, kind, versions,
			words(r.can.headers, "headers", r.can.cookies, "cookies", r.can.paths, "paths"),
			words(r.can.mirror, "yes"), words(r.can.byCookie, "cookie", r.can.byHeader, "header"), orDash(live))
	}
	return b.String()
}

// words are those that come after a true.
func words(pairs ...any) string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].(bool) {
			out = append(out, pairs[i+1].(string))
		}
	}
	if len(out) == 0 {
		return "–"
	}
	return strings.Join(out, ", ")
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
