package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// live is a trial on live traffic, whose split somebody else keeps.
func live(split, traffic string) string {
	return `
baseline: {version: v41}
candidate: {version: v42}
providers: {prometheus: {url: "http://prometheus:9090"}}
metrics:
  - {name: requests, kind: total, query: 'n{version="{{version}}"}', traffic: ` + traffic + `}
  - {name: errors, kind: counts, hits: 'e{version="{{version}}"}', trials: 'n{version="{{version}}"}'}
objectives: [errors <= baseline + 5%]
traffic: {split: ` + split + `}
`
}

func TestASplitThatSomebodyElseKeepsIsStated(t *testing.T) {
	for _, c := range []struct{ split, traffic, want string }{
		{"[90, 10]", "true", ""},
		{"[90, 20]", "true", "the parts are percent and sum to 100"},
		{"[100]", "true", "1 parts for 2 versions"},
		{"[90, 10]", "false", "no metric counts the requests"},
	} {
		file, _, err := Load(Sources{ReadFile: func(string) ([]byte, error) { return []byte(live(c.split, c.traffic)), nil }})
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.split, err, c.want)
		case c.want == "" && err != nil:
			t.Error(err)
		case c.want == "":
			if diff := cmp.Diff([]int{90, 10}, file.Asked().Split); diff != "" {
				t.Error(diff)
			}
			if text, err := file.YAML(); err != nil || !strings.Contains(string(text), "split:") {
				t.Errorf("%v, the resolved file states no split: %s", err, text)
			}
		}
	}
}
