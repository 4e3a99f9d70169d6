package metrics

import (
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/seatrial/seatrial/trial"
)

//go:embed presets/prometheus/*.yaml
var promPresets embed.FS

// Declared is a metric as a preset declares it: what it is, and how it is asked
// for. Its queries have places for versions.
type Declared struct {
	Name        string
	Description string
	Kind        trial.Kind
	Unit        trial.Unit
	Traffic     bool // it counts the requests that each version got
	Query       Query
}

// presetFile is one file of presets/prometheus. Queries there are names of
// metrics; the labels are put behind each.
type presetFile struct {
	Docs    string            `yaml:"docs"`   // where the vendor describes names and labels
	Source  string            `yaml:"source"` // the code that makes them, where it was read
	Labels  map[string]string `yaml:"labels"` // usual ones, with places
	Metrics []struct {
		Name        string            `yaml:"name"`
		Description string            `yaml:"description"`
		Kind        trial.Kind        `yaml:"kind"`
		Unit        trial.Unit        `yaml:"unit"`
		Scale       *float64          `yaml:"scale"`
		Traffic     bool              `yaml:"traffic"`
		Query       string            `yaml:"query"`
		Sum         string            `yaml:"sum"`
		Hits        string            `yaml:"hits"`
		HitsLabels  map[string]string `yaml:"hits-labels"`
		Trials      string            `yaml:"trials"`
	} `yaml:"metrics"`
}

// PresetNames are the presets that Preset knows, sorted.
func PresetNames() []string {
	files, _ := promPresets.ReadDir("presets/prometheus") // it is embedded
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return names
}

// Preset declares the usual metrics of a mesh or gateway, to be asked of
// Prometheus: request-count (traffic), error-rate and latency. Labels come
// beside the usual ones, or in their place where they have their names; an empty
// text takes a usual one away. A value may have places, as in {{version}}, and
// begin with one of the operators =~, !~ and !=.
func Preset(name string, labels map[string]string) ([]Declared, error) {
	file, err := readPreset(name)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(file.Labels)
	for label, value := range labels {
		if labelWord.FindString(label) != label || label == "" {
			return nil, fmt.Errorf("preset %s: %q is no label's name", name, label)
		}
		if all[label] = value; value == "" {
			delete(all, label)
		}
	}
	var out []Declared
	for _, m := range file.Metrics {
		hitsLabels := maps.Clone(all)
		maps.Copy(hitsLabels, m.HitsLabels)
		out = append(out, Declared{
			Name: m.Name, Description: m.Description, Kind: m.Kind, Unit: m.Unit, Traffic: m.Traffic,
			Query: Query{
				Query: selected(m.Query, all), Sum: selected(m.Sum, all), Scale: m.Scale,
				Hits: selected(m.Hits, hitsLabels), Trials: selected(m.Trials, all),
			},
		})
	}
	return out, nil
}

func readPreset(name string) (presetFile, error) {
	var file presetFile
	if known := PresetNames(); !slices.Contains(known, name) {
		return file, fmt.Errorf("%q is no preset (known: %s)%s", name, strings.Join(known, ", "), trial.DidYouMean(name, known))
	}
	text, err := promPresets.ReadFile(path.Join("presets/prometheus", name+".yaml"))
	if err != nil {
		return file, err
	}
	return file, yaml.Load(text, &file, yaml.WithKnownFields())
}

// selected is the selector of a metric's series with these labels.
func selected(metric string, labels map[string]string) string {
	if metric == "" {
		return ""
	}
	var matchers []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		op, value := "=", labels[label]
		for _, given := range []string{"=~", "!~", "!="} {
			if rest, found := strings.CutPrefix(value, given); found {
				op, value = given, rest
			}
		}
		matchers = append(matchers, label+op+`"`+quotePromQL(value)+`"`)
	}
	return metric + "{" + strings.Join(matchers, ", ") + "}"
}
