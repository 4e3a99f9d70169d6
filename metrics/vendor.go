package metrics

import (
	"embed"
	"fmt"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"
)

// vendors are recipes by file, each named for the type of provider that it is of.
//
//go:embed presets/*.yaml
var vendors embed.FS

// vendorWords are the types of providers that have a recipe, sorted.
func vendorWords() []string {
	files, _ := vendors.ReadDir("presets") // it is embedded
	var words []string
	for _, f := range files {
		words = append(words, strings.TrimSuffix(f.Name(), ".yaml"))
	}
	return words
}

func readVendor(word string) (recipe, error) {
	var r recipe
	text, err := vendors.ReadFile(path.Join("presets", word+".yaml"))
	if err != nil {
		return r, err
	}
	if err := yaml.Load(text, &r, yaml.WithKnownFields()); err != nil {
		return r, fmt.Errorf("the recipe of %s can't be read: %w", word, err)
	}
	return r, nil
}
