//go:build linux

package testcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
)

// Apply applies the objects of the YAML texts, each of which may hold several,
// on the server's side and in the order given. Those that name no namespace go
// to the one given. Kinds that it defines can be used at once.
func (c *Cluster) Apply(t testing.TB, namespace string, yaml ...string) {
	t.Helper()
	for _, text := range yaml {
		if err := c.apply(t.Context(), namespace, text); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *Cluster) apply(ctx context.Context, namespace, text string) error {
	objects, err := decode(text)
	if err != nil {
		return err
	}
	kinds, err := c.kinds()
	if err != nil {
		return err
	}
	var defined []*unstructured.Unstructured
	for _, o := range objects {
		resource, err := c.resource(kinds, o.GroupVersionKind(), namespaceOf(o, namespace))
		if err == nil {
			_, err = resource.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "testcluster", Force: true})
		}
		if err != nil {
			return fmt.Errorf("applying %s %s: %w", o.GetKind(), o.GetName(), err)
		}
		if o.GetKind() == "CustomResourceDefinition" {
			defined = append(defined, o)
		}
	}
	for _, o := range defined {
		if err := c.awaitServed(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func decode(text string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096); ; {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(o)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("YAML of objects: %w", err)
		}
		if len(o.Object) > 0 { // a document may hold a comment alone
			objects = append(objects, o)
		}
	}
}

func namespaceOf(o *unstructured.Unstructured, otherwise string) string {
	if named := o.GetNamespace(); named != "" {
		return named
	}
	return otherwise
}

// kinds asks the server anew: a test may just have defined one.
func (c *Cluster) kinds() (meta.RESTMapper, error) {
	groups, err := restmapper.GetAPIGroupResources(c.discovery)
	if err != nil {
		return nil, fmt.Errorf("asking for the cluster's kinds: %w", err)
	}
	return restmapper.NewDiscoveryRESTMapper(groups), nil
}

func (c *Cluster) resource(kinds meta.RESTMapper, kind schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return c.objects.Resource(mapping.Resource), nil
	}
	return c.objects.Resource(mapping.Resource).Namespace(namespace), nil
}

// awaitServed waits until the server has the definition's versions in its list
// of kinds and answers for them: it says Established a moment earlier.
func (c *Cluster) awaitServed(ctx context.Context, definition *unstructured.Unstructured) error {
	group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
	plural, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	for _, one := range versions {
		version, _ := one.(map[string]any)
		if version["served"] != true {
			continue
		}
		kind := schema.GroupVersionResource{Group: group, Version: fmt.Sprint(version["name"]), Resource: plural}
		if err := c.processes.await(ctx, "kind "+kind.String(), patience, func(ctx context.Context) error { return c.served(ctx, kind) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) served(ctx context.Context, kind schema.GroupVersionResource) error {
	listed, err := c.discovery.ServerResourcesForGroupVersion(kind.GroupVersion().String())
	if err != nil {
		return err
	}
	for _, resource := range listed.APIResources {
		if resource.Name == kind.Resource {
			_, err := c.objects.Resource(kind).List(ctx, metav1.ListOptions{Limit: 1})
			return err
		}
	}
	return fmt.Errorf("%s is not in the list of kinds", kind.Resource)
}
