package metrics

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/trial"
)

// documented is a block of docs/metrics-rest.md.
type documented struct {
	Providers map[string]struct {
		Type     string            `yaml:"type"`
		URL      string            `yaml:"url"`
		CA       string            `yaml:"ca"`
		Headers  map[string]string `yaml:"headers"`
		Settings map[string]string `yaml:"settings"`
		Auth     struct {
			Bearer string `yaml:"bearer"`
			Basic  *struct {
				User     string `yaml:"user"`
				Password string `yaml:"password"`
			} `yaml:"basic"`
		} `yaml:"auth"`
	} `yaml:"providers"`
	Metrics map[string]struct {
		Kind  trial.Kind `yaml:"kind"`
		Query `yaml:",inline"`
	} `yaml:"metrics"`
}

func readDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics-rest.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocumentedBlocksCanBeAsked(t *testing.T) {
	seen := map[string]bool{}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readDocs(t), -1) {
		var d documented
		if err := yaml.Load([]byte(block[1]), &d, yaml.WithKnownFields()); err != nil {
			t.Errorf("%s: %v", block[1], err)
			continue
		}
		for name, m := range d.Metrics {
			p := d.Providers[m.From]
			seen[p.Type] = true
			l, err := languageFor(p.Type)
			if err != nil {
				t.Error(err)
				continue
			}
			asked := Metric{Name: name, Kind: m.Kind, Query: m.Query}
			provider := Provider{Type: p.Type, URL: p.URL, Settings: p.Settings, Headers: map[string]trial.Secret{}}
			if err := asked.Check(provider, versionsOf([]string{"v41", "v42"})); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for header, value := range p.Headers {
				provider.Headers[header] = trial.NewSecret(value, "x")
			}
			provider.Auth.Bearer = trial.NewSecret(p.Auth.Bearer, p.Auth.Bearer)
			keys := Surroundings{Now: time.Now, Getenv: func(string) string { return "AKIDEXAMPLE" }}
			if _, err := l.open(provider, keys); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, word := range append(vendorWords(), "rest") {
		if !seen[word] {
			t.Errorf("no block of %s", word)
		}
	}
}

// The blocks of docs/metrics.md about databases.
func TestDocumentedDatabasesCanBeAsked(t *testing.T) {
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, databases, _ := strings.Cut(string(text), "## SQL databases")
	asked := 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(databases, -1) {
		var d struct {
			Providers map[string]any `yaml:"providers"`
			Metrics   []struct {
				Name  string     `yaml:"name"`
				Kind  trial.Kind `yaml:"kind"`
				Query `yaml:",inline"`
			} `yaml:"metrics"`
		}
		if err := yaml.Load([]byte(block[1]), &d, yaml.WithKnownFields()); err != nil {
			t.Errorf("%s: %v", block[1], err)
		}
		for _, m := range d.Metrics {
			asked++
			one := Metric{Name: m.Name, Kind: m.Kind, Query: m.Query}
			for _, p := range []string{"postgres", "sqlite", "clickhouse"} {
				if err := one.Check(Provider{Type: p}, versionsOf([]string{"v41"})); err != nil {
					t.Errorf("%s, %s: %v", m.Name, p, err)
				}
			}
		}
		for name := range d.Providers {
			if _, err := languageFor(name); err != nil {
				t.Error(err)
			}
		}
	}
	if asked < 3 {
		t.Errorf("%d metrics", asked)
	}
}

func TestTheTableOfVendorsIsWhatTheirRecipesSay(t *testing.T) {
	text := readDocs(t)
	for _, word := range vendorWords() {
		r, err := readVendor(word)
		if err != nil {
			t.Fatal(err)
		}
		least := "any"
		if r.Least != "" {
			shortest, err := r.shortest(map[string]string{"period": r.Settings["period"].Usual})
			if err != nil {
				t.Fatal(err)
			}
			least = fmt.Sprintf("%.0f s", shortest.Seconds())
		}
		kinds := "all"
		if len(r.Kinds) < len(trial.KindNames()) {
			var words []string
			for _, k := range slices.Sorted(maps.Keys(r.Kinds)) {
				words = append(words, k.String())
			}
			kinds = strings.Join(words, ", ")
		}
		row := fmt.Sprintf("| `%s` | %s | %.0f s | %s | <%s> |", word, least, r.Delay.Seconds(), kinds, strings.Join(r.Docs, "> <"))
		if !strings.Contains(text, row+"\n") {
			t.Errorf("not in the table: %s", row)
		}
	}
}
