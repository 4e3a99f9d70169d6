//go:build linux

package testcluster

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Definitions names a set of CRDs.
type Definitions string

// The sets there are. Those of upstream modules are as released. OpenShift,
// KServe, SMI and Argo have no module that this one could require: theirs are
// this project's own words (testdata), with the fields that a trial reads or
// changes and room for others.
const (
	GatewayAPI  Definitions = "gateway-api" // installed in tier Gateway
	Traefik     Definitions = "traefik"     // installed in tier Gateway, and only there
	Istio       Definitions = "istio"
	Knative     Definitions = "knative"
	KServe      Definitions = "kserve"
	SMI         Definitions = "smi"
	OpenShift   Definitions = "openshift"
	ArgoRollout Definitions = "argo-rollout"
)

// definitionFiles are the upstream ones, below a module's directory.
var definitionFiles = map[Definitions]struct{ module, pattern string }{
	GatewayAPI: {"sigs.k8s.io/gateway-api", "config/crd/standard/*.yaml"},
	Traefik:    {"github.com/traefik/traefik/v3", "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"},
	Istio:      {"istio.io/api", "kubernetes/customresourcedefinitions.gen.yaml"},
	Knative:    {"knative.dev/serving", "config/core/300-resources/*.yaml"},
}

// definitionModules are the modules by the nested module that requires them.
var definitionModules = map[string][]string{
	"internal/testcluster/crds": {"istio.io/api", "knative.dev/serving", "sigs.k8s.io/gateway-api"},
	"testgateway":               {"github.com/traefik/traefik/v3"},
}

//go:embed testdata/kserve.yaml testdata/smi.yaml testdata/openshift.yaml testdata/argo-rollout.yaml
var ownDefinitions embed.FS

// Install makes the kinds of the sets known to the cluster, and waits until
// objects of theirs can be made. What is there already stays.
func (c *Cluster) Install(t testing.TB, sets ...Definitions) {
	t.Helper()
	for _, set := range sets {
		if err := c.install(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *Cluster) install(ctx context.Context, set Definitions) error {
	text, err := c.definitions(set)
	if err != nil {
		return fmt.Errorf("CRDs %q: %w", set, err)
	}
	if err := c.apply(ctx, "", text); err != nil {
		return fmt.Errorf("CRDs %q: %w", set, err)
	}
	return nil
}

func (c *Cluster) definitions(set Definitions) (string, error) {
	upstream, ok := definitionFiles[set]
	if !ok {
		text, err := ownDefinitions.ReadFile("testdata/" + string(set) + ".yaml")
		if err != nil {
			return "", fmt.Errorf("there are %v, and of our own kserve, smi, openshift and argo-rollout", slices.Sorted(maps.Keys(definitionFiles)))
		}
		return string(text), nil
	}
	dir, ok := c.plan.Definitions[upstream.module]
	if !ok {
		return "", fmt.Errorf("module %s is there in a higher tier than %s", upstream.module, c.plan.Tier)
	}
	files, err := filepath.Glob(filepath.Join(dir, upstream.pattern))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("no files %s in %s: %w", upstream.pattern, dir, err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&all, "---\n%s\n", text)
	}
	return all.String(), nil
}
